//! Notebook 001, "Recurrent Neural Network": an LSTM reads MNIST's images row by row, a time step
//! for each of 28 rows, and tells the digit. The steps are unrolled by `static_rnn`.
//!
//! What each TensorFlow call became: `docs/notebooks/001_mnist_static_rnn.md`.
//!
//! `cargo run --release --example mnist_static_rnn`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct::prelude::*;
use aqueduct_examples::{
    Curves, Mnist, MnistModel, MnistOptions, Progress, general, rows_as_steps,
};
use clap::Parser;

// Setting up parameters
const LEARNING_RATE: f64 = 0.001;
const TRAINING_ITERATIONS: usize = 100_000;
const BATCH_SIZE: usize = 128;

// Network parameters
const N_HIDDEN: usize = 128; // number of nodes in hidden layer
const N_STEPS: usize = 28; // number of times to iterate over self
const N_INPUTS: usize = 28; // pixels of a row of an image
const N_CLASSES: usize = 10; // output can be 1 of the 10 numbers

/// Trains the LSTM of notebook 001 on MNIST.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: MnistOptions,
}

fn main() -> anyhow::Result<()> {
    run(&Arguments::parse().options)
}

/// The notebook's cells from the first to the last, and charts.
pub(crate) fn run(options: &MnistOptions) -> anyhow::Result<()> {
    let mut mnist = options.read_data_sets()?;

    let g = Graph::new();
    g.set_random_seed(options.seed);
    let model = model(&g);
    let init = g.global_variables_initializer();
    let sess = Session::new(&g);
    sess.run(init, feed![])?;
    let training_iterations = options.common.steps(TRAINING_ITERATIONS, 4_000);
    let curves = train(&sess, &model, &mut mnist, training_iterations, BATCH_SIZE)?;
    println!("Done Training");

    let test_data = rows_as_steps(mnist.test.images(0..256))?;
    let test_label = mnist.test.labels(0..256);
    let feeds = feed![model.x => &test_data, model.y => &test_label];
    let accuracy = sess.run(model.accuracy.scalar(), feeds)?;
    println!("Test Accuracy: {}", general(accuracy, 6));
    let images = options.common.steps(mnist.test.num_examples(), 1_000);
    let accuracy = model.test_accuracy(&sess, &mnist.test, images)?;
    println!("Test Accuracy of {images} images: {accuracy:.4}");
    let printed = Curves::printed_static_rnn()?;
    let title = "An LSTM on MNIST, by static_rnn";
    curves.save(&options.common, "mnist_static_rnn", title, &printed)
}

pub(crate) fn model(g: &Graph) -> MnistModel<'_> {
    // mnist images are of shape 28*28 = 784
    // We do not know the number of images, they will be different for train and test, thus ?
    let x = g.placeholder::<f32>("x", shape![?, N_STEPS, N_INPUTS]);

    // y can be any number from 0 to 9 in one-hot encoded format
    let y = g.placeholder::<f32>("y", shape![?, N_CLASSES]);

    // Defining weights and bias
    let w = g.variable("Variable", random_normal([N_HIDDEN, N_CLASSES]));
    let b = g.variable("Variable", random_normal([N_CLASSES]));

    let pred = rnn_model(x, w, b);

    // Define loss and optimizer
    let cost = softmax_cross_entropy_with_logits(y, pred).reduce_mean(..);
    let optimizer = AdamOptimizer::new(LEARNING_RATE).minimize(cost);

    // Evaluate model
    let correct_pred = pred.argmax(1).equal(y.argmax(1));
    let accuracy = correct_pred.cast::<f32>().reduce_mean(..);

    MnistModel {
        x,
        y,
        pred,
        cost,
        optimizer,
        accuracy,
    }
}

/// The logits, `[batch, N_CLASSES]`, of images `[batch, N_STEPS, N_INPUTS]`.
fn rnn_model<'g>(
    xs: Tensor<'g, f32>,
    w: Variable<'g, f32>,
    b: Variable<'g, f32>,
) -> Tensor<'g, f32> {
    let x = xs.transpose([1, 0, 2]); // makes the 0th axis 1st, the 1st axis 0th, and leaves the 2nd
    let x = x.reshape(sizes![-1, N_INPUTS]); // the number of rows follows

    // Split to get a list of N_STEPS tensors of shape [batch, N_INPUTS]
    let x = x.split(N_STEPS, 0);

    let lstm_obj = BasicLstmCell::new(N_HIDDEN).forget_bias(1.0);
    let (outputs, _states) = static_rnn(&lstm_obj, &x);

    // Linear activation on last loop for output
    outputs[N_STEPS - 1].matmul(w) + b
}

/// Trains on `training_iterations` images, and prints and keeps how it goes.
pub(crate) fn train(
    sess: &Session,
    model: &MnistModel<'_>,
    mnist: &mut Mnist,
    training_iterations: usize,
    batch_size: usize,
) -> anyhow::Result<Curves> {
    let &MnistModel {
        x,
        y,
        cost,
        optimizer,
        accuracy,
        ..
    } = model;
    let progress = Progress::new((training_iterations - 1) / batch_size);
    let mut curves = Curves::default();
    let mut step = 1;

    // Train till maximum iterations
    while step * batch_size < training_iterations {
        let (batch_x, batch_y) = mnist.train.next_batch(batch_size);

        // Reshape data to get 28 sequences of 28 elements
        let batch_x = rows_as_steps(batch_x)?;
        sess.run(optimizer, feed![x => &batch_x, y => &batch_y])?;

        if step % 10 == 0 {
            let acc = sess.run(accuracy.scalar(), feed![x => &batch_x, y => &batch_y])?;
            let loss = sess.run(cost.scalar(), feed![x => &batch_x, y => &batch_y])?;
            progress.println(&format!(
                "Iteration:  {} loss:  {} Accuracy:  {}",
                step * batch_size,
                general(loss, 6),
                general(acc, 6)
            ));
            curves.push(step * batch_size, loss, acc);
        }

        step += 1;
        progress.step();
    }
    Ok(curves)
}
