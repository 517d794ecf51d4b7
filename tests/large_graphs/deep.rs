//! Nothing that a graph goes through takes more stack for a longer chain.

use std::thread;

use aqueduct::prelude::*;
use aqueduct::{Error, SessionOptions, export_meta_graph, import_meta_graph};

/// Less than any platform gives a thread by itself.
const STACK: usize = 256 << 10;

/// How long the chains are: with less than 100 bytes of stack for each link.
const DEPTH: usize = 3_000;

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

/// Each sum is joined with nothing.
fn joins(x: Tensor<'_, f64>) -> Tensor<'_, f64> {
    let matrix = x.reshape([1, 1]);
    let nothing = matrix.slice(0..0);
    let mut sum = matrix.matmul(matrix);
    for _ in 0..depth() {
        let all = sum + matrix.matmul(matrix);
        sum = x.graph().concat(&[all, nothing], 0);
    }
    sum.reshape([0_usize; 0])
}

/// Seen in another way again and again.
fn views(x: Tensor<'_, f64>) -> Tensor<'_, f64> {
    let mut y = x.graph().stack(&[x, x * 2.0, x * 3.0, x * 4.0], 0);
    for place in 0..depth() {
        y = match place % 3 {
            0 => y.reshape([2, 2]),
            1 => y.transpose([1, 0]),
            _ => y.reshape([4]),
        };
    }
    y.sin().reduce_sum(..)
}

/// One loop after the other.
fn loops<'g>(x: Tensor<'g, f64>) -> Tensor<'g, f64> {
    let steps = x.graph().constant([0.5_f64, 0.25]);
    let step = |state: Tensor<'g, f64>, scale: Tensor<'g, f64>| ((state * scale).sin(), ());
    (0..depth().div_ceil(20)).fold(x, |y, _| x.graph().scan(y, steps, step).0)
}

fn goes_through_a_file(g: &Graph) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("graph");
    export_meta_graph(g, &path).unwrap();
    let again = import_meta_graph(&path).unwrap();
    assert_eq!(again.operation_count(), g.operation_count());
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
    goes_through_a_file(&g);
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
fn a_chain_of_joins() {
    with_little_stack(|| live(joins));
}

#[test]
fn a_chain_of_views() {
    with_little_stack(|| live(views));
}

#[test]
fn a_chain_of_loops() {
    with_little_stack(|| live(loops));
}

/// Each is made of the one before, and written after it.
#[test]
fn a_chain_of_variables() {
    with_little_stack(|| {
        let g = Graph::new();
        let mut last = g.variable("v", 1.0_f64);
        let mut written = g.no_op();
        for _ in 0..depth() {
            last = g.variable("v", last.initialized_value() + 1.0);
            written = g.control_dependencies([written], || last.assign_add(1.0).op());
        }
        g.check().unwrap();
        goes_through_a_file(&g);
        for optimize in [false, true] {
            let options = SessionOptions::new().threads(1).optimize(optimize);
            let sess = Session::with_options(&g, options);
            sess.run(last.initializer(), feed![]).unwrap();
            assert_eq!(sess.value(last).unwrap().sum(), 1.0 + depth() as f64);
        }
    });
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

/// What Rust gives a thread.
const USUAL_STACK: usize = 2 << 20;

/// As many bodies may be in each other.
const DEEPEST: usize = 32;

/// Loops and branches in each other, each of which does what is inside once.
fn bodies<'g>(g: &'g Graph, depth: usize, x: Tensor<'g, f64>) -> Tensor<'g, f64> {
    if depth == 0 {
        return x.sin();
    }
    match depth % 3 {
        0 => g.cond(x.less(9.0), || bodies(g, depth - 1, x), || x),
        1 => {
            let once = g.constant([0.0_f64]);
            let step = |state, _| (bodies(g, depth - 1, state), ());
            g.scan(x, once, step).0
        }
        _ => {
            let start = (g.constant(0.0_f64), x);
            let goes_on = |(count, _): (Tensor<'g, f64>, Tensor<'g, f64>)| count.less(1.0);
            let step = |(count, x): (Tensor<'g, f64>, _)| (count + 1.0, bodies(g, depth - 1, x));
            let options = WhileOptions::new().maximum_iterations(1);
            g.while_loop_with(options, start, goes_on, step).1
        }
    }
}

/// The most that a graph takes. Whoever builds them calls himself as often, which takes a stack of his
/// own; all else does with what a thread has.
#[test]
fn as_many_bodies_in_each_other_as_there_may_be() {
    let g = &Graph::new();
    let x = g.placeholder::<f64>("x", shape![]);
    thread::scope(|scope| {
        let build = || (bodies(g, DEEPEST, x), bodies(g, DEEPEST + 1, x));
        let builder = thread::Builder::new().stack_size(256 << 20);
        let (y, too_deep) = builder.spawn_scoped(scope, build).unwrap().join().unwrap();
        let mistakes = g.check().unwrap_err();
        assert_eq!(mistakes.0.len(), 1, "{mistakes}");
        assert!(too_deep.is_poisoned());
        let live = move || {
            let slope = gradient(y, x);
            assert!(g.to_text().len() > 1);
            assert!(g.to_dot().len() > 1);
            for optimize in [false, true] {
                let options = SessionOptions::new().threads(1).optimize(optimize);
                let sess = Session::with_options(g, options);
                let (given, slope) = sess.run((y, slope), feed![x => 0.5]).unwrap();
                assert_eq!(given.sum(), 0.5_f64.sin());
                assert_eq!(slope.sum(), 0.5_f64.cos());
                let explained = sess.explain(y, feed![x => 0.5]).unwrap();
                assert!(explained.to_string().len() > 1);
            }
        };
        let builder = thread::Builder::new().stack_size(USUAL_STACK);
        builder.spawn_scoped(scope, live).unwrap().join().unwrap();
    });
}
