//! Where the windows of a pooling lie.

use std::ops::Range;

use aqueduct_graph::ir::{Extent, Windows};

/// The windows of a batch of images.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) images: usize,
    /// The height, the width and the channels of an image.
    pub(super) image: [usize; 3],
    /// The rows of an image that the windows of each row of places have.
    pub(super) rows: Vec<Range<usize>>,
    /// The columns of an image that the windows of each column of places have.
    pub(super) columns: Vec<Range<usize>>,
}

impl Places {
    pub(super) fn new(windows: &Windows, sizes: &[usize]) -> Option<Places> {
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

    pub(super) fn channels(&self) -> usize {
        self.image[2]
    }

    /// The elements of an image.
    pub(super) fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    /// The elements of a row of places.
    pub(super) fn row_len(&self) -> usize {
        self.columns.len() * self.channels()
    }

    /// How many cells the windows have in all.
    pub(super) fn work(&self) -> usize {
        let cells = |ranges: &[Range<usize>]| ranges.iter().map(Range::len).sum::<usize>();
        let image = cells(&self.rows).saturating_mul(cells(&self.columns));
        self.images
            .saturating_mul(self.channels())
            .saturating_mul(image)
    }
}
