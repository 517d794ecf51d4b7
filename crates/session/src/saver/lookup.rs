//! Finds checkpoints, and reads them without a saver.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aqueduct_graph::Value;
use aqueduct_graph::ir::shown;

use super::compare::TensorInfo;
use super::error::{CheckpointError, FileAction};
use super::files::{self, Host, Kind, System};
use super::reader::Reader;
use super::state_file::{self, CheckpointState};
use crate::error::Result;

/// What a checkpoint's file has at the end of its name.
const EXTENSION: &str = ".aqueduct";

/// The newest checkpoint of a folder, by what its file `checkpoint` says: what [`Saver::restore`](crate::Saver::restore)
/// takes. If the checkpoint that it names is gone, the newest that it lists and that is there, which is
/// warned of through the `log` facade; `None` if there is no such file, or all are gone.
///
/// TensorFlow's `train.latest_checkpoint`, which gives `None` if the one named is gone.
///
/// # Errors
/// The file system refuses, or the file `checkpoint` is not one.
pub fn latest_checkpoint(directory: impl AsRef<Path>) -> Result<Option<PathBuf>> {
    Ok(latest(&Host, directory.as_ref())?)
}

/// What the file `checkpoint` of a folder says; `None` if there is none. A checkpoint that it lists
/// can be gone, or about to be written. TensorFlow's `train.get_checkpoint_state`.
///
/// # Errors
/// The file system refuses, or the file is not one.
pub fn checkpoint_state(directory: impl AsRef<Path>) -> Result<Option<CheckpointState>> {
    Ok(state(&Host, directory.as_ref())?)
}

/// The tensors of a checkpoint, ascending by name. The path is as for [`Saver::restore`](crate::Saver::restore).
/// TensorFlow's `train.list_variables`.
///
/// # Errors
/// A [`CheckpointError`].
pub fn list_variables(path: impl AsRef<Path>) -> Result<Vec<TensorInfo>> {
    let reader = open(&Host, path.as_ref())?;
    let tensors = reader.table.tensors.into_iter();
    Ok(tensors.map(|tensor| tensor.info).collect())
}

/// A tensor of a checkpoint. The path is as for [`Saver::restore`](crate::Saver::restore). TensorFlow's
/// `train.load_variable`.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_session::{Saver, Session, feed, list_variables, load_variable};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("model");
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let sess = Session::new(&g);
/// sess.run(w.initializer(), feed![])?;
/// Saver::new(&g).save(&sess, &path)?;
///
/// assert_eq!(list_variables(&path)?[0].to_string(), "w f32[2]");
/// let value = load_variable(&path, "w")?;
/// assert_eq!(value.as_slice::<f32>(), Some(&[1.0, 2.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`CheckpointError`]; `NoTensor` if the checkpoint has no tensor of this name.
pub fn load_variable(path: impl AsRef<Path>, name: &str) -> Result<Value> {
    let mut reader = open(&Host, path.as_ref())?;
    let mut tensors = reader.table.tensors.iter();
    match tensors.find(|tensor| tensor.info.name == name).cloned() {
        Some(tensor) => Ok(reader.read(&tensor)?),
        None => Err(CheckpointError::NoTensor {
            path: reader.path,
            name: name.to_owned(),
        }
        .into()),
    }
}

/// The file of a checkpoint.
pub(super) fn file_of(prefix: &Path) -> PathBuf {
    files::appended(prefix, EXTENSION)
}

pub(super) fn kind(system: &dyn System, path: &Path) -> Result<Kind, CheckpointError> {
    Ok(system
        .kind(path)
        .map_err(files::at(FileAction::Find, path))?)
}

/// Opens the checkpoint that a path means.
///
/// # Errors
/// There is none, or it is not one.
pub(super) fn open(system: &dyn System, path: &Path) -> Result<Reader, CheckpointError> {
    let mut file = locate(system, path)?;
    loop {
        match Reader::open(system, &file) {
            // Another program may have deleted it since, and then a folder has a newer one.
            Err(error) if is_gone(&error) => {
                let found = locate(system, path)?;
                if found == file {
                    return Err(error);
                }
                file = found;
            }
            opened => return opened,
        }
    }
}

fn is_gone(error: &CheckpointError) -> bool {
    matches!(error, CheckpointError::File { action: FileAction::Open, error, .. }
        if error.kind() == io::ErrorKind::NotFound)
}

pub(super) fn latest(
    system: &dyn System,
    directory: &Path,
) -> Result<Option<PathBuf>, CheckpointError> {
    let mut before = None;
    while let Some(state) = state(system, directory)? {
        if is_there(system, &state.model_checkpoint_path)? {
            return Ok(Some(state.model_checkpoint_path));
        }
        // Another program may have deleted it since, and then the file tells of a newer one.
        if before.as_ref() == Some(&state) {
            return instead(system, &state);
        }
        before = Some(state);
    }
    Ok(None)
}

