//! Builders of family `reduce`.

use crate::build::Axes;
use crate::build::axes::resolve_axis;
use crate::element::{DType, Element, Float, Index, Number};
use crate::handle::{AnyTensor, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::op::{Accumulation, Compare, Extreme, Op, Reduce, Reduction, Unary};
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
        let axes = axes.into().resolve(self.shape().rank());
        self.reduce_axes(axes, |axes| Reduce::Over {
            reduction,
            axes,
            keep_dims,
        })
    }

    /// `log(sum(exp(x)))` of all elements along the axes, without overflow.
    #[track_caller]
    pub fn reduce_logsumexp(self, axes: impl Into<Axes>, keep_dims: bool) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("ReduceLogSumExp");
        let axes = axes.into();
        let max = self.reduce(Reduction::Max, axes.clone(), true);
        // An infinite shift would make NaN of the infinities that it is taken from.
        let infinity = graph.number(self.dtype(), f64::INFINITY, "infinity");
        let finite = max.unary(Unary::Abs).compare(Compare::Less, infinity);
        let zero = graph.number(self.dtype(), 0.0, "zero");
        let shift = finite.select(max, zero).stop_gradient();
        let sum = self.sub(shift).unary(Unary::Exp);
        let log = sum.reduce(Reduction::Sum, axes.clone(), keep_dims);
        let log = log.unary(Unary::Log);
        if keep_dims {
            return log.add(shift);
        }
        log.add(shift.without(&axes))
    }

    /// How many elements along the axes are not 0, or hold, as an `i64`.
    #[track_caller]
    pub fn count_nonzero(self, axes: impl Into<Axes>, keep_dims: bool) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("count_nonzero");
        let zero = graph.number(self.dtype(), 0.0, "zeros");
        let counted = self.compare(Compare::NotEqual, zero).cast(DType::I64);
        counted.reduce(Reduction::Sum, axes, keep_dims)
    }

    /// The place of an extreme element along an axis, as an `i32` or `i64`.
    #[track_caller]
    pub fn arg(self, extreme: Extreme, axis: i64, out_type: DType) -> AnyTensor<'g> {
        self.reduce_axes(resolve_axis(axis, self.shape().rank()), |axis| {
            Reduce::Arg {
                extreme,
                axis,
                out_type,
            }
        })
    }

    /// What all elements up to each place along an axis make together; with `exclusive`, without the
    /// place itself; with `reverse`, from the last place to the first.
    #[track_caller]
    pub fn cumulative(
        self,
        accumulation: Accumulation,
        axis: i64,
        exclusive: bool,
        reverse: bool,
    ) -> AnyTensor<'g> {
        self.reduce_axes(resolve_axis(axis, self.shape().rank()), |axis| {
            Reduce::Cumulative {
                accumulation,
                axis,
                exclusive,
                reverse,
            }
        })
    }

    /// `y` with 0 at the first place along an axis and `terms + factors * y` of the place before at
    /// each further one, where these are the factors; with `reverse`, from the last place to the first.
    #[track_caller]
    pub fn linear_recurrence(
        self,
        terms: AnyTensor<'g>,
        axis: usize,
        reverse: bool,
    ) -> AnyTensor<'g> {
        let op = Reduce::Recurrence { axis, reverse };
        self.graph()
            .add_tensor(op, &[self, terms], "LinearRecurrence")
    }

    #[track_caller]
    fn reduce_axes<A: Default>(
        self,
        axes: Result<A, Problem>,
        op: impl Fn(A) -> Reduce,
    ) -> AnyTensor<'g> {
        let name = Op::from(op(A::default())).type_name();
        let id = self.graph().add_of_axes(axes, &[self], name, op);
        AnyTensor::new(self.graph(), TensorId::new(id, 0))
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

    /// The product; 1 of nothing. TensorFlow's `reduce_prod`.
    #[track_caller]
    pub fn reduce_prod(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Prod, axes, false))
    }

    /// The product, each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_prod_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce(Reduction::Prod, axes, true))
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

/// How many elements are not 0, or hold.
impl<'g, T: Element> Tensor<'g, T> {
    /// How many elements along the axes are not 0, or hold; 0 of nothing. TensorFlow's
    /// `math.count_nonzero`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Tensor, shape};
    ///
    /// let g = Graph::new();
    /// let right = g.placeholder::<bool>("right", shape![?, 10]);
    /// let counts: Tensor<'_, i64> = right.count_nonzero(-1);
    /// assert_eq!(counts.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn count_nonzero(self, axes: impl Into<Axes>) -> Tensor<'g, i64> {
        Tensor::assume(self.any().count_nonzero(axes, false))
    }

    /// [`Tensor::count_nonzero`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn count_nonzero_keep(self, axes: impl Into<Axes>) -> Tensor<'g, i64> {
        Tensor::assume(self.any().count_nonzero(axes, true))
    }
}

