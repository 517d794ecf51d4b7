//! Helper threads of a session, among which a kernel shares its tasks.

#![allow(
    unsafe_code,
    reason = "helpers call a closure that lives on the caller's stack"
)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The threads that share the work of one session: the caller's own and helpers, which are started
/// by the first work that is shared and end when this is dropped.
#[derive(Debug)]
pub(crate) struct Threads {
    count: usize,
    helpers: OnceLock<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

impl Threads {
    /// `count` threads in all, the caller's included.
    pub(crate) fn new(count: usize) -> Threads {
        Threads {
            count: count.max(1),
            helpers: OnceLock::new(),
            shared: Arc::new(Shared::new()),
        }
    }

    /// The number of threads in all, the caller's included.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Runs `work(task)` once for each task in `0..tasks`, on this thread and on helpers that are
    /// free, and returns when all are done.
    ///
    /// A caller that finds the helpers taken, by another caller or by the work that it is part of
    /// itself, does its tasks alone. If tasks panic, one of the panics is carried on when all tasks
    /// are done. Nothing is allocated but by the first call.
    pub(crate) fn run(&self, tasks: usize, work: &(dyn Fn(usize) + Sync)) {
        let panic = if tasks > 1 && self.count > 1 && self.shared.reserve() {
            let helpers = self.helpers.get_or_init(|| self.start()).len();
            let panic = self.shared.share(tasks, work, helpers);
            self.shared.release();
            panic
        } else {
            (0..tasks).fold(None, |panic, task| panic.or(attempt(work, task)))
        };
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    fn start(&self) -> Vec<JoinHandle<()>> {
        let start_one = |_| {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new()
                .name("aqueduct-helper".to_owned())
                .spawn(move || shared.help())
                .ok()
        };
        // Where the system gives no more threads, those that there are do the work.
        (1..self.count).map_while(start_one).collect()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.work_bell.ring(self.count);
        for helper in self.helpers.take().into_iter().flatten() {
            // A helper catches every panic of a task, so there is no other outcome to report.
            let _ = helper.join();
        }
    }
}

/// What the threads of a session have in common.
///
/// There is one job at a time, that of the caller who holds `reserved`. A thread has a share in it
/// from the moment it takes a task off `unclaimed` until it takes one off `unfinished`; the caller
/// stays in [`Shared::share`] until `unfinished` is 0, so whoever holds a task may use the job.
#[derive(Debug)]
struct Shared {
    /// Tasks of the job that no thread has begun. Apart from the rest, because helpers watch it.
    unclaimed: Apart<AtomicUsize>,
    /// Tasks of the job that are not done.
    unfinished: Apart<AtomicUsize>,
    reserved: AtomicBool,
    closing: AtomicBool,
    job: UnsafeCell<Option<Job>>,
    panic: Mutex<Option<Panic>>,
    /// Rung when there are tasks to claim, or when helpers are to end.
    work_bell: Bell,
    /// Rung when the last task is done.
    done_bell: Bell,
}

// SAFETY: all fields but `job` are `Sync`. `job` is written by the holder of `reserved` while
// `unclaimed` and `unfinished` are 0, and read by threads that hold a task. See `share` and `claim`
// for what orders the two.
unsafe impl Sync for Shared {}

// SAFETY: the closure in `job` is `Sync`, so it may be called by any thread. Nothing else in here
// is bound to a thread.
unsafe impl Send for Shared {}

type Panic = Box<dyn Any + Send>;

#[derive(Clone, Copy)]
struct Job {
    tasks: usize,
    /// Lives as long as the call of `share` that has put it here, whatever the type says.
    work: &'static (dyn Fn(usize) + Sync),
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job of {} tasks", self.tasks)
    }
}

impl Shared {
    fn new() -> Shared {
        let spins = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
        Shared {
            unclaimed: Apart(AtomicUsize::new(0)),
            unfinished: Apart(AtomicUsize::new(0)),
            reserved: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            job: UnsafeCell::new(None),
            panic: Mutex::new(None),
            work_bell: Bell::new(spins),
            done_bell: Bell::new(spins),
        }
    }

    /// Takes the helpers, unless they are taken.
    fn reserve(&self) -> bool {
        // Acquire: what the last holder did to the job comes before what this one does.
        !self.reserved.load(Ordering::Relaxed) && !self.reserved.swap(true, Ordering::Acquire)
    }

    /// Gives the helpers back.
    fn release(&self) {
        self.reserved.store(false, Ordering::Release);
    }

