//! Distinct elements: what is composed of the place at which each element stands first.

use crate::element::{DType, Number};
use crate::handle::{AnyTensor, Tensor};
use crate::op::{Accumulation, Array, Compare, SegmentReduction};
use crate::sizes::Size;

impl<'g, T: Number> Tensor<'g, T> {
    /// The distinct elements of this vector, in the order in which they come first, and of each element
    /// of the vector the place of its like among them. How many there are is known in the run; a
    /// gradient flows from them to where they stand first. Each NaN is distinct from all others.
    /// TensorFlow's `unique`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let (values, places) = g.constant([4, 9, 4, 7]).unique(); // [4, 9, 7] and [0, 1, 0, 2]
    /// assert_eq!(values.shape().to_string(), "[?]");
    /// assert_eq!(places.shape().to_string(), "[4]");
    /// ```
    #[track_caller]
    pub fn unique(self) -> (Tensor<'g, T>, Tensor<'g, i32>) {
        let (values, places) = self.any().unique();
        (Tensor::assume(values), Tensor::assume(places))
    }

    /// [`Tensor::unique`], and how often each of the distinct elements occurs. TensorFlow's
    /// `unique_with_counts`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let (values, _, counts) = g.constant([4, 9, 4, 7]).unique_with_counts(); // counts: [2, 1, 1]
    /// assert_eq!(counts.shape(), values.shape());
    /// ```
    #[track_caller]
    pub fn unique_with_counts(self) -> (Tensor<'g, T>, Tensor<'g, i32>, Tensor<'g, i32>) {
        let (values, places, counts) = self.any().unique_with_counts();
        let [places, counts] = [places, counts].map(Tensor::assume);
        (Tensor::assume(values), places, counts)
    }

    /// Of each element of this vector, the place at which its like stands first: `[4, 9, 4, 7]` gives
    /// `[0, 1, 0, 3]`. A NaN is like no other, `-0.0` is like `0.0`. It has no gradient.
    ///
    /// With it one can treat equal elements as one without a size that only the run can tell, as
    /// [`Tensor::unique`] has one.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let ids = g.placeholder::<i64>("ids", shape![?]);
    /// assert_eq!(ids.first_occurrence().shape(), ids.shape());
    /// ```
    #[track_caller]
    pub fn first_occurrence(self) -> Tensor<'g, i32> {
        Tensor::assume(self.any().first_occurrence())
    }
}

impl<'g> AnyTensor<'g> {
    /// The distinct elements of this vector, and the place of each element's like among them; see
    /// [`Tensor::unique`].
    #[track_caller]
    pub fn unique(self) -> (AnyTensor<'g>, AnyTensor<'g>) {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("Unique");
        let distinct = Distinct::of(self);
        (distinct.values(self), distinct.places())
    }

    /// [`AnyTensor::unique`], and how often each of the distinct elements occurs.
    #[track_caller]
    pub fn unique_with_counts(self) -> (AnyTensor<'g>, AnyTensor<'g>, AnyTensor<'g>) {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("UniqueWithCounts");
        let distinct = Distinct::of(self);
        let ones = distinct.first.ones_like();
        let counts = ones.unsorted_segment(
            SegmentReduction::Sum,
            distinct.first,
            Size::Tensor(self.size(DType::I32)),
        );
        let counts = distinct.values(counts);
        (distinct.values(self), distinct.places(), counts)
    }

    /// Of each element of this vector, the place at which its like stands first; see
    /// [`Tensor::first_occurrence`].
    #[track_caller]
    pub fn first_occurrence(self) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::FirstOccurrence, &[self], "FirstOccurrence")
    }

    /// For the results of [`AnyTensor::first_occurrence`]: which elements stand first.
    #[track_caller]
    pub fn is_own_place(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let (zero, one) = (
            graph.number(DType::I32, 0.0, "start"),
            graph.number(DType::I32, 1.0, "delta"),
        );
        let places = graph.range_any(zero, self.size(DType::I32), one);
        self.compare(Compare::Equal, places)
    }
}

/// Where the elements of a vector stand first.
struct Distinct<'g> {
    /// Of each element, the place at which its like stands first.
    first: AnyTensor<'g>,
    is_first: AnyTensor<'g>,
    /// The places of those that stand first.
    firsts: AnyTensor<'g>,
}

impl<'g> Distinct<'g> {
    #[track_caller]
    fn of(x: AnyTensor<'g>) -> Distinct<'g> {
        let first = x.first_occurrence();
        let is_first = first.is_own_place();
        Distinct {
            first,
            is_first,
            firsts: is_first.where_true().squeeze(1),
        }
    }

    /// What of this vector stands where elements stand first.
    #[track_caller]
    fn values(&self, vector: AnyTensor<'g>) -> AnyTensor<'g> {
        vector.gather(self.firsts, 0)
    }

    /// Of each element, the place of its like among the distinct ones.
    #[track_caller]
    fn places(&self) -> AnyTensor<'g> {
        let before = self
            .is_first
            .cast(DType::I32)
            .cumulative(Accumulation::Sum, 0, true, false);
        before.gather(self.first, 0)
    }
}
