//! Bringing operands into the order in which they are read.

use std::cell::RefCell;

use super::Strides;
use super::vector::Number;

/// Writes `outer` rows of `inner` elements each, one after the other, `pitch` elements from row to
/// row; what is between is 0.
#[inline(always)]
pub(super) unsafe fn interleave<T: Number>(
    from: *const T,
    outer_stride: isize,
    inner_stride: isize,
    (outer, inner): (usize, usize),
    to: *mut T,
    pitch: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        if inner < pitch {
            for o in 0..outer {
                for i in inner..pitch {
                    *to.add(o * pitch + i) = T::ZERO;
                }
            }
        }
        if inner_stride == 1 {
            for o in 0..outer {
                let from = from.offset(o as isize * outer_stride);
                for i in 0..inner {
                    *to.add(o * pitch + i) = *from.add(i);
                }
            }
        } else {
            for i in 0..inner {
                let from = from.offset(i as isize * inner_stride);
                for o in 0..outer {
                    *to.add(o * pitch + i) = *from.offset(o as isize * outer_stride);
                }
            }
        }
    }
}

#[inline(always)]
pub(super) unsafe fn clear<T: Number>(
    c: *mut T,
    strides: Strides,
    rows: (usize, usize),
    columns: (usize, usize),
) {
    for row in rows.0..rows.1 {
        for column in columns.0..columns.1 {
            // SAFETY: as the caller says.
            unsafe {
                *c.offset(row as isize * strides.row + column as isize * strides.column) = T::ZERO
            };
        }
    }
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u8; 64]);

thread_local! {
    static SCRATCH: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn with_scratch(work: impl FnOnce(*mut u8)) {
    SCRATCH.with_borrow_mut(|lines| {
        let need = (super::DEPTH * (super::COLUMNS + super::ROWS) * 8) / 64;
        if lines.len() < need {
            lines.resize(need, Line([0; 64]));
        }
        work(lines.as_mut_ptr().cast());
    });
}
