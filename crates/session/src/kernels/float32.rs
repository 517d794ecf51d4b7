//! Exponentials, logarithms and the hyperbolic tangent of `f32`. In units in the last place of the
//! result, subnormal results included, they are off by at most 1.1 (`exp`), 2.4 (`sigmoid`), 2.6
//! (`tanh`), 2 (`log`) and 3 (`expm1`, `log1p`).
//!
//! The platform's functions take one number at a time and differ between platforms. These are
//! straight arithmetic without branches: a loop over them is vectorised, and gives the same bits
//! everywhere.

/// `e^x`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // From 89 on the result is infinite. A comparison, not `min`, lets NaN through.
    let bounded = if x > 89.0 { 89.0 } else { x };
    // 2^exponent may be subnormal or too large by itself: the factor brings it nearer to 1.
    let negative = x < 0.0;
    let offset = if negative { FAR } else { -FAR };
    let factor = if negative { POWER_DOWN } else { POWER_UP };
    exp_by_factors(bounded, offset, factor)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    // The exponent is never positive, so nothing overflows.
    let small = exp_by_factors(-x.abs(), FAR, POWER_DOWN);
    let numerator = if x < 0.0 { small } else { 1.0 };
    numerator / (1.0 + small)
}

/// `e^x` for x below 90, by way of `e^x * 2^offset`, which is neither subnormal nor infinite. The
/// factor is `2^-offset`.
#[inline(always)]
fn exp_by_factors(x: f32, offset: f32, factor: f32) -> f32 {
    let bounded = if x < LEAST_EXPONENT {
        LEAST_EXPONENT
    } else {
        x
    };
    // Numbers that give 0 are multiplied by it: arithmetic that underflows is slow.
    let factor = if x < LEAST_EXPONENT { 0.0 } else { factor };
    let (power, rest) = split_exponent(bounded, offset);
    (1.0 + expm1_near_zero(rest)) * power * factor
}

/// `e^x - 1`: no digit is lost near 0.
#[inline(always)]
pub(super) fn expm1(x: f32) -> f32 {
    // Up to -20 the result rounds to -1, from 89 on it is infinite. Comparisons let NaN through.
    let bounded = if x > 89.0 { 89.0 } else { x };
    // Half of the result: 2^exponent may be too large by itself.
    let (scale, rest) = split_exponent(if bounded < -20.0 { -20.0 } else { bounded }, -1.0);
    let half = scale * expm1_near_zero(rest) + (scale - 0.5);
    // Of the smallest numbers the half would lose a digit, and of -0 the sum its sign.
    if x.abs() < 1e-8 { x } else { half + half }
}

/// The hyperbolic tangent: `(e^2x - 1) / (e^2x + 1)`, by way of `e^2x - 1` so that no digit is
/// lost near 0.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    // From 9.1 on the result rounds to 1. A comparison lets NaN through.
    let size = x.abs();
    let bounded = if size > 10.0 { 10.0 } else { size };
    let (scale, rest) = split_exponent(bounded + bounded, 0.0);
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

/// Below, `e^x` rounds to 0.
const LEAST_EXPONENT: f32 = -104.0;

/// An offset that brings exponents of both ends of the range among those of normal numbers.
const FAR: f32 = 64.0;
const POWER_UP: f32 = 18_446_744_073_709_551_616.0;
const POWER_DOWN: f32 = 1.0 / POWER_UP;

/// What is added to an exponent where it stands in a float.
const BIAS: f32 = 127.0;

/// `2^(exponent + offset)` and the rest of `x = exponent * ln 2 + rest`, with |rest| at most about
/// half of ln 2. The power must be a normal number. NaN gives a NaN rest.
#[inline(always)]
fn split_exponent(x: f32, offset: f32) -> (f32, f32) {
    let rounder = ROUNDER + (BIAS + offset);
    let shifted = x * std::f32::consts::LOG2_E + rounder;
    let rounded = shifted - rounder;
    let rest = (x - rounded * LN_2_HIGH) - rounded * LN_2_LOW;
    // The lowest bits hold the exponent as a float has it; all others are shifted out.
    (f32::from_bits(shifted.to_bits() << 23), rest)
}

/// `e^r - 1` for |r| up to half of ln 2: of all polynomials of this degree the nearest, off by at
/// most 1.4e-8 of r.
#[inline(always)]
fn expm1_near_zero(r: f32) -> f32 {
    let tail = 0.041_666_28 + r * (0.008_366_592 + r * 0.001_394_646_5);
    r + r * r * (0.5 + r * (0.166_665_43 + r * tail))
}
