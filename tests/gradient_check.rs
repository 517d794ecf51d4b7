//! The check of gradients for users: what it finds, and what it refuses.

#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

use aqueduct::prelude::*;
use aqueduct::{
    AnyTensor, CustomStep, Error, GradientCheck, GradientCheckError, check_gradient, weighted_sum,
};
use aqueduct_tests::{initialized, spread};
use ndarray::{ArrayD, arr1};

fn error<T>(result: aqueduct::Result<T>) -> GradientCheckError {
    match result {
        Ok(_) => panic!("nothing was found"),
        Err(Error::GradientCheck(error)) => *error,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn right_gradients_are_near_in_both_types() -> aqueduct::Result<()> {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 3]);
    let w = g.variable("w", spread(&[3, 4], (-0.7, 0.7), 0));
    let b = g.variable("b", [0.1_f32, -40.0, 3.0]);
    let deep = x.matmul(w).tanh().softmax();
    let flat = (b * 0.1).sigmoid();
    let sess = initialized(&g);
    let feeds = || feed![x => spread(&[2, 3], (-1.0, 1.0), 20)];
    let report = check_gradient(&sess, deep, (x, w), feeds())?.within(1e-9)?;
    let compared: Vec<usize> = report.points.iter().map(|point| point.compared).collect();
    assert_eq!(compared, [6, 12]);
    check_gradient(&sess, flat, b, feed![])?.within(1e-3)?;
    assert_eq!(sess.value(b)?, arr1(&[0.1_f32, -40.0, 3.0]).into_dyn());
    Ok(())
}

#[test]
fn tensors_that_are_not_fed_and_loops_are_checked_too() -> aqueduct::Result<()> {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?]);
    let inner = (x * 2.0).sin();
    let (_, outputs) = g.scan(g.constant(0.5), inner, |h, x| {
        let h = (h * x).tanh();
        (h, h)
    });
    let sess = Session::new(&g);
    let feeds = feed![x => [0.3, 0.9, -1.1]];
    check_gradient(&sess, outputs, (x, inner), feeds)?.within(1e-9)?;
    Ok(())
}

#[test]
fn a_wrong_gradient_is_told_with_its_worst_element() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![2, 2]);
    let loss = x.square().reduce_sum(..);
    let wrong = x * 4.0;
    let sess = Session::new(&g);
    let feeds = || feed![x => [[1.0, 2.0], [3.0, 4.0]]];
    let check = || GradientCheck::new(&sess, loss, feeds()).wrt(x, wrong);
    let report = check().run().unwrap_or_else(|error| panic!("{error}"));
    let worst = report.points[0].worst.clone();
    let worst = worst.unwrap_or_else(|| panic!("there are elements"));
    assert_eq!((worst.index, worst.symbolic), (vec![1, 1], 16.0));
    assert!((worst.numeric - 8.0).abs() < 1e-9 && !worst.is_rough);
    assert!((report.max_relative() - 0.5).abs() < 1e-9);
    let mismatch = error(check().run().and_then(|report| report.within(1e-3)));
    let text = mismatch.to_string();
    let expected = "gradients differ from finite differences by more than 1e-3\n\
                    `x:0`, 4 of 4 elements: relative error 5.0e-1, absolute 8.0e0; the worst is [1, 1]: ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn kinks_and_what_is_not_finite_are_told() -> aqueduct::Result<()> {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?]);
    let sess = Session::new(&g);
    let feeds = feed![x => [1.0, 1e-4]];
    let report = check_gradient(&sess, x.relu(), x, feeds)?;
    let worst = report.points[0].worst.as_ref();
    assert!(worst.is_some_and(|worst| worst.is_rough && worst.index == [1]));
    assert!(report.to_string().contains("is there a kink?"), "{report}");
    let loss = weighted_sum(x.relu());
    let check = GradientCheck::new(&sess, loss, feed![x => [1.0, 1e-4]]).step(1e-5);
    check.wrt(x, gradient(loss, x)).run()?.within(1e-6)?;
    let outside = check_gradient(&sess, x.sqrt(), x, feed![x => [1.0, 0.0]])?;
    assert_eq!(outside.max_relative(), f64::INFINITY);
    Ok(())
}

