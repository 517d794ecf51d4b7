//! Kernels of family `math`.

use aqueduct_graph::ir::Math;

use crate::kernels::{Kernel, Spec};

pub(super) fn kernel(op: Math, spec: &Spec<'_>) -> Kernel {
    let _ = (op, spec);
    Box::new(|_| Ok(()))
}
