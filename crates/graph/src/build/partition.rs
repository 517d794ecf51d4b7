//! Builders that cut arrays at places known in the run, deal out their slices, and put them together.

use crate::build::slice::to_i64;
use crate::element::{Element, Index};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::{Array, SizeReason};
use crate::sizes::{Size, Sizes};

impl<'g> AnyTensor<'g> {
    /// A block of these sizes from a position on, some of which are known in the run alone.
    #[track_caller]
    pub fn slice_at(self, begin: &[Size<'g>], sizes: &[Size<'g>]) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        if self.is_poisoned() {
            return self.identity();
        }
        let _scope = graph.open_scope("Slice");
        let numbers = |pair: (&Size<'g>, &Size<'g>)| match pair {
            (Size::Number(begin), Size::Number(size)) => (*begin, *size),
            // The whole axis, of which the run takes its part.
            (Size::Tensor(_), _) | (_, Size::Tensor(_)) => (0, -1),
        };
        let known: Vec<(i64, i64)> = begin.iter().zip(sizes).map(numbers).collect();
        if begin.len() != sizes.len() || known.iter().any(|(begin, _)| *begin < 0) {
            let message = format!(
                "{} positions and {} sizes are given, or a position is negative",
                begin.len(),
                sizes.len()
            );
            let problem = Problem::argument(message).help("give one of each for each axis");
            return graph.poisoned_like(self, "slice", "Slice", problem.operand("x", self));
        }
        let (starts, counts): (Vec<i64>, Vec<i64>) = known.into_iter().unzip();
        let starts: Vec<usize> = starts
            .into_iter()
            .filter_map(|start| start.try_into().ok())
            .collect();
        let mut block = self.slice_sizes(&starts, &counts);
        for (axis, pair) in begin.iter().zip(sizes).enumerate() {
            if let (Size::Number(_), Size::Number(_)) = pair {
                continue;
            }
            let start = pair.0.into_i32(graph);
            let count = match pair.1 {
                Size::Number(-1) => Size::of_axis(block, axis).into_i32(graph) - start,
                size => size.into_i32(graph),
            };
            let places = graph.range(count) + start;
            block = block.gather(places.any(), to_i64(axis));
        }
        block
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// A block of these sizes from a position on: lists of [`sizes!`](crate::sizes), numbers and
    /// integer scalars mixed. The number -1 as a size takes all that are left; a block that is not all
    /// within the tensor is an error of the run. TensorFlow's `slice` with tensors.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape, sizes};
    ///
    /// let g = Graph::new();
    /// let rows = g.placeholder::<f32>("rows", shape![?, 10]);
    /// let batch = g.placeholder::<i32>("batch", shape![]);
    /// let rows_of_batch = rows.slice_at(&sizes![batch * 32, 0], &sizes![32, -1]);
    /// assert_eq!(rows_of_batch.shape().to_string(), "[32, 10]");
    /// ```
    #[track_caller]
    pub fn slice_at(self, begin: &[Size<'g>], sizes: &[Size<'g>]) -> Tensor<'g, T> {
        Tensor::assume(self.any().slice_at(begin, sizes))
    }

    /// The slices dealt out to `num` tensors: `partitions` says of each to which. It has the sizes of
    /// the first axes; another number than one below `num` is an error of the run. How many slices
    /// each tensor has is known in the run. Always `num` tensors (but at most 2²⁰), poisoned if there
    /// would be more. TensorFlow's `dynamic_partition`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 10]);
    /// let kinds = g.placeholder::<i32>("kinds", shape![?]);
    /// let parts = x.dynamic_partition(kinds, 3);
    /// assert_eq!(parts[2].shape().to_string(), "[?, 10]");
    /// ```
    #[track_caller]
    pub fn dynamic_partition<I: Index>(
        self,
        partitions: Tensor<'g, I>,
        num: usize,
    ) -> Vec<Tensor<'g, T>> {
        let graph = self.graph();
        let _here = graph.here();
        if num > Array::MOST_PIECES {
            let message = format!("{num} results are more than {}", Array::MOST_PIECES);
            let problem = Problem::argument(message).operand("x", self.any());
            let name = "dynamic_partition";
            let poisoned = graph.poisoned_like(self.any(), name, "DynamicPartition", problem);
            return vec![Tensor::assume(poisoned); Array::MOST_PIECES];
        }
        let _scope = graph.open_scope("DynamicPartition");
        let partitions = one_for_each_slice(self.any(), partitions);
        let count = graph.number(I::DTYPE, num as f64, "limit");
        let checked: Tensor<'g, I> = Tensor::assume(partitions.any().among(count));
        let parts = (0..num).map(|part| self.boolean_mask(checked.equal(I::from_f64(part as f64))));
        parts.collect()
    }
}

/// The partitions of slices, one for each: that of several axes is left to the masks.
#[track_caller]
fn one_for_each_slice<'g, I: Index>(x: AnyTensor<'g>, partitions: Tensor<'g, I>) -> Tensor<'g, I> {
    let poisoned = x.is_poisoned() || partitions.is_poisoned();
    if poisoned || x.shape().rank() == 0 || partitions.shape().rank() != 1 {
        return partitions;
    }
    let help = "give one partition for each slice of x";
    let reason = SizeReason::new("dynamic_partition", "partitions", help);
    Tensor::assume(partitions.any().with_size(x, 0, reason))
}

impl Graph {
    /// One tensor of the slices of several: slice `i` of `data[n]` is at `indices[n][i]`, and of
    /// several at one place the last stays. What no index names is 0. The size is one more than the
    /// largest index, which is known in the run. TensorFlow's `dynamic_stitch`, which leaves open what
    /// no index names.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let (even, odd) = (g.constant([0, 2]), g.constant([1]));
    /// let data = [g.constant([1.0_f32, 3.0]), g.constant([2.0])];
    /// let all = g.dynamic_stitch(&[even, odd], &data); // [1, 2, 3]
    /// assert_eq!(all.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn dynamic_stitch<'g, T: Element, I: Index>(
        &'g self,
        indices: &[Tensor<'g, I>],
        data: &[Tensor<'g, T>],
    ) -> Tensor<'g, T> {
        let _here = self.here();
        let _scope = self.open_scope("DynamicStitch");
        let rank = |place: usize| {
            indices
                .get(place)
                .map_or(0, |indices| indices.shape().rank())
        };
        let slice: Vec<Size<'g>> = data.first().map_or_else(Vec::new, |first| {
            let axes = rank(0)..first.shape().rank();
            axes.map(|axis| Size::of_axis(first.any(), axis)).collect()
        });
        let flat: Vec<Tensor<'g, I>> = indices
            .iter()
            .map(|indices| indices.reshape([-1]))
            .collect();
        let slices = data.iter().zip(&flat).map(|(data, indices)| {
            let count = Size::of_axis(indices.any(), 0);
            data.reshape(Sizes::list([&[count], slice.as_slice()].concat()))
        });
        let slices: Vec<Tensor<'g, T>> = slices.collect();
        let (places, slices) = (self.concat(&flat, 0), self.concat(&slices, 0));
        // Of no indices the largest is the lowest number there is.
        let last = places.reduce_max(..).maximum(I::from_f64(-1.0));
        let count = Size::from(last + I::from_f64(1.0));
        let empty = self.zeros::<T>(Sizes::list([&[count], slice.as_slice()].concat()));
        empty.tensor_scatter_update(places.expand_dims(-1), slices)
    }
}
