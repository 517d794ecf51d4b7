//! Activations: functions of one float that networks put between layers.
//!
//! Without branches and calls, so that a loop over them can be vectorised.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::Activation;
use aqueduct_graph::{DType, Float};

use crate::kernels::elementwise::{Arithmetic, Real};
use crate::kernels::primitive::Maker;

/// What applies an activation to each element.
pub(super) fn make<M: Maker>(op: Activation, dtype: DType, maker: M) -> M::Made {
    match op {
        Activation::Relu => with_float!(dtype, T => maker.map::<T, T>(Real::relu)),
        Activation::Relu6 => with_float!(dtype, T => maker.map::<T, T>(relu6)),
        Activation::LeakyRelu { alpha } => {
            with_float!(dtype, T => maker.map::<T, T>(leaky_relu(alpha)))
        }
        Activation::Elu => with_float!(dtype, T => maker.map::<T, T>(elu)),
        Activation::Selu => with_float!(dtype, T => maker.map::<T, T>(selu)),
        Activation::Softplus => with_float!(dtype, T => maker.map::<T, T>(softplus)),
        Activation::Softsign => with_float!(dtype, T => maker.map::<T, T>(softsign)),
    }
}

/// What activations are computed with: `f32` or `f64`.
trait Value: Real + Float {}

impl Value for f32 {}
impl Value for f64 {}

#[inline(always)]
fn relu6<T: Value>(x: T) -> T {
    let six = T::from_f64(6.0);
    let clipped = x.relu();
    // A comparison, not a minimum, lets NaN through.
    if clipped > six { six } else { clipped }
}

#[inline(always)]
fn leaky_relu<T: Value>(alpha: f64) -> impl Fn(T) -> T + Copy {
    let alpha = T::from_f64(alpha);
    move |x| if x > T::ZERO { x } else { alpha * x }
}

#[inline(always)]
fn elu<T: Value>(x: T) -> T {
    let below = Real::expm1(x);
    if x < T::ZERO { below } else { x }
}

#[inline(always)]
fn selu<T: Value>(x: T) -> T {
    let above = T::from_f64(Activation::SELU_SCALE);
    let below = T::from_f64(Activation::SELU_SCALE * Activation::SELU_ALPHA);
    (if x < T::ZERO { below } else { above }) * elu(x)
}

/// `max(x, 0) + log(1 + e^-|x|)`: the exponent is never positive, so nothing overflows.
#[inline(always)]
fn softplus<T: Value>(x: T) -> T {
    x.relu() + Real::log1p((-Arithmetic::abs(x)).exp())
}

#[inline(always)]
fn softsign<T: Value>(x: T) -> T {
    x / (T::ONE + Arithmetic::abs(x))
}
