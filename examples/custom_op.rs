//! An op of one's own: Huber's loss, which outliers cannot drag a fit away with.
//!
//! The op carries an attribute, a shape rule, a kernel and a gradient. A line is fitted to points of
//! which some are far off, once by squared errors and once by the new op; before that, the op's
//! gradient is held against finite differences.
//!
//! `cargo run --release --example custom_op`

#![allow(clippy::print_stdout, reason = "an example shows its figures")]

use std::sync::Arc;

use anyhow::ensure;
use aqueduct::ir::{Binary, Fact, Problem};
use aqueduct::prelude::*;
use aqueduct::{Computation, CustomError, CustomGradient, CustomOp, check_gradient};
use aqueduct_examples::Options;
use clap::Parser;
use ndarray::{Array1, Zip};

const SLOPE: f32 = 2.0;
const OFFSET: f32 = -1.0;
const POINTS: usize = 100;
const LEARNING_RATE: f64 = 0.05;

/// Fits a line through points with outliers, by an op that this program brings along.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// `[predictions, labels] -> losses`, elements of `f32` of one shape: half the squared error up to
/// `delta`, from there on a straight line.
#[derive(Debug)]
struct Huber {
    delta: f32,
}

impl CustomOp for Huber {
    fn name(&self) -> &str {
        "huber"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        let [predictions, labels] = inputs else {
            return Err(Problem::argument("huber takes predictions and labels"));
        };
        if predictions.dtype != DType::F32 || labels.dtype != DType::F32 {
            return Err(Problem::dtype("predictions and labels must be f32"));
        }
        if !predictions.shape.compatible(&labels.shape) {
            let message = format!(
                "predictions have shape {} but labels have {}",
                predictions.shape, labels.shape
            );
            return Err(Problem::shape(message).help("give one label for each prediction"));
        }
        Ok(vec![predictions.clone()])
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let (predictions, labels) = (run.input::<f32>(0)?, run.input::<f32>(1)?);
        let mut losses = run.output::<f32>(0)?;
        let delta = self.delta;
        Zip::from(&mut losses)
            .and(&predictions)
            .and(&labels)
            .for_each(|loss, prediction, label| {
                let error = (prediction - label).abs();
                let near = error.min(delta);
                *loss = near * (error - 0.5 * near);
            });
        Ok(())
    }

    /// The error, but no more than `delta` of it. Built of ordinary ops, it has a gradient too.
    fn gradient(&self) -> CustomGradient {
        let delta = f64::from(self.delta);
        CustomGradient::flows(move |step| {
            let (predictions, labels, g) =
                (step.operands()[0], step.operands()[1], step.grads()[0]);
            let bound = |number| g.graph().number(DType::F32, number, "delta");
            let error = predictions.sub(labels);
            let error = error.binary(Binary::Minimum, bound(delta), "Minimum");
            let error = error.binary(Binary::Maximum, bound(-delta), "Maximum");
            let slope = g.mul(error);
            vec![Some(slope), Some(slope.scale(-1.0))]
        })
    }
}

fn huber<'g>(predictions: Tensor<'g, f32>, labels: Tensor<'g, f32>) -> Tensor<'g, f32> {
    let op = Arc::new(Huber { delta: 0.5 });
    let inputs = [predictions.any(), labels.any()];
    predictions.graph().custom_tensor(op, &inputs)
}

fn main() -> anyhow::Result<()> {
    let options = Arguments::parse().options;
    let difference = check_huber()?;
    println!("huber's gradient is within {difference:.0e} of finite differences");

    let steps = options.steps(2000, 200);
    println!("\nthe line: slope {SLOPE:.2}, offset {OFFSET:.2}");
    let squares = fit(steps, |predictions, labels| {
        predictions.squared_difference(labels)
    })?;
    println!(
        "by squared errors: slope {:.2}, offset {:.2}",
        squares.0, squares.1
    );
    let robust = fit(steps, huber)?;
    println!(
        "by huber's loss:   slope {:.2}, offset {:.2}",
        robust.0, robust.1
    );
    ensure!(
        (robust.0 - SLOPE).abs() < (squares.0 - SLOPE).abs(),
        "huber's loss should come nearer to the line"
    );
    Ok(())
}

/// The largest difference of the gradient from finite differences, on both sides of the bend.
fn check_huber() -> anyhow::Result<f64> {
    let g = Graph::new();
    let predictions = g.placeholder::<f32>("predictions", shape![?]);
    let labels = g.placeholder::<f32>("labels", shape![?]);
    let sess = Session::new(&g);
    let feeds = feed![
        predictions => Array1::linspace(-1.23_f32, 1.17, 13),
        labels => Array1::<f32>::zeros(13),
    ];
    let losses = huber(predictions, labels);
    let report = check_gradient(&sess, losses, (predictions, labels), feeds)?;
    Ok(report.within(1e-3)?.max_relative())
}

/// Fits a line by the mean of these losses; gives its slope and offset.
fn fit(
    steps: usize,
    losses: impl for<'g> Fn(Tensor<'g, f32>, Tensor<'g, f32>) -> Tensor<'g, f32>,
) -> anyhow::Result<(f32, f32)> {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let y = g.placeholder::<f32>("y", shape![?]);
    let slope = g.variable("slope", 0.0_f32);
    let offset = g.variable("offset", 0.0_f32);
    let loss = losses(x * slope + offset, y).reduce_mean(..);
    let train = AdamOptimizer::new(LEARNING_RATE).minimize(loss);
    g.check()?;

    let (xs, ys) = points();
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![])?;
    for _ in 0..steps {
        sess.run(train, feed![x => &xs, y => &ys])?;
    }
    Ok(sess.run((slope.scalar(), offset.scalar()), feed![])?)
}

/// Points on the line, of which every fifth at its upper end is far below it.
fn points() -> (Array1<f32>, Array1<f32>) {
    let xs = Array1::linspace(-1.0, 1.0, POINTS);
    let ys = xs.iter().enumerate().map(|(place, x)| {
        let outlier = *x > 0.0 && place % 5 == 0;
        SLOPE * x + OFFSET - if outlier { 10.0 } else { 0.0 }
    });
    let ys = ys.collect();
    (xs, ys)
}
