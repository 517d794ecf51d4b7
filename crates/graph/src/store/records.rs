//! What a graph keeps of its operations, regions and variables.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::element::DType;
use crate::fact::Fact;
use crate::ids::{LocationId, MistakeId, NodeId, RegionId, TensorId, VariableId};
use crate::op::Op;

/// Where a node was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Site {
    /// The user's line.
    pub at: LocationId,
    /// The call around it, if the line stands in a closure or cell that a driver calls back.
    pub called_from: Option<LocationId>,
}

impl Site {
    /// Whether its locations are among the first `count`.
    pub(crate) fn is_below(self, count: usize) -> bool {
        let below = |id: LocationId| id.index() < count;
        below(self.at) && self.called_from.is_none_or(below)
    }
}

/// An operation as the graph keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// Its unique name.
    pub name: String,
    /// The path that the name was made unique from; a rename gives it back.
    pub(super) asked_name: Option<String>,
    /// What is known of each of its outputs.
    pub outputs: Vec<Fact>,
    /// The region it belongs to.
    pub region: RegionId,
    /// Where it was built.
    pub site: Site,
    /// The operation on whose behalf it was added (a gradient's forward operation).
    pub origin: Option<NodeId>,
    /// The mistake that makes its outputs meaningless, its own or one that it depends on.
    pub poison: Option<MistakeId>,
}

impl Node {
    /// The path that the name was made unique from, if it was.
    pub(crate) fn asked_name(&self) -> Option<&str> {
        self.asked_name.as_deref()
    }
}

/// How one operation depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edge {
    /// An output is an operand.
    Data {
        /// Which output of the source.
        output: u32,
        /// Which operand of the target.
        slot: u32,
    },
    /// The source runs first.
    Control,
}

/// The body of a loop or branch, or the root.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Region {
    /// The region around it; `None` for the root.
    pub parent: Option<RegionId>,
    /// What it is the body of, for reports: `scan`, `cond`.
    pub kind: String,
    /// Its parameters, in order.
    pub parameters: Vec<NodeId>,
    /// What is known of the parameters.
    pub parameter_facts: Vec<Fact>,
    /// Its results, in order. Empty while the body is being built.
    pub results: Vec<TensorId>,
    /// Its operations that write variables, themselves or in bodies that they own, ascending.
    pub writers: Vec<NodeId>,
    /// How many regions are around it.
    pub depth: usize,
    /// Where its loop or branch was called.
    pub site: Site,
}

impl Region {
    /// How many regions may be around another one. Planning and running go down from body to body, and
    /// a stack has an end: that of a thread is 2 MiB, and without optimisation a body takes up to 33 KiB.
    pub(crate) const DEEPEST: usize = 32;
}

/// A variable as the graph keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariableRecord {
    /// Its unique name, under which a checkpoint keeps it.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its shape; a variable never changes it.
    pub shape: Vec<usize>,
    /// Whether optimizers train it by default.
    pub trainable: bool,
    /// Where it was made.
    pub site: Site,
    /// The initial value.
    pub initial_value: TensorId,
    /// The assignment of the initial value.
    pub initializer: NodeId,
    /// The one node that reads it at the start of a run.
    pub read: NodeId,
    /// The mistake that makes it meaningless.
    pub poison: Option<MistakeId>,
}

/// A member of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Member {
    /// A tensor.
    Tensor(TensorId),
    /// A variable.
    Variable(VariableId),
    /// An operation.
    Operation(NodeId),
}

/// The members of a collection, each of them once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    list: Vec<Member>,
    known: HashSet<Member>,
}

impl Members {
    /// In the order of adding.
    pub(crate) fn list(&self) -> &[Member] {
        &self.list
    }

    /// Adds a member, unless it is there.
    pub(crate) fn add(&mut self, member: Member) {
        if self.known.insert(member) {
            self.list.push(member);
        }
    }
}

impl FromIterator<Member> for Members {
    fn from_iter<I: IntoIterator<Item = Member>>(members: I) -> Members {
        let mut all = Members::default();
        members.into_iter().for_each(|member| all.add(member));
        all
    }
}
