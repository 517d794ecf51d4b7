//! Rows of families `random`, `state` and `control`.

use aqueduct::prelude::*;

use crate::row::Row;

pub(crate) fn random() -> Vec<Row> {
    vec![
        row!(Float "random_normal(sizes).tensor::<T>(g)", "[] → [sizes]", "tf.random_normal", |x: []| {
            random_normal([2]).tensor::<T>(x.graph())
        }),
    ]
}
