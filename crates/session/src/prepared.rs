//! Prepared calls: fetches and feeds made ready to be run many times.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use aqueduct_graph::ir::{NodeId, TensorId};
use aqueduct_graph::{AnyTensor, Element};

use crate::cache::Planned;
use crate::compile::Goal;
use crate::error::Result;
use crate::feed::{Entry, Feed, FeedKey, FeedTensor, FeedValue, Feeds};
use crate::fetch::{Assemble, Requests};
use crate::request;
use crate::session::Shared;

/// A run with everything resolved but the values; see [`Session::prepare`](crate::Session::prepare).
///
/// It shares the session and carries no lifetime, so a struct can keep it. `O` is what a run gives,
/// as [`Session::run`](crate::Session::run) would; `E` are the element types of the inputs: a tuple
/// of them for a tuple of inputs, [`One<f32>`](One) for a single input, `()` for none.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_session::{One, Prepared, Session, TensorExt, feed};
/// use ndarray::ArrayD;
///
/// struct Model {
///     step: Prepared<((), f32), (f32, f32)>,
///     predict: Prepared<ArrayD<f32>, One<f32>>,
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
pub struct Prepared<O, E> {
    shared: Arc<Shared>,
    recipe: Recipe<O>,
    results: Vec<TensorId>,
    targets: Vec<NodeId>,
    keys: Vec<FeedTensor>,
    /// The plan of the last run: a loop that feeds equal shapes looks nothing up.
    last: Mutex<Option<(Arc<Goal>, Planned)>>,
    elements: PhantomData<fn() -> E>,
}

/// How to put the result together; boxed, so that the type of a prepared call tells only the result.
type Recipe<O> = Box<dyn Assemble<Output = O> + Send + Sync>;

impl<O, E> Prepared<O, E> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        requests: &Requests,
        recipe: Recipe<O>,
        inputs: &[AnyTensor<'_>],
    ) -> Result<Prepared<O, E>> {
        let (results, targets) =
            request::resolve_fetches(&shared.graph, &shared.graph.view(), requests)?;
        let keys: Vec<FeedTensor> = inputs.iter().map(|input| FeedTensor::new(*input)).collect();
        request::check_keys(&shared.graph, &keys)?;
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
    /// Those of [`Session::run`](crate::Session::run).
    pub fn run<'f>(&self, values: impl Values<'f, E>) -> Result<O> {
        let values = values.into_feeds();
        let entries = self.keys.iter().zip(values).map(|(key, value)| Entry {
            key: key.clone(),
            value,
        });
        let feeds = Feeds {
            entries: entries.collect(),
            problems: Vec::new(),
        };
        let resolved = request::resolve_feeds(
            &self.shared.graph,
            self.results.clone(),
            self.targets.clone(),
            feeds,
        )?;
        let planned = self.planned(&resolved.goal)?;
        let inputs = resolved.inputs();
        self.shared
            .run(&planned, &inputs, self.results.len(), &*self.recipe)
    }

    fn planned(&self, goal: &Arc<Goal>) -> Result<Planned> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, planned)) = &*last
            && known == goal
        {
            self.shared.graph.note_run();
            return Ok(planned.clone());
        }
        let planned = self.shared.plan(goal)?;
        *last = Some((Arc::clone(goal), planned.clone()));
        Ok(planned)
    }
}

impl<O, E> std::fmt::Debug for Prepared<O, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.keys.iter().map(|key| key.name.as_str()).collect();
        f.debug_struct("Prepared")
            .field("inputs", &names)
            .finish_non_exhaustive()
    }
}

/// The tensors that a prepared call takes values for: one, or a tuple of them.
pub trait Inputs<'g> {
    /// Their element types.
    type Elements;

    /// The tensors, in order.
    fn keys(&self) -> Vec<AnyTensor<'g>>;
}

/// Values for the inputs of a prepared call: one, or a tuple of them.
pub trait Values<'f, E> {
    /// The values, in order.
    fn into_feeds(self) -> Vec<FeedValue<'f>>;
}

/// The element type of a single input, in the type of a prepared call: the `f32` of
/// `sess.prepare(y, x)` with an `x` of `f32` is written `Prepared<ArrayD<f32>, One<f32>>`.
#[derive(Debug)]
pub struct One<T>(PhantomData<fn() -> T>);

impl<'g, K: FeedKey<'g>> Inputs<'g> for K {
    type Elements = One<K::Element>;

    fn keys(&self) -> Vec<AnyTensor<'g>> {
        vec![self.tensor()]
    }
}

impl<'f, T: Element, V: Feed<'f, T>> Values<'f, One<T>> for V {
    fn into_feeds(self) -> Vec<FeedValue<'f>> {
        vec![self.into_feed()]
    }
}

macro_rules! tuples {
    ($(($($key:ident $value:ident $element:ident $place:tt),*))*) => {$(
        impl<'g, $($key: FeedKey<'g>),*> Inputs<'g> for ($($key,)*) {
            type Elements = ($($key::Element,)*);

            fn keys(&self) -> Vec<AnyTensor<'g>> {
                vec![$(self.$place.tensor()),*]
            }
        }

        impl<'f, $($element: Element, $value: Feed<'f, $element>),*> Values<'f, ($($element,)*)>
            for ($($value,)*)
        {
            fn into_feeds(self) -> Vec<FeedValue<'f>> {
                vec![$(self.$place.into_feed()),*]
            }
        }
    )*};
}
tuples! {
    ()
    (A VA TA 0)
    (A VA TA 0, B VB TB 1)
    (A VA TA 0, B VB TB 1, C VC TC 2)
    (A VA TA 0, B VB TB 1, C VC TC 2, D VD TD 3)
    (A VA TA 0, B VB TB 1, C VC TC 2, D VD TD 3, E VE TE 4)
    (A VA TA 0, B VB TB 1, C VC TC 2, D VD TD 3, E VE TE 4, F VF TF 5)
}
