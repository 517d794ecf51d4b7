//! Settings of an optimizer that may be numbers or tensors.

use aqueduct_graph::{AnyTensor, DType, Element, Graph, Tensor, Variable};

/// A number, or a scalar tensor of floats: a learning rate that follows a schedule, say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hyper<'g> {
    /// A number; it is rounded to the type of what it is used with.
    Number(f64),
    /// A scalar; it is cast to the type of what it is used with.
    Tensor(AnyTensor<'g>),
}

impl<'g> Hyper<'g> {
    /// The setting as a scalar of this type.
    #[track_caller]
    pub fn tensor(self, graph: &'g Graph, dtype: DType, name: &str) -> AnyTensor<'g> {
        match self {
            Hyper::Number(number) => graph.number(dtype, number, name),
            Hyper::Tensor(tensor) => tensor.cast(dtype),
        }
    }
}

impl From<f64> for Hyper<'_> {
    fn from(number: f64) -> Self {
        Hyper::Number(number)
    }
}

impl From<f32> for Hyper<'_> {
    fn from(number: f32) -> Self {
        Hyper::Number(f64::from(number))
    }
}

impl<'g> From<AnyTensor<'g>> for Hyper<'g> {
    fn from(tensor: AnyTensor<'g>) -> Hyper<'g> {
        Hyper::Tensor(tensor)
    }
}

impl<'g, T: Element> From<Tensor<'g, T>> for Hyper<'g> {
    fn from(tensor: Tensor<'g, T>) -> Hyper<'g> {
        Hyper::Tensor(tensor.any())
    }
}

impl<'g, T: Element> From<Variable<'g, T>> for Hyper<'g> {
    fn from(variable: Variable<'g, T>) -> Hyper<'g> {
        Hyper::Tensor(variable.value().any())
    }
}
