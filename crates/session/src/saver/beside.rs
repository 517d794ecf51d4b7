//! Files that are written beside the ones they replace, so that at every moment there is the old one
//! or the new one, whole.

use std::ffi::OsStr;
use std::fs::TryLockError;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;

use aqueduct_graph::ir::shown;

use super::error::FileAction;
use super::files::{self, FileError, Kind, Output, System, at};

/// How the name of a file begins that waits for its final one.
const PREFIX: &str = ".aqueduct-";

/// How such a name ends.
const SUFFIX: &str = ".tmp";

/// A file that is written and synced, and waits for its name. It is removed again if it does not get
/// it.
pub(crate) struct Written<'s> {
    temporary: Temporary<'s>,
    target: PathBuf,
}

/// Writes a file beside the one that it is to replace.
///
/// # Errors
/// The first step that fails. Nothing is left behind then.
pub(crate) fn write<'s>(
    system: &'s dyn System,
    target: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Written<'s>, FileError> {
    let created = Temporary::create(system, files::directory_of(target));
    let mut temporary = created.map_err(at(FileAction::Create, target))?;
    let mut buffered = BufWriter::new(&mut temporary.output);
    let written = write(&mut buffered).and_then(|()| buffered.flush());
    // Not dropped: that would write once more what could not be written.
    let _ = buffered.into_parts();
    written.map_err(at(FileAction::Write, target))?;
    let synced = temporary.output.sync();
    synced.map_err(at(FileAction::Sync, target))?;
    Ok(Written {
        temporary,
        target: target.to_path_buf(),
    })
}

impl Written<'_> {
    /// Gives the file its name; what had it is replaced. Whether that outlives a crash is known when
    /// the folder is synced.
    ///
    /// # Errors
    /// The file system refuses. The former file is there as it was then, and nothing else.
    pub(crate) fn rename(mut self) -> Result<(), FileError> {
        let temporary = &mut self.temporary;
        let renamed = temporary.system.rename(&temporary.path, &self.target);
        renamed.map_err(at(FileAction::Rename, &self.target))?;
        temporary.renamed = true;
        Ok(())
    }
}

/// Removes files that were left behind in a folder by programs that were killed while they wrote.
/// What cannot be told or removed is left alone.
pub(super) fn sweep(system: &dyn System, directory: &Path) {
    let names = match system.names(directory) {
        Ok(names) => names,
        Err(error) => {
            log::debug!("cannot list `{}`: {error}", shown::path(directory));
            return;
        }
    };
    let mut removed = false;
    for name in names.iter().filter(|name| is_temporary(name)) {
        let path = directory.join(name);
        match remove_abandoned(system, &path) {
            Ok(was_removed) => removed |= was_removed,
            Err(error) => log::debug!("`{}` is left where it is: {error}", shown::path(&path)),
        }
    }
    // Else each loss of power could bring them back, and add others.
    if removed && let Err(error) = system.sync_directory(directory) {
        log::debug!("cannot sync `{}`: {error}", shown::path(directory));
    }
}

/// Removes a file if nobody writes it; whether it did.
fn remove_abandoned(system: &dyn System, path: &Path) -> io::Result<bool> {
    if system.kind(path)? != Kind::File {
        return Ok(false);
    }
    let file = system.lockable(path)?;
    match file.try_lock() {
        // No name is used twice, so what is removed is what is locked.
        Ok(()) => system.remove(path).map(|()| true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

pub(super) fn is_temporary(name: &OsStr) -> bool {
    let middle = name.to_str().and_then(|name| {
        let name = name.strip_prefix(PREFIX)?;
        name.strip_suffix(SUFFIX)?.split_once('-')
    });
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    middle.is_some_and(|(process, number)| is_number(process) && is_number(number))
}

/// A file that is removed again unless it was renamed. It is locked while this lives, which tells a
/// sweep that somebody writes it.
struct Temporary<'s> {
    system: &'s dyn System,
    path: PathBuf,
    output: Box<dyn Output>,
    renamed: bool,
}

impl<'s> Temporary<'s> {
    fn create(system: &'s dyn System, directory: &Path) -> io::Result<Self> {
        /// How often a sweep of another program may come between creating and locking.
        const ATTEMPTS: usize = 1000;
        for _ in 0..ATTEMPTS {
            // Short, as the name of what it replaces may be as long as the system allows. Numbers of
            // processes are the same in all containers.
            let number = system.random()?;
            let name = format!("{PREFIX}{}-{number}{SUFFIX}", process::id());
            let path = directory.join(name);
            let output = system.create(&path)?;
            let temporary = Temporary {
                system,
                path,
                output,
                renamed: false,
            };
            match temporary.output.try_lock() {
                Err(TryLockError::WouldBlock) => {}
                // Where there are no locks, nobody sweeps.
                Ok(()) | Err(TryLockError::Error(_)) => {
                    if system.kind(&temporary.path)? == Kind::File {
                        return Ok(temporary);
                    }
                }
            }
        }
        Err(io::Error::other(
            "other programs remove each file that is made",
        ))
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if self.renamed {
            return;
        }
        match self.system.remove(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                log::warn!(
                    "cannot remove `{}`, which the next save tries again: {error}",
                    shown::path(&self.path)
                );
            }
            Ok(()) | Err(_) => {}
        }
    }
}
