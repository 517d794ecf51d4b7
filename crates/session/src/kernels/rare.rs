//! Functions of floats that take one number at a time: a loop over them calls a function for each.
//!
//! Sine and cosine are the standard library's and may differ in the last bit between platforms; the
//! others are the same everywhere. In units in the last place of the result they are off by at most
//!
//! | | `f32` | `f64` |
//! |---|---:|---:|
//! | `tan`, `asin`, `acos`, `atan`, `atan2` | 1 | 1 |
//! | `sinh`, `cosh`, `asinh`, `acosh`, `atanh` | 2 | 2 |
//! | `erf` | 1 | 1 |
//! | `erfc` | 3 | 3 |
//!
//! Relatives of the gamma function are worked out in `f64` for `f32` too, and so are right to the last
//! place there; of `f64` see [`special`](super::special).

use crate::kernels::elementwise::{Flush, Real};
use crate::kernels::special;

/// Functions that are rarely what a network spends its time on.
pub(super) trait Rare: Real {
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    fn erf(self) -> Self;
    /// 0 below the normal numbers.
    fn erfc(self) -> Self;
    fn lgamma(self) -> Self;
    fn digamma(self) -> Self;
    /// The angle of the point with this ordinate.
    fn atan2(self, abscissa: Self) -> Self;
    /// The sum of `(q + k)^-self` over all whole k from 0 on.
    fn zeta(self, q: Self) -> Self;
}

/// `name => function` for each method that one call of the library makes up.
macro_rules! rare_functions {
    ($type:ident, erfc: $erfc:path, acosh: $acosh:path, atan2: $atan2:path, $($name:ident => $function:path),*) => {
        impl Rare for $type {
            $(
                #[inline(always)]
                fn $name(self) -> $type {
                    $function(self)
                }
            )*
            #[inline(always)]
            fn erfc(self) -> $type {
                $erfc(self).flushed()
            }
            /// Below 1 the library's of `f32` is not NaN everywhere.
            #[inline(always)]
            fn acosh(self) -> $type {
                if self < 1.0 { $type::NAN } else { $acosh(self) }
            }
            #[inline(always)]
            fn atan2(self, abscissa: $type) -> $type {
                $atan2(self, abscissa)
            }
            #[inline(always)]
            fn lgamma(self) -> $type {
                libm::lgamma(f64::from(self)) as $type
            }
            #[inline(always)]
            fn digamma(self) -> $type {
                special::digamma(f64::from(self)) as $type
            }
            #[inline(always)]
            fn zeta(self, q: $type) -> $type {
                special::zeta(f64::from(self), f64::from(q)) as $type
            }
        }
    };
}
rare_functions!(
    f32,
    erfc: libm::erfcf,
    acosh: libm::acoshf,
    atan2: libm::atan2f,
    sin => f32::sin,
    cos => f32::cos,
    tan => libm::tanf,
    asin => libm::asinf,
    acos => libm::acosf,
    atan => libm::atanf,
    sinh => libm::sinhf,
    cosh => libm::coshf,
    asinh => libm::asinhf,
    atanh => libm::atanhf,
    erf => libm::erff
);
rare_functions!(
    f64,
    erfc: libm::erfc,
    acosh: libm::acosh,
    atan2: libm::atan2,
    sin => f64::sin,
    cos => f64::cos,
    tan => libm::tan,
    asin => libm::asin,
    acos => libm::acos,
    atan => libm::atan,
    sinh => libm::sinh,
    cosh => libm::cosh,
    asinh => libm::asinh,
    atanh => libm::atanh,
    erf => libm::erf
);
