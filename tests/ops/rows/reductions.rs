//! Rows of family `reduce`.

use aqueduct::prelude::*;

use crate::row::Row;

pub(crate) fn reductions() -> Vec<Row> {
    vec![
        row!(Number "x.reduce_sum(axes)", "[…, a, …] → […]", "tf.reduce_sum", |x: [2, 3]| x.reduce_sum(0)),
        row!(Number "x.reduce_sum_keep(axes)", "[…, a, …] → […, 1, …]", "tf.reduce_sum(keepdims)", |x: [2, 3]| x.reduce_sum_keep(0)),
        row!(Number "x.reduce_mean(axes)", "[…, a, …] → […]", "tf.reduce_mean", |x: [2, 3]| x.reduce_mean(0)),
        row!(Number "x.reduce_prod(axes)", "[…, a, …] → […]", "tf.reduce_prod", |x: [2, 3]| x.reduce_prod(0)),
        row!(Number "x.reduce_max(axes)", "[…, a, …] → […]", "tf.reduce_max", |x: [2, 3]| x.reduce_max(0)),
        row!(Number "x.reduce_min(axes)", "[…, a, …] → […]", "tf.reduce_min", |x: [2, 3]| x.reduce_min(0)),
        row!(Float "x.reduce_logsumexp(axes)", "[…, a, …] → […]", "tf.reduce_logsumexp", |x: [2, 3]| x.reduce_logsumexp(0)),
        row!(Float "x.reduce_variance(axes)", "[…, a, …] → […]", "tf.math.reduce_variance", |x: [2, 3]| x.reduce_variance(0)),
        row!(Float "x.reduce_std(axes)", "[…, a, …] → […]", "tf.math.reduce_std", |x: [2, 3]| x.reduce_std(0)),
        row!(Float "x.reduce_euclidean_norm(axes)", "[…, a, …] → […]", "tf.math.reduce_euclidean_norm", |x: [2, 3]| x.reduce_euclidean_norm(0)),
        row!(Float "x.norm(order, axes)", "[…, a, …] → […]", "tf.norm", |x: [2, 3]| x.norm(NormOrder::One, 0)),
        row!(Float "x.moments(axes)", "[…, a, …] → […], […]", "tf.nn.moments", |x: [2, 3]| x.moments(0)),
        row!(Float "x.weighted_moments(axes, weights)", "[…, a, …] with […] → […], […]", "tf.nn.weighted_moments", |x: [2, 3]| {
            x.weighted_moments(0, x.ones_like())
        }),
        row!(Element "x.count_nonzero(axes)", "[…, a, …] → i64 […]", "tf.math.count_nonzero", |x: [2, 3]| x.count_nonzero(0)),
        row!(Bool "x.reduce_all(axes)", "[…, a, …] → […]", "tf.reduce_all", |x: [2, 3]| x.reduce_all(0)),
        row!(Bool "x.reduce_any(axes)", "[…, a, …] → […]", "tf.reduce_any", |x: [2, 3]| x.reduce_any(0)),
        row!(Bool "x.reduce_any_keep(axes)", "[…, a, …] → […, 1, …]; every reduction has this form", "tf.reduce_any(keepdims)", |x: [2, 3]| x.reduce_any_keep(0)),
        row!(Number "x.argmax(axis)", "[…, a, …] → i64 […]", "tf.argmax", |x: [2, 3]| x.argmax(0)),
        row!(Number "x.argmin(axis)", "[…, a, …] → i64 […]", "tf.argmin", |x: [2, 3]| x.argmin(0)),
        row!(Number "x.argmax_as::<i32>(axis)", "[…, a, …] → i32 […]", "tf.argmax(output_type)", |x: [2, 3]| x.argmax_as::<i32>(0)),
        row!(Number "x.cumsum(axis)", "any with an axis", "tf.cumsum", |x: [2, 3]| x.cumsum(0)),
        row!(Number "x.cumprod(axis)", "any with an axis", "tf.cumprod", |x: [2, 3]| x.cumprod(0)),
        row!(Number "x.cumsum_with(axis, exclusive, reverse)", "any with an axis", "tf.cumsum(exclusive, reverse)", |x: [2, 3]| x.cumsum_with(0, true, true)),
        row!(Float "x.any().linear_recurrence(y, axis, reverse)", "[…, a, …], […, a, …] → […, a, …]", "", |x: [2, 3]| {
            x.any().linear_recurrence(x.any(), 0, false)
        }),
        row!(Number "x.sum_to(sizes)", "[…] → [sizes] that it was broadcast from", "", |x: [2, 3]| x.sum_to([3])),
    ]
}
