//! The innermost loops: blocks of C whose sums stay in registers.

use super::vector::{Number, Vector};

/// Matrices of which one call multiplies all, as pointers and strides in elements. The columns of C
/// lie side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operands<T> {
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) a: Left<T>,
    pub(super) b: Right<T>,
    pub(super) c: *mut T,
    pub(super) c_row: isize,
    /// Whether the sums begin with what C holds, not with 0.
    pub(super) continues: bool,
}

/// The left operand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left<T> {
    Strided {
        start: *const T,
        row: isize,
        depth: isize,
    },
    /// Chunks of rows as [`chunks`] cuts them, each of them by columns.
    Packed(*const T),
}

/// The right operand, whose rows are read as vectors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Right<T> {
    pub(super) start: *const T,
    /// From a row to the next.
    pub(super) depth: isize,
    /// From a vector of a row to the next.
    pub(super) vector: isize,
}

/// A function that computes the block at a row and a vector of C.
pub(super) type Block<T> = unsafe fn(&Operands<T>, row: usize, vector: usize);

/// Gives the block of so many rows and vectors, for a packed A or for any.
pub(super) type Blocks<T> = fn(rows: usize, vectors: usize, packed: bool) -> Option<Block<T>>;

/// Up to so many rows A is read where it lies, also by blocks of two vectors.
pub(super) const FEW_ROWS: usize = 4;

/// Ranges of about equal length, none longer than `most`, that make up `0..length`: where they start,
/// and how long they are.
#[inline(always)]
pub(super) fn chunks(length: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = length.div_ceil(most);
    (0..count).map(move |chunk| {
        let start = length * chunk / count;
        (start, length * (chunk + 1) / count - start)
    })
}

/// `C = A·B`, or `C + A·B`.
///
/// Every element of C is one chain of multiply-adds in the order of the inner axis, wherever it
/// lies in whatever block; so how C is cut up does not show in its bits.
///
/// # Safety
///
/// The blocks' instruction set must be there, the pointers must be good for the sizes and strides,
/// and nothing else may use C. A must be packed if there are more than [`FEW_ROWS`] rows and more
/// than one vector to the row.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector>(
    operands: &Operands<V::Element>,
    blocks: Blocks<V::Element>,
) {
    let vectors = operands.columns.div_ceil(V::LANES);
    let mut vector = 0;
    while vector < vectors {
        let width = match (operands.rows, vectors - vector) {
            (1, 8..) => 8,
            (1..=FEW_ROWS, 4..) => 4,
            (_, 2..) => 2,
            _ => 1,
        };
        for (row, rows) in chunks(operands.rows, V::ROWS) {
            let block = blocks(rows, width, rows > FEW_ROWS && width > 1);
            debug_assert!(
                block.is_some(),
                "no block of {rows} rows and {width} vectors"
            );
            if let Some(block) = block {
                // SAFETY: the rows and vectors lie in the matrices, which are as the caller says.
                unsafe { block(operands, row, vector) };
            }
        }
        vector += width;
    }
}

/// Writes the body out for each row below `$rows`. The compiler does not unroll loops of this size
/// by itself, and sums that are indexed in a loop are not kept in registers.
macro_rules! each_row {
    ($row:ident < $rows:ident => $body:block) => {
        each_row!($row < $rows => $body, 0 1 2 3 4 5 6 7 8 9 10 11);
    };
    ($row:ident < $rows:ident => $body:block, $($number:literal)*) => {
        $(if $number < $rows {
            let $row: usize = $number;
            $body
        })*
    };
}

/// A block of `ROWS` rows and `WIDTH` vectors, the last of which may be cut off by the end of C. With
/// `PACKED` it is known that A is packed, which saves address registers.
///
/// # Safety
///
/// As for [`multiply`]; the block must lie in C.
#[inline(always)]
pub(super) unsafe fn block<V, const ROWS: usize, const WIDTH: usize, const PACKED: bool>(
    operands: &Operands<V::Element>,
    row: usize,
    vector: usize,
) where
    V: Vector,
{
    let column = vector * V::LANES;
    let last = (operands.columns - column - (WIDTH - 1) * V::LANES).min(V::LANES);
    // SAFETY: the block lies in the matrices, of its last vector the lanes that are there. The caller
    // has the instruction set.
    unsafe {
        let (a, a_row, a_depth) = match operands.a {
            Left::Strided {
                start,
                row: stride,
                depth,
            } if !PACKED => (start.offset(row as isize * stride), stride, depth),
            Left::Packed(start) | Left::Strided { start, .. } => {
                (start.add(row * operands.depth), 1, ROWS as isize)
            }
        };
        let b = operands.b.start.offset(vector as isize * operands.b.vector);
        let c = operands.c.offset(row as isize * operands.c_row).add(column);

        let mut sums = [[V::splat(V::Element::ZERO); WIDTH]; ROWS];
        if operands.continues {
            each_row!(r < ROWS => {
                sums[r] = load(c.offset(r as isize * operands.c_row), V::LANES as isize, last);
            });
        }
        for p in 0..operands.depth as isize {
            let right: [V; WIDTH] = load(b.offset(p * operands.b.depth), operands.b.vector, last);
            let a = a.offset(p * a_depth);
            each_row!(r < ROWS => {
                let left = V::splat(*a.offset(r as isize * a_row));
                for w in 0..WIDTH {
                    sums[r][w] = left.multiply_add(right[w], sums[r][w]);
                }
            });
        }
        each_row!(r < ROWS => {
            let c = c.offset(r as isize * operands.c_row);
            for (w, sum) in sums[r].iter().enumerate().take(WIDTH - 1) {
                sum.store(c.add(w * V::LANES));
            }
            sums[r][WIDTH - 1].store_first(c.add((WIDTH - 1) * V::LANES), last);
        });
    }
}

/// Vectors that lie `stride` elements apart, of the last one so many lanes.
#[inline(always)]
unsafe fn load<V: Vector, const WIDTH: usize>(
    from: *const V::Element,
    stride: isize,
    last: usize,
) -> [V; WIDTH] {
    // SAFETY: the caller says that the vectors may be read.
    unsafe {
        let mut vectors = [V::splat(V::Element::ZERO); WIDTH];
        for (w, vector) in vectors.iter_mut().enumerate().take(WIDTH - 1) {
            *vector = V::load(from.offset(w as isize * stride));
        }
        vectors[WIDTH - 1] = V::load_first(from.offset((WIDTH - 1) as isize * stride), last);
        vectors
    }
}
