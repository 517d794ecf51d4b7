//! Element-wise primitives: the one definition of each, for every loop that applies it.
//!
//! All are total (they never panic) and depend on their operands alone. Those of `f32` are free of
//! branches and calls, so that a loop over them can be vectorised.
//!
//! The standard types have methods of the same names and other meanings (`i32::abs` may panic,
//! `f32::exp` is the platform's): name a primitive by its trait, `Arithmetic::abs`.

use crate::kernels::{Typed, float32};

/// Arithmetic. Integers wrap around on overflow.
pub(crate) trait Arithmetic: Typed + PartialOrd {
    const ZERO: Self;
    const ONE: Self;
    /// Not above any other value: `-inf` for floats.
    const LOWEST: Self;
    /// Not below any other value: `inf` for floats.
    const HIGHEST: Self;

    fn is_nan(self) -> bool;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;

    /// Integers truncate towards zero. An integer divided by zero is 0: who calls this has to
    /// report the zero divisor.
    fn div(self, other: Self) -> Self;

    /// -1, 0 or 1; NaN stays NaN.
    #[inline]
    fn sign(self) -> Self {
        if self > Self::ZERO {
            Self::ONE
        } else if self < Self::ZERO {
            Self::ONE.neg()
        } else {
            self
        }
    }

    #[inline]
    fn square(self) -> Self {
        self.mul(self)
    }

    #[inline]
    fn squared_difference(self, other: Self) -> Self {
        self.sub(other).square()
    }

    /// The larger; NaN if either is NaN.
    #[inline]
    fn maximum(self, other: Self) -> Self {
        if self > other || self.is_nan() {
            self
        } else {
            other
        }
    }

    /// The smaller; NaN if either is NaN.
    #[inline]
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

    #[inline]
    fn reciprocal(self) -> Self {
        Self::ONE.div(self)
    }

    #[inline]
    fn rsqrt(self) -> Self {
        self.sqrt().reciprocal()
    }

    #[inline]
    fn sigmoid(self) -> Self {
        // The exponent is never positive, so nothing overflows.
        let small = self.abs().neg().exp();
        let numerator = if self < Self::ZERO { small } else { Self::ONE };
        numerator.div(Self::ONE.add(small))
    }

    /// `max(x, 0)`; NaN stays NaN.
    #[inline]
    fn relu(self) -> Self {
        if self < Self::ZERO { Self::ZERO } else { self }
    }
}

#[inline]
pub(crate) fn equal<T: PartialEq>(a: T, b: T) -> bool {
    a == b
}

#[inline]
pub(crate) fn not_equal<T: PartialEq>(a: T, b: T) -> bool {
    a != b
}

#[inline]
pub(crate) fn less<T: PartialOrd>(a: T, b: T) -> bool {
    a < b
}

#[inline]
pub(crate) fn less_equal<T: PartialOrd>(a: T, b: T) -> bool {
    a <= b
}

#[inline]
pub(crate) fn greater<T: PartialOrd>(a: T, b: T) -> bool {
    a > b
}

#[inline]
pub(crate) fn greater_equal<T: PartialOrd>(a: T, b: T) -> bool {
    a >= b
}

/// `a` where the condition holds, else `b`.
#[inline]
pub(crate) fn select<T>(condition: bool, a: T, b: T) -> T {
    if condition { a } else { b }
}

macro_rules! float_arithmetic {
    ($($type:ty),*) => {$(
        impl Arithmetic for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = <$type>::NEG_INFINITY;
            const HIGHEST: Self = <$type>::INFINITY;

            #[inline]
            fn is_nan(self) -> bool {
                <$type>::is_nan(self)
            }
            #[inline]
            fn neg(self) -> Self {
                -self
            }
            #[inline]
            fn abs(self) -> Self {
                <$type>::abs(self)
            }
            #[inline]
            fn add(self, other: Self) -> Self {
                self + other
            }
            #[inline]
            fn sub(self, other: Self) -> Self {
                self - other
            }
            #[inline]
            fn mul(self, other: Self) -> Self {
                self * other
            }
            #[inline]
            fn div(self, other: Self) -> Self {
                self / other
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

            #[inline]
            fn is_nan(self) -> bool {
                false
            }
            #[inline]
            fn neg(self) -> Self {
                self.wrapping_neg()
            }
            #[inline]
            fn abs(self) -> Self {
                if self < Self::ZERO { self.wrapping_neg() } else { self }
            }
            #[inline]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline]
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline]
            fn div(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_div(other) }
            }
        }
    )*};
}
integer_arithmetic!(i32, i64, u8);

impl Real for f32 {
    #[inline]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    #[inline]
    fn exp(self) -> f32 {
        float32::exp(self)
    }
    #[inline]
    fn log(self) -> f32 {
        float32::log(self)
    }
    #[inline]
    fn tanh(self) -> f32 {
        float32::tanh(self)
    }
}

impl Real for f64 {
    #[inline]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    #[inline]
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    #[inline]
    fn log(self) -> f64 {
        f64::ln(self)
    }
    #[inline]
    fn tanh(self) -> f64 {
        f64::tanh(self)
    }
}
