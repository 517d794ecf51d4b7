//! Clipping, composed of functions of elements and sums.

use crate::build::Axes;
use crate::element::{DType, Float, Number};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::mistake::Problem;
use crate::op::{Binary, Math, Reduction, Unary};

impl<'g, T: Number> Tensor<'g, T> {
    /// Each element brought into `low..=high`: the smaller of it and `high`, then the larger of
    /// that and `low`. NaN stays NaN. Bounds broadcast to the tensor, but not the tensor to them.
    /// TensorFlow's `clip_by_value`.
    ///
    /// The gradient passes where the element is within the bounds, these included.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// let clipped = x.clip_by_value(-1.0, g.constant([1.0_f32, 2.0, 3.0]));
    /// assert_eq!(clipped.shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn clip_by_value(
        self,
        low: impl Operand<'g, T>,
        high: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let low = low.into_tensor(self.graph()).any();
        let high = high.into_tensor(self.graph()).any();
        Tensor::assume(self.any().clip_by_value(low, high))
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// The tensor scaled down so that its L2 norm is at most `norm`: `x * norm / max(l2, norm)`.
    /// TensorFlow's `clip_by_norm`.
    ///
    /// A tensor of zeros stays as it is, and its gradient passes.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// assert_eq!(x.clip_by_norm(5.0).shape().to_string(), "[?, 3]");
    /// let rows = x.clip_by_norm_along(5.0, 1);
    /// assert_eq!(rows.shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn clip_by_norm(self, norm: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.clip_by_norm_along(norm, ..)
    }

    /// The same for the norm along these axes alone: for each row, each column, …
    #[track_caller]
    pub fn clip_by_norm_along(
        self,
        norm: impl Operand<'g, T>,
        axes: impl Into<Axes>,
    ) -> Tensor<'g, T> {
        let norm = norm.into_tensor(self.graph()).any();
        Tensor::assume(self.any().clip_by_norm(norm, axes))
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// The tensor scaled down so that its L2 norm, divided by the number of its elements, is at most
    /// `norm`. TensorFlow's `clip_by_average_norm`.
    ///
    /// A tensor of zeros stays as it is, and its gradient passes.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// assert_eq!(x.clip_by_average_norm(0.1).shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn clip_by_average_norm(self, norm: impl Operand<'g, T>) -> Tensor<'g, T> {
        let norm = norm.into_tensor(self.graph()).any();
        Tensor::assume(self.any().clip_by_average_norm(norm))
    }
}

/// Functions of several tensors together. They belong to the graph because a list of tensors may be
/// empty.
impl Graph {
    /// The L2 norm of all elements of all tensors; 0 of none. TensorFlow's `global_norm`.
    #[track_caller]
    pub fn global_norm<'g, T: Float>(&'g self, tensors: &[Tensor<'g, T>]) -> Tensor<'g, T> {
        Tensor::assume(global_norm(self, T::DTYPE, &untyped(tensors)))
    }

    /// The tensors scaled down together so that their global norm is at most `norm`, and the global
    /// norm that they had before. TensorFlow's `clip_by_global_norm`.
    ///
    /// If that global norm is infinite or NaN, or 0 while `norm` is 0, all results are NaN.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let slopes = [
    ///     g.placeholder::<f32>("kernel", shape![3, 4]),
    ///     g.placeholder::<f32>("bias", shape![4]),
    /// ];
    /// let (clipped, norm) = g.clip_by_global_norm(&slopes, 5.0);
    /// assert_eq!(clipped[1].shape().to_string(), "[4]");
    /// assert_eq!(norm.name(), "global_norm/global_norm:0");
    /// ```
    #[track_caller]
    pub fn clip_by_global_norm<'g, T: Float>(
        &'g self,
        tensors: &[Tensor<'g, T>],
        norm: impl Operand<'g, T>,
    ) -> (Vec<Tensor<'g, T>>, Tensor<'g, T>) {
        let limit = norm.into_tensor(self).any();
        let (clipped, norm) = self.clip_by_global_norm_any(&untyped(tensors), limit);
        let clipped = clipped.into_iter().map(Tensor::assume).collect();
        (clipped, Tensor::assume(norm))
    }

    /// [`Graph::global_norm`] of tensors of one run-time type; `f32` if there are none.
    #[track_caller]
    pub fn global_norm_any<'g>(&'g self, tensors: &[AnyTensor<'g>]) -> AnyTensor<'g> {
        let dtype = tensors.first().map_or(DType::F32, |first| first.dtype());
        global_norm(self, dtype, tensors)
    }

    /// [`Graph::clip_by_global_norm`] of tensors of one run-time type, which is that of `norm`.
    #[track_caller]
    pub fn clip_by_global_norm_any<'g>(
        &'g self,
        tensors: &[AnyTensor<'g>],
        norm: AnyTensor<'g>,
    ) -> (Vec<AnyTensor<'g>>, AnyTensor<'g>) {
        let _here = self.here();
        let limit = norm;
        let norm = global_norm(self, limit.dtype(), tensors);
        let _scope = self.open_scope("clip_by_global_norm");
        let one = self.number(limit.dtype(), 1.0, "Const");
        let ratio = limit.mul(
            one.div(norm)
                .binary(Binary::Minimum, one.div(limit), "Minimum"),
        );
        // Adds nothing to a finite ratio, and makes NaN of one by an infinite norm.
        let ratio = ratio.add(norm.sub(norm));
        // No closures: tensors of another graph would carry the line of those.
        let mut clipped = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            clipped.push(tensor.mul(ratio));
        }
        (clipped, norm)
    }
}

impl<'g> AnyTensor<'g> {
    /// Each element brought into `low..=high`; see [`Tensor::clip_by_value`].
    #[track_caller]
    pub fn clip_by_value(self, low: AnyTensor<'g>, high: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let clipped = {
            let scope = graph.open_scope("clip_by_value");
            let below = self.binary(Binary::Minimum, high, "Minimum");
            below.binary_exact(Binary::Maximum, low, scope.path())
        };
        clipped_in_shape(self, clipped, "clip_by_value")
    }

