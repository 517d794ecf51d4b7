//! Gradients of family `debug`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::Debug;

use super::{Rule, flows};

pub(super) fn rule(op: &Debug) -> Rule {
    match op {
        // It has no outputs.
        Debug::Assert { .. } => Rule::Leaf,
        // Nothing is passed on to the data: they are looked at only.
        Debug::Print { .. } => flows(|step| {
            if let Some(slope) = step.grads[0] {
                step.give_slope(0, slope);
            }
        }),
        Debug::CheckNumerics { message } => {
            let message = format!("in the gradient: {message}");
            flows(move |step| {
                let g = step.grad();
                step.give(0, || g.check_numerics(&message));
            })
        }
    }
}
