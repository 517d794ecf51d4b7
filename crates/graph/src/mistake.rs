//! Mistakes: what is wrong with a graph, told to the person who wrote it.

use std::fmt;

use thiserror::Error;

use crate::handle::AnyTensor;
use crate::location::Trace;
use crate::shown;

/// What sort of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MistakeKind {
    /// Shapes, sizes or ranks do not fit.
    Shape,
    /// Element types do not fit.
    DType,
    /// An attribute is out of its range: an axis, a count, a permutation.
    Argument,
    /// A name is malformed, taken or unknown.
    Name,
    /// A tensor is used outside of the loop or branch that it belongs to.
    Region,
    /// An operand belongs to another graph.
    Foreign,
    /// The graph was finalized and cannot grow.
    Finalized,
    /// A gradient that does not exist was asked for.
    Gradient,
}

impl MistakeKind {
    /// How the first line of the report begins.
    const fn title(self) -> &'static str {
        match self {
            MistakeKind::Shape => "shape mismatch",
            MistakeKind::DType => "dtype mismatch",
            MistakeKind::Argument => "invalid argument",
            MistakeKind::Name => "name error",
            MistakeKind::Region => "out of region",
            MistakeKind::Foreign => "operand of another graph",
            MistakeKind::Finalized => "finalized graph",
            MistakeKind::Gradient => "no gradient",
        }
    }
}

/// What a rule finds wrong, before it is known where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort of mistake it is.
    pub kind: MistakeKind,
    /// One clause, lower case, without a full stop: `inner dimensions 784 and 128 differ`.
    pub message: String,
    /// What to do: `rhs needs 784 rows`.
    pub help: Option<String>,
    /// What the report lists beside the operands of the operation.
    pub operands: Vec<OperandNote>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: MistakeKind, message: impl Into<String>) -> Problem {
        Problem {
            kind,
            message: message.into(),
            help: None,
            operands: Vec::new(),
        }
    }

    /// Shapes, sizes or ranks do not fit.
    pub fn shape(message: impl Into<String>) -> Problem {
        Problem::new(MistakeKind::Shape, message)
    }

    /// Element types do not fit.
    pub fn dtype(message: impl Into<String>) -> Problem {
        Problem::new(MistakeKind::DType, message)
    }

    /// An attribute is out of its range.
    pub fn argument(message: impl Into<String>) -> Problem {
        Problem::new(MistakeKind::Argument, message)
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// Lists an operand by its role: `labels`. Reads the graph: the caller holds no view of one.
    #[must_use]
    pub fn operand(mut self, role: impl AsRef<str>, tensor: AnyTensor<'_>) -> Problem {
        let view = tensor.graph().view();
        self.operands
            .push(view.operand_note(role.as_ref(), tensor.id()));
        self
    }
}

/// An operand as a report lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperandNote {
    /// Its role: `lhs`, `rhs`, `input 2`, …
    pub label: String,
    /// Its name: `hidden/w`.
    pub name: String,
    /// Its element type and shape: `f32[128, 10]`.
    pub fact: String,
    /// Where it was made.
    pub from: Trace,
}

/// A mistake made while building, with everything needed to mend it.
///
/// Its `Display` is the report:
///
/// ```text
/// shape mismatch in matmul: inner dimensions 784 and 128 differ
///   --> examples/mnist.rs:31:17        scope `hidden`, name `hidden/MatMul`
///   lhs  images    f32[?, 784]   from examples/mnist.rs:22:18
///   rhs  hidden/w  f32[128, 10]  from examples/mnist.rs:30:14
///   help: rhs needs 784 rows
/// ```
///
/// `Debug` prints the same, so that `unwrap` and a `main` that returns it show the report.
#[derive(Clone, PartialEq, Eq, Error)]
pub struct Mistake {
    /// What sort of mistake it is.
    pub kind: MistakeKind,
    /// What was being built: `matmul`.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// The caller's source location.
    pub at: Trace,
    /// The name scope it happened in; empty at the top.
    pub scope: String,
    /// The name of the operation; empty if it got none.
    pub name: String,
    /// The operands.
    pub operands: Vec<OperandNote>,
    /// For an operation added on behalf of another (a gradient): that one's name and location.
    pub on_behalf_of: Option<(String, Trace)>,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headline = format!(
            "{} in {}: {}",
            self.kind.title(),
            self.subject,
            self.message
        );
        Report {
            headline: &headline,
            at: &self.at,
            scope: &self.scope,
            name: &self.name,
            operands: &self.operands,
            on_behalf_of: self.on_behalf_of.as_ref(),
            help: self.help.as_deref(),
        }
        .fmt(f)
    }
}

impl fmt::Debug for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The form of every report about an operation, of building and of running.
#[derive(Debug)]
pub struct Report<'a> {
    /// What is wrong, in a line.
    pub headline: &'a str,
    /// Where the operation was built.
    pub at: &'a Trace,
    /// The name scope; empty if it says nothing.
    pub scope: &'a str,
    /// The operation's name; empty if it got none.
    pub name: &'a str,
    /// The operands.
    pub operands: &'a [OperandNote],
    /// For an operation added on behalf of another (a gradient): that one's name and location.
    pub on_behalf_of: Option<&'a (String, Trace)>,
    /// What to do.
    pub help: Option<&'a str>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  --> {}", self.headline, self.at)?;
        let place: Vec<String> = [("scope", self.scope), ("name", self.name)]
            .iter()
            .filter(|(_, word)| !word.is_empty())
            .map(|(what, word)| format!("{what} `{word}`"))
            .collect();
        if !place.is_empty() {
            write!(f, "        {}", place.join(", "))?;
        }
        write_operands(f, self.operands)?;
        if let Some((name, at)) = self.on_behalf_of {
            write!(f, "\n  in the gradient of `{name}`, built at {at}")?;
        }
        if let Some(help) = self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// The widest column of a report.
const WIDEST: usize = 2000;

/// Writes the operands in columns, one a line.
fn write_operands(f: &mut fmt::Formatter<'_>, operands: &[OperandNote]) -> fmt::Result {
    // A column is no wider than the formatter allows, whatever stands in it.
    let names: Vec<String> = operands
        .iter()
        .map(|note| shown::name(&note.name).to_string())
        .collect();
    let width = |column: &mut dyn Iterator<Item = &String>| {
        let widest = column.map(|text| text.chars().count()).max();
        widest.unwrap_or(0).min(WIDEST)
    };
    let label = width(&mut operands.iter().map(|note| &note.label));
    let name = width(&mut names.iter());
    let fact = width(&mut operands.iter().map(|note| &note.fact));
    for (note, shown) in operands.iter().zip(&names) {
        write!(
            f,
            "\n  {:label$}  {shown:name$}  {:fact$}  from {}",
            note.label, note.fact, note.from
        )?;
    }
    Ok(())
}

/// Every mistake of a graph, in the order in which they were made. `Debug` prints their reports, as
/// `Display` does.
#[derive(Clone, PartialEq, Eq, Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, mistake) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
