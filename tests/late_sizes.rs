//! Sizes that only a kernel can tell: what comes after `where`, and after a range of floats.

use aqueduct::ScanOptions;
use aqueduct::prelude::*;
use ndarray::{Array1, Array2, arr1, arr2};

/// The numbers of a vector.
fn vector<const N: usize>(numbers: [f32; N]) -> ndarray::ArrayD<f32> {
    arr1(&numbers).into_dyn()
}

#[test]
fn the_late_tensor_itself_and_what_is_made_of_it() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let places = x.greater(0.0).where_true();
    let picked = x.boolean_mask(x.greater(0.0));
    let doubled = picked * 2.0;
    let sum = doubled.reduce_sum(..);
    let sess = Session::new(&g);
    let fetches = (
        places,
        picked,
        doubled,
        sum.scalar(),
        picked.size().scalar(),
    );
    let run = |fed: &[f32]| sess.run(fetches, feed![x => fed]).unwrap();
    // Sizes come and go, and come back.
    for _ in 0..2 {
        let (places, picked, doubled, sum, count) = run(&[1.0, -2.0, 3.0]);
        assert_eq!(places, arr2(&[[0_i64], [2]]).into_dyn());
        assert_eq!(picked, vector([1.0, 3.0]));
        assert_eq!(doubled, vector([2.0, 6.0]));
        assert_eq!((sum, count), (8.0, 2));
        let (places, picked, doubled, sum, count) = run(&[-1.0, -2.0]);
        assert_eq!(places.shape(), [0, 1]);
        assert_eq!((picked.len(), doubled.len()), (0, 0));
        assert_eq!((sum, count), (0.0, 0));
        let (_, picked, ..) = run(&[4.0, 5.0, 6.0]);
        assert_eq!(picked, vector([4.0, 5.0, 6.0]));
    }
}

#[test]
fn two_late_sizes_in_one_graph_and_one_after_the_other() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let positive = x.boolean_mask(x.greater(0.0));
    let negative = x.boolean_mask(x.less(0.0));
    let both = g.concat(&[positive, negative], 0);
    let large = both.boolean_mask(both.abs().greater(2.0));
    let steps = g.range_with(0.0, large.reduce_sum(..), 2.5);
    let sess = Session::new(&g);
    let fed = [1.0, -3.0, 5.0, -1.0, 4.0];
    let (both, large, steps) = sess.run((both, large, steps), feed![x => fed]).unwrap();
    assert_eq!(both, vector([1.0, 5.0, 4.0, -3.0, -1.0]));
    assert_eq!(large, vector([5.0, 4.0, -3.0]));
    assert_eq!(steps, vector([0.0, 2.5, 5.0]));
}

#[test]
fn sizes_of_a_late_tensor_need_the_elements_that_decide_them() {
    let g = Graph::new();
    let v = g.variable("v", [1.0_f32, -1.0, 2.0]);
    let count = v.value().greater(0.0).where_true().size_of(0);
    let limit = g.placeholder::<f64>("limit", shape![]);
    let numbers = g.range(limit).size();
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    assert_eq!(sess.run(count.scalar(), feed![]).unwrap(), 2);
    assert_eq!(sess.run(numbers.scalar(), feed![limit => 3.5]).unwrap(), 4);
    let error = sess.run(numbers.scalar(), feed![]).unwrap_err();
    assert!(error.to_string().contains("no value was fed"), "{error}");
}

#[test]
fn a_mask_must_fit_in_the_run_too() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let rows = g.placeholder::<bool>("rows", shape![?]);
    let elements = g.placeholder::<bool>("elements", shape![?, 2]);
    let sess = Session::new(&g);
    let fed = Array2::<f32>::zeros((3, 2));
    let error = sess.run(
        x.boolean_mask(rows),
        feed![x => &fed, rows => [true, false]],
    );
    let report = error.unwrap_err().to_string();
    assert!(
        report.contains("has shape [2] but must have [3]"),
        "{report}"
    );
    let error = sess.run(
        x.boolean_mask(elements),
        feed![x => &fed, elements => [[true, false]]],
    );
    let report = error.unwrap_err().to_string();
    assert!(
        report.contains("shapes [3, 2] and [2] have 6 and 2 elements"),
        "{report}"
    );
}

