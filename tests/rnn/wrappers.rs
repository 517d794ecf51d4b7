//! Wrappers of cells, with numbers.

use aqueduct::prelude::*;
use ndarray::{Array3, ArrayD, Axis, arr3};

use crate::{assert_close, initialized, numbers, variables};

/// Gives its input, and counts up in its state.
#[derive(Debug)]
struct Pass;

impl<'g> RnnCell<'g> for Pass {
    type Element = f32;
    type State = LstmState<Tensor<'g, f32>>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Self::State {
        let c = parts.memory([8]);
        LstmState {
            c,
            h: parts.tensor([8]),
        }
    }

    fn call(&self, x: Tensor<'g, f32>, s: Self::State) -> (Tensor<'g, f32>, Self::State) {
        let next = LstmState {
            c: s.c * 0.0 + 1.0,
            h: s.h * 0.0 + 1.0,
        };
        (x.identity(), next)
    }
}

const SIZES: [usize; 3] = [4, 6, 8];

/// Ones through a cell in a loop.
fn run(
    make: impl Fn(DropoutWrapper<'static, Pass>) -> DropoutWrapper<'static, Pass>,
) -> [ArrayD<f32>; 3] {
    let g = Graph::new().leak();
    g.set_random_seed(7);
    let x = g.placeholder::<f32>("x", shape![?, ?, 8]);
    let (outputs, last) = dynamic_rnn(&make(DropoutWrapper::new(Pass)), x);
    g.check().unwrap();
    let sess = initialized(g);
    let ones = Array3::<f32>::ones((SIZES[0], SIZES[1], SIZES[2]));
    let (outputs, last) = sess.run((outputs, last), feed![x => ones]).unwrap();
    [outputs, last.c, last.h]
}

#[track_caller]
fn assert_dropped(values: &ArrayD<f32>, kept: f32) {
    let count = values.iter().filter(|value| **value == kept).count();
    let zeros = values.iter().filter(|value| **value == 0.0).count();
    assert_eq!(count + zeros, values.len(), "{values}");
    assert!(count > 0 && zeros > 0, "{values}");
}

#[test]
fn dropout_draws_for_each_step() {
    let [outputs, c, h] = run(|cell| cell.input_keep_prob(0.5).state_keep_prob(0.5));
    assert_dropped(&outputs, 2.0);
    assert_dropped(&h, 2.0);
    assert!(c.iter().all(|c| *c == 1.0), "memory is left alone: {c}");
    let step = |time| outputs.index_axis(Axis(1), time);
    assert_ne!(step(0), step(1));
    let [twice, ..] = run(|cell| cell.input_keep_prob(0.5).output_keep_prob(0.5));
    assert_dropped(&twice, 4.0);
}

#[test]
fn variational_dropout_has_one_mask_for_all_steps_and_rows() {
    let [outputs, _, h] = run(|cell| {
        let cell = cell.input_keep_prob(0.5).state_keep_prob(0.5);
        cell.variational().seed(3)
    });
    assert_dropped(&outputs, 2.0);
    let row = outputs
        .index_axis(Axis(0), 0)
        .index_axis(Axis(0), 0)
        .to_owned();
    for other in outputs.lanes(Axis(2)) {
        assert_eq!(other.into_dyn(), row);
    }
    assert_dropped(&h, 2.0);
    assert_eq!(h.index_axis(Axis(0), 0), h.index_axis(Axis(0), 3));
}

#[test]
fn variational_masks_change_from_run_to_run() {
    let g = Graph::new();
    let x = g.ones::<f32>([1, 3, 64]);
    let cell = DropoutWrapper::new(BasicRnnCell::new(2))
        .input_keep_prob(0.5)
        .variational();
    let (outputs, _) = dynamic_rnn(&cell, x);
    let sess = initialized(&g);
    let [first, second] = [(); 2].map(|()| sess.run(outputs, feed![]).unwrap());
    assert_ne!(first, second);
}

#[test]
fn the_probability_may_be_fed() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let keep = g.placeholder::<f32>("keep", shape![]);
    let plain = GruCell::new(4);
    let (expected, _) = dynamic_rnn(&plain, x);
    for variational in [false, true] {
        let cell = DropoutWrapper::new(&plain)
            .input_keep_prob(keep)
            .output_keep_prob(keep);
        let cell = if variational {
            cell.variational()
        } else {
            cell
        };
        let (outputs, _) = dynamic_rnn(&cell, x);
        let sess = initialized(&g);
        let run = |keep_prob: f32| {
            let feeds = feed![x => numbers(&[2, 3, 3]), keep => keep_prob];
            sess.run((outputs, expected), feeds).unwrap()
        };
        let (kept, expected) = run(1.0);
        assert_close(&kept, &expected);
        let (dropped, _) = run(0.25);
        assert!(dropped.iter().any(|output| *output == 0.0));
    }
    g.check().unwrap();
    assert_eq!(variables(&g).len(), 4);
}

#[test]
fn a_residual_adds_the_input() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 4]);
    let cell = GruCell::new(4);
    let (plain, _) = dynamic_rnn(&cell, x);
    let (sum, _) = dynamic_rnn(&ResidualWrapper::new(&cell), x);
    let product = ResidualWrapper::new(&cell).residual_fn(|input, output| input * output);
    let (product, _) = dynamic_rnn(&product, x);
    g.check().unwrap();
    assert_eq!(variables(&g)[0], "rnn/gru_cell/gates/kernel [8, 8]");
    let sess = initialized(&g);
    let fed = numbers(&[2, 3, 4]);
    let fetches = (plain, sum, product);
    let (plain, sum, product) = sess.run(fetches, feed![x => &fed]).unwrap();
    assert_close(&sum, &(&plain + &fed));
    assert_close(&product, &(&plain * &fed));
}

#[test]
fn projections_before_and_behind() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let inner = InputProjectionWrapper::new(Pass, 8).activation(|x| x * 10.0);
    let cell = OutputProjectionWrapper::new(inner, 1).activation(Tensor::relu);
    let (outputs, _) = dynamic_rnn(&cell, x);
    g.check().unwrap();
    let scope = "rnn/output_projection_wrapper";
    let expected = [
        format!("{scope}/input_projection_wrapper/kernel [2, 8]"),
        format!("{scope}/input_projection_wrapper/bias [8]"),
        format!("{scope}/kernel [8, 1]"),
        format!("{scope}/bias [1]"),
    ];
    assert_eq!(variables(&g), expected);
    let sess = initialized(&g);
    for (variable, value) in g
        .trainable_variables()
        .into_iter()
        .zip([1.0_f32, 0.5, 2.0, -1.0])
    {
        let sizes = variable.shape().sizes().unwrap();
        let value = ArrayD::from_elem(sizes, value);
        sess.load(variable.typed::<f32>(), &value).unwrap();
    }
    let value = sess
        .run(outputs, feed![x => [[[1.0, 2.0], [-3.0, 1.0]]]])
        .unwrap();
    // Eight times (1 + 2 + 0.5) * 10 * 2, less 1; and what is below 0.
    assert_eq!(value, arr3(&[[[559.0], [0.0]]]).into_dyn());
}
