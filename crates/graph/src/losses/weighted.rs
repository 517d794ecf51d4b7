//! From a loss for each element to one number.

use super::options::{LossOptions, Reduction, Weights};
use crate::build::{Axes, shapes_differ};
use crate::element::{DType, Float};
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::{Array, Compare, Reduction as Fold};
use crate::shape::Dim;
use crate::sizes::Sizes;

/// The mean of losses, as a scalar that joins the collection `losses`: for losses of your own.
/// TensorFlow's `losses.compute_weighted_loss` without weights.
///
/// ```
/// use aqueduct_graph::{Graph, losses, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?]);
/// let loss = losses::compute_weighted_loss(x.square() + x);
/// assert_eq!(loss.name(), "weighted_loss/value:0");
/// ```
#[track_caller]
pub fn compute_weighted_loss<'g, T: Float>(losses: Tensor<'g, T>) -> Tensor<'g, T> {
    compute_weighted_loss_with(losses, LossOptions::new())
}

/// [`compute_weighted_loss`] with weights, or reduced otherwise.
///
/// The arithmetic is that of the losses' type, where TensorFlow's is `float32`.
#[track_caller]
pub fn compute_weighted_loss_with<'g, T: Float>(
    losses: Tensor<'g, T>,
    options: LossOptions<'g>,
) -> Tensor<'g, T> {
    let graph = losses.graph();
    let _here = graph.here();
    let _scope = options.open_scope(graph, "weighted_loss");
    weighted_loss("weighted_loss", losses, &options)
}

/// The loss of two operands of one shape, of the losses that `each` gives in the scope of the loss.
#[track_caller]
pub(super) fn loss_of_pair<'g, T: Float>(
    name: &str,
    labels: Tensor<'g, T>,
    (role, given): (&str, Tensor<'g, T>),
    options: &LossOptions<'g>,
    each: impl FnOnce() -> Tensor<'g, T>,
) -> Tensor<'g, T> {
    let problem = shapes_differ((role, given.any()), ("labels", labels.any()));
    checked_loss(name, problem, given, options, || {
        weighted_loss(name, each(), options)
    })
}

/// The loss that `build` makes in its scope, unless there is a problem.
#[track_caller]
pub(super) fn checked_loss<'g, T: Float>(
    name: &str,
    problem: Option<Problem>,
    like: Tensor<'g, T>,
    options: &LossOptions<'g>,
    build: impl FnOnce() -> Tensor<'g, T>,
) -> Tensor<'g, T> {
    let graph = like.graph();
    let _here = graph.here();
    if let Some(problem) = problem {
        let wrong = graph.poisoned_like(like.any(), name, name, problem);
        options.collect(wrong);
        return Tensor::assume(wrong);
    }
    let _scope = options.open_scope(graph, name);
    build()
}

/// Weighs losses, reduces them and adds the result to its collection. The scope is open.
#[track_caller]
pub(super) fn weighted_loss<'g, T: Float>(
    name: &str,
    losses: Tensor<'g, T>,
    options: &LossOptions<'g>,
) -> Tensor<'g, T> {
    let losses = losses.any();
    let loss = match options.weights.fitting(losses) {
        Ok(weights) => {
            let weighted = Weighted::new(losses, weights);
            weighted.reduced(options.reduction.unwrap_or_default())
        }
        Err(problem) => {
            let graph = losses.graph();
            graph.poisoned_like(losses, name, "value", problem)
        }
    };
    options.collect(loss);
    Tensor::assume(loss)
}

/// Losses, and weights that broadcast to their shape without stretching it.
pub(super) struct Weighted<'g> {
    losses: AnyTensor<'g>,
    weights: Weights<'g>,
}

