//! Shape rules of slices and of their gradients.

use crate::fact::{Fact, Int};
use crate::infer::common::shape_operand;
use crate::infer::ints;
use crate::mistake::Problem;
use crate::op::{Place, SliceSpec, cut_at};
use crate::shape::{Dim, Shape};

pub(super) fn slice(spec: &SliceSpec, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    let shape = slice_shape(spec, &x.shape)?;
    let elements = match &x.ints {
        Some(elements) => slice_ints(spec, &x.shape, elements)?,
        None => None,
    };
    Ok(ints::tracked(Fact::new(x.dtype, shape), elements))
}

pub(super) fn slice_grad(spec: &SliceSpec, [dy, shape]: &[Fact; 2]) -> Result<Fact, Problem> {
    let shape = shape_operand("shape", shape)?;
    let sliced = slice_shape(spec, &shape)?;
    if !dy.shape.compatible(&sliced) {
        return Err(Problem::shape(format!(
            "dy has shape {} but the slice of shape {shape} has shape {sliced}",
            dy.shape
        )));
    }
    Ok(Fact::new(dy.dtype, shape))
}

fn slice_shape(spec: &SliceSpec, shape: &Shape) -> Result<Shape, Problem> {
    let mut dims = Vec::with_capacity(shape.rank());
    for place in spec.places(shape.dims())? {
        match place {
            Place::New => dims.push(Dim::Known(1)),
            Place::At { axis, size, index } => {
                // An unknown size is checked when the rule runs again with numbers.
                if let Dim::Known(size) = size {
                    cut_at(axis, size, index)?;
                }
            }
            Place::Span { size, span } => dims.push(match size {
                Dim::Known(size) => Dim::Known(span.cut(size).count),
                Dim::Unknown(_) if span.takes_all() => size,
                // Even known bounds say little: they are clamped to the size.
                Dim::Unknown(_) => Dim::UNKNOWN,
            }),
        }
    }
    Ok(Shape::new(dims))
}

/// The elements that a slice takes of a tracked scalar or vector.
fn slice_ints(
    spec: &SliceSpec,
    shape: &Shape,
    elements: &[Int],
) -> Result<Option<Vec<Int>>, Problem> {
    let Some(sizes) = shape.sizes() else {
        return Ok(None);
    };
    let taken = spec.resolve(&sizes)?;
    Ok(match taken.cuts.as_slice() {
        [] => Some(elements.to_vec()),
        [cut] => cut
            .positions()
            .map(|position| elements.get(position).copied())
            .collect(),
        _ => None,
    })
}
