//! The loops over windows. All of it is inlined into functions that are compiled for one
//! [`Level`](crate::kernels::fused::Level).

use std::ops::Range;

use aqueduct_graph::ir::Pooling;

use super::Float;
use super::places::Places;
use crate::kernels::elementwise::select;
use crate::kernels::fused::Work;

/// One task of a pooling.
pub(super) struct Task<'a, T> {
    pub(super) op: Pooling,
    pub(super) places: &'a Places,
    /// The images; and gradients, of their elements or of the places. What an op has not is empty.
    pub(super) operands: [&'a [T]; 2],
    /// What the task makes: images if the result has their shape, else rows of places.
    pub(super) units: Range<usize>,
    pub(super) part: &'a mut [T],
}

impl<T: Float> Work for Task<'_, T> {
    #[inline(always)]
    fn run(self) {
        if self.part.is_empty() {
            return;
        }
        match self.op {
            Pooling::Max => self.take::<Largest>(),
            Pooling::Average => self.take::<Mean>(),
            Pooling::MaxSecondGradient => self.take::<OfLargest>(),
            Pooling::MaxGradient => self.give::<ToLargest>(),
            Pooling::AverageGradient => self.give::<ToAll>(),
        }
    }
}

impl<T: Float> Task<'_, T> {
    /// Makes the elements of each place of some rows of places.
    #[inline(always)]
    fn take<D: Deed<T>>(self) {
        let (row_len, height) = (self.places.row_len(), self.places.rows.len());
        for (unit, row) in self.units.zip(self.part.chunks_exact_mut(row_len)) {
            let image = self.places.image_len();
            let operands = self
                .operands
                .map(|batch| piece(batch, unit / height, image));
            each_window::<T, D>(self.places, unit % height, operands, row);
        }
    }

    /// Lets each place of some images give to the elements of its window.
    #[inline(always)]
    fn give<D: Deed<T>>(self) {
        let (length, height) = (self.places.image_len(), self.places.rows.len());
        let [images, dy] = self.operands;
        self.part.fill(T::ZERO);
        for (image, dx) in self.units.zip(self.part.chunks_exact_mut(length)) {
            for row in 0..height {
                let dy = piece(dy, image * height + row, self.places.row_len());
                let operands = [piece(images, image, length), dy];
                each_window::<T, D>(self.places, row, operands, dx);
            }
        }
    }
}

/// One of the pieces of equal length that make up an operand, or nothing of what is empty.
#[inline(always)]
fn piece<T>(operand: &[T], number: usize, length: usize) -> &[T] {
    let piece = operand
        .get(number * length..)
        .and_then(|rest| rest.get(..length));
    piece.unwrap_or_default()
}

/// Does a deed at each window of a row of places.
#[inline(always)]
fn each_window<T, D: Deed<T>>(places: &Places, row: usize, operands: [&[T]; 2], result: &mut [T]) {
    let [_, width, channels] = places.image;
    let rows = &places.rows[row];
    for (number, columns) in places.columns.iter().enumerate() {
        let mut window = Window {
            first: (rows.start * width + columns.start) * channels,
            place: number * channels,
            rows: rows.len(),
            columns: columns.len(),
            from_row: width * channels,
            from_column: channels,
        };
        let mut left = channels;
        left = each_channel::<T, D, 16>(&mut window, left, operands, result);
        left = each_channel::<T, D, 4>(&mut window, left, operands, result);
        each_channel::<T, D, 1>(&mut window, left, operands, result);
    }
}

/// Does a deed for so many of the channels that are left of a window, `W` at a time. Returns how many
/// are left.
#[inline(always)]
fn each_channel<T, D: Deed<T>, const W: usize>(
    window: &mut Window,
    mut left: usize,
    operands: [&[T]; 2],
    result: &mut [T],
) -> usize {
    while left >= W {
        D::of_channels::<W>(window, operands, result);
        window.first += W;
        window.place += W;
        left -= W;
    }
    left
}

/// A window of an image, and the place that it belongs to; from some channel on.
#[derive(Clone, Copy)]
struct Window {
    /// The element of the first cell, in its image.
    first: usize,
    /// The element of the place, in its row of places.
    place: usize,
    rows: usize,
    columns: usize,
    /// How far apart the neighbours lie in the image.
    from_row: usize,
    from_column: usize,
}

impl Window {
    /// The elements of the first cells of the rows.
    #[inline(always)]
    fn rows(self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.rows).map(move |row| self.first + row * self.from_row)
    }

    /// The elements of the cells of a row.
    #[inline(always)]
    fn cells(self, row: usize) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.columns).map(move |column| row + column * self.from_column)
    }

    #[inline(always)]
    fn count<T: Float>(self) -> T {
        T::cast_from((self.rows * self.columns).max(1) as f64)
    }
}

