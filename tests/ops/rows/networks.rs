//! Rows of family `nn`, losses and layers.

use aqueduct::prelude::*;

use crate::row::Row;

pub(crate) fn networks() -> Vec<Row> {
    vec![
        row!(Float "x.relu()", "any", "tf.nn.relu", |x: [2, 3]| x.relu()),
        row!(Number "x.bias_add(b)", "[…, c] with [c]", "tf.nn.bias_add", |x: [2, 3]| x.bias_add(x.reduce_sum(0))),
    ]
}

pub(crate) fn losses() -> Vec<Row> {
    vec![
        row!(Float "mean_squared_error(labels, x)", "[…], […] → []", "tf.losses.mean_squared_error", |x: [2, 3]| {
            mean_squared_error(x.zeros_like(), x)
        }),
    ]
}
