//! Kernels of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Binary, Nn};

use crate::kernels::elementwise::Real;
use crate::kernels::{Kernel, Spec, math};

pub(super) fn kernel(op: Nn, spec: &Spec<'_>) -> Kernel {
    match op {
        Nn::Relu => with_float!(spec.input_dtype(0), T => math::map::<T>(Real::relu)),
        // A vector broadcasts along the last axis by itself.
        Nn::BiasAdd => math::binary(Binary::Add, spec),
    }
}
