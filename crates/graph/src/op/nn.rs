//! Neural-network primitives.

use serde::{Deserialize, Serialize};

/// An op of the `nn` family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nn {
    /// `[x] -> y`: `max(x, 0)`, floats. NaN stays NaN.
    Relu,
    /// `[x, bias: vector] -> y`: the bias added along the last axis. TensorFlow's `BiasAdd`.
    BiasAdd,
}

impl Nn {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Nn::Relu => "Relu",
            Nn::BiasAdd => "BiasAdd",
        }
    }
}
