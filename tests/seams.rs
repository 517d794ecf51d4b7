//! The seams: loops, branches, late sizes and state, run through the plan.

use aqueduct::prelude::*;
use ndarray::{arr1, arr2};

#[test]
fn a_scan_uses_an_outer_tensor() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 2]);
    let scale = g.placeholder::<f32>("scale", shape![]);
    let start = g.zeros::<f32>([2]);
    let (last, sums) = g.scan(start, xs, |sum, x| {
        let next = sum + x * scale;
        (next, next)
    });
    let sess = Session::new(&g);
    for _ in 0..2 {
        let (last, sums) = sess
            .run(
                (last, sums),
                feed![xs => [[1.0, 2.0], [3.0, 4.0]], scale => 10.0],
            )
            .unwrap();
        assert_eq!(last, arr1(&[40.0, 60.0]).into_dyn());
        assert_eq!(sums, arr2(&[[10.0, 20.0], [40.0, 60.0]]).into_dyn());
    }
    let none = ndarray::Array2::<f32>::zeros((0, 2));
    let (last, sums) = sess
        .run((last, sums), feed![xs => &none, scale => 1.0])
        .unwrap();
    assert_eq!(last, arr1(&[0.0, 0.0]).into_dyn());
    assert_eq!(sums.shape(), [0, 2]);
}

#[test]
fn a_late_size() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let filled = g.fill(sizes![n, 2], 1.5_f32);
    let sum = filled.reduce_sum(..);
    let sess = Session::new(&g);
    for size in [3, 0, 5] {
        let (filled, sum) = sess.run((filled, sum.scalar()), feed![n => size]).unwrap();
        assert_eq!(filled.shape(), [size as usize, 2]);
        assert_eq!(sum, size as f32 * 3.0);
    }
    let error = sess.run(filled, feed![n => -1]).unwrap_err();
    assert!(error.to_string().contains("negative size -1"), "{error}");
}

#[test]
fn a_fed_trip_count() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let options = ScanOptions::new().length(n);
    let (last, all) = g.scan_with(options, g.constant(1_i64), (), |x, ()| (x * 2, x));
    let sess = Session::new(&g);
    let (last, all) = sess.run((last.scalar(), all), feed![n => 10]).unwrap();
    assert_eq!(last, 1024);
    assert_eq!(all.len(), 10);
}

#[test]
fn elements_are_mapped_and_folded() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 2]);
    let on = g.placeholder::<bool>("on", shape![?]);
    let mapped = g.map_fn((xs, [on]), |(x, [on])| {
        (g.cond(on, || x * 2.0, || -x), x.reduce_sum(..))
    });
    let left = g.foldl(xs.slice(0), xs.slice(1..), |sum, x| sum * 0.5 + x);
    let right = g.foldr(
        (g.zeros::<f32>([2]), g.constant(0_i32)),
        xs,
        |(sum, count), x| (sum * 0.5 + x, count + 1),
    );
    let sess = Session::new(&g);
    let fed = feed![xs => [[1.0, 2.0], [3.0, 4.0]], on => [true, false]];
    let ((mapped, sums), left, (right, count)) = sess.run((mapped, left, right), fed).unwrap();
    assert_eq!(mapped, arr2(&[[2.0, 4.0], [-3.0, -4.0]]).into_dyn());
    assert_eq!(sums, arr1(&[3.0, 7.0]).into_dyn());
    assert_eq!(left, arr1(&[3.5, 5.0]).into_dyn());
    assert_eq!(right, arr1(&[2.5, 4.0]).into_dyn());
    assert_eq!(count, ndarray::arr0(2).into_dyn());
}

#[test]
fn a_fold_may_start_from_an_element() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?]);
    let ns = xs.cast::<i32>();
    let left = g.foldl_from_first(xs, |sum, x| sum * 0.5 + x);
    let (right, last) = g.foldr_from_last((xs, ns), |(a, n), (x, m)| (a * 0.5 - x, n * 10 + m));
    let sess = Session::new(&g);
    let fetches = (left.scalar(), right.scalar(), last.scalar());
    let found = sess.run(fetches, feed![xs => [1.0, 2.0, 4.0]]).unwrap();
    assert_eq!(found, (5.25, -1.0, 421));
    let found = sess.run(fetches, feed![xs => [3.0]]).unwrap();
    assert_eq!(found, (3.0, 3.0, 3));
}

