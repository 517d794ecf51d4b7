//! Why a graph is no plain data, or plain data no graph.

use thiserror::Error;

use crate::location::Trace;
use crate::mistake::{Mistake, Mistakes};
use crate::shown;

/// Why a graph cannot be written down as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The graph has mistakes.
    #[error("a graph with mistakes cannot be exported:\n{0}")]
    Mistakes(Mistakes),
    /// An operation is a Rust closure.
    #[error(
        "`{operation}`, built at {at}, is a Rust closure, which cannot be exported\n  help: make it a \
         `CustomOp` and register that with `register_custom_op`"
    )]
    Closure {
        /// The operation.
        operation: String,
        /// Where it was built.
        at: Trace,
    },
    /// An operation is a custom op that no one could find again by its name.
    #[error(
        "`{operation}`, built at {at}, is the custom op `{op}`, {}",
        if *.taken {
            "and another `Arc` is registered as that\n  help: build with clones of the one that was \
             registered; an op of other parameters needs a name of its own, as a file keeps the name alone"
        } else {
            "which is not registered\n  help: call `register_custom_op` with this very `Arc`, here and in \
             the program that imports the graph"
        }
    )]
    Unregistered {
        /// The operation.
        operation: String,
        /// Where it was built.
        at: Trace,
        /// What the op calls itself.
        op: String,
        /// Whether another op has the name.
        taken: bool,
    },
    /// The gradient of an operation is a Rust closure.
    #[error(
        "`{operation}`, built at {at}, has a gradient of its own in place of that of `{gradient}`: a \
         Rust closure, which cannot be exported\n  help: make it a `CustomOp` with that gradient, or \
         export the graph before gradients are replaced"
    )]
    ReplacedGradient {
        /// The operation.
        operation: String,
        /// Where it was built.
        at: Trace,
        /// What the gradient stands for.
        gradient: String,
    },
}

/// Why a record tells of no graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// An op of the user's own is not known to this process.
    #[error(
        "`{}` is the custom op `{}`, which is not registered\n  help: call `register_custom_op` with \
         it before the import",
        shown::name(.operation),
        shown::name(.op)
    )]
    UnknownCustomOp {
        /// The operation.
        operation: String,
        /// The name of its op.
        op: String,
    },
    /// The operands of an operation do not fit it.
    #[error("`{}` cannot be built: {}", shown::name(.operation), shown::report(.mistake))]
    Mistake {
        /// The operation.
        operation: String,
        /// What building it reports.
        mistake: Box<Mistake>,
    },
    /// A part of the record fits no graph.
    #[error("{part} {reason}")]
    Invalid {
        /// What: an operation, a variable, a table.
        part: String,
        /// Why not, continuing the sentence.
        reason: String,
    },
}

impl ImportError {
    pub(super) fn invalid(part: impl Into<String>, reason: impl Into<String>) -> ImportError {
        ImportError::Invalid {
            part: part.into(),
            reason: reason.into(),
        }
    }

    pub(super) fn operation(name: &str, reason: impl Into<String>) -> ImportError {
        ImportError::invalid(format!("operation `{}`", shown::name(name)), reason)
    }
}