    /// Does the tasks together with the helpers. Only for the holder of `reserved`.
    fn share(&self, tasks: usize, work: &(dyn Fn(usize) + Sync), helpers: usize) -> Option<Panic> {
        // SAFETY: the lifetime alone is changed. The closure is called by threads that hold a task
        // of this job, and this function waits until every task is done, also when tasks panic
        // (each panic is caught), so the borrow outlives every call.
        let work = unsafe {
            std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work)
        };
        // SAFETY: only threads that hold a task read the job, and there is no task: `unclaimed`
        // and `unfinished` of the job before are 0. The last holder has seen that with Acquire,
        // and `reserved` orders it before this.
        unsafe { *self.job.get() = Some(Job { tasks, work }) };
        self.unfinished.0.store(tasks, Ordering::Relaxed);
        // Release: whoever claims a task sees the job and `unfinished`.
        self.unclaimed.0.store(tasks, Ordering::Release);
        self.work_bell.ring(helpers.min(tasks - 1));

        self.work();
        // Acquire: what the tasks have written is seen by the caller.
        let done = || self.unfinished.0.load(Ordering::Acquire) == 0;
        self.done_bell.wait(END, done);
        lock(&self.panic).take()
    }

    /// The life of a helper.
    fn help(&self) {
        let closing = || self.closing.load(Ordering::Acquire);
        let has_task = || self.unclaimed.0.load(Ordering::Relaxed) > 0;
        while !closing() {
            let patience = if self.work() > 0 { IDLE } else { WOKEN_IN_VAIN };
            self.work_bell.wait(patience, || has_task() || closing());
        }
    }

    /// Does tasks until there are none to claim, and says how many.
    fn work(&self) -> usize {
        let mut count = 0;
        while let Some((job, task)) = self.claim() {
            if let Some(panic) = attempt(job.work, task) {
                self.keep(panic);
            }
            // Release: what the task wrote is seen by the caller, who may take the job away as
            // soon as this is 0; so the job is not used from here on.
            if self.unfinished.0.fetch_sub(1, Ordering::Release) == 1 {
                self.done_bell.ring(1);
            }
            count += 1;
        }
        count
    }

    /// Keeps the first panic for the caller.
    fn keep(&self, panic: Panic) {
        let mut first = lock(&self.panic);
        if first.is_none() {
            *first = Some(panic);
        } else {
            // To drop what a task has panicked with may panic in its turn: this thread would go, and
            // leave its task unfinished and the others with a closure that its owner takes away.
            std::mem::forget(panic);
        }
    }

    fn claim(&self) -> Option<(Job, usize)> {
        // Acquire: pairs with the Release in `share`, through the claims of other threads too (a
        // read-modify-write goes on with the release sequence). It does not matter which job the
        // count was of when it was first looked at: whoever succeeds has a task of the job that is
        // there at that moment.
        let unclaimed = self
            .unclaimed
            .0
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |count| {
                count.checked_sub(1)
            })
            .ok()?;
        // SAFETY: this thread holds a task, so the job was written before (see above) and is not
        // written again before this thread has counted the task as finished.
        let job = unsafe { *self.job.get() }?;
        Some((job, job.tasks - unclaimed))
    }
}

/// How a thread looks out for something before it goes to sleep.
#[derive(Clone, Copy)]
struct Patience {
    limit: Duration,
    /// Whether it offers its core to others meanwhile.
    yields: bool,
}

/// A helper that has had work expects more of it soon, since waking it takes as long as many a job.
/// The caller may be waiting for the very core that it is on.
const IDLE: Patience = Patience {
    limit: Duration::from_micros(50),
    yields: true,
};

/// A helper that was woken in vain, because the work was done before it came.
const WOKEN_IN_VAIN: Patience = Patience {
    limit: Duration::ZERO,
    yields: true,
};

/// A caller looks out for the last tasks. Where a helper has lost its core to another process it
/// gets one back sooner when the caller sleeps.
const END: Patience = Patience {
    limit: Duration::from_micros(50),
    yields: false,
};

/// Where threads wait: they look out for a while, then sleep.
#[derive(Debug)]
struct Bell {
    spins: bool,
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    condition: Condvar,
}

impl Bell {
    fn new(spins: bool) -> Bell {
        Bell {
            spins,
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            condition: Condvar::new(),
        }
    }

