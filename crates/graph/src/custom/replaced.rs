//! Gradients that the user gives in place of those of operations.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::custom::CustomStep;
use crate::handle::AnyTensor;
use crate::ids::{NodeId, TensorId};
use crate::op::Op;
use crate::store::Store;

type Rule = dyn for<'g> Fn(&CustomStep<'g>) -> Vec<Option<AnyTensor<'g>>> + Send + Sync;

/// A gradient that stands in place of that of an operation, or of all operations of a function.
#[derive(Clone)]
pub struct ReplacedGradient {
    /// What it is the gradient of, for reports: `Relu`.
    name: Arc<str>,
    rule: Arc<Rule>,
    function: Option<Arc<Ends>>,
}

/// What a function was given, and what it gave.
#[derive(Debug)]
struct Ends {
    operands: Vec<TensorId>,
    outputs: Vec<TensorId>,
}

impl ReplacedGradient {
    /// In place of the gradient of one operation.
    pub(crate) fn of_operation(
        name: &str,
        rule: impl for<'g> Fn(&CustomStep<'g>) -> Vec<Option<AnyTensor<'g>>> + Send + Sync + 'static,
    ) -> ReplacedGradient {
        ReplacedGradient {
            name: name.into(),
            rule: Arc::new(rule),
            function: None,
        }
    }

    /// In place of the gradients of all operations between these tensors.
    pub(crate) fn between(
        self,
        operands: Vec<TensorId>,
        outputs: Vec<TensorId>,
    ) -> ReplacedGradient {
        ReplacedGradient {
            function: Some(Arc::new(Ends { operands, outputs })),
            ..self
        }
    }

    /// What it is the gradient of, for reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// From the gradients of the outputs to a gradient for each operand.
    pub fn call<'g>(&self, step: &CustomStep<'g>) -> Vec<Option<AnyTensor<'g>>> {
        (self.rule)(step)
    }

    /// The outputs of the function, if it is the gradient of one: each is an operation of its own.
    pub fn function_outputs(&self) -> Option<&[TensorId]> {
        self.function.as_ref().map(|ends| &*ends.outputs)
    }

    fn function_operands(&self) -> Option<&[TensorId]> {
        self.function.as_ref().map(|ends| &*ends.operands)
    }
}

impl Store {
    /// The gradient that stands in place of that of an operation, if the user gave one.
    pub fn replaced_gradient(&self, id: NodeId) -> Option<&ReplacedGradient> {
        self.replaced_gradients.get(&id)
    }

    /// The tensors that the gradient of an operation is passed on to: its operands, or those of the
    /// function that it gives a result of.
    pub fn gradient_operands(&self, id: NodeId) -> Vec<TensorId> {
        let replaced = self.replaced_gradient(id);
        let of_function = replaced.and_then(ReplacedGradient::function_operands);
        of_function.map_or_else(|| self.inputs(id), <[TensorId]>::to_vec)
    }
}

impl fmt::Debug for ReplacedGradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplacedGradient")
            .field("name", &self.name)
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// The gradient that operations of a type get where they are built.
#[derive(Clone, Debug)]
pub(crate) struct GradientOverride {
    gradient: ReplacedGradient,
    /// Whether there was such an operation.
    used: Arc<AtomicBool>,
}

impl GradientOverride {
    /// Of the type that the gradient is named after.
    pub(crate) fn new(gradient: ReplacedGradient) -> GradientOverride {
        GradientOverride {
            gradient,
            used: Arc::default(),
        }
    }

    pub(crate) fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// The gradient for this op, if it is of the type.
    pub(crate) fn for_op(&self, op: &Op) -> Option<ReplacedGradient> {
        let name = match op {
            // What goes into bodies is no operand, so a rule could not pass a gradient on to it.
            Op::Control(_) => return None,
            Op::Custom(op) => op.name(),
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Debug(_) => op.type_name(),
        };
        (name == self.gradient.name()).then(|| {
            self.used.store(true, Ordering::Relaxed);
            self.gradient.clone()
        })
    }
}
