//! Small typed ids: how parts of a graph refer to each other. Side tables are keyed by them.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(u32);

        impl $name {
            /// The id of the entry at this place of its table.
            ///
            /// A graph of more than 2³² entries would need more memory than such a machine has;
            /// the largest id stands for any place beyond.
            pub fn from_index(index: usize) -> $name {
                $name(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// The place of the entry in its table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// An operation of a graph. Ids grow in the order of creation, and an operation is created after
    /// everything it depends on: ascending ids are a topological order.
    NodeId
}
id! {
    /// A variable of a graph.
    VariableId
}
id! {
    /// A region: the root, or the body of a loop or of a branch.
    RegionId
}
id! {
    /// An interned source location.
    LocationId
}
id! {
    /// A mistake made while building.
    MistakeId
}

impl RegionId {
    /// The region of everything that is in no body.
    pub const ROOT: RegionId = RegionId(0);
}

/// One output of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TensorId {
    /// The operation.
    pub node: NodeId,
    /// Which of its outputs.
    pub output: u32,
}

impl TensorId {
    /// An output of an operation.
    pub const fn new(node: NodeId, output: u32) -> TensorId {
        TensorId { node, output }
    }
}
