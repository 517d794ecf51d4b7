//! Rows of family `array`.

use aqueduct::prelude::*;

use crate::row::Row;

pub(crate) fn making() -> Vec<Row> {
    vec![
        row!(Element "g.placeholder::<T>(name, shape)", "→ [shape], any size `?`", "tf.placeholder", |x: [2]| {
            x.graph().placeholder::<T>("y", shape![?])
        }),
        row!(Element "g.constant(value)", "→ that of the value", "tf.constant", |x: []| x.graph().constant(T::default())),
        row!(Element "g.zeros::<T>(sizes)", "→ [sizes]", "tf.zeros", |x: []| x.graph().zeros::<T>([2, 3])),
        row!(Element "g.ones::<T>(sizes)", "→ [sizes]", "tf.ones", |x: []| x.graph().ones::<T>([2, 3])),
        row!(Element "g.fill(sizes, x)", "[] → [sizes]", "tf.fill", |x: []| x.graph().fill([2, 3], x)),
        row!(Element "x.zeros_like()", "any", "tf.zeros_like", |x: [2]| x.zeros_like()),
        row!(Element "x.ones_like()", "any", "tf.ones_like", |x: [2]| x.ones_like()),
    ]
}

pub(crate) fn shapes() -> Vec<Row> {
    vec![
        row!(Element "x.shape_tensor()", "[…] → i32 [rank]", "tf.shape", |x: [2]| x.shape_tensor()),
        row!(Element "x.size()", "any → i32 []", "tf.size", |x: [2]| x.size()),
        row!(Element "x.size_of(axis)", "[…, a, …] → i32 []", "tf.shape(x)[axis]", |x: [2]| x.size_of(0)),
        row!(Element "x.reshape(sizes)", "[…] → [sizes], one may be -1", "tf.reshape", |x: [2, 3]| x.reshape([3, -1])),
        row!(Element "x.expand_dims(axis)", "[…] → […, 1, …]", "tf.expand_dims", |x: [2, 3]| x.expand_dims(1)),
        row!(Element "x.transpose(perm)", "[…] → the axes in another order", "tf.transpose", |x: [2, 3]| x.transpose([1, 0])),
        row!(Element "x.broadcast_to(sizes)", "[…] → [sizes]", "tf.broadcast_to", |x: [3]| x.broadcast_to([2, 3])),
        row!(Element "x.identity()", "any", "tf.identity", |x: [2]| x.identity()),
        row!(Element "x.stop_gradient()", "any", "tf.stop_gradient", |x: [2]| x.stop_gradient()),
    ]
}

pub(crate) fn parts() -> Vec<Row> {
    vec![
        row!(Element "x.slice((.., 1, 2..))", "a part of each axis", "x[:, 1, 2:]", |x: [2, 3, 4]| x.slice((.., 1, 2..))),
        row!(Element "x.any().slice_grad(spec, sizes)", "the reverse: → [sizes]", "StridedSliceGrad", |x: [2]| {
            let bounds = vec![aqueduct::ir::Bound::from(0_i64..2)];
            x.any().slice_grad(aqueduct::ir::SliceSpec { bounds }, [5])
        }),
    ]
}

pub(crate) fn joining() -> Vec<Row> {
    vec![
        row!(Element "g.stack(&[x, …], axis)", "[…], … → […, n, …]", "tf.stack", |x: [2]| x.graph().stack(&[x, x], 0)),
        row!(Element "x.unstack(n, axis)", "[…, n, …] → n of […]", "tf.unstack", |x: [2, 3]| x.unstack(2, 0)),
        row!(Element "g.concat(&[x, …], axis)", "[…, a, …], … → […, a + …, …]", "tf.concat", |x: [2]| x.graph().concat(&[x, x], 0)),
        row!(Element "x.split(n, axis)", "[…, n·a, …] → n of […, a, …]", "tf.split", |x: [2, 3]| x.split(2, 0)),
        row!(Element "x.split_sizes(&sizes, axis)", "[…, a + b, …] → […, a, …], […, b, …]", "tf.split", |x: [3]| x.split_sizes(&[1, 2], 0)),
    ]
}

pub(crate) fn indexing() -> Vec<Row> {
    vec![
        row!(Element "x.gather(indices)", "[a, …] by int [i, …] → [i, …, …]", "tf.gather", |x: [2, 3]| {
            x.gather(x.graph().constant([1_i32, 0]))
        }),
        row!(Element "x.gather_along(indices, axis)", "[…, a, …] by int [i, …] → […, i, …, …]", "tf.gather(axis)", |x: [2, 3]| {
            x.gather_along(x.graph().constant([1_i32, 0]), 1)
        }),
        row!(Number "x.any().segment_sum(indices, rows)", "[a, …] to int [a] → [rows, …]", "tf.unsorted_segment_sum", |x: [2, 3]| {
            let g = x.graph();
            x.any().segment_sum(g.constant([1_i32, 1]).any(), g.constant(4_i32).any())
        }),
    ]
}
