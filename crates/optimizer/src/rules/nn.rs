//! Gradients of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Activation, Compare, Nn, Reduction};

use super::{Rule, Step, flows, zero};

pub(super) fn rule(op: Nn) -> Rule {
    match op {
        Nn::Activation(Activation::Relu) => flows(relu),
        Nn::Activation(_)
        | Nn::Softmax
        | Nn::LogSoftmax
        | Nn::SoftmaxCrossEntropy
        | Nn::SparseSoftmaxCrossEntropy => Rule::Missing("TOCOME"),
        Nn::BiasAdd => flows(bias_add),
    }
}

/// Zero at the kink.
fn relu(step: &mut Step<'_>) {
    let (x, g) = (step.operand(0), step.grad());
    step.give(0, || {
        let positive = x.compare(Compare::Greater, zero(x));
        positive.select(g, zero(g))
    });
}

fn bias_add(step: &mut Step<'_>) {
    let g = step.grad();
    step.give(0, || g);
    step.give(1, || {
        let leading: Vec<usize> = (0..g.shape().rank().saturating_sub(1)).collect();
        g.reduce(Reduction::Sum, leading, false)
    });
}
