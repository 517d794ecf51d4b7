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

/// Memory of this thread, kept from product to product.
pub(super) struct Scratch(Vec<Line>);

impl Scratch {
    /// Takes this thread's memory, and sees that it has so many bytes.
    pub(super) fn take(bytes: usize) -> Scratch {
        let mut lines = SCRATCH.take();
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
        SCRATCH.set(std::mem::take(&mut self.0));
    }
}
