//! Gradients of powers and of what division leaves, where these are not smooth: TensorFlow's numbers.

use aqueduct::prelude::*;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// The gradients by both operands.
fn slopes(function: fn(X, X) -> X, a: &[f64], b: &[f64]) -> [Vec<f64>; 2] {
    let g = Graph::new().leak();
    let (a, b) = (g.constant(a), g.constant(b));
    let y = function(a, b);
    let slopes = [gradient(y, a), gradient(y, b)];
    let values = Session::new(g).run(slopes, feed![]).unwrap();
    values.map(|value| value.into_iter().collect())
}

type X = Tensor<'static, f64>;

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    let pairs = found.iter().zip(expected);
    let same = pairs.into_iter().all(|(found, expected)| {
        found == expected
            || (found.is_nan() && expected.is_nan())
            || (found - expected).abs() < 1e-7
    });
    assert!(same, "{found:?}, not {expected:?}");
}

#[test]
fn a_power_has_no_slope_by_its_exponent_unless_the_base_is_positive() {
    let x = [
        2.0, 0.0, -2.0, 0.0, -0.0, 2.0, -2.0, 0.0, INF, 1.0, 0.0, -1.0,
    ];
    let y = [
        3.0, 2.0, 2.0, 0.0, -1.0, -1.0, 0.5, 0.5, 2.0, INF, -1.0, 0.0,
    ];
    let [by_x, by_y] = slopes(|x, y| x.pow(y), &x, &y);
    assert_close(
        &by_x,
        &[
            12.0, 0.0, -4.0, NAN, -INF, -0.25, NAN, INF, INF, INF, -INF, 0.0,
        ],
    );
    assert_close(
        &by_y,
        &[
            5.545_177_444,
            0.0,
            0.0,
            0.0,
            NAN,
            0.346_573_590,
            NAN,
            0.0,
            INF,
            0.0,
            NAN,
            0.0,
        ],
    );
}

#[test]
fn what_division_leaves_has_the_slope_of_the_quotient() {
    let x = [7.0, -7.0, 7.0, -7.0, 6.0, 0.0, 0.0];
    let y = [2.0, 2.0, -2.0, -2.0, 3.0, 2.0, 0.0];
    let [by_x, by_y] = slopes(|x, y| x.floormod(y), &x, &y);
    assert_close(&by_x, &[1.0; 7]);
    assert_close(&by_y, &[-3.0, 4.0, 4.0, -3.0, -2.0, 0.0, NAN]);
}

#[test]
fn the_slope_of_expm1_keeps_its_digits_where_it_is_small() {
    let g = Graph::new();
    let x = g.constant([-20.0_f32, -3.0, 0.0, 2.0]);
    let slope = gradient(x.expm1(), x);
    let found = Session::new(&g).run(slope, feed![]).unwrap();
    for (found, x) in found.iter().zip([-20.0_f32, -3.0, 0.0, 2.0]) {
        assert!((found / x.exp() - 1.0).abs() < 1e-6, "{found} at {x}");
    }
}
