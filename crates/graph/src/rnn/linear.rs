//! The affine function of a cell.

use crate::build::VariableOptions;
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::{Tensor, Variable};
use crate::initializer::Initializer;

/// `x · kernel + bias`, of variables `kernel` and `bias`.
pub(super) struct Linear<'g, T> {
    kernel: Variable<'g, T>,
    bias: Variable<'g, T>,
}

/// The variables of a [`Linear`] before they are made.
pub(super) struct LinearOptions<'a> {
    /// What stands before the names of the variables.
    pub(super) prefix: &'a str,
    /// `[inputs, units]`
    pub(super) sizes: [usize; 2],
    /// The scope's, if there is none.
    pub(super) kernel_initializer: Option<&'a Initializer>,
    pub(super) bias_initializer: Initializer,
}

impl<'g, T: Float> Linear<'g, T> {
    /// Makes the variables, or finds them.
    #[track_caller]
    pub(super) fn new(graph: &'g Graph, options: LinearOptions<'_>) -> Linear<'g, T> {
        let LinearOptions {
            prefix,
            sizes,
            kernel_initializer,
            bias_initializer,
        } = options;
        let kernel = variable_options(kernel_initializer);
        Linear {
            kernel: graph.get_variable_with(&format!("{prefix}kernel"), sizes, kernel),
            bias: graph.get_variable_with(&format!("{prefix}bias"), [sizes[1]], bias_initializer),
        }
    }

    /// Of one matrix, or of several side by side.
    #[track_caller]
    pub(super) fn apply(&self, parts: &[Tensor<'g, T>]) -> Tensor<'g, T> {
        let x = match parts {
            [x] => *x,
            _ => self.kernel.graph().concat(parts, 1),
        };
        x.matmul(self.kernel).bias_add(self.bias)
    }
}

/// Options of a variable that starts as told, or as the scope says.
pub(super) fn variable_options(initializer: Option<&Initializer>) -> VariableOptions {
    let options = VariableOptions::new();
    match initializer {
        Some(initializer) => options.initializer(initializer.clone()),
        None => options,
    }
}

/// The columns of a matrix in so many equal parts.
#[track_caller]
pub(super) fn split_columns<'g, T: Float, const COUNT: usize>(
    x: Tensor<'g, T>,
) -> [Tensor<'g, T>; COUNT] {
    let parts = x.split(COUNT, 1);
    // There are as many as were asked for.
    std::array::from_fn(|place| parts.get(place).copied().unwrap_or(x))
}
