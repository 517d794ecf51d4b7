//! From a graph to a program, for concrete shapes.
//!
//! 1. **Prune** ([`prune`]): which operations the results and targets need.
//! 2. **Specialise** ([`draft`]): the shape rules again, with numbers. Bodies of loops and branches
//!    are planned here, as their results' shapes are needed. What depends on a late size is put off.
//! 3. **Thread state and emit** ([`emit`]): versions of variables, places in the arena, one
//!    instruction for each operation: the plain plan.
//!
//! Instead of the last step an optimised plan is made ([`optimize`]): [`import`] makes a block of the
//! stage, which `engine` turns into a program.

mod draft;
mod emit;
mod failure;
mod import;
mod optimize;
mod prune;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use aqueduct_graph::Mistakes;
use aqueduct_graph::ir::{Fact, NodeId, RegionId, Store, TensorId};

pub(crate) use draft::{Draft, can_be_addressed};
pub(crate) use failure::failure;
pub(crate) use prune::{Effects, Need, Pruned, output_of, prune};

use crate::error::{Error, FeedProblem, Result};
use crate::feed::{Few, Sizes};
use crate::options::SessionOptions;
use crate::plan::Plan;
use crate::pools::Pools;

/// What a plan is made for: the key under which it is kept.
///
/// Each run makes one to find its plan, so a small one is made without an allocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Goal {
    /// The tensors whose values are wanted.
    pub(crate) results: Few<TensorId>,
    /// The operations that run for their effect.
    pub(crate) targets: Few<NodeId>,
    /// The tensors that are fed, with the sizes of their values.
    pub(crate) feeds: Few<(TensorId, Sizes)>,
}

/// The first stage of a plan for a run of the whole graph, and what the run does to the session's
/// state.
///
/// # Errors
/// Mistakes that the run depends on; placeholders that are not fed; operations that refuse the
/// sizes of this run.
pub(crate) fn plan(
    store: &Store,
    goal: &Goal,
    options: SessionOptions,
    pools: &Arc<Pools>,
) -> Result<(Arc<Plan>, Effects)> {
    let given: HashSet<TensorId> = goal.feeds.iter().map(|(tensor, _)| *tensor).collect();
    let results = values(&goal.results);
    let pruned = prune(store, RegionId::ROOT, &results, &goal.targets, &given);
    if !pruned.mistakes.is_empty() {
        let mistakes = pruned.mistakes.iter().map(|id| store.mistake(*id).clone());
        return Err(Error::Build(Mistakes(mistakes.collect())));
    }
    if !pruned.missing.is_empty() {
        return Err(Error::Feeds(not_fed(store, &pruned)));
    }
    let inputs: Vec<(TensorId, Fact)> = goal
        .feeds
        .iter()
        .map(|(tensor, sizes)| {
            (
                *tensor,
                Fact::new(store.fact(*tensor).dtype, sizes.as_slice()),
            )
        })
        .collect();
    let effects = pruned.effects.clone();
    let draft = Draft::new(
        options,
        Arc::clone(pools),
        Arc::new(pruned),
        inputs,
        results,
    );
    Ok((Arc::new(draft.plan(store)?), effects))
}

/// The next stage of a plan, now that the late tensors' shapes and elements are known.
///
/// # Errors
/// Operations that refuse the sizes of this run.
pub(crate) fn continue_plan(
    store: &Store,
    draft: &Draft,
    late: &[(TensorId, Fact)],
) -> Result<Arc<Plan>> {
    Ok(Arc::new(draft.clone().resume(late).plan(store)?))
}

/// What is wrong with feeds that leave out placeholders which the results and targets need.
pub(crate) fn missing_feeds(
    store: &Store,
    results: &[TensorId],
    targets: &[NodeId],
    given: &HashSet<TensorId>,
) -> Vec<FeedProblem> {
    not_fed(
        store,
        &prune(store, RegionId::ROOT, &values(results), targets, given),
    )
}

/// Tensors whose elements are needed.
fn values(tensors: &[TensorId]) -> Vec<(TensorId, Need)> {
    let needed = tensors.iter().map(|tensor| (*tensor, Need::Value));
    needed.collect()
}

fn not_fed(store: &Store, pruned: &Pruned) -> Vec<FeedProblem> {
    let problem = |placeholder: &NodeId| {
        let fact = store.fact(TensorId::new(*placeholder, 0));
        FeedProblem {
            name: store.node(*placeholder).name.clone(),
            message: format!("no value was fed; it needs {}{}", fact.dtype, fact.shape),
            at: Some(store.trace_of(*placeholder)),
        }
    };
    pruned.missing.iter().map(problem).collect()
}
