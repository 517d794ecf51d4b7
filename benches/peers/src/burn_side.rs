//! burn: `Lstm` and `Adam` on its eager CPU backend, `flex`.

use burn::module::{Module, Param};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::{GateController, Linear, LinearConfig, Lstm, LstmConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::Step;
use crate::case::Sizes;
use crate::formula;
use crate::lstm::{DIGITS, Gate, Weights, Work};

pub(crate) fn step(work: Work) -> Step {
    let device = Device::flex();
    match work {
        Work::Sequences(sizes) => {
            let device = device.autodiff();
            let xs = inputs(sizes);
            let ys = formula::uniform(formula::LABELS, sizes.batch * sizes.hidden);
            training(lstm(0, sizes, &device), move |lstm| {
                let (_, state) = lstm.forward(floats(&xs, sequences(sizes), &device), None);
                let y = floats(&ys, [sizes.batch, sizes.hidden], &device);
                MseLoss::new().forward(state.hidden, y, Reduction::Mean)
            })
        }
        Work::Digits(sizes) => {
            let device = device.autodiff();
            let xs = inputs(sizes);
            let digits = formula::classes(DIGITS as u8, sizes.batch);
            let loss: CrossEntropyLoss = CrossEntropyLossConfig::new().init(&device);
            training(Network::new(sizes, &device), move |network| {
                let digits = TensorData::new(digits.clone(), [sizes.batch]);
                let y = Tensor::<1, Int>::from_data(digits, &device);
                loss.forward(network.logits(&xs, sizes, &device), y)
            })
        }
        Work::Inference(sizes) => {
            let network = Network::new(sizes, &device);
            let xs = inputs(sizes);
            Box::new(move || {
                let logits = network.logits(&xs, sizes, &device).into_data();
                let logits = logits
                    .try_to_vec::<f32>()
                    .map_err(|error| anyhow::anyhow!("{error:?}"))?;
                Ok(logits[0])
            })
        }
    }
}

/// The usual loop: the module moves through the optimizer.
fn training<M: Module + 'static>(
    module: M,
    mut loss: impl FnMut(&M) -> Tensor<1> + 'static,
) -> Step {
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut module = Some(module);
    Box::new(move || {
        let current = module
            .take()
            .ok_or_else(|| anyhow::anyhow!("a step failed before"))?;
        let loss = loss(&current);
        let gradients = GradientsParams::from_grads(loss.backward(), &current);
        module = Some(optimizer.step(1e-3, current, gradients));
        Ok(loss.into_scalar::<f32>())
    })
}

/// An LSTM with a linear layer on its last output.
#[derive(Module, Debug)]
struct Network {
    lstm: Lstm,
    out: Linear,
}

impl Network {
    /// With the first weights of the formula.
    fn new(sizes: Sizes, device: &Device) -> Network {
        let mut out = LinearConfig::new(sizes.hidden, DIGITS).init(device);
        let w = formula::weights(0, sizes.hidden * DIGITS);
        out.weight = Param::from_tensor(floats(&w, [sizes.hidden, DIGITS], device));
        let b = formula::weights(1, DIGITS);
        out.bias = Some(Param::from_tensor(floats(&b, [DIGITS], device)));
        let lstm = lstm(2, sizes, device);
        Network { lstm, out }
    }

    fn logits(&self, xs: &[f32], sizes: Sizes, device: &Device) -> Tensor<2> {
        let (_, state) = self
            .lstm
            .forward(floats(xs, sequences(sizes), device), None);
        self.out.forward(state.hidden)
    }
}

/// With the first weights of the formula, and one bias a gate, as TensorFlow's cell.
fn lstm(stream: u32, sizes: Sizes, device: &Device) -> Lstm {
    let mut lstm: Lstm = LstmConfig::new(sizes.inputs, sizes.hidden, true).init(device);
    let weights = Weights::new(stream, sizes);
    let set = |controller: &mut GateController, gate: Gate| {
        let parameter = |values: Vec<f32>, rows: usize| {
            Param::from_tensor(floats(&values, [rows, sizes.hidden], device))
        };
        let inputs = &mut controller.input_transform;
        inputs.weight = parameter(weights.of_inputs(gate), sizes.inputs);
        let bias = floats(&weights.bias(gate), [sizes.hidden], device);
        inputs.bias = Some(Param::from_tensor(bias));
        let hidden = &mut controller.hidden_transform;
        hidden.weight = parameter(weights.of_hidden(gate), sizes.hidden);
        hidden.bias = None;
    };
    set(&mut lstm.input_gate, Gate::Input);
    set(&mut lstm.cell_gate, Gate::Cell);
    set(&mut lstm.output_gate, Gate::Output);
    if let Some(forget) = lstm.forget_gate.as_mut() {
        set(forget, Gate::Forget);
    }
    lstm
}

fn sequences(sizes: Sizes) -> [usize; 3] {
    [sizes.batch, sizes.steps, sizes.inputs]
}

fn inputs(sizes: Sizes) -> Vec<f32> {
    formula::uniform(formula::INPUTS, sizes.batch * sizes.steps * sizes.inputs)
}

fn floats<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}
