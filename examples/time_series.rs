//! Notebook 002, "RNN_scratch", second part: "Introduction to RNN using TF API". A recurrent network
//! reads thirty points of a sine curve, and tells after each the next one.
//!
//! What each TensorFlow call became: `docs/notebooks/002_time_series.md`.
//!
//! `cargo run --release --example time_series`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use std::fs;

use aqueduct::Philox;
use aqueduct::prelude::*;
use aqueduct_examples::{Chart, Colour, Options, Panels, Progress, float_repr};
use clap::Parser;
use ndarray::{Array1, Array2, Array3, ArrayView1, Axis, Ix3, s};
use rand::RngExt as _;

const NUM_TIMESTEPS: usize = 30; // number of steps in each batch

const NUM_INPUTS: usize = 1;
const NUM_NEURONS: usize = 100; // number of neurons in a layer
const NUM_OUTPUTS: usize = 1;
const LEARNING_RATE: f64 = 0.001;
const BATCH_SIZE: usize = 1;
const NUM_TRAIN_ITERATIONS: usize = 2000; // 2000 steps

/// Trains the network of notebook 002 to continue a sine curve: once, and then for 100 to 2000 steps.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,

    /// The seed of the first weights and of the batches
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let Arguments { options, seed } = Arguments::parse();
    run(&options, seed)
}

/// The notebook's cells from the first to the last.
pub(crate) fn run(options: &Options, seed: u64) -> anyhow::Result<()> {
    let ts_data = TimeSeriesData::new(250, 0.0, 10.0);
    Chart::new("A sine curve")
        .axes("TIME", "")
        .line(
            "sin(t)",
            points(ts_data.x_data.view(), ts_data.y_true.clone()),
        )
        .save(options.output("time_series_curve.png"))?;

    let train_instance = train_instance(&ts_data);
    println!("train_instance: {train_instance:.8}");
    instance_chart("Training Instance", "INSTANCE", 7, &train_instance)
        .save(options.output("time_series_instance.png"))?;
    goal_chart("One time step ahead", [7, 5], &train_instance)
        .save(options.output("time_series_goal.png"))?;

    let g = Graph::new();
    g.set_random_seed(seed);
    let model = model(&g);
    fs::create_dir_all(&options.out)?;
    let checkpoint = options.output("rnn_time_series_codealong");

    let sess = Session::new(&g);
    sess.run(model.init, feed![])?;
    let steps = options.steps(NUM_TRAIN_ITERATIONS, 300);
    let mut rng = Philox::new(seed, 0);
    let print = |iteration, mse| println!("{iteration} \tMSE {}", float_repr(mse));
    train(&sess, &model, &ts_data, &mut rng, 0..steps, print)?;
    model.saver.save(&sess, &checkpoint)?;

    let sess = Session::new(&g);
    model.saver.restore(&sess, &checkpoint)?;
    let y_pred = predict(&sess, &model, &train_instance)?;
    println!(
        "restored: MSE {}",
        float_repr(mse(&train_instance, &y_pred))
    );
    testing_chart("Model Testing", [7, 5, 3], &train_instance, &y_pred)
        .save(options.output("time_series.png"))?;

    study(&model, &ts_data, options, seed)?.save(options.output("time_series_study.png"))?;
    for chart in ["_curve", "_instance", "_goal", "", "_study"] {
        let path = options.output(&format!("time_series{chart}.png"));
        println!("chart: {}", path.display());
    }
    Ok(())
}

/// A sine curve in time.
pub(crate) struct TimeSeriesData {
    xmin: f64,
    xmax: f64,
    resolution: f64,
    x_data: Array1<f64>,
    y_true: Array1<f64>,
}

impl TimeSeriesData {
    pub(crate) fn new(num_points: usize, xmin: f64, xmax: f64) -> TimeSeriesData {
        let x_data = Array1::linspace(xmin, xmax, num_points);
        let y_true = TimeSeriesData::ret_true(x_data.view());
        TimeSeriesData {
            xmin,
            xmax,
            resolution: (xmax - xmin) / num_points as f64,
            x_data,
            y_true,
        }
    }

    pub(crate) fn ret_true(x_series: ArrayView1<'_, f64>) -> Array1<f64> {
        x_series.mapv(f64::sin)
    }

