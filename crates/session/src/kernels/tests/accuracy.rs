//! How far exponentials and logarithms are from the exact ones.

use aqueduct_graph::ir::{Math, Unary};
use aqueduct_graph::{Element, Value};

use super::double_double::{self, Exact, exponent, times_power_of_two};
use super::{fact, run};

/// The bounds that `float32.rs` states: over all floats, of every exponent and sign, the result is
/// no further from the exact one than so many units in the last place.
#[test]
fn functions_of_f32_are_accurate_everywhere() {
    // A prime number: all exponents are met with mantissas of all kinds.
    const STEP: usize = 1009;
    let x: Vec<f32> = (0..=u32::MAX).step_by(STEP).map(f32::from_bits).collect();
    for (function, exact, bound) in [
        (Unary::Exp, f64::exp as fn(f64) -> f64, 1.1),
        (Unary::Tanh, f64::tanh, 2.6),
        (Unary::Sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 2.4),
        (Unary::Log, f64::ln, 2.0),
        (Unary::Expm1, f64::exp_m1, 3.0),
        (Unary::Log1p, f64::ln_1p, 3.0),
    ] {
        assert_accurate(function, &x, |x| exact(x).into(), bound);
    }
}

/// The bounds that `float64.rs` states, as of `f32`.
#[test]
fn functions_of_f64_are_accurate_everywhere() {
    let standard_sigmoid = |x: f64| if x < 0.0 { x.exp() } else { 1.0 };
    let x = wide_and_dense();
    for (function, standard, exact, bound) in [
        (
            Unary::Exp,
            f64::exp as fn(f64) -> f64,
            double_double::exp as fn(f64) -> Exact,
            1.1,
        ),
        (Unary::Tanh, f64::tanh, double_double::tanh, 2.4),
        (
            Unary::Sigmoid,
            standard_sigmoid,
            double_double::sigmoid,
            2.4,
        ),
        (Unary::Log, f64::ln, double_double::log, 1.5),
        (Unary::Expm1, f64::exp_m1, double_double::expm1, 2.4),
        (Unary::Log1p, f64::ln_1p, double_double::log1p, 2.0),
    ] {
        let exact = |x| {
            let ends = standard(x);
            if ends.is_finite() && ends != 0.0 {
                exact(x)
            } else {
                ends.into()
            }
        };
        assert_accurate(function, &x, exact, bound);
    }
}

/// What `f64` is measured by, against the first two parts of results of Python's mpmath with 300
/// bits.
#[test]
fn the_exact_functions_are_exact() {
    for (exact, high, low) in [
        (
            double_double::exp(-3.7),
            0.024_723_526_470_339_388,
            -1.294_857_794_723_138e-18,
        ),
        (
            double_double::exp(600.25),
            4.844_653_964_072_874e260,
            -2.670_352_218_061_543_4e244,
        ),
        (
            double_double::sigmoid(-20.5),
            1.250_152_864_823_860_5e-9,
            -4.250_589_114_969_652_5e-26,
        ),
        (
            double_double::sigmoid(0.3),
            0.574_442_516_811_659,
            -4.745_648_257_343_697_5e-17,
        ),
        (
            double_double::expm1(1e-9),
            1.000_000_000_500_000_1e-9,
            -7.443_897_403_844_588e-26,
        ),
        (
            double_double::expm1(-0.6),
            -0.451_188_363_905_973_56,
            -6.192_285_888_069_772e-20,
        ),
        (
            double_double::tanh(0.1),
            0.099_667_994_624_955_82,
            3.542_433_877_641_546e-18,
        ),
        (
            double_double::tanh(-2.5),
            -0.986_614_298_151_430_3,
            2.452_923_878_817_287_4e-17,
        ),
        (
            double_double::log(0.7),
            -0.356_674_943_938_732_45,
            4.825_563_799_376_62e-18,
        ),
        (
            double_double::log(1e300),
            690.775_527_898_213_7,
            2.374_766_002_880_024_3e-14,
        ),
        (
            double_double::log1p(1e-9),
            9.999_999_995e-10,
            7.493_897_403_823_754e-26,
        ),
        (
            double_double::log1p(3.5),
            1.504_077_396_776_274_2,
            -9.359_411_037_597_794e-17,
        ),
    ] {
        let parts = [exact.digits.high, exact.digits.low];
        let [found_high, found_low] = parts.map(|part| times_power_of_two(part, exact.exponent));
        let difference = ((found_high - high) + (found_low - low)).abs();
        assert!(
            difference <= 1e-28 * high.abs(),
            "{exact:?}, not {high} + {low}"
        );
    }
}

