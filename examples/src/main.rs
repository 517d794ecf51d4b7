//! The notebooks that this repository brings back to life, run one after the other: what
//! `cargo run --release` does.
//!
//! Each is a worked example too, a whole program in one file: `cargo run --release --example
//! rnn_from_scratch`.

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct_examples::Options;
use clap::Parser;

#[path = "../lstm_from_scratch.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod lstm_from_scratch;
#[path = "../rnn_from_scratch.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod rnn_from_scratch;

/// Trains the recurrent network and the LSTM of notebook 003.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    let options = Arguments::parse().options;
    println!("== notebook 003: a recurrent network from scratch");
    rnn_from_scratch::run(&options)?;
    println!("\n== notebook 003: an LSTM from scratch");
    lstm_from_scratch::run(&options)
}
