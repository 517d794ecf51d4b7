//! Notebook 003, "Recurrent Neural Network on Tensorflow", second half: an LSTM of four nodes,
//! built gate by gate, on the task of `rnn_from_scratch`.
//!
//! The notebook's code differs from its formulas in one letter: its forget gate is
//! `f = tf.sigmoid(g)`, where the formulas have `f = tf.sigmoid(f)`. Its printed losses come from
//! the code, so the network is trained twice: as printed, and as the formulas say.
//!
//! What each TensorFlow call became: `docs/notebooks/003_rnn_and_lstm_from_scratch.md`.
//!
//! `cargo run --release --example lstm_from_scratch`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Options, Reference, Sequences, general, over_steps};
use clap::Parser;

const SEQ_LENGTH: i64 = 10;
const HIDDEN_DIM: usize = 4;
const LEARNING_RATE: f64 = 0.1;

/// Trains the LSTM of notebook 003: as printed there, then with its forget gate put right.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    run(&Arguments::parse().options)
}

/// Both networks, and a chart of both.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let data = Sequences::load()?;
    let steps = options.steps(100, 20);

    let losses = run_notebook(ForgetGate::AsPrinted, &data, steps)?;
    let printed = Reference::printed_lstm()?;
    println!("beside the notebook's losses: {}", printed.compare(&losses));

    println!("\nthe forget gate as the formulas say:");
    let corrected = run_notebook(ForgetGate::AsInTheFormulas, &data, steps)?;
    let tensorflow = Reference::tensorflow_lstm_fixed()?;
    println!(
        "beside TensorFlow's losses: {}",
        tensorflow.compare(&corrected)
    );

    let path = options.output("lstm_from_scratch.png");
    Chart::new("An LSTM from scratch")
        .axes("step", "loss on the training sequences")
        .log_y()
        .line("here, as printed: f = sigmoid(g)", over_steps(&losses))
        .line(
            "here, by the formulas: f = sigmoid(f)",
            over_steps(&corrected),
        )
        .points("printed by the notebook, 2017", printed.points())
        .save(&path)?;
    println!("chart: {}", path.display());
    Ok(())
}

/// The notebook's cells from the first to the last; gives the loss after each step.
fn run_notebook(
    forget_gate: ForgetGate,
    data: &Sequences,
    steps: usize,
) -> anyhow::Result<Vec<f32>> {
    let graph = Graph::new();
    let model = model(&graph, forget_gate);
    let sess = Session::new(&graph);
    sess.run(graph.global_variables_initializer(), feed![])?;
    let losses = train(&sess, &model, data, steps)?;
    let test_loss = sess.run(model.loss.scalar(), feed![model.seq_input => &data.test])?;
    println!("test loss: {}", general(test_loss, 6));
    Ok(losses)
}

/// What the forget gate is computed from.
#[derive(Clone, Copy)]
pub(crate) enum ForgetGate {
    /// `f = tf.sigmoid(g)`, the notebook's slip. The weights of the gate then have no part in the
    /// loss: they have no gradients, and Adam leaves them as they are.
    AsPrinted,
    /// `f = tf.sigmoid(f)`.
    AsInTheFormulas,
}

/// What a session runs.
pub(crate) struct Model<'g> {
    /// `[batch, SEQ_LENGTH, 1]`.
    pub(crate) seq_input: Tensor<'g, f32>,
    /// Of the prediction of the last element, from those before it.
    pub(crate) loss: Tensor<'g, f32>,
    pub(crate) train_step: Operation<'g>,
}

