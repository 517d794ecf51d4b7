//! Arenas: one block of memory for all intermediate results of a program, at planned offsets.

#![allow(
    unsafe_code,
    reason = "slices of different element types are cut out of one block; see the SAFETY comments"
)]

use std::marker::PhantomData;
use std::ops::Range;

use aqueduct_graph::DType;
use smallvec::SmallVec;

use crate::kernels::{Slice, SliceMut};

/// The unit of an arena: a cache line, which also aligns every buffer for vector loads.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; Line::BYTES]);

impl Line {
    const BYTES: usize = 64;
}

/// A place in an arena, for elements of one type.
///
/// Only [`Layout::place`] makes one. Two places of one layout share no byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Buffer {
    line: usize,
    elements: usize,
    dtype: DType,
}

impl Buffer {
    /// Where the buffer begins, in bytes.
    pub(crate) fn offset(self) -> usize {
        self.line * Line::BYTES
    }

    pub(crate) fn bytes(self) -> usize {
        self.elements * self.dtype.width()
    }

    fn lines(self) -> Range<usize> {
        self.line..self.line + lines_for(self.dtype, self.elements).unwrap_or(0)
    }
}

/// The number of lines that such a buffer takes; `None` if no machine has as many.
fn lines_for(dtype: DType, elements: usize) -> Option<usize> {
    let bytes = elements.checked_mul(dtype.width())?;
    Some(bytes.div_ceil(Line::BYTES))
}

/// Gives out places: each buffer after the last one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    lines: usize,
}

impl Layout {
    /// A layout that someone else has worked out: so many bytes, whole lines.
    pub(crate) fn of_bytes(bytes: usize) -> Layout {
        Layout {
            lines: bytes.div_ceil(Line::BYTES),
        }
    }

    /// A place at this offset, in bytes, of a layout that someone else has worked out. `None` if it
    /// does not begin with a line or ends outside.
    pub(crate) fn at(&self, offset: usize, dtype: DType, elements: usize) -> Option<Buffer> {
        let line = offset / Line::BYTES;
        let end = line.checked_add(lines_for(dtype, elements)?)?;
        (offset.is_multiple_of(Line::BYTES) && end <= self.lines).then_some(Buffer {
            line,
            elements,
            dtype,
        })
    }

    /// The size of the arena in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.lines * Line::BYTES
    }

    /// A place for so many elements; `None` if the arena would be larger than memory can be.
    pub(crate) fn place(&mut self, dtype: DType, elements: usize) -> Option<Buffer> {
        let line = self.lines;
        let end = line.checked_add(lines_for(dtype, elements)?)?;
        if end > isize::MAX as usize / Line::BYTES {
            return None;
        }
        self.lines = end;
        Some(Buffer {
            line,
            elements,
            dtype,
        })
    }
}

/// The memory of one run of a program.
#[derive(Debug)]
pub(crate) struct Arena {
    lines: Vec<Line>,
}

impl Arena {
    /// Zeroed memory for a layout; `None` if the system has not enough.
    pub(crate) fn new(layout: &Layout) -> Option<Arena> {
        let mut lines = Vec::new();
        lines.try_reserve_exact(layout.lines).ok()?;
        lines.resize(layout.lines, Line([0; Line::BYTES]));
        Some(Arena { lines })
    }

    /// The elements of a buffer; `None` if it is of another layout.
    pub(crate) fn read(&self, buffer: Buffer) -> Option<Slice<'_>> {
        let lines = self.lines.get(buffer.lines())?;
        // SAFETY: `buffer.lines()` covers `elements` of `dtype`, and the lines are borrowed for as
        // long as the slice lives.
        Some(unsafe { slice(lines.as_ptr().cast(), buffer) })
    }

    /// All of the memory.
    pub(crate) fn bytes(&mut self) -> SliceMut<'_> {
        let lines = &mut *self.lines;
        // SAFETY: lines are plain bytes, each initialised.
        SliceMut::U8(unsafe {
            std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), size_of_val(lines))
        })
    }

    /// Opens the arena for one instruction, which reads some buffers and writes others.
    pub(crate) fn open(&mut self) -> OpenArena<'_> {
        OpenArena {
            start: self.lines.as_mut_ptr(),
            lines: self.lines.len(),
            arena: PhantomData,
            reads: SmallVec::new(),
            writes: SmallVec::new(),
            taken: 0..0,
        }
    }
}

/// An arena of which buffers are handed out, to be read or to be written but never both.
///
/// It holds an address rather than the memory: to borrow the whole again would end the slices that were
/// handed out.
pub(crate) struct OpenArena<'a> {
    start: *mut Line,
    lines: usize,
    arena: PhantomData<&'a mut Arena>,
    reads: SmallVec<[Range<usize>; 8]>,
    writes: SmallVec<[Range<usize>; 2]>,
    /// All of these lie in it.
    taken: Range<usize>,
}

