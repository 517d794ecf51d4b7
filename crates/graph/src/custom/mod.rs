//! Ops of the user's own: one trait that carries shape rule, kernel and gradient.

mod any_array;
mod closure;
mod computation;
mod gradient;
mod registry;
mod replaced;

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub use any_array::{AnyArray, AnyArrayMut};
pub(crate) use closure::Closure;
pub use closure::{ClosureBody, ClosureInputs};
pub use computation::{Computation, ComputationError};
pub use gradient::{Backward, CustomGradient, CustomStep};
pub(crate) use registry::Registration;
pub use registry::{NameTaken, register_custom_op, registered_custom_op};
pub(crate) use replaced::GradientOverride;
pub use replaced::ReplacedGradient;

use crate::fact::Fact;
use crate::mistake::Problem;

/// Why a custom op could not compute: whatever error it met, or a text (`Err("no root".into())`).
pub type CustomError = Box<dyn std::error::Error + Send + Sync>;

/// An op of your own. [`Graph::custom`](crate::Graph::custom) adds it to a graph.
///
/// An op is a value: its attributes are fields. Its name, its number of outputs and whether it is
/// stateful are asked once, when it is added. It must give the same outputs for the same inputs
/// unless [`CustomOp::is_stateful`] says otherwise. Nothing else is assumed of it: it is not fused
/// with other ops, and the rows of its inputs are not taken as independent. Several threads may run
/// one op at once.
///
/// ```
/// use std::sync::Arc;
///
/// use aqueduct_graph::ir::{Fact, Problem};
/// use aqueduct_graph::{Computation, CustomError, CustomGradient, CustomOp, Graph, shape};
///
/// /// Rounds to multiples of a step. The gradient passes straight through.
/// #[derive(Debug)]
/// struct Snap {
///     step: f32,
/// }
///
/// impl CustomOp for Snap {
///     fn name(&self) -> &str {
///         "snap"
///     }
///
///     fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
///         match inputs {
///             [x] => Ok(vec![x.clone()]),
///             _ => Err(Problem::argument("snap takes one operand")),
///         }
///     }
///
///     fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
///         let x = run.input::<f32>(0)?;
///         let mut y = run.output::<f32>(0)?;
///         y.zip_mut_with(&x, |y, x| *y = (x / self.step).round() * self.step);
///         Ok(())
///     }
///
///     fn gradient(&self) -> CustomGradient {
///         CustomGradient::flows(|step| vec![Some(step.grads()[0])])
///     }
/// }
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 3]);
/// let y = g.custom_tensor::<f32>(Arc::new(Snap { step: 0.25 }), &[x.any()]);
/// assert_eq!(y.shape(), x.shape());
/// ```
pub trait CustomOp: fmt::Debug + Send + Sync + 'static {
    /// What reports and the text form call the op, and the name that it is
    /// [registered](register_custom_op) and saved by. Ops that differ in an attribute need names
    /// that tell them apart if they are to be saved.
    fn name(&self) -> &str;

    /// The types and shapes of the outputs, or what is wrong with the inputs.
    ///
    /// Called while building, where sizes may be unknown, and again for each plan, with numbers. A size
    /// that follows from the inputs' sizes must be given then; one that is unknown even so is *late*:
    /// the result is given by [`Computation::give`], and what uses it is planned when it is there. The
    /// type, the rank and what was known while building may not change.
    ///
    /// As a late size may be hidden in any, a run that needs an output's shape alone needs the values
    /// of the inputs too.
    ///
    /// The graph is held while this runs: it must not ask or change one.
    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem>;

    /// Computes the outputs. An error is the error of the run; so is a panic.
    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError>;

    /// How many outputs [`CustomOp::infer`] gives.
    fn output_count(&self) -> usize {
        1
    }

    /// Whether running it twice differs from running it once: it draws, counts, or talks to the
    /// outside. Such an op is never merged with another, computed ahead, or run again for a gradient.
    fn is_stateful(&self) -> bool {
        false
    }

    /// What a gradient does that comes to the outputs. By default it ends here.
    fn gradient(&self) -> CustomGradient {
        CustomGradient::none("it declares none")
    }
}

/// A custom op as a graph keeps it. Clones are the same op, and equal only to each other.
#[derive(Clone)]
pub struct Custom {
    op: Arc<dyn CustomOp>,
    // Asked once, before a graph is held: later the op might say something else, or panic.
    name: Arc<str>,
    outputs: usize,
    stateful: bool,
    /// Whether it stands for a Rust closure, which cannot be saved.
    closure: bool,
}

impl Custom {
    /// The op to be added to a graph.
    pub fn new(op: Arc<dyn CustomOp>) -> Custom {
        Custom {
            name: op.name().into(),
            outputs: op.output_count(),
            stateful: op.is_stateful(),
            op,
            closure: false,
        }
    }

    pub(crate) fn of_closure(op: Closure) -> Custom {
        Custom {
            closure: true,
            ..Custom::new(Arc::new(op))
        }
    }

    /// The op's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many outputs it has.
    pub fn output_count(&self) -> usize {
        self.outputs
    }

    /// Whether running it twice differs from running it once.
    pub fn is_stateful(&self) -> bool {
        self.stateful
    }

    /// What a gradient does that comes to the outputs.
    pub fn gradient(&self) -> CustomGradient {
        self.op.gradient()
    }

    /// The op's shape rule. A panic in it is a problem.
    pub(crate) fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        IN_SHAPE_RULE.set(true);
        let inferred = catch_unwind(AssertUnwindSafe(|| self.op.infer(inputs)));
        IN_SHAPE_RULE.set(false);
        inferred.unwrap_or_else(|panic| {
            let words = panic_words(panic);
            Err(Problem::argument(format!(
                "its shape rule panicked: {words}"
            )))
        })
    }

    /// Computes the outputs. A panic is an error.
    ///
    /// # Errors
    /// What the op gives, in words.
    pub fn compute(&self, run: &mut Computation<'_>) -> Result<(), String> {
        match catch_unwind(AssertUnwindSafe(|| self.op.compute(run))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => Err(format!("it panicked: {}", panic_words(panic))),
        }
    }
}

thread_local! {
    /// Whether this thread runs a user's shape rule, and so holds a graph.
    static IN_SHAPE_RULE: Cell<bool> = const { Cell::new(false) };
}

/// Keeps a user's shape rule from waiting for the graph that is held while it runs.
///
/// # Panics
/// Within a shape rule, around which the panic is caught.
#[expect(
    clippy::panic,
    reason = "it is caught, and becomes a mistake; the other way is to wait for ever"
)]
pub(crate) fn forbid_in_shape_rule() {
    if IN_SHAPE_RULE.get() {
        panic!("it uses a graph, which is held while it runs");
    }
}

/// What a panic said.
fn panic_words(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let words = text.unwrap_or("no reason given").to_owned();
    // What a panic carries may panic when it is dropped.
    std::mem::forget(panic);
    words
}

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        is_same(&self.op, &other.op)
    }
}

/// Whether both are one op, not only equal ones.
fn is_same(a: &Arc<dyn CustomOp>, b: &Arc<dyn CustomOp>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(a), Arc::as_ptr(b))
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.op, f)
    }
}
