//! A disk in memory of one folder, which knows what a loss of power could leave of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::fs::TryLockError;
use std::io::{self, Cursor, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::saver::beside::is_temporary;
use crate::saver::files::{Input, Kind, Lockable, Output, System};

/// The one folder.
pub(super) const FOLDER: &str = "/disk";

/// What programs find on a disk: the files by their names.
pub(super) type Image = BTreeMap<OsString, Vec<u8>>;

/// Which file has which name.
type Entries = BTreeMap<OsString, usize>;

/// A disk at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment {
    files: Vec<Contents>,
    entries: Entries,
    /// The entries when the folder was synced last.
    synced: Entries,
    /// How entries have changed since.
    changes: Vec<Change>,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    synced: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Create(OsString, usize),
    Rename(OsString, OsString, usize),
    Remove(OsString),
}

impl Change {
    fn apply(&self, entries: &mut Entries) {
        match self {
            Change::Create(name, file) => _ = entries.insert(name.clone(), *file),
            Change::Rename(from, to, file) => {
                entries.remove(from);
                entries.insert(to.clone(), *file);
            }
            Change::Remove(name) => _ = entries.remove(name),
        }
    }
}

impl Moment {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.entries);
        self.changes.push(change);
    }

    fn file(&self, name: &OsString) -> io::Result<usize> {
        let file = self.entries.get(name).copied();
        file.ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// What a program that is started after another one was killed at this moment finds.
    pub(super) fn after_kill(&self) -> Image {
        let entries = self.entries.iter();
        let bytes = |file: &usize| self.files[*file].bytes.clone();
        entries
            .map(|(name, file)| (name.clone(), bytes(file)))
            .collect()
    }

    /// All that a loss of power at this moment could leave: each change of an entry since the folder was
    /// synced may have got to the disk or not, whatever came before or after it; so may the bytes of a
    /// file that is not synced, or a part of them, or zeros.
    pub(super) fn after_power_loss(&self) -> BTreeSet<Image> {
        let mut images = BTreeSet::new();
        for chosen in 0_u32..1 << self.changes.len() {
            let mut entries = self.synced.clone();
            for (place, change) in self.changes.iter().enumerate() {
                if chosen >> place & 1 == 1 {
                    change.apply(&mut entries);
                }
            }
            images.extend(self.images(&entries));
        }
        images
    }

    fn images(&self, entries: &Entries) -> Vec<Image> {
        let mut images = vec![Image::new()];
        for (name, file) in entries {
            let outcomes = if is_temporary(name) {
                // Nobody reads these.
                vec![Vec::new()]
            } else {
                self.files[*file].outcomes()
            };
            let with = |outcome: &Vec<u8>, image: &Image| {
                let mut image = image.clone();
                image.insert(name.clone(), outcome.clone());
                image
            };
            images = outcomes
                .iter()
                .flat_map(|outcome| images.iter().map(move |image| with(outcome, image)))
                .collect();
        }
        images
    }
}

impl Contents {
    /// What a loss of power could leave of a file.
    fn outcomes(&self) -> Vec<Vec<u8>> {
        if self.synced {
            return vec![self.bytes.clone()];
        }
        let length = self.bytes.len();
        let cuts = [0, 1, length / 2, length.saturating_sub(1), length];
        let cut = |at: &usize| self.bytes.iter().copied().take(*at).collect();
        let mut outcomes: Vec<Vec<u8>> = cuts.iter().map(cut).collect();
        outcomes.push(vec![0; length]);
        outcomes
    }
}

/// What a disk is locked by: the files, and the folder.
type Locks = Arc<Mutex<HashSet<Option<usize>>>>;

/// A disk that keeps its moments.
#[derive(Debug, Default)]
pub(super) struct Disk {
    state: Arc<Mutex<State>>,
    locks: Locks,
    pauses: Mutex<usize>,
}

#[derive(Debug, Default)]
struct State {
    at: Moment,
    past: Vec<Moment>,
}

impl State {
    fn change(&mut self, make: impl FnOnce(&mut Moment)) {
        self.past.push(self.at.clone());
        make(&mut self.at);
    }
}

impl Disk {
    /// A disk of these files, all of them safe.
    pub(super) fn of(image: &Image) -> Disk {
        let mut at = Moment::default();
        for (name, bytes) in image {
            at.entries.insert(name.clone(), at.files.len());
            at.files.push(Contents {
                bytes: bytes.clone(),
                synced: true,
            });
        }
        at.synced = at.entries.clone();
        let state = State {
            at,
            past: Vec::new(),
        };
        Disk {
            state: Arc::new(Mutex::new(state)),
            ..Disk::default()
        }
    }