/// What is done with windows.
trait Deed<T> {
    /// Does it for `W` channels of a window.
    fn of_channels<const W: usize>(window: &Window, operands: [&[T]; 2], result: &mut [T]);
}

/// Takes the largest cell.
struct Largest;
/// Takes the mean of the cells.
struct Mean;
/// Takes the gradient of the first of the largest cells.
struct OfLargest;
/// Gives the gradient of the place to the first of the largest cells.
struct ToLargest;
/// Gives the gradient of the place to all cells, in equal parts.
struct ToAll;

impl<T: Float> Deed<T> for Largest {
    #[inline(always)]
    fn of_channels<const W: usize>(window: &Window, [x, _]: [&[T]; 2], y: &mut [T]) {
        let largest = largest::<T, W>(window, x);
        y[window.place..][..W].copy_from_slice(&largest);
    }
}

impl<T: Float> Deed<T> for Mean {
    #[inline(always)]
    fn of_channels<const W: usize>(window: &Window, [x, _]: [&[T]; 2], y: &mut [T]) {
        let mut mean = [T::ZERO; W];
        for row in window.rows() {
            for cell in window.cells(row) {
                let x = load::<T, W>(x, cell);
                for lane in 0..W {
                    mean[lane] = mean[lane].add(x[lane]);
                }
            }
        }
        let count = window.count::<T>();
        let mean = mean.map(|sum| sum.div(count));
        y[window.place..][..W].copy_from_slice(&mean);
    }
}

impl<T: Float> Deed<T> for OfLargest {
    #[inline(always)]
    fn of_channels<const W: usize>(window: &Window, [x, dx]: [&[T]; 2], dy: &mut [T]) {
        let largest = largest::<T, W>(window, x);
        let mut taken = [T::ZERO; W];
        // From the last cell to the first, which so has the last word.
        for row in window.rows().rev() {
            for cell in window.cells(row).rev() {
                let (x, dx) = (load::<T, W>(x, cell), load::<T, W>(dx, cell));
                for lane in 0..W {
                    taken[lane] = select(is(x[lane], largest[lane]), dx[lane], taken[lane]);
                }
            }
        }
        dy[window.place..][..W].copy_from_slice(&taken);
    }
}

impl<T: Float> Deed<T> for ToLargest {
    #[inline(always)]
    fn of_channels<const W: usize>(window: &Window, [x, dy]: [&[T]; 2], dx: &mut [T]) {
        let largest = largest::<T, W>(window, x);
        // What is not given yet. Cells of which there is none left get 0, which changes no sum that
        // began with 0.
        let mut left = load::<T, W>(dy, window.place);
        for row in window.rows() {
            for cell in window.cells(row) {
                let x = load::<T, W>(x, cell);
                let mut sums = load::<T, W>(dx, cell);
                for lane in 0..W {
                    let here = is(x[lane], largest[lane]);
                    sums[lane] = sums[lane].add(select(here, left[lane], T::ZERO));
                    left[lane] = select(here, T::ZERO, left[lane]);
                }
                dx[cell..][..W].copy_from_slice(&sums);
            }
        }
    }
}

impl<T: Float> Deed<T> for ToAll {
    #[inline(always)]
    fn of_channels<const W: usize>(window: &Window, [_, dy]: [&[T]; 2], dx: &mut [T]) {
        let count = window.count::<T>();
        let part = load::<T, W>(dy, window.place).map(|dy| dy.div(count));
        for row in window.rows() {
            for cell in window.cells(row) {
                let mut sums = load::<T, W>(dx, cell);
                for lane in 0..W {
                    sums[lane] = sums[lane].add(part[lane]);
                }
                dx[cell..][..W].copy_from_slice(&sums);
            }
        }
    }
}

/// The largest cell of each channel; NaN if any is NaN.
#[inline(always)]
fn largest<T: Float, const W: usize>(window: &Window, x: &[T]) -> [T; W] {
    let mut largest = [T::LOWEST; W];
    for row in window.rows() {
        for cell in window.cells(row) {
            let x = load::<T, W>(x, cell);
            for lane in 0..W {
                largest[lane] = largest[lane].maximum(x[lane]);
            }
        }
    }
    largest
}

/// Whether a cell is one of the largest.
#[inline(always)]
fn is<T: Float>(x: T, largest: T) -> bool {
    (x == largest) | (x.is_nan() & largest.is_nan())
}

#[inline(always)]
fn load<T: Float, const W: usize>(from: &[T], start: usize) -> [T; W] {
    let mut lanes = [T::ZERO; W];
    lanes.copy_from_slice(&from[start..][..W]);
    lanes
}
