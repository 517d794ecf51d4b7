//! While loops: how often they run, what they carry, and what they do to state.

use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::{arr1, arr2};

#[test]
fn a_fed_trip_count() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let (left, sum) = g.while_loop(
        (n, g.constant(0_i64)),
        |(left, _)| left.greater(0),
        |(left, sum)| (left - 1, sum + left.cast::<i64>()),
    );
    let sess = Session::new(&g);
    for (count, expected) in [(4, 10), (0, 0), (100, 5050), (-3, 0)] {
        let found = sess.run((left.scalar(), sum.scalar()), feed![n => count]);
        assert_eq!(found.unwrap(), (count.min(0), expected));
    }
}

#[test]
fn a_loop_whose_length_depends_on_its_data() {
    let g = Graph::new();
    let start = g.placeholder::<i64>("start", shape![]);
    let (_, steps) = g.while_loop(
        (start, g.constant(0_i32)),
        |(number, _)| number.greater(1_i64),
        |(number, steps)| {
            let next = g.cond(
                number.floormod(2_i64).equal(0_i64),
                || number.floordiv(2_i64),
                || number * 3_i64 + 1_i64,
            );
            (next, steps + 1)
        },
    );
    let sess = Session::new(&g);
    for (number, expected) in [(1_i64, 0), (6, 8), (27, 111)] {
        let found = sess.run(steps.scalar(), feed![start => number]).unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_maximum_ends_the_loop() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let counted = |maximum: u64| {
        g.while_loop_with(
            WhileOptions::new().maximum_iterations(maximum),
            g.constant(0),
            |count| count.less(n),
            |count| count + 1,
        )
        .scalar()
    };
    let counted = [0, 3, u64::MAX].map(counted);
    let sess = Session::new(&g);
    for (n_fed, expected) in [(0, [0, 0, 0]), (3, [0, 3, 3]), (7, [0, 3, 7])] {
        assert_eq!(sess.run(counted, feed![n => n_fed]).unwrap(), expected);
    }
}

#[test]
fn sizes_are_those_of_the_run() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let picked = x.boolean_mask(x.slice((.., 0)).greater(0.0));
    let [all, late] =
        [x, picked].map(|x| g.while_loop(x, |x| x.abs().reduce_max(..).greater(1.0), |x| x * 0.5));
    assert_eq!(all.shape(), x.shape());
    let sess = Session::new(&g);
    let (all, late) = sess
        .run(
            (all, late),
            feed![x => [[8.0, 2.0], [-4.0, 1.0], [0.5, 2.0]]],
        )
        .unwrap();
    let expected = arr2(&[[1.0, 0.25], [-0.5, 0.125], [0.0625, 0.25]]);
    assert_eq!(all, expected.into_dyn());
    assert_eq!(late, arr2(&[[1.0, 0.25], [0.0625, 0.25]]).into_dyn());
    let none = ndarray::Array2::<f32>::zeros((0, 2));
    assert_eq!(
        sess.run(all_of(x), feed![x => &none]).unwrap().shape(),
        [0, 2]
    );
}

/// Twice a tensor, made in a loop.
fn all_of<'g>(x: Tensor<'g, f32>) -> Tensor<'g, f32> {
    let g = x.graph();
    let start = (g.constant(0), x);
    let (_, twice) = g.while_loop(start, |(n, _)| n.less(1), |(n, x)| (n + 1, x * 2.0));
    twice
}

