//! Bringing operands into the order in which they are read.

use super::Strides;
use super::vector::{Number, SIDE, Vector, prefetch};

/// Writes the rows of a matrix one behind the other, `pitch` elements from row to row; what is over
/// in a row is 0.
///
/// # Safety
///
/// The matrix must be good for reads, the rows for writes, and they must not overlap.
#[inline(always)]
pub(super) unsafe fn lay_out<T: Number>(
    from: (*const T, Strides),
    to: *mut T,
    [rows, columns]: [usize; 2],
    pitch: usize,
) {
    let row = pitch as isize;
    // SAFETY: as the caller says.
    unsafe {
        copy(from, (to, Strides { row, column: 1 }), [rows, columns]);
        if columns < pitch {
            let rest = (to.add(columns), Strides { row, column: 1 });
            clear(rest, [rows, pitch - columns]);
        }
    }
}

/// Lays out a matrix whose rows lie side by side in groups of `width` columns, the last of which may be
/// narrower: the rows of a group one behind the other, `pitch` elements from row to row, and a group
/// behind the other. What is over in a row is 0 if the pitch is one of whole vectors.
///
/// # Safety
///
/// The matrix must be good for reads, the groups for writes, and they must not overlap.
#[inline(always)]
pub(super) unsafe fn lay_out_groups<V: Vector>(
    (from, from_row): (*const V::Element, isize),
    to: *mut V::Element,
    [rows, columns]: [usize; 2],
    [width, pitch]: [usize; 2],
) {
    for first in (0..columns).step_by(GROUPS_AT_ONCE * width) {
        let columns = (columns - first).min(GROUPS_AT_ONCE * width);
        // SAFETY: the groups lie in the matrix, and in what is laid out of it.
        unsafe {
            let (from, to) = (from.add(first), to.add(first / width * rows * pitch));
            for row in 0..rows {
                let from = from.offset(row as isize * from_row);
                ask_for_row(from.wrapping_offset(ROWS_AHEAD * from_row), columns);
                // Whole vectors are the fastest. The rows after it overwrite what they write too much,
                // where there are such.
                let whole = (rows - row) * pitch >= width.next_multiple_of(V::LANES);
                for (group, start) in (0..columns).step_by(width).enumerate() {
                    let (from, to) = (from.add(start), to.add((group * rows + row) * pitch));
                    copy_row::<V>(from, to, width.min(columns - start), whole);
                }
            }
        }
    }
}

/// Rows are long: a few groups of them are laid out at a time, each in a stream of its own, as
/// streams that lie a power of 2 apart drive each other out of the cache.
const GROUPS_AT_ONCE: usize = 4;
/// Memory is asked for so many rows ahead, since processors do not see by themselves what comes next
/// where rows lie far apart.
const ROWS_AHEAD: isize = 8;

/// The bytes of a cache line.
const LINE: usize = 64;

#[inline(always)]
fn ask_for_row<T>(row: *const T, columns: usize) {
    for column in (0..columns).step_by(LINE / size_of::<T>()) {
        prefetch(row.wrapping_add(column), true);
    }
}

/// Copies elements that lie side by side; with `whole` as whole vectors, of which the elements that
/// are over are 0.
///
/// # Safety
///
/// The elements must be good for reads, and the elements or whole vectors for writes.
#[inline(always)]
unsafe fn copy_row<V: Vector>(
    from: *const V::Element,
    to: *mut V::Element,
    count: usize,
    whole: bool,
) {
    for start in (0..count).step_by(V::LANES) {
        let lanes = (count - start).min(V::LANES);
        // SAFETY: as the caller says.
        unsafe {
            let vector = V::load_first(from.add(start), lanes);
            if whole {
                vector.store(to.add(start));
            } else {
                vector.store_first(to.add(start), lanes);
            }
        }
    }
}

/// Copies a matrix into another one of the same sizes.
///
/// # Safety
///
/// The matrices must be good for reads and for writes, and must not overlap.
#[inline(always)]
pub(super) unsafe fn copy<T: Number>(
    (from, from_strides): (*const T, Strides),
    (to, to_strides): (*mut T, Strides),
    [rows, columns]: [usize; 2],
) {
    // SAFETY: the rows and columns lie in the matrices.
    unsafe {
        // Memory is best read in order, and written in pieces.
        if from_strides.column == 1 {
            for row in 0..rows {
                let (from, to) = (from_strides.at(from, row, 0), to_strides.at(to, row, 0));
                for column in 0..columns {
                    *to_strides.at(to, 0, column).cast_mut() = *from.add(column);
                }
            }
            return;
        }
        let squares = from_strides.row == 1 && to_strides.column == 1;
        if squares && rows >= SIDE && columns >= SIDE {
            for column in squares_of(columns) {
                for row in squares_of(rows) {
                    T::transpose(
                        from_strides.at(from, row, column),
                        from_strides.column,
                        to_strides.at(to, row, column).cast_mut(),
                        to_strides.row,
                    );
                }
            }
            return;
        }
        for column in 0..columns {
            for row in 0..rows {
                *to_strides.at(to, row, column).cast_mut() = *from_strides.at(from, row, column);
            }
        }
    }
}

/// Where the squares along an axis of at least one square start. The last one overlaps the one before
/// it where the length is no multiple of a square: elements moved twice cost less than moved singly.
#[inline(always)]
fn squares_of(length: usize) -> impl Iterator<Item = usize> {
    (0..length)
        .step_by(SIDE)
        .map(move |start| start.min(length - SIDE))
}

/// Fills a matrix with zeros.
///
/// # Safety
///
/// The matrix must be good for writes.
#[inline(always)]
pub(super) unsafe fn clear<T: Number>(matrix: (*mut T, Strides), sizes: [usize; 2]) {
    let zero = T::ZERO;
    let zeros = (&raw const zero, Strides { row: 0, column: 0 });
    // SAFETY: strides of 0 stay at the one zero. The rest is as the caller says.
    unsafe { copy(zeros, matrix, sizes) };
}
