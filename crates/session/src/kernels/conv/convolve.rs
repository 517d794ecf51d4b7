//! Patches times a filter: convolutions, and the gradients of images.

#![allow(
    unsafe_code,
    reason = "products take addresses; see the SAFETY comments"
)]

use std::marker::PhantomData;
use std::ops::Range;

use aqueduct_graph::DType;

use crate::kernels::conv::patches::{Patches, Segment};
use crate::kernels::conv::{Geometry, KEPT, PATCHES, Real, row_by_row};
use crate::kernels::product::Product;
use crate::kernels::scratch::Scratch;
use crate::kernels::shared::{SharedKernel, part_of, unplanned};
use crate::kernels::{Failure, Slice, SliceMut};

/// Convolutions of the same images, one for each phase of the result.
///
/// Along an axis with a stride of s, the gradients of the images' cells 0, s, 2s … come from the same
/// elements of the filter, those of the cells 1, s + 1 … from others: each of these phases is a
/// convolution of `dy` without strides. A convolution itself has one phase.
pub(super) struct Convolve<T> {
    phases: Vec<Phase>,
    /// From one place of a phase to the next in the result, down and to the right.
    steps: [usize; 2],
    /// How many images there are.
    images: usize,
    /// The height, the width and the channels of an image of the result.
    result: [usize; 3],
    /// The input and output channels of the filter, if its matrix is to be made of the elements of the
    /// phase, each transposed.
    transposed: Option<[usize; 2]>,
    tasks: usize,
    element: PhantomData<fn() -> T>,
}

/// A convolution that gives a part of the result.
struct Phase {
    patches: Patches,
    /// Which elements of the filter belong to the segments of the patches before they were joined.
    elements: Vec<usize>,
    /// Where its first place lies in the result.
    start: [usize; 2],
    /// How many places are multiplied at a time.
    block: usize,
    product: Product,
}

impl<T: Real> Convolve<T> {
    pub(super) fn forward(geometry: &Geometry, threads: usize) -> Convolve<T> {
        let [_, _, channels] = geometry.result;
        let patches = geometry.patches();
        let phase = Phase::new(T::DTYPE, patches, Vec::new(), [0, 0], channels);
        let most = geometry.batch * geometry.result[0] * geometry.result[1] / LEAST_PLACES;
        Convolve {
            phases: vec![phase],
            steps: [1, 1],
            images: geometry.batch,
            result: geometry.result,
            transposed: None,
            tasks: geometry.most_tasks(threads).min(most).max(1),
            element: PhantomData,
        }
    }

    pub(super) fn input_gradient(geometry: &Geometry, threads: usize) -> Convolve<T> {
        let [height, width, channels] = geometry.image;
        let rows = geometry.strides[0].min(height);
        let columns = geometry.strides[1].min(width);
        let starts = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
        let phases: Vec<Phase> = starts
            .map(|start| Phase::of_gradient(T::DTYPE, geometry, start, channels))
            .collect();
        let units = if phases.len() > 1 {
            geometry.batch
        } else {
            geometry.batch * height * width / LEAST_PLACES
        };
        Convolve {
            phases,
            steps: geometry.strides,
            images: geometry.batch,
            result: geometry.image,
            transposed: Some([channels, geometry.result[2]]),
            tasks: geometry.most_tasks(threads).min(units).max(1),
            element: PhantomData,
        }
    }

    /// Whether the places of the one phase are the result, row by row.
    fn in_order(&self) -> bool {
        self.phases.len() == 1
    }
}

/// The fewest places for which a task of their own pays.
const LEAST_PLACES: usize = 32;

impl Phase {
    fn new(
        dtype: DType,
        patches: Patches,
        elements: Vec<usize>,
        start: [usize; 2],
        channels: usize,
    ) -> Phase {
        let patches = patches.joined();
        let width = patches.width();
        let block = (PATCHES / width.max(1)).clamp(LEAST_PLACES, MOST_PLACES);
        let strides = [width, channels, channels].map(row_by_row);
        let product = Product::new(dtype, [block, width, channels], strides, false);
        Phase {
            patches,
            elements,
            start,
            block,
            product,
        }
    }

