//! What the notebooks' networks for MNIST have in common.

use aqueduct::prelude::*;
use ndarray::{Array2, Array3};

use crate::mnist::data_set::DataSet;
use crate::mnist::idx::SIDE;

/// Images of a batch of [`MnistModel::test_accuracy`].
const TEST_BATCH: usize = 500;

/// What a session runs of a network that reads images row by row and tells their digits.
pub struct MnistModel<'g> {
    /// Images, `[batch, 28, 28]`.
    pub x: Tensor<'g, f32>,
    /// Labels, one-hot, `[batch, 10]`.
    pub y: Tensor<'g, f32>,
    /// Logits, `[batch, 10]`.
    pub pred: Tensor<'g, f32>,
    /// The mean loss of the batch.
    pub cost: Tensor<'g, f32>,
    /// A step of training on the batch.
    pub optimizer: Operation<'g>,
    /// The part of the batch that is told right.
    pub accuracy: Tensor<'g, f32>,
}

impl MnistModel<'_> {
    /// The part of the first `images` images that is told right, by batches that fit into memory; NaN
    /// of no image. Fails as a run does.
    pub fn test_accuracy(
        &self,
        sess: &Session,
        test: &DataSet,
        images: usize,
    ) -> anyhow::Result<f32> {
        let images = images.min(test.num_examples());
        let mut right = 0.0;
        for start in (0..images).step_by(TEST_BATCH) {
            let batch = start..images.min(start + TEST_BATCH);
            let test_data = rows_as_steps(test.images(batch.clone()))?;
            let test_label = test.labels(batch.clone());
            let feeds = feed![self.x => &test_data, self.y => &test_label];
            right += sess.run(self.accuracy.scalar(), feeds)? * batch.len() as f32;
        }
        Ok(right / images as f32)
    }
}

/// Images `[images, 784]` as sequences of their rows, `[images, 28, 28]`.
///
/// Fails if the images are not of 784 pixels.
pub fn rows_as_steps(images: Array2<f32>) -> anyhow::Result<Array3<f32>> {
    let count = images.nrows();
    Ok(images.into_shape_with_order((count, SIDE, SIDE))?)
}

#[cfg(test)]
mod tests {
    use aqueduct::Philox;
    use aqueduct::prelude::*;

    use super::{MnistModel, rows_as_steps};
    use crate::mnist::DataSet;
    use crate::mnist::idx::PIXELS;

    #[test]
    fn rows_of_an_image_become_steps() {
        let pixels: Vec<u8> = (0..PIXELS).map(|place| (place / 28) as u8).collect();
        let data = DataSet::new(&pixels, &[0], Philox::new(0, 0));
        let steps = rows_as_steps(data.images(0..1)).unwrap();
        assert_eq!(steps.dim(), (1, 28, 28));
        assert_eq!(
            (steps[[0, 3, 0]], steps[[0, 3, 27]]),
            (3.0 / 255.0, 3.0 / 255.0)
        );
        assert!(rows_as_steps(ndarray::Array2::zeros((2, 783))).is_err());
    }

    /// A model that says 0 whatever it sees.
    #[test]
    fn the_accuracy_counts_every_image_alike() {
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?, 28, 28]);
        let y = g.placeholder::<f32>("y", shape![?, 10]);
        let pred = g.zeros::<f32>(sizes![x.size_of(0), 10]);
        let cost = softmax_cross_entropy_with_logits(y, pred).reduce_mean(..);
        let correct_pred = pred.argmax(1).equal(y.argmax(1));
        let model = MnistModel {
            x,
            y,
            pred,
            cost,
            optimizer: cost.op(),
            accuracy: correct_pred.cast::<f32>().reduce_mean(..),
        };
        let mut digits = [1; 504];
        digits[500] = 0; // The only one in the second batch.
        let data = DataSet::new(&[0; 504 * PIXELS], &digits, Philox::new(0, 0));
        let accuracy = |images| {
            model
                .test_accuracy(&Session::new(&g), &data, images)
                .unwrap()
        };
        assert_eq!(accuracy(500), 0.0);
        assert!((accuracy(501) - 1.0 / 501.0).abs() < 1e-6);
        assert!((accuracy(9_000) - 1.0 / 504.0).abs() < 1e-6);
    }
}
