//! Memory that kernels need for themselves, which a thread keeps from one run to the next.

#![allow(
    unsafe_code,
    reason = "one block of memory is cut into parts of several element types; see the SAFETY comment"
)]

use std::cell::Cell;
use std::thread::LocalKey;

use aqueduct_graph::Float;

/// Where a thread keeps the memory meanwhile. Each kind of kernel has a place of its own, since one may
/// run within another.
pub(crate) type Place = LocalKey<Cell<Vec<Line>>>;

/// Memory taken from its place, to which it goes back when it is dropped.
pub(crate) struct Scratch {
    lines: Vec<Line>,
    place: &'static Place,
}

/// A cache line, which also aligns what is packed for loads of whole vectors.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; LINE]);

const LINE: usize = 64;

impl Scratch {
    /// Takes this thread's memory, and sees to it that it has so many bytes.
    pub(crate) fn take(place: &'static Place, bytes: usize) -> Scratch {
        let mut lines = place.take();
        let needed = bytes.div_ceil(LINE);
        if lines.len() < needed {
            lines.resize(needed, Line([0; LINE]));
        }
        Scratch { lines, place }
    }

    /// Takes this thread's memory, with room for parts of so many elements.
    pub(crate) fn for_parts<T: Float>(place: &'static Place, lengths: &[usize]) -> Scratch {
        let lines: usize = lengths.iter().map(|length| lines_of::<T>(*length)).sum();
        Scratch::take(place, lines * LINE)
    }

    pub(crate) fn start(&mut self) -> *mut u8 {
        self.lines.as_mut_ptr().cast()
    }

    /// Parts of so many elements, each of which begins with a cache line. What they hold is left from
    /// before.
    pub(crate) fn parts<T: Float, const N: usize>(&mut self, lengths: [usize; N]) -> [&mut [T]; N] {
        let mut rest = self.lines.as_mut_slice();
        lengths.map(|length| {
            let (part, others) = std::mem::take(&mut rest).split_at_mut(lines_of::<T>(length));
            rest = others;
            assert!(
                length <= size_of_val(part) / size_of::<T>(),
                "no room for {length} elements"
            );
            let start = part.as_mut_ptr().cast::<T>();
            // SAFETY: the lines are borrowed and no other part's, have room for so many elements, and are
            // aligned for them. All their bytes are initialised, and any bits are a float.
            unsafe { std::slice::from_raw_parts_mut(start, length) }
        })
    }
}

fn lines_of<T>(length: usize) -> usize {
    length.saturating_mul(size_of::<T>()).div_ceil(LINE)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.place.set(std::mem::take(&mut self.lines));
    }
}