    /// The moments since the last call, the last of which is the present.
    pub(super) fn take_moments(&self) -> Vec<Moment> {
        let mut state = self.lock();
        let mut moments = std::mem::take(&mut state.past);
        moments.push(state.at.clone());
        moments
    }

    pub(super) fn image(&self) -> Image {
        self.lock().at.after_kill()
    }

    pub(super) fn is_unlocked(&self) -> bool {
        self.locks.lock().unwrap().is_empty()
    }

    pub(super) fn pauses(&self) -> usize {
        *self.pauses.lock().unwrap()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn handle(&self, file: Option<usize>) -> Handle {
        Handle {
            state: Arc::clone(&self.state),
            locks: Arc::clone(&self.locks),
            file,
            holds: Mutex::new(false),
        }
    }
}

fn name_of(path: &Path) -> io::Result<OsString> {
    if path.parent() != Some(Path::new(FOLDER)) {
        return Err(ErrorKind::NotFound.into());
    }
    Ok(path.file_name().unwrap().to_owned())
}

impl System for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let name = name_of(path)?;
        let mut state = self.lock();
        if state.at.entries.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let file = state.at.files.len();
        state.change(|at| {
            at.files.push(Contents::default());
            at.change(Change::Create(name, file));
        });
        Ok(Box::new(self.handle(Some(file))))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Input>, u64)> {
        let state = self.lock();
        let file = state.at.file(&name_of(path)?)?;
        let bytes = state.at.files[file].bytes.clone();
        let length = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes)), length))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (name_of(from)?, name_of(to)?);
        let mut state = self.lock();
        let file = state.at.file(&from)?;
        state.change(|at| at.change(Change::Rename(from, to, file)));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let name = name_of(path)?;
        let mut state = self.lock();
        state.at.file(&name)?;
        state.change(|at| at.change(Change::Remove(name)));
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        assert_eq!(path, Path::new(FOLDER));
        self.lock().change(|at| {
            at.synced = at.entries.clone();
            at.changes.clear();
        });
        Ok(())
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        if path == Path::new(FOLDER) {
            return Ok(Kind::Directory);
        }
        let found = self.lock().at.file(&name_of(path)?);
        Ok(found.map_or(Kind::Nothing, |_| Kind::File))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        let file = self.lock().at.file(&name_of(path)?)?;
        Ok(UNIX_EPOCH + Duration::from_secs(file as u64))
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        assert_eq!(directory, Path::new(FOLDER));
        Ok(self.lock().at.entries.keys().cloned().collect())
    }

    fn lockable(&self, path: &Path) -> io::Result<Box<dyn Lockable>> {
        if path == Path::new(FOLDER) {
            return Ok(Box::new(self.handle(None)));
        }
        let file = self.lock().at.file(&name_of(path)?)?;
        Ok(Box::new(self.handle(Some(file))))
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH
    }

    fn pause(&self, _: Duration) {
        *self.pauses.lock().unwrap() += 1;
    }

    fn random(&self) -> io::Result<u64> {
        // Of all disks, as one goes on with the names that another has left.
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        Ok(DRAWN.fetch_add(1, Ordering::Relaxed))
    }
}

/// An open file, or the folder.
struct Handle {
    state: Arc<Mutex<State>>,
    locks: Locks,
    file: Option<usize>,
    holds: Mutex<bool>,
}

impl Handle {
    fn change(&self, make: impl FnOnce(&mut Contents)) {
        let file = self.file.unwrap();
        let mut state = self.state.lock().unwrap();
        state.change(|at| make(&mut at.files[file]));
    }
}

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.change(|contents| {
            contents.bytes.extend_from_slice(bytes);
            contents.synced = false;
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for Handle {
    fn sync(&mut self) -> io::Result<()> {
        self.change(|contents| contents.synced = true);
        Ok(())
    }
}

impl Lockable for Handle {
    fn try_lock(&self) -> Result<(), TryLockError> {
        if !self.locks.lock().unwrap().insert(self.file) {
            return Err(TryLockError::WouldBlock);
        }
        *self.holds.lock().unwrap() = true;
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if *self.holds.lock().unwrap() {
            self.locks.lock().unwrap().remove(&self.file);
        }
    }
}

impl Input for Cursor<Vec<u8>> {}
