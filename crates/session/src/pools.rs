//! Pools: the memory of plans that is kept from run to run, bounded for the session as a whole.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::execute::StageMemory;

/// What the plans of a session keep together, whoever holds them: the cache, a prepared call, a plan
/// of which they are a body.
pub(crate) struct Pools {
    limit: usize,
    kept: AtomicUsize,
    clock: AtomicU64,
    /// Every pool that there is. Those that are gone are left out when the list grows.
    all: Mutex<Vec<Weak<Shelf>>>,
}

/// The memory that one plan keeps for runs to come. More runs at once make their own.
pub(crate) struct Pool(Arc<Shelf>);

struct Shelf {
    memories: Mutex<Vec<StageMemory>>,
    /// The size of one memory.
    bytes: usize,
    last_use: AtomicU64,
    pools: Arc<Pools>,
}

impl Default for Pools {
    fn default() -> Pools {
        Pools::new(Pools::LIMIT)
    }
}

impl Pools {
    /// How many bytes are kept, before the plans least recently used free theirs.
    const LIMIT: usize = 1 << 30;

    /// Pools that keep so many bytes at the most.
    pub(crate) fn new(limit: usize) -> Pools {
        Pools {
            limit,
            kept: AtomicUsize::new(0),
            clock: AtomicU64::new(0),
            all: Mutex::default(),
        }
    }

    /// A pool for memories of so many bytes.
    pub(crate) fn pool(self: &Arc<Pools>, bytes: usize) -> Pool {
        let shelf = Arc::new(Shelf {
            memories: Mutex::default(),
            bytes,
            last_use: AtomicU64::new(0),
            pools: Arc::clone(self),
        });
        let mut all = lock(&self.all);
        if all.len() == all.capacity() {
            all.retain(|pool| pool.strong_count() > 0);
        }
        all.push(Arc::downgrade(&shelf));
        Pool(shelf)
    }

    /// How many bytes are kept.
    pub(crate) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// Frees the memory of the plans least recently used, until no more than the limit is kept.
    fn trim(&self) {
        let mut pools: Vec<Arc<Shelf>> = lock(&self.all).iter().filter_map(Weak::upgrade).collect();
        pools.sort_by_cached_key(|pool| pool.last_use.load(Ordering::Relaxed));
        for pool in pools {
            if self.kept() <= self.limit {
                return;
            }
            pool.clear();
        }
    }
}

impl Pool {
    /// For how many runs at once memory is kept.
    const CAPACITY: usize = 4;

    /// A memory that is kept, if there is one.
    pub(crate) fn take(&self) -> Option<StageMemory> {
        let Shelf { pools, bytes, .. } = &*self.0;
        let now = pools.clock.fetch_add(1, Ordering::Relaxed);
        self.0.last_use.store(now, Ordering::Relaxed);
        let memory = lock(&self.0.memories).pop()?;
        pools.kept.fetch_sub(*bytes, Ordering::Relaxed);
        Some(memory)
    }

    /// Keeps a memory, if there is room.
    pub(crate) fn give(&self, memory: StageMemory) {
        let Shelf { pools, bytes, .. } = &*self.0;
        if *bytes > pools.limit {
            return;
        }
        {
            let mut memories = lock(&self.0.memories);
            if memories.len() >= Pool::CAPACITY {
                return;
            }
            memories.push(memory);
            // While the lock is held: who takes the memory away subtracts what was added.
            pools.kept.fetch_add(*bytes, Ordering::Relaxed);
        }
        if pools.kept() > pools.limit {
            pools.trim();
        }
    }
}

impl Shelf {
    fn clear(&self) {
        let memories = std::mem::take(&mut *lock(&self.memories));
        let bytes = memories.len().saturating_mul(self.bytes);
        self.pools.kept.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Nothing is left half done under these locks, so poison means nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
