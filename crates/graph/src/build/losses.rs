//! Losses: what networks are trained to make small.

use crate::element::{DType, Float, Index};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::op::{Activation, Array, Binary, Compare, Nn, Reduction, Unary};
use crate::store::{Member, NewName};

/// The collection that losses add themselves to. TensorFlow's `GraphKeys.LOSSES`.
const LOSSES: &str = "losses";

/// The mean of the squared differences of all elements; a scalar. The loss joins the collection
/// `losses`. TensorFlow's `losses.mean_squared_error` without weights: the sum of the squares
/// divided by their number. Labels and predictions are of one shape.
///
/// ```
/// use aqueduct_graph::{Graph, mean_squared_error, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 1]);
/// let predictions = g.placeholder::<f32>("predictions", shape![?, 1]);
/// let loss = mean_squared_error(labels, predictions);
/// assert_eq!(loss.shape().rank(), 0);
/// assert_eq!(g.collection("losses").len(), 1);
/// ```
#[track_caller]
pub fn mean_squared_error<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
) -> Tensor<'g, T> {
    let graph: &Graph = predictions.graph();
    let _here = graph.here();
    let (given, wanted) = (predictions.any(), labels.any());
    if let Some(problem) = shapes_differ(("predictions", given), ("labels", wanted)) {
        let name = "mean_squared_error";
        let wrong = graph.poisoned_like(given, name, name, problem);
        return Tensor::assume(wrong.reduce(Reduction::Sum, .., false));
    }
    let loss = {
        let _scope = graph.open_scope("mean_squared_error");
        let squares = predictions.squared_difference(labels).any();
        let sum = squares.reduce(Reduction::Sum, .., false);
        let count = squares.size(DType::I32).cast(T::DTYPE);
        sum.binary(Binary::Div, count, "value")
    };
    graph.add_to_collection(LOSSES, Member::Tensor(loss.id()));
    Tensor::assume(loss)
}

/// The cross entropy of each row of `labels`, a distribution over the classes, and the softmax of the
/// same row of `logits`: both `[.., classes]`, the result `[..]`. No gradient flows to the labels.
/// TensorFlow 1's `nn.softmax_cross_entropy_with_logits`.
///
/// The rows of `labels` should add up to 1: the gradient takes it for granted.
///
/// ```
/// use aqueduct_graph::{Graph, shape, softmax_cross_entropy_with_logits};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 10]);
/// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
/// let loss = softmax_cross_entropy_with_logits(labels, logits).reduce_mean(..);
/// assert_eq!(loss.shape().rank(), 0);
/// ```
#[track_caller]
pub fn softmax_cross_entropy_with_logits<'g, T: Float>(
    labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
) -> Tensor<'g, T> {
    let graph = logits.graph();
    let _here = graph.here();
    let scope = graph.open_scope("softmax_cross_entropy_with_logits_sg");
    let stop = Array::StopGradient;
    let labels = graph.add_tensor(stop, &[labels.any()], "labels_stop_gradient");
    let name = NewName::Exact(scope.path().to_owned());
    let op = Nn::SoftmaxCrossEntropy.into();
    let id = graph.add_named(op, &[logits.any(), labels], name, None);
    Tensor::assume(AnyTensor::new(graph, TensorId::new(id, 0)))
}

/// [`softmax_cross_entropy_with_logits`] with a gradient for the labels too. TensorFlow's
/// `nn.softmax_cross_entropy_with_logits_v2`.
#[track_caller]
pub fn softmax_cross_entropy_with_logits_v2<'g, T: Float>(
    labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
) -> Tensor<'g, T> {
    Tensor::assume(logits.any().softmax_cross_entropy(labels.any()))
}

