//! Drivers that run one cell forwards and one backwards.

use crate::element::Float;
use crate::handle::{AnyTensor, Tensor};
use crate::nest::Nest;
use crate::rnn::cell::RnnCell;
use crate::rnn::dynamic_rnn::{dynamic_rnn_with, inputs_problem};
use crate::rnn::options::RnnOptions;
use crate::rnn::static_rnn::{refuse_no_steps, static_rnn_with};
use crate::rnn::step::refused;

const SCOPE: &str = "bidirectional_rnn";

/// Runs one cell over the sequences, `[batch, time, inputs]`, and another over the reversed ones, and
/// gives the outputs of both, each in the order of the inputs, and both last states. The variables are
/// in scopes `bidirectional_rnn/fw` and `bidirectional_rnn/bw`. TensorFlow 1's
/// `nn.bidirectional_dynamic_rnn`.
///
/// ```
/// use aqueduct_graph::{Graph, GruCell, bidirectional_dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let ((forward, backward), _) =
///     bidirectional_dynamic_rnn(&GruCell::new(8), &GruCell::new(4), x);
/// let both = g.concat(&[forward, backward], 2);
/// assert_eq!(both.shape().to_string(), "[?, ?, 12]");
/// ```
#[track_caller]
pub fn bidirectional_dynamic_rnn<'g, F, B>(
    forward: &F,
    backward: &B,
    inputs: Tensor<'g, F::Element>,
) -> Directions<'g, F, B>
where
    F: RnnCell<'g>,
    B: RnnCell<'g, Element = F::Element>,
{
    bidirectional_dynamic_rnn_with(forward, backward, inputs, RnnOptions::new())
}

/// The outputs forwards and backwards, and both last states.
type Directions<'g, F, B> = (
    (
        Tensor<'g, <F as RnnCell<'g>>::Element>,
        Tensor<'g, <F as RnnCell<'g>>::Element>,
    ),
    (<F as RnnCell<'g>>::State, <B as RnnCell<'g>>::State),
);

/// [`bidirectional_dynamic_rnn`] with lengths, initial states, the time first, or a scope. With
/// lengths each row is reversed as far as it goes.
#[track_caller]
pub fn bidirectional_dynamic_rnn_with<'g, F, B>(
    forward: &F,
    backward: &B,
    inputs: Tensor<'g, F::Element>,
    options: RnnOptions<'g, (F::State, B::State)>,
) -> Directions<'g, F, B>
where
    F: RnnCell<'g>,
    B: RnnCell<'g, Element = F::Element>,
{
    let graph = inputs.graph();
    let _here = graph.here();
    if let Some(problem) = inputs_problem(inputs, &options) {
        let driver = "bidirectional_dynamic_rnn";
        let (output, state) = refused(graph, driver, forward, inputs.any(), problem.clone());
        // Of the poisoned output: one mistake is enough.
        let (_, backward) = refused(graph, driver, backward, output.any(), problem);
        return ((output, output), (state, backward));
    }
    let _scope = graph.open_variable_scope(options.scope.as_deref().unwrap_or(SCOPE));
    let (lengths, time_major) = (options.lengths, options.time_major);
    let axes = if time_major { (0, 1) } else { (1, 0) };
    let (forwards, backwards) = options.split();
    let (output, state) = dynamic_rnn_with(forward, inputs, forwards);
    let reversed_inputs = reversed(inputs, lengths, axes);
    let (behind, last) = dynamic_rnn_with(backward, reversed_inputs, backwards);
    ((output, reversed(behind, lengths, axes)), (state, last))
}

/// Runs one cell over a list of steps, each `[batch, inputs]`, and another over the reversed list. Gives
/// for each step the outputs of both side by side, and both last states. TensorFlow 1's
/// `nn.static_bidirectional_rnn`.
///
/// ```
/// use aqueduct_graph::{Graph, GruCell, shape, static_bidirectional_rnn};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 5, 3]);
/// let (outputs, _, _) =
///     static_bidirectional_rnn(&GruCell::new(8), &GruCell::new(4), &x.unstack(5, 1));
/// assert_eq!(outputs[0].shape().to_string(), "[?, 12]");
/// ```
#[track_caller]
pub fn static_bidirectional_rnn<'g, F, B>(
    forward: &F,
    backward: &B,
    inputs: &[Tensor<'g, F::Element>],
) -> (Vec<Tensor<'g, F::Element>>, F::State, B::State)
where
    F: RnnCell<'g>,
    B: RnnCell<'g, Element = F::Element>,
{
    static_bidirectional_rnn_with(forward, backward, inputs, RnnOptions::new())
}

/// [`static_bidirectional_rnn`] with lengths, initial states or a scope.
#[track_caller]
pub fn static_bidirectional_rnn_with<'g, F, B>(
    forward: &F,
    backward: &B,
    inputs: &[Tensor<'g, F::Element>],
    options: RnnOptions<'g, (F::State, B::State)>,
) -> (Vec<Tensor<'g, F::Element>>, F::State, B::State)
where
    F: RnnCell<'g>,
    B: RnnCell<'g, Element = F::Element>,
{
    let Some(first) = inputs.first() else {
        let initial = options.initial_state.as_ref().map(Nest::parts);
        let known = initial.into_iter().flatten().chain(options.lengths).next();
        let state = refuse_no_steps(forward, known);
        let known = state.parts().into_iter().next();
        return (Vec::new(), state, refuse_no_steps(backward, known));
    };
    let graph = first.graph();
    let _here = graph.here();
    let driver = "static_bidirectional_rnn";
    if let Some(problem) = options.lengths_problem(first.shape().dim(0)) {
        let (output, state) = refused(graph, driver, forward, first.any(), problem.clone());
        let (_, backward) = refused(graph, driver, backward, output.any(), problem);
        return (vec![output; inputs.len()], state, backward);
    }
    let _scope = graph.open_variable_scope(options.scope.as_deref().unwrap_or(SCOPE));
    let lengths = options.lengths;
    let (forwards, backwards) = options.split();
    let (outputs, state) = static_rnn_with(forward, inputs, forwards);
    let reversed_inputs = reversed_steps(inputs, lengths);
    let (behind, last) = static_rnn_with(backward, &reversed_inputs, backwards);
    let pairs = outputs.into_iter().zip(reversed_steps(&behind, lengths));
    let mut both = Vec::with_capacity(inputs.len());
    for (output, behind) in pairs {
        both.push(graph.concat(&[output, behind], 1));
    }
    (both, state, last)
}

/// The sequences backwards, each row as far as it goes. The axes are those of time and batch.
#[track_caller]
fn reversed<'g, T: Float>(
    x: Tensor<'g, T>,
    lengths: Option<AnyTensor<'g>>,
    (time, batch): (i64, i64),
) -> Tensor<'g, T> {
    let reversed = match lengths {
        Some(lengths) => x.any().reverse_sequence(lengths, time, batch),
        None => x.any().reverse(time),
    };
    Tensor::assume(reversed)
}

/// The steps backwards, each row as far as it goes.
#[track_caller]
fn reversed_steps<'g, T: Float>(
    steps: &[Tensor<'g, T>],
    lengths: Option<AnyTensor<'g>>,
) -> Vec<Tensor<'g, T>> {
    match (steps.first(), lengths) {
        (Some(first), Some(_)) => {
            let all = first.graph().stack(steps, 0);
            reversed(all, lengths, (0, 1)).unstack(steps.len(), 0)
        }
        _ => steps.iter().rev().copied().collect(),
    }
}
