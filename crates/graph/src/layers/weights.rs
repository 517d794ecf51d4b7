//! What layers of a kernel and a bias have in common.

use std::fmt;
use std::panic::Location as Caller;

use super::scope::LayerScope;
use crate::build::VariableOptions;
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::Tensor;
use crate::ids::RegionId;
use crate::initializer::{Initializer, zeros_initializer};
use crate::mistake::{MistakeKind, Problem};
use crate::regularizer::{Regularizer, penalize_activity};

/// A function from the layer's sums to its results.
type Activation<'f, 'g, T> = Box<dyn FnOnce(Tensor<'g, T>) -> Tensor<'g, T> + 'f>;

/// The kernel and the bias of a layer, and what is done with the sums that they give.
pub(super) struct Weights<'f, 'g, T> {
    pub(super) scope: LayerScope,
    pub(super) activation: Option<Activation<'f, 'g, T>>,
    pub(super) use_bias: bool,
    pub(super) kernel_initializer: Option<Initializer>,
    pub(super) bias_initializer: Initializer,
    pub(super) kernel_regularizer: Option<Regularizer>,
    pub(super) bias_regularizer: Option<Regularizer>,
    pub(super) activity_regularizer: Option<Activation<'f, 'g, T>>,
}

impl<'g, T: Float> Weights<'_, 'g, T> {
    pub(super) fn new(default_name: &'static str) -> Self {
        Weights {
            scope: LayerScope::new(default_name),
            activation: None,
            use_bias: true,
            kernel_initializer: None,
            bias_initializer: zeros_initializer(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
        }
    }

    /// Adds a layer to the graph, with a kernel of these sizes, unless there is a problem. The last
    /// size is that of the bias too.
    #[track_caller]
    pub(super) fn apply(
        self,
        x: Tensor<'g, T>,
        kernel: Result<Vec<usize>, Problem>,
        sums: impl FnOnce(Tensor<'g, T>) -> Tensor<'g, T>,
    ) -> Tensor<'g, T> {
        let caller = Caller::caller();
        let graph = x.graph();
        let _here = graph.here();
        if x.is_poisoned() {
            return x;
        }
        let checked = self.check_region(graph);
        let sizes = match kernel.and_then(|sizes| checked.map(|()| sizes)) {
            Ok(sizes) => sizes,
            Err(problem) => {
                let (layer, name) = (self.scope.default, self.scope.asked_name());
                return Tensor::assume(graph.poisoned_like(
                    x.any(),
                    layer,
                    name,
                    problem.operand("x", x.any()),
                ));
            }
        };
        let _scope = self.scope.open(graph);
        let units = sizes.last().copied().unwrap_or(0);
        let options = self.variable(self.kernel_initializer.clone(), &self.kernel_regularizer);
        let kernel = graph.get_variable_with("kernel", sizes, options);
        let mut sums = sums(kernel.value());
        if self.use_bias {
            let initializer = Some(self.bias_initializer.clone());
            let options = self.variable(initializer, &self.bias_regularizer);
            sums = sums.bias_add(graph.get_variable_with("bias", [units], options));
        }
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

    /// A penalty for results cannot be collected out of a body.
    fn check_region(&self, graph: &Graph) -> Result<(), Problem> {
        if self.activity_regularizer.is_none() || graph.context().region == RegionId::ROOT {
            return Ok(());
        }
        let problem = Problem::new(
            MistakeKind::Region,
            "a layer with an activity regularizer is applied in the body of a loop or branch",
        );
        Err(problem.help("give the results out of the body, and penalize them there"))
    }

    fn variable(
        &self,
        initializer: Option<Initializer>,
        regularizer: &Option<Regularizer>,
    ) -> VariableOptions {
        let mut options = VariableOptions::new().trainable(self.scope.trainable);
        if let Some(initializer) = initializer {
            options = options.initializer(initializer);
        }
        if let Some(regularizer) = regularizer {
            options = options.regularizer(regularizer.clone());
        }
        options
    }
}

impl<T> fmt::Debug for Weights<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights")
            .field("use_bias", &self.use_bias)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The settings that layers with [`Weights`] share.
macro_rules! weighted_layer {
    ($layer:ident) => {
        impl<'f, 'g, T: $crate::element::Float> $layer<'f, 'g, T> {
            /// The function of the sums: `Tensor::relu`, or a closure.
            pub fn activation(
                mut self,
                activation: impl FnOnce($crate::Tensor<'g, T>) -> $crate::Tensor<'g, T> + 'f,
            ) -> $layer<'f, 'g, T> {
                self.weights.activation = Some(Box::new(activation));
                self
            }

            /// Whether a bias is added.
            pub fn use_bias(mut self, use_bias: bool) -> $layer<'f, 'g, T> {
                self.weights.use_bias = use_bias;
                self
            }

            /// What the kernel starts from; else the scope's initializer, which is `glorot_uniform`
            /// unless told otherwise.
            pub fn kernel_initializer(
                mut self,
                initializer: $crate::Initializer,
            ) -> $layer<'f, 'g, T> {
                self.weights.kernel_initializer = Some(initializer);
                self
            }

            /// What the bias starts from.
            pub fn bias_initializer(
                mut self,
                initializer: $crate::Initializer,
            ) -> $layer<'f, 'g, T> {
                self.weights.bias_initializer = initializer;
                self
            }

            /// The penalty for the kernel's values, in place of the scope's.
            pub fn kernel_regularizer(
                mut self,
                regularizer: $crate::Regularizer,
            ) -> $layer<'f, 'g, T> {
                self.weights.kernel_regularizer = Some(regularizer);
                self
            }

            /// The penalty for the bias' values, in place of the scope's.
            pub fn bias_regularizer(
                mut self,
                regularizer: $crate::Regularizer,
            ) -> $layer<'f, 'g, T> {
                self.weights.bias_regularizer = Some(regularizer);
                self
            }

            /// A penalty for the layer's results: a function that gives a scalar. Divided by the number
            /// of examples, the size of axis 0, it joins the collection
            /// [`Keys::REGULARIZATION_LOSSES`](crate::Keys::REGULARIZATION_LOSSES), so it is a mistake in
            /// the body of a loop or branch.
            pub fn activity_regularizer(
                mut self,
                penalty: impl FnOnce($crate::Tensor<'g, T>) -> $crate::Tensor<'g, T> + 'f,
            ) -> $layer<'f, 'g, T> {
                self.weights.activity_regularizer = Some(Box::new(penalty));
                self
            }

            /// Whether optimizers train the layer by default.
            pub fn trainable(mut self, trainable: bool) -> $layer<'f, 'g, T> {
                self.weights.scope.trainable = trainable;
                self
            }

            /// The variable scope of the layer.
            pub fn name(mut self, name: &str) -> $layer<'f, 'g, T> {
                self.weights.scope.name = Some(name.to_owned());
                self
            }

            /// Whether the variables are those that an earlier layer of the same name has made.
            pub fn reuse(mut self, reuse: $crate::Reuse) -> $layer<'f, 'g, T> {
                self.weights.scope.reuse = reuse;
                self
            }
        }
    };
}
pub(super) use weighted_layer;
