//! The layer that normalises each example by itself.

use std::fmt;
use std::panic::Location as Caller;

use super::scope::LayerScope;
use crate::build::{Axes, resolve_axis};
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::{Tensor, Variable};
use crate::initializer::{ones_initializer, zeros_initializer};
use crate::mistake::Problem;
use crate::scope::Reuse;

/// A function from what is normalised to the layer's results.
type Activation<'f, 'g, T> = Box<dyn FnOnce(Tensor<'g, T>) -> Tensor<'g, T> + 'f>;

/// What is added to a variance. TensorFlow's, of all types but `float16`.
const EPSILON: f64 = 1e-12;

/// A layer that gives each example the mean 0 and the variance 1 over its elements, then a scale and an
/// offset that are learnt. It does the same in training and otherwise, and keeps no averages.
/// TensorFlow 1's `contrib.layers.layer_norm`.
///
/// The variables `beta` and `gamma`, of the size of the last axis unless told otherwise, stand in a
/// variable scope `LayerNorm`.
///
/// ```
/// use aqueduct_graph::{Graph, LayerNorm, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 64]);
/// // Each vector of 64 by itself. Without the call, all vectors of an example together.
/// let y = LayerNorm::new().begin_norm_axis(-1).apply(x);
/// assert_eq!(y.shape().to_string(), "[?, ?, 64]");
/// let names: Vec<String> = g.trainable_variables().iter().map(|v| v.name()).collect();
/// assert_eq!(names, ["LayerNorm/beta", "LayerNorm/gamma"]);
/// ```
#[must_use = "a layer adds nothing before it is applied"]
pub struct LayerNorm<'f, 'g, T> {
    begin_norm_axis: i64,
    begin_params_axis: i64,
    center: bool,
    scale: bool,
    activation: Option<Activation<'f, 'g, T>>,
    scope: LayerScope,
}

impl<'f, 'g, T: Float> LayerNorm<'f, 'g, T> {
    /// A layer that normalises over all axes but the first, with a scale and an offset for each place
    /// of the last.
    pub fn new() -> LayerNorm<'f, 'g, T> {
        LayerNorm {
            begin_norm_axis: 1,
            begin_params_axis: -1,
            center: true,
            scale: true,
            activation: None,
            scope: LayerScope::new("LayerNorm"),
        }
    }

    /// The first of the axes that mean and variance are taken over: from there to the last.
    pub fn begin_norm_axis(mut self, axis: i64) -> LayerNorm<'f, 'g, T> {
        self.begin_norm_axis = axis;
        self
    }

    /// The first of the axes that scale and offset have: from there to the last. Their sizes must be
    /// known while building.
    pub fn begin_params_axis(mut self, axis: i64) -> LayerNorm<'f, 'g, T> {
        self.begin_params_axis = axis;
        self
    }

    /// Whether an offset `beta` is added.
    pub fn center(mut self, center: bool) -> LayerNorm<'f, 'g, T> {
        self.center = center;
        self
    }

    /// Whether there is a factor `gamma`.
    pub fn scale(mut self, scale: bool) -> LayerNorm<'f, 'g, T> {
        self.scale = scale;
        self
    }

    /// The function of what is normalised: `Tensor::relu`, or a closure.
    pub fn activation(
        mut self,
        activation: impl FnOnce(Tensor<'g, T>) -> Tensor<'g, T> + 'f,
    ) -> LayerNorm<'f, 'g, T> {
        self.activation = Some(Box::new(activation));
        self
    }

    /// Whether optimizers train the layer by default.
    pub fn trainable(mut self, trainable: bool) -> LayerNorm<'f, 'g, T> {
        self.scope.trainable = trainable;
        self
    }

    /// The variable scope of the layer.
    pub fn name(mut self, name: &str) -> LayerNorm<'f, 'g, T> {
        self.scope.name = Some(name.to_owned());
        self
    }

    /// Whether the variables are those that an earlier layer of the same name has made.
    pub fn reuse(mut self, reuse: Reuse) -> LayerNorm<'f, 'g, T> {
        self.scope.reuse = reuse;
        self
    }

    /// Adds the layer to the graph: of `x` a tensor of its shape.
    #[track_caller]
    pub fn apply(self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let caller = Caller::caller();
        let graph = x.graph();
        let _here = graph.here();
        if x.is_poisoned() {
            return x;
        }
        let sizes = match self.sizes_of(x) {
            Ok(sizes) => sizes,
            Err(problem) => {
                let name = self.scope.asked_name();
                return Tensor::assume(graph.poisoned_like(
                    x.any(),
                    "layer_norm",
                    name,
                    problem.operand("x", x.any()),
                ));
            }
        };
        let _scope = self.scope.open(graph);
        let normalized = self.normalized(x, &sizes);
        match self.activation {
            None => normalized,
            Some(activation) => {
                let _user_code = graph.called_from(caller);
                activation(normalized)
            }
        }
    }
}

impl<T: Float> Default for LayerNorm<'_, '_, T> {
    fn default() -> Self {
        LayerNorm::new()
    }
}

/// What a layer needs to know of its operand.
struct SizesOf {
    /// Those that mean and variance are taken over.
    axes: Axes,
    /// Of scale and offset.
    parameters: Vec<usize>,
}

impl<'g, T: Float> LayerNorm<'_, 'g, T> {
    fn sizes_of(&self, x: Tensor<'g, T>) -> Result<SizesOf, Problem> {
        let shape = x.shape();
        let rank = shape.rank();
        let first_normalized = resolve_axis(self.begin_norm_axis, rank)?;
        let first_parameter = resolve_axis(self.begin_params_axis, rank)?;
        let axes = (0_i64..).zip(0..rank).skip(first_normalized);
        let parameters = shape.dims().iter().skip(first_parameter);
        let parameters: Option<Vec<usize>> = parameters.map(|dim| dim.known()).collect();
        let parameters = parameters.ok_or_else(|| {
            let message = format!("x has shape {shape}, of which the sizes from axis {first_parameter} on must be known");
            Problem::shape(message).help("scale and offset have these sizes: fix them with `reshape`")
        })?;
        Ok(SizesOf {
            axes: Axes::These(axes.map(|(axis, _)| axis).collect()),
            parameters,
        })
    }

    /// The variable scope is open.
    #[track_caller]
    fn normalized(&self, x: Tensor<'g, T>, sizes: &SizesOf) -> Tensor<'g, T> {
        let graph: &'g Graph = x.graph();
        let variable = |name, initializer| -> Variable<'g, T> {
            graph.get_variable_with(name, &sizes.parameters, self.scope.variable(initializer))
        };
        let beta = self.center.then(|| variable("beta", zeros_initializer()));
        let gamma = self.scale.then(|| variable("gamma", ones_initializer()));
        normalized_layer(x, sizes.axes.clone(), beta, gamma)
    }
}

/// `x` with the mean 0 and the variance 1 along some axes, then scaled and moved.
#[track_caller]
pub(crate) fn normalized_layer<'g, T: Float>(
    x: Tensor<'g, T>,
    axes: Axes,
    beta: Option<Variable<'g, T>>,
    gamma: Option<Variable<'g, T>>,
) -> Tensor<'g, T> {
    let (mean, variance) = x.moments_keep(axes);
    let [offset, scale] = [beta, gamma].map(|own| own.map(Variable::value));
    x.batch_normalization(mean, variance, offset, scale, EPSILON)
}

impl<T> fmt::Debug for LayerNorm<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerNorm")
            .field("begin_norm_axis", &self.begin_norm_axis)
            .field("begin_params_axis", &self.begin_params_axis)
            .field("center", &self.center)
            .field("scale", &self.scale)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
