//! A system that can be told which of its steps fail and how, keeps a log, and has a clock that is
//! set by hand.

use std::ffi::OsString;
use std::fmt;
use std::fs::TryLockError;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::saver::files::{Host, Input, Kind, Lockable, Output, System};

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// With an error and without an effect, but for a write, which takes a part.
    Error(ErrorKind),
    /// With an error though it was done, as can happen on a network.
    Reported(ErrorKind),
    /// A write or a read takes a part; nothing else fails by this.
    Short,
    /// A write or a read takes nothing; nothing else fails by this.
    Nothing,
}

/// Steps that have been made, those that fail, and what is done beside each.
#[derive(Default)]
struct Script {
    steps: Vec<String>,
    faults: Vec<(usize, Fault)>,
    beside: Option<Box<dyn FnMut(usize) + Send>>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.steps).finish()
    }
}

type Shared = Arc<Mutex<Script>>;

/// Another system, but for the steps that fail and the time.
#[derive(Debug)]
pub(super) struct TestSystem {
    inner: Arc<dyn System>,
    script: Shared,
    hours: Mutex<f64>,
    /// What files are said to have instead of their length.
    length: Mutex<Option<u64>>,
}

impl Default for TestSystem {
    fn default() -> TestSystem {
        TestSystem::over(Arc::new(Host))
    }
}

fn refused(kind: ErrorKind) -> io::Error {
    io::Error::new(kind, "out of order")
}

/// Makes a step, or fails as the script says.
fn step<T>(
    script: &Mutex<Script>,
    name: &str,
    make: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    match fault(script, name) {
        Some(Fault::Error(kind)) => Err(refused(kind)),
        Some(Fault::Reported(kind)) => {
            make()?;
            Err(refused(kind))
        }
        Some(Fault::Short | Fault::Nothing) | None => make(),
    }
}

/// Takes a step down, and tells how it fails.
fn fault(script: &Mutex<Script>, name: &str) -> Option<Fault> {
    let mut script = script.lock().unwrap();
    let place = script.steps.len();
    script.steps.push(name.to_owned());
    if let Some(beside) = &mut script.beside {
        beside(place);
    }
    let mut faults = script.faults.iter();
    faults.find(|fault| fault.0 == place).map(|fault| fault.1)
}

impl TestSystem {
    pub(super) fn over(inner: Arc<dyn System>) -> TestSystem {
        TestSystem {
            inner,
            script: Shared::default(),
            hours: Mutex::default(),
            length: Mutex::default(),
        }
    }

    /// Starts a new log; its step `place` fails.
    pub(super) fn fail_at(&self, place: Option<usize>) {
        let faults = place.map(|place| (place, Fault::Error(ErrorKind::Other)));
        self.fail_with(&faults.into_iter().collect::<Vec<_>>());
    }

    /// Starts a new log; steps at these places fail.
    pub(super) fn fail_with(&self, faults: &[(usize, Fault)]) {
        *self.script.lock().unwrap() = Script {
            faults: faults.to_vec(),
            ..Script::default()
        };
    }

    /// Starts a new log, and does this too before each step, whose place it is told.
    pub(super) fn beside_each(&self, beside: impl FnMut(usize) + Send + 'static) {
        *self.script.lock().unwrap() = Script {
            beside: Some(Box::new(beside)),
            ..Script::default()
        };
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.script.lock().unwrap().steps.clone()
    }

    /// Says that files are so long.
    pub(super) fn pretend_length(&self, length: u64) {
        *self.length.lock().unwrap() = Some(length);
    }

    pub(super) fn set_hours(&self, hours: f64) {
        *self.hours.lock().unwrap() = hours;
    }

    fn step<T>(&self, name: &str, make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        step(&self.script, name, make)
    }

    fn scripted<H>(&self, inner: H) -> Scripted<H> {
        let script = Arc::clone(&self.script);
        Scripted { inner, script }
    }
}

impl System for TestSystem {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let output = self.step("create", || self.inner.create(path))?;
        Ok(Box::new(self.scripted(output)))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Input>, u64)> {
        let (input, length) = self.step("open", || self.inner.open(path))?;
        let length = self.length.lock().unwrap().unwrap_or(length);
        Ok((Box::new(self.scripted(input)), length))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", || self.inner.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", || self.inner.remove(path))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step("sync directory", || self.inner.sync_directory(path))
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.step("kind", || self.inner.kind(path))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.step("canonical", || self.inner.canonical(path))
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        self.step("modified", || self.inner.modified(path))
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        self.step("names", || self.inner.names(directory))
    }

    fn lockable(&self, path: &Path) -> io::Result<Box<dyn Lockable>> {
        let lockable = self.step("lockable", || self.inner.lockable(path))?;
        Ok(Box::new(self.scripted(lockable)))
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(*self.hours.lock().unwrap() * 3600.0)
    }

    fn pause(&self, time: Duration) {
        self.inner.pause(time);
    }

    fn random(&self) -> io::Result<u64> {
        self.step("random", || self.inner.random())
    }
}

/// An open file or folder whose steps are those of a script.
struct Scripted<H> {
    inner: H,
    script: Shared,
}

impl Write for Scripted<Box<dyn Output>> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len() / 2];
        match fault(&self.script, "write") {
            Some(Fault::Error(kind)) => {
                // A disk that is full takes a part; what is only interrupted does not.
                if kind != ErrorKind::Interrupted {
                    self.inner.write_all(part)?;
                }
                Err(refused(kind))
            }
            Some(Fault::Reported(kind)) => {
                self.inner.write_all(bytes)?;
                Err(refused(kind))
            }
            Some(Fault::Short) if !part.is_empty() => self.inner.write(part),
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::Short) | None => self.inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Output for Scripted<Box<dyn Output>> {
    fn sync(&mut self) -> io::Result<()> {
        step(&self.script, "sync", || self.inner.sync())
    }
}

impl Lockable for Scripted<Box<dyn Output>> {
    fn try_lock(&self) -> Result<(), TryLockError> {
        try_lock(&self.script, || self.inner.try_lock())
    }
}

impl Lockable for Scripted<Box<dyn Lockable>> {
    fn try_lock(&self) -> Result<(), TryLockError> {
        try_lock(&self.script, || self.inner.try_lock())
    }
}

fn try_lock(
    script: &Mutex<Script>,
    lock: impl FnOnce() -> Result<(), TryLockError>,
) -> Result<(), TryLockError> {
    match fault(script, "lock") {
        Some(Fault::Error(ErrorKind::WouldBlock)) => Err(TryLockError::WouldBlock),
        Some(Fault::Error(kind) | Fault::Reported(kind)) => Err(TryLockError::Error(refused(kind))),
        Some(Fault::Short | Fault::Nothing) | None => lock(),
    }
}

impl Read for Scripted<Box<dyn Input>> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let part = bytes.len().div_ceil(2);
        match fault(&self.script, "read") {
            Some(Fault::Error(kind) | Fault::Reported(kind)) => Err(refused(kind)),
            Some(Fault::Short) => self.inner.read(&mut bytes[..part]),
            Some(Fault::Nothing) => Ok(0),
            None => self.inner.read(bytes),
        }
    }
}

impl Seek for Scripted<Box<dyn Input>> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        step(&self.script, "seek", || self.inner.seek(to))
    }
}

impl Input for Scripted<Box<dyn Input>> {}
