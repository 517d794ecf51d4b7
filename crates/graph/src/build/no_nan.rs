//! Quotients and products with 0 in place of NaN, composed of choices.

use crate::element::Float;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::op::{Compare, Unary};

/// Functions that are 0 where one operand is, whatever the other one. So is their gradient.
impl<'g, T: Float> Tensor<'g, T> {
    /// `self / rhs`, but 0 where `rhs` is 0, with broadcasting. TensorFlow's `math.divide_no_nan`,
    /// also `div_no_nan`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let hits = g.placeholder::<f32>("hits", shape![?]);
    /// let tries = g.placeholder::<f32>("tries", shape![?]);
    /// let rate = hits.reduce_sum(..).div_no_nan(tries.reduce_sum(..));
    /// assert_eq!(rate.shape().rank(), 0);
    /// ```
    #[track_caller]
    pub fn div_no_nan(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().div_no_nan(rhs))
    }

    /// `1 / self`, but 0 where that is 0. TensorFlow's `math.reciprocal_no_nan`.
    #[track_caller]
    pub fn reciprocal_no_nan(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().reciprocal_no_nan())
    }

    /// `self * log(y)`, but 0 where `self` is 0, with broadcasting. TensorFlow's `math.xlogy`.
    #[track_caller]
    pub fn xlogy(self, y: impl Operand<'g, T>) -> Tensor<'g, T> {
        let y = y.into_tensor(self.graph()).any();
        Tensor::assume(self.any().xlogy(y))
    }

    /// `self / y`, but 0 where `self` is 0, with broadcasting. TensorFlow's `math.xdivy`.
    #[track_caller]
    pub fn xdivy(self, y: impl Operand<'g, T>) -> Tensor<'g, T> {
        let y = y.into_tensor(self.graph()).any();
        Tensor::assume(self.any().xdivy(y))
    }
}

impl<'g> AnyTensor<'g> {
    /// The quotient, but 0 by 0; see [`Tensor::div_no_nan`].
    #[track_caller]
    pub fn div_no_nan(self, rhs: AnyTensor<'g>) -> AnyTensor<'g> {
        let _here = self.graph().here();
        let _scope = self.graph().open_scope("div_no_nan");
        rhs.zero_or(rhs, |rhs| self.div(rhs))
    }

    /// The reciprocal, but 0 of 0.
    #[track_caller]
    pub fn reciprocal_no_nan(self) -> AnyTensor<'g> {
        let _here = self.graph().here();
        let _scope = self.graph().open_scope("reciprocal_no_nan");
        self.zero_or(self, |x| x.unary(Unary::Reciprocal))
    }

    /// The product with a logarithm, but 0 times anything; see [`Tensor::xlogy`].
    #[track_caller]
    pub fn xlogy(self, y: AnyTensor<'g>) -> AnyTensor<'g> {
        let _here = self.graph().here();
        let _scope = self.graph().open_scope("xlogy");
        self.zero_or(y, |y| self.mul(y.unary(Unary::Log)))
    }

    /// The quotient, but 0 by anything; see [`Tensor::xdivy`].
    #[track_caller]
    pub fn xdivy(self, y: AnyTensor<'g>) -> AnyTensor<'g> {
        let _here = self.graph().here();
        let _scope = self.graph().open_scope("xdivy");
        self.zero_or(y, |y| self.div(y))
    }

    /// 0 where this is 0, else what `function` makes of `operand`. Where the result is not chosen the
    /// operand is 1: a gradient multiplies what was not chosen by 0, and must find it finite.
    #[track_caller]
    fn zero_or(
        self,
        operand: AnyTensor<'g>,
        function: impl FnOnce(AnyTensor<'g>) -> AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let zero = graph.number(self.dtype(), 0.0, "zero");
        let one = graph.number(operand.dtype(), 1.0, "one");
        let is_zero = self.compare(Compare::Equal, zero);
        let result = function(is_zero.select(one, operand));
        is_zero.select(zero, result)
    }
}
