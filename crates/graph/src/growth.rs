//! Growth between runs: the classic mistake of building inside the training loop, noticed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::ids::NodeId;
use crate::location::Trace;
use crate::store::Store;

/// A line that added operations between runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The line.
    pub at: Trace,
    /// Before how many runs it added some.
    pub times: usize,
    /// How many operations it added first after a run, in all.
    pub operations: usize,
}

#[derive(Debug, Default)]
pub(crate) struct GrowthLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    runs: usize,
    nodes_at_last_run: usize,
    lines: Vec<Growth>,
    warned: HashSet<Trace>,
}

impl GrowthLog {
    /// How often a line must add operations between runs before it is warned of. Building in two
    /// steps, say a second model after the first was tried, is no mistake.
    const PATIENCE: usize = 3;

    pub(crate) fn note_run(&self, store: &Store) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut log.nodes_at_last_run, store.node_count());
        log.runs += 1;
        if log.runs == 1 || store.node_count() <= before {
            return;
        }
        let at = store.trace_of(NodeId::from_index(before));
        let added = store.node_count() - before;
        let times = log.add(&at, added);
        if times >= GrowthLog::PATIENCE && log.warned.insert(at.clone()) {
            log::warn!(
                "the graph grew before {times} runs: {at} adds operations between runs ({added} the \
                 last time); build them once, before the loop"
            );
        }
    }

    pub(crate) fn report(&self) -> Vec<Growth> {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.lines
            .iter()
            .filter(|line| line.times > 1)
            .cloned()
            .collect()
    }
}

impl Log {
    fn add(&mut self, at: &Trace, operations: usize) -> usize {
        if let Some(line) = self.lines.iter_mut().find(|line| line.at == *at) {
            line.times += 1;
            line.operations += operations;
            return line.times;
        }
        self.lines.push(Growth {
            at: at.clone(),
            times: 1,
            operations,
        });
        1
    }
}
