//! The simplest recurrent cell.

use crate::element::Float;
use crate::handle::Tensor;
use crate::initializer::zeros_initializer;
use crate::rnn::activation::Activation;
use crate::rnn::cell::{RnnCell, StateParts};
use crate::rnn::linear::{Linear, LinearOptions};
use crate::rnn::operands::Operands;
use crate::rnn::scope::CellScope;

/// `h' = tanh([x, h] · kernel + bias)`, which is output and state. TensorFlow 1's `BasicRNNCell`.
///
/// Variables, in scope `basic_rnn_cell`: `kernel`, `[inputs + units, units]`, and `bias`, `[units]`.
///
/// ```
/// use aqueduct_graph::{BasicRnnCell, Graph, Tensor, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let cell = BasicRnnCell::new(8).activation(Tensor::relu);
/// let (outputs, _) = dynamic_rnn(&cell, x);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 8]");
/// ```
#[derive(Debug)]
pub struct BasicRnnCell<'g, T> {
    units: usize,
    activation: Activation<'g, T>,
    scope: CellScope,
}

impl<'g, T: Float> BasicRnnCell<'g, T> {
    /// A cell of so many units, at least 1.
    pub fn new(units: usize) -> BasicRnnCell<'g, T> {
        BasicRnnCell {
            units,
            activation: Activation::tanh(),
            scope: CellScope::new("basic_rnn_cell"),
        }
    }

    /// The function of the sums: `Tensor::relu`, or a closure.
    #[must_use]
    pub fn activation(
        mut self,
        activation: impl Fn(Tensor<'g, T>) -> Tensor<'g, T> + 'g,
    ) -> BasicRnnCell<'g, T> {
        self.activation = Activation::new(activation);
        self
    }

    /// The variable scope of the cell.
    #[must_use]
    pub fn name(mut self, name: &str) -> BasicRnnCell<'g, T> {
        self.scope = CellScope::new(name);
        self
    }
}

impl<'g, T: Float> RnnCell<'g> for BasicRnnCell<'g, T> {
    type Element = T;
    type State = Tensor<'g, T>;

    fn state(&self, parts: &mut StateParts<'_, 'g, T>) -> Tensor<'g, T> {
        parts.tensor([self.units])
    }

    #[track_caller]
    fn call(&self, input: Tensor<'g, T>, state: Tensor<'g, T>) -> (Tensor<'g, T>, Tensor<'g, T>) {
        let graph = input.graph();
        let _here = graph.here();
        let operands = Operands {
            scope: &self.scope,
            units: self.units,
            input,
            state: &[("h", state, self.units)],
        };
        operands.step(state, |inputs, state| {
            let linear = Linear::new(
                graph,
                LinearOptions {
                    prefix: "",
                    sizes: [inputs + self.units, self.units],
                    kernel_initializer: None,
                    bias_initializer: zeros_initializer(),
                },
            );
            let next = self.activation.apply(linear.apply(&[input, state]));
            (next, next)
        })
    }
}
