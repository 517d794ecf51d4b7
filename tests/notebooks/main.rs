//! The worked examples' models: those of the notebooks against the notebooks' own figures and
//! TensorFlow's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod by_hand;
mod custom_cell;
mod from_scratch;
mod mnist;
mod mnist_cnn;
mod regression;
mod streaming;
mod time_series;
mod xor;

use aqueduct::prelude::*;
use aqueduct_tests::Modes;

/// Trains in all ways to run a graph, from the same start: the figures agree, and so do the variables.
#[track_caller]
fn check_training(g: &Graph, train: impl Fn(&Session) -> anyhow::Result<Vec<f32>>) {
    check_training_in(Modes::new(g, []), train);
}

#[track_caller]
fn check_training_in(modes: Modes, train: impl Fn(&Session) -> anyhow::Result<Vec<f32>>) {
    let modes = modes.initialized();
    let figures = modes.run(train).unwrap();
    assert!(figures.iter().all(|figure| figure.is_finite()));
    modes.check_variables().unwrap();
}
