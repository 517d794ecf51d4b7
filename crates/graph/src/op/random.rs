//! Random numbers: TensorFlow's Philox streams.

use serde::{Deserialize, Serialize};

use crate::element::DType;

/// An op of the `random` family. Each draw moves the op's own counter on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Random {
    /// What is drawn.
    pub distribution: Distribution,
    /// The key and the counter's high half; `None` takes them from the operating system, once for
    /// each session.
    pub seeds: Option<Seeds>,
}

/// The two seeds that name a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seeds {
    /// The graph's seed: the generator's key.
    pub graph: u64,
    /// The op's seed: the high half of the generator's counter.
    pub op: u64,
}

/// What a random op draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distribution {
    /// `[shape: int vector] -> x`: uniform in [0, 1). TensorFlow's `RandomUniform`.
    Uniform {
        /// `F32` or `F64`.
        dtype: DType,
    },
    /// `[shape: int vector] -> x`: mean 0, deviation 1. TensorFlow's `RandomStandardNormal`.
    StandardNormal {
        /// `F32` or `F64`.
        dtype: DType,
    },
    /// `[shape: int vector] -> x`: standard normal, redrawn outside of (-2, 2). TensorFlow's
    /// `TruncatedNormal`.
    TruncatedNormal {
        /// `F32` or `F64`.
        dtype: DType,
    },
    /// `[shape: int vector, low: scalar, high: scalar] -> x`: uniform in [low, high).
    /// TensorFlow's `RandomUniformInt`.
    UniformInt {
        /// `I32` or `I64`.
        dtype: DType,
    },
    /// `[x] -> y`: the rows of `x` in random order. TensorFlow's `RandomShuffle`.
    Shuffle,
}

impl Random {
    pub(super) fn type_name(self) -> &'static str {
        match self.distribution {
            Distribution::Uniform { .. } => "RandomUniform",
            Distribution::StandardNormal { .. } => "RandomStandardNormal",
            Distribution::TruncatedNormal { .. } => "TruncatedNormal",
            Distribution::UniformInt { .. } => "RandomUniformInt",
            Distribution::Shuffle => "RandomShuffle",
        }
    }

    pub(super) fn size_inputs(self) -> &'static [usize] {
        match self.distribution {
            Distribution::Uniform { .. }
            | Distribution::StandardNormal { .. }
            | Distribution::TruncatedNormal { .. }
            | Distribution::UniformInt { .. } => &[0],
            Distribution::Shuffle => &[],
        }
    }
}
