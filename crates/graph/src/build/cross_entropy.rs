//! Cross entropies: a loss for each example. Their weighted means are in `losses/`.

use crate::element::{Float, Index};
use crate::handle::{AnyTensor, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::op::{Activation, Array, Binary, Compare, Nn, Unary};
use crate::store::NewName;

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
pub(crate) fn shapes_differ(a: (&str, AnyTensor<'_>), b: (&str, AnyTensor<'_>)) -> Option<Problem> {
    let (of_a, of_b) = (a.1.shape(), b.1.shape());
    if a.1.is_poisoned() || b.1.is_poisoned() || of_a.compatible(&of_b) {
        return None;
    }
    let message = format!("{} has shape {of_a} but {} has shape {of_b}", a.0, b.0);
    let problem = Problem::shape(message).help(format!("{} and {} must have one shape", b.0, a.0));
    Some(problem.operand(b.0, b.1).operand(a.0, a.1))
}
