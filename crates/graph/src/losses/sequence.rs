//! The loss of sequences of classifications.

use crate::build::{Axes, sparse_softmax_cross_entropy_with_logits};
use crate::element::{Float, Index};
use crate::handle::Tensor;
use crate::mistake::Problem;
use crate::shape::Shape;

/// The weighted mean of the cross entropies of all steps of all sequences: `logits` are
/// `[batch, time, classes]`, `targets` and `weights` `[batch, time]`. TensorFlow's
/// `contrib.seq2seq.sequence_loss`.
///
/// Weights of 1 up to the length of each sequence and 0 from there on leave the padding out:
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let logits = g.placeholder::<f32>("logits", shape![?, 20, 1000]);
/// let targets = g.placeholder::<i32>("targets", shape![?, 20]);
/// let lengths = g.placeholder::<i32>("lengths", shape![?]);
/// let weights = lengths.sequence_mask_as::<f32>(20);
/// let loss = losses::sequence_loss(logits, targets, weights);
/// assert_eq!(loss.shape().rank(), 0);
/// ```
///
/// It joins no collection, as in TensorFlow. A target that is no class is an error of the run, also
/// where its weight is 0. Where all weights are 0 the loss is 0.
#[track_caller]
pub fn sequence_loss<'g, T: Float, I: Index>(
    logits: Tensor<'g, T>,
    targets: Tensor<'g, I>,
    weights: Tensor<'g, T>,
) -> Tensor<'g, T> {
    sequence_loss_with(logits, targets, weights, SequenceLossOptions::new())
}

/// [`sequence_loss`] of each step, of each sequence, or of each step of each sequence.
#[track_caller]
pub fn sequence_loss_with<'g, T: Float, I: Index>(
    logits: Tensor<'g, T>,
    targets: Tensor<'g, I>,
    weights: Tensor<'g, T>,
    options: SequenceLossOptions,
) -> Tensor<'g, T> {
    let graph = logits.graph();
    let _here = graph.here();
    let like = logits.any();
    let poisoned = logits.is_poisoned() || targets.is_poisoned() || weights.is_poisoned();
    let shapes = [logits.shape(), targets.shape(), weights.shape()];
    let problem = shapes_problem(&shapes).filter(|_| !poisoned);
    let name = "sequence_loss";
    let reduction = match (problem, options.reduction()) {
        (Some(problem), _) | (None, Err(problem)) => {
            let problem = problem
                .operand("logits", like)
                .operand("targets", targets.any())
                .operand("weights", weights.any());
            return Tensor::assume(graph.poisoned_like(like, name, name, problem));
        }
        (None, Ok(reduction)) => reduction,
    };
    let _scope = graph.open_scope(name);
    let losses = sparse_softmax_cross_entropy_with_logits(targets, logits) * weights;
    reduction.apply(losses, weights)
}

/// Settings of [`sequence_loss_with`]: what becomes of the two axes of the losses. Each is averaged,
/// summed or left. A sum is divided by the number of weights that are not 0, a mean by the sum of the
/// weights: where these are 0 and 1, both are the same.
///
/// ```
/// use aqueduct_graph::losses::{self, SequenceLossOptions};
/// use aqueduct_graph::{Graph, shape};
///
/// let g = Graph::new();
/// let logits = g.placeholder::<f32>("logits", shape![4, 20, 1000]);
/// let targets = g.placeholder::<i32>("targets", shape![4, 20]);
/// let weights = g.ones::<f32>([4, 20]);
/// let options = SequenceLossOptions::new().average_across_batch(false);
/// let of_each_sequence = losses::sequence_loss_with(logits, targets, weights, options);
/// assert_eq!(of_each_sequence.shape().to_string(), "[4]");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SequenceLossOptions {
    average: Across,
    sum: Across,
}

/// Which axes are meant.
#[derive(Clone, Copy, Debug, Default)]
struct Across {
    timesteps: bool,
    batch: bool,
}

