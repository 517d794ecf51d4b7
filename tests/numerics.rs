//! Sessions that stop at the first NaN or infinity.

#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

use aqueduct::prelude::*;
use aqueduct::{Error, NumericsCheck, NumericsFailure};
use aqueduct_tests::relative;
use expect_test::{Expect, expect};
use ndarray::{ArrayViewD, arr1};

fn looking(graph: &Graph, check: NumericsCheck) -> Session {
    Session::with_options(graph, SessionOptions::new().check_numerics(check))
}

fn failure<T>(result: aqueduct::Result<T>) -> NumericsFailure {
    match result {
        Ok(_) => panic!("nothing was found"),
        Err(Error::Numerics(failure)) => *failure,
        Err(other) => panic!("{other}"),
    }
}

#[track_caller]
fn check<T>(result: aqueduct::Result<T>, anchor: u32, expected: Expect) {
    expected.assert_eq(&relative(&failure(result).to_string(), file!(), anchor));
}

#[test]
fn the_first_operation_is_named_with_its_operands() {
    let anchor = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let shifted = x - 1.0;
    let logs = shifted.log().named("logs");
    let loss = (logs * 2.0).reduce_mean(..);
    let feeds = || feed![x => [[1.0, 2.0, 0.5], [4.0, 0.0, 2.0]]];
    let all = looking(&g, NumericsCheck::NanAndInfinities);
    check(
        all.run(loss, feeds()),
        anchor,
        expect![[r#"
            log gives 2 NaN and 1 infinity among 6 elements of `logs:0`, f32[2, 3]; the first is nan at [0, 2]
              --> tests/numerics.rs:+4:24        name `logs`
              x  sub  f32[2, 3], from -1 to 3  from tests/numerics.rs:+3:19"#]],
    );
    let found = failure(looking(&g, NumericsCheck::Nan).run(loss, feeds()));
    assert_eq!((found.elements.nans, found.elements.infinities), (2, 1));
    assert_eq!(found.elements.count, 6);
    assert!(all.run(loss, feed![x => [[2.0, 3.0, 4.0]]]).is_ok());
}

#[test]
fn an_infinity_alone_stops_only_who_asks_for_it() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?]);
    let y = 1.0 / x;
    let feeds = || feed![x => [1.0, 0.0]];
    assert!(looking(&g, NumericsCheck::Nan).run(y, feeds()).is_ok());
    assert!(looking(&g, NumericsCheck::Off).run(y, feeds()).is_ok());
    let found = failure(looking(&g, NumericsCheck::NanAndInfinities).run(y, feeds()));
    assert_eq!((found.place.as_str(), found.value.as_str()), ("[1]", "inf"));
}

#[test]
fn masks_of_negative_infinity_pass_until_they_become_nan() {
    let g = Graph::new();
    let logits = g.placeholder::<f32>("logits", shape![3]);
    let mask = g.constant([0.0, f32::NEG_INFINITY, f32::NEG_INFINITY]);
    let masked = logits + mask;
    let sess = looking(&g, NumericsCheck::NanAndInfinities);
    let some = sess.run(masked.softmax(), feed![logits => [1.0, 2.0, 3.0]]);
    assert_eq!(some.unwrap(), arr1(&[1.0, 0.0, 0.0]).into_dyn());
    let product = masked * 0.0;
    let found = failure(sess.run(product, feed![logits => [1.0, 2.0, 3.0]]));
    assert_eq!((found.subject.as_str(), found.elements.nans), ("mul", 2));
}

