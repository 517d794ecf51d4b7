//! The layer of which every output depends on every input.

use std::fmt;

use super::weights::{Weights, weighted_layer};
use crate::element::Float;
use crate::handle::Tensor;
use crate::mistake::Problem;
use crate::shape::Dim;
use crate::sizes::{Size, Sizes};

/// A layer that gives `activation(x · kernel + bias)`. TensorFlow 1's `layers.dense`.
///
/// The variables `kernel`, `[inputs, units]`, and `bias`, `[units]`, stand in a variable scope of the
/// layer's name. Without a name that is the first of `dense`, `dense_1`, … in which no variable scope
/// was opened yet.
///
/// ```
/// use aqueduct_graph::{Dense, Graph, Tensor, shape};
///
/// let g = Graph::new();
/// let images = g.placeholder::<f32>("images", shape![?, 784]);
/// let hidden = Dense::new(128).activation(Tensor::relu).apply(images);
/// let logits = Dense::new(10).name("output").apply(hidden);
///
/// assert_eq!(logits.shape().to_string(), "[?, 10]");
/// let names: Vec<String> = g.trainable_variables().iter().map(|v| v.name()).collect();
/// assert_eq!(names, ["dense/kernel", "dense/bias", "output/kernel", "output/bias"]);
/// ```
#[must_use = "a layer adds nothing before it is applied"]
pub struct Dense<'f, 'g, T> {
    units: usize,
    weights: Weights<'f, 'g, T>,
}

impl<'f, 'g, T: Float> Dense<'f, 'g, T> {
    /// A layer of this many results, at least 1: without an activation, with a bias that starts at
    /// zero, trainable.
    pub fn new(units: usize) -> Dense<'f, 'g, T> {
        Dense {
            units,
            weights: Weights::new("dense"),
        }
    }

    /// Adds the layer to the graph: of `[.., inputs]`, `[.., units]`. The number of inputs must be
    /// known while building, and `x` must be at least a matrix.
    #[track_caller]
    pub fn apply(self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let units = self.units;
        let kernel = self.inputs_of(x).map(|inputs| vec![inputs, units]);
        self.weights
            .apply(x, kernel, |kernel| product(x, kernel, units))
    }

    /// The size of the last axis of `x`, if the layer can be applied to it.
    fn inputs_of(&self, x: Tensor<'g, T>) -> Result<usize, Problem> {
        if self.units == 0 {
            return Err(Problem::argument("units is 0 but must be at least 1"));
        }
        let shape = x.shape();
        let (Some(last), 2..) = (shape.dims().last(), shape.rank()) else {
            let message = format!("x has shape {shape} but must have at least 2 axes");
            return Err(Problem::shape(message).help(
                "the last axis holds the inputs of the layer, those before it the examples",
            ));
        };
        last.known().ok_or_else(|| {
            Problem::shape(format!(
                "the last axis of x, of shape {shape}, has an unknown size"
            ))
            .help("the kernel has a row for each input: fix the size with `reshape`")
        })
    }
}

weighted_layer!(Dense);

/// `x · kernel` along the last axis of `x`.
#[track_caller]
fn product<'g, T: Float>(x: Tensor<'g, T>, kernel: Tensor<'g, T>, units: usize) -> Tensor<'g, T> {
    if x.shape().rank() == 2 {
        return x.matmul(kernel);
    }
    let _scope = x.graph().open_scope("Tensordot");
    let inputs = kernel.shape().dim(0).and_then(Dim::known).unwrap_or(0);
    let rows = x.shape().elements().and_then(|all| all.checked_div(inputs));
    let rows = rows.map_or(Size::Number(-1), Size::from);
    let matrix = x.reshape([rows, Size::from(inputs)]).matmul(kernel);
    matrix.reshape(result_sizes(x, units))
}

/// The sizes of `x`, of which the last becomes the number of units.
#[track_caller]
fn result_sizes<T: Float>(x: Tensor<'_, T>, units: usize) -> Sizes<'_> {
    let shape = x.shape();
    let all = (0_i64..).zip(shape.dims());
    let leading = all.take(shape.rank().saturating_sub(1));
    let sizes = leading.map(|(axis, dim)| match dim {
        Dim::Known(size) => Size::from(*size),
        Dim::Unknown(_) => Size::from(x.size_of(axis)),
    });
    let sizes = sizes.chain([Size::from(units)]);
    Sizes::list(sizes.collect())
}

impl<T> fmt::Debug for Dense<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dense")
            .field("units", &self.units)
            .field("weights", &self.weights)
            .finish()
    }
}
