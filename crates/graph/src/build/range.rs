//! Builders of sequences of numbers.

use crate::element::Number;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::op::Array;

impl<'g> AnyTensor<'g> {
    /// The same whole numbers, each of which must be one of the first so many from 0: taken from a list
    /// of them, a number that is none of them fails the run. `count` has their type.
    #[track_caller]
    pub(crate) fn among(self, count: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let [zero, one] = [0.0, 1.0].map(|bound| graph.number(self.dtype(), bound, "bound"));
        graph.range_any(zero, count, one).gather(self, 0)
    }
}

impl Graph {
    /// `0, 1, …` before `limit`, a number or a scalar tensor of type `i32`, `i64`, `f32` or `f64`.
    /// TensorFlow's `range` of one argument.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 28]);
    /// let rows = g.range(x.size_of(0));
    /// // There are as many as `x` has rows, whatever their number.
    /// assert_eq!(rows.shape().dim(0), x.shape().dim(0));
    /// assert_eq!(g.range(10_i64).shape().to_string(), "[10]");
    /// ```
    #[track_caller]
    pub fn range<'g, T: Number>(&'g self, limit: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.range_with(T::from_f64(0.0), limit, T::from_f64(1.0))
    }

    /// `start`, `start + delta`, … before `limit`: numbers or scalar tensors. A `delta` of 0, and one
    /// that leads away from `limit`, is a mistake or an error of the run. TensorFlow's `range` of
    /// three arguments.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// assert_eq!(g.range_with(10, 0, -3).shape().to_string(), "[4]"); // 10, 7, 4, 1
    /// // How many floats there are is known in the run.
    /// assert_eq!(g.range_with(0.0_f32, 1.0, 0.1).shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn range_with<'g, T: Number>(
        &'g self,
        start: impl Operand<'g, T>,
        limit: impl Operand<'g, T>,
        delta: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let start = start.into_tensor(self).any();
        let limit = limit.into_tensor(self).any();
        let delta = delta.into_tensor(self).any();
        Tensor::assume(self.range_any(start, limit, delta))
    }

    /// [`Graph::range_with`] of scalars whose type, that of `start`, is known at run time.
    #[track_caller]
    pub fn range_any<'g>(
        &'g self,
        start: AnyTensor<'g>,
        limit: AnyTensor<'g>,
        delta: AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let dtype = start.dtype();
        self.add_tensor(Array::Range { dtype }, &[start, limit, delta], "range")
    }
}
