//! Shape rules of family `debug`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::fact::Fact;
use crate::infer::common::{Class, check_class, first_operand, operands};
use crate::mistake::Problem;
use crate::op::Debug;

pub(super) fn infer(op: &Debug, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    match op {
        Debug::Assert { .. } => {
            check_class("condition", first_operand(inputs)?, Class::Bool)?;
            Ok(Vec::new())
        }
        Debug::Print { .. } => Ok(vec![first_operand(inputs)?.clone()]),
        Debug::CheckNumerics { .. } => {
            let [x] = operands(inputs)?;
            check_class("x", x, Class::Float)?;
            Ok(vec![x.clone()])
        }
    }
}
