//! Errors of building and running.

use std::fmt;

use aqueduct_graph::ir::{NodeId, OperandNote, Report};
use aqueduct_graph::{Graph, Mistake, Mistakes, NameError, Trace};
use thiserror::Error;

use crate::gradient_check::GradientCheckError;
use crate::graph_file::GraphFileError;
use crate::memory::MemoryShortage;
use crate::numerics::NumericsFailure;
use crate::saver::CheckpointError;

/// Whatever can go wrong between building a graph and holding its results, checkpoints or file.
///
/// `Debug` prints what `Display` does, so that a `main` that returns an error shows the report.
#[derive(Error)]
#[non_exhaustive]
pub enum Error {
    /// Mistakes made while building, that the run depends on.
    #[error("{0}")]
    Build(#[from] Mistakes),
    /// Nothing in the graph goes by a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Values that were fed wrongly or not at all.
    #[error("{}", list(.0))]
    Feeds(Vec<FeedProblem>),
    /// Something that a session cannot fetch or run.
    #[error("cannot fetch `{name}`: {reason}")]
    Fetch {
        /// The tensor or operation.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A variable was read that has no value.
    #[error("{0}")]
    Uninitialized(Box<UninitializedVariable>),
    /// An operation failed on the values of this run.
    #[error("{0}")]
    Operation(Box<OperationFailure>),
    /// The first NaN or infinity of a run, of a session that
    /// [looks for them](crate::SessionOptions::check_numerics).
    #[error("{0}")]
    Numerics(Box<NumericsFailure>),
    /// A value given to a variable from outside does not fit it.
    #[error("cannot load {given} into variable `{variable}`, which is {wanted}")]
    Load {
        /// The variable.
        variable: String,
        /// The value's type and shape.
        given: String,
        /// The variable's type and shape.
        wanted: String,
    },
    /// A result does not fit the memory that it was to be written to.
    #[error("cannot write `{name}`, which is {result}, to {buffer}; it was made at {site}")]
    Output {
        /// The tensor.
        name: String,
        /// Where in the program it was made.
        site: String,
        /// The result's type and shape.
        result: String,
        /// What was given for it.
        buffer: String,
    },
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    Checkpoint(Box<CheckpointError>),
    /// A graph could not be written to a file, or read from one.
    #[error(transparent)]
    GraphFile(Box<GraphFileError>),
    /// Gradients are not what finite differences say, or cannot be compared.
    #[error(transparent)]
    GradientCheck(Box<GradientCheckError>),
    /// The system has not as much memory as a run asks for.
    #[error("{0}")]
    OutOfMemory(Box<MemoryShortage>),
    /// A run that changes the session was started within another one, by a custom op of that run.
    /// Runs that write variables or draw random numbers go one after the other: it would wait for
    /// ever. One that the op starts in another thread, and waits for, does so unnoticed.
    #[error(
        "a run that writes variables or draws random numbers was started within another one of the \
         same session"
    )]
    Nested,
    /// The library broke a promise to itself. Please report it.
    #[error("internal error: {0}")]
    Internal(String),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Error {
        Error::Build(Mistakes(vec![mistake]))
    }
}

impl From<CheckpointError> for Error {
    fn from(error: CheckpointError) -> Error {
        Error::Checkpoint(Box::new(error))
    }
}

impl From<GraphFileError> for Error {
    fn from(error: GraphFileError) -> Error {
        Error::GraphFile(Box::new(error))
    }
}

impl Error {
    pub(crate) fn internal(message: impl Into<String>) -> Error {
        Error::Internal(message.into())
    }

    /// The same error; a shortage of memory tells which operation it is for, if it does not yet.
    pub(crate) fn used_by(self, graph: &Graph, node: NodeId) -> Error {
        match self {
            Error::OutOfMemory(shortage) => {
                Error::OutOfMemory(shortage.used_by(&graph.view(), node))
            }
            error => error,
        }
    }

    /// The same error, of a body that is run as `what` says. Only the report of a NaN or infinity
    /// tells it, as which step it is says much of where it comes from.
    pub(crate) fn within(mut self, what: impl FnOnce() -> String) -> Error {
        if let Error::Numerics(failure) = &mut self {
            failure.within.push(what());
        }
        self
    }
}

/// The result of a run.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with one value that should be, or was, fed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedProblem {
    /// The tensor's name.
    pub name: String,
    /// What is wrong: `no value was fed`, …
    pub message: String,
    /// Where the tensor was made.
    pub at: Option<Trace>,
}

impl fmt::Display for FeedProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "feed of `{}`: {}", self.name, self.message)?;
        match &self.at {
            Some(at) => write!(f, "\n  --> {at}"),
            None => Ok(()),
        }
    }
}

fn list(problems: &[FeedProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(FeedProblem::to_string).collect();
    lines.join("\n")
}

/// A read of a variable that has no value yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UninitializedVariable {
    /// The variable.
    pub variable: String,
    /// Where the variable was made.
    pub at: Trace,
    /// The operation that reads it.
    pub reader: String,
    /// Where that operation was built.
    pub reader_at: Trace,
    /// The other variables that the run uses and that have no value.
    pub others: Vec<String>,
}

impl fmt::Display for UninitializedVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = &self.variable;
        write!(f, "variable `{variable}` has no value\n  --> {}", self.at)?;
        write!(
            f,
            "\n  read by `{}`, built at {}",
            self.reader, self.reader_at
        )?;
        if !self.others.is_empty() {
            write!(f, "\n  nor have: {}", self.others.join(", "))?;
        }
        write!(
            f,
            "\n  help: run `graph.global_variables_initializer()` (or `{variable}`'s own initializer) \
             in this session first, or restore a checkpoint that has it; for variables made after that ran (an optimizer makes some) run \
             `graph.variables_initializer(…)` of these, as running all again would reset the others"
        )
    }
}

/// An operation that failed on the values or sizes of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationFailure {
    /// What failed: `gather`.
    pub subject: String,
    /// The operation's name.
    pub name: String,
    /// What is wrong: `indices[0] = 3 is not in [0, 3)`.
    pub message: String,
    /// Where the operation was built.
    pub at: Trace,
    /// The operands, with the shapes of this run.
    pub operands: Vec<OperandNote>,
    /// For an operation added on behalf of another (a gradient): that one's name and location.
    pub on_behalf_of: Option<(String, Trace)>,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for OperationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headline = format!("{} failed: {}", self.subject, self.message);
        let report = Report {
            headline: &headline,
            at: &self.at,
            scope: "",
            name: &self.name,
            operands: &self.operands,
            on_behalf_of: self.on_behalf_of.as_ref(),
            help: self.help.as_deref(),
        };
        report.fmt(f)
    }
}