impl SequenceLossOptions {
    /// One mean of all steps of all sequences.
    pub fn new() -> SequenceLossOptions {
        SequenceLossOptions {
            average: Across {
                timesteps: true,
                batch: true,
            },
            sum: Across::default(),
        }
    }

    /// Whether the losses of a sequence are averaged over its steps.
    #[must_use]
    pub fn average_across_timesteps(mut self, average: bool) -> SequenceLossOptions {
        self.average.timesteps = average;
        self
    }

    /// Whether the losses of a step are averaged over the sequences.
    #[must_use]
    pub fn average_across_batch(mut self, average: bool) -> SequenceLossOptions {
        self.average.batch = average;
        self
    }

    /// Whether the losses of a sequence are summed over its steps, and divided by the number of
    /// weights that are not 0. Excludes the averages, which are to be switched off.
    #[must_use]
    pub fn sum_over_timesteps(mut self, sum: bool) -> SequenceLossOptions {
        self.sum.timesteps = sum;
        self
    }

    /// Whether the losses of a step are summed over the sequences, and divided by the number of
    /// weights that are not 0. Excludes the averages, which are to be switched off.
    #[must_use]
    pub fn sum_over_batch(mut self, sum: bool) -> SequenceLossOptions {
        self.sum.batch = sum;
        self
    }

    fn reduction(self) -> Result<SequenceReduction, Problem> {
        let denominator = match (self.average.any(), self.sum.any()) {
            (true, true) => {
                let message = "losses cannot be averaged and summed at once";
                let help =
                    "set `average_across_timesteps` and `average_across_batch` to false to sum";
                return Err(Problem::argument(message).help(help));
            }
            (_, false) => Denominator::TotalWeight,
            (false, true) => Denominator::NonzeroWeights,
        };
        let timesteps = self.average.timesteps || self.sum.timesteps;
        let batch = self.average.batch || self.sum.batch;
        let axes = [(batch, 0), (timesteps, 1)];
        let axes = axes.into_iter().filter(|(reduced, _)| *reduced);
        Ok(SequenceReduction {
            axes: axes.map(|(_, axis)| axis).collect(),
            denominator,
        })
    }
}

impl Default for SequenceLossOptions {
    fn default() -> Self {
        SequenceLossOptions::new()
    }
}

impl Across {
    fn any(self) -> bool {
        self.timesteps || self.batch
    }
}

struct SequenceReduction {
    axes: Vec<i64>,
    denominator: Denominator,
}

enum Denominator {
    TotalWeight,
    NonzeroWeights,
}

impl SequenceReduction {
    #[track_caller]
    fn apply<'g, T: Float>(self, losses: Tensor<'g, T>, weights: Tensor<'g, T>) -> Tensor<'g, T> {
        if self.axes.is_empty() {
            return losses;
        }
        let counted = match self.denominator {
            Denominator::TotalWeight => weights,
            Denominator::NonzeroWeights => weights.not_equal(T::from_f64(0.0)).cast(),
        };
        let axes = Axes::These(self.axes);
        losses
            .reduce_sum(axes.clone())
            .div_no_nan(counted.reduce_sum(axes))
    }
}

fn shapes_problem([logits, targets, weights]: &[Shape; 3]) -> Option<Problem> {
    let steps = logits.dims().get(..2).filter(|_| logits.rank() == 3);
    let Some(steps) = steps.map(|steps| Shape::new(steps.to_vec())) else {
        let message = format!("logits have shape {logits} but must be [batch, time, classes]");
        return Some(Problem::shape(message));
    };
    let wrong = [("targets", targets), ("weights", weights)];
    let (role, shape) = wrong
        .into_iter()
        .find(|(_, shape)| !shape.compatible(&steps))?;
    let message = format!("{role} have shape {shape} but logits have shape {logits}");
    Some(Problem::shape(message).help(format!("{role} are [batch, time], here {steps}")))
}
