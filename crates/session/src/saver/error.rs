//! What can go wrong with checkpoints.

use std::fmt;
use std::io;
use std::path::PathBuf;

use aqueduct_graph::Trace;
use aqueduct_graph::ir::shown;
use thiserror::Error;

use super::compare::Comparison;
use super::files::FileError;
use super::format::VERSION;

/// Why a checkpoint could not be written or read.
///
/// `Debug` prints what `Display` does, as [`crate::Error`] does.
#[derive(Error)]
#[non_exhaustive]
pub enum CheckpointError {
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
    /// There is no checkpoint where one was to be read.
    #[error("there is no checkpoint `{}`: {reason}", shown::path(.path))]
    NotFound {
        /// The path, as it was given.
        path: PathBuf,
        /// What was looked for.
        reason: String,
    },
    /// The file is something else.
    #[error(
        "`{}` is not a checkpoint of Aqueduct: it begins otherwise\n  help: `Saver::save` writes one; a \
         graph file is read by `import_meta_graph`",
        shown::path(.path)
    )]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version of the library.
    #[error(
        "`{}` has format version {found}, and this version of Aqueduct reads up to {VERSION}: it was \
         written by a later one\n  help: read it with that version, or a later one",
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
    /// There can be no checkpoint of this path or of so much.
    #[error("cannot save to `{}`: {reason}", shown::path(.path))]
    Unwritable {
        /// The path, as it was given.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The saver's list of variables makes no sense.
    #[error("{}", .problems.join("\n"))]
    Variables {
        /// All that is wrong with it.
        problems: Vec<String>,
    },
    /// Variables to be saved have no value.
    #[error("{}", uninitialized(.variables))]
    Uninitialized {
        /// All of them, by name, and where they were made.
        variables: Vec<(String, Trace)>,
    },
    /// The tensors of the file are not those that the variables need.
    #[error("`{}` does not fit the variables:\n{comparison}{}", shown::path(.path), mismatch_help(.comparison))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What is missing, different or too much.
        comparison: Box<Comparison>,
    },
    /// The file has no tensor of this name.
    #[error("`{}` has no tensor `{}`\n  help: `list_variables` tells which it has", shown::path(.path), shown::name(.name))]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// The system has not enough memory for a tensor.
    #[error("not enough memory: tensor `{}` of `{}` takes {bytes} bytes", shown::name(.name), shown::path(.path))]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// How much it takes.
        bytes: u64,
    },
}

impl From<FileError> for CheckpointError {
    fn from(refused: FileError) -> CheckpointError {
        let FileError {
            action,
            path,
            error,
        } = refused;
        CheckpointError::File {
            action,
            path,
            error,
        }
    }
}

impl fmt::Debug for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What was tried with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAction {
    /// To make a file beside it, which is then renamed.
    Create,
    /// To write it.
    Write,
    /// To see to it that it outlives a crash.
    Sync,
    /// To put it in place of the former one.
    Rename,
    /// To see to it that its name outlives a crash.
    SyncDirectory,
    /// To find out what is there.
    Find,
    /// To find the folder of a checkpoint.
    FindDirectory,
    /// To open it.
    Open,
    /// To read it.
    Read,
    /// To delete it.
    Delete,
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileAction::Create => "create a file beside",
            FileAction::Write => "write",
            FileAction::Sync => "sync",
            FileAction::Rename => "put a new file in place of",
            FileAction::SyncDirectory => "sync the folder of",
            FileAction::Find => "find out what is at",
            FileAction::FindDirectory => "find the folder",
            FileAction::Open => "open",
            FileAction::Read => "read",
            FileAction::Delete => "delete",
        })
    }
}

fn uninitialized(variables: &[(String, Trace)]) -> String {
    let lines = variables
        .iter()
        .map(|(name, at)| format!("\n  `{name}`, made at {at}"));
    format!(
        "cannot save variables that have no value:{}\n  help: run \
         `graph.global_variables_initializer()` in this session, or restore them, first",
        lines.collect::<String>()
    )
}

fn mismatch_help(comparison: &Comparison) -> &'static str {
    if comparison.missing.is_empty() && comparison.different.is_empty() {
        return "\n  help: a saver that is not `strict` leaves extra tensors alone";
    }
    if !comparison.extra.is_empty() {
        return "\n  help: `Saver::rename` reads a tensor of another name, `restore_matching` restores what \
                fits; extra tensors alone would be no error of a saver that is not `strict`";
    }
    "\n  help: `Saver::rename` reads a tensor of another name, `restore_matching` restores what fits"
}
