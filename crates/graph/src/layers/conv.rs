//! Layers of filters that slide over sequences and images.

use std::fmt;

use super::weights::{Weights, weighted_layer};
use crate::build::{ConvOptions, HeightWidth};
use crate::element::Float;
use crate::handle::Tensor;
use crate::mistake::Problem;
use crate::op::Padding;

/// A layer that gives `activation(convolution + bias)` of images, `[batch, height, width, channels]`.
/// TensorFlow 1's `layers.conv2d`.
///
/// The variables `kernel`, `[height, width, channels, filters]`, and `bias`, `[filters]`, stand in a
/// variable scope of the layer's name. Without a name that is the first of `conv2d`, `conv2d_1`, … in
/// which no variable scope was opened yet.
///
/// ```
/// use aqueduct_graph::{Conv2d, Graph, Padding, Tensor, shape};
///
/// let g = Graph::new();
/// let images = g.placeholder::<f32>("images", shape![?, 28, 28, 1]);
/// let edges = Conv2d::new(32, 5).padding(Padding::Same).activation(Tensor::relu).apply(images);
/// assert_eq!(edges.shape().to_string(), "[?, 28, 28, 32]");
/// let corners = Conv2d::new(64, [3, 3]).strides(2).name("corners").apply(edges);
/// assert_eq!(corners.shape().to_string(), "[?, 13, 13, 64]");
///
/// let names: Vec<String> = g.trainable_variables().iter().map(|v| v.name()).collect();
/// assert_eq!(names, ["conv2d/kernel", "conv2d/bias", "corners/kernel", "corners/bias"]);
/// ```
#[must_use = "a layer adds nothing before it is applied"]
pub struct Conv2d<'f, 'g, T> {
    filters: usize,
    size: HeightWidth,
    strides: HeightWidth,
    padding: Padding,
    dilations: HeightWidth,
    weights: Weights<'f, 'g, T>,
}

impl<'f, 'g, T: Float> Conv2d<'f, 'g, T> {
    /// A layer of this many filters, at least 1, of this height and width: with strides of 1, without
    /// padding or an activation, with a bias that starts at zero, trainable.
    pub fn new(filters: usize, kernel_size: impl Into<HeightWidth>) -> Conv2d<'f, 'g, T> {
        Conv2d {
            filters,
            size: kernel_size.into(),
            strides: HeightWidth::from(1),
            padding: Padding::Valid,
            dilations: HeightWidth::from(1),
            weights: Weights::new("conv2d"),
        }
    }

    /// The steps down and to the right.
    pub fn strides(mut self, strides: impl Into<HeightWidth>) -> Conv2d<'f, 'g, T> {
        self.strides = strides.into();
        self
    }

    /// What is added around the images.
    pub fn padding(mut self, padding: Padding) -> Conv2d<'f, 'g, T> {
        self.padding = padding;
        self
    }

    /// How far the cells lie apart that neighbouring elements of a filter are multiplied with.
    /// TensorFlow's `dilation_rate`.
    pub fn dilations(mut self, dilations: impl Into<HeightWidth>) -> Conv2d<'f, 'g, T> {
        self.dilations = dilations.into();
        self
    }

    /// Adds the layer to the graph: of `[batch, height, width, channels]`, `[batch, .., .., filters]`.
    /// The number of channels must be known while building.
    #[track_caller]
    pub fn apply(self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let HeightWidth([height, width]) = self.size;
        let kernel = channels(x, self.filters, "[batch, height, width, channels]", 4)
            .map(|channels| vec![height, width, channels, self.filters]);
        let options = ConvOptions::new(self.strides, self.padding).dilations(self.dilations);
        let convolve = |kernel| x.conv2d_with(kernel, options);
        self.weights.apply(x, kernel, convolve)
    }
}

