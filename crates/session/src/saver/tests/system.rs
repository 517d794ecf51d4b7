//! A system that can be told to fail, keeps a log, and has a clock that is set by hand.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::saver::files::{Host, Input, Kind, Output, System};

/// Steps that have been made, the one that fails, and what is done beside each.
#[derive(Default)]
struct Script {
    steps: Vec<String>,
    failing: Option<usize>,
    beside: Option<Box<dyn FnMut() + Send>>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.steps).finish()
    }
}

/// The real system, but for the steps that fail and the time.
#[derive(Debug, Default)]
pub(super) struct TestSystem {
    script: Arc<Mutex<Script>>,
    hours: Mutex<f64>,
}

fn step(script: &Mutex<Script>, name: &str) -> io::Result<()> {
    let mut script = script.lock().unwrap();
    let place = script.steps.len();
    script.steps.push(name.to_owned());
    if let Some(beside) = &mut script.beside {
        beside();
    }
    if script.failing == Some(place) {
        return Err(io::Error::other("out of order"));
    }
    Ok(())
}

impl TestSystem {
    /// Starts a new log; its step `place` fails.
    pub(super) fn fail_at(&self, place: Option<usize>) {
        *self.script.lock().unwrap() = Script {
            failing: place,
            ..Script::default()
        };
    }

    /// Lets each step do this too.
    pub(super) fn beside_each(&self, beside: impl FnMut() + Send + 'static) {
        self.script.lock().unwrap().beside = Some(Box::new(beside));
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.script.lock().unwrap().steps.clone()
    }

    pub(super) fn set_hours(&self, hours: f64) {
        *self.hours.lock().unwrap() = hours;
    }

    fn step(&self, name: &str) -> io::Result<()> {
        step(&self.script, name)
    }
}

impl System for TestSystem {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        self.step("create")?;
        let output = Host.create(path)?;
        let script = Arc::clone(&self.script);
        Ok(Box::new(TestOutput { output, script }))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Input>, u64)> {
        self.step("open")?;
        Host.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename")?;
        Host.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove")?;
        Host.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step("sync directory")?;
        Host.sync_directory(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.step("kind")?;
        Host.kind(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.step("canonical")?;
        Host.canonical(path)
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        self.step("modified")?;
        Host.modified(path)
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(*self.hours.lock().unwrap() * 3600.0)
    }
}

struct TestOutput {
    output: Box<dyn Output>,
    script: Arc<Mutex<Script>>,
}

impl Write for TestOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = step(&self.script, "write") {
            // A disk that is full takes a part.
            self.output.write_all(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl Output for TestOutput {
    fn sync(&mut self) -> io::Result<()> {
        step(&self.script, "sync")?;
        self.output.sync()
    }
}
