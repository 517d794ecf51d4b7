//! The losses of a graph, and their sum.

use super::{get_regularization_losses, get_regularization_losses_in};
use crate::build::Keys;
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::Math;

/// The sum of all losses and of the penalties of all regularized variables: what one optimizer is to
/// make small. TensorFlow's `losses.get_total_loss`.
///
/// The losses are scalars of one type. Without any the result is a mistake, as it is in TensorFlow.
///
/// ```
/// use aqueduct_graph::{Graph, losses, mean_squared_error, shape};
///
/// let g = Graph::new();
/// let y = g.placeholder::<f32>("y", shape![?]);
/// let z = g.placeholder::<f32>("z", shape![?]);
/// mean_squared_error(y, z);
/// losses::add_loss(z.square().reduce_mean(..) * 0.1);
/// let total = losses::get_total_loss::<f32>(&g);
/// assert_eq!(total.name(), "total_loss:0");
/// assert_eq!(losses::get_losses(&g).len(), 2);
/// ```
#[track_caller]
pub fn get_total_loss<T: Float>(graph: &Graph) -> Tensor<'_, T> {
    get_total_loss_with(graph, TotalLossOptions::new())
}

/// [`get_total_loss`] of one name scope, or without the penalties.
#[track_caller]
pub fn get_total_loss_with<'g, T: Float>(
    graph: &'g Graph,
    options: TotalLossOptions<'_>,
) -> Tensor<'g, T> {
    let _here = graph.here();
    let losses = options.members(graph);
    if losses.is_empty() {
        let problem = Problem::argument("there is no loss to sum")
            .help("build the loss first, and add one of your own by `losses::add_loss`");
        let zero = graph.number(T::DTYPE, 0.0, "Const");
        return Tensor::assume(graph.poisoned_like(zero, "get_total_loss", "total_loss", problem));
    }
    graph.add_tensor(Math::AddN, &losses, "total_loss").typed()
}

/// Settings of [`get_total_loss_with`].
#[derive(Clone, Copy, Debug)]
pub struct TotalLossOptions<'a> {
    regularization: bool,
    scope: Option<&'a str>,
}

impl<'a> TotalLossOptions<'a> {
    /// Everything: losses and penalties of all scopes.
    pub fn new() -> TotalLossOptions<'a> {
        TotalLossOptions {
            regularization: true,
            scope: None,
        }
    }

    /// Whether the penalties of regularized variables are added.
    #[must_use]
    pub fn regularization(mut self, add: bool) -> TotalLossOptions<'a> {
        self.regularization = add;
        self
    }

    /// Only what was made in this name scope.
    #[must_use]
    pub fn scope(mut self, scope: &'a str) -> TotalLossOptions<'a> {
        self.scope = Some(scope);
        self
    }

    fn members<'g>(&self, graph: &'g Graph) -> Vec<AnyTensor<'g>> {
        let (mut members, penalties) = match self.scope {
            None => (get_losses(graph), get_regularization_losses(graph)),
            Some(scope) => (
                get_losses_in(graph, scope),
                get_regularization_losses_in(graph, scope),
            ),
        };
        if self.regularization {
            members.extend(penalties);
        }
        members
    }
}

impl Default for TotalLossOptions<'_> {
    fn default() -> Self {
        TotalLossOptions::new()
    }
}

/// Adds a loss that was not made by this module to those of its graph. TensorFlow's
/// `losses.add_loss`; to another collection, `graph.add_to_collection` adds it.
pub fn add_loss<'g>(loss: impl Into<AnyTensor<'g>>) {
    let loss = loss.into();
    loss.graph().add_to_collection(Keys::LOSSES, loss);
}

/// The losses of a graph, in the order of adding. TensorFlow's `losses.get_losses`; those of another
/// collection are `graph.tensors_of`.
pub fn get_losses(graph: &Graph) -> Vec<AnyTensor<'_>> {
    graph.tensors_of(Keys::LOSSES)
}

/// The losses that were made in this name scope.
///
/// ```
/// use aqueduct_graph::{Graph, losses, mean_squared_error, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?]);
/// for tower in ["tower_1", "tower_10"] {
///     g.name_scope(tower, || mean_squared_error(x, x * 2.0));
/// }
/// assert_eq!(losses::get_losses_in(&g, "tower_1").len(), 1);
/// ```
pub fn get_losses_in<'g>(graph: &'g Graph, scope: &str) -> Vec<AnyTensor<'g>> {
    members_in(graph, Keys::LOSSES, scope)
}

/// The tensors of a collection that stand in a name scope, or are called as it is.
pub(super) fn members_in<'g>(
    graph: &'g Graph,
    collection: &str,
    scope: &str,
) -> Vec<AnyTensor<'g>> {
    let scope = scope.trim_end_matches('/');
    let within = |name: &str| {
        let rest = name.strip_prefix(scope);
        rest.is_some_and(|rest| scope.is_empty() || rest.is_empty() || rest.starts_with('/'))
    };
    let members = graph.tensors_of(collection).into_iter();
    members
        .filter(|member| within(&member.op().name()))
        .collect()
}
