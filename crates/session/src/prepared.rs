//! Prepared calls: fetches and feeds made ready to be run many times.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aqueduct_graph::ir::{NodeId, TensorId};

use crate::cache::Planned;
use crate::compile::Goal;
use crate::error::{Error, Result};
use crate::feed::{FeedTensor, Feeds, Few};
use crate::fetch::{Assemble, Fetched, Requests};
use crate::outputs::{OutputBuffers, Outputs};
use crate::request;
use crate::session::Shared;
use crate::structures::{InputTensors, InputValues, Values};

/// A run with everything resolved but the values; see [`Session::prepare`](crate::Session::prepare).
///
/// It shares the session and carries no lifetime, so a struct can keep it. `O` is what a run gives,
/// as [`Session::run`](crate::Session::run) would; `E` are the element types of the inputs, in the
/// form of the inputs: `f32` for a tensor, a tuple for a tuple, `LstmState<f32>` for the state of an
/// LSTM cell, `()` for no input. The values of a run have that form too.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_session::{Prepared, Session, TensorExt, feed};
/// use ndarray::ArrayD;
///
/// struct Model {
///     step: Prepared<((), f32), (f32, f32)>,
///     predict: Prepared<ArrayD<f32>, f32>,
/// }
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?]);
/// let y = g.placeholder::<f32>("y", shape![?]);
/// let w = g.variable("w", 0.0_f32);
/// let predicted = x * w;
/// let error = y - predicted;
/// let train = w.assign_add((error * x).reduce_sum(..));
///
/// let sess = Session::new(&g);
/// sess.run(g.global_variables_initializer(), feed![])?;
/// let model = Model {
///     step: sess.prepare((train.op(), error.reduce_max(..).scalar()), (x, y))?,
///     predict: sess.prepare(predicted, x)?,
/// };
/// let ((), error) = model.step.run(([1.0], [2.0]))?;
/// assert_eq!(error, 2.0);
/// assert_eq!(model.predict.run([3.0])?[[0]], 6.0);
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
///
/// A recurrent network runs on a stream, with its state carried from fetch to feed:
///
/// ```
/// use aqueduct_graph::{BasicLstmCell, Graph, LstmState, RnnCell, shape};
/// use aqueduct_session::{Prepared, Session, feed};
/// use ndarray::{ArrayD, array};
///
/// type State = LstmState<ArrayD<f32>>;
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![1, 3]);
/// let cell = BasicLstmCell::new(4);
/// let initial = cell.zero_state(&g, 1);
/// let (output, next) = cell.call(x, initial);
///
/// let sess = Session::new(&g);
/// sess.run(g.global_variables_initializer(), feed![])?;
/// let step: Prepared<(ArrayD<f32>, State), (f32, LstmState<f32>)> =
///     sess.prepare((output, next), (x, initial))?;
/// let mut state = sess.run(initial, feed![])?;
/// for x in [array![[1.0, 2.0, 3.0]], array![[4.0, 5.0, 6.0]]] {
///     let (output, next) = step.run((&x, state))?;
///     assert_eq!(output, next.h);
///     state = next;
/// }
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
pub struct Prepared<O, E> {
    shared: Arc<Shared>,
    recipe: Recipe<O>,
    results: Few<TensorId>,
    targets: Few<NodeId>,
    keys: InputTensors,
    /// The plan of the last run: a loop that feeds equal shapes looks nothing up.
    last: Mutex<Option<(Goal, Planned)>>,
    elements: PhantomData<fn() -> E>,
}

/// How to put the result together; boxed, so that the type of a prepared call tells only the result.
type Recipe<O> = Box<dyn Assemble<Output = O> + Send + Sync>;

impl<O, E> Prepared<O, E> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        requests: &Requests,
        recipe: Recipe<O>,
        keys: InputTensors,
    ) -> Result<Prepared<O, E>> {
        let (results, targets) = request::resolve_fetches(&shared.graph, requests)?;
        request::check_keys(&shared.graph, &keys.tensors)?;
        Ok(Prepared {
            shared,
            recipe,
            results,
            targets,
            keys,
            last: Mutex::new(None),
            elements: PhantomData,
        })
    }

    /// Runs with these values, one for each input.
    ///
    /// # Errors
    /// Those of [`Session::run`](crate::Session::run), and a vector of values of another length than
    /// that of the inputs.
    pub fn run<'f>(&self, values: impl Values<'f, E>) -> Result<O> {
        self.finish(values, |fetched| self.recipe.assemble(fetched))
    }

    /// Runs with these values, and writes what the run gives over what is in the caller's `outputs`:
    /// in a steady state nothing is allocated.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    /// use aqueduct_session::{Session, TensorExt};
    /// use ndarray::Array1;
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![2]);
    /// let sess = Session::new(&g);
    /// let predict = sess.prepare((x * 2.0, x.reduce_sum(..).scalar()), x)?;
    ///
    /// let (mut doubled, mut sum) = (Array1::zeros(2), 0.0);
    /// for sample in [[1.0, 2.0], [3.0, 4.0]] {
    ///     predict.run_into(&sample, (&mut doubled, &mut sum))?;
    ///     assert_eq!(doubled.sum(), 2.0 * sum);
    /// }
    /// # Ok::<(), aqueduct_session::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Prepared::run`], and [`Error::Output`] if an output has another shape than what the
    /// run gives. Then nothing is written, to the outputs and to variables.
    pub fn run_into<'f, 'b>(
        &self,
        values: impl Values<'f, E>,
        outputs: impl Outputs<'b, O>,
    ) -> Result<()> {
        let mut buffers = OutputBuffers::default();
        outputs.add_to(&mut buffers);
        self.finish(values, |fetched| buffers.fill(fetched))
    }

    fn finish<'f, R>(
        &self,
        values: impl Values<'f, E>,
        finish: impl FnOnce(&mut Fetched<'_>) -> Result<R>,
    ) -> Result<R> {
        let mut given = InputValues::default();
        values.give(&mut given);
        let mut feeds = Feeds::new();
        feeds.add_given(&self.keys, given);
        if !feeds.problems.is_empty() {
            return Err(Error::Feeds(feeds.problems));
        }
        let resolved = request::resolve_feeds(
            &self.shared.graph,
            self.results.clone(),
            self.targets.clone(),
            feeds,
        )?;
        let planned = self.planned(&resolved.goal)?;
        let inputs = resolved.inputs();
        self.shared.run(&planned, &inputs, &self.results, finish)
    }

    fn planned(&self, goal: &Goal) -> Result<Planned> {
        let last = self.last().clone();
        if let Some((known, planned)) = last
            && known == *goal
        {
            self.shared.graph.note_run();
            return Ok(planned);
        }
        // Without the lock: other threads have shapes of which the plan is made.
        let planned = self.shared.plan(goal)?;
        let before = self.last().replace((goal.clone(), planned.clone()));
        drop(before);
        Ok(planned)
    }

    fn last(&self) -> MutexGuard<'_, Option<(Goal, Planned)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O, E> std::fmt::Debug for Prepared<O, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.keys.tensors.iter().map(FeedTensor::name).collect();
        f.debug_struct("Prepared")
            .field("inputs", &names)
            .finish_non_exhaustive()
    }
}
