//! Shape rules of family `control`.

use crate::fact::Fact;
use crate::infer::Surroundings;
use crate::mistake::Problem;
use crate::op::Control;

pub(super) fn infer(
    op: &Control,
    inputs: &[Fact],
    around: &dyn Surroundings,
) -> Result<Vec<Fact>, Problem> {
    let _ = (op, inputs, around);
    Err(Problem::argument("stub"))
}
