//! Recurrent networks: cells, wrappers, drivers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod cells;
mod derivatives;
mod drivers;
mod mistakes;
mod reference;
mod states;
mod training;
mod users_cell;
mod wrappers;

use aqueduct::Value;
use aqueduct::prelude::*;
use aqueduct_tests::{Tolerance, compare, initialized};
use ndarray::{ArrayD, IxDyn};

/// Names and shapes of the trainable variables.
fn variables(g: &Graph) -> Vec<String> {
    let words = |v: AnyVariable<'_>| format!("{} {}", v.name(), v.shape());
    g.trainable_variables().into_iter().map(words).collect()
}

/// Numbers between -1 and 1 that look like nothing in particular.
fn numbers(sizes: &[usize]) -> ArrayD<f32> {
    let mut place = 0.0_f32;
    ArrayD::from_shape_simple_fn(IxDyn(sizes), || {
        place += 1.0;
        (place * 12.9898).sin()
    })
}

#[track_caller]
fn assert_close(actual: &ArrayD<f32>, expected: &ArrayD<f32>) {
    let [actual, expected] = [actual, expected].map(|array| Value::from(array.clone()));
    if let Err(why) = compare(&actual, &expected, Tolerance::REFERENCE) {
        panic!("{why}");
    }
}