/// Floats of every exponent and sign; and more of those whose functions are neither the operand
/// nor an end of their range.
fn wide_and_dense() -> Vec<f64> {
    // Prime numbers: mantissas of all kinds are met.
    const WIDE_STEP: usize = 1_000_000_000_000_037;
    const DENSE_STEP: usize = 1_000_000_000_039;
    let wide = (0..=u64::MAX).step_by(WIDE_STEP).map(f64::from_bits);
    let dense = 2.0_f64.powi(-8).to_bits()..1024.0_f64.to_bits();
    let dense = dense.step_by(DENSE_STEP).map(f64::from_bits);
    wide.chain(dense.flat_map(|x| [x, -x])).collect()
}

#[track_caller]
/// Results of exponentials and sigmoids are 0 below the normal numbers.
fn assert_accurate<T: Format>(function: Unary, x: &[T], exact: impl Fn(f64) -> Exact, bound: f64) {
    let operand = Value::vector(x.to_vec());
    let result = fact(&operand);
    let y = run(&Math::Unary(function).into(), &[operand], &[result]);
    let y = y.unwrap().remove(0);
    let pairs = x.iter().zip(y.as_slice::<T>().unwrap());
    let flushes = matches!(function, Unary::Exp | Unary::Sigmoid);
    let errors = pairs.map(|(x, y)| {
        let exact = exact((*x).into());
        let error = if flushes && (*y).into() == 0.0 {
            if is_normal::<T>(exact) {
                f64::INFINITY
            } else {
                0.0
            }
        } else {
            units_between(*y, exact)
        };
        (error, (*x).into())
    });
    let (worst, at): (f64, f64) = errors.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
    assert!(
        worst <= bound,
        "{function:?} of {at} is off by {worst} units"
    );
}

/// Whether a result, and its neighbours, are normal numbers.
fn is_normal<T: Format>(exact: Exact) -> bool {
    exact.rounded().abs()
        > times_power_of_two(1.0, T::LEAST_EXPONENT + T::DIGITS).next_up() * 1.000_001
}

/// How far a float is from an exact result, in units in the last place of the result.
fn units_between<T: Format>(actual: T, exact: Exact) -> f64 {
    let (actual, rounded) = (actual.into(), T::nearest(exact.rounded()).into());
    if [actual, rounded].iter().all(|number| number.is_finite()) {
        let below = rounded.abs().next_down();
        let unit = (exponent(below) - T::DIGITS).max(T::LEAST_EXPONENT);
        let actual = times_power_of_two(actual, -exact.exponent);
        let difference = (actual - exact.digits.high) - exact.digits.low;
        return times_power_of_two(difference.abs(), exact.exponent - unit);
    }
    let same = actual == rounded || (actual.is_nan() && rounded.is_nan());
    if same { 0.0 } else { f64::INFINITY }
}

/// A type of floats.
trait Format: Element + Into<f64> {
    /// The digits behind the leading one.
    const DIGITS: i32;
    /// The exponent of the least float.
    const LEAST_EXPONENT: i32;

    fn nearest(number: f64) -> Self;
}

impl Format for f32 {
    const DIGITS: i32 = 23;
    const LEAST_EXPONENT: i32 = -149;

    fn nearest(number: f64) -> f32 {
        number as f32
    }
}

impl Format for f64 {
    const DIGITS: i32 = 52;
    const LEAST_EXPONENT: i32 = -1074;

    fn nearest(number: f64) -> f64 {
        number
    }
}
