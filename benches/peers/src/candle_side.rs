//! candle: `nn::lstm`, and `AdamW` without decay.

use candle_core::{DType, Device, Error, Result, Tensor, Var};
use candle_nn as nn;
use candle_nn::{LSTM, Linear, Module as _, Optimizer as _, RNN as _, VarBuilder, VarMap};

use crate::Step;
use crate::case::Sizes;
use crate::formula;
use crate::lstm::{DIGITS, Gate, Weights, Work};

const CPU: Device = Device::Cpu;

pub(crate) fn step(work: Work) -> Result<Step> {
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &CPU);
    match work {
        Work::Sequences(sizes) => {
            let lstm = lstm(sizes, builder, &variables, 0)?;
            let mut optimizer = adam(variables.all_vars())?;
            let xs = inputs(sizes);
            let ys = formula::uniform(formula::LABELS, sizes.batch * sizes.hidden);
            Ok(Box::new(move || {
                let y = Tensor::from_slice(&ys, (sizes.batch, sizes.hidden), &CPU)?;
                let loss = nn::loss::mse(&last_output(&lstm, &xs, sizes)?, &y)?;
                optimizer.backward_step(&loss)?;
                Ok(loss.to_scalar()?)
            }))
        }
        Work::Digits(sizes) => {
            let network = Network::new(sizes, builder, &variables)?;
            let mut optimizer = adam(variables.all_vars())?;
            let xs = inputs(sizes);
            let digits = formula::classes(DIGITS as u8, sizes.batch);
            Ok(Box::new(move || {
                let y = Tensor::from_slice(&digits, sizes.batch, &CPU)?;
                let loss = nn::loss::cross_entropy(&network.logits(&xs, sizes)?, &y)?;
                optimizer.backward_step(&loss)?;
                Ok(loss.to_scalar()?)
            }))
        }
        Work::Inference(sizes) => {
            Network::new(sizes, builder, &variables)?;
            // Plain tensors, as loaded from a file: nothing is recorded for a gradient.
            let variables = variables.data().lock();
            let variables = variables
                .map_err(|error| Error::msg(error.to_string()))?
                .clone();
            let frozen = variables.into_iter();
            let frozen = frozen.map(|(name, variable)| (name, variable.as_detached_tensor()));
            let builder = VarBuilder::from_tensors(frozen.collect(), DType::F32, &CPU);
            let network = Network::of(sizes, builder)?;
            let xs = inputs(sizes);
            Ok(Box::new(move || {
                let logits = network.logits(&xs, sizes)?.to_vec2::<f32>()?;
                Ok(logits[0][0])
            }))
        }
    }
}

/// An LSTM with a linear layer on its last output.
struct Network {
    lstm: LSTM,
    out: Linear,
}

impl Network {
    fn of(sizes: Sizes, builder: VarBuilder<'_>) -> Result<Network> {
        Ok(Network {
            lstm: nn::lstm(sizes.inputs, sizes.hidden, CONFIG, builder.clone())?,
            out: nn::linear(sizes.hidden, DIGITS, builder)?,
        })
    }

    /// With the first weights of the formula.
    fn new(sizes: Sizes, builder: VarBuilder<'_>, variables: &VarMap) -> Result<Network> {
        let lstm = lstm(sizes, builder.clone(), variables, 2)?;
        let out = nn::linear(sizes.hidden, DIGITS, builder)?;
        let w = formula::weights(0, sizes.hidden * DIGITS);
        let w = Tensor::from_vec(w, (sizes.hidden, DIGITS), &CPU)?.t()?;
        set(variables, "weight", &w)?;
        let b = Tensor::from_vec(formula::weights(1, DIGITS), DIGITS, &CPU)?;
        set(variables, "bias", &b)?;
        Ok(Network { lstm, out })
    }

    fn logits(&self, xs: &[f32], sizes: Sizes) -> Result<Tensor> {
        self.out.forward(&last_output(&self.lstm, xs, sizes)?)
    }
}

/// With one bias, as TensorFlow's cell.
const CONFIG: nn::LSTMConfig = nn::LSTMConfig {
    w_ih_init: nn::init::ZERO,
    w_hh_init: nn::init::ZERO,
    b_ih_init: Some(nn::init::ZERO),
    b_hh_init: None,
    layer_idx: 0,
    direction: nn::rnn::Direction::Forward,
};

/// With the first weights of the formula.
fn lstm(sizes: Sizes, builder: VarBuilder<'_>, variables: &VarMap, stream: u32) -> Result<LSTM> {
    let lstm = nn::lstm(sizes.inputs, sizes.hidden, CONFIG, builder)?;
    let weights = Weights::new(stream, sizes);
    let gates = [Gate::Input, Gate::Forget, Gate::Cell, Gate::Output];
    let joined = |part: &dyn Fn(Gate) -> Result<Tensor>| {
        let parts: Vec<Tensor> = gates
            .iter()
            .map(|gate| part(*gate))
            .collect::<Result<_>>()?;
        Tensor::cat(&parts, 0)
    };
    let matrix =
        |rows: usize, values: Vec<f32>| Tensor::from_vec(values, (rows, sizes.hidden), &CPU)?.t();
    let w_ih = joined(&|gate| matrix(sizes.inputs, weights.of_inputs(gate)))?;
    let w_hh = joined(&|gate| matrix(sizes.hidden, weights.of_hidden(gate)))?;
    let bias = joined(&|gate| Tensor::from_vec(weights.bias(gate), sizes.hidden, &CPU))?;
    set(variables, "weight_ih_l0", &w_ih)?;
    set(variables, "weight_hh_l0", &w_hh)?;
    set(variables, "bias_ih_l0", &bias)?;
    Ok(lstm)
}

fn set(variables: &VarMap, name: &str, value: &Tensor) -> Result<()> {
    // Handles of one map: the caller's variables are set.
    variables.clone().set_one(name, value.contiguous()?)
}

fn last_output(lstm: &LSTM, xs: &[f32], sizes: Sizes) -> Result<Tensor> {
    let shape = (sizes.batch, sizes.steps, sizes.inputs);
    let states = lstm.seq(&Tensor::from_slice(xs, shape, &CPU)?)?;
    let last = states
        .last()
        .ok_or_else(|| Error::msg("there is no step"))?;
    Ok(last.h().clone())
}

fn adam(variables: Vec<Var>) -> Result<nn::AdamW> {
    let parameters = nn::ParamsAdamW {
        lr: 1e-3,
        weight_decay: 0.0,
        ..Default::default()
    };
    nn::AdamW::new(variables, parameters)
}

fn inputs(sizes: Sizes) -> Vec<f32> {
    formula::uniform(formula::INPUTS, sizes.batch * sizes.steps * sizes.inputs)
}
