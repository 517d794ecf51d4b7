//! Rows of family `array`.

use aqueduct::prelude::*;

use crate::row::Row;

pub(crate) fn making() -> Vec<Row> {
    vec![
        row!(Element "g.placeholder::<T>(name, shape)", "→ [shape], any size `?`", "tf.placeholder", |x: [2]| {
            x.graph().placeholder::<T>("y", shape![?])
        }),
        row!(Element "g.placeholder_with_default(name, x, shape)", "[…] → [shape], any size `?`", "tf.placeholder_with_default", |x: [2]| {
            x.graph().placeholder_with_default("y", x, shape![?])
        }),
        row!(Element "g.constant(value)", "→ that of the value", "tf.constant", |x: []| x.graph().constant(T::default())),
        row!(Element "g.zeros::<T>(sizes)", "→ [sizes]", "tf.zeros", |x: []| x.graph().zeros::<T>([2, 3])),
        row!(Element "g.ones::<T>(sizes)", "→ [sizes]", "tf.ones", |x: []| x.graph().ones::<T>([2, 3])),
        row!(Element "g.fill(sizes, x)", "[] → [sizes]", "tf.fill", |x: []| x.graph().fill([2, 3], x)),
        row!(Signed "g.range(x)", "[] → [x]", "tf.range", |x: []| x.graph().range(x)),
        row!(Signed "g.range_with(start, x, delta)", "[], [], [] → [n]", "tf.range", |x: []| {
            x.graph().range_with(x.zeros_like(), x, x.ones_like())
        }),
        row!(Index "x.one_hot::<f32>(depth)", "[…] → […, depth]", "tf.one_hot", |x: [2]| x.one_hot::<f32>(3)),
        row!(Index "x.sequence_mask(maxlen)", "[…] → bool […, maxlen]", "tf.sequence_mask", |x: [2]| x.sequence_mask(4)),
        row!(Index "x.sequence_mask_as::<f32>(maxlen)", "[…] → […, maxlen]", "tf.sequence_mask(dtype)", |x: [2]| x.sequence_mask_as::<f32>(4)),
        row!(Index "x.sequence_mask_to_longest()", "[…] → bool […, the longest]", "tf.sequence_mask", |x: [2]| x.sequence_mask_to_longest()),
        row!(Element "x.zeros_like()", "any", "tf.zeros_like", |x: [2]| x.zeros_like()),
        row!(Element "x.ones_like()", "any", "tf.ones_like", |x: [2]| x.ones_like()),
    ]
}

pub(crate) fn shapes() -> Vec<Row> {
    vec![
        row!(Element "x.shape_tensor()", "[…] → i32 [rank]", "tf.shape", |x: [2]| x.shape_tensor()),
        row!(Element "x.size()", "any → i32 []", "tf.size", |x: [2]| x.size()),
        row!(Element "x.size_of(axis)", "[…, a, …] → i32 []", "tf.shape(x)[axis]", |x: [2]| x.size_of(0)),
        row!(Element "x.rank_tensor()", "any → i32 []", "tf.rank", |x: [2]| x.rank_tensor()),
        row!(Element "x.reshape(sizes)", "[…] → [sizes], one may be -1", "tf.reshape", |x: [2, 3]| x.reshape([3, -1])),
        row!(Element "x.expand_dims(axis)", "[…] → […, 1, …]", "tf.expand_dims", |x: [2, 3]| x.expand_dims(1)),
        row!(Element "x.squeeze(axes)", "[…, 1, …] → […]", "tf.squeeze", |x: [2, 1]| x.squeeze(1)),
        row!(Element "x.transpose(perm)", "[…] → the axes in another order", "tf.transpose", |x: [2, 3]| x.transpose([1, 0])),
        row!(Element "x.broadcast_to(sizes)", "[…] → [sizes]", "tf.broadcast_to", |x: [3]| x.broadcast_to([2, 3])),
        row!(Element "x.tile(multiples)", "[a, …] → [a·m, …]", "tf.tile", |x: [2, 3]| x.tile([2, 1])),
        row!(Element "x.pad([[before, after], …])", "[a, …] → [before + a + after, …]", "tf.pad", |x: [2]| x.pad([[1, 1]])),
        row!(Element "x.pad_with(paddings, value)", "[a, …] → [before + a + after, …]", "tf.pad(constant_values)", |x: [2]| {
            x.pad_with([[1, 1]], T::default())
        }),
        row!(Element "x.pad_reflect(paddings)", "[a, …] → [before + a + after, …]", "tf.pad(mode='REFLECT')", |x: [2]| x.pad_reflect([[1, 1]])),
        row!(Element "x.pad_symmetric(paddings)", "[a, …] → [before + a + after, …]", "tf.pad(mode='SYMMETRIC')", |x: [2]| x.pad_symmetric([[1, 1]])),
        row!(Number "x.any().pad_grad(paddings, mode)", "the reverse: [before + a + after, …] → [a, …]", "MirrorPadGrad", |x: [4]| {
            x.any().pad_grad([[1, 1]], aqueduct::ir::PadMode::Reflect)
        }),
        row!(Element "x.identity()", "any", "tf.identity", |x: [2]| x.identity()),
        row!(Element "x.ensure_shape(shape)", "[…] → [shape], any size `?`", "tf.ensure_shape", |x: [2]| x.ensure_shape(shape![2])),
        row!(Element "x.any().ensure_size(axis, size, reason)", "[…, a, …], whose size must be the one given", "", |x: [2]| {
            x.any().ensure_size(0, 2, aqueduct::ir::SizeReason::new("f", "x", "give two"))
        }),
        row!(Element "x.stop_gradient()", "any", "tf.stop_gradient", |x: [2]| x.stop_gradient()),
    ]
}

