//! Exponentials and logarithms of about twice the digits of `f64`, to measure those of the kernels
//! by. Slow and plain: what is made of finite numbers must be finite.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `(high + low) * 2^exponent`, of which the low part is at most half a unit of the high one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    pub(super) digits: DoubleDouble,
    pub(super) exponent: i32,
}

impl Exact {
    /// The nearest `f64`.
    pub(super) fn rounded(self) -> f64 {
        times_power_of_two(self.digits.high, self.exponent)
    }

    fn digits_without_exponent(self) -> DoubleDouble {
        self.digits.times_power_of_two(self.exponent)
    }
}

impl From<f64> for Exact {
    fn from(number: f64) -> Exact {
        Exact {
            digits: number.into(),
            exponent: 0,
        }
    }
}

pub(super) fn exp(x: f64) -> Exact {
    let (exponent, rest) = split_exponent(x);
    Exact {
        digits: DoubleDouble::from(1.0) + expm1_near_zero(rest),
        exponent,
    }
}

pub(super) fn sigmoid(x: f64) -> Exact {
    let small = exp(-x.abs());
    let numerator = if x < 0.0 { small } else { 1.0.into() };
    let denominator = DoubleDouble::from(1.0) + small.digits_without_exponent();
    Exact {
        digits: numerator.digits / denominator,
        exponent: numerator.exponent,
    }
}

pub(super) fn expm1(x: f64) -> Exact {
    let (power, rest) = split_exponent(x);
    // Of large results, 2^power would be infinite.
    let exponent = power.max(0);
    let scale = 2.0_f64.powi(power - exponent);
    let constant = DoubleDouble::sum(scale, -(2.0_f64.powi(-exponent)));
    Exact {
        digits: expm1_near_zero(rest) * scale.into() + constant,
        exponent,
    }
}

pub(super) fn tanh(x: f64) -> Exact {
    // Beyond, the distance from 1 is no part of the digits.
    let size = x.abs().min(40.0);
    let expm1 = expm1(size + size).digits_without_exponent();
    let tanh = expm1 / (expm1 + 2.0.into());
    Exact {
        digits: if x < 0.0 { -tanh } else { tanh },
        exponent: 0,
    }
}

pub(super) fn log(x: f64) -> Exact {
    improved_log(x.into(), x.ln())
}

pub(super) fn log1p(x: f64) -> Exact {
    let (sum, guess) = (DoubleDouble::sum(1.0, x), x.ln_1p());
    if x.abs() > 0.5 {
        return improved_log(sum, guess);
    }
    // Newton's step relative to x, which may be too small to be seen in the sum.
    let missing = DoubleDouble::from(x) - expm1(guess).digits_without_exponent();
    Exact {
        digits: DoubleDouble::from(guess) + missing / sum,
        exponent: 0,
    }
}

/// One of Newton's steps from a logarithm of a positive number that is right in half of the digits.
fn improved_log(x: DoubleDouble, guess: f64) -> Exact {
    let exponent = exponent(x.high);
    let mantissa = x.times_power_of_two(-exponent);
    let inverse = exp(-guess);
    let quotient = (mantissa * inverse.digits).times_power_of_two(exponent + inverse.exponent);
    Exact {
        digits: DoubleDouble::from(guess) + (quotient - 1.0.into()),
        exponent: 0,
    }
}

/// The parts of `x = exponent * ln 2 + rest`, with |rest| at most half of ln 2. Of numbers beyond
/// 800, whose exponentials no `f64` can hold, those of 800.
fn split_exponent(x: f64) -> (i32, DoubleDouble) {
    let x = x.clamp(-800.0, 800.0);
    let ln_2 = DoubleDouble {
        high: std::f64::consts::LN_2,
        low: 2.319_046_813_846_299_6e-17,
    };
    let exponent = (x / ln_2.high).round();
    let rest = DoubleDouble::from(x) - ln_2 * exponent.into();
    (exponent as i32, rest)
}

/// `e^r - 1` by its series.
fn expm1_near_zero(r: DoubleDouble) -> DoubleDouble {
    let one = DoubleDouble::from(1.0);
    let sum = (2..=22)
        .rev()
        .fold(one, |sum, place| one + r * sum / f64::from(place).into());
    r * sum
}

/// The exponent of the leading bit; -1023 of 0 and of subnormal numbers.
pub(super) fn exponent(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

/// `x * 2^exponent`; rounded once, if it is subnormal.
pub(super) fn times_power_of_two(x: f64, exponent: i32) -> f64 {
    // Either factor alone is a normal number.
    let half = exponent / 2;
    x * 2.0_f64.powi(half) * 2.0_f64.powi(exponent - half)
}

/// `high + low`, of which the low part is at most half a unit of the high one.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoubleDouble {
    pub(super) high: f64,
    pub(super) low: f64,
}

impl DoubleDouble {
    /// `a + b`: what rounding loses is the low part.
    fn sum(a: f64, b: f64) -> DoubleDouble {
        let high = a + b;
        let of_b = high - a;
        let low = (a - (high - of_b)) + (b - of_b);
        DoubleDouble { high, low }
    }

    /// `a * b`: what rounding loses is the low part.
    fn product(a: f64, b: f64) -> DoubleDouble {
        let high = a * b;
        let low = a.mul_add(b, -high);
        DoubleDouble { high, low }
    }

    fn times_power_of_two(self, exponent: i32) -> DoubleDouble {
        DoubleDouble {
            high: times_power_of_two(self.high, exponent),
            low: times_power_of_two(self.low, exponent),
        }
    }
}

impl From<f64> for DoubleDouble {
    fn from(high: f64) -> DoubleDouble {
        DoubleDouble { high, low: 0.0 }
    }
}

impl Neg for DoubleDouble {
    type Output = DoubleDouble;

    fn neg(self) -> DoubleDouble {
        DoubleDouble {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl Add for DoubleDouble {
    type Output = DoubleDouble;

    fn add(self, other: DoubleDouble) -> DoubleDouble {
        let (high, low) = (
            DoubleDouble::sum(self.high, other.high),
            DoubleDouble::sum(self.low, other.low),
        );
        let partly = DoubleDouble::sum(high.high, high.low + low.high);
        DoubleDouble::sum(partly.high, partly.low + low.low)
    }
}

impl Sub for DoubleDouble {
    type Output = DoubleDouble;

    fn sub(self, other: DoubleDouble) -> DoubleDouble {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = DoubleDouble;

    fn mul(self, other: DoubleDouble) -> DoubleDouble {
        let product = DoubleDouble::product(self.high, other.high);
        let crossed = self.high * other.low + self.low * other.high;
        DoubleDouble::sum(product.high, product.low + crossed)
    }
}

impl Div for DoubleDouble {
    type Output = DoubleDouble;

    fn div(self, other: DoubleDouble) -> DoubleDouble {
        let high = self.high / other.high;
        let rest = self - other * high.into();
        DoubleDouble::sum(high, rest.high / other.high)
    }
}