/// The cross entropy where one class is right for each row: `labels` are numbers of classes, of the
/// shape `[..]`, `logits` are `[.., classes]`, the result is `[..]`. A label that is no class is an
/// error of the run. TensorFlow's `nn.sparse_softmax_cross_entropy_with_logits`.
///
/// ```
/// use aqueduct_graph::{Graph, shape, sparse_softmax_cross_entropy_with_logits};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<i64>("labels", shape![?]);
/// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
/// let losses = sparse_softmax_cross_entropy_with_logits(labels, logits);
/// assert_eq!(losses.shape().to_string(), "[?]");
/// ```
#[track_caller]
pub fn sparse_softmax_cross_entropy_with_logits<'g, T: Float, I: Index>(
    labels: Tensor<'g, I>,
    logits: Tensor<'g, T>,
) -> Tensor<'g, T> {
    let graph = logits.graph();
    let _here = graph.here();
    let _scope = graph.open_scope("SparseSoftmaxCrossEntropyWithLogits");
    Tensor::assume(logits.any().sparse_softmax_cross_entropy(labels.any()))
}

/// The cross entropy of each label, the probability that something holds, and the sigmoid of its
/// logit: `-label * log(sigmoid(logit)) - (1 - label) * log(1 - sigmoid(logit))`, without overflow.
/// All of one shape. TensorFlow's `nn.sigmoid_cross_entropy_with_logits`.
///
/// ```
/// use aqueduct_graph::{Graph, shape, sigmoid_cross_entropy_with_logits};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 5]);
/// let logits = g.placeholder::<f32>("logits", shape![?, 5]);
/// let losses = sigmoid_cross_entropy_with_logits(labels, logits);
/// assert_eq!(losses.shape().to_string(), "[?, 5]");
/// ```
#[track_caller]
pub fn sigmoid_cross_entropy_with_logits<'g, T: Float>(
    labels: Tensor<'g, T>,
    logits: Tensor<'g, T>,
) -> Tensor<'g, T> {
    let graph = logits.graph();
    let _here = graph.here();
    let (labels, logits) = (labels.any(), logits.any());
    if let Some(problem) = shapes_differ(("logits", logits), ("labels", labels)) {
        let subject = "sigmoid_cross_entropy_with_logits";
        return Tensor::assume(graph.poisoned_like(logits, subject, "logistic_loss", problem));
    }
    let scope = graph.open_scope("logistic_loss");
    // As max(x, 0) - x * label + log(1 + e^-|x|) no exponent is positive. The branches are chosen as
    // TensorFlow chooses them, which decides the gradient at 0.
    let zero = graph.number(T::DTYPE, 0.0, "zero");
    let positive = logits.compare(Compare::GreaterEqual, zero);
    let clipped = positive.select(logits, zero);
    let small = positive.select(logits.unary(Unary::Neg), logits);
    let product = logits.binary(Binary::Mul, labels, "mul");
    let linear = clipped.binary(Binary::Sub, product, "sub");
    let rest = small.activation(Activation::Softplus);
    Tensor::assume(linear.binary_exact(Binary::Add, rest, scope.path()))
}

/// What is wrong with operands of a loss that cannot be of one shape: broadcast against each other
/// they would give a loss of every pair, silently.
fn shapes_differ(a: (&str, AnyTensor<'_>), b: (&str, AnyTensor<'_>)) -> Option<Problem> {
    let (of_a, of_b) = (a.1.shape(), b.1.shape());
    if a.1.is_poisoned() || b.1.is_poisoned() || of_a.compatible(&of_b) {
        return None;
    }
    let message = format!("{} has shape {of_a} but {} has shape {of_b}", a.0, b.0);
    Some(Problem::shape(message).help(format!("{} and {} must have one shape", b.0, a.0)))
}

/// Half of the sum of the squares of all elements; a scalar. TensorFlow's `nn.l2_loss`.
///
/// ```
/// use aqueduct_graph::{Graph, l2_loss};
///
/// let g = Graph::new();
/// let w = g.get_variable::<f32>("w", [784, 10]);
/// let penalty = l2_loss(w.value()) * 1e-4;
/// assert_eq!(penalty.shape().rank(), 0);
/// ```
#[track_caller]
pub fn l2_loss<'g, T: Float>(x: Tensor<'g, T>) -> Tensor<'g, T> {
    let graph = x.graph();
    let _here = graph.here();
    let scope = graph.open_scope("L2Loss");
    let half = graph.number(T::DTYPE, 0.5, "half");
    let sum = x.square().any().reduce(Reduction::Sum, .., false);
    Tensor::assume(sum.binary_exact(Binary::Mul, half, scope.path()))
}
