//! The layer of which every output depends on every input.

use std::fmt;
use std::panic::Location as Caller;

use crate::build::VariableOptions;
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::Tensor;
use crate::ids::RegionId;
use crate::initializer::{Initializer, zeros_initializer};
use crate::mistake::{MistakeKind, Problem};
use crate::regularizer::{Regularizer, penalize_activity};
use crate::scope::{NameScope, Reuse, VariableScope};
use crate::shape::Dim;
use crate::sizes::{Size, Sizes};

/// A function from the layer's sums to its results.
type Activation<'f, 'g, T> = Box<dyn FnOnce(Tensor<'g, T>) -> Tensor<'g, T> + 'f>;

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
    activation: Option<Activation<'f, 'g, T>>,
    use_bias: bool,
    kernel_initializer: Option<Initializer>,
    bias_initializer: Initializer,
    kernel_regularizer: Option<Regularizer>,
    bias_regularizer: Option<Regularizer>,
    activity_regularizer: Option<Activation<'f, 'g, T>>,
    trainable: bool,
    name: Option<String>,
    reuse: Reuse,
}

impl<'f, 'g, T: Float> Dense<'f, 'g, T> {
    /// A layer of this many results, at least 1: without an activation, with a bias that starts at
    /// zero, trainable.
    pub fn new(units: usize) -> Dense<'f, 'g, T> {
        Dense {
            units,
            activation: None,
            use_bias: true,
            kernel_initializer: None,
            bias_initializer: zeros_initializer(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            trainable: true,
            name: None,
            reuse: Reuse::No,
        }
    }

    /// The function of the sums: `Tensor::relu`, or a closure.
    pub fn activation(
        mut self,
        activation: impl FnOnce(Tensor<'g, T>) -> Tensor<'g, T> + 'f,
    ) -> Dense<'f, 'g, T> {
        self.activation = Some(Box::new(activation));
        self
    }

    /// Whether a bias is added.
    pub fn use_bias(mut self, use_bias: bool) -> Dense<'f, 'g, T> {
        self.use_bias = use_bias;
        self
    }

    /// What the kernel starts from; else the scope's initializer, which is `glorot_uniform` unless
    /// told otherwise.
    pub fn kernel_initializer(mut self, initializer: Initializer) -> Dense<'f, 'g, T> {
        self.kernel_initializer = Some(initializer);
        self
    }

    /// What the bias starts from.
    pub fn bias_initializer(mut self, initializer: Initializer) -> Dense<'f, 'g, T> {
        self.bias_initializer = initializer;
        self
    }

    /// The penalty for the kernel's values, in place of the scope's.
    pub fn kernel_regularizer(mut self, regularizer: Regularizer) -> Dense<'f, 'g, T> {
        self.kernel_regularizer = Some(regularizer);
        self
    }

    /// The penalty for the bias' values, in place of the scope's.
    pub fn bias_regularizer(mut self, regularizer: Regularizer) -> Dense<'f, 'g, T> {
        self.bias_regularizer = Some(regularizer);
        self
    }

    /// A penalty for the layer's results: a function that gives a scalar. Divided by the number of
    /// examples, the size of axis 0, it joins the collection
    /// [`Keys::REGULARIZATION_LOSSES`](crate::Keys::REGULARIZATION_LOSSES), so it is a mistake in the
    /// body of a loop or branch.
    pub fn activity_regularizer(
        mut self,
        penalty: impl FnOnce(Tensor<'g, T>) -> Tensor<'g, T> + 'f,
    ) -> Dense<'f, 'g, T> {
        self.activity_regularizer = Some(Box::new(penalty));
        self
    }

    /// Whether optimizers train the layer by default.
    pub fn trainable(mut self, trainable: bool) -> Dense<'f, 'g, T> {
        self.trainable = trainable;
        self
    }

    /// The variable scope of the layer.
    pub fn name(mut self, name: &str) -> Dense<'f, 'g, T> {
        self.name = Some(name.to_owned());
        self
    }

    /// Whether the variables are those that an earlier layer of the same name has made.
    pub fn reuse(mut self, reuse: Reuse) -> Dense<'f, 'g, T> {
        self.reuse = reuse;
        self
    }

    /// Adds the layer to the graph: of `[.., inputs]`, `[.., units]`. The number of inputs must be
    /// known while building, and `x` must be at least a matrix.
    #[track_caller]
    pub fn apply(self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let caller = Caller::caller();
        let graph = x.graph();
        let _here = graph.here();
        if x.is_poisoned() {
            return x;
        }
        let inputs = match self.inputs_of(x) {
            Ok(inputs) => inputs,
            Err(problem) => {
                let name = self.name.as_deref().unwrap_or(DEFAULT_NAME);
                return Tensor::assume(graph.poisoned_like(x.any(), "dense", name, problem));
            }
        };
        let _scope = self.open_scope(graph);
        let product = self.product(x, inputs);
        let sums = if self.use_bias {
            let initializer = Some(self.bias_initializer.clone());
            let options = self.variable(initializer, &self.bias_regularizer);
            product.bias_add(graph.get_variable_with("bias", [self.units], options))
        } else {
            product
        };
        let results = match self.activation {
            None => sums,
            Some(activation) => {
                let _user_code = graph.called_from(caller);
                activation(sums)
            }
        };
        if let Some(penalty) = self.activity_regularizer {
            let _scope = graph.open_scope("ActivityRegularizer");
            let penalty = {
                let _user_code = graph.called_from(caller);
                penalty(results)
            };
            penalize_activity(results.any(), penalty.any());
        }
        results
    }
}

/// The scope of a layer without a name, if it is the first.
const DEFAULT_NAME: &str = "dense";

impl<'g, T: Float> Dense<'_, 'g, T> {
    /// The size of the last axis of `x`, if the layer can be applied to it.
    fn inputs_of(&self, x: Tensor<'g, T>) -> Result<usize, Problem> {
        if self.units == 0 {
            return Err(Problem::argument("units is 0 but must be at least 1"));
        }
        if self.activity_regularizer.is_some() && x.graph().context().region != RegionId::ROOT {
            let problem = Problem::new(
                MistakeKind::Region,
                "a layer with an activity regularizer is applied in the body of a loop or branch",
            );
            return Err(problem.help("give the results out of the body, and penalize them there"));
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

    /// Opens the layer's variable scope.
    #[track_caller]
    fn open_scope(&self, graph: &'g Graph) -> NameScope {
        let settings = VariableScope::new().reuse(self.reuse);
        match &self.name {
            Some(name) => graph.open_variable_scope_with(name, settings),
            None => graph.open_default_scope(DEFAULT_NAME, settings),
        }
    }

    fn variable(
        &self,
        initializer: Option<Initializer>,
        regularizer: &Option<Regularizer>,
    ) -> VariableOptions {
        let mut options = VariableOptions::new().trainable(self.trainable);
        if let Some(initializer) = initializer {
            options = options.initializer(initializer);
        }
        if let Some(regularizer) = regularizer {
            options = options.regularizer(regularizer.clone());
        }
        options
    }

    /// `x · kernel` along the last axis of `x`.
    #[track_caller]
    fn product(&self, x: Tensor<'g, T>, inputs: usize) -> Tensor<'g, T> {
        let graph = x.graph();
        let options = self.variable(self.kernel_initializer.clone(), &self.kernel_regularizer);
        let kernel = graph.get_variable_with("kernel", [inputs, self.units], options);
        if x.shape().rank() == 2 {
            return x.matmul(kernel);
        }
        let _scope = graph.open_scope("Tensordot");
        let rows = x.shape().elements().and_then(|all| all.checked_div(inputs));
        let rows = rows.map_or(Size::Number(-1), Size::from);
        let matrix = x.reshape([rows, Size::from(inputs)]).matmul(kernel);
        matrix.reshape(self.result_sizes(x))
    }

    /// The sizes of `x`, of which the last becomes the number of units.
    #[track_caller]
    fn result_sizes(&self, x: Tensor<'g, T>) -> Sizes<'g> {
        let shape = x.shape();
        let all = (0_i64..).zip(shape.dims());
        let leading = all.take(shape.rank().saturating_sub(1));
        let sizes = leading.map(|(axis, dim)| match dim {
            Dim::Known(size) => Size::from(*size),
            Dim::Unknown(_) => Size::from(x.size_of(axis)),
        });
        let sizes = sizes.chain([Size::from(self.units)]);
        Sizes::list(sizes.collect())
    }
}

impl<T> fmt::Debug for Dense<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dense")
            .field("units", &self.units)
            .field("use_bias", &self.use_bias)
            .field("trainable", &self.trainable)
            .field("name", &self.name)
            .field("reuse", &self.reuse)
            .finish_non_exhaustive()
    }
}
