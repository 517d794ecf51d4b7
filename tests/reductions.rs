//! Norms, moments and counts at their edges, beyond the cases of the reference files.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::Axes;
use aqueduct::ir::Unary;
use aqueduct::ndarray::arr1;
use aqueduct::prelude::*;
use aqueduct_tests::{Tolerance, compare};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

#[track_caller]
fn check(tensor: Tensor<'_, f32>, expected: &[f32]) {
    let sess = Session::new(tensor.graph());
    let found = sess.run(tensor.reshape([-1]), feed![]).unwrap();
    let (found, expected) = (found.into(), arr1(expected).into());
    compare(&found, &expected, Tolerance::REFERENCE).unwrap();
}

/// What is reported, without its lines.
fn mistake(build: impl for<'g> FnOnce(Tensor<'g, f32>) -> AnyTensor<'g>) -> String {
    let g = Graph::new();
    let _ = build(g.placeholder::<f32>("x", shape![2, 3, 4])).unary(Unary::Exp);
    let mut mistakes = g.check().unwrap_err().0;
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    let mistake = mistakes.remove(0);
    format!("{}: {}", mistake.message, mistake.help.unwrap_or_default())
}

#[test]
fn moments_of_nothing_of_one_and_of_infinities() {
    let g = Graph::new();
    let (mean, variance) = g.zeros::<f32>([0, 2]).moments(0);
    check(mean, &[NAN, NAN]);
    check(variance, &[NAN, NAN]);
    let one = g.constant([[3.0_f32, -2.0]]);
    let (mean, variance) = one.moments(0);
    check(mean, &[3.0, -2.0]);
    check(variance, &[0.0, 0.0]);
    check(gradient(variance, one), &[0.0, 0.0]);
    let (mean, variance) = g.constant([[INF, NAN], [1.0, 1.0]]).moments(0);
    check(mean, &[INF, NAN]);
    check(variance, &[NAN, NAN]);
    // Around a mean this large, a mean of squares would lose every digit.
    let (_, variance) = g.constant([1e6_f32, 1e6 + 1.0, 1e6 + 2.0]).moments(..);
    check(variance, &[2.0 / 3.0]);
}

#[test]
fn lengths_of_0_have_the_slope_0() {
    let g = Graph::new();
    let x = g.zeros::<f32>([3]);
    for length in [
        x.norm(NormOrder::Euclidean, ..),
        x.reduce_euclidean_norm(..),
        x.reduce_std(..),
        x.norm(NormOrder::One, ..),
    ] {
        check(length, &[0.0]);
        check(gradient(length, x), &[0.0, 0.0, 0.0]);
    }
}

#[test]
fn lengths_of_nothing_and_of_what_is_not_finite() {
    let g = Graph::new();
    let nothing = g.zeros::<f32>([0]);
    check(nothing.norm(NormOrder::Euclidean, ..), &[0.0]);
    check(nothing.norm(NormOrder::One, ..), &[0.0]);
    check(nothing.norm(NormOrder::Infinity, ..), &[-INF]);
    check(nothing.reduce_std(..), &[NAN]);
    let x = g.constant([[3.0_f32, -INF], [NAN, 1.0]]);
    check(x.norm(NormOrder::Euclidean, 1), &[INF, NAN]);
    check(x.norm(NormOrder::Infinity, 1), &[INF, NAN]);
}

#[test]
fn l2_normalize_of_zeros() {
    let g = Graph::new();
    let x = g.zeros::<f32>([2]);
    check(x.l2_normalize(..), &[0.0, 0.0]);
    check(gradient(x.l2_normalize(..), x), &[1e6, 1e6]);
}

#[test]
fn counts() {
    let g = Graph::new();
    let sess = Session::new(&g);
    let count = |counted: Tensor<'_, i64>| sess.run(counted, feed![]).unwrap();
    let x = g.constant([[0.0_f32, -0.0, NAN], [1.0, INF, 1e-45]]);
    assert_eq!(count(x.count_nonzero(1)), arr1(&[1, 3]).into_dyn());
    assert_eq!(count(x.count_nonzero_keep(..)).shape(), [1, 1]);
    let flags = g.constant([true, false, true]).count_nonzero(..);
    assert_eq!(count(flags)[[]], 2);
    assert_eq!(count(g.constant([0_u8, 7]).count_nonzero(0))[[]], 1);
    assert_eq!(count(g.zeros::<i32>([0]).count_nonzero(0))[[]], 0);
}

#[test]
fn norms_that_there_are_not() {
    let of_axes = |order, axes: Axes| mistake(|x| x.norm(order, axes).any());
    assert_eq!(
        of_axes(NormOrder::P(0.0), Axes::All),
        "the order of a norm is 0 but must be above 0: `NormOrder::P(3.0)`, say"
    );
    assert!(of_axes(NormOrder::P(f64::NAN), Axes::All).contains("is NaN but"));
    assert_eq!(
        of_axes(NormOrder::P(2.0), [0, 1].into()),
        "matrices have no norm of order 2 here: of matrices there are `NormOrder::One`, `Euclidean` \
         (Frobenius) and `Infinity`"
    );
    assert_eq!(
        of_axes(NormOrder::One, [0, 1, 2].into()),
        "a norm is asked for over 3 axes: give one axis for vectors, two for matrices, or `..` for \
         all elements; `reduce_euclidean_norm` takes whatever axes"
    );
    let far = "axis 3 is out of range for rank 3: axes run from -3 to 2";
    assert_eq!(of_axes(NormOrder::One, 3.into()), far);
    assert_eq!(of_axes(NormOrder::Infinity, [3, 0].into()), far);
    assert_eq!(mistake(|x| x.moments(3).1.any()), far);
    assert_eq!(mistake(|x| x.reduce_std(3).any()), far);
    assert_eq!(mistake(|x| x.l2_normalize(3).any()), far);
    assert_eq!(mistake(|x| x.count_nonzero(3).any()), far);
    assert_eq!(
        mistake(|x| x.norm(NormOrder::One, [1, 1]).any()),
        "axes [1, 1] name an axis twice: name each axis once"
    );
}

/// As in TensorFlow.
#[test]
fn names() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let (mean, variance) = x.moments_keep(0);
    assert_eq!(mean.name(), "moments/mean:0");
    assert_eq!(variance.name(), "moments/variance:0");
    assert_eq!(x.moments(0).0.name(), "moments_1/Squeeze:0");
    assert_eq!(x.norm(NormOrder::One, 0).name(), "norm/Squeeze:0");
    assert_eq!(x.l2_normalize(0).name(), "l2_normalize:0");
    assert_eq!(x.count_nonzero(0).name(), "count_nonzero/Sum:0");
}
