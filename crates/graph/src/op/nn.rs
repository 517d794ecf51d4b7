//! Neural-network primitives.

use serde::{Deserialize, Serialize};

use crate::op::conv::{Convolution, Pooling, Sliding, Windows};

/// An op of the `nn` family.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Nn {
    /// `[x] -> y`: a function of each element, floats. Shape and dtype are kept.
    Activation(Activation),
    /// `[x, bias: vector] -> y`: the bias added along the last axis. TensorFlow's `BiasAdd`.
    BiasAdd,
    /// `[logits] -> y`, floats: `e^x` along the last axis, divided by its sum there. Nothing
    /// overflows.
    Softmax,
    /// `[logits] -> y`, floats: the logarithm of `Softmax`, without going by it.
    LogSoftmax,
    /// `[logits: [.., classes], labels: [.., classes]] -> loss: [..]`, floats:
    /// `-Σ labels · log_softmax(logits)`. The labels of a row should add up to 1: the gradient with
    /// respect to the logits takes it for granted, as TensorFlow's does.
    SoftmaxCrossEntropy,
    /// `[logits: [.., classes], labels: int [..]] -> loss: [..]`: `-log_softmax(logits)` at the
    /// label. A label that is no class is an error of the run.
    SparseSoftmaxCrossEntropy,
    /// A filter that slides over images.
    Convolution(Convolution, Sliding),
    /// A window that slides over each channel of images.
    Pooling(Pooling, Windows),
}

/// A function of one float that networks put between layers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Activation {
    /// `max(x, 0)`. NaN stays NaN.
    Relu,
    /// `min(max(x, 0), 6)`. NaN stays NaN.
    Relu6,
    /// `x` above 0, else `alpha * x`.
    LeakyRelu {
        /// The slope below 0.
        alpha: f64,
    },
    /// `x` above 0, else `e^x - 1`.
    Elu,
    /// `scale * x` above 0, else `scale * alpha * (e^x - 1)`, with the constants
    /// [`SELU_SCALE`](Activation::SELU_SCALE) and [`SELU_ALPHA`](Activation::SELU_ALPHA) of Klambauer
    /// et al., *Self-Normalizing Neural Networks* (2017).
    Selu,
    /// `log(1 + e^x)`, without overflow.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
}

impl Activation {
    /// The slope of `Selu` above 0.
    pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

    /// How far `Selu` goes below 0, before it is scaled.
    pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

    /// Every function, in the order of declaration, with TensorFlow's default slope.
    pub const ALL: [Activation; 7] = [
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu { alpha: 0.2 },
        Activation::Elu,
        Activation::Selu,
        Activation::Softplus,
        Activation::Softsign,
    ];
}

impl Nn {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Nn::Activation(op) => match op {
                Activation::Relu => "Relu",
                Activation::Relu6 => "Relu6",
                Activation::LeakyRelu { .. } => "LeakyRelu",
                Activation::Elu => "Elu",
                Activation::Selu => "Selu",
                Activation::Softplus => "Softplus",
                Activation::Softsign => "Softsign",
            },
            Nn::BiasAdd => "BiasAdd",
            Nn::Softmax => "Softmax",
            Nn::LogSoftmax => "LogSoftmax",
            Nn::SoftmaxCrossEntropy => "SoftmaxCrossEntropyWithLogits",
            Nn::SparseSoftmaxCrossEntropy => "SparseSoftmaxCrossEntropyWithLogits",
            Nn::Convolution(op, _) => op.type_name(),
            Nn::Pooling(op, _) => op.type_name(),
        }
    }

    pub(super) fn size_inputs(self) -> &'static [usize] {
        match self {
            Nn::Activation(_)
            | Nn::BiasAdd
            | Nn::Softmax
            | Nn::LogSoftmax
            | Nn::SoftmaxCrossEntropy
            | Nn::SparseSoftmaxCrossEntropy => &[],
            Nn::Convolution(op, _) => op.size_inputs(),
            Nn::Pooling(op, _) => op.size_inputs(),
        }
    }
}
