//! Shape rules of family `state`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::Fact;
use crate::infer::Surroundings;
use crate::infer::common::{Class, check_class, check_same_dtype, operands, splice};
use crate::infer::index::{found, index_rows};
use crate::mistake::Problem;
use crate::op::{PartUpdate, State, Update};
use crate::shape::Shape;

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
        State::ScatterNd(_, update) => scatter_nd(update, variable, operands(inputs)?)?,
    };
    Ok(vec![fact])
}

fn assign(update: Update, variable: Fact, [value]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_same_dtype(("the variable", &variable), ("value", value))?;
    match update {
        Update::Set => {}
        Update::Add | Update::Sub => check_class("the variable", &variable, Class::Number)?,
    }
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
    update: PartUpdate,
    variable: Fact,
    [indices, updates]: &[Fact; 2],
) -> Result<Fact, Problem> {
    check_part_update(update, &variable, updates)?;
    check_class("indices", indices, Class::Index)?;
    if variable.rank() == 0 {
        return Err(Problem::shape("the variable is a scalar and has no rows"));
    }
    let needed = splice(&variable.shape, 0..1, indices.shape.dims());
    check_parts(
        updates,
        &needed,
        "give one row of the variable for each index",
    )?;
    Ok(variable)
}

fn scatter_nd(
    update: PartUpdate,
    variable: Fact,
    [indices, updates]: &[Fact; 2],
) -> Result<Fact, Problem> {
    check_part_update(update, &variable, updates)?;
    let (rows, depth) = index_rows(indices)?;
    let needed = found(rows, depth, "the variable", &variable.shape)?;
    let help = "give an update for each row of indices, of the shape of the part that it names";
    check_parts(updates, &needed, help)?;
    Ok(variable)
}

/// Checks the dtype of what is written.
fn check_part_update(update: PartUpdate, variable: &Fact, updates: &Fact) -> Result<(), Problem> {
    check_same_dtype(("the variable", variable), ("updates", updates))?;
    match update {
        PartUpdate::Set => Ok(()),
        PartUpdate::Add
        | PartUpdate::Sub
        | PartUpdate::Mul
        | PartUpdate::Div
        | PartUpdate::Min
        | PartUpdate::Max => check_class("the variable", variable, Class::Number),
    }
}

fn check_parts(updates: &Fact, needed: &Shape, help: &str) -> Result<(), Problem> {
    if updates.shape.compatible(needed) {
        return Ok(());
    }
    let message = format!(
        "updates has shape {} but must have shape {needed}",
        updates.shape
    );
    Err(Problem::shape(message).help(help))
}
