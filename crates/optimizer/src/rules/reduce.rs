//! Gradients of family `reduce`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Binary, Compare, Reduce, Reduction};
use aqueduct_graph::{AnyTensor, DType};

use super::{Rule, Step, broadcast_like, flows, signed, sum_to_like, zero};

pub(super) fn rule(op: &Reduce) -> Rule {
    match op {
        Reduce::Over {
            reduction,
            axes,
            keep_dims,
        } => {
            // Axes that are kept need not be put back.
            let missing = if *keep_dims { Vec::new() } else { axes.clone() };
            over(*reduction, axes.clone(), missing)
        }
        Reduce::Arg { .. } | Reduce::Cumulative { .. } => Rule::Missing("TOCOME"),
        Reduce::SumTo => flows(sum_to),
    }
}

fn over(reduction: Reduction, axes: Vec<usize>, missing: Vec<usize>) -> Rule {
    match reduction {
        Reduction::Sum => flows(move |step| sum(step, &missing)),
        Reduction::Prod => Rule::Missing("TOCOME"),
        Reduction::Mean => flows(move |step| mean(step, &missing)),
        Reduction::Max | Reduction::Min => flows(move |step| extreme(step, &axes, &missing)),
        Reduction::All | Reduction::Any => Rule::Blocks("it works on truth values"),
    }
}

fn sum(step: &mut Step<'_>, missing: &[usize]) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || broadcast_like(with_axes(g, missing), x));
}

fn mean(step: &mut Step<'_>, missing: &[usize]) {
    let (x, y, g) = (step.operand(0), step.output(), step.grad());
    step.give(0, || {
        let share = g.div(elements_per_result(x, y));
        broadcast_like(with_axes(share, missing), x)
    });
}

/// How many elements of `x` are reduced to one of `y`, as a scalar of their type.
fn elements_per_result<'g>(x: AnyTensor<'g>, y: AnyTensor<'g>) -> AnyTensor<'g> {
    let graph = x.graph();
    if let (Some(of_x), Some(of_y)) = (x.shape().elements(), y.shape().elements()) {
        let count = of_x / of_y.max(1);
        return graph.number(x.dtype(), count as f64, "count");
    }
    // Where there is no result there is nothing to divide either.
    let results = y.size(DType::I32);
    let results = results.binary(
        Binary::Maximum,
        graph.number(DType::I32, 1.0, "one"),
        "Maximum",
    );
    x.size(DType::I32).div(results).cast(x.dtype())
}

/// Elements that are equally extreme share the gradient evenly.
fn extreme(step: &mut Step<'_>, axes: &[usize], missing: &[usize]) {
    let (x, y, g) = (step.operand(0), step.output(), step.grad());
    let axes: Vec<usize> = axes.to_vec();
    step.give(0, || {
        let chosen = x.compare(Compare::Equal, with_axes(y, missing));
        let ties = chosen.cast(x.dtype()).reduce(Reduction::Sum, axes, true);
        let share = with_axes(g, missing).div(ties);
        chosen.select(share, zero(share))
    });
}

/// The tensor with axes of size 1 at these places of the result, ascending.
fn with_axes<'g>(tensor: AnyTensor<'g>, places: &[usize]) -> AnyTensor<'g> {
    places
        .iter()
        .fold(tensor, |tensor, place| tensor.expand_dims(signed(*place)))
}

fn sum_to(step: &mut Step<'_>) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || broadcast_like(g, x));
}

/// The gradient of `BroadcastTo`, the counterpart of `SumTo`.
pub(super) fn broadcast_to(step: &mut Step<'_>) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || sum_to_like(g, x));
}