/// Builds the notebook's network. The graph is not called `g` here: that is the input to the state.
pub(crate) fn model(graph: &Graph, forget_gate: ForgetGate) -> Model<'_> {
    graph.set_random_seed(1);

    let scope = graph.open_variable_scope("input");
    let seq_input = graph.placeholder::<f32>("seq_input", shape![?, SEQ_LENGTH, 1]);
    drop(scope);

    // The op seeds of TensorFlow 1, as `rnn_from_scratch` explains.
    let glorot = |op_seed| glorot_uniform().seed(op_seed);
    let scope = graph.open_variable_scope("weights");
    let w_gx = graph.get_variable_with::<f32>("W_gx", [1, HIDDEN_DIM], glorot(4));
    let w_gh = graph.get_variable_with::<f32>("W_gh", [HIDDEN_DIM, HIDDEN_DIM], glorot(14));
    let w_ix = graph.get_variable_with::<f32>("W_ix", [1, HIDDEN_DIM], glorot(24));
    let w_ih = graph.get_variable_with::<f32>("W_ih", [HIDDEN_DIM, HIDDEN_DIM], glorot(34));
    let w_fx = graph.get_variable_with::<f32>("W_fx", [1, HIDDEN_DIM], glorot(44));
    let w_fh = graph.get_variable_with::<f32>("W_fh", [HIDDEN_DIM, HIDDEN_DIM], glorot(54));
    let w_ox = graph.get_variable_with::<f32>("W_ox", [1, HIDDEN_DIM], glorot(64));
    let w_oh = graph.get_variable_with::<f32>("W_oh", [HIDDEN_DIM, HIDDEN_DIM], glorot(74));
    let b_g = graph.get_variable_with::<f32>("b_g", [HIDDEN_DIM], glorot(84));
    let b_i = graph.get_variable_with::<f32>("b_i", [HIDDEN_DIM], glorot(94));
    let b_f = graph.get_variable_with::<f32>("b_f", [HIDDEN_DIM], glorot(104));
    let b_o = graph.get_variable_with::<f32>("b_o", [HIDDEN_DIM], glorot(114));

    let w_yh = graph.get_variable_with::<f32>("W_yh", [HIDDEN_DIM, 1], glorot(124));
    let b_y = graph.get_variable_with::<f32>("b_y", [1], glorot(134));
    drop(scope);

    let scope = graph.open_variable_scope("rnn");
    let batch = seq_input.size_of(0);
    let state_0 = graph
        .zeros::<f32>(sizes![batch, HIDDEN_DIM])
        .named("state_0");
    let mut state = state_0;
    let mut states = Vec::new();
    let hidden_0 = graph
        .zeros::<f32>(sizes![batch, HIDDEN_DIM])
        .named("hidden_0");
    let mut hidden = hidden_0;
    let mut hiddens = Vec::new();
    for j in 0..SEQ_LENGTH - 1 {
        let x = seq_input.slice((.., j, ..));
        let g = x.matmul(w_gx) + hidden.xw_plus_b(w_gh, b_g);
        let g = g.tanh().named("g");
        let i = x.matmul(w_ix) + hidden.xw_plus_b(w_ih, b_i);
        let i = i.sigmoid().named("i");
        let f = x.matmul(w_fx) + hidden.xw_plus_b(w_fh, b_f);
        let f = match forget_gate {
            ForgetGate::AsPrinted => g.sigmoid().named("f"),
            ForgetGate::AsInTheFormulas => f.sigmoid().named("f"),
        };
        let o = x.matmul(w_ox) + hidden.xw_plus_b(w_oh, b_o);
        let o = o.sigmoid().named("o");
        state = g * i + f * state;
        states.push(state);
        hidden = o * state.tanh();
        hiddens.push(hidden);
    }
    graph.stack(&states, 1).named("states");
    let hiddens = graph.stack(&hiddens, 1).named("hiddens");
    drop(scope);

    let scope = graph.open_variable_scope("output");
    let outputs = hiddens.reshape(sizes![-1, HIDDEN_DIM]);
    let outputs = outputs.xw_plus_b(w_yh, b_y);
    let outputs = outputs
        .reshape(sizes![-1, SEQ_LENGTH - 1, 1])
        .named("outputs");
    drop(scope);

    let scope = graph.open_variable_scope("learning");
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
