//! The LSTM cell with everything.

use crate::element::Float;
use crate::graph::Graph;
use crate::handle::{Tensor, Variable};
use crate::initializer::{Initializer, zeros_initializer};
use crate::rnn::activation::Activation;
use crate::rnn::cell::{RnnCell, StateParts};
use crate::rnn::linear::{Linear, LinearOptions, split_columns, variable_options};
use crate::rnn::lstm_state::LstmState;
use crate::rnn::operands::Operands;
use crate::rnn::scope::CellScope;

/// An LSTM cell with peepholes, clipping and a projection, each if it is asked for. TensorFlow 1's
/// `LSTMCell`.
///
/// With none of them it computes what [`BasicLstmCell`](crate::BasicLstmCell) does.
///
/// Variables, in scope `lstm_cell`: `kernel`, `[inputs + outputs, 4 * units]`, in the order i, j, f, o;
/// `bias`, `[4 * units]`, which starts at zero; with peepholes `w_f_diag`, `w_i_diag` and `w_o_diag`,
/// `[units]`; with a projection `projection/kernel`, `[units, outputs]`. Without a projection there
/// are as many outputs as units.
///
/// ```
/// use aqueduct_graph::{Graph, LstmCell, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let (outputs, last) = dynamic_rnn(&LstmCell::new(64).num_proj(2), x);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 2]");
/// assert_eq!(last.c.shape().to_string(), "[?, 64]");
/// assert_eq!(last.h.shape().to_string(), "[?, 2]");
/// ```
#[derive(Debug)]
pub struct LstmCell<'g, T> {
    units: usize,
    use_peepholes: bool,
    cell_clip: Option<f64>,
    num_proj: Option<usize>,
    proj_clip: Option<f64>,
    forget_bias: f64,
    initializer: Option<Initializer>,
    activation: Activation<'g, T>,
    scope: CellScope,
}

impl<'g, T: Float> LstmCell<'g, T> {
    /// A cell of so many units, at least 1, with a forget bias of 1.
    pub fn new(units: usize) -> LstmCell<'g, T> {
        LstmCell {
            units,
            use_peepholes: false,
            cell_clip: None,
            num_proj: None,
            proj_clip: None,
            forget_bias: 1.0,
            initializer: None,
            activation: Activation::tanh(),
            scope: CellScope::new("lstm_cell"),
        }
    }

    /// Lets the gates see the memory: input and forget gate the old one, the output gate the next.
    #[must_use]
    pub fn use_peepholes(mut self) -> LstmCell<'g, T> {
        self.use_peepholes = true;
        self
    }

    /// Brings the memory into `-limit..=limit` at each step, before the output gate sees it.
    #[must_use]
    pub fn cell_clip(mut self, limit: f64) -> LstmCell<'g, T> {
        self.cell_clip = Some(limit);
        self
    }

    /// Projects the output to so many, at least 1; the projected one is carried to the next step.
    #[must_use]
    pub fn num_proj(mut self, outputs: usize) -> LstmCell<'g, T> {
        self.num_proj = Some(outputs);
        self
    }

    /// Brings the projected output into `-limit..=limit`. Without a projection it does nothing.
    #[must_use]
    pub fn proj_clip(mut self, limit: f64) -> LstmCell<'g, T> {
        self.proj_clip = Some(limit);
        self
    }

    /// What is added to the forget gate; no part of the variable.
    #[must_use]
    pub fn forget_bias(mut self, forget_bias: f64) -> LstmCell<'g, T> {
        self.forget_bias = forget_bias;
        self
    }

    /// What kernels and peepholes start from; else the scope's initializer.
    #[must_use]
    pub fn initializer(mut self, initializer: Initializer) -> LstmCell<'g, T> {
        self.initializer = Some(initializer);
        self
    }

    /// The function in place of both `tanh`.
    #[must_use]
    pub fn activation(
        mut self,
        activation: impl Fn(Tensor<'g, T>) -> Tensor<'g, T> + 'g,
    ) -> LstmCell<'g, T> {
        self.activation = Activation::new(activation);
        self
    }

    /// The variable scope of the cell.
    #[must_use]
    pub fn name(mut self, name: &str) -> LstmCell<'g, T> {
        self.scope = CellScope::new(name);
        self
    }

    /// The size of the output.
    fn outputs(&self) -> usize {
        self.num_proj.unwrap_or(self.units)
    }
}

