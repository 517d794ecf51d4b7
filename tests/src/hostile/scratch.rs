//! Folders for files that are written and read thousands of times.

use std::path::Path;

use tempfile::TempDir;

/// A folder in memory where the system has such a thing.
///
/// # Panics
/// No folder can be made.
pub(super) fn scratch() -> TempDir {
    let in_memory = Path::new("/dev/shm");
    let folder = if in_memory.is_dir() {
        tempfile::tempdir_in(in_memory)
    } else {
        tempfile::tempdir()
    };
    folder.expect("a folder can be made")
}
