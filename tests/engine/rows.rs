//! Straight-line work on independent rows, cut into shards of rows, against the same work in one piece.

use aqueduct::prelude::*;
use aqueduct::{AnyTensor, Feeds, Pass, SessionOptions};
use aqueduct_tests::{Modes, spread};

type X = Tensor<'static, f32>;

/// So many rows and columns that a second thread pays.
const SIZE: usize = 192;

fn graph() -> &'static Graph {
    let g = Graph::new().leak();
    g.set_random_seed(7);
    g
}

fn square(g: &'static Graph, name: &str) -> X {
    g.placeholder(name, shape![SIZE, SIZE])
}

/// Runs in all ways, on the pass alone too, and sees that it has acted.
#[track_caller]
fn check<'f>(g: &'static Graph, fetched: &[X], feeds: impl Fn() -> Feeds<'f>) {
    g.check().unwrap();
    let fetches: Vec<AnyTensor<'_>> = fetched.iter().map(|tensor| tensor.any()).collect();
    let cut = Session::with_options(g, SessionOptions::new().threads(2));
    let explained = cut.explain(fetches.clone(), feeds()).unwrap().to_string();
    assert!(explained.contains(Pass::SplitRows.name()), "{explained}");
    let modes = Modes::new(g, [Pass::SplitRows]).initialized();
    modes
        .run(|sess| sess.run(fetches.clone(), feeds()))
        .unwrap();
}

fn numbers(seed: usize) -> ndarray::ArrayD<f32> {
    spread(&[SIZE, SIZE], (-0.2, 0.2), seed).mapv(|number: f64| number as f32)
}

#[test]
fn unrolled_steps_and_their_gradients() {
    let g = graph();
    let x = g.placeholder::<f32>("x", shape![SIZE, 6, 24]);
    let steps = x.unstack(6, 1);
    let (outputs, last) = static_rnn(&BasicLstmCell::new(32), &steps);
    let loss = outputs[5].square().reduce_mean(..) + last.c.tanh().reduce_sum(..);
    let variables = g.trainable_variables().into_iter();
    let variables: Vec<X> = variables.map(|variable| variable.value().typed()).collect();
    let slopes = gradients(loss, &variables);
    let slopes = slopes.iter().filter_map(Gradient::dense);
    let mut fetched: Vec<X> = slopes.map(AnyTensor::typed).collect();
    fetched.extend([loss, outputs[2], last.h]);
    let fed = spread(&[SIZE, 6, 24], (-0.9, 0.9), 3).mapv(|number: f64| number as f32);
    check(g, &fetched, || feed![x => &fed]);
}

#[test]
fn what_is_rows_to_one_product_and_whole_to_another() {
    let g = graph();
    let x = square(g, "x");
    let (fed, y) = (numbers(1), x.matmul(x));
    let z = (y.tanh().matmul(x) + x).sin();
    check(g, &[z, y], || feed![x => &fed]);
}

#[test]
fn rows_that_meet_each_other() {
    let g = graph();
    let (a, b) = (square(g, "a"), square(g, "b"));
    let (left, right) = (numbers(1), numbers(2));
    let layer = a.matmul(b).tanh();
    // Transposed, reversed, summed up, and the product of rows with rows.
    let turned = layer.transpose([1, 0]).matmul(b).tanh();
    let reversed = layer.reverse(0) * a;
    let sums = layer.reduce_sum(0);
    let met = (layer.matmul(layer) + sums).tanh();
    let after = met.matmul(b) - reversed;
    check(
        g,
        &[turned, reversed, met, after],
        || feed![a => &left, b => &right],
    );
}

#[test]
fn what_is_repeated_along_rows_or_columns() {
    let g = graph();
    let (a, b) = (square(g, "a"), square(g, "b"));
    let (left, right) = (numbers(1), numbers(2));
    let layer = a.matmul(b);
    let row = b.slice((3..4, ..));
    let column = a.slice((.., 5..6));
    let sum = (layer + row) * column + a.slice((7, ..)) - 0.5;
    let shifted = g.concat(&[sum.slice((.., 64..)), layer.slice((.., ..64))], 1);
    let all = (shifted.tanh().matmul(b) + sum).sigmoid();
    check(g, &[all, shifted], || feed![a => &left, b => &right]);
}

#[test]
fn writes_keep_their_order() {
    let g = graph();
    let (a, b) = (square(g, "a"), square(g, "b"));
    let (left, right) = (numbers(1), numbers(2));
    let v = g.variable("v", numbers(3));
    let first = (a.matmul(b) + v.value()).tanh();
    let before = v.assign(first);
    let between = g.control_dependencies([before.op()], || v.read_value() * 2.0);
    let second = between.matmul(b).tanh();
    let after = g.control_dependencies([between.op()], || v.assign_add(second));
    check(
        g,
        &[first, second, after],
        || feed![a => &left, b => &right],
    );
}