    /// Series at t, `[batch_size, steps, 1]`, the same at t + 1, and their times,
    /// `[batch_size, steps + 1]`.
    pub(crate) fn next_batch(
        &self,
        batch_size: usize,
        steps: usize,
        rng: &mut Philox,
    ) -> (Array3<f32>, Array3<f32>, Array2<f64>) {
        // grab random starting point for each batch
        let rand_start = Array2::from_shape_simple_fn((batch_size, 1), || rng.random::<f64>());
        // convert to be on time series
        let ts_start = rand_start * (self.xmax - self.xmin - steps as f64 * self.resolution);
        // create batch series : x axis
        let arange = Array1::from_iter((0..=steps).map(|step| step as f64));
        let batch_ts = ts_start + arange * self.resolution;
        // create y data for each x axis point
        let y_batch = batch_ts.mapv(|t| t.sin() as f32).insert_axis(Axis(2));
        // formatting for RNN: returns at t = t and t = t + 1
        (
            y_batch.slice(s![.., ..-1, ..]).to_owned(),
            y_batch.slice(s![.., 1.., ..]).to_owned(),
            batch_ts,
        )
    }
}

/// The times of the series that the network is tried on, and of the point after it.
pub(crate) fn train_instance(ts_data: &TimeSeriesData) -> Array1<f64> {
    let end = 5.0 + ts_data.resolution * (NUM_TIMESTEPS + 1) as f64;
    Array1::linspace(5.0, end, NUM_TIMESTEPS + 1)
}

/// What a session runs.
pub(crate) struct Model<'g> {
    /// `[batch, NUM_TIMESTEPS, NUM_INPUTS]`.
    pub(crate) x: Tensor<'g, f32>,
    /// `[batch, NUM_TIMESTEPS, NUM_OUTPUTS]`, as `outputs` are.
    pub(crate) y: Tensor<'g, f32>,
    outputs: Tensor<'g, f32>,
    pub(crate) loss: Tensor<'g, f32>,
    pub(crate) train: Operation<'g>,
    pub(crate) init: Operation<'g>,
    pub(crate) saver: Saver,
}

pub(crate) fn model(g: &Graph) -> Model<'_> {
    let x = g.placeholder::<f32>("X", shape![?, NUM_TIMESTEPS, NUM_INPUTS]);
    let y = g.placeholder::<f32>("Y", shape![?, NUM_TIMESTEPS, NUM_OUTPUTS]);

    // Recurrent Neural Network Cell Layer
    let cell = BasicRnnCell::new(NUM_NEURONS).activation(Tensor::relu);
    // output projection wrapper
    let cell = OutputProjectionWrapper::new(cell, NUM_OUTPUTS);
    let (outputs, _states) = dynamic_rnn(&cell, x);
    // MSE
    let loss = (outputs - y).square().reduce_mean(..);
    // optimizer - adam
    let optimizer = AdamOptimizer::new(LEARNING_RATE);
    // optimizer minimizes the loss calculated above
    let train = optimizer.minimize(loss);
    // initialize all variables
    let init = g.global_variables_initializer();
    let saver = Saver::new(g); // saves model

    Model {
        x,
        y,
        outputs,
        loss,
        train,
        init,
        saver,
    }
}

/// Takes a step for each of these iterations, and shows the loss after every hundredth, from the first.
pub(crate) fn train(
    sess: &Session,
    model: &Model<'_>,
    ts_data: &TimeSeriesData,
    rng: &mut Philox,
    iterations: impl Iterator<Item = usize>,
    mut show: impl FnMut(usize, f32),
) -> anyhow::Result<()> {
    for iteration in iterations {
        let (x_batch, y_batch, _) = ts_data.next_batch(BATCH_SIZE, NUM_TIMESTEPS, rng);
        sess.run(model.train, feed![model.x => &x_batch, model.y => &y_batch])?;
        if iteration % 100 == 0 {
            let feeds = feed![model.x => &x_batch, model.y => &y_batch];
            show(iteration, sess.run(model.loss.scalar(), feeds)?);
        }
    }
    Ok(())
}

