//! The lock that a saver holds on a folder while it changes which checkpoints are in it.

use std::fs::TryLockError;
use std::path::Path;
use std::time::Duration;

use aqueduct_graph::ir::shown;

use super::files::{Lockable, System};

/// How long a saver waits before it asks for the lock again.
const PAUSE: Duration = Duration::from_millis(2);

/// How often it asks. Together they are some seconds: a program that was stopped while it held the
/// lock must not stop the training of another one.
const ATTEMPTS: usize = 5000;

/// Waits for the lock of a folder, which is held until it is dropped. `None` if it is not to be had.
pub(super) fn lock_folder(system: &dyn System, directory: &Path) -> Option<Box<dyn Lockable>> {
    let folder = match system.lockable(directory) {
        Ok(folder) => folder,
        Err(error) => {
            log::debug!("cannot lock `{}`: {error}", shown::path(directory));
            return None;
        }
    };
    for _ in 0..ATTEMPTS {
        match folder.try_lock() {
            Ok(()) => return Some(folder),
            Err(TryLockError::WouldBlock) => system.pause(PAUSE),
            Err(TryLockError::Error(error)) => {
                log::debug!("cannot lock `{}`: {error}", shown::path(directory));
                return None;
            }
        }
    }
    log::warn!(
        "another program keeps `{}` locked: this one saves without the lock",
        shown::path(directory)
    );
    None
}