pub(crate) fn parts() -> Vec<Row> {
    vec![
        row!(Element "x.slice((.., 1, 2..))", "a part of each axis", "x[:, 1, 2:]", |x: [2, 3, 4]| x.slice((.., 1, 2..))),
        row!(Element "x.slice((step_by(.., 2), step_by(.., -1)))", "a part of each axis", "x[::2, ::-1]", |x: [2, 3]| {
            x.slice((step_by(.., 2), step_by(.., -1)))
        }),
        row!(Element "x.slice_sizes(&begin, &sizes)", "[…] → [sizes], -1 for the rest", "tf.slice", |x: [2, 3]| x.slice_sizes(&[0, 1], &[2, -1])),
        row!(Element "x.slice_at(&begin, &sizes)", "[…] → [sizes], -1 for the rest; numbers and int []", "tf.slice", |x: [2, 3]| {
            x.slice_at(&sizes![x.graph().constant(1), 0], &sizes![1, -1])
        }),
        row!(Element "x.dynamic_partition(partitions, n)", "[a, …] by int [a] → n of […, …]", "tf.dynamic_partition", |x: [2, 3]| {
            x.dynamic_partition(x.graph().constant([1, 0]), 2)
        }),
        row!(Element "x.reverse(axes)", "any", "tf.reverse", |x: [2, 3]| x.reverse(1)),
        row!(Element "x.reverse_sequence(lengths, seq_axis, batch_axis)", "any, int [batch]", "tf.reverse_sequence", |x: [2, 3]| {
            x.reverse_sequence(x.graph().constant([1_i32, 2]), 1, 0)
        }),
        row!(Element "x.boolean_mask(mask)", "[a, …] by bool [a] → [n, …]", "tf.boolean_mask", |x: [2, 3]| {
            x.boolean_mask(x.graph().constant([true, false]))
        }),
        row!(Element "x.boolean_mask_along(mask, axis)", "[…, a, …] by bool [a] → […, n, …]", "tf.boolean_mask(axis)", |x: [2, 2]| {
            x.boolean_mask_along(x.graph().constant([true, false]), 1)
        }),
        row!(Element "x.any().slice_grad(spec, sizes)", "the reverse: → [sizes]", "StridedSliceGrad", |x: [2]| {
            let bounds = vec![aqueduct::ir::Bound::from(0_i64..2)];
            x.any().slice_grad(aqueduct::ir::SliceSpec { bounds }, [5])
        }),
    ]
}

