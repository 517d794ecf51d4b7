//! Kernels: what each op does with numbers.
//!
//! A kernel is made once, for concrete shapes, and run many times. Everything that depends on
//! shapes alone (strides, offsets, which axes are summed) is worked out when it is made.

mod args;
mod array;
mod math;
mod nn;
pub(crate) mod random;
mod reduce;

use aqueduct_graph::ir::Fact;

pub(crate) use args::{Args, Slice, SliceMut};

/// A kernel made for concrete shapes.
pub(crate) type Kernel = Box<dyn Fn(&mut Args<'_>) -> Result<(), Failure> + Send + Sync>;

/// What a kernel is made for. Every size in the facts is known, and so are the values of the op's
/// size inputs (`Op::size_inputs`), which the kernel must take from here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec<'a> {
    /// The operands.
    pub(crate) inputs: &'a [Fact],
    /// The results.
    pub(crate) outputs: &'a [Fact],
}

impl Spec<'_> {
    /// The sizes of an operand.
    pub(crate) fn input(&self, index: usize) -> Vec<usize> {
        sizes(self.inputs.get(index))
    }

    /// The sizes of a result.
    pub(crate) fn output(&self, index: usize) -> Vec<usize> {
        sizes(self.outputs.get(index))
    }
}

fn sizes(fact: Option<&Fact>) -> Vec<usize> {
    // The planner makes a kernel only when every size is known.
    fact.and_then(|fact| fact.shape.sizes()).unwrap_or_default()
}

/// Why a kernel could not compute: the operands' values do not allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// One clause, lower case, without a full stop: `indices[0] = 3 is not in [0, 3)`.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            help: None,
        }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }
}
