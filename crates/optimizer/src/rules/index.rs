//! Gradients of ops that find places by index.

use aqueduct_graph::{Dim, Sizes};

use super::{Step, row_count};
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
        step.give(0, || g.scatter_nd(indices, Sizes::like(x)));
    }
}

pub(super) fn scatter_nd(step: &mut Step<'_>) {
    let (indices, g) = (step.operand(0), step.grad());
    step.give(1, || g.gather_nd(indices));
}

/// What was replaced has no gradient; of several updates for one part, each is given that part's, as
/// in TensorFlow.
pub(super) fn tensor_scatter_update(step: &mut Step<'_>) {
    let (indices, updates, g) = (step.operand(1), step.operand(2), step.grad());
    step.give(0, || g.tensor_scatter_update(indices, updates.zeros_like()));
    step.give(2, || g.gather_nd(indices));
}

/// Each value has come from one place: its gradient goes back there.
pub(super) fn top_k(step: &mut Step<'_>) {
    let outputs = step.all_outputs();
    let (x, g) = (step.operand(0), step.grad());
    let Some(places) = outputs.get(1) else {
        return;
    };
    let batch = x.shape().rank().saturating_sub(1);
    step.give(0, || {
        g.scatter_nd(places.batch_positions(batch), Sizes::like(x))
    });
}

/// Reversing twice changes nothing.
pub(super) fn reverse_sequence(step: &mut Step<'_>, [seq_axis, batch_axis]: [i64; 2]) {
    let (lengths, g) = (step.operand(1), step.grad());
    step.give(0, || g.reverse_sequence(lengths, seq_axis, batch_axis));
}
