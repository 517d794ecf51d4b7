//! The notebooks' models, as the worked examples build and train them, against the notebooks' own
//! figures and TensorFlow's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod by_hand;
mod from_scratch;
mod mnist;
mod regression;
mod xor;
