//! Convolutions of images and of sequences.

use crate::element::Float;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::mistake::Problem;
use crate::op::{Convolution, Nn, Padding, Sliding};
use crate::sizes::Sizes;

impl<'g> AnyTensor<'g> {
    /// Images convolved with a filter.
    #[track_caller]
    pub fn conv2d(self, filter: AnyTensor<'g>, sliding: Sliding) -> AnyTensor<'g> {
        let op = Nn::Convolution(Convolution::Forward, sliding);
        self.graph().add_by_type(op, &[self, filter])
    }

    /// The gradient that passes through [`AnyTensor::conv2d`] to images of these sizes.
    #[track_caller]
    pub fn conv2d_input_grad(
        self,
        filter: AnyTensor<'g>,
        sizes: impl Into<Sizes<'g>>,
        sliding: Sliding,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let sizes = sizes.into().into_tensor(graph);
        let op = Nn::Convolution(Convolution::InputGradient, sliding);
        graph.add_by_type(op, &[self, filter, sizes])
    }

    /// The gradient that passes through [`AnyTensor::conv2d`] of these images to a filter of these
    /// sizes.
    #[track_caller]
    pub fn conv2d_filter_grad(
        self,
        dy: AnyTensor<'g>,
        sizes: impl Into<Sizes<'g>>,
        sliding: Sliding,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let sizes = sizes.into().into_tensor(graph);
        let op = Nn::Convolution(Convolution::FilterGradient, sliding);
        graph.add_by_type(op, &[self, dy, sizes])
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// Images convolved with a filter: of `[batch, height, width, in]` and `[rows, columns, in, out]`,
    /// `[batch, .., .., out]`. Each element is the sum of the products of the filter and of the cells
    /// that it lies over; cells outside of the image are 0. TensorFlow's `nn.conv2d`.
    ///
    /// `strides` are the steps down and to the right, a number for both or a pair. With
    /// [`Padding::Valid`] an axis has `(size - rows) / stride + 1` places, and a filter that does not
    /// fit is a mistake, or an error of the run; with [`Padding::Same`] it has `size / stride`, rounded
    /// up.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Padding, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 28, 28, 1]);
    /// let filter = g.get_variable::<f32>("filter", [5, 5, 1, 32]);
    /// let same = images.conv2d(filter, 1, Padding::Same);
    /// assert_eq!(same.shape().to_string(), "[?, 28, 28, 32]");
    /// let valid = images.conv2d(filter, [2, 2], Padding::Valid);
    /// assert_eq!(valid.shape().to_string(), "[?, 12, 12, 32]");
    /// ```
    #[track_caller]
    pub fn conv2d(
        self,
        filter: impl Operand<'g, T>,
        strides: impl Into<HeightWidth>,
        padding: Padding,
    ) -> Tensor<'g, T> {
        self.conv2d_with(filter, ConvOptions::new(strides, padding))
    }

    /// [`Tensor::conv2d`] with dilations: TensorFlow's `nn.conv2d` with `dilations`, and
    /// `nn.atrous_conv2d`.
    ///
    /// ```
    /// use aqueduct_graph::{ConvOptions, Graph, Padding, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 28, 28, 1]);
    /// let filter = g.get_variable::<f32>("filter", [3, 3, 1, 8]);
    /// let options = ConvOptions::new(1, Padding::Valid).dilations(2);
    /// assert_eq!(images.conv2d_with(filter, options).shape().to_string(), "[?, 24, 24, 8]");
    /// ```
    #[track_caller]
    pub fn conv2d_with(self, filter: impl Operand<'g, T>, options: ConvOptions) -> Tensor<'g, T> {
        let filter = filter.into_tensor(self.graph()).any();
        Tensor::assume(self.any().conv2d(filter, options.0))
    }

    /// The transpose of [`Tensor::conv2d`], which makes images larger: what its gradient does to `self`,
    /// `[batch, .., .., in]`, on the way to images of the sizes `[batch, height, width, out]`. The
    /// filter is `[rows, columns, out, in]`. A convolution of such images must give the shape of
    /// `self`. TensorFlow's `nn.conv2d_transpose`.
    ///
    /// ```
    /// use aqueduct_graph::{ConvOptions, Graph, Padding, shape, sizes};
    ///
    /// let g = Graph::new();
    /// let small = g.placeholder::<f32>("small", shape![?, 7, 7, 16]);
    /// let filter = g.get_variable::<f32>("filter", [3, 3, 8, 16]);
    /// let sizes = sizes![small.size_of(0), 14, 14, 8];
    /// let large = small.conv2d_transpose(filter, sizes, ConvOptions::new(2, Padding::Same));
    /// assert_eq!(large.shape().to_string(), "[?, 14, 14, 8]");
    /// ```
    #[track_caller]
    pub fn conv2d_transpose(
        self,
        filter: impl Operand<'g, T>,
        sizes: impl Into<Sizes<'g>>,
        options: ConvOptions,
    ) -> Tensor<'g, T> {
        let graph = self.graph();
        let _here = graph.here();
        let filter = filter.into_tensor(graph).any();
        let sizes = sizes.into().into_tensor(graph);
        let op = Nn::Convolution(Convolution::InputGradient, options.0);
        Tensor::assume(graph.add_tensor(op, &[self.any(), filter, sizes], "conv2d_transpose"))
    }

    /// Sequences convolved with a filter: of `[batch, width, in]` and `[places, in, out]`,
    /// `[batch, .., out]`. TensorFlow's `nn.conv1d`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Padding, shape};
    ///
    /// let g = Graph::new();
    /// let signal = g.placeholder::<f32>("signal", shape![?, 100, 3]);
    /// let filter = g.get_variable::<f32>("filter", [5, 3, 16]);
    /// let y = signal.conv1d(filter, 2, Padding::Same);
    /// assert_eq!(y.shape().to_string(), "[?, 50, 16]");
    /// ```
    #[track_caller]
    pub fn conv1d(
        self,
        filter: impl Operand<'g, T>,
        stride: usize,
        padding: Padding,
    ) -> Tensor<'g, T> {
        self.conv1d_with(filter, ConvOptions::new(stride, padding))
    }

