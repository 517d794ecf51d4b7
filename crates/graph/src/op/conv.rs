//! Windows that slide over the height and the width of images: convolutions and pooling.
//!
//! An image is `[height, width, channels]`, a batch of them `[batch, height, width, channels]`.

use serde::{Deserialize, Serialize};

use crate::mistake::Problem;

/// A convolution, or one of its gradients. A filter is `[height, width, in, out]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Convolution {
    /// `[x: [batch, height, width, in], filter] -> y: [batch, rows, columns, out]`, floats: at each
    /// place of the window, the sum of the products of its cells and the filter. Cells outside of the
    /// image are 0. TensorFlow's `Conv2D`.
    Forward,
    /// `[x, filter, shape: int [4]] -> y`, the transpose of `Forward`: the gradient that passes to the
    /// images, of the shape `shape`, if `x` is the one of what they were convolved to. TensorFlow's
    /// `Conv2DBackpropInput`.
    InputGradient,
    /// `[x, dy, shape: int [4]] -> dfilter`: the gradient that passes to the filter, of the shape
    /// `shape`. TensorFlow's `Conv2DBackpropFilter`.
    FilterGradient,
}

/// A summary of each window, channel by channel, or one of its gradients.
///
/// What is outside of the image is left out, of the average's count too. A window without any cell,
/// over an image without any, has the maximum -∞ and the average 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pooling {
    /// `[x] -> y`, floats: the largest cell; NaN if one of the cells is. TensorFlow's `MaxPool`.
    Max,
    /// `[x, dy] -> dx`: each element of `dy` goes to the first of the largest cells of its window, row
    /// by row, a NaN counting as the largest. TensorFlow's `MaxPoolGrad`.
    MaxGradient,
    /// `[x, dx] -> dy`: of each window, the element of `dx` at the cell that `MaxGradient` gives to.
    /// TensorFlow's `MaxPoolGradGrad`.
    MaxSecondGradient,
    /// `[x] -> y`, floats: the mean of the cells. TensorFlow's `AvgPool`.
    Average,
    /// `[dy, shape: int [4]] -> dx`: each element of `dy` goes in equal parts to the cells of its
    /// window, in an image of the shape `shape`. TensorFlow's `AvgPoolGrad`.
    AverageGradient,
}

/// How a window slides over height and width, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sliding {
    /// From one place of the window to the next.
    pub strides: [usize; 2],
    /// From one cell of the window to the next.
    pub dilations: [usize; 2],
    /// What is added around the image.
    pub padding: Padding,
}

/// The windows of a pooling. Their cells lie side by side: the dilations are 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Windows {
    /// Their height and their width.
    pub size: [usize; 2],
    /// How one slides to the place of the next.
    pub sliding: Sliding,
}

/// What is added around an image before a window slides over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Padding {
    /// As much as it takes for one place of the window for each stride that is begun: with strides of 1
    /// the result is as large as the image. If it is odd, there is one more below and to the right.
    Same,
    /// Nothing: the window stays within the image.
    Valid,
    /// So many rows above and below, so many columns to the left and to the right.
    Explicit([[usize; 2]; 2]),
}

/// How a window slides along one axis of a known size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many places the window has.
    pub places: usize,
    /// How many cells are added before the first of the image.
    pub before: usize,
}

/// How the axes are called that a window slides along.
const AXES: [&str; 2] = ["height", "width"];

