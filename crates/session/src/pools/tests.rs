//! What is kept is bounded, whoever keeps it.

use std::thread;

use aqueduct_graph::{Graph, Tensor, shape};

use super::*;
use crate::arena::{Arena, Layout};
use crate::{Session, SessionOptions, TensorExt, feed};

fn memory() -> StageMemory {
    StageMemory {
        arena: Arena::new(&Layout::default()).unwrap(),
        late: Vec::new(),
        workspace: Default::default(),
    }
}

#[test]
fn those_least_recently_used_make_room() {
    let pools = Arc::new(Pools::new(1000));
    let all = [400, 300, 500].map(|bytes| pools.pool(bytes));
    let run = |place: usize| {
        let pool: &Pool = &all[place];
        let kept = pool.take();
        let was_kept = kept.is_some();
        pool.give(kept.unwrap_or_else(memory));
        was_kept
    };
    assert!(!run(0) && !run(1));
    assert_eq!(pools.kept(), 700);
    assert!(run(0));
    assert!(!run(2), "there is room for two of the three");
    assert_eq!(pools.kept(), 900);
    assert!(run(0) && run(2));
    assert!(!run(1), "it was the least recently used");
    assert_eq!(pools.kept(), 800);
    assert!(run(2) && run(1) && !run(0));
}

#[test]
fn what_is_too_large_is_not_kept_and_drives_nobody_out() {
    let pools = Arc::new(Pools::new(1000));
    let (small, large) = (pools.pool(600), pools.pool(1001));
    small.give(memory());
    large.give(memory());
    assert!(large.take().is_none());
    assert!(small.take().is_some());
}

#[test]
fn pools_that_are_gone_keep_nothing() {
    let pools = Arc::new(Pools::new(1000));
    for _ in 0..1000 {
        let pool = pools.pool(10);
        pool.give(memory());
        assert_eq!(pools.kept(), 10);
    }
    assert_eq!(pools.kept(), 0);
    assert!(lock(&pools.all).len() <= 8, "the list forgets them too");
}

#[test]
fn threads_do_not_lose_count() {
    let pools = Arc::new(Pools::new(2000));
    let all = [100, 200, 300, 400].map(|bytes| pools.pool(bytes));
    thread::scope(|scope| {
        for thread in 0..8 {
            let (pools, all) = (&pools, &all);
            scope.spawn(move || {
                for round in 0..2000 {
                    let pool = &all[(round * 7 + thread) % all.len()];
                    let memories = [(); 2].map(|()| pool.take().unwrap_or_else(memory));
                    memories.into_iter().for_each(|memory| pool.give(memory));
                    // Of each thread, what it gave is counted before it makes room.
                    assert!(pools.kept() <= 2000 + 8 * 400);
                }
            });
        }
    });
    assert!(pools.kept() <= 2000);
    all.iter().for_each(|pool| pool.0.clear());
    assert_eq!(pools.kept(), 0);
}

fn sums(x: Tensor<'_, f32>) -> Tensor<'_, f32> {
    x.cumsum(0).sin()
}

/// The plans of a session are all there, and keep memory in turns: also the bodies of a loop, and the
/// plan that only a prepared call has.
#[test]
fn a_session_keeps_no_more_than_its_pools() {
    const LIMIT: usize = 40_000;
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let twice = g.while_loop(
        (g.constant(0), x),
        |(i, _)| i.less(2),
        |(i, x)| (i + 1, sums(x)),
    );
    let sess = Session::with_pools(&g, SessionOptions::new(), Pools::new(LIMIT));
    let results = [sums(x), twice.1].map(|y| sess.prepare(y.reduce_sum(..).scalar(), x).unwrap());
    for round in 0..3 {
        for length in [1000, 2000, 3000, 4000, 200_000] {
            for prepared in &results {
                prepared.run(vec![0.5; length]).unwrap();
                let kept = sess.shared.pools.kept();
                assert!(kept <= LIMIT, "{kept}");
                assert!(kept > 0, "round {round}");
            }
        }
    }
    assert_eq!(sess.plan_count(), 10);
    drop((sess, results));
}

#[test]
fn a_steady_run_uses_what_is_kept() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let y = x.cumsum(0).sin();
    let sess = Session::new(&g);
    let mut kept = Vec::new();
    for _ in 0..3 {
        y.eval(&sess, feed![x => vec![0.5; 1000]]).unwrap();
        kept.push(sess.shared.pools.kept());
    }
    assert!(kept[0] >= 4000);
    assert_eq!(kept, [kept[0]; 3]);
}
