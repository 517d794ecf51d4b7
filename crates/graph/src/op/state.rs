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
    /// `[indices: int, updates] -> x`: applies one row of `updates` to each indexed row, in order,
    /// and returns the value written. The shape of the updates is that of the indices, then that of
    /// the variable's rows.
    Scatter(VariableId, PartUpdate),
    /// `[indices: int [.., k], updates] -> x`: the same for parts that a row of the indices leads to
    /// as in `GatherNd`.
    ScatterNd(VariableId, PartUpdate),
    /// `[] -> bool scalar`: whether the variable had a value at the start of the run.
    IsInitialized(VariableId),
}

/// How a write of a whole variable combines the old value with the operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Update {
    /// The operand takes the place of the old value.
    Set,
    /// The operand is added.
    Add,
    /// The operand is subtracted.
    Sub,
}

/// How a write of parts of a variable combines each with an operand. In order: a part that is named
/// several times is updated several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartUpdate {
    /// The operand takes the place of the part.
    Set,
    /// The operand is added.
    Add,
    /// The operand is subtracted.
    Sub,
    /// The part is multiplied by the operand.
    Mul,
    /// The part is divided by the operand; integers truncate towards zero, and a zero divisor is an
    /// error of the run.
    Div,
    /// The smaller of the two; NaN if either is NaN.
    Min,
    /// The larger of the two; NaN if either is NaN.
    Max,
}

impl PartUpdate {
    /// Every update.
    pub const ALL: [PartUpdate; 7] = [
        PartUpdate::Set,
        PartUpdate::Add,
        PartUpdate::Sub,
        PartUpdate::Mul,
        PartUpdate::Div,
        PartUpdate::Min,
        PartUpdate::Max,
    ];
}

impl State {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            State::Read(_) => "Identity",
            State::ReadValue(_) => "ReadVariableOp",
            State::Assign(_, Update::Set) => "Assign",
            State::Assign(_, Update::Add) => "AssignAdd",
            State::Assign(_, Update::Sub) => "AssignSub",
            State::Scatter(_, PartUpdate::Set) => "ScatterUpdate",
            State::Scatter(_, PartUpdate::Add) => "ScatterAdd",
            State::Scatter(_, PartUpdate::Sub) => "ScatterSub",
            State::Scatter(_, PartUpdate::Mul) => "ScatterMul",
            State::Scatter(_, PartUpdate::Div) => "ScatterDiv",
            State::Scatter(_, PartUpdate::Min) => "ScatterMin",
            State::Scatter(_, PartUpdate::Max) => "ScatterMax",
            State::ScatterNd(_, PartUpdate::Set) => "ScatterNdUpdate",
            State::ScatterNd(_, PartUpdate::Add) => "ScatterNdAdd",
            State::ScatterNd(_, PartUpdate::Sub) => "ScatterNdSub",
            State::ScatterNd(_, PartUpdate::Mul) => "ScatterNdMul",
            State::ScatterNd(_, PartUpdate::Div) => "ScatterNdDiv",
            State::ScatterNd(_, PartUpdate::Min) => "ScatterNdMin",
            State::ScatterNd(_, PartUpdate::Max) => "ScatterNdMax",
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
            | State::ScatterNd(variable, _)
            | State::IsInitialized(variable) => variable,
        }
    }

    /// Whether the op writes its variable.
    pub fn writes(self) -> bool {
        match self {
            State::Assign(..) | State::Scatter(..) | State::ScatterNd(..) => true,
            State::Read(_) | State::ReadValue(_) | State::IsInitialized(_) => false,
        }
    }
}