impl Sliding {
    /// The places of a window of `window` cells along an axis of an image: 0 is the height, 1 the width.
    ///
    /// # Errors
    ///
    /// The window does not fit into the padded axis, or has no cells; a stride or dilation is 0.
    pub fn extent(&self, axis: usize, size: usize, window: usize) -> Result<Extent, Problem> {
        let (stride, span) = (self.strides[axis], self.span(axis, window)?);
        let (before, padded) = match self.padding {
            Padding::Same => {
                let places = size.div_ceil(stride);
                // The padded axis ends where the window does at its last place.
                let end = places
                    .saturating_sub(1)
                    .saturating_mul(stride)
                    .saturating_add(span);
                let before = end.saturating_sub(size) / 2;
                return Ok(Extent { places, before });
            }
            Padding::Valid => (0, size),
            Padding::Explicit(around) => {
                let [before, after] = around[axis];
                let padded = before.saturating_add(size).saturating_add(after);
                (before, padded)
            }
        };
        let Some(room) = padded.checked_sub(span) else {
            let name = AXES[axis];
            return Err(Problem::shape(format!(
                "a window of {name} {span} does not fit into the {name} {padded}"
            ))
            .help("pad with `Padding::Same`, or take a smaller window"));
        };
        let places = room / stride + 1;
        Ok(Extent { places, before })
    }

    /// Whether the window has a place for each cell of an axis, whatever its size.
    pub(crate) fn keeps_size(&self, axis: usize, window: Option<usize>) -> bool {
        let span = || window.and_then(|window| self.span(axis, window).ok());
        self.strides[axis] == 1
            && match self.padding {
                Padding::Same => true,
                Padding::Valid => span() == Some(1),
                Padding::Explicit(around) => {
                    let [before, after] = around[axis];
                    span() == before.checked_add(after).and_then(|sum| sum.checked_add(1))
                }
            }
    }

    /// How many cells a window reaches over, with those that its dilation leaves out.
    fn span(&self, axis: usize, window: usize) -> Result<usize, Problem> {
        let (stride, dilation) = (self.strides[axis], self.dilations[axis]);
        let name = AXES[axis];
        for (number, what) in [(stride, "stride"), (dilation, "dilation")] {
            if number == 0 {
                let message = format!("the {what} along the {name} is 0 but must be at least 1");
                return Err(Problem::argument(message));
            }
        }
        let Some(gaps) = window.checked_sub(1) else {
            let message = format!("the window has the {name} 0 but must have at least 1");
            return Err(Problem::shape(message));
        };
        gaps.checked_mul(dilation)
            .and_then(|reach| reach.checked_add(1))
            .ok_or_else(|| {
                Problem::argument(format!("the window is too large along the {name}"))
                    .help("take a smaller dilation")
            })
    }

    /// Checks what can be checked whatever the sizes are.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        (0..AXES.len()).try_for_each(|axis| self.span(axis, 1).map(|_| ()))
    }
}

impl Windows {
    /// Checks what can be checked whatever the sizes of the images are. Each window must have a cell
    /// of an image that has any.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let around = match self.sliding.padding {
            Padding::Same | Padding::Valid => [[0; 2]; 2],
            Padding::Explicit(around) => around,
        };
        for (axis, (size, around)) in self.size.into_iter().zip(around).enumerate() {
            self.sliding.span(axis, size)?;
            if let Some(padding) = around.into_iter().find(|padding| *padding >= size) {
                let name = AXES[axis];
                let message = format!(
                    "the {name} is padded by {padding} but the window has the {name} {size}"
                );
                return Err(Problem::argument(message).help("pad by less than the window"));
            }
        }
        Ok(())
    }
}

impl Padding {
    /// The same for images of one row.
    pub(crate) fn along_width(self) -> Padding {
        match self {
            Padding::Same | Padding::Valid => self,
            Padding::Explicit([_, width]) => Padding::Explicit([[0, 0], width]),
        }
    }
}

