//! What needs a system that fails, or a clock of its own. The rest is in the tests package.

mod crashes;
mod disk;
mod failures;
mod faults;
mod hostile;
mod races;
mod retention;
mod state_file;
mod system;
mod trainer;

use std::path::Path;
use std::sync::Arc;

use aqueduct_graph::{Graph, Variable};

use super::Saver;
use super::files::System;
use super::retention::Retention;
use crate::{Session, TensorExt, feed};

impl Saver {
    /// The same saver on another system.
    fn on(mut self, system: &Arc<impl System + 'static>) -> Saver {
        *self.lock() = Retention::new(system.now());
        self.system = Arc::clone(system) as _;
        self
    }
}

/// A session with one variable, `w`.
fn session(graph: &Graph) -> (Session, Variable<'_, f32>) {
    let w = graph.variable("w", 0.0_f32);
    let sess = Session::new(graph);
    sess.run(w.initializer(), feed![]).unwrap();
    (sess, w)
}

/// The value of `w` in a checkpoint, read on the real system.
fn saved(graph: &Graph, w: Variable<'_, f32>, path: &Path) -> f32 {
    let sess = Session::new(graph);
    Saver::new(graph).restore(&sess, path).unwrap();
    sess.run(w.scalar(), feed![]).unwrap()
}

/// The names in a folder, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}
