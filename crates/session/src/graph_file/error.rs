//! What can go wrong with graph files.

use std::fmt;
use std::io;
use std::path::PathBuf;

use aqueduct_graph::ir::shown;
use aqueduct_graph::{ExportError, ImportError};
use thiserror::Error;

use super::VERSION;
use crate::saver::FileAction;
use crate::saver::files::FileError;

/// Why a graph could not be written to a file or read from one.
///
/// `Debug` prints what `Display` does, as [`crate::Error`] does.
#[derive(Error)]
#[non_exhaustive]
pub enum GraphFileError {
    /// The file system refused.
    #[error("cannot {action} `{}`: {error}", shown::path(.path))]
    File {
        /// What was tried.
        action: FileAction,
        /// The file that it was tried for.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is no file where one was to be read.
    #[error("there is no graph file `{}`: {reason}", shown::path(.path))]
    NotFound {
        /// The path, as it was given.
        path: PathBuf,
        /// What is there.
        reason: String,
    },
    /// The file is something else.
    #[error(
        "`{}` is not a graph of Aqueduct: it begins otherwise\n  help: `export_meta_graph` writes one; \
         a checkpoint is read by `Saver::restore`",
        shown::path(.path)
    )]
    NotAGraph {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version of the library.
    #[error(
        "`{}` has graph format version {found}, and this version of Aqueduct reads up to {VERSION}: it \
         was written by a later one",
        shown::path(.path)
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The file is not what was written.
    #[error("`{}` is damaged: {reason}", shown::path(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file tells of a graph that could not have been built, or not in this program.
    #[error("`{}` cannot be imported: {error}", shown::path(.path))]
    Import {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: Box<ImportError>,
    },
    /// The graph is one that no file can hold.
    #[error("cannot export to `{}`: {error}", shown::path(.path))]
    Export {
        /// The path, as it was given.
        path: PathBuf,
        /// Why not.
        error: Box<ExportError>,
    },
    /// There can be no file of so much.
    #[error("cannot export to `{}`: {reason}", shown::path(.path))]
    Unwritable {
        /// The path, as it was given.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl From<FileError> for GraphFileError {
    fn from(refused: FileError) -> GraphFileError {
        let FileError {
            action,
            path,
            error,
        } = refused;
        GraphFileError::File {
            action,
            path,
            error,
        }
    }
}

impl fmt::Debug for GraphFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
