//! A session that files of strangers are offered to.

use std::fs;
use std::path::{Path, PathBuf};

use aqueduct::prelude::*;
use aqueduct::{Error, TensorInfo, Value, list_variables, load_variable};
use tempfile::TempDir;

use super::mend::streams_of;
use super::scratch::scratch;
use super::text::assert_printable;

/// A session of other values than a checkpoint of its variables has.
pub struct Victim {
    folder: TempDir,
    file: PathBuf,
    good: Vec<u8>,
    saver: Saver,
    session: Session,
    values: Vec<Value>,
    untouched: PathBuf,
}

/// What became of a file.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The tensors that it has, if its table was believed.
    pub table: Option<Vec<TensorInfo>>,
    /// Whether each of them could be read.
    pub whole: bool,
    /// Whether the variables got their values from it.
    pub restored: bool,
    /// Why not all of it could be read.
    pub refusal: Option<String>,
}

impl Victim {
    /// A session of a few variables, all different, and a random operation.
    ///
    /// # Panics
    /// It cannot be made.
    pub fn new() -> Victim {
        let folder = scratch();
        let graph = Graph::new();
        graph.set_random_seed(5);
        let w = graph.variable("w", [1.0_f32, 2.0, 3.0]);
        graph.variable("done", [true, false]);
        graph.variable("n", [[1_i64], [2]]);
        let noise = random_normal([2]).seed(1).tensor::<f32>(&graph);
        let session = crate::initialized(&graph);
        session.run(noise, feed![]).expect("numbers are drawn");
        let saver = Saver::new(&graph).max_to_keep(0);
        let save = |name: &str| {
            let path = folder.path().join(name);
            let prefix = saver.save(&session, path).expect("it is saved");
            prefix.with_extension("aqueduct")
        };
        let good = fs::read(save("good")).expect("it was saved");
        session
            .load(w, [7.0, 8.0, 9.0])
            .expect("the value fits the variable");
        let untouched = save("untouched");
        fs::remove_file(folder.path().join("checkpoint")).expect("it was written");
        Victim {
            file: folder.path().join("m.aqueduct"),
            good,
            values: values(&session),
            saver,
            session,
            untouched,
            folder,
        }
    }

    /// The bytes of a good checkpoint of the variables.
    pub fn good(&self) -> &[u8] {
        &self.good
    }

    /// Reads a file of these bytes in every way, and leaves the session as it was.
    ///
    /// # Panics
    /// What the ways tell does not go together, an error does not say which file is meant or cannot
    /// be printed, or a variable has changed though the file was refused.
    pub fn offer(&self, bytes: &[u8]) -> Outcome {
        fs::write(&self.file, bytes).expect("the file is written");
        let mut outcome = Outcome::default();
        match list_variables(&self.file) {
            Ok(table) => {
                let read = table.iter().map(|tensor| self.read(tensor));
                let refusals: Vec<String> = read.filter_map(Result::err).collect();
                outcome.whole = refusals.is_empty();
                outcome.refusal = refusals.into_iter().next();
                outcome.table = Some(table);
            }
            Err(error) => outcome.refusal = Some(self.refusal(&error)),
        }
        let comparison = self.saver.compare(&self.file);
        assert_eq!(comparison.is_ok(), outcome.table.is_some());
        let complete = comparison.is_ok_and(|comparison| comparison.is_complete());
        match self.saver.restore(&self.session, &self.file) {
            Ok(()) => {
                assert!(complete);
                outcome.restored = true;
                self.take_back();
            }
            Err(error) => {
                self.refusal(&error);
                assert!(!(complete && outcome.whole), "{error}");
                assert_eq!(values(&self.session), self.values);
            }
        }
        match self.saver.restore_matching(&self.session, &self.file) {
            Ok(comparison) => {
                assert_printable(&comparison.to_string());
                self.take_back();
            }
            Err(error) => {
                self.refusal(&error);
                assert!(!outcome.whole, "{error}");
                assert_eq!(values(&self.session), self.values);
            }
        }
        outcome
    }

    /// Writes what a whole file of these bytes has once more: the same bytes. `false` if a graph cannot
    /// have what it has.
    ///
    /// # Panics
    /// Other bytes are written.
    pub fn rewrite(&self, bytes: &[u8], table: &[TensorInfo]) -> bool {
        let graph = Graph::new();
        let variables = table.iter().enumerate().map(|(number, tensor)| {
            let options = VariableOptions::new().initializer(zeros_initializer());
            let own_name = format!("v{number}");
            let variable = graph.get_any_variable(&own_name, tensor.dtype, &tensor.shape, options);
            (tensor.name.clone(), variable)
        });
        let saver = Saver::named(variables);
        for (operation, _) in streams_of(bytes) {
            let name = String::from_utf8(operation).expect("the table was believed");
            // Without a seed, so that those of the file are taken over.
            let drawn = graph.constant([0_i32, 1]).random_shuffle(None).named(&name);
            if drawn.op().name() != name {
                return false;
            }
        }
        if table.is_empty() || graph.check().is_err() {
            return false;
        }
        let session = Session::new(&graph);
        saver
            .restore(&session, &self.file)
            .expect("all of it was read before");
        let again = self.folder.path().join("again");
        saver.save(&session, &again).expect("it is saved");
        let written = fs::read(again.with_extension("aqueduct")).expect("it was saved");
        assert_eq!(written, bytes, "the same contents have two forms");
        true
    }

    fn read(&self, tensor: &TensorInfo) -> Result<(), String> {
        let value =
            load_variable(&self.file, &tensor.name).map_err(|error| self.refusal(&error))?;
        assert_eq!(
            (value.dtype(), value.shape()),
            (tensor.dtype, &*tensor.shape)
        );
        Ok(())
    }

    /// The text of an error, which must be one of checkpoints and say which file is meant.
    fn refusal(&self, error: &Error) -> String {
        assert!(matches!(error, Error::Checkpoint(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(&*self.file.to_string_lossy()), "{text}");
        assert_printable(&text);
        text
    }

    fn take_back(&self) {
        let restored = self.saver.restore(&self.session, &self.untouched);
        restored.expect("the session's own checkpoint fits");
        debug_assert_eq!(values(&self.session), self.values);
    }

    /// Where the file is that bytes are written to.
    pub fn path(&self) -> &Path {
        &self.file
    }
}

impl Default for Victim {
    fn default() -> Self {
        Victim::new()
    }
}

fn values(session: &Session) -> Vec<Value> {
    let variables = session.graph().global_variables();
    let value = |variable| session.any_value(variable).expect("it has a value");
    variables.into_iter().map(value).collect()
}
