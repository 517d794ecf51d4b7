//! Gradients of family `math`.

#![deny(clippy::wildcard_enum_match_arm)]

use std::f64::consts::FRAC_2_SQRT_PI;

use aqueduct_graph::AnyTensor;
use aqueduct_graph::ir::{Binary, Compare, Math, Unary};

use super::{Rule, Step, as_is, flows, one, sum_to_like, zero};

pub(super) fn rule(op: Math) -> Rule {
    match op {
        Math::Unary(op) => unary(op),
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

fn unary(op: Unary) -> Rule {
    match op {
        Unary::Neg => each(|_, _, g| g.unary(Unary::Neg)),
        Unary::Abs => each(|x, _, g| g.mul(x.unary(Unary::Sign))),
        Unary::Sign => each(|x, _, _| x.zeros_like()),
        Unary::Reciprocal => each(|_, y, g| g.mul(y.unary(Unary::Square)).unary(Unary::Neg)),
        Unary::Square => each(|x, _, g| g.mul(x.scale(2.0))),
        Unary::Sqrt => each(|_, y, g| g.scale(0.5).div(y)),
        Unary::Rsqrt => each(|_, y, g| g.scale(-0.5).mul(y.unary(Unary::Square).mul(y))),
        Unary::Exp => each(|_, y, g| g.mul(y)),
        Unary::Log => each(|x, _, g| g.div(x)),
        Unary::Tanh => each(|_, y, g| g.mul(one(y).sub(y.unary(Unary::Square)))),
        Unary::Sigmoid => each(|_, y, g| g.mul(y.mul(one(y).sub(y)))),
        // Of the operand: below 0 the sum of 1 and the result has few digits, or none.
        Unary::Expm1 => each(|x, _, g| g.mul(x.unary(Unary::Exp))),
        Unary::Log1p => each(|x, _, g| g.div(one(x).add(x))),
        Unary::Sin => each(|x, _, g| g.mul(x.unary(Unary::Cos))),
        Unary::Cos => each(|x, _, g| g.mul(x.unary(Unary::Sin)).unary(Unary::Neg)),
        Unary::Erf => each(|x, _, g| g.mul(bell(x))),
        Unary::Erfc => each(|x, _, g| g.mul(bell(x).unary(Unary::Neg))),
        Unary::Tan => each(|_, y, g| g.mul(one(y).add(y.unary(Unary::Square)))),
        Unary::Asin => each(|x, _, g| g.div(other_leg(x))),
        Unary::Acos => each(|x, _, g| g.div(other_leg(x)).unary(Unary::Neg)),
        Unary::Atan => each(|x, _, g| g.div(one(x).add(x.unary(Unary::Square)))),
        Unary::Sinh => each(|x, _, g| g.mul(x.unary(Unary::Cosh))),
        Unary::Cosh => each(|x, _, g| g.mul(x.unary(Unary::Sinh))),
        // Of the result, whose functions do not overflow where the square of the operand does.
        Unary::Asinh => each(|_, y, g| g.div(y.unary(Unary::Cosh))),
        Unary::Acosh => each(|_, y, g| g.div(y.unary(Unary::Sinh))),
        Unary::Atanh => each(|x, _, g| g.div(one(x).sub(x.unary(Unary::Square)))),
        Unary::Lgamma => each(|x, _, g| g.mul(x.unary(Unary::Digamma))),
        Unary::Digamma => each(|x, _, g| {
            let two = x.graph().number(x.dtype(), 2.0, "two");
            g.mul(two.binary(Binary::Zeta, x, "Zeta"))
        }),
        Unary::Floor | Unary::Ceil | Unary::Round => {
            Rule::Blocks("it is constant between whole numbers")
        }
    }
}

/// The rule of a function of each element: the gradient of `x` from `x`, the result `y` and its
/// gradient.
fn each(
    gradient: impl for<'g> Fn(AnyTensor<'g>, AnyTensor<'g>, AnyTensor<'g>) -> AnyTensor<'g> + 'static,
) -> Rule {
    flows(move |step| {
        let (x, y, g) = (step.operand(0), step.output(), step.grad());
        step.give(0, || gradient(x, y, g));
    })
}

/// The slope of the error function.
fn bell(x: AnyTensor<'_>) -> AnyTensor<'_> {
    let bell = x.unary(Unary::Square).unary(Unary::Neg).unary(Unary::Exp);
    bell.scale(FRAC_2_SQRT_PI)
}

/// `sqrt(1 - x²)`: of a right triangle with the hypotenuse 1 and the leg `x`.
fn other_leg(x: AnyTensor<'_>) -> AnyTensor<'_> {
    one(x).sub(x.unary(Unary::Square)).unary(Unary::Sqrt)
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
        Binary::Pow => flows(pow),
        Binary::FloorDiv => Rule::Blocks("it is constant between whole quotients"),
        Binary::FloorMod => {
            flows(|step| remainder(step, |a, b| a.binary(Binary::FloorDiv, b, "floordiv")))
        }
        Binary::TruncateMod => flows(|step| remainder(step, |a, b| a.truncatediv(b))),
        Binary::Atan2 => flows(atan2),
        Binary::Zeta => flows(zeta),
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

/// The gradient by the power is 0 where the base is not positive: there is no real one below 0.
fn pow(step: &mut Step<'_>) {
    let (x, y, z, g) = (step.operand(0), step.operand(1), step.output(), step.grad());
    step.give_summed(0, || {
        let lower = x.binary(Binary::Pow, y.sub(one(y)), "Pow");
        g.mul(y).mul(lower)
    });
    step.give_summed(1, || {
        // The gradient of a choice multiplies what was not chosen by 0: it must be finite.
        let positive = x.compare(Compare::Greater, zero(x));
        let log = positive.select(x, one(x)).unary(Unary::Log);
        g.mul(z).mul(positive.select(log, zero(x)))
    });
}

/// Of `a - b * quotient(a, b)`, the quotient being constant wherever it has a gradient.
fn remainder<'g>(
    step: &mut Step<'g>,
    quotient: impl FnOnce(AnyTensor<'g>, AnyTensor<'g>) -> AnyTensor<'g>,
) {
    let (a, b, g) = (step.operand(0), step.operand(1), step.grad());
    step.give_summed(0, || g);
    step.give_summed(1, || g.mul(quotient(a, b).unary(Unary::Neg)));
}

/// At the point (0, 0), which has no angle, both gradients are NaN.
fn atan2(step: &mut Step<'_>) {
    let (y, x, g) = (step.operand(0), step.operand(1), step.grad());
    let squares = x.unary(Unary::Square).add(y.unary(Unary::Square));
    let share = g.div(squares);
    step.give_summed(0, || share.mul(x));
    step.give_summed(1, || share.mul(y).unary(Unary::Neg));
}

/// By the power there is none: TensorFlow has none either.
fn zeta(step: &mut Step<'_>) {
    let (s, q, g) = (step.operand(0), step.operand(1), step.grad());
    step.give_summed(1, || {
        let next = s.add(one(s)).binary(Binary::Zeta, q, "Zeta");
        g.mul(s.mul(next)).unary(Unary::Neg)
    });
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