/// What is found out along one axis; a negative axis counts from the end.
impl<'g, T: Number> Tensor<'g, T> {
    /// The place of the largest element along an axis, which goes: the first of equal ones. NaN is
    /// passed over. An axis without elements is an error if there are results. TensorFlow's `argmax`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Tensor, shape};
    ///
    /// let g = Graph::new();
    /// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
    /// let labels: Tensor<'_, i64> = logits.argmax(-1);
    /// assert_eq!(labels.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn argmax(self, axis: i64) -> Tensor<'g, i64> {
        self.argmax_as(axis)
    }

    /// [`Tensor::argmax`] as `i32` or `i64`: `argmax_as::<i32>(axis)`. TensorFlow's `argmax` with
    /// `output_type`.
    #[track_caller]
    pub fn argmax_as<I: Index>(self, axis: i64) -> Tensor<'g, I> {
        Tensor::assume(self.any().arg(Extreme::Largest, axis, I::DTYPE))
    }

    /// The place of the smallest element along an axis, which goes, as [`Tensor::argmax`] gives that
    /// of the largest. TensorFlow's `argmin`.
    #[track_caller]
    pub fn argmin(self, axis: i64) -> Tensor<'g, i64> {
        self.argmin_as(axis)
    }

    /// [`Tensor::argmin`] as `i32` or `i64`. TensorFlow's `argmin` with `output_type`.
    #[track_caller]
    pub fn argmin_as<I: Index>(self, axis: i64) -> Tensor<'g, I> {
        Tensor::assume(self.any().arg(Extreme::Smallest, axis, I::DTYPE))
    }

    /// At each place along an axis, the sum of all up to it. Shape and type are kept. TensorFlow's
    /// `cumsum`.
    #[track_caller]
    pub fn cumsum(self, axis: i64) -> Tensor<'g, T> {
        self.cumsum_with(axis, false, false)
    }

    /// [`Tensor::cumsum`]; with `exclusive`, each sum leaves its own place out; with `reverse`, they
    /// run from the last place to the first.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// // Of [1, 2, 3] this gives [5, 3, 0].
    /// let after = g.constant([1.0_f32, 2.0, 3.0]).cumsum_with(0, true, true);
    /// assert_eq!(after.shape().to_string(), "[3]");
    /// ```
    #[track_caller]
    pub fn cumsum_with(self, axis: i64, exclusive: bool, reverse: bool) -> Tensor<'g, T> {
        let sums = Accumulation::Sum;
        Tensor::assume(self.any().cumulative(sums, axis, exclusive, reverse))
    }

    /// At each place along an axis, the product of all up to it. Shape and type are kept. Its gradient
    /// is right where elements are zero too (TensorFlow's is not). TensorFlow's `cumprod`.
    #[track_caller]
    pub fn cumprod(self, axis: i64) -> Tensor<'g, T> {
        self.cumprod_with(axis, false, false)
    }

    /// [`Tensor::cumprod`]; with `exclusive`, each product leaves its own place out; with `reverse`,
    /// they run from the last place to the first.
    #[track_caller]
    pub fn cumprod_with(self, axis: i64, exclusive: bool, reverse: bool) -> Tensor<'g, T> {
        let products = Accumulation::Product;
        Tensor::assume(self.any().cumulative(products, axis, exclusive, reverse))
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// `log(sum(exp(x)))`, without overflow; `-inf` of nothing. TensorFlow's `reduce_logsumexp`.
    #[track_caller]
    pub fn reduce_logsumexp(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_logsumexp(axes, false))
    }

    /// [`Tensor::reduce_logsumexp`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_logsumexp_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_logsumexp(axes, true))
    }
}

impl<'g> Tensor<'g, bool> {
    /// Whether all hold; true of nothing. TensorFlow's `reduce_all`.
    #[track_caller]
    pub fn reduce_all(self, axes: impl Into<Axes>) -> Tensor<'g, bool> {
        Tensor::assume(self.any().reduce(Reduction::All, axes, false))
    }

    /// Whether all hold, each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_all_keep(self, axes: impl Into<Axes>) -> Tensor<'g, bool> {
        Tensor::assume(self.any().reduce(Reduction::All, axes, true))
    }

    /// Whether any holds; false of nothing. TensorFlow's `reduce_any`.
    #[track_caller]
    pub fn reduce_any(self, axes: impl Into<Axes>) -> Tensor<'g, bool> {
        Tensor::assume(self.any().reduce(Reduction::Any, axes, false))
    }

    /// Whether any holds, each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_any_keep(self, axes: impl Into<Axes>) -> Tensor<'g, bool> {
        Tensor::assume(self.any().reduce(Reduction::Any, axes, true))
    }
}
