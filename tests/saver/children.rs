//! Programs that train and save until they are killed: the test's own one, started anew.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use aqueduct::prelude::*;
use ndarray::ArrayD;
use tempfile::TempDir;

use crate::session;

/// How many checkpoints each keeps.
pub(crate) const KEPT: usize = 2;

/// What a child prints when it has begun, and after each save.
const SAVED: &str = "saved ";

/// A test of this program, to be run alone as another process.
pub(crate) fn this_test(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", name]);
    command
}

/// A folder to be saved to often: in memory if the system has such a place, so that little time goes
/// by outside of saves.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = tempfile::tempdir_in(memory);
    made.or_else(|_| tempfile::tempdir()).unwrap()
}

/// A training whose values are those of its step: element `i` is `i` times the step.
pub(crate) struct Training {
    graph: &'static Graph,
    sess: Session,
    step: Variable<'static, i64>,
    values: Variable<'static, i64>,
    train: Operation<'static>,
}

impl Training {
    pub(crate) fn new() -> Training {
        let graph = Graph::new().leak();
        let step = graph.variable("step", 0_i64);
        let values = graph.variable("values", graph.zeros::<i64>([300]));
        let more = graph.constant((0..300).collect::<Vec<i64>>());
        let train = graph.group([step.assign_add(1), values.assign_add(more)]);
        Training {
            graph,
            sess: session(graph),
            step,
            values,
            train,
        }
    }

    /// The step of a checkpoint, if that can be opened; all of it is checked.
    pub(crate) fn restored(&self, path: &Path) -> aqueduct::Result<i64> {
        Saver::new(self.graph)
            .strict(true)
            .restore(&self.sess, path)?;
        let (step, values): (i64, ArrayD<i64>) =
            self.sess.run((self.step.scalar(), self.values), feed![])?;
        let mut expected = (0..300).map(|i| i * step);
        let all = values.iter().all(|value| Some(*value) == expected.next());
        assert!(all, "{}: {values}", path.display());
        Ok(step)
    }

    /// Saves once.
    pub(crate) fn save(&self, saver: &Saver, prefix: &Path) -> PathBuf {
        saver.save_step(&self.sess, prefix, self.step).unwrap()
    }

    pub(crate) fn saver(&self, keep: usize) -> Saver {
        Saver::new(self.graph).max_to_keep(keep)
    }

    /// Trains and saves until it is killed.
    #[expect(clippy::print_stdout, reason = "what the parent reads")]
    pub(crate) fn save_for_ever(&self, saver: &Saver, prefix: &Path) -> ! {
        println!("\n{SAVED}nothing");
        loop {
            self.sess.run(self.train, feed![]).unwrap();
            self.save(saver, prefix);
            let step: i64 = self.sess.run(self.step.scalar(), feed![]).unwrap();
            println!("{SAVED}{step}");
        }
    }
}

/// A child that has begun to save.
pub(crate) struct Saving {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Saving {
    pub(crate) fn start(mut command: Command) -> Saving {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with(SAVED) {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "it has ended");
        }
        Saving { child, output }
    }

    /// Kills it, and gives the step of the last save that it was done with.
    pub(crate) fn kill(mut self) -> Option<i64> {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), None, "it has ended before: {status}");
        let mut text = String::new();
        self.output.read_to_string(&mut text).unwrap();
        // A line that is cut short tells nothing.
        let whole = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        let mut steps = whole.filter_map(|line| line.strip_prefix(SAVED));
        steps.next_back().map(|step| step.trim().parse().unwrap())
    }
}

impl Drop for Saving {
    /// A test that fails leaves no program behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The checkpoints of a folder, and how many temporary files it has.
pub(crate) fn contents(folder: &Path) -> (Vec<PathBuf>, usize) {
    let mut checkpoints = Vec::new();
    let mut temporaries = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("aqueduct") => checkpoints.push(path.with_extension("")),
            Some("tmp") => temporaries += 1,
            _ => assert_eq!(path.file_name().unwrap(), "checkpoint"),
        }
    }
    (checkpoints, temporaries)
}
