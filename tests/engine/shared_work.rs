//! Work that is large enough for threads to share it: on 1, 2 and 8 the same bits.

use aqueduct::Feeds;
use aqueduct::prelude::*;
use aqueduct_tests::{Modes, spread};
use ndarray::ArrayD;

const BATCH: usize = 64;
const HIDDEN: usize = 64;
const STEPS: usize = 6;
const INPUTS: usize = 20;

fn single(sizes: &[usize]) -> ArrayD<f32> {
    spread(sizes, (-1.0, 1.0), 7).mapv(|number| number as f32)
}

#[track_caller]
fn check<'f>(g: &Graph, fetches: Vec<AnyTensor<'_>>, feeds: impl Fn() -> Feeds<'f>) {
    g.check().unwrap();
    let modes = Modes::new(g, []).initialized();
    modes
        .run(|sess| sess.run(fetches.clone(), feeds()))
        .unwrap();
}

/// The outputs and the gradients of weights and input.
#[track_caller]
fn check_network(outputs: impl for<'g> Fn(&'g Graph, Tensor<'g, f32>) -> Vec<Tensor<'g, f32>>) {
    let g = Graph::new();
    g.set_random_seed(4);
    let x = g.placeholder::<f32>("x", shape![?, STEPS, INPUTS]);
    let outputs = outputs(&g, x);
    let losses = outputs.iter().map(|output| output.square().reduce_mean(..));
    let loss = losses.reduce(|sum, part| sum + part).unwrap();
    let weights = g.trainable_variables();
    let slopes = gradients(loss, (&weights, x));
    let slopes = slopes.iter().filter_map(Gradient::dense);
    let fetches = outputs.iter().map(|output| output.any()).chain(slopes);
    let fed = single(&[BATCH, STEPS, INPUTS]);
    check(&g, fetches.collect(), || feed![x => &fed]);
}

#[test]
fn an_lstm() {
    check_network(|_, x| vec![dynamic_rnn(&BasicLstmCell::new(HIDDEN), x).0]);
}

#[test]
fn a_gru() {
    check_network(|_, x| vec![dynamic_rnn(&GruCell::new(HIDDEN), x).0]);
}

#[test]
fn an_unrolled_network() {
    check_network(|_, x| static_rnn(&BasicLstmCell::new(HIDDEN), &x.unstack(STEPS, 1)).0);
}

#[test]
fn cells_on_top_of_each_other() {
    check_network(|_, x| {
        let cell = MultiRnnCell::new([BasicLstmCell::new(HIDDEN), BasicLstmCell::new(HIDDEN)]);
        let options = RnnOptions::new().sequence_length(x.reduce_sum([1, 2]).cast::<i32>().abs());
        vec![dynamic_rnn_with(&cell, x, options).0]
    });
}

#[test]
fn element_wise_chains_and_reductions() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let row = g.placeholder::<f32>("row", shape![?]);
    let y = (x * row + 1.0).tanh() * x.sigmoid() - x.square() / (row.square() + 1.0);
    let loss = y.reduce_sum(..) + y.softmax().square().reduce_sum(..);
    let fetches = vec![
        y.any(),
        y.reduce_sum(..).any(),
        y.reduce_sum(0).any(),
        y.reduce_mean(1).any(),
        y.reduce_max(0).any(),
        y.softmax().any(),
        y.transpose([1, 0]).any(),
        y.cumsum(1).any(),
        gradient(loss, x).any(),
        gradient(loss, row).any(),
    ];
    let (fed, row_fed) = (single(&[300, 1000]), single(&[1000]));
    check(&g, fetches, || feed![x => &fed, row => &row_fed]);
}

#[test]
fn products() {
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![300, 200]);
    let b = g.placeholder::<f32>("b", shape![200, 400]);
    let y = a.matmul(b) + 1.0;
    let loss = y.tanh().reduce_sum(..);
    let fetches = [
        y,
        a.matmul_with(a, false, true),
        a.matmul_with(a, true, false),
        a.matmul(b) + a.tanh().matmul(b),
        gradient(loss, a),
        gradient(loss, b),
    ];
    let (fed_a, fed_b) = (single(&[300, 200]), single(&[200, 400]));
    check(
        &g,
        fetches.map(Tensor::any).to_vec(),
        || feed![a => &fed_a, b => &fed_b],
    );
}
