//! Writes of parts of variables: which elements change, what the run refuses, what stays.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::ir::PartUpdate;
use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::{ArrayD, arr1, arr2};

const TABLE: [[f32; 2]; 3] = [[1.0, -2.0], [3.0, 4.0], [5.0, 6.0]];

/// What a write of a table of three rows makes of it, by both executors.
#[track_caller]
fn written(write: impl for<'g> Fn(Variable<'g, f32>) -> Tensor<'g, f32>) -> ArrayD<f32> {
    let results = [true, false].map(|optimize| {
        let g = Graph::new();
        let table = g.variable("table", TABLE);
        let write = write(table);
        let sess = Session::with_options(&g, SessionOptions::new().optimize(optimize));
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        let given = sess.run(write, feed![]).unwrap();
        assert_eq!(given, sess.value(table).unwrap());
        given
    });
    let [optimized, plain] = results;
    assert_eq!(optimized, plain);
    plain
}

#[test]
fn rows_are_updated_in_order() {
    let updates = [[10.0_f32, 0.5], [-3.0, 8.0]];
    let of = |update: PartUpdate| {
        written(|table| {
            let g = table.graph();
            let (rows, updates) = (g.constant([2, 2]).any(), g.constant(updates).any());
            table.any().scatter(update, rows, updates).typed()
        })
    };
    let expect = |update, row: [f32; 2]| {
        let whole = arr2(&[TABLE[0], TABLE[1], row]).into_dyn();
        assert_eq!(of(update), whole, "{update:?}");
    };
    expect(PartUpdate::Set, [-3.0, 8.0]);
    expect(PartUpdate::Add, [12.0, 14.5]);
    expect(PartUpdate::Sub, [-2.0, -2.5]);
    expect(PartUpdate::Mul, [-150.0, 24.0]);
    expect(PartUpdate::Div, [5.0 / 10.0 / -3.0, 6.0 / 0.5 / 8.0]);
    expect(PartUpdate::Min, [-3.0, 0.5]);
    expect(PartUpdate::Max, [10.0, 8.0]);
}

#[test]
fn indices_of_any_rank_and_scalar_updates() {
    let first = written(|table| table.scatter_update(0, 9.0));
    assert_eq!(first, arr2(&[[9.0, 9.0], TABLE[1], TABLE[2]]).into_dyn());
    let block = written(|table| table.scatter_mul(table.graph().constant([[2, 0], [2, 2]]), 2.0));
    let expected = arr2(&[[2.0, -4.0], TABLE[1], [40.0, 48.0]]);
    assert_eq!(block, expected.into_dyn());
    let whole = written(|table| {
        let rows = table.graph().constant([[1, 0]]);
        table.scatter_sub(rows, table.gather(rows))
    });
    assert_eq!(whole, arr2(&[[0.0; 2], [0.0; 2], TABLE[2]]).into_dyn());
    let one = written(|table| table.scatter_nd_add(table.graph().constant([2, 1]), 0.5));
    assert_eq!(one, arr2(&[TABLE[0], TABLE[1], [5.0, 6.5]]).into_dyn());
    let all = written(|table| {
        table.scatter_nd_sub(table.graph().constant([[0, 0], [1, 1], [0, 0]]), 1.0)
    });
    let expected = arr2(&[[-1.0, -2.0], [3.0, 3.0], TABLE[2]]);
    assert_eq!(all, expected.into_dyn());
    let row = written(|table| {
        let g = table.graph();
        table.scatter_nd_update(g.constant([[1]]), g.constant([[7.0, 8.0]]))
    });
    assert_eq!(row, arr2(&[TABLE[0], [7.0, 8.0], TABLE[2]]).into_dyn());
}

#[test]
fn no_indices_change_nothing() {
    let none = written(|table| table.scatter_update(table.graph().zeros::<i32>([0]), 1.0));
    assert_eq!(none, arr2(&TABLE).into_dyn());
    let none = written(|table| table.scatter_nd_add(table.graph().zeros::<i64>([0, 2]), 1.0));
    assert_eq!(none, arr2(&TABLE).into_dyn());
    let g = Graph::new();
    let empty = g.variable::<f32>("empty", zeros([0, 2]));
    let flat = g.variable::<f32>("flat", zeros([2, 0]));
    let sess = initialized(&g);
    let write = empty.scatter_add(g.zeros::<i32>([0]), 1.0);
    assert_eq!(sess.run(write, feed![]).unwrap().shape(), [0, 2]);
    let error = sess
        .run(empty.scatter_add(g.constant([0]), 1.0), feed![])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("indices[0] = 0 is not in [0, 0)")
    );
    let write = flat.scatter_add(g.constant([1, 1]), 1.0);
    assert_eq!(sess.run(write, feed![]).unwrap().shape(), [2, 0]);
    let error = sess
        .run(flat.scatter_add(g.constant([2]), 1.0), feed![])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("indices[0] = 2 is not in [0, 2)")
    );
}

