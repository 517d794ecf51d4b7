//! Gradients of family `state`: a read is where gradients with respect to a variable arrive.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::State;

use super::Rule;

pub(super) fn rule(op: State) -> Rule {
    match op {
        State::Read(_) | State::ReadValue(_) | State::IsInitialized(_) => Rule::Leaf,
        State::Assign(..) | State::Scatter(..) | State::ScatterNd(..) => {
            Rule::Blocks("it writes a variable")
        }
    }
}