    /// The gradient of every cell of the images that is a multiple of the strides away from this one.
    fn of_gradient(dtype: DType, geometry: &Geometry, start: [usize; 2], channels: usize) -> Phase {
        let [rows, columns] = [0, 1].map(|axis| reaching(geometry, axis, start[axis]));
        let mut segments = Vec::new();
        let mut elements = Vec::new();
        // From the last element of the filter to the first, so that the cells of `dy` ascend.
        for (row, down) in rows.into_iter().rev() {
            for (column, right) in columns.iter().rev() {
                segments.push(Segment {
                    down,
                    right: *right,
                    cells: 1,
                    channel: 0,
                    channels: geometry.result[2],
                });
                elements.push(row * geometry.filter[1] + column);
            }
        }
        let count = |axis: usize| {
            let left = geometry.image[axis].saturating_sub(start[axis]);
            left.div_ceil(geometry.strides[axis])
        };
        let patches = Patches {
            image: geometry.result,
            places: [count(0), count(1)],
            strides: [1, 1],
            segments,
        };
        Phase::new(dtype, patches, elements, start, channels)
    }

    fn depth(&self) -> usize {
        self.patches.width()
    }

    /// The elements of the packed filter, if it is read packed.
    fn packed<T>(&self) -> Option<usize> {
        let bytes = self.product.packed_bytes(usize::MAX)?;
        Some(bytes.div_ceil(size_of::<T>()))
    }
}

/// The elements of the filter, along an axis, that lie over the cell `start` of an image at some place;
/// and where that place is. For every cell that lies a multiple of the stride further it is so many
/// places further.
fn reaching(geometry: &Geometry, axis: usize, start: usize) -> Vec<(usize, isize)> {
    let stride = geometry.strides[axis] as isize;
    let cells = 0..geometry.filter[axis];
    let places = cells.filter_map(|cell| {
        let from = (start as isize).saturating_sub(geometry.offset(axis, cell));
        (from.rem_euclid(stride) == 0).then(|| (cell, from.div_euclid(stride)))
    });
    places.collect()
}

/// The most places that are multiplied at a time.
const MOST_PLACES: usize = 384;

impl<T: Real> SharedKernel for Convolve<T> {
    fn tasks(&self) -> usize {
        self.tasks
    }

    fn part(&self, task: usize) -> Range<usize> {
        let [height, width, channels] = self.result;
        let (units, length) = if self.in_order() {
            (self.images * height * width, channels)
        } else {
            (self.images, height * width * channels)
        };
        let part = part_of(units, self.tasks, task);
        part.start * length..part.end * length
    }

