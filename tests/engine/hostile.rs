//! Uses that a compiler could get wrong: nothing at all, fed intermediates, writes, failures, loops
//! whose states alias.

use std::thread;

use aqueduct::prelude::*;
use aqueduct::{DropoutOptions, Feeds, Pass, Result, SessionOptions, Value};
use aqueduct_tests::{Modes, spread};
use ndarray::ArrayD;

fn modes(g: &Graph) -> Modes {
    g.check().unwrap();
    Modes::new(g, Pass::ALL.iter().copied()).initialized()
}

/// Runs in all ways, and gives the plain values.
#[track_caller]
fn agreed<'f>(g: &Graph, fetches: &[AnyTensor<'_>], feeds: impl Fn() -> Feeds<'f>) -> Vec<Value> {
    modes(g)
        .run(|sess| sess.run(fetches.to_vec(), feeds()))
        .unwrap()
}

fn single(sizes: &[usize]) -> ArrayD<f32> {
    spread(sizes, (-1.0, 1.0), 7).mapv(|number| number as f32)
}

/// Outputs of a layer on top of a loop, with the gradients of all weights.
fn network<'g>(g: &'g Graph, x: Tensor<'g, f32>) -> Vec<AnyTensor<'g>> {
    g.set_random_seed(2);
    let (outputs, last) = dynamic_rnn(&BasicLstmCell::new(3), x);
    let y = Dense::new(2).apply(last.h).softmax();
    let loss = outputs.square().reduce_sum(..) + y.square().reduce_sum(..);
    let weights = g.trainable_variables();
    let slopes = gradients(loss, &weights);
    let slopes = slopes.iter().filter_map(Gradient::dense);
    [outputs.any(), y.any(), loss.any()]
        .into_iter()
        .chain(slopes)
        .collect()
}

#[test]
fn sizes_of_zero_and_one() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let fetches = network(&g, x);
    let modes = modes(&g);
    for (batch, steps) in [(0, 3), (3, 0), (0, 0), (1, 1), (1, 4), (4, 1), (3, 2)] {
        let fed = single(&[batch, steps, 2]);
        let run = |sess: &Session| sess.run(fetches.clone(), feed![x => &fed]);
        let found = modes.run(run).unwrap();
        assert_eq!(found[0].shape(), [batch, steps, 3]);
    }
}

#[test]
fn numbers_that_are_not_finite() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let mut fetches = network(&g, x);
    let flat = x.reduce_sum(..);
    let chain = ((x * 0.0 + 1.0) / x).maximum(x).relu() - x.minimum(flat) * 2.0;
    fetches.extend([
        chain.any(),
        chain.reduce_max(0).any(),
        x.softmax().any(),
        x.reduce_logsumexp(1).any(),
        x.is_nan().any(),
        x.greater(0.0).select(x.log(), x.exp()).any(),
    ]);
    let modes = modes(&g);
    for number in [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        -0.0,
        f32::MIN_POSITIVE / 4.0,
    ] {
        let mut fed = single(&[2, 3, 2]);
        fed[[0, 1, 0]] = number;
        fed[[1, 2, 1]] = number;
        let run = |sess: &Session| sess.run(fetches.clone(), feed![x => &fed]);
        modes
            .run(run)
            .unwrap_or_else(|why| panic!("{number}: {why}"));
    }
}

/// What is fed cuts off what would make it; what is fetched stays, also within what is fused.
#[test]
fn intermediates_that_are_fed_and_fetched() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4, 3]);
    let w = g.variable("w", single(&[3, 5]));
    let sum = x + 1.0;
    let product = sum.matmul(w);
    let squashed = product.tanh();
    let last = (squashed * squashed - product).sigmoid();
    let slope = gradient(last.reduce_sum(..), w);
    let fetches = [sum, product, squashed, last, slope].map(Tensor::any);
    let (fed, middle) = (single(&[4, 3]), single(&[4, 5]));
    agreed(&g, &fetches, || feed![x => &fed]);
    agreed(&g, &fetches[1..4], || feed![sum => &fed]);
    let found = agreed(&g, &fetches, || feed![x => &fed, product => &middle]);
    assert_eq!(found[1], Value::from(middle.clone()));
    agreed(&g, &fetches[2..4], || feed![product => &middle]);
    agreed(
        &g,
        &fetches[2..4],
        || feed![squashed => &middle, product => &middle],
    );
    agreed(&g, &fetches, || feed![x => &fed, w => single(&[3, 5])]);
    let twice = [last.any(), last.any(), sum.any(), last.any()];
    agreed(&g, &twice, || feed![x => &fed]);
}

