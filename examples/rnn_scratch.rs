//! Notebook 002, "RNN_scratch", first part: two time steps of a recurrent layer, written out by
//! hand.
//!
//! The weights are no variables but draws, made anew in every run, so the table that the notebook
//! prints cannot come again by itself. It does tell its weights, though: the second run feeds them.
//!
//! What each TensorFlow call became: `docs/notebooks/002_two_steps_by_hand.md`.
//!
//! `cargo run --release --example rnn_scratch`

#![allow(clippy::print_stdout, reason = "a notebook prints its figures")]

use aqueduct::prelude::*;
use aqueduct_examples::{Options, array_repr};
use clap::Parser;
use ndarray::{Array2, ArrayD, Ix2, Zip, array};

const NUM_INPUTS: usize = 2;
const NUM_NEURONS: usize = 3;

/// The weights of the run that the notebook shows. Its first row of inputs is [0, 1] and its second
/// [2, 3], so atanh of its first two rows of outputs gives them.
pub(crate) const NOTEBOOK_WX: [[f32; NUM_NEURONS]; NUM_INPUTS] = [
    [0.255_446_64, 1.569_038, -1.342_558],
    [0.503_816_9, -1.600_694_3, 1.647_358_8],
];

/// Runs two time steps of notebook 002: with weights drawn by chance, then with the notebook's.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    #[allow(
        dead_code,
        reason = "every example takes them; here is nothing to shorten or save"
    )]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    Arguments::parse();
    run()
}

/// The notebook's cells from the first to the last, and its table again.
pub(crate) fn run() -> anyhow::Result<()> {
    let g = Graph::new();
    let Model { x0, x1, wx, y0, y1 } = model(&g);

    // initialize variables: there are none, and that is no mistake
    let init = g.global_variables_initializer();

    // create data
    // time stamp at t = 0
    let x0_batch = x0_batch();
    // time stamp at t = t + 1 = 1
    let x1_batch = array![[100.0, 101.0], [102.0, 103.0], [104.0, 105.0]];

    let sess = Session::new(&g);
    sess.run(init, feed![])?;
    let (y0_output_vals, y1_output_vals) =
        sess.run((y0, y1), feed![x0 => &x0_batch, x1 => &x1_batch])?;
    println!("with weights drawn by chance, y0_output_vals:");
    println!("{}", array_repr(matrix(y0_output_vals)?.view()));
    println!("y1_output_vals, of inputs around 100:");
    println!("{}", array_repr(matrix(y1_output_vals)?.view()));

    let y0_output_vals = matrix(sess.run(y0, feed![x0 => &x0_batch, wx => NOTEBOOK_WX])?)?;
    println!("with the notebook's weights, y0_output_vals:");
    println!("{}", array_repr(y0_output_vals.view()));
    let difference = largest_difference(&y0_output_vals, &notebook_y0());
    println!("largest difference from the notebook's table: {difference:.1e}");
    Ok(())
}

/// What a session runs, and what it can be fed.
pub(crate) struct Model<'g> {
    /// The inputs of the two steps, `[batch, NUM_INPUTS]`.
    pub(crate) x0: Tensor<'g, f32>,
    pub(crate) x1: Tensor<'g, f32>,
    /// The weights of the inputs, the same in both steps, `[NUM_INPUTS, NUM_NEURONS]`.
    pub(crate) wx: Tensor<'g, f32>,
    /// The outputs of the two steps, `[batch, NUM_NEURONS]`.
    pub(crate) y0: Tensor<'g, f32>,
    pub(crate) y1: Tensor<'g, f32>,
}

pub(crate) fn model(g: &Graph) -> Model<'_> {
    let x0 = g.placeholder::<f32>("x0", shape![?, NUM_INPUTS]);
    let x1 = g.placeholder::<f32>("x1", shape![?, NUM_INPUTS]);

    let wx = random_normal([NUM_INPUTS, NUM_NEURONS]).tensor::<f32>(g);
    let wy = random_normal([NUM_NEURONS, NUM_NEURONS]).tensor::<f32>(g);
    let b = g.zeros::<f32>([1, NUM_NEURONS]);

    // graphs
    let y0 = (x0.matmul(wx) + b).tanh();
    // feedback + present
    let y1 = (y0.matmul(wy) + x1.matmul(wx) + b).tanh();

    Model { x0, x1, wx, y0, y1 }
}

/// The notebook's inputs of the first step.
pub(crate) fn x0_batch() -> Array2<f32> {
    array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
}

/// The table that the notebook prints.
pub(crate) fn notebook_y0() -> Array2<f32> {
    array![
        [0.465_113_64, -0.921_773, 0.928_494_3],
        [0.965_572_66, -0.930_754_9, 0.978_326_6],
        [0.998_320_7, -0.938_738_35, 0.993_547],
    ]
}

/// A fetched value as the matrix that it is; fails if it is none.
pub(crate) fn matrix(value: ArrayD<f32>) -> anyhow::Result<Array2<f32>> {
    Ok(value.into_dimensionality::<Ix2>()?)
}

/// The largest |difference| of two elements in the same place; the arrays have one shape.
pub(crate) fn largest_difference(left: &Array2<f32>, right: &Array2<f32>) -> f32 {
    Zip::from(left)
        .and(right)
        .fold(0.0, |largest, l, r| f32::max(largest, (l - r).abs()))
}
