//! The stacks of scopes, regions and control dependencies, one set for each graph and thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::panic::Location as Caller;

use crate::ids::{MistakeId, NodeId, RegionId};
use crate::initializer::Initializer;
use crate::location::Location;
use crate::scope::Reuse;

/// Where the next node goes and what it takes along.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The path of name scopes; empty at the top.
    pub(crate) name_scope: String,
    /// The path of variable scopes; empty at the top.
    pub(crate) variable_scope: String,
    pub(crate) reuse: Reuse,
    /// What `get_variable` uses where no initializer is given.
    pub(crate) initializer: Option<Initializer>,
    pub(crate) region: RegionId,
    pub(crate) controls: Vec<NodeId>,
    /// A mistake that makes everything built here meaningless: a dependency that cannot be kept, a
    /// loop over something that is no sequence.
    pub(crate) poison: Option<MistakeId>,
    pub(crate) site: SiteRule,
    /// The operation on whose behalf nodes are added.
    pub(crate) origin: Option<NodeId>,
}

/// Which source location new nodes carry.
#[derive(Clone, Debug)]
pub(crate) enum SiteRule {
    /// The caller's.
    Caller,
    /// This one: code of ours is building on behalf of a call at this place.
    Fixed(Location, Option<Location>),
    /// The caller's, and this one as the call around it: user code that we call back.
    CalledFrom(Location),
}

impl SiteRule {
    /// The location and the call around it, for a node built by `caller`.
    pub(crate) fn resolve(&self, caller: &Caller<'_>) -> (Location, Option<Location>) {
        match self {
            SiteRule::Caller => (Location::from(caller), None),
            SiteRule::Fixed(at, called_from) => (at.clone(), called_from.clone()),
            SiteRule::CalledFrom(call) => (Location::from(caller), Some(call.clone())),
        }
    }
}

impl Default for Context {
    fn default() -> Context {
        Context {
            name_scope: String::new(),
            variable_scope: String::new(),
            reuse: Reuse::No,
            initializer: None,
            region: RegionId::ROOT,
            controls: Vec::new(),
            poison: None,
            site: SiteRule::Caller,
            origin: None,
        }
    }
}

thread_local! {
    static CONTEXTS: RefCell<HashMap<u64, Context>> = RefCell::new(HashMap::new());
}

/// This thread's context of a graph.
pub(crate) fn current(graph: u64) -> Context {
    CONTEXTS
        .with_borrow(|contexts| contexts.get(&graph).cloned())
        .unwrap_or_default()
}

/// Changes this thread's context of a graph until the guard is dropped, also by a panic.
pub(crate) fn enter(graph: u64, change: impl FnOnce(&mut Context)) -> ContextGuard {
    let previous = CONTEXTS.with_borrow(|contexts| contexts.get(&graph).cloned());
    let mut context = previous.clone().unwrap_or_default();
    change(&mut context);
    CONTEXTS.with_borrow_mut(|contexts| contexts.insert(graph, context));
    ContextGuard {
        graph,
        previous,
        thread_bound: PhantomData,
    }
}

/// Puts the context back when dropped.
#[derive(Debug)]
#[must_use = "the context is put back when this is dropped"]
pub struct ContextGuard {
    graph: u64,
    previous: Option<Context>,
    thread_bound: PhantomData<*const ()>,
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        let previous = self.previous.take();
        // At the end of a thread its contexts may be gone already: then there is nothing to put back.
        let _ = CONTEXTS.try_with(|contexts| {
            let mut contexts = contexts.borrow_mut();
            match previous {
                Some(context) => contexts.insert(self.graph, context),
                None => contexts.remove(&self.graph),
            }
        });
    }
}
