//! Lengths of vectors, composed of reductions.

use crate::build::Axes;
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::mistake::Problem;
use crate::op::{Binary, Compare, Reduction, Unary};

/// Which length of a vector is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NormOrder {
    /// The sum of the absolute values. TensorFlow's `ord=1`.
    One,
    /// The square root of the sum of the squares; of a matrix, the Frobenius norm. TensorFlow's
    /// `ord="euclidean"`.
    Euclidean,
    /// The largest absolute value. TensorFlow's `ord=np.inf`.
    Infinity,
    /// The `p`th root of the sum of the `p`th powers of the absolute values; `p` is above 0.
    /// TensorFlow's `ord=p`.
    P(f64),
}

impl<'g, T: Float> Tensor<'g, T> {
    /// The norm of all elements (`..`), of the vectors along one axis (`-1`), or of the matrices on
    /// two (`[0, 1]`): of the order [`NormOrder::One`] that is the largest sum of absolute values
    /// along the first of the two axes, of the order [`NormOrder::Infinity`] the largest along the
    /// second. Other axes and orders are mistakes; so is TensorFlow's `ord=2` of matrices, for which
    /// singular values would have to be found. TensorFlow's `norm`.
    ///
    /// The gradient of the Euclidean norm is 0 where the norm is (TensorFlow's is NaN).
    ///
    /// ```
    /// use aqueduct_graph::{Graph, NormOrder, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// assert_eq!(x.norm(NormOrder::Euclidean, ..).shape().to_string(), "[]");
    /// assert_eq!(x.norm(NormOrder::One, -1).shape().to_string(), "[?]");
    /// assert_eq!(x.norm_keep(NormOrder::P(3.0), -1).shape().to_string(), "[?, 1]");
    /// ```
    #[track_caller]
    pub fn norm(self, order: NormOrder, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().norm(order, axes, false))
    }

    /// [`Tensor::norm`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn norm_keep(self, order: NormOrder, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().norm(order, axes, true))
    }

    /// The square root of the sum of the squares along whatever axes; 0 of nothing. Its gradient is
    /// 0 where it is 0 itself (TensorFlow's is NaN). TensorFlow's `math.reduce_euclidean_norm`.
    #[track_caller]
    pub fn reduce_euclidean_norm(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_euclidean_norm(axes, false))
    }

    /// [`Tensor::reduce_euclidean_norm`], each reduced axis kept with size 1.
    #[track_caller]
    pub fn reduce_euclidean_norm_keep(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reduce_euclidean_norm(axes, true))
    }

    /// The tensor scaled so that its Euclidean norm along the axes is 1:
    /// `x / sqrt(max(sum(x²), 1e-12))`. TensorFlow's `nn.l2_normalize`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let words = g.placeholder::<f32>("words", shape![?, 64]);
    /// let directions = words.l2_normalize(-1);
    /// assert_eq!(directions.shape().to_string(), "[?, 64]");
    /// ```
    #[track_caller]
    pub fn l2_normalize(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        let epsilon = self.graph().number(T::DTYPE, 1e-12, "epsilon");
        Tensor::assume(self.any().l2_normalize(axes, epsilon))
    }

    /// [`Tensor::l2_normalize`] with another least sum of squares, a number or a scalar, than 1e-12.
    /// TensorFlow's `nn.l2_normalize` with `epsilon`.
    #[track_caller]
    pub fn l2_normalize_with(
        self,
        axes: impl Into<Axes>,
        epsilon: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let epsilon = epsilon.into_tensor(self.graph()).any();
        Tensor::assume(self.any().l2_normalize(axes, epsilon))
    }
}

