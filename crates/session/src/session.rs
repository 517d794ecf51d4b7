//! Sessions: where graphs run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use aqueduct_graph::ir::{NodeId, TensorId, VariableId};
use aqueduct_graph::{AnyTensor, AnyVariable, Element, Graph, Shape, Tensor, Value, Variable};
use ndarray::ArrayD;

use crate::cache::{PlanCache, Planned};
use crate::compile::{self, Goal};
use crate::error::{Error, Result};
use crate::execute::{Run, Version, uninitialized};
use crate::explain::Explanation;
use crate::feed::{Elements, Feed, Feeds};
use crate::fetch::{Assemble, Fetch, Fetched, Requests, Scalar, of_other_elements};
use crate::kernels::Slice;
use crate::kernels::threads::Threads;
use crate::memory::MemoryShortage;
use crate::options::SessionOptions;
use crate::pools::Pools;
use crate::prepared::Prepared;
use crate::request;
use crate::state::{Spares, State, Stream, Streams};
use crate::structures::{InputTensors, Inputs};

/// Runs a graph, and keeps the values of its variables from run to run.
///
/// A session shares its graph's storage and carries no lifetime. Clones are the same session. Many
/// threads may use one at once: runs that only read never wait for another run; runs that write
/// variables, or draw random numbers, go one after the other.
///
/// A run is all or nothing. It sees the variables as they were when it began, and what it writes
/// is there for others when it has ended well, all at once. A run that fails changes nothing.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_session::{Session, TensorExt, feed};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 2]);
/// let total = g.variable("total", 0.0_f32);
/// let add = total.assign_add(x.reduce_sum(..));
///
/// let sess = Session::new(&g);
/// sess.run(g.global_variables_initializer(), feed![])?;
/// let (_, before) = sess.run((add.op(), total), feed![x => [[1.0, 2.0], [3.0, 4.0]]])?;
/// assert_eq!(before.sum(), 0.0);
/// assert_eq!(sess.run(total.scalar(), feed![])?, 10.0);
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
#[derive(Clone)]
pub struct Session {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) graph: Graph,
    pub(crate) options: SessionOptions,
    threads: Threads,
    pub(crate) plans: PlanCache,
    pub(crate) pools: Arc<Pools>,
    state: Mutex<State>,
    /// Held for the length of a run that writes; the memory it may write new versions to.
    writer: Mutex<Spares>,
    /// Memory for runs to come.
    scratch: Mutex<Vec<Scratch>>,
    /// The thread that holds `writer`.
    writing: Mutex<Option<ThreadId>>,
}

/// What a run keeps beside its frames: emptied by a run, and filled by the next.
#[derive(Default)]
struct Scratch {
    versions: Vec<Version>,
    streams: Streams,
    exits: Vec<(VariableId, Version)>,
}

impl Scratch {
    /// For how many runs at once it is kept.
    const KEPT: usize = 8;
}