#[test]
fn a_limit_leaves_steps_out() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?]);
    let limit = g.placeholder::<i32>("limit", shape![]);
    let options = ScanOptions::new().limit(limit);
    let scans = [options.clone(), options.clone().reverse()].map(|options| {
        let start = g.constant(100.0_f32);
        let (last, all) = g.scan_with(options, start, xs, |h, x| (h * 2.0 + x, x + 1.0));
        (last.scalar(), all)
    });
    // Of a size that only a step can tell.
    let (_, late) = g.scan_with(options.reverse(), (), xs, |(), x| {
        let one = x.expand_dims(0);
        ((), one.boolean_mask(one.greater(0.0)))
    });
    let sess = Session::new(&g);
    let fetches = (scans[0], scans[1], late);
    let run = |count: i32| sess.run(fetches, feed![xs => [1.0, 2.0, 3.0], limit => count]);
    // The memory of a run is that of the one before.
    let ((last, all), (from_last, reversed), late) = run(3).unwrap();
    assert_eq!((last, from_last), (811.0, 817.0));
    assert_eq!(
        (&all, &reversed),
        (&arr1(&[2.0, 3.0, 4.0]).into_dyn(), &all)
    );
    assert_eq!(late, arr2(&[[1.0], [2.0], [3.0]]).into_dyn());
    let ((last, all), (from_last, reversed), late) = run(2).unwrap();
    assert_eq!((last, from_last), (404.0, 405.0));
    assert_eq!(
        (&all, &reversed),
        (&arr1(&[2.0, 3.0, 0.0]).into_dyn(), &all)
    );
    assert_eq!(late, arr2(&[[1.0], [2.0], [0.0]]).into_dyn());
    let ((last, all), (from_last, reversed), late) = run(0).unwrap();
    assert_eq!((last, from_last), (100.0, 100.0));
    assert_eq!((&all, &reversed), (&arr1(&[0.0; 3]).into_dyn(), &all));
    assert_eq!(late.shape(), [3, 0]);
}

#[test]
fn an_assign_inside_a_cond() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let on = g.placeholder::<bool>("on", shape![]);
    let result = g.cond(on, || v.assign_add(10.0), || v.value() * 2.0);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    assert_eq!(sess.run(result.scalar(), feed![on => false]).unwrap(), 2.0);
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 1.0);
    assert_eq!(sess.run(result.scalar(), feed![on => true]).unwrap(), 11.0);
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 11.0);
}

#[test]
fn a_random_op_in_a_scan_draws_once_a_step() {
    let g = Graph::new();
    g.set_random_seed(1);
    let start = g.zeros::<f32>(());
    let steps = g.constant(4_i32);
    let (_, drawn) = g.scan_with(ScanOptions::new().length(steps), start, (), |s, ()| {
        (s, random_uniform([2], 0.0, 1.0).seed(7).tensor::<f32>(&g))
    });
    let sess = Session::new(&g);
    let first = sess.run(drawn, feed![]).unwrap();
    let second = sess.run(drawn, feed![]).unwrap();
    assert_ne!(first, second);
    assert_eq!(Session::new(&g).run(drawn, feed![]).unwrap(), first);
}

#[test]
fn a_variable_made_in_a_body_belongs_to_the_graph() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let (last, _) = g.scan(g.zeros::<f32>([1, 3]), xs, |h, x| {
        let w = g.get_variable_with::<f32>("w", [3, 3], ones_initializer());
        (h.matmul(w) + x, ())
    });
    assert_eq!(g.global_variables().len(), 1);
    let sess = Session::new(&g);
    let error = sess.run(last, feed![xs => [[1.0, 0.0, 0.0]]]).unwrap_err();
    assert!(error.to_string().contains("`w` has no value"), "{error}");
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let last = sess
        .run(last, feed![xs => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        .unwrap();
    assert_eq!(last, arr2(&[[1.0, 2.0, 1.0]]).into_dyn());
}

#[test]
fn a_poisoned_body() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let (last, _) = g.scan(g.zeros::<f32>([3]), xs, |h, x| {
        let wrong = x + g.zeros::<f32>([4]);
        (h + wrong, ())
    });
    let after = last * 2.0;
    let report = g.check().unwrap_err();
    assert_eq!(report.0.len(), 1, "{report}");
    let sess = Session::new(&g);
    let error = sess.run(after, feed![xs => [[1.0, 2.0, 3.0]]]).unwrap_err();
    assert_eq!(error.to_string(), report.to_string());
}

#[test]
fn read_value_sees_the_writes_it_is_ordered_after() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let add = v.assign_add(1.0);
    let unordered = v.read_value();
    let ordered = g.control_dependencies([add.op()], || v.read_value());
    let double = v.assign(v * 10.0);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let (unordered, ordered, double, start) = sess
        .run(
            (
                unordered.scalar(),
                ordered.scalar(),
                double.scalar(),
                v.scalar(),
            ),
            feed![],
        )
        .unwrap();
    assert_eq!((unordered, ordered, double, start), (1.0, 2.0, 10.0, 1.0));
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 10.0);
}

