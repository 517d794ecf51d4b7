//! Aqueduct's side of the benchmarks. `benches/run` starts it beside the other sides, a process for
//! each case, and asks for turns of measurement line by line.
//!
//! By hand: `cargo run --release -p aqueduct-benches -- step 001-mnist-static --seconds 2`

#![allow(clippy::print_stdout, reason = "it reports on the standard output")]

mod callers;
mod case;
mod formula;
mod growth;
mod measure;
mod models;
mod peak;

use std::thread;

use aqueduct::{Graph, Session, SessionOptions};
use clap::{Parser, Subcommand};

use crate::callers::Callers;
use crate::case::Case;
use crate::growth::Growth;
use crate::measure::Label;

/// Measures Aqueduct, one case a process, and prints a line of JSON for each turn of measurement.
#[derive(Parser)]
#[command(arg_required_else_help = true, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    work: Option<Work>,

    /// Do a few steps of every case, to see that everything works
    #[arg(long)]
    quick: bool,
}

#[derive(Subcommand)]
enum Work {
    /// Steps of a case. Reads the seconds of each turn from the standard input, a number a line
    Step {
        /// 001-mnist-static, lstm-b64-t128-i256-h512, infer-b1, …
        case: Case,
        #[command(flatten)]
        turns: Turns,
    },
    /// The first training step of notebook 001, and no more
    Start,
    /// How many runs callers of one session get done in a second
    Callers(Callers),
    /// How the time that a graph takes grows with its size
    Growth(Growth),
    /// Multiply-adds in registers: the milliseconds that 10⁹ of their operations take
    Peak {
        #[command(flatten)]
        turns: Turns,
    },
}

#[derive(clap::Args)]
struct Turns {
    /// How many threads to use; as many as there are cores if not given
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// One turn of so many seconds instead of those that the standard input asks for
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
}

impl Turns {
    fn label(&self, case: &str) -> Label {
        Label::new("aqueduct", case, self.threads)
    }
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().work {
        Some(Work::Step { case, turns }) => steps(case, &turns),
        Some(Work::Start) => start(),
        Some(Work::Callers(callers)) => callers.print(),
        Some(Work::Growth(growth)) => growth.print(),
        Some(Work::Peak { turns }) => peak(&turns),
        None => smoke(),
    }
}

/// A session that uses so many threads, or as many as there are cores.
fn session(graph: &Graph, threads: Option<usize>) -> Session {
    let options = SessionOptions::new().threads(threads.unwrap_or(0));
    Session::with_options(graph, options)
}

fn steps(case: Case, turns: &Turns) -> anyhow::Result<()> {
    let label = turns.label(&case.to_string());
    let subject = models::build(case, turns.threads)?;
    measure::announce(&label, env!("CARGO_PKG_VERSION"), &subject.losses);
    measure::serve(&label, turns.seconds, subject.sample)
}

fn start() -> anyhow::Result<()> {
    let mut step = models::step(Case::MnistStatic, None)?;
    let loss = step()?;
    let label = Label::new("aqueduct", "start", None);
    measure::announce(&label, env!("CARGO_PKG_VERSION"), &[loss]);
    Ok(())
}

fn peak(turns: &Turns) -> anyhow::Result<()> {
    let cores = thread::available_parallelism()?.get();
    let threads = turns.threads.unwrap_or(cores);
    let label = turns.label("peak");
    measure::announce(&label, env!("CARGO_PKG_VERSION"), &[]);
    measure::serve(&label, turns.seconds, || peak::sample(threads))
}

/// A few steps of every case, the long LSTMs in small.
fn smoke() -> anyhow::Result<()> {
    for case in case::SMOKE {
        let subject = models::build(case.parse()?, Some(1))?;
        anyhow::ensure!(
            subject.losses.iter().all(|loss| loss.is_finite()),
            "the losses of {case} are {:?}",
            subject.losses
        );
        println!("{case}: {:?}", subject.losses);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Arguments::command().debug_assert();
    }

    #[test]
    fn every_case_runs() {
        super::smoke().unwrap();
    }
}