#[test]
fn a_variable_and_its_update_in_one_run() {
    let g = Graph::new();
    let v = g.variable("v", [1.0_f32, 2.0]);
    let old = v.value() * 3.0;
    let first = v.assign_add(g.constant([1.0_f32, 1.0]));
    let between = g.control_dependencies([first.op()], || v.read_value() * 10.0);
    let second = g.control_dependencies([between.op()], || v.assign(between - v.value()));
    let after = g.control_dependencies([second.op()], || v.read_value());
    let third = g.control_dependencies([after.op()], || v.assign_sub(g.constant([0.5_f32, 0.5])));
    let fetches = [v.value(), old, first, between, second, after, third].map(Tensor::any);
    let modes = modes(&g);
    for _ in 0..3 {
        modes
            .run(|sess| sess.run(fetches.to_vec(), feed![]))
            .unwrap();
        modes.check_variables().unwrap();
        modes.run(|sess| sess.run(third.op(), feed![])).unwrap();
        let value = |sess: &Session| Ok::<_, aqueduct::Error>(vec![sess.any_value(v.any())?]);
        modes.run(value).unwrap();
    }
}

#[test]
fn variables_that_are_swapped() {
    let g = Graph::new();
    let (a, b) = (
        g.variable("a", [1.0_f32, 2.0]),
        g.variable("b", [3.0_f32, 4.0]),
    );
    let swap = [a.assign(b.value()), b.assign(a.value())];
    let modes = modes(&g);
    for round in 0..3 {
        let run = |sess: &Session| sess.run(vec![swap[0].any(), swap[1].any()], feed![]);
        let found = modes.run(run).unwrap();
        let first = if round % 2 == 0 { 3.0 } else { 1.0 };
        assert_eq!(found[0].as_slice::<f32>().unwrap()[0], first);
        modes.check_variables().unwrap();
    }
}

#[test]
fn a_run_that_fails_changes_nothing() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let row = g.placeholder::<i32>("row", shape![1]);
    let n = g.variable("n", [0.0_f32, 5.0, 6.0]);
    let next = n.assign_add(g.constant([1.0_f32, 2.0, 3.0]));
    let positive = g.control_dependencies([next.op()], || {
        let seen = g.assert(x.greater(0.0), &[x.any()], "x must be positive");
        g.control_dependencies([seen], || (x * 2.0).tanh())
    });
    let gathered = next.gather(row) * 2.0;
    let (sum, _) = g.scan(g.constant(0.0_f32), x, |sum, x| {
        let small = g.assert(x.less(3.0), &[x.any(), sum.any()], "a step is too large");
        (g.control_dependencies([small], || sum + x * x), ())
    });
    let fetches = vec![next.any(), positive.any(), gathered.any(), sum.any()];
    let modes = modes(&g);
    for (fed, row_fed, words) in [
        ([1.0_f32, -1.0], 0, "x must be positive"),
        ([1.0, 2.0], 3, "indices"),
        ([1.0, 4.0], 0, "a step is too large"),
    ] {
        let feeds = || feed![x => fed, row => [row_fed]];
        let error = modes
            .failure(|sess| sess.run(fetches.clone(), feeds()))
            .unwrap();
        assert!(error.contains(words), "{error}");
        let value = |sess: &Session| sess.run(vec![n.value().any()], feed![]);
        let found = modes.run(value).unwrap();
        assert_eq!(found[0], Value::vector(vec![0.0_f32, 5.0, 6.0]));
    }
    let feeds = || feed![x => [1.0, 2.0], row => [2]];
    modes
        .run(|sess| sess.run(fetches.clone(), feeds()))
        .unwrap();
    modes.check_variables().unwrap();
}

