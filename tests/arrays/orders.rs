//! Orders along axes, indices of batches, slices dealt out and put together.

use aqueduct::prelude::*;
use aqueduct_tests::only_mistake;
use ndarray::{arr1, arr2};

use crate::check_refused;

#[test]
fn a_number_of_places_that_is_fed() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let k = g.placeholder::<i32>("k", shape![]);
    let (values, places) = x.top_k(k);
    assert!(values.shape().same(&places.shape()));
    let slope = gradient(values.square(), x);
    let sess = Session::new(&g);
    let run = |count: i32| {
        sess.run(
            (values, places, slope),
            feed![x => [1.0, 3.0, 2.0], k => count],
        )
    };
    let (values, places, slope) = run(2).unwrap();
    assert_eq!(values, arr1(&[3.0, 2.0]).into_dyn());
    assert_eq!(places, arr1(&[1, 2]).into_dyn());
    assert_eq!(slope, arr1(&[0.0, 6.0, 4.0]).into_dyn());
    let report = run(4).unwrap_err().to_string();
    assert!(report.contains("k is 4"), "{report}");
    let report = run(-1).unwrap_err().to_string();
    assert!(report.contains("negative size -1"), "{report}");
}

#[test]
fn orders_that_cannot_be() {
    check_refused(
        |_, x| _ = x.top_k(5),
        "k is 5 but the last axis of x has size 4",
    );
    check_refused(|_, x| _ = x.sort(2), "axis 2 is out of range for rank 2");
    check_refused(
        |g, _| _ = g.constant(1.0_f32).argsort(0),
        "axis 0 is out of range for rank 0",
    );
}

#[test]
fn in_top_k_of_no_classes() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let found = x.in_top_k(g.constant([0, 0]), 1);
    let empty = ndarray::Array2::<f32>::zeros((2, 0));
    let value = Session::new(&g).run(found, feed![x => &empty]).unwrap();
    assert_eq!(value, arr1(&[false, false]).into_dyn());
}

#[test]
fn batches_of_indices() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let indices = g.placeholder::<i64>("indices", shape![?, ?]);
    let picked = x.gather_batch(indices, -1, 1);
    let sess = Session::new(&g);
    let run = |given: ndarray::Array2<i64>| {
        sess.run(
            picked,
            feed![x => [[1.0, 2.0], [3.0, 4.0]], indices => given],
        )
    };
    let found = run(arr2(&[[1, 1, 0], [0, 1, 0]])).unwrap();
    assert_eq!(found, arr2(&[[2.0, 2.0, 1.0], [3.0, 4.0, 3.0]]).into_dyn());
    // It is no index of the next row.
    let report = run(arr2(&[[2], [0]])).unwrap_err().to_string();
    assert!(report.contains("= 2 is not in [0, 2)"), "{report}");
}

#[test]
fn batches_that_do_not_fit() {
    check_refused(
        |g, x| _ = x.gather_batch(g.constant([[0]]), 0, 1),
        "batch_dims is 1 but axis 0 is indexed",
    );
    check_refused(
        |g, x| _ = x.slice(..2).gather_batch(g.constant([[0]; 3]), 1, 2),
        "batch_dims is 2 but axis 1 is indexed",
    );
    check_refused(
        |_, x| _ = x.gather_batch(0, 1, 1),
        "x has shape [?, 4] and indices has shape []: their first 1 axis differ",
    );
}

#[test]
fn blocks_at_places_that_are_fed() {
    let g = Graph::new();
    let x = g.constant([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
    let [row, rows] = ["row", "rows"].map(|name| g.placeholder::<i32>(name, shape![]));
    let block = x.slice_at(&sizes![row, 1], &sizes![rows, -1]);
    let rest = x.slice_at(&sizes![0, row], &sizes![1, -1]);
    let sess = Session::new(&g);
    let run = |first: i32, count: i32| sess.run((block, rest), feed![row => first, rows => count]);
    let (found, left) = run(1, 2).unwrap();
    assert_eq!(found, arr2(&[[5, 6], [8, 9]]).into_dyn());
    assert_eq!(left, arr2(&[[2, 3]]).into_dyn());
    let (found, left) = run(3, 0).unwrap();
    assert_eq!((found.len(), left.len()), (0, 0));
    let report = run(2, 2).unwrap_err().to_string();
    assert!(report.contains("= 3 is not in [0, 3)"), "{report}");
    check_refused(
        |_, x| _ = x.slice_at(&sizes![0, -1], &sizes![1, 1]),
        "2 positions and 2 sizes are given, or a position is negative",
    );
}

#[test]
fn slices_dealt_out_and_put_together() {
    let g = Graph::new();
    let x = g.constant([1.0_f32, 2.0, 3.0]);
    let to = g.placeholder::<i32>("to", shape![3]);
    let parts = x.dynamic_partition(to, 2);
    let sess = Session::new(&g);
    let run = |to_each: [i32; 3]| sess.run((parts[0], parts[1]), feed![to => to_each]);
    let (first, second) = run([1, 0, 1]).unwrap();
    assert_eq!(first, arr1(&[2.0]).into_dyn());
    assert_eq!(second, arr1(&[1.0, 3.0]).into_dyn());
    let report = run([0, 2, 0]).unwrap_err().to_string();
    assert!(
        report.contains("indices[1] = 2 is not in [0, 2)"),
        "{report}"
    );

    let places = [g.constant([[4, 0]]), g.constant([[1, 4]])];
    let data = [g.constant([[1, 2]]), g.constant([[3, 5]])];
    let stitched = sess.run(g.dynamic_stitch(&places, &data), feed![]).unwrap();
    assert_eq!(stitched, arr1(&[2, 3, 0, 0, 5]).into_dyn());
    let none = g.dynamic_stitch(&[g.zeros::<i32>([0])], &[g.zeros::<f32>([0, 2])]);
    assert_eq!(sess.run(none, feed![]).unwrap().shape(), [0, 2]);
}

#[test]
fn in_top_k_takes_a_target_for_each_row() {
    let wrong: [(&[usize], &[usize]); 4] = [
        (&[5, 3], &[4]),
        (&[3], &[3]),
        (&[5, 3], &[5, 1]),
        (&[1, 3], &[5]),
    ];
    for (rows, targets) in wrong {
        let message = only_mistake(|g| {
            let _ = g.zeros::<f32>(rows).in_top_k(g.zeros::<i32>(targets), 2);
        });
        assert!(message.starts_with("predictions have shape"), "{message}");
    }
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let targets = g.placeholder::<i64>("targets", shape![?]);
    let found = x.in_top_k(targets, 2);
    let sess = Session::new(&g);
    for (rows, targets_fed) in [(5, 1), (1, 5), (5, 4)] {
        let fed = ndarray::Array2::<f32>::zeros((rows, 3));
        let feeds = feed![x => fed, targets => vec![0_i64; targets_fed]];
        let error = sess.run(found, feeds).unwrap_err().to_string();
        assert!(error.contains("in_top_k"), "{error}");
    }
}
