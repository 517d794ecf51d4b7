//! The text form of blocks, for `explain` and for tests.

use std::collections::HashMap;
use std::fmt;

use crate::engine::ir::{Block, Code, Node, Source, Type, ValueId};

impl fmt::Display for ValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.index())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.dtype, self.sizes)
    }
}

/// Constants of more elements than this are not written out.
const PRINTED_ELEMENTS: usize = 8;

/// What is said of sources and nodes besides what they are and do.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// By what the block is given.
    pub(crate) of_source: HashMap<ValueId, String>,
    /// By the node's place.
    pub(crate) of_node: HashMap<usize, String>,
    /// Of the nodes in a loop's body, by the loop's place.
    pub(crate) of_body: HashMap<usize, Notes>,
}

/// A block with notes.
pub(crate) struct Noted<'a> {
    pub(crate) block: &'a Block,
    pub(crate) notes: &'a Notes,
}

impl fmt::Display for Noted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.block.write(f, self.notes)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &Notes::default())
    }
}

impl Block {
    fn write(&self, f: &mut fmt::Formatter<'_>, notes: &Notes) -> fmt::Result {
        for (value, source) in &self.sources {
            write!(f, "{value}: {}", self.kind(*value))?;
            if !self.kind(*value).is_contiguous() {
                write!(f, " strides {:?}", self.kind(*value).strides)?;
            }
            match source {
                Source::Plan(operand) => write!(f, " = given {operand:?}")?,
                Source::Parameter(index) => write!(f, " = parameter {index}")?,
            }
            match notes.of_source.get(value) {
                Some(note) => writeln!(f, "  # {note}")?,
                None => writeln!(f)?,
            }
        }
        for (index, node) in self.nodes.iter().enumerate() {
            self.write_node(f, node, index, notes)?;
        }
        let results: Vec<String> = self.results.iter().map(|value| self.seen(*value)).collect();
        writeln!(f, "give {}", results.join(", "))
    }

    fn write_node(
        &self,
        f: &mut fmt::Formatter<'_>,
        node: &Node,
        index: usize,
        notes: &Notes,
    ) -> fmt::Result {
        let outputs: Vec<String> = node
            .outputs
            .iter()
            .map(|value| format!("{value}: {}", self.kind(*value)))
            .collect();
        if !outputs.is_empty() {
            write!(f, "{} = ", outputs.join(", "))?;
        }
        let inputs: Vec<String> = node.inputs.iter().map(|value| self.seen(*value)).collect();
        write!(f, "{}", node.code)?;
        write!(f, "({})", inputs.join(", "))?;
        match notes.of_node.get(&index) {
            Some(note) => writeln!(f, "  # {note}")?,
            None => writeln!(f)?,
        }
        match &node.code {
            Code::Fused(expression) => write_indented(f, expression)?,
            Code::Reduced(reduced) => write_indented(f, &reduced.expression)?,
            Code::Scan(scan) => {
                let none = Notes::default();
                let notes = notes.of_body.get(&index).unwrap_or(&none);
                let block = &scan.body;
                write_indented(f, &Noted { block, notes })?;
            }
            Code::Constant(_)
            | Code::Product
            | Code::Products
            | Code::Join(_)
            | Code::Kernel(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Opaque(_) => {}
        }
        Ok(())
    }

    /// A value as an operand: of a view, what it sees of its root.
    fn seen(&self, value: ValueId) -> String {
        let place = self.place(value);
        if place.root == value {
            return value.to_string();
        }
        let kind = self.kind(value);
        let (root, offset) = (place.root, place.offset);
        if kind.is_contiguous() {
            format!("{root}[{offset}..]{:?}", kind.sizes)
        } else {
            format!(
                "{root}[{offset}..]{:?} strides {:?}",
                kind.sizes, kind.strides
            )
        }
    }
}

fn write_indented(f: &mut fmt::Formatter<'_>, text: &impl fmt::Display) -> fmt::Result {
    let text = text.to_string();
    text.lines().try_for_each(|line| writeln!(f, "    {line}"))
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Code::Constant(value) if value.data().len() > PRINTED_ELEMENTS => {
                write!(f, "constant of {} elements ", value.data().len())
            }
            Code::Constant(value) => write!(f, "constant {:?} ", value.data()),
            Code::Fused(_) => f.write_str("fused"),
            Code::Product => f.write_str("product"),
            Code::Products => f.write_str("products"),
            Code::Join(pieces) => {
                let offsets: Vec<usize> = pieces.iter().map(|piece| piece.offset).collect();
                write!(f, "join at {offsets:?} ")
            }
            Code::Kernel(kernel) => f.write_str(kernel.op.type_name()),
            Code::Reduced(reduced) => {
                let op = reduced.kernel.op.type_name();
                write!(f, "fused {:?} then {op} ", reduced.sizes)
            }
            Code::Draw(..) => f.write_str("draw"),
            Code::Write { version, .. } => write!(f, "write version {version} "),
            Code::Scan(scan) => {
                if scan.straight {
                    return f.write_str("rows ");
                }
                let (steps, states, sequences) = (scan.steps, scan.states, scan.sequences);
                write!(
                    f,
                    "scan of {steps} steps, {states} states, {sequences} sequences"
                )?;
                if scan.reverse {
                    f.write_str(", reverse")?;
                }
                if scan.limited {
                    f.write_str(", limited")?;
                }
                f.write_str(" ")
            }
            Code::Opaque(_) => f.write_str("plain "),
        }
    }
}
