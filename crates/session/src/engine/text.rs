//! The text form of blocks, for `explain` and for tests.

use std::fmt::{self, Write as _};

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

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (value, source) in &self.sources {
            write!(f, "{value}: {}", self.kind(*value))?;
            if !self.kind(*value).is_contiguous() {
                write!(f, " strides {:?}", self.kind(*value).strides)?;
            }
            match source {
                Source::Plan(operand) => writeln!(f, " = given {operand:?}")?,
                Source::Parameter(index) => writeln!(f, " = parameter {index}")?,
            }
        }
        for node in &self.nodes {
            self.write_node(f, node)?;
        }
        let results: Vec<String> = self.results.iter().map(|value| self.seen(*value)).collect();
        writeln!(f, "give {}", results.join(", "))
    }
}

impl Block {
    fn write_node(&self, f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
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
        writeln!(f, "({})", inputs.join(", "))?;
        match &node.code {
            Code::Fused(expression) => {
                let text = expression.to_string();
                for line in text.lines() {
                    writeln!(f, "    {line}")?;
                }
            }
            Code::Scan(scan) => {
                let mut body = String::new();
                write!(body, "{}", scan.body)?;
                for line in body.lines() {
                    writeln!(f, "    {line}")?;
                }
            }
            Code::Constant(_)
            | Code::Product
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
            format!("{root}[{offset}..]{:?} strides {:?}", kind.sizes, kind.strides)
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Code::Constant(value) => write!(f, "constant {value:?} "),
            Code::Fused(_) => f.write_str("fused"),
            Code::Product => f.write_str("product"),
            Code::Join(pieces) => {
                let offsets: Vec<usize> = pieces.iter().map(|piece| piece.offset).collect();
                write!(f, "join at {offsets:?} ")
            }
            Code::Kernel(kernel) => f.write_str(kernel.op.type_name()),
            Code::Draw(..) => f.write_str("draw"),
            Code::Write { variable, version } => write!(f, "write {variable:?} version {version} "),
            Code::Scan(scan) => {
                let (steps, states, sequences) = (scan.steps, scan.states, scan.sequences);
                write!(f, "scan of {steps} steps, {states} states, {sequences} sequences")?;
                if scan.reverse {
                    f.write_str(", reverse")?;
                }
                if scan.limited {
                    f.write_str(", limited")?;
                }
                f.write_str(" ")
            }
            Code::Opaque(opaque) => write!(f, "plain {:?} ", opaque.instruction.node),
        }
    }
}