#[test]
fn gradients_through_a_mask() {
    let g = Graph::new();
    let table = g.variable("table", arr2(&[[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    let mask = g.placeholder::<bool>("mask", shape![?]);
    let loss = table.value().boolean_mask(mask).square().reduce_sum(..);
    let found = gradients(loss, table).remove(0);
    assert!(matches!(found, Gradient::Sparse(_)), "{found:?}");
    let slope = gradient(loss, table);
    let train = GradientDescent::new(0.25).minimize(loss);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    for (fed, expected) in [
        ([true, false, true], [[2.0, 4.0], [0.0, 0.0], [10.0, 12.0]]),
        ([false, false, false], [[0.0; 2]; 3]),
        ([false, true, false], [[0.0, 0.0], [6.0, 8.0], [0.0, 0.0]]),
    ] {
        let slope = sess.run(slope, feed![mask => fed]).unwrap();
        assert_eq!(slope, arr2(&expected).into_dyn());
    }
    sess.run(train, feed![mask => [false, true, true]]).unwrap();
    let expected = arr2(&[[1.0, 2.0], [1.5, 2.0], [2.5, 3.0]]);
    assert_eq!(sess.value(table).unwrap(), expected.into_dyn());
}

#[test]
fn a_variable_is_assigned_after_a_late_size() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let kept = g.variable("kept", [0.0_f32, 0.0]);
    let sum = g.variable("sum", 0.0_f32);
    let picked = x.boolean_mask(x.greater(0.0));
    let keep = kept.assign(picked);
    let add = sum.assign_add(picked.reduce_sum(..));
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    sess.run((keep, add), feed![x => [1.0, -1.0, 2.0]]).unwrap();
    assert_eq!(sess.value(kept).unwrap(), vector([1.0, 2.0]));
    // All or nothing: the write that fits does not happen either.
    let error = sess.run((keep, add), feed![x => [5.0]]).unwrap_err();
    assert!(error.to_string().contains("value has shape [1]"), "{error}");
    assert_eq!(sess.run(sum.scalar(), feed![]).unwrap(), 3.0);
    assert_eq!(sess.value(kept).unwrap(), vector([1.0, 2.0]));
}

#[test]
fn every_step_of_a_scan_has_a_size_of_its_own() {
    let g = Graph::new();
    let rows = g.placeholder::<f32>("rows", shape![?, ?]);
    let above = g.placeholder::<i32>("above", shape![]);
    let (total, counts) = g.scan(g.zeros::<f32>(()), rows, |total, row| {
        let picked = row.boolean_mask(row.greater(above.cast()));
        (total + picked.reduce_sum(..), picked.size())
    });
    let sess = Session::new(&g);
    let fed = [[1.0, -1.0, 2.0], [-1.0, -1.0, -1.0], [4.0, 5.0, 6.0]];
    let feeds = |above_: i32| feed![rows => fed, above => above_];
    let (sum, found) = sess.run((total.scalar(), counts), feeds(0)).unwrap();
    assert_eq!(sum, 18.0);
    assert_eq!(found, arr1(&[2, 0, 3]).into_dyn());
    // What decides how many there are is no part of what a plan is made for.
    let plans = sess.plan_count();
    let (sum, _) = sess.run((total.scalar(), counts), feeds(1)).unwrap();
    assert_eq!(sum, 17.0);
    assert!(sess.plan_count() <= plans + 1, "{}", sess.plan_count());
}

#[test]
fn what_a_scan_stacks_and_carries_has_one_shape() {
    let g = Graph::new();
    let rows = g.placeholder::<f32>("rows", shape![?, 3]);
    let (_, picked) = g.scan(g.zeros::<f32>(()), rows, |state, row| {
        (state, row.boolean_mask(row.greater(0.0)))
    });
    let (last, _) = g.scan(g.zeros::<f32>([2]), rows, |_, row| {
        (row.boolean_mask(row.greater(0.0)), ())
    });
    let sess = Session::new(&g);
    let even = feed![rows => [[1.0, 0.0, 2.0], [3.0, 4.0, 0.0]]];
    let (picked_, last_) = sess.run((picked, last), even).unwrap();
    assert_eq!(picked_, arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn());
    assert_eq!(last_, vector([3.0, 4.0]));
    let uneven = || feed![rows => [[1.0, 0.0, 2.0], [3.0, 0.0, 0.0]]];
    let error = sess.run(picked, uneven()).unwrap_err().to_string();
    assert!(
        error.contains("output 0 of step 1 has another shape"),
        "{error}"
    );
    let error = sess.run(last, uneven()).unwrap_err().to_string();
    assert!(error.contains("state 0 has the new shape [1]"), "{error}");
}

#[test]
fn a_scan_runs_over_what_was_picked() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let picked = x.boolean_mask(x.greater(0.0));
    let (product, _) = g.scan(g.ones::<f32>(()), picked, |product, x| (product * x, ()));
    let count = picked.size();
    let options = ScanOptions::new().length(count);
    let (power, _) = g.scan_with(options, g.ones::<f32>(()), (), |power, ()| {
        (power * 2.0, ())
    });
    let sess = Session::new(&g);
    for (fed, expected) in [(vec![2.0, -1.0, 3.0], (6.0, 4.0)), (vec![-1.0], (1.0, 1.0))] {
        let found = sess.run((product.scalar(), power.scalar()), feed![x => fed]);
        assert_eq!(found.unwrap(), expected);
    }
}

#[test]
fn a_branch_gives_a_late_size_or_not() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![3]);
    let choose = g.placeholder::<bool>("choose", shape![]);
    let chosen = g.cond(choose, || x.boolean_mask(x.greater(0.0)), || x.identity());
    let mean = chosen.reduce_mean(..);
    let sess = Session::new(&g);
    let run = |choose_: bool| {
        let feeds = feed![x => [1.0, -1.0, 3.0], choose => choose_];
        sess.run((chosen, mean.scalar()), feeds).unwrap()
    };
    assert_eq!(run(true), (vector([1.0, 3.0]), 2.0));
    assert_eq!(run(false), (vector([1.0, -1.0, 3.0]), 1.0));
}