impl<'g> Weighted<'g> {
    pub(super) fn new(losses: AnyTensor<'g>, weights: Weights<'g>) -> Weighted<'g> {
        Weighted { losses, weights }
    }

    #[track_caller]
    fn reduced(&self, reduction: Reduction) -> AnyTensor<'g> {
        let sum = || self.products().reduce(Fold::Sum, .., false);
        match reduction {
            Reduction::None => self.products(),
            Reduction::Sum => sum(),
            Reduction::Mean => mean_value(sum(), self.total_weight()),
            Reduction::SumOverBatchSize => mean_value(sum(), self.elements()),
            Reduction::SumOverNonzeroWeights => mean_value(sum(), self.present()),
        }
    }

    #[track_caller]
    pub(super) fn products(&self) -> AnyTensor<'g> {
        match self.weights {
            Weights::Number(1.0) => self.losses,
            Weights::Number(number) => self.losses.scale(number),
            Weights::Tensor(weights) => self.losses.mul(weights),
        }
    }

    /// How many losses there are.
    #[track_caller]
    fn elements(&self) -> AnyTensor<'g> {
        self.losses.size(DType::I32).cast(self.losses.dtype())
    }

    #[track_caller]
    fn total_weight(&self) -> AnyTensor<'g> {
        match self.weights {
            Weights::Number(number) => self.elements().scale(number),
            Weights::Tensor(weights) => self.sum_over_losses(weights),
        }
    }

    /// How many losses have a weight that is not 0.
    #[track_caller]
    fn present(&self) -> AnyTensor<'g> {
        match self.weights {
            Weights::Number(number) if number != 0.0 => self.elements(),
            Weights::Number(_) | Weights::Tensor(_) => self.sum_over_losses(self.presence()),
        }
    }

    /// The same along some axes, which are kept.
    #[track_caller]
    pub(super) fn present_along(&self, axes: Axes) -> AnyTensor<'g> {
        let present = broadcast_to_losses(self.presence(), self.losses);
        present.reduce(Fold::Sum, axes, true)
    }

    /// 1 where a weight is not 0, else 0; of the shape of the weights.
    #[track_caller]
    fn presence(&self) -> AnyTensor<'g> {
        let graph = self.losses.graph();
        let dtype = self.losses.dtype();
        let number = |number| graph.number(dtype, number, "Const");
        match self.weights {
            Weights::Number(0.0) => number(0.0),
            Weights::Number(_) => number(1.0),
            Weights::Tensor(weights) => weights.compare(Compare::NotEqual, number(0.0)).cast(dtype),
        }
    }

    /// The sum of `x`, of the shape of the weights, each element counted once for each loss that it
    /// belongs to.
    #[track_caller]
    fn sum_over_losses(&self, x: AnyTensor<'g>) -> AnyTensor<'g> {
        if x.shape().rank() == 0 {
            return x.mul(self.elements());
        }
        broadcast_to_losses(x, self.losses).reduce(Fold::Sum, .., false)
    }
}

impl<'g> Weights<'g> {
    /// The weights in this type.
    #[track_caller]
    pub(super) fn cast(self, dtype: DType) -> Weights<'g> {
        match self {
            Weights::Number(_) => self,
            Weights::Tensor(weights) => Weights::Tensor(weights.cast(dtype)),
        }
    }

    /// The weights in the type of the losses, if they broadcast to their shape: the run checks what is
    /// not known yet.
    #[track_caller]
    pub(super) fn fitting(self, losses: AnyTensor<'g>) -> Result<Weights<'g>, Problem> {
        let Weights::Tensor(weights) = self else {
            return Ok(self);
        };
        if let Some(problem) = weights_problem(weights, losses) {
            return Err(problem);
        }
        let weights = weights.cast(losses.dtype());
        let certain = weights.shape().rank() == 0
            || every_size(weights, losses, |weight, loss| weight.same(loss));
        Ok(Weights::Tensor(if certain {
            weights
        } else {
            broadcast_to_losses(weights, losses)
        }))
    }
}

/// What is wrong with the shape of weights, by TensorFlow's rule: no axis is left to be added, since
/// `[batch]` beside `[batch, batch]` would weigh columns.
fn weights_problem(weights: AnyTensor<'_>, losses: AnyTensor<'_>) -> Option<Problem> {
    let (of_weights, of_losses) = (weights.shape(), losses.shape());
    let poisoned = weights.is_poisoned() || losses.is_poisoned();
    let fits = of_weights.rank() == of_losses.rank()
        && every_size(weights, losses, |weight, loss| weight.compatible(loss));
    if poisoned || of_weights.rank() == 0 || fits {
        return None;
    }
    let message = format!("weights have shape {of_weights} but the losses have shape {of_losses}");
    let help = if of_weights.rank() == of_losses.rank() {
        "each axis of the weights has size 1 or that of the losses"
    } else {
        "weights are a scalar, or have as many axes as the losses, each of size 1 or of theirs: \
         `expand_dims` adds an axis"
    };
    let problem = Problem::shape(message).help(help);
    Some(
        problem
            .operand("weights", weights)
            .operand("losses", losses),
    )
}

/// Whether each size of the weights is 1, or is to the size of the losses there as `fits` says.
fn every_size(
    weights: AnyTensor<'_>,
    losses: AnyTensor<'_>,
    fits: impl Fn(Dim, Dim) -> bool,
) -> bool {
    let (of_weights, of_losses) = (weights.shape(), losses.shape());
    let mut pairs = of_weights.dims().iter().zip(of_losses.dims());
    pairs.all(|(weight, loss)| *weight == Dim::Known(1) || fits(*weight, *loss))
}

#[track_caller]
fn broadcast_to_losses<'g>(x: AnyTensor<'g>, losses: AnyTensor<'g>) -> AnyTensor<'g> {
    if x.shape().same(&losses.shape()) {
        return x;
    }
    x.broadcast_to(Sizes::vector(losses.shape_tensor(DType::I32)))
}

/// `sum / count` in the scope that is open, but 0 if the count is 0.
#[track_caller]
fn mean_value<'g>(sum: AnyTensor<'g>, count: AnyTensor<'g>) -> AnyTensor<'g> {
    let mean = sum.div_no_nan(count);
    sum.graph().add_tensor(Array::Identity, &[mean], "value")
}