    fn run(&self, inputs: &[Slice<'_>], part: SliceMut<'_>, task: usize) -> Result<(), Failure> {
        let [images, filter, ..] = inputs else {
            return Err(unplanned("the number of operands"));
        };
        let (images, filter) = (T::of(*images), T::of(*filter));
        let (Some(images), Some(filter), Some(part)) = (images, filter, T::of_mut(part)) else {
            return Err(unplanned("the element type"));
        };
        if part.is_empty() {
            return Ok(());
        }
        let [height, width, channels] = self.result;
        let first = self.part(task).start / channels;
        for phase in &self.phases {
            let places = if self.in_order() {
                first..first + part.len() / channels
            } else {
                let pixels = height * width;
                let images = first / pixels..first / pixels + part.len() / (pixels * channels);
                let each = phase.patches.places_of_image();
                images.start * each..images.end * each
            };
            self.run_phase(phase, images, filter, places, part);
        }
        Ok(())
    }
}

impl<T: Real> Convolve<T> {
    fn run_phase(
        &self,
        phase: &Phase,
        images: &[T],
        filter: &[T],
        places: Range<usize>,
        part: &mut [T],
    ) {
        let [_, _, channels] = self.result;
        let depth = phase.depth();
        let lengths = [
            phase.block * depth,
            self.transposed.map_or(0, |_| depth * channels),
            phase.packed::<T>().unwrap_or(0),
            if self.in_order() {
                0
            } else {
                phase.block * channels
            },
        ];
        let mut scratch = Scratch::for_parts::<T>(&KEPT, &lengths);
        let [room, matrix, packed, products] = scratch.parts::<T, 4>(lengths);
        let matrix = match self.transposed {
            Some(sizes) => {
                transpose_elements(filter, &phase.elements, sizes, matrix);
                &*matrix
            }
            None => filter,
        };
        let packed = phase.packed::<T>().map(|_| {
            let to = packed.as_mut_ptr();
            // SAFETY: the matrix has the sizes of the product, and there is room for its packed form.
            unsafe { phase.product.pack(matrix.as_ptr().cast(), to.cast()) };
            &*packed
        });
        for start in places.clone().step_by(phase.block) {
            let block = start..places.end.min(start + phase.block);
            let patches = phase.patches.rows(images, block.clone(), room);
            if self.in_order() {
                let first = (start - places.start) * channels;
                let c = &mut part[first..][..block.len() * channels];
                multiply(phase, patches, [matrix, packed.unwrap_or(&[])], c, channels);
            } else {
                let c = &mut products[..block.len() * channels];
                multiply(phase, patches, [matrix, packed.unwrap_or(&[])], c, channels);
                self.scatter(phase, places.start, block, c, part);
            }
        }
    }

    /// Brings the products of a block of places to where they belong in the result.
    fn scatter(
        &self,
        phase: &Phase,
        first: usize,
        places: Range<usize>,
        products: &[T],
        part: &mut [T],
    ) {
        let [height, width, channels] = self.result;
        let [rows, columns] = phase.patches.places;
        for (place, product) in places.zip(products.chunks_exact(channels)) {
            let place = place - first;
            let (line, column) = (place / columns, place % columns);
            let (image, row) = (line / rows, line % rows);
            let row = phase.start[0] + row * self.steps[0];
            let column = phase.start[1] + column * self.steps[1];
            let at = (image * height + row) * width + column;
            part[at * channels..][..channels].copy_from_slice(product);
        }
    }
}

/// `c = patches · matrix`, the matrix packed if that is not empty.
fn multiply<T: Real>(
    phase: &Phase,
    patches: &[T],
    [matrix, packed]: [&[T]; 2],
    c: &mut [T],
    channels: usize,
) {
    let depth = phase.depth();
    let rows = c.len() / channels;
    debug_assert_eq!(patches.len(), rows * depth, "a row for each place");
    debug_assert_eq!(
        matrix.len(),
        depth * channels,
        "a row for each element of a patch"
    );
    let strides = [depth, channels, channels].map(row_by_row);
    let product = Product::new(T::DTYPE, [rows, depth, channels], strides, false);
    let (a, c) = (patches.as_ptr().cast(), c.as_mut_ptr().cast());
    // SAFETY: the slices are as long as the matrices of the product, row by row, and `c` is borrowed
    // for it alone; the packed matrix is of a product of the same matrix.
    unsafe {
        if packed.is_empty() {
            product.run(a, matrix.as_ptr().cast(), c, 0);
        } else {
            product.run_packed(a, packed.as_ptr().cast(), c, 0);
        }
    }
}

/// The transposed matrices of elements of a filter, one below the other.
fn transpose_elements<T: Copy>(
    filter: &[T],
    elements: &[usize],
    [from, to]: [usize; 2],
    matrix: &mut [T],
) {
    if from * to == 0 {
        return;
    }
    for (element, rows) in elements.iter().zip(matrix.chunks_exact_mut(from * to)) {
        let element = &filter[element * from * to..][..from * to];
        for (channel, row) in rows.chunks_exact_mut(from).enumerate() {
            let column = element[channel..].iter().step_by(to);
            row.iter_mut()
                .zip(column)
                .for_each(|(to, from)| *to = *from);
        }
    }
}
