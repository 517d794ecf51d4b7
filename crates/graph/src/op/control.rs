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
    /// `[state₁ …, sequence₁ …, length?, limit?] -> [last state₁ …, stacked₁ …]`: runs its body once
    /// a step, over axis 0 of the sequences.
    ///
    /// Parameters of the body: the states, one element of each sequence. Results: the new states
    /// (of the same shapes), then the values that are stacked along a new axis 0.
    ///
    /// With a limit only the first so many elements are run over (in reverse: from the last of
    /// these to the first); what is stacked is zeros beyond.
    Scan {
        /// The body.
        body: RegionId,
        /// How many states there are.
        states: usize,
        /// How many sequences there are.
        sequences: usize,
        /// Whether a scalar operand gives the number of steps; else the sequences do.
        length: bool,
        /// Whether an integer scalar operand gives the number of elements that are run over.
        limit: bool,
        /// Run from the last element to the first; stacked values keep the sequence's order.
        reverse: bool,
    },
    /// `[state₁ …] -> [last state₁ …, count: i64 scalar, stacked₁ …]`: runs its body as long as its
    /// condition holds; `count` is how many times that was.
    ///
    /// Parameters of both regions: the states. The condition's result is a bool scalar. The body's
    /// results are the next states (of the same shapes), then, of a loop with a maximum, the values
    /// that are stacked along a new axis 0 of that size, with zeros beyond the count.
    While {
        /// Whether to go on.
        condition: RegionId,
        /// One iteration.
        body: RegionId,
        /// How many states there are.
        states: usize,
        /// The body runs no more often than this.
        maximum: Option<u64>,
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
            Control::While { .. } => "While",
            Control::Cond { .. } => "Cond",
        }
    }

    /// The regions that the op owns.
    pub fn bodies(&self) -> Vec<RegionId> {
        match self {
            Control::NoOp | Control::Parameter { .. } => Vec::new(),
            Control::Scan { body, .. } => vec![*body],
            Control::While {
                condition, body, ..
            } => vec![*condition, *body],
            Control::Cond { then, otherwise } => vec![*then, *otherwise],
        }
    }

    /// The regions whose results the op gives: all that it owns but the condition of a while.
    pub fn giving_bodies(&self) -> Vec<RegionId> {
        match self {
            Control::While { body, .. } => vec![*body],
            Control::NoOp
            | Control::Parameter { .. }
            | Control::Scan { .. }
            | Control::Cond { .. } => self.bodies(),
        }
    }

    /// The region that runs again and again, of a loop.
    pub fn loop_body(&self) -> Option<RegionId> {
        match self {
            Control::Scan { body, .. } | Control::While { body, .. } => Some(*body),
            Control::NoOp | Control::Parameter { .. } | Control::Cond { .. } => None,
        }
    }

    /// How many states a loop carries; of what is no loop, 0.
    pub fn states(&self) -> usize {
        match self {
            Control::Scan { states, .. } | Control::While { states, .. } => *states,
            Control::NoOp | Control::Parameter { .. } | Control::Cond { .. } => 0,
        }
    }

    /// Which output gives how many times a while has run.
    pub fn count_output(&self) -> Option<usize> {
        match self {
            Control::While { states, .. } => Some(*states),
            Control::NoOp
            | Control::Parameter { .. }
            | Control::Scan { .. }
            | Control::Cond { .. } => None,
        }
    }

    /// Which output is made of this result of the bodies.
    pub fn output_of_result(&self, result: usize) -> usize {
        match self.count_output() {
            Some(count) if result >= count => result + 1,
            _ => result,
        }
    }

    /// Which result of the bodies this output is made of; `None` for the count of a while.
    pub fn result_of_output(&self, output: usize) -> Option<usize> {
        match self.count_output() {
            Some(count) if output == count => None,
            Some(count) if output > count => Some(output - 1),
            _ => Some(output),
        }
    }

    /// Which operand of a scan is the number of its steps, if one is.
    pub fn length_slot(&self) -> Option<usize> {
        match self {
            Control::Scan {
                states,
                sequences,
                length: true,
                ..
            } => states.checked_add(*sequences),
            Control::NoOp
            | Control::Parameter { .. }
            | Control::Scan { length: false, .. }
            | Control::While { .. }
            | Control::Cond { .. } => None,
        }
    }

    /// Which operand of a scan is its limit, if one is.
    pub fn limit_slot(&self) -> Option<usize> {
        match self {
            Control::Scan {
                states,
                sequences,
                length,
                limit: true,
                ..
            } => states
                .checked_add(*sequences)?
                .checked_add(usize::from(*length)),
            Control::NoOp
            | Control::Parameter { .. }
            | Control::Scan { limit: false, .. }
            | Control::While { .. }
            | Control::Cond { .. } => None,
        }
    }
}
