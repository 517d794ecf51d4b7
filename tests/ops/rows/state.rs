//! Rows of families `random`, `state` and `control`.

use aqueduct::ir::PartUpdate;
use aqueduct::prelude::*;

use crate::row::Row;

pub(crate) fn random() -> Vec<Row> {
    vec![
        row!(Float "random_uniform(sizes, low, high)", "→ [sizes]", "tf.random_uniform", |x: []| {
            random_uniform([2], 0.0, 1.0).tensor::<T>(x.graph())
        }),
        row!(Float "random_normal(sizes)", "→ [sizes]", "tf.random_normal", |x: []| {
            random_normal([2]).tensor::<T>(x.graph())
        }),
        row!(Float "truncated_normal(sizes)", "→ [sizes]", "tf.truncated_normal", |x: []| {
            truncated_normal([2]).tensor::<T>(x.graph())
        }),
        row!(Index "g.random_int(sizes, low, x, seed)", "[] → [sizes]", "tf.random_uniform", |x: []| {
            x.graph().random_int([2], x.zeros_like(), x, None)
        }),
        row!(Element "x.random_shuffle(seed)", "[a, …]: rows in another order", "tf.random_shuffle", |x: [2, 3]| x.random_shuffle(None)),
        row!(Float "x.multinomial(count, seed)", "[rows, classes] → i64 [rows, count]", "tf.multinomial", |x: [2, 3]| x.multinomial(4, None)),
    ]
}

pub(crate) fn variables() -> Vec<Row> {
    vec![
        row!(Element "v.value()", "→ the variable's", "v", |v: variable [2]| v.value()),
        row!(Element "v.read_value()", "→ the variable's, in order", "v.read_value()", |v: variable [2]| v.read_value()),
        row!(Element "v.is_initialized()", "→ bool []", "tf.is_variable_initialized", |v: variable [2]| v.is_initialized()),
        row!(Element "v.assign(x)", "the variable's", "tf.assign", |x: [2]| {
            x.graph().variable::<T>("v", zeros([2])).assign(x)
        }),
        row!(Number "v.assign_add(x)", "the variable's", "tf.assign_add", |x: [2]| {
            x.graph().variable::<T>("v", zeros([2])).assign_add(x)
        }),
        row!(Number "v.assign_sub(x)", "the variable's", "tf.assign_sub", |x: [2]| {
            x.graph().variable::<T>("v", zeros([2])).assign_sub(x)
        }),
    ]
}

/// A variable of five elements, and two places of it.
fn table<T: aqueduct::Element>(
    x: Tensor<'static, T>,
) -> (Variable<'static, T>, Tensor<'static, i32>) {
    let g = x.graph();
    (g.variable("v", zeros([5])), g.constant([1_i32, 3]))
}

pub(crate) fn parts_of_variables() -> Vec<Row> {
    vec![
        row!(Element "v.scatter_update(indices, x)", "int [i, …], [i, …, …] → [a, …]", "tf.scatter_update", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_update(indices, x)
        }),
        row!(Number "v.scatter_add(indices, x)", "int [i, …], [i, …, …] → [a, …]", "tf.scatter_add", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_add(indices, x)
        }),
        row!(Number "v.scatter_sub(indices, x)", "int [i, …], [i, …, …] → [a, …]", "tf.scatter_sub", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_sub(indices, x)
        }),
        row!(Number "v.scatter_mul(indices, x)", "int [i, …], [i, …, …] → [a, …]", "tf.scatter_mul", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_mul(indices, x)
        }),
        row!(Number "v.scatter_div(indices, x)", "int [i, …], [i, …, …] → [a, …]", "tf.scatter_div", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_div(indices, x)
        }),
        row!(Number "v.scatter_min(indices, x)", "int [i, …], [i, …, …] → [a, …]", "tf.scatter_min", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_min(indices, x)
        }),
        row!(Number "v.scatter_max(indices, x)", "int [i, …], [i, …, …] → [a, …]", "tf.scatter_max", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_max(indices, x)
        }),
        row!(Element "v.scatter_nd_update(indices, x)", "int [i, …, k], [i, …, …] → [a, …]", "tf.scatter_nd_update", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_nd_update(indices.expand_dims(1), x)
        }),
        row!(Number "v.scatter_nd_add(indices, x)", "int [i, …, k], [i, …, …] → [a, …]", "tf.scatter_nd_add", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_nd_add(indices.expand_dims(1), x)
        }),
        row!(Number "v.scatter_nd_sub(indices, x)", "int [i, …, k], [i, …, …] → [a, …]", "tf.scatter_nd_sub", |x: [2]| {
            let (v, indices) = table(x);
            v.scatter_nd_sub(indices.expand_dims(1), x)
        }),
        row!(Number "v.any().scatter_nd(PartUpdate::Max, indices, x)", "int [i, …, k], [i, …, …] → [a, …]", "", |x: [2]| {
            let (v, indices) = table(x);
            v.any().scatter_nd(PartUpdate::Max, indices.expand_dims(1).any(), x.any())
        }),
    ]
}

pub(crate) fn control() -> Vec<Row> {
    vec![
        row!(Element "g.no_op()", "", "tf.no_op", |x: []| x.graph().no_op()),
        row!(Element "g.group([x, …])", "", "tf.group", |x: [2]| x.graph().group([x])),
        row!(Element "g.tuple((x, …))", "any, …", "tf.tuple", |x: [2]| x.graph().tuple(vec![x, x.identity()])),
        row!(Element "g.cond(on, || x, || y)", "bool [] → what both bodies give", "tf.cond", |x: [2]| {
            x.graph().cond(true, || x.identity(), || x.identity())
        }),
        row!(Number "g.scan(state, x, body)", "state, [steps, …] → last state, [steps, …]", "tf.scan", |x: [2]| {
            let start = x.graph().zeros::<T>(());
            x.graph().scan(start, x, |sum, x| (sum + x, sum)).1
        }),
        row!(Number "g.while_loop(state, condition, body)", "state → last state", "tf.while_loop", |x: [2]| {
            x.graph().while_loop(x, |_| false, |x| x + x)
        }),
        row!(Number "g.while_loop_with(WhileOptions::new().maximum_iterations(n), …)", "state → last state", "tf.while_loop", |x: [2]| {
            let once = WhileOptions::new().maximum_iterations(1);
            x.graph().while_loop_with(once, x, |_| true, |x| x + x)
        }),
        row!(Number "g.foldl(start, x, f)", "state, [steps, …] → last state", "tf.foldl, tf.foldr", |x: [2]| {
            x.graph().foldl(x.graph().zeros::<T>(()), x, |sum, x| sum + x)
        }),
        row!(Number "g.foldl_from_first(x, f)", "[steps, …] → […]", "tf.foldl, tf.foldr", |x: [2]| {
            x.graph().foldl_from_first(x, |sum, x| sum + x)
        }),
    ]
}
