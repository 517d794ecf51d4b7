//! The sum of squares.

use crate::element::Float;
use crate::handle::Tensor;
use crate::op::{Binary, Reduction};

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
