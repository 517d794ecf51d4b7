//! Shape rules of family `reduce`.

use crate::fact::Fact;
use crate::mistake::Problem;
use crate::op::Reduce;

pub(super) fn infer(op: &Reduce, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let _ = (op, inputs);
    Err(Problem::argument("stub"))
}
