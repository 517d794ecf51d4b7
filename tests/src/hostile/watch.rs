//! A watch on cases that do not end: they could not be shrunk, so they are written out.

#![expect(clippy::print_stderr, reason = "the last words of a process")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A guard against hanging, no measure: it is far more than a case takes.
const MOST: Duration = Duration::from_secs(100);

type Running = Arc<Mutex<Option<(Instant, String)>>>;

/// Looks at cases from beside.
#[derive(Debug)]
pub struct Watch(Running);

impl Watch {
    /// Begins to watch. If a case does not end the process does, with the case in its last words.
    pub fn start() -> Watch {
        let running = Running::default();
        let seen = Arc::clone(&running);
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_secs(1));
                let running = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((since, case)) = &*running
                    && since.elapsed() > MOST
                {
                    eprintln!("this case does not end: {case}");
                    std::process::exit(101);
                }
            }
        });
        Watch(running)
    }

    /// This case begins.
    pub fn begin(&self, case: &impl Debug) {
        self.set(Some((Instant::now(), format!("{case:?}"))));
    }

    /// It has ended.
    pub fn end(&self) {
        self.set(None);
    }

    fn set(&self, running: Option<(Instant, String)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }
}
