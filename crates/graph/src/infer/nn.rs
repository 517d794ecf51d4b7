//! Shape rules of family `nn`.

use crate::fact::Fact;
use crate::mistake::Problem;
use crate::op::Nn;

pub(super) fn infer(op: Nn, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let _ = (op, inputs);
    Err(Problem::argument("stub"))
}
