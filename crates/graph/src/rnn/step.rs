//! One step of a driver.

use crate::element::DType;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::infer::plural;
use crate::mistake::Problem;
use crate::nest::Nest;
use crate::op::SizeReason;
use crate::rnn::cell::{RnnCell, StateParts, call_cell};
use crate::rnn::operands::poisoned;
use crate::rnn::options::ONE_FOR_EACH_ROW;
use crate::sizes::Size;

/// Calls the cell. Rows that are not active, of `[batch, 1]`, give zeros and keep their state.
#[track_caller]
pub(super) fn step<'g, C: RnnCell<'g>>(
    driver: &str,
    cell: &C,
    input: Tensor<'g, C::Element>,
    state: C::State,
    active: Option<Tensor<'g, bool>>,
) -> (Tensor<'g, C::Element>, C::State) {
    let graph = input.graph();
    let before = state.parts();
    let given = state.rebuild(&mut before.iter().copied());
    let (output, next) = call_cell(cell, input, given);
    let after = next.parts();
    let problem = another_state(&before, &after);
    if let Some(problem) = problem.or_else(|| no_rows(output.any(), input.any())) {
        let problem = problem.operand("input", input.any());
        let wrong = graph.poisoned_like(input.any(), driver, driver, problem);
        return poisoned(wrong, &state);
    }
    let Some(active) = active else {
        return (output, next);
    };
    let zero = graph.number(output.dtype(), 0.0, "zeros");
    let output = chosen(active, output.any(), zero);
    let mut kept = Vec::with_capacity(after.len());
    for (old, new) in before.into_iter().zip(after) {
        kept.push(chosen(active, new, old));
    }
    (output.typed(), next.rebuild(&mut kept.into_iter()))
}

/// What is wrong with the state that a cell gives.
fn another_state(before: &[AnyTensor<'_>], after: &[AnyTensor<'_>]) -> Option<Problem> {
    if before.len() != after.len() {
        let message = format!(
            "the cell takes a state of {} and gives one of {}",
            plural(before.len(), "tensor"),
            plural(after.len(), "tensor")
        );
        return Some(Problem::argument(message).help("return a state of the form that came in"));
    }
    let pairs = before.iter().zip(after).enumerate();
    let mut judged = pairs.filter(|(_, (old, new))| !old.is_poisoned() && !new.is_poisoned());
    let differs = |(_, (old, new)): &(usize, (&AnyTensor<'_>, &AnyTensor<'_>))| {
        old.dtype() != new.dtype() || !old.shape().compatible(&new.shape())
    };
    let (place, (old, new)) = judged.find(differs)?;
    let words = |tensor: &AnyTensor<'_>| format!("{}{}", tensor.dtype(), tensor.shape());
    let message = format!(
        "the cell gives {} for tensor {place} of the state, which is {}",
        words(new),
        words(old)
    );
    let problem =
        Problem::shape(message).help("a state keeps its shape and dtype from step to step");
    Some(problem.operand("state", *old).operand("next state", *new))
}

/// What is wrong with an output that has no row for each row of the input.
fn no_rows(output: AnyTensor<'_>, input: AnyTensor<'_>) -> Option<Problem> {
    if output.is_poisoned() || input.is_poisoned() {
        return None;
    }
    let (shape, batch) = (output.shape(), input.shape().dim(0)?);
    if shape.dim(0).is_some_and(|rows| rows.compatible(batch)) {
        return None;
    }
    let message = format!("the cell's output has shape {shape} but must be [{batch}, ..]");
    let problem = Problem::shape(message);
    let problem = problem.help("give a row for each row of the input, axis 0 is the batch");
    Some(problem.operand("output", output))
}

/// Rows of `new` where they are active, else of `old`. A scalar has no rows: it is always new.
#[track_caller]
fn chosen<'g>(active: Tensor<'g, bool>, new: AnyTensor<'g>, old: AnyTensor<'g>) -> AnyTensor<'g> {
    let rank = new.shape().rank();
    if rank == 0 {
        return new;
    }
    let mut rows = if rank == 1 { active.squeeze(1) } else { active };
    for _ in 2..rank {
        rows = rows.expand_dims(-1);
    }
    rows.any().select(new, old)
}

/// For each step which rows are active, `[steps, batch, 1]`; `like` has the batch as its axis 0.
#[track_caller]
pub(super) fn active_rows<'g>(
    driver: &str,
    lengths: AnyTensor<'g>,
    steps: Size<'g>,
    (like, batch_axis): (AnyTensor<'g>, usize),
) -> Tensor<'g, bool> {
    let lengths = one_for_each_row(driver, lengths, (like, batch_axis)).cast(DType::I64);
    let rows = lengths.sequence_mask(steps);
    rows.transpose(vec![1, 0]).expand_dims(-1).typed()
}

/// The lengths in the size of the batch, in a scope of TensorFlow's name. A run that is given another
/// number of them fails.
#[track_caller]
fn one_for_each_row<'g>(
    driver: &str,
    lengths: AnyTensor<'g>,
    (like, batch_axis): (AnyTensor<'g>, usize),
) -> AnyTensor<'g> {
    let _scope = lengths.graph().open_scope("CheckSeqLen");
    let reason = SizeReason::new(driver, "sequence_length", ONE_FOR_EACH_ROW);
    lengths.with_size(like, batch_axis, reason)
}

/// What a driver gives that cannot run: a poisoned tensor and state.
#[track_caller]
pub(super) fn refused<'g, C: RnnCell<'g>>(
    graph: &'g Graph,
    driver: &str,
    cell: &C,
    like: AnyTensor<'g>,
    problem: Problem,
) -> (Tensor<'g, C::Element>, C::State) {
    let wrong = if like.is_poisoned() {
        like
    } else {
        graph.poisoned_like(like, driver, driver, problem)
    };
    let wrong = Tensor::assume(wrong);
    let state = cell.state(&mut StateParts::new(&mut |_| wrong));
    (wrong, state)
}