impl Convolution {
    /// What it is called in reports.
    pub(super) fn word(self) -> &'static str {
        match self {
            Convolution::Forward => "conv2d",
            // Users meet it by this name.
            Convolution::InputGradient => "conv2d_transpose",
            Convolution::FilterGradient => "conv2d_backprop_filter",
        }
    }

    pub(super) fn type_name(self) -> &'static str {
        match self {
            Convolution::Forward => "Conv2D",
            Convolution::InputGradient => "Conv2DBackpropInput",
            Convolution::FilterGradient => "Conv2DBackpropFilter",
        }
    }

    pub(super) fn size_inputs(self) -> &'static [usize] {
        match self {
            Convolution::Forward => &[],
            Convolution::InputGradient | Convolution::FilterGradient => &[2],
        }
    }

    /// What its operands are called in reports.
    pub(crate) fn roles(self) -> &'static [&'static str] {
        match self {
            Convolution::Forward => &["x", "filter"],
            Convolution::InputGradient => &["x", "filter", "shape"],
            Convolution::FilterGradient => &["x", "dy", "shape"],
        }
    }
}

impl Pooling {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Pooling::Max => "MaxPool",
            Pooling::MaxGradient => "MaxPoolGrad",
            Pooling::MaxSecondGradient => "MaxPoolGradGrad",
            Pooling::Average => "AvgPool",
            Pooling::AverageGradient => "AvgPoolGrad",
        }
    }

    pub(super) fn size_inputs(self) -> &'static [usize] {
        match self {
            Pooling::Max | Pooling::MaxGradient | Pooling::MaxSecondGradient | Pooling::Average => {
                &[]
            }
            Pooling::AverageGradient => &[1],
        }
    }

    /// What its operands are called in reports.
    pub(crate) fn roles(self) -> &'static [&'static str] {
        match self {
            Pooling::Max | Pooling::Average => &["x"],
            Pooling::MaxGradient => &["x", "dy"],
            Pooling::MaxSecondGradient => &["x", "dx"],
            Pooling::AverageGradient => &["dy", "shape"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sliding(stride: usize, dilation: usize, padding: Padding) -> Sliding {
        Sliding {
            strides: [stride; 2],
            dilations: [dilation; 2],
            padding,
        }
    }

    #[test]
    fn places_of_windows() {
        let around = Padding::Explicit([[2, 1]; 2]);
        let cases = [
            (sliding(1, 1, Padding::Same), 5, 3, (5, 1)),
            (sliding(1, 1, Padding::Same), 5, 2, (5, 0)),
            (sliding(2, 1, Padding::Same), 5, 3, (3, 1)),
            (sliding(2, 1, Padding::Same), 6, 3, (3, 0)),
            (sliding(4, 1, Padding::Same), 5, 2, (2, 0)),
            (sliding(1, 2, Padding::Same), 5, 3, (5, 2)),
            (sliding(1, 1, Padding::Same), 0, 3, (0, 1)),
            (sliding(1, 1, Padding::Valid), 5, 3, (3, 0)),
            (sliding(2, 1, Padding::Valid), 6, 3, (2, 0)),
            (sliding(2, 2, Padding::Valid), 9, 3, (3, 0)),
            (sliding(1, 1, around), 5, 3, (6, 2)),
            (sliding(3, 1, around), 5, 8, (1, 2)),
        ];
        for (sliding, size, window, (places, before)) in cases {
            let extent = sliding.extent(1, size, window);
            let expected = Extent { places, before };
            assert_eq!(extent, Ok(expected), "{sliding:?} {size} {window}");
        }
    }

    #[test]
    fn what_is_refused() {
        let valid = sliding(1, 1, Padding::Valid);
        let huge = sliding(1, usize::MAX, Padding::Same);
        let cases = [
            (
                valid,
                2,
                3,
                "a window of height 3 does not fit into the height 2",
            ),
            (
                valid,
                2,
                0,
                "the window has the height 0 but must have at least 1",
            ),
            (
                sliding(0, 1, Padding::Same),
                2,
                1,
                "the stride along the height is 0 but must be at least 1",
            ),
            (
                sliding(1, 0, Padding::Same),
                2,
                1,
                "the dilation along the height is 0 but must be at least 1",
            ),
            (huge, 2, 3, "the window is too large along the height"),
        ];
        for (sliding, size, window, message) in cases {
            let problem = sliding.extent(0, size, window).unwrap_err();
            assert_eq!(problem.message, message);
        }
    }
}
