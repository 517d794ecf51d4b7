//! Mean and variance, composed of reductions.

use crate::build::Axes;
use crate::element::Float;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::op::{Binary, Reduction, Unary};

impl<'g, T: Float> Tensor<'g, T> {
    /// The mean and the variance of all elements along the axes: the mean of the squared distances
    /// from the mean, not corrected for the size of a sample. Both are NaN of nothing. TensorFlow's
    /// `nn.moments`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 28, 28, 3]);
    /// let (mean, variance) = images.moments([0, 1, 2]);
    /// assert_eq!(mean.shape().to_string(), "[3]");
    /// assert_eq!(variance.name(), "moments/Squeeze_1:0");
    /// ```
    #[track_caller]
    pub fn moments(self, axes: impl Into<Axes>) -> (Tensor<'g, T>, Tensor<'g, T>) {
        typed(self.any().moments(axes, false))
    }

    /// [`Tensor::moments`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn moments_keep(self, axes: impl Into<Axes>) -> (Tensor<'g, T>, Tensor<'g, T>) {
        typed(self.any().moments(axes, true))
    }

    /// The mean and the variance of all elements along the axes, each element counting as often as
    /// its weight says. Weights broadcast to the tensor; where they add up to 0, both are 0.
    /// TensorFlow's `nn.weighted_moments`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let steps = g.placeholder::<f32>("steps", shape![?, 20, 8]);
    /// let mask = g.placeholder::<f32>("mask", shape![?, 20, 1]);
    /// let (mean, variance) = steps.weighted_moments([0, 1], mask);
    /// assert_eq!(mean.shape().to_string(), "[8]");
    /// assert!(variance.shape().same(&mean.shape()));
    /// ```
    #[track_caller]
    pub fn weighted_moments(
        self,
        axes: impl Into<Axes>,
        weights: impl Operand<'g, T>,
    ) -> (Tensor<'g, T>, Tensor<'g, T>) {
        let weights = weights.into_tensor(self.graph()).any();
        typed(self.any().weighted_moments(axes, weights, false))
    }

    /// [`Tensor::weighted_moments`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn weighted_moments_keep(
        self,
        axes: impl Into<Axes>,
        weights: impl Operand<'g, T>,
    ) -> (Tensor<'g, T>, Tensor<'g, T>) {
        let weights = weights.into_tensor(self.graph()).any();
        typed(self.any().weighted_moments(axes, weights, true))
    }

    /// The variance of all elements along the axes; see [`Tensor::moments`]. TensorFlow's
    /// `math.reduce_variance`.
    #[track_caller]
    pub fn reduce_variance(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_variance(axes, false))
    }

    /// [`Tensor::reduce_variance`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_variance_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_variance(axes, true))
    }

    /// The standard deviation of all elements along the axes, the square root of
    /// [`Tensor::reduce_variance`]. Its gradient is 0 where it is 0 itself (TensorFlow's is NaN).
    /// TensorFlow's `math.reduce_std`.
    #[track_caller]
    pub fn reduce_std(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_std(axes, false))
    }

    /// [`Tensor::reduce_std`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_std_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_std(axes, true))
    }
}

impl<'g> AnyTensor<'g> {
    /// Mean and variance of all elements along the axes; see [`Tensor::moments`].
    #[track_caller]
    pub fn moments(self, axes: impl Into<Axes>, keep_dims: bool) -> (AnyTensor<'g>, AnyTensor<'g>) {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("moments");
        let axes = axes.into();
        let (mean, variance) = kept_moments(self, &axes);
        if keep_dims {
            return (mean, variance);
        }
        (mean.without(&axes), variance.without(&axes))
    }

    /// Mean and variance of weighted elements; see [`Tensor::weighted_moments`].
    #[track_caller]
    pub fn weighted_moments(
        self,
        axes: impl Into<Axes>,
        weights: AnyTensor<'g>,
        keep_dims: bool,
    ) -> (AnyTensor<'g>, AnyTensor<'g>) {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("weighted_moments");
        let axes = axes.into();
        let sum = |x: AnyTensor<'g>, name| x.reduce(Reduction::Sum, axes.clone(), true).named(name);
        let weighted = sum(weights.mul(self), "weighted_input_sum");
        let total = sum(weights.add(self.zeros_like()), "sum_of_weights");
        let mean = weighted.div_no_nan(total);
        let distances = self.binary(Binary::SquaredDifference, mean, "SquaredDifference");
        let distances = sum(weights.mul(distances), "weighted_distsq");
        let variance = distances.div_no_nan(total);
        if keep_dims {
            return (mean, variance);
        }
        (mean.without(&axes), variance.without(&axes))
    }

    /// The variance of all elements along the axes; see [`Tensor::reduce_variance`].
    #[track_caller]
    pub fn reduce_variance(self, axes: impl Into<Axes>, keep_dims: bool) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("reduce_variance");
        let axes = axes.into();
        let (_, variance) = kept_moments(self, &axes);
        if keep_dims {
            return variance;
        }
        variance.without(&axes)
    }

    /// The standard deviation of all elements along the axes; see [`Tensor::reduce_std`].
    #[track_caller]
    pub fn reduce_std(self, axes: impl Into<Axes>, keep_dims: bool) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("reduce_std");
        self.reduce_variance(axes, keep_dims).root()
    }

    /// The tensor without these axes, which a reduction has kept with size 1.
    #[track_caller]
    pub(super) fn without(self, axes: &Axes) -> AnyTensor<'g> {
        // Axes that are not there have been reported by the reduction.
        let reduced = axes.resolve(self.shape().rank()).unwrap_or_default();
        self.squeeze(reduced)
    }
}

/// Mean and variance, each reduced axis kept with size 1.
///
/// The variance is taken from a centre that no gradient flows to, which saves the gradient a sum of
/// all distances that is 0. What is subtracted is 0 as well; with it, the formula holds for whatever
/// centre, so that further derivatives are right too.
#[track_caller]
fn kept_moments<'g>(x: AnyTensor<'g>, axes: &Axes) -> (AnyTensor<'g>, AnyTensor<'g>) {
    let mean = x.reduce(Reduction::Mean, axes.clone(), true).named("mean");
    let centre = mean.stop_gradient();
    let distances = x.binary(Binary::SquaredDifference, centre, "SquaredDifference");
    let around_centre = distances.reduce(Reduction::Mean, axes.clone(), true);
    let offset = mean.sub(centre).unary(Unary::Square);
    let variance = around_centre.binary(Binary::Sub, offset, "variance");
    (mean, variance)
}

fn typed<'g, T: Float>(
    (mean, variance): (AnyTensor<'g>, AnyTensor<'g>),
) -> (Tensor<'g, T>, Tensor<'g, T>) {
    (Tensor::assume(mean), Tensor::assume(variance))
}
