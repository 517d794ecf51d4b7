//! Layers: dense layers, lookups in tables, dropout.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::Float;
use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::{Array1, Array2, ArrayD, IxDyn, arr1, arr2, arr3};

#[test]
fn a_dense_layer_is_a_product_a_sum_and_an_activation() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let y = Dense::new(2).activation(Tensor::relu).apply(x);
    let [kernel, bias] = [0, 1].map(|place| g.trainable_variables()[place].typed::<f32>());
    assert_eq!(
        (y.shape().to_string(), bias.shape().to_string()),
        ("[?, 2]".to_owned(), "[2]".to_owned())
    );
    let sess = initialized(&g);
    assert_eq!(sess.value(bias).unwrap(), arr1(&[0.0, 0.0]).into_dyn());
    // The bound of glorot_uniform.
    let bound = (6.0_f32 / 5.0).sqrt();
    assert!(sess.value(kernel).unwrap().iter().all(|w| w.abs() <= bound));
    sess.load(kernel, [[1.0, -1.0], [2.0, 0.0], [0.0, 1.0]])
        .unwrap();
    sess.load(bias, [0.5, -0.5]).unwrap();
    let value = sess
        .run(y, feed![x => [[1.0, 2.0, 3.0], [-1.0, 0.0, 0.0]]])
        .unwrap();
    assert_eq!(value, arr2(&[[5.5, 1.5], [0.0, 0.5]]).into_dyn());
}

#[test]
fn a_dense_layer_works_along_the_last_axis() {
    let g = Graph::new();
    let weights = || aqueduct::value_initializer(arr2(&[[1.0_f32], [10.0]]));
    let x = g.placeholder::<f32>("x", shape![?, 3, ?, 2]);
    let layer = Dense::new(1).kernel_initializer(weights());
    let y = layer.bias_initializer(ones_initializer()).apply(x);
    let known = g.constant(arr3(&[[[1.0_f32, 2.0], [3.0, 4.0]]]));
    let of_known = Dense::new(1)
        .kernel_initializer(weights())
        .use_bias(false)
        .apply(known);
    assert_eq!(of_known.shape().to_string(), "[1, 2, 1]");
    assert_eq!(y.shape().to_string(), "[?, 3, ?, 1]");
    let slope = gradient(y.reduce_sum(..), x);
    g.check().unwrap();

    let sess = initialized(&g);
    let value = sess.run(of_known, feed![]).unwrap();
    assert_eq!(value, arr3(&[[[21.0], [43.0]]]).into_dyn());
    let run = |sizes: [usize; 4]| {
        let mut number = 0.0;
        let fed = ArrayD::from_shape_simple_fn(IxDyn(&sizes), || {
            number += 1.0;
            number
        });
        let rows = fed
            .view()
            .into_shape_with_order((fed.len() / 2, 2))
            .unwrap();
        let expected: Array1<f32> = rows
            .rows()
            .into_iter()
            .map(|r| r[0] + 10.0 * r[1] + 1.0)
            .collect();
        let expected = expected
            .into_shape_with_order(IxDyn(&[sizes[0], 3, sizes[2], 1]))
            .unwrap();
        let (value, slope) = sess.run((y, slope), feed![x => &fed]).unwrap();
        assert_eq!(value, expected);
        let slopes = slope.iter().enumerate();
        let expected = |place| if place % 2 == 0 { 1.0 } else { 10.0 };
        assert!(
            slopes
                .into_iter()
                .all(|(place, slope)| *slope == expected(place))
        );
    };
    run([2, 3, 4, 2]);
    run([1, 3, 1, 2]);
    run([0, 3, 4, 2]);
}

#[test]
fn a_dense_layer_trains_unless_told_otherwise() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = g.constant([[1.0_f32, 2.0]]);
    let hidden = Dense::new(3)
        .trainable(false)
        .activation(|x| x.tanh() * 2.0)
        .apply(x);
    let y = Dense::new(1).apply(hidden);
    let names: Vec<String> = g.trainable_variables().iter().map(|v| v.name()).collect();
    assert_eq!(names, ["dense_1/kernel", "dense_1/bias"]);
    let loss = mean_squared_error(g.constant([[3.0]]), y);
    let train = GradientDescent::new(0.1).minimize(loss);
    let sess = initialized(&g);
    for _ in 0..100 {
        sess.run(train, feed![]).unwrap();
    }
    assert!(sess.run(loss.scalar(), feed![]).unwrap() < 1e-3);
}

