//! Gradients of family `control`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::Control;

use super::Rule;

pub(super) fn rule(op: &Control) -> Rule {
    match op {
        Control::NoOp | Control::Parameter { .. } => Rule::Leaf,
        Control::Scan { .. } | Control::Cond { .. } => Rule::Bodies,
    }
}
