//! Variables: reading and writing.

use serde::{Deserialize, Serialize};

use crate::ids::VariableId;

/// An op of the `state` family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// `[] -> x`: the value at the start of the run. A variable used as a tensor is this one node.
    Read(VariableId),
    /// `[] -> x`: the value after every write that this op is ordered after; without such a write
    /// the value at the start of the run.
    ReadValue(VariableId),
    /// `[x] -> x`: writes, and returns the value written.
    Assign(VariableId, Update),
    /// `[indices: int vector, updates] -> x`: applies one row of `updates` to each indexed row, in
    /// order, and returns the value written.
    Scatter(VariableId, Update),
    /// `[] -> bool scalar`: whether the variable had a value at the start of the run.
    IsInitialized(VariableId),
}

/// How a write combines the old value with the operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Update {
    /// The operand takes the place of the old value.
    Set,
    /// The operand is added.
    Add,
    /// The operand is subtracted.
    Sub,
}

impl State {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            State::Read(_) => "Identity",
            State::ReadValue(_) => "ReadVariableOp",
            State::Assign(_, Update::Set) => "Assign",
            State::Assign(_, Update::Add) => "AssignAdd",
            State::Assign(_, Update::Sub) => "AssignSub",
            State::Scatter(_, Update::Set) => "ScatterUpdate",
            State::Scatter(_, Update::Add) => "ScatterAdd",
            State::Scatter(_, Update::Sub) => "ScatterSub",
            State::IsInitialized(_) => "IsVariableInitialized",
        }
    }

    /// The variable that the op reads or writes.
    pub fn variable(self) -> VariableId {
        match self {
            State::Read(variable)
            | State::ReadValue(variable)
            | State::Assign(variable, _)
            | State::Scatter(variable, _)
            | State::IsInitialized(variable) => variable,
        }
    }

    /// Whether the op writes its variable.
    pub fn writes(self) -> bool {
        match self {
            State::Assign(..) | State::Scatter(..) => true,
            State::Read(_) | State::ReadValue(_) | State::IsInitialized(_) => false,
        }
    }
}
