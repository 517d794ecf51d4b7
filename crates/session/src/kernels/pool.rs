//! Pooling, and its gradients.

use std::marker::PhantomData;
use std::ops::Range;

use aqueduct_graph::ir::{Extent, Pooling, Windows};

use crate::kernels::cast::CastFrom;
use crate::kernels::elementwise::{self, Arithmetic};
use crate::kernels::shared::{SharedKernel, part_of, unplanned};
use crate::kernels::{Failure, Slice, SliceMut, Spec};

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

/// The windows of a batch of images.
#[derive(Debug)]
struct Places {
    images: usize,
    /// The height, the width and the channels of an image.
    image: [usize; 3],
    /// The rows of an image that the windows of each row of places have.
    rows: Vec<Range<usize>>,
    /// The columns of an image that the windows of each column of places have.
    columns: Vec<Range<usize>>,
}

impl Places {
    fn new(windows: &Windows, sizes: &[usize]) -> Option<Places> {
        let [images, height, width, channels] = sizes.try_into().ok()?;
        let cells = |axis: usize, size: usize| {
            let (window, stride) = (windows.size[axis], windows.sliding.strides[axis]);
            let extent = windows.sliding.extent(axis, size, window).ok()?;
            let Extent { places, before } = extent;
            let of_place = |place: usize| {
                let start = place * stride;
                start.saturating_sub(before).min(size)
                    ..start
                        .saturating_add(window)
                        .saturating_sub(before)
                        .min(size)
            };
            Some((0..places).map(of_place).collect())
        };
        Some(Places {
            images,
            image: [height, width, channels],
            rows: cells(0, height)?,
            columns: cells(1, width)?,
        })
    }

    fn channels(&self) -> usize {
        self.image[2]
    }

    /// The elements of an image.
    fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    /// The elements of a row of places.
    fn row_len(&self) -> usize {
        self.columns.len() * self.channels()
    }

    /// How many cells the windows have in all.
    fn work(&self) -> usize {
        let cells = |ranges: &[Range<usize>]| ranges.iter().map(Range::len).sum::<usize>();
        let image = cells(&self.rows).saturating_mul(cells(&self.columns));
        self.images
            .saturating_mul(self.channels())
            .saturating_mul(image)
    }

    /// The elements of an image of a batch.
    fn image<'a, T>(&self, batch: &'a [T], image: usize) -> &'a [T] {
        let length = self.image_len();
        &batch[image * length..][..length]
    }

    /// The windows of one row of places of an image.
    fn windows_of_row(&self, row: usize) -> impl Iterator<Item = Window<'_>> {
        let columns = self.columns.iter().cloned();
        columns.map(move |columns| Window {
            places: self,
            rows: self.rows[row].clone(),
            columns,
        })
    }
}

/// A window: some rows and columns of an image.
struct Window<'a> {
    places: &'a Places,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Window<'_> {
    fn cells(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The first element of each cell in the image, row by row.
    fn starts(&self) -> impl Iterator<Item = usize> {
        let [_, width, channels] = self.places.image;
        let columns = self.columns.clone();
        let row = move |row| {
            let columns = columns.clone();
            columns.map(move |column| (row * width + column) * channels)
        };
        self.rows.clone().flat_map(row)
    }
}

/// A pooling of images of known sizes.
struct Pool<T> {
    op: Pooling,
    places: Places,
    tasks: usize,
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
        let part = T::of_mut(part).ok_or_else(|| unplanned("the result"))?;
        let (first, units) = (operand(0)?, part_of(self.units(), self.tasks, task));
        match self.op {
            Pooling::Max => self.take(units, part, |image, window, y| {
                largest(self.places.image(first, image), &window, y);
            }),
            Pooling::Average => self.take(units, part, |image, window, y| {
                mean(self.places.image(first, image), &window, y);
            }),
            Pooling::MaxSecondGradient => {
                let dx = operand(1)?;
                self.take(units, part, |image, window, dy| {
                    let (x, dx) = (
                        self.places.image(first, image),
                        self.places.image(dx, image),
                    );
                    each_largest(x, &window, |channel, at| dy[channel] = dx[at]);
                });
            }
            Pooling::MaxGradient => {
                let dy = operand(1)?;
                self.give(units, dy, part, |image, window, dy, dx| {
                    let x = self.places.image(first, image);
                    each_largest(x, &window, |channel, at| dx[at] = dx[at].add(dy[channel]));
                });
            }
            Pooling::AverageGradient => self.give(units, first, part, |_, window, dy, dx| {
                give_mean(&window, dy, dx);
            }),
        }
        Ok(())
    }
}

