//! A recurrent network on a stream: its state is carried from fetch to feed, so a sequence of any length
//! passes through it in pieces.
//!
//! An LSTM learns to tell the next value of a long signal by truncated back-propagation through time:
//! each training step sees one chunk, from the state that the chunk before has left. Gradients end where
//! the chunk begins; what the state remembers does not. Then the network reads a signal that goes on, one
//! value at a time, as a sensor brings it. That gives what one run over the whole gives.
//!
//! `cargo run --release --example streaming`

#![allow(clippy::print_stdout, reason = "an example shows its figures")]

use std::f32::consts::TAU;
use std::iter::{repeat, zip};
use std::time::Instant;

use anyhow::ensure;
use aqueduct::Philox;
use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Colour, Options, Progress, float_repr};
use clap::Parser;
use ndarray::{Array1, ArrayView1, Axis, NewAxis, s};
use rand::RngExt as _;

const UNITS: usize = 32;
/// The time steps that a gradient goes back.
const CHUNK: usize = 25;
/// The length of the signal that the network learns, and of the one that it reads then.
const LENGTH: usize = 2000;
const LEARNING_RATE: f64 = 0.005;

/// Trains an LSTM on a long signal chunk by chunk, and runs it one value at a time.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,

    /// The seed of the first weights and of the noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let Arguments { options, seed } = Arguments::parse();
    run(&options, seed)
}

pub(crate) fn run(options: &Options, seed: u64) -> anyhow::Result<()> {
    let g = Graph::new();
    g.set_random_seed(seed);
    let model = model(&g);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![])?;

    let signal = signal(2 * LENGTH, seed);
    let (learnt, read) = signal.view().split_at(Axis(0), LENGTH);
    for (epoch, loss) in (1..).zip(train(&sess, &model, learnt, options.steps(15, 3))?) {
        println!("epoch: {epoch} loss: {loss:.5}");
    }

    let whole = stream(&sess, &model, read, repeat(LENGTH))?;
    let start = Instant::now();
    let one_by_one = stream(&sess, &model, read, repeat(1))?;
    let cost = start.elapsed() / LENGTH as u32;
    let difference = largest_difference(&whole, &one_by_one);
    println!("one value at a time takes {cost:.1?} a value");
    println!(
        "largest difference from the whole at once: {}",
        float_repr(difference)
    );
    ensure!(
        difference < 1e-5,
        "a stream should give what the whole gives"
    );

    let error = |told: ArrayView1<'_, f32>| (&told - &read.slice(s![1..])).pow2().mean();
    println!(
        "squared error one step ahead: {:.5}; of the value before: {:.5}",
        error(one_by_one.slice(s![..-1])).unwrap_or_default(),
        error(read.slice(s![..-1])).unwrap_or_default()
    );

    let path = options.output("streaming.png");
    chart(read, &one_by_one).save(&path)?;
    println!("chart: {}", path.display());
    Ok(())
}

/// What a session runs.
pub(crate) struct Model<'g> {
    /// A signal, `[1, time, 1]`, and the same one step later.
    pub(crate) x: Tensor<'g, f32>,
    y: Tensor<'g, f32>,
    /// The state before the first step: zeros, unless it is fed.
    pub(crate) initial: LstmState<Tensor<'g, f32>>,
    /// What the model takes `y` to be, and its state after the last step.
    pub(crate) outputs: Tensor<'g, f32>,
    pub(crate) last: LstmState<Tensor<'g, f32>>,
    loss: Tensor<'g, f32>,
    train: Operation<'g>,
}

pub(crate) fn model(g: &Graph) -> Model<'_> {
    let x = g.placeholder::<f32>("x", shape![1, ?, 1]);
    let y = g.placeholder::<f32>("y", shape![1, ?, 1]);
    let cell = OutputProjectionWrapper::new(BasicLstmCell::new(UNITS), 1);
    let initial = cell.zero_state(g, 1);
    let options = RnnOptions::new().initial_state(initial);
    let (outputs, last) = dynamic_rnn_with(&cell, x, options);
    let loss = mean_squared_error(y, outputs);
    let train = AdamOptimizer::new(LEARNING_RATE).minimize(loss);
    Model {
        x,
        y,
        initial,
        outputs,
        last,
        loss,
        train,
    }
}

