//! Products of tensors over chosen axes.

use crate::build::axes::resolve_axis;
use crate::element::Float;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::mistake::Problem;
use crate::sizes::{Size, Sizes};

impl<'g, T: Float> Tensor<'g, T> {
    /// The sums of products over pairs of axes, one of each operand; the axes left of the left
    /// operand come first in the result, then those of the right one. TensorFlow's `tensordot`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let steps = g.placeholder::<f32>("steps", shape![?, ?, 3]);
    /// let w = g.get_variable::<f32>("w", [3, 4]);
    /// // The last axis of `steps` with the first of `w`.
    /// assert_eq!(steps.tensordot(w, 1).shape().to_string(), "[?, ?, 4]");
    /// // Axis 0 of `w` with the last of `steps`.
    /// assert_eq!(w.value().tensordot(steps, ([0], [-1])).shape().to_string(), "[4, ?, ?]");
    /// ```
    #[track_caller]
    pub fn tensordot(self, rhs: impl Operand<'g, T>, axes: impl Into<DotAxes>) -> Tensor<'g, T> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().tensordot(rhs, axes))
    }
}

/// The axes that [`Tensor::tensordot`] sums over: a number of them, or one list for each operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DotAxes {
    /// So many: the last of the left operand with the first of the right one, in order.
    Count(usize),
    /// These of the left operand, each with that of the right one that stands at its place in the
    /// list. Negative axes count from the end.
    Pairs(Vec<i64>, Vec<i64>),
}

impl From<usize> for DotAxes {
    fn from(count: usize) -> DotAxes {
        DotAxes::Count(count)
    }
}

impl<const N: usize> From<([i64; N], [i64; N])> for DotAxes {
    fn from((lhs, rhs): ([i64; N], [i64; N])) -> DotAxes {
        DotAxes::Pairs(lhs.to_vec(), rhs.to_vec())
    }
}

impl From<(Vec<i64>, Vec<i64>)> for DotAxes {
    fn from((lhs, rhs): (Vec<i64>, Vec<i64>)) -> DotAxes {
        DotAxes::Pairs(lhs, rhs)
    }
}

impl<'g> AnyTensor<'g> {
    /// The sums of products over pairs of axes: transposed and reshaped to a product of matrices.
    #[track_caller]
    pub fn tensordot(self, rhs: AnyTensor<'g>, axes: impl Into<DotAxes>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        // An operand of another graph, which the product refuses, is moved in that graph.
        let _there = rhs.graph().here();
        let scope = graph.open_scope("Tensordot");
        let [lhs_axes, rhs_axes] = match axes.into().resolve(self, rhs) {
            Ok(axes) => axes,
            // The ranks of poisoned tensors mean nothing: there is no new mistake.
            Err(_) if self.is_poisoned() || rhs.is_poisoned() => {
                return self.matmul(rhs, false, false);
            }
            Err(problem) => {
                return graph.poisoned_like(
                    self,
                    "tensordot",
                    scope.path(),
                    problem.operand("lhs", self).operand("rhs", rhs),
                );
            }
        };
        let lhs = Factor::new(self, lhs_axes);
        let rhs = Factor::new(rhs, rhs_axes);
        let product = lhs.rows().matmul(rhs.columns(), false, false);
        if lhs.free.len() == 1 && rhs.free.len() == 1 {
            return product;
        }
        let sizes = lhs.free_sizes().chain(rhs.free_sizes()).collect();
        product.reshape(Sizes::list(sizes))
    }
}

