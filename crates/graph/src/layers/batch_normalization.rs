//! The layer that normalises by the statistics of a batch.

use super::scope::LayerScope;
use crate::build::{Axes, Keys, VariableOptions, resolve_axis};
use crate::element::{DType, Float};
use crate::graph::Graph;
use crate::handle::{Tensor, Variable};
use crate::ids::RegionId;
use crate::initializer::{Initializer, ones_initializer, zeros_initializer};
use crate::mistake::{MistakeKind, Problem};
use crate::scope::Reuse;
use crate::shape::Dim;

/// A layer that gives each channel the mean 0 and the variance 1 over the batch, then another mean
/// and variance that are learnt. TensorFlow 1's `layers.batch_normalization`.
///
/// While training the mean and the variance are those of the batch. Moving averages of both are what
/// it normalises by otherwise. **They move only where their updates run**: these join the collection
/// [`Keys::UPDATE_OPS`], and are to be run with each step.
///
/// ```
/// use aqueduct_graph::{BatchNormalization, Graph, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 20]);
/// let training = g.placeholder::<bool>("training", shape![]);
/// let y = BatchNormalization::new().training(training).apply(x);
/// assert_eq!(y.shape().to_string(), "[?, 20]");
///
/// let loss = y.square().reduce_mean(..);
/// // The optimizer's step goes here: one operation runs it and the updates.
/// let step = g.control_dependencies(g.update_ops(), || loss.identity());
/// # let _ = step;
/// let names: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
/// assert_eq!(names, [
///     "batch_normalization/gamma",
///     "batch_normalization/beta",
///     "batch_normalization/moving_mean",
///     "batch_normalization/moving_variance",
/// ]);
/// ```
///
/// Where `training` is fed, one graph serves both: if it is false, no statistics of the batch are
/// computed, and the updates leave the averages alone.
///
/// Of a `f32` tensor of rank 4 whose channels lie on axis 1 or 3, the variance that the average follows
/// is corrected for the size of the sample (`n / (n - 1)`), as TensorFlow's kernel for images does; see
/// [`BatchNormalization::fused`].
///
/// In the body of a loop or branch it only normalises by its averages: to train there is a mistake,
/// since no step of a training could run the updates.
#[derive(Clone, Debug)]
#[must_use = "a layer adds nothing before it is applied"]
pub struct BatchNormalization<'g> {
    axis: i64,
    momentum: f64,
    epsilon: f64,
    center: bool,
    scale: bool,
    fused: bool,
    beta_initializer: Initializer,
    gamma_initializer: Initializer,
    moving_mean_initializer: Initializer,
    moving_variance_initializer: Initializer,
    training: Training<'g>,
    scope: LayerScope,
}

/// Whether a layer is training: settled while building, or in each run.
#[derive(Clone, Copy, Debug)]
pub enum Training<'g> {
    /// In every run, or in none.
    Always(bool),
    /// A scalar: a placeholder, say, which may have a default.
    Tensor(Tensor<'g, bool>),
}

impl From<bool> for Training<'_> {
    fn from(training: bool) -> Self {
        Training::Always(training)
    }
}

impl<'g> From<Tensor<'g, bool>> for Training<'g> {
    fn from(training: Tensor<'g, bool>) -> Training<'g> {
        Training::Tensor(training)
    }
}

