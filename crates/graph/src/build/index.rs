//! Builders that find places by index or by truth.

use crate::build::axes::resolve_axis;
use crate::element::{Element, Index, Number};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::ids::TensorId;
use crate::op::Array;
use crate::sizes::{Size, Sizes};

impl Graph {
    /// Zeros of the given sizes, to which each of the updates is added at the place that its row of
    /// indices names: the reverse of [`Tensor::gather_nd`]. An index out of range is an error of the
    /// run. TensorFlow's `scatter_nd`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let (places, updates) = (g.constant([[1], [3], [1]]), g.constant([1.0_f32, 2.0, 3.0]));
    /// let sums = g.scatter_nd(places, updates, [5]); // [0, 4, 0, 2, 0]
    /// assert_eq!(sums.shape().to_string(), "[5]");
    /// ```
    #[track_caller]
    pub fn scatter_nd<'g, T: Number, I: Index>(
        &'g self,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
        sizes: impl Into<Sizes<'g>>,
    ) -> Tensor<'g, T> {
        let indices = indices.into_tensor(self).any();
        let updates = updates.into_tensor(self).any();
        Tensor::assume(updates.scatter_nd(indices, sizes))
    }
}

impl<'g> AnyTensor<'g> {
    /// The parts of this tensor that rows of indices name by positions of its first axes.
    #[track_caller]
    pub fn gather_nd(self, indices: AnyTensor<'g>) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::GatherNd, &[self, indices], "GatherNd")
    }

    /// Zeros of the given sizes, to which each part of this tensor is added at the place that its
    /// row of indices names.
    #[track_caller]
    pub fn scatter_nd(self, indices: AnyTensor<'g>, sizes: impl Into<Sizes<'g>>) -> AnyTensor<'g> {
        let shape = sizes.into().into_tensor(self.graph());
        self.graph()
            .add_tensor(Array::ScatterNd, &[indices, self, shape], "ScatterNd")
    }

    /// This tensor with each of the updates in place of the part that its row of indices names.
    #[track_caller]
    pub fn tensor_scatter_update(
        self,
        indices: AnyTensor<'g>,
        updates: AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let inputs = [self, indices, updates];
        self.graph()
            .add_tensor(Array::TensorScatterUpdate, &inputs, "TensorScatterUpdate")
    }

    /// For each position of `batch_axis`, the first elements along `seq_axis`, as many as its length
    /// says, in reverse; the others stay.
    #[track_caller]
    pub fn reverse_sequence(
        self,
        lengths: AnyTensor<'g>,
        seq_axis: i64,
        batch_axis: i64,
    ) -> AnyTensor<'g> {
        let rank = self.shape().rank();
        let op = |seq_axis, batch_axis| Array::ReverseSequence {
            seq_axis,
            batch_axis,
        };
        let resolved = resolve_axis(seq_axis, rank)
            .and_then(|seq| Ok(op(seq, resolve_axis(batch_axis, rank)?)));
        let inputs = [self, lengths];
        let id = self
            .graph()
            .add_resolved(resolved, || op(0, 1), &inputs, "ReverseSequence");
        AnyTensor::new(self.graph(), TensorId::new(id, 0))
    }

    /// A new axis of size `depth` with `on` at the index and `off` elsewhere.
    #[track_caller]
    pub fn one_hot(
        self,
        depth: impl Into<Size<'g>>,
        on: AnyTensor<'g>,
        off: AnyTensor<'g>,
        axis: i64,
    ) -> AnyTensor<'g> {
        let rank = self.shape().rank() + 1;
        let inputs = [self, depth.into().into_tensor(self.graph()), on, off];
        self.graph()
            .with_axis(axis, rank, &inputs, "one_hot", |axis| Array::OneHot {
                axis,
            })
    }

    /// Where this `bool` tensor holds: `i64`, a row of indices for each place.
    #[track_caller]
    pub fn where_true(self) -> AnyTensor<'g> {
        self.graph().add_tensor(Array::Where, &[self], "Where")
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The elements, or parts, of this tensor that rows of indices name: a row of `k` numbers is a
    /// position of each of the first `k` axes. `k`, the last size of the indices, must be known while
    /// building. An index out of range is an error of the run. TensorFlow's `gather_nd`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4, 5]);
    /// let places = g.constant([[0, 1], [2, 3], [0, 1]]);
    /// assert_eq!(x.gather_nd(places).shape().to_string(), "[3, 5]"); // x[0, 1], x[2, 3], x[0, 1]
    /// ```
    #[track_caller]
    pub fn gather_nd<I: Index>(self, indices: impl Operand<'g, I>) -> Tensor<'g, T> {
        let indices = indices.into_tensor(self.graph()).any();
        Tensor::assume(self.any().gather_nd(indices))
    }

    /// This tensor with each of the updates in place of the part that its row of indices names, as in
    /// [`Tensor::gather_nd`]; of several for one part the last. An index out of range is an error of
    /// the run. TensorFlow's `tensor_scatter_nd_update`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let x = g.constant([0.0_f32, 1.0, 2.0]);
    /// let places = g.constant([[2], [0]]);
    /// let written = x.tensor_scatter_update(places, g.constant([7.0, 8.0])); // [8, 1, 7]
    /// assert_eq!(written.shape().to_string(), "[3]");
    /// ```
    #[track_caller]
    pub fn tensor_scatter_update<I: Index>(
        self,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let indices = indices.into_tensor(self.graph()).any();
        let updates = updates.into_tensor(self.graph()).any();
        Tensor::assume(self.any().tensor_scatter_update(indices, updates))
    }

    /// For each position of `batch_axis`, the first elements along `seq_axis`, as many as its length
    /// says, in reverse; the others stay. A length below 0 or beyond the size is an error of the
    /// run. TensorFlow's `reverse_sequence`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 10, 3]);
    /// let lengths = g.placeholder::<i32>("lengths", shape![?]);
    /// let backwards = x.reverse_sequence(lengths, 1, 0);
    /// assert_eq!(backwards.shape(), x.shape());
    /// ```
    #[track_caller]
    pub fn reverse_sequence<I: Index>(
        self,
        lengths: impl Operand<'g, I>,
        seq_axis: i64,
        batch_axis: i64,
    ) -> Tensor<'g, T> {
        let lengths = lengths.into_tensor(self.graph()).any();
        Tensor::assume(self.any().reverse_sequence(lengths, seq_axis, batch_axis))
    }
}

