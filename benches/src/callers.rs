//! How the runs of inference that a session answers in a second grow with the number of callers.
//!
//! The ways take turns, so that what else the machine does meets all alike: callers that share one
//! prepared call; that share a session, which looks the plan up at each run; and that have a graph and
//! a session of their own each, so that they share nothing but the machine.
//!
//! `cargo run --release -p aqueduct-benches -- callers`

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use aqueduct::Prepared;
use aqueduct::prelude::*;
use ndarray::ArrayD;

use crate::models::{self, Reader};

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Callers {
    /// How many callers there are
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4, 16, 64])]
    callers: Vec<usize>,

    /// How many images are in one run
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32])]
    images: Vec<usize>,

    /// How long each turn is
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,

    /// How many turns each way has
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

/// How callers run the model.
struct Ways<'g> {
    model: Reader<'g>,
    xs: ArrayD<f32>,
    /// A run has one thread, its caller's.
    shared: Session,
    prepared: Predict,
    /// A graph and a session for each caller.
    apart: Vec<Predict>,
    /// A run may use all threads.
    wide: Predict,
}

/// What one caller did.
struct Turn {
    runs: u32,
    start: Instant,
    end: Instant,
}

type Predict = Prepared<ArrayD<f32>, f32>;

/// One of the ways, as the column that it fills.
#[derive(Clone, Copy)]
enum Way {
    Prepared,
    Session,
    Apart,
    AllThreads,
}

const WAYS: [Way; 4] = [Way::Prepared, Way::Session, Way::Apart, Way::AllThreads];

impl Callers {
    /// Prints a table for each number of images.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        for images in &self.images {
            self.table(*images)?;
        }
        Ok(())
    }

    fn table(&self, images: usize) -> anyhow::Result<()> {
        println!("\n### Runs in a second with a batch of {images}\n");
        println!(
            "| callers | one prepared call | `Session::run` | a session each | prepared, all threads \
             | of one caller's | of a session each |"
        );
        println!("|{}", " ---: |".repeat(WAYS.len() + 3));
        let mut alone = None;
        for callers in &self.callers {
            let g = Graph::new();
            let ways = Ways::new(&g, *callers, images)?;
            let rates = self.rates(&ways, *callers)?;
            let [prepared, _, apart, _] = rates;
            let of_one = prepared / *alone.get_or_insert(prepared);
            let of_apart = prepared / apart;
            let cells = rates.map(|rate| format!("{rate:.0}")).join(" | ");
            println!("| {callers} | {cells} | {of_one:.2} | {of_apart:.2} |");
        }
        Ok(())
    }

    /// Runs in a second, way by way: the medians of their turns.
    fn rates(&self, ways: &Ways<'_>, callers: usize) -> anyhow::Result<[f64; WAYS.len()]> {
        let mut turns = WAYS.map(|_| Vec::new());
        for _ in 0..self.rounds.max(1) {
            for (way, turns) in WAYS.into_iter().zip(&mut turns) {
                turns.push(self.turn(ways, way, callers)?);
            }
        }
        Ok(turns.map(|mut rates| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        }))
    }

    /// Runs in a second of all callers together.
    fn turn(&self, ways: &Ways<'_>, way: Way, callers: usize) -> anyhow::Result<f64> {
        let together = Barrier::new(callers);
        let call = |caller| {
            // The first run makes the plan, and is not measured.
            let ready = ways.run(way, caller);
            together.wait();
            ready?;
            self.calls(|| ways.run(way, caller))
        };
        let turns: Vec<Turn> = thread::scope(|scope| {
            let call = &call;
            let threads: Vec<_> = (0..callers)
                .map(|caller| scope.spawn(move || call(caller)))
                .collect();
            let turns = threads.into_iter().map(|thread| thread.join());
            let turns = turns.map(|turn| turn.ok().context("a caller panicked")?);
            turns.collect::<anyhow::Result<_>>()
        })?;
        // With more callers than cores some begin when others have ended: the time is that of all.
        let start = turns.iter().map(|turn| turn.start).min();
        let end = turns.iter().map(|turn| turn.end).max();
        let (start, end) = start.zip(end).context("there is no caller")?;
        let runs: u32 = turns.iter().map(|turn| turn.runs).sum();
        Ok(f64::from(runs) / (end - start).as_secs_f64())
    }

    /// The runs of one caller, one after the other until its time is over.
    fn calls(&self, run: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<Turn> {
        let start = Instant::now();
        let mut runs = 0;
        while start.elapsed().as_secs_f64() < self.seconds {
            run()?;
            runs += 1;
        }
        let end = Instant::now();
        Ok(Turn { runs, start, end })
    }
}

impl<'g> Ways<'g> {
    fn new(g: &'g Graph, callers: usize, images: usize) -> anyhow::Result<Ways<'g>> {
        let model = Reader::build(g);
        let shared = models::initialized(g, Some(1))?;
        let apart = (0..callers).map(|_| {
            let g = Graph::new();
            let model = Reader::build(&g);
            Ok(models::initialized(&g, Some(1))?.prepare(model.digits, model.x)?)
        });
        Ok(Ways {
            xs: models::inputs(&[images, 28, 28])?,
            prepared: shared.prepare(model.digits, model.x)?,
            apart: apart.collect::<anyhow::Result<_>>()?,
            wide: models::initialized(g, None)?.prepare(model.digits, model.x)?,
            shared,
            model,
        })
    }

    fn run(&self, way: Way, caller: usize) -> anyhow::Result<()> {
        let Reader { x, digits } = self.model;
        let digits = match way {
            Way::Prepared => self.prepared.run(&self.xs),
            Way::Session => self.shared.run(digits, feed![x => &self.xs]),
            Way::Apart => self.apart[caller].run(&self.xs),
            Way::AllThreads => self.wide.run(&self.xs),
        }?;
        ensure!(
            digits.iter().all(|x| x.is_finite()),
            "the digits are {digits}"
        );
        Ok(())
    }
}
