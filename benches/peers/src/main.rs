//! The LSTMs of the benchmarks in candle and in burn, as their users would write them.
//!
//! By hand: `cargo run --release -- candle 001-mnist-static --seconds 2`

mod burn_side;
mod candle_side;
#[path = "../../src/case.rs"]
#[allow(dead_code, reason = "not every case is one of these peers'")]
mod case;
#[path = "../../src/formula.rs"]
mod formula;
mod lstm;
#[path = "../../src/measure.rs"]
mod measure;

use clap::{Parser, ValueEnum};

use crate::lstm::Work;
use crate::measure::{Label, first_losses, timed};

/// Measures a peer, one case a process, and prints a line of JSON for each turn of measurement.
#[derive(Parser)]
struct Arguments {
    peer: Peer,
    /// A case of an LSTM, or `start`: the first training step of notebook 001
    case: String,

    /// How many threads RAYON_NUM_THREADS asks for; for the report alone
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// One turn of so many seconds instead of those that the standard input asks for
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Peer {
    Candle,
    Burn,
}

/// A step, from arrays of the host to a number back on the host: the loss, or an output.
type Step = Box<dyn FnMut() -> anyhow::Result<f32>>;

impl Peer {
    /// Its name, and its version in `Cargo.toml`.
    fn about(self) -> (&'static str, &'static str) {
        match self {
            Peer::Candle => ("candle", "0.11.1"),
            Peer::Burn => ("burn", "0.22.1"),
        }
    }

    fn step(self, work: Work) -> anyhow::Result<Step> {
        match self {
            Peer::Candle => Ok(candle_side::step(work)?),
            Peer::Burn => Ok(burn_side::step(work)),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (name, version) = arguments.peer.about();
    let label = Label::new(name, &arguments.case, arguments.threads);
    if arguments.case == "start" {
        let mut step = arguments.peer.step(Work::digits(128))?;
        measure::announce(&label, version, &[step()?]);
        return Ok(());
    }
    let mut step = arguments.peer.step(Work::of(arguments.case.parse()?)?)?;
    let losses = first_losses(&mut step)?;
    measure::announce(&label, version, &losses);
    measure::serve(&label, arguments.seconds, || {
        let (milliseconds, result) = timed(&mut step);
        result.map(|_| milliseconds)
    })
}