#[test]
fn what_is_not_a_number_goes_through_the_smaller_and_the_larger() {
    let g = Graph::new();
    let v = g.variable("v", [f32::NAN, 1.0, f32::NEG_INFINITY]);
    let updates = g.constant([0.0, f32::NAN, 0.0]);
    let sess = initialized(&g);
    let smaller = sess
        .run(v.scatter_min(g.constant([0, 1, 2]), updates), feed![])
        .unwrap();
    assert!(smaller[0].is_nan() && smaller[1].is_nan());
    assert_eq!(smaller[2], f32::NEG_INFINITY);
    let larger = sess
        .run(v.scatter_max(g.constant([0, 1, 2]), updates), feed![])
        .unwrap();
    assert!(larger[0].is_nan() && larger[1].is_nan());
    assert_eq!(larger[2], 0.0);
}

#[test]
fn integers_and_truth_values() {
    let g = Graph::new();
    let v = g.variable("v", [250_u8, 7, 9]);
    let marks = g.variable("marks", [false, false]);
    let sess = initialized(&g);
    let wrapped = sess
        .run(v.scatter_add(g.constant([0, 2]), 10), feed![])
        .unwrap();
    assert_eq!(wrapped, arr1(&[4_u8, 7, 19]).into_dyn());
    let quotients = sess
        .run(v.scatter_div(g.constant([0, 1]), 2), feed![])
        .unwrap();
    assert_eq!(quotients, arr1(&[2_u8, 3, 19]).into_dyn());
    let marked = sess.run(marks.scatter_update(1, true), feed![]).unwrap();
    assert_eq!(marked, arr1(&[false, true]).into_dyn());
}

#[test]
fn a_run_that_fails_changes_nothing() {
    let g = Graph::new();
    let v = g.variable("v", [[1, 2], [3, 4]]);
    let rows = g.placeholder::<i64>("rows", shape![?]);
    let divided = v.scatter_div(g.constant([0, 1]), g.constant([[1, 1], [1, 0]]));
    let placed = v.scatter_nd_update(rows.expand_dims(0), 9);
    let added = v.scatter_add(rows, 1);
    let sess = initialized(&g);
    let failure = |write, fed: &[i64]| {
        let error = sess.run(write, feed![rows => fed]).unwrap_err();
        error.to_string()
    };
    let message = failure(added, &[0, 2]);
    assert!(
        message.contains("indices[1] = 2 is not in [0, 2)"),
        "{message}"
    );
    let message = failure(added, &[i64::MIN]);
    assert!(message.contains("is not in [0, 2)"), "{message}");
    let message = failure(divided, &[]);
    assert!(
        message.contains("division by zero at element 3"),
        "{message}"
    );
    assert_eq!(sess.value(v).unwrap(), arr2(&[[1, 2], [3, 4]]).into_dyn());
    // How many axes a row names must be known while building.
    assert!(placed.is_poisoned());
}

#[test]
fn a_loop_writes_row_after_row() {
    for optimize in [true, false] {
        let g = Graph::new();
        let v = g.variable("v", [1.0_f32, 1.0, 1.0]);
        let rows = g.constant([0, 2, 2]);
        let start = g.constant(1.0_f32);
        let (last, _) = g.scan(start, rows, |factor, row| {
            let written = v.scatter_mul(row, factor + 1.0);
            (written.slice(2), row)
        });
        let sess = Session::with_options(&g, SessionOptions::new().optimize(optimize));
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        // The factors are 2, then 1 + 1, then 1 + 2.
        assert_eq!(sess.run(last.scalar(), feed![]).unwrap(), 6.0);
        assert_eq!(sess.value(v).unwrap(), arr1(&[2.0, 1.0, 6.0]).into_dyn());
    }
}
