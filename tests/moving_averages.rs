//! Moving averages of variables and tensors.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::prelude::*;
use aqueduct::{Keys, Value};
use aqueduct_tests::{Reference, Tolerance, compare, initialized, only_mistake, report};
use ndarray::{ArrayD, Axis, arr1};

fn array(reference: &Reference, key: &str) -> ArrayD<f32> {
    reference.value(key).clone().into_array().unwrap()
}

/// Five steps of one case: every variable but `w` after each.
fn check<'g>(
    reference: &Reference,
    case: &str,
    settings: impl Fn(ExponentialMovingAverage<'g>, Tensor<'g, i64>) -> ExponentialMovingAverage<'g>,
    decay: f64,
) {
    let g: &'g Graph = Graph::new().leak();
    let x = g.placeholder::<f32>("x", shape![3]);
    let n = g.placeholder::<i64>("n", shape![]);
    let w = g.variable("w", array(reference, "in:start"));
    let y = (x * 2.0 - 1.0).named("y");
    let mut averages = settings(ExponentialMovingAverage::new(decay), n);
    let train = g.control_dependencies([w.assign(x)], || averages.apply(g, (w, y)));
    let sess = initialized(g);
    let prefix = format!("{case}|");
    let mut wanted: Vec<&str> = reference.keys().collect();
    wanted.retain(|key| key.starts_with(&prefix));
    let kept = g.global_variables().split_off(1);
    assert_eq!(kept.len(), wanted.len());
    let mut results = Vec::new();
    for (step, value) in array(reference, "in:x").axis_iter(Axis(0)).enumerate() {
        sess.run(train, feed![x => value, n => step as i64])
            .unwrap();
        for variable in &kept {
            let key = format!("{prefix}{}", variable.name().replace('/', "."));
            let expected = Value::from(array(reference, &key).index_axis(Axis(0), step));
            let value = sess.any_value(*variable).unwrap();
            let result = compare(&value, &expected, Tolerance::REFERENCE);
            results.push(result.map_err(|why| format!("{key} after step {step} {why}")));
        }
    }
    report(results);
}

#[test]
fn averages_follow_tensorflow() {
    let reference = Reference::open("moving_averages.npz");
    check(&reference, "plain", |averages, _| averages, 0.9);
    check(
        &reference,
        "counted",
        |averages, n| averages.num_updates(n),
        0.5,
    );
    check(
        &reference,
        "debiased",
        |averages, _| averages.zero_debias(),
        0.9,
    );
    let both =
        |averages: ExponentialMovingAverage<'static>, n| averages.num_updates(n).zero_debias();
    check(&reference, "counted and debiased", both, 0.75);
    let cases = ["plain", "counted", "debiased", "counted and debiased"];
    reference.check_all_named(cases, []);
}

#[test]
fn an_average_starts_from_what_its_variable_starts_from() {
    let g = Graph::new();
    g.set_random_seed(3);
    let w = g.variable::<f64>("w", random_normal([4]));
    let mut averages = ExponentialMovingAverage::new(0.9);
    averages.apply(&g, w);
    let average = averages.average(w).unwrap().typed::<f64>();
    let sess = initialized(&g);
    assert_eq!(sess.value(average).unwrap(), sess.value(w).unwrap());
    // Made for a variable that is trained already, it starts from the value reached.
    let later = Session::new(&g);
    later
        .load(w, arr1(&[1.0, 2.0, 3.0, 4.0]).into_dyn())
        .unwrap();
    later.run(average.initializer(), feed![]).unwrap();
    assert_eq!(later.value(average).unwrap(), later.value(w).unwrap());
}

#[test]
fn averages_take_the_value_that_the_step_has_made() {
    let g = Graph::new();
    let w = g.variable("w", 8.0_f32);
    let train = GradientDescentOptimizer::new(1.0).minimize(w.value());
    let mut averages = ExponentialMovingAverage::new(0.5);
    let step = g.control_dependencies([train], || averages.apply(&g, w));
    let average = averages.average(w).unwrap().typed::<f32>();
    let sess = initialized(&g);
    sess.run(step, feed![]).unwrap();
    let values = sess.run((w.scalar(), average.scalar()), feed![]).unwrap();
    assert_eq!(values, (7.0, 7.5));
}

