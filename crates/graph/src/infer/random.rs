//! Shape rules of family `random`.

use crate::fact::Fact;
use crate::mistake::Problem;
use crate::op::Random;

pub(super) fn infer(op: Random, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let _ = (op, inputs);
    Err(Problem::argument("stub"))
}
