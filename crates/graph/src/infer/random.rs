//! Shape rules of family `random`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::Fact;
use crate::infer::common::{
    Class, check_attribute, check_rank, first_dim, int_scalar, operands, shape_operand,
};
use crate::mistake::Problem;
use crate::op::{Distribution, Random};

pub(super) fn infer(op: Random, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let fact = match op.distribution {
        Distribution::Uniform { dtype }
        | Distribution::StandardNormal { dtype }
        | Distribution::TruncatedNormal { dtype } => float(dtype, operands(inputs)?),
        Distribution::UniformInt { dtype } => uniform_int(dtype, operands(inputs)?),
        Distribution::Shuffle => shuffle(operands(inputs)?),
    }?;
    Ok(vec![fact])
}

fn float(dtype: DType, [shape]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_attribute(dtype, Class::Float)?;
    Ok(Fact::new(dtype, shape_operand("shape", shape)?))
}

fn uniform_int(dtype: DType, [shape, low, high]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_attribute(dtype, Class::Index)?;
    let shape = shape_operand("shape", shape)?;
    let low_int = bound("low", low, dtype)?;
    let high_int = bound("high", high, dtype)?;
    match (low_int, high_int) {
        (Some(low), Some(high)) if low >= high => Err(Problem::argument(format!(
            "low {low} is not below high {high}"
        ))
        .help("numbers are drawn from low up to high - 1")),
        _ => Ok(Fact::new(dtype, shape)),
    }
}

/// The number that bounds the draw, if it is known.
fn bound(role: &str, fact: &Fact, dtype: DType) -> Result<Option<i64>, Problem> {
    check_rank(role, fact, 0)?;
    if fact.dtype != dtype {
        let message = format!("{role} is {} but the result is {dtype}", fact.dtype);
        return Err(Problem::dtype(message).help(format!("cast it: `.cast::<{dtype}>()`")));
    }
    Ok(int_scalar(role, fact)?.known())
}

fn shuffle([x]: &[Fact; 1]) -> Result<Fact, Problem> {
    first_dim("x", x)?;
    Ok(Fact::new(x.dtype, &x.shape))
}