impl<'g, T: Number> Tensor<'g, T> {
    /// This tensor with each of the updates added to the part that its row of indices names; several
    /// for one part are added up first. TensorFlow's `tensor_scatter_nd_add`.
    #[track_caller]
    pub fn tensor_scatter_add<I: Index>(
        self,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let _here = self.graph().here();
        self + self.scattered_like(indices, updates)
    }

    /// This tensor with each of the updates subtracted from the part that its row of indices names;
    /// several for one part are added up first. TensorFlow's `tensor_scatter_nd_sub`.
    #[track_caller]
    pub fn tensor_scatter_sub<I: Index>(
        self,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let _here = self.graph().here();
        self - self.scattered_like(indices, updates)
    }

    #[track_caller]
    fn scattered_like<I: Index>(
        self,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let graph = self.graph();
        graph.scatter_nd(indices, updates, Sizes::like(self.any()))
    }
}

impl<'g, T: Index> Tensor<'g, T> {
    /// A new last axis of size `depth`, a number or an integer scalar, with 1 (or `true`) at the
    /// index and 0 elsewhere; all 0 for an index out of range. No gradient flows through it.
    /// TensorFlow's `one_hot`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let labels = g.placeholder::<i64>("labels", shape![?]);
    /// assert_eq!(labels.one_hot::<f32>(10).shape().to_string(), "[?, 10]");
    /// let marks = labels.one_hot_with(10, 1, -1, 0);
    /// assert_eq!(marks.shape().to_string(), "[10, ?]");
    /// ```
    #[track_caller]
    pub fn one_hot<V: Element>(self, depth: impl Into<Size<'g>>) -> Tensor<'g, V> {
        let graph = self.graph();
        let _here = graph.here();
        let on = graph.number(V::DTYPE, 1.0, "on_value");
        let off = graph.number(V::DTYPE, 0.0, "off_value");
        Tensor::assume(self.any().one_hot(depth, on, off, -1))
    }

    /// [`Tensor::one_hot`] with `on` at the index and `off` elsewhere, the new axis at a place of
    /// the result.
    #[track_caller]
    pub fn one_hot_with<V: Element>(
        self,
        depth: impl Into<Size<'g>>,
        on: impl Operand<'g, V>,
        off: impl Operand<'g, V>,
        axis: i64,
    ) -> Tensor<'g, V> {
        let on = on.into_tensor(self.graph()).any();
        let off = off.into_tensor(self.graph()).any();
        Tensor::assume(self.any().one_hot(depth, on, off, axis))
    }
}

impl<'g> Tensor<'g, bool> {
    /// Where the condition holds: the indices of an element a row, `[n, rank]`, in the order of the
    /// elements. `n` is known in the run. TensorFlow's `where` of one argument.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4]);
    /// let places = x.greater(0.0).where_true();
    /// assert_eq!(places.shape().to_string(), "[?, 2]");
    /// ```
    #[track_caller]
    pub fn where_true(self) -> Tensor<'g, i64> {
        Tensor::assume(self.any().where_true())
    }
}
