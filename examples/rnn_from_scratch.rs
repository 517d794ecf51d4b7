//! Notebook 003, "Recurrent Neural Network on Tensorflow", first half: a recurrent network of four
//! nodes, built from matrix products, that learns the rule `x[t] = 1.1 x[t-1] + 0.3`.
//!
//! What each TensorFlow call became: `docs/notebooks/003_rnn_and_lstm_from_scratch.md`.
//!
//! `cargo run --release --example rnn_from_scratch`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Options, Reference, Sequences, general, over_steps};
use clap::Parser;

const SEQ_LENGTH: i64 = 10;
const HIDDEN_DIM: usize = 4;
const LEARNING_RATE: f64 = 0.1;

/// Trains the basic RNN of notebook 003.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    run(&Arguments::parse().options)
}

/// The notebook's cells from the first to the last, and a chart.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let data = Sequences::load()?;

    let g = Graph::new();
    let model = model(&g);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![])?;
    let losses = train(&sess, &model, &data, options.steps(100, 20))?;
    let test_loss = sess.run(model.loss.scalar(), feed![model.seq_input => &data.test])?;
    println!("test loss: {}", general(test_loss, 6));

    let printed = Reference::printed_rnn()?;
    println!("beside the notebook's losses: {}", printed.compare(&losses));
    let path = options.output("rnn_from_scratch.png");
    Chart::new("A recurrent network from scratch")
        .axes("step", "loss on the training sequences")
        .log_y()
        .line("here", over_steps(&losses))
        .points("printed by the notebook, 2017", printed.points())
        .save(&path)?;
    println!("chart: {}", path.display());
    Ok(())
}

/// What a session runs.
pub(crate) struct Model<'g> {
    /// `[batch, SEQ_LENGTH, 1]`.
    pub(crate) seq_input: Tensor<'g, f32>,
    /// Of the prediction of the last element, from those before it.
    pub(crate) loss: Tensor<'g, f32>,
    pub(crate) train_step: Operation<'g>,
}

pub(crate) fn model(g: &Graph) -> Model<'_> {
    g.set_random_seed(1);

    let scope = g.open_variable_scope("input");
    let seq_input = g.placeholder::<f32>("seq_input", shape![?, SEQ_LENGTH, 1]);
    drop(scope);

    // TensorFlow 1 seeded an op by the number of operations made before it: a placeholder is one
    // and a variable is ten, of which the fourth draws. Given by hand here, these seeds draw the
    // numbers that the notebook started from in 2017.
    let glorot = |op_seed| glorot_uniform().seed(op_seed);
    let scope = g.open_variable_scope("weights");
    let w_hx = g.get_variable_with::<f32>("W_hx", [1, HIDDEN_DIM], glorot(4));
    let w_hh = g.get_variable_with::<f32>("W_hh", [HIDDEN_DIM, HIDDEN_DIM], glorot(14));
    let b_h = g.get_variable_with::<f32>("b_h", [HIDDEN_DIM], glorot(24));

    let w_yh = g.get_variable_with::<f32>("W_yh", [HIDDEN_DIM, 1], glorot(34));
    let b_y = g.get_variable_with::<f32>("b_y", [1], glorot(44));
    drop(scope);

    let scope = g.open_variable_scope("rnn");
    let hidden_0 = g
        .zeros::<f32>(sizes![seq_input.size_of(0), HIDDEN_DIM])
        .named("hidden_0");
    let mut hidden = hidden_0;
    let mut hiddens = Vec::new();
    for j in 0..SEQ_LENGTH - 1 {
        hidden = seq_input.slice((.., j, ..)).matmul(w_hx) + hidden.xw_plus_b(w_hh, b_h);
        hidden = hidden.sigmoid();
        hiddens.push(hidden);
    }
    let hiddens = g.stack(&hiddens, 1).named("hiddens");
    drop(scope);

    let scope = g.open_variable_scope("output");
    let outputs = hiddens.reshape(sizes![-1, HIDDEN_DIM]);
    let outputs = outputs.xw_plus_b(w_yh, b_y);
    let outputs = outputs
        .reshape(sizes![-1, SEQ_LENGTH - 1, 1])
        .named("outputs");
    drop(scope);

    let scope = g.open_variable_scope("learning");
    let predict = outputs.slice((.., -1, ..)).identity().named("predict");
    let loss = mean_squared_error(seq_input.slice((.., -1, ..)), predict);
    let train_step = AdamOptimizer::new(LEARNING_RATE).minimize(loss);
    drop(scope);

    Model {
        seq_input,
        loss,
        train_step,
    }
}

/// Takes `steps` steps, and gives the loss after each.
pub(crate) fn train(
    sess: &Session,
    model: &Model<'_>,
    data: &Sequences,
    steps: usize,
) -> anyhow::Result<Vec<f32>> {
    let mut losses = Vec::new();
    for step in 1..=steps {
        sess.run(model.train_step, feed![model.seq_input => &data.train])?;
        let curr_loss = sess.run(model.loss.scalar(), feed![model.seq_input => &data.train])?;
        println!("step: {step} loss: {}", general(curr_loss, 6));
        losses.push(curr_loss);
    }
    Ok(losses)
}
