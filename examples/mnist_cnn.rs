//! A convolutional network tells the digits of MNIST: two layers of small filters, each followed by
//! pooling, then a dense layer with dropout. It ends with what it still gets wrong.
//!
//! `cargo run --release --example mnist_cnn`

#![allow(clippy::print_stdout, reason = "an example prints its figures")]

use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Mnist, MnistModel, MnistOptions, Progress, rows_as_steps};
use clap::Parser;
use ndarray::ArrayView1;

const LEARNING_RATE: f64 = 0.002;
const BATCH_SIZE: usize = 128;
/// Five times through the training images.
const STEPS: usize = 2_150;
/// What becomes of the learning rate each time through the training images.
const DECAY_RATE: f64 = 0.6;
const DECAY_STEPS: f64 = 430.0;
/// The part of the hidden layer that stays in a step of training.
const KEEP_PROB: f32 = 0.5;
/// Steps between two looks at the validation set.
const LOOK: usize = 100;

/// Trains a convolutional network on MNIST.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: MnistOptions,
}

fn main() -> anyhow::Result<()> {
    run(&Arguments::parse().options)
}

fn run(options: &MnistOptions) -> anyhow::Result<()> {
    let mut mnist = options.read_data_sets()?;
    let g = Graph::new();
    g.set_random_seed(options.seed);
    let model = network(&g);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![])?;

    let steps = options.common.steps(STEPS, 2 * LOOK);
    let curves = train(&sess, &model, &mut mnist, steps)?;
    curves.save(options)?;

    let images = options.common.steps(mnist.test.num_examples(), 1_000);
    let accuracy = model.digits.test_accuracy(&sess, &mnist.test, images)?;
    println!("Accuracy on {images} test images: {accuracy:.4}");
    show_first_mistake(&sess, &model.digits, &mnist)
}

/// The network, and what turns its dropout on.
pub(crate) struct Network<'g> {
    pub(crate) digits: MnistModel<'g>,
    /// 1 unless it is fed, so that only a step of training needs to know of it.
    pub(crate) keep_prob: Tensor<'g, f32>,
}

pub(crate) fn network(g: &Graph) -> Network<'_> {
    let x = g.placeholder::<f32>("x", shape![?, 28, 28]);
    let y = g.placeholder::<f32>("y", shape![?, 10]);
    let keep_prob = g.placeholder_with_default("keep_prob", 1.0, shape![]);

    let images = x.expand_dims(-1); // one channel
    let strokes = Conv2d::new(16, 3)
        .padding(Padding::Same)
        .activation(Tensor::relu)
        .apply(images);
    let strokes = MaxPooling2d::new(2, 2).apply(strokes); // [?, 14, 14, 16]
    let shapes = Conv2d::new(32, 3)
        .padding(Padding::Same)
        .activation(Tensor::relu)
        .apply(strokes);
    let shapes = MaxPooling2d::new(2, 2).apply(shapes); // [?, 7, 7, 32]
    let hidden = Dense::new(128)
        .activation(Tensor::relu)
        .apply(shapes.flatten())
        .dropout(keep_prob);
    let pred = Dense::new(10).name("logits").apply(hidden);

    let cost = softmax_cross_entropy_with_logits_v2(y, pred).reduce_mean(..);
    let step = get_or_create_global_step(g);
    let rate = exponential_decay(LEARNING_RATE, step, DECAY_STEPS, DECAY_RATE);
    let optimizer = AdamOptimizer::new(rate).minimize_with(cost, Minimize::new().global_step(step));
    let correct_pred = pred.argmax(1).equal(y.argmax(1));
    let accuracy = correct_pred.cast::<f32>().reduce_mean(..);
    Network {
        digits: MnistModel {
            x,
            y,
            pred,
            cost,
            optimizer,
            accuracy,
        },
        keep_prob,
    }
}

/// The course of a training, by steps.
#[derive(Default)]
pub(crate) struct Course {
    /// The mean loss of the training batches since the last look, with dropout.
    pub(crate) losses: Vec<(f64, f64)>,
    /// The part of the validation set that is told wrong.
    pub(crate) errors: Vec<(f64, f64)>,
}

pub(crate) fn train(
    sess: &Session,
    model: &Network<'_>,
    mnist: &mut Mnist,
    steps: usize,
) -> anyhow::Result<Course> {
    let &MnistModel {
        x,
        y,
        cost,
        optimizer,
        ..
    } = &model.digits;
    let train = sess.prepare((optimizer, cost.scalar()), (x, y, model.keep_prob))?;
    let progress = Progress::new(steps);
    let mut course = Course::default();
    let mut losses = 0.0;
    for step in 1..=steps {
        let (images, labels) = mnist.train.next_batch(BATCH_SIZE);
        let (_, loss) = train.run((rows_as_steps(images)?, labels, KEEP_PROB))?;
        losses += loss;
        if step % LOOK == 0 {
            let right = model
                .digits
                .test_accuracy(sess, &mnist.validation, usize::MAX)?;
            let loss = losses / LOOK as f32;
            progress.println(&format!(
                "Step {step}: loss {loss:.4}, validation accuracy {right:.4}"
            ));
            course.losses.push((step as f64, f64::from(loss)));
            course.errors.push((step as f64, f64::from(1.0 - right)));
            losses = 0.0;
        }
        progress.step();
    }
    Ok(course)
}

impl Course {
    /// Draws `mnist_cnn.png`.
    fn save(self, options: &MnistOptions) -> anyhow::Result<()> {
        let path = options.common.output("mnist_cnn.png");
        Chart::new("A convolutional network on MNIST")
            .axes("step", "loss, and part told wrong")
            .log_y()
            .line("loss of training batches, with dropout", self.losses)
            .line("validation images told wrong", self.errors)
            .save(&path)?;
        println!("chart: {}", path.display());
        Ok(())
    }
}

/// Prints the first test image that is told wrong.
fn show_first_mistake(
    sess: &Session,
    digits: &MnistModel<'_>,
    mnist: &Mnist,
) -> anyhow::Result<()> {
    let images = mnist.test.images(0..1_000);
    let labels = mnist.test.labels(0..1_000);
    let batch = rows_as_steps(images.clone())?;
    let (told, shown) = (digits.pred.argmax(1), digits.y.argmax(1));
    let (told, shown) = sess.run(
        (told, shown),
        feed![digits.x => &batch, digits.y => &labels],
    )?;
    let mut pairs = shown.iter().zip(&told).enumerate();
    if let Some((number, (shown, told))) = pairs.find(|(_, (shown, told))| shown != told) {
        println!("Test image {number} is a {shown} and is taken for a {told}:");
        println!("{}", drawn(images.row(number)));
    }
    Ok(())
}

/// An image of 28 rows as text.
pub(crate) fn drawn(pixels: ArrayView1<'_, f32>) -> String {
    const INK: [char; 5] = [' ', '.', '+', '*', '#'];
    let mut text = String::new();
    for (place, pixel) in pixels.iter().enumerate() {
        if place > 0 && place % 28 == 0 {
            text.push('\n');
        }
        let shade = (pixel * (INK.len() - 1) as f32).round() as usize;
        text.push(INK[shade.min(INK.len() - 1)]);
    }
    text
}
