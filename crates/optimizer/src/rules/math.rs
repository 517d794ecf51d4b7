//! Gradients of family `math`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::AnyTensor;
use aqueduct_graph::ir::{Binary, Compare, Math, Unary};

use super::{Rule, Step, as_is, flows, one, sum_to_like, zero};

pub(super) fn rule(op: Math) -> Rule {
    match op {
        Math::Unary(Unary::Floor | Unary::Ceil | Unary::Round) => {
            Rule::Blocks("it is constant between whole numbers")
        }
        Math::Unary(op) => flows(move |step| unary(op, step)),
        Math::Binary(op) => binary(op),
        Math::Compare(_) => Rule::Blocks("a comparison gives truth values"),
        Math::Test(_) | Math::Logical(_) | Math::Not => Rule::Blocks("it gives truth values"),
        Math::Select => flows(select),
        Math::AddN => flows(as_is),
        Math::MatMul {
            transpose_a,
            transpose_b,
        } => flows(move |step| matmul(step, transpose_a, transpose_b)),
        Math::Cast { to } if to.is_float() => flows(cast),
        Math::Cast { .. } => {
            Rule::Blocks("it casts floats to a type of whole numbers or truth values")
        }
    }
}

fn unary(op: Unary, step: &mut Step<'_>) {
    let (x, y, g) = (step.operand(0), step.output(), step.grad());
    step.give(0, || match op {
        Unary::Neg => g.unary(Unary::Neg),
        Unary::Abs => g.mul(x.unary(Unary::Sign)),
        Unary::Sign => x.zeros_like(),
        Unary::Reciprocal => g.mul(y.unary(Unary::Square)).unary(Unary::Neg),
        Unary::Square => g.mul(x.scale(2.0)),
        Unary::Sqrt => g.scale(0.5).div(y),
        Unary::Rsqrt => g.scale(-0.5).mul(y.unary(Unary::Square).mul(y)),
        Unary::Exp => g.mul(y),
        Unary::Log => g.div(x),
        Unary::Tanh => g.mul(one(y).sub(y.unary(Unary::Square))),
        Unary::Sigmoid => g.mul(y.mul(one(y).sub(y))),
        // TOCOME
        Unary::Expm1
        | Unary::Log1p
        | Unary::Sin
        | Unary::Cos
        | Unary::Erf
        | Unary::Floor
        | Unary::Ceil
        | Unary::Round => x.zeros_like(),
    });
}

fn binary(op: Binary) -> Rule {
    match op {
        Binary::Add => flows(add),
        Binary::Sub => flows(sub),
        Binary::Mul => flows(mul),
        Binary::Div => flows(div),
        // Of equal operands the left one has all of the gradient.
        Binary::Maximum => flows(|step| chosen(step, Compare::GreaterEqual)),
        Binary::Minimum => flows(|step| chosen(step, Compare::LessEqual)),
        Binary::SquaredDifference => flows(squared_difference),
        Binary::Pow | Binary::FloorDiv | Binary::FloorMod => Rule::Missing("TOCOME"),
    }
}

fn add(step: &mut Step<'_>) {
    let g = step.grad();
    step.give_summed(0, || g);
    step.give_summed(1, || g);
}

fn sub(step: &mut Step<'_>) {
    let g = step.grad();
    step.give_summed(0, || g);
    step.give_summed(1, || g.unary(Unary::Neg));
}

fn mul(step: &mut Step<'_>) {
    let (a, b, g) = (step.operand(0), step.operand(1), step.grad());
    step.give_summed(0, || g.mul(b));
    step.give_summed(1, || g.mul(a));
}

fn div(step: &mut Step<'_>) {
    let (a, b, g) = (step.operand(0), step.operand(1), step.grad());
    step.give_summed(0, || g.div(b));
    step.give_summed(1, || g.mul(a.unary(Unary::Neg).div(b).div(b)));
}

/// The gradient goes to the left operand where the comparison holds, else to the right one.
fn chosen(step: &mut Step<'_>, left: Compare) {
    let (a, b, g) = (step.operand(0), step.operand(1), step.grad());
    let left = a.compare(left, b);
    give_chosen(step, [0, 1], left, g);
}

fn select(step: &mut Step<'_>) {
    let (condition, g) = (step.operand(0), step.grad());
    give_chosen(step, [1, 2], condition, g);
}

/// Gives `g` to the first slot where the condition holds and to the second elsewhere; the other one
/// has zeros there, whatever `g` is.
fn give_chosen<'g>(
    step: &mut Step<'g>,
    [on_true, on_false]: [usize; 2],
    condition: AnyTensor<'g>,
    g: AnyTensor<'g>,
) {
    step.give_summed(on_true, || condition.select(g, zero(g)));
    step.give_summed(on_false, || condition.select(zero(g), g));
}

fn squared_difference(step: &mut Step<'_>) {
    let (a, b, g) = (step.operand(0), step.operand(1), step.grad());
    let slope = g.scale(2.0).mul(a.sub(b));
    step.give_summed(0, || slope);
    step.give_summed(1, || slope.unary(Unary::Neg));
}

/// For `c = op(a) · op(b)`. A transposed operand has a transposed gradient, which is the product of
/// both factors transposed in the other order. The axes before the matrices may have been broadcast.
fn matmul(step: &mut Step<'_>, transpose_a: bool, transpose_b: bool) {
    let (a, b, g) = (step.operand(0), step.operand(1), step.grad());
    // Two matrices are never broadcast, even where their sizes are not known to be the same.
    let batches = a.shape().rank() > 2 || b.shape().rank() > 2;
    let summed = |gradient, like| {
        if batches {
            sum_to_like(gradient, like)
        } else {
            gradient
        }
    };
    step.give(0, || {
        let gradient = if transpose_a {
            b.matmul(g, transpose_b, true)
        } else {
            g.matmul(b, false, !transpose_b)
        };
        summed(gradient, a)
    });
    step.give(1, || {
        let gradient = if transpose_b {
            g.matmul(a, true, transpose_a)
        } else {
            a.matmul(g, !transpose_a, false)
        };
        summed(gradient, b)
    });
}

fn cast(step: &mut Step<'_>) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || g.cast(x.dtype()));
}
