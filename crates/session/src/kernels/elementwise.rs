//! Element-wise primitives: the one definition of each, for every loop that applies it.
//!
//! All are inlined, whatever their size: a loop that is compiled for vector instructions which not
//! every CPU has must have its functions within it.
//!
//! All are total (they never panic) and depend on their operands alone. Those of floats are free of
//! branches and calls, so that a loop over them can be vectorised, but for powers and remainders, which
//! are the standard library's, and those of [`rare`](super::rare). Powers may differ in the last bit
//! between platforms.
//!
//! Products, quotients, powers, exponentials and sigmoids below the normal numbers are 0, as in
//! TensorFlow, where the processor is told to flush them: it takes many times as long for arithmetic
//! with these, and what a gradient shrinks to on its way through a long recurrence would stay among
//! them, since the smallest one times 0.7 is itself again. Rust code may not run with that setting.
//!
//! The standard types have methods of the same names and other meanings (`i32::abs` may panic,
//! `f32::exp` is the platform's): name a primitive by its trait, `Arithmetic::abs`.

use crate::kernels::{Typed, transcendental};

/// What becomes of results below the normal numbers.
pub(crate) trait Flush {
    /// The number itself, or a zero of its sign if it is below the normal ones.
    fn flushed(self) -> Self;
}

/// Arithmetic. Integers wrap around on overflow.
pub(crate) trait Arithmetic: Typed + PartialOrd {
    const ZERO: Self;
    const ONE: Self;
    /// Not above any other value: `-inf` for floats.
    const LOWEST: Self;
    /// Not below any other value: `inf` for floats.
    const HIGHEST: Self;
    const LOWEST_FINITE: Self;
    const HIGHEST_FINITE: Self;

    fn is_nan(self) -> bool;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;

    /// Integers truncate towards zero. An integer divided by zero is 0: who calls this has to
    /// report the zero divisor.
    fn div(self, other: Self) -> Self;

    /// What `div`, truncated, leaves: of the sign of `self`. An integer divided by zero leaves 0.
    fn rem(self, other: Self) -> Self;

    /// `div` rounded towards minus infinity.
    fn floor_div(self, other: Self) -> Self;

    /// An integer to a negative power is 1: who calls this has to report the power.
    fn pow(self, power: Self) -> Self;

    /// What `floor_div` leaves: of the sign of `other`.
    #[inline(always)]
    fn floor_mod(self, other: Self) -> Self {
        let rest = self.rem(other);
        if rest.has_another_sign(other) {
            rest.add(other)
        } else {
            rest
        }
    }

    /// Whether this is not 0 and on the other side of it than `other`.
    #[inline(always)]
    fn has_another_sign(self, other: Self) -> bool {
        self != Self::ZERO && (self < Self::ZERO) != (other < Self::ZERO)
    }

    /// -1, 0 or 1; NaN stays NaN.
    #[inline(always)]
    fn sign(self) -> Self {
        // Two choices of values, not of ways: no branch stands in the way of vectors.
        let (above, below) = (Self::ONE, Self::ONE.neg());
        let signed = if self < Self::ZERO { below } else { self };
        if self > Self::ZERO { above } else { signed }
    }

    #[inline(always)]
    fn square(self) -> Self {
        self.mul(self)
    }

    #[inline(always)]
    fn squared_difference(self, other: Self) -> Self {
        self.sub(other).square()
    }

    /// The larger; NaN if either is NaN.
    #[inline(always)]
    fn maximum(self, other: Self) -> Self {
        if self > other || self.is_nan() {
            self
        } else {
            other
        }
    }

    /// The smaller; NaN if either is NaN.
    #[inline(always)]
    fn minimum(self, other: Self) -> Self {
        if self < other || self.is_nan() {
            self
        } else {
            other
        }
    }
}

