//! Pooling, and its gradients.

mod places;
mod windows;

use std::marker::PhantomData;
use std::ops::Range;

use aqueduct_graph::ir::{Pooling, Windows};

use crate::kernels::cast::CastFrom;
use crate::kernels::elementwise::Arithmetic;
use crate::kernels::fused::Level;
use crate::kernels::shared::{SharedKernel, part_of, unplanned};
use crate::kernels::{Failure, Slice, SliceMut, Spec};

use places::Places;
use windows::Task;

/// The kernel of a pooling, for so many threads. `None` for what the shape rule does not let through.
pub(super) fn kernel(
    op: Pooling,
    windows: &Windows,
    spec: &Spec<'_>,
    threads: usize,
) -> Option<Box<dyn SharedKernel>> {
    let images = match op {
        Pooling::Max | Pooling::MaxGradient | Pooling::MaxSecondGradient | Pooling::Average => {
            spec.input(0)
        }
        Pooling::AverageGradient => spec.output(0),
    };
    let places = Places::new(windows, &images)?;
    with_float!(spec.output_dtype(0), T => Some(Box::new(Pool::<T>::new(op, places, threads))))
}

/// Cells of windows that make a task: some times what it costs to wake a helper.
const TASK_CELLS: usize = 1 << 18;
/// More than one, so that a thread that is late does not hold up the others for long.
const TASKS_OF_THREAD: usize = 4;

/// A pooling of images of known sizes.
struct Pool<T> {
    op: Pooling,
    places: Places,
    tasks: usize,
    level: Level,
    element: PhantomData<fn() -> T>,
}

/// What elements must be.
trait Float: Arithmetic + CastFrom<f64> {}
impl<T: Arithmetic + CastFrom<f64>> Float for T {}

impl<T: Float> Pool<T> {
    fn new(op: Pooling, places: Places, threads: usize) -> Pool<T> {
        let mut pool = Pool {
            op,
            tasks: 1,
            level: Level::best(),
            places,
            element: PhantomData,
        };
        if threads > 1 {
            let worth = pool.places.work() / TASK_CELLS;
            let most = pool.units().min(threads * TASKS_OF_THREAD);
            pool.tasks = worth.min(most).max(1);
        }
        pool
    }

    /// Whether the result has the shape of the images. Windows may overlap, so an image is made by one
    /// task; else a row of places is.
    fn gives_images(&self) -> bool {
        match self.op {
            Pooling::Max | Pooling::Average | Pooling::MaxSecondGradient => false,
            Pooling::MaxGradient | Pooling::AverageGradient => true,
        }
    }

    /// What tasks are made of.
    fn units(&self) -> usize {
        let images = self.places.images;
        if self.gives_images() {
            images
        } else {
            images * self.places.rows.len()
        }
    }
}

impl<T: Float> SharedKernel for Pool<T> {
    fn tasks(&self) -> usize {
        self.tasks
    }

    fn part(&self, task: usize) -> Range<usize> {
        let length = if self.gives_images() {
            self.places.image_len()
        } else {
            self.places.row_len()
        };
        let part = part_of(self.units(), self.tasks, task);
        part.start * length..part.end * length
    }

    fn run(&self, inputs: &[Slice<'_>], part: SliceMut<'_>, task: usize) -> Result<(), Failure> {
        let operand = |index: usize| {
            let slice = inputs.get(index).copied();
            slice.and_then(T::of).ok_or_else(|| unplanned("an operand"))
        };
        let operands = match self.op {
            Pooling::Max | Pooling::Average => [operand(0)?, &[]],
            Pooling::MaxGradient | Pooling::MaxSecondGradient => [operand(0)?, operand(1)?],
            Pooling::AverageGradient => [&[], operand(0)?],
        };
        self.level.run(Task {
            op: self.op,
            places: &self.places,
            operands,
            units: part_of(self.units(), self.tasks, task),
            part: T::of_mut(part).ok_or_else(|| unplanned("the result"))?,
        });
        Ok(())
    }
}
