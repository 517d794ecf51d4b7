//! The plain LSTM cell.

use crate::element::Float;
use crate::handle::Tensor;
use crate::initializer::zeros_initializer;
use crate::rnn::activation::Activation;
use crate::rnn::cell::{RnnCell, StateParts};
use crate::rnn::linear::{Linear, LinearOptions, split_columns};
use crate::rnn::lstm_state::LstmState;
use crate::rnn::operands::Operands;
use crate::rnn::scope::CellScope;

/// A cell with a memory and gates. TensorFlow 1's `BasicLSTMCell`.
///
/// With `[i, j, f, o] = [x, h] · kernel + bias` it gives
/// `c' = sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(j)` and `h' = sigmoid(o) * tanh(c')`;
/// the output is `h'`.
///
/// Variables, in scope `basic_lstm_cell`: `kernel`, `[inputs + units, 4 * units]`, and `bias`,
/// `[4 * units]`, which starts at zero.
///
/// ```
/// use aqueduct_graph::{BasicLstmCell, Graph, shape, static_rnn};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 5, 3]);
/// let cell = BasicLstmCell::new(128).forget_bias(1.0);
/// let (outputs, last) = static_rnn(&cell, &x.unstack(5, 1));
/// assert_eq!(outputs[4].shape().to_string(), "[?, 128]");
/// assert_eq!(last.c.shape().to_string(), "[?, 128]");
/// ```
#[derive(Debug)]
pub struct BasicLstmCell<'g, T> {
    units: usize,
    forget_bias: f64,
    activation: Activation<'g, T>,
    scope: CellScope,
}

impl<'g, T: Float> BasicLstmCell<'g, T> {
    /// A cell of so many units, at least 1, with a forget bias of 1.
    pub fn new(units: usize) -> BasicLstmCell<'g, T> {
        BasicLstmCell {
            units,
            forget_bias: 1.0,
            activation: Activation::tanh(),
            scope: CellScope::new("basic_lstm_cell"),
        }
    }

    /// What is added to the forget gate; no part of the variable.
    #[must_use]
    pub fn forget_bias(mut self, forget_bias: f64) -> BasicLstmCell<'g, T> {
        self.forget_bias = forget_bias;
        self
    }

    /// The function in place of both `tanh`.
    #[must_use]
    pub fn activation(
        mut self,
        activation: impl Fn(Tensor<'g, T>) -> Tensor<'g, T> + 'g,
    ) -> BasicLstmCell<'g, T> {
        self.activation = Activation::new(activation);
        self
    }

    /// The variable scope of the cell.
    #[must_use]
    pub fn name(mut self, name: &str) -> BasicLstmCell<'g, T> {
        self.scope = CellScope::new(name);
        self
    }
}

impl<'g, T: Float> RnnCell<'g> for BasicLstmCell<'g, T> {
    type Element = T;
    type State = LstmState<Tensor<'g, T>>;

    fn state(&self, parts: &mut StateParts<'_, 'g, T>) -> Self::State {
        LstmState {
            c: parts.memory([self.units]),
            h: parts.tensor([self.units]),
        }
    }

    #[track_caller]
    fn call(&self, input: Tensor<'g, T>, state: Self::State) -> (Tensor<'g, T>, Self::State) {
        let graph = input.graph();
        let _here = graph.here();
        let operands = Operands {
            scope: &self.scope,
            units: self.units,
            input,
            state: &[("c", state.c, self.units), ("h", state.h, self.units)],
        };
        operands.step(state, |inputs, state| {
            let linear = Linear::new(
                graph,
                LinearOptions {
                    prefix: "",
                    sizes: [inputs + self.units, 4 * self.units],
                    kernel_initializer: None,
                    bias_initializer: zeros_initializer(),
                },
            );
            let [i, j, f, o] = split_columns(linear.apply(&[input, state.h]));
            let forget = (f + T::from_f64(self.forget_bias)).sigmoid();
            let c = forget * state.c + i.sigmoid() * self.activation.apply(j);
            let h = self.activation.apply(c) * o.sigmoid();
            (h, LstmState { c, h })
        })
    }
}
