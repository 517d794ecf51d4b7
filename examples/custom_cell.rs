//! A recurrent cell of one's own: the minimal gated unit, which has one gate where a GRU has two.
//!
//! It learns the adding problem: of a sequence of random numbers two are marked, and their sum is to be
//! told at the end. That takes a memory over many steps, which a plain recurrent network hardly learns.
//! The cell is trained beside `BasicRnnCell` and `GruCell`, and goes wherever they go.
//!
//! `cargo run --release --example custom_cell`

#![allow(clippy::print_stdout, reason = "an example shows its figures")]

use aqueduct::Philox;
use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Options, Progress};
use clap::Parser;
use ndarray::{Array2, Array3};
use rand::RngExt as _;

const LENGTH: usize = 50;
const BATCH: usize = 32;
const UNITS: usize = 32;
const LEARNING_RATE: f64 = 0.005;
/// Steps between two looks at the test loss.
const INTERVAL: usize = 50;
/// The loss of whoever always answers 1: the variance of the sum of two numbers between 0 and 1.
const BASELINE: f64 = 1.0 / 6.0;

/// Trains a cell that this program brings along, beside two that the library ships.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,

    /// The seed of the first weights and of the batches
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// G.-B. Zhou, J. Wu, C.-L. Zhang and Z.-H. Zhou, "Minimal gated unit for recurrent neural networks",
/// 2016. With
///
/// - `f = sigmoid([x, h] · forget/kernel + forget/bias)`
/// - `candidate = tanh([x, f * h] · candidate/kernel + candidate/bias)`
///
/// it gives `h' = (1 - f) * h + f * candidate`, which is output and state.
pub(crate) struct MinimalGatedUnit {
    units: usize,
    scope: CellScope,
}

impl<'g> RnnCell<'g> for MinimalGatedUnit {
    type Element = f32;
    type State = Tensor<'g, f32>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Tensor<'g, f32> {
        parts.tensor([self.units])
    }

    fn call(&self, x: Tensor<'g, f32>, h: Tensor<'g, f32>) -> (Tensor<'g, f32>, Tensor<'g, f32>) {
        let g = x.graph();
        let _scope = self.scope.open(g);
        let layer = |name| Dense::new(self.units).name(name);
        let with_input = |h| g.concat(&[x, h], 1);
        let forget = layer("forget").apply(with_input(h)).sigmoid();
        let candidate = layer("candidate").apply(with_input(forget * h)).tanh();
        let next = h + forget * (candidate - h);
        (next, next)
    }
}

impl MinimalGatedUnit {
    pub(crate) fn new(units: usize) -> MinimalGatedUnit {
        MinimalGatedUnit {
            units,
            scope: CellScope::new("minimal_gated_unit"),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let Arguments { options, seed } = Arguments::parse();
    run(&options, seed)
}

pub(crate) fn run(options: &Options, seed: u64) -> anyhow::Result<()> {
    let steps = options.steps(2000, 100);
    let basic = train(&Graph::new(), BasicRnnCell::new(UNITS), steps, seed)?;
    let gru = train(&Graph::new(), GruCell::new(UNITS), steps, seed)?;
    let ours = train(&Graph::new(), MinimalGatedUnit::new(UNITS), steps, seed)?;

    println!("the adding problem: squared error, {BASELINE:.4} without a memory");
    for (name, losses) in [
        ("BasicRnnCell", &basic),
        ("GruCell", &gru),
        ("MinimalGatedUnit", &ours),
    ] {
        if let Some((_, loss)) = losses.last() {
            println!("after {steps} steps, {name}: {loss:.4}");
        }
    }

    let path = options.output("custom_cell.png");
    Chart::new("The adding problem, 50 steps long")
        .axes("training step", "squared error on the test sequences")
        .log_y()
        .line("BasicRnnCell", basic)
        .line("GruCell", gru)
        .line("MinimalGatedUnit, of this program", ours)
        .save(&path)?;
    println!("chart: {}", path.display());
    Ok(())
}

/// Trains a cell in a graph that has nothing yet; gives the test loss at every step looked at.
pub(crate) fn train<'g>(
    g: &'g Graph,
    cell: impl RnnCell<'g, Element = f32, State = Tensor<'g, f32>>,
    steps: usize,
    seed: u64,
) -> anyhow::Result<Vec<(f64, f64)>> {
    g.set_random_seed(seed);
    let x = g.placeholder::<f32>("x", shape![?, LENGTH, 2]);
    let y = g.placeholder::<f32>("y", shape![?, 1]);
    let (_, last) = dynamic_rnn(&cell, x);
    let loss = mean_squared_error(y, Dense::new(1).apply(last));
    let train = AdamOptimizer::new(LEARNING_RATE).minimize(loss);
    g.check()?;

    let sess = Session::new(g);
    sess.run(g.global_variables_initializer(), feed![])?;
    let train = sess.prepare(train, (x, y))?;
    let loss = sess.prepare(loss.scalar(), (x, y))?;
    let mut rng = Philox::new(seed, 0);
    let (test_x, test_y) = next_batch(1000, &mut rng);
    let progress = Progress::new(steps);
    let mut losses = Vec::new();
    for step in 1..=steps {
        train.run(next_batch(BATCH, &mut rng))?;
        if step % INTERVAL == 0 {
            let loss = loss.run((&test_x, &test_y))?;
            losses.push((step as f64, f64::from(loss)));
        }
        progress.step();
    }
    Ok(losses)
}

/// Sequences of numbers and marks, `[batch, LENGTH, 2]`, and the sums of the marked numbers, `[batch, 1]`.
/// One mark stands in the first half of a sequence and one in the second.
fn next_batch(batch: usize, rng: &mut Philox) -> (Array3<f32>, Array2<f32>) {
    let mut x = Array3::zeros((batch, LENGTH, 2));
    let mut y = Array2::zeros((batch, 1));
    for row in 0..batch {
        for step in 0..LENGTH {
            x[[row, step, 0]] = rng.random::<f32>();
        }
        for half in [0..LENGTH / 2, LENGTH / 2..LENGTH] {
            let marked = rng.random_range(half);
            x[[row, marked, 1]] = 1.0;
            y[[row, 0]] += x[[row, marked, 0]];
        }
    }
    (x, y)
}
