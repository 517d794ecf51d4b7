//! Gradients of family `random`: there are none.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Distribution, Random};

use super::Rule;

pub(super) fn rule(op: Random) -> Rule {
    match op.distribution {
        Distribution::Uniform { .. }
        | Distribution::StandardNormal { .. }
        | Distribution::TruncatedNormal { .. }
        | Distribution::UniformInt { .. } => Rule::Leaf,
        Distribution::Shuffle => Rule::Blocks("the order of its rows is random"),
    }
}
