//! Losses of classifications.

use super::options::{LossOptions, Weights};
use super::weighted::{checked_loss, weighted_loss};
use crate::build::{
    shapes_differ, sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
};
use crate::element::{Float, Index};
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::shape::Dim;

/// The mean of the cross entropies of labels, the probability that each holds, and the sigmoids of
/// their logits; a scalar. TensorFlow's `losses.sigmoid_cross_entropy`.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 5]);
/// let logits = g.placeholder::<f32>("logits", shape![?, 5]);
/// let loss = losses::sigmoid_cross_entropy(labels, logits);
/// assert_eq!(loss.name(), "sigmoid_cross_entropy_loss/value:0");
/// ```
#[track_caller]
pub fn sigmoid_cross_entropy<'g, T: Float>(
    multi_class_labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
) -> Tensor<'g, T> {
    sigmoid_cross_entropy_with(multi_class_labels, logits, 0.0, LossOptions::new())
}

/// [`sigmoid_cross_entropy`] of labels moved towards 1/2 by the part `label_smoothing`, a number in
/// 0..=1; with weights, or reduced otherwise.
#[track_caller]
pub fn sigmoid_cross_entropy_with<'g, T: Float>(
    multi_class_labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
    label_smoothing: f64,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let labels = multi_class_labels;
    let name = "sigmoid_cross_entropy_loss";
    let problem = problem_of(labels, logits, label_smoothing);
    checked_loss(name, problem, logits, &options, || {
        let smooth = if label_smoothing > 0.0 {
            labels * T::from_f64(1.0 - label_smoothing) + T::from_f64(0.5 * label_smoothing)
        } else {
            labels
        };
        let losses = sigmoid_cross_entropy_with_logits(smooth, logits);
        weighted_loss(name, losses, &options)
    })
}

/// The mean of the cross entropies of the rows of `onehot_labels`, each a distribution over the
/// classes, and the softmax of the same rows of `logits`, both `[.., classes]`; a scalar. No gradient
/// flows to the labels. TensorFlow's `losses.softmax_cross_entropy`.
///
/// ```
/// use aqueduct_graph::losses::{self, LossOptions};
/// use aqueduct_graph::{Graph, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 10]);
/// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
/// let loss = losses::softmax_cross_entropy(labels, logits);
/// assert_eq!(loss.name(), "softmax_cross_entropy_loss/value:0");
///
/// let rows = g.placeholder::<f32>("rows", shape![?]);
/// let options = LossOptions::new().weights(rows);
/// let smoothed = losses::softmax_cross_entropy_with(labels, logits, 0.1, options);
/// # let _ = smoothed;
/// ```
#[track_caller]
pub fn softmax_cross_entropy<'g, T: Float>(
    onehot_labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
) -> Tensor<'g, T> {
    softmax_cross_entropy_with(onehot_labels, logits, 0.0, LossOptions::new())
}

/// [`softmax_cross_entropy`] of labels moved towards equal probabilities by the part
/// `label_smoothing`, a number in 0..=1; with weights, or reduced otherwise. Weights are of the losses,
/// one for each row: `[batch]`.
#[track_caller]
pub fn softmax_cross_entropy_with<'g, T: Float>(
    onehot_labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
    label_smoothing: f64,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let labels = onehot_labels;
    let name = "softmax_cross_entropy_loss";
    let problem = problem_of(labels, logits, label_smoothing);
    checked_loss(name, problem, logits, &options, || {
        let smooth = if label_smoothing > 0.0 {
            let classes = labels.size_of(-1).cast::<T>();
            let share = logits
                .any()
                .graph()
                .number(T::DTYPE, label_smoothing, "Const");
            labels * T::from_f64(1.0 - label_smoothing) + Tensor::assume(share) / classes
        } else {
            labels
        };
        let losses = softmax_cross_entropy_with_logits(smooth, logits);
        weighted_loss(name, losses, &options)
    })
}

/// The mean of the cross entropies where one class is right for each row: `labels` are numbers of
/// classes, `[..]`, `logits` are `[.., classes]`; a scalar. A label that is no class is an error of the
/// run. TensorFlow's `losses.sparse_softmax_cross_entropy`.
///
/// Labels may have one more axis of size 1, as `[batch, 1]`.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<i64>("labels", shape![?]);
/// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
/// let loss = losses::sparse_softmax_cross_entropy(labels, logits);
/// assert_eq!(loss.name(), "sparse_softmax_cross_entropy_loss/value:0");
/// ```
#[track_caller]
pub fn sparse_softmax_cross_entropy<'g, T: Float, I: Index>(
    labels: Tensor<'g, I>,
    logits: Tensor<'g, T>,
) -> Tensor<'g, T> {
    sparse_softmax_cross_entropy_with(labels, logits, LossOptions::new())
}

/// [`sparse_softmax_cross_entropy`] with weights, or reduced otherwise. Weights too may have one more
/// axis of size 1.
#[track_caller]
pub fn sparse_softmax_cross_entropy_with<'g, T: Float, I: Index>(
    labels: Tensor<'g, I>,
    logits: Tensor<'g, T>,
    mut options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let graph = logits.graph();
    let _here = graph.here();
    let name = "sparse_softmax_cross_entropy_loss";
    let rows = logits.shape().rank().saturating_sub(1);
    let _scope = options.open_scope(graph, name);
    let labels: Tensor<'g, I> = Tensor::assume(without_last_one(labels.any(), rows));
    if let Weights::Tensor(weights) = options.weights {
        options.weights = Weights::Tensor(without_last_one(weights, rows));
    }
    let losses = sparse_softmax_cross_entropy_with_logits(labels, logits);
    weighted_loss(name, losses, &options)
}

/// Without its last axis, if that is of size 1 and one too many.
#[track_caller]
fn without_last_one(x: AnyTensor<'_>, rank: usize) -> AnyTensor<'_> {
    let shape = x.shape();
    let may_go = |last: &Dim| last.compatible(Dim::Known(1));
    if shape.rank() == rank + 1 && shape.dims().last().is_some_and(may_go) {
        return x.squeeze(-1);
    }
    x
}

fn problem_of<'g, T: Float>(
    labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
    label_smoothing: f64,
) -> Option<Problem> {
    if (0.0..=1.0).contains(&label_smoothing) {
        return shapes_differ(("logits", logits.any()), ("labels", labels.any()));
    }
    let message = format!("label_smoothing is {label_smoothing} but must be in 0..=1");
    Some(Problem::argument(message).help("it is the part of the labels that is spread over all"))
}
