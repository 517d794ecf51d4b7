//! Kernels: what each op does with numbers.
//!
//! A kernel is made once, for concrete shapes, and run many times. Everything that depends on
//! shapes alone (strides, offsets, which axes are summed) is worked out when it is made.

#![deny(clippy::wildcard_enum_match_arm)]

#[macro_use]
mod dispatch;

mod activation;
mod apart;
mod args;
mod array;
mod broadcast;
mod cast;
mod conv;
mod cumulative;
mod custom;
mod debug;
mod elementwise;
mod extreme;
mod float32;
mod float64;
mod fold;
pub(crate) mod fused;
mod gather;
pub(crate) mod index;
mod lines;
mod math;
mod matmul;
mod moves;
mod nn;
mod order;
mod pad;
mod pool;
mod primitive;
pub(crate) mod product;
pub(crate) mod random;
mod range;
mod rare;
mod reduce;
pub(crate) mod reduced;
mod scratch;
mod segment;
pub(crate) mod shared;
mod softmax;
mod special;
pub(crate) mod state;
pub(crate) mod step;
pub(crate) mod strides;
pub(crate) mod summary;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
mod transcendental;
mod unique;

use std::fmt;

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Fact, Op};

pub(crate) use args::{Args, Slice, SliceMut, Typed, append};
pub(crate) use gather::unravel;

/// A kernel made for concrete shapes.
pub(crate) type Kernel = Box<dyn Fn(&mut Args<'_>) -> Result<(), Failure> + Send + Sync>;

/// The kernel of an op.
///
/// `None` for what is not a function of the operands alone and so belongs to the executor: fed
/// values and parameters of bodies, random numbers (they move a counter on), variables, loops and
/// branches.
pub(crate) fn kernel(op: &Op, spec: &Spec<'_>) -> Option<Kernel> {
    match op {
        Op::Math(op) => Some(math::kernel(*op, spec)),
        Op::Array(op) => array::kernel(op, spec),
        Op::Reduce(op) => Some(reduce::kernel(op, spec)),
        Op::Nn(op) => Some(nn::kernel(*op, spec)),
        Op::Debug(op) => Some(debug::kernel(op, spec)),
        Op::Custom(op) => Some(custom::kernel(op, spec)),
        Op::Random(_) | Op::State(_) | Op::Control(_) => None,
    }
}

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

    /// The element type of an operand.
    pub(crate) fn input_dtype(&self, index: usize) -> DType {
        dtype(self.inputs.get(index))
    }

    /// The element type of a result.
    pub(crate) fn output_dtype(&self, index: usize) -> DType {
        dtype(self.outputs.get(index))
    }
}

fn sizes(fact: Option<&Fact>) -> Vec<usize> {
    // The planner makes a kernel only when every size is known.
    fact.and_then(|fact| fact.shape.sizes()).unwrap_or_default()
}

fn dtype(fact: Option<&Fact>) -> DType {
    debug_assert!(fact.is_some(), "the shape rule gives every fact of an op");
    fact.map_or(DType::F32, |fact| fact.dtype)
}

/// A kernel that cannot fail.
fn infallible(run: impl Fn(&mut Args<'_>) + Send + Sync + 'static) -> Kernel {
    Box::new(move |args| {
        run(args);
        Ok(())
    })
}

/// A kernel that always fails: shapes or types allow no result, which is reported by the run.
fn failing(failure: Failure) -> Kernel {
    Box::new(move |_| Err(failure.clone()))
}

impl primitive::Unsupported for Kernel {
    fn unsupported(dtype: DType) -> Kernel {
        failing(Failure::new(format!("there is no kernel for {dtype}")))
    }
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

    /// Of results that the system has no memory for.
    pub(crate) fn no_memory(results: fmt::Arguments<'_>) -> Failure {
        Failure::new(format!("its {results} do not fit in memory"))
            .help("feed less at once, or look at the sizes that this operation is given")
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }
}