pub(crate) fn joining() -> Vec<Row> {
    vec![
        row!(Element "g.stack(&[x, …], axis)", "[…], … → […, n, …]", "tf.stack", |x: [2]| x.graph().stack(&[x, x], 0)),
        row!(Element "g.dynamic_stitch(&[indices, …], &[x, …])", "int [a], …, [a, …], … → [n, …]", "tf.dynamic_stitch", |x: [2]| {
            x.graph().dynamic_stitch(&[x.graph().constant([2, 0])], &[x])
        }),
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
        row!(Element "x.gather_nd(indices)", "[a, b, …] by int [i, …, 2] → [i, …, …]", "tf.gather_nd", |x: [2, 3]| {
            x.gather_nd(x.graph().constant([[1_i32, 0], [0, 2]]))
        }),
        row!(Number "g.scatter_nd(indices, x, sizes)", "int [i, …, k], [i, …, …] → [sizes]", "tf.scatter_nd", |x: [2]| {
            x.graph().scatter_nd(x.graph().constant([[1_i32], [0]]), x, [4])
        }),
        row!(Number "x.unique()", "[a] → [n], i32 [a]", "tf.unique", |x: [3]| x.unique()),
        row!(Number "x.unique_with_counts()", "[a] → [n], i32 [a], i32 [n]", "tf.unique_with_counts", |x: [3]| {
            x.unique_with_counts().0
        }),
        row!(Number "x.first_occurrence()", "[a] → i32 [a]", "", |x: [3]| x.first_occurrence()),
        row!(Element "x.gather_batch(indices, axis, batch_dims)", "[b, …, a, …] by int [b, i, …] → [b, …, i, …, …]", "tf.gather(batch_dims)", |x: [2, 3]| {
            x.gather_batch(x.graph().constant([[1_i32, 0], [2, 2]]), 1, 1)
        }),
        row!(Element "x.tensor_scatter_update(indices, updates)", "[a, b, …], int [i, …, 2], [i, …, …] → [a, b, …]", "tf.tensor_scatter_nd_update", |x: [2]| {
            x.tensor_scatter_update(x.graph().constant([[1_i32], [0]]), x)
        }),
        row!(Number "x.tensor_scatter_add(indices, updates)", "[a, b, …], int [i, …, 2], [i, …, …] → [a, b, …]", "tf.tensor_scatter_nd_add", |x: [2]| {
            x.tensor_scatter_add(x.graph().constant([[1_i32], [0]]), x)
        }),
        row!(Number "x.tensor_scatter_sub(indices, updates)", "[a, b, …], int [i, …, 2], [i, …, …] → [a, b, …]", "tf.tensor_scatter_nd_sub", |x: [2]| {
            x.tensor_scatter_sub(x.graph().constant([[1_i32], [0]]), x)
        }),
        row!(Bool "x.where_true()", "[…] → i64 [n, rank]", "tf.where(x)", |x: [2, 3]| x.where_true()),
    ]
}

pub(crate) fn segments() -> Vec<Row> {
    let mut rows = in_any_order();
    rows.extend(in_order());
    rows
}

fn in_any_order() -> Vec<Row> {
    vec![
        row!(Number "x.unsorted_segment_sum(ids, num_segments)", "[a, …, …] to int [a, …] → [num_segments, …]", "tf.math.unsorted_segment_sum", |x: [2, 3]| {
            x.unsorted_segment_sum(x.graph().constant([1, 0]), 4)
        }),
        row!(Number "x.unsorted_segment_prod(ids, num_segments)", "[a, …, …] to int [a, …] → [num_segments, …]", "tf.math.unsorted_segment_prod", |x: [2, 3]| {
            x.unsorted_segment_prod(x.graph().constant([1, 0]), 4)
        }),
        row!(Number "x.unsorted_segment_max(ids, num_segments)", "[a, …, …] to int [a, …] → [num_segments, …]", "tf.math.unsorted_segment_max", |x: [2, 3]| {
            x.unsorted_segment_max(x.graph().constant([1, 0]), 4)
        }),
        row!(Number "x.unsorted_segment_min(ids, num_segments)", "[a, …, …] to int [a, …] → [num_segments, …]", "tf.math.unsorted_segment_min", |x: [2, 3]| {
            x.unsorted_segment_min(x.graph().constant([1, 0]), 4)
        }),
        row!(Float "x.unsorted_segment_mean(ids, num_segments)", "[a, …, …] to int [a, …] → [num_segments, …]", "tf.math.unsorted_segment_mean", |x: [2, 3]| {
            x.unsorted_segment_mean(x.graph().constant([1, 0]), 4)
        }),
        row!(Float "x.unsorted_segment_sqrt_n(ids, num_segments)", "[a, …, …] to int [a, …] → [num_segments, …]", "tf.math.unsorted_segment_sqrt_n", |x: [2, 3]| {
            x.unsorted_segment_sqrt_n(x.graph().constant([1, 0]), 4)
        }),
    ]
}

