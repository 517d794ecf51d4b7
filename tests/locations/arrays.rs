//! Orders, indices, and arrays of a form.

use aqueduct::ir::{Extreme, SegmentReduction};
use aqueduct::prelude::*;

pub(crate) fn arrays<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    orders(x, n);
    indices(g, x);
    segments(g, x, n);
    matrices(g, x, n);
    grids(g, x, n);
}

fn matrices<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let _ = (g.eye::<f32>(n), g.eye_with::<bool>(n, 2));
    let square = x.slice(..4).ensure_shape(shape![4, 4]);
    let _ = (
        x.matrix_transpose(),
        x.matrix_band_part(n, -1),
        x.matrix_band_part(n, 2),
        x.matrix_diag(),
        x.matrix_diag_part(),
        x.matrix_set_diag(x.matrix_diag_part()),
        x.diag(),
        square.diag_part(),
        x.trace(),
    );
    let _ = (
        g.einsum("ij,kj", &[x, x]),
        g.einsum("ij,jk->ijk", &[square, x.matrix_transpose()]),
        g.einsum_any("ii,...j->...", &[square.any(), x.any()]),
    );
}

fn grids<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let _ = (
        g.linspace(0.0_f32, 1.0, n),
        g.meshgrid(&[x, x], Indexing::Xy),
        x.roll(n, 0),
        x.repeat(n, 1),
        x.repeat_each(n.expand_dims(0), 0),
    );
}

fn orders<'g>(x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let _ = (x.top_k(n), x.any().top_k(2, Extreme::Smallest));
    let _ = (
        x.sort(0),
        x.sort_with(1, Direction::Descending),
        x.argsort(1),
        x.argsort_with(0, Direction::Descending),
        x.any().ordered(0, Direction::Ascending),
    );
    let _ = x.in_top_k(n.expand_dims(0), n);
}

fn segments<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let ids = g.placeholder::<i32>("ids", shape![?]);
    let (any_x, any_ids) = (x.any(), ids.any());
    let _ = (
        x.unsorted_segment_sum(ids, n),
        x.unsorted_segment_prod(ids, 3),
        x.unsorted_segment_max(ids, n),
        x.unsorted_segment_min(ids, n),
        x.unsorted_segment_mean(ids, n),
        x.unsorted_segment_sqrt_n(ids, n),
        any_x.unsorted_segment(SegmentReduction::Max, any_ids, 3),
        any_x.unsorted_segment_mean(any_ids, n),
        any_x.unsorted_segment_sqrt_n(any_ids, 3),
    );
    let _ = (
        x.segment_sum(ids),
        x.segment_prod(ids),
        x.segment_max(ids),
        x.segment_min(ids),
        x.segment_mean(ids),
        any_x.segment(SegmentReduction::Min, any_ids),
        any_x.segment_mean(any_ids),
    );
}

fn indices<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let rows = g.constant([[1], [0]]);
    let pair = g.constant([0, 1]);
    let _ = (
        x.slice_at(&sizes![g.constant(1), 0], &sizes![2, -1]),
        x.slice(..2).dynamic_partition(pair, 2),
        g.dynamic_stitch(&[pair], &[x.slice(..2)]),
    );
    let updates = x.slice(..2);
    let _ = (
        x.gather_batch(rows, 1, 1),
        x.any().gather_batch(rows.any(), 1, 1),
        rows.any().batch_positions(1),
        x.tensor_scatter_update(rows, updates),
        x.any().tensor_scatter_update(rows.any(), updates.any()),
        x.tensor_scatter_add(rows, updates),
        x.tensor_scatter_sub(rows, updates),
    );
}
