//! Placeholders with defaults, and shapes that a run must have.

use aqueduct::prelude::*;
use ndarray::{arr1, arr2};

use crate::check_refused;

#[test]
fn a_flag_is_off_until_it_is_fed() {
    let g = Graph::new();
    let training = g.placeholder_with_default("training", false, shape![]);
    let y = g.cond(training, || g.constant(1.0_f32), || g.constant(2.0));
    let sess = Session::new(&g);
    assert_eq!(sess.run(y.scalar(), feed![]).unwrap(), 2.0);
    assert_eq!(sess.run(y.scalar(), feed![training => true]).unwrap(), 1.0);
    assert_eq!(sess.run(y.scalar(), feed![]).unwrap(), 2.0);
}

#[test]
fn what_is_fed_need_not_have_the_sizes_of_the_default() {
    let g = Graph::new();
    let x = g.placeholder_with_default("x", g.constant([1.0_f32, 2.0]), shape![?]);
    let doubled = x * 2.0;
    assert_eq!(doubled.shape().to_string(), "[?]");
    let sess = Session::new(&g);
    let run = |feeds| sess.run(doubled, feeds).unwrap();
    assert_eq!(run(feed![]), arr1(&[2.0, 4.0]).into_dyn());
    assert_eq!(
        run(feed![x => [1.0, 3.0, 5.0]]),
        arr1(&[2.0, 6.0, 10.0]).into_dyn()
    );
}

#[test]
fn a_default_that_is_not_needed_is_not_computed() {
    let g = Graph::new();
    let fed = g.placeholder::<f32>("fed", shape![?]);
    let x = g.placeholder_with_default("x", fed.exp(), shape![?]);
    let sum = x.reduce_sum(..);
    let sess = Session::new(&g);
    assert_eq!(sess.run(sum.scalar(), feed![x => [1.0, 3.0]]).unwrap(), 4.0);
    sess.run(x.op(), feed![x => [1.0]]).unwrap();
    assert_eq!(
        sess.run(sum.scalar(), feed![fed => [0.0, 0.0]]).unwrap(),
        2.0
    );
    let report = sess.run(sum, feed![]).unwrap_err().to_string();
    assert!(report.contains("`fed`"), "{report}");
}

#[test]
fn a_default_may_be_a_size() {
    let g = Graph::new();
    let rows = g.placeholder_with_default("rows", 2, shape![]);
    let zeros = g.zeros::<f32>(sizes![rows, 3]);
    assert_eq!(zeros.shape().to_string(), "[?, 3]");
    let sess = Session::new(&g);
    assert_eq!(sess.run(zeros, feed![]).unwrap().shape(), [2, 3]);
    assert_eq!(sess.run(zeros, feed![rows => 5]).unwrap().shape(), [5, 3]);
}

#[test]
fn sizes_of_a_default_are_promised_to_nobody() {
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![?]);
    let x = g.placeholder_with_default("x", a, a.shape());
    assert!(!x.shape().same(&a.shape()));
    assert!(x.shape().same(&x.shape()));
    let sum = a.reduce_sum(..) + x.reduce_sum(..);
    let sess = Session::new(&g);
    let feeds = feed![a => [1.0], x => [2.0, 3.0]];
    assert_eq!(sess.run(sum.scalar(), feeds).unwrap(), 6.0);
}

#[test]
fn defaults_that_do_not_fit() {
    check_refused(
        |g, x| _ = g.placeholder_with_default("y", x, shape![?, 3]),
        "x has shape [?, 4] but must have shape [?, 3]",
    );
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![?]);
    let x = g.placeholder_with_default("x", a, shape![2]);
    let sess = Session::new(&g);
    let report = sess.run(x, feed![a => [1.0]]).unwrap_err().to_string();
    assert!(report.contains("must have shape [2]"), "{report}");
    let report = sess.run(x, feed![x => [1.0]]).unwrap_err().to_string();
    assert!(report.contains("it needs f32[2]"), "{report}");
}

#[test]
fn a_gradient_is_that_of_what_was_fed() {
    let g = Graph::new();
    let a = g.constant([1.0_f32, 2.0]);
    let x = g.placeholder_with_default("x", a, shape![?]);
    let slope = gradient(x.square(), a);
    let sess = Session::new(&g);
    let found = sess.run(slope, feed![]).unwrap();
    assert_eq!(found, arr1(&[2.0, 4.0]).into_dyn());
    let found = sess.run(slope, feed![x => [3.0, 4.0]]).unwrap();
    assert_eq!(found, arr1(&[6.0, 8.0]).into_dyn());
}

#[test]
fn a_shape_that_a_run_must_have() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let rows = x.ensure_shape(shape![?, 2]);
    let y = rows.matmul(g.constant([[1.0_f32], [10.0]]));
    let sess = Session::new(&g);
    let found = sess.run(y, feed![x => [[1.0, 2.0]]]).unwrap();
    assert_eq!(found, arr2(&[[21.0]]).into_dyn());
    let report = sess.run(y, feed![x => [[1.0, 2.0, 3.0]]]);
    let report = report.unwrap_err().to_string();
    assert!(report.contains("must have shape [?, 2]"), "{report}");
}

#[test]
fn a_shape_of_a_size_that_only_the_run_can_tell() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let picked = x.boolean_mask(x.greater(0.0)).ensure_shape(shape![2]);
    let sess = Session::new(&g);
    let found = sess.run(picked * 2.0, feed![x => [1.0, -1.0, 3.0]]);
    assert_eq!(found.unwrap(), arr1(&[2.0, 6.0]).into_dyn());
    let report = sess.run(picked * 2.0, feed![x => [1.0, 2.0, 3.0]]);
    let report = report.unwrap_err().to_string();
    assert!(report.contains("must have shape [2]"), "{report}");
}

#[test]
fn shapes_that_cannot_be() {
    check_refused(
        |_, x| _ = x.ensure_shape(shape![?, 3]),
        "x has shape [?, 4] but must have shape [?, 3]",
    );
    check_refused(
        |_, x| _ = x.ensure_shape(shape![4]),
        "x has shape [?, 4] but must have shape [4]",
    );
}
