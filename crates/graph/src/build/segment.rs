//! Builders that put slices with equal ids together.

use crate::element::{Float, Index, Number};
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::op::{Array, Binary, Bound, Reduction, SegmentReduction, SliceSpec, Unary};
use crate::shape::Dim;
use crate::sizes::Size;

/// See [`Tensor::unsorted_segment_sum`] for what `ids` and `num_segments` are.
macro_rules! unsorted_segments {
    ($($(#[$doc:meta])* $name:ident $reduction:ident;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name<I: Index>(
            self,
            ids: impl Operand<'g, I>,
            num_segments: impl Into<Size<'g>>,
        ) -> Tensor<'g, T> {
            let ids = ids.into_tensor(self.graph()).any();
            let reduction = SegmentReduction::$reduction;
            Tensor::assume(self.any().unsorted_segment(reduction, ids, num_segments))
        }
    )*};
}

/// See [`Tensor::segment_sum`] for what `ids` are.
macro_rules! segments {
    ($($(#[$doc:meta])* $name:ident $reduction:ident;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name<I: Index>(self, ids: impl Operand<'g, I>) -> Tensor<'g, T> {
            let ids = ids.into_tensor(self.graph()).any();
            Tensor::assume(self.any().segment(SegmentReduction::$reduction, ids))
        }
    )*};
}

/// Slices with equal ids put together.
impl<'g, T: Number> Tensor<'g, T> {
    unsorted_segments! {
        /// The sums of segments: slice `s` of the result is the sum of the slices whose id is `s`, 0 if
        /// there are none. The ids have the sizes of the first axes of this tensor, in place of which
        /// the result has one axis of `num_segments`, a number or an integer scalar. A slice with a
        /// negative id is dropped; an id of `num_segments` or more is an error of the run.
        /// TensorFlow's `unsorted_segment_sum`.
        ///
        /// ```
        /// use aqueduct_graph::{Graph, shape};
        ///
        /// let g = Graph::new();
        /// let messages = g.placeholder::<f32>("messages", shape![?, 16]);
        /// let receivers = g.placeholder::<i32>("receivers", shape![?]);
        /// let received = messages.unsorted_segment_sum(receivers, 100);
        /// assert_eq!(received.shape().to_string(), "[100, 16]");
        /// ```
        unsorted_segment_sum Sum;
        /// The products of segments, as [`Tensor::unsorted_segment_sum`] has their sums; 1 of nothing.
        /// TensorFlow's `unsorted_segment_prod`, whose gradient has no gradient of its own that is
        /// right where a segment has two zeros.
        unsorted_segment_prod Prod;
        /// The largest of each segment, as [`Tensor::unsorted_segment_sum`] has their sums: of nothing
        /// the lowest finite value of the type, NaN if any is NaN. Elements that are equally large
        /// share the gradient. TensorFlow's `unsorted_segment_max`, which may pass over NaN, and gives
        /// the lowest finite value of nothing but `-inf` too.
        unsorted_segment_max Max;
        /// The smallest of each segment, as [`Tensor::unsorted_segment_sum`] has their sums: of nothing
        /// the highest finite value of the type, NaN if any is NaN. Elements that are equally small
        /// share the gradient. TensorFlow's `unsorted_segment_min`, which may pass over NaN, and gives
        /// the highest finite value of nothing but `inf` too.
        unsorted_segment_min Min;
    }

    segments! {
        /// The sums of segments that lie one after the other: slice `s` of the result is the sum of the
        /// slices whose id is `s`, 0 if there are none. The ids are a vector, with one for each slice
        /// along the first axis. The result has one slice more than the last of them, which is known in
        /// the run if the ids are; that they fall or are negative is an error of the run. TensorFlow's
        /// `segment_sum`.
        ///
        /// ```
        /// use aqueduct_graph::Graph;
        ///
        /// let g = Graph::new();
        /// let x = g.constant([1.0_f32, 2.0, 3.0]);
        /// let sums = x.segment_sum(g.constant([0, 0, 2])); // [3, 0, 3]
        /// assert_eq!(sums.shape().to_string(), "[3]");
        /// ```
        segment_sum Sum;
        /// The products of segments that lie one after the other, as [`Tensor::segment_sum`] has their
        /// sums; 1 of nothing. TensorFlow's `segment_prod`.
        segment_prod Prod;
        /// The largest of each of segments that lie one after the other, as [`Tensor::segment_sum`] has
        /// their sums: 0 of nothing, NaN if any is NaN. Elements that are equally large share the
        /// gradient. TensorFlow's `segment_max`, which may pass over NaN.
        segment_max Max;
        /// The smallest of each of segments that lie one after the other, as [`Tensor::segment_sum`]
        /// has their sums: 0 of nothing, NaN if any is NaN. Elements that are equally small share the
        /// gradient. TensorFlow's `segment_min`, which may pass over NaN.
        segment_min Min;
    }
}