    /// The tensor scaled down so that its L2 norm along the axes is at most `norm`; see
    /// [`Tensor::clip_by_norm`].
    #[track_caller]
    pub fn clip_by_norm(self, norm: AnyTensor<'g>, axes: impl Into<Axes>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let clipped = {
            let scope = graph.open_scope("clip_by_norm");
            scaled_down(self, length(self, axes), norm, scope.path())
        };
        clipped_in_shape(self, clipped, "clip_by_norm")
    }

    /// The tensor scaled down so that its L2 norm, divided by the number of its elements, is at most
    /// `norm`; see [`Tensor::clip_by_average_norm`].
    #[track_caller]
    pub fn clip_by_average_norm(self, norm: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let clipped = {
            let scope = graph.open_scope("clip_by_average_norm");
            let count = self.size(DType::I64).cast(self.dtype());
            scaled_down(self, length(self, ..).div(count), norm, scope.path())
        };
        clipped_in_shape(self, clipped, "clip_by_average_norm")
    }
}

/// The L2 norm along the axes, which are kept.
fn length<'g>(x: AnyTensor<'g>, axes: impl Into<Axes>) -> AnyTensor<'g> {
    let squares = x.binary(Binary::Mul, x, "mul");
    squares.reduce(Reduction::Sum, axes, true).root()
}

/// `x * limit / max(size, limit)`, under this name.
fn scaled_down<'g>(
    x: AnyTensor<'g>,
    size: AnyTensor<'g>,
    limit: AnyTensor<'g>,
    path: &str,
) -> AnyTensor<'g> {
    let limited = size.binary(Binary::Maximum, limit, "Maximum");
    let scaled = x.binary(Binary::Mul, limit, "mul");
    scaled.binary_exact(Binary::Div, limited, path)
}

#[track_caller]
fn global_norm<'g>(graph: &'g Graph, dtype: DType, tensors: &[AnyTensor<'g>]) -> AnyTensor<'g> {
    let _here = graph.here();
    let _scope = graph.open_scope("global_norm");
    let mut sums = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let squares = tensor.unary(Unary::Square);
        sums.push(squares.reduce(Reduction::Sum, .., false));
    }
    let sum = if sums.is_empty() {
        graph.number(dtype, 0.0, "Const")
    } else {
        graph.stack_any(&sums, 0).reduce(Reduction::Sum, .., false)
    };
    graph.add_tensor(Math::Unary(Unary::Sqrt), &[sum], "global_norm")
}

/// The clipped tensor, unless its shape can no longer be that of `x`.
#[track_caller]
fn clipped_in_shape<'g>(x: AnyTensor<'g>, clipped: AnyTensor<'g>, function: &str) -> AnyTensor<'g> {
    let (from, to) = (x.shape(), clipped.shape());
    if clipped.is_poisoned() || from.compatible(&to) {
        return clipped;
    }
    let message = format!("the bounds broadcast x from shape {from} to {to}");
    let problem = Problem::shape(message)
        .help("give bounds that broadcast to the shape of x")
        .operand("x", x);
    x.graph().poisoned_like(x, function, function, problem)
}

fn untyped<'g, T: Float>(tensors: &[Tensor<'g, T>]) -> Vec<AnyTensor<'g>> {
    tensors.iter().map(|tensor| tensor.any()).collect()
}
