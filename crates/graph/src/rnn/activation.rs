//! The function that a cell applies to its sums.

use std::fmt;
use std::panic::Location as Caller;

use crate::element::Float;
use crate::handle::Tensor;

/// A function of tensors that can be called again and again; `tanh` unless it is set.
pub(super) struct Activation<'g, T>(Option<Function<'g, T>>);

type Function<'g, T> = Box<dyn Fn(Tensor<'g, T>) -> Tensor<'g, T> + 'g>;

impl<'g, T: Float> Activation<'g, T> {
    pub(super) fn tanh() -> Activation<'g, T> {
        Activation(None)
    }

    pub(super) fn new(function: impl Fn(Tensor<'g, T>) -> Tensor<'g, T> + 'g) -> Activation<'g, T> {
        Activation(Some(Box::new(function)))
    }

    #[track_caller]
    pub(super) fn apply(&self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        match &self.0 {
            None => x.tanh(),
            Some(function) => {
                let _user_code = x.graph().called_from(Caller::caller());
                function(x)
            }
        }
    }
}

impl<T> fmt::Debug for Activation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "closure" } else { "tanh" })
    }
}
