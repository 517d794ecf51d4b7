//! Activations: functions of one float that networks put between layers.
//!
//! Without branches and calls for `f32`, so that a loop over them can be vectorised.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::Activation;
use aqueduct_graph::{DType, Float};

use crate::kernels::elementwise::{Arithmetic, Real};
use crate::kernels::{Kernel, math};

pub(super) fn kernel(op: Activation, dtype: DType) -> Kernel {
    match op {
        Activation::Relu => with_float!(dtype, T => math::map::<T>(Real::relu)),
        Activation::Relu6 => with_float!(dtype, T => math::map::<T>(relu6)),
        Activation::LeakyRelu { alpha } => with_float!(dtype, T => leaky_relu::<T>(alpha)),
        Activation::Elu => with_float!(dtype, T => math::map::<T>(elu)),
        Activation::Selu => with_float!(dtype, T => selu::<T>()),
        Activation::Softplus => with_float!(dtype, T => math::map::<T>(softplus)),
        Activation::Softsign => with_float!(dtype, T => math::map::<T>(softsign)),
    }
}

/// What activations are computed with: `f32` or `f64`.
trait Value: Real + Float {}

impl Value for f32 {}
impl Value for f64 {}

#[inline]
fn relu6<T: Value>(x: T) -> T {
    let six = T::from_f64(6.0);
    let clipped = x.relu();
    // A comparison, not a minimum, lets NaN through.
    if clipped > six { six } else { clipped }
}

fn leaky_relu<T: Value>(alpha: f64) -> Kernel {
    let alpha = T::from_f64(alpha);
    math::map(move |x: T| if x > T::ZERO { x } else { alpha * x })
}

#[inline]
fn elu<T: Value>(x: T) -> T {
    let below = Real::expm1(x);
    if x < T::ZERO { below } else { x }
}

fn selu<T: Value>() -> Kernel {
    let above = T::from_f64(Activation::SELU_SCALE);
    let below = T::from_f64(Activation::SELU_SCALE * Activation::SELU_ALPHA);
    math::map(move |x: T| if x < T::ZERO { below } else { above } * elu(x))
}

/// `max(x, 0) + log(1 + e^-|x|)`: the exponent is never positive, so nothing overflows.
#[inline]
fn softplus<T: Value>(x: T) -> T {
    x.relu() + Real::log1p((-Arithmetic::abs(x)).exp())
}

#[inline]
fn softsign<T: Value>(x: T) -> T {
    x / (T::ONE + Arithmetic::abs(x))
}
