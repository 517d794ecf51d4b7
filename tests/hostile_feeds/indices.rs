//! Indices, labels and segments that are not there.

use aqueduct::ir::PartUpdate;
use aqueduct::prelude::*;
use aqueduct::{Value, losses};

use expect_test::expect;

use crate::table::{Any, Table, a, n, none, v};

/// Three rows of two numbers, from 0 on.
fn rows() -> Value {
    a([3, 2], [0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0])
}

fn no_rows() -> Value {
    none::<f32, 2>([0, 2])
}

fn no_indices() -> Value {
    none::<i32, 1>([0])
}

#[test]
fn of_gather() {
    let built = |_: &'static Graph, [x, indices]: [Any; 2]| {
        let (rows, indices) = (x.typed::<f32>(), indices.typed::<i32>());
        vec![
            ("gather", rows.gather(indices).any()),
            ("gather", embedding_lookup(rows, indices).any()),
        ]
    };
    Table::new([rows(), v([0, 2])], built)
        .refuses(
            "beyond",
            [rows(), v([0, 3])],
            &expect![[r#"
            indices[1] = 3 is not in [0, 3)
            the axis that is indexed takes 0 to 2"#]],
        )
        .refuses(
            "negative",
            [rows(), v([-1])],
            &expect![[r#"
            indices[0] = -1 is not in [0, 3)
            the axis that is indexed takes 0 to 2"#]],
        )
        .refuses(
            "of nothing",
            [no_rows(), v([0])],
            &expect![[r#"
            indices[0] = 0 is not in [0, 0)
            the axis that is indexed has size 0: give no indices"#]],
        )
        .gives("nothing", [rows(), no_indices()], [no_rows(), no_rows()])
        .gives(
            "nothing of nothing",
            [no_rows(), no_indices()],
            [no_rows(), no_rows()],
        )
        .check();
    Table::new([rows(), v([0, 1])], |_, [x, indices]| {
        vec![("gather", x.gather(indices, 1))]
    })
    .refuses(
        "beyond",
        [rows(), v([0, 2])],
        &expect![[r#"
        indices[1] = 2 is not in [0, 2)
        the axis that is indexed takes 0 to 1"#]],
    )
    .refuses(
        "negative",
        [rows(), v([0, i32::MIN])],
        &expect![[r#"
        indices[1] = -2147483648 is not in [0, 2)
        the axis that is indexed takes 0 to 1"#]],
    )
    .check();
    Table::new([rows(), a([1, 2], [0, 1])], |_, [x, indices]| {
        vec![("gather_nd", x.gather_nd(indices.ensure_shape(shape![?, 2])))]
    })
    .refuses(
        "beyond",
        [rows(), a([2, 2], [0, 1, 2, 2])],
        &expect![[r#"
        indices[1, 1] = 2 is not in [0, 2)
        the axis that is indexed takes 0 to 1"#]],
    )
    .refuses(
        "negative",
        [rows(), a([1, 2], [-1, 0])],
        &expect![[r#"
        indices[0, 0] = -1 is not in [0, 3)
        the axis that is indexed takes 0 to 2"#]],
    )
    .refuses(
        "of nothing",
        [no_rows(), a([1, 2], [0, 0])],
        &expect![[r#"
        indices[0, 0] = 0 is not in [0, 0)
        the axis that is indexed has size 0: give no indices"#]],
    )
    .gives(
        "nothing of nothing",
        [no_rows(), none::<i32, 2>([0, 2])],
        [none::<f32, 1>([0])],
    )
    .check();
}

#[test]
fn of_scatter() {
    let first = || a([1, 2], [7.0_f32, 8.0]);
    Table::new(
        [a([1, 1], [2]), first(), v([3, 2])],
        |_, [indices, updates, sizes]| {
            let sizes = sizes.typed::<i32>().ensure_shape(shape![2]);
            let indices = indices.ensure_shape(shape![?, 1]);
            vec![("scatter_nd", updates.scatter_nd(indices, sizes))]
        },
    )
    .refuses(
        "beyond",
        [a([1, 1], [3]), first(), v([3, 2])],
        &expect![[r#"
            indices[0, 0] = 3 is not in [0, 3)
            the axis that is indexed takes 0 to 2"#]],
    )
    .refuses(
        "negative",
        [a([1, 1], [-1]), first(), v([3, 2])],
        &expect![[r#"
            indices[0, 0] = -1 is not in [0, 3)
            the axis that is indexed takes 0 to 2"#]],
    )
    .refuses(
        "negative size",
        [a([1, 1], [0]), first(), v([-3, 2])],
        &expect![[r#"
            shape gives the negative size -3
            a size is 0 or more"#]],
    )
    .refuses(
        "of nothing",
        [a([1, 1], [0]), first(), v([0, 2])],
        &expect![[r#"
            indices[0, 0] = 0 is not in [0, 0)
            the axis that is indexed has size 0: give no indices"#]],
    )
    .refuses(
        "updates too many",
        [a([1, 1], [0]), rows(), v([3, 2])],
        &expect![[r#"
            updates has shape [3, 2] but must be [1, 2]
            give an update for each row of indices, of the shape of the part that it names"#]],
    )
    .check();
    Table::new(
        [rows(), a([1, 1], [2]), first()],
        |_, [x, indices, updates]| {
            let indices = indices.typed::<i32>().ensure_shape(shape![?, 1]);
            let (x, updates) = (x.typed::<f32>(), updates.typed());
            vec![
                (
                    "tensor_scatter_update",
                    x.tensor_scatter_update(indices, updates).any(),
                ),
                ("scatter_nd", x.tensor_scatter_add(indices, updates).any()),
                ("scatter_nd", x.tensor_scatter_sub(indices, updates).any()),
            ]
        },
    )
    .refuses(
        "beyond",
        [rows(), a([1, 1], [3]), first()],
        &expect![[r#"
        indices[0, 0] = 3 is not in [0, 3)
        the axis that is indexed takes 0 to 2"#]],
    )
    .refuses(
        "negative",
        [rows(), a([1, 1], [-1]), first()],
        &expect![[r#"
            indices[0, 0] = -1 is not in [0, 3)
            the axis that is indexed takes 0 to 2"#]],
    )
    .check();
}

#[test]
fn of_variables() {
    let first = || a([1, 2], [7.0_f32, 8.0]);
    let words = [
        (PartUpdate::Set, "scatter_update"),
        (PartUpdate::Add, "scatter_add"),
        (PartUpdate::Sub, "scatter_sub"),
        (PartUpdate::Mul, "scatter_mul"),
        (PartUpdate::Div, "scatter_div"),
        (PartUpdate::Min, "scatter_min"),
        (PartUpdate::Max, "scatter_max"),
    ];
    Table::new([v([2]), first()], |g, [indices, updates]| {
        let scattered = words.map(|(update, word)| {
            (
                word,
                reset(g, |v| v.any().scatter(update, indices, updates)),
            )
        });
        scattered.to_vec()
    })
    .refuses(
        "beyond",
        [v([3]), first()],
        &expect![[r#"
        indices[0] = 3 is not in [0, 3)
        indices name parts of the variable"#]],
    )
    .refuses(
        "negative",
        [v([-1]), first()],
        &expect![[r#"
        indices[0] = -1 is not in [0, 3)
        indices name parts of the variable"#]],
    )
    .check();
    Table::new([a([1, 1], [2]), first()], |g, [indices, updates]| {
        let indices = indices.typed::<i32>().ensure_shape(shape![?, 1]);
        let updates = updates.typed::<f32>();
        vec![
            (
                "scatter_nd_update",
                reset(g, |v| v.scatter_nd_update(indices, updates).any()),
            ),
            (
                "scatter_nd_add",
                reset(g, |v| v.scatter_nd_add(indices, updates).any()),
            ),
            (
                "scatter_nd_sub",
                reset(g, |v| v.scatter_nd_sub(indices, updates).any()),
            ),
        ]
    })
    .refuses(
        "beyond",
        [a([1, 1], [3]), first()],
        &expect![[r#"
        indices[0, 0] = 3 is not in [0, 3)
        indices name parts of the variable"#]],
    )
    .refuses(
        "negative",
        [a([1, 1], [-1]), first()],
        &expect![[r#"
        indices[0, 0] = -1 is not in [0, 3)
        indices name parts of the variable"#]],
    )
    .check();
    let divided = |g: &'static Graph, [indices, updates]: [Any; 2]| {
        let v = g.variable("v", [5, 6, 7]);
        vec![(
            "scatter_div",
            v.any().scatter(PartUpdate::Div, indices, updates),
        )]
    };
    // TensorFlow ends the process.
    Table::new([v([1]), v([1])], divided)
        .refuses("by zero", [v([1, 2]), v([1, 0])], &expect![[r#"
            division by zero at element 1 of the updates
            integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]])
        .check();
}

/// What is made of a variable that the same run sets first, so that it gives the same in every run.
fn reset(g: &'static Graph, build: impl FnOnce(Variable<'static, f32>) -> Any) -> Any {
    let start = [[0.0_f32, 1.0], [2.0, 3.0], [4.0, 5.0]];
    let v = g.variable("v", start);
    let first = v.assign(g.constant(start));
    g.control_dependencies([first.op()], || build(v))
}

#[test]
fn of_segments() {
    Table::new([rows(), v([0, 0, 1])], |_, [x, ids]| {
        let (x, ids) = (x.typed::<f32>(), ids.typed::<i32>());
        vec![
            ("segment_sum", x.segment_sum(ids).any()),
            ("segment_prod", x.segment_prod(ids).any()),
            ("segment_max", x.segment_max(ids).any()),
            ("segment_min", x.segment_min(ids).any()),
            ("segment_sum", x.segment_mean(ids).any()),
        ]
    })
    .gives(
        "left out",
        [rows(), v([0, 2, 2])],
        [
            a([3, 2], [0.0_f32, 1.0, 0.0, 0.0, 6.0, 8.0]),
            a([3, 2], [0.0_f32, 1.0, 1.0, 1.0, 8.0, 15.0]),
            a([3, 2], [0.0_f32, 1.0, 0.0, 0.0, 4.0, 5.0]),
            a([3, 2], [0.0_f32, 1.0, 0.0, 0.0, 2.0, 3.0]),
            a([3, 2], [0.0_f32, 1.0, 0.0, 0.0, 3.0, 4.0]),
        ],
    )
    .gives(
        "nothing",
        [no_rows(), no_indices()],
        [no_rows(), no_rows(), no_rows(), no_rows(), no_rows()],
    )
    .refuses(
        "not in order",
        [rows(), v([1, 0, 0])],
        &expect![[r#"
        ids[1] = 0 comes after 1, but the ids must not fall
        the `unsorted_segment` functions take any order"#]],
    )
    .refuses(
        "negative",
        [rows(), v([-1, 0, 0])],
        &expect![[r#"
        ids[0] = -1 is negative
        the `unsorted_segment` functions leave such slices out"#]],
    )
    .refuses(
        "too few",
        [rows(), v([0, 1])],
        &expect![[r#"
        ids has shape [2], which x of shape [3, 2] does not begin with
        give one id for each slice of x along its first axes"#]],
    )
    .refuses(
        "huge",
        [rows(), v([0, 1, i32::MAX])],
        &expect![[r#"
        num_segments gives the negative size -2147483648
        a size is 0 or more"#]],
    )
    .check();
    let most = f32::MAX;
    Table::new([rows(), v([0, 0, 1]), n(2)], |_, [x, ids, count]| {
        let (x, ids, count) = (x.typed::<f32>(), ids.typed::<i32>(), count.typed::<i32>());
        vec![
            (
                "unsorted_segment_sum",
                x.unsorted_segment_sum(ids, count).any(),
            ),
            (
                "unsorted_segment_prod",
                x.unsorted_segment_prod(ids, count).any(),
            ),
            (
                "unsorted_segment_max",
                x.unsorted_segment_max(ids, count).any(),
            ),
            (
                "unsorted_segment_min",
                x.unsorted_segment_min(ids, count).any(),
            ),
            (
                "unsorted_segment_sum",
                x.unsorted_segment_mean(ids, count).any(),
            ),
            (
                "unsorted_segment_sum",
                x.unsorted_segment_sqrt_n(ids, count).any(),
            ),
        ]
    })
    .gives(
        "negative",
        [rows(), v([-1, 0, 0]), n(2)],
        [
            a([2, 2], [6.0_f32, 8.0, 0.0, 0.0]),
            a([2, 2], [8.0_f32, 15.0, 1.0, 1.0]),
            a([2, 2], [4.0_f32, 5.0, -most, -most]),
            a([2, 2], [2.0_f32, 3.0, most, most]),
            a([2, 2], [3.0_f32, 4.0, 0.0, 0.0]),
            a([2, 2], [4.242_640_5_f32, 5.656_854, 0.0, 0.0]),
        ],
    )
    .gives(
        "nothing",
        [no_rows(), no_indices(), n(1)],
        [
            a([1, 2], [0.0_f32; 2]),
            a([1, 2], [1.0_f32; 2]),
            a([1, 2], [-most; 2]),
            a([1, 2], [most; 2]),
            a([1, 2], [0.0_f32; 2]),
            a([1, 2], [0.0_f32; 2]),
        ],
    )
    .refuses(
        "beyond",
        [rows(), v([0, 0, 5]), n(2)],
        &expect![[r#"
        ids[2] = 5 is not in [0, 2)
        give as many segments as the largest id and 1"#]],
    )
    .refuses(
        "no segments",
        [rows(), v([0, 0, 0]), n(0)],
        &expect![[r#"
        ids[0] = 0 is not in [0, 0)
        give as many segments as the largest id and 1"#]],
    )
    .refuses(
        "negative",
        [rows(), v([0, 0, 0]), n(-1)],
        &expect![[r#"
        num_segments gives the negative size -1
        a size is 0 or more"#]],
    )
    .refuses(
        "too few",
        [rows(), v([0, 0]), n(1)],
        &expect![[r#"
        ids has shape [2], which x of shape [3, 2] does not begin with
        give one id for each slice of x along its first axes"#]],
    )
    .check();
}

#[test]
fn of_partitions() {
    Table::new([rows(), v([0, 1, 1])], |_, [x, partitions]| {
        let parts = x
            .typed::<f32>()
            .dynamic_partition(partitions.typed::<i32>(), 2);
        parts
            .into_iter()
            .map(|part| ("gather", part.any()))
            .collect()
    })
    .refuses(
        "beyond",
        [rows(), v([0, 1, 2])],
        &expect![[r#"
        indices[2] = 2 is not in [0, 2)
        the axis that is indexed takes 0 to 1"#]],
    )
    .refuses(
        "negative",
        [rows(), v([0, -1, 1])],
        &expect![[r#"
        indices[1] = -1 is not in [0, 2)
        the axis that is indexed takes 0 to 1"#]],
    )
    .refuses(
        "too few",
        [rows(), v([0, 1])],
        &expect![[r#"
        dynamic_partition failed: partitions has shape [2] but must have [3]
        give one partition for each slice of x"#]],
    )
    .check();
    let two = || a([2, 2], [0.0_f32, 1.0, 2.0, 3.0]);
    Table::new([v([0, 2]), v([1, 2]), two(), two()], |g, [i, j, x, y]| {
        let indices = [i.typed::<i32>(), j.typed()];
        {
            let stitched = g.dynamic_stitch(&indices, &[x.typed::<f32>(), y.typed()]);
            vec![("dynamic_stitch", stitched.any())]
        }
    })
    .refuses(
        "negative",
        [v([-1, 0]), v([1, 2]), two(), two()],
        &expect![[r#"
            tensor_scatter_update failed: indices[0, 0] = -1 is not in [0, 3)
            the axis that is indexed takes 0 to 2"#]],
    )
    // TensorFlow leaves open what no index names.
    .gives(
        "with holes",
        [v([0, 5]), v([1, 2]), two(), two()],
        [a(
            [6, 2],
            [
                0.0_f32, 1.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 2.0, 3.0,
            ],
        )],
    )
    .check();
}

fn logits() -> Value {
    a([2, 3], [1.0_f32, 2.0, 3.0, 0.0, 0.0, 0.0])
}

#[test]
fn of_classes() {
    Table::new([logits(), v([0, 1])], |_, [x, labels]| {
        let (x, labels) = (x.typed::<f32>(), labels.typed::<i32>());
        let word = "sparse_softmax_cross_entropy_with_logits";
        vec![
            (
                word,
                sparse_softmax_cross_entropy_with_logits(labels, x).any(),
            ),
            (word, losses::sparse_softmax_cross_entropy(labels, x).any()),
        ]
    })
    .refuses(
        "beyond",
        [logits(), v([0, 3])],
        &expect![[r#"
        label 3 at element 1 is not in [0, 3)
        a label is the number of a class, from 0"#]],
    )
    .refuses(
        "negative",
        [logits(), v([-1, 0])],
        &expect![[r#"
        label -1 at element 0 is not in [0, 3)
        a label is the number of a class, from 0"#]],
    )
    .refuses(
        "another batch",
        [logits(), v([0, 1, 2])],
        &expect![[r#"
        logits has shape [2, 3] but labels has shape [3]
        labels has the shape of logits without the last axis: [2]"#]],
    )
    .refuses(
        "no class",
        [none::<f32, 2>([2, 0]), v([0, 0])],
        &expect![[r#"
            label 0 at element 0 is not in [0, 0)
            a label is the number of a class, from 0"#]],
    )
    .gives(
        "empty",
        [none::<f32, 2>([0, 3]), no_indices()],
        [none::<f32, 1>([0]), n(0.0_f32)],
    )
    .check();
    Table::new([v([0, 1]), n(3)], |_, [x, depth]| {
        vec![(
            "one_hot",
            x.typed::<i32>().one_hot::<f32>(depth.typed::<i32>()).any(),
        )]
    })
    .gives(
        "beyond and negative",
        [v([0, -1, 3, 2]), n(3)],
        [a(
            [4, 3],
            [1.0_f32, 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 1.],
        )],
    )
    .gives("no depth", [v([0, -1]), n(0)], [none::<f32, 2>([2, 0])])
    .refuses(
        "negative depth",
        [v([0, -1]), n(-1)],
        &expect![[r#"
        depth gives the negative size -1
        a size is 0 or more"#]],
    )
    .check();
    Table::new([logits(), v([0, 1])], |_, [x, targets]| {
        let (x, targets) = (x.typed::<f32>(), targets.typed::<i32>());
        [2, 0, 9]
            .map(|k| ("in_top_k", x.in_top_k(targets, k).any()))
            .to_vec()
    })
    .gives(
        "outside",
        [logits(), v([-1, 3])],
        [v([false, false]), v([false, false]), v([false, false])],
    )
    .gives(
        "nan",
        [
            a([2, 3], [1.0_f32, f32::NAN, 3.0, 1.0, f32::INFINITY, 3.0]),
            v([0, 0]),
        ],
        [v([false, false]), v([false, false]), v([false, false])],
    )
    .refuses(
        "too few",
        [logits(), v([0])],
        &expect![[r#"
        targets has shape [1] but must have [2]
        give a class for each row of the predictions"#]],
    )
    .check();
}