#[test]
fn what_was_nan_before_the_run_is_named_itself() {
    let anchor = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let w = g.variable("w", [1.0_f32, f32::NAN]);
    let nothing = g.constant(f32::NAN).named("nothing");
    let sess = looking(&g, NumericsCheck::Nan);
    assert!(sess.run(g.global_variables_initializer(), feed![]).is_err());
    sess.load(w, [f32::NAN, 1.0]).unwrap();
    check(
        sess.run(x.exp(), feed![x => [0.0, f32::NAN]]),
        anchor,
        expect![[r#"
            feed of `x`, f32[2], holds 1 NaN among 2 elements; the first is nan at [1]
              --> tests/numerics.rs:+2:15        name `x`
              used by `Exp`, built at tests/numerics.rs:+9:20"#]],
    );
    check(
        sess.run(x * w, feed![x => [0.0, 1.0]]),
        anchor,
        expect![[r#"
            variable `w`, f32[2], holds 1 NaN among 2 elements; the first is nan at [0]
              --> tests/numerics.rs:+3:15        name `w`
              used by `mul`, built at tests/numerics.rs:+17:18"#]],
    );
    check(
        sess.run(x + nothing, feed![x => [0.0, 1.0]]),
        anchor,
        expect![[r#"
            constant `nothing`, f32[], is nan
              --> tests/numerics.rs:+4:21        name `nothing`
              used by `add`, built at tests/numerics.rs:+25:18"#]],
    );
    let sum = x.reduce_sum(..);
    check(
        sess.run(sum.exp(), feed![sum => f32::NAN]),
        anchor,
        expect![[r#"
            value of `Sum`, f32[], is nan
              --> tests/numerics.rs:+32:17        name `Sum`
              used by `Exp_1`, built at tests/numerics.rs:+34:22"#]],
    );
    let known = x.equal(x);
    let mended = known.select(x, x.zeros_like());
    let mended = sess.run(mended, feed![x => [f32::NAN, 1.0]]);
    assert_eq!(mended.unwrap(), arr1(&[0.0, 1.0]).into_dyn());
}

#[test]
fn steps_and_branches_are_told() {
    let anchor = line!();
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 2]);
    let (last, roots) = g.scan(g.zeros::<f32>([2]), xs, |sum, x| {
        let sum = sum + x;
        (sum, sum.sqrt())
    });
    let is_large = last.reduce_sum(..).greater(0.0);
    let branch = g.cond(is_large, || last.log(), || last * 2.0);
    let counted = g.while_loop(
        (g.constant(0_i32), g.constant(1.0_f32)),
        |(i, x)| (x / (2 - i).cast::<f32>()).less(9.0),
        |(i, x)| (i + 1, x),
    );
    let sess = looking(&g, NumericsCheck::NanAndInfinities);
    check(
        sess.run(roots, feed![xs => [[1.0, 1.0], [2.0, 1.0], [1.0, -5.0]]]),
        anchor,
        expect![[r#"
            sqrt gives 1 NaN among 2 elements of `scan/Sqrt:0`, f32[2]; the first is nan at [1]
              --> tests/numerics.rs:+5:19, called from tests/numerics.rs:+3:27        name `scan/Sqrt`
              x  scan/add  f32[2], from -3 to 4  from tests/numerics.rs:+4:19, called from tests/numerics.rs:+3:27
              in step 2 of `scan`, built at tests/numerics.rs:+3:27"#]],
    );
    check(
        sess.run(branch, feed![xs => [[1.0, 2.0], [2.0, -3.0]]]),
        anchor,
        expect![[r#"
            log gives 1 NaN among 2 elements of `cond/Log:0`, f32[2]; the first is nan at [1]
              --> tests/numerics.rs:+8:43, called from tests/numerics.rs:+8:20        name `cond/Log`
              x  scan:0  f32[2], from -1 to 3  from tests/numerics.rs:+3:27
              in the true branch of `cond`, built at tests/numerics.rs:+8:20"#]],
    );
    check(
        sess.run(counted.1, feed![]),
        anchor,
        expect![[r#"
        div gives inf as `while/truediv:0`, f32[]
          --> tests/numerics.rs:+11:18, called from tests/numerics.rs:+9:21        name `while/truediv`
          lhs  while/parameter_1  f32[], 1  from tests/numerics.rs:+9:21
          rhs  while/Cast         f32[], 0  from tests/numerics.rs:+11:31, called from tests/numerics.rs:+9:21
          in the condition before step 2 of `while`, built at tests/numerics.rs:+9:21"#]],
    );
    check(
        sess.run(last, feed![xs => [[1.0, 2.0], [f32::NAN, -3.0]]]),
        anchor,
        expect![[r#"
            feed of `xs`, f32[2], holds 1 NaN among 2 elements; the first is nan at [0]
              --> tests/numerics.rs:+2:16        name `xs`
              used by `scan/add`, built at tests/numerics.rs:+4:19, called from tests/numerics.rs:+3:27
              in step 1 of `scan`, built at tests/numerics.rs:+3:27"#]],
    );
}

#[test]
fn gradients_name_what_they_are_of() {
    let anchor = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let (_, roots) = g.scan(g.constant(0.0_f32), x, |sum, x| (sum + x, x.sqrt()));
    let direct = gradient(x.sqrt().reduce_sum(..), x);
    let inside = gradient(roots.reduce_sum(..), x);
    let sess = looking(&g, NumericsCheck::NanAndInfinities);
    check(
        sess.run(direct, feed![x => [1.0, 0.0]]),
        anchor,
        expect![[r#"
            div gives 1 infinity among 2 elements of `gradients/Sqrt_grad/truediv:0`, f32[2]; the first is inf at [1]
              --> tests/numerics.rs:+4:18        name `gradients/Sqrt_grad/truediv`
              lhs  gradients/Sqrt_grad/mul  f32[2], 0.5          from tests/numerics.rs:+4:18
              rhs  Sqrt                     f32[2], from 0 to 1  from tests/numerics.rs:+4:29
              in the gradient of `Sqrt`, built at tests/numerics.rs:+4:29"#]],
    );
    check(
        sess.run(inside, feed![x => [1.0, 0.0, 4.0]]),
        anchor,
        expect![[r#"
            div gives inf as `gradients_1/scan_grad/scan/Sqrt_grad/truediv:0`, f32[]
              --> tests/numerics.rs:+5:18        name `gradients_1/scan_grad/scan/Sqrt_grad/truediv`
              lhs  gradients_1/scan_grad/scan/Sqrt_grad/mul          f32[], 0.5  from tests/numerics.rs:+5:18
              rhs  gradients_1/scan_grad/scan/Sqrt_grad/parameter_1  f32[], 0    from tests/numerics.rs:+5:18
              in the gradient of `scan/Sqrt`, built at tests/numerics.rs:+3:74, called from tests/numerics.rs:+3:24
              in step 1 of `gradients_1/scan_grad/scan`, built at tests/numerics.rs:+5:18"#]],
    );
}

#[test]
fn custom_ops_late_sizes_and_prepared_calls_are_looked_at() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let inverse = g.closure("inverse", x, shape![?], |x: ArrayViewD<'_, f32>| {
        Ok::<_, aqueduct::CustomError>(x.mapv(|x| 1.0 / x))
    });
    let chosen = x.boolean_mask(x.greater_equal(0.0));
    let logs = (chosen - 1.0).sqrt();
    let sess = looking(&g, NumericsCheck::NanAndInfinities);
    let found = failure(sess.run(inverse, feed![x => [1.0, 0.0]]));
    assert_eq!(
        (found.subject.as_str(), found.fact.as_str()),
        ("inverse", "f32[2]")
    );
    let prepared = sess.prepare(logs, x).unwrap();
    assert!(prepared.run([-3.0, 2.0]).is_ok());
    let found = failure(prepared.run([-3.0, 0.5, 2.0]));
    assert_eq!(
        (found.subject.as_str(), found.fact.as_str()),
        ("sqrt", "f32[2]")
    );
}

#[test]
fn nothing_of_the_run_is_kept() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let w = g.variable("w", 1.0_f32);
    let count = g.variable("count", 0_i32);
    let steps = (count.assign_add(1).op(), w.assign_sub(x.log()));
    let sess = looking(&g, NumericsCheck::NanAndInfinities);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    assert!(sess.run(steps, feed![x => -1.0]).is_err());
    assert_eq!(sess.run((w, count), feed![]).unwrap().1.sum(), 0);
    sess.run(steps, feed![x => 1.0]).unwrap();
    assert_eq!(sess.run((w, count), feed![]).unwrap().1.sum(), 1);
    let overflow = w.assign_add(f32::MAX);
    sess.load(w, f32::MAX).unwrap();
    let found = failure(sess.run(overflow, feed![]));
    assert_eq!(found.subject, "assign_add");
    assert_eq!(sess.value(w).unwrap().sum(), f32::MAX);
}
