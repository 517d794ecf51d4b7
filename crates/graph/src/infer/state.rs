//! Shape rules of family `state`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::Fact;
use crate::infer::Surroundings;
use crate::infer::common::{Class, check_class, check_rank, check_same_dtype, operands, splice};
use crate::mistake::Problem;
use crate::op::{State, Update};

pub(super) fn infer(
    op: State,
    inputs: &[Fact],
    around: &dyn Surroundings,
) -> Result<Vec<Fact>, Problem> {
    let declared = around.variable(op.variable());
    // A variable's elements change from run to run, whatever is known of its first value.
    let variable = Fact::new(declared.dtype, declared.shape);
    let fact = match op {
        State::Read(_) | State::ReadValue(_) => {
            let [] = operands(inputs)?;
            variable
        }
        State::IsInitialized(_) => {
            let [] = operands(inputs)?;
            Fact::new(DType::Bool, ())
        }
        State::Assign(_, update) => assign(update, variable, operands(inputs)?)?,
        State::Scatter(_, update) => scatter(update, variable, operands(inputs)?)?,
    };
    Ok(vec![fact])
}

fn assign(update: Update, variable: Fact, [value]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_update(update, &variable, ("value", value))?;
    if !value.shape.compatible(&variable.shape) {
        return Err(Problem::shape(format!(
            "value has shape {} but the variable has shape {}",
            value.shape, variable.shape
        ))
        .help("a write does not broadcast: give a value of the variable's shape"));
    }
    Ok(variable)
}

fn scatter(
    update: Update,
    variable: Fact,
    [indices, updates]: &[Fact; 2],
) -> Result<Fact, Problem> {
    check_update(update, &variable, ("updates", updates))?;
    check_class("indices", indices, Class::Index)?;
    check_rank("indices", indices, 1)?;
    if variable.rank() == 0 {
        return Err(Problem::shape("the variable is a scalar and has no rows"));
    }
    let needed = splice(&variable.shape, 0..1, indices.shape.dims());
    if !updates.shape.compatible(&needed) {
        let message = format!(
            "updates has shape {} but must have shape {needed}",
            updates.shape
        );
        return Err(Problem::shape(message).help("give one row of the variable for each index"));
    }
    Ok(variable)
}

/// Checks the dtype of what is written.
fn check_update(update: Update, variable: &Fact, written: (&str, &Fact)) -> Result<(), Problem> {
    check_same_dtype(("the variable", variable), written)?;
    match update {
        Update::Set => Ok(()),
        Update::Add | Update::Sub => check_class("the variable", variable, Class::Number),
    }
}
