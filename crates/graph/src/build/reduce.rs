//! Builders of family `reduce`.

use crate::build::Axes;
use crate::element::Number;
use crate::handle::{AnyTensor, Tensor};
use crate::ids::TensorId;
use crate::op::{Op, Reduce, Reduction};
use crate::sizes::Sizes;

impl<'g> AnyTensor<'g> {
    /// One function of all elements along the axes.
    #[track_caller]
    pub fn reduce(
        self,
        reduction: Reduction,
        axes: impl Into<Axes>,
        keep_dims: bool,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let (axes, problem) = match axes.into().resolve(self.shape().rank()) {
            Ok(axes) => (axes, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let op = Op::from(Reduce::Over {
            reduction,
            axes,
            keep_dims,
        });
        let name = op.type_name();
        let id = match problem {
            // The rank of a poisoned tensor means nothing: there is no new mistake.
            Some(problem) if !self.is_poisoned() => graph.add_wrong(op, &[self], name, problem),
            _ => graph.add(op, &[self], name),
        };
        AnyTensor::new(graph, TensorId::new(id, 0))
    }

    /// The sum that undoes a broadcast from `sizes` to this tensor's shape.
    #[track_caller]
    pub fn sum_to(self, sizes: impl Into<Sizes<'g>>) -> AnyTensor<'g> {
        let shape = sizes.into().into_tensor(self.graph());
        self.graph()
            .add_tensor(Reduce::SumTo, &[self, shape], "SumTo")
    }
}

/// Reductions over all axes (`..`), one (`0`, `-1`) or several (`[0, 2]`).
///
/// ```
/// use aqueduct_graph::{Graph, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 3, 4]);
/// assert_eq!(x.reduce_mean(..).shape().to_string(), "[]");
/// assert_eq!(x.reduce_sum(-1).shape().to_string(), "[?, 3]");
/// assert_eq!(x.reduce_max_keep([0, 2]).shape().to_string(), "[1, 3, 1]");
/// ```
impl<'g, T: Number> Tensor<'g, T> {
    /// The sum; 0 of nothing. TensorFlow's `reduce_sum`.
    #[track_caller]
    pub fn reduce_sum(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Sum, axes, false))
    }

    /// The sum, each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_sum_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Sum, axes, true))
    }

    /// The arithmetic mean; NaN of nothing, and integers truncate. TensorFlow's `reduce_mean`.
    #[track_caller]
    pub fn reduce_mean(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Mean, axes, false))
    }

    /// The arithmetic mean, each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_mean_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Mean, axes, true))
    }

    /// The largest; the lowest value of the type of nothing. TensorFlow's `reduce_max`.
    #[track_caller]
    pub fn reduce_max(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Max, axes, false))
    }

    /// The largest, each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_max_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Max, axes, true))
    }

    /// The smallest; the highest value of the type of nothing. TensorFlow's `reduce_min`.
    #[track_caller]
    pub fn reduce_min(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Min, axes, false))
    }

    /// The smallest, each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_min_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Min, axes, true))
    }
}

impl<'g> Tensor<'g, bool> {
    /// Whether all hold; true of nothing. TensorFlow's `reduce_all`.
    #[track_caller]
    pub fn reduce_all(self, axes: impl Into<Axes>) -> Tensor<'g, bool> {
        Tensor::assume(self.any().reduce(Reduction::All, axes, false))
    }

    /// Whether any holds; false of nothing. TensorFlow's `reduce_any`.
    #[track_caller]
    pub fn reduce_any(self, axes: impl Into<Axes>) -> Tensor<'g, bool> {
        Tensor::assume(self.any().reduce(Reduction::Any, axes, false))
    }
}
