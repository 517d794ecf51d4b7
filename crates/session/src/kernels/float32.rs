//! Exponentials, logarithms and the hyperbolic tangent of `f32`. In units in the last place of the
//! result, subnormal results included, they are off by at most 1.1 (`exp`), 2.4 (`sigmoid`), 2.6
//! (`tanh`), 2 (`log`) and 3 (`expm1`, `log1p`).

use crate::kernels::transcendental::{Approximation, polynomial};

impl Approximation for f32 {
    const EXP_IS_INFINITE: f32 = 89.0;
    const EXP_IS_ZERO: f32 = -104.0;
    const EXPM1_IS_MINUS_ONE: f32 = -20.0;
    const EXPM1_IS_ITS_OPERAND: f32 = 1e-8;
    const TANH_IS_ONE: f32 = 10.0;

    const FAR: f32 = 64.0;

    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;

    /// Of all polynomials of this degree the nearest, off by at most 1.4e-8 of r.
    #[inline(always)]
    fn expm1_near_zero(r: f32) -> f32 {
        let quotient = polynomial!(
            r; 0.5, 0.166_665_43, 0.041_666_28, 0.008_366_592, 0.001_394_646_5
        );
        r + r * r * quotient
    }

    /// `log(m) = 2 artanh((m - 1) / (m + 1))`, of which |argument| < 0.172: the first terms of the
    /// series.
    #[inline(always)]
    fn log_of_mantissa(mantissa: f32) -> f32 {
        let s = (mantissa - 1.0) / (mantissa + 1.0);
        let z = s * s;
        let tail = polynomial!(z; 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0);
        2.0 * (s + s * z * tail)
    }
}
