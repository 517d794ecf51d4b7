//! Kernels of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Activation, Binary, Nn};

use crate::kernels::elementwise::Real;
use crate::kernels::{Failure, Kernel, Spec, failing, math};

pub(super) fn kernel(op: Nn, spec: &Spec<'_>) -> Kernel {
    match op {
        Nn::Activation(Activation::Relu) => {
            with_float!(spec.input_dtype(0), T => math::map::<T>(Real::relu))
        }
        Nn::Activation(_)
        | Nn::Softmax
        | Nn::LogSoftmax
        | Nn::SoftmaxCrossEntropy
        | Nn::SparseSoftmaxCrossEntropy => failing(Failure::new("TOCOME")),
        // A vector broadcasts along the last axis by itself.
        Nn::BiasAdd => math::binary(Binary::Add, spec),
    }
}
