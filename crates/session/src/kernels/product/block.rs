//! The innermost loops: blocks of C whose sums stay in registers.

use super::vector::{Number, Vector};

/// Matrices of which one call multiplies all, as pointers and strides in elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operands<T> {
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) a: Left<T>,
    pub(super) b: Right<T>,
    pub(super) c: *mut T,
    pub(super) c_row: isize,
    pub(super) c_column: isize,
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

/// Ranges of about equal length, none longer than `most`, that make up `0..length`.
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
/// The instruction set of `V` must be there, the pointers must be good for the sizes and strides,
/// and nothing else may use C.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector>(operands: &Operands<V::Element>) {
    let vectors = operands.columns.div_ceil(V::LANES);
    let mut vector = 0;
    while vector < vectors {
        let width = match (operands.rows, vectors - vector) {
            (1, 8..) => 8,
            (1..=4, 4..) => 4,
            (_, 2..) => 2,
            _ => 1,
        };
        for (row, rows) in chunks(operands.rows, V::ROWS) {
            // SAFETY: rows and vectors lie in the matrices, as the caller says they are.
            unsafe { choose_block::<V>(operands, row, rows, vector, width) };
        }
        vector += width;
    }
}

#[inline(always)]
unsafe fn choose_block<V: Vector>(
    operands: &Operands<V::Element>,
    row: usize,
    rows: usize,
    vector: usize,
    width: usize,
) {
    // Only with the most common sizes is there a block of its own for a packed A.
    let packed = matches!(operands.a, Left::Packed(_)) && rows > 2 && width == 2;
    macro_rules! choose {
        ($(($rows:literal, $width:literal, $packed:literal),)*) => {
            match (rows, width, packed) {
                // Blocks higher than the registers allow do not occur, and are not compiled.
                $(($rows, $width, $packed) if $rows <= V::ROWS => {
                    // SAFETY: as the caller says.
                    unsafe { block::<V, $rows, $width, $packed>(operands, row, vector) }
                })*
                _ => debug_assert!(false, "no block of {rows} rows and {width} vectors"),
            }
        };
    }
    choose!(
        (1, 1, false),
        (2, 1, false),
        (3, 1, false),
        (4, 1, false),
        (5, 1, false),
        (6, 1, false),
        (7, 1, false),
        (8, 1, false),
        (9, 1, false),
        (10, 1, false),
        (11, 1, false),
        (12, 1, false),
        (1, 2, false),
        (2, 2, false),
        (3, 2, false),
        (4, 2, false),
        (5, 2, false),
        (6, 2, false),
        (7, 2, false),
        (8, 2, false),
        (9, 2, false),
        (10, 2, false),
        (11, 2, false),
        (12, 2, false),
        (3, 2, true),
        (4, 2, true),
        (5, 2, true),
        (6, 2, true),
        (7, 2, true),
        (8, 2, true),
        (9, 2, true),
        (10, 2, true),
        (11, 2, true),
        (12, 2, true),
        (1, 4, false),
        (2, 4, false),
        (3, 4, false),
        (4, 4, false),
        (1, 8, false),
    );
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

/// A block of `ROWS` rows and `WIDTH` vectors, the last of which may be cut off by the end of C.
#[inline(always)]
unsafe fn block<V: Vector, const ROWS: usize, const WIDTH: usize, const PACKED: bool>(
    operands: &Operands<V::Element>,
    row: usize,
    vector: usize,
) {
    let (a, a_row, a_depth) = match operands.a {
        // SAFETY (both): the row lies in the matrix.
        Left::Strided {
            start,
            row: stride,
            depth,
        } => (
            unsafe { start.offset(row as isize * stride) },
            stride,
            depth,
        ),
        Left::Packed(start) => (unsafe { start.add(row * operands.depth) }, 1, ROWS as isize),
    };
    // SAFETY: the vector begins in the matrix.
    let b = unsafe { operands.b.start.offset(vector as isize * operands.b.vector) };
    // Known strides save address registers.
    let (a_row, a_depth) = if PACKED {
        (1, ROWS as isize)
    } else {
        (a_row, a_depth)
    };
    let column = vector * V::LANES;
    let last = (operands.columns - column - (WIDTH - 1) * V::LANES).min(V::LANES);
    // SAFETY: the element lies in the matrix.
    let c = unsafe {
        operands
            .c
            .offset(row as isize * operands.c_row + column as isize * operands.c_column)
    };

    let c_offset = |r: usize, w: usize| {
        r as isize * operands.c_row + (w * V::LANES) as isize * operands.c_column
    };
    let lanes = |w: usize| if w + 1 == WIDTH { last } else { V::LANES };

    // SAFETY: the caller has the instruction set.
    let mut sums = unsafe { [[V::splat(V::Element::ZERO); WIDTH]; ROWS] };
    // SAFETY (all): the block lies in the matrices; of its last vector only the lanes that are there
    // are used.
    if operands.continues {
        each_row!(r < ROWS => {
            for w in 0..WIDTH {
                sums[r][w] = unsafe { load_strided(c.offset(c_offset(r, w)), operands.c_column, lanes(w)) };
            }
        });
    }
    for p in 0..operands.depth as isize {
        unsafe {
            let b = b.offset(p * operands.b.depth);
            let a = a.offset(p * a_depth);
            let mut right = [V::splat(V::Element::ZERO); WIDTH];
            for w in 0..WIDTH {
                let from = b.offset(w as isize * operands.b.vector);
                right[w] = if w + 1 == WIDTH {
                    V::load_first(from, last)
                } else {
                    V::load(from)
                };
            }
            each_row!(r < ROWS => {
                let left = V::splat(*a.offset(r as isize * a_row));
                for w in 0..WIDTH {
                    sums[r][w] = left.multiply_add(right[w], sums[r][w]);
                }
            });
        }
    }
    each_row!(r < ROWS => {
        for w in 0..WIDTH {
            unsafe { store_strided(sums[r][w], c.offset(c_offset(r, w)), operands.c_column, lanes(w)) };
        }
    });
}

#[inline(always)]
unsafe fn load_strided<V: Vector>(from: *const V::Element, stride: isize, count: usize) -> V {
    // SAFETY: the caller says that `count` elements lie there.
    unsafe {
        if stride == 1 {
            return V::load_first(from, count);
        }
        let mut lanes = [V::Element::ZERO; MOST_LANES];
        for (lane, value) in lanes.iter_mut().enumerate().take(count) {
            *value = *from.offset(lane as isize * stride);
        }
        V::load(lanes.as_ptr())
    }
}

#[inline(always)]
unsafe fn store_strided<V: Vector>(value: V, to: *mut V::Element, stride: isize, count: usize) {
    // SAFETY: the caller says that `count` elements lie there.
    unsafe {
        if stride == 1 {
            return value.store_first(to, count);
        }
        let mut lanes = [V::Element::ZERO; MOST_LANES];
        value.store(lanes.as_mut_ptr());
        for (lane, value) in lanes.iter().enumerate().take(count) {
            *to.offset(lane as isize * stride) = *value;
        }
    }
}

/// The most lanes that a vector has.
const MOST_LANES: usize = 16;
