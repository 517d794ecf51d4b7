//! Loops, optimised as a whole and by each pass alone, against loops that are not.

use aqueduct::prelude::*;
use aqueduct::{AnyTensor, Feeds, Pass};
use aqueduct_tests::{Modes, spread};

const LOOP_PASSES: [Pass; 7] = [
    Pass::SplitProducts,
    Pass::SumProducts,
    Pass::MergeProducts,
    Pass::HoistInvariants,
    Pass::HoistSequences,
    Pass::SinkSums,
    Pass::TrimStacks,
];

pub(crate) type X = Tensor<'static, f64>;

/// Runs in all ways, and with each of the loops' passes alone.
#[track_caller]
pub(crate) fn check<'f>(g: &'static Graph, fetched: &[X], feeds: impl Fn() -> Feeds<'f>) {
    g.check().unwrap();
    let modes = Modes::new(g, LOOP_PASSES).initialized();
    let fetches: Vec<AnyTensor<'_>> = fetched.iter().map(|tensor| tensor.any()).collect();
    modes
        .run(|sess| sess.run(fetches.clone(), feeds()))
        .unwrap();
}

/// The loss with its first and second derivatives.
pub(crate) fn with_derivatives(loss: X, points: &[X]) -> Vec<X> {
    let slopes_of = |of: X| -> Vec<X> {
        let found = gradients(of, points);
        let dense = found.iter().filter_map(Gradient::dense);
        dense.map(AnyTensor::typed).collect()
    };
    let slopes = slopes_of(loss);
    let squares = slopes.iter().map(|slope| slope.square().reduce_sum(..));
    let curvatures = squares.reduce(|sum, square| sum + square).map(slopes_of);
    let first = std::iter::once(loss).chain(slopes);
    first.chain(curvatures.into_iter().flatten()).collect()
}

pub(crate) fn graph() -> &'static Graph {
    let g = Graph::new().leak();
    g.set_random_seed(5);
    g
}

/// The trainable variables, and an input.
pub(crate) fn points(g: &'static Graph, x: X) -> Vec<X> {
    let variables = g.trainable_variables().into_iter();
    let variables = variables.map(|variable| variable.value().typed());
    std::iter::once(x).chain(variables).collect()
}

/// A loss on the last output alone, or on all outputs and states.
fn check_cell(cell: &impl RnnCell<'static, Element = f64>, g: &'static Graph) {
    let x = g.placeholder::<f64>("x", shape![3, 5, 2]);
    let (outputs, _) = dynamic_rnn(cell, x);
    let last = outputs.slice((.., -1)).square().reduce_sum(..);
    let fed = spread(&[3, 5, 2], (-0.9, 0.9), 3);
    check(
        g,
        &with_derivatives(last, &points(g, x)),
        || feed![x => &fed],
    );
    check(g, &[last], || feed![x => &fed]);
    let all = outputs.sin().reduce_sum(..);
    check(
        g,
        &with_derivatives(all, &points(g, x)),
        || feed![x => &fed],
    );
}

#[test]
fn an_lstm() {
    check_cell(&BasicLstmCell::new(4), graph());
}

#[test]
fn an_lstm_with_everything() {
    let cell = LstmCell::new(3).use_peepholes().num_proj(2).cell_clip(5.0);
    check_cell(&cell, graph());
}

#[test]
fn a_gru() {
    check_cell(&GruCell::new(4), graph());
}

#[test]
fn a_plain_rnn() {
    check_cell(&BasicRnnCell::new(4), graph());
}

#[test]
fn cells_on_top_of_each_other() {
    let residual = ResidualWrapper::new(GruCell::new(2));
    let projected = OutputProjectionWrapper::new(BasicLstmCell::new(3), 2);
    check_cell(&MultiRnnCell::new((residual, projected)), graph());
}

#[test]
fn sequence_lengths() {
    let g = graph();
    let x = g.placeholder::<f64>("x", shape![3, 5, 2]);
    let lengths = g.placeholder::<i32>("lengths", shape![3]);
    let options = RnnOptions::new().sequence_length(lengths);
    let (outputs, last) = dynamic_rnn_with(&BasicLstmCell::new(3), x, options);
    let mut loss = outputs.square().reduce_sum(..);
    for state in last.parts() {
        loss = loss + state.typed::<f64>().sin().reduce_sum(..);
    }
    let fed = spread(&[3, 5, 2], (-0.9, 0.9), 3);
    let fetched = with_derivatives(loss, &points(g, x));
    for lengths_fed in [[5, 1, 3], [0, 2, 0], [0, 0, 0]] {
        check(g, &fetched, || feed![x => &fed, lengths => lengths_fed]);
    }
}

#[test]
fn both_directions() {
    let g = graph();
    let x = g.placeholder::<f64>("x", shape![3, 4, 2]);
    let (ahead, behind) = (BasicLstmCell::new(3), GruCell::new(2));
    let ((forwards, backwards), _) = bidirectional_dynamic_rnn(&ahead, &behind, x);
    let loss = forwards.square().reduce_sum(..) + backwards.slice((.., 0)).sin().reduce_sum(..);
    let fed = spread(&[3, 4, 2], (-0.9, 0.9), 3);
    check(
        g,
        &with_derivatives(loss, &points(g, x)),
        || feed![x => &fed],
    );
}

/// What a step of the loops below does: with a concatenation, an invariant, products and sums.
struct Step {
    w: X,
    v: X,
    bias: X,
}

