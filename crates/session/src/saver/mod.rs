//! Checkpoints: variables and random streams in files.
//!
//! `format` is the layout of a file, `writer` and `reader` turn it into bytes and back, `files` is
//! the one place that touches the disk. `beside` writes files that replace others, `commit` makes a
//! checkpoint the newest, `locks` keeps savers out of each other's way. `compare` finds out what of
//! a file fits which variable, `retention` which checkpoints are kept; `state_file` tells other
//! programs of them, and `lookup` finds them.

pub(crate) mod beside;
mod commit;
mod compare;
mod elements;
mod error;
pub(crate) mod files;
mod format;
mod global_step;
mod list;
mod locks;
mod lookup;
mod reader;
mod retention;
mod state_file;
mod streams;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aqueduct_graph::ir::VariableId;
use aqueduct_graph::{AnyVariable, Graph};

pub use compare::{Comparison, Difference, TensorInfo, WantedTensor};
pub use error::{CheckpointError, FileAction};
pub use global_step::GlobalStep;
pub use lookup::{checkpoint_state, latest_checkpoint, list_variables, load_variable};
pub use state_file::CheckpointState;

use crate::error::Result;
use crate::execute::Version;
use crate::session::Session;
use crate::state::Streams;
use files::{Host, Kind, System};
use global_step::Step;
use list::VariableList;
use lookup::file_of;
use reader::Reader;
use retention::{Kept, Retention};
use writer::Contents;

/// Saves variables to checkpoints, and restores them. TensorFlow's `train.Saver`.
///
/// A checkpoint is one file: `dir/model-100.aqueduct` for the path `dir/model` and the step 100. Its
/// name without the extension is what [`Saver::save`] gives and [`Saver::restore`] takes. In the
/// same folder the file `checkpoint` tells which checkpoints there are; see [`latest_checkpoint`].
///
/// A checkpoint is of one moment: other threads may go on training while it is written. It is
/// written beside, synced and renamed, so that at every moment, also if the machine stops, there is
/// either the former file or the new one, whole.
///
/// Counters of random streams are kept too, by the names of the operations that draw, so that a
/// training which goes on from a checkpoint draws what it would have drawn;
/// [`Saver::random_streams`] turns that off.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_session::{Saver, Session, TensorExt, feed, latest_checkpoint};
///
/// # let dir = tempfile::tempdir()?;
/// # let dir = dir.path();
/// let g = Graph::new();
/// let w = g.variable("w", 1.0_f32);
/// let step = w.assign_add(1.0);
/// let saver = Saver::new(&g).max_to_keep(2);
///
/// let sess = Session::new(&g);
/// sess.run(g.global_variables_initializer(), feed![])?;
/// for n in 1..=3 {
///     sess.run(step, feed![])?;
///     saver.save_step(&sess, dir.join("model"), n)?;
/// }
///
/// let later = Session::new(&g);
/// let newest = latest_checkpoint(dir)?;
/// assert_eq!(newest, Some(dir.join("model-3")));
/// saver.restore(&later, dir.join("model-2"))?;
/// assert_eq!(later.run(w.scalar(), feed![])?, 3.0);
/// assert!(saver.restore(&later, dir.join("model-1")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Saver {
    variables: VariableList,
    strict: bool,
    random_streams: bool,
    retention: Mutex<Retention>,
    system: Arc<dyn System>,
}

impl Saver {
    /// A saver of all variables that the graph has at this moment. Those made later are not its
    /// concern, so make the optimizer first.
    pub fn new(graph: &Graph) -> Saver {
        Saver::of(graph.global_variables())
    }

