//! Checks that act in a run, prints, and tensors that wait for each other.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::process::Command;
use std::sync::{Mutex, OnceLock};

use aqueduct::prelude::*;
use aqueduct::{PrintOptions, PrintTo};
use ndarray::{arr1, arr2};

/// Keeps what is logged.
struct Lines(Mutex<Vec<String>>);

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

/// What was logged and contains the word.
fn logged(word: &str) -> Vec<String> {
    let lines = log_lines().0.lock().unwrap();
    lines
        .iter()
        .filter(|line| line.contains(word))
        .cloned()
        .collect()
}

fn log_lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| Lines(Mutex::default()))
}

/// Prints to the log, which these tests read.
fn to_log<'g>() -> PrintOptions<'g> {
    // Another test may have been first.
    let _ = log::set_logger(log_lines());
    log::set_max_level(log::LevelFilter::Info);
    PrintOptions::new().to(PrintTo::Log)
}

#[test]
fn an_assertion_acts_where_something_is_ordered_after_it() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let positive = g.assert(x.greater(0.0), &[x.any()], "x must be positive");
    let unordered = x.sqrt();
    let ordered = g.control_dependencies([positive], || x.sqrt());
    let sess = Session::new(&g);
    assert!(sess.run(unordered, feed![x => [-1.0]]).is_ok());
    assert!(sess.run(ordered, feed![x => [4.0]]).is_ok());
    assert!(sess.run(positive, feed![x => [4.0]]).is_ok());
    assert!(
        sess.run(positive, feed![x => [0.0; 0]]).is_ok(),
        "nothing is false"
    );
    for run in [
        sess.run(ordered, feed![x => [1.0, -1.0]]).map(|_| ()),
        sess.run(positive, feed![x => [1.0, -1.0]]).map(|_| ()),
    ] {
        let report = run.unwrap_err().to_string();
        let expected =
            "assert failed: x must be positive; condition[1] is false; data 0 = [1 -1]\n";
        assert!(report.starts_with(expected), "{report}");
    }
}

#[test]
fn a_failed_assertion_leaves_no_variable_changed() {
    let g = Graph::new();
    let n = g.variable("n", 0_i32);
    let next = n.assign_add(1);
    let small = g.assert_less(next, 2, "n runs over");
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    sess.run(small, feed![]).unwrap();
    let error = sess.run(small, feed![]).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "assert failed: n runs over: x < y does not hold everywhere; condition is"
        ),
        "{error}"
    );
    assert_eq!(sess.run(n.scalar(), feed![]).unwrap(), 1);
}

#[test]
fn assertions_of_relations() {
    let g = Graph::new();
    let x = g.placeholder::<i64>("x", shape![?]);
    let holds = |ops: [Operation<'_>; 5], fed: i64| {
        ops.map(|op| Session::new(&g).run(op, feed![x => [2, fed]]).is_ok())
    };
    let ops = [
        g.assert_equal(x, 2, ""),
        g.assert_less(x, 3, ""),
        g.assert_less_equal(x, 2, ""),
        g.assert_greater(x, 1, ""),
        g.assert_greater_equal(x, 2, ""),
    ];
    assert_eq!(holds(ops, 2), [true; 5]);
    assert_eq!(holds(ops, 1), [false, true, true, false, false]);
    assert_eq!(holds(ops, 3), [false, false, false, true, true]);
}

#[test]
fn assertions_in_bodies() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?]);
    let (sum, _) = g.scan(g.constant(0.0_f32), xs, |sum, x| {
        let small = g.assert(x.less(3.0), &[x.any(), sum.any()], "a step is too large");
        (g.control_dependencies([small], || sum + x), ())
    });
    let sess = Session::new(&g);
    assert_eq!(
        sess.run(sum.scalar(), feed![xs => [1.0, 2.0]]).unwrap(),
        3.0
    );
    let error = sess
        .run(sum.scalar(), feed![xs => [1.0, 2.0, 3.0]])
        .unwrap_err();
    let error = error.to_string();
    assert!(error.contains("data 0 = [3]; data 1 = [3]"), "{error}");
}

#[test]
fn a_print_passes_its_tensor_and_the_gradient_on() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let all = to_log()
        .data(&[x.any(), x.shape_tensor().any()])
        .summarize(3);
    let y = x.print_with("passes on: ", all) * 2.0;
    let slope = gradient(y.square().reduce_sum(..), x);
    let sess = Session::new(&g);
    let (y, slope) = sess
        .run((y, slope), feed![x => [[1.0, 2.5], [3.0, 4.0]]])
        .unwrap();
    assert_eq!(y, arr2(&[[2.0, 5.0], [6.0, 8.0]]).into_dyn());
    assert_eq!(slope.shape(), [2, 2]);
    assert_eq!(logged("passes on"), ["passes on: [[1 2.5][3...]...][2 2]"]);
}

