//! Orders, indices, and arrays of a form.

use aqueduct::ir::Extreme;
use aqueduct::prelude::*;

pub(crate) fn arrays<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    orders(x, n);
    indices(g, x);
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

fn indices<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let rows = g.constant([[1], [0]]);
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
