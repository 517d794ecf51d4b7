//! Graphs of more than a hundred thousand operations are built, differentiated, planned and run, and
//! give what a formula gives.
//!
//! How long each phase takes is measured by `cargo run --release -p aqueduct-benches -- growth`.

use aqueduct::SessionOptions;
use aqueduct::prelude::*;

/// The least number of operations of a graph.
const OPERATIONS: usize = 100_000;

/// What is run, and what it must give.
struct Expected<'g> {
    fetches: Vec<Tensor<'g, f64>>,
    values: Vec<f64>,
}

/// Builds a graph of so many units, and runs it plain and optimised.
fn check(count: usize, build: impl for<'g> Fn(&'g Graph, usize) -> Expected<'g>) {
    let g = Graph::new();
    let Expected { fetches, values } = build(&g, count);
    g.check().unwrap();
    let operations = g.operation_count();
    assert!(operations >= OPERATIONS, "{operations} operations");
    let initializer = g.global_variables_initializer();
    let options = SessionOptions::new().threads(2);
    for options in [options.optimize(false), options] {
        let sess = Session::with_options(&g, options);
        sess.run(initializer, feed![]).unwrap();
        let given = sess.run(&fetches, feed![]).unwrap();
        let given: Vec<f64> = given.iter().map(|value| value.sum()).collect();
        assert_eq!(given, values, "{options:?}");
    }
}

/// `((x + 1) + 1) + …`
fn chain(g: &Graph, count: usize) -> Expected<'_> {
    let x = g.constant(3.0_f64).identity();
    let y = (0..count).fold(x, |y, _| y + 1.0);
    Expected {
        fetches: vec![y, gradient(y, x)],
        values: vec![3.0 + count as f64, 1.0],
    }
}

/// A tree of sums over `x · 0`, `x · 1`, `x · 2`, …
fn tree(g: &Graph, count: usize) -> Expected<'_> {
    let x = g.constant(3.0_f64).identity();
    let mut level: Vec<_> = (0..count).map(|leaf| x * leaf as f64).collect();
    while level.len() > 1 {
        let pairs = level.chunks(2);
        level = pairs
            .map(|pair| pair.iter().copied().reduce(|a, b| a + b).unwrap())
            .collect();
    }
    let slope = (count * (count - 1) / 2) as f64;
    Expected {
        fetches: vec![level[0], gradient(level[0], x)],
        values: vec![3.0 * slope, slope],
    }
}

/// Variables 0, 1, 2, … times one number, added up.
fn variables(g: &Graph, count: usize) -> Expected<'_> {
    let x = g.constant(3.0_f64).identity();
    let terms: Vec<_> = (0..count)
        .map(|place| g.variable("v", place as f64) * x)
        .collect();
    let sum = g.add_n(&terms);
    let slope = (count * (count - 1) / 2) as f64;
    Expected {
        fetches: vec![sum, gradient(sum, x)],
        values: vec![3.0 * slope, slope],
    }
}

#[test]
fn a_chain() {
    check(50_000, chain);
}

#[test]
fn a_tree() {
    check(25_000, tree);
}

#[test]
fn variables_of_one_sum() {
    check(20_000, variables);
}
