//! What fails in a body is told with the shapes of the run, by every way to run it; and a mistake is told
//! once.

use aqueduct::Pass;
use aqueduct::prelude::*;
use aqueduct_tests::{Modes, only_mistake, relative};
use expect_test::{Expect, expect};
use ndarray::Array2;

/// The report of a loop over rows of two numbers, of which three are fed, with a 9 among the integers.
fn check<R: Into<AnyTensor<'static>>>(
    anchor: u32,
    build: impl FnOnce(&'static Graph, Tensor<'static, f32>, Tensor<'static, i32>) -> R,
    expected: &Expect,
) {
    let g = Graph::new().leak();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let indices = g.placeholder::<i32>("indices", shape![?]);
    let counter = g.variable("counter", 0.0_f32);
    let counted = counter.assign_add(1.0);
    let fetches = vec![counted.any(), build(g, x, indices).into()];
    g.check().unwrap();
    let modes = Modes::new(g, Pass::ALL.iter().copied()).initialized();
    let rows = Array2::<f32>::ones((3, 2));
    let run = |sess: &Session, last: i32| {
        sess.run(fetches.clone(), feed![x => &rows, indices => [0, 1, last]])
    };
    let report = modes.failure(|sess| run(sess, 9)).unwrap();
    expected.assert_eq(&relative(&report, file!(), anchor));
    modes.run(|sess| run(sess, 1)).unwrap();
    modes.check_variables().unwrap();
}

#[test]
fn an_operation_in_a_loop() {
    check(
        line!(),
        |g, x, indices| {
            let start = g.zeros::<f32>([2]);
            let (sum, _) = g.scan(start, (x, indices), |sum, (_, index)| {
                (sum + x.gather(index), ())
            });
            sum.any()
        },
        &expect![[r#"
            gather failed: indices = 9 is not in [0, 3)
              --> tests/hostile_feeds/loops.rs:+4:26, called from tests/hostile_feeds/loops.rs:+3:30        name `scan/Gather`
              x        x                 f32[3, 2]  from tests/hostile_feeds/loops.rs:-20:15
              indices  scan/parameter_2  i32[]      from tests/hostile_feeds/loops.rs:+3:30
              help: the axis that is indexed takes 0 to 2"#]],
    );
}

#[test]
fn an_operation_in_a_loop_in_a_branch_in_a_loop() {
    check(
        line!(),
        |g, x, indices| {
            let start = g.zeros::<f32>([2]);
            let (sum, _) = g.scan(start, indices, |sum, index| {
                let row = g.cond(
                    index.greater(0),
                    || {
                        let (inner, _) =
                            g.scan(sum, x, |inner, row| (inner + row * x.gather(index), ()));
                        inner
                    },
                    || sum,
                );
                (sum + row, ())
            });
            sum.any()
        },
        &expect![[r#"
            gather failed: indices = 9 is not in [0, 3)
              --> tests/hostile_feeds/loops.rs:+8:74, called from tests/hostile_feeds/loops.rs:+8:31        name `scan/cond/scan/Gather`
              x        x                 f32[3, 2]  from tests/hostile_feeds/loops.rs:-40:15
              indices  scan/parameter_1  i32[]      from tests/hostile_feeds/loops.rs:+3:30
              help: the axis that is indexed takes 0 to 2"#]],
    );
}

#[test]
fn an_operation_in_a_while_loop() {
    check(
        line!(),
        |g, x, indices| {
            let start = (g.constant(0_i32), g.zeros::<f32>([2]));
            let (_, sum) = g.while_loop(
                start,
                |(i, _)| i.less(3),
                |(i, sum)| (i + 1, sum + x.gather(indices.gather(i))),
            );
            sum.any()
        },
        &expect![[r#"
            gather failed: indices = 9 is not in [0, 3)
              --> tests/hostile_feeds/loops.rs:+6:44, called from tests/hostile_feeds/loops.rs:+3:30        name `while/Gather_1`
              x        x             f32[3, 2]  from tests/hostile_feeds/loops.rs:-69:15
              indices  while/Gather  i32[]      from tests/hostile_feeds/loops.rs:+6:59, called from tests/hostile_feeds/loops.rs:+3:30
              help: the axis that is indexed takes 0 to 2"#]],
    );
}

/// Of the loop's operands only some are used: the report has all of them, each with its own shape.
#[test]
fn a_limit_of_a_loop() {
    check(
        line!(),
        |g, x, indices| {
            let options = ScanOptions::new().limit(indices.reduce_max(..));
            let unused = g.zeros::<f64>([5, 5]);
            let (_, rows) = g.scan_with(options, (unused, x.slice(0)), x, |(unused, sum), row| {
                ((unused, sum + row), sum * 2.0)
            });
            rows.any()
        },
        &expect![[r#"
            scan failed: limit is 9 but the loop has 3 steps
              --> tests/hostile_feeds/loops.rs:+4:31        name `scan`
              state 0     zeros          f64[5, 5]  from tests/hostile_feeds/loops.rs:+3:28
              state 1     strided_slice  f32[2]     from tests/hostile_feeds/loops.rs:+4:61
              sequence 0  x              f32[3, 2]  from tests/hostile_feeds/loops.rs:-92:15
              limit       Max            i32[]      from tests/hostile_feeds/loops.rs:+2:60
              help: a limit is from 0 to the number of steps"#]],
    );
}

#[test]
fn sizes_that_are_negative_are_told_once() {
    expect!["start 0 is above limit -1 but delta 1 is positive"]
        .assert_eq(&only_mistake(|g| _ = g.eye::<f32>(-1)));
    expect!["start 0 is above limit -1 but delta 1 is positive"]
        .assert_eq(&only_mistake(|g| _ = g.eye_with::<f32>(2, -1)));
    expect!["start 0 is above limit -1 but delta 1 is positive"]
        .assert_eq(&only_mistake(|g| _ = g.linspace(0.0_f32, 1.0, -1)));
    expect!["sizes gives the negative size -1"]
        .assert_eq(&only_mistake(|g| _ = g.zeros::<f32>([-1]) + 1.0));
    expect!["start 0 is above limit -1 but delta 1 is positive"]
        .assert_eq(&only_mistake(|g| _ = g.constant([1, 2]).sequence_mask(-1)));
    expect!["depth gives the negative size -1"]
        .assert_eq(&only_mistake(|g| _ = g.constant([1, 2]).one_hot::<f32>(-1)));
    expect!["shape gives the negative size -1"]
        .assert_eq(&only_mistake(|g| _ = g.constant([1.0_f32]).repeat(-1, 0)));
    expect!["sequence_length has shape [1, 2] but must have [?]"].assert_eq(&only_mistake(|g| {
        let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
        let lengths = RnnOptions::new().sequence_length(g.constant([[1, 2]]));
        let (outputs, state) = dynamic_rnn_with(&GruCell::new(2), x, lengths);
        let _ = gradients(
            outputs.reduce_sum(..) + state.reduce_sum(..),
            g.trainable_variables(),
        );
    }));
}
