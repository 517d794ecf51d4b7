//! The file `checkpoint` of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use aqueduct::{CheckpointState, Error, checkpoint_state, latest_checkpoint};
use tempfile::TempDir;

use super::scratch::scratch;
use super::text::assert_printable;

/// A folder whose file `checkpoint` is written by strangers.
pub struct StateFolder {
    folder: TempDir,
    file: PathBuf,
}

impl StateFolder {
    /// An empty folder.
    ///
    /// # Panics
    /// No folder can be made.
    pub fn new() -> StateFolder {
        let folder = scratch();
        StateFolder {
            file: folder.path().join("checkpoint"),
            folder,
        }
    }

    /// Reads a file `checkpoint` of these bytes. What it is understood as means the same when it is
    /// written as the specification has it.
    ///
    /// # Panics
    /// It does not, or an error does not say which file is meant or cannot be printed.
    pub fn offer(&self, bytes: &[u8]) -> Result<CheckpointState, String> {
        let state = self.read(bytes)?;
        let again = self.read(&self.written(&state));
        assert_eq!(again.as_ref(), Ok(&state));
        Ok(state)
    }

    fn read(&self, bytes: &[u8]) -> Result<CheckpointState, String> {
        fs::write(&self.file, bytes).expect("the file is written");
        if let Err(error) = latest_checkpoint(self.folder.path()) {
            refusal(&error);
        }
        match checkpoint_state(self.folder.path()) {
            Ok(state) => Ok(state.expect("the file is there")),
            Err(error) => {
                let text = refusal(&error);
                assert!(text.contains(&*self.file.to_string_lossy()), "{text}");
                Err(text)
            }
        }
    }

    /// The file that says this.
    fn written(&self, state: &CheckpointState) -> Vec<u8> {
        let mut text = Vec::new();
        let mut line = |field: &str, path: &Path| {
            let path = path.strip_prefix(self.folder.path()).unwrap_or(path);
            text.extend(format!("{field}: \"").into_bytes());
            for byte in path.as_os_str().as_encoded_bytes() {
                text.extend(format!("\\{byte:03o}").into_bytes());
            }
            text.extend(b"\"\n");
        };
        line("model_checkpoint_path", &state.model_checkpoint_path);
        for path in &state.all_model_checkpoint_paths {
            line("all_model_checkpoint_paths", path);
        }
        text
    }
}

impl Default for StateFolder {
    fn default() -> Self {
        StateFolder::new()
    }
}

/// The text of an error, which must be one of checkpoints.
fn refusal(error: &Error) -> String {
    assert!(matches!(error, Error::Checkpoint(_)), "{error}");
    let text = error.to_string();
    assert_printable(&text);
    text
}