impl<'a> OpenArena<'a> {
    /// The elements of a buffer; `None` if it is handed out to be written or of another layout.
    pub(crate) fn read(&mut self, buffer: Buffer) -> Option<Slice<'a>> {
        let (start, range) = self.find(buffer)?;
        if self.writes.iter().any(|write| overlap(write, &range)) {
            return None;
        }
        self.note_taken(&range);
        self.reads.push(range);
        // SAFETY: the range is in bounds and covers `elements` of `dtype`. It overlaps no range
        // handed out to be written, now or later (`write` looks at `reads`), and the arena is
        // borrowed exclusively for `'a`.
        Some(unsafe { slice(start, buffer) })
    }

    /// The elements of a buffer, to be written; `None` if any of them is handed out already or the
    /// buffer is of another layout.
    pub(crate) fn write(&mut self, buffer: Buffer) -> Option<SliceMut<'a>> {
        let (start, range) = self.find(buffer)?;
        // Results mostly lie behind all before them: then many need not be looked through one by one.
        let mut taken = self.reads.iter().chain(&self.writes);
        if overlap(&self.taken, &range) && taken.any(|taken| overlap(taken, &range)) {
            return None;
        }
        self.note_taken(&range);
        self.writes.push(range);
        // SAFETY: the range is in bounds and covers `elements` of `dtype`. No range that was handed
        // out overlaps it, nor will one, and the arena is borrowed exclusively for `'a`; so the slice
        // is the only way to these bytes while it lives.
        Some(unsafe { slice_mut(start, buffer) })
    }

    /// Takes note of lines that are handed out.
    fn note_taken(&mut self, range: &Range<usize>) {
        let is_first = self.reads.is_empty() && self.writes.is_empty();
        let before = if is_first { range } else { &self.taken };
        self.taken = before.start.min(range.start)..before.end.max(range.end);
    }

    /// The address and the lines of a buffer; `None` if it is of another layout.
    fn find(&self, buffer: Buffer) -> Option<(*mut u8, Range<usize>)> {
        let range = buffer.lines();
        let is_within = range.end <= self.lines;
        is_within.then(|| (self.start.wrapping_add(range.start).cast(), range))
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The elements of `buffer`, whose lines start at `start`.
///
/// # Safety
/// The lines must be valid for reads, and not be written, for `'a`.
unsafe fn slice<'a>(start: *const u8, buffer: Buffer) -> Slice<'a> {
    macro_rules! typed {
        ($($variant:ident => $type:ty),*) => {
            match buffer.dtype {
                $(DType::$variant => {
                    // SAFETY: the caller vouches for the bytes. Lines are aligned for every type.
                    // They hold valid values, which matters for `bool`: every byte of an arena
                    // starts as zero; a plain plan's buffers have their bytes for themselves, so
                    // that these are only ever written as this type; and what an optimised plan
                    // gives is written as this type before anybody reads it.
                    Slice::$variant(unsafe {
                        std::slice::from_raw_parts(start.cast::<$type>(), buffer.elements)
                    })
                })*
            }
        };
    }
    typed!(F32 => f32, F64 => f64, I32 => i32, I64 => i64, U8 => u8, Bool => bool)
}

/// The elements of `buffer`, whose lines start at `start`, to be written.
///
/// # Safety
/// The lines must be valid for reads and writes, and not be reached by any other way, for `'a`.
unsafe fn slice_mut<'a>(start: *mut u8, buffer: Buffer) -> SliceMut<'a> {
    macro_rules! typed {
        ($($variant:ident => $type:ty),*) => {
            match buffer.dtype {
                $(DType::$variant => {
                    // SAFETY: the caller vouches for the bytes. Lines are aligned for every type.
                    // Only plain plans are executed through this; their buffers hold valid values,
                    // as `slice` says.
                    SliceMut::$variant(unsafe {
                        std::slice::from_raw_parts_mut(start.cast::<$type>(), buffer.elements)
                    })
                })*
            }
        };
    }
    typed!(F32 => f32, F64 => f64, I32 => i32, I64 => i64, U8 => u8, Bool => bool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut layout = Layout::default();
        let floats = layout.place(DType::F32, 3).unwrap();
        let truths = layout.place(DType::Bool, 100).unwrap();
        let none = layout.place(DType::I64, 0).unwrap();
        let mut arena = Arena::new(&layout).unwrap();
        arena
            .open()
            .write(floats)
            .unwrap()
            .copy_from(Slice::F32(&[1.0, 2.0, 3.0]));
        assert!(matches!(
            arena.read(floats),
            Some(Slice::F32([1.0, 2.0, 3.0]))
        ));
        assert!(matches!(arena.read(truths), Some(Slice::Bool(all)) if all == [false; 100]));
        assert!(matches!(arena.read(none), Some(Slice::I64([]))));
    }

    #[test]
    fn a_buffer_is_handed_out_to_be_read_or_written_not_both() {
        let mut layout = Layout::default();
        let a = layout.place(DType::F64, 10).unwrap();
        let b = layout.place(DType::F64, 10).unwrap();
        let mut arena = Arena::new(&layout).unwrap();
        let mut open = arena.open();
        assert!(open.read(a).is_some());
        assert!(open.read(a).is_some());
        assert!(open.write(a).is_none());
        assert!(open.write(b).is_some());
        assert!(open.write(b).is_none());
        assert!(open.read(b).is_none());
    }

    /// Miri finds it where handing out a buffer borrows others again.
    #[test]
    fn what_is_handed_out_stays_good_as_more_is() {
        let mut layout = Layout::default();
        let [a, b, c] = [2, 2, 2].map(|elements| layout.place(DType::F32, elements).unwrap());
        let mut arena = Arena::new(&layout).unwrap();
        let mut open = arena.open();
        let zeros = open.read(a).unwrap();
        let first = open.write(b).unwrap();
        let second = open.write(c).unwrap();
        first.copy_from(zeros);
        second.copy_from(open.read(a).unwrap());
        assert!(matches!(zeros, Slice::F32([0.0, 0.0])));
    }

    #[test]
    fn buffers_of_another_layout_and_of_impossible_size_are_refused() {
        let mut layout = Layout::default();
        let buffer = layout.place(DType::F64, 10).unwrap();
        let arena = Arena::new(&Layout::default()).unwrap();
        assert!(arena.read(buffer).is_none());
        assert!(layout.place(DType::F64, usize::MAX).is_none());
        assert!(layout.place(DType::U8, usize::MAX - 64).is_none());
    }
}
