//! Patches: the cells of images that belong to the places of a window, as the rows of a matrix.

use std::ops::Range;

use crate::kernels::elementwise::Arithmetic;

/// What belongs to a place: some cells around it.
#[derive(Clone, Debug)]
pub(super) struct Patches {
    /// The height, the width and the channels of an image.
    pub(super) image: [usize; 3],
    /// How many places an image has, down and to the right.
    pub(super) places: [usize; 2],
    /// How many cells lie between neighbouring places, down and to the right.
    pub(super) strides: [usize; 2],
    /// What makes up the row of a place, in this order.
    pub(super) segments: Vec<Segment>,
}

/// Cells side by side of one row of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where the first cell lies, seen from the place.
    pub(super) down: isize,
    pub(super) right: isize,
    pub(super) cells: usize,
    /// The first channel that is taken. Of several cells all channels are.
    pub(super) channel: usize,
    /// How many channels of each cell are taken.
    pub(super) channels: usize,
}

impl Segment {
    fn length(&self) -> usize {
        self.cells * self.channels
    }

    /// Whether all channels of `other` lie right behind those of this one.
    fn is_followed_by(&self, other: &Segment, channels: usize) -> bool {
        let whole = |segment: &Segment| segment.channels == channels;
        whole(self)
            && whole(other)
            && self.down == other.down
            && self.right + self.cells as isize == other.right
    }
}

impl Patches {
    /// Segments that lie side by side in an image become one.
    pub(super) fn joined(mut self) -> Patches {
        let channels = self.image[2];
        self.segments.dedup_by(|next, before| {
            let joins = before.is_followed_by(next, channels);
            before.cells += if joins { next.cells } else { 0 };
            joins
        });
        self
    }

    /// The elements in a row.
    pub(super) fn width(&self) -> usize {
        self.segments.iter().map(Segment::length).sum()
    }

    /// Some of the columns of the matrix.
    pub(super) fn columns(&self, columns: Range<usize>) -> Patches {
        let mut segments = Vec::new();
        let mut start = 0;
        for segment in &self.segments {
            // A cut segment is of one cell, as those are that are not joined.
            let from = columns.start.clamp(start, start + segment.length()) - start;
            let to = columns.end.clamp(start, start + segment.length()) - start;
            if from < to {
                segments.push(Segment {
                    channel: segment.channel + from,
                    channels: to - from,
                    ..*segment
                });
            }
            start += segment.length();
        }
        Patches {
            segments,
            ..self.clone()
        }
    }

    /// Whether the rows are the cells of the images as they lie.
    pub(super) fn are_the_images(&self) -> bool {
        let [height, width, channels] = self.image;
        let whole = Segment {
            down: 0,
            right: 0,
            cells: 1,
            channel: 0,
            channels,
        };
        self.segments == [whole] && self.places == [height, width] && self.strides == [1, 1]
    }

