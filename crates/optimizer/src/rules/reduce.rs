//! Gradients of family `reduce`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Accumulation, Binary, Compare, Reduce, Reduction};
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
        Reduce::Arg { .. } => Rule::Blocks("it gives places, which are whole numbers"),
        Reduce::Cumulative {
            accumulation,
            axis,
            exclusive,
            reverse,
        } => cumulative(*accumulation, *axis, *exclusive, *reverse),
        Reduce::Recurrence { axis, reverse } => {
            let (axis, reverse) = (*axis, *reverse);
            flows(move |step| recurrence(step, axis, reverse))
        }
        Reduce::SumTo => flows(sum_to),
    }
}

fn over(reduction: Reduction, axes: Vec<usize>, missing: Vec<usize>) -> Rule {
    match reduction {
        Reduction::Sum => flows(move |step| sum(step, &missing)),
        Reduction::Prod => flows(move |step| prod(step, &axes, &missing)),
        Reduction::Mean => flows(move |step| mean(step, &missing)),
        Reduction::Max | Reduction::Min => flows(move |step| extreme(step, &axes, &missing)),
        Reduction::All | Reduction::Any => Rule::Blocks("it works on truth values"),
    }
}

fn sum(step: &mut Step<'_>, missing: &[usize]) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || broadcast_like(with_axes(g, missing), x));
}

fn prod(step: &mut Step<'_>, axes: &[usize], missing: &[usize]) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || {
        let g = with_axes(g, missing);
        let others = product_of_others(x, axes);
        others.map_or(g, |others| g.mul(others))
    });
}

/// For each element, the product of the others that it is multiplied with: of those before it and
/// of those after it, as dividing the whole by the element would not do where that is 0. `None` over
/// no axes.
fn product_of_others<'g>(x: AnyTensor<'g>, axes: &[usize]) -> Option<AnyTensor<'g>> {
    let mut others: Option<AnyTensor<'g>> = None;
    let mut partial = x;
    for axis in axes {
        let beside =
            |reverse| partial.cumulative(Accumulation::Product, signed(*axis), true, reverse);
        let along = beside(false).mul(beside(true));
        others = Some(others.map_or(along, |others| others.mul(along)));
        partial = partial.reduce(Reduction::Prod, *axis, true);
    }
    others
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

fn cumulative(accumulation: Accumulation, axis: usize, exclusive: bool, reverse: bool) -> Rule {
    match accumulation {
        Accumulation::Sum => flows(move |step| {
            let g = step.grad();
            let back = || g.cumulative(Accumulation::Sum, signed(axis), exclusive, !reverse);
            step.give(0, back);
        }),
        Accumulation::Product => flows(move |step| cumprod(step, axis, exclusive, reverse)),
    }
}

/// Each element is in the products of all places from its own on (from the next on, if these are
/// exclusive). Of all of them the elements before it are factored out; what is left is a sum of
/// products of the elements after it, taken from the end by a recurrence. TensorFlow divides by the
/// element instead, which is wrong where that is 0.
fn cumprod(step: &mut Step<'_>, axis: usize, exclusive: bool, reverse: bool) {
    let (x, y, g) = (step.operand(0), step.output(), step.grad());
    step.give(0, || {
        if exclusive {
            return y.mul(x.linear_recurrence(g, axis, !reverse));
        }
        let before = x.cumulative(Accumulation::Product, signed(axis), true, reverse);
        let after = x.linear_recurrence(x.mul(g), axis, !reverse);
        before.mul(g.add(after))
    });
}

/// `y = terms + factors * y` of the place before: what comes to a place goes on to the one before it
/// by the same recurrence, the other way.
fn recurrence(step: &mut Step<'_>, axis: usize, reverse: bool) {
    let (factors, y, g) = (step.operand(0), step.output(), step.grad());
    let passed_on = factors.linear_recurrence(g, axis, !reverse);
    step.give(0, || y.mul(passed_on));
    step.give(1, || passed_on);
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
