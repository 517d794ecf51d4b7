//! Distinct elements: which they are, in which order, and where each stands.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::Number;
use aqueduct::prelude::*;
use ndarray::{ArrayD, arr1};

/// What `unique_with_counts` gives of a vector, by both executors; `unique` gives the same.
fn unique<T: Number>(x: &[T]) -> (ArrayD<T>, ArrayD<i32>, ArrayD<i32>) {
    let results = [true, false].map(|optimize| {
        let g = Graph::new();
        let vector = g.constant(arr1(x));
        let sess = Session::with_options(&g, SessionOptions::new().optimize(optimize));
        let fetches = (vector.unique(), vector.unique_with_counts());
        let ((values, places), with_counts) = sess.run(fetches, feed![]).unwrap();
        assert_eq!(values.len(), with_counts.0.len());
        assert_eq!(places, with_counts.1);
        with_counts
    });
    let [optimized, plain] = results;
    assert_eq!((&optimized.1, &optimized.2), (&plain.1, &plain.2));
    plain
}

#[test]
fn distinct_elements_come_in_the_order_of_their_first_places() {
    let (values, places, counts) = unique(&[4_i64, -9, 4, 7, -9, 4]);
    assert_eq!(values, arr1(&[4, -9, 7]).into_dyn());
    assert_eq!(places, arr1(&[0, 1, 0, 2, 1, 0]).into_dyn());
    assert_eq!(counts, arr1(&[3, 2, 1]).into_dyn());
}

/// TensorFlow 2.15 gives the same of these numbers.
#[test]
fn zeros_are_equal_and_nan_equals_nothing() {
    let (values, places, counts) = unique(&[3.0, f32::NAN, -0.0, 0.0, 3.0, f32::NAN]);
    assert_eq!(values.len(), 4);
    assert_eq!((values[0], values[2]), (3.0, 0.0));
    assert!(values[2].is_sign_negative() && values[1].is_nan() && values[3].is_nan());
    assert_eq!(places, arr1(&[0, 1, 2, 2, 0, 3]).into_dyn());
    assert_eq!(counts, arr1(&[2, 1, 2, 1]).into_dyn());
}

#[test]
fn nothing_has_no_distinct_elements() {
    let (values, places, counts) = unique::<u8>(&[]);
    assert_eq!((values.len(), places.len(), counts.len()), (0, 0, 0));
}
