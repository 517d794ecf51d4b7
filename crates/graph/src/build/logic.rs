//! Builders of family `math` that give truth values: properties of floats, and logic.

use crate::element::Float;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::op::{Logical, Math, Op, Test};

impl<'g> AnyTensor<'g> {
    /// A property of each element of a tensor of floats: `bool`.
    #[track_caller]
    pub fn test(self, op: Test) -> AnyTensor<'g> {
        let op = Math::Test(op);
        self.graph()
            .add_tensor(op, &[self], Op::from(op).type_name())
    }

    /// One function of each pair of truth values, with broadcasting.
    #[track_caller]
    pub fn logical(self, op: Logical, rhs: AnyTensor<'g>, name: &str) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Math::Logical(op), &[self, rhs], name)
    }

    /// Whether each element does not hold.
    #[track_caller]
    pub fn logical_not(self) -> AnyTensor<'g> {
        self.graph().add_tensor(Math::Not, &[self], "LogicalNot")
    }
}

/// Properties of floats.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 3]);
/// let usable = x.is_finite() & x.greater(0.0);
/// let logarithms = usable.select(x, 1.0).log();
/// assert_eq!(logarithms.shape().to_string(), "[?, 3]");
/// ```
impl<'g, T: Float> Tensor<'g, T> {
    /// Whether each element is not a number. TensorFlow's `is_nan`.
    #[track_caller]
    pub fn is_nan(self) -> Tensor<'g, bool> {
        Tensor::assume(self.any().test(Test::IsNan))
    }

    /// Whether each element is infinite, of either sign. TensorFlow's `is_inf`.
    #[track_caller]
    pub fn is_inf(self) -> Tensor<'g, bool> {
        Tensor::assume(self.any().test(Test::IsInf))
    }

    /// Whether each element is neither infinite nor NaN. TensorFlow's `is_finite`.
    #[track_caller]
    pub fn is_finite(self) -> Tensor<'g, bool> {
        Tensor::assume(self.any().test(Test::IsFinite))
    }
}

/// Logic, with broadcasting. The operators `&`, `|`, `^` and `!` do the same. Both sides are always
/// computed.
impl<'g> Tensor<'g, bool> {
    #[track_caller]
    pub(crate) fn logical(
        self,
        op: Logical,
        rhs: impl Operand<'g, bool>,
        name: &str,
    ) -> Tensor<'g, bool> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().logical(op, rhs, name))
    }

    /// Whether both hold. TensorFlow's `logical_and`.
    #[track_caller]
    pub fn logical_and(self, rhs: impl Operand<'g, bool>) -> Tensor<'g, bool> {
        self.logical(Logical::And, rhs, "LogicalAnd")
    }

    /// Whether one or both hold. TensorFlow's `logical_or`.
    #[track_caller]
    pub fn logical_or(self, rhs: impl Operand<'g, bool>) -> Tensor<'g, bool> {
        self.logical(Logical::Or, rhs, "LogicalOr")
    }

    /// Whether one alone holds. TensorFlow's `logical_xor`.
    #[track_caller]
    pub fn logical_xor(self, rhs: impl Operand<'g, bool>) -> Tensor<'g, bool> {
        self.logical(Logical::Xor, rhs, "LogicalXor")
    }

    /// Whether each does not hold. TensorFlow's `logical_not`.
    #[track_caller]
    pub fn logical_not(self) -> Tensor<'g, bool> {
        Tensor::assume(self.any().logical_not())
    }
}
