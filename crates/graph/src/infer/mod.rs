//! Shape rules: pure functions from an op and the facts of its operands to the facts of its results.
//!
//! The graph runs them while building, with unknown sizes; the session runs the same rules again
//! with numbers. A rule gives [`Dim::UNKNOWN`](crate::Dim::UNKNOWN) where it cannot tell a size,
//! and the caller gives it an identity.

mod array;
mod common;
mod control;
mod conv;
mod custom;
mod debug;
mod index;
mod ints;
mod math;
mod nn;
mod order;
mod pad;
mod random;
mod range;
mod reduce;
mod reshape;
mod segment;
mod slice;
mod state;
#[cfg(test)]
mod tests;

pub use common::plural;

use crate::fact::Fact;
use crate::ids::{RegionId, VariableId};
use crate::mistake::Problem;
use crate::op::Op;

/// What rules of stateful and structured ops look up besides their operands.
pub trait Surroundings {
    /// The type and shape of a variable.
    fn variable(&self, variable: VariableId) -> Fact;

    /// The facts of a body's parameters.
    fn parameters(&self, region: RegionId) -> Vec<Fact>;

    /// The fact of one of a body's parameters, if it has so many.
    fn parameter(&self, region: RegionId, index: usize) -> Option<Fact> {
        self.parameters(region).into_iter().nth(index)
    }

    /// The facts of a body's results.
    fn results(&self, region: RegionId) -> Vec<Fact>;
}

/// The facts of an op's results, or what is wrong with its operands.
pub fn infer(op: &Op, inputs: &[Fact], around: &dyn Surroundings) -> Result<Vec<Fact>, Problem> {
    let outputs = match op {
        Op::Math(op) => math::infer(*op, inputs),
        Op::Array(op) => array::infer(op, inputs),
        Op::Reduce(op) => reduce::infer(op, inputs),
        Op::Nn(op) => nn::infer(*op, inputs),
        Op::Random(op) => random::infer(*op, inputs),
        Op::State(op) => state::infer(*op, inputs, around),
        Op::Control(op) => control::infer(op, inputs, around),
        Op::Debug(op) => debug::infer(op, inputs),
        Op::Custom(op) => custom::infer(op, inputs),
    }?;
    outputs.iter().try_for_each(check_rank)?;
    outputs.iter().try_for_each(check_addressable)?;
    Ok(outputs)
}

/// Checks that a tensor has no more axes than TensorFlow allows: ranks that grow from op to op would
/// take all memory otherwise.
fn check_rank(fact: &Fact) -> Result<(), Problem> {
    const MOST: usize = 254;
    let rank = fact.rank();
    if rank <= MOST {
        return Ok(());
    }
    let message = format!("the result has {rank} axes but may have {MOST}");
    Err(Problem::shape(message).help("join some of them with `reshape`"))
}

/// Checks that a tensor whose sizes are all known fits into an address space. A size of 0 is passed
/// over: beside it too, the distance from one position to the next must be a number.
fn check_addressable(fact: &Fact) -> Result<(), Problem> {
    let Some(sizes) = fact.shape.sizes() else {
        return Ok(());
    };
    let mut others = sizes.iter().filter(|size| **size > 0);
    let bytes = others.try_fold(fact.dtype.width(), |bytes, size| bytes.checked_mul(*size));
    if bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok()) {
        return Ok(());
    }
    Err(Problem::shape(format!(
        "a result of shape {} is larger than any memory",
        fact.shape
    ))
    .help("look at the sizes that this operation is given"))
}
