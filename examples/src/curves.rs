//! Loss and accuracy in the course of a training.

use anyhow::Context as _;
use serde::Deserialize;

use crate::chart::Chart;
use crate::options::Options;

/// The name of the notebook's series.
const PRINTED: &str = "printed by the notebook";

/// What a training on labelled examples printed: losses and accuracies of batches, by the number of
/// examples seen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Curves {
    /// (examples, loss).
    pub losses: Vec<(f64, f64)>,
    /// (examples, the part of the batch that is told right).
    pub accuracies: Vec<(f64, f64)>,
}

impl Curves {
    /// What notebook 001 prints, to six digits; its pages end after the first quarter.
    pub fn printed_static_rnn() -> anyhow::Result<Curves> {
        parse(include_str!("../data/notebook001_printed.json"))
    }

    /// What notebook 004 prints: losses to six places, accuracies to five.
    pub fn printed_dynamic_rnn() -> anyhow::Result<Curves> {
        parse(include_str!("../data/notebook004_printed.json"))
    }

    /// Adds the loss and the accuracy of the batch after which so many examples were seen.
    pub fn push(&mut self, examples: usize, loss: f32, accuracy: f32) {
        let examples = examples as f64;
        self.losses.push((examples, f64::from(loss)));
        self.accuracies.push((examples, f64::from(accuracy)));
    }

    /// Draws `{name}_loss.png` and `{name}_accuracy.png`, the printed figures of a notebook beside
    /// them, and prints where they are.
    ///
    /// Fails if there is nothing to draw, or a file cannot be written.
    #[allow(clippy::print_stdout, reason = "a notebook prints its figures")]
    pub fn save(
        &self,
        options: &Options,
        name: &str,
        title: &str,
        printed: &Curves,
    ) -> anyhow::Result<()> {
        let chart =
            |what: &str| Chart::new(title).axes("images seen", format!("{what} of a batch"));
        let loss = chart("loss")
            .log_y()
            .line("here", self.losses.iter().copied())
            .points(PRINTED, printed.losses.iter().copied());
        let accuracy = chart("accuracy")
            .line("here", self.accuracies.iter().copied())
            .points(PRINTED, printed.accuracies.iter().copied());
        for (chart, what) in [(loss, "loss"), (accuracy, "accuracy")] {
            let path = options.output(&format!("{name}_{what}.png"));
            chart.save(&path)?;
            println!("chart: {}", path.display());
        }
        Ok(())
    }
}

fn parse(json: &str) -> anyhow::Result<Curves> {
    serde_json::from_str(json).context("cannot read the embedded curves")
}

#[cfg(test)]
mod tests {
    use super::Curves;

    #[test]
    fn printed_curves_are_the_notebooks() {
        let printed = Curves::printed_static_rnn().unwrap();
        assert_eq!((printed.losses.len(), printed.accuracies.len()), (19, 19));
        assert_eq!(printed.losses[0], (1280.0, 1.91178));
        assert_eq!(printed.accuracies[18], (24320.0, 0.859375));

        let printed = Curves::printed_dynamic_rnn().unwrap();
        assert_eq!((printed.losses.len(), printed.accuracies.len()), (99, 99));
        assert_eq!(printed.losses[0], (1000.0, 1.933472));
        assert_eq!(printed.accuracies[98], (99000.0, 0.98));
    }

    #[test]
    fn a_push_goes_to_both() {
        let mut curves = Curves::default();
        curves.push(100, 0.5, 0.75);
        assert_eq!(curves.losses, [(100.0, 0.5)]);
        assert_eq!(curves.accuracies, [(100.0, 0.75)]);
    }
}
