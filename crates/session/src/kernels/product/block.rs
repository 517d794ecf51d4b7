//! The innermost loops: blocks of C whose sums stay in registers.

use super::vector::{Number, Vector, prefetch};

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
    pub(super) held: Held,
    /// Whether B is packed and too large for a processor's own caches, so that it must be asked for
    /// ahead of its use.
    pub(super) far: bool,
    /// How many ranges of equal length the inner axis has, each of which is a chain of its own.
    pub(super) chains: usize,
}

/// What becomes of what C holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Overwritten,
    /// The first chain begins with it.
    Continued,
    /// The first chain is added to it.
    Added,
}

/// The left operand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left<T> {
    Strided {
        start: *const T,
        row: isize,
        depth: isize,
    },
    /// Chunks of rows as [`runs`] cuts them, each of them by columns.
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

impl<T> Right<T> {
    /// Packed vectors, the rows of each one behind the other.
    pub(super) fn packed<V: Vector<Element = T>>(start: *const T, rows: usize) -> Right<T> {
        Right {
            start,
            depth: V::LANES as isize,
            vector: (rows * V::LANES) as isize,
        }
    }

    pub(super) fn is_packed<V: Vector<Element = T>>(&self) -> bool {
        self.depth == V::LANES as isize
    }
}

/// A function that computes the blocks at a vector of C that begin with the rows of a run.
pub(super) type Block<T> = unsafe fn(&Operands<T>, run: Run, vector: usize);

/// The blocks that were compiled for a vector type.
#[derive(Clone, Copy)]
pub(super) struct Blocks<T> {
    /// Those of one chain, of so many rows and vectors, for a packed A or for any.
    pub(super) of_one_chain: fn(rows: usize, vectors: usize, packed: bool) -> Option<Block<T>>,
    /// Those of one vector, of so many rows and chains.
    pub(super) of_one_vector: fn(rows: usize, chains: usize) -> Option<Block<T>>,
}

/// How many of the chains that are left can be summed at once, in one block of so many rows: as many
/// as it takes to keep a processor busy while each sum waits for the one before it.
pub(super) fn chains_at_once(rows: usize, left: usize) -> usize {
    match (rows, left) {
        (1, 8..) => 8,
        (1..=FEW_ROWS, 1..) => left.min(4),
        _ => 1,
    }
}

/// Up to so many rows A is read where it lies, also by blocks of two vectors.
pub(super) const FEW_ROWS: usize = 4;

/// Chunks of one length that follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Where the first chunk starts.
    pub(super) start: usize,
    /// The length of a chunk.
    pub(super) length: usize,
    pub(super) chunks: usize,
}

/// `0..length` in chunks of about equal length, none longer than `most`: the longer ones, then those
/// that are one shorter.
#[inline(always)]
pub(super) fn runs(length: usize, most: usize) -> impl Iterator<Item = Run> {
    let chunks = length.div_ceil(most).max(1);
    let (shorter, longer_chunks) = (length / chunks, length % chunks);
    let longer = Run {
        start: 0,
        length: shorter + 1,
        chunks: longer_chunks,
    };
    let rest = Run {
        start: longer_chunks * longer.length,
        length: shorter,
        chunks: chunks - longer_chunks,
    };
    [longer, rest]
        .into_iter()
        .filter(|run| run.chunks > 0 && run.length > 0)
}

impl Run {
    /// Where the chunks start.
    #[inline(always)]
    pub(super) fn starts(self) -> impl Iterator<Item = usize> {
        (0..self.chunks).map(move |chunk| self.start + chunk * self.length)
    }
}

/// `C = A·B`, or `C + A·B`.
///
/// Every element of C is made of the same chains of multiply-adds in the order of the inner axis,
/// wherever it lies in whatever block; so how C is cut up does not show in its bits.
///
/// # Safety
///
/// The blocks' instruction set must be there, the pointers must be good for the sizes and strides,
/// and nothing else may use C. A must be packed if there are more than [`FEW_ROWS`] rows and more
/// than one vector to the row. Several chains there may be as [`chains_at_once`] says, of one vector.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector>(
    operands: &Operands<V::Element>,
    blocks: Blocks<V::Element>,
) {
    // The fewer rows, the more vectors there must be: a sum waits for the one before it, and the
    // processor has others to add to meanwhile.
    let widest = match operands.rows {
        1 => 8,
        2..=FEW_ROWS => 4,
        _ => 2,
    };
    for wide in runs(operands.columns.div_ceil(V::LANES), widest) {
        for vector in wide.starts() {
            for run in runs(operands.rows, V::ROWS) {
                let (rows, width) = (run.length, wide.length);
                let block = if operands.chains > 1 {
                    (blocks.of_one_vector)(rows, operands.chains)
                } else {
                    (blocks.of_one_chain)(rows, width, rows > FEW_ROWS && width > 1)
                };
                debug_assert!(
                    block.is_some(),
                    "no block of {rows} rows and {width} vectors"
                );
                if let Some(block) = block {
                    // SAFETY: the rows and vectors lie in the matrices, which are as the caller says.
                    unsafe { block(operands, run, vector) };
                }
            }
        }
    }
}

