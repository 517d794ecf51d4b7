//! Shape rules of family `reduce`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::Fact;
use crate::infer::common::{
    Class, broadcast_to, check_attribute, check_axes, check_axis, check_class, check_same_dtype,
    operands, shape_operand, splice, unify_shapes,
};
use crate::mistake::Problem;
use crate::op::{Extreme, Reduce, Reduction};
use crate::shape::{Dim, Shape};

pub(super) fn infer(op: &Reduce, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let fact = match op {
        Reduce::Over {
            reduction,
            axes,
            keep_dims,
        } => over(*reduction, axes, *keep_dims, operands(inputs)?),
        Reduce::Arg {
            extreme,
            axis,
            out_type,
        } => arg(*extreme, *axis, *out_type, operands(inputs)?),
        Reduce::Cumulative { axis, .. } => cumulative(*axis, operands(inputs)?),
        Reduce::Recurrence { axis, .. } => recurrence(*axis, operands(inputs)?),
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

fn arg(extreme: Extreme, axis: usize, out_type: DType, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Number)?;
    check_attribute(out_type, Class::Index)?;
    check_axis(axis, "x", x.rank())?;
    let left = splice(&x.shape, axis..axis + 1, &[]);
    // Where sizes are open there may turn out to be no result.
    let results = left.elements().unwrap_or(0);
    if x.shape.dim(axis) == Some(Dim::Known(0)) && results > 0 {
        let sought = match extreme {
            Extreme::Largest => "largest",
            Extreme::Smallest => "smallest",
        };
        let message = format!("axis {axis} of x has size 0: it has no {sought} element");
        return Err(Problem::shape(message).help("give the axis a size of 1 or more"));
    }
    Ok(Fact::new(out_type, left))
}

fn cumulative(axis: usize, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Number)?;
    check_axis(axis, "x", x.rank())?;
    Ok(Fact::new(x.dtype, &x.shape))
}

fn recurrence(axis: usize, inputs: &[Fact; 2]) -> Result<Fact, Problem> {
    let [factors, terms] = inputs;
    check_same_dtype(("factors", factors), ("terms", terms))?;
    check_class("factors", factors, Class::Number)?;
    let shape = unify_shapes(inputs, None)?;
    check_axis(axis, "factors", shape.rank())?;
    Ok(Fact::new(factors.dtype, shape))
}

fn sum_to([x, shape]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Number)?;
    let target = shape_operand("shape", shape)?;
    broadcast_to(&target, &x.shape)?;
    Ok(Fact::new(x.dtype, target))
}
