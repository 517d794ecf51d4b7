//! Notebook 004, "Recurrent Neural Networks with TensorFlow": an LSTM reads MNIST's images row by
//! row, a time step for each of 28 rows, and tells the digit. The steps are one loop of
//! `dynamic_rnn`.
//!
//! What each TensorFlow call became: `docs/notebooks/004_mnist_dynamic_rnn.md`.
//!
//! `cargo run --release --example mnist_dynamic_rnn`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct::prelude::*;
use aqueduct_examples::{Curves, Mnist, MnistModel, MnistOptions, Progress, rows_as_steps};
use clap::Parser;

const N_INPUT: usize = 28; // pixels of a row of an image
const N_STEPS: usize = 28; // timesteps
const N_HIDDEN: usize = 128; // hidden layer num of features
const N_CLASSES: usize = 10; // MNIST total classes (0-9 digits)

const LEARNING_RATE: f64 = 0.001;
const TRAINING_ITERS: usize = 100_000;
const BATCH_SIZE: usize = 100;
const DISPLAY_STEP: usize = 10;

/// Trains the LSTM of notebook 004 on MNIST.
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
    println!("Train Images:  {:?}", mnist.train.images_shape());
    println!("Train Labels   {:?}", mnist.train.labels_shape());
    println!("Test Images:   {:?}", mnist.test.images_shape());
    println!("Test Labels:   {:?}", mnist.test.labels_shape());

    let g = Graph::new();
    g.set_random_seed(options.seed);
    let model = model(&g);

    let init = g.global_variables_initializer();
    let sess = Session::new(&g);
    sess.run(init, feed![])?;
    let training_iters = options.common.steps(TRAINING_ITERS, 3_100);
    let curves = train(&sess, &model, &mut mnist, training_iters, BATCH_SIZE)?;
    println!("Optimization Finished!");

    // Calculate accuracy for 128 mnist test images
    let test_len = 128;
    let test_data = rows_as_steps(mnist.test.images(0..test_len))?;
    let test_label = mnist.test.labels(0..test_len);
    let feeds = feed![model.x => &test_data, model.y => &test_label];
    let accuracy = sess.run(model.accuracy.scalar(), feeds)?;
    println!("Testing Accuracy: {accuracy}");
    let images = options.common.steps(mnist.test.num_examples(), 1_000);
    let accuracy = model.test_accuracy(&sess, &mnist.test, images)?;
    println!("Testing Accuracy of {images} images: {accuracy:.4}");
    let printed = Curves::printed_dynamic_rnn()?;
    let title = "An LSTM on MNIST, by dynamic_rnn";
    curves.save(&options.common, "mnist_dynamic_rnn", title, &printed)
}

pub(crate) fn model(g: &Graph) -> MnistModel<'_> {
    // Current data input shape: [batch_size, n_steps, n_input]
    let x = g.placeholder::<f32>("x", shape![?, N_STEPS, N_INPUT]);
    let y = g.placeholder::<f32>("y", shape![?, N_CLASSES]);

    // Randomly initializing weights & biases
    let weights_out = g.variable("Variable", random_normal([N_HIDDEN, N_CLASSES]));
    let biases_out = g.variable("Variable", random_normal([N_CLASSES]));

    println!("{{'out': {weights_out}}}");

    // Lets design our LSTM model
    let lstm_cell = BasicLstmCell::new(N_HIDDEN).forget_bias(1.0);

    // dynamic_rnn creates a recurrent neural network specified from lstm_cell
    let (outputs, _states) = dynamic_rnn(&lstm_cell, x);
    println!("{outputs}");

    let output = outputs.split(N_STEPS, 1)[N_STEPS - 1].reshape(sizes![-1, N_HIDDEN]);
    println!("{output}");
    let pred = output.matmul(weights_out) + biases_out;

    // Now, we define the cost function and optimizer
    let cost = softmax_cross_entropy_with_logits(y, pred).reduce_mean(..);
    let optimizer = AdamOptimizer::new(LEARNING_RATE).minimize(cost);

    // Here we define the accuracy and evaluation methods to be used in the learning process
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

/// Trains on `training_iters` images, and prints and keeps how it goes.
pub(crate) fn train(
    sess: &Session,
    model: &MnistModel<'_>,
    mnist: &mut Mnist,
    training_iters: usize,
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
    let progress = Progress::new((training_iters - 1) / batch_size);
    let mut curves = Curves::default();
    let mut step = 1;

    // Keep training until reach max iterations
    while step * batch_size < training_iters {
        // We will read a batch of 100 images [100 x 784] as batch_x
        // batch_y is a matrix of [100x10]
        let (batch_x, batch_y) = mnist.train.next_batch(batch_size);

        // We consider each row of the image as one sequence
        // Reshape data to get 28 seq of 28 elements, so that batch_x is [100x28x28]
        let batch_x = rows_as_steps(batch_x)?;

        // Run optimization op (backprop)
        sess.run(optimizer, feed![x => &batch_x, y => &batch_y])?;

        if step % DISPLAY_STEP == 0 {
            // Calculate batch accuracy
            let acc = sess.run(accuracy.scalar(), feed![x => &batch_x, y => &batch_y])?;
            // Calculate batch loss
            let loss = sess.run(cost.scalar(), feed![x => &batch_x, y => &batch_y])?;
            progress.println(&format!(
                "Iter {}, Minibatch Loss= {loss:.6}, Training Accuracy= {acc:.5}",
                step * batch_size
            ));
            curves.push(step * batch_size, loss, acc);
        }
        step += 1;
        progress.step();
    }
    Ok(curves)
}
