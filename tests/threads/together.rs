//! Runs that are under way at the same moment.

use std::sync::{Arc, Barrier};
use std::thread;

use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::ArrayViewD;

use super::without_deadlock;

/// Each run waits, in its kernel, until 64 runs are in theirs: 63 that read, by prepared calls and by the
/// session, and one that writes. If one of them waited for another to end, none would.
#[test]
fn readers_and_a_writer_run_at_one_moment() {
    without_deadlock(|| {
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?]);
        let w = g.variable("w", [1.0_f32, 2.0]);
        let all_are_there = Arc::new(Barrier::new(64));
        let met = g.closure("meet", x * w, shape![2], move |y: ArrayViewD<'_, f32>| {
            all_are_there.wait();
            Ok::<_, &str>(y.to_owned())
        });
        let write = w.assign(met + 1.0);
        let sess = initialized(&g);
        let prepared = sess.prepare(met, x).unwrap();
        thread::scope(|scope| {
            for thread in 1..64 {
                let (sess, prepared) = (&sess, &prepared);
                scope.spawn(move || {
                    let values = [thread as f32, 1.0];
                    let y = match thread % 2 {
                        0 => prepared.run(values),
                        _ => sess.run(met, feed![x => values]),
                    };
                    let y = y.unwrap();
                    assert_eq!(y.as_slice(), Some(&[thread as f32, 2.0][..]));
                });
            }
            sess.run(write.op(), feed![x => [10.0, 10.0]]).unwrap();
        });
        assert_eq!(sess.value(w).unwrap().as_slice(), Some(&[11.0, 21.0][..]));
    });
}