/// What the model gives for the training instance: the points at t + 1, `[1, NUM_TIMESTEPS, 1]`.
pub(crate) fn predict(
    sess: &Session,
    model: &Model<'_>,
    train_instance: &Array1<f64>,
) -> anyhow::Result<Array3<f32>> {
    let x_new = TimeSeriesData::ret_true(train_instance.slice(s![..-1])).mapv(|x| x as f32);
    let x_new = x_new.to_shape((1, NUM_TIMESTEPS, NUM_INPUTS))?;
    let y_pred = sess.run(model.outputs, feed![model.x => &x_new])?;
    Ok(y_pred.into_dimensionality::<Ix3>()?)
}

/// Trains for 100 steps, 200 steps and so on, each time from the first weights, and draws what each
/// model gives for the training instance.
fn study(
    model: &Model<'_>,
    ts_data: &TimeSeriesData,
    options: &Options,
    seed: u64,
) -> anyhow::Result<Panels> {
    let train_instance = train_instance(ts_data);
    let checkpoint = options.output("rnn_time_series_codealong");
    let last = options.steps(NUM_TRAIN_ITERATIONS, 400);
    let lengths = || (100..=last).step_by(100);
    let progress = Progress::new(lengths().sum());
    let testing_model = |steps: usize| -> anyhow::Result<Array3<f32>> {
        let sess = Session::new(model.loss.graph());
        sess.run(model.init, feed![])?;
        let mut rng = Philox::new(seed, steps as u64);
        let iterations = (0..steps).inspect(|_| progress.step());
        train(&sess, model, ts_data, &mut rng, iterations, |_, _| ())?;
        model.saver.save(&sess, &checkpoint)?;

        let sess = Session::new(model.loss.graph());
        model.saver.restore(&sess, &checkpoint)?;
        predict(&sess, model, &train_instance)
    };

    let mut panels = Panels::new("What the model gives after so many steps", 5);
    for step in lengths() {
        let y_pred = testing_model(step)?;
        progress.println(&format!("{:?}", y_pred.dim()));
        progress.println(&format!("{step}"));
        let title = format!("Step: {step}");
        panels = panels.panel(testing_chart(&title, [5, 3, 2], &train_instance, &y_pred));
    }
    Ok(panels)
}

/// The mean squared error of what a model gives for the training instance.
pub(crate) fn mse(train_instance: &Array1<f64>, y_pred: &Array3<f32>) -> f32 {
    let y_true = TimeSeriesData::ret_true(train_instance.slice(s![1..])).mapv(|y| y as f32);
    let errors = &y_pred.slice(s![0, .., 0]) - &y_true;
    errors.pow2().mean().unwrap_or(f32::NAN)
}

/// The training instance in dots of this radius.
fn instance_chart(title: &str, name: &str, radius: u8, train_instance: &Array1<f64>) -> Chart {
    let x_data = train_instance.slice(s![..-1]);
    Chart::new(title)
        .axes("TIME", "")
        .dots(
            name,
            radius,
            points(x_data, TimeSeriesData::ret_true(x_data)),
        )
        .coloured(Colour::Sky)
}

/// The training instance and what is to be told of each point, in dots of these radii.
fn goal_chart(title: &str, [instance, target]: [u8; 2], train_instance: &Array1<f64>) -> Chart {
    let x_data = train_instance.slice(s![1..]);
    instance_chart(title, "Training Instance", instance, train_instance)
        .dots(
            "Target",
            target,
            points(x_data, TimeSeriesData::ret_true(x_data)),
        )
        .coloured(Colour::Black)
}

/// The training instance, what follows, and what the model gives, in dots of these radii.
fn testing_chart(
    title: &str,
    [instance, target, predictions]: [u8; 3],
    train_instance: &Array1<f64>,
    y_pred: &Array3<f32>,
) -> Chart {
    let x_data = train_instance.slice(s![1..]);
    let y_pred = y_pred.slice(s![0, .., 0]).mapv(f64::from);
    goal_chart(title, [instance, target], train_instance)
        .dots("Predictions", predictions, points(x_data, y_pred))
        .coloured(Colour::Vermilion)
}

fn points(x_data: ArrayView1<'_, f64>, y_data: Array1<f64>) -> impl Iterator<Item = (f64, f64)> {
    x_data.to_owned().into_iter().zip(y_data)
}
