//! Shape rules of family `array`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::infer::common::{
    Class, broadcast_to, check_attribute, check_axes, check_axis, check_class, check_rank,
    common_dtype, int_scalar, operands, plural, shape_operand, size, splice, unify, unify_shapes,
};
use crate::infer::index::{
    first_occurrence, gather_nd, one_hot, places_where, reverse_sequence, scatter_nd,
    tensor_scatter_update,
};
use crate::infer::ints;
use crate::infer::order::top_k;
use crate::infer::pad::{pad, pad_grad, tile};
use crate::infer::range::range;
use crate::infer::reshape::reshape;
use crate::infer::segment::segment;
use crate::infer::slice::{slice, slice_grad};
use crate::mistake::Problem;
use crate::op::{Array, SizeReason};
use crate::shape::{Dim, Shape};
use crate::value::Value;

pub(super) fn infer(op: &Array, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let fact = match op {
        Array::TopK { .. } => return top_k(operands(inputs)?),
        Array::Unstack { axis, count } => return unstack(*axis, *count, operands(inputs)?),
        Array::Split { axis, count, sizes } => {
            return split(*axis, *count, sizes.as_deref(), operands(inputs)?);
        }
        Array::Placeholder { dtype, shape } => {
            let [] = operands(inputs)?;
            Ok(Fact::new(*dtype, shape))
        }
        Array::PlaceholderWithDefault { shape } | Array::EnsureShape { shape } => {
            of_shape(shape, operands(inputs)?)
        }
        Array::Constant(value) => {
            let [] = operands(inputs)?;
            Ok(constant(value))
        }
        Array::Identity | Array::StopGradient => {
            let [x] = operands(inputs)?;
            Ok(x.clone())
        }
        Array::Reshape => reshape(operands(inputs)?),
        Array::Shape { out_type } => shape_of(*out_type, operands(inputs)?),
        Array::Size { out_type } => size_of(*out_type, operands(inputs)?),
        Array::ExpandDims { axis } => expand_dims(*axis, operands(inputs)?),
        Array::Squeeze { axes } => squeeze(axes, operands(inputs)?),
        Array::Transpose { perm } => transpose(perm, operands(inputs)?),
        Array::Fill => fill(operands(inputs)?),
        Array::BroadcastTo => broadcast_to_shape(operands(inputs)?),
        Array::Slice(spec) => slice(spec, operands(inputs)?),
        Array::SliceGrad(spec) => slice_grad(spec, operands(inputs)?),
        Array::Stack { axis } => stack(*axis, inputs),
        Array::Concat { axis } => concat(*axis, inputs),
        Array::Gather { axis } => gather(*axis, operands(inputs)?),
        Array::Segment { sorted, .. } => segment(*sorted, operands(inputs)?),
        Array::GatherNd => gather_nd(operands(inputs)?),
        Array::ScatterNd => scatter_nd(operands(inputs)?),
        Array::TensorScatterUpdate => tensor_scatter_update(operands(inputs)?),
        Array::Range { dtype } => range(*dtype, operands(inputs)?),
        Array::Tile => tile(operands(inputs)?),
        Array::Pad { mode } => pad(mode, operands(inputs)?),
        Array::PadGrad { mode } => pad_grad(mode, operands(inputs)?),
        Array::ReverseSequence {
            seq_axis,
            batch_axis,
        } => reverse_sequence(*seq_axis, *batch_axis, operands(inputs)?),
        Array::OneHot { axis } => one_hot(*axis, operands(inputs)?),
        Array::Where => places_where(operands(inputs)?),
        Array::FirstOccurrence => first_occurrence(operands(inputs)?),
        Array::EnsureSize { axis, reason } => ensure_size(*axis, reason, operands(inputs)?),
    }?;
    Ok(vec![fact])
}

/// The operand, if its sizes may be these.
fn of_shape(shape: &Shape, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    let Some(both) = unify(&x.shape, shape) else {
        let message = format!("x has shape {} but must have shape {shape}", x.shape);
        return Err(Problem::shape(message).help("a `?` in the shape stands for any size"));
    };
    Ok(ints::rearranged(x, both))
}

fn ensure_size(axis: usize, reason: &SizeReason, [x, wanted]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_axis(axis, &reason.role, x.rank())?;
    let wanted = size("size", int_scalar("size", wanted)?)?;
    let with = |dim| splice(&x.shape, axis..axis + 1, &[dim]);
    match x.shape.dim(axis).and_then(|dim| wanted.unify(dim)) {
        Some(both) => Ok(ints::rearranged(x, with(both))),
        None => {
            let (role, wanted) = (&reason.role, with(wanted));
            let message = format!("{role} has shape {} but must have {wanted}", x.shape);
            Err(Problem::shape(message).help(reason.help.clone()))
        }
    }
}

