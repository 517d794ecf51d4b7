//! The models, and steps of them. Those of the notebooks are the examples' own.

use aqueduct::prelude::*;
use ndarray::{ArrayD, Dimension as _};

use crate::case::{Case, Sizes};
use crate::measure::{first_losses, timed};
use crate::{formula, session};

/// A file of the examples, of which the model is measured and not the program around it.
macro_rules! example {
    ($name:ident, $path:literal) => {
        #[path = $path]
        #[allow(dead_code, reason = "only the model is measured")]
        mod $name;
    };
}
example!(lstm_from_scratch, "../../examples/lstm_from_scratch.rs");
example!(mnist_dynamic_rnn, "../../examples/mnist_dynamic_rnn.rs");
example!(mnist_static_rnn, "../../examples/mnist_static_rnn.rs");
example!(regression, "../../examples/regression.rs");
example!(rnn_from_scratch, "../../examples/rnn_from_scratch.rs");
example!(time_series, "../../examples/time_series.rs");
example!(xor, "../../examples/xor.rs");

/// What [`Case::NewLength`] begins with.
const FIRST_LENGTH: Sizes = Sizes {
    batch: 32,
    steps: 30,
    inputs: 28,
    hidden: 128,
};

/// A step, from arrays of the host to a number back on the host: the loss, or an output.
pub(crate) type Step = Box<dyn FnMut() -> anyhow::Result<f32>>;

/// Something ready to be measured.
pub(crate) struct Subject {
    /// What the first steps gave.
    pub(crate) losses: Vec<f32>,
    /// The milliseconds of one sample.
    pub(crate) sample: Box<dyn FnMut() -> anyhow::Result<f64>>,
}

/// Builds a case and takes its first steps.
pub(crate) fn build(case: Case, threads: Option<usize>) -> anyhow::Result<Subject> {
    if case == Case::NewLength {
        return new_length(threads);
    }
    let mut step = step(case, threads)?;
    let losses = first_losses(&mut step)?;
    let sample = move || {
        let (milliseconds, result) = timed(&mut step);
        result.map(|_| milliseconds)
    };
    let sample = Box::new(sample);
    Ok(Subject { losses, sample })
}

/// A step of a case that has one, from the first weights on.
pub(crate) fn step(case: Case, threads: Option<usize>) -> anyhow::Result<Step> {
    let g = Graph::new();
    match case {
        Case::Xor => {
            let xor::Model {
                input_data,
                output_data,
                cost,
                optimizer,
                ..
            } = xor::model(&g);
            let bits = inputs(&[4096, 12, 1])?.mapv(|number| (number * 2.0).floor());
            let labels = formula::classes(2, 4096 * 12);
            let labels = ArrayD::from_shape_vec(vec![4096, 12], labels)?;
            let fetches = (optimizer, cost.scalar());
            let step = initialized(&g, threads)?.prepare(fetches, (input_data, output_data))?;
            Ok(Box::new(move || Ok(step.run((&bits, &labels))?.1)))
        }
        Case::Regression => {
            let regression::Model {
                input_data,
                output_data,
                cost,
                optimizer,
                ..
            } = regression::model(&g);
            let x = (input_data, inputs(&[100, 10, 1])?);
            let y = (output_data, targets(&[100, 10])?);
            training(x, y, optimizer, cost, threads)
        }
        Case::MnistStatic => digits(&mnist_static_rnn::model(&g), 128, threads),
        Case::TimeSeries => {
            let model = time_series::model(&g);
            let x = (model.x, inputs(&[1, 30, 1])?);
            let y = (model.y, targets(&[1, 30, 1])?);
            training(x, y, model.train, model.loss, threads)
        }
        Case::Rnn => {
            let model = rnn_from_scratch::model(&g);
            continuing(model.seq_input, model.train_step, model.loss, threads)
        }
        Case::Lstm => {
            let gate = lstm_from_scratch::ForgetGate::AsInTheFormulas;
            let model = lstm_from_scratch::model(&g, gate);
            continuing(model.seq_input, model.train_step, model.loss, threads)
        }
        Case::MnistDynamic => digits(&mnist_dynamic_rnn::model(&g), 100, threads),
        Case::Sequences(sizes) => {
            let model = Sequences::build(&g, sizes);
            let x = (model.x, inputs(&[sizes.batch, sizes.steps, sizes.inputs])?);
            let y = (model.y, targets(&[sizes.batch, sizes.hidden])?);
            training(x, y, model.train, model.loss, threads)
        }
        Case::Inference { images } => {
            let model = mnist_dynamic_rnn::model(&g);
            let predict = initialized(&g, threads)?.prepare(model.pred, model.x)?;
            let xs = inputs(&[images, 28, 28])?;
            Ok(Box::new(move || Ok(predict.run(&xs)?[[0, 0]])))
        }
        Case::NewLength => anyhow::bail!("`{case}` compares steps and is none itself"),
    }
}

