//! Programs: what the optimiser makes of a stage of a plan.

use std::sync::Arc;

use aqueduct_graph::Value;
use aqueduct_graph::ir::{Fact, NodeId, VariableId};

use crate::engine::ir::{Block, ValueId};
use crate::engine::opaque::Opaque;
use crate::kernels::random::RandomKernel;
use crate::kernels::step::Step;
use crate::kernels::table::{Address, Span};
use crate::plan::Operand;

/// A flat list of steps on operands at planned places.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Instruction>,
    /// What each base is bound to.
    pub(crate) bases: Vec<Binding>,
    pub(crate) constants: Vec<Arc<Value>>,
    /// The variables that get new versions, and which versions.
    pub(crate) fresh: Vec<(VariableId, usize)>,
    /// For `explain`.
    pub(crate) listing: Listing,
}

/// What `explain` tells of a program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    /// What each pass did.
    pub(crate) passes: Vec<(&'static str, String)>,
    /// The block as it was lowered.
    pub(crate) block: Block,
    /// The places of the arena.
    pub(crate) buffers: Vec<Placed>,
}

/// A place of the arena, and when it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The root that is there; `None` for what an instruction needs for itself.
    pub(crate) value: Option<ValueId>,
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
    /// The first and the last node of the block that use it. What the block gives is used by the one
    /// after the last.
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// What a base is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Binding {
    /// The arena of the stage.
    Arena,
    /// What the plan is given. If it is absent, the run fails, and names the operation that reads it
    /// first (and the how-manieth it is); without such a one, only what uses it fails.
    Given {
        operand: Operand,
        reader: Option<(usize, NodeId)>,
    },
    /// One of the program's constants.
    Constant(usize),
    /// The memory of a variable's new version: which of the program's fresh values.
    Fresh(usize),
    /// A version that a step writes: bound when that has run.
    Written(usize),
    /// Bound by a loop.
    Loop,
}

/// A step, and the operation that it comes from, for reports.
pub(crate) struct Instruction {
    pub(crate) work: Work,
    pub(crate) origin: NodeId,
    /// The node of the block that it is of, by its place; `None` for copies at the end of a body.
    pub(crate) node: Option<usize>,
    /// What the operands are, for reports of what may fail.
    pub(crate) facts: Vec<Fact>,
}

/// What an instruction does.
pub(crate) enum Work {
    /// Computes values of values.
    Compute(Step),
    /// Draws random numbers, and moves the op's counter on by `blocks`.
    Draw {
        kernel: RandomKernel,
        blocks: u64,
        inputs: Box<[Option<Span>]>,
        outputs: Box<[Option<Span>]>,
    },
    /// A fresh value becomes a version of its variable.
    Commit {
        fresh: usize,
        version: usize,
    },
    Scan(Box<ScanProgram>),
    /// What the plain executor runs; versions that it writes are bound to bases.
    Opaque {
        opaque: Arc<Opaque>,
        inputs: Box<[Span]>,
        outputs: Box<[Span]>,
        versions: Vec<(usize, usize)>,
    },
}

/// A loop over the elements of sequences.
pub(crate) struct ScanProgram {
    pub(crate) steps: usize,
    pub(crate) reverse: bool,
    pub(crate) limit: Option<Span>,
    /// What runs once before the loop.
    pub(crate) before: Vec<Instruction>,
    /// Shards of the rows; one of all rows if the loop is not cut.
    pub(crate) shards: Vec<Shard>,
    /// The rows that a limit leaves out are cleared: first row, and bytes of each row.
    pub(crate) stacked: Vec<(Address, usize)>,
    /// Where the last states go, if they are used.
    pub(crate) last: Vec<Option<Address>>,
}

/// A part of a loop's rows, and the loop's body for it.
pub(crate) struct Shard {
    pub(crate) body: Arc<Vec<Instruction>>,
    /// Bases that stay where they are in all steps: the body's own memory, and what it uses from
    /// around.
    pub(crate) fixed: Vec<Moving>,
    /// Bases that move on with each step: elements of sequences, rows of what is stacked.
    pub(crate) moving: Vec<Moving>,
    pub(crate) states: Vec<State>,
}

/// A base that moves on with each step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moving {
    pub(crate) base: usize,
    /// Where it is at place 0.
    pub(crate) start: Address,
    /// How many bytes lie between the places.
    pub(crate) stride: isize,
    /// How many bytes may be touched at a place, from its address on.
    pub(crate) bytes: usize,
}

/// A state of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// The base that the body reads.
    pub(crate) old: usize,
    /// The base that the body writes.
    pub(crate) new: usize,
    pub(crate) initial: Address,
    pub(crate) bytes: usize,
    /// Two places that take turns, unless `new` moves on with what is stacked.
    pub(crate) buffers: Option<[Address; 2]>,
    /// How far from the beginning of a whole state this shard's part is.
    pub(crate) offset: usize,
}
