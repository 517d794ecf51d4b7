//! Matrices with orthonormal rows or columns, made of random ones.

use crate::graph::Graph;
use crate::handle::Tensor;

/// From a random matrix of at least as many rows as columns, `f32` or `f64`, an orthonormal basis of its
/// columns, a column for each: the Q of its QR decomposition whose R has a positive diagonal.
///
/// Gram and Schmidt's method, in `f64`. It runs through the columns, and takes the part of each that is in
/// the basis off it twice, since the first time leaves rounding errors where little remains.
#[track_caller]
pub(super) fn orthonormal_columns<'g>(
    graph: &'g Graph,
    matrix: Tensor<'g, f64>,
    count: usize,
) -> Tensor<'g, f64> {
    let columns = matrix.transpose([1, 0]);
    let places = graph.range(count as i32).one_hot::<f64>(count);
    let (basis, ()) = graph.scan(
        columns.zeros_like(),
        (columns, places),
        |basis, (column, place)| {
            let rest = without(without(column, basis), basis);
            let unit = rest / rest.square().reduce_sum(..).sqrt();
            (basis + place.expand_dims(1) * unit, ())
        },
    );
    basis.transpose([1, 0])
}

/// A vector without its part in the space of these rows, which are orthonormal or zero.
#[track_caller]
fn without<'g>(vector: Tensor<'g, f64>, rows: Tensor<'g, f64>) -> Tensor<'g, f64> {
    let shares = rows.matmul(vector.expand_dims(1));
    vector - rows.matmul_with(shares, true, false).squeeze(1)
}