    /// A saver of these variables. TensorFlow's `var_list` as a list.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    /// use aqueduct_session::Saver;
    ///
    /// let g = Graph::new();
    /// let (w, n) = (g.variable("w", 1.0_f32), g.variable("n", 0_i64));
    /// let saver = Saver::of([w.any(), n.any()]);
    /// # let _ = saver;
    /// ```
    pub fn of<'g>(variables: impl IntoIterator<Item: Into<AnyVariable<'g>>>) -> Saver {
        let variables = variables.into_iter().map(|variable| variable.into());
        Saver::named(variables.map(|variable| (variable.name(), variable)))
    }

    /// A saver of these variables under these names. TensorFlow's `var_list` as a dictionary.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    /// use aqueduct_session::Saver;
    ///
    /// let g = Graph::new();
    /// let w = g.variable("encoder/w", 1.0_f32);
    /// let saver = Saver::named([("old_encoder/w", w)]);
    /// # let _ = saver;
    /// ```
    pub fn named<'g, N: Into<String>, V: Into<AnyVariable<'g>>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Saver {
        let variables = variables.into_iter();
        Saver {
            variables: variables
                .map(|(name, variable)| (name.into(), variable.into()))
                .collect(),
            strict: false,
            random_streams: true,
            retention: Mutex::new(Retention::new(Host.now())),
            system: Arc::new(Host),
        }
    }

    /// Keeps a variable under another name than its own. A variable that is not in the list is
    /// added to it.
    #[must_use]
    pub fn rename<'g>(
        mut self,
        name: impl Into<String>,
        variable: impl Into<AnyVariable<'g>>,
    ) -> Saver {
        self.variables.rename(name.into(), variable.into());
        self
    }

    /// Keeps every variable under the name that `rename` makes of the one it is kept under so far.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    /// use aqueduct_session::Saver;
    ///
    /// let g = Graph::new();
    /// let w = g.variable("student/w", 1.0_f32);
    /// let saver = Saver::new(&g).rename_each(|name| name.replace("student/", "teacher/"));
    /// # let _ = (w, saver);
    /// ```
    #[must_use]
    pub fn rename_each(mut self, rename: impl FnMut(&str) -> String) -> Saver {
        self.variables.rename_each(rename);
        self
    }

    /// How many checkpoints are kept: 5 unless said otherwise. When there is one more, the oldest is
    /// deleted. 0 keeps all; the file `checkpoint` tells of the newest only then.
    ///
    /// What counts are checkpoints that this saver wrote; see [`Saver::recover_last_checkpoints`].
    #[must_use]
    pub fn max_to_keep(self, count: usize) -> Saver {
        self.lock().max_to_keep = count;
        self
    }

    /// Keeps one checkpoint for every so many hours for ever: of those that `max_to_keep` would
    /// delete, the first one written so many hours after this call, the first one after twice as
    /// many, and so on. 10000 unless said otherwise, as in TensorFlow.
    #[must_use]
    pub fn keep_checkpoint_every_n_hours(self, hours: f64) -> Saver {
        let now = self.system.now();
        self.lock().keep_every(hours, now);
        self
    }

    /// Lets [`Saver::restore`] refuse a checkpoint that has tensors which no variable needs. They
    /// are left alone otherwise, as in TensorFlow.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Saver {
        self.strict = strict;
        self
    }

    /// Whether checkpoints keep the counters of random streams, and [`Saver::restore`] sets them: it
    /// does unless said otherwise. TensorFlow has no such thing.
    #[must_use]
    pub fn random_streams(mut self, keep: bool) -> Saver {
        self.random_streams = keep;
        self
    }

    /// Writes a checkpoint, and gives its path without the extension.
    ///
    /// Runs of other threads go on meanwhile; calls of one saver go one after the other.
    ///
    /// # Errors
    /// [`CheckpointError`]s, and mistakes made while building a variable: variables without a value
    /// (all of them), a list of variables that makes no sense, a file system that refuses. The
    /// checkpoints that were there are there still.
    pub fn save(&self, session: &Session, path: impl AsRef<Path>) -> Result<PathBuf> {
        self.write(session, path.as_ref(), None)
    }

    /// [`Saver::save`] with the number of a step appended to the path: `dir/model-100`. The number
    /// may be given as a variable, such as the optimizer's `global_step`.
    ///
    /// # Errors
    /// Those of [`Saver::save`].
    pub fn save_step<'g>(
        &self,
        session: &Session,
        path: impl AsRef<Path>,
        step: impl Into<GlobalStep<'g>>,
    ) -> Result<PathBuf> {
        self.write(session, path.as_ref(), Some(step.into().0))
    }

    /// Gives every variable the value that a checkpoint has of it, all at once: runs of other threads
    /// see all the old values or all the new ones. They need not have been initialised.
    ///
    /// The path is what [`Saver::save`] gave, or the file, or a folder, whose newest checkpoint is
    /// taken. Everything is read and checked before anything is changed.
    ///
    /// # Errors
    /// A [`CheckpointError`]; no variable has changed then. `Mismatch` tells everything that is
    /// missing, or of another shape or element type.
    pub fn restore(&self, session: &Session, path: impl AsRef<Path>) -> Result<()> {
        self.variables.check(Some(session.graph()))?;
        let mut reader = self.open(path.as_ref())?;
        let comparison = self.variables.compare(&reader.table.tensors);
        let fits = if self.strict {
            comparison.is_exact()
        } else {
            comparison.is_complete()
        };
        if !fits {
            return Err(CheckpointError::Mismatch {
                path: reader.path,
                comparison: Box::new(comparison),
            }
            .into());
        }
        let values = self.read(&mut reader)?;
        let streams = if self.random_streams {
            streams::matching(&session.graph().view(), &reader.table.streams)
        } else {
            Streams::new()
        };
        session.shared.take_over(values, streams)?;
        Ok(())
    }

    /// Restores the variables that the checkpoint has with their shape and element type, leaves the
    /// others and the random streams as they are, and tells which: to start from a part of another
    /// model. The path is as for [`Saver::restore`].
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    /// use aqueduct_session::{Saver, Session, TensorExt, feed};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("model");
    /// let small = Graph::new();
    /// let body = small.variable("body", 1.5_f32);
    /// let sess = Session::new(&small);
    /// sess.run(body.initializer(), feed![])?;
    /// Saver::new(&small).save(&sess, &path)?;
    ///
    /// let large = Graph::new();
    /// let (body, head) = (large.variable("body", 0.0_f32), large.variable("head", 7.0_f32));
    /// let sess = Session::new(&large);
    /// sess.run(large.global_variables_initializer(), feed![])?;
    /// let comparison = Saver::new(&large).restore_matching(&sess, &path)?;
    /// assert_eq!(comparison.matching.len(), 1);
    /// assert_eq!(comparison.missing[0].variable, "head");
    /// assert_eq!(sess.run((body.scalar(), head.scalar()), feed![])?, (1.5, 7.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`CheckpointError`], but not that something does not fit. No variable has changed then.
    pub fn restore_matching(
        &self,
        session: &Session,
        path: impl AsRef<Path>,
    ) -> Result<Comparison> {
        self.variables.check(Some(session.graph()))?;
        let mut reader = self.open(path.as_ref())?;
        let values = self.read(&mut reader)?;
        session.shared.take_over(values, Streams::new())?;
        Ok(self.variables.compare(&reader.table.tensors))
    }

    /// What of a checkpoint fits the variables, and what does not. Reads no elements and changes
    /// nothing. The path is as for [`Saver::restore`].
    ///
    /// # Errors
    /// A [`CheckpointError`], but not that something does not fit.
    pub fn compare(&self, path: impl AsRef<Path>) -> Result<Comparison> {
        self.variables.check(None)?;
        let reader = self.open(path.as_ref())?;
        Ok(self.variables.compare(&reader.table.tensors))
    }

    /// The checkpoints that this saver wrote and keeps, the oldest first; none if it keeps all.
    pub fn last_checkpoints(&self) -> Vec<PathBuf> {
        let retention = self.lock();
        let staying = retention.staying().iter();
        staying.map(|kept| kept.prefix.clone()).collect()
    }

    /// Counts these checkpoints, the oldest first, as written by this saver, instead of those that it
    /// knows of: so that a program that goes on after an end deletes the oldest of them in time. Those
    /// that are not there are left out.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    /// use aqueduct_session::{Saver, checkpoint_state};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let dir = dir.path();
    /// # let g = Graph::new();
    /// # let w = g.variable("w", 1.0_f32);
    /// let saver = Saver::new(&g);
    /// if let Some(state) = checkpoint_state(dir)? {
    ///     saver.recover_last_checkpoints(&state.all_model_checkpoint_paths)?;
    /// }
    /// # let _ = w;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The file system refuses to tell of one.
    pub fn recover_last_checkpoints<P: AsRef<Path>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<()> {
        let mut found = Vec::new();
        for prefix in paths {
            let prefix = prefix.as_ref();
            let file = file_of(prefix);
            if lookup::kind(&*self.system, &file)? != Kind::File {
                continue;
            }
            let time = match self.system.modified(&file) {
                Ok(time) => time,
                // Another program has deleted it since.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let refused = files::at(FileAction::Find, &file)(error);
                    return Err(CheckpointError::from(refused).into());
                }
            };
            found.push(self.kept(prefix, retention::seconds(time))?);
        }
        self.lock().recover(found);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Retention> {
        self.retention
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, path: &Path) -> Result<Reader, CheckpointError> {
        lookup::open(&*self.system, path).map_err(|error| self.with_others(error))
    }

    fn read(&self, reader: &mut Reader) -> Result<Vec<(VariableId, Version)>, CheckpointError> {
        let values = self.variables.read(reader);
        values.map_err(|error| self.with_others(error))
    }

    fn with_others(&self, error: CheckpointError) -> CheckpointError {
        lookup::with_others(&*self.system, error)
    }

    fn write(&self, session: &Session, path: &Path, step: Option<Step<'_>>) -> Result<PathBuf> {
        lookup::check_path(path)?;
        self.variables.check(Some(session.graph()))?;
        // Held to the end, so that of two calls the later one keeps the later state.
        let mut retention = self.lock();
        let (contents, step) = self.contents(session, step)?;
        let prefix = match step {
            Some(step) => files::appended(path, &format!("-{step}")),
            None => path.to_path_buf(),
        };
        let kept = self.kept(&prefix, retention::seconds(self.system.now()))?;
        beside::sweep(&*self.system, files::directory_of(&kept.absolute));
        // By the folder that `checkpoint` is written to: a link in the path may be switched meanwhile.
        let file = file_of(&kept.absolute);
        let written = writer::write(&*self.system, &file, &contents)?;
        self.keep(&mut retention, kept, written)?;
        Ok(prefix)
    }

    /// What a checkpoint keeps of a session at this moment, and what the step is then.
    fn contents(
        &self,
        session: &Session,
        step: Option<Step<'_>>,
    ) -> Result<(Contents, Option<i128>)> {
        let drawers = if self.random_streams {
            streams::drawers(&session.graph().view())
        } else {
            Vec::new()
        };
        let mut variables: Vec<VariableId> = self.variables.ids();
        if let Some(Step::Variable(step)) = step {
            list::check_own(step, session.graph())?;
            variables.push(step.id());
        }
        let draws: Vec<_> = drawers.iter().map(|drawer| drawer.id).collect();
        let (mut versions, streams) = session.shared.capture(&variables, &draws);
        let step = match step {
            None => None,
            Some(Step::Number(number)) => Some(number),
            Some(Step::Variable(variable)) => {
                Some(list::step_number(variable, versions.pop().flatten())?)
            }
        };
        let records = drawers.iter().zip(streams);
        let contents = Contents {
            tensors: self.variables.tensors(versions)?,
            streams: records
                .filter_map(|(drawer, stream)| drawer.record(stream))
                .collect(),
        };
        Ok((contents, step))
    }

    fn kept(&self, prefix: &Path, time: f64) -> Result<Kept, CheckpointError> {
        let directory = files::directory_of(prefix);
        let canonical = self.system.canonical(directory);
        let absolute = canonical.map_err(files::at(FileAction::FindDirectory, directory))?;
        Ok(Kept {
            prefix: prefix.to_path_buf(),
            absolute: absolute.join(prefix.file_name().unwrap_or_default()),
            time,
        })
    }
}

impl fmt::Debug for Saver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saver")
            .field("variables", &self.variables.names())
            .field("last_checkpoints", &self.last_checkpoints())
            .finish_non_exhaustive()
    }
}
