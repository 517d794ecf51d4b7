//! Gradients of convolutions and pooling.
//!
//! A convolution is linear in its images and in its filter, and the gradient that passes to one of
//! them is linear in the other and in `dy`: so the gradients of all three are made of the three.

use aqueduct_graph::Sizes;
use aqueduct_graph::ir::{Convolution, Pooling, Sliding, Windows};

use super::Step;

pub(super) fn convolution(op: Convolution, sliding: Sliding, step: &mut Step<'_>) {
    match op {
        Convolution::Forward => forward(sliding, step),
        Convolution::InputGradient => input_gradient(sliding, step),
        Convolution::FilterGradient => filter_gradient(sliding, step),
    }
}

fn forward(sliding: Sliding, step: &mut Step<'_>) {
    let (x, filter, g) = (step.operand(0), step.operand(1), step.grad());
    step.give(0, || g.conv2d_input_grad(filter, Sizes::like(x), sliding));
    step.give(1, || x.conv2d_filter_grad(g, Sizes::like(filter), sliding));
}

fn input_gradient(sliding: Sliding, step: &mut Step<'_>) {
    let (dy, filter, g) = (step.operand(0), step.operand(1), step.grad());
    step.give(0, || g.conv2d(filter, sliding));
    step.give(1, || g.conv2d_filter_grad(dy, Sizes::like(filter), sliding));
}

fn filter_gradient(sliding: Sliding, step: &mut Step<'_>) {
    let (x, dy, g) = (step.operand(0), step.operand(1), step.grad());
    step.give(0, || dy.conv2d_input_grad(g, Sizes::like(x), sliding));
    step.give(1, || x.conv2d(g, sliding));
}

/// Which cell is the largest does not change near it: nothing passes to the images that were looked at
/// for it.
pub(super) fn pooling(op: Pooling, windows: Windows, step: &mut Step<'_>) {
    let (x, g) = (step.operand(0), step.grad());
    match op {
        Pooling::Max => step.give(0, || x.max_pool_grad(g, windows)),
        Pooling::MaxGradient => {
            step.give(0, || x.zeros_like());
            step.give(1, || x.max_pool_grad_grad(g, windows));
        }
        Pooling::MaxSecondGradient => {
            step.give(0, || x.zeros_like());
            step.give(1, || x.max_pool_grad(g, windows));
        }
        Pooling::Average => step.give(0, || g.avg_pool_grad(Sizes::like(x), windows)),
        Pooling::AverageGradient => step.give(0, || g.avg_pool2d(windows)),
    }
}
