//! The penalties of variables.

use super::collection::members_in;
use crate::build::Keys;
use crate::graph::Graph;
use crate::handle::AnyTensor;

/// The penalties that regularizers have added for variables, in the order of adding. TensorFlow's
/// `losses.get_regularization_losses`.
pub fn get_regularization_losses(graph: &Graph) -> Vec<AnyTensor<'_>> {
    graph.tensors_of(Keys::REGULARIZATION_LOSSES)
}

/// [`get_regularization_losses`] of those that were made in this name scope.
pub fn get_regularization_losses_in<'g>(graph: &'g Graph, scope: &str) -> Vec<AnyTensor<'g>> {
    members_in(graph, Keys::REGULARIZATION_LOSSES, scope)
}
