//! Exponentials, logarithms and the hyperbolic tangent of `f32`, to within a few units in the last
//! place.
//!
//! The platform's functions take one number at a time and differ between platforms. These are
//! straight arithmetic without branches: a loop over them is vectorised, and gives the same bits
//! everywhere.

/// `e^x`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Numbers that give 0 take another way: arithmetic that underflows is slow.
    let vanishes = x < -104.0;
    // From 89 on the result is infinite. A comparison, not `min`, lets NaN through.
    let bounded = if x > 89.0 { 89.0 } else { x };
    let (exponent, rest) = split_exponent(if vanishes { 0.0 } else { bounded });
    // 2^exponent may be subnormal or too large by itself: two factors are not.
    let half = exponent >> 1;
    let result = (1.0 + expm1_near_zero(rest)) * power_of_two(half) * power_of_two(exponent - half);
    if vanishes { 0.0 } else { result }
}

/// `e^x - 1`: no digit is lost near 0.
#[inline(always)]
pub(super) fn expm1(x: f32) -> f32 {
    // Up to -20 the result rounds to -1, from 89 on it is infinite. Comparisons let NaN through.
    let bounded = if x > 89.0 { 89.0 } else { x };
    let (exponent, rest) = split_exponent(if bounded < -20.0 { -20.0 } else { bounded });
    // Half of the result: 2^exponent may be too large by itself.
    let scale = power_of_two(exponent - 1);
    let half = scale * expm1_near_zero(rest) + (scale - 0.5);
    // Of the smallest numbers the half would lose a digit, and of -0 the sum its sign.
    if x.abs() < 1e-8 { x } else { half + half }
}

/// The hyperbolic tangent: `(e^2x - 1) / (e^2x + 1)`, by way of `e^2x - 1` so that no digit is
/// lost near 0.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    // From 9.1 on the result rounds to 1.
    let doubled = (2.0 * x.abs()).clamp(0.0, 20.0);
    let (exponent, rest) = split_exponent(doubled);
    let scale = power_of_two(exponent);
    let expm1 = scale * expm1_near_zero(rest) + (scale - 1.0);
    (expm1 / (expm1 + 2.0)).copysign(x)
}

/// The natural logarithm: `-inf` of 0, NaN of negative numbers.
#[inline(always)]
pub(super) fn log(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let normal = if subnormal { x * TWO_POW_23 } else { x };
    let correction = if subnormal { 23.0 } else { 0.0 };

    // normal = 2^exponent * mantissa, the mantissa between sqrt(1/2) and sqrt(2).
    let above = normal.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (above.cast_signed() >> 23) as f32 - correction;
    let mantissa = f32::from_bits((above & MANTISSA_MASK) + SQRT_HALF_BITS);

    // log(m) = 2 artanh((m - 1) / (m + 1)), of which |argument| < 0.172.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let artanh = s + s * z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
    let result = exponent * LN_2_HIGH + (exponent * LN_2_LOW + 2.0 * artanh);

    if x > 0.0 && x < f32::INFINITY {
        result
    } else if x == 0.0 {
        f32::NEG_INFINITY
    } else if x < 0.0 {
        f32::NAN
    } else {
        x
    }
}

/// `log(1 + x)`: what the sum loses of `x` is added to its logarithm. `-inf` of -1, NaN below.
#[inline(always)]
pub(super) fn log1p(x: f32) -> f32 {
    let sum = 1.0 + x;
    let lost = (x - (sum - 1.0)) / sum;
    // Nothing is lost of -1, and of infinity nothing can be told.
    let correction = if sum > 0.0 && sum < f32::INFINITY {
        lost
    } else {
        0.0
    };
    // The sum has no -0.
    (log(sum) + correction).copysign(x)
}

/// ln 2 in two parts; the high one has so few digits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;

/// A float of this size has no digits behind the point: adding it rounds to the nearest integer,
/// which then stands in the lowest bits.
const ROUNDER: f32 = 1.5 * TWO_POW_23;
const TWO_POW_23: f32 = 8_388_608.0;

const SQRT_HALF_BITS: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
const MANTISSA_MASK: u32 = (1 << 23) - 1;

/// `x = exponent * ln 2 + rest`, with |rest| at most about half of ln 2. NaN gives a NaN rest.
#[inline(always)]
fn split_exponent(x: f32) -> (i32, f32) {
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let rounded = shifted - ROUNDER;
    let rest = (x - rounded * LN_2_HIGH) - rounded * LN_2_LOW;
    let exponent = shifted.to_bits().wrapping_sub(ROUNDER.to_bits());
    (exponent.cast_signed(), rest)
}

/// `e^r - 1` for |r| up to half of ln 2: the Taylor series, of which the first term left out is
/// below 6e-9.
#[inline(always)]
fn expm1_near_zero(r: f32) -> f32 {
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
    r + r * r * (0.5 + r * (1.0 / 6.0 + r * tail))
}

/// `2^exponent` for exponents of normal numbers.
#[inline(always)]
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits((exponent.wrapping_add(127) << 23).cast_unsigned())
}