impl<'g> BatchNormalization<'g> {
    /// A layer of channels on the last axis that is not training: momentum 0.99, epsilon 0.001, a scale
    /// that starts from 1 and an offset that starts from 0.
    pub fn new() -> BatchNormalization<'g> {
        BatchNormalization {
            axis: -1,
            momentum: 0.99,
            epsilon: 1e-3,
            center: true,
            scale: true,
            fused: true,
            beta_initializer: zeros_initializer(),
            gamma_initializer: ones_initializer(),
            moving_mean_initializer: zeros_initializer(),
            moving_variance_initializer: ones_initializer(),
            training: Training::Always(false),
            scope: LayerScope::new("batch_normalization"),
        }
    }

    /// Whether it normalises by the batch, and moves its averages: `true`, `false`, or a scalar that
    /// tells it in each run.
    pub fn training(mut self, training: impl Into<Training<'g>>) -> BatchNormalization<'g> {
        self.training = training.into();
        self
    }

    /// The axis of the channels, of which each has a mean and a variance of its own.
    pub fn axis(mut self, axis: i64) -> BatchNormalization<'g> {
        self.axis = axis;
        self
    }

    /// The part of a moving average that a step keeps, in 0..=1.
    pub fn momentum(mut self, momentum: f64) -> BatchNormalization<'g> {
        self.momentum = momentum;
        self
    }

    /// What is added to the variance, so that its root is not 0.
    pub fn epsilon(mut self, epsilon: f64) -> BatchNormalization<'g> {
        self.epsilon = epsilon;
        self
    }

    /// Whether an offset `beta` is added.
    pub fn center(mut self, center: bool) -> BatchNormalization<'g> {
        self.center = center;
        self
    }

    /// Whether there is a factor `gamma`. It can be left out if a layer without activation follows.
    pub fn scale(mut self, scale: bool) -> BatchNormalization<'g> {
        self.scale = scale;
        self
    }

    /// Whether the moving variance is corrected for the size of the sample where TensorFlow's is: of
    /// `f32` tensors of rank 4 with the channels on axis 1 or 3. It is unless told otherwise.
    pub fn fused(mut self, fused: bool) -> BatchNormalization<'g> {
        self.fused = fused;
        self
    }

    /// What `beta` starts from.
    pub fn beta_initializer(mut self, initializer: Initializer) -> BatchNormalization<'g> {
        self.beta_initializer = initializer;
        self
    }

    /// What `gamma` starts from.
    pub fn gamma_initializer(mut self, initializer: Initializer) -> BatchNormalization<'g> {
        self.gamma_initializer = initializer;
        self
    }

    /// What the average of means starts from.
    pub fn moving_mean_initializer(mut self, initializer: Initializer) -> BatchNormalization<'g> {
        self.moving_mean_initializer = initializer;
        self
    }

    /// What the average of variances starts from.
    pub fn moving_variance_initializer(
        mut self,
        initializer: Initializer,
    ) -> BatchNormalization<'g> {
        self.moving_variance_initializer = initializer;
        self
    }

    /// Whether optimizers train `beta` and `gamma` by default.
    pub fn trainable(mut self, trainable: bool) -> BatchNormalization<'g> {
        self.scope.trainable = trainable;
        self
    }

    /// The variable scope of the layer.
    pub fn name(mut self, name: &str) -> BatchNormalization<'g> {
        self.scope.name = Some(name.to_owned());
        self
    }

    /// Whether the variables are those that an earlier layer of the same name has made.
    pub fn reuse(mut self, reuse: Reuse) -> BatchNormalization<'g> {
        self.scope.reuse = reuse;
        self
    }

    /// Adds the layer to the graph: of `x` a tensor of its shape. The number of channels must be known
    /// while building.
    #[track_caller]
    pub fn apply<T: Float>(self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let graph = x.graph();
        let _here = graph.here();
        if x.is_poisoned() {
            return x;
        }
        let channels = match self.channels_of(x) {
            Ok(channels) => channels,
            Err(problem) => {
                let name = self.scope.asked_name();
                let wrong = graph.poisoned_like(
                    x.any(),
                    "batch_normalization",
                    name,
                    problem.operand("x", x.any()),
                );
                return Tensor::assume(wrong);
            }
        };
        let _scope = self.scope.open(graph);
        let variables = self.variables(graph, channels.count);
        let of_batch = || x.moments(channels.others.clone());
        let of_past = || (variables.mean.value(), variables.variance.value());
        let (mean, variance) = match self.training {
            Training::Always(true) => of_batch(),
            Training::Always(false) => of_past(),
            Training::Tensor(training) => graph.cond_here(training, of_batch, of_past),
        };
        let sample = || (mean, self.sample_variance(x, variance));
        self.update(graph, &variables, sample);
        let along = |values| channels.along_axis(values);
        let offset = variables.beta.map(|beta| along(beta.value()));
        let scale = variables.gamma.map(|gamma| along(gamma.value()));
        x.batch_normalization(along(mean), along(variance), offset, scale, self.epsilon)
    }
}

impl Default for BatchNormalization<'_> {
    fn default() -> Self {
        BatchNormalization::new()
    }
}

/// The axis of the channels.
struct Channels {
    count: usize,
    /// The axes that the statistics are taken over.
    others: Axes,
    /// The shape in which values of channels broadcast to the tensor, if not as they are.
    broadcast: Option<Vec<usize>>,
}

impl Channels {
    #[track_caller]
    fn along_axis<'g, T: Float>(&self, values: Tensor<'g, T>) -> Tensor<'g, T> {
        match &self.broadcast {
            Some(shape) => values.reshape(shape.clone()),
            None => values,
        }
    }
}

struct Variables<'g, T> {
    gamma: Option<Variable<'g, T>>,
    beta: Option<Variable<'g, T>>,
    mean: Variable<'g, T>,
    variance: Variable<'g, T>,
}

