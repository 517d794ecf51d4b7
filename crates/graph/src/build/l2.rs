//! The sum of squares.

use crate::element::Float;
use crate::handle::{AnyTensor, Tensor};
use crate::op::{Binary, Reduction, Unary};

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
    let _here = x.graph().here();
    Tensor::assume(l2_loss_of(x.any()))
}

/// [`l2_loss`] of floats of either type.
#[track_caller]
pub(crate) fn l2_loss_of(x: AnyTensor<'_>) -> AnyTensor<'_> {
    let graph = x.graph();
    let scope = graph.open_scope("L2Loss");
    let half = graph.number(x.dtype(), 0.5, "half");
    let sum = x.unary(Unary::Square).reduce(Reduction::Sum, .., false);
    sum.binary_exact(Binary::Mul, half, scope.path())
}