/// The variables of a cell, made in TensorFlow's order, which seeds follow.
struct Variables<'g, T> {
    linear: Linear<'g, T>,
    peepholes: Option<Peepholes<'g, T>>,
    projection: Option<Variable<'g, T>>,
}

struct Peepholes<'g, T> {
    f: Variable<'g, T>,
    i: Variable<'g, T>,
    o: Variable<'g, T>,
}

impl<'g, T: Float> LstmCell<'g, T> {
    #[track_caller]
    fn variables(&self, graph: &'g Graph, inputs: usize) -> Variables<'g, T> {
        let initializer = self.initializer.as_ref();
        let linear = Linear::new(
            graph,
            LinearOptions {
                prefix: "",
                sizes: [inputs + self.outputs(), 4 * self.units],
                kernel_initializer: initializer,
                bias_initializer: zeros_initializer(),
            },
        );
        let variable = |name: &str, sizes: &[usize]| {
            graph.get_variable_with(name, sizes, variable_options(initializer))
        };
        let peepholes = self.use_peepholes.then(|| Peepholes {
            f: variable("w_f_diag", &[self.units]),
            i: variable("w_i_diag", &[self.units]),
            o: variable("w_o_diag", &[self.units]),
        });
        let projection = self
            .num_proj
            .map(|outputs| variable("projection/kernel", &[self.units, outputs]));
        Variables {
            linear,
            peepholes,
            projection,
        }
    }

    /// The next memory, of the sums of the input gate, the new memory and the forget gate.
    #[track_caller]
    fn memory(
        &self,
        [i, j, f]: [Tensor<'g, T>; 3],
        c: Tensor<'g, T>,
        peepholes: Option<&Peepholes<'g, T>>,
    ) -> Tensor<'g, T> {
        let mut forget = f + T::from_f64(self.forget_bias);
        let mut input = i;
        if let Some(see) = peepholes {
            forget = forget + see.f * c;
            input = input + see.i * c;
        }
        let next = forget.sigmoid() * c + input.sigmoid() * self.activation.apply(j);
        clipped(next, self.cell_clip)
    }

    /// The output, projected if the cell does so.
    #[track_caller]
    fn output(
        &self,
        gate: Tensor<'g, T>,
        c: Tensor<'g, T>,
        own: &Variables<'g, T>,
    ) -> Tensor<'g, T> {
        let gate = match &own.peepholes {
            Some(see) => gate + see.o * c,
            None => gate,
        };
        let output = gate.sigmoid() * self.activation.apply(c);
        match own.projection {
            Some(kernel) => clipped(output.matmul(kernel), self.proj_clip),
            None => output,
        }
    }
}

#[track_caller]
fn clipped<'g, T: Float>(x: Tensor<'g, T>, limit: Option<f64>) -> Tensor<'g, T> {
    match limit {
        Some(limit) => x.clip_by_value(T::from_f64(-limit), T::from_f64(limit)),
        None => x,
    }
}

impl<'g, T: Float> RnnCell<'g> for LstmCell<'g, T> {
    type Element = T;
    type State = LstmState<Tensor<'g, T>>;

    fn state(&self, parts: &mut StateParts<'_, 'g, T>) -> Self::State {
        LstmState {
            c: parts.memory([self.units]),
            h: parts.tensor([self.outputs()]),
        }
    }

    #[track_caller]
    fn call(&self, input: Tensor<'g, T>, state: Self::State) -> (Tensor<'g, T>, Self::State) {
        let graph = input.graph();
        let _here = graph.here();
        let operands = Operands {
            scope: &self.scope,
            units: self.units.min(self.outputs()),
            input,
            state: &[("c", state.c, self.units), ("h", state.h, self.outputs())],
        };
        operands.step(state, |inputs, state| {
            let own = self.variables(graph, inputs);
            let [i, j, f, o] = split_columns(own.linear.apply(&[input, state.h]));
            let c = self.memory([i, j, f], state.c, own.peepholes.as_ref());
            let h = self.output(o, c, &own);
            (h, LstmState { c, h })
        })
    }
}
