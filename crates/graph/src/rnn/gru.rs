//! The gated recurrent unit.

use crate::element::Float;
use crate::handle::Tensor;
use crate::initializer::{Initializer, ones_initializer, zeros_initializer};
use crate::rnn::activation::Activation;
use crate::rnn::cell::{RnnCell, StateParts};
use crate::rnn::linear::{Linear, LinearOptions, split_columns};
use crate::rnn::operands::Operands;
use crate::rnn::scope::CellScope;

/// A cell with gates and without a memory beside its output. TensorFlow 1's `GRUCell`.
///
/// With `[r, u] = sigmoid([x, h] · gates/kernel + gates/bias)` and
/// `candidate = tanh([x, r * h] · candidate/kernel + candidate/bias)` it gives
/// `h' = u * h + (1 - u) * candidate`, which is output and state.
///
/// Variables, in scope `gru_cell`: `gates/kernel`, `[inputs + units, 2 * units]`; `gates/bias`,
/// `[2 * units]`, which starts at one; `candidate/kernel`, `[inputs + units, units]`; `candidate/bias`,
/// `[units]`, which starts at zero.
///
/// ```
/// use aqueduct_graph::{Graph, GruCell, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let (_, last) = dynamic_rnn(&GruCell::new(8), x);
/// assert_eq!(last.shape().to_string(), "[?, 8]");
/// ```
#[derive(Debug)]
pub struct GruCell<'g, T> {
    units: usize,
    activation: Activation<'g, T>,
    kernel_initializer: Option<Initializer>,
    bias_initializer: Option<Initializer>,
    scope: CellScope,
}

impl<'g, T: Float> GruCell<'g, T> {
    /// A cell of so many units, at least 1.
    pub fn new(units: usize) -> GruCell<'g, T> {
        GruCell {
            units,
            activation: Activation::tanh(),
            kernel_initializer: None,
            bias_initializer: None,
            scope: CellScope::new("gru_cell"),
        }
    }

    /// The function of the candidate: `Tensor::relu`, or a closure.
    #[must_use]
    pub fn activation(
        mut self,
        activation: impl Fn(Tensor<'g, T>) -> Tensor<'g, T> + 'g,
    ) -> GruCell<'g, T> {
        self.activation = Activation::new(activation);
        self
    }

    /// What both kernels start from; else the scope's initializer.
    #[must_use]
    pub fn kernel_initializer(mut self, initializer: Initializer) -> GruCell<'g, T> {
        self.kernel_initializer = Some(initializer);
        self
    }

    /// What both biases start from.
    #[must_use]
    pub fn bias_initializer(mut self, initializer: Initializer) -> GruCell<'g, T> {
        self.bias_initializer = Some(initializer);
        self
    }

    /// The variable scope of the cell.
    #[must_use]
    pub fn name(mut self, name: &str) -> GruCell<'g, T> {
        self.scope = CellScope::new(name);
        self
    }

    /// The variables of the gates or of the candidate.
    fn options<'a>(
        &'a self,
        prefix: &'a str,
        sizes: [usize; 2],
        bias: impl Fn() -> Initializer,
    ) -> LinearOptions<'a> {
        LinearOptions {
            prefix,
            sizes,
            kernel_initializer: self.kernel_initializer.as_ref(),
            bias_initializer: self.bias_initializer.clone().unwrap_or_else(bias),
        }
    }
}

impl<'g, T: Float> RnnCell<'g> for GruCell<'g, T> {
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
            let rows = inputs + self.units;
            let of_gates = self.options("gates/", [rows, 2 * self.units], ones_initializer);
            let of_candidate = self.options("candidate/", [rows, self.units], zeros_initializer);
            let gates = Linear::new(graph, of_gates);
            let candidate = Linear::new(graph, of_candidate);

            let [reset, update] = split_columns(gates.apply(&[input, state]).sigmoid());
            let candidate = candidate.apply(&[input, reset * state]);
            let one: Tensor<'g, T> = graph.number(T::DTYPE, 1.0, "one").typed();
            let next = update * state + (one - update) * self.activation.apply(candidate);
            (next, next)
        })
    }
}
