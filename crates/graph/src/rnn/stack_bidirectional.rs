//! The driver of several bidirectional layers, one on top of the other.

use crate::handle::Tensor;
use crate::mistake::Problem;
use crate::rnn::bidirectional::bidirectional_dynamic_rnn_with;
use crate::rnn::cell::RnnCell;
use crate::rnn::options::RnnOptions;
use crate::rnn::step::refused;

/// Bidirectional layers over the sequences, `[batch, time, inputs]`: each takes the outputs of both
/// directions of the one before, side by side. Gives those of the last layer, and the last states of the
/// layers, forwards and backwards. The variables are in scopes
/// `stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw` and so on. TensorFlow 1's
/// `contrib.rnn.stack_bidirectional_dynamic_rnn`.
///
/// ```
/// use aqueduct_graph::{Graph, GruCell, shape, stack_bidirectional_dynamic_rnn};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let layers = || [GruCell::new(8), GruCell::new(6)];
/// let (outputs, forward, _) = stack_bidirectional_dynamic_rnn(&layers(), &layers(), x);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 12]");
/// assert_eq!(forward[0].shape().to_string(), "[?, 8]");
/// ```
#[track_caller]
pub fn stack_bidirectional_dynamic_rnn<'g, F, B>(
    forward: &[F],
    backward: &[B],
    inputs: Tensor<'g, F::Element>,
) -> Stacked<'g, F, B>
where
    F: RnnCell<'g>,
    B: RnnCell<'g, Element = F::Element>,
{
    stack_bidirectional_dynamic_rnn_with(forward, backward, inputs, RnnOptions::new())
}

/// The outputs of the last layer, and the last states of all layers in both directions.
type Stacked<'g, F, B> = (
    Tensor<'g, <F as RnnCell<'g>>::Element>,
    Vec<<F as RnnCell<'g>>::State>,
    Vec<<B as RnnCell<'g>>::State>,
);

/// The initial states of all layers, forwards and backwards.
type States<'g, F, B> = (
    Vec<<F as RnnCell<'g>>::State>,
    Vec<<B as RnnCell<'g>>::State>,
);

/// [`stack_bidirectional_dynamic_rnn`] with lengths, initial states of all layers, the time first, or a
/// scope.
#[track_caller]
pub fn stack_bidirectional_dynamic_rnn_with<'g, F, B>(
    forward: &[F],
    backward: &[B],
    inputs: Tensor<'g, F::Element>,
    options: RnnOptions<'g, States<'g, F, B>>,
) -> Stacked<'g, F, B>
where
    F: RnnCell<'g>,
    B: RnnCell<'g, Element = F::Element>,
{
    let graph = inputs.graph();
    let _here = graph.here();
    if let Some(problem) = layers_problem(forward, backward, options.initial_state.as_ref()) {
        let wrong = graph.poisoned_like(inputs.any(), DRIVER, DRIVER, problem.clone());
        let states = forward
            .iter()
            .map(|cell| refused(graph, DRIVER, cell, wrong, problem.clone()).1);
        let last = backward
            .iter()
            .map(|cell| refused(graph, DRIVER, cell, wrong, problem.clone()).1);
        return (Tensor::assume(wrong), states.collect(), last.collect());
    }
    let scope = options
        .scope
        .as_deref()
        .unwrap_or("stack_bidirectional_rnn");
    let _scope = graph.open_variable_scope(scope);
    let (lengths, time_major) = (options.lengths, options.time_major);
    let mut initial = options
        .initial_state
        .map(|(forward, backward)| forward.into_iter().zip(backward));
    let mut layer = inputs;
    let (mut states, mut last) = (Vec::new(), Vec::new());
    for (place, (ahead, behind)) in forward.iter().zip(backward).enumerate() {
        let _scope = graph.open_variable_scope(&format!("cell_{place}"));
        let options = RnnOptions {
            lengths,
            initial_state: initial.as_mut().and_then(Iterator::next),
            time_major,
            scope: None,
        };
        let ((outputs, outputs_behind), (state, state_behind)) =
            bidirectional_dynamic_rnn_with(ahead, behind, layer, options);
        layer = graph.concat(&[outputs, outputs_behind], 2);
        states.push(state);
        last.push(state_behind);
    }
    (layer, states, last)
}

const DRIVER: &str = "stack_bidirectional_dynamic_rnn";

/// What is wrong with the numbers of cells and states.
fn layers_problem<F, B, S, T>(
    forward: &[F],
    backward: &[B],
    initial: Option<&(Vec<S>, Vec<T>)>,
) -> Option<Problem> {
    let (ahead, behind) = (forward.len(), backward.len());
    if ahead == 0 || ahead != behind {
        let message = format!("there are {ahead} cells forwards and {behind} backwards");
        return Some(Problem::argument(message).help("give one of each for every layer"));
    }
    let (states, states_behind) = initial.map(|(ahead, behind)| (ahead.len(), behind.len()))?;
    ((states, states_behind) != (ahead, behind)).then(|| {
        let message = format!(
            "there are {ahead} layers but {states} states forwards and {states_behind} backwards"
        );
        Problem::argument(message).help("give a state of each direction for every layer")
    })
}
