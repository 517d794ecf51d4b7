//! Gradients of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::AnyTensor;
use aqueduct_graph::ir::{Nn, Reduction, Unary};

use super::activation::activation;
use super::{Rule, Step, conv, flows};

pub(super) fn rule(op: Nn) -> Rule {
    match op {
        Nn::Activation(op) => flows(move |step| activation(op, step)),
        Nn::BiasAdd => flows(bias_add),
        Nn::Softmax => flows(softmax),
        Nn::LogSoftmax => flows(log_softmax),
        Nn::SoftmaxCrossEntropy => flows(softmax_cross_entropy),
        Nn::SparseSoftmaxCrossEntropy => flows(sparse_softmax_cross_entropy),
        Nn::Convolution(op, sliding) => flows(move |step| conv::convolution(op, sliding, step)),
        Nn::Pooling(op, windows) => flows(move |step| conv::pooling(op, windows, step)),
    }
}

fn bias_add(step: &mut Step<'_>) {
    let g = step.grad();
    step.give(0, || g);
    step.give(1, || {
        let leading: Vec<usize> = (0..g.shape().rank().saturating_sub(1)).collect();
        g.reduce(Reduction::Sum, leading, false)
    });
}

fn softmax(step: &mut Step<'_>) {
    let (y, g) = (step.output(), step.grad());
    step.give(0, || {
        let mean = g.mul(y).reduce(Reduction::Sum, -1, true);
        g.sub(mean).mul(y)
    });
}

fn log_softmax(step: &mut Step<'_>) {
    let (logits, g) = (step.operand(0), step.grad());
    step.give(0, || {
        let total = g.reduce(Reduction::Sum, -1, true);
        g.sub(total.mul(logits.softmax()))
    });
}

/// With respect to the logits right only for labels that add up to 1, as in TensorFlow.
fn softmax_cross_entropy(step: &mut Step<'_>) {
    let (logits, labels, g) = (step.operand(0), step.operand(1), step.grad());
    step.give(0, || each_class(g).mul(logits.softmax().sub(labels)));
    step.give(1, || {
        let log = logits.log_softmax().unary(Unary::Neg);
        each_class(g).mul(log)
    });
}

fn sparse_softmax_cross_entropy(step: &mut Step<'_>) {
    let (logits, labels, g) = (step.operand(0), step.operand(1), step.grad());
    step.give(0, || {
        let chosen = labels.one_hot_like(logits);
        each_class(g).mul(logits.softmax().sub(chosen))
    });
}

/// The gradient of the loss of each row, with an axis for the classes.
fn each_class(g: AnyTensor<'_>) -> AnyTensor<'_> {
    g.expand_dims(-1)
}
