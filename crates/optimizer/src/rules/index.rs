//! Gradients of ops that find places by index.

use aqueduct_graph::Dim;

use super::{Step, row_count, sizes_like};
use crate::gradient::{IndexedSlices, Slope};

/// Sparse where whole rows were picked, as that of `Gather` is.
pub(super) fn gather_nd(step: &mut Step<'_>) {
    let (x, indices, g) = (step.operand(0), step.operand(1), step.grad());
    let shape = indices.shape();
    if shape.rank() == 2 && shape.dim(1) == Some(Dim::Known(1)) {
        let slices = IndexedSlices {
            values: g,
            indices: indices.squeeze(1),
            rows: row_count(x, 0),
        };
        step.give_slope(0, Slope::Sparse(slices));
    } else {
        step.give(0, || g.scatter_nd(indices, sizes_like(x)));
    }
}

pub(super) fn scatter_nd(step: &mut Step<'_>) {
    let (indices, g) = (step.operand(0), step.grad());
    step.give(1, || g.gather_nd(indices));
}

/// Reversing twice changes nothing.
pub(super) fn reverse_sequence(step: &mut Step<'_>, [seq_axis, batch_axis]: [i64; 2]) {
    let (lengths, g) = (step.operand(1), step.grad());
    step.give(0, || g.reverse_sequence(lengths, seq_axis, batch_axis));
}
