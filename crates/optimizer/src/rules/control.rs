//! Gradients of family `control`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::Control;

use super::Rule;

pub(super) fn rule(op: &Control) -> Rule {
    match op {
        Control::NoOp | Control::Parameter { .. } => Rule::Leaf,
        Control::Scan { .. }
        | Control::While {
            maximum: Some(_), ..
        }
        | Control::Cond { .. } => Rule::Bodies,
        Control::While { maximum: None, .. } => Rule::Missing(
            "for how many iterations values are kept must be stated, with \
             `WhileOptions::new().maximum_iterations(n)`",
        ),
    }
}
