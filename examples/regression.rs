//! Notebook 000, "Recurrent Neural Networks in Tensorflow", second half: an LSTM that predicts the
//! next value of the curve `x sin x + x cos 2x`.
//!
//! What each TensorFlow call became: `docs/notebooks/000_xor_and_regression.md`.
//!
//! `cargo run --release --example regression`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Options, Progress, over_epochs};
use clap::Parser;
use ndarray::{Array, Array1, Array2, Array3};

const LSTM_UNITS: usize = 64;
const NUM_SAMPLES: usize = 1000;
const SEQ_LENGTH: usize = 10;

/// Trains the LSTM of notebook 000 to predict a curve.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,

    /// The seed of the first weights
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    run(&arguments.options, arguments.seed)
}

/// The notebook's cells from the first to the last, and its charts.
pub(crate) fn run(options: &Options, seed: u64) -> anyhow::Result<()> {
    let g = Graph::new();
    g.set_random_seed(seed);
    let model = model(&g);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![])?;
    let costs = train(&sess, &model, options.steps(100, 20), NUM_SAMPLES)?;

    let (inp_data, out_data) = create_dataset(NUM_SAMPLES)?;
    let predicted = sess.run(model.pred, feed![model.input_data => &inp_data])?;

    let data = Chart::new("The curve x sin x + x cos 2x").axes("x", "X");
    let data = data.line("data", over_x(inp_data));
    save(&data, options, "regression_data.png")?;
    let cost = Chart::new("The next value of a curve, by an LSTM").axes("Epoch", "Cost");
    let cost = cost.line("Cost Function", over_epochs(&costs));
    save(&cost, options, "regression_cost.png")?;
    let fit = Chart::new("The next value, actual and predicted").axes("x", "next value");
    let fit = fit.line("Predicted", over_x(predicted));
    let fit = fit.line("Actual", over_x(out_data)); // On top: where both agree, it is seen alone.
    save(&fit, options, "regression.png")
}

/// The curve in sequences of ten values, `[num_samples / 10, 10, 1]`, and the value that comes after
/// each, `[num_samples / 10, 10]`. After the last value of all comes that value again.
///
/// Fails if `num_samples` is no multiple of ten.
pub(crate) fn create_dataset(num_samples: usize) -> anyhow::Result<(Array3<f32>, Array2<f32>)> {
    let x = linspace(num_samples).into_iter();
    let curve: Vec<f32> = x
        .map(|x| (x * x.sin() + x * (2.0 * x).cos()) as f32)
        .collect();
    let data: Vec<&[f32]> = curve.chunks_exact(SEQ_LENGTH).collect();
    let mut output = Vec::new();
    for (i, chunk) in data.iter().enumerate() {
        let mut o = chunk.to_vec();
        o.rotate_left(1);
        o[SEQ_LENGTH - 1] = match data.get(i + 1) {
            Some(next) => next[0],
            None => o[SEQ_LENGTH - 2],
        };
        output.extend(o);
    }
    let sequences = data.len();
    Ok((
        Array::from_shape_vec((sequences, SEQ_LENGTH, 1), curve)?,
        Array::from_shape_vec((sequences, SEQ_LENGTH), output)?,
    ))
}

fn linspace(num_samples: usize) -> Array1<f64> {
    Array::linspace(0.0, 20.0, num_samples)
}

/// What a session runs.
pub(crate) struct Model<'g> {
    /// `[num_samples, seq_length, 1]`.
    pub(crate) input_data: Tensor<'g, f32>,
    /// `[num_samples, seq_length]`.
    pub(crate) output_data: Tensor<'g, f32>,
    /// `[num_samples, seq_length]`.
    pub(crate) pred: Tensor<'g, f32>,
    pub(crate) cost: Tensor<'g, f32>,
    pub(crate) optimizer: Operation<'g>,
}

pub(crate) fn model(g: &Graph) -> Model<'_> {
    // Input shape: (num_samples, seq_length, input_dimension)
    // Output shape: (num_samples, target)
    let input_data = g.placeholder::<f32>("input_data", shape![?, ?, 1]);
    let output_data = g.placeholder::<f32>("output_data", shape![?, ?]);

    let cell = LstmCell::new(LSTM_UNITS).num_proj(1);
    let (out, _) = dynamic_rnn(&cell, input_data); // shape: (?, ?, 1)
    let pred = out.squeeze(..); // shape: (?, ?)

    let cost = (pred - output_data).square().reduce_mean(..);
    let optimizer = AdamOptimizer::new(0.1).minimize(cost);

    Model {
        input_data,
        output_data,
        pred,
        cost,
        optimizer,
    }
}

/// Takes a step an epoch, and gives the cost before each.
pub(crate) fn train(
    sess: &Session,
    model: &Model<'_>,
    epochs: usize,
    num_samples: usize,
) -> anyhow::Result<Vec<f32>> {
    let progress = Progress::new(epochs);
    let mut costs = Vec::new();
    for epoch in 0..epochs {
        let (inp_data, out_data) = create_dataset(num_samples)?;
        let ((), c) = sess.run(
            (model.optimizer, model.cost.scalar()),
            feed![model.input_data => inp_data, model.output_data => out_data],
        )?;
        progress.println(&format!("Epoch: {epoch}, Cost: {c:?}"));
        progress.step();
        costs.push(c);
    }
    Ok(costs)
}

/// Values of the curve over its x.
fn over_x(values: impl IntoIterator<Item = f32>) -> impl Iterator<Item = (f64, f64)> {
    let values = values.into_iter().map(f64::from);
    linspace(NUM_SAMPLES).into_iter().zip(values)
}

fn save(chart: &Chart, options: &Options, name: &str) -> anyhow::Result<()> {
    let path = options.output(name);
    chart.save(&path)?;
    println!("chart: {}", path.display());
    Ok(())
}
