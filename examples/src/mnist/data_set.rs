//! Images with their labels, given out as floats.

use std::ops::Range;

use aqueduct::Philox;
use ndarray::Array2;
use rand::seq::SliceRandom as _;

use crate::mnist::idx::{CLASSES, PIXELS};

/// Images and the digits that they show.
///
/// Pixels are given out as floats from 0 to 1, 784 an image, and digits one-hot, ten numbers each;
/// kept are bytes, a quarter of the memory.
pub struct DataSet {
    /// Image after image.
    pixels: Vec<u8>,
    /// A digit for each image.
    digits: Vec<u8>,
    /// The images of this epoch in their order, and how many of them were given out.
    order: Vec<usize>,
    given: usize,
    rng: Philox,
}

impl DataSet {
    /// A set of images of 784 pixels with a digit each, whose batches `rng` shuffles.
    pub(super) fn new(pixels: &[u8], digits: &[u8], rng: Philox) -> DataSet {
        DataSet {
            pixels: pixels.to_vec(),
            digits: digits.to_vec(),
            order: (0..digits.len()).collect(),
            given: digits.len(), // The first batch begins an epoch, so it shuffles.
            rng,
        }
    }

    /// The next images, `[batch_size, 784]`, and their labels, `[batch_size, 10]`.
    ///
    /// Every image comes once an epoch, in an order drawn anew. A batch in which an epoch ends goes
    /// on with the next one.
    pub fn next_batch(&mut self, batch_size: usize) -> (Array2<f32>, Array2<f32>) {
        let batch: Vec<usize> = (0..batch_size).filter_map(|_| self.next_image()).collect();
        (self.images_of(&batch), self.labels_of(&batch))
    }

    /// Images in the order of the file, `[images, 784]`; a range ends at the last image, as slices
    /// do in Python.
    pub fn images(&self, range: Range<usize>) -> Array2<f32> {
        self.images_of(&self.within(range))
    }

    /// The labels of the same images, `[images, 10]`.
    pub fn labels(&self, range: Range<usize>) -> Array2<f32> {
        self.labels_of(&self.within(range))
    }

    /// The number of images.
    pub fn num_examples(&self) -> usize {
        self.digits.len()
    }

    /// The shape of all images: (images, 784).
    pub fn images_shape(&self) -> (usize, usize) {
        (self.num_examples(), PIXELS)
    }

    /// The shape of all labels: (images, 10).
    pub fn labels_shape(&self) -> (usize, usize) {
        (self.num_examples(), CLASSES)
    }

    /// The number of the next image; `None` if there is no image at all.
    fn next_image(&mut self) -> Option<usize> {
        if self.given == self.order.len() {
            self.order.shuffle(&mut self.rng);
            self.given = 0;
        }
        let image = self.order.get(self.given).copied()?;
        self.given += 1;
        Some(image)
    }

    fn within(&self, range: Range<usize>) -> Vec<usize> {
        (range.start..range.end.min(self.num_examples())).collect()
    }

    fn images_of(&self, numbers: &[usize]) -> Array2<f32> {
        Array2::from_shape_fn((numbers.len(), PIXELS), |(row, pixel)| {
            f32::from(self.pixels[numbers[row] * PIXELS + pixel]) / 255.0
        })
    }

    fn labels_of(&self, numbers: &[usize]) -> Array2<f32> {
        Array2::from_shape_fn((numbers.len(), CLASSES), |(row, class)| {
            let is_this = usize::from(self.digits[numbers[row]]) == class;
            f32::from(u8::from(is_this))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aqueduct::Philox;
    use ndarray::Array2;

    use super::{DataSet, PIXELS};

    /// Images of one grey each, by which they can be told: 0, 1, 2, …
    fn greys(count: u8) -> DataSet {
        let pixels: Vec<u8> = (0..count).flat_map(|grey| [grey; PIXELS]).collect();
        let digits: Vec<u8> = (0..count).map(|grey| grey % 10).collect();
        DataSet::new(&pixels, &digits, Philox::new(0, 0))
    }

    /// Which image each row is, checked by its label.
    fn numbers((images, labels): &(Array2<f32>, Array2<f32>)) -> Vec<u8> {
        let rows = images.rows().into_iter().zip(labels.rows());
        rows.map(|(image, label)| {
            let number = (image[0] * 255.0).round() as u8;
            assert!(image.iter().all(|pixel| *pixel == image[0]));
            assert_eq!(label.sum(), 1.0);
            assert_eq!(label[usize::from(number % 10)], 1.0);
            number
        })
        .collect()
    }

    #[test]
    fn an_epoch_gives_every_image_once_in_another_order_than_the_last() {
        let mut data = greys(12);
        let mut epoch =
            || -> Vec<u8> { (0..3).flat_map(|_| numbers(&data.next_batch(4))).collect() };
        let (first, second) = (epoch(), epoch());
        let all: BTreeSet<u8> = (0..12).collect();
        assert_eq!(BTreeSet::from_iter(first.iter().copied()), all);
        assert_eq!(BTreeSet::from_iter(second.iter().copied()), all);
        assert_ne!(first, second);
        assert!(!first.is_sorted(), "the first epoch is shuffled too");
    }

    #[test]
    fn a_batch_takes_the_rest_of_an_epoch_and_begins_the_next() {
        let mut data = greys(10);
        let mut drawn = Vec::new();
        for _ in 0..5 {
            let batch = numbers(&data.next_batch(4));
            assert_eq!(batch.len(), 4);
            drawn.extend(batch);
        }
        for epoch in drawn.chunks(10) {
            assert_eq!(BTreeSet::from_iter(epoch).len(), 10, "{epoch:?}");
        }
    }

    #[test]
    fn a_seed_fixes_the_order() {
        let (mut one, mut other) = (greys(50), greys(50));
        assert_eq!(one.next_batch(70), other.next_batch(70));
    }

    #[test]
    fn ranges_are_in_the_order_of_the_file_and_end_with_it() {
        let data = greys(10);
        let range =
            |range: std::ops::Range<usize>| (data.images(range.clone()), data.labels(range));
        assert_eq!(numbers(&range(7..20)), [7, 8, 9]);
        assert!(numbers(&range(10..20)).is_empty());
        assert_eq!(
            (data.images_shape(), data.labels_shape()),
            ((10, 784), (10, 10))
        );
    }

    #[test]
    fn pixels_are_from_0_to_1() {
        let data = DataSet::new(
            &[[0; PIXELS], [255; PIXELS]].concat(),
            &[3, 4],
            Philox::new(0, 0),
        );
        let images = data.images(0..2);
        assert_eq!((images[[0, 5]], images[[1, 783]]), (0.0, 1.0));
    }
}
