//! The handwritten digits of MNIST, as TensorFlow 1's tutorials read them.

mod data_set;
mod idx;
mod model;
mod options;

use std::path::{Path, PathBuf};

use anyhow::ensure;
use aqueduct::Philox;

pub use data_set::DataSet;
pub use model::{MnistModel, rows_as_steps};
pub use options::MnistOptions;

/// Training images that are kept for validation: the first ones.
const VALIDATION: usize = 5000;
/// The stream of the generator that shuffles: no random operation of a graph, of which the first has
/// the number 0, comes as far.
const SHUFFLING: u64 = u64::MAX;

/// The three sets of MNIST, of images of 28 by 28 pixels and the digits that they show.
pub struct Mnist {
    /// What to learn from.
    pub train: DataSet,
    /// The first 5,000 images of the training files.
    pub validation: DataSet,
    /// By other writers than the rest.
    pub test: DataSet,
}

impl Mnist {
    /// Reads the files of a directory. TensorFlow's `input_data.read_data_sets` with `one_hot=True`.
    ///
    /// A file is `train-images-idx3-ubyte.gz`, or the same without `.gz` if that is not there.
    /// Batches are shuffled by `seed`. Fails if a file is missing, damaged or of another format, if
    /// images and labels do not belong together, and if nothing is left to train on.
    pub fn read_data_sets(directory: &Path, seed: u64) -> anyhow::Result<Mnist> {
        let shuffling = Philox::new(seed, SHUFFLING);
        let (images, labels) = idx::read_pair(directory, "train")?;
        ensure!(
            labels.len() > VALIDATION,
            "{} training images in {} are too few: {VALIDATION} are for validation",
            labels.len(),
            directory.display()
        );
        let (validation, train) = images.split_at(VALIDATION * idx::PIXELS);
        let (validation_labels, train_labels) = labels.split_at(VALIDATION);
        let (test, test_labels) = idx::read_pair(directory, "t10k")?;
        Ok(Mnist {
            train: DataSet::new(train, train_labels, shuffling.clone()),
            validation: DataSet::new(validation, validation_labels, shuffling.clone()),
            test: DataSet::new(&test, &test_labels, shuffling),
        })
    }

    /// The directory of the copy that this repository ships.
    pub fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist")
    }
}

#[cfg(test)]
mod tests {
    use super::{Mnist, idx};

    #[test]
    fn the_shipped_files_are_mnist() {
        let check = |set: &str, sum: u64, counts: [usize; idx::CLASSES], first: [u8; 10]| {
            let (images, labels) = idx::read_pair(&Mnist::shipped(), set).unwrap();
            assert_eq!(
                images.iter().map(|pixel| u64::from(*pixel)).sum::<u64>(),
                sum
            );
            let mut found = [0; idx::CLASSES];
            labels
                .iter()
                .for_each(|label| found[usize::from(*label)] += 1);
            assert_eq!(found, counts);
            assert_eq!(labels[..10], first);
        };
        check(
            "train",
            1_567_298_545,
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
        );
        check(
            "t10k",
            264_923_200,
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
            [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
        );
    }

    #[test]
    fn too_few_training_images_are_refused() {
        let directory = idx::tests::two_examples();
        let result = Mnist::read_data_sets(directory.path(), 0);
        let error = result.err().map(|error| format!("{error:#}"));
        let error = error.unwrap_or_default();
        assert!(error.contains("2 training images in"), "{error}");
    }
}