/// What is taken for the newest checkpoint if that is gone: the newest of those that are there.
fn instead(
    system: &dyn System,
    state: &CheckpointState,
) -> Result<Option<PathBuf>, CheckpointError> {
    let newest = shown::path(&state.model_checkpoint_path);
    for prefix in state.all_model_checkpoint_paths.iter().rev() {
        if is_there(system, prefix)? {
            log::warn!(
                "the newest checkpoint is gone: `{newest}`; `{}` is taken instead",
                shown::path(prefix)
            );
            return Ok(Some(prefix.clone()));
        }
    }
    log::warn!("the newest checkpoint is gone: `{newest}`, and all others");
    Ok(None)
}

fn is_there(system: &dyn System, prefix: &Path) -> Result<bool, CheckpointError> {
    Ok(kind(system, &file_of(prefix))? == Kind::File)
}

/// What the file `checkpoint` of a folder says; an error tells what there is in the folder.
fn state(
    system: &dyn System,
    directory: &Path,
) -> Result<Option<CheckpointState>, CheckpointError> {
    state_file::read(system, directory).map_err(|error| match error {
        CheckpointError::Damaged { path, reason } => {
            let help = match checkpoints(system, directory, None) {
                Some(names) => format!("restore one of the folder by its path: {names}"),
                None => "delete it: the folder has no checkpoints".to_owned(),
            };
            let reason = format!("{reason}\n  help: {help}");
            CheckpointError::Damaged { path, reason }
        }
        error => error,
    })
}

/// The report of a damaged checkpoint tells which others there are.
pub(super) fn with_others(system: &dyn System, error: CheckpointError) -> CheckpointError {
    match error {
        CheckpointError::Damaged { path, reason } if !state_file::is_one(&path) => {
            let names = checkpoints(system, files::directory_of(&path), path.file_name());
            let help =
                names.map(|names| format!("\n  help: restore another one of the folder: {names}"));
            let reason = reason + &help.unwrap_or_default();
            CheckpointError::Damaged { path, reason }
        }
        error => error,
    }
}

/// The checkpoints in a folder but for one file, for a report: the last few that were written, the
/// newest first. `None` if there are none.
fn checkpoints(system: &dyn System, directory: &Path, but: Option<&OsStr>) -> Option<String> {
    const MOST: usize = 5;
    let mut found: Vec<(SystemTime, String)> = Vec::new();
    for name in system.names(directory).ok()? {
        if but == Some(&*name) {
            continue;
        }
        let name = name.to_string_lossy();
        let Some(prefix) = name.strip_suffix(EXTENSION) else {
            continue;
        };
        let time = system.modified(&directory.join(&*name));
        found.push((
            time.unwrap_or(UNIX_EPOCH),
            format!("`{}`", shown::name(prefix)),
        ));
    }
    found.sort_by(|one, other| other.cmp(one));
    let more = found.len().saturating_sub(MOST);
    let mut names: Vec<String> = found.into_iter().map(|(_, name)| name).take(MOST).collect();
    if more > 0 {
        names.push(format!("and {more} older"));
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// The file that a path means: a checkpoint's path without extension, a file, or a folder.
pub(super) fn locate(system: &dyn System, path: &Path) -> Result<PathBuf, CheckpointError> {
    let file = file_of(path);
    if kind(system, &file)? == Kind::File {
        return Ok(file);
    }
    let reason = match kind(system, path)? {
        Kind::File => return Ok(path.to_path_buf()),
        Kind::Directory => match latest(system, path)? {
            Some(prefix) => return Ok(file_of(&prefix)),
            None => "no file `checkpoint` in this folder names one that is there".to_owned(),
        },
        Kind::Other => "it is not a file".to_owned(),
        Kind::Nothing => format!("there is no file `{}`", shown::path(&file)),
    };
    Err(CheckpointError::NotFound {
        path: path.to_path_buf(),
        reason,
    })
}

/// Whether a file can have this name and an extension: whether the path ends with a name, and not with
/// a separator or a dot after it.
pub(super) fn check_path(path: &Path) -> Result<(), CheckpointError> {
    let text = path.as_os_str().as_encoded_bytes();
    let name = path.file_name().map(OsStr::as_encoded_bytes);
    if name.is_some_and(|name| text.ends_with(name)) {
        return Ok(());
    }
    Err(CheckpointError::Unwritable {
        path: path.to_path_buf(),
        reason: "the path names no file, as `dir/model` does".to_owned(),
    })
}