/// Writes the body out for each number below `$count`. The compiler does not unroll loops of this size
/// by itself, and sums that are indexed in a loop are not kept in registers.
macro_rules! unrolled {
    ($index:ident < $count:ident => $body:block) => {
        unrolled!($index < $count => $body, 0 1 2 3 4 5 6 7 8 9 10 11);
    };
    ($index:ident < $count:ident => $body:block, $($number:literal)*) => {
        $(if $number < $count {
            let $index: usize = $number;
            $body
        })*
    };
}

/// Blocks of `ROWS` rows and `WIDTH` vectors, one below the other; their last vector may be cut off by
/// the end of C. With `PACKED` it is known that A is packed, which saves address registers.
///
/// # Safety
///
/// As for [`multiply`]; the chunks of the run must be of `ROWS` rows, and the blocks must lie in C.
#[inline(always)]
pub(super) unsafe fn block<V, const ROWS: usize, const WIDTH: usize, const PACKED: bool>(
    operands: &Operands<V::Element>,
    run: Run,
    vector: usize,
) where
    V: Vector,
{
    let column = vector * V::LANES;
    let last = (operands.columns - column - (WIDTH - 1) * V::LANES).min(V::LANES);
    let row = run.start;
    debug_assert!(
        last > 0 && row + run.chunks * ROWS <= operands.rows,
        "a block outside of C: {run:?}, vector {vector} of {} columns",
        operands.columns
    );
    // SAFETY: the blocks lie in the matrices, of their last vector the lanes that are there. The caller
    // has the instruction set.
    unsafe {
        let (mut a, a_row, a_depth, a_chunk) = match operands.a {
            Left::Strided {
                start,
                row: stride,
                depth,
            } if !PACKED => (
                start.offset(row as isize * stride),
                stride,
                depth,
                ROWS as isize * stride,
            ),
            Left::Packed(start) | Left::Strided { start, .. } => (
                start.add(row * operands.depth),
                1,
                ROWS as isize,
                (ROWS * operands.depth) as isize,
            ),
        };
        let b = operands.b.start.offset(vector as isize * operands.b.vector);
        let mut c = operands.c.offset(row as isize * operands.c_row).add(column);

        for chunk in 0..run.chunks {
            let mut sums = [[V::splat(V::Element::ZERO); WIDTH]; ROWS];
            let far = PACKED && operands.far;
            if far {
                unrolled!(r < ROWS => {
                    let c = c.wrapping_offset(r as isize * operands.c_row);
                    for w in 0..WIDTH {
                        prefetch(c.wrapping_add(w * V::LANES), true);
                    }
                });
            }
            if operands.held == Held::Continued {
                unrolled!(r < ROWS => {
                    sums[r] = load(c.offset(r as isize * operands.c_row), V::LANES as isize, last);
                });
            }
            macro_rules! add_products_at {
                ($p:ident) => {
                    let right: [V; WIDTH] =
                        load(b.offset($p * operands.b.depth), operands.b.vector, last);
                    let a = a.offset($p * a_depth);
                    unrolled!(r < ROWS => {
                        let left = V::splat(*a.offset(r as isize * a_row));
                        for w in 0..WIDTH {
                            sums[r][w] = left.multiply_add(right[w], sums[r][w]);
                        }
                    });
                };
            }
            match next_part::<V>(operands, vector, WIDTH, row / ROWS + chunk) {
                Some((next, pace)) if far => {
                    for p in 0..operands.depth as isize {
                        prefetch(next.wrapping_offset(p * pace), false);
                        add_products_at!(p);
                    }
                }
                _ => {
                    for p in 0..operands.depth as isize {
                        add_products_at!(p);
                    }
                }
            }
            if operands.held == Held::Added {
                unrolled!(r < ROWS => {
                    let c = c.offset(r as isize * operands.c_row);
                    let held: [V; WIDTH] = load(c, V::LANES as isize, last);
                    for w in 0..WIDTH {
                        sums[r][w] = held[w].add(sums[r][w]);
                    }
                });
            }
            unrolled!(r < ROWS => {
                let c = c.offset(r as isize * operands.c_row);
                for (w, sum) in sums[r].iter().enumerate().take(WIDTH - 1) {
                    sum.flushed().store(c.add(w * V::LANES));
                }
                let sum = sums[r][WIDTH - 1].flushed();
                sum.store_first(c.add((WIDTH - 1) * V::LANES), last);
            });
            // Beyond the last chunk there need not be memory.
            a = a.wrapping_offset(a_chunk);
            c = c.wrapping_offset(ROWS as isize * operands.c_row);
        }
    }
}

