//! Masks: what is composed of truth values and ops that find places.

use crate::build::axes::resolve_axis;
use crate::build::slice::to_i64;
use crate::element::{DType, Element, Index, Number};
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::mistake::Problem;
use crate::op::{Array, Binary, Compare, Reduction, SizeReason};
use crate::shape::{Dim, Shape};
use crate::sizes::{Size, Sizes};

impl<'g> AnyTensor<'g> {
    /// The parts of this tensor at the places of some axes, from `axis` on, where the mask holds.
    #[track_caller]
    pub fn boolean_mask(self, mask: AnyTensor<'g>, axis: i64) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        if self.is_poisoned() || mask.is_poisoned() {
            return graph.add_tensor(Array::Gather { axis: 0 }, &[self, mask], "boolean_mask");
        }
        let (shape, masked) = (self.shape(), mask.shape());
        let axis = match masked_axis(&shape, &masked, axis) {
            Ok(axis) => axis,
            Err(problem) => {
                return graph.poisoned_like(
                    self,
                    "boolean_mask",
                    "boolean_mask",
                    problem.operand("x", self).operand("mask", mask),
                );
            }
        };
        let _scope = graph.open_scope("boolean_mask");
        // One axis needs no reshape, and so its gradient is sparse.
        let (x, mask) = if masked.rank() == 1 {
            let help = format!("give one truth value for each position of axis {axis} of x");
            let reason = SizeReason::new("boolean_mask", "mask", help);
            (self, mask.with_size(self, axis, reason))
        } else {
            let count = Size::Tensor(mask.size(DType::I32));
            let before = (0..axis).map(|axis| Size::of_axis(self, axis));
            let after = (axis + masked.rank()..shape.rank()).map(|axis| Size::of_axis(self, axis));
            let sizes = before.chain([count]).chain(after).collect();
            (self.reshape(Sizes::list(sizes)), mask.reshape([-1]))
        };
        let places = mask.where_true().squeeze(1);
        x.gather(places, to_i64(axis))
    }

    /// This vector in the size of an axis of `x`: a run in which it has another fails, with the words
    /// of `reason`.
    #[track_caller]
    pub(crate) fn with_size(
        self,
        x: AnyTensor<'g>,
        axis: usize,
        reason: SizeReason,
    ) -> AnyTensor<'g> {
        let same = |dim: Dim| self.shape().dim(0).is_some_and(|own| own.same(dim));
        if x.shape().dim(axis).is_some_and(same) {
            self
        } else {
            self.ensure_size(0, Size::of_axis(x, axis), reason)
        }
    }

    /// For each length `n`, a row of `maxlen` of which the first `n` hold.
    #[track_caller]
    pub fn sequence_mask(self, maxlen: impl Into<Size<'g>>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("SequenceMask");
        self.rows_up_to(maxlen.into().into_tensor(graph))
    }

    /// [`AnyTensor::sequence_mask`] with rows of the largest length.
    #[track_caller]
    pub fn sequence_mask_to_longest(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("SequenceMask");
        // Of no lengths the largest is the lowest number there is.
        let zero = graph.number(self.dtype(), 0.0, "Const");
        let longest = self.reduce(Reduction::Max, .., false);
        self.rows_up_to(zero.binary(Binary::Maximum, longest, "Maximum"))
    }

    #[track_caller]
    fn rows_up_to(self, maxlen: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let dtype = maxlen.dtype();
        let (zero, one) = (
            graph.number(dtype, 0.0, "Const"),
            graph.number(dtype, 1.0, "Const"),
        );
        let positions = graph.range_any(zero, maxlen, one);
        let lengths = self.expand_dims(-1);
        if self.dtype() == DType::I64 && dtype != DType::I64 {
            // Cut down to 32 bits, a length beyond them would be another number.
            return positions.cast(DType::I64).compare(Compare::Less, lengths);
        }
        positions.compare(Compare::Less, lengths.cast(dtype))
    }
}

/// The first axis that a mask stands for, if it fits there.
fn masked_axis(shape: &Shape, mask: &Shape, axis: i64) -> Result<usize, Problem> {
    let first = resolve_axis(axis, shape.rank())?;
    if mask.rank() == 0 {
        return Err(Problem::shape("mask is a scalar but must have an axis")
            .help("choose by one truth value with `cond`"));
    }
    let axes = shape.dims().get(first..first + mask.rank());
    match axes.map(|dims| Shape::new(dims.to_vec())) {
        Some(axes) if axes.compatible(mask) => Ok(first),
        _ => {
            let message = format!("mask has shape {mask} but x has shape {shape}");
            let help = format!("a mask has the sizes of the axes of x from axis {first} on");
            Err(Problem::shape(message).help(help))
        }
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The parts of this tensor where a mask of its first axes holds, one after the other. How many
    /// there are is known in the run. TensorFlow's `boolean_mask`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4]);
    /// let rows = x.boolean_mask(x.reduce_sum(1).greater(0.0));
    /// assert_eq!(rows.shape().to_string(), "[?, 4]");
    /// let elements = x.boolean_mask(x.greater(0.0));
    /// assert_eq!(elements.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn boolean_mask(self, mask: impl Operand<'g, bool>) -> Tensor<'g, T> {
        self.boolean_mask_along(mask, 0)
    }

    /// [`Tensor::boolean_mask`] with a mask of the axes from `axis` on. TensorFlow's `boolean_mask`
    /// with `axis`.
    #[track_caller]
    pub fn boolean_mask_along(self, mask: impl Operand<'g, bool>, axis: i64) -> Tensor<'g, T> {
        let mask = mask.into_tensor(self.graph()).any();
        Tensor::assume(self.any().boolean_mask(mask, axis))
    }
}

impl<'g, T: Index> Tensor<'g, T> {
    /// For each length `n`, a row of `maxlen` (a number or an integer scalar) of which the first `n`
    /// hold. TensorFlow's `sequence_mask`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let lengths = g.placeholder::<i32>("lengths", shape![?]);
    /// assert_eq!(lengths.sequence_mask(20).shape().to_string(), "[?, 20]");
    /// // Rows of the largest length, which is known in the run.
    /// assert_eq!(lengths.sequence_mask_to_longest().shape().to_string(), "[?, ?]");
    /// ```
    #[track_caller]
    pub fn sequence_mask(self, maxlen: impl Into<Size<'g>>) -> Tensor<'g, bool> {
        Tensor::assume(self.any().sequence_mask(maxlen))
    }

    /// [`Tensor::sequence_mask`] of numbers, 1 where it holds and 0 elsewhere: to be multiplied by.
    /// TensorFlow's `sequence_mask` with `dtype`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let lengths = g.placeholder::<i32>("lengths", shape![?]);
    /// let weights = lengths.sequence_mask_as::<f32>(20);
    /// assert_eq!(weights.shape().to_string(), "[?, 20]");
    /// ```
    #[track_caller]
    pub fn sequence_mask_as<N: Number>(self, maxlen: impl Into<Size<'g>>) -> Tensor<'g, N> {
        self.sequence_mask(maxlen).cast()
    }

    /// [`Tensor::sequence_mask`] with rows of the largest length. TensorFlow's `sequence_mask`
    /// without `maxlen`.
    #[track_caller]
    pub fn sequence_mask_to_longest(self) -> Tensor<'g, bool> {
        Tensor::assume(self.any().sequence_mask_to_longest())
    }
}