/// Feeds and state that only a shape is taken of, where the op that takes it must wait for a late
/// size.
#[test]
fn what_is_used_for_its_shape_alone_does_not_run_behind_a_late_size() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let unfed = g.placeholder::<f32>("unfed", shape![2, 3]);
    let v = g.variable("v", [1.0_f32, 2.0]);
    let m = g.fill(sizes![n], 1_i32).reduce_sum(..);
    let late = g.fill(sizes![m], 1.0_f32);
    let sess = Session::new(&g);
    let noise = random_normal(sizes![n]).tensor::<f32>(&g) + random_normal(sizes![m]).tensor(&g);
    assert_eq!(sess.run(noise.ones_like(), feed![n => 2]).unwrap().len(), 2);
    let shape_of_unfed = (unfed + g.fill(sizes![m, 1], 1.0_f32)).shape_tensor();
    let shape = sess.run(shape_of_unfed, feed![n => 2]).unwrap();
    assert_eq!(shape, arr1(&[2, 3]).into_dyn());
    // No value is needed of a variable whose shape is used.
    let shape = sess
        .run((v.value() + late).shape_tensor(), feed![n => 2])
        .unwrap();
    assert_eq!(shape, arr1(&[2]).into_dyn());
}

#[test]
fn a_branch_runs_to_tell_a_late_shape_that_alone_is_used() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let on = g.placeholder::<bool>("on", shape![]);
    let m = g.fill(sizes![n], 1_i32).reduce_sum(..);
    let late = g.fill(sizes![m], 1.0_f32);
    let chosen = g.cond(on, || g.zeros::<f32>([1]), || g.zeros([3]));
    // The sum waits for the one late size, while the other would be known.
    let shape = (late + chosen).shape_tensor();
    let sess = Session::new(&g);
    let run = |n_fed: i32, on_fed: bool| sess.run(shape, feed![n => n_fed, on => on_fed]).unwrap();
    assert_eq!(run(2, true), arr1(&[2]).into_dyn());
    assert_eq!(run(1, false), arr1(&[3]).into_dyn());
}

#[test]
fn a_write_whose_shape_is_used_does_not_happen() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let v = g.variable("v", 1.0_f32);
    let write = v.assign(5.0);
    let late = g.fill(sizes![n], 1.0_f32);
    let zeros = g.control_dependencies([late.op()], || write.zeros_like());
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    sess.run((zeros, late), feed![n => 1]).unwrap();
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 1.0);
}

#[test]
fn a_run_whose_body_makes_a_wrong_write_is_refused() {
    let g = Graph::new();
    let v = g.variable("v", [1.0_f32, 2.0]);
    let x = g.constant(5.0_f32);
    let y = g.cond(
        g.constant(true),
        || {
            let _ = v.assign(g.constant([1.0_f32, 2.0, 3.0]));
            x + 1.0
        },
        || x.identity(),
    );
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    assert!(matches!(
        sess.run(y, feed![]),
        Err(aqueduct::Error::Build(_))
    ));
}

#[test]
fn bodies_nested_too_deep_are_a_mistake_and_no_overflow() {
    fn nest<'g>(g: &'g Graph, depth: usize, x: Tensor<'g, f32>) -> Tensor<'g, f32> {
        if depth == 0 {
            return x + 1.0;
        }
        g.cond(g.constant(true), || nest(g, depth - 1, x), || x.identity())
    }
    let g = Graph::new();
    let fine = nest(&g, 30, g.constant(1.0));
    assert!(g.check().is_ok());
    let sess = Session::new(&g);
    assert_eq!(sess.run(fine.scalar(), feed![]).unwrap(), 2.0);
    let deep = nest(&g, 150, g.constant(1.0));
    assert_eq!(g.check().unwrap_err().0.len(), 1);
    assert!(matches!(
        sess.run(deep, feed![]),
        Err(aqueduct::Error::Build(_))
    ));
}

#[test]
fn a_fed_size_must_be_that_of_the_tensor_it_is_taken_from() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let n = x.size_of(0);
    let z = g.fill(sizes![n], 2.0_f32);
    let slope = gradient((x * z).reduce_sum(..), z);
    let sess = Session::new(&g);
    let fed = |size: i32| sess.run(slope, feed![x => [1.0, 2.0, 3.0], n => size]);
    assert_eq!(fed(3).unwrap().len(), 3);
    let report = fed(1).unwrap_err().to_string();
    assert!(report.contains("shares an unknown size"), "{report}");
}
