//! The cache of plans: bounded, so that ever new shapes do not fill the memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use aqueduct_graph::ir::Fact;

use crate::compile::{Effects, Goal};
use crate::error::Result;
use crate::plan::Plan;

/// Plans by what they were made for, the least recently used forgotten first.
///
/// A plan is made by the first who asks for it. Others who ask for the same one wait, so that a server
/// whose callers all begin at once plans once; nobody waits for a plan that is not theirs.
#[derive(Default)]
pub(crate) struct PlanCache {
    entries: Mutex<Entries>,
    /// Told when a plan was made, or could not be.
    ended: Condvar,
}

#[derive(Default)]
struct Entries {
    /// The first stages.
    first: HashMap<Arc<Goal>, Slot>,
    /// The stages after others.
    next: HashMap<Arc<Late>, Slot>,
    clock: u64,
}

/// What plans are looked up by.
trait Key: Clone + Eq + Hash {
    fn slots(entries: &mut Entries) -> &mut HashMap<Arc<Self>, Slot>;
}

impl Key for Goal {
    fn slots(entries: &mut Entries) -> &mut HashMap<Arc<Goal>, Slot> {
        &mut entries.first
    }
}

/// Late shapes and elements after the plan of this id.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Late {
    plan: u64,
    facts: Vec<Fact>,
}

impl Key for Late {
    fn slots(entries: &mut Entries) -> &mut HashMap<Arc<Late>, Slot> {
        &mut entries.next
    }
}

enum Slot {
    Made { plan: Planned, last_use: u64 },
    Making(ThreadId),
}

/// A plan, and what a run of it does to the session's state.
#[derive(Clone)]
pub(crate) struct Planned {
    pub(crate) plan: Arc<Plan>,
    pub(crate) effects: Arc<Effects>,
}

impl PlanCache {
    /// How many plans are kept. A stage counts as a plan.
    const CAPACITY: usize = 128;

    /// The first stage for a goal, made by `make` if it is not there.
    pub(crate) fn first_stage(
        &self,
        goal: &Goal,
        make: impl FnOnce() -> Result<(Arc<Plan>, Effects)>,
    ) -> Result<Planned> {
        self.planned(goal, || {
            let (plan, effects) = make()?;
            let effects = Arc::new(effects);
            Ok(Planned { plan, effects })
        })
    }

    /// The stage after `plan` for these late facts, made by `make` if it is not there.
    pub(crate) fn next_stage(
        &self,
        plan: u64,
        facts: Vec<Fact>,
        make: impl FnOnce() -> Result<Arc<Plan>>,
    ) -> Result<Arc<Plan>> {
        let planned = self.planned(&Late { plan, facts }, || {
            Ok(Planned {
                plan: make()?,
                // What a run does to the state is known of its first stage.
                effects: Arc::default(),
            })
        })?;
        Ok(planned.plan)
    }

    fn planned<K: Key>(&self, key: &K, make: impl FnOnce() -> Result<Planned>) -> Result<Planned> {
        let mut entries = self.lock();
        entries.clock += 1;
        let now = entries.clock;
        loop {
            match K::slots(&mut entries).get_mut(key) {
                Some(Slot::Made { plan, last_use }) => {
                    *last_use = now;
                    return Ok(plan.clone());
                }
                Some(Slot::Making(maker)) if *maker != thread::current().id() => {
                    entries = wait(&self.ended, entries);
                }
                // A shape rule of the user's that runs what it is a rule of would wait for itself.
                Some(Slot::Making(_)) => {
                    drop(entries);
                    return make();
                }
                None => break,
            }
        }
        let key = Arc::new(key.clone());
        let making = Slot::Making(thread::current().id());
        K::slots(&mut entries).insert(Arc::clone(&key), making);
        drop(entries);
        let making = Making { cache: self, key };
        let plan = make()?;
        making.keep(plan.clone());
        Ok(plan)
    }

    /// How many plans there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().uses().count()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'e>(ended: &Condvar, entries: MutexGuard<'e, Entries>) -> MutexGuard<'e, Entries> {
    ended.wait(entries).unwrap_or_else(PoisonError::into_inner)
}

/// A plan that is being made: given up when dropped, so that another may try.
struct Making<'c, K: Key> {
    cache: &'c PlanCache,
    key: Arc<K>,
}

impl<K: Key> Making<'_, K> {
    fn keep(&self, plan: Planned) {
        let mut entries = self.cache.lock();
        let forgotten = entries.make_room();
        entries.clock += 1;
        let last_use = entries.clock;
        let made = Slot::Made { plan, last_use };
        K::slots(&mut entries).insert(Arc::clone(&self.key), made);
        // Plans are large: what is forgotten goes when nobody waits for the lock.
        drop(entries);
        drop(forgotten);
    }
}

impl<K: Key> Drop for Making<'_, K> {
    fn drop(&mut self) {
        let mut entries = self.cache.lock();
        let slots = K::slots(&mut entries);
        if let Some(Slot::Making(_)) = slots.get(&self.key) {
            slots.remove(&self.key);
        }
        drop(entries);
        self.cache.ended.notify_all();
    }
}

impl Slot {
    fn last_use(&self) -> Option<u64> {
        match self {
            Slot::Made { last_use, .. } => Some(*last_use),
            Slot::Making(_) => None,
        }
    }
}

impl Entries {
    /// When the plans that there are were last used.
    fn uses(&self) -> impl Iterator<Item = u64> {
        let slots = self.first.values().chain(self.next.values());
        slots.filter_map(Slot::last_use)
    }

    /// Forgets the plan least recently used, if there are too many for one more.
    fn make_room(&mut self) -> Vec<Slot> {
        let count = self.uses().count();
        let Some(oldest) = self.uses().min().filter(|_| count >= PlanCache::CAPACITY) else {
            return Vec::new();
        };
        let is_oldest = |slot: &Slot| slot.last_use() == Some(oldest);
        let first = self.first.extract_if(|_, slot| is_oldest(slot));
        let mut forgotten: Vec<Slot> = first.map(|(_, slot)| slot).collect();
        let next = self.next.extract_if(|_, slot| is_oldest(slot));
        forgotten.extend(next.map(|(_, slot)| slot));
        forgotten
    }
}
