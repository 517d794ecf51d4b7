//! The stacks of scopes, regions and control dependencies, one set for each graph and thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::panic::Location as Caller;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::custom::GradientOverride;
use crate::ids::{MistakeId, NodeId, RegionId};
use crate::initializer::Initializer;
use crate::location::Location;
use crate::regularizer::Regularizer;
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
    /// What `get_variable` uses where no regularizer is given.
    pub(crate) regularizer: Option<Regularizer>,
    pub(crate) region: RegionId,
    pub(crate) controls: Vec<NodeId>,
    /// A mistake that makes everything built here meaningless: a dependency that cannot be kept, a
    /// loop over something that is no sequence.
    pub(crate) poison: Option<MistakeId>,
    pub(crate) site: SiteRule,
    /// The operation on whose behalf nodes are added.
    pub(crate) origin: Option<NodeId>,
    /// Gradients in place of those of operations, from the outermost to the innermost.
    pub(crate) overrides: Vec<GradientOverride>,
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
            // A function of ours that the user handed over by its name is called by the standard
            // library, which is no place in the user's code.
            SiteRule::CalledFrom(call) if is_call_by_value(caller) || is_ours(caller) => {
                (call.clone(), None)
            }
            SiteRule::CalledFrom(call) => {
                let at = Location::from(caller);
                // What is called back may be ours, and know the user's call itself.
                let called_from = (at != *call).then(|| call.clone());
                (at, called_from)
            }
        }
    }
}

/// Whether the caller is the standard library's call of a function value, `FnOnce::call_once`.
fn is_call_by_value(caller: &Caller<'_>) -> bool {
    std::path::Path::new(caller.file()).ends_with("library/core/src/ops/function.rs")
}

/// Whether the caller is code of this crate: a cell of ours that a driver of ours calls as it would
/// call a user's.
fn is_ours(caller: &Caller<'_>) -> bool {
    let sources = file!().strip_suffix("context.rs");
    sources.is_some_and(|sources| caller.file().starts_with(sources))
}

impl Default for Context {
    fn default() -> Context {
        Context {
            name_scope: String::new(),
            variable_scope: String::new(),
            reuse: Reuse::No,
            initializer: None,
            regularizer: None,
            region: RegionId::ROOT,
            controls: Vec::new(),
            poison: None,
            site: SiteRule::Caller,
            origin: None,
            overrides: Vec::new(),
        }
    }
}

thread_local! {
    static CONTEXTS: RefCell<HashMap<u64, Vec<Entry>>> = RefCell::new(HashMap::new());
}

/// A context of this thread, on the stack of its graph.
struct Entry {
    /// Tells it from every other of the process.
    serial: u64,
    context: Context,
}

/// This thread's context of a graph.
pub(crate) fn current(graph: u64) -> Context {
    CONTEXTS.with_borrow(|contexts| top(contexts, graph))
}

fn top(contexts: &HashMap<u64, Vec<Entry>>, graph: u64) -> Context {
    let own = contexts.get(&graph).and_then(|stack| stack.last());
    let mut context = own.map(|entry| entry.context.clone()).unwrap_or_default();
    // Code of ours that builds on behalf of a call may be handed a tensor of another graph, and then
    // builds there.
    let all = contexts.values().filter_map(|stack| stack.last());
    let newest = all.max_by_key(|entry| entry.serial);
    if let Some(site @ SiteRule::Fixed(..)) = newest.map(|entry| &entry.context.site) {
        context.site = site.clone();
    }
    context
}

/// Changes this thread's context of a graph until the guard is dropped, also by a panic.
pub(crate) fn enter(graph: u64, change: impl FnOnce(&mut Context)) -> ContextGuard {
    static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut context = current(graph);
    change(&mut context);
    CONTEXTS.with_borrow_mut(|contexts| {
        let stack = contexts.entry(graph).or_default();
        stack.push(Entry { serial, context });
    });
    ContextGuard {
        graph,
        serial,
        thread_bound: PhantomData,
    }
}

/// Puts the context back when dropped.
///
/// Guards are best dropped in the reverse order of their making. One that is dropped early ends
/// those made after it too.
#[derive(Debug)]
#[must_use = "the context is put back when this is dropped"]
pub struct ContextGuard {
    graph: u64,
    serial: u64,
    thread_bound: PhantomData<*const ()>,
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        // At the end of a thread its contexts may be gone already: then there is nothing to put back.
        let _ = CONTEXTS.try_with(|contexts| {
            let mut contexts = contexts.borrow_mut();
            let Some(stack) = contexts.get_mut(&self.graph) else {
                return;
            };
            if let Some(place) = stack.iter().rposition(|entry| entry.serial == self.serial) {
                stack.truncate(place);
            }
            if stack.is_empty() {
                contexts.remove(&self.graph);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope_of(graph: u64) -> String {
        current(graph).name_scope
    }

    fn open(graph: u64, name: &str) -> ContextGuard {
        enter(graph, |context| context.name_scope.push_str(name))
    }

    #[test]
    fn a_guard_puts_back_what_was_there() {
        let graph = u64::MAX;
        let outer = open(graph, "a");
        {
            let _inner = open(graph, "b");
            assert_eq!(scope_of(graph), "ab");
        }
        assert_eq!(scope_of(graph), "a");
        drop(outer);
        assert_eq!(scope_of(graph), "");
    }

    #[test]
    fn a_guard_dropped_out_of_order_harms_nobody() {
        let graph = u64::MAX - 1;
        let outer = open(graph, "a");
        let inner = open(graph, "b");
        drop(outer);
        assert_eq!(scope_of(graph), "");
        let _next = open(graph, "c");
        let _further = open(graph, "d");
        drop(inner);
        assert_eq!(scope_of(graph), "cd");
    }
}
