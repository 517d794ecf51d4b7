//! Many threads on one session and on one graph.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use aqueduct::prelude::*;

mod failures;
mod growth;
mod states;
mod together;

/// Runs `work` in a thread of its own, and fails if it does not end: threads that wait for each
/// other would otherwise hang the tests.
fn without_deadlock(work: impl FnOnce() + Send + 'static) {
    let (done, waiting) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    let waited = waiting.recv_timeout(Duration::from_secs(600));
    let stuck = matches!(waited, Err(mpsc::RecvTimeoutError::Timeout));
    assert!(!stuck, "the threads wait for each other");
    assert!(worker.join().is_ok());
}

/// How many cases there are to be: as many as the environment says, or else so many.
fn count_from(variable: &str, usual: usize) -> usize {
    let given = std::env::var(variable).ok();
    given.and_then(|count| count.parse().ok()).unwrap_or(usual)
}

#[test]
fn readers_see_whole_states_only() {
    without_deadlock(|| {
        let g = Graph::new();
        let a = g.variable("a", 0_i64);
        let b = g.variable::<i64>("b", zeros([200]));
        let step = g.group([a.assign_add(1), b.assign_add(g.ones([200]))]);
        let sess = Session::new(&g);
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        let runs_on = AtomicBool::new(true);
        let seen = AtomicUsize::new(0);
        let mut steps = 0;
        thread::scope(|scope| {
            for _ in 0..8 {
                let (sess, runs_on, seen) = (&sess, &runs_on, &seen);
                scope.spawn(move || {
                    let mut last = 0;
                    while runs_on.load(Ordering::Relaxed) {
                        let (a, b) = sess.run((a.scalar(), b), feed![]).unwrap();
                        assert!(b.iter().all(|element| *element == a));
                        assert!(a >= last, "time does not run backwards");
                        last = a;
                        seen.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            while steps < 300 || seen.load(Ordering::Relaxed) < 300 {
                sess.run(step, feed![]).unwrap();
                steps += 1;
            }
            runs_on.store(false, Ordering::Relaxed);
        });
        assert_eq!(sess.run(a.scalar(), feed![]).unwrap(), steps);
    });
}

#[test]
fn writers_go_one_after_the_other() {
    without_deadlock(|| {
        let g = Graph::new();
        let n = g.variable("n", 0_i32);
        let add = g.placeholder::<i32>("add", shape![]);
        let step = n.assign_add(add);
        let sess = Session::new(&g);
        sess.run(n.initializer(), feed![]).unwrap();
        let prepared = sess.prepare(step.scalar(), add).unwrap();
        let results = thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|worker| {
                    let (sess, prepared) = (sess.clone(), &prepared);
                    scope.spawn(move || {
                        let run = |_| {
                            if worker % 2 == 0 {
                                prepared.run(1).unwrap()
                            } else {
                                sess.run(step.scalar(), feed![add => 1]).unwrap()
                            }
                        };
                        (0..50).map(run).collect::<Vec<i32>>()
                    })
                })
                .collect();
            let results = workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap());
            results.collect::<HashSet<i32>>()
        });
        assert_eq!(results, (1..=400).collect());
        assert_eq!(sess.run(n.scalar(), feed![]).unwrap(), 400);
    });
}

#[test]
fn many_threads_build_one_graph() {
    const THREADS: usize = 8;
    without_deadlock(|| {
        let g = Graph::new();
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (g, barrier) = (&g, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for _ in 0..10 {
                        build_and_run(g, thread).unwrap();
                    }
                });
            }
        });
        g.check().unwrap();
        let view = g.view();
        let names: HashSet<&str> = view
            .node_ids()
            .map(|id| view.node(id).name.as_str())
            .collect();
        assert_eq!(names.len(), view.node_count());
        assert_eq!(view.variable_ids().count(), THREADS * 10);
    });
}

/// A model with gradients, a loop and a branch, trained for a step.
fn build_and_run(g: &Graph, thread: usize) -> aqueduct::Result<()> {
    g.name_scope("model", || {
        let x = g.placeholder::<f32>("x", shape![?, 2]);
        let w = g.variable("w", [[thread as f32], [1.0]]);
        let (last, _) = g.scan(g.zeros::<f32>([2]), x, |h, x| (h + x.tanh(), x));
        let error = g.cond(true, || x.matmul(w), || x.matmul(w) * 2.0);
        let cost = x.matmul(w).square().reduce_sum(..);
        let slope = gradient(gradient(cost, x).square().reduce_sum(..), w);
        let train = GradientDescent::new(0.1).minimize(cost);
        let sess = Session::new(g);
        sess.run(w.initializer(), feed![])?;
        let fetches = (error, last, slope, train, format_all(x.any()));
        let feeds = feed![x => [[0.0, 1.0], [0.0, 2.0]]];
        let (error, ..) = sess.run(fetches, feeds)?;
        assert_eq!(error.as_slice(), Some(&[1.0, 2.0][..]));
        Ok(())
    })
}

/// Everything that looks at the graph while others build.
fn format_all(tensor: AnyTensor<'_>) {
    let texts = [
        format!("{tensor} {tensor:?}"),
        format!("{} {:?}", tensor.op(), tensor.op()),
        tensor.op().trace().to_string(),
    ];
    assert!(texts.iter().all(|text| !text.is_empty()));
}

#[test]
fn new_shapes_are_planned_at_once() {
    without_deadlock(|| {
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?]);
        let n = g.placeholder::<i32>("n", shape![]);
        let late = g.fill(sizes![n], 1.0_f32).reduce_sum(..);
        let sum = x.reduce_sum(..) + late;
        let sess = Arc::new(Session::new(&g));
        let prepared = sess.prepare(sum.scalar(), (x, n)).unwrap();
        thread::scope(|scope| {
            for worker in 0..8_usize {
                let (sess, prepared) = (Arc::clone(&sess), &prepared);
                scope.spawn(move || {
                    for round in 0..60 {
                        let length = (round * 7 + worker * 3) % 30;
                        let values = vec![1.0; length];
                        let expected = (length + worker) as f32;
                        let result = if round % 2 == 0 {
                            prepared.run((values, worker as i32))
                        } else {
                            sess.run(sum.scalar(), feed![x => values, n => worker as i32])
                        };
                        assert_eq!(result.unwrap(), expected);
                    }
                });
            }
        });
        assert!(sess.plan_count() <= 128);
    });
}
