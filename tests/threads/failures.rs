//! Runs that fail beside runs that do not.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use aqueduct::ir::{Fact, Problem};
use aqueduct::prelude::*;
use aqueduct::{Computation, CustomError, CustomGradient, CustomOp};
use aqueduct_tests::initialized;
use ndarray::{ArrayD, ArrayViewD};

use super::{count_from, without_deadlock};

/// Each thread has a way of its own to succeed or to fail. What is counted in the end are the writes
/// that succeeded, and nothing else. `AQUEDUCT_ROUNDS=1000` makes it long.
#[test]
fn failing_runs_leave_the_others_alone() {
    let rounds = count_from("AQUEDUCT_ROUNDS", 20);
    without_deadlock(move || {
        let g = Graph::new();
        let [total, other] = ["total", "other"].map(|name| g.variable(name, 0_i64));
        let by = g.placeholder::<i64>("by", shape![]);
        let n = g.placeholder::<i32>("n", shape![]);
        // Writes one variable, then fails before the other.
        let judged = g.closure("judge", by, shape![], |by: ArrayViewD<'_, i64>| {
            match by.first().copied() {
                Some(1) => Ok::<ArrayD<i64>, &str>(by.to_owned()),
                Some(2) => Err("two is refused"),
                _ => panic!("what is fed is neither"),
            }
        });
        let first = total.assign_add(by);
        let second = g.control_dependencies([first], || other.assign_add(judged));
        let late = g.fill(sizes![n], 1.0_f32).reduce_sum(..);
        let sess = initialized(&g);
        let prepared = sess.prepare(second.op(), by).unwrap();
        let written = AtomicUsize::new(0);
        let failed = AtomicUsize::new(0);
        let succeed = |result: aqueduct::Result<()>| {
            result.unwrap();
            written.fetch_add(1, Ordering::Relaxed);
        };
        let fail = |message: &str, result: aqueduct::Result<()>| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
            failed.fetch_add(1, Ordering::Relaxed);
        };
        let round = |kind: usize| match kind {
            0 => succeed(prepared.run(1)),
            1 => fail("two is refused", prepared.run(2)),
            2 => fail("it panicked", prepared.run(3)),
            3 => fail("by", sess.run(second.op(), feed![])),
            4 => fail("", sess.run(late, feed![n => -1]).map(drop)),
            5 => assert_eq!(sess.run(late.scalar(), feed![n => 3]).unwrap(), 3.0),
            6 => succeed(sess.run(second.op(), feed![by => 1])),
            _ => {
                let (total, other) = sess.run((total.scalar(), other.scalar()), feed![]).unwrap();
                assert_eq!(total, other, "both are written or none is");
            }
        };
        thread::scope(|scope| {
            for kind in (0..64).map(|thread| thread % 8) {
                let round = &round;
                scope.spawn(move || (0..rounds).for_each(|_| round(kind)));
            }
        });
        let written = written.into_inner();
        assert_eq!((written, failed.into_inner()), (16 * rounds, 32 * rounds));
        let (total, other) = sess.run((total.scalar(), other.scalar()), feed![]).unwrap();
        assert_eq!((total, other), (written as i64, written as i64));
    });
}

/// An op whose shape rule, of one size, waits for something to happen.
struct Waiting<F> {
    happened: F,
    waits: AtomicUsize,
}

fn waiting<F>(happened: F) -> Arc<Waiting<F>> {
    let waits = AtomicUsize::new(0);
    Arc::new(Waiting { happened, waits })
}

fn copy<'g>(op: &Arc<impl CustomOp>, x: Tensor<'g, f32>) -> Tensor<'g, f32> {
    let op: Arc<dyn CustomOp> = Arc::clone(op) as _;
    x.graph().custom_tensor(op, &[x.any()])
}

impl<F> std::fmt::Debug for Waiting<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting")
    }
}

impl<F: Fn() -> bool + Send + Sync + 'static> CustomOp for Waiting<F> {
    fn name(&self) -> &str {
        "waiting"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        if inputs.iter().any(|x| x.shape.to_string() == "[7]") {
            self.waits.fetch_add(1, Ordering::SeqCst);
            let limit = Instant::now() + Duration::from_secs(20);
            while !(self.happened)() && Instant::now() < limit {
                thread::yield_now();
            }
        }
        Ok(inputs.to_vec())
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let x = run.input::<f32>(0)?.to_owned();
        run.output::<f32>(0)?.assign(&x);
        Ok(())
    }

    fn gradient(&self) -> CustomGradient {
        CustomGradient::none("it only waits")
    }
}

/// A plan takes as long to make as the shape rule waits for a run of the same prepared call.
#[test]
fn nobody_waits_for_the_plan_of_another_shape() {
    without_deadlock(|| {
        let runs = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&runs);
        let op = waiting(move || seen.load(Ordering::SeqCst) > 1);
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?]);
        let copy = copy(&op, x);
        let sess = Session::new(&g);
        let prepared = sess.prepare(copy, x).unwrap();
        let run = |length: usize| {
            assert_eq!(prepared.run(vec![1.0; length]).unwrap().len(), length);
            runs.fetch_add(1, Ordering::SeqCst)
        };
        assert_eq!(run(3), 0);
        thread::scope(|scope| {
            scope.spawn(|| assert!(run(7) > 1, "the other run waited for this plan"));
            while op.waits.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            run(3);
        });
    });
}

/// 32 callers ask for one plan at once. How often the shape rule was asked tells how many were made.
#[test]
fn callers_of_one_shape_make_one_plan() {
    without_deadlock(|| {
        let begin = Instant::now();
        let asked = |callers| {
            // Long enough that all callers are there.
            let op = waiting(move || begin.elapsed() > Duration::from_millis(300));
            let results = run_at_once(&op, callers);
            assert!(results.into_iter().all(|result| result.is_ok()));
            op.waits.load(Ordering::SeqCst)
        };
        assert_eq!(asked(32), asked(1));
    });
}

/// Who makes a plan fails; those who wait for it make it themselves.
#[test]
fn a_plan_that_fails_is_made_by_another() {
    without_deadlock(|| {
        let is_first = AtomicBool::new(true);
        let op = waiting(move || {
            thread::sleep(Duration::from_millis(100));
            assert!(
                !is_first.swap(false, Ordering::SeqCst),
                "the first one fails"
            );
            true
        });
        let results = run_at_once(&op, 32);
        let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        let [error] = errors.as_slice() else {
            panic!("{errors:?}");
        };
        assert!(error.to_string().contains("panicked"), "{error}");
    });
}

/// Runs of the shape that the op waits at, by the session and by a prepared call.
fn run_at_once(op: &Arc<impl CustomOp>, callers: usize) -> Vec<aqueduct::Result<()>> {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let copy = copy(op, x);
    let sess = Session::new(&g);
    let prepared = sess.prepare(copy, x).unwrap();
    let together = Barrier::new(callers);
    let run = |caller: usize| {
        together.wait();
        let values = vec![1.0; 7];
        let result = match caller % 2 {
            0 => prepared.run(values),
            _ => sess.run(copy, feed![x => values]),
        };
        result.map(|copy| assert_eq!(copy.len(), 7))
    };
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..callers)
            .map(|caller| scope.spawn(move || run(caller)))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.collect()
    })
}
