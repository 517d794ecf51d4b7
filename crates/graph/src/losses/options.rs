//! What can be said of a loss besides its operands.

use crate::build::Keys;
use crate::element::Element;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor, Variable};
use crate::scope::NameScope;

/// Settings of a loss: weights, the way to one number, a name, a collection.
///
/// ```
/// use aqueduct_graph::losses::{self, LossOptions, Reduction};
/// use aqueduct_graph::{Graph, shape};
///
/// let g = Graph::new();
/// let y = g.placeholder::<f32>("y", shape![?, 3]);
/// let z = g.placeholder::<f32>("z", shape![?, 3]);
/// let rows = g.placeholder::<f32>("rows", shape![?, 1]);
/// let options = LossOptions::new().weights(rows).scope("weighed").no_collection();
/// let loss = losses::mean_squared_error_with(y, z, options);
/// assert_eq!(loss.name(), "weighed/value:0");
///
/// let options = LossOptions::new().weights(0.1).reduction(Reduction::None);
/// let each = losses::absolute_difference_with(y, z, options);
/// assert_eq!(each.shape().to_string(), "[?, 3]");
/// assert_eq!(losses::get_losses(&g), [each.any()]);
/// ```
#[derive(Clone, Debug)]
pub struct LossOptions<'g> {
    pub(super) weights: Weights<'g>,
    pub(super) reduction: Option<Reduction>,
    scope: Option<String>,
    collection: Option<String>,
}

impl<'g> LossOptions<'g> {
    /// The mean of all elements, each of weight 1, in the scope that the function names; the loss
    /// joins the collection `losses`.
    pub fn new() -> LossOptions<'g> {
        LossOptions {
            weights: Weights::Number(1.0),
            reduction: None,
            scope: None,
            collection: Some(Keys::LOSSES.to_owned()),
        }
    }

    /// The factors of the losses: a number; a scalar; or a tensor of the rank of the losses, each size
    /// of which is 1 or that of the losses. A weight of 0 leaves an element out. A gradient flows to the
    /// weights.
    #[must_use]
    pub fn weights(mut self, weights: impl Into<Weights<'g>>) -> LossOptions<'g> {
        self.weights = weights.into();
        self
    }

    /// What becomes of the weighted losses.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> LossOptions<'g> {
        self.reduction = Some(reduction);
        self
    }

    /// The name scope.
    #[must_use]
    pub fn scope(mut self, name: &str) -> LossOptions<'g> {
        self.scope = Some(name.to_owned());
        self
    }

    /// The collection that the loss joins.
    #[must_use]
    pub fn loss_collection(mut self, name: &str) -> LossOptions<'g> {
        self.collection = Some(name.to_owned());
        self
    }

    /// The loss joins no collection.
    #[must_use]
    pub fn no_collection(mut self) -> LossOptions<'g> {
        self.collection = None;
        self
    }

    #[track_caller]
    pub(super) fn open_scope(&self, graph: &Graph, default: &str) -> NameScope {
        graph.open_name_scope(self.scope.as_deref().unwrap_or(default))
    }

    /// Adds the loss to its collection, a wrong one too: what sums the collection must be poisoned by
    /// the mistake, instead of finding nothing.
    pub(super) fn collect(&self, loss: AnyTensor<'g>) {
        if let Some(collection) = &self.collection {
            loss.graph().add_to_collection(collection, loss);
        }
    }
}

impl Default for LossOptions<'_> {
    fn default() -> Self {
        LossOptions::new()
    }
}

/// What becomes of weighted losses. TensorFlow's `losses.Reduction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Reduction {
    /// They stay as they are, in their shape.
    None,
    /// Their sum.
    Sum,
    /// Their sum divided by the sum of the weights of all elements; 0 if that is 0.
    Mean,
    /// Their sum divided by the number of elements; 0 of none.
    SumOverBatchSize,
    /// Their sum divided by the number of elements whose weight is not 0; 0 if there are none.
    #[default]
    SumOverNonzeroWeights,
}

impl Reduction {
    /// TensorFlow's other name for [`Reduction::SumOverNonzeroWeights`].
    pub const SUM_BY_NONZERO_WEIGHTS: Reduction = Reduction::SumOverNonzeroWeights;
}

/// The weights of a loss: a number or a tensor, of whatever type; truth values count as 1 and 0.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'g> {
    /// The same for all elements, in every run.
    Number(f64),
    /// A scalar, or a tensor that broadcasts to the losses.
    Tensor(AnyTensor<'g>),
}

impl From<f64> for Weights<'_> {
    fn from(number: f64) -> Self {
        Weights::Number(number)
    }
}

impl<'g> From<AnyTensor<'g>> for Weights<'g> {
    fn from(tensor: AnyTensor<'g>) -> Weights<'g> {
        Weights::Tensor(tensor)
    }
}

impl<'g, T: Element> From<Tensor<'g, T>> for Weights<'g> {
    fn from(tensor: Tensor<'g, T>) -> Weights<'g> {
        Weights::Tensor(tensor.any())
    }
}

impl<'g, T: Element> From<Variable<'g, T>> for Weights<'g> {
    fn from(variable: Variable<'g, T>) -> Weights<'g> {
        Weights::Tensor(variable.value().any())
    }
}