fn power_of_two(exponent: Tensor<'_, i32>) -> Tensor<'_, i64> {
    let g = exponent.graph();
    let start = (g.constant(0), g.constant(1_i64));
    let (_, power) = g.while_loop(
        start,
        |(done, _)| done.less(exponent),
        |(done, power)| (done + 1, power * 2_i64),
    );
    power
}

#[test]
fn loops_in_loops_and_branches() {
    let g = Graph::new();
    let counts = g.placeholder::<i32>("counts", shape![?]);
    let on = g.placeholder::<bool>("on", shape![]);
    let powers = g.map_fn(counts, power_of_two);
    let chosen = g.cond(on, || power_of_two(counts.slice(0)), || g.constant(-1_i64));
    let (_, nested) = g.while_loop(
        (g.constant(0), g.constant(0_i64)),
        |(done, _)| done.less(4),
        |(done, sum)| (done + 1, sum + power_of_two(done)),
    );
    let sess = Session::new(&g);
    let run = |on_fed: bool| {
        let feeds = feed![counts => [3, 0, 5], on => on_fed];
        sess.run((powers, chosen.scalar(), nested.scalar()), feeds)
    };
    let (powers, chosen, nested) = run(true).unwrap();
    assert_eq!(powers, arr1(&[8_i64, 1, 32]).into_dyn());
    assert_eq!((chosen, nested), (8, 15));
    assert_eq!(run(false).unwrap().1, -1);
}

#[test]
fn a_body_writes_a_variable_once_an_iteration() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let n = g.placeholder::<i32>("n", shape![]);
    let (_, seen) = g.while_loop(
        (g.constant(0), g.constant(0.0_f32)),
        |(done, _)| done.less(n),
        |(done, seen)| (done + 1, seen + v.assign_add(2.0)),
    );
    let sess = initialized(&g);
    // 3 + 5 + 7
    assert_eq!(sess.run(seen.scalar(), feed![n => 3]).unwrap(), 15.0);
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 7.0);
    assert_eq!(sess.run(seen.scalar(), feed![n => 0]).unwrap(), 0.0);
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 7.0);
}

#[test]
fn a_loop_may_carry_nothing_but_variables() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let tries = g.variable("tries", 0_i32);
    g.while_loop(
        (),
        |()| {
            let tried = tries.assign_add(1);
            g.control_dependencies([tried], || v.read_value().less(100.0))
        },
        |()| {
            let _ = v.assign(v.read_value() * 3.0);
        },
    );
    let id = g.view().node_by_name("while").unwrap();
    let repeated = Operation::new(&g, id);
    let sess = initialized(&g);
    sess.run(repeated, feed![]).unwrap();
    let found = sess.run((v.scalar(), tries.scalar()), feed![]).unwrap();
    // The condition holds for 1, 3, 9, 27 and 81.
    assert_eq!(found, (243.0, 6));
    sess.run(repeated, feed![]).unwrap();
    assert_eq!(sess.run(tries.scalar(), feed![]).unwrap(), 7);
}

#[test]
fn what_is_random_is_drawn_once_an_iteration() {
    let g = Graph::new();
    g.set_random_seed(4);
    let n = g.placeholder::<i32>("n", shape![]);
    let drawn = random_uniform([2], 0.0, 1.0).seed(7);
    let (_, before, drawn_last) = g.while_loop(
        (g.constant(0), g.zeros::<f32>([2]), g.zeros::<f32>([2])),
        |(done, ..)| done.less(n),
        |(done, _, last)| (done + 1, last, drawn.tensor::<f32>(&g)),
    );
    let sess = Session::new(&g);
    let (before, last) = sess.run((before, drawn_last), feed![n => 2]).unwrap();
    assert_ne!(before, last);
    let other = Session::new(&g);
    for expected in [before, last] {
        let found = other.run(drawn_last, feed![n => 1]).unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_state_that_nothing_depends_on_is_left_out() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let fed_to_nothing = g.placeholder::<f32>("fed_to_nothing", shape![]);
    let (_, last, _) = g.while_loop(
        (g.constant(0), x, fed_to_nothing),
        |(done, ..)| done.less(3),
        |(done, x, unused)| (done + 1, x * 2.0, unused + x),
    );
    let last = Session::new(&g).run(last.scalar(), feed![x => 1.0]);
    assert_eq!(last.unwrap(), 8.0);
}

#[test]
fn a_condition_may_use_a_state_that_nothing_else_does() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let (kept, _) = g.while_loop(
        (x * 2.0, x),
        |(_, left)| left.greater(0.0),
        |(kept, left)| (kept + 1.0, left - 1.0),
    );
    let kept = Session::new(&g).run(kept.scalar(), feed![x => 3.0]);
    assert_eq!(kept.unwrap(), 9.0);
}