#[test]
fn variables_without_values() {
    let g = Graph::new();
    let on = g.placeholder::<bool>("on", shape![]);
    let x = g.placeholder::<f32>("x", shape![2]);
    let missing = g.variable::<f32>("missing", zeros([2]));
    let there = g.variable("there", [1.0_f32, 2.0]);
    let chosen = g.cond(on, || x * missing.value(), || x * there.value());
    let slope = gradient(chosen.reduce_sum(..), x);
    let modes = Modes::new(&g, Pass::ALL.iter().copied());
    let fetches = vec![chosen.any(), slope.any()];
    let init = |sess: &Session| sess.run(there.initializer(), feed![]);
    modes.run(init).unwrap();
    let run = |sess: &Session, on_fed: bool| {
        sess.run(fetches.clone(), feed![on => on_fed, x => [3.0, 4.0]])
    };
    modes.run(|sess| run(sess, false)).unwrap();
    let error = modes.failure(|sess| run(sess, true)).unwrap();
    assert!(error.contains("missing"), "{error}");
    modes.run(|sess| run(sess, false)).unwrap();
}

/// States that are swapped, passed on, stacked twice, or tensors from around the loop.
#[test]
fn states_that_alias() {
    let g = Graph::new();
    let xs = g.placeholder::<f64>("xs", shape![?, 3]);
    let start = g.placeholder::<f64>("start", shape![3]);
    let around = start * 2.0;
    let (states, rows) = g.scan((start, around, start, around), xs, |(a, b, same, _), x| {
        let sum = a + x;
        let rows = vec![sum, sum, a, around, same, x, b * 2.0, b * 2.0];
        ((b, a, same, around), rows)
    });
    let (a, b, same, held) = states;
    let (_, count, left, right) = g.while_loop_with(
        WhileOptions::new().maximum_iterations(4),
        (g.constant(0_i32), g.constant(0_i32), start, around),
        |(i, ..)| i.less(3),
        |(i, _, left, right)| (i + 1, i, right, left),
    );
    let results = [a, b, same, held, left, right].into_iter().chain(rows);
    let results: Vec<Tensor<'_, f64>> = results.collect();
    let losses = results.iter().map(|result| result.sin().reduce_sum(..));
    let loss = losses.reduce(|sum, part| sum + part).unwrap();
    let slopes = [gradient(loss, xs), gradient(loss, start)];
    let mut fetches: Vec<AnyTensor<'_>> =
        results.into_iter().chain(slopes).map(Tensor::any).collect();
    fetches.push(count.any());
    for steps in [0, 1, 2, 5] {
        let (fed, start_fed) = (
            spread(&[steps, 3], (-1.0, 1.0), 0),
            spread(&[3], (-1.0, 1.0), 50),
        );
        agreed(&g, &fetches, || feed![xs => &fed, start => &start_fed]);
        for fetch in &fetches {
            let modes = Modes::new(&g, []);
            let run =
                |sess: &Session| sess.run(vec![*fetch], feed![xs => &fed, start => &start_fed]);
            modes.run(run).unwrap();
        }
    }
}

#[test]
fn a_loop_that_only_passes_on() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 2]);
    let h = g.placeholder::<f32>("h", shape![2]);
    let (last, rows) = g.scan(h, xs, |h, x| (h, (x, h)));
    let (other, ()) = g.scan(h, xs, |_, x| (x, ()));
    let (of_x, of_h) = rows;
    let fetches = [last, of_x, of_h, other].map(Tensor::any);
    for steps in [0, 1, 3] {
        let fed = single(&[steps, 2]);
        let found = agreed(&g, &fetches, || feed![xs => &fed, h => [5.0, 6.0]]);
        assert_eq!(found[0], Value::vector(vec![5.0_f32, 6.0]));
        assert_eq!(found[1], Value::from(fed.clone()));
    }
}

