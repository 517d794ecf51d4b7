//! Exponentials, logarithms and the hyperbolic tangent, of `f32` and `f64` alike: what they share.
//! [`float32`](super::float32) and [`float64`](super::float64) have what depends on the precision,
//! and state the errors.
//!
//! The platform's functions take one number at a time and differ between platforms. These are
//! straight arithmetic without branches: a loop over them is vectorised, and gives the same bits
//! everywhere.

use aqueduct_graph::Float;

use crate::kernels::elementwise::Arithmetic;

/// `e^x`.
#[inline(always)]
pub(super) fn exp<T: Approximation>(x: T) -> T {
    let bounded = at_most(x, T::EXP_IS_INFINITE);
    // 2^exponent may be subnormal or too large by itself: the offset brings it nearer to 1. With the
    // sign copied, not chosen, the compiler does not make two ways of the two signs.
    exp_with_offset(bounded, -T::FAR.with_sign_of(x))
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(super) fn sigmoid<T: Approximation>(x: T) -> T {
    // The exponent is never positive, so nothing overflows.
    let small = exp_with_offset(-x.abs(), T::FAR);
    let numerator = if x < T::ZERO { small } else { T::ONE };
    numerator / (T::ONE + small)
}

/// `e^x` for x up to [`Approximation::EXP_IS_INFINITE`], by way of `e^x * 2^offset`, which must be
/// neither subnormal nor infinite.
#[inline(always)]
fn exp_with_offset<T: Approximation>(x: T, offset: T) -> T {
    let is_zero = x < T::EXP_IS_ZERO;
    let bounded = at_least(x, T::EXP_IS_ZERO);
    let factor = (T::ROUNDER + (T::BIAS - offset)).power_of_lowest_bits();
    // Numbers that give 0 are multiplied by it: arithmetic that underflows is slow.
    let factor = if is_zero { T::ZERO } else { factor };
    let (power, rest) = split_exponent(bounded, offset);
    (T::ONE + T::expm1_near_zero(rest)) * power * factor
}

/// `e^x - 1`: no digit is lost near 0.
#[inline(always)]
pub(super) fn expm1<T: Approximation>(x: T) -> T {
    let bounded = at_least(at_most(x, T::EXP_IS_INFINITE), T::EXPM1_IS_MINUS_ONE);
    // Half of the result: 2^exponent may be too large by itself.
    let (scale, rest) = split_exponent(bounded, -T::ONE);
    let half = scale * T::expm1_near_zero(rest) + (scale - T::HALF);
    // Of the smallest numbers the half would lose a digit, and of -0 the sum its sign.
    if x.abs() < T::EXPM1_IS_ITS_OPERAND {
        x
    } else {
        half + half
    }
}

/// The hyperbolic tangent: `(e^2x - 1) / (e^2x + 1)`, by way of `e^2x - 1` so that no digit is
/// lost near 0.
#[inline(always)]
pub(super) fn tanh<T: Approximation>(x: T) -> T {
    let bounded = at_most(x.abs(), T::TANH_IS_ONE);
    let (scale, rest) = split_exponent(bounded + bounded, T::ZERO);
    let expm1 = scale * T::expm1_near_zero(rest) + (scale - T::ONE);
    (expm1 / (expm1 + T::TWO)).with_sign_of(x)
}

/// The natural logarithm: `-inf` of 0, NaN of negative numbers.
#[inline(always)]
pub(super) fn log<T: Approximation>(x: T) -> T {
    let subnormal = x < T::LEAST_NORMAL;
    let normal = if subnormal { x * T::TWO_POW_DIGITS } else { x };
    let correction = if subnormal { T::DIGITS } else { T::ZERO };

    let (exponent, mantissa) = normal.exponent_and_mantissa();
    let exponent = exponent - correction;
    let result = exponent * T::LN_2_HIGH + (exponent * T::LN_2_LOW + T::log_of_mantissa(mantissa));

    if x > T::ZERO && x < T::HIGHEST {
        result
    } else if x == T::ZERO {
        T::LOWEST
    } else if x < T::ZERO {
        T::NAN
    } else {
        x
    }
}

/// `log(1 + x)`: what the sum loses of `x` is added to its logarithm. `-inf` of -1, NaN below.
#[inline(always)]
pub(super) fn log1p<T: Approximation>(x: T) -> T {
    let sum = T::ONE + x;
    let lost = (x - (sum - T::ONE)) / sum;
    // Nothing is lost of -1, and of infinity nothing can be told.
    let correction = if sum > T::ZERO && sum < T::HIGHEST {
        lost
    } else {
        T::ZERO
    };
    // The sum has no -0.
    (log(sum) + correction).with_sign_of(x)
}

/// `2^(exponent + offset)` and the rest of `x = exponent * ln 2 + rest`, with |rest| at most about
/// half of ln 2. The power must be a normal number. NaN gives a NaN rest.
#[inline(always)]
fn split_exponent<T: Approximation>(x: T, offset: T) -> (T, T) {
    let rounder = T::ROUNDER + (T::BIAS + offset);
    let shifted = x * T::LOG2_E + rounder;
    let rounded = shifted - rounder;
    let rest = (x - rounded * T::LN_2_HIGH) - rounded * T::LN_2_LOW;
    (shifted.power_of_lowest_bits(), rest)
}

/// The smaller of both; NaN stays NaN.
#[inline(always)]
fn at_most<T: Approximation>(x: T, limit: T) -> T {
    if x > limit { limit } else { x }
}

/// The larger of both; NaN stays NaN.
#[inline(always)]
fn at_least<T: Approximation>(x: T, limit: T) -> T {
    if x < limit { limit } else { x }
}

/// What of the functions depends on the precision: from where on results are the ends of their
/// range, and polynomials.
pub(super) trait Approximation: Layout {
    /// From here on `e^x` is infinite, and so is `e^x - 1`.
    const EXP_IS_INFINITE: Self;
    /// Below, `e^x` rounds to 0.
    const EXP_IS_ZERO: Self;
    /// Up to here `e^x - 1` rounds to -1.
    const EXPM1_IS_MINUS_ONE: Self;
    /// Nearer to 0, `e^x - 1` rounds to x.
    const EXPM1_IS_ITS_OPERAND: Self;
    /// From here on the hyperbolic tangent rounds to 1.
    const TANH_IS_ONE: Self;

    /// An offset that brings exponents of both ends of the range among those of normal numbers.
    const FAR: Self;

    /// ln 2 in two parts; the high one has so few digits that its product with an exponent is
    /// exact.
    const LN_2_HIGH: Self;
    const LN_2_LOW: Self;

    /// `e^r - 1` for |r| up to half of ln 2.
    fn expm1_near_zero(r: Self) -> Self;

    /// The natural logarithm of a number between the square roots of 1/2 and 2.
    fn log_of_mantissa(mantissa: Self) -> Self;
}

/// The polynomial of these coefficients, that of the lowest power first.
macro_rules! polynomial {
    ($x:expr; $highest:expr) => {
        $highest
    };
    ($x:expr; $coefficient:expr, $($higher:expr),+) => {
        $coefficient + $x * polynomial!($x; $($higher),+)
    };
}
pub(super) use polynomial;

/// How a type of floats is laid out in bits, and the numbers that follow from it.
pub(super) trait Layout: Arithmetic + Float {
    const HALF: Self;
    const TWO: Self;
    const NAN: Self;
    const LOG2_E: Self;
    const LEAST_NORMAL: Self;

    /// The number of bits of the mantissa that are stored, as a float, and two to its power.
    const DIGITS: Self;
    const TWO_POW_DIGITS: Self;

    /// What is added to an exponent where it stands in a float.
    const BIAS: Self;

    /// A float of this size has no digits behind the point: adding it rounds to the nearest
    /// integer, which then stands in the lowest bits.
    const ROUNDER: Self;

    /// Two to the power whose exponent stands, with the bias, in the lowest bits.
    fn power_of_lowest_bits(self) -> Self;

    /// A positive normal number as `2^exponent * mantissa`, the mantissa between the square roots
    /// of 1/2 and 2. What is made of other numbers has no meaning.
    fn exponent_and_mantissa(self) -> (Self, Self);

    fn with_sign_of(self, other: Self) -> Self;
}

macro_rules! layout {
    ($float:ident, $digits:literal) => {
        impl Layout for $float {
            const HALF: Self = 0.5;
            const TWO: Self = 2.0;
            const NAN: Self = $float::NAN;
            const LOG2_E: Self = std::$float::consts::LOG2_E;
            const LEAST_NORMAL: Self = $float::MIN_POSITIVE;
            const DIGITS: Self = $digits as $float;
            const TWO_POW_DIGITS: Self = (1_u64 << $digits) as $float;
            const BIAS: Self = ($float::MAX_EXP - 1) as $float;
            const ROUNDER: Self = 1.5 * Self::TWO_POW_DIGITS;

            #[inline(always)]
            fn power_of_lowest_bits(self) -> Self {
                // All other bits are shifted out.
                $float::from_bits(self.to_bits() << $digits)
            }

            #[inline(always)]
            fn exponent_and_mantissa(self) -> (Self, Self) {
                let sqrt_half = std::$float::consts::FRAC_1_SQRT_2.to_bits();
                let above = self.to_bits().wrapping_sub(sqrt_half);
                let biased = above.wrapping_add($float::to_bits(1.0)) >> $digits;
                // An integer in the lowest bits, as of `ROUNDER`: AVX2 converts none of 64 bits.
                let shifted = $float::from_bits(Self::TWO_POW_DIGITS.to_bits() | biased);
                let exponent = shifted - (Self::TWO_POW_DIGITS + Self::BIAS);
                let mantissa = (above & ((1 << $digits) - 1)) + sqrt_half;
                (exponent, $float::from_bits(mantissa))
            }

            #[inline(always)]
            fn with_sign_of(self, other: Self) -> Self {
                self.copysign(other)
            }
        }
    };
}
layout!(f32, 23);
layout!(f64, 52);
