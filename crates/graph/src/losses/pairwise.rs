//! The loss of differences within an example.

use super::options::{LossOptions, Weights};
use super::weighted::{Weighted, checked_loss};
use crate::build::{Axes, shapes_differ};
use crate::element::Float;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::{Binary, Compare, Reduction as Fold, Unary};

/// The mean, over all pairs of elements of an example, of the squared difference between what the
/// pair differs by in the predictions and in the labels; the sum of that over the examples, which are
/// `[batch, ..]`. A constant added to all predictions of an example costs nothing. TensorFlow's
/// `losses.mean_pairwise_squared_error`.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 28, 28]);
/// let predictions = g.placeholder::<f32>("predictions", shape![?, 28, 28]);
/// let loss = losses::mean_pairwise_squared_error(labels, predictions);
/// assert_eq!(loss.name(), "mean_pairwise_squared_error/value:0");
/// ```
#[track_caller]
pub fn mean_pairwise_squared_error<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
) -> Tensor<'g, T> {
    mean_pairwise_squared_error_with(labels, predictions, LossOptions::new())
}

/// [`mean_pairwise_squared_error`] with weights, or in another collection. It is reduced in its own
/// way: options with a reduction are a mistake. Weights other than a scalar and `[batch, 1, ..]` weigh
/// an example once for each of its elements, as they do in TensorFlow.
#[track_caller]
pub fn mean_pairwise_squared_error_with<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let name = "mean_pairwise_squared_error";
    let problem = problem_of(labels.any(), predictions.any(), &options);
    checked_loss(name, problem, predictions, &options, || {
        let differences = (predictions - labels).any();
        let loss = match options.weights.fitting(differences) {
            Ok(fitting) => {
                let weights = options.weights.cast(differences.dtype());
                pairwise(differences, weights, fitting)
            }
            Err(problem) => {
                let graph = predictions.any().graph();
                graph.poisoned_like(differences, name, "value", problem)
            }
        };
        options.collect(loss);
        Tensor::assume(loss)
    })
}

fn problem_of(
    labels: AnyTensor<'_>,
    predictions: AnyTensor<'_>,
    options: &LossOptions<'_>,
) -> Option<Problem> {
    if options.reduction.is_some() {
        let message = "a mean over pairs cannot be reduced otherwise";
        return Some(Problem::argument(message).help("leave `reduction` out"));
    }
    if predictions.shape().rank() == 0 && !predictions.is_poisoned() {
        let message = "predictions are a scalar but must be [batch, ..]";
        return Some(Problem::shape(message).help("a pair is of one example of the batch"));
    }
    shapes_differ(("predictions", predictions), ("labels", labels))
}

/// The sum over the examples. Of `n` differences `d`, the mean over all pairs is
/// `2 * (sum(d²) / (n - 1) - sum(d)² / (n * (n - 1)))`.
///
/// `fitting` are the weights as the run checks them, perhaps repeated for each difference. The losses,
/// one of each example, take them as they were given.
#[track_caller]
fn pairwise<'g>(
    differences: AnyTensor<'g>,
    weights: Weights<'g>,
    fitting: Weights<'g>,
) -> AnyTensor<'g> {
    let graph = differences.graph();
    let dtype = differences.dtype();
    let (zero, one) = (
        graph.number(dtype, 0.0, "zero"),
        graph.number(dtype, 1.0, "one"),
    );
    let rank = i64::try_from(differences.shape().rank()).unwrap_or(i64::MAX);
    let axes = || Axes::These((1..rank).collect());
    let count = Weighted::new(differences, fitting).present_along(axes());
    let less_one = count.sub(one).binary(Binary::Maximum, zero, "Maximum");
    let squares = differences.unary(Unary::Square);
    let squares = squares.reduce(Fold::Sum, axes(), true);
    let sums = differences.reduce(Fold::Sum, axes(), true);
    let of_squares = squares.div_no_nan(less_one);
    let of_sums = sums.unary(Unary::Square).div_no_nan(count.mul(less_one));
    let losses = of_squares.sub(of_sums).scale(2.0);
    let loss = Weighted::new(losses, weights).products();
    let loss = loss.reduce(Fold::Sum, .., false);
    let present = count.reduce(Fold::Sum, .., false);
    let any = present.compare(Compare::Greater, zero);
    any.select(loss, zero).named("value")
}
