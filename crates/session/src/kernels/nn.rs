//! Kernels of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Binary, Nn};

use crate::kernels::math::Plain;
use crate::kernels::{Kernel, Spec, activation, math, softmax};

pub(super) fn kernel(op: Nn, spec: &Spec<'_>) -> Kernel {
    let dtype = spec.input_dtype(0);
    match op {
        Nn::Activation(op) => activation::make(op, dtype, Plain(spec)),
        // A vector broadcasts along the last axis by itself.
        Nn::BiasAdd => math::binary(Binary::Add, spec),
        Nn::Softmax => with_float!(dtype, T => softmax::softmax::<T>(spec)),
        Nn::LogSoftmax => with_float!(dtype, T => softmax::log_softmax::<T>(spec)),
        Nn::SoftmaxCrossEntropy => with_float!(dtype, T => softmax::cross_entropy::<T>(spec)),
        Nn::SparseSoftmaxCrossEntropy => with_float!(dtype, T => {
            with_index!(spec.input_dtype(1), I => softmax::sparse_cross_entropy::<T, I>(spec))
        }),
    }
}