    /// Waits until `ready`. Whoever makes it so rings afterwards.
    fn wait(&self, patience: Patience, ready: impl Fn() -> bool) {
        if ready() || (self.spins && patience.wait_for(&ready)) {
            return;
        }
        let mut guard = lock(&self.lock);
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `ring`: either this thread sees that it is ready, or the one who
        // rings sees a sleeper, and has to wait for the lock until this one really sleeps.
        fence(Ordering::SeqCst);
        while !ready() {
            guard = self
                .condition
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Wakes up to `count` sleepers. Without sleepers it costs a fence and a load.
    fn ring(&self, count: usize) {
        fence(Ordering::SeqCst);
        let sleepers = self.sleepers.load(Ordering::Relaxed);
        if sleepers == 0 {
            return;
        }
        drop(lock(&self.lock));
        for _ in 0..count.min(sleepers) {
            self.condition.notify_one();
        }
    }
}

impl Patience {
    /// Whether it became ready in time.
    fn wait_for(self, ready: &impl Fn() -> bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < self.limit {
            // The clock takes longer to read than the condition.
            for _ in 0..16 {
                if ready() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if self.yields {
                thread::yield_now();
            }
        }
        false
    }
}

/// A value in cache lines of its own, of which processors fetch two at a time.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<T>(T);

fn attempt(work: &(dyn Fn(usize) + Sync), task: usize) -> Option<Panic> {
    // The panic goes on when all tasks are done, so nothing broken is seen that would not be
    // without the catch.
    catch_unwind(AssertUnwindSafe(|| work(task))).err()
}

/// Nothing is left half done under these locks, so poison means nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_exactly_once() {
        for count in [0, 1, 2, 8] {
            let threads = Threads::new(count);
            assert_eq!(threads.count(), count.max(1));
            for tasks in [0, 1, 2, 3, 7, 64, 1000] {
                check_once(&threads, tasks);
            }
        }
    }

    #[test]
    fn many_short_jobs_follow_each_other() {
        let threads = Threads::new(3);
        for round in 0..20_000 {
            check_once(&threads, 2 + round % 5);
        }
    }

    #[test]
    fn sleeping_helpers_do_not_hold_a_job_up() {
        let threads = Threads::new(2);
        for _ in 0..20 {
            check_once(&threads, 4);
            thread::sleep(4 * IDLE.limit);
        }
    }

    #[test]
    fn tasks_may_share_work_themselves() {
        let threads = Threads::new(4);
        let done = AtomicUsize::new(0);
        threads.run(8, &|_| {
            threads.run(8, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(done.into_inner(), 64);
    }

    #[test]
    fn many_callers_share_at_once() {
        let threads = Threads::new(2);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        check_once(&threads, 5);
                    }
                });
            }
        });
    }

    #[test]
    fn what_tasks_write_is_seen_by_the_caller() {
        let threads = Threads::new(2);
        let mut values = vec![0_u64; 512];
        for round in 1..200 {
            let chunks: Vec<Mutex<&mut [u64]>> = values.chunks_mut(64).map(Mutex::new).collect();
            threads.run(chunks.len(), &|task| {
                lock(&chunks[task]).iter_mut().for_each(|value| *value += 1);
            });
            assert!(values.iter().all(|value| *value == round));
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_when_all_is_done() {
        for count in [1, 2, 8] {
            let threads = Threads::new(count);
            for bad in [0, 3, 9] {
                let done = AtomicUsize::new(0);
                let panic = catch_unwind(AssertUnwindSafe(|| {
                    threads.run(10, &|task| {
                        done.fetch_add(1, Ordering::Relaxed);
                        if task == bad {
                            resume_unwind(Box::new(task));
                        }
                    });
                }))
                .unwrap_err();
                assert_eq!(panic.downcast_ref(), Some(&bad));
                assert_eq!(done.into_inner(), 10);
                check_once(&threads, 10);
            }
        }
    }

    #[test]
    fn panics_that_panic_when_they_are_dropped_do_no_harm() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                if !thread::panicking() {
                    resume_unwind(Box::new("dropped"));
                }
            }
        }
        let threads = Threads::new(2);
        // Each task waits for the other, so that both threads panic.
        let begun = std::sync::Barrier::new(2);
        let run = || {
            threads.run(2, &|_| {
                begun.wait();
                resume_unwind(Box::new(Bomb));
            });
        };
        let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert!(panic.is::<Bomb>());
        std::mem::forget(panic);
        check_once(&threads, 10);
        assert!(threads.shared.reserve(), "the helpers were given back");
    }

    #[test]
    fn helpers_take_part() {
        let threads = Threads::new(2);
        let names = Mutex::new(Vec::new());
        // Each task waits for the other: one thread alone would not get on.
        let begun = std::sync::Barrier::new(2);
        threads.run(2, &|_| {
            begun.wait();
            lock(&names).push(thread::current().id());
        });
        let names = lock(&names);
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn helpers_end_with_their_owner() {
        for pause in [Duration::ZERO, 4 * IDLE.limit] {
            let threads = Threads::new(8);
            let shared = Arc::downgrade(&threads.shared);
            check_once(&threads, 16);
            thread::sleep(pause);
            drop(threads);
            assert_eq!(shared.strong_count(), 0);
        }
        drop(Threads::new(8));
    }

    #[track_caller]
    fn check_once(threads: &Threads, tasks: usize) {
        let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
        threads.run(tasks, &|task| {
            counts[task].fetch_add(1, Ordering::Relaxed);
        });
        for count in counts {
            assert_eq!(count.into_inner(), 1);
        }
    }
}