fn in_order() -> Vec<Row> {
    vec![
        row!(Number "x.segment_sum(ids)", "[a, …] to int [a] → [n, …]", "tf.math.segment_sum", |x: [2, 3]| x.segment_sum(x.graph().constant([0, 2]))),
        row!(Number "x.segment_prod(ids)", "[a, …] to int [a] → [n, …]", "tf.math.segment_prod", |x: [2, 3]| x.segment_prod(x.graph().constant([0, 2]))),
        row!(Number "x.segment_max(ids)", "[a, …] to int [a] → [n, …]", "tf.math.segment_max", |x: [2, 3]| x.segment_max(x.graph().constant([0, 2]))),
        row!(Number "x.segment_min(ids)", "[a, …] to int [a] → [n, …]", "tf.math.segment_min", |x: [2, 3]| x.segment_min(x.graph().constant([0, 2]))),
        row!(Float "x.segment_mean(ids)", "[a, …] to int [a] → [n, …]", "tf.math.segment_mean", |x: [2, 3]| x.segment_mean(x.graph().constant([0, 2]))),
    ]
}

pub(crate) fn ordering() -> Vec<Row> {
    vec![
        row!(Number "x.top_k(k)", "[…, a] → […, k], i32 […, k]", "tf.nn.top_k", |x: [2, 3]| x.top_k(2)),
        row!(Number "x.sort(axis)", "any with an axis", "tf.sort", |x: [2, 3]| x.sort(0)),
        row!(Number "x.sort_with(axis, Direction::Descending)", "any with an axis", "tf.sort(direction)", |x: [2, 3]| {
            x.sort_with(0, Direction::Descending)
        }),
        row!(Number "x.argsort(axis)", "any with an axis → i32", "tf.argsort", |x: [2, 3]| x.argsort(0)),
        row!(Number "x.argsort_with(axis, Direction::Descending)", "any with an axis → i32", "tf.argsort(direction)", |x: [2, 3]| {
            x.argsort_with(1, Direction::Descending)
        }),
        row!(Float "x.in_top_k(targets, k)", "[n, classes], int [n] → bool [n]", "tf.nn.in_top_k", |x: [2, 3]| {
            x.in_top_k(x.graph().constant([1_i32, 0]), 2)
        }),
    ]
}

pub(crate) fn matrices() -> Vec<Row> {
    vec![
        row!(Element "g.eye::<T>(rows)", "→ [rows, rows]", "tf.eye", |x: []| x.graph().eye::<T>(3)),
        row!(Element "g.eye_with::<T>(rows, columns)", "→ [rows, columns]", "tf.eye(num_columns)", |x: []| x.graph().eye_with::<T>(3, 2)),
        row!(Element "x.matrix_transpose()", "[…, n, m] → […, m, n]", "tf.matrix_transpose", |x: [2, 3]| x.matrix_transpose()),
        row!(Element "x.matrix_band_part(lower, upper)", "[…, n, m]", "tf.matrix_band_part", |x: [2, 3]| x.matrix_band_part(-1, 0)),
        row!(Element "x.matrix_diag()", "[…, n] → […, n, n]", "tf.matrix_diag", |x: [2, 3]| x.matrix_diag()),
        row!(Element "x.matrix_diag_part()", "[…, n, m] → […, the smaller]", "tf.matrix_diag_part", |x: [2, 3]| x.matrix_diag_part()),
        row!(Element "x.matrix_set_diag(diagonal)", "[…, n, m], […, the smaller] → […, n, m]", "tf.matrix_set_diag", |x: [2, 3]| {
            x.matrix_set_diag(x.matrix_diag_part())
        }),
        row!(Element "x.diag()", "[a, …] → [a, …, a, …]", "tf.diag", |x: [3]| x.diag()),
        row!(Element "x.diag_part()", "[a, …, a, …] → [a, …]", "tf.diag_part", |x: [3, 3]| x.diag_part()),
        row!(Number "x.trace()", "[…, n, m] → […]", "tf.trace", |x: [3, 3]| x.trace()),
    ]
}

pub(crate) fn grids() -> Vec<Row> {
    vec![
        row!(Float "g.linspace(x, stop, num)", "[], [] → [num]", "tf.linspace", |x: []| x.graph().linspace(x, T::from(2_u8), 4)),
        row!(Element "g.meshgrid(&[x, …], Indexing::Xy)", "[a], [b], … → as many of [b, a, …]", "tf.meshgrid", |x: [3]| {
            x.graph().meshgrid(&[x, x], Indexing::Xy)
        }),
        row!(Element "x.roll(shift, axis)", "any with an axis", "tf.roll", |x: [2, 3]| x.roll(1, 0)),
        row!(Element "x.repeat(times, axis)", "[…, a, …] → […, a·times, …]", "tf.repeat", |x: [2, 3]| x.repeat(2, 0)),
        row!(Element "x.repeat_each(times, axis)", "[…, a, …], int [a] → […, n, …]", "tf.repeat", |x: [2, 3]| {
            x.repeat_each(x.graph().constant([2, 0]), 0)
        }),
    ]
}