/// The right to write variables, until it is dropped.
struct Writer<'a> {
    spares: MutexGuard<'a, Spares>,
    thread: &'a Mutex<Option<ThreadId>>,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        *lock(self.thread) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// A session of a graph. Its variables have no values yet.
    pub fn new(graph: &Graph) -> Session {
        Session::with_options(graph, SessionOptions::default())
    }

    /// A session of a graph that runs it in another way than by default.
    pub fn with_options(graph: &Graph, options: SessionOptions) -> Session {
        Session::with_pools(graph, options, Pools::default())
    }

    pub(crate) fn with_pools(graph: &Graph, options: SessionOptions, pools: Pools) -> Session {
        Session {
            shared: Arc::new(Shared {
                graph: graph.clone(),
                options,
                threads: Threads::new(options.thread_count()),
                plans: PlanCache::default(),
                pools: Arc::new(pools),
                state: Mutex::default(),
                writer: Mutex::default(),
                scratch: Mutex::default(),
                writing: Mutex::default(),
            }),
        }
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.shared.graph
    }

    /// Runs what the fetches need, and gives their values.
    ///
    /// Everything is computed at most once. Values given in `feeds` stand for what would compute
    /// them. The first run with new fetches or with feeds of new shapes makes a plan, for which others
    /// of the same kind wait; it is kept for later runs.
    ///
    /// # Errors
    /// Mistakes made while building what is fetched; values fed wrongly or not at all (all of them
    /// together); variables without a value; operations that fail. No variable has changed then.
    pub fn run<F: Fetch>(&self, fetches: F, feeds: Feeds<'_>) -> Result<F::Output> {
        let mut requests = Requests::default();
        let recipe = fetches.request(&mut requests);
        let resolved = request::resolve(&self.shared.graph, &requests, feeds)?;
        let inputs = resolved.inputs();
        let planned = self.shared.plan(&resolved.goal)?;
        self.shared
            .run(&planned, &inputs, &resolved.goal.results, |fetched| {
                recipe.assemble(fetched)
            })
    }

    /// What a run of the fetches would do: the passes that made its plan better, its instructions, its
    /// memory. Of the feeds the shapes alone matter; nothing is run.
    ///
    /// A plan ends where a size appears that only the run can tell; so does what is told of it.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    /// use aqueduct_session::{Session, feed};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 2]);
    /// let y = (x - 0.0).tanh();
    /// let sess = Session::new(&g);
    /// let explained = sess.explain(y, feed![x => [[0.0, 1.0], [2.0, 3.0]]])?;
    /// assert!(explained.passes().any(|(pass, _)| pass == "simplify algebra"));
    /// assert!(explained.to_string().contains("tanh"));
    /// assert_eq!(explained.arena_bytes() % 64, 0);
    /// # Ok::<(), aqueduct_session::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Session::run`] that need no values.
    pub fn explain<F: Fetch>(&self, fetches: F, feeds: Feeds<'_>) -> Result<Explanation> {
        let mut requests = Requests::default();
        fetches.request(&mut requests);
        let resolved = request::resolve(&self.shared.graph, &requests, feeds)?;
        self.shared.explain(&resolved.goal)
    }

    /// [`Session::explain`] for feeds of which there are shapes alone.
    ///
    /// # Errors
    /// Those of [`Session::run`] that need no values.
    pub fn explain_shapes<F: Fetch>(
        &self,
        fetches: F,
        shapes: &[(AnyTensor<'_>, &[usize])],
    ) -> Result<Explanation> {
        let mut requests = Requests::default();
        fetches.request(&mut requests);
        let goal = request::resolve_shapes(&self.shared.graph, &requests, shapes)?;
        self.shared.explain(&goal)
    }

    /// Makes fetches and feeds ready to be run many times, for a hot loop: `run` of the result
    /// takes just the values, in the order of `inputs`, and has no lifetime of the graph.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    /// use aqueduct_session::{Session, TensorExt};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let y = g.placeholder::<f32>("y", shape![?]);
    /// let sess = Session::new(&g);
    /// let dot = sess.prepare((x * y).reduce_sum(..).scalar(), (x, y))?;
    /// assert_eq!(dot.run(([1.0, 2.0], [3.0, 4.0]))?, 11.0);
    /// # Ok::<(), aqueduct_session::Error>(())
    /// ```
    ///
    /// # Errors
    /// A fetch or an input belongs to another graph or to a loop's body, or an input is named twice.
    pub fn prepare<'g, F: Fetch, I: Inputs<'g>>(
        &self,
        fetches: F,
        inputs: I,
    ) -> Result<Prepared<F::Output, I::Elements>> {
        let mut requests = Requests::default();
        let recipe = Box::new(fetches.request(&mut requests));
        let mut keys = InputTensors::default();
        inputs.add_to(&mut keys);
        Prepared::new(Arc::clone(&self.shared), &requests, recipe, keys)
    }

    /// Gives a variable a value from outside. TensorFlow's `Variable.load`.
    ///
    /// # Errors
    /// The value has another shape than the variable, or the variable is of another graph.
    pub fn load<'f, T: Element>(
        &self,
        variable: Variable<'_, T>,
        value: impl Feed<'f, T>,
    ) -> Result<()> {
        let given = value.into_feed();
        let elements = given.slice().and_then(Slice::try_to_data);
        let value = elements.and_then(|elements| Value::new(given.sizes.to_vec(), elements));
        let value = value.ok_or_else(|| Error::Load {
            variable: variable.name(),
            given: match given.elements {
                Elements::Ragged => "rows of different lengths".to_owned(),
                _ => "more elements than there is memory for".to_owned(),
            },
            wanted: wanted(variable.any()),
        })?;
        self.load_value(variable.any(), value)
    }

    /// [`Session::load`] for an element type known at run time.
    ///
    /// # Errors
    /// The value has another type or shape than the variable, or the variable is of another graph.
    pub fn load_value(&self, variable: AnyVariable<'_>, value: Value) -> Result<()> {
        let refusal = |wanted: String| Error::Load {
            variable: variable.name(),
            given: format!("{}{:?}", value.dtype(), value.shape()),
            wanted,
        };
        if !variable.graph().is_same(&self.shared.graph) {
            return Err(refusal("of another graph than the session".to_owned()));
        }
        let fits =
            Shape::known(value.shape()) == variable.shape() && value.dtype() == variable.dtype();
        if !fits {
            return Err(refusal(wanted(variable)));
        }
        let versions = vec![(variable.id(), Some(Arc::new(value)))];
        self.shared.take_over(versions, Streams::new())
    }

    /// A variable's current value.
    ///
    /// # Errors
    /// The variable has none, or is of another graph; or there is no memory for a copy of it.
    pub fn value<T: Element>(&self, variable: Variable<'_, T>) -> Result<ArrayD<T>> {
        let value = self.any_value(variable.any())?;
        value
            .into_array()
            .map_err(|_| Error::internal("a variable changed its type"))
    }

    /// [`Session::value`] for an element type known at run time.
    ///
    /// # Errors
    /// The variable has none, or is of another graph; or there is no memory for a copy of it.
    pub fn any_value(&self, variable: AnyVariable<'_>) -> Result<Value> {
        self.check_own(variable)?;
        let version = self.shared.lock_state().value(variable.id());
        match version {
            Some(value) => self.shared.copy_of(variable.id(), &value),
            None => Err(uninitialized(&self.shared.graph, variable.id(), None)),
        }
    }

    /// How many plans the session keeps. A steady state makes no new ones.
    pub fn plan_count(&self) -> usize {
        self.shared.plans.len()
    }

    fn check_own(&self, variable: AnyVariable<'_>) -> Result<()> {
        if variable.graph().is_same(&self.shared.graph) {
            return Ok(());
        }
        Err(Error::Fetch {
            name: variable.name(),
            reason: "it belongs to another graph than the session".to_owned(),
        })
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("graph", &self.shared.graph.id())
            .field("plans", &self.plan_count())
            .finish_non_exhaustive()
    }
}

