//! The cache of plans: bounded, so that ever new shapes do not fill the memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aqueduct_graph::ir::Fact;

use crate::compile::{Effects, Goal};
use crate::error::Result;
use crate::plan::Plan;

/// Plans by what they were made for, the least recently used forgotten first.
///
/// Nobody waits while a plan is made; two threads that miss at once make it twice, and use the one
/// that is there first.
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
        if let Some(known) = entries.first(goal) {
            return Ok(known);
        }
        let forgotten = entries.make_room();
        let entry = entries.entry(planned.clone());
        entries.first.insert(Arc::new(goal.clone()), entry);
        // Plans are large: what is forgotten goes when nobody waits for the lock.
        drop(entries);
        drop(forgotten);
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
        if let Some(known) = entries.next(&late) {
            return Ok(known.plan);
        }
        let forgotten = entries.make_room();
        let entry = entries.entry(Planned {
            plan: Arc::clone(&plan),
            // What a run does to the state is known of its first stage.
            effects: Arc::default(),
        });
        entries.next.insert(late, entry);
        drop(entries);
        drop(forgotten);
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

    /// Forgets the plan least recently used, if there are too many for one more.
    fn make_room(&mut self) -> Vec<Entry> {
        if self.first.len() + self.next.len() < PlanCache::CAPACITY {
            return Vec::new();
        }
        let oldest = self.all().map(|entry| entry.last_use).min();
        let is_oldest = |entry: &Entry| Some(entry.last_use) == oldest;
        let first = self.first.extract_if(|_, entry| is_oldest(entry));
        let mut forgotten: Vec<Entry> = first.map(|(_, entry)| entry).collect();
        let next = self.next.extract_if(|_, entry| is_oldest(entry));
        forgotten.extend(next.map(|(_, entry)| entry));
        forgotten
    }

    fn entry(&mut self, plan: Planned) -> Entry {
        self.clock += 1;
        let last_use = self.clock;
        Entry { plan, last_use }
    }

    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.first.values().chain(self.next.values())
    }
}
