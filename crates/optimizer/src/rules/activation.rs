//! Gradients of the activations. At a kink they are TensorFlow's.

use aqueduct_graph::AnyTensor;
use aqueduct_graph::ir::{Activation, Compare, Unary};

use super::{Step, one, zero};

pub(super) fn activation(op: Activation, step: &mut Step<'_>) {
    let (x, y, g) = (step.operand(0), step.output(), step.grad());
    step.give(0, || match op {
        Activation::Relu => above_zero(x, g, zero(g)),
        Activation::Relu6 => {
            let six = x.graph().number(x.dtype(), 6.0, "six");
            let below = x.compare(Compare::Less, six).select(g, zero(g));
            above_zero(x, below, zero(g))
        }
        Activation::LeakyRelu { alpha } => above_zero(x, g, g.scale(alpha)),
        // Of e^x - 1 the slope is the value plus 1.
        Activation::Elu => below_zero(y, g.mul(y.add(one(y))), g),
        Activation::Selu => {
            let lowest = x.graph().number(x.dtype(), SELU_DEPTH, "depth");
            below_zero(y, g.mul(y.add(lowest)), g.scale(Activation::SELU_SCALE))
        }
        Activation::Softplus => g.mul(x.unary(Unary::Sigmoid)),
        Activation::Softsign => {
            let width = x.unary(Unary::Abs).add(one(x));
            g.div(width.unary(Unary::Square))
        }
    });
}

/// How far `selu` goes below 0.
const SELU_DEPTH: f64 = Activation::SELU_SCALE * Activation::SELU_ALPHA;

/// The first where `x` is above 0, else the second.
fn above_zero<'g>(x: AnyTensor<'g>, then: AnyTensor<'g>, other: AnyTensor<'g>) -> AnyTensor<'g> {
    x.compare(Compare::Greater, zero(x)).select(then, other)
}

/// The first where `y` is below 0, else the second.
fn below_zero<'g>(y: AnyTensor<'g>, then: AnyTensor<'g>, other: AnyTensor<'g>) -> AnyTensor<'g> {
    y.compare(Compare::Less, zero(y)).select(then, other)
}