fn wanted(variable: AnyVariable<'_>) -> String {
    format!("{}{}", variable.dtype(), variable.shape())
}

impl Shared {
    fn lock_state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// A value of a variable, copied.
    fn copy_of(&self, variable: VariableId, value: &Value) -> Result<Value> {
        let elements = Slice::from(value.data()).try_to_data();
        let elements =
            elements.ok_or_else(|| MemoryShortage::of_variable(&self.graph, variable))?;
        let copy = Value::new(value.shape().to_vec(), elements);
        copy.ok_or_else(|| Error::internal("a copy has another size"))
    }

    /// Waits for the run that writes. Within that very run, on its thread, there is nothing to wait
    /// for: it is an error.
    fn lock_writer(&self) -> Result<Writer<'_>> {
        let this = thread::current().id();
        if *lock(&self.writing) == Some(this) {
            return Err(Error::Nested);
        }
        let spares = lock(&self.writer);
        *lock(&self.writing) = Some(this);
        let thread = &self.writing;
        Ok(Writer { spares, thread })
    }

    /// The values of variables and the streams of random operations, all of one moment.
    pub(crate) fn capture(
        &self,
        variables: &[VariableId],
        draws: &[NodeId],
    ) -> (Vec<Version>, Vec<Option<Stream>>) {
        let state = self.lock_state();
        let streams = draws.iter().map(|draw| state.stream(*draw)).collect();
        (state.snapshot(variables).collect(), streams)
    }

    /// Replaces values of variables and streams of random operations, all at once, when the run that
    /// writes, if there is one, has ended.
    ///
    /// # Errors
    /// That run is the caller's own.
    pub(crate) fn take_over(
        &self,
        versions: Vec<(VariableId, Version)>,
        streams: Streams,
    ) -> Result<()> {
        let mut writer = self.lock_writer()?;
        self.lock_state()
            .commit(versions, streams, &mut writer.spares);
        Ok(())
    }

    /// Of a read of a variable without a value: names the others that have none, so that all can be
    /// mended at once.
    fn name_others(&self, error: Error, absent: &[VariableId]) -> Error {
        let Error::Uninitialized(mut report) = error else {
            return error;
        };
        let view = self.graph.view();
        let names = absent.iter().map(|id| view.variable(*id).name.clone());
        report.others = names.filter(|name| *name != report.variable).collect();
        Error::Uninitialized(report)
    }

    pub(crate) fn plan(&self, goal: &Goal) -> Result<Planned> {
        self.graph.note_run();
        self.known_plan(goal)
    }

    fn explain(&self, goal: &Goal) -> Result<Explanation> {
        let planned = self.known_plan(goal)?;
        Ok(Explanation::new(&self.graph.view(), goal, &planned.plan))
    }

    /// The plan for a goal, made if it is not there.
    fn known_plan(&self, goal: &Goal) -> Result<Planned> {
        self.plans.first_stage(goal, || {
            compile::plan(&self.graph.view(), goal, self.options, &self.pools)
        })
    }

    /// Runs a plan on its inputs, lets `finish` make something of the results, and commits what the run
    /// wrote.
    pub(crate) fn run<O>(
        &self,
        planned: &Planned,
        inputs: &[Option<Slice<'_>>],
        results: &[TensorId],
        finish: impl FnOnce(&mut Fetched<'_>) -> Result<O>,
    ) -> Result<O> {
        let mut scratch = lock(&self.scratch).pop().unwrap_or_default();
        let effects = &planned.effects;
        // A run that changes the state takes its snapshot when the one before has committed.
        let writer = effects.changes_state().then(|| self.lock_writer());
        let mut writer = writer.transpose()?;
        let mut entry = std::mem::take(&mut scratch.versions);
        {
            // The graph may have to be waited for. Others wait for the state, so it is locked second.
            let store = (!effects.draws.is_empty()).then(|| self.graph.view());
            let mut state = self.lock_state();
            if let Some(store) = &store {
                state.streams(store, &effects.draws, &mut scratch.streams)?;
            }
            entry.extend(state.snapshot(&planned.plan.entry));
        }
        let mut run = Run {
            graph: &self.graph,
            plans: &self.plans,
            threads: &self.threads,
            numerics: self.options.numerics(),
            streams: &mut scratch.streams,
            spares: writer.as_mut().map(|writer| &mut *writer.spares),
        };
        let absent = without_value(&planned.plan.entry, &entry);
        let frame = run
            .execute(&planned.plan, inputs, entry)
            .map_err(|error| self.name_others(error, &absent))?;
        let output = finish(&mut Fetched::new(&self.graph, &frame, results))
            .map_err(|error| self.name_others(error, &absent))?;
        // From here on nothing can fail, so a run that fails has not committed.
        scratch.exits.extend(frame.exits());
        // The frame holds the versions that are replaced; they can be spares when it is gone.
        scratch.versions = frame.into_versions();
        scratch.versions.clear();
        let Scratch { exits, streams, .. } = &mut scratch;
        if let Some(writer) = &mut writer {
            self.lock_state()
                .commit(exits.drain(..), streams.drain(), &mut writer.spares);
        }
        self.keep(scratch);
        Ok(output)
    }

    fn keep(&self, scratch: Scratch) {
        let mut kept = lock(&self.scratch);
        if kept.len() < Scratch::KEPT {
            kept.push(scratch);
        }
    }
}

/// The variables that have no value among those that a run starts with.
fn without_value(variables: &[VariableId], versions: &[Version]) -> Vec<VariableId> {
    let pairs = variables.iter().zip(versions);
    pairs
        .filter(|(_, version)| version.is_none())
        .map(|(id, _)| *id)
        .collect()
}

/// What a session adds to tensors. Of a tensor whose element type is known at run time, the elements
/// are those that the caller wants: that the tensor has others is an error of the run.
///
/// ```
/// use aqueduct_graph::{Graph, NormOrder};
/// use aqueduct_session::{Session, TensorExt, feed};
///
/// let g = Graph::new();
/// let slopes = g.constant([3.0_f32, 4.0]).any();
/// let norm = slopes.norm(NormOrder::Euclidean, .., false);
///
/// let sess = Session::new(&g);
/// let norm: f32 = sess.run(norm.scalar(), feed![])?;
/// assert_eq!(norm, 5.0);
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
pub trait TensorExt<'g, T: Element> {
    /// The tensor to be fetched as a plain number; it must have one element in the run.
    fn scalar(self) -> Scalar<'g, T>;

    /// Runs the tensor and gives its value. TensorFlow's `eval`.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    fn eval(self, session: &Session, feeds: Feeds<'_>) -> Result<ArrayD<T>>;
}

impl<'g, T: Element> TensorExt<'g, T> for Tensor<'g, T> {
    fn scalar(self) -> Scalar<'g, T> {
        Scalar::new(self.any())
    }

    fn eval(self, session: &Session, feeds: Feeds<'_>) -> Result<ArrayD<T>> {
        session.run(self, feeds)
    }
}

impl<'g, T: Element> TensorExt<'g, T> for AnyTensor<'g> {
    fn scalar(self) -> Scalar<'g, T> {
        Scalar::new(self)
    }

    fn eval(self, session: &Session, feeds: Feeds<'_>) -> Result<ArrayD<T>> {
        let value = session.run(self, feeds)?;
        let array = value.into_array();
        array.map_err(|value| of_other_elements::<T>(self.name(), value.dtype()))
    }
}