/// [`Conv2d`] of sequences, `[batch, width, channels]`. TensorFlow 1's `layers.conv1d`.
///
/// ```
/// use aqueduct_graph::{Conv1d, Graph, Padding, shape};
///
/// let g = Graph::new();
/// let signal = g.placeholder::<f32>("signal", shape![?, 100, 3]);
/// let y = Conv1d::new(16, 5).padding(Padding::Same).strides(2).apply(signal);
/// assert_eq!(y.shape().to_string(), "[?, 50, 16]");
/// assert_eq!(g.trainable_variables()[0].name(), "conv1d/kernel");
/// ```
#[must_use = "a layer adds nothing before it is applied"]
pub struct Conv1d<'f, 'g, T> {
    filters: usize,
    size: usize,
    stride: usize,
    padding: Padding,
    dilation: usize,
    weights: Weights<'f, 'g, T>,
}

impl<'f, 'g, T: Float> Conv1d<'f, 'g, T> {
    /// A layer of this many filters, at least 1, of this width: with a stride of 1, without padding or
    /// an activation, with a bias that starts at zero, trainable.
    pub fn new(filters: usize, kernel_size: usize) -> Conv1d<'f, 'g, T> {
        Conv1d {
            filters,
            size: kernel_size,
            stride: 1,
            padding: Padding::Valid,
            dilation: 1,
            weights: Weights::new("conv1d"),
        }
    }

    /// The step from one place of a filter to the next.
    pub fn strides(mut self, stride: usize) -> Conv1d<'f, 'g, T> {
        self.stride = stride;
        self
    }

    /// What is added around the sequences.
    pub fn padding(mut self, padding: Padding) -> Conv1d<'f, 'g, T> {
        self.padding = padding;
        self
    }

    /// How far the elements lie apart that neighbours of a filter are multiplied with. TensorFlow's
    /// `dilation_rate`.
    pub fn dilations(mut self, dilation: usize) -> Conv1d<'f, 'g, T> {
        self.dilation = dilation;
        self
    }

    /// Adds the layer to the graph: of `[batch, width, channels]`, `[batch, .., filters]`. The number
    /// of channels must be known while building.
    #[track_caller]
    pub fn apply(self, x: Tensor<'g, T>) -> Tensor<'g, T> {
        let kernel = channels(x, self.filters, "[batch, width, channels]", 3)
            .map(|channels| vec![self.size, channels, self.filters]);
        let options = ConvOptions::new(self.stride, self.padding).dilations(self.dilation);
        let convolve = |kernel| x.conv1d_with(kernel, options);
        self.weights.apply(x, kernel, convolve)
    }
}

weighted_layer!(Conv1d);
weighted_layer!(Conv2d);

/// The channels of what a layer of filters is applied to, whose axes are these.
fn channels<T: Float>(
    x: Tensor<'_, T>,
    filters: usize,
    axes: &str,
    rank: usize,
) -> Result<usize, Problem> {
    if filters == 0 {
        return Err(Problem::argument("filters is 0 but must be at least 1"));
    }
    let shape = x.shape();
    let Some(last) = shape.dims().last().filter(|_| shape.rank() == rank) else {
        let message = format!("x has shape {shape} but {rank} axes are needed: {axes}");
        return Err(Problem::shape(message).help("`expand_dims(-1)` adds an axis of one channel"));
    };
    last.known().ok_or_else(|| {
        Problem::shape(format!(
            "the last axis of x, of shape {shape}, has an unknown size"
        ))
        .help("the kernel has weights for each channel: fix the size with `reshape`")
    })
}

impl<T> fmt::Debug for Conv2d<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conv2d")
            .field("filters", &self.filters)
            .field("size", &self.size)
            .field("strides", &self.strides)
            .field("padding", &self.padding)
            .field("dilations", &self.dilations)
            .field("weights", &self.weights)
            .finish()
    }
}

impl<T> fmt::Debug for Conv1d<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conv1d")
            .field("filters", &self.filters)
            .field("size", &self.size)
            .field("stride", &self.stride)
            .field("padding", &self.padding)
            .field("dilation", &self.dilation)
            .field("weights", &self.weights)
            .finish()
    }
}
