//! Kernels of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Binary, Nn};

use crate::kernels::math::Plain;
use crate::kernels::primitive::Unsupported;
use crate::kernels::shared::{SharedKernel, alone};
use crate::kernels::{Kernel, Spec, activation, conv, math, pool, softmax};

pub(super) fn kernel(op: Nn, spec: &Spec<'_>) -> Kernel {
    let dtype = spec.input_dtype(0);
    match op {
        Nn::Convolution(op, sliding) => on_one_thread(conv::kernel(op, &sliding, spec, 1), dtype),
        Nn::Pooling(op, windows) => on_one_thread(pool::kernel(op, &windows, spec, 1), dtype),
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

fn on_one_thread(shared: Option<Box<dyn SharedKernel>>, dtype: DType) -> Kernel {
    shared.map_or_else(|| Kernel::unsupported(dtype), alone)
}