impl<'g> BatchNormalization<'g> {
    fn channels_of<T: Float>(&self, x: Tensor<'g, T>) -> Result<Channels, Problem> {
        self.check(x.graph())?;
        let shape = x.shape();
        let axis = resolve_axis(self.axis, shape.rank())?;
        let count = shape.dim(axis).and_then(Dim::known).ok_or_else(|| {
            let message = format!("axis {axis} of x, of shape {shape}, has an unknown size");
            Problem::shape(message)
                .help("each channel has variables of its own: fix the size with `reshape`")
        })?;
        let others = (0_i64..).zip(0..shape.rank());
        let others = others.filter(|(_, other)| *other != axis);
        let broadcast = (axis + 1 < shape.rank()).then(|| {
            let size = |other| if other == axis { count } else { 1 };
            (0..shape.rank()).map(size).collect()
        });
        Ok(Channels {
            count,
            others: Axes::These(others.map(|(other, _)| other).collect()),
            broadcast,
        })
    }

    /// What is wrong whatever the tensor is.
    fn check(&self, graph: &Graph) -> Result<(), Problem> {
        if !(0.0..=1.0).contains(&self.momentum) {
            let message = format!("momentum is {} but must be in 0..=1", self.momentum);
            return Err(Problem::argument(message)
                .help("it is the part of the moving averages that a step keeps"));
        }
        let trains = !matches!(self.training, Training::Always(false));
        if trains && graph.context().region != RegionId::ROOT {
            let message = "it cannot train in the body of a loop or branch";
            return Err(Problem::new(MistakeKind::Region, message).help(
                "no step of a training could run its updates there: normalise before the loop, or \
                 use `LayerNorm`, which keeps no averages",
            ));
        }
        Ok(())
    }

    /// Makes the variables in TensorFlow's order, which seeds follow.
    #[track_caller]
    fn variables<T: Float>(&self, graph: &'g Graph, count: usize) -> Variables<'g, T> {
        let trained = |name, initializer: &Initializer| {
            let options = self.scope.variable(initializer.clone());
            graph.get_variable_with(name, [count], options)
        };
        let moving = |name, initializer: &Initializer| {
            let options = VariableOptions::new().trainable(false);
            graph.get_variable_with(name, [count], options.initializer(initializer.clone()))
        };
        Variables {
            gamma: self
                .scale
                .then(|| trained("gamma", &self.gamma_initializer)),
            beta: self.center.then(|| trained("beta", &self.beta_initializer)),
            mean: moving("moving_mean", &self.moving_mean_initializer),
            variance: moving("moving_variance", &self.moving_variance_initializer),
        }
    }

    /// The variance that the moving average follows: of `n` elements `n / (n - 1)` times that of the
    /// batch, where TensorFlow's kernel says so.
    #[track_caller]
    fn sample_variance<T: Float>(
        &self,
        x: Tensor<'g, T>,
        variance: Tensor<'g, T>,
    ) -> Tensor<'g, T> {
        let axis = resolve_axis(self.axis, x.shape().rank());
        let as_images = x.shape().rank() == 4 && matches!(axis, Ok(1 | 3));
        if !(self.fused && as_images && T::DTYPE == DType::F32) {
            return variance;
        }
        let one = T::from_f64(1.0);
        let elements = x.size().cast::<T>() / variance.size().cast();
        variance * (elements / (elements - one).maximum(one))
    }

    /// Adds the operations that move the averages towards the statistics of a batch.
    #[track_caller]
    fn update<T: Float>(
        &self,
        graph: &'g Graph,
        own: &Variables<'g, T>,
        sample: impl FnOnce() -> (Tensor<'g, T>, Tensor<'g, T>),
    ) {
        let moved = || {
            let (mean, variance) = sample();
            (
                self.moved(own.mean, mean),
                self.moved(own.variance, variance),
            )
        };
        let (mean, variance) = match self.training {
            Training::Always(false) => return,
            Training::Always(true) => moved(),
            Training::Tensor(training) => {
                graph.cond_here(training, moved, || (own.mean.value(), own.variance.value()))
            }
        };
        graph.add_to_collection(Keys::UPDATE_OPS, mean.op());
        graph.add_to_collection(Keys::UPDATE_OPS, variance.op());
    }

    /// A moving average after a step towards a value.
    #[track_caller]
    fn moved<T: Float>(&self, average: Variable<'g, T>, value: Tensor<'g, T>) -> Tensor<'g, T> {
        let graph = value.graph();
        let _scope = graph.open_scope("AssignMovingAvg");
        let rate = T::from_f64(1.0 - self.momentum);
        average.assign_sub((average.value() - value) * rate)
    }
}
