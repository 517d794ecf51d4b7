//! The driver that runs the steps in a loop.

use crate::element::Float;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::rnn::cell::RnnCell;
use crate::rnn::options::RnnOptions;
use crate::rnn::step::{active_rows, refused, step};
use crate::sizes::Size;

/// Runs a cell over sequences, `[batch, time, inputs]`, and gives the outputs, `[batch, time, outputs]`,
/// and the last state. Batch and time may be known only in a run. The steps are one
/// [`scan`](crate::Graph::scan); the cell's variables are made once, in scope `rnn`. TensorFlow 1's
/// `nn.dynamic_rnn`.
///
/// ```
/// use aqueduct_graph::{Graph, LstmCell, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
/// let (outputs, last) = dynamic_rnn(&LstmCell::new(64), x);
/// assert_eq!(outputs.to_string(), r#"Tensor("rnn/transpose:0", shape=(?, ?, 64), dtype=float32)"#);
/// assert_eq!(last.h.shape().to_string(), "[?, 64]");
/// let names: Vec<String> = g.trainable_variables().iter().map(|v| v.name()).collect();
/// assert_eq!(names, ["rnn/lstm_cell/kernel", "rnn/lstm_cell/bias"]);
/// ```
#[track_caller]
pub fn dynamic_rnn<'g, C: RnnCell<'g>>(
    cell: &C,
    inputs: Tensor<'g, C::Element>,
) -> (Tensor<'g, C::Element>, C::State) {
    dynamic_rnn_with(cell, inputs, RnnOptions::new())
}

/// [`dynamic_rnn`] with lengths, an initial state, the time first, or a scope.
#[track_caller]
pub fn dynamic_rnn_with<'g, C: RnnCell<'g>>(
    cell: &C,
    inputs: Tensor<'g, C::Element>,
    options: RnnOptions<'g, C::State>,
) -> (Tensor<'g, C::Element>, C::State) {
    let graph = inputs.graph();
    let _here = graph.here();
    if let Some(problem) = inputs_problem(inputs, &options) {
        return refused(graph, DRIVER, cell, inputs.any(), problem);
    }
    let time_major = options.time_major;
    // Outside of the scope, where TensorFlow 1 did it, so that the output is `rnn/transpose`.
    let steps = if time_major { inputs } else { swapped(inputs) };
    let batch = (inputs.any(), batch_axis(time_major));
    let count = Size::of_axis(inputs.any(), time_axis(time_major));
    let mask = |lengths: AnyTensor<'g>| active_rows(DRIVER, lengths, count, batch);
    let masks: Vec<Tensor<'g, bool>> = options.lengths.into_iter().map(mask).collect();
    let _scope = graph.open_variable_scope(options.scope.as_deref().unwrap_or("rnn"));
    let state = match options.initial_state {
        Some(state) => state,
        None => cell.zero_state(graph, Size::of_axis(batch.0, batch.1)),
    };
    let (last, outputs) = graph.scan(state, (steps, masks), |state, (input, masks)| {
        let _here = graph.here();
        let active = masks.first().copied();
        let (output, next) = step(DRIVER, cell, input, state, active);
        (next, output)
    });
    let outputs = if time_major {
        outputs
    } else {
        swapped(outputs)
    };
    (outputs, last)
}

const DRIVER: &str = "dynamic_rnn";

fn batch_axis(time_major: bool) -> usize {
    usize::from(time_major)
}

fn time_axis(time_major: bool) -> usize {
    usize::from(!time_major)
}

/// What is wrong with sequences and their lengths. Of poisoned ones nothing is known.
pub(super) fn inputs_problem<T: Float, S>(
    inputs: Tensor<'_, T>,
    options: &RnnOptions<'_, S>,
) -> Option<Problem> {
    let shape = inputs.shape();
    if inputs.is_poisoned() || shape.rank() < 3 {
        let form = if options.time_major {
            "[time, batch, inputs]"
        } else {
            "[batch, time, inputs]"
        };
        let message = format!("the input has shape {shape} but must be {form}");
        let problem = Problem::shape(message).help(
            "give the axis that is missing with `expand_dims`, or call the cell itself for a single \
             step",
        );
        return Some(problem.operand("input", inputs.any()));
    }
    options.lengths_problem(shape.dim(batch_axis(options.time_major)))
}

/// The first two axes in the other order.
#[track_caller]
fn swapped<T: Float>(x: Tensor<'_, T>) -> Tensor<'_, T> {
    let others = 2..x.shape().rank();
    let axes: Vec<usize> = [1, 0].into_iter().chain(others).collect();
    x.transpose(axes)
}