/// A step of training that is fed two arrays and gives the loss before it.
fn training(
    (x, xs): (Tensor<'_, f32>, ArrayD<f32>),
    (y, ys): (Tensor<'_, f32>, ArrayD<f32>),
    train: Operation<'_>,
    loss: Tensor<'_, f32>,
    threads: Option<usize>,
) -> anyhow::Result<Step> {
    let sess = initialized(loss.graph(), threads)?;
    let step = sess.prepare((train, loss.scalar()), (x, y))?;
    Ok(Box::new(move || Ok(step.run((&xs, &ys))?.1)))
}

/// Training on images and their one-hot digits.
fn digits(
    model: &aqueduct_examples::MnistModel<'_>,
    images: usize,
    threads: Option<usize>,
) -> anyhow::Result<Step> {
    let mut labels = ArrayD::zeros(vec![images, 10]);
    for (image, digit) in formula::classes(10, images).into_iter().enumerate() {
        labels[[image, digit as usize]] = 1.0;
    }
    let xs = inputs(&[images, 28, 28])?;
    training(
        (model.x, xs),
        (model.y, labels),
        model.optimizer,
        model.cost,
        threads,
    )
}

/// Training on sequences that end in their own labels.
fn continuing(
    sequences: Tensor<'_, f32>,
    train: Operation<'_>,
    loss: Tensor<'_, f32>,
    threads: Option<usize>,
) -> anyhow::Result<Step> {
    let sess = initialized(loss.graph(), threads)?;
    let step = sess.prepare((train, loss.scalar()), sequences)?;
    let values = inputs(&[800, 10, 1])?;
    Ok(Box::new(move || Ok(step.run(&values)?.1)))
}

/// An LSTM that reads sequences of any number and length; its last output is compared.
struct Sequences<'g> {
    x: Tensor<'g, f32>,
    y: Tensor<'g, f32>,
    loss: Tensor<'g, f32>,
    train: Operation<'g>,
}

impl Sequences<'_> {
    fn build(g: &Graph, sizes: Sizes) -> Sequences<'_> {
        let x = g.placeholder::<f32>("x", shape![?, ?, sizes.inputs]);
        let y = g.placeholder::<f32>("y", shape![?, sizes.hidden]);
        let (outputs, _) = dynamic_rnn(&BasicLstmCell::new(sizes.hidden), x);
        let loss = (outputs.slice((.., -1, ..)) - y).square().reduce_mean(..);
        let train = AdamOptimizer::new(0.001).minimize(loss);
        Sequences { x, y, loss, train }
    }
}

/// An LSTM that reads images row by row, as that of notebook 004, without what trains it.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'g> {
    pub(crate) x: Tensor<'g, f32>,
    pub(crate) digits: Tensor<'g, f32>,
}

impl Reader<'_> {
    pub(crate) fn build(g: &Graph) -> Reader<'_> {
        let x = g.placeholder::<f32>("x", shape![?, 28, 28]);
        let (outputs, _) = dynamic_rnn(&BasicLstmCell::new(128), x);
        let digits = Dense::new(10).apply(outputs.slice((.., -1, ..)));
        Reader { x, digits }
    }
}

/// What the first step with each new length costs beyond the shorter of two later ones.
fn new_length(threads: Option<usize>) -> anyhow::Result<Subject> {
    let Sizes {
        batch,
        mut steps,
        inputs: width,
        hidden,
    } = FIRST_LENGTH;
    let g = Graph::new();
    let model = Sequences::build(&g, FIRST_LENGTH);
    let sess = initialized(&g, threads)?;
    let step = sess.prepare((model.train, model.loss.scalar()), (model.x, model.y))?;
    let ys = targets(&[batch, hidden])?;
    let xs = inputs(&[batch, steps, width])?;
    let losses = first_losses(&mut || step.run((&xs, &ys)).map(|((), loss)| loss))?;

    let sample = move || {
        steps += 1;
        let xs = inputs(&[batch, steps, width])?;
        let run = || {
            let (milliseconds, result) = timed(|| step.run((&xs, &ys)));
            result.map(|_| milliseconds)
        };
        Ok(run()? - run()?.min(run()?))
    };
    let sample = Box::new(sample);
    Ok(Subject { losses, sample })
}

/// A session with the first weights of the formula.
pub(crate) fn initialized(g: &Graph, threads: Option<usize>) -> anyhow::Result<Session> {
    let sess = session(g, threads);
    sess.run(g.global_variables_initializer(), feed![])?;
    for (stream, variable) in (0..).zip(g.trainable_variables()) {
        let variable = variable.typed::<f32>();
        let shape = sess.value(variable)?.raw_dim();
        let weights = formula::weights(stream, shape.size());
        sess.load(variable, ArrayD::from_shape_vec(shape, weights)?)?;
    }
    Ok(sess)
}

pub(crate) fn inputs(shape: &[usize]) -> anyhow::Result<ArrayD<f32>> {
    numbers(formula::INPUTS, shape)
}

fn targets(shape: &[usize]) -> anyhow::Result<ArrayD<f32>> {
    numbers(formula::LABELS, shape)
}

fn numbers(stream: u32, shape: &[usize]) -> anyhow::Result<ArrayD<f32>> {
    let numbers = formula::uniform(stream, shape.iter().product());
    Ok(ArrayD::from_shape_vec(shape, numbers)?)
}