/// Functions of floats.
pub(crate) trait Real: Arithmetic {
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn log(self) -> Self;
    fn tanh(self) -> Self;
    fn expm1(self) -> Self;
    fn log1p(self) -> Self;
    fn sigmoid(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;

    /// The nearest whole number, the even one of two.
    fn round(self) -> Self;

    #[inline(always)]
    fn reciprocal(self) -> Self {
        Self::ONE.div(self)
    }

    #[inline(always)]
    fn rsqrt(self) -> Self {
        self.sqrt().reciprocal()
    }

    /// `max(x, 0)`; NaN stays NaN.
    #[inline(always)]
    fn relu(self) -> Self {
        if self < Self::ZERO { Self::ZERO } else { self }
    }
}

#[inline(always)]
pub(crate) fn equal<T: PartialEq>(a: T, b: T) -> bool {
    a == b
}

#[inline(always)]
pub(crate) fn not_equal<T: PartialEq>(a: T, b: T) -> bool {
    a != b
}

#[inline(always)]
pub(crate) fn less<T: PartialOrd>(a: T, b: T) -> bool {
    a < b
}

#[inline(always)]
pub(crate) fn less_equal<T: PartialOrd>(a: T, b: T) -> bool {
    a <= b
}

#[inline(always)]
pub(crate) fn greater<T: PartialOrd>(a: T, b: T) -> bool {
    a > b
}

#[inline(always)]
pub(crate) fn greater_equal<T: PartialOrd>(a: T, b: T) -> bool {
    a >= b
}

/// `a` where the condition holds, else `b`.
#[inline(always)]
pub(crate) fn select<T>(condition: bool, a: T, b: T) -> T {
    if condition { a } else { b }
}

macro_rules! float_arithmetic {
    ($($type:ty),*) => {$(
        impl Flush for $type {
            #[inline(always)]
            fn flushed(self) -> Self {
                let bits = self.to_bits();
                let is_small = bits & <$type>::INFINITY.to_bits() == 0;
                let sign = bits & <$type>::to_bits(-0.0);
                <$type>::from_bits(if is_small { sign } else { bits })
            }
        }

        impl Arithmetic for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = <$type>::NEG_INFINITY;
            const HIGHEST: Self = <$type>::INFINITY;
            const LOWEST_FINITE: Self = <$type>::MIN;
            const HIGHEST_FINITE: Self = <$type>::MAX;

            #[inline(always)]
            fn is_nan(self) -> bool {
                <$type>::is_nan(self)
            }
            #[inline(always)]
            fn neg(self) -> Self {
                -self
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$type>::abs(self)
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                (self * other).flushed()
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                (self / other).flushed()
            }
            #[inline(always)]
            fn rem(self, other: Self) -> Self {
                self % other
            }
            #[inline(always)]
            fn floor_div(self, other: Self) -> Self {
                (self / other).floor()
            }
            #[inline(always)]
            fn pow(self, power: Self) -> Self {
                self.powf(power).flushed()
            }
        }
    )*};
}
float_arithmetic!(f32, f64);

macro_rules! integer_arithmetic {
    ($($type:ty),*) => {$(
        impl Arithmetic for $type {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const LOWEST: Self = <$type>::MIN;
            const HIGHEST: Self = <$type>::MAX;
            const LOWEST_FINITE: Self = <$type>::MIN;
            const HIGHEST_FINITE: Self = <$type>::MAX;

            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }
            #[inline(always)]
            fn neg(self) -> Self {
                self.wrapping_neg()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                if self < Self::ZERO { self.wrapping_neg() } else { self }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_div(other) }
            }
            #[inline(always)]
            fn rem(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_rem(other) }
            }
            #[inline(always)]
            fn floor_div(self, other: Self) -> Self {
                let truncated = Arithmetic::div(self, other);
                let above = Arithmetic::rem(self, other).has_another_sign(other);
                truncated.wrapping_sub(Self::from(above))
            }
            /// By squaring, for powers of whatever size: the type's own takes those of 32 bits.
            #[inline(always)]
            fn pow(self, power: Self) -> Self {
                let (mut result, mut square, mut rest) = (Self::ONE, self, power);
                while rest > 0 {
                    if rest & 1 == 1 {
                        result = result.wrapping_mul(square);
                    }
                    square = square.wrapping_mul(square);
                    rest >>= 1;
                }
                result
            }
        }
    )*};
}
integer_arithmetic!(i32, i64, u8);

macro_rules! real_functions {
    ($type:ident) => {
        impl Real for $type {
            #[inline(always)]
            fn exp(self) -> $type {
                transcendental::exp(self).flushed()
            }
            #[inline(always)]
            fn log(self) -> $type {
                transcendental::log(self)
            }
            #[inline(always)]
            fn tanh(self) -> $type {
                transcendental::tanh(self)
            }
            #[inline(always)]
            fn expm1(self) -> $type {
                transcendental::expm1(self)
            }
            #[inline(always)]
            fn log1p(self) -> $type {
                transcendental::log1p(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> $type {
                transcendental::sigmoid(self).flushed()
            }
            #[inline(always)]
            fn sqrt(self) -> $type {
                $type::sqrt(self)
            }
            #[inline(always)]
            fn floor(self) -> $type {
                $type::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> $type {
                $type::ceil(self)
            }
            #[inline(always)]
            fn round(self) -> $type {
                $type::round_ties_even(self)
            }
        }
    };
}
real_functions!(f32);
real_functions!(f64);
