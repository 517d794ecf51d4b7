//! Graphs that grow, and shapes that change, under many threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use aqueduct::prelude::*;
use aqueduct_tests::initialized;

use super::{count_from, without_deadlock};

/// One thread builds, adds variables and finalizes at last; 63 run what there is.
/// `AQUEDUCT_OPS=300` makes it long.
#[test]
fn a_graph_grows_while_it_runs() {
    let operations = count_from("AQUEDUCT_OPS", 40);
    without_deadlock(move || {
        let g = Graph::new();
        let x = g.placeholder::<i64>("x", shape![]);
        let sess = initialized(&g);
        let newest = Mutex::new((0, x));
        let is_built = AtomicBool::new(false);
        thread::scope(|scope| {
            for thread in 1..64 {
                let (sess, newest, is_built) = (&sess, &newest, &is_built);
                scope.spawn(move || {
                    let mut is_last = false;
                    while !is_last {
                        is_last = is_built.load(Ordering::SeqCst);
                        let (count, y) = *newest.lock().unwrap_or_else(PoisonError::into_inner);
                        let y = sess.run(y.scalar(), feed![x => thread]).unwrap();
                        assert_eq!(y, thread + count);
                    }
                });
            }
            let mut y = x;
            for count in 1..=operations {
                let v = g.variable(&format!("v{count}"), 1_i64);
                sess.run(v.initializer(), feed![]).unwrap();
                y = y + v;
                *newest.lock().unwrap() = (count as i64, y);
            }
            g.finalize();
            let _ = y + 1;
            is_built.store(true, Ordering::SeqCst);
        });
        assert!(g.check().unwrap_err().to_string().contains("finalized"));
        let y = newest.into_inner().unwrap().1;
        let y = sess.run(y.scalar(), feed![x => 0]).unwrap();
        assert_eq!(y, operations as i64);
    });
}

/// 64 threads with shapes of their own each time, by sessions and by prepared calls, each with a late
/// size, 10,240 in all: the plans are bounded at every moment.
#[test]
fn ever_new_shapes_of_many_threads_keep_few_plans() {
    let shapes = count_from("AQUEDUCT_SHAPES", 160);
    without_deadlock(move || {
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?]);
        let n = g.placeholder::<i32>("n", shape![]);
        let sum = x.reduce_sum(..) + g.fill(sizes![n], 1.0_f32).reduce_sum(..);
        let sess = Session::new(&g);
        let prepared = sess.prepare(sum.scalar(), (x, n)).unwrap();
        thread::scope(|scope| {
            for thread in 0..64 {
                let (sess, prepared) = (&sess, &prepared);
                scope.spawn(move || {
                    for round in 0..shapes {
                        let length = round * 64 + thread;
                        let (values, size) = (vec![1.0; length], (length % 50) as i32);
                        let result = if round % 2 == 0 {
                            prepared.run((values, size))
                        } else {
                            sess.run(sum.scalar(), feed![x => values, n => size])
                        };
                        assert_eq!(result.unwrap(), (length + length % 50) as f32);
                        assert!(sess.plan_count() <= 128);
                    }
                });
            }
        });
    });
}