impl<T: Float> Pool<T> {
    /// Makes the elements of each place of some rows of places.
    fn take(
        &self,
        rows: Range<usize>,
        part: &mut [T],
        mut make: impl FnMut(usize, Window<'_>, &mut [T]),
    ) {
        let (channels, height) = (self.places.channels(), self.places.rows.len());
        if part.is_empty() {
            return;
        }
        for (number, row) in rows.zip(part.chunks_exact_mut(self.places.row_len())) {
            let windows = self.places.windows_of_row(number % height);
            for (window, place) in windows.zip(row.chunks_exact_mut(channels)) {
                make(number / height, window, place);
            }
        }
    }

    /// Lets each place of some images give to the elements of its window.
    fn give(
        &self,
        images: Range<usize>,
        dy: &[T],
        part: &mut [T],
        mut give: impl FnMut(usize, Window<'_>, &[T], &mut [T]),
    ) {
        part.fill(T::ZERO);
        if part.is_empty() {
            return;
        }
        let row = self.places.row_len();
        for (image, dx) in images.zip(part.chunks_exact_mut(self.places.image_len())) {
            for number in 0..self.places.rows.len() {
                let start = (image * self.places.rows.len() + number) * row;
                let places = dy[start..][..row].chunks_exact(self.places.channels());
                for (window, dy) in self.places.windows_of_row(number).zip(places) {
                    give(image, window, dy, dx);
                }
            }
        }
    }
}

/// The largest cell of each channel.
fn largest<T: Float>(image: &[T], window: &Window<'_>, y: &mut [T]) {
    y.fill(T::LOWEST);
    for start in window.starts() {
        let cell = &image[start..][..y.len()];
        let pairs = y.iter_mut().zip(cell);
        pairs.for_each(|(y, x)| *y = y.maximum(*x));
    }
}

/// The mean of the cells of each channel.
fn mean<T: Float>(image: &[T], window: &Window<'_>, y: &mut [T]) {
    y.fill(T::ZERO);
    for start in window.starts() {
        let cell = &image[start..][..y.len()];
        let pairs = y.iter_mut().zip(cell);
        pairs.for_each(|(y, x)| *y = y.add(*x));
    }
    let count = T::cast_from(window.cells().max(1) as f64);
    y.iter_mut().for_each(|y| *y = y.div(count));
}

fn give_mean<T: Float>(window: &Window<'_>, dy: &[T], dx: &mut [T]) {
    let count = T::cast_from(window.cells().max(1) as f64);
    for start in window.starts() {
        let cell = &mut dx[start..][..dy.len()];
        let pairs = cell.iter_mut().zip(dy);
        pairs.for_each(|(dx, dy)| *dx = dx.add(dy.div(count)));
    }
}

/// Calls `f` with each channel, and the element of the image that is the first of the largest there.
fn each_largest<T: Float>(image: &[T], window: &Window<'_>, mut f: impl FnMut(usize, usize)) {
    /// Channels that are looked at together.
    const LANES: usize = 16;
    let Some(first) = window.starts().next() else {
        return;
    };
    let channels = window.places.channels();
    for channel in (0..channels).step_by(LANES) {
        let count = (channels - channel).min(LANES);
        let mut best = [T::LOWEST; LANES];
        let mut best_at = [first; LANES];
        best[..count].copy_from_slice(&image[first + channel..][..count]);
        for start in window.starts() {
            let cell = &image[start + channel..][..count];
            for ((best, at), x) in best.iter_mut().zip(&mut best_at).zip(cell) {
                let better = *x > *best || (x.is_nan() && !best.is_nan());
                *best = elementwise::select(better, *x, *best);
                *at = elementwise::select(better, start, *at);
            }
        }
        for (lane, at) in best_at.iter().take(count).enumerate() {
            f(channel + lane, at + channel + lane);
        }
    }
}
