//! Memory stays flat: after many runs as many bytes are alive as after a few.
//!
//! `AQUEDUCT_RUNS=100000 cargo test --release -p aqueduct-tests --test allocations flat` is the long form.

#![expect(
    clippy::print_stdout,
    reason = "the long form's figures are for a reader"
)]

use std::fs;

use aqueduct::SessionOptions;
use aqueduct::prelude::*;
use ndarray::{ArrayD, ArrayViewD};
use tempfile::tempdir;

use super::{alone, live_bytes, session};

/// Before anything is compared: more than there are plans in a session.
const WARM_UP: usize = 300;

fn runs() -> usize {
    let given = std::env::var("AQUEDUCT_RUNS").ok();
    given.and_then(|runs| runs.parse().ok()).unwrap_or(1_500)
}

/// Does the work so many times, and checks that not even a byte of each time is left.
#[track_caller]
fn check_flat(runs: usize, run: impl FnMut(usize)) {
    // What the test harness has meanwhile to say is no leak.
    check_bounded(runs, 256.max(runs / 2), run);
}

/// Does the work so many times, and checks that fewer bytes are left of all.
#[track_caller]
fn check_bounded(runs: usize, bytes: usize, mut run: impl FnMut(usize)) {
    let _alone = alone();
    (0..WARM_UP.min(runs)).for_each(&mut run);
    let (before, resident) = (live_bytes(), resident_pages());
    (0..runs).for_each(&mut run);
    let grown = live_bytes() - before;
    println!(
        "{runs} runs: {grown} bytes more alive, resident pages {resident:?} and {:?}",
        resident_pages()
    );
    assert!(
        grown < bytes.cast_signed(),
        "{grown} bytes more after {runs} runs"
    );
}

/// The pages of memory that the system has given this process, if it tells.
fn resident_pages() -> Option<usize> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    text.split(' ').nth(1)?.parse().ok()
}

#[test]
fn steady_runs_are_flat() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4]);
    let v = g.variable::<f32>("v", zeros([4]));
    let step = v.assign_add(x);
    let sess = session(&g, 2);
    let prepared = sess.prepare((step.op(), v), x).unwrap();
    check_flat(runs(), |run| {
        sess.run((step.op(), v), feed![x => [1.0; 4]]).unwrap();
        prepared.run([run as f32; 4]).unwrap();
    });
}

/// A session forgets plans; so does a prepared call. The late size makes a stage of its own. Plans are
/// of several sizes, so how much is kept varies.
#[test]
fn changing_shapes_are_flat() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let n = g.placeholder::<i32>("n", shape![]);
    let sum = x.reduce_sum(..) + g.fill(sizes![n], 1.0_f32).reduce_sum(..);
    let sess = session(&g, 2);
    let prepared = sess.prepare(sum.scalar(), (x, n)).unwrap();
    let values = vec![1.0_f32; 1 + runs()];
    check_bounded(runs() / 5, 16 << 10, |run| {
        let (length, size) = (1 + run, (run % 9) as i32);
        let expected = (length + run % 9) as f32;
        let fed = &values[..length];
        assert_eq!(prepared.run((fed, size)).unwrap(), expected);
        let found = sess.run(sum.scalar(), feed![x => fed, n => size]).unwrap();
        assert_eq!(found, expected);
        assert!(sess.plan_count() <= 128);
    });
}

#[test]
fn failing_runs_are_flat() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let refused = g.closure("refuse", x, x.shape(), |_: ArrayViewD<'_, f32>| {
        Err::<ArrayD<f32>, &str>("no")
    });
    let v = g.variable("v", 0.0_f32);
    let first = v.assign_add(1.0);
    let step = g.control_dependencies([first], || v.assign_add(refused.reduce_sum(..)));
    let sess = session(&g, 2);
    check_flat(runs(), |_| {
        assert!(sess.run(step.op(), feed![x => [1.0, 2.0]]).is_err());
        assert!(sess.run(step.op(), feed![x => [[1.0, 2.0]]]).is_err());
        assert!(sess.run(step.op(), feed![]).is_err());
    });
}

#[test]
fn sessions_that_come_and_go_are_flat() {
    let g = Graph::new();
    let x = g.constant(vec![0.5_f32; 1 << 16]);
    let v = g.variable("v", 0.0_f32);
    let sum = (x * v).sin().reduce_sum(..);
    let mut most = 0;
    check_flat(runs() / 50, |_| {
        let options = SessionOptions::new().threads(3);
        let sess = Session::with_options(&g, options);
        sess.run(v.initializer(), feed![]).unwrap();
        assert_eq!(sess.run(sum.scalar(), feed![]).unwrap(), 0.0);
        most = most.max(helpers().unwrap_or(0));
        let prepared = sess.prepare(sum.scalar(), ()).unwrap();
        drop(sess);
        prepared.run(()).unwrap();
    });
    let _alone = alone();
    if let Some(helpers) = helpers() {
        assert_eq!((helpers, most), (0, 2), "helpers end with their session");
    }
}

/// The threads of sessions in this process, if the system tells.
fn helpers() -> Option<usize> {
    let threads = fs::read_dir("/proc/self/task").ok()?.flatten();
    let names = threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
    Some(
        names
            .filter(|name| name.trim() == "aqueduct-helper")
            .count(),
    )
}

/// Nothing in a graph keeps the graph alive: closures, loops, branches and gradients.
#[test]
fn graphs_that_come_and_go_are_flat() {
    check_flat(runs() / 50, |_| {
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?, 2]);
        let w = g.variable("w", [[0.5_f32], [1.0]]);
        let same = g.closure("same", x, x.shape(), |x: ArrayViewD<'_, f32>| {
            Ok::<ArrayD<f32>, &str>(x.to_owned())
        });
        let (last, _) = g.scan(g.zeros::<f32>([2]), x, |h, x| (h + x.tanh(), x));
        let chosen = g.cond(true, || x.matmul(w), || same.matmul(w) * 2.0);
        let loss = chosen.square().reduce_sum(..) + last.reduce_sum(..);
        let train = AdamOptimizer::new(0.1).minimize(loss);
        let mistaken = w.matmul(w);
        assert!(g.check().is_err());
        let sess = session(&g, 1);
        let fed = || feed![x => [[0.0, 1.0], [0.0, 2.0]]];
        sess.run((train, loss), fed()).unwrap();
        assert!(sess.run(mistaken, fed()).is_err());
    });
}

#[test]
fn savers_are_flat() {
    let folder = tempdir().unwrap();
    let g = Graph::new();
    let v = g.variable::<f32>("v", zeros([50]));
    let sess = session(&g, 1);
    let saver = Saver::new(&g).max_to_keep(2);
    check_flat(runs() / 10, |run| {
        let path = saver.save_step(&sess, folder.path().join("model"), run as i64);
        saver.restore(&sess, path.unwrap()).unwrap();
        assert!(saver.restore(&sess, folder.path().join("none")).is_err());
        assert_eq!(sess.run(v, feed![]).unwrap().len(), 50);
    });
}
