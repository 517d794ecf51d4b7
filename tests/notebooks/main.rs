//! The worked examples' models: those of the notebooks against the notebooks' own figures and
//! TensorFlow's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod by_hand;
mod custom_cell;
mod from_scratch;
mod mnist;
mod regression;
mod streaming;
mod time_series;
mod xor;
