//! Clipping at its edges, beyond the cases of the reference files.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::Mistake;
use aqueduct::ndarray::{ArrayD, arr1, arr2};
use aqueduct::prelude::*;

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

fn value(tensor: Tensor<'_, f32>) -> ArrayD<f32> {
    Session::new(tensor.graph()).run(tensor, feed![]).unwrap()
}

/// The elements, in which NaN equals NaN.
#[track_caller]
fn check(tensor: Tensor<'_, f32>, expected: &[f32]) {
    let found = value(tensor.reshape([-1]));
    let same = found
        .iter()
        .zip(expected)
        .all(|(found, expected)| found == expected || (found.is_nan() && expected.is_nan()));
    assert!(
        same && found.len() == expected.len(),
        "{found}, not {expected:?}"
    );
}

#[track_caller]
fn only_mistake(g: &Graph) -> Mistake {
    let mut mistakes = g.check().unwrap_err().0;
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes.remove(0)
}

#[test]
fn the_average_norm_of_zeros_of_nothing_and_of_infinities() {
    let g = Graph::new();
    let zeros = g.zeros::<f32>([2, 2]);
    check(zeros.clip_by_average_norm(0.5), &[0.0; 4]);
    check(gradient(zeros.clip_by_average_norm(0.5), zeros), &[1.0; 4]);
    check(g.zeros::<f32>([0, 2]).clip_by_average_norm(0.5), &[]);
    let large = g.constant([INF, 1.0]).clip_by_average_norm(0.5);
    check(large, &[NAN, 0.0]);
    let one = g.constant(-8.0_f32).clip_by_average_norm(2.0);
    check(one, &[-2.0]);
    let unknown = g.constant([3.0_f32, NAN]).clip_by_average_norm(2.0);
    check(unknown, &[NAN, NAN]);
}

#[test]
fn bounds_are_included() {
    let g = Graph::new();
    let x = g.constant([-3.0_f32, -1.0, 0.0, 1.0, 3.0, NAN, INF, -INF]);
    let (low, high) = (g.constant(-1.0_f32), g.constant(1.0_f32));
    let clipped = x.clip_by_value(low, high);
    check(clipped, &[-1.0, -1.0, 0.0, 1.0, 1.0, NAN, 1.0, -1.0]);
    let x = g.constant([-3.0_f32, -1.0, 0.0, 1.0, 3.0]);
    let clipped = x.clip_by_value(low, high);
    check(gradient(clipped, x), &[0.0, 1.0, 1.0, 1.0, 0.0]);
    check(gradient(clipped, low), &[1.0]);
    check(gradient(clipped, high), &[1.0]);
}

#[test]
fn of_crossed_bounds_the_low_one_holds() {
    let g = Graph::new();
    let x = g.constant([0.0_f32, 5.0]);
    check(x.clip_by_value(2.0, 1.0), &[2.0, 2.0]);
}

#[test]
fn bounds_broadcast_to_the_tensor() {
    let g = Graph::new();
    let x = g.constant([[-5.0_f32, 5.0, -5.0], [5.0, -0.5, 0.5]]);
    let low = g.constant([-1.0_f32, -1.0, 0.0]);
    let clipped = x.clip_by_value(low, 1.0);
    check(clipped, &[-1.0, 1.0, 0.0, 1.0, -0.5, 0.5]);
    let integers = g.constant([-9_i32, 4, 9]).clip_by_value(0, 7);
    let found = Session::new(&g).run(integers, feed![]).unwrap();
    assert_eq!(found, arr1(&[0, 4, 7]).into_dyn());
}

#[test]
fn a_tensor_does_not_broadcast_to_its_bounds() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 1]);
    let _ = x.clip_by_value(g.constant([0.0_f32, 1.0, 2.0]), 5.0).exp();
    let mistake = only_mistake(&g);
    assert_eq!(
        mistake.message,
        "the bounds broadcast x from shape [2, 1] to [2, 3]"
    );
    assert_eq!(mistake.subject, "clip_by_value");
    assert_eq!(
        mistake.help.as_deref(),
        Some("give bounds that broadcast to the shape of x")
    );

    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let _ = x.clip_by_norm(g.constant([[1.0_f32], [2.0]]));
    assert_eq!(only_mistake(&g).subject, "clip_by_norm");

    // Sizes that are not known may still agree.
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let _ = x.clip_by_value(g.constant([0.0_f32, 1.0, 2.0]), 5.0);
    g.check().unwrap();
}

#[test]
fn a_mistake_is_reported_once() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let _ = x.clip_by_norm_along(1.0, 2);
    assert_eq!(
        only_mistake(&g).message,
        "axis 2 is out of range for rank 2"
    );
}