/// What the block of this number below a vector asks for of the packed vectors that come next: from
/// where on, and how many elements for each place of the inner axis. The first blocks share the work,
/// so that memory is not asked for more than it gives at a time.
#[inline(always)]
fn next_part<V: Vector>(
    operands: &Operands<V::Element>,
    vector: usize,
    width: usize,
    block: usize,
) -> Option<(*const V::Element, isize)> {
    const MOST_BLOCKS: usize = 8;
    let blocks = operands.rows.div_ceil(V::ROWS).min(MOST_BLOCKS);
    let pace = (width * V::LANES).div_ceil(blocks);
    let next = (vector + width) as isize * operands.b.vector;
    let start = operands.b.start.wrapping_offset(next);
    (block < blocks).then(|| {
        let start = start.wrapping_add(block * operands.depth * pace);
        (start, pace as isize)
    })
}

/// The block of one vector and `ROWS` rows, with `CHAINS` chains of each element at once, which are
/// added up at the end, one after the other.
///
/// # Safety
///
/// As for [`multiply`]; the run must be one chunk of `ROWS` rows, and the block must lie in C.
#[inline(always)]
pub(super) unsafe fn chained_block<V: Vector, const ROWS: usize, const CHAINS: usize>(
    operands: &Operands<V::Element>,
    run: Run,
    vector: usize,
) {
    let column = vector * V::LANES;
    let last = operands.columns - column;
    let length = (operands.depth / CHAINS) as isize;
    debug_assert!(
        0 < last && last <= V::LANES && run.start + ROWS <= operands.rows,
        "a block outside of C: {run:?}, vector {vector} of {} columns",
        operands.columns
    );
    let (a, a_row, a_depth) = match operands.a {
        Left::Strided { start, row, depth } => (start, row, depth),
        Left::Packed(start) => (start, 1, operands.rows as isize),
    };
    // SAFETY: the block lies in the matrices, of its vector the lanes that are there, and the chains
    // make up the inner axis. The caller has the instruction set.
    unsafe {
        let a = a.offset(run.start as isize * a_row);
        let b = operands.b.start.offset(vector as isize * operands.b.vector);
        let c = operands
            .c
            .offset(run.start as isize * operands.c_row)
            .add(column);
        let mut sums = [[V::splat(V::Element::ZERO); ROWS]; CHAINS];
        if operands.held == Held::Continued {
            unrolled!(r < ROWS => {
                sums[0][r] = V::load_first(c.offset(r as isize * operands.c_row), last);
            });
        }
        for p in 0..length {
            unrolled!(k < CHAINS => {
                let p = k as isize * length + p;
                let right = V::load_first(b.offset(p * operands.b.depth), last);
                let a = a.offset(p * a_depth);
                unrolled!(r < ROWS => {
                    let left = V::splat(*a.offset(r as isize * a_row));
                    sums[k][r] = left.multiply_add(right, sums[k][r]);
                });
            });
        }
        unrolled!(r < ROWS => {
            let c = c.offset(r as isize * operands.c_row);
            let mut sum = sums[0][r];
            if operands.held == Held::Added {
                sum = V::load_first(c, last).add(sum);
            }
            sum = sum.flushed();
            for chain in sums.iter().skip(1) {
                sum = sum.add(chain[r]).flushed();
            }
            sum.store_first(c, last);
        });
    }
}

/// Vectors that lie `stride` elements apart, of the last one so many lanes.
///
/// # Safety
///
/// The instruction set is there, and those lanes are good for reads.
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
