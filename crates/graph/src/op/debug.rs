//! Looking at values, and checking them, while a graph runs.

use serde::{Deserialize, Serialize};

/// An op of the `debug` family. All are stateful: they act whenever they run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Debug {
    /// `[condition: bool, data₁ …] -> []`: fails the run if an element of the condition is false.
    /// TensorFlow's `Assert`.
    Assert {
        /// What the failure says.
        message: String,
        /// How many elements of each datum it shows.
        summarize: usize,
    },
    /// `[x, data₁ …] -> x`: writes the message and the data when it runs. TensorFlow's `Print`.
    Print {
        /// What stands before the data.
        message: String,
        /// How many elements of each datum are written.
        summarize: usize,
        /// Where it writes.
        to: PrintTo,
    },
    /// `[x: float] -> x`: fails the run if an element is NaN or infinite. TensorFlow's
    /// `CheckNumerics`.
    CheckNumerics {
        /// What the failure says.
        message: String,
    },
}

/// Where a `Print` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PrintTo {
    /// The standard error of the process, as TensorFlow does.
    #[default]
    Stderr,
    /// The `log` facade, as `info`: the program chooses where that goes.
    Log,
}

impl Debug {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Debug::Assert { .. } => "Assert",
            Debug::Print { .. } => "Print",
            Debug::CheckNumerics { .. } => "CheckNumerics",
        }
    }
}