/// Means of slices with equal ids.
impl<'g, T: Float> Tensor<'g, T> {
    /// The means of segments, as [`Tensor::unsorted_segment_sum`] has their sums; 0 of nothing.
    /// TensorFlow's `unsorted_segment_mean`.
    #[track_caller]
    pub fn unsorted_segment_mean<I: Index>(
        self,
        ids: impl Operand<'g, I>,
        num_segments: impl Into<Size<'g>>,
    ) -> Tensor<'g, T> {
        let ids = ids.into_tensor(self.graph()).any();
        Tensor::assume(self.any().unsorted_segment_mean(ids, num_segments))
    }

    /// The sums of segments divided by the square roots of how many slices each has, as
    /// [`Tensor::unsorted_segment_sum`] has the sums; 0 of nothing. TensorFlow's
    /// `unsorted_segment_sqrt_n`.
    #[track_caller]
    pub fn unsorted_segment_sqrt_n<I: Index>(
        self,
        ids: impl Operand<'g, I>,
        num_segments: impl Into<Size<'g>>,
    ) -> Tensor<'g, T> {
        let ids = ids.into_tensor(self.graph()).any();
        Tensor::assume(self.any().unsorted_segment_sqrt_n(ids, num_segments))
    }

    /// The means of segments that lie one after the other, as [`Tensor::segment_sum`] has their sums;
    /// 0 of nothing. TensorFlow's `segment_mean`.
    #[track_caller]
    pub fn segment_mean<I: Index>(self, ids: impl Operand<'g, I>) -> Tensor<'g, T> {
        let ids = ids.into_tensor(self.graph()).any();
        Tensor::assume(self.any().segment_mean(ids))
    }
}

impl<'g> AnyTensor<'g> {
    /// The slices of each segment put together; see [`Tensor::unsorted_segment_sum`].
    #[track_caller]
    pub fn unsorted_segment(
        self,
        reduction: SegmentReduction,
        ids: AnyTensor<'g>,
        num_segments: impl Into<Size<'g>>,
    ) -> AnyTensor<'g> {
        let _here = self.graph().here();
        let num_segments = num_segments.into().into_tensor(self.graph());
        self.segments(reduction, false, ids, num_segments)
    }

    /// The slices of each of segments that lie one after the other put together; see
    /// [`Tensor::segment_sum`].
    #[track_caller]
    pub fn segment(self, reduction: SegmentReduction, ids: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope(reduction.type_name(true));
        self.segments(reduction, true, ids, ids.segments_of_sorted())
    }

    /// The means of segments; see [`Tensor::unsorted_segment_mean`].
    #[track_caller]
    pub fn unsorted_segment_mean(
        self,
        ids: AnyTensor<'g>,
        num_segments: impl Into<Size<'g>>,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("UnsortedSegmentMean");
        let sums = self.unsorted_segment(SegmentReduction::Sum, ids, num_segments);
        sums.divided_by_counts(ids, |counts| counts)
    }

    /// The sums of segments divided by the square roots of their sizes; see
    /// [`Tensor::unsorted_segment_sqrt_n`].
    #[track_caller]
    pub fn unsorted_segment_sqrt_n(
        self,
        ids: AnyTensor<'g>,
        num_segments: impl Into<Size<'g>>,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("UnsortedSegmentSqrtN");
        let sums = self.unsorted_segment(SegmentReduction::Sum, ids, num_segments);
        sums.divided_by_counts(ids, |counts| counts.unary(Unary::Sqrt))
    }

    /// The means of segments that lie one after the other; see [`Tensor::segment_mean`].
    #[track_caller]
    pub fn segment_mean(self, ids: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("SegmentMean");
        let sums = self.segment(SegmentReduction::Sum, ids);
        sums.divided_by_counts(ids, |counts| counts)
    }

    #[track_caller]
    fn segments(
        self,
        reduction: SegmentReduction,
        sorted: bool,
        ids: AnyTensor<'g>,
        num_segments: AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let op = Array::Segment { reduction, sorted };
        let name = reduction.type_name(sorted);
        self.graph()
            .add_tensor(op, &[self, ids, num_segments], name)
    }

    /// One more than the last of these sorted ids; 0 of none.
    #[track_caller]
    fn segments_of_sorted(self) -> AnyTensor<'g> {
        let number = |number| self.graph().number(self.dtype(), number, "Const");
        let last = match self.shape().dim(0) {
            // What is known of the elements makes the result's size known.
            Some(Dim::Known(1..)) => self.slice(SliceSpec {
                bounds: vec![Bound::At(-1)],
            }),
            Some(Dim::Known(_) | Dim::Unknown(_)) | None => self.reduce(Reduction::Max, .., false),
        };
        // The kernel says which ids are negative, as they would not of a negative size.
        let last = last.binary(Binary::Maximum, number(-1.0), "Maximum");
        last.add(number(1.0))
    }

    /// These sums divided by a function of how many slices went into each, of which there is at least
    /// one where there are none.
    #[track_caller]
    fn divided_by_counts(
        self,
        ids: AnyTensor<'g>,
        divisor: impl FnOnce(AnyTensor<'g>) -> AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        if self.is_poisoned() {
            return self;
        }
        let sum = SegmentReduction::Sum;
        // Counted in whole numbers, as floats cannot be counted up beyond their precision.
        let ones = ids.ones_like();
        let counts = ones.unsorted_segment(sum, ids, Size::of_axis(self, 0));
        let one = self.graph().number(counts.dtype(), 1.0, "Const");
        let counts = counts.binary(Binary::Maximum, one, "Maximum");
        let mut divisor = divisor(counts.cast(self.dtype()));
        for _ in 1..self.shape().rank() {
            divisor = divisor.expand_dims(-1);
        }
        self.div(divisor)
    }
}