fn constant(value: &Value) -> Fact {
    let fact = Fact::new(value.dtype(), value.shape());
    // Only of small values: the elements of a large one would be copied in vain.
    let elements = fact.ints.is_some().then(|| ints::of_value(value)).flatten();
    ints::tracked(fact, elements)
}

fn shape_of(out_type: DType, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_attribute(out_type, Class::Index)?;
    let sizes = x
        .shape
        .dims()
        .iter()
        .map(|dim| ints::of_dim(*dim, out_type));
    Ok(Fact::of_ints(out_type, false, sizes.collect()))
}

fn size_of(out_type: DType, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_attribute(out_type, Class::Index)?;
    let count = ints::of_size(&x.shape, out_type);
    Ok(Fact::of_ints(out_type, true, vec![count]))
}

fn expand_dims(axis: usize, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_axis(axis, "the result", x.rank() + 1)?;
    Ok(ints::rearranged(
        x,
        splice(&x.shape, axis..axis, &[Dim::Known(1)]),
    ))
}

fn squeeze(axes: &[usize], [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_axes(axes, x.rank())?;
    let mut left = Vec::new();
    for (axis, dim) in x.shape.dims().iter().enumerate() {
        if !axes.contains(&axis) {
            left.push(*dim);
        } else if !dim.compatible(Dim::Known(1)) {
            let message = format!("axis {axis} has size {dim}, not 1");
            return Err(Problem::shape(message).help("only axes of size 1 can be squeezed"));
        }
    }
    Ok(ints::rearranged(x, Shape::new(left)))
}

fn transpose(perm: &[usize], [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    let rank = x.rank();
    let mut sorted = perm.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        let message = format!("{perm:?} is not a permutation of the {rank} axes of x");
        return Err(Problem::argument(message).help("name each axis of x once"));
    }
    let dims = perm.iter().filter_map(|axis| x.shape.dim(*axis)).collect();
    Ok(ints::rearranged(x, Shape::new(dims)))
}

fn fill([sizes, value]: &[Fact; 2]) -> Result<Fact, Problem> {
    let shape = shape_operand("sizes", sizes)?;
    check_rank("value", value, 0)?;
    let fact = Fact::new(value.dtype, shape);
    let count = fact.ints.as_ref().map_or(0, Vec::len);
    let element = value.ints.as_ref().and_then(|elements| elements.first());
    let elements = element.map(|element| vec![*element; count]);
    Ok(ints::tracked(fact, elements))
}

fn broadcast_to_shape([x, shape]: &[Fact; 2]) -> Result<Fact, Problem> {
    let target = shape_operand("shape", shape)?;
    Ok(Fact::new(x.dtype, broadcast_to(&x.shape, &target)?))
}

fn stack(axis: usize, inputs: &[Fact]) -> Result<Fact, Problem> {
    let dtype = common_dtype(inputs)?;
    let common = unify_shapes(inputs, None)?;
    check_axis(axis, "the result", common.rank() + 1)?;
    let shape = splice(&common, axis..axis, &[Dim::Known(inputs.len())]);
    Ok(ints::tracked(Fact::new(dtype, shape), joined_ints(inputs)))
}

fn concat(axis: usize, inputs: &[Fact]) -> Result<Fact, Problem> {
    let dtype = common_dtype(inputs)?;
    let common = unify_shapes(inputs, Some(axis))?;
    check_axis(axis, "each input", common.rank())?;
    let sizes = inputs.iter().filter_map(|input| input.shape.dim(axis));
    let total = sizes.fold(Dim::Known(0), add_dims);
    let shape = splice(&common, axis..axis + 1, &[total]);
    Ok(ints::tracked(Fact::new(dtype, shape), joined_ints(inputs)))
}

fn add_dims(a: Dim, b: Dim) -> Dim {
    match (a, b) {
        (Dim::Known(0), other) | (other, Dim::Known(0)) => other,
        (Dim::Known(a), Dim::Known(b)) => Dim::Known(a.saturating_add(b)),
        (Dim::Unknown(_), _) | (_, Dim::Unknown(_)) => Dim::UNKNOWN,
    }
}

/// The elements of tracked operands, one operand after the other.
fn joined_ints(inputs: &[Fact]) -> Option<Vec<Int>> {
    let lists: Option<Vec<&[Int]>> = inputs.iter().map(|input| input.ints.as_deref()).collect();
    Some(lists?.concat())
}

fn unstack(axis: usize, count: usize, [x]: &[Fact; 1]) -> Result<Vec<Fact>, Problem> {
    check_axis(axis, "x", x.rank())?;
    check_pieces(count)?;
    let size = x.shape.dim(axis).unwrap_or(Dim::UNKNOWN);
    if !size.compatible(Dim::Known(count)) {
        let message = format!(
            "axis {axis} has size {size} but is unstacked into {}",
            plural(count, "tensor")
        );
        return Err(Problem::shape(message).help(format!("unstack it into {size}")));
    }
    let piece = Fact::new(x.dtype, splice(&x.shape, axis..axis + 1, &[]));
    Ok(cut_ints(x, vec![piece; count]))
}

fn check_pieces(count: usize) -> Result<(), Problem> {
    if count <= Array::MOST_PIECES {
        return Ok(());
    }
    let message = format!("{count} results are more than {}", Array::MOST_PIECES);
    Err(Problem::argument(message).help("keep it in one tensor, and loop over that with `scan`"))
}

fn split(
    axis: usize,
    count: usize,
    sizes: Option<&[usize]>,
    [x]: &[Fact; 1],
) -> Result<Vec<Fact>, Problem> {
    check_axis(axis, "x", x.rank())?;
    check_pieces(count)?;
    let size = x.shape.dim(axis).unwrap_or(Dim::UNKNOWN);
    let pieces = match sizes {
        Some(sizes) => given_pieces(axis, size, count, sizes)?,
        None => equal_pieces(axis, size, count)?,
    };
    let pieces = pieces.into_iter().map(|piece| {
        let shape = splice(&x.shape, axis..axis + 1, &[piece]);
        Fact::new(x.dtype, shape)
    });
    Ok(cut_ints(x, pieces.collect()))
}

/// The sizes of the pieces of an axis that is split into given sizes.
fn given_pieces(
    axis: usize,
    size: Dim,
    count: usize,
    sizes: &[usize],
) -> Result<Vec<Dim>, Problem> {
    if sizes.len() != count {
        let given = plural(sizes.len(), "size");
        let message = format!("{given} given for {}", plural(count, "piece"));
        return Err(Problem::argument(message));
    }
    let total = sizes
        .iter()
        .fold(0_usize, |total, piece| total.saturating_add(*piece));
    if !size.compatible(Dim::Known(total)) {
        let message =
            format!("axis {axis} has size {size} but the pieces {sizes:?} add up to {total}");
        return Err(Problem::shape(message).help(format!("the pieces must add up to {size}")));
    }
    Ok(sizes.iter().copied().map(Dim::Known).collect())
}

/// The sizes of the pieces of an axis that is split into equal ones.
fn equal_pieces(axis: usize, size: Dim, count: usize) -> Result<Vec<Dim>, Problem> {
    if count == 0 {
        return Err(Problem::argument("an axis cannot be split into 0 pieces"));
    }
    let piece = match size {
        Dim::Known(size) if size.is_multiple_of(count) => Dim::Known(size / count),
        Dim::Known(size) => {
            let message =
                format!("axis {axis} of size {size} does not divide into {count} equal pieces");
            return Err(Problem::shape(message).help("give the sizes of the pieces"));
        }
        Dim::Unknown(_) if count == 1 => size,
        Dim::Unknown(_) => Dim::UNKNOWN,
    };
    Ok(vec![piece; count])
}

/// The pieces of a tracked vector with their elements.
fn cut_ints(x: &Fact, pieces: Vec<Fact>) -> Vec<Fact> {
    let Some(elements) = &x.ints else {
        return pieces;
    };
    let mut left = elements.iter().copied();
    let cut = pieces.into_iter().map(|piece| {
        let count = piece.ints.as_ref().map_or(0, Vec::len);
        let elements = left.by_ref().take(count).collect();
        ints::tracked(piece, Some(elements))
    });
    cut.collect()
}

fn gather(axis: usize, [x, indices]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_class("indices", indices, Class::Index)?;
    check_axis(axis, "x", x.rank())?;
    let shape = splice(&x.shape, axis..axis + 1, indices.shape.dims());
    let sources = x.ints.as_deref().zip(indices.ints.as_deref());
    let elements = sources.map(|(elements, indices)| {
        let gathered = indices.iter().map(|index| element_at(elements, *index));
        gathered.collect()
    });
    Ok(ints::tracked(Fact::new(x.dtype, shape), elements))
}

/// The element at an index; unknown if the index is, or is out of range (the kernel reports that).
fn element_at(elements: &[Int], index: Int) -> Int {
    let position = index.known().and_then(|index| usize::try_from(index).ok());
    let element = position.and_then(|position| elements.get(position));
    element.copied().unwrap_or(Int::UNKNOWN)
}