#[test]
fn a_tensor_of_zeros_passes() {
    let g = Graph::new();
    let x = g.constant([0.0_f32, 0.0]);
    let clipped = x.clip_by_norm(5.0);
    check(clipped, &[0.0, 0.0]);
    check(gradient(clipped, x), &[1.0, 1.0]);
    // A row of zeros beside another one.
    let x = g.constant([[0.0_f32, 0.0], [3.0, 4.0]]);
    let clipped = x.clip_by_norm_along(1.0, 1);
    let expected = arr2(&[[0.0, 0.0], [0.6, 0.8]]).into_dyn();
    assert!(
        (value(clipped) - expected)
            .iter()
            .all(|error| error.abs() < 1e-6)
    );
    let slopes = value(gradient(clipped, x));
    assert_eq!(slopes[[0, 0]], 1.0);
    assert!(slopes.iter().all(|slope| slope.is_finite()));
    // No elements have no norm.
    assert_eq!(value(g.zeros::<f32>([0, 2]).clip_by_norm(1.0)).len(), 0);
}

/// TensorFlow's numbers.
#[test]
fn norms_that_are_not_finite() {
    let g = Graph::new();
    let x = g.constant([[3.0_f32, 4.0], [INF, 1.0]]);
    let y = g.constant([3.0_f32, 4.0]);
    check(x.clip_by_norm(5.0), &[0.0, 0.0, NAN, 0.0]);
    check(y.clip_by_norm(INF), &[NAN, NAN]);
    for (bad, expected) in [(INF, INF), (NAN, NAN)] {
        let x = g.constant([1.0, bad]);
        let (clipped, norm) = g.clip_by_global_norm(&[x, y], 5.0);
        check(norm, &[expected]);
        check(clipped[0], &[NAN, NAN]);
        check(clipped[1], &[NAN, NAN]);
    }
    let limited = |limit: f32| g.clip_by_global_norm(&[y], limit).0[0];
    check(limited(INF), &[NAN, NAN]);
    check(limited(0.0), &[0.0, 0.0]);
    check(limited(5.0), &[3.0, 4.0]);
    let zeros = g.constant([0.0_f32, 0.0]);
    let (clipped, norm) = g.clip_by_global_norm(&[zeros], 5.0);
    check(norm, &[0.0]);
    check(clipped[0], &[0.0, 0.0]);
    check(g.clip_by_global_norm(&[zeros], 0.0).0[0], &[NAN, NAN]);
}

#[test]
fn no_tensors_have_the_norm_0() {
    let g = Graph::new();
    let (clipped, norm) = g.clip_by_global_norm::<f32>(&[], 5.0);
    assert!(clipped.is_empty());
    check(norm, &[0.0]);
    assert_eq!(g.global_norm::<f64>(&[]).dtype(), DType::F64);
    assert_eq!(g.global_norm_any(&[]).dtype(), DType::F32);
    g.check().unwrap();
}

/// As in TensorFlow.
#[test]
fn names() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    assert_eq!(x.clip_by_value(0.0, 1.0).name(), "clip_by_value:0");
    assert_eq!(x.clip_by_value(0.0, 1.0).name(), "clip_by_value_1:0");
    assert_eq!(x.clip_by_norm(1.0).name(), "clip_by_norm:0");
    let (_, norm) = g.clip_by_global_norm(&[x], 1.0);
    assert_eq!(norm.name(), "global_norm/global_norm:0");
}

/// Gradients are clipped between `compute_gradients` and `apply_gradients`.
#[test]
fn a_step_with_clipped_gradients() {
    let g = Graph::new();
    let w = g.variable("w", [3.0_f32, 4.0]);
    let optimizer = GradientDescent::new(1.0);
    let mut pairs = optimizer.compute_gradients(w.value().square().reduce_sum(..) * 0.5, [w]);
    let slopes: Vec<AnyTensor<'_>> = pairs
        .iter()
        .filter_map(|(slope, _)| slope.dense())
        .collect();
    let (clipped, _) = g.clip_by_global_norm_any(&slopes, g.number(DType::F32, 1.0, "limit"));
    for ((slope, _), clipped) in pairs.iter_mut().zip(clipped) {
        *slope = Gradient::Dense(clipped);
    }
    let train = optimizer.apply_gradients(&g, &pairs, None);
    let session = Session::new(&g);
    session
        .run(g.global_variables_initializer(), feed![])
        .unwrap();
    session.run(train, feed![]).unwrap();
    let moved: ArrayD<f32> = session.run(w.value(), feed![]).unwrap();
    assert!(
        (moved - arr1(&[2.4, 3.2]).into_dyn())
            .iter()
            .all(|error| error.abs() < 1e-6)
    );
}