impl<'g> AnyTensor<'g> {
    /// The norm of all elements, of vectors or of matrices; see [`Tensor::norm`].
    #[track_caller]
    pub fn norm(self, order: NormOrder, axes: impl Into<Axes>, keep_dims: bool) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let axes = axes.into();
        let there = axes.resolve(self.shape().rank());
        if let Some(problem) = order.problem(&axes).or(there.err())
            && !self.is_poisoned()
        {
            return graph.poisoned_like(self, "norm", "norm", problem.operand("x", self));
        }
        let _scope = graph.open_scope("norm");
        let norm = kept_norm(self, order, &axes);
        if keep_dims { norm } else { norm.without(&axes) }
    }

    /// The square root of the sum of the squares; see [`Tensor::reduce_euclidean_norm`].
    #[track_caller]
    pub fn reduce_euclidean_norm(self, axes: impl Into<Axes>, keep_dims: bool) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("EuclideanNorm");
        let squares = self.unary(Unary::Square);
        squares.reduce(Reduction::Sum, axes, keep_dims).root()
    }

    /// The tensor scaled to the Euclidean norm 1; see [`Tensor::l2_normalize_with`].
    #[track_caller]
    pub fn l2_normalize(self, axes: impl Into<Axes>, epsilon: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph: &'g Graph = self.graph();
        let _here = graph.here();
        let scope = graph.open_scope("l2_normalize");
        let sum = self.unary(Unary::Square).reduce(Reduction::Sum, axes, true);
        let limited = sum.binary(Binary::Maximum, epsilon, "Maximum");
        self.binary_exact(Binary::Mul, limited.unary(Unary::Rsqrt), scope.path())
    }

    /// The square root, whose gradient is 0 at 0.
    #[track_caller]
    pub(super) fn root(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let zero = graph.number(self.dtype(), 0.0, "zero");
        let is_zero = self.compare(Compare::Equal, zero);
        // The slope of the root of 0 is infinite, and would be NaN times the 0 of a choice: so the root
        // is taken of another number there.
        let one = graph.number(self.dtype(), 1.0, "one");
        let root = is_zero.select(one, self).unary(Unary::Sqrt);
        is_zero.select(self, root)
    }
}

impl NormOrder {
    /// What is wrong with a norm of this order over these axes.
    fn problem(self, axes: &Axes) -> Option<Problem> {
        if let NormOrder::P(p) = self
            && (p.is_nan() || p <= 0.0)
        {
            let message = format!("the order of a norm is {p} but must be above 0");
            return Some(Problem::argument(message).help("`NormOrder::P(3.0)`, say"));
        }
        let axes = match axes {
            Axes::All => return None,
            Axes::These(axes) => axes,
        };
        match (axes.len(), self) {
            (1, _) | (2, NormOrder::One | NormOrder::Euclidean | NormOrder::Infinity) => None,
            (2, NormOrder::P(p)) => Some(
                Problem::argument(format!("matrices have no norm of order {p} here")).help(
                    "of matrices there are `NormOrder::One`, `Euclidean` (Frobenius) and `Infinity`",
                ),
            ),
            (count, _) => Some(
                Problem::argument(format!("a norm is asked for over {count} axes")).help(
                    "give one axis for vectors, two for matrices, or `..` for all elements; \
                     `reduce_euclidean_norm` takes whatever axes",
                ),
            ),
        }
    }
}

/// The norm, each reduced axis kept with size 1.
#[track_caller]
fn kept_norm<'g>(x: AnyTensor<'g>, order: NormOrder, axes: &Axes) -> AnyTensor<'g> {
    let graph = x.graph();
    let over = |x: AnyTensor<'g>, reduction, axes: &Axes| x.reduce(reduction, axes.clone(), true);
    match order {
        NormOrder::Euclidean => over(x.binary(Binary::Mul, x, "mul"), Reduction::Sum, axes).root(),
        NormOrder::One => {
            let (summed, others) = split_pair(axes, 0);
            let sums = over(x.unary(Unary::Abs), Reduction::Sum, &summed);
            others.map_or(sums, |others| over(sums, Reduction::Max, &others))
        }
        NormOrder::Infinity => {
            let (summed, others) = split_pair(axes, 1);
            let sizes = x.unary(Unary::Abs);
            match others {
                Some(others) => over(
                    over(sizes, Reduction::Sum, &summed),
                    Reduction::Max,
                    &others,
                ),
                None => over(sizes, Reduction::Max, axes),
            }
        }
        NormOrder::P(p) => {
            let powers =
                x.unary(Unary::Abs)
                    .binary(Binary::Pow, graph.number(x.dtype(), p, "p"), "Pow");
            let root = graph.number(x.dtype(), p.recip(), "root");
            over(powers, Reduction::Sum, axes).binary(Binary::Pow, root, "Pow")
        }
    }
}

/// Of two axes, the one at this place and the other; else all.
fn split_pair(axes: &Axes, place: usize) -> (Axes, Option<Axes>) {
    match axes {
        Axes::These(pair) if pair.len() == 2 => {
            let axis = |place: usize| Axes::These(pair.get(place).copied().into_iter().collect());
            (axis(place), Some(axis(1 - place)))
        }
        Axes::All | Axes::These(_) => (axes.clone(), None),
    }
}
