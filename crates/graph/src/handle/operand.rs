//! What may stand where a tensor is wanted.

use crate::element::Element;
use crate::graph::Graph;
use crate::handle::{Tensor, Variable};
use crate::value::Value;

/// Something that can be used as a tensor of elements `T`: a tensor, a variable (its value at the
/// start of the run), or a plain number, which becomes a constant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand where a tensor of `{T}` is wanted",
    note = "a tensor, a variable and a number of this element type can: `2.0` for `f32`, `2` for `i32`",
    note = "`tensor.cast::<{T}>()` changes the type of a tensor"
)]
pub trait Operand<'g, T: Element> {
    /// The tensor.
    #[track_caller]
    fn into_tensor(self, graph: &'g Graph) -> Tensor<'g, T>;
}

impl<'g, T: Element> Operand<'g, T> for Tensor<'g, T> {
    fn into_tensor(self, _: &'g Graph) -> Tensor<'g, T> {
        self
    }
}

impl<'g, T: Element> Operand<'g, T> for &Tensor<'g, T> {
    fn into_tensor(self, _: &'g Graph) -> Tensor<'g, T> {
        *self
    }
}

impl<'g, T: Element> Operand<'g, T> for Variable<'g, T> {
    fn into_tensor(self, _: &'g Graph) -> Tensor<'g, T> {
        self.value()
    }
}

impl<'g, T: Element> Operand<'g, T> for &Variable<'g, T> {
    fn into_tensor(self, _: &'g Graph) -> Tensor<'g, T> {
        self.value()
    }
}

impl<'g, T: Element> Operand<'g, T> for T {
    #[track_caller]
    fn into_tensor(self, graph: &'g Graph) -> Tensor<'g, T> {
        Tensor::assume(graph.constant_value(Value::scalar(self), "Const"))
    }
}
