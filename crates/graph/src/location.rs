//! Source locations: where in the user's code something was built.

use std::fmt;
use std::panic::Location as Caller;

use serde::{Deserialize, Serialize};

use crate::shown;

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl From<&Caller<'_>> for Location {
    fn from(caller: &Caller<'_>) -> Location {
        Location {
            file: caller.file().to_owned(),
            line: caller.line(),
            column: caller.column(),
        }
    }
}

/// Prints `file:line:column`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The file may be one that a graph file names.
        let file = shown::name(&self.file);
        write!(f, "{file}:{}:{}", self.line, self.column)
    }
}

/// A place in the user's code, and the call of ours that led there if the code is a closure or a
/// cell that we call back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trace {
    /// Where the operation was built.
    pub at: Location,
    /// Where the loop, branch or driver around it was called.
    pub called_from: Option<Location>,
}

/// Prints `file:line:column`, and `, called from …` where there is more.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        match &self.called_from {
            Some(call) => write!(f, ", called from {call}"),
            None => Ok(()),
        }
    }
}
