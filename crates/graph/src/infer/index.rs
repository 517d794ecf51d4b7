//! Shape rules of ops that find places by index or by truth: `GatherNd`, `ScatterNd`,
//! `TensorScatterUpdate`, `ReverseSequence`, `OneHot`, `Where`, `FirstOccurrence`.

use crate::element::DType;
use crate::fact::Fact;
use crate::infer::common::{
    Class, check_axis, check_class, check_rank, check_same_dtype, int_scalar, no_axis,
    shape_operand, size, splice, unify,
};
use crate::mistake::Problem;
use crate::shape::{Dim, Shape};

pub(super) fn gather_nd([x, indices]: &[Fact; 2]) -> Result<Fact, Problem> {
    let (rows, depth) = index_rows(indices)?;
    Ok(Fact::new(x.dtype, found(rows, depth, "x", &x.shape)?))
}

pub(super) fn scatter_nd([indices, updates, shape]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_class("updates", updates, Class::Number)?;
    let shape = shape_operand("shape", shape)?;
    check_updates(indices, updates, "the result", &shape)?;
    Ok(Fact::new(updates.dtype, shape))
}

pub(super) fn tensor_scatter_update([x, indices, updates]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_same_dtype(("x", x), ("updates", updates))?;
    check_updates(indices, updates, "x", &x.shape)?;
    Ok(Fact::new(x.dtype, &x.shape))
}

/// Checks that there is an update for each row of indices, of the shape of the part that it names of
/// `what`.
fn check_updates(indices: &Fact, updates: &Fact, what: &str, shape: &Shape) -> Result<(), Problem> {
    let (rows, depth) = index_rows(indices)?;
    let needed = found(rows, depth, what, shape)?;
    if updates.shape.compatible(&needed) {
        return Ok(());
    }
    let message = format!("updates has shape {} but must be {needed}", updates.shape);
    Err(Problem::shape(message)
        .help("give an update for each row of indices, of the shape of the part that it names"))
}

/// The axes of the indices but the last, and its size: how many axes a row of the indices names.
pub(super) fn index_rows(indices: &Fact) -> Result<(&[Dim], usize), Problem> {
    check_class("indices", indices, Class::Index)?;
    let Some((last, rows)) = indices.shape.dims().split_last() else {
        return Err(no_axis("indices"));
    };
    let depth = last.known().ok_or_else(|| {
        Problem::shape("the last size of indices is unknown").help(
            "it says how many axes are indexed, and so the rank of the result: give it a fixed size",
        )
    })?;
    Ok((rows, depth))
}

/// The shape of the parts that rows of indices name, whose first `depth` axes are indexed.
pub(super) fn found(
    rows: &[Dim],
    depth: usize,
    what: &str,
    shape: &Shape,
) -> Result<Shape, Problem> {
    let Some(inner) = shape.dims().get(depth..) else {
        let message = format!(
            "a row of indices names {depth} axes but {what} has rank {}",
            shape.rank()
        );
        return Err(Problem::shape(message).help("a row names one position of each first axis"));
    };
    Ok(Shape::new([rows, inner].concat()))
}

pub(super) fn reverse_sequence(
    seq_axis: usize,
    batch_axis: usize,
    [x, lengths]: &[Fact; 2],
) -> Result<Fact, Problem> {
    check_axis(seq_axis, "x", x.rank())?;
    check_axis(batch_axis, "x", x.rank())?;
    if seq_axis == batch_axis {
        let message = format!("seq_axis and batch_axis are both {seq_axis}");
        return Err(Problem::argument(message).help("name two axes"));
    }
    check_class("lengths", lengths, Class::Index)?;
    check_rank("lengths", lengths, 1)?;
    let batch = Shape::new(x.shape.dim(batch_axis).into_iter().collect());
    let batch = unify(&batch, &lengths.shape).ok_or_else(|| {
        let message = format!(
            "lengths has shape {} but axis {batch_axis} of x has shape {batch}",
            lengths.shape
        );
        Problem::shape(message).help("give one length for each position of the batch axis")
    })?;
    let axis = batch_axis..batch_axis + 1;
    Ok(Fact::new(x.dtype, splice(&x.shape, axis, batch.dims())))
}

pub(super) fn one_hot(axis: usize, [indices, depth, on, off]: &[Fact; 4]) -> Result<Fact, Problem> {
    check_class("indices", indices, Class::Index)?;
    check_axis(axis, "the result", indices.rank() + 1)?;
    let depth = size("depth", int_scalar("depth", depth)?)?;
    check_same_dtype(("on", on), ("off", off))?;
    check_rank("on", on, 0)?;
    check_rank("off", off, 0)?;
    Ok(Fact::new(
        on.dtype,
        splice(&indices.shape, axis..axis, &[depth]),
    ))
}

pub(super) fn places_where([condition]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_class("condition", condition, Class::Bool)?;
    let dims = vec![Dim::UNKNOWN, Dim::Known(condition.rank())];
    Ok(Fact::new(DType::I64, Shape::new(dims)))
}

pub(super) fn first_occurrence([x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Number)?;
    check_rank("x", x, 1)?;
    Ok(Fact::new(DType::I32, x.shape.clone()))
}
