//! Exponentials, logarithms and the hyperbolic tangent of `f64`. In units in the last place of the
//! result, subnormal results included, they are off by at most 1.1 (`exp`), 2.4 (`sigmoid`, `tanh`,
//! `expm1`), 1.5 (`log`) and 2 (`log1p`).

use crate::kernels::transcendental::{Approximation, polynomial};

impl Approximation for f64 {
    const EXP_IS_INFINITE: f64 = 710.0;
    const EXP_IS_ZERO: f64 = -746.0;
    const EXPM1_IS_MINUS_ONE: f64 = -40.0;
    const EXPM1_IS_ITS_OPERAND: f64 = 1e-17;
    const TANH_IS_ONE: f64 = 20.0;

    const FAR: f64 = 512.0;

    const LN_2_HIGH: f64 = 1_524_246_769_571.0 / (1_u64 << 41) as f64;
    const LN_2_LOW: f64 = 2.823_529_056_303_157_7e-13;

    /// Of all polynomials of this degree that begin with `r + r^2 / 2` the nearest, off by at most
    /// 2.6e-17 of r.
    #[inline(always)]
    fn expm1_near_zero(r: f64) -> f64 {
        let quotient = polynomial!(
            r;
            0.5,
            0.166_666_666_666_666_8,
            0.041_666_666_666_619_695,
            0.008_333_333_333_319_004,
            0.001_388_888_892_063_376,
            0.000_198_412_698_942_242_32,
            2.480_151_618_446_278_7e-5,
            2.755_723_523_650_096e-6,
            2.762_229_344_555_221e-7,
            2.511_232_728_811_415_3e-8
        );
        r + r * r * quotient
    }

    /// By `s = (m - 1) / (m + 1)`, of which `log(m) = 2 artanh(s)` and `2 s = f - s f` with
    /// `f = m - 1`, which is exact: so the quotient's error weighs little. Of `2 artanh(s) - 2 s`,
    /// divided by `s^3`, the polynomial is the nearest of its degree, off by at most 1.3e-18 of the
    /// logarithm.
    #[inline(always)]
    fn log_of_mantissa(mantissa: f64) -> f64 {
        let f = mantissa - 1.0;
        let s = f / (mantissa + 1.0);
        let z = s * s;
        let tail = polynomial!(
            z;
            0.666_666_666_666_673_4,
            0.399_999_999_994_143_2,
            0.285_714_287_424_744,
            0.222_221_985_635_525_56,
            0.181_835_648_625_001_65,
            0.153_140_359_556_462_32,
            0.147_961_041_291_778_76
        );
        f - s * (f - z * tail)
    }
}