#[test]
fn draws_are_the_same() {
    let g = Graph::new();
    g.set_random_seed(9);
    let x = g.placeholder::<f32>("x", shape![?, 4, 3]);
    let cell = DropoutWrapper::new(BasicLstmCell::new(5))
        .input_keep_prob(0.7)
        .output_keep_prob(0.5)
        .state_keep_prob(0.8);
    let (outputs, _) = dynamic_rnn(&cell, x);
    let (noisy, _) = g.scan(g.zeros::<f32>([3]), x.slice(0), |h, row| {
        let kept = row.dropout_with(0.5, DropoutOptions::new().seed(4));
        let drawn = random_uniform([3], 0.0, 1.0).tensor::<f32>(&g);
        (h * 0.5 + kept + drawn, ())
    });
    let unused = random_normal([2]).tensor::<f32>(&g);
    let drawn = random_normal([2]).tensor::<f32>(&g);
    let slope = gradient(outputs.square().reduce_sum(..), x);
    let fetches = [outputs, noisy, drawn, slope, drawn].map(Tensor::any);
    let fed = single(&[2, 4, 3]);
    let modes = modes(&g);
    for round in 0..3 {
        let run = |sess: &Session| sess.run(fetches.to_vec(), feed![x => &fed]);
        modes.run(run).unwrap();
        if round == 1 {
            modes
                .run(|sess| sess.run(vec![unused.any()], feed![]))
                .unwrap();
        }
    }
}

#[test]
fn many_threads_with_different_sizes_on_one_session() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let fetches = network(&g, x);
    let plain = Session::with_options(&g, SessionOptions::new().optimize(false));
    plain
        .run(g.global_variables_initializer(), feed![])
        .unwrap();
    let strict = Session::with_options(&g, SessionOptions::new().strict(true).threads(2));
    strict
        .run(g.global_variables_initializer(), feed![])
        .unwrap();
    thread::scope(|scope| {
        for worker in 0..8_usize {
            let (plain, strict, fetches) = (&plain, &strict, &fetches);
            scope.spawn(move || {
                for round in 0..6 {
                    let fed = single(&[(worker + round) % 5, (worker * round) % 4, 2]);
                    let run = |sess: &Session| -> Result<Vec<Value>> {
                        sess.run(fetches.clone(), feed![x => &fed])
                    };
                    for (found, expected) in run(strict).unwrap().iter().zip(run(plain).unwrap()) {
                        assert_eq!(*found, expected, "{:?}", fed.shape());
                    }
                }
            });
        }
    });
}

/// Tiles of wide expressions are short, so that a row ends in a tile of few elements.
#[test]
fn a_row_that_is_repeated_beside_many_matrices() {
    for columns in [65, 131, 385] {
        let g = Graph::new().leak();
        let bias = g.placeholder::<f64>("bias", shape![columns]);
        let matrices: Vec<_> = (0..20)
            .map(|index| g.placeholder::<f64>(&format!("x{index}"), shape![40, columns]))
            .collect();
        let others = matrices.iter().skip(1);
        let y = others.fold(matrices[0] + bias, |sum, x| (sum + *x) * (*x + bias));
        let row = spread(&[columns], (-1.0, 1.0), 1);
        let matrix = spread(&[40, columns], (-1.0, 1.0), 2);
        let feeds = || {
            let start = feed![bias => &row];
            matrices
                .iter()
                .fold(start, |feeds, x| feeds.with(*x, &matrix))
        };
        let modes = Modes::new(g, [Pass::FuseElementwise]);
        modes.run(|sess| sess.run(vec![y.any()], feeds())).unwrap();
    }
}

/// Matrices of one element look the same from all sides.
#[test]
fn products_of_one_element() {
    let g = Graph::new().leak();
    let x = g.placeholder::<f64>("x", shape![1, 1]);
    let w = g.placeholder::<f64>("w", shape![1, 1]);
    let h = x.matmul(w).tanh();
    let y = h.matmul(h.matmul_with(h, true, false)) * 0.01;
    let loss = y.square().reduce_sum(..);
    let one = spread(&[1, 1], (0.2, 0.9), 1);
    let fetches = [y, gradient(loss, x), gradient(loss, w)].map(Tensor::any);
    let modes = Modes::new(g, [Pass::MergeProducts, Pass::SumProducts]);
    let feeds = || feed![x => &one, w => &one];
    modes
        .run(|sess| sess.run(fetches.to_vec(), feeds()))
        .unwrap();
}