#[test]
fn layers_of_one_name_share_their_variables_if_told_to() {
    let g = Graph::new();
    let x = g.constant([[1.0_f32, 2.0]]);
    let layer = |reuse| Dense::new(2).name("shared").reuse(reuse).apply(x);
    let (first, second, third) = (layer(Reuse::No), layer(Reuse::Yes), layer(Reuse::Auto));
    assert_eq!(g.global_variables().len(), 2);
    g.check().unwrap();
    let sess = initialized(&g);
    let (first, second, third) = sess.run((first, second, third), feed![]).unwrap();
    assert_eq!(first, second);
    assert_eq!(first, third);
    layer(Reuse::No);
    let report = g.check().unwrap_err().to_string();
    assert!(
        report.contains("variable shared/kernel already exists"),
        "{report}"
    );
}

/// Some rows of a table trained by both ways: the lookup, and a product with the rows of a unit
/// matrix, which has a dense gradient.
#[track_caller]
fn check_lookup<I: aqueduct::Index>(
    ids: impl Fn(&'static Graph) -> Tensor<'static, I>,
    count: usize,
    optimizer: impl Fn(Tensor<'static, f32>) -> aqueduct::Operation<'static>,
) {
    let start = Array2::from_shape_fn((4, 2), |(row, column)| {
        (row * 2 + column) as f32 * 0.25 - 1.0
    });
    let train = |sparse: bool| -> ArrayD<f32> {
        let g = Graph::new().leak();
        let table = g.variable("table", start.clone());
        let ids = ids(g);
        let rows = if sparse {
            embedding_lookup(table, ids).reshape([count, 2])
        } else {
            let unit = g.constant(Array2::<f32>::eye(4));
            unit.gather(ids).reshape([count, 4]).matmul(table)
        };
        let weights = Array2::from_shape_fn((count, 2), |(row, column)| (row + 3 * column) as f32);
        let step = optimizer((rows.square() * g.constant(weights)).reduce_sum(..));
        g.check().unwrap();
        let slope = gradients(rows, table).remove(0);
        assert_eq!(matches!(slope, Gradient::Sparse(_)), sparse, "{slope:?}");
        let sess = initialized(g);
        for _ in 0..4 {
            sess.run(step, feed![]).unwrap();
        }
        sess.value(table).unwrap()
    };
    let (sparse, dense) = (train(true), train(false));
    for (sparse, dense) in sparse.iter().zip(&dense) {
        assert!((sparse - dense).abs() < 1e-6, "{sparse} and {dense}");
    }
}

#[test]
fn every_optimizer_trains_the_rows_that_are_looked_up() {
    let descent = |loss| GradientDescentOptimizer::new(0.01).minimize(loss);
    let adam = |loss| AdamOptimizer::new(0.1).minimize(loss);
    check_lookup(|g| g.constant([2_i32, 0]), 2, descent);
    check_lookup(|g| g.constant([2_i32, 0]), 2, adam);
    // A row that is named more than once has the sum of its gradients.
    check_lookup(|g| g.constant([3_i64, 1, 3, 3]), 4, descent);
    check_lookup(|g| g.constant([3_i64, 1, 3, 3]), 4, adam);
    check_lookup(|g| g.constant([[3_i32, 1, 3], [0, 0, 1]]), 6, descent);
    check_lookup(|g| g.constant([[3_i32, 1, 3], [0, 0, 1]]), 6, adam);
    check_lookup(|g| g.constant(1_i32), 1, descent);
    check_lookup(|g| g.constant(1_i32), 1, adam);
}

/// 1/3, 2/3, 1, …: numbers of which the last bit shows how they are scaled.
fn thirds<T: Float>(g: &Graph, sizes: [usize; 2]) -> Tensor<'_, T> {
    let count: usize = sizes.iter().product();
    let numbers = (1..=count).map(|number| T::from_f64(number as f64 / 3.0));
    g.constant(numbers.collect::<Vec<T>>()).reshape(sizes)
}

/// The bits of two runs of a session, one after the other.
fn two_runs(y: Tensor<'_, f32>) -> [Vec<u32>; 2] {
    let sess = Session::new(y.graph());
    [(); 2].map(|()| {
        let value = sess.run(y, feed![]).unwrap();
        value.iter().map(|x| x.to_bits()).collect()
    })
}

/// Numbers of TensorFlow 2.15's `compat.v1.nn.dropout`, to the bit.
#[test]
fn dropout_drops_what_tensorflow_drops() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = thirds::<f32>(&g, [2, 5]);
    let expected = [
        vec![
            0x3ef3_cf3e,
            0x3f73_cf3e,
            0x3fb6_db6e,
            0x3ff3_cf3e,
            0x4018_6186,
            0x4036_db6e,
            0x4055_5555,
            0x4073_cf3e,
            0,
            0,
        ],
        vec![
            0x3ef3_cf3e,
            0x3f73_cf3e,
            0,
            0,
            0,
            0x4036_db6e,
            0x4055_5555,
            0x4073_cf3e,
            0x4089_2492,
            0x4098_6186,
        ],
    ];
    let options = || DropoutOptions::new().seed(7);
    assert_eq!(two_runs(x.dropout_with(0.7, options())), expected);
    let tensor = g.constant(0.7_f32);
    assert_eq!(two_runs(x.dropout_with(tensor, options())), expected);
    // Here the product and the quotient differ in the last bit.
    let expected = [
        0x3ebd_a130,
        0x3f3d_a130,
        0x3f8e_38e4,
        0x3fbd_a130,
        0x3fed_097c,
        0x400e_38e4,
        0x4025_ed0a,
        0x403d_a130,
        0x4055_5556,
        0x406d_097c,
    ];
    assert_eq!(two_runs(x.dropout_with(0.9, options()))[0], expected);
    let expected = [
        0x3ebd_a130,
        0x3f3d_a130,
        0x3f8e_38e4,
        0x3fbd_a130,
        0x3fed_097b,
        0x400e_38e4,
        0x4025_ed09,
        0x403d_a130,
        0x4055_5556,
        0x406d_097b,
    ];
    let tensor = g.constant(0.9_f32);
    assert_eq!(two_runs(x.dropout_with(tensor, options()))[0], expected);
}

