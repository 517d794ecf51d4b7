//! Shape rules of family `reduce`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::fact::Fact;
use crate::infer::common::{Class, broadcast_to, check_axes, check_class, operands, shape_operand};
use crate::mistake::Problem;
use crate::op::{Reduce, Reduction};
use crate::shape::{Dim, Shape};

pub(super) fn infer(op: &Reduce, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let fact = match op {
        Reduce::Over {
            reduction,
            axes,
            keep_dims,
        } => over(*reduction, axes, *keep_dims, operands(inputs)?),
        Reduce::Arg { .. } | Reduce::Cumulative { .. } => Err(Problem::argument("TOCOME")),
        Reduce::SumTo => sum_to(operands(inputs)?),
    }?;
    Ok(vec![fact])
}

fn over(
    reduction: Reduction,
    axes: &[usize],
    keep_dims: bool,
    [x]: &[Fact; 1],
) -> Result<Fact, Problem> {
    let class = match reduction {
        Reduction::Sum | Reduction::Prod | Reduction::Mean | Reduction::Max | Reduction::Min => {
            Class::Number
        }
        Reduction::All | Reduction::Any => Class::Bool,
    };
    check_class("x", x, class)?;
    check_axes(axes, x.rank())?;
    let dims = x.shape.dims().iter().enumerate();
    let left = dims.filter_map(|(axis, dim)| match (axes.contains(&axis), keep_dims) {
        (false, _) => Some(*dim),
        (true, true) => Some(Dim::Known(1)),
        (true, false) => None,
    });
    Ok(Fact::new(x.dtype, Shape::new(left.collect())))
}

fn sum_to([x, shape]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Number)?;
    let target = shape_operand("shape", shape)?;
    broadcast_to(&target, &x.shape)?;
    Ok(Fact::new(x.dtype, target))
}
