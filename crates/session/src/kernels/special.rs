//! Relatives of the gamma function: its logarithm's slope, and sums of powers.
//!
//! `digamma` is off by at most 8 units in the last place of the result, or of 1 where the result is
//! smaller: it has roots, near which the parts that it is made of cancel. (`lgamma`, the library's, is
//! off by at most 3 such units.) `zeta` is off by at most 40 units above 0; below, where it takes whole
//! powers alone, terms of both signs may cancel.

use std::f64::consts::PI;

/// The slope of the logarithm of the gamma function.
pub(super) fn digamma(x: f64) -> f64 {
    if x > 0.0 {
        return digamma_above_zero(x);
    }
    // The distance from a whole number is exact, while a large x times π is not.
    let beyond_whole = x - x.round();
    if beyond_whole == 0.0 || x.is_infinite() {
        return f64::NAN;
    }
    digamma_above_zero(1.0 - x) - PI / libm::tan(PI * beyond_whole)
}

/// By `digamma(x) = digamma(x + 1) - 1/x`, until the asymptotic series is exact.
fn digamma_above_zero(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 10.0 {
        below += x.recip();
        x += 1.0;
    }
    // Bernoulli's numbers of even places, from the second on, each divided by its place.
    const COEFFICIENTS: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
        -3617.0 / 8160.0,
    ];
    let z = (x * x).recip();
    let mut tail = 0.0;
    for coefficient in COEFFICIENTS.iter().rev() {
        tail = z * (coefficient + tail);
    }
    libm::log(x) - 0.5 / x - tail - below
}

/// The sum of `(q + k)^-s` over all whole k from 0 on.
pub(super) fn zeta(s: f64, q: f64) -> f64 {
    if s == 1.0 {
        return f64::INFINITY;
    }
    if s < 1.0 {
        return f64::NAN;
    }
    if q > 0.0 || q.is_nan() {
        return zeta_above_zero(s, q);
    }
    let is_even = s % 2.0 == 0.0;
    if q == q.floor() {
        return if is_even { f64::INFINITY } else { f64::NAN };
    }
    if s != s.floor() {
        return f64::NAN;
    }
    // The terms of numbers below 0 are, but for their sign, all of those from the one next to 0 on
    // without those beyond the first: two sums more, however many terms there are.
    let terms_below = zeta_above_zero(s, q.ceil() - q) - zeta_above_zero(s, 1.0 - q);
    let sign = if is_even { 1.0 } else { -1.0 };
    zeta_above_zero(s, q - q.floor()) + sign * terms_below
}

/// A few terms, and of the others the integral with the corrections of Euler and Maclaurin.
fn zeta_above_zero(s: f64, q: f64) -> f64 {
    const TERMS: usize = 10;
    // Bernoulli's numbers of even places, from the second on, each divided by its place's factorial.
    const COEFFICIENTS: [f64; 10] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30_240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
        -3617.0 / 10_670_622_842_880_000.0,
        43_867.0 / 5_109_094_217_170_944_000.0,
        -174_611.0 / 802_857_662_698_291_200_000.0,
    ];
    let mut sum = 0.0;
    let mut at = q;
    for _ in 0..TERMS {
        let term = libm::pow(at, -s);
        sum += term;
        // All that follow together are no more than a few times this. Infinite powers end here too,
        // before they are multiplied by 0.
        if term <= sum * 1e-20 || term == f64::INFINITY {
            return sum;
        }
        at += 1.0;
    }
    let power = libm::pow(at, -s);
    sum += power * at / (s - 1.0) + 0.5 * power;
    let mut factor = s * power / at;
    let mut place = s;
    for coefficient in COEFFICIENTS {
        let correction = coefficient * factor;
        sum += correction;
        if correction.abs() <= sum * 1e-18 {
            break;
        }
        factor *= (place + 1.0) * (place + 2.0) / (at * at);
        place += 2.0;
    }
    sum
}
