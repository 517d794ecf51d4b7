//! Losses of how far predictions are from labels.

use super::options::LossOptions;
use super::weighted::{checked_loss, loss_of_pair, weighted_loss};
use crate::build::shapes_differ;
use crate::element::Float;
use crate::handle::Tensor;
use crate::mistake::Problem;

/// The mean of the squared differences; a scalar. TensorFlow's `losses.mean_squared_error`.
///
/// ```
/// use aqueduct_graph::{Graph, mean_squared_error, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 1]);
/// let predictions = g.placeholder::<f32>("predictions", shape![?, 1]);
/// let loss = mean_squared_error(labels, predictions);
/// assert_eq!(loss.name(), "mean_squared_error/value:0");
/// assert_eq!(g.collection("losses").len(), 1);
/// ```
#[track_caller]
pub fn mean_squared_error<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
) -> Tensor<'g, T> {
    mean_squared_error_with(labels, predictions, LossOptions::new())
}

/// [`mean_squared_error`] with weights, or reduced otherwise.
#[track_caller]
pub fn mean_squared_error_with<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let given = ("predictions", predictions);
    loss_of_pair("mean_squared_error", labels, given, &options, || {
        predictions.squared_difference(labels)
    })
}

/// The mean of the absolute differences; a scalar. TensorFlow's `losses.absolute_difference`.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 3]);
/// let predictions = g.placeholder::<f32>("predictions", shape![?, 3]);
/// let loss = losses::absolute_difference(labels, predictions);
/// assert_eq!(loss.name(), "absolute_difference/value:0");
/// ```
#[track_caller]
pub fn absolute_difference<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
) -> Tensor<'g, T> {
    absolute_difference_with(labels, predictions, LossOptions::new())
}

/// [`absolute_difference`] with weights, or reduced otherwise.
#[track_caller]
pub fn absolute_difference_with<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let given = ("predictions", predictions);
    loss_of_pair("absolute_difference", labels, given, &options, || {
        (predictions - labels).abs()
    })
}

/// The mean of Huber's loss of the differences: of `e` it is `e² / 2` up to a distance of 1, and
/// `|e| - 1/2` beyond, so that outliers pull no harder than their sign; a scalar. TensorFlow's
/// `losses.huber_loss`.
///
/// ```
/// use aqueduct_graph::losses::{self, LossOptions};
/// use aqueduct_graph::{Graph, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?]);
/// let predictions = g.placeholder::<f32>("predictions", shape![?]);
/// let loss = losses::huber_loss(labels, predictions);
/// let wider = losses::huber_loss_with(labels, predictions, 3.0, LossOptions::new());
/// # let _ = (loss, wider);
/// ```
#[track_caller]
pub fn huber_loss<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
) -> Tensor<'g, T> {
    huber_loss_with(labels, predictions, 1.0, LossOptions::new())
}

/// [`huber_loss`] that is `delta * |e| - delta² / 2` beyond the distance `delta`, a number above 0;
/// with weights, or reduced otherwise.
#[track_caller]
pub fn huber_loss_with<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
    delta: f64,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let differ = shapes_differ(("predictions", predictions.any()), ("labels", labels.any()));
    let refused = (!(delta > 0.0 && delta.is_finite())).then(|| {
        Problem::argument(format!("delta is {delta} but must be a number above 0"))
            .help("it is the distance from which on the loss grows in proportion")
    });
    let problem = refused.or(differ);
    let name = "huber_loss";
    checked_loss(name, problem, predictions, &options, || {
        let distance = (predictions - labels).abs();
        let quadratic = distance.minimum(T::from_f64(delta));
        // As a difference and not as a maximum, so that at `delta` the slope is that of the square
        // alone, and not of both.
        let linear = distance - quadratic;
        let half = T::from_f64(0.5);
        let losses = (quadratic * quadratic) * half + linear * T::from_f64(delta);
        weighted_loss(name, losses, &options)
    })
}

/// The mean of the hinge loss `max(0, 1 - label * logit)`, where the labels 0 and 1 stand for -1
/// and 1; a scalar. TensorFlow's `losses.hinge_loss`.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?]);
/// let logits = g.placeholder::<f32>("logits", shape![?]);
/// assert_eq!(losses::hinge_loss(labels, logits).name(), "hinge_loss/value:0");
/// ```
#[track_caller]
pub fn hinge_loss<'g, T: Float>(labels: Tensor<'g, T>, logits: Tensor<'g, T>) -> Tensor<'g, T> {
    hinge_loss_with(labels, logits, LossOptions::new())
}

/// [`hinge_loss`] with weights, or reduced otherwise.
#[track_caller]
pub fn hinge_loss_with<'g, T: Float>(
    labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let (one, two) = (T::from_f64(1.0), T::from_f64(2.0));
    loss_of_pair("hinge_loss", labels, ("logits", logits), &options, || {
        let signs = labels * two - one;
        (-(signs * logits) + one).relu()
    })
}

/// The mean of `-label * log(p) - (1 - label) * log(1 - p)`, where the predictions `p` are
/// probabilities and the labels are in 0..=1; a scalar. To each probability 1e-7 is added before its
/// logarithm is taken. TensorFlow's `losses.log_loss`.
///
/// Of logits, [`sigmoid_cross_entropy`](super::sigmoid_cross_entropy) is the same, and loses no digits.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?]);
/// let predictions = g.placeholder::<f32>("predictions", shape![?]);
/// assert_eq!(losses::log_loss(labels, predictions).name(), "log_loss/value:0");
/// ```
#[track_caller]
pub fn log_loss<'g, T: Float>(labels: Tensor<'g, T>, predictions: Tensor<'g, T>) -> Tensor<'g, T> {
    log_loss_with(labels, predictions, 1e-7, LossOptions::new())
}

/// [`log_loss`] with another number in place of 1e-7, with weights, or reduced otherwise.
#[track_caller]
pub fn log_loss_with<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
    epsilon: f64,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let (one, epsilon) = (T::from_f64(1.0), T::from_f64(epsilon));
    let complement = |x: Tensor<'g, T>| -x + one;
    let given = ("predictions", predictions);
    loss_of_pair("log_loss", labels, given, &options, || {
        let of_label = labels * (predictions + epsilon).log();
        let of_rest = complement(labels) * (complement(predictions) + epsilon).log();
        -of_label - of_rest
    })
}

/// The mean of `1 - sum(label * prediction)` along an axis; a scalar. The vectors along the axis must
/// have the length 1 already: [`Tensor::l2_normalize`] gives it to them. TensorFlow's
/// `losses.cosine_distance`.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 64]).l2_normalize(1);
/// let predictions = g.placeholder::<f32>("predictions", shape![?, 64]).l2_normalize(1);
/// let loss = losses::cosine_distance(labels, predictions, 1);
/// assert_eq!(loss.name(), "cosine_distance_loss/value:0");
/// ```
#[track_caller]
pub fn cosine_distance<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
    axis: i64,
) -> Tensor<'g, T> {
    cosine_distance_with(labels, predictions, axis, LossOptions::new())
}

/// [`cosine_distance`] with weights, or reduced otherwise. The axis is kept with size 1: weights are
/// `[batch, 1]` where predictions are `[batch, size]`.
#[track_caller]
pub fn cosine_distance_with<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
    axis: i64,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let given = ("predictions", predictions);
    loss_of_pair("cosine_distance_loss", labels, given, &options, || {
        let cosines = (predictions * labels).reduce_sum_keep(axis);
        -cosines + T::from_f64(1.0)
    })
}
