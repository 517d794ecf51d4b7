//! What both peers need of a case: sizes, and first weights in the order of gates that they ask for.

use anyhow::bail;

use crate::case::{Case, Sizes};
use crate::formula;

/// The classes of the network for MNIST.
pub(crate) const DIGITS: usize = 10;

/// What a peer does in a step.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// A training step of an LSTM, the mean squared error of its last output.
    Sequences(Sizes),
    /// A training step of an LSTM with a linear layer, cross entropy.
    Digits(Sizes),
    /// The logits of that network.
    Inference(Sizes),
}

impl Work {
    /// Fails for a case that is no LSTM of these peers.
    pub(crate) fn of(case: Case) -> anyhow::Result<Work> {
        Ok(match case {
            Case::MnistStatic => Work::digits(128),
            Case::MnistDynamic => Work::digits(100),
            Case::Sequences(sizes) => Work::Sequences(sizes),
            Case::Inference { images } => Work::Inference(image_sizes(images)),
            _ => bail!("`{case}` is not measured here"),
        })
    }

    pub(crate) fn digits(images: usize) -> Work {
        Work::Digits(image_sizes(images))
    }
}

fn image_sizes(images: usize) -> Sizes {
    Sizes {
        batch: images,
        steps: 28,
        inputs: 28,
        hidden: 128,
    }
}

/// A gate of the LSTM, by its place in TensorFlow's kernel.
#[derive(Clone, Copy)]
pub(crate) enum Gate {
    Input,
    Cell,
    Forget,
    Output,
}

/// The first weights: TensorFlow's kernel `[inputs + hidden, 4 hidden]` and bias.
pub(crate) struct Weights {
    inputs: usize,
    hidden: usize,
    kernel: Vec<f32>,
    bias: Vec<f32>,
}

impl Weights {
    /// Of the variables that are made as numbers `stream` and `stream + 1`.
    pub(crate) fn new(stream: u32, sizes: Sizes) -> Weights {
        let Sizes { inputs, hidden, .. } = sizes;
        Weights {
            inputs,
            hidden,
            kernel: formula::weights(stream, (inputs + hidden) * 4 * hidden),
            bias: formula::weights(stream + 1, 4 * hidden),
        }
    }

    /// `[inputs, hidden]`.
    pub(crate) fn of_inputs(&self, gate: Gate) -> Vec<f32> {
        self.rows(gate, 0, self.inputs)
    }

    /// `[hidden, hidden]`.
    pub(crate) fn of_hidden(&self, gate: Gate) -> Vec<f32> {
        self.rows(gate, self.inputs, self.hidden)
    }

    /// `[hidden]`, with the forget bias of 1 that TensorFlow's cell adds.
    pub(crate) fn bias(&self, gate: Gate) -> Vec<f32> {
        let forget = if matches!(gate, Gate::Forget) {
            1.0
        } else {
            0.0
        };
        let bias = &self.bias[gate as usize * self.hidden..][..self.hidden];
        bias.iter().map(|bias| bias + forget).collect()
    }

    fn rows(&self, gate: Gate, first: usize, count: usize) -> Vec<f32> {
        let row = |row: usize| {
            let start = row * 4 * self.hidden + gate as usize * self.hidden;
            self.kernel[start..start + self.hidden].iter().copied()
        };
        (first..first + count).flat_map(row).collect()
    }
}
