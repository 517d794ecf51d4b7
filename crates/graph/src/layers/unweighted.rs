//! Layers without variables between those that have some.

use super::Training;
use crate::build::{DropoutOptions, HeightWidth};
use crate::element::{DType, Float};
use crate::handle::Tensor;
use crate::mistake::Problem;
use crate::op::Padding;
use crate::shape::Dim;
use crate::sizes::Size;

/// A layer of pooling: what it is called, and what its windows are measured by, kept and given.
macro_rules! pooling_layer {
    ($(#[$doc:meta])* $layer:ident, $scope:literal, ($size:ty, $argument:ty), $pool:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "a layer adds nothing before it is applied"]
        pub struct $layer {
            size: $size,
            strides: $size,
            padding: Padding,
            name: Option<String>,
        }

        impl $layer {
            /// Windows of this size, so far apart; without padding.
            pub fn new(pool_size: $argument, strides: $argument) -> $layer {
                $layer {
                    size: pool_size.into(),
                    strides: strides.into(),
                    padding: Padding::Valid,
                    name: None,
                }
            }

            /// What is added around; it is never the largest, and not counted in a mean.
            pub fn padding(mut self, padding: Padding) -> $layer {
                self.padding = padding;
                self
            }

            /// The name scope of the layer.
            pub fn name(mut self, name: &str) -> $layer {
                self.name = Some(name.to_owned());
                self
            }

            /// Adds the layer to the graph.
            #[track_caller]
            pub fn apply<T: Float>(self, x: Tensor<'_, T>) -> Tensor<'_, T> {
                let graph = x.graph();
                let _here = graph.here();
                let _scope = graph.open_name_scope(self.name.as_deref().unwrap_or($scope));
                x.$pool(self.size, self.strides, self.padding)
            }
        }
    };
}

pooling_layer!(
    /// The largest cell of each window of `[batch, height, width, channels]`. TensorFlow 1's
    /// `layers.max_pooling2d`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, MaxPooling2d, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 28, 28, 8]);
    /// assert_eq!(MaxPooling2d::new(2, 2).apply(images).shape().to_string(), "[?, 14, 14, 8]");
    /// ```
    MaxPooling2d, "max_pooling2d", (HeightWidth, impl Into<HeightWidth>), max_pool2d
);
pooling_layer!(
    /// The mean of each window of `[batch, height, width, channels]`. TensorFlow 1's
    /// `layers.average_pooling2d`.
    AveragePooling2d, "average_pooling2d", (HeightWidth, impl Into<HeightWidth>), avg_pool2d
);
pooling_layer!(
    /// The largest element of each window of `[batch, width, channels]`. TensorFlow 1's
    /// `layers.max_pooling1d`.
    MaxPooling1d, "max_pooling1d", (usize, usize), max_pool1d
);
pooling_layer!(
    /// The mean of each window of `[batch, width, channels]`. TensorFlow 1's
    /// `layers.average_pooling1d`.
    AveragePooling1d, "average_pooling1d", (usize, usize), avg_pool1d
);

/// A layer that drops elements while training, and scales the others to keep the mean. TensorFlow 1's
/// `layers.dropout`.
///
/// ```
/// use aqueduct_graph::{Dropout, Graph, shape};
///
/// let g = Graph::new();
/// let hidden = g.placeholder::<f32>("hidden", shape![?, 128]);
/// let training = g.placeholder_with_default("training", false, shape![]);
/// let y = Dropout::new(0.4).training(training).apply(hidden);
/// assert_eq!(y.shape().to_string(), "[?, 128]");
/// ```
///
/// Where `training` is fed and false, nothing is drawn: what is drawn in training does not depend on
/// the looks at the network in between.
#[derive(Clone, Debug)]
#[must_use = "a layer adds nothing before it is applied"]
pub struct Dropout<'g> {
    rate: f64,
    training: Training<'g>,
    options: DropoutOptions<'g>,
    name: Option<String>,
}

impl<'g> Dropout<'g> {
    /// A layer that drops this part of the elements, in [0, 1), and is not training.
    pub fn new(rate: f64) -> Dropout<'g> {
        Dropout {
            rate,
            training: Training::Always(false),
            options: DropoutOptions::new(),
            name: None,
        }
    }

    /// Whether elements are dropped: settled while building, or a scalar that may be fed.
    pub fn training(mut self, training: impl Into<Training<'g>>) -> Dropout<'g> {
        self.training = training.into();
        self
    }

    /// The seed and the shape of the draw.
    pub fn options(mut self, options: DropoutOptions<'g>) -> Dropout<'g> {
        self.options = options;
        self
    }

    /// The name scope of the layer.
    pub fn name(mut self, name: &str) -> Dropout<'g> {
        self.name = Some(name.to_owned());
        self
    }

    /// Adds the layer to the graph.
    #[track_caller]
    pub fn apply<T: Float>(self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let graph = x.graph();
        let _here = graph.here();
        let name = self.name.as_deref().unwrap_or("dropout");
        if !(0.0..1.0).contains(&self.rate) {
            let message = format!("rate is {} but must be in [0, 1)", self.rate);
            let problem = Problem::argument(message)
                .help("it is the part that is dropped, not the part that is kept");
            return Tensor::assume(graph.poisoned_like(
                x.any(),
                "dropout",
                name,
                problem.operand("x", x.any()),
            ));
        }
        let dropped = || x.dropout_with(1.0 - self.rate, self.options.clone());
        match self.training {
            Training::Always(false) => x,
            Training::Always(true) => {
                let _scope = graph.open_name_scope(name);
                dropped()
            }
            Training::Tensor(training) => {
                let _scope = graph.open_name_scope(name);
                graph.cond_here(training, dropped, || x.identity())
            }
        }
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// Each example as one row: of `[batch, ..]`, `[batch, n]`. Sizes may be unknown while building.
    /// TensorFlow 1's `layers.flatten`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 7, 7, 32]);
    /// assert_eq!(images.flatten().shape().to_string(), "[?, 1568]");
    /// ```
    #[track_caller]
    pub fn flatten(self) -> Tensor<'g, T> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("flatten");
        let shape = self.shape();
        let elements = shape
            .dims()
            .iter()
            .skip(1)
            .try_fold(1_usize, |product, dim| product.checked_mul(dim.known()?));
        let row = match elements {
            Some(elements) => Size::from(elements),
            // Of a batch of nothing the reshape could not work the size out.
            None => {
                let sizes = self.any().shape_tensor(DType::I32).typed::<i32>();
                Size::from(sizes.slice(1..).reduce_prod(..))
            }
        };
        let batch = match shape.dims().first() {
            Some(Dim::Known(batch)) => Size::from(*batch),
            Some(Dim::Unknown(_)) | None => Size::from(self.size_of(0)),
        };
        self.reshape(vec![batch, row])
    }
}
