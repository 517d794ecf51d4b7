//! Saving and restoring while other threads train.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aqueduct::prelude::*;
use aqueduct::{Value, load_variable};
use ndarray::ArrayD;

use crate::session;

type Twins<'g> = (Variable<'g, i64>, Variable<'g, i64>, Operation<'g>);

/// Two variables, all of whose elements are equal, and a step that keeps them so.
fn twins(g: &Graph) -> Twins<'_> {
    let a = g.variable("a", 0_i64);
    let b = g.variable("b", g.zeros::<i64>([500]));
    let step = g.group([a.assign_add(1), b.assign_add(g.ones([500]))]);
    (a, b, step)
}

#[test]
fn a_checkpoint_is_of_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let g = Graph::new();
    let (a, _, step) = twins(&g);
    let sess = session(&g);
    let runs_on = AtomicBool::new(true);
    let saver = Saver::new(&g).max_to_keep(0);
    let save = || {
        for _ in 0..20 {
            let path = saver.save_step(&sess, dir.path().join("m"), a).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            let number: i64 = name.strip_prefix("m-").unwrap().parse().unwrap();
            assert_eq!(load_variable(&path, "a").unwrap(), Value::scalar(number));
            let b = load_variable(&path, "b").unwrap();
            assert_eq!(b, Value::vector(vec![number; 500]));
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while runs_on.load(Ordering::Relaxed) {
                    sess.run(step, feed![]).unwrap();
                }
            });
        }
        // Two threads with one saver.
        let other = scope.spawn(save);
        save();
        let done = other.join();
        runs_on.store(false, Ordering::Relaxed);
        done.unwrap();
    });
}

#[test]
fn a_restore_is_seen_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let g = Graph::new();
    let (a, b, step) = twins(&g);
    let sess = session(&g);
    let saver = Saver::new(&g);
    let path = saver.save(&sess, dir.path().join("m")).unwrap();
    let runs_on = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            while runs_on.load(Ordering::Relaxed) {
                sess.run(step, feed![]).unwrap();
            }
        });
        let reader = scope.spawn(|| {
            while runs_on.load(Ordering::Relaxed) {
                let (a, b): (i64, ArrayD<i64>) = sess.run((a.scalar(), b), feed![]).unwrap();
                assert!(b.iter().all(|element| *element == a));
            }
        });
        for _ in 0..100 {
            saver.restore(&sess, &path).unwrap();
        }
        runs_on.store(false, Ordering::Relaxed);
        reader.join().unwrap();
    });
}
