//! The five notebooks that this repository brings back to life, one after the other: what
//! `cargo run --release` does.
//!
//! Each section is a worked example too, a whole program in one file:
//! `cargo run --release --example xor`.

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use std::time::Instant;

use aqueduct_examples::MnistOptions;
use clap::Parser;
use clap::builder::PossibleValuesParser;

#[path = "../lstm_from_scratch.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod lstm_from_scratch;
#[path = "../mnist_dynamic_rnn.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod mnist_dynamic_rnn;
#[path = "../mnist_static_rnn.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod mnist_static_rnn;
#[path = "../regression.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod regression;
#[path = "../rnn_from_scratch.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod rnn_from_scratch;
#[path = "../rnn_scratch.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod rnn_scratch;
#[path = "../time_series.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod time_series;
#[path = "../xor.rs"]
#[allow(dead_code, reason = "its own `main` is not called")]
mod xor;

/// A section of a notebook.
struct Section {
    /// The example's name.
    name: &'static str,
    title: &'static str,
    run: fn(&MnistOptions) -> anyhow::Result<()>,
}

/// In the order of the notebooks.
const SECTIONS: [Section; 8] = [
    Section {
        name: "xor",
        title: "notebook 000: parity of bits",
        run: |options| xor::run(&options.common, options.seed),
    },
    Section {
        name: "regression",
        title: "notebook 000: a curve's next value",
        run: |options| regression::run(&options.common, options.seed),
    },
    Section {
        name: "mnist_static_rnn",
        title: "notebook 001: MNIST by static_rnn",
        run: mnist_static_rnn::run,
    },
    Section {
        name: "rnn_scratch",
        title: "notebook 002: two steps by hand",
        run: |_| rnn_scratch::run(),
    },
    Section {
        name: "time_series",
        title: "notebook 002: a time series",
        run: |options| time_series::run(&options.common, options.seed),
    },
    Section {
        name: "rnn_from_scratch",
        title: "notebook 003: a recurrent network from scratch",
        run: |options| rnn_from_scratch::run(&options.common),
    },
    Section {
        name: "lstm_from_scratch",
        title: "notebook 003: an LSTM from scratch",
        run: |options| lstm_from_scratch::run(&options.common),
    },
    Section {
        name: "mnist_dynamic_rnn",
        title: "notebook 004: MNIST by dynamic_rnn",
        run: mnist_dynamic_rnn::run,
    },
];

/// Trains the models of the five notebooks.
#[derive(Parser)]
struct Arguments {
    /// The sections to run [default: all]
    #[arg(value_parser = PossibleValuesParser::new(SECTIONS.iter().map(|section| section.name)))]
    sections: Vec<String>,

    #[command(flatten)]
    options: MnistOptions,
}

fn main() -> anyhow::Result<()> {
    let Arguments { sections, options } = Arguments::parse();
    let is_wanted = |section: &&Section| {
        sections.is_empty() || sections.iter().any(|name| name == section.name)
    };
    for section in SECTIONS.iter().filter(is_wanted) {
        println!("== {}", section.title);
        let start = Instant::now();
        (section.run)(&options)?;
        println!("== {:.1} s\n", start.elapsed().as_secs_f64());
    }
    Ok(())
}
