//! Notebook 000, "Recurrent Neural Networks in Tensorflow", first half: an LSTM that reads a binary
//! number and tells after each bit whether the ones so far are odd in number.
//!
//! What each TensorFlow call became: `docs/notebooks/000_xor_and_regression.md`.
//!
//! `cargo run --release --example xor`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct::Philox;
use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Options, Progress, over_epochs};
use clap::Parser;
use ndarray::{Array2, Array3, arr3};
use rand::seq::SliceRandom as _;

const LSTM_UNITS: usize = 64;
/// The bits of a number that is trained on.
const LENGTH: usize = 12;
/// All numbers of that length.
const NUM_SAMPLES: usize = 1 << LENGTH;
/// The stream of random numbers that shuffles; those of the graph's ops are 0, 1, 2, …
const SHUFFLE_STREAM: u64 = 1 << 32;

/// Trains the LSTM of notebook 000 to tell the parity of bits.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,

    /// The seed of the first weights and of the order of the numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    run(&arguments.options, arguments.seed)
}

/// The notebook's cells from the first to the last, and its chart.
pub(crate) fn run(options: &Options, seed: u64) -> anyhow::Result<()> {
    let g = Graph::new();
    g.set_random_seed(seed);
    let model = model(&g);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![])?;
    let mut rng = Philox::new(seed, SHUFFLE_STREAM);
    let costs = train(&sess, &model, &mut rng, options.steps(100, 5), NUM_SAMPLES)?;
    test(&sess, &model)?;

    let path = options.output("xor.png");
    Chart::new("Parity of bits, by an LSTM")
        .axes("Epoch", "Cost")
        .line("Cost Function", over_epochs(&costs))
        .save(&path)?;
    println!("chart: {}", path.display());
    Ok(())
}

/// The first `num_samples` numbers bit by bit, `[num_samples, LENGTH, 1]`, in an order drawn from
/// `rng`, and their labels.
///
/// Fails if there are fewer numbers of that length.
pub(crate) fn create_dataset(
    num_samples: usize,
    rng: &mut Philox,
) -> anyhow::Result<(Array3<f32>, Array2<i64>)> {
    let mut data: Vec<String> = (0..num_samples).map(|i| format!("{i:0LENGTH$b}")).collect();
    data.shuffle(rng);
    let bits = data.iter().flat_map(|number| number.bytes());
    let data = bits.map(|bit| f32::from(bit == b'1')).collect();
    let data = Array3::from_shape_vec((num_samples, LENGTH, 1), data)?;
    let output = labels(&data);
    Ok((data, output))
}

/// 1 for each bit up to which, itself included, the ones of its number are odd in number; else 0.
pub(crate) fn labels(data: &Array3<f32>) -> Array2<i64> {
    let (num_samples, length, _) = data.dim();
    let mut output = Array2::zeros((num_samples, length));
    for (sample, mut out) in data.outer_iter().zip(output.outer_iter_mut()) {
        let mut count = 0;
        for (c, bit) in sample.outer_iter().enumerate() {
            if bit[0] == 1.0 {
                count += 1;
            }
            out[c] = 1 - i64::from(count % 2 == 0);
        }
    }
    output
}

/// What a session runs.
pub(crate) struct Model<'g> {
    /// `[num_samples, length, 1]`.
    pub(crate) input_data: Tensor<'g, f32>,
    /// `[num_samples, length]`.
    pub(crate) output_data: Tensor<'g, i64>,
    /// `[num_samples, length]`.
    pub(crate) pred: Tensor<'g, i64>,
    pub(crate) cost: Tensor<'g, f32>,
    pub(crate) accuracy: Tensor<'g, f32>,
    pub(crate) optimizer: Operation<'g>,
}

pub(crate) fn model(g: &Graph) -> Model<'_> {
    // Input shape: (num_samples, seq_length, input_dimension)
    // Output shape: (num_samples, target)
    let input_data = g.placeholder::<f32>("input_data", shape![?, ?, 1]);
    let output_data = g.placeholder::<i64>("output_data", shape![?, ?]);

    let cell = LstmCell::new(LSTM_UNITS).num_proj(2);
    let (out, _) = dynamic_rnn(&cell, input_data); // shape: (?, ?, 2)
    let pred = out.argmax(2); // shape: (?, ?)

    let cost = sparse_softmax_cross_entropy_with_logits(output_data, out).reduce_mean(..);
    let optimizer = AdamOptimizer::new(0.1).minimize(cost);
    let correct = output_data.equal(pred);
    let accuracy = correct.cast::<f32>().reduce_mean(..);

    Model {
        input_data,
        output_data,
        pred,
        cost,
        accuracy,
        optimizer,
    }
}

/// Takes a step an epoch, and gives the cost before each.
pub(crate) fn train(
    sess: &Session,
    model: &Model<'_>,
    rng: &mut Philox,
    epochs: usize,
    num_samples: usize,
) -> anyhow::Result<Vec<f32>> {
    let progress = Progress::new(epochs);
    let mut costs = Vec::new();
    for epoch in 0..epochs {
        let (inp_data, out_data) = create_dataset(num_samples, rng)?;
        let ((), c, acc) = sess.run(
            (
                model.optimizer,
                model.cost.scalar(),
                model.accuracy.scalar(),
            ),
            feed![model.input_data => inp_data, model.output_data => out_data],
        )?;
        let acc = acc * 100.0;
        progress.println(&format!("Epoch: {epoch}, Cost: {c:?}, Accuracy: {acc:?}%"));
        progress.step();
        costs.push(c);
    }
    Ok(costs)
}

/// Lets the model read a number that is longer than those it was trained on, and says how many of
/// its answers are right.
fn test(sess: &Session, model: &Model<'_>) -> anyhow::Result<()> {
    #[rustfmt::skip]
    let inp_data = [[[1_u8], [1], [0], [0], [1], [1], [1], [1], [1], [0], [0], [1], [1], [1], [0], [1]]];
    println!("Input data: {inp_data:?}");
    let inp_data = arr3(&inp_data).mapv(f32::from);
    let predicted = sess.run(model.pred, feed![model.input_data => &inp_data])?;
    println!("Predicted:  {predicted}");

    let expected = labels(&inp_data);
    let pairs = predicted.iter().zip(&expected);
    let right = pairs.filter(|(predicted, expected)| predicted == expected);
    let (right, all) = (right.count(), expected.len());
    println!("Expected:   {expected}: {right} of {all} right");
    Ok(())
}
