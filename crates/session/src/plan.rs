//! Plans: flat programs made for concrete shapes.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aqueduct_graph::Value;
use aqueduct_graph::ir::{Fact, NodeId, PartUpdate, TensorId, Update, VariableId};

use crate::arena::{Buffer, Layout};
use crate::compile::{Draft, Need};
use crate::engine::program::Program;
use crate::error::OperationFailure;
use crate::execute::StageMemory;
use crate::kernels::Kernel;
use crate::kernels::index::Parts;
use crate::kernels::random::RandomKernel;
use crate::pools::{Pool, Pools};

/// A program for one region of a graph, for concrete shapes.
///
/// A plan ends where a size appears that only the run can tell (a *late size*). The rest is planned
/// when it is known: a run is a chain of plans, its *stages*, each of which may use what the earlier
/// ones computed.
pub(crate) struct Plan {
    /// Tells this plan from every other.
    pub(crate) id: u64,
    /// Why the region cannot run at all, if an operation in it refuses the sizes.
    pub(crate) refusal: Option<Box<OperationFailure>>,
    /// What to do, in order.
    pub(crate) program: Vec<Instruction>,
    /// What to do instead, if the plan is optimised.
    pub(crate) optimized: Option<Program>,
    /// The graph's constants that this stage and the earlier ones use.
    pub(crate) constants: Vec<Arc<Value>>,
    /// How many values of late shape the stage makes.
    pub(crate) late_values: usize,
    /// The variables whose values the region starts with: version slot `i` holds `entry[i]`.
    pub(crate) entry: Vec<VariableId>,
    /// How many version slots there are after this stage.
    pub(crate) versions: usize,
    /// The rest, if a late size ends the plan here.
    pub(crate) next: Option<Next>,
    /// Of the last stage: where each result is; `None` for one of which the shape alone is used.
    pub(crate) results: Vec<Option<Operand>>,
    /// Of the last stage: the sizes of each result; `None` for a value of late shape.
    pub(crate) result_sizes: Vec<Option<Vec<usize>>>,
    /// Of the last stage: the last version of each variable that the region writes.
    pub(crate) exits: Vec<(VariableId, usize)>,
    /// How the arena is laid out.
    pub(crate) layout: Layout,
    /// Memory for runs to come.
    pub(crate) pool: Pool,
}

/// What is left to plan, and what must be known for it.
pub(crate) struct Next {
    /// The tensors whose shapes and elements are needed, and where they are.
    pub(crate) late: Vec<(TensorId, Operand)>,
    /// What was worked out so far.
    pub(crate) draft: Arc<Draft>,
}

/// One step of a program.
pub(crate) struct Instruction {
    /// The operation it computes.
    pub(crate) node: NodeId,
    /// What to do.
    pub(crate) action: Action,
    /// The operands; `None` for one whose elements are not needed.
    pub(crate) inputs: Vec<Option<Operand>>,
    /// Where the results go.
    pub(crate) outputs: Vec<Output>,
    /// What the operands are, for reports.
    pub(crate) facts: Vec<Fact>,
    /// What the results are, for reports of numbers; empty if the session does not look at them.
    pub(crate) results: Vec<Fact>,
}

/// What an instruction does.
pub(crate) enum Action {
    /// Runs a kernel.
    Kernel(Kernel),
    /// Draws random numbers, and moves the op's counter on by `blocks`.
    Draw { kernel: RandomKernel, blocks: u64 },
    /// Makes a new version of a variable.
    Write {
        variable: VariableId,
        change: Change,
        from: usize,
        to: usize,
    },
    /// Tells whether a version exists.
    IsInitialized { version: usize },
    /// Runs a body once a step.
    Scan(Box<ScanLoop>),
    /// Runs a body as long as a condition holds.
    While(Box<WhileLoop>),
    /// Runs one of two bodies.
    Cond {
        then: Body,
        otherwise: Body,
        given: Vec<Given>,
    },
}

/// What a write does to its variable.
pub(crate) enum Change {
    /// Combines the whole with one operand.
    Whole(Update),
    /// Combines the parts that indices name with updates.
    Parts(PartUpdate, Parts),
}