#[test]
fn dropout_draws_once_for_several_elements() {
    let g = Graph::new();
    g.set_random_seed(5);
    let options = DropoutOptions::new().seed(3).noise_shape([4, 1]);
    let y = thirds::<f32>(&g, [4, 2]).dropout_with(0.3, options);
    let second = [
        0,
        0,
        0x4055_5555,
        0x408e_38e4,
        0x40b1_c71c,
        0x40d5_5555,
        0,
        0,
    ];
    assert_eq!(two_runs(y), [vec![0; 8], second.to_vec()]);
}

#[test]
fn dropout_of_f64_and_by_the_seed_of_the_graph() {
    let g = Graph::new();
    g.set_random_seed(1);
    let counted = thirds::<f32>(&g, [1, 6]).dropout(0.5);
    let expected = [
        vec![0x3f2a_aaab, 0, 0x4000_0000, 0, 0, 0x4080_0000],
        vec![0, 0, 0, 0x402a_aaab, 0, 0x4080_0000],
    ];
    assert_eq!(two_runs(counted), expected);
    let wide = thirds::<f64>(&g, [2, 3]).dropout_with(0.5, DropoutOptions::new().seed(7));
    let sess = Session::new(&g);
    let (zero, value) = (0.0, |number: f64| number / 3.0 * 2.0);
    let first = arr2(&[[zero, zero, 2.0], [zero, zero, zero]]);
    assert_eq!(sess.run(wide, feed![]).unwrap(), first.into_dyn());
    let second = arr2(&[[zero, zero, 2.0], [value(4.0), zero, value(6.0)]]);
    assert_eq!(sess.run(wide, feed![]).unwrap(), second.into_dyn());
}

#[test]
fn dropout_leaves_nothing_of_what_is_no_number() {
    let g = Graph::new();
    g.set_random_seed(1);
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let x = g.constant([inf, -inf, nan, inf, nan, -inf]);
    let y = x.dropout_with(0.5, DropoutOptions::new().seed(7));
    let slope = gradient(y, x);
    let sess = Session::new(&g);
    sess.run(y, feed![]).unwrap();
    let (value, slope) = sess.run((y, slope), feed![]).unwrap();
    assert_eq!((value[0], value[1], value[4]), (0.0, -inf, 0.0));
    assert!(value[2].is_nan());
    assert_eq!(slope, arr1(&[0.0, 2.0, 2.0, 2.0, 0.0, 2.0]).into_dyn());
}

#[test]
fn dropout_keeps_all_or_what_it_is_told_to() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 100]);
    assert_eq!(x.dropout(1.0), x);
    let keep_prob = g.placeholder::<f32>("keep_prob", shape![]);
    let y = x.dropout(keep_prob);
    let slope = gradient(y.square().reduce_sum(..), x);
    let sess = Session::new(&g);
    let ones = Array2::<f32>::ones((20, 100));
    let kept = |probability: f32| {
        let feeds = feed![x => &ones, keep_prob => probability];
        let (y, slope) = sess.run((y, slope), feeds).unwrap();
        // What is dropped has no gradient, whatever the rest has.
        assert!(
            y.iter()
                .zip(&slope)
                .all(|(y, slope)| (*y == 0.0) == (*slope == 0.0))
        );
        y.iter().filter(|y| **y != 0.0).count()
    };
    assert_eq!(kept(1.0), 2000);
    let half = kept(0.5);
    assert!((900..1100).contains(&half), "{half}");
    assert_eq!(
        sess.run(
            y,
            feed![x => Array2::<f32>::zeros((0, 100)), keep_prob => 0.5]
        )
        .unwrap()
        .len(),
        0
    );
}