    /// [`Tensor::conv1d`] with the width's part of the options: TensorFlow's `nn.conv1d` with
    /// `dilations`.
    #[track_caller]
    pub fn conv1d_with(self, filter: impl Operand<'g, T>, options: ConvOptions) -> Tensor<'g, T> {
        let graph = self.graph();
        let _here = graph.here();
        let filter = filter.into_tensor(graph);
        let scope = graph.open_scope("conv1d");
        let images = of_one_row(self, "[batch, width, channels]", 1);
        let filter = of_one_row(filter, "[width, in, out]", 0);
        let op = Nn::Convolution(Convolution::Forward, options.along_width().0);
        let images = graph.add_as_scope(op, &[images.any(), filter.any()], &scope);
        Tensor::assume(images.squeeze(1))
    }
}
/// How a convolution slides: strides, padding and dilations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvOptions(Sliding);

impl ConvOptions {
    /// Dilations of 1: the cells of the filter lie side by side.
    pub fn new(strides: impl Into<HeightWidth>, padding: Padding) -> ConvOptions {
        ConvOptions(Sliding {
            strides: strides.into().0,
            dilations: [1, 1],
            padding,
        })
    }

    /// How far the cells lie apart that neighbouring elements of the filter are multiplied with, down
    /// and to the right.
    #[must_use]
    pub fn dilations(self, dilations: impl Into<HeightWidth>) -> ConvOptions {
        ConvOptions(Sliding {
            dilations: dilations.into().0,
            ..self.0
        })
    }

    /// The same for images of one row.
    fn along_width(self) -> ConvOptions {
        let Sliding {
            strides,
            dilations,
            padding,
        } = self.0;
        ConvOptions(Sliding {
            strides: [1, strides[1]],
            dilations: [1, dilations[1]],
            padding: padding.along_width(),
        })
    }
}

/// A tensor of rank 3 with an axis of size 1 for a height; `axes` says what its own axes are.
#[track_caller]
pub(super) fn of_one_row<'g, T: Float>(x: Tensor<'g, T>, axes: &str, height: i64) -> Tensor<'g, T> {
    let shape = x.shape();
    if x.is_poisoned() || shape.rank() == 3 {
        return x.expand_dims(height);
    }
    let message = format!("a tensor of shape {shape} was given but 3 axes are needed: {axes}");
    let problem = Problem::shape(message)
        .help("images have 4 axes and go to the functions in 2-D")
        .operand("x", x.any());
    Tensor::assume(
        x.graph()
            .poisoned_like(x.any(), "expand_dims", "ExpandDims", problem),
    )
}

/// A number for the height and one for the width: `[3, 5]`, or `3` for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeightWidth(pub [usize; 2]);

impl From<usize> for HeightWidth {
    fn from(both: usize) -> HeightWidth {
        HeightWidth([both; 2])
    }
}

impl From<[usize; 2]> for HeightWidth {
    fn from(pair: [usize; 2]) -> HeightWidth {
        HeightWidth(pair)
    }
}
