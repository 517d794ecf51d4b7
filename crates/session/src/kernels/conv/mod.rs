//! Convolutions and their gradients, as products of matrices.
//!
//! The cells under a filter at one place are a row of a matrix, the *patches*; a filter, `[height, width,
//! in, out]`, is a matrix of `height · width · in` rows. So a convolution is `patches · filter`
//! (`convolve.rs`), and the gradient of the filter `patchesᵀ · dy` (`filter.rs`). The gradient of the
//! images is a convolution of `dy` once more, by the transposed filter. All patches at once would take
//! many times the memory of the images: they are made for a block of places at a time, which stays in a
//! processor's caches until it is multiplied.

mod convolve;
mod filter;
mod patches;

use std::cell::Cell;

use aqueduct_graph::Float;
use aqueduct_graph::ir::{Convolution, Extent, Sliding};

use crate::kernels::Spec;
use crate::kernels::elementwise::Arithmetic;
use crate::kernels::primitive::Unsupported;
use crate::kernels::product::Strides;
use crate::kernels::scratch::Line;
use crate::kernels::shared::SharedKernel;

use convolve::Convolve;
use filter::FilterGradient;
use patches::{Patches, Segment, signed};

/// The kernel of a convolution, for so many threads. `None` for what the shape rule does not let
/// through.
pub(super) fn kernel(
    op: Convolution,
    sliding: &Sliding,
    spec: &Spec<'_>,
    threads: usize,
) -> Option<Box<dyn SharedKernel>> {
    let (first, second, result) = (spec.input(0), spec.input(1), spec.output(0));
    // The images, the filter and what their convolution gives.
    let (x, filter, y) = match op {
        Convolution::Forward => (first, second, result),
        Convolution::InputGradient => (result, second, first),
        Convolution::FilterGradient => (first, result, second),
    };
    let geometry = Geometry::new(sliding, &x, &filter, &y)?;
    with_float!(spec.output_dtype(0), T => Some(match op {
        Convolution::Forward => Box::new(Convolve::<T>::forward(&geometry, threads)),
        Convolution::InputGradient => Box::new(Convolve::<T>::input_gradient(&geometry, threads)),
        Convolution::FilterGradient => Box::new(FilterGradient::<T>::new(&geometry, threads)),
    }))
}

impl Unsupported for Option<Box<dyn SharedKernel>> {
    fn unsupported(_: aqueduct_graph::DType) -> Self {
        None
    }
}

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    batch: usize,
    /// Height, width and channels of an image.
    image: [usize; 3],
    /// Height and width of the filter.
    filter: [usize; 2],
    /// Rows, columns and channels of what a convolution gives.
    result: [usize; 3],
    strides: [usize; 2],
    dilations: [usize; 2],
    /// How many cells are added above and to the left.
    before: [usize; 2],
}

impl Geometry {
    fn new(sliding: &Sliding, x: &[usize], filter: &[usize], y: &[usize]) -> Option<Geometry> {
        let ([batch, image @ ..], [rows, columns, _, _], [_, result @ ..]) = (x, filter, y) else {
            return None;
        };
        let image: [usize; 3] = image.try_into().ok()?;
        let extent = |axis: usize, window| sliding.extent(axis, image[axis], window).ok();
        let extents = [extent(0, *rows)?, extent(1, *columns)?];
        Some(Geometry {
            batch: *batch,
            image,
            filter: [*rows, *columns],
            result: result.try_into().ok()?,
            strides: sliding.strides,
            dilations: sliding.dilations,
            before: extents.map(|Extent { before, .. }| before),
        })
    }

    /// How far a cell under the filter lies from the place of the filter, along an axis.
    fn offset(&self, axis: usize, cell: usize) -> isize {
        let reach = signed(cell.saturating_mul(self.dilations[axis]));
        reach.saturating_sub(signed(self.before[axis]))
    }

    /// The cells of the images under the filter, a segment for each.
    fn patches(&self) -> Patches {
        let [_, _, channels] = self.image;
        let [rows, columns] = self.filter;
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
        let segments = cells.map(|[row, column]| Segment {
            down: self.offset(0, row),
            right: self.offset(1, column),
            cells: 1,
            channel: 0,
            channels,
        });
        Patches {
            image: self.image,
            places: [self.result[0], self.result[1]],
            strides: self.strides,
            segments: segments.collect(),
        }
    }

    fn multiply_adds(&self) -> usize {
        let factors = [self.batch]
            .into_iter()
            .chain(self.result)
            .chain(self.filter);
        factors
            .chain([self.image[2]])
            .fold(1, usize::saturating_mul)
    }

    /// The most tasks that the work is worth, for so many threads.
    fn most_tasks(&self, threads: usize) -> usize {
        if threads < 2 {
            return 1;
        }
        (self.multiply_adds() / TASK_WORK).clamp(1, threads * TASKS_OF_THREAD)
    }
}

/// Multiply-adds that make a task: some times what it costs to wake a helper.
const TASK_WORK: usize = 2 << 20;
/// More than one, so that a thread that is late does not hold up the others for long.
const TASKS_OF_THREAD: usize = 4;

/// The elements of patches that are made at a time.
const PATCHES: usize = 1 << 16;

thread_local! {
    /// A product, which has scratch memory of its own, runs while this is in use.
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// What elements must be.
trait Real: Arithmetic + Float {}
impl<T: Arithmetic + Float> Real for T {}

/// Of a matrix whose rows lie one behind the other, so many elements long.
fn row_by_row(columns: usize) -> Strides {
    Strides {
        row: signed(columns),
        column: 1,
    }
}
