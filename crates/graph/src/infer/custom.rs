//! The shape rule of a custom op: the user's own.

use crate::custom::Custom;
use crate::fact::Fact;
use crate::infer::plural;
use crate::mistake::Problem;

pub(super) fn infer(op: &Custom, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let outputs = op.infer(inputs)?;
    if outputs.len() != op.output_count() {
        return Err(Problem::argument(format!(
            "its shape rule gives {} but the op declares {}",
            plural(outputs.len(), "output"),
            plural(op.output_count(), "output")
        ))
        .help("`CustomOp::output_count` says how many outputs `infer` gives"));
    }
    // A rule that gives an operand's fact for an output does not mean that the elements are the same.
    Ok(outputs.iter().map(Fact::without_ints).collect())
}