#[test]
fn of_large_tensors_some_elements_are_chosen() -> aqueduct::Result<()> {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?]);
    let loss = weighted_sum(x.square());
    let slope = gradient(loss, x);
    let sess = Session::new(&g);
    let at = spread(&[1000], (-1.0, 1.0), 0);
    let worst = |samples: usize, seed: u64| -> aqueduct::Result<(usize, Option<Vec<usize>>)> {
        let check = GradientCheck::new(&sess, loss, feed![x => &at]).wrt(x, slope);
        let report = check.samples(samples).seed(seed).run()?.within(1e-8)?;
        let point = &report.points[0];
        let index = point.worst.as_ref().map(|worst| worst.index.clone());
        Ok((point.compared, index))
    };
    assert_eq!(worst(7, 1)?, worst(7, 1)?);
    assert_eq!(worst(7, 1)?.0, 7);
    assert_eq!(worst(0, 1)?, (0, None));
    assert_eq!(worst(usize::MAX, 1)?.0, 1000);
    Ok(())
}

#[test]
fn nothing_to_compare_is_no_difference() -> aqueduct::Result<()> {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?]);
    let sess = Session::new(&g);
    let report = check_gradient(&sess, x.exp(), x, feed![x => [0.0; 0]])?.within(0.0)?;
    assert_eq!(report.points[0].worst, None);
    let unused = g.zeros::<f64>([2]);
    let report = check_gradient(&sess, x.exp(), unused, feed![x => [1.0]])?.within(0.0)?;
    assert_eq!(report.max_absolute(), 0.0);
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = g.placeholder::<f64>("x", shape![?]);
    let n = g.placeholder::<i32>("n", shape![]);
    let sess = Session::new(&g);
    let feeds = || feed![x => [1.0, 2.0], n => 3];
    let check = |loss: AnyTensor<'_>, at: AnyTensor<'_>, slope: AnyTensor<'_>| {
        let check = GradientCheck::new(&sess, loss, feeds());
        error(check.wrt::<f64>(at, slope).run()).to_string()
    };
    let sum = x.reduce_sum(..).any();
    let noise = random_uniform([0_usize; 0], 0.0, 1.0).tensor::<f64>(&g);
    let text = [
        check(x.any(), x.any(), x.any()),
        check(n.any(), x.any(), x.any()),
        check(sum, x.any(), sum),
        check(sum, n.any(), n.any()),
    ];
    let expected = [
        "`x:0` is f64[2]: the loss whose gradients are checked is a scalar of floats",
        "`n:0` is i32[]: the loss whose gradients are checked is a scalar of floats",
        "`x:0` is f64[2] and its gradient is f64[]: both are floats of one type and shape",
        "`n:0` is i32[] and its gradient is i32[]: both are floats of one type and shape",
    ];
    assert_eq!(text, expected);
    let unsteady = check((x.reduce_sum(..) * noise).any(), x.any(), x.any());
    assert!(unsteady.contains("it draws random numbers"), "{unsteady}");
    let blocked = error(check_gradient(&sess, x.round() * x.floor(), x, feeds())).to_string();
    assert!(
        blocked.starts_with("there is no gradient with respect to `x:0`: "),
        "{blocked}"
    );
    let rows = g.placeholder::<f64>("rows", shape![?, ?]);
    let ragged = check_gradient(&sess, x, x, feed![rows => vec![vec![1.0], vec![1.0, 2.0]]]);
    assert!(matches!(ragged, Err(Error::Feeds(_))));
}

#[test]
fn a_gradient_of_the_users_is_found_wrong() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?]);
    let twice = |step: &CustomStep<'_>| step.grads().len() as f64 * 2.0;
    let y = g.custom_gradient(
        x,
        |x| x.exp(),
        move |step| vec![Some(step.grads()[0].scale(twice(step)))],
    );
    let sess = Session::new(&g);
    let at: ArrayD<f64> = spread(&[3], (0.0, 1.0), 0);
    let found = check_gradient(&sess, y, x, feed![x => at]).and_then(|report| report.within(1e-3));
    assert!(matches!(error(found), GradientCheckError::Mismatch { .. }));
}