impl Action {
    /// The outputs that are made, if not all are.
    pub(crate) fn made(&self) -> Option<Vec<usize>> {
        let made: Vec<usize> = match self {
            Action::Scan(scan) => scan.each.outputs(),
            Action::While(repeated) => {
                let mut made = repeated.each.outputs();
                made.push(repeated.each.states);
                made
            }
            Action::Cond { given, .. } => given.iter().map(|given| given.output).collect(),
            Action::Kernel(_)
            | Action::Draw { .. }
            | Action::Write { .. }
            | Action::IsInitialized { .. } => return None,
        };
        Some(made)
    }
}

impl LoopBody {
    /// The outputs that are made of the body's results.
    fn outputs(&self) -> Vec<usize> {
        let given = self.carried.iter().chain(&self.stacked);
        given.map(|given| given.output).collect()
    }
}

/// The body of a loop or branch, as part of the plan around it.
pub(crate) struct Body {
    /// The body's plan. Its inputs are its parameters, then what it uses from around.
    pub(crate) plan: Arc<Plan>,
    /// Where in the plan around it the tensors are that the body uses from around; `None` for one of
    /// which it uses the shape only.
    pub(crate) captures: Vec<Option<Operand>>,
    /// For each of the body's entry versions: the version of the plan around that it starts with.
    pub(crate) entry: Vec<usize>,
    /// For each variable that the loop or branch may write: the version before and after.
    pub(crate) writes: Vec<Written>,
}

/// A variable that a body may write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) variable: VariableId,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

/// A loop over the elements of sequences.
pub(crate) struct ScanLoop {
    pub(crate) each: LoopBody,
    pub(crate) steps: usize,
    /// Which operands are the sequences.
    pub(crate) sequences: Range<usize>,
    /// Which operand gives the number of elements that are run over, if not all are.
    pub(crate) limit: Option<usize>,
    pub(crate) reverse: bool,
}

/// A loop that runs as long as its condition holds.
pub(crate) struct WhileLoop {
    pub(crate) condition: Body,
    pub(crate) each: LoopBody,
    pub(crate) maximum: Option<usize>,
}

/// What a loop runs again and again, and what becomes of its results.
pub(crate) struct LoopBody {
    pub(crate) body: Body,
    /// How many states there are.
    pub(crate) states: usize,
    /// The states that are used.
    pub(crate) carried: Vec<Given>,
    /// The results of the body that are stacked.
    pub(crate) stacked: Vec<Given>,
}

/// An output of a loop or branch that is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// Which output.
    pub(crate) output: usize,
    /// Which of the results of the body's plan it is made of.
    pub(crate) result: usize,
    /// Whether its elements are needed, or its shape alone.
    pub(crate) need: Need,
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operand {
    /// In the arena of a stage.
    Buffer { stage: usize, buffer: Buffer },
    /// Among the values of late shape of a stage.
    Late { stage: usize, slot: usize },
    /// Among the inputs of the region.
    Input(usize),
    /// Among the constants.
    Constant(usize),
    /// A version of a variable.
    Version(usize),
    /// While a plan is optimised: the value with this number. Of what the optimised program leaves to
    /// the plain executor: its operand with this number.
    Value(usize),
}

/// Where a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Into the arena.
    Buffer(Buffer),
    /// Among the values of late shape.
    Late(usize),
    /// Nowhere: nobody uses it, or it is a version of a variable.
    Nowhere,
}

impl Plan {
    /// The plan of a region that uses these variables and must not run.
    pub(crate) fn refused(
        entry: Vec<VariableId>,
        refusal: Box<OperationFailure>,
        pools: &Arc<Pools>,
    ) -> Plan {
        Plan {
            id: Plan::fresh_id(),
            refusal: Some(refusal),
            program: Vec::new(),
            optimized: None,
            constants: Vec::new(),
            late_values: 0,
            versions: entry.len(),
            entry,
            next: None,
            results: Vec::new(),
            result_sizes: Vec::new(),
            exits: Vec::new(),
            layout: Layout::default(),
            pool: pools.pool(0),
        }
    }

    /// A number that no other plan has.
    pub(crate) fn fresh_id() -> u64 {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        NEXT_ID.fetch_add(1, Ordering::Relaxed)
    }

    /// Memory for one run, from the pool if it has some; `None` if the system has not enough.
    pub(crate) fn take_memory(&self) -> Option<StageMemory> {
        self.pool.take().or_else(|| StageMemory::new(self))
    }

    /// Gives memory back for runs to come.
    pub(crate) fn give_memory(&self, mut memory: StageMemory) {
        memory.clear();
        self.pool.give(memory);
    }
}
