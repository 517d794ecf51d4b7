//! Memory that the system does not give: how much was asked for, and what for.

use std::fmt;

use aqueduct_graph::ir::{NodeId, Store, VariableId};
use aqueduct_graph::{Graph, Trace};

use crate::engine::ir::{Block, Code};
use crate::error::Error;
use crate::plan::{Output, Plan};

/// Memory that a run asked for and did not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryShortage {
    /// What it is for: `the intermediate results of this run`.
    pub purpose: String,
    /// How much was asked for at once.
    pub bytes: usize,
    /// What takes the most of it.
    pub largest: Option<MemoryUser>,
}

/// An operation or variable whose elements take memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryUser {
    /// Its name.
    pub name: String,
    /// How much it takes.
    pub bytes: usize,
    /// Where it was made.
    pub at: Trace,
}

impl fmt::Display for MemoryShortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryShortage { purpose, bytes, .. } = self;
        write!(f, "not enough memory: {purpose} would take {bytes} bytes")?;
        if let Some(MemoryUser { name, bytes, at }) = &self.largest {
            write!(f, "\n  --> {at}")?;
            write!(f, "\n  most of it, {bytes} bytes, is for `{name}`")?;
        }
        f.write_str(
            "\n  help: feed less at once, or look at the sizes that this operation is given",
        )
    }
}

impl MemoryShortage {
    pub(crate) fn new(purpose: impl Into<String>, bytes: usize) -> MemoryShortage {
        MemoryShortage {
            purpose: purpose.into(),
            bytes,
            largest: None,
        }
    }

    /// Of the intermediate results of a plan.
    pub(crate) fn of_plan(graph: &Graph, plan: &Plan) -> Error {
        let largest = match &plan.optimized {
            Some(program) => largest_of_block(&program.listing.block),
            None => largest_of_program(plan),
        };
        of_results(&graph.view(), plan.layout.bytes(), largest)
    }

    /// Of a block that has no plan, because its results take more than can be addressed.
    pub(crate) fn of_block(store: &Store, block: &Block) -> Error {
        let all = results(block).fold(0_usize, |sum, (_, bytes)| sum.saturating_add(bytes));
        of_results(store, all, largest_of_block(block))
    }

    /// Of a new value of a variable.
    pub(crate) fn of_variable(graph: &Graph, variable: VariableId) -> Error {
        let view = graph.view();
        let record = view.variable(variable);
        let bytes = bytes_of(record.dtype.width(), &record.shape);
        let user = MemoryUser {
            name: record.name.clone(),
            bytes,
            at: view.trace(record.site),
        };
        let shortage = MemoryShortage::new("a value of a variable", bytes);
        Error::from(MemoryShortage {
            largest: Some(user),
            ..shortage
        })
    }

    /// The same shortage, of which it is known which operation it is for.
    pub(crate) fn used_by(mut self: Box<Self>, store: &Store, node: NodeId) -> Box<Self> {
        let bytes = self.bytes;
        let user = || MemoryUser {
            name: store.node(node).name.clone(),
            bytes,
            at: store.trace_of(node),
        };
        self.largest.get_or_insert_with(user);
        self
    }
}

impl From<MemoryShortage> for Error {
    fn from(shortage: MemoryShortage) -> Error {
        Error::OutOfMemory(Box::new(shortage))
    }
}

/// The bytes of elements of this width in an array of these sizes.
pub(crate) fn bytes_of(width: usize, sizes: &[usize]) -> usize {
    let multiply = |bytes: usize, size: &usize| bytes.saturating_mul(*size);
    sizes.iter().fold(width, multiply)
}

fn of_results(store: &Store, bytes: usize, largest: Option<(NodeId, usize)>) -> Error {
    let user = |(node, bytes): (NodeId, usize)| MemoryUser {
        name: store.node(node).name.clone(),
        bytes,
        at: store.trace_of(node),
    };
    Error::from(MemoryShortage {
        largest: largest.map(user),
        ..MemoryShortage::new("the intermediate results of this run", bytes)
    })
}

fn largest_of_program(plan: &Plan) -> Option<(NodeId, usize)> {
    let of_instruction = plan.program.iter().flat_map(|instruction| {
        let buffers = instruction
            .outputs
            .iter()
            .filter_map(|output| match output {
                Output::Buffer(buffer) => Some(buffer.bytes()),
                Output::Late(_) | Output::Nowhere => None,
            });
        buffers.map(|bytes| (instruction.node, bytes))
    });
    of_instruction.max_by_key(|(_, bytes)| *bytes)
}

fn largest_of_block(block: &Block) -> Option<(NodeId, usize)> {
    let loops = block.nodes.iter().filter_map(|node| match &node.code {
        Code::Scan(scan) => largest_of_block(&scan.body),
        _ => None,
    });
    results(block).chain(loops).max_by_key(|(_, bytes)| *bytes)
}

/// The operations behind the nodes of a block, and the bytes of their results.
fn results(block: &Block) -> impl Iterator<Item = (NodeId, usize)> {
    block.nodes.iter().flat_map(|node| {
        let outputs = node.outputs.iter();
        outputs.map(|output| (node.origin, block.kind(*output).bytes()))
    })
}
