//! Cells with an affine function before or behind them.

use std::fmt;

use crate::handle::Tensor;
use crate::initializer::zeros_initializer;
use crate::rnn::activation::Activation;
use crate::rnn::cell::{RnnCell, StateParts, call_cell};
use crate::rnn::linear::{Linear, LinearOptions};
use crate::rnn::operands::Operands;
use crate::rnn::scope::CellScope;

/// Projects the output of a cell: `output · kernel + bias`; the state stays as it is. TensorFlow 1's
/// `contrib.rnn.OutputProjectionWrapper`.
///
/// Variables, in scope `output_projection_wrapper`, in which the cell's own scope is too: `kernel`,
/// `[cell's outputs, outputs]`, and `bias`, `[outputs]`.
///
/// ```
/// use aqueduct_graph::{BasicRnnCell, Graph, OutputProjectionWrapper, Tensor, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 30, 1]);
/// let cell = BasicRnnCell::new(100).activation(Tensor::relu);
/// let (outputs, last) = dynamic_rnn(&OutputProjectionWrapper::new(cell, 1), x);
/// assert_eq!(outputs.shape().to_string(), "[?, 30, 1]");
/// assert_eq!(last.shape().to_string(), "[?, 100]");
/// ```
pub struct OutputProjectionWrapper<'g, C: RnnCell<'g>> {
    cell: C,
    outputs: usize,
    activation: Option<Activation<'g, C::Element>>,
    scope: CellScope,
}

impl<'g, C: RnnCell<'g>> OutputProjectionWrapper<'g, C> {
    /// Around a cell, to so many outputs, at least 1.
    pub fn new(cell: C, outputs: usize) -> OutputProjectionWrapper<'g, C> {
        OutputProjectionWrapper {
            cell,
            outputs,
            activation: None,
            scope: CellScope::new("output_projection_wrapper"),
        }
    }

    /// The function of the projected output; none unless it is set.
    #[must_use]
    pub fn activation(
        mut self,
        activation: impl Fn(Tensor<'g, C::Element>) -> Tensor<'g, C::Element> + 'g,
    ) -> OutputProjectionWrapper<'g, C> {
        self.activation = Some(Activation::new(activation));
        self
    }
}

/// Projects the input of a cell: the cell takes `input · kernel + bias`. TensorFlow 1's
/// `contrib.rnn.InputProjectionWrapper`.
///
/// Variables, in scope `input_projection_wrapper`, in which the cell's own scope is too: `kernel`,
/// `[inputs, cell's inputs]`, and `bias`, `[cell's inputs]`.
///
/// ```
/// use aqueduct_graph::{Graph, GruCell, InputProjectionWrapper, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let words = g.placeholder::<f32>("words", shape![?, ?, 1000]);
/// let cell = InputProjectionWrapper::new(GruCell::new(16), 32);
/// let (outputs, _) = dynamic_rnn(&cell, words);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 16]");
/// ```
pub struct InputProjectionWrapper<'g, C: RnnCell<'g>> {
    cell: C,
    inputs: usize,
    activation: Option<Activation<'g, C::Element>>,
    scope: CellScope,
}

impl<'g, C: RnnCell<'g>> InputProjectionWrapper<'g, C> {
    /// Around a cell, which gets so many inputs, at least 1.
    pub fn new(cell: C, inputs: usize) -> InputProjectionWrapper<'g, C> {
        InputProjectionWrapper {
            cell,
            inputs,
            activation: None,
            scope: CellScope::new("input_projection_wrapper"),
        }
    }

    /// The function of the projected input; none unless it is set.
    #[must_use]
    pub fn activation(
        mut self,
        activation: impl Fn(Tensor<'g, C::Element>) -> Tensor<'g, C::Element> + 'g,
    ) -> InputProjectionWrapper<'g, C> {
        self.activation = Some(Activation::new(activation));
        self
    }
}

/// The projection of either wrapper, with its activation if it has one.
#[track_caller]
fn projected<'g, T: crate::element::Float>(
    x: Tensor<'g, T>,
    sizes: [usize; 2],
    activation: Option<&Activation<'g, T>>,
) -> Tensor<'g, T> {
    let linear = Linear::new(
        x.graph(),
        LinearOptions {
            prefix: "",
            sizes,
            kernel_initializer: None,
            bias_initializer: zeros_initializer(),
        },
    );
    let sums = linear.apply(&[x]);
    activation.map_or(sums, |activation| activation.apply(sums))
}

impl<'g, C: RnnCell<'g>> RnnCell<'g> for OutputProjectionWrapper<'g, C> {
    type Element = C::Element;
    type State = C::State;

    fn state(&self, parts: &mut StateParts<'_, 'g, C::Element>) -> C::State {
        self.cell.state(parts)
    }

    #[track_caller]
    fn call(
        &self,
        input: Tensor<'g, C::Element>,
        state: C::State,
    ) -> (Tensor<'g, C::Element>, C::State) {
        let graph = input.graph();
        let _here = graph.here();
        let _scope = self.scope.open(graph);
        let (output, next) = call_cell(&self.cell, input, state);
        let operands = Operands {
            scope: &self.scope,
            units: self.outputs,
            input: output,
            state: &[],
        };
        operands.step_within(next, |width, next| {
            let sizes = [width, self.outputs];
            (projected(output, sizes, self.activation.as_ref()), next)
        })
    }
}

impl<'g, C: RnnCell<'g>> RnnCell<'g> for InputProjectionWrapper<'g, C> {
    type Element = C::Element;
    type State = C::State;

    fn state(&self, parts: &mut StateParts<'_, 'g, C::Element>) -> C::State {
        self.cell.state(parts)
    }

    #[track_caller]
    fn call(
        &self,
        input: Tensor<'g, C::Element>,
        state: C::State,
    ) -> (Tensor<'g, C::Element>, C::State) {
        let graph = input.graph();
        let _here = graph.here();
        let operands = Operands {
            scope: &self.scope,
            units: self.inputs,
            input,
            state: &[],
        };
        operands.step(state, |width, state| {
            let x = projected(input, [width, self.inputs], self.activation.as_ref());
            call_cell(&self.cell, x, state)
        })
    }
}

macro_rules! debug {
    ($($wrapper:ident: $size:ident),*) => {$(
        impl<'g, C: RnnCell<'g> + fmt::Debug> fmt::Debug for $wrapper<'g, C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($wrapper))
                    .field("cell", &self.cell)
                    .field(stringify!($size), &self.$size)
                    .finish_non_exhaustive()
            }
        }
    )*};
}
debug!(OutputProjectionWrapper: outputs, InputProjectionWrapper: inputs);