#[test]
fn averages_are_restored_into_their_variables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let g = Graph::new();
    let w = g.variable("w", 8.0_f32);
    g.untrained_variable("frozen", 3.0_f32);
    let step = get_or_create_global_step(&g);
    let options = Minimize::new().global_step(step);
    let train = GradientDescentOptimizer::new(1.0).minimize_with(w.value(), options);
    let mut averages = ExponentialMovingAverage::new(0.5);
    let train = g.control_dependencies([train], || averages.apply(&g, w));
    let sess = initialized(&g);
    sess.run(train, feed![]).unwrap();
    let saved = Saver::new(&g).save(&sess, &path).unwrap();

    let evaluation = Graph::new();
    let w = evaluation.variable("w", 0.0_f32);
    let same = evaluation.untrained_variable("frozen", 0.0_f32);
    let averages = ExponentialMovingAverage::new(0.5);
    let saver = Saver::named(averages.variables_to_restore(&evaluation));
    let sess = Session::new(&evaluation);
    saver.restore(&sess, &saved).unwrap();
    let values = sess.run((w.scalar(), same.scalar()), feed![]).unwrap();
    assert_eq!(values, (7.5, 3.0));
}

#[test]
fn names_are_tensorflows() {
    let g = Graph::new();
    let w = g.variable_scope("a", || g.get_variable::<f32>("w", [2]));
    let x = g.placeholder::<f32>("x", shape![2]);
    let y = (x * 2.0).named("y");
    let mut averages = ExponentialMovingAverage::new(0.9).zero_debias();
    assert_eq!(averages.average(w), None);
    assert_eq!(averages.average_name(w), "a/w/ExponentialMovingAverage");
    let update = g.name_scope("ns", || averages.apply(&g, (w, y)));
    assert_eq!(update.name(), "ns/ExponentialMovingAverage");
    let mut other = ExponentialMovingAverage::new(0.9).name("foo");
    g.variable_scope("vs", || other.apply(&g, [w]));
    assert_eq!(other.average_name(w), "vs/a/w/foo");
    let names: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
    let expected = [
        "a/w",
        "a/w/ExponentialMovingAverage",
        "y/ExponentialMovingAverage",
        "y/ExponentialMovingAverage/biased",
        "y/ExponentialMovingAverage/local_step",
        "vs/a/w/foo",
    ];
    assert_eq!(names, expected);
    assert_eq!(g.variables_of(Keys::MOVING_AVERAGE_VARIABLES), [w.any()]);
    assert_eq!(g.trainable_variables(), [w.any()]);
    // A second operation, of the same averages.
    let again = averages.apply(&g, w);
    assert_eq!(again.name(), "ExponentialMovingAverage");
    assert_eq!(g.global_variables().len(), expected.len());
    g.check().unwrap();
}

#[test]
fn what_cannot_be_averaged_is_a_mistake() {
    let message = only_mistake(|g| {
        let _ = ExponentialMovingAverage::new(0.9).apply(g, g.variable("n", 1_i64));
    });
    assert_eq!(message, "`n` is i64, and averages are of floats");
    let message = only_mistake(|g| {
        let x = g.placeholder::<f32>("x", shape![?, 2]);
        let _ = ExponentialMovingAverage::new(0.9).apply(g, x);
    });
    assert_eq!(message, "`x:0` has the unknown shape [?, 2]");
    let message = only_mistake(|g| {
        let w = g.variable("w", 1.0_f32);
        let _ = ExponentialMovingAverage::new(1.5).apply(g, w);
    });
    assert_eq!(message, "decay is 1.5 but must be between 0 and 1");
    let message = only_mistake(|g| {
        let w = g.variable("w", 1.0_f32);
        let averages = ExponentialMovingAverage::new(0.9).num_updates(g.constant([1, 2]));
        let _ = { averages }.apply(g, w);
    });
    assert_eq!(
        message,
        "`Const_1:0` is i32[2], and num_updates is one number"
    );
    let message = only_mistake(|g| {
        let other = Graph::new();
        let _ = ExponentialMovingAverage::new(0.5).apply(g, other.variable("w", 1.0_f32));
    });
    assert_eq!(message, "`w` belongs to another graph");
}
