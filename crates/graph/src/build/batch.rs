//! Builders that index each part of a batch by indices of its own.

use std::ops::Range;

use crate::build::axes::resolve_axis;
use crate::element::{Element, Index};
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::mistake::Problem;
use crate::sizes::{Size, Sizes};

impl<'g> AnyTensor<'g> {
    /// Slices along an axis, by other indices for each position of the first `batch_dims` axes.
    #[track_caller]
    pub fn gather_batch(
        self,
        indices: AnyTensor<'g>,
        axis: i64,
        batch_dims: usize,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        if self.is_poisoned() || indices.is_poisoned() {
            return self.gather(indices, axis);
        }
        let axis = match batch_axis(self, indices, axis, batch_dims) {
            Ok(axis) => axis,
            Err(problem) => {
                return graph.poisoned_like(
                    self,
                    "gather",
                    "Gather",
                    problem.operand("params", self).operand("indices", indices),
                );
            }
        };
        let _scope = graph.open_scope("Gather");
        let rank = self.shape().rank();
        let rows = indices.batch_positions(batch_dims);
        if axis == batch_dims {
            return self.gather_nd(rows);
        }
        // The axis that is indexed is brought to the batch, and what takes its place back again.
        let picked = indices.shape().rank() - batch_dims;
        let skipped = axis - batch_dims;
        let to_batch = moved(rank, axis..axis + 1, batch_dims);
        let back = moved(
            rank - 1 + picked,
            batch_dims + picked..batch_dims + picked + skipped,
            batch_dims,
        );
        self.transpose(to_batch).gather_nd(rows).transpose(back)
    }

    /// Rows of indices for `gather_nd` and `scatter_nd`: for each of these indices its own position
    /// along the first `batch_dims` axes, and itself.
    #[track_caller]
    pub fn batch_positions(self, batch_dims: usize) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let rank = self.shape().rank();
        let sizes: Vec<Size<'g>> = (0..rank).map(|axis| Size::of_axis(self, axis)).collect();
        let [zero, one] = [0.0, 1.0].map(|number| graph.number(self.dtype(), number, "Const"));
        let mut columns = Vec::with_capacity(batch_dims.saturating_add(1).min(rank + 1));
        for (axis, size) in sizes.iter().take(batch_dims).enumerate() {
            let count = size.into_tensor(graph).cast(self.dtype());
            let mut positions = graph.range_any(zero, count, one);
            for _ in axis + 1..rank {
                positions = positions.expand_dims(-1);
            }
            columns.push(positions.broadcast_to(Sizes::list(sizes.clone())));
        }
        columns.push(self);
        graph.stack_any(&columns, -1)
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// Slices along an axis, in the order of the indices, which are others for each position of the
    /// first `batch_dims` axes: both operands have these axes. The shape of the result is that of
    /// this tensor with the axis replaced by the axes of the indices after the batch. An index out of
    /// range is an error of the run. TensorFlow's `gather` with `batch_dims`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let steps = g.placeholder::<f32>("steps", shape![?, 10, 3]);
    /// let chosen = g.placeholder::<i32>("chosen", shape![?, 2]);
    /// assert_eq!(steps.gather_batch(chosen, 1, 1).shape().to_string(), "[?, 2, 3]");
    /// ```
    #[track_caller]
    pub fn gather_batch<I: Index>(
        self,
        indices: impl Operand<'g, I>,
        axis: i64,
        batch_dims: usize,
    ) -> Tensor<'g, T> {
        let indices = indices.into_tensor(self.graph()).any();
        Tensor::assume(self.any().gather_batch(indices, axis, batch_dims))
    }
}

/// The axis that is indexed, if the operands have the axes of the batch.
fn batch_axis(
    x: AnyTensor<'_>,
    indices: AnyTensor<'_>,
    axis: i64,
    batch_dims: usize,
) -> Result<usize, Problem> {
    let (shape, index_shape) = (x.shape(), indices.shape());
    let axis = resolve_axis(axis, shape.rank())?;
    if batch_dims > axis {
        let message = format!("batch_dims is {batch_dims} but axis {axis} is indexed");
        return Err(Problem::argument(message).help("index an axis after those of the batch"));
    }
    let batch = |shape: &crate::shape::Shape| shape.dims().get(..batch_dims).map(<[_]>::to_vec);
    let sizes = batch(&shape).zip(batch(&index_shape));
    let fits = sizes.is_some_and(|(a, b)| a.iter().zip(&b).all(|(a, b)| a.compatible(*b)));
    if fits {
        return Ok(axis);
    }
    let message = format!(
        "x has shape {shape} and indices has shape {index_shape}: their first {} differ",
        crate::infer::plural(batch_dims, "axis")
    );
    Err(Problem::shape(message).help("both must have the axes of the batch"))
}

/// The permutation that moves axes of `rank` to the front of the one at `to`, which is before them.
fn moved(rank: usize, axes: Range<usize>, to: usize) -> Vec<usize> {
    let others = (to..rank).filter(|axis| !axes.contains(axis));
    (0..to).chain(axes.clone()).chain(others).collect()
}
