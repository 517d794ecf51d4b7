//! The driver that unrolls the steps into the graph.

use std::sync::OnceLock;

use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::nest::Nest;
use crate::rnn::cell::RnnCell;
use crate::rnn::options::RnnOptions;
use crate::rnn::step::{active_rows, refused, step};
use crate::sizes::Size;
use crate::value::Value;

/// Calls a cell once for each step, each `[batch, inputs]`, and gives the outputs of all steps and the
/// last state. The cell's variables are made once, in scope `rnn`. TensorFlow 1's `nn.static_rnn`.
///
/// ```
/// use aqueduct_graph::{BasicRnnCell, Graph, shape, static_rnn};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 28, 3]);
/// let (outputs, last) = static_rnn(&BasicRnnCell::new(8), &x.unstack(28, 1));
/// assert_eq!(outputs.len(), 28);
/// assert_eq!(last.shape().to_string(), "[?, 8]");
/// ```
#[track_caller]
pub fn static_rnn<'g, C: RnnCell<'g>>(
    cell: &C,
    inputs: &[Tensor<'g, C::Element>],
) -> (Vec<Tensor<'g, C::Element>>, C::State) {
    static_rnn_with(cell, inputs, RnnOptions::new())
}

/// [`static_rnn`] with lengths, an initial state or a scope.
#[track_caller]
pub fn static_rnn_with<'g, C: RnnCell<'g>>(
    cell: &C,
    inputs: &[Tensor<'g, C::Element>],
    options: RnnOptions<'g, C::State>,
) -> (Vec<Tensor<'g, C::Element>>, C::State) {
    let initial = options.initial_state.as_ref().map(Nest::parts);
    let Some(first) = inputs.first() else {
        let known = initial.into_iter().flatten().chain(options.lengths).next();
        return (Vec::new(), refuse_no_steps(cell, known));
    };
    let graph = first.graph();
    let _here = graph.here();
    if let Some(problem) = options.lengths_problem(first.shape().dim(0)) {
        let (output, state) = refused(graph, DRIVER, cell, first.any(), problem);
        return (vec![output; inputs.len()], state);
    }
    let name = options.scope.as_deref().unwrap_or("rnn");
    let _scope = graph.open_variable_scope(name);
    let mut state = match options.initial_state {
        Some(state) => state,
        None => cell.zero_state(graph, Size::of_axis(first.any(), 0)),
    };
    let masks = options.lengths.map(|lengths| {
        let steps = Size::from(inputs.len());
        active_rows(DRIVER, lengths, steps, (first.any(), 0)).unstack(inputs.len(), 0)
    });
    let mut outputs = Vec::with_capacity(inputs.len());
    for (place, input) in inputs.iter().enumerate() {
        let active = masks.as_ref().and_then(|masks| masks.get(place).copied());
        let (output, next) = step(DRIVER, cell, *input, state, active);
        outputs.push(output);
        state = next;
    }
    (outputs, state)
}

const DRIVER: &str = "static_rnn";

/// The state of a network without steps, which is a mistake.
///
/// Where no tensor tells which graph is meant, the mistake is kept in a graph of its own; whatever is
/// built of the state tells it.
#[track_caller]
pub(super) fn refuse_no_steps<'g, C: RnnCell<'g>>(
    cell: &C,
    known: Option<AnyTensor<'g>>,
) -> C::State {
    static ASTRAY: OnceLock<Graph> = OnceLock::new();
    let graph = known.map_or_else(|| ASTRAY.get_or_init(Graph::new), AnyTensor::graph);
    let _here = graph.here();
    let zero = graph.constant_value(Value::scalar(0.0_f32), "Const");
    let problem = Problem::argument("there are no steps")
        .help("give at least one input: `x.unstack(steps, 1)` makes a list of them");
    refused(graph, DRIVER, cell, zero, problem).1
}
