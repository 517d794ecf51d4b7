//! A cell around which its input is led.

use std::fmt;
use std::panic::Location as Caller;

use crate::handle::Tensor;
use crate::mistake::Problem;
use crate::rnn::cell::{RnnCell, StateParts, call_cell};

/// Adds the input of a cell to its output. TensorFlow 1's `ResidualWrapper`.
///
/// Makes no variables and no scope.
///
/// ```
/// use aqueduct_graph::{Graph, GruCell, ResidualWrapper, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 8]);
/// let (outputs, _) = dynamic_rnn(&ResidualWrapper::new(GruCell::new(8)), x);
/// assert_eq!(outputs.shape(), x.shape());
/// ```
pub struct ResidualWrapper<'g, C: RnnCell<'g>> {
    cell: C,
    function: Option<Residual<'g, C::Element>>,
}

/// A function of input and output of a cell.
type Residual<'g, T> = Box<dyn Fn(Tensor<'g, T>, Tensor<'g, T>) -> Tensor<'g, T> + 'g>;

impl<'g, C: RnnCell<'g>> ResidualWrapper<'g, C> {
    /// Around a cell whose output is as wide as its input.
    pub fn new(cell: C) -> ResidualWrapper<'g, C> {
        ResidualWrapper {
            cell,
            function: None,
        }
    }

    /// The function of input and output in place of their sum. TensorFlow's `residual_fn`.
    #[must_use]
    pub fn residual_fn(
        mut self,
        function: impl Fn(Tensor<'g, C::Element>, Tensor<'g, C::Element>) -> Tensor<'g, C::Element> + 'g,
    ) -> ResidualWrapper<'g, C> {
        self.function = Some(Box::new(function));
        self
    }
}

impl<'g, C: RnnCell<'g>> RnnCell<'g> for ResidualWrapper<'g, C> {
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
        let (output, next) = call_cell(&self.cell, input, state);
        let result = match &self.function {
            Some(function) => {
                let _user_code = graph.called_from(Caller::caller());
                function(input, output)
            }
            None => sum(input, output),
        };
        (result, next)
    }
}

/// Input and output added, if they have one shape: neither may be broadcast.
#[track_caller]
fn sum<'g, T: crate::element::Float>(input: Tensor<'g, T>, output: Tensor<'g, T>) -> Tensor<'g, T> {
    let (from, to) = (input.shape(), output.shape());
    if input.is_poisoned() || output.is_poisoned() || from.compatible(&to) {
        return input + output;
    }
    let message = format!("the cell makes {to} of its input of shape {from}");
    let problem = Problem::shape(message)
        .help("give the cell as many units as it has inputs, or combine both with `residual_fn`")
        .operand("input", input.any())
        .operand("output", output.any());
    let name = "residual_wrapper";
    Tensor::assume(
        input
            .graph()
            .poisoned_like(output.any(), name, name, problem),
    )
}

impl<'g, C: RnnCell<'g> + fmt::Debug> fmt::Debug for ResidualWrapper<'g, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResidualWrapper")
            .field("cell", &self.cell)
            .finish_non_exhaustive()
    }
}
