//! Learning rates that follow the count of steps. TensorFlow's `train.exponential_decay` and its like.
//!
//! Each gives a scalar that any optimizer takes as its learning rate. It is worked out of the count
//! in every run: nothing is kept in a variable.

mod cosine;
mod exponential;
mod piecewise;
mod polynomial;

use aqueduct_graph::ir::Binary;
use aqueduct_graph::{AnyTensor, ContextGuard, Float, Graph, NameScope, Operand, Tensor};

pub use cosine::{
    CosineDecayOptions, CosineDecayRestartsOptions, LinearCosineDecayOptions, cosine_decay,
    cosine_decay_restarts, cosine_decay_restarts_with, cosine_decay_with, linear_cosine_decay,
    linear_cosine_decay_with,
};
pub use exponential::{
    DecayOptions, exponential_decay, exponential_decay_with, inverse_time_decay,
    inverse_time_decay_with, natural_exp_decay, natural_exp_decay_with,
};
pub use piecewise::piecewise_constant;
pub use polynomial::{PolynomialDecayOptions, polynomial_decay, polynomial_decay_with};

use crate::hyper::{Allowed, Hyper, checked_count};

/// A schedule while it is built: its scope, and what it is built of as scalars of its type.
struct Schedule<'g, T> {
    graph: &'g Graph,
    /// What the schedule starts from.
    rate: Tensor<'g, T>,
    /// The count of steps.
    step: Tensor<'g, T>,
    scope: NameScope,
    _here: ContextGuard,
}

impl<'g, T: Float> Schedule<'g, T> {
    #[track_caller]
    fn open(
        name: &str,
        learning_rate: impl Operand<'g, T>,
        global_step: AnyTensor<'g>,
    ) -> Schedule<'g, T> {
        let graph = global_step.graph();
        let here = graph.here();
        let scope = graph.open_name_scope(name);
        let rate = Hyper::from(learning_rate.into_tensor(graph));
        Schedule {
            graph,
            rate: rate.tensor(graph, T::DTYPE, "learning_rate").typed(),
            step: checked_count(global_step, "global_step")
                .cast(T::DTYPE)
                .typed(),
            scope,
            _here: here,
        }
    }

    /// A number of the schedule's formula.
    #[track_caller]
    fn number(&self, number: f64) -> Tensor<'g, T> {
        self.graph.number(T::DTYPE, number, "Const").typed()
    }

    /// A setting, which must be finite if it is a number.
    #[track_caller]
    fn setting(&self, setting: impl Into<Hyper<'g>>, name: &str) -> Tensor<'g, T> {
        self.setting_of(setting.into(), name, Allowed::Finite)
    }

    /// A number of steps, which must be more than 0 if it is a number.
    #[track_caller]
    fn steps(&self, setting: impl Into<Hyper<'g>>, name: &str) -> Tensor<'g, T> {
        self.setting_of(setting.into(), name, Allowed::Positive)
    }

    #[track_caller]
    fn setting_of(&self, setting: Hyper<'g>, name: &str, allowed: Allowed) -> Tensor<'g, T> {
        if let Err(problem) = setting.check(name, allowed) {
            let like = self.number(1.0).any();
            return self.graph.poisoned_like(like, name, name, problem).typed();
        }
        setting.tensor(self.graph, T::DTYPE, name).typed()
    }

    /// The rate multiplied by this factor, named as the schedule is.
    #[track_caller]
    fn times(&self, factor: Tensor<'g, T>) -> Tensor<'g, T> {
        self.result(self.rate, Binary::Mul, factor)
    }

    /// The last operation, named as the schedule is.
    #[track_caller]
    fn result(&self, lhs: Tensor<'g, T>, op: Binary, rhs: Tensor<'g, T>) -> Tensor<'g, T> {
        let result = lhs.any().binary_scope(op, rhs.any(), &self.scope);
        result.typed()
    }
}
