//! Gradients of family `array`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Array, NodeId, Reduction, SegmentReduction, SliceSpec, Store};
use aqueduct_graph::{AnyTensor, DType, Size, Sizes};

use super::reduce::broadcast_to;
use super::{Rule, Step, as_is, concat, flows, index, pad, row_count, segment, signed};
use crate::gradient::{IndexedSlices, Slope};

pub(super) fn rule(op: &Array, store: &Store, id: NodeId) -> Rule {
    match op {
        Array::Placeholder { .. } | Array::Constant(_) => Rule::Leaf,
        Array::Identity
        | Array::PlaceholderWithDefault { .. }
        | Array::EnsureShape { .. }
        | Array::EnsureSize { .. } => flows(as_is),
        Array::StopGradient => Rule::Stops,
        Array::Shape { .. } | Array::Size { .. } => {
            Rule::Blocks("it uses the shape of its operand, not the elements")
        }
        Array::Reshape | Array::ExpandDims { .. } | Array::Squeeze { .. } => flows(reshape),
        Array::Transpose { perm } => {
            let inverse = inverse(perm);
            flows(move |step| transpose(step, &inverse))
        }
        Array::Fill => flows(fill),
        Array::BroadcastTo => flows(broadcast_to),
        Array::Slice(spec) => {
            let spec = spec.clone();
            flows(move |step| slice(step, &spec))
        }
        Array::SliceGrad(spec) => {
            let spec = spec.clone();
            flows(move |step| slice_grad(step, &spec))
        }
        Array::Stack { axis } => {
            let axis = signed(*axis);
            flows(move |step| stack(step, axis))
        }
        Array::Unstack { axis, .. } => {
            let axis = signed(*axis);
            flows(move |step| unstack(step, axis))
        }
        Array::Concat { axis } => concat::rule(*axis, store, id),
        Array::Split { axis, .. } => {
            let axis = signed(*axis);
            flows(move |step| split(step, axis))
        }
        Array::Gather { axis: 0 } => flows(gather_rows),
        Array::Gather { axis } => {
            let axis = *axis;
            flows(move |step| gather_along(step, axis))
        }
        Array::Segment { reduction, sorted } => segment::rule(*reduction, *sorted),
        Array::GatherNd => flows(index::gather_nd),
        Array::ScatterNd => flows(index::scatter_nd),
        Array::TensorScatterUpdate => flows(index::tensor_scatter_update),
        Array::TopK { .. } => flows(index::top_k),
        Array::ReverseSequence {
            seq_axis,
            batch_axis,
        } => {
            let axes = [signed(*seq_axis), signed(*batch_axis)];
            flows(move |step| index::reverse_sequence(step, axes))
        }
        Array::Tile => flows(pad::tile),
        Array::Pad { mode } => {
            let mode = mode.clone();
            flows(move |step| pad::pad(step, &mode))
        }
        Array::PadGrad { mode } => {
            let mode = mode.clone();
            flows(move |step| pad::pad_grad(step, &mode))
        }
        Array::Range { .. } => Rule::Blocks("how many numbers it gives depends on its operands"),
        Array::OneHot { .. } => Rule::Blocks("it marks whole numbers with its operands"),
        Array::Where => Rule::Blocks("it works on truth values"),
        Array::FirstOccurrence => Rule::Blocks("it gives places of its operand"),
    }
}

fn reshape(step: &mut Step<'_>) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || g.reshape(Sizes::like(x)));
}

/// The permutation that undoes `perm`.
fn inverse(perm: &[usize]) -> Vec<usize> {
    let mut inverse: Vec<usize> = (0..perm.len()).collect();
    inverse.sort_unstable_by_key(|axis| perm.get(*axis));
    inverse
}

fn transpose(step: &mut Step<'_>, inverse: &[usize]) {
    let g = step.grad();
    step.give(0, || g.transpose(inverse.to_vec()));
}

fn fill(step: &mut Step<'_>) {
    let g = step.grad();
    step.give(1, || g.reduce(Reduction::Sum, .., false));
}

fn slice(step: &mut Step<'_>, spec: &SliceSpec) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || g.slice_grad(spec.clone(), Sizes::like(x)));
}

fn slice_grad(step: &mut Step<'_>, spec: &SliceSpec) {
    let g = step.grad();
    step.give(0, || g.slice(spec.clone()));
}

fn stack(step: &mut Step<'_>, axis: i64) {
    let g = step.grad();
    let pieces = g.unstack(step.operands.len(), axis);
    for (slot, piece) in pieces.into_iter().enumerate() {
        step.give(slot, || piece);
    }
}

fn unstack(step: &mut Step<'_>, axis: i64) {
    let (graph, grads) = (step.graph(), step.all_grads());
    step.give(0, || graph.stack_any(&grads, axis));
}

fn split(step: &mut Step<'_>, axis: i64) {
    let (graph, grads) = (step.graph(), step.all_grads());
    step.give(0, || graph.concat_any(&grads, axis));
}

/// The only sparse gradient: of the rows that were gathered.
fn gather_rows(step: &mut Step<'_>) {
    let (x, indices, g) = (step.operand(0), step.operand(1), step.grad());
    let slices = if indices.shape().rank() == 1 {
        IndexedSlices {
            values: g,
            indices,
            rows: row_count(x, 0),
        }
    } else {
        let others: Vec<usize> = (1..x.shape().rank()).collect();
        IndexedSlices {
            values: with_one_axis_for(indices, g, x, &others),
            indices: indices.reshape([-1]),
            rows: row_count(x, 0),
        }
    };
    step.give_slope(0, Slope::Sparse(slices));
}

/// Brings the gathered axes to the front, sums rows, and moves the one axis left back.
fn gather_along(step: &mut Step<'_>, axis: usize) {
    let (x, indices, g) = (step.operand(0), step.operand(1), step.grad());
    let gathered = axis..axis + indices.shape().rank();
    let others = (0..g.shape().rank()).filter(|place| !gathered.contains(place));
    let to_front: Vec<usize> = gathered.clone().chain(others).collect();
    let x_to_front: Vec<usize> = std::iter::once(axis)
        .chain((0..x.shape().rank()).filter(|place| *place != axis))
        .collect();
    step.give(0, || {
        let front = g.transpose(to_front);
        let count = Size::of_axis(x, axis);
        let sums = front.unsorted_segment(SegmentReduction::Sum, indices, count);
        sums.transpose(inverse(&x_to_front))
    });
}

/// `gradient`, whose first axes are those of `indices` and whose others are these axes of `x`, with
/// one axis in place of those of `indices`.
pub(crate) fn with_one_axis_for<'g>(
    indices: AnyTensor<'g>,
    gradient: AnyTensor<'g>,
    x: AnyTensor<'g>,
    others: &[usize],
) -> AnyTensor<'g> {
    // The size is given, not left to be worked out, as one of the others may be 0.
    let count = match indices.shape().elements() {
        Some(count) => Size::from(count),
        None => Size::Tensor(indices.size(DType::I32)),
    };
    let others = others.iter().map(|axis| Size::of_axis(x, *axis));
    gradient.reshape(
        std::iter::once(count)
            .chain(others)
            .collect::<Vec<Size<'g>>>(),
    )
}