impl DotAxes {
    /// The axes of each operand, which must exist and be of one size, pair by pair.
    fn resolve(self, lhs: AnyTensor<'_>, rhs: AnyTensor<'_>) -> Result<[Vec<usize>; 2], Problem> {
        let (lhs_shape, rhs_shape) = (lhs.shape(), rhs.shape());
        let axes = match self {
            DotAxes::Count(count) => {
                let of_lhs = last_axes("lhs", count, lhs_shape.rank())?;
                let of_rhs = last_axes("rhs", count, rhs_shape.rank())?;
                [of_lhs.collect(), (0..of_rhs.len()).collect()]
            }
            DotAxes::Pairs(lhs, rhs) => [
                distinct("lhs", &lhs, lhs_shape.rank())?,
                distinct("rhs", &rhs, rhs_shape.rank())?,
            ],
        };
        let [of_lhs, of_rhs] = &axes;
        if of_lhs.len() != of_rhs.len() {
            let (left, right) = (of_lhs.len(), of_rhs.len());
            let message = format!("axes name {left} of lhs but {right} of rhs");
            return Err(Problem::argument(message).help("name as many axes of each"));
        }
        for (left, right) in of_lhs.iter().zip(of_rhs) {
            let sizes = lhs_shape.dim(*left).zip(rhs_shape.dim(*right));
            if let Some((a, b)) = sizes.filter(|(a, b)| !a.compatible(*b)) {
                return Err(Problem::shape(format!(
                    "axis {left} of lhs has size {a} but axis {right} of rhs has size {b}"
                ))
                .help("sum over axes of one size"));
            }
        }
        Ok(axes)
    }
}

fn last_axes(role: &str, count: usize, rank: usize) -> Result<std::ops::Range<usize>, Problem> {
    let first = rank.checked_sub(count).ok_or_else(|| {
        Problem::argument(format!(
            "{role} has rank {rank}, less than the {count} axes"
        ))
        .help("sum over fewer axes")
    })?;
    Ok(first..rank)
}

fn distinct(role: &str, axes: &[i64], rank: usize) -> Result<Vec<usize>, Problem> {
    let mut resolved: Vec<usize> = Vec::with_capacity(axes.len());
    for axis in axes {
        let axis = resolve_axis(*axis, rank)?;
        if resolved.contains(&axis) {
            let message = format!("axes {axes:?} name axis {axis} of {role} twice");
            return Err(Problem::argument(message).help("name each axis once"));
        }
        resolved.push(axis);
    }
    Ok(resolved)
}

/// An operand as a matrix: of the axes that are summed over, and those left.
struct Factor<'g> {
    tensor: AnyTensor<'g>,
    summed: Vec<usize>,
    free: Vec<usize>,
}

impl<'g> Factor<'g> {
    fn new(tensor: AnyTensor<'g>, summed: Vec<usize>) -> Factor<'g> {
        let axes = 0..tensor.shape().rank();
        let free = axes.filter(|axis| !summed.contains(axis)).collect();
        Factor {
            tensor,
            summed,
            free,
        }
    }

    /// A row for each position of the axes left.
    fn rows(&self) -> AnyTensor<'g> {
        self.matrix(&self.free, &self.summed)
    }

    /// A column for each position of the axes left.
    fn columns(&self) -> AnyTensor<'g> {
        self.matrix(&self.summed, &self.free)
    }

    fn matrix(&self, rows: &[usize], columns: &[usize]) -> AnyTensor<'g> {
        let perm: Vec<usize> = rows.iter().chain(columns).copied().collect();
        let moved = if perm.is_sorted() {
            self.tensor
        } else {
            self.tensor.transpose(perm)
        };
        if rows.len() == 1 && columns.len() == 1 {
            return moved;
        }
        let sizes = vec![self.elements(rows), self.elements(columns)];
        moved.reshape(Sizes::list(sizes))
    }

    /// The number of positions of some axes.
    fn elements(&self, axes: &[usize]) -> Size<'g> {
        let sizes: Vec<Size<'g>> = axes.iter().map(|axis| self.size(*axis)).collect();
        Size::product(&sizes, self.tensor.graph())
    }

    fn free_sizes(&self) -> impl Iterator<Item = Size<'g>> {
        self.free.iter().map(|axis| self.size(*axis))
    }

    fn size(&self, axis: usize) -> Size<'g> {
        Size::of_axis(self.tensor, axis)
    }
}