/// Goes through the signal so many times, chunk by chunk; gives the mean loss of each time.
pub(crate) fn train(
    sess: &Session,
    model: &Model<'_>,
    signal: ArrayView1<'_, f32>,
    epochs: usize,
) -> anyhow::Result<Vec<f32>> {
    let fetches = (model.train, model.loss.scalar(), model.last);
    let step = sess.prepare(fetches, (model.x, model.y, model.initial))?;
    let progress = Progress::new(epochs);
    let mut losses = Vec::new();
    for _ in 0..epochs {
        let mut state = sess.run(model.initial, feed![])?;
        let mut chunk_losses = Vec::new();
        let (x, y) = (signal.slice(s![..-1]), signal.slice(s![1..]));
        for (x, y) in zip(x.exact_chunks(CHUNK), y.exact_chunks(CHUNK)) {
            let [x, y] = [&x, &y].map(|chunk| chunk.slice(s![NewAxis, .., NewAxis]));
            let ((), loss, next) = step.run((x, y, state))?;
            chunk_losses.push(loss);
            state = next;
        }
        losses.push(Array1::from(chunk_losses).mean().unwrap_or_default());
        progress.step();
    }
    Ok(losses)
}

/// Reads the signal in pieces of these lengths, from a state of zeros, and tells after each value the
/// next one.
pub(crate) fn stream(
    sess: &Session,
    model: &Model<'_>,
    signal: ArrayView1<'_, f32>,
    lengths: impl IntoIterator<Item = usize>,
) -> anyhow::Result<Array1<f32>> {
    let read = sess.prepare((model.outputs, model.last), (model.x, model.initial))?;
    let mut state = sess.run(model.initial, feed![])?;
    let mut outputs = Vec::new();
    let mut rest = signal;
    for length in lengths {
        let (piece, behind) = rest.split_at(Axis(0), length.min(rest.len()));
        let (told, next) = read.run((piece.slice(s![NewAxis, .., NewAxis]), state))?;
        outputs.extend(told);
        state = next;
        if behind.is_empty() {
            break;
        }
        rest = behind;
    }
    Ok(Array1::from(outputs))
}

/// Two waves, of which neither period is a multiple of the other, with noise.
pub(crate) fn signal(length: usize, seed: u64) -> Array1<f32> {
    let mut rng = Philox::new(seed, 0);
    let value = |time: usize| {
        let time = time as f32;
        let noise = rng.random_range(-0.05..0.05);
        0.5 * (TAU * time / 17.0).sin() + 0.4 * (TAU * time / 61.0).sin() + noise
    };
    (0..length).map(value).collect()
}

/// The largest |difference| of two elements in the same place.
pub(crate) fn largest_difference(left: &Array1<f32>, right: &Array1<f32>) -> f32 {
    let differences = zip(left, right).map(|(left, right)| (left - right).abs());
    differences.fold(0.0, f32::max)
}

/// The first values of a signal, and what was told of each after the one before.
fn chart(signal: ArrayView1<'_, f32>, told: &Array1<f32>) -> Chart {
    let over_time = |first: u32, values: ArrayView1<'_, f32>| -> Vec<(f64, f64)> {
        let times = (first..200).map(f64::from);
        zip(times, values.mapv(f64::from)).collect()
    };
    Chart::new("A signal that the network has not seen")
        .axes("time step", "")
        .line("signal", over_time(0, signal))
        .coloured(Colour::Sky)
        .dots("told one step ahead", 2, over_time(1, told.view()))
        .coloured(Colour::Vermilion)
}
