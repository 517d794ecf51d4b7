//! Handles: small `Copy` values that name a part of a graph.

mod any_tensor;
mod operand;
mod operation;
mod operators;
mod tensor;
mod variable;

pub use any_tensor::AnyTensor;
pub use operand::Operand;
pub use operation::Operation;
pub use tensor::Tensor;
pub use variable::{AnyVariable, Variable};
