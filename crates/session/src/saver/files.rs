//! What a saver asks of the system: files, and the time. Everything goes through one trait, so that
//! tests can make each step fail.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::error::{CheckpointError, FileAction};

/// Files, and the time.
pub(super) trait System: fmt::Debug + Send + Sync {
    /// Makes a file that is not there yet.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>>;

    /// Opens a file to be read, and tells its length.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn Input>, u64)>;

    /// Gives a file another name; what had that name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Sees to it that a folder's entries outlive a crash.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    fn kind(&self, path: &Path) -> io::Result<Kind>;

    /// The absolute path, without links.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// When a file was written last.
    fn modified(&self, path: &Path) -> io::Result<SystemTime>;

    fn now(&self) -> SystemTime;
}

/// A file that is being written.
pub(super) trait Output: Write {
    /// Sees to it that what was written outlives a crash.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file that is being read.
pub(super) trait Input: Read + Seek + Send {}

impl Input for File {}

impl Output for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// A device, a pipe, a socket.
    Other,
    Nothing,
}

/// The system that the program runs on.
#[derive(Debug)]
pub(super) struct Host;

impl System for Host {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Input>, u64)> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((Box::new(file), length))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        match File::open(path)?.sync_all() {
            // Some network file systems know no such thing.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            synced => synced,
        }
    }

    /// Only Unix lets a folder be opened for this.
    #[cfg(not(unix))]
    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        match fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(Kind::File),
            Ok(found) if found.is_dir() => Ok(Kind::Directory),
            Ok(_) => Ok(Kind::Other),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(Kind::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        fs::metadata(path)?.modified()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Writes a file so that at every moment there is the old one or the new one, whole: beside it,
/// synced, renamed. If that fails the old one is there as it was, and nothing else.
///
/// # Errors
/// The first step that fails. If that is the last one, the new file is in its place already but
/// might not outlive a crash.
pub(super) fn replace(
    system: &dyn System,
    target: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CheckpointError> {
    let (beside, mut output) =
        Temporary::create(system, target).map_err(at(FileAction::Create, target))?;
    let mut buffered = BufWriter::new(&mut output);
    let written = write(&mut buffered).and_then(|()| buffered.flush());
    drop(buffered);
    written.map_err(at(FileAction::Write, target))?;
    output.sync().map_err(at(FileAction::Sync, target))?;
    // Windows renames no file that is open.
    drop(output);
    beside
        .rename(target)
        .map_err(at(FileAction::Rename, target))?;
    system
        .sync_directory(directory_of(target))
        .map_err(at(FileAction::SyncDirectory, target))
}

/// What an error of the system means for a file.
pub(super) fn at(action: FileAction, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_path_buf();
    move |error| CheckpointError::File {
        action,
        path,
        error,
    }
}

/// The folder that a file is in.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// A path with something appended to its last part.
pub(super) fn appended(path: &Path, suffix: &str) -> PathBuf {
    let mut text = OsString::from(path);
    text.push(suffix);
    PathBuf::from(text)
}

/// A file that is removed again unless it gets its final name.
struct Temporary<'s> {
    system: &'s dyn System,
    path: PathBuf,
    renamed: bool,
}

impl<'s> Temporary<'s> {
    /// Makes a file in the folder of `target`. Its name is short, as the target's may be as long as
    /// the system allows.
    fn create(system: &'s dyn System, target: &Path) -> io::Result<(Self, Box<dyn Output>)> {
        /// How many files that a crash has left behind are put up with.
        const ATTEMPTS: usize = 1 << 16;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..ATTEMPTS {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".aqueduct-{}-{number}.tmp", process::id());
            let path = directory_of(target).join(name);
            match system.create(&path) {
                Ok(output) => {
                    let renamed = false;
                    return Ok((
                        Temporary {
                            system,
                            path,
                            renamed,
                        },
                        output,
                    ));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    fn rename(mut self, target: &Path) -> io::Result<()> {
        self.system.rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if self.renamed {
            return;
        }
        if let Err(error) = self.system.remove(&self.path) {
            log::warn!("cannot remove `{}`: {error}", self.path.display());
        }
    }
}
