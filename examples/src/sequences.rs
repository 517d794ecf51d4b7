//! The sequences that notebook 003 learns.

use anyhow::Context as _;
use ndarray::{Array1, Array3, Axis, s};
use ndarray_npy::ReadNpyExt as _;

/// Time steps of a sequence.
const LENGTH: usize = 10;
/// Sequences to train on; the rest are for testing.
const TRAIN: usize = 800;
const START: &[u8] = include_bytes!("../data/notebook003_start.npy");

/// Sequences that follow x(t) = 1.1 x(t-1) + 0.3, as `[sequence, time, 1]`.
pub struct Sequences {
    /// `[800, 10, 1]`.
    pub train: Array3<f32>,
    /// `[200, 10, 1]`.
    pub test: Array3<f32>,
}

impl Sequences {
    /// The notebook's 1,000 sequences, bit for bit, in its order and split.
    ///
    /// Fails only if the embedded first values are damaged.
    pub fn load() -> anyhow::Result<Sequences> {
        let start = Array1::<f64>::read_npy(START).context("cannot read the first values")?;
        let (train, test) = start.view().split_at(Axis(0), TRAIN.min(start.len()));
        Ok(Sequences {
            train: continued(&train.to_owned()),
            test: continued(&test.to_owned()),
        })
    }
}

/// Continues each first value to a whole sequence.
///
/// The notebook computes in f64, and TensorFlow rounds to f32 when it is fed.
fn continued(start: &Array1<f64>) -> Array3<f32> {
    let mut sequences = Array3::zeros((start.len(), LENGTH, 1));
    let mut value = start.clone();
    for time in 0..LENGTH {
        let rounded = value.mapv(|value| value as f32);
        sequences.slice_mut(s![.., time, 0]).assign(&rounded);
        value.mapv_inplace(|value| value * 1.1 + 0.3);
    }
    sequences
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, s};

    use super::Sequences;

    #[test]
    fn are_split_as_in_the_notebook() {
        let sequences = Sequences::load().unwrap();
        assert_eq!(sequences.train.dim(), (800, 10, 1));
        assert_eq!(sequences.test.dim(), (200, 10, 1));
    }

    /// The numbers are numpy's for the notebook's lines.
    #[test]
    fn have_the_values_of_the_notebook() {
        let sequences = Sequences::load().unwrap();
        let first = [
            1.624_345_4,
            2.086_779_8,
            2.595_457_8,
            3.155_003_8,
            3.770_504,
            4.447_554_6,
            5.192_31,
            6.011_541,
            6.912_695,
            7.903_964_5,
        ];
        assert_eq!(sequences.train.slice(s![0, .., 0]).to_vec(), first);
        assert_eq!(sequences.test[[0, 9, 0]], -1.159_046_9);
        assert_eq!(sequences.test[[199, 9, 0]], 8.613_345);
        assert!((sum(&sequences.train) - 14_245.998_988_746_9).abs() < 1e-8);
        assert!((sum(&sequences.test) - 3_622.320_807_572_7).abs() < 1e-8);
    }

    fn sum(sequences: &Array3<f32>) -> f64 {
        sequences.iter().map(|&value| f64::from(value)).sum()
    }
}