#[test]
fn the_plans_of_ever_other_late_sizes_are_bounded() {
    let g = Graph::new();
    let limit = g.placeholder::<f32>("limit", shape![]);
    let (_, sums) = g.scan(g.zeros::<f32>(()), g.range(3.0_f32), |state, x| {
        (state, (g.range(limit + x) * 2.0).reduce_sum(..))
    });
    let sess = Session::new(&g);
    for number in 0..200 {
        let limit_ = number as f32;
        let sums = sess.run(sums, feed![limit => limit_]).unwrap();
        let expected = |n: f32| n * (n - 1.0);
        let expected = [0.0, 1.0, 2.0].map(|more| expected(limit_ + more));
        assert_eq!(sums, vector(expected));
    }
    assert!(sess.plan_count() <= 128, "{}", sess.plan_count());
}

#[test]
fn a_late_tensor_can_be_fed() {
    let g = Graph::new();
    let x = g.placeholder::<bool>("x", shape![?]);
    let places = x.where_true();
    let next = places + 1_i64;
    let sess = Session::new(&g);
    let fed = sess.run(next, feed![places => [[4_i64], [5]]]).unwrap();
    assert_eq!(fed, arr2(&[[5_i64], [6]]).into_dyn());
}

#[test]
fn ranges_and_masks_of_late_lengths() {
    let g = Graph::new();
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let longest = lengths.sequence_mask_to_longest();
    let given = lengths.sequence_mask(lengths.size());
    let table = lengths.expand_dims(0).sequence_mask(2_i64);
    let sess = Session::new(&g);
    let run = |fed: &[i32]| sess.run((longest, given, table), feed![lengths => fed]);
    let (longest_, given_, table_) = run(&[1, 3]).unwrap();
    let rows = arr2(&[[true, false, false], [true, true, true]]);
    assert_eq!(longest_, rows.into_dyn());
    assert_eq!(given_, arr2(&[[true, false], [true, true]]).into_dyn());
    assert_eq!(table_.shape(), [1, 2, 2]);
    // No length is longer than nothing.
    assert_eq!(run(&[-1, -5]).unwrap().0.shape(), [2, 0]);
    assert_eq!(run(&[]).unwrap().0.shape(), [0, 0]);
    let one = g.constant(2_i64).sequence_mask(4);
    let one = sess.run(one, feed![]).unwrap();
    assert_eq!(one, arr1(&[true, true, false, false]).into_dyn());
    // The limit is an i32, in which this length would be 0.
    let long = g.constant(1_i64 << 32).sequence_mask(2);
    let long = sess.run(long, feed![]).unwrap();
    assert_eq!(long, arr1(&[true, true]).into_dyn());
    let wrong = sess.run(g.range(lengths.reduce_min(..)), feed![lengths => [-4]]);
    let report = wrong.unwrap_err().to_string();
    assert!(report.contains("start 0 is above limit -4"), "{report}");
}