/// The elements of a shape are known before a run, so that nothing needs the print for them.
#[test]
fn a_print_of_sizes_prints() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let sizes = x.shape_tensor().print_with("sizes of x", to_log());
    let zeros = g.zeros::<f32>(sizes) + x;
    assert_eq!(zeros.shape().rank(), 2);
    let sess = Session::new(&g);
    sess.run(zeros, feed![x => [[1.0, 2.0]]]).unwrap();
    assert_eq!(logged("sizes of x"), ["sizes of x[1 2]"]);
}

#[test]
fn a_print_that_nothing_needs_is_silent() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let printed = x.print_with("never heard", to_log());
    let (unused, count) = (printed * 2.0, printed.size());
    let sess = Session::new(&g);
    assert_eq!(sess.run(count.scalar(), feed![x => [1.0]]).unwrap(), 1);
    let _ = unused;
    assert!(logged("never heard").is_empty());
}

const CHILD: &str = "AQUEDUCT_TEST_PRINTS";

#[test]
fn a_print_goes_to_the_standard_error() {
    if std::env::var_os(CHILD).is_some() {
        let g = Graph::new();
        let x = g.constant([1.5_f32, 2.0, 3.25, 4.0]).print("msg: ");
        Session::new(&g).run(x, feed![]).unwrap();
        return;
    }
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this)
        .args([
            "--exact",
            "a_print_goes_to_the_standard_error",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.lines().any(|line| line == "msg: [1.5 2 3.25...]"),
        "{text}"
    );
}

#[test]
fn numerics_that_are_checked() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 2]);
    let y = x.check_numerics("the weights");
    let sess = Session::new(&g);
    let good = [[1.0, -2.0], [f64::MAX, 0.0]];
    assert_eq!(
        sess.run(y, feed![x => good]).unwrap(),
        arr2(&good).into_dyn()
    );
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    for (fed, expected) in [
        (
            [[1.0, 2.0], [nan, nan]],
            "NaN values: 2 NaN among 4 elements, the first is x[1, 0] = nan",
        ),
        (
            [[1.0, -inf], [3.0, 4.0]],
            "Inf values: 1 Inf among 4 elements, the first is x[0, 1] = -inf",
        ),
        (
            [[1.0, 2.0], [inf, nan]],
            "Inf and NaN values: 1 Inf and 1 NaN among 4 elements, the first is x[1, 0] = inf",
        ),
    ] {
        let error = sess.run(y, feed![x => fed]).unwrap_err().to_string();
        let expected = format!("check_numerics failed: the weights : Tensor had {expected}\n");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn gradients_of_checked_numerics_are_checked() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let slope = gradient(x.check_numerics("x").sqrt().reduce_sum(..), x);
    let sess = Session::new(&g);
    assert!(sess.run(slope, feed![x => [1.0]]).is_ok());
    let error = sess.run(slope, feed![x => [0.0]]).unwrap_err().to_string();
    assert!(
        error.contains("in the gradient: x : Tensor had Inf values"),
        "{error}"
    );
    assert!(
        error.contains("in the gradient of `CheckNumerics`"),
        "{error}"
    );
}

#[test]
fn the_tensors_of_a_tuple_wait_for_each_other() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let n = g.variable("n", 0_i64);
    let m = g.variable("m", 0_i64);
    let count = n.assign_add(1);
    let (alone, counted) = g.tuple((x * 2.0, count));
    let [after] = g.tuple_after([x], [m.assign_add(1)]);
    assert_eq!(alone.name(), "tuple/control_dependency:0");
    assert_eq!(counted.name(), "tuple/control_dependency_1:0");
    assert_eq!(after.name(), "tuple_1/control_dependency:0");
    assert!(alone.shape().same(&x.shape()));
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let doubled = sess.run(alone, feed![x => [1.0, 2.0]]).unwrap();
    assert_eq!(doubled, arr1(&[2.0, 4.0]).into_dyn());
    sess.run(after, feed![x => [1.0]]).unwrap();
    let counts = sess.run((n.scalar(), m.scalar()), feed![]).unwrap();
    assert_eq!(counts, (1, 1), "fetching one ran the others");
    let many = g.tuple(vec![x, x + 1.0]);
    assert_eq!(many.len(), 2);
    assert!(g.tuple(Vec::<Tensor<'_, f32>>::new()).is_empty());
    let slope = gradient(alone.reduce_sum(..), x);
    let slope = sess.run(slope, feed![x => [1.0]]).unwrap();
    assert_eq!(slope, arr1(&[2.0]).into_dyn());
    g.check().unwrap();
}

#[test]
fn groups_and_no_ops_order_and_compute_nothing() {
    let g = Graph::new();
    let (a, b) = (g.variable("a", 0_i64), g.variable("b", 0_i64));
    let both = g.group([a.assign_add(1).op(), b.assign_add(2).op()]);
    let nothing = g.group(std::iter::empty::<Operation<'_>>());
    let after = g.control_dependencies([both], || g.no_op());
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    for (operation, counts) in [(nothing, (0, 0)), (both, (1, 2)), (after, (2, 4))] {
        sess.run(operation, feed![]).unwrap();
        assert_eq!(sess.run((a.scalar(), b.scalar()), feed![]).unwrap(), counts);
    }
}
