//! What a gradient can be.

use aqueduct_graph::ir::{SegmentReduction, add_n};
use aqueduct_graph::{AnyTensor, DType, Float, Graph, Size, Tensor};

/// How a sum of `ys` changes with one of `xs`, or why that cannot be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gradient<'g> {
    /// A tensor of the shape and type of `x`.
    Dense(AnyTensor<'g>),
    /// Only some rows of `x` were used: the gradient of those.
    Sparse(IndexedSlices<'g>),
    /// No operation leads from `x` to any of `ys`.
    NotConnected,
    /// Operations lead from `x` to `ys`, but no gradient flows through them.
    NotDifferentiable {
        /// The operation nearest to `x` that lets none through, with its line, and why.
        reason: String,
    },
    /// There is a gradient, but this library cannot derive all of it. A part would be wrong, so
    /// there is none; an optimizer refuses to train such a variable.
    NotDerived {
        /// The operation whose part is missing, with its line, and why.
        reason: String,
    },
}

impl<'g> Gradient<'g> {
    /// The gradient as one tensor, if there is a gradient. A sparse one is made dense, which adds
    /// operations.
    #[track_caller]
    pub fn dense(&self) -> Option<AnyTensor<'g>> {
        // Called by `map`, `to_dense` would take the standard library for its caller.
        let slope = self.slope()?;
        Some(slope.to_dense())
    }

    /// [`Gradient::dense`] of elements known to the compiler: to do something with a gradient before it
    /// is applied. It is a mistake if the gradient is of another type.
    #[track_caller]
    pub fn typed<T: Float>(&self) -> Option<Tensor<'g, T>> {
        let slope = self.slope()?;
        Some(slope.to_dense().typed())
    }

    /// The gradient without the cases in which there is none.
    pub fn slope(&self) -> Option<Slope<'g>> {
        match self {
            Gradient::Dense(tensor) => Some(Slope::Dense(*tensor)),
            Gradient::Sparse(slices) => Some(Slope::Sparse(*slices)),
            Gradient::NotConnected
            | Gradient::NotDifferentiable { .. }
            | Gradient::NotDerived { .. } => None,
        }
    }

    /// Why there is no gradient, in a clause; `None` if there is one.
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Gradient::Dense(_) | Gradient::Sparse(_) => None,
            Gradient::NotConnected => Some("not connected"),
            Gradient::NotDifferentiable { reason } | Gradient::NotDerived { reason } => {
                Some(reason)
            }
        }
    }
}

impl<'g, T: Float> From<Tensor<'g, T>> for Gradient<'g> {
    fn from(tensor: Tensor<'g, T>) -> Gradient<'g> {
        Gradient::Dense(tensor.any())
    }
}

impl<'g> From<Slope<'g>> for Gradient<'g> {
    fn from(slope: Slope<'g>) -> Gradient<'g> {
        match slope {
            Slope::Dense(tensor) => Gradient::Dense(tensor),
            Slope::Sparse(slices) => Gradient::Sparse(slices),
        }
    }
}

/// A gradient that exists, in one of its two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slope<'g> {
    /// A tensor of the shape and type of what it belongs to.
    Dense(AnyTensor<'g>),
    /// Some rows of that tensor; the others are zero.
    Sparse(IndexedSlices<'g>),
}

impl<'g> Slope<'g> {
    /// The gradient as one tensor. A sparse one is made dense, which adds operations.
    #[track_caller]
    pub fn to_dense(self) -> AnyTensor<'g> {
        match self {
            Slope::Dense(tensor) => tensor,
            Slope::Sparse(slices) => slices.to_dense(),
        }
    }

    /// Its numbers: the whole tensor, or the rows of a sparse one.
    pub(crate) fn values(self) -> AnyTensor<'g> {
        match self {
            Slope::Dense(tensor) => tensor,
            Slope::Sparse(slices) => slices.values,
        }
    }

    /// The same with other numbers.
    pub(crate) fn with_values(self, values: AnyTensor<'g>) -> Slope<'g> {
        match self {
            Slope::Dense(_) => Slope::Dense(values),
            Slope::Sparse(slices) => Slope::Sparse(IndexedSlices { values, ..slices }),
        }
    }

    /// The sum of gradients of one tensor: sparse if all are, `None` if there are none.
    #[track_caller]
    pub(crate) fn sum(graph: &'g Graph, slopes: &[Slope<'g>]) -> Option<Slope<'g>> {
        if let [] | [_] = slopes {
            return slopes.first().copied();
        }
        let sparse: Option<Vec<IndexedSlices<'g>>> = slopes
            .iter()
            .map(|slope| match slope {
                Slope::Sparse(slices) => Some(*slices),
                Slope::Dense(_) => None,
            })
            .collect();
        if let Some(sum) = sparse.and_then(|slices| IndexedSlices::sum(graph, &slices)) {
            return Some(Slope::Sparse(sum));
        }
        let mut dense = Vec::with_capacity(slopes.len());
        for slope in slopes {
            dense.push(slope.to_dense());
        }
        Some(Slope::Dense(add_n(graph, &dense)))
    }
}

/// Rows of a tensor: row `indices[i]` has `values[i]`, rows that are named several times have the
/// sum, rows that are not named are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedSlices<'g> {
    /// The rows: `[n, …]`.
    pub values: AnyTensor<'g>,
    /// Which rows they are: an integer vector of `n`.
    pub indices: AnyTensor<'g>,
    /// How many rows the tensor has: an integer scalar.
    pub rows: AnyTensor<'g>,
}

impl<'g> IndexedSlices<'g> {
    /// The tensor in full: rows named several times are added up. Negative indices, which no gradient
    /// of the library has, name no row.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, zeros};
    /// use aqueduct_optimizer::{Gradient, gradients};
    ///
    /// let g = Graph::new();
    /// let table = g.variable::<f32>("table", zeros([100, 8]));
    /// let rows = table.gather(g.constant([3_i32, 5, 3]));
    /// let Gradient::Sparse(slices) = gradients(rows, table).remove(0) else { panic!() };
    /// assert_eq!(slices.values.shape().to_string(), "[3, 8]");
    /// assert_eq!(slices.to_dense().shape().to_string(), "[100, 8]");
    /// ```
    #[track_caller]
    pub fn to_dense(self) -> AnyTensor<'g> {
        let rows = Size::Tensor(self.rows);
        self.values
            .unsorted_segment(SegmentReduction::Sum, self.indices, rows)
    }

    /// The rows of all; `None` of nothing.
    #[track_caller]
    fn sum(graph: &'g Graph, all: &[IndexedSlices<'g>]) -> Option<IndexedSlices<'g>> {
        let rows = all.first()?.rows;
        let wide = all
            .iter()
            .any(|slices| slices.indices.dtype() == DType::I64);
        let mut values = Vec::with_capacity(all.len());
        let mut indices = Vec::with_capacity(all.len());
        for slices in all {
            values.push(slices.values);
            indices.push(if wide {
                slices.indices.cast(DType::I64)
            } else {
                slices.indices
            });
        }
        Some(IndexedSlices {
            values: graph.concat_any(&values, 0),
            indices: graph.concat_any(&indices, 0),
            rows,
        })
    }
}
