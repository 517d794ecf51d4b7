//! The gradient of a filter: transposed patches times `dy`.

#![allow(
    unsafe_code,
    reason = "products take addresses; see the SAFETY comments"
)]

use std::marker::PhantomData;
use std::ops::Range;

use crate::kernels::conv::patches::Patches;
use crate::kernels::conv::{Geometry, KEPT, PATCHES, Real, row_by_row};
use crate::kernels::product::{CHAIN, Product};
use crate::kernels::scratch::Scratch;
use crate::kernels::shared::{SharedKernel, part_of, unplanned};
use crate::kernels::{Failure, Slice, SliceMut};

/// The sum over all places is the inner axis of the product: it is taken in chains of [`CHAIN`] places,
/// in their order. So the work is cut by rows of the filter, which depend on no others.
pub(super) struct FilterGradient<T> {
    /// The patches of each task: some of their columns.
    patches: Vec<Patches>,
    /// The rows of the filter's matrix.
    depth: usize,
    channels: usize,
    places: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Real> FilterGradient<T> {
    pub(super) fn new(geometry: &Geometry, threads: usize) -> FilterGradient<T> {
        let patches = geometry.patches();
        let depth = patches.width();
        let tasks = tasks(geometry, depth, threads);
        let parts = (0..tasks).map(|task| patches.columns(part_of(depth, tasks, task)).joined());
        FilterGradient {
            patches: parts.collect(),
            depth,
            channels: geometry.result[2],
            places: geometry.batch * patches.places_of_image(),
            element: PhantomData,
        }
    }
}

/// A task for each thread if it has few rows; else more of them.
fn tasks(geometry: &Geometry, depth: usize, threads: usize) -> usize {
    let most = geometry.most_tasks(threads);
    let of_rows = (depth / GOOD_ROWS).max(threads.min(depth / LEAST_ROWS));
    most.min(of_rows).max(1)
}

/// Every task brings `dy` into the order in which it is read, which weighs little from so many rows on.
const GOOD_ROWS: usize = 48;
const LEAST_ROWS: usize = 4;

impl<T: Real> SharedKernel for FilterGradient<T> {
    fn tasks(&self) -> usize {
        self.patches.len()
    }

    fn part(&self, task: usize) -> Range<usize> {
        let rows = part_of(self.depth, self.tasks(), task);
        rows.start * self.channels..rows.end * self.channels
    }

    fn run(&self, inputs: &[Slice<'_>], part: SliceMut<'_>, task: usize) -> Result<(), Failure> {
        let [images, dy, ..] = inputs else {
            return Err(unplanned("the number of operands"));
        };
        let (images, dy) = (T::of(*images), T::of(*dy));
        let (Some(images), Some(dy), Some(part)) = (images, dy, T::of_mut(part)) else {
            return Err(unplanned("the element type"));
        };
        if self.places == 0 || part.is_empty() {
            part.fill(T::ZERO);
            return Ok(());
        }
        let patches = &self.patches[task];
        let block = block(patches.width());
        let lengths = [block * patches.width()];
        let mut scratch = Scratch::for_parts::<T>(&KEPT, &lengths);
        let [room] = scratch.parts::<T, 1>(lengths);
        for start in (0..self.places).step_by(block) {
            let places = start..self.places.min(start + block);
            let dy = &dy[start * self.channels..places.end * self.channels];
            let rows = patches.rows(images, places, room);
            self.add(rows, dy, part, start > 0);
        }
        Ok(())
    }
}

/// How many places are multiplied at a time: chains of them.
fn block(width: usize) -> usize {
    (PATCHES / width.max(1) / CHAIN).clamp(1, MOST_CHAINS) * CHAIN
}

const MOST_CHAINS: usize = 4;

impl<T: Real> FilterGradient<T> {
    /// Adds what some places give to a part of the gradient, or begins it with that.
    fn add(&self, rows: &[T], dy: &[T], part: &mut [T], adds: bool) {
        let (width, count) = (part.len() / self.channels, dy.len() / self.channels);
        debug_assert_eq!(rows.len(), width * count, "a row for each place");
        let strides = [
            row_by_row(width).transposed(),
            row_by_row(self.channels),
            row_by_row(self.channels),
        ];
        let product = Product::new(T::DTYPE, [width, count, self.channels], strides, false);
        let product = if adds { product.added() } else { product };
        let (a, b, c) = (rows.as_ptr(), dy.as_ptr(), part.as_mut_ptr());
        // SAFETY: the slices are as long as the matrices of the product, and `part` is borrowed for it
        // alone.
        unsafe { product.run(a.cast(), b.cast(), c.cast(), 0) };
    }
}
