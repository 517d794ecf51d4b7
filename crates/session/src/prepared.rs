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
/// It shares the session and carries no lifetime, so a struct can keep it. `R` says how the result
/// is put together, `E` which element types it takes.
pub struct Prepared<R, E> {
    shared: Arc<Shared>,
    recipe: R,
    results: Vec<TensorId>,
    targets: Vec<NodeId>,
    keys: Vec<FeedTensor>,
    /// The plan of the last run: a loop that feeds equal shapes looks nothing up.
    last: Mutex<Option<(Arc<Goal>, Planned)>>,
    elements: PhantomData<fn() -> E>,
}

impl<R: Assemble, E> Prepared<R, E> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        requests: &Requests,
        recipe: R,
        inputs: &[AnyTensor<'_>],
    ) -> Result<Prepared<R, E>> {
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
    pub fn run<'f>(&self, values: impl Values<'f, E>) -> Result<R::Output> {
        let values = values.into_feeds();
        let entries = self.keys.iter().zip(values).map(|(key, value)| Entry {
            key: key.clone(),
            value,
        });
        let feeds = Feeds {
            entries: entries.collect(),
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
            .run(&planned, &inputs, self.results.len(), &self.recipe)
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

impl<R, E> std::fmt::Debug for Prepared<R, E> {
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

/// The element type of a single input.
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