#[test]
fn a_range_too_large_for_memory_is_an_error() {
    let g = Graph::new();
    let limit = g.placeholder::<f64>("limit", shape![]);
    let whole = g.range(limit.cast::<i64>());
    let sess = Session::new(&g);
    for (most, told) in [
        (1e18, "do not fit in memory"),
        (
            1e300,
            "from 0.0 to 1e300 by 1.0 are more numbers than any memory holds",
        ),
    ] {
        let error = sess.run(g.range(limit), feed![limit => most]).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
    let error = sess.run(whole, feed![limit => 1e18]).unwrap_err();
    assert!(error.to_string().contains("memory"), "{error}");
}

#[test]
fn paddings_and_tiles_by_fed_numbers() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let paddings = g.placeholder::<i64>("paddings", shape![1, 2]);
    let times = g.placeholder::<i32>("times", shape![1]);
    let padded = x.pad_reflect(paddings);
    let tiled = padded.tile(times);
    let sess = Session::new(&g);
    let run = |paddings_: [i64; 2], times_: i32| {
        let fed = Array1::from(vec![1.0_f32, 2.0, 3.0]);
        let feeds = feed![x => &fed, paddings => [paddings_], times => [times_]];
        sess.run(tiled, feeds)
    };
    assert_eq!(run([1, 0], 1).unwrap(), vector([2.0, 1.0, 2.0, 3.0]));
    assert_eq!(run([0, 2], 0).unwrap().len(), 0);
    let report = run([3, 0], 1).unwrap_err().to_string();
    assert!(
        report.contains("axis 0 of size 3 cannot be padded by 3"),
        "{report}"
    );
    let report = run([0, 0], -1).unwrap_err().to_string();
    assert!(
        report.contains("multiples gives the negative size -1"),
        "{report}"
    );
}

/// A width that is fed is known without a step, also where a mask in the body hides it from the plan.
#[test]
fn rows_of_a_loop_without_steps_are_as_wide_as_its_operands() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, ?]);
    let mask = g.placeholder::<bool>("mask", shape![?]);
    let limit = g.placeholder::<i32>("limit", shape![]);
    let (_, rows) = g.scan_with(ScanOptions::new().limit(limit), (), xs, |(), x| {
        ((), x + x.boolean_mask(mask).reduce_sum(..))
    });
    let sess = Session::new(&g);
    let run = |steps: usize, limit_fed: i32| {
        let feeds = feed![xs => vec![[1.0, 2.0]; steps], mask => [true, false], limit => limit_fed];
        sess.run(rows, feeds).unwrap()
    };
    assert_eq!(
        run(3, 1),
        arr2(&[[2.0, 3.0], [0.0, 0.0], [0.0, 0.0]]).into_dyn()
    );
    assert_eq!(run(3, 0).shape(), [3, 2]);
    assert_eq!(run(0, 0).shape(), [0, 2]);
}
