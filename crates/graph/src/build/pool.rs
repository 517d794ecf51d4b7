//! Pooling: a summary of each window of images or sequences.

use crate::build::HeightWidth;
use crate::build::conv::of_one_row;
use crate::element::Float;
use crate::handle::{AnyTensor, Tensor};
use crate::op::{Nn, Padding, Pooling, Sliding, Windows};
use crate::sizes::Sizes;

impl<'g> AnyTensor<'g> {
    /// The largest cell of each window of images.
    #[track_caller]
    pub fn max_pool2d(self, windows: Windows) -> AnyTensor<'g> {
        let op = Nn::Pooling(Pooling::Max, windows);
        self.graph().add_by_type(op, &[self])
    }

    /// The mean of the cells of each window of images.
    #[track_caller]
    pub fn avg_pool2d(self, windows: Windows) -> AnyTensor<'g> {
        let op = Nn::Pooling(Pooling::Average, windows);
        self.graph().add_by_type(op, &[self])
    }

    /// The gradient that passes through [`AnyTensor::max_pool2d`] of these images.
    #[track_caller]
    pub fn max_pool_grad(self, dy: AnyTensor<'g>, windows: Windows) -> AnyTensor<'g> {
        let op = Nn::Pooling(Pooling::MaxGradient, windows);
        self.graph().add_by_type(op, &[self, dy])
    }

    /// Of each window of these images the element of `dx` at the first of the largest cells.
    #[track_caller]
    pub fn max_pool_grad_grad(self, dx: AnyTensor<'g>, windows: Windows) -> AnyTensor<'g> {
        let op = Nn::Pooling(Pooling::MaxSecondGradient, windows);
        self.graph().add_by_type(op, &[self, dx])
    }

    /// The gradient that passes through [`AnyTensor::avg_pool2d`] to images of these sizes.
    #[track_caller]
    pub fn avg_pool_grad(self, sizes: impl Into<Sizes<'g>>, windows: Windows) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let sizes = sizes.into().into_tensor(graph);
        let op = Nn::Pooling(Pooling::AverageGradient, windows);
        graph.add_by_type(op, &[self, sizes])
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// The largest cell of each window of `[batch, height, width, channels]`, channel by channel; NaN
    /// where there is one. Its gradient goes to the first of the largest cells, row by row.
    /// TensorFlow's `nn.max_pool2d` and `nn.max_pool`.
    ///
    /// `size` and `strides` are numbers for both axes or pairs, for the height and the width. What
    /// `padding` adds to the image is never the largest.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Padding, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 28, 28, 8]);
    /// let pooled = images.max_pool2d(2, 2, Padding::Same);
    /// assert_eq!(pooled.shape().to_string(), "[?, 14, 14, 8]");
    /// ```
    #[track_caller]
    pub fn max_pool2d(
        self,
        size: impl Into<HeightWidth>,
        strides: impl Into<HeightWidth>,
        padding: Padding,
    ) -> Tensor<'g, T> {
        Tensor::assume(self.any().max_pool2d(windows(size, strides, padding)))
    }

    /// The mean of the cells of each window of `[batch, height, width, channels]`, channel by channel.
    /// What `padding` adds to the image is not counted. TensorFlow's `nn.avg_pool2d` and `nn.avg_pool`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Padding, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 7, 7, 8]);
    /// let pooled = images.avg_pool2d([7, 7], 1, Padding::Valid);
    /// assert_eq!(pooled.shape().to_string(), "[?, 1, 1, 8]");
    /// ```
    #[track_caller]
    pub fn avg_pool2d(
        self,
        size: impl Into<HeightWidth>,
        strides: impl Into<HeightWidth>,
        padding: Padding,
    ) -> Tensor<'g, T> {
        Tensor::assume(self.any().avg_pool2d(windows(size, strides, padding)))
    }

    /// [`Tensor::max_pool2d`] of sequences, `[batch, width, channels]`. TensorFlow's `nn.max_pool1d`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Padding, shape};
    ///
    /// let g = Graph::new();
    /// let signal = g.placeholder::<f32>("signal", shape![?, 100, 3]);
    /// assert_eq!(signal.max_pool1d(4, 4, Padding::Valid).shape().to_string(), "[?, 25, 3]");
    /// ```
    #[track_caller]
    pub fn max_pool1d(self, size: usize, stride: usize, padding: Padding) -> Tensor<'g, T> {
        self.pooled_as_images("MaxPool1d", Pooling::Max, [size, stride], padding)
    }

    /// [`Tensor::avg_pool2d`] of sequences, `[batch, width, channels]`. TensorFlow's `nn.avg_pool1d`.
    #[track_caller]
    pub fn avg_pool1d(self, size: usize, stride: usize, padding: Padding) -> Tensor<'g, T> {
        self.pooled_as_images("AvgPool1D", Pooling::Average, [size, stride], padding)
    }

    #[track_caller]
    fn pooled_as_images(
        self,
        name: &str,
        op: Pooling,
        [size, stride]: [usize; 2],
        padding: Padding,
    ) -> Tensor<'g, T> {
        let graph = self.graph();
        let _here = graph.here();
        let scope = graph.open_scope(name);
        let images = of_one_row(self, "[batch, width, channels]", 1).any();
        let windows = windows([1, size], [1, stride], padding.along_width());
        let op = Nn::Pooling(op, windows);
        Tensor::assume(graph.add_as_scope(op, &[images], &scope).squeeze(1))
    }
}

fn windows(
    size: impl Into<HeightWidth>,
    strides: impl Into<HeightWidth>,
    padding: Padding,
) -> Windows {
    Windows {
        size: size.into().0,
        sliding: Sliding {
            strides: strides.into().0,
            dilations: [1, 1],
            padding,
        },
    }
}
