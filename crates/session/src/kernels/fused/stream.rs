//! The results of an expression one after the other, for whoever needs each of them once.

use std::ops::Range;

use aqueduct_graph::DType;

use super::lanes::LANES;
use super::{Fused, Line, Run, WORKSPACE, Workspace};
use crate::kernels::fold::{Rows, Source, WIDEST_PANEL};
use crate::kernels::{Slice, Typed};

/// The results of a [`Fused`] of one output, from some position on, row by row. They are made a tile
/// at a time, in memory of the thread that stays in the cache.
pub(crate) struct Stream<'a> {
    fused: &'a Fused,
    inputs: &'a [*const u8],
    workspace: Workspace,
    /// The next tile, and its first position.
    tile: usize,
    position: usize,
    /// Which elements of the workspace's results are made and not taken.
    made: Range<usize>,
    dtype: DType,
}

/// The most elements that are taken at once.
const MOST_TAKEN: usize = WIDEST_PANEL;

impl Fused {
    /// The results from a position on. Makes no heap allocation once the thread has run a kernel of
    /// this size.
    ///
    /// # Safety
    ///
    /// The kernel was made for one output, whose elements lie row by row. For as long as the stream is
    /// used, each pointer is to the first element of its operand as of [`Fused::run`], and nothing
    /// writes to the operands.
    pub(crate) unsafe fn stream<'a>(&'a self, inputs: &'a [*const u8], first: usize) -> Stream<'a> {
        let mut workspace = WORKSPACE.take();
        workspace.fit(self);
        let (tile, position) = self.tiling.tile_of(first);
        let output = &self.outputs[0];
        workspace.direct.push(output.direct);
        let lines = (self.room() * output.width).div_ceil(Line::BYTES);
        if workspace.results.len() < lines {
            workspace.results.resize(lines, Line([0; Line::BYTES]));
        }
        let mut stream = Stream {
            fused: self,
            inputs,
            workspace,
            tile,
            position,
            made: 0..0,
            dtype: self.expression.dtype(output.register),
        };
        // SAFETY: the workspace is fit for the kernel.
        unsafe { stream.run(&[]).fill_constants() };
        if position < first {
            stream.make();
            stream.made.start += first - position;
        }
        stream
    }

    /// The elements that a stream has room for.
    fn room(&self) -> usize {
        MOST_TAKEN + self.tiling.longest().max(LANES)
    }
}

impl Stream<'_> {
    fn run<'r>(&'r mut self, outputs: &'r [*mut u8]) -> Run<'r> {
        Run {
            fused: self.fused,
            inputs: self.inputs,
            outputs,
            workspace: &mut self.workspace,
        }
    }

    /// Makes elements until there are so many to be taken, or there are no more.
    fn make_up_to(&mut self, count: usize) {
        debug_assert!(count <= MOST_TAKEN, "{count} elements are taken at once");
        while self.made.len() < count && self.tile < self.fused.tiling.tiles() {
            self.make();
        }
        debug_assert!(self.made.len() >= count, "more is taken than there is");
    }

    /// Makes the next tile.
    fn make(&mut self) {
        let width = self.dtype.width();
        let results: *mut u8 = self.workspace.results.as_mut_ptr().cast();
        if self.made.is_empty() {
            self.made = 0..0;
        }
        if self.made.end + self.fused.tiling.longest() > self.fused.room() {
            let left = self.made.len();
            // SAFETY: the elements are within the results; `copy` allows places that overlap.
            unsafe {
                std::ptr::copy(results.add(self.made.start * width), results, left * width);
            }
            self.made = 0..left;
        }
        // The kernel counts from position 0, of which there is no place here.
        let first = results
            .wrapping_add(self.made.end * width)
            .wrapping_sub(self.position * width);
        let tile = self.tile;
        // SAFETY: constants are filled. The tile's positions follow each other row by row, so it goes
        // from the end of what is made on, where the longest one has room. The operands are as the
        // caller of `Fused::stream` promises.
        let length = unsafe { self.run(&[first]).tile(tile) };
        self.tile += 1;
        self.position += length;
        self.made.end += length;
    }

    /// Takes elements that are made.
    fn taken<T: Typed>(&mut self, count: usize) -> &[T] {
        let start = self.made.start;
        let count = count.min(self.made.len());
        self.made.start += count;
        let results: *const u8 = self.workspace.results.as_ptr().cast();
        let first = results.wrapping_add(start * self.dtype.width());
        // SAFETY: the elements were made by primitives of that type, and are written again only by
        // `make`, which needs the stream for itself.
        let slice = unsafe { Slice::from_raw(first, count, self.dtype) };
        let values = T::of(slice);
        debug_assert!(values.is_some(), "{} are taken as {}", self.dtype, T::DTYPE);
        values.unwrap_or_default()
    }
}

impl<T: Typed> Source<T> for Stream<'_> {
    fn take(&mut self, length: usize) -> &[T] {
        self.make_up_to(length);
        self.taken(length)
    }

    fn rows(&mut self, width: usize, most: usize) -> Rows<'_, T> {
        self.make_up_to(width);
        let count = (self.made.len() / width).clamp(1, most);
        Rows {
            values: self.taken(count * width),
            stride: width,
            count,
        }
    }

    fn panels(&mut self, _: usize, width: usize, mut f: impl FnMut(&mut Self, Range<usize>)) {
        f(self, 0..width);
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        WORKSPACE.set(std::mem::take(&mut self.workspace));
    }
}
