//! The penalties of variables.

use super::collection::members_in;
use crate::build::Keys;
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::op::Math;

/// The penalties that regularizers have added for variables, in the order of adding. TensorFlow's
/// `losses.get_regularization_losses`.
pub fn get_regularization_losses(graph: &Graph) -> Vec<AnyTensor<'_>> {
    graph.tensors_of(Keys::REGULARIZATION_LOSSES)
}

/// [`get_regularization_losses`] of those that were made in this name scope.
pub fn get_regularization_losses_in<'g>(graph: &'g Graph, scope: &str) -> Vec<AnyTensor<'g>> {
    members_in(graph, Keys::REGULARIZATION_LOSSES, scope)
}

/// The sum of all penalties: what is added to a loss that is not in the collection of losses. 0 if
/// there are none. TensorFlow's `losses.get_regularization_loss`.
///
/// The penalties are of one type.
///
/// ```
/// use aqueduct_graph::{Graph, VariableScope, l2_regularizer, losses, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 3]);
/// let decayed = VariableScope::new().regularizer(l2_regularizer(1e-4));
/// let w = g.variable_scope_with("model", decayed, || g.get_variable::<f32>("w", [3, 1]));
/// let cost = x.matmul(w).square().reduce_mean(..) + losses::get_regularization_loss(&g);
/// # let _ = cost;
/// # assert!(g.check().is_ok());
/// ```
#[track_caller]
pub fn get_regularization_loss<T: Float>(graph: &Graph) -> Tensor<'_, T> {
    sum_of(graph, get_regularization_losses(graph))
}

/// [`get_regularization_loss`] of the penalties that were made in this name scope.
#[track_caller]
pub fn get_regularization_loss_in<'g, T: Float>(graph: &'g Graph, scope: &str) -> Tensor<'g, T> {
    sum_of(graph, get_regularization_losses_in(graph, scope))
}

#[track_caller]
fn sum_of<'g, T: Float>(graph: &'g Graph, penalties: Vec<AnyTensor<'g>>) -> Tensor<'g, T> {
    let _here = graph.here();
    if penalties.is_empty() {
        return Tensor::assume(graph.number(T::DTYPE, 0.0, "Const"));
    }
    let sum = graph.add_tensor(Math::AddN, &penalties, "total_regularization_loss");
    sum.typed()
}