impl Step {
    fn new(g: &'static Graph) -> Step {
        let variable = |name: &str, sizes: &[usize], seed| -> X {
            g.variable(name, spread(sizes, (-0.7, 0.7), seed)).value()
        };
        Step {
            w: variable("w", &[5, 3], 0),
            v: variable("v", &[3, 3], 20),
            bias: variable("bias", &[3], 40),
        }
    }

    fn next(&self, h: X, x: X) -> X {
        let g = h.graph();
        let scale = (self.bias * 2.0).tanh() + 1.0;
        let joined = g.concat(&[x, h], 1).matmul(self.w);
        (joined * scale + (x.sin().matmul(self.v.slice(..2)) + self.bias)).tanh()
    }
}

fn check_loop(options: impl Fn() -> ScanOptions<'static>, g: &'static Graph, steps: usize) {
    let step = Step::new(g);
    let xs = g.placeholder::<f64>("xs", [steps, 4, 2]);
    let start = g.placeholder::<f64>("start", shape![4, 3]);
    let (last, rows) = g.scan_with(options(), start, xs, |h, x| {
        let next = step.next(h, x);
        (next, (next.reduce_sum([0]), x))
    });
    let (sums, same) = rows;
    let loss = last.square().reduce_sum(..)
        + (sums * 0.3).sin().reduce_sum(..)
        + same.sin().reduce_sum(..);
    let fed = spread(&[steps, 4, 2], (-0.9, 0.9), 3);
    let start_fed = spread(&[4, 3], (-0.9, 0.9), 300);
    let mut points = points(g, xs);
    points.push(start);
    let fetched = with_derivatives(loss, &points);
    check(g, &fetched, || feed![xs => &fed, start => &start_fed]);
}

#[test]
fn a_loop_of_any_body() {
    for steps in [0, 1, 2, 5] {
        check_loop(ScanOptions::new, graph(), steps);
    }
}

#[test]
fn a_reverse_loop() {
    for steps in [0, 1, 4] {
        check_loop(|| ScanOptions::new().reverse(), graph(), steps);
    }
}

#[test]
fn a_loop_with_a_limit() {
    for limit in [0, 1, 3, 5] {
        let g = graph();
        let tensor = g.constant(limit);
        check_loop(|| ScanOptions::new().limit(tensor), g, 5);
        let g = graph();
        let tensor = g.constant(limit);
        check_loop(|| ScanOptions::new().limit(tensor).reverse(), g, 5);
    }
}

#[test]
fn loops_in_loops() {
    let g = graph();
    let step = Step::new(g);
    let xs = g.placeholder::<f64>("xs", shape![3, 2, 4, 2]);
    let start = g.placeholder::<f64>("start", shape![4, 3]);
    let (last, rows) = g.scan(start, xs, |h, inner| {
        let (last, rows) = g.scan(h, inner, |h, x| {
            let next = step.next(h, x);
            (next, next)
        });
        (last * 0.5, rows.slice(-1))
    });
    let loss = last.square().reduce_sum(..) + rows.sin().reduce_sum(..);
    let fed = spread(&[3, 2, 4, 2], (-0.9, 0.9), 3);
    let start_fed = spread(&[4, 3], (-0.9, 0.9), 300);
    let mut points = points(g, xs);
    points.push(start);
    let feeds = || feed![xs => &fed, start => &start_fed];
    check(g, &with_derivatives(loss, &points), feeds);
}

#[test]
fn a_while_loop() {
    let g = graph();
    let step = Step::new(g);
    let x = g.placeholder::<f64>("x", shape![4, 2]);
    let count = g.placeholder::<i32>("count", shape![]);
    let (_, last) = g.while_loop_with(
        WhileOptions::new().maximum_iterations(4),
        (g.constant(0), g.zeros::<f64>([4, 3])),
        |(done, _)| done.less(count),
        |(done, h)| (done + 1, step.next(h, x)),
    );
    let loss = last.square().reduce_sum(..);
    let fed = spread(&[4, 2], (-0.9, 0.9), 3);
    let fetched = with_derivatives(loss, &points(g, x));
    for iterations in [0, 1, 3, 9] {
        check(g, &fetched, || feed![x => &fed, count => iterations]);
    }
}

/// What a gradient shrinks to on its way back is 0 once it is below the normal numbers, where
/// arithmetic is slow and from where it would not get to 0.
#[test]
fn what_vanishes_is_zero() {
    let g = Graph::new().leak();
    let x = g.placeholder::<f32>("x", shape![400, 2, 3]);
    let start = g.zeros::<f32>(shape![2, 3]);
    let (last, _) = g.scan(start, x, |h, x| ((h * 0.7).tanh() + x, ()));
    let slopes = gradients(last.square().reduce_sum(..), [x]);
    let slope = slopes[0].dense().unwrap();
    let modes = Modes::new(g, LOOP_PASSES);
    let fed = spread(&[400, 2, 3], (-1.0, 1.0), 0).mapv(|number| number as f32);
    let found = modes
        .run(|sess| sess.run(vec![slope], feed![x => &fed]))
        .unwrap();
    let found = found[0].as_slice::<f32>().unwrap();
    assert!(found.iter().all(|slope| *slope == 0.0 || slope.is_normal()));
    assert_eq!(found[0], 0.0);
    assert_ne!(found[found.len() - 1], 0.0);
}
