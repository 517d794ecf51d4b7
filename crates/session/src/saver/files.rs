//! What a saver asks of the system: files, and the time. Everything goes through one trait, so that
//! tests can make each step fail.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use rand::TryRng as _;
use rand::rngs::SysRng;

use super::error::FileAction;

/// Files, and the time.
pub(crate) trait System: fmt::Debug + Send + Sync {
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

    /// The names of what is in a folder, in no order.
    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>>;

    /// Opens a file or a folder in order to lock it.
    fn lockable(&self, path: &Path) -> io::Result<Box<dyn Lockable>>;

    fn now(&self) -> SystemTime;

    fn pause(&self, time: Duration);

    /// A number that nobody else draws.
    fn random(&self) -> io::Result<u64>;
}

/// What can be locked against others, of this program too, until it is dropped or the program ends.
pub(crate) trait Lockable: Send {
    fn try_lock(&self) -> Result<(), TryLockError>;
}

/// A file that is being written.
pub(crate) trait Output: Write + Lockable {
    /// Sees to it that what was written outlives a crash.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file that is being read.
pub(crate) trait Input: Read + Seek + Send {}

impl Input for File {}

impl Lockable for File {
    fn try_lock(&self) -> Result<(), TryLockError> {
        loop {
            match File::try_lock(self) {
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                locked => return locked,
            }
        }
    }
}

/// A file that gives its lock back when dropped. To be closed is not enough: a process that was forked
/// meanwhile has the file, and so the lock, until it ends.
pub(super) struct Unlocking(pub(super) File);

impl Lockable for Unlocking {
    fn try_lock(&self) -> Result<(), TryLockError> {
        Lockable::try_lock(&self.0)
    }
}

impl Drop for Unlocking {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            log::debug!("cannot unlock: {error}");
        }
    }
}

impl Output for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// A device, a pipe, a socket.
    Other,
    Nothing,
}

/// The system that the program runs on.
#[derive(Debug)]
pub(crate) struct Host;

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

    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let entries = fs::read_dir(directory)?;
        entries
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect()
    }

    fn lockable(&self, path: &Path) -> io::Result<Box<dyn Lockable>> {
        // Network file systems lock for one alone only what is open for writing, which no folder is.
        let writing = !fs::metadata(path)?.is_dir();
        let file = OpenOptions::new().read(true).write(writing).open(path)?;
        Ok(Box::new(Unlocking(file)))
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn pause(&self, time: Duration) {
        thread::sleep(time);
    }

    fn random(&self) -> io::Result<u64> {
        SysRng.try_next_u64().map_err(io::Error::other)
    }
}

/// Sees to it that the entry of a file in its folder outlives a crash.
///
/// # Errors
/// The file system refuses.
pub(crate) fn sync_directory_of(system: &dyn System, file: &Path) -> Result<(), FileError> {
    let synced = system.sync_directory(directory_of(file));
    synced.map_err(at(FileAction::SyncDirectory, file))
}

/// What the file system has refused.
#[derive(Debug)]
pub(crate) struct FileError {
    pub(crate) action: FileAction,
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// What an error of the system means for a file.
pub(crate) fn at(action: FileAction, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_path_buf();
    move |error| FileError {
        action,
        path,
        error,
    }
}

/// The folder that a file is in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// A path with something appended to its last part.
pub(crate) fn appended(path: &Path, suffix: &str) -> PathBuf {
    let mut text = OsString::from(path);
    text.push(suffix);
    PathBuf::from(text)
}
