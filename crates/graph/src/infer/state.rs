//! Shape rules of family `state`.

use crate::fact::Fact;
use crate::infer::Surroundings;
use crate::mistake::Problem;
use crate::op::State;

pub(super) fn infer(
    op: State,
    inputs: &[Fact],
    around: &dyn Surroundings,
) -> Result<Vec<Fact>, Problem> {
    let _ = (op, inputs, around);
    Err(Problem::argument("stub"))
}
