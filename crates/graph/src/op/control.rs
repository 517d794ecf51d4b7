//! Grouping, loops and branches.

use serde::{Deserialize, Serialize};

use crate::ids::RegionId;

/// An op of the `control` family.
///
/// Loops and branches own their bodies as regions of the same graph. A body's operations may use
/// tensors of the regions around it; they are not operands of the loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// `[] -> []`: does nothing after its control dependencies. TensorFlow's `NoOp`.
    NoOp,
    /// `[] -> x`: a value that a loop or branch gives to its body. The region holds its fact.
    Parameter {
        /// The body.
        region: RegionId,
        /// Which of the body's parameters.
        index: usize,
    },
    /// `[state₁ …, sequence₁ …, length?] -> [last state₁ …, stacked₁ …]`: runs its body once a
    /// step, over axis 0 of the sequences.
    ///
    /// Parameters of the body: the states, one element of each sequence. Results: the new states
    /// (of the same shapes), then the values that are stacked along a new axis 0.
    Scan {
        /// The body.
        body: RegionId,
        /// How many states there are.
        states: usize,
        /// How many sequences there are.
        sequences: usize,
        /// Whether a scalar operand gives the number of steps; else the sequences do.
        length: bool,
        /// Run from the last element to the first; stacked values keep the sequence's order.
        reverse: bool,
    },
    /// `[predicate: bool scalar] -> [x₁ …]`: runs one of two bodies without parameters.
    Cond {
        /// The body for `true`.
        then: RegionId,
        /// The body for `false`; as many results, of the same dtypes and ranks.
        otherwise: RegionId,
    },
}

impl Control {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Control::NoOp => "NoOp",
            Control::Parameter { .. } => "Parameter",
            Control::Scan { .. } => "Scan",
            Control::Cond { .. } => "Cond",
        }
    }

    /// The regions that the op owns.
    pub fn bodies(&self) -> Vec<RegionId> {
        match self {
            Control::NoOp | Control::Parameter { .. } => Vec::new(),
            Control::Scan { body, .. } => vec![*body],
            Control::Cond { then, otherwise } => vec![*then, *otherwise],
        }
    }
}
