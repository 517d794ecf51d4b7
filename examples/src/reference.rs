//! The losses that an example is held against: printed by a notebook, or given by TensorFlow.

use std::fmt;

use anyhow::Context as _;
use serde::Deserialize;

use crate::general::general;

/// The losses of one training run, and of its test.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reference {
    /// The loss on the training data after each step, from step 1.
    pub losses: Vec<f64>,
    /// The loss on the test data after 100 steps.
    pub test_loss: f64,
}

impl Reference {
    /// What notebook 003 prints for its RNN: 44 steps, to six digits.
    pub fn printed_rnn() -> anyhow::Result<Reference> {
        Ok(Printed::load()?.rnn)
    }

    /// What notebook 003 prints for its LSTM: 43 steps, to six digits.
    pub fn printed_lstm() -> anyhow::Result<Reference> {
        Ok(Printed::load()?.lstm)
    }

    /// TensorFlow 2.15 on notebook 003's RNN: 100 steps.
    pub fn tensorflow_rnn() -> anyhow::Result<Reference> {
        parse(include_str!("../data/notebook003_rnn.json"))
    }

    /// TensorFlow 2.15 on notebook 003's LSTM as printed, `f = tf.sigmoid(g)`: 100 steps.
    pub fn tensorflow_lstm() -> anyhow::Result<Reference> {
        parse(include_str!("../data/notebook003_lstm_bug.json"))
    }

    /// TensorFlow 2.15 on notebook 003's LSTM with `f = tf.sigmoid(f)`: 100 steps.
    pub fn tensorflow_lstm_fixed() -> anyhow::Result<Reference> {
        parse(include_str!("../data/notebook003_lstm_fixed.json"))
    }

    /// The losses over their steps, for a chart.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        (1_u32..).map(f64::from).zip(self.losses.iter().copied())
    }

    /// Compares the losses of a run, from step 1, as far as both go.
    pub fn compare(&self, losses: &[f32]) -> Agreement {
        let mut agreement = Agreement::default();
        for (&expected, &loss) in self.losses.iter().zip(losses) {
            agreement.add(expected, f64::from(loss));
        }
        agreement
    }
}

/// How well the losses of a run agree with a reference; prints as one line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Steps that both have.
    pub steps: usize,
    /// Steps whose losses print alike, to the notebook's six digits.
    pub same_in_print: usize,
    /// The largest |difference| / |reference|; NaN if a loss is.
    pub largest_relative_difference: f64,
    /// The step of the largest difference, from 1; 0 if no step differs.
    pub at_step: usize,
}

impl Agreement {
    fn add(&mut self, expected: f64, loss: f64) {
        self.steps += 1;
        self.same_in_print += usize::from(general(expected, 6) == general(loss, 6));
        let difference = ((loss - expected) / expected).abs();
        let largest = self.largest_relative_difference;
        // A NaN is the worst there is, and stays.
        if difference > largest || (difference.is_nan() && !largest.is_nan()) {
            self.largest_relative_difference = difference;
            self.at_step = self.steps;
        }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} steps equal in all six printed digits, largest relative difference {}",
            self.same_in_print,
            self.steps,
            general(self.largest_relative_difference, 2),
        )?;
        if self.at_step > 0 {
            write!(f, " (step {})", self.at_step)?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Printed {
    rnn: Reference,
    lstm: Reference,
}

impl Printed {
    fn load() -> anyhow::Result<Printed> {
        parse(include_str!("../data/notebook003_printed.json"))
    }
}

fn parse<T: for<'de> Deserialize<'de>>(json: &str) -> anyhow::Result<T> {
    serde_json::from_str(json).context("cannot read the embedded reference losses")
}

#[cfg(test)]
mod tests {
    use super::Reference;

    /// The printed losses against TensorFlow's: this many steps in all, this many alike in print.
    #[track_caller]
    fn check(printed: &Reference, tensorflow: &Reference, steps: usize, same: usize) {
        let losses: Vec<f32> = tensorflow.losses.iter().map(|&loss| loss as f32).collect();
        assert_eq!(losses.len(), 100);
        let agreement = printed.compare(&losses);
        assert_eq!((agreement.steps, agreement.same_in_print), (steps, same));
        assert!(agreement.largest_relative_difference < 1e-5, "{agreement}");
        assert!((printed.test_loss - tensorflow.test_loss).abs() < 5e-7);
    }

    #[test]
    fn tensorflow_repeats_the_printed_rnn() {
        let tensorflow = Reference::tensorflow_rnn().unwrap();
        check(&Reference::printed_rnn().unwrap(), &tensorflow, 44, 40);
    }

    #[test]
    fn tensorflow_repeats_the_printed_lstm() {
        let tensorflow = Reference::tensorflow_lstm().unwrap();
        check(&Reference::printed_lstm().unwrap(), &tensorflow, 43, 41);
    }

    #[test]
    fn the_fixed_lstm_is_another_run() {
        let fixed = Reference::tensorflow_lstm_fixed().unwrap();
        assert_eq!(fixed.losses.len(), 100);
        assert!((fixed.test_loss - 0.428_411).abs() < 5e-7);
    }

    fn reference() -> Reference {
        Reference {
            losses: vec![4.0, 2.0, 1.0],
            test_loss: 0.5,
        }
    }

    #[test]
    fn points_start_at_step_one() {
        let points: Vec<_> = reference().points().collect();
        assert_eq!(points, [(1.0, 4.0), (2.0, 2.0), (3.0, 1.0)]);
    }

    #[test]
    fn agreement_names_the_worst_step() {
        assert_eq!(
            reference().compare(&[4.0, 2.5]).to_string(),
            "1 of 2 steps equal in all six printed digits, \
             largest relative difference 0.25 (step 2)"
        );
        assert_eq!(
            reference().compare(&[4.0, 2.0, 1.0]).to_string(),
            "3 of 3 steps equal in all six printed digits, largest relative difference 0"
        );
    }

    #[test]
    fn agreement_does_not_pass_over_a_nan() {
        let agreement = reference().compare(&[4.5, f32::NAN, 9.0]);
        assert!(agreement.largest_relative_difference.is_nan());
        assert_eq!(agreement.at_step, 2);
    }
}
