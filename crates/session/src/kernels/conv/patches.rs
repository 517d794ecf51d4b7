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
            let places = rows.chunks_exact_mut(pitch).zip(column..);
            let places = places.map(|(row, column)| (&mut row[at..][..segment.length()], column));
            match line {
                Some(line) => self.gather_segment(segment, line, places),
                None => places.for_each(|(cells, _)| cells.fill(T::ZERO)),
            }
            at += segment.length();
        }
    }

    /// Copies the cells of a segment out of a line of an image, for each of some places.
    fn gather_segment<'a, T: Arithmetic>(
        &self,
        segment: &Segment,
        line: &[T],
        places: impl Iterator<Item = (&'a mut [T], usize)>,
    ) {
        let [_, width, channels] = self.image;
        for (cells, column) in places {
            let first = signed(column * self.strides[1]).saturating_add(segment.right);
            let inside = usize::try_from(first).ok();
            match inside.filter(|first| first + segment.cells <= width) {
                Some(first) => {
                    let start = first * channels + segment.channel;
                    copy(&line[start..][..cells.len()], cells);
                }
                None => copy_inside(segment, line, [width, channels], first, cells),
            }
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
                copy(&line[start..][..cell.len()], cell);
            }
            None => cell.fill(T::ZERO),
        }
    }
}

/// Copies few elements without the call that many are worth.
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    const FEW: usize = 8;
    if from.len() > FEW {
        to.copy_from_slice(from);
    } else {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
}

/// A distance. No memory is as large as those that do not fit.
pub(super) fn signed(distance: usize) -> isize {
    isize::try_from(distance).unwrap_or(isize::MAX)
}
