//! Finds checkpoints, and reads them without a saver.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use aqueduct_graph::Value;

use super::compare::TensorInfo;
use super::error::{CheckpointError, FileAction};
use super::files::{self, Host, Kind, System};
use super::reader::Reader;
use super::state_file::{self, CheckpointState};
use crate::error::Result;

/// What a checkpoint's file has at the end of its name.
const EXTENSION: &str = ".aqueduct";

/// The newest checkpoint of a folder, by what its file `checkpoint` says: what [`Saver::restore`](crate::Saver::restore)
/// takes. `None` if there is no such file, or if the checkpoint that it names is gone, which is
/// warned of through the `log` facade. TensorFlow's `train.latest_checkpoint`.
///
/// # Errors
/// The file system refuses, or the file `checkpoint` is not one.
pub fn latest_checkpoint(directory: impl AsRef<Path>) -> Result<Option<PathBuf>> {
    Ok(latest(&Host, directory.as_ref())?)
}

/// What the file `checkpoint` of a folder says; `None` if there is none. TensorFlow's
/// `train.get_checkpoint_state`.
///
/// # Errors
/// The file system refuses, or the file is not one.
pub fn checkpoint_state(directory: impl AsRef<Path>) -> Result<Option<CheckpointState>> {
    Ok(state_file::read(&Host, directory.as_ref())?)
}

/// The tensors of a checkpoint, ascending by name. The path is as for [`Saver::restore`](crate::Saver::restore).
/// TensorFlow's `train.list_variables`.
///
/// # Errors
/// A [`CheckpointError`].
pub fn list_variables(path: impl AsRef<Path>) -> Result<Vec<TensorInfo>> {
    let reader = Reader::open(&Host, &locate(&Host, path.as_ref())?)?;
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
    let mut reader = Reader::open(&Host, &locate(&Host, path.as_ref())?)?;
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
    system.kind(path).map_err(files::at(FileAction::Find, path))
}

fn latest(system: &dyn System, directory: &Path) -> Result<Option<PathBuf>, CheckpointError> {
    let Some(state) = state_file::read(system, directory)? else {
        return Ok(None);
    };
    let file = file_of(&state.model_checkpoint_path);
    if kind(system, &file)? == Kind::File {
        return Ok(Some(state.model_checkpoint_path));
    }
    log::warn!(
        "the newest checkpoint of `{}` is gone: `{}`",
        directory.display(),
        file.display()
    );
    Ok(None)
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
            None => "no file `checkpoint` in this folder names one".to_owned(),
        },
        Kind::Other => "it is not a file".to_owned(),
        Kind::Nothing => format!("there is no file `{}`", file.display()),
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