    /// The rows of a range of places: written to `room`, unless they lie in the images.
    pub(super) fn rows<'a, T: Arithmetic>(
        &self,
        images: &'a [T],
        places: Range<usize>,
        room: &'a mut [T],
    ) -> &'a [T] {
        let width = self.width();
        if self.are_the_images() {
            return &images[places.start * width..places.end * width];
        }
        let rows = &mut room[..places.len() * width];
        if width > 0 {
            self.gather(images, places, rows);
        }
        rows
    }

    /// How many places an image has.
    pub(super) fn places_of_image(&self) -> usize {
        self.places[0] * self.places[1]
    }

    /// Writes the rows of a range of places, which are numbered row by row and image by image.
    fn gather<T: Arithmetic>(&self, images: &[T], places: Range<usize>, rows: &mut [T]) {
        let [height, width, channels] = self.image;
        let pitch = self.width();
        let mut rows = rows;
        let mut start = places.start;
        while start < places.end {
            let (line, column) = (start / self.places[1], start % self.places[1]);
            let (image, row) = (line / self.places[0], line % self.places[0]);
            let count = (self.places[1] - column).min(places.end - start);
            let (these, others) = std::mem::take(&mut rows).split_at_mut(count * pitch);
            let pixels = height * width * channels;
            let image = &images[image * pixels..][..pixels];
            self.gather_line(image, [row, column], these);
            rows = others;
            start += count;
        }
    }

    /// Writes the rows of places side by side, of which the first is at this row and column.
    fn gather_line<T: Arithmetic>(&self, image: &[T], [row, column]: [usize; 2], rows: &mut [T]) {
        let [height, width, channels] = self.image;
        let pitch = self.width();
        let mut at = 0;
        for segment in &self.segments {
            let line = (row * self.strides[0]).checked_add_signed(segment.down);
            let line = line.filter(|line| *line < height);
            let line = line.map(|line| &image[line * width * channels..][..width * channels]);
            match line {
                Some(line) => self.gather_segment(segment, line, column, &mut rows[at..]),
                None => {
                    let places = rows.chunks_exact_mut(pitch);
                    places.for_each(|row| row[at..][..segment.length()].fill(T::ZERO));
                }
            }
            at += segment.length();
        }
    }

    /// Copies the cells of a segment out of a line of an image, for each of some places side by side.
    /// Their rows are given from the segment on.
    fn gather_segment<T: Arithmetic>(
        &self,
        segment: &Segment,
        line: &[T],
        column: usize,
        rows: &mut [T],
    ) {
        let [_, width, channels] = self.image;
        let (pitch, stride) = (self.width(), self.strides[1]);
        let places = column..column + rows.len().div_ceil(pitch);
        let inside = self.places_inside(segment, &places);
        let outside = (places.start..inside.start).chain(inside.end..places.end);
        for place in outside {
            let first = signed(place * stride).saturating_add(segment.right);
            let cells = &mut rows[(place - column) * pitch..][..segment.length()];
            copy_inside(segment, line, [width, channels], first, cells);
        }
        if !inside.is_empty() {
            let first = (inside.start * stride).saturating_add_signed(segment.right);
            let runs = Runs {
                length: segment.length(),
                count: inside.len(),
                // With a stride beyond the image there is one run, which steps nowhere.
                steps: [stride.saturating_mul(channels), pitch],
            };
            let from = &line[first * channels + segment.channel..];
            runs.copy(from, &mut rows[(inside.start - column) * pitch..]);
        }
    }

    /// Those of some places side by side for which all cells of a segment lie in the image.
    fn places_inside(&self, segment: &Segment, places: &Range<usize>) -> Range<usize> {
        let [_, width, _] = self.image;
        let stride = self.strides[1];
        let start = segment.right.min(0).unsigned_abs().div_ceil(stride);
        let last = signed(width).saturating_sub(signed(segment.cells));
        let last = usize::try_from(last.saturating_sub(segment.right));
        let end = last.map_or(0, |last| last / stride + 1);
        let start = start.clamp(places.start, places.end);
        start..end.clamp(start, places.end)
    }
}

/// Runs of elements of one length, which are copied from somewhere to somewhere else.
struct Runs {
    length: usize,
    count: usize,
    /// How far apart they begin, there and here.
    steps: [usize; 2],
}

impl Runs {
    fn copy<T: Copy>(&self, from: &[T], to: &mut [T]) {
        // Few elements take less time to copy than to find out how many they are: a length that the
        // compiler knows is a few moves.
        match self.length {
            1 => self.copy_each::<T, 1>(from, to),
            2 => self.copy_each::<T, 2>(from, to),
            3 => self.copy_each::<T, 3>(from, to),
            4 => self.copy_each::<T, 4>(from, to),
            5 => self.copy_each::<T, 5>(from, to),
            6 => self.copy_each::<T, 6>(from, to),
            7 => self.copy_each::<T, 7>(from, to),
            8 => self.copy_each::<T, 8>(from, to),
            9 => self.copy_each::<T, 9>(from, to),
            15 => self.copy_each::<T, 15>(from, to),
            16 => self.copy_each::<T, 16>(from, to),
            length => self.each(from, to, |from, to| {
                to[..length].copy_from_slice(&from[..length]);
            }),
        }
    }

    fn copy_each<T: Copy, const LENGTH: usize>(&self, from: &[T], to: &mut [T]) {
        self.each(from, to, |from, to| {
            to[..LENGTH].copy_from_slice(&from[..LENGTH]);
        });
    }

    #[inline(always)]
    fn each<T>(&self, from: &[T], to: &mut [T], mut copy: impl FnMut(&[T], &mut [T])) {
        for run in 0..self.count {
            let [there, here] = self.steps.map(|step| run * step);
            copy(&from[there..], &mut to[here..]);
        }
    }
}

/// Copies the cells that lie in the line; the others are 0.
fn copy_inside<T: Arithmetic>(
    segment: &Segment,
    line: &[T],
    [width, channels]: [usize; 2],
    first: isize,
    cells: &mut [T],
) {
    let cells = cells.chunks_exact_mut(segment.channels.max(1));
    for (cell, number) in cells.zip(0..) {
        let column = first.saturating_add(number);
        match usize::try_from(column)
            .ok()
            .filter(|column| *column < width)
        {
            Some(column) => {
                let start = column * channels + segment.channel;
                cell.copy_from_slice(&line[start..][..cell.len()]);
            }
            None => cell.fill(T::ZERO),
        }
    }
}

/// A distance. No memory is as large as those that do not fit.
pub(super) fn signed(distance: usize) -> isize {
    isize::try_from(distance).unwrap_or(isize::MAX)
}
