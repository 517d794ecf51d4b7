//! The cache of plans: bounded, so that ever new shapes do not fill the memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aqueduct_graph::ir::Fact;

use crate::compile::{Effects, Goal};
use crate::error::Result;
use crate::plan::Plan;

/// Plans by what they were made for, the least recently used forgotten first.
#[derive(Default)]
pub(crate) struct PlanCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    plans: HashMap<Key, Entry>,
    clock: u64,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// The first stage for a goal.
    First(Arc<Goal>),
    /// The stage after a plan, for these late shapes and elements.
    Next { plan: u64, late: Vec<Fact> },
}

struct Entry {
    plan: Planned,
    last_use: u64,
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

    /// How many bytes of arenas the plans may keep, before those least recently used free theirs.
    const POOLED_BYTES: usize = 1 << 30;

    /// The first stage for a goal, made by `make` if it is not there.
    pub(crate) fn first_stage(
        &self,
        goal: &Arc<Goal>,
        make: impl FnOnce() -> Result<(Arc<Plan>, Effects)>,
    ) -> Result<Planned> {
        self.get_or_make(Key::First(Arc::clone(goal)), || {
            let (plan, effects) = make()?;
            let effects = Arc::new(effects);
            Ok(Planned { plan, effects })
        })
    }

    /// The stage after `plan` for these late facts, made by `make` if it is not there.
    pub(crate) fn next_stage(
        &self,
        plan: u64,
        late: Vec<Fact>,
        make: impl FnOnce() -> Result<Arc<Plan>>,
    ) -> Result<Arc<Plan>> {
        let planned = self.get_or_make(Key::Next { plan, late }, || {
            let plan = make()?;
            // What a run does to the state is known of its first stage.
            let effects = Arc::default();
            Ok(Planned { plan, effects })
        })?;
        Ok(planned.plan)
    }

    /// How many plans there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().plans.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody waits while a plan is made; two threads that miss at once make it twice.
    fn get_or_make(&self, key: Key, make: impl FnOnce() -> Result<Planned>) -> Result<Planned> {
        if let Some(plan) = self.lock().get(&key) {
            return Ok(plan);
        }
        let plan = make()?;
        self.lock().insert(key, plan.clone());
        Ok(plan)
    }
}

impl Entries {
    fn get(&mut self, key: &Key) -> Option<Planned> {
        self.clock += 1;
        let entry = self.plans.get_mut(key)?;
        entry.last_use = self.clock;
        Some(entry.plan.clone())
    }

    fn insert(&mut self, key: Key, plan: Planned) {
        if self.plans.len() >= PlanCache::CAPACITY {
            let oldest = self.plans.values().map(|entry| entry.last_use).min();
            self.plans.retain(|_, entry| Some(entry.last_use) != oldest);
        }
        self.clock += 1;
        let last_use = self.clock;
        self.plans.insert(key, Entry { plan, last_use });
        self.trim(PlanCache::POOLED_BYTES);
    }

    /// Frees arenas of the plans least recently used, until so many bytes are kept at the most.
    fn trim(&self, limit: usize) {
        let mut entries: Vec<&Entry> = self.plans.values().collect();
        entries.sort_unstable_by_key(|entry| entry.last_use);
        let mut kept = entries.iter().fold(0_usize, |sum, entry| {
            sum.saturating_add(entry.plan.plan.pooled_bytes())
        });
        for entry in entries {
            if kept <= limit {
                break;
            }
            kept = kept.saturating_sub(entry.plan.plan.pooled_bytes());
            entry.plan.plan.drain_pool();
        }
    }
}
