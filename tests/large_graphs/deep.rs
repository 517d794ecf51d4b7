//! Nothing that a graph goes through takes more stack for a longer chain.

use std::thread;

use aqueduct::prelude::*;
use aqueduct::{Error, SessionOptions};

/// Less than any platform gives a thread by itself.
const STACK: usize = 512 << 10;

/// How long the chains are.
const DEPTH: usize = 10_000;

/// Runs something in a thread of little stack: an overflow aborts the tests.
fn with_little_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    thread.unwrap().join().unwrap();
}

/// How many links: `AQUEDUCT_DEPTH`, or what runs in a moment.
fn depth() -> usize {
    let given = std::env::var("AQUEDUCT_DEPTH").ok();
    given.map_or(DEPTH, |depth| depth.parse().unwrap())
}

/// Sine and hyperbolic tangent in turns.
fn waves(x: Tensor<'_, f64>) -> Tensor<'_, f64> {
    (0..depth()).fold(
        x,
        |y, place| if place % 2 == 0 { y.sin() } else { y.tanh() },
    )
}

/// Each product is added to the sum of those before.
fn products(x: Tensor<'_, f64>) -> Tensor<'_, f64> {
    let matrix = x.reshape([1, 1]);
    let mut sum = matrix.matmul(matrix);
    for _ in 0..depth() {
        sum = sum + matrix.matmul(matrix);
    }
    sum.reshape([0_usize; 0])
}

/// All that can be done with a graph and a session, but saving.
fn live(build: impl for<'g> Fn(Tensor<'g, f64>) -> Tensor<'g, f64>) {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![]);
    let y = build(x);
    let slope = gradient(y, x);
    let curvature = gradient(slope, x);
    g.check().unwrap();
    assert!(g.to_text().len() > depth());
    assert!(g.to_dot().len() > depth());
    assert!(format!("{:?}", g.view()).len() > depth());
    assert!(format!("{y:?} {g:?}").len() > 1);
    let options = SessionOptions::new().threads(1);
    for options in [options.optimize(false), options, options.strict(true)] {
        let sess = Session::with_options(&g, options);
        let fetches = [y, slope, curvature];
        let values = sess.run(&fetches, feed![x => 0.5]).unwrap();
        assert!(values.iter().all(|value| value.sum().is_finite()));
        let explained = sess.explain(fetches, feed![x => 0.5]).unwrap();
        assert!(explained.to_string().len() > 1);
    }
}

/// The long form takes `AQUEDUCT_DEPTH=100000 cargo test --release -p aqueduct-tests --test
/// large_graphs deep`.
#[test]
fn a_chain_of_elementwise_operations() {
    with_little_stack(|| live(waves));
}

#[test]
fn a_chain_of_sums_of_products() {
    with_little_stack(|| live(products));
}

#[test]
fn a_mistake_at_the_far_end() {
    with_little_stack(|| {
        let g = Graph::new();
        let x = g.placeholder::<f64>("x", shape![2]);
        let wrong = x + g.constant([1.0_f64, 2.0, 3.0]);
        let y = waves(wrong);
        let slope = gradient(y, x);
        assert_eq!(g.check().unwrap_err().0.len(), 1);
        let sess = Session::new(&g);
        for fetched in [y, slope] {
            let refused = sess.run(fetched, feed![x => [1.0, 2.0]]).unwrap_err();
            assert!(matches!(refused, Error::Build(_)), "{refused}");
        }
    });
}

/// What a body calls goes through the whole of `scan` and whatever is planned for it.
#[test]
fn loops_in_loops() {
    fn nest<'g>(g: &'g Graph, depth: usize, x: Tensor<'g, f64>) -> Tensor<'g, f64> {
        if depth == 0 {
            return x.sin();
        }
        let once = g.constant([0.0_f64]);
        g.scan(x, once, |state, _| (nest(g, depth - 1, state), ()))
            .0
    }
    let deep = || {
        let g = Graph::new();
        let x = g.placeholder::<f64>("x", shape![]);
        let y = nest(&g, 20, x);
        let slope = gradient(y, x);
        g.check().unwrap();
        let text = g.to_text();
        assert!(text.matches("scan").count() > 20, "{text}");
        for optimize in [false, true] {
            let options = SessionOptions::new().optimize(optimize);
            let sess = Session::with_options(&g, options);
            let (y, slope) = sess.run((y, slope), feed![x => 0.5]).unwrap();
            assert_eq!(y.sum(), 0.5_f64.sin());
            assert_eq!(slope.sum(), 0.5_f64.cos());
        }
    };
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(deep);
    thread.unwrap().join().unwrap();
}
