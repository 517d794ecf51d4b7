//! The LSTM cell whose gates are normalised.

use crate::build::{Axes, DropoutOptions, KeepProb};
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::Tensor;
use crate::initializer::constant_initializer;
use crate::layers::normalized_layer;
use crate::rnn::activation::Activation;
use crate::rnn::cell::{RnnCell, StateParts};
use crate::rnn::linear::split_columns;
use crate::rnn::lstm_state::LstmState;
use crate::rnn::operands::Operands;
use crate::rnn::scope::CellScope;

/// An LSTM cell with layer normalisation, and with dropout that leaves the memory alone. TensorFlow 1's
/// `contrib.rnn.LayerNormBasicLSTMCell`.
///
/// With `[i, j, f, o] = [x, h] · kernel`, each of the four normalised to the mean 0 and the variance 1
/// over the units of a row and then scaled and moved, it gives
/// `c' = norm(c * sigmoid(f + forget_bias) + sigmoid(i) * dropout(tanh(j)))` and
/// `h' = tanh(c') * sigmoid(o)`; the output is `h'`.
///
/// Variables, in scope `layer_norm_basic_lstm_cell`: `kernel`, `[inputs + units, 4 * units]`, and
/// `gamma` and `beta`, `[units]`, in each of the scopes `input`, `transform`, `forget`, `output` and
/// `state`. Without normalisation there is a `bias`, `[4 * units]`, in their place, which starts as the
/// scope says.
///
/// ```
/// use aqueduct_graph::{Graph, LayerNormBasicLstmCell, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let keep_prob = g.placeholder::<f32>("keep_prob", shape![]);
/// let cell = LayerNormBasicLstmCell::new(64).dropout_keep_prob(keep_prob);
/// let (outputs, last) = dynamic_rnn(&cell, x);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 64]");
/// assert_eq!(last.c.shape().to_string(), "[?, 64]");
/// ```
#[derive(Debug)]
pub struct LayerNormBasicLstmCell<'g, T> {
    units: usize,
    forget_bias: f64,
    activation: Activation<'g, T>,
    layer_norm: bool,
    norm_gain: f64,
    norm_shift: f64,
    dropout_keep_prob: KeepProb<'g, T>,
    dropout_prob_seed: Option<u64>,
    scope: CellScope,
}

impl<'g, T: Float> LayerNormBasicLstmCell<'g, T> {
    /// A cell of so many units, at least 1, with a forget bias of 1; normalised, without dropout.
    pub fn new(units: usize) -> LayerNormBasicLstmCell<'g, T> {
        LayerNormBasicLstmCell {
            units,
            forget_bias: 1.0,
            activation: Activation::tanh(),
            layer_norm: true,
            norm_gain: 1.0,
            norm_shift: 0.0,
            dropout_keep_prob: KeepProb::Number(1.0),
            dropout_prob_seed: None,
            scope: CellScope::new("layer_norm_basic_lstm_cell"),
        }
    }

    /// What is added to the forget gate; no part of a variable.
    #[must_use]
    pub fn forget_bias(mut self, forget_bias: f64) -> LayerNormBasicLstmCell<'g, T> {
        self.forget_bias = forget_bias;
        self
    }

    /// The function in place of both `tanh`.
    #[must_use]
    pub fn activation(
        mut self,
        activation: impl Fn(Tensor<'g, T>) -> Tensor<'g, T> + 'g,
    ) -> LayerNormBasicLstmCell<'g, T> {
        self.activation = Activation::new(activation);
        self
    }

    /// Whether gates and memory are normalised; a bias stands in for it otherwise.
    #[must_use]
    pub fn layer_norm(mut self, layer_norm: bool) -> LayerNormBasicLstmCell<'g, T> {
        self.layer_norm = layer_norm;
        self
    }

    /// What each `gamma` starts from.
    #[must_use]
    pub fn norm_gain(mut self, gain: f64) -> LayerNormBasicLstmCell<'g, T> {
        self.norm_gain = gain;
        self
    }

    /// What each `beta` starts from.
    #[must_use]
    pub fn norm_shift(mut self, shift: f64) -> LayerNormBasicLstmCell<'g, T> {
        self.norm_shift = shift;
        self
    }

    /// The probability to keep an element of what is to be added to the memory: a number in (0, 1], or
    /// a scalar, which may be fed.
    #[must_use]
    pub fn dropout_keep_prob(
        mut self,
        keep_prob: impl Into<KeepProb<'g, T>>,
    ) -> LayerNormBasicLstmCell<'g, T> {
        self.dropout_keep_prob = keep_prob.into();
        self
    }

    /// The op seed of the draws of dropout.
    #[must_use]
    pub fn dropout_prob_seed(mut self, seed: u64) -> LayerNormBasicLstmCell<'g, T> {
        self.dropout_prob_seed = Some(seed);
        self
    }

    /// The variable scope of the cell.
    #[must_use]
    pub fn name(mut self, name: &str) -> LayerNormBasicLstmCell<'g, T> {
        self.scope = CellScope::new(name);
        self
    }
}

impl<'g, T: Float> LayerNormBasicLstmCell<'g, T> {
    /// The sums of the gates, in the order i, j, f, o.
    #[track_caller]
    fn gates(&self, graph: &'g Graph, inputs: usize, x: Tensor<'g, T>) -> [Tensor<'g, T>; 4] {
        let kernel = graph.get_variable("kernel", [inputs + self.units, 4 * self.units]);
        let product = x.matmul(kernel);
        if !self.layer_norm {
            let bias = graph.get_variable("bias", [4 * self.units]);
            return split_columns(product.bias_add(bias));
        }
        let [i, j, f, o] = split_columns(product);
        [
            self.normalized(i, "input"),
            self.normalized(j, "transform"),
            self.normalized(f, "forget"),
            self.normalized(o, "output"),
        ]
    }

    #[track_caller]
    fn normalized(&self, x: Tensor<'g, T>, scope: &str) -> Tensor<'g, T> {
        let graph = x.graph();
        let _scope = graph.open_variable_scope(scope);
        let variable =
            |name, start| graph.get_variable_with(name, [self.units], constant_initializer(start));
        let gamma = variable("gamma", self.norm_gain);
        let beta = variable("beta", self.norm_shift);
        normalized_layer(x, Axes::These(vec![1]), Some(beta), Some(gamma))
    }

    #[track_caller]
    fn dropped(&self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let options = DropoutOptions::new();
        let options = match self.dropout_prob_seed {
            Some(seed) => options.seed(seed),
            None => options,
        };
        x.dropout_with(self.dropout_keep_prob, options)
    }
}

impl<'g, T: Float> RnnCell<'g> for LayerNormBasicLstmCell<'g, T> {
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
            let x = graph.concat(&[input, state.h], 1);
            let [i, j, f, o] = self.gates(graph, inputs, x);
            let candidate = self.dropped(self.activation.apply(j));
            let forget = (f + T::from_f64(self.forget_bias)).sigmoid();
            let memory = state.c * forget + i.sigmoid() * candidate;
            let c = if self.layer_norm {
                self.normalized(memory, "state")
            } else {
                memory
            };
            let h = self.activation.apply(c) * o.sigmoid();
            (h, LstmState { c, h })
        })
    }
}
