//! Bringing operands into the order in which they are read.

use std::cell::Cell;

use super::Strides;
use super::vector::{Number, SIDE};

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

/// Memory that a thread keeps from product to product.
pub(super) struct Scratch(Vec<Line>);

/// A cache line, which also aligns what is packed for loads of whole vectors.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

thread_local! {
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

impl Scratch {
    /// Takes this thread's memory, and sees to it that it has so many bytes.
    pub(super) fn take(bytes: usize) -> Scratch {
        let mut lines = KEPT.take();
        let needed = bytes.div_ceil(size_of::<Line>());
        if lines.len() < needed {
            lines.resize(needed, Line([0; 64]));
        }
        Scratch(lines)
    }

    pub(super) fn start(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        KEPT.set(std::mem::take(&mut self.0));
    }
}
