//! The cache of plans: bounded, so that ever new shapes do not fill the memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aqueduct_graph::ir::Fact;

use crate::compile::{Effects, Goal};
use crate::error::Result;
use crate::plan::Plan;

/// Plans by what they were made for, the least recently used forgotten first.
///
/// Nobody waits while a plan is made; two threads that miss at once make it twice.
#[derive(Default)]
pub(crate) struct PlanCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    /// The first stages.
    first: HashMap<Arc<Goal>, Entry>,
    /// The stages after others.
    next: HashMap<Late, Entry>,
    clock: u64,
}

/// Late shapes and elements after the plan of this id.
#[derive(PartialEq, Eq, Hash)]
struct Late {
    plan: u64,
    facts: Vec<Fact>,
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
        goal: &Goal,
        make: impl FnOnce() -> Result<(Arc<Plan>, Effects)>,
    ) -> Result<Planned> {
        if let Some(known) = self.lock().first(goal) {
            return Ok(known);
        }
        let (plan, effects) = make()?;
        let effects = Arc::new(effects);
        let planned = Planned { plan, effects };
        let mut entries = self.lock();
        let entry = entries.make_room(planned.clone());
        entries.first.insert(Arc::new(goal.clone()), entry);
        entries.trim(PlanCache::POOLED_BYTES);
        Ok(planned)
    }

    /// The stage after `plan` for these late facts, made by `make` if it is not there.
    pub(crate) fn next_stage(
        &self,
        plan: u64,
        facts: Vec<Fact>,
        make: impl FnOnce() -> Result<Arc<Plan>>,
    ) -> Result<Arc<Plan>> {
        let late = Late { plan, facts };
        if let Some(known) = self.lock().next(&late) {
            return Ok(known.plan);
        }
        let plan = make()?;
        let mut entries = self.lock();
        let entry = entries.make_room(Planned {
            plan: Arc::clone(&plan),
            // What a run does to the state is known of its first stage.
            effects: Arc::default(),
        });
        entries.next.insert(late, entry);
        entries.trim(PlanCache::POOLED_BYTES);
        Ok(plan)
    }

    /// How many plans there are.
    pub(crate) fn len(&self) -> usize {
        let entries = self.lock();
        entries.first.len() + entries.next.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn used(&mut self, clock: u64) -> Planned {
        self.last_use = clock;
        self.plan.clone()
    }
}

impl Entries {
    fn first(&mut self, goal: &Goal) -> Option<Planned> {
        self.clock += 1;
        Some(self.first.get_mut(goal)?.used(self.clock))
    }

    fn next(&mut self, late: &Late) -> Option<Planned> {
        self.clock += 1;
        Some(self.next.get_mut(late)?.used(self.clock))
    }

    /// An entry that can be put in: forgets an older one, if there are too many.
    fn make_room(&mut self, plan: Planned) -> Entry {
        if self.first.len() + self.next.len() >= PlanCache::CAPACITY {
            let oldest = self.all().map(|entry| entry.last_use).min();
            self.first.retain(|_, entry| Some(entry.last_use) != oldest);
            self.next.retain(|_, entry| Some(entry.last_use) != oldest);
        }
        self.clock += 1;
        let last_use = self.clock;
        Entry { plan, last_use }
    }

    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.first.values().chain(self.next.values())
    }

    /// Frees arenas of the plans least recently used, until so many bytes are kept at the most.
    fn trim(&self, limit: usize) {
        let mut entries: Vec<&Entry> = self.all().collect();
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
