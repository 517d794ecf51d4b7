//! Builders of matrices, and of their diagonals.

use crate::element::{Element, Number};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::{Array, Reduction};
use crate::shape::{Dim, Shape};
use crate::sizes::{Size, Sizes};

impl Graph {
    /// The identity matrix of so many rows: ones on the diagonal, zeros elsewhere. TensorFlow's `eye`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// assert_eq!(g.eye::<f32>(3).shape().to_string(), "[3, 3]");
    /// let x = g.placeholder::<f32>("x", shape![?, 4]);
    /// assert_eq!(g.eye_with::<f32>(x.size_of(0), 4).shape().to_string(), "[?, 4]");
    /// ```
    #[track_caller]
    pub fn eye<'g, T: Element>(&'g self, rows: impl Into<Size<'g>>) -> Tensor<'g, T> {
        let rows = rows.into();
        self.eye_with(rows, rows)
    }

    /// [`Graph::eye`] with another number of columns than of rows. For a batch of such matrices,
    /// `broadcast_to` it. TensorFlow's `eye` with `num_columns`.
    #[track_caller]
    pub fn eye_with<'g, T: Element>(
        &'g self,
        rows: impl Into<Size<'g>>,
        columns: impl Into<Size<'g>>,
    ) -> Tensor<'g, T> {
        let _here = self.here();
        let _scope = self.open_scope("eye");
        let diagonal = offsets(self, rows.into(), columns.into()).equal(0);
        diagonal.cast()
    }
}

impl<'g> AnyTensor<'g> {
    /// The last two axes in each other's place.
    #[track_caller]
    pub fn matrix_transpose(self) -> AnyTensor<'g> {
        self.of_matrices("matrix_transpose", |rank| {
            let mut perm: Vec<usize> = (0..rank).collect();
            perm.swap(rank - 2, rank - 1);
            self.transpose(perm)
        })
    }

    /// The matrices with zeros outside of a band about the diagonal.
    #[track_caller]
    pub fn matrix_band_part(
        self,
        lower: impl Into<Size<'g>>,
        upper: impl Into<Size<'g>>,
    ) -> AnyTensor<'g> {
        let (lower, upper) = (lower.into(), upper.into());
        self.of_matrices("matrix_band_part", |rank| {
            let [rows, columns] = [rank - 2, rank - 1].map(|axis| Size::of_axis(self, axis));
            let below = offsets(self.graph(), rows, columns);
            let kept = match (within(below, lower), within(-below, upper)) {
                (None, None) => return self.identity(),
                (Some(kept), None) | (None, Some(kept)) => kept,
                (Some(lower), Some(upper)) => lower & upper,
            };
            kept.any().select(self, zero_of(self))
        })
    }

    /// Of each matrix the elements on the diagonal.
    #[track_caller]
    pub fn matrix_diag_part(self) -> AnyTensor<'g> {
        self.of_matrices("matrix_diag_part", |rank| {
            let graph = self.graph();
            let [rows, columns] = matrix_sizes(self, rank);
            let flat = batch_of(self, rank - 2).chain([Size::from(rows * columns)]);
            let places = graph.range(rows.minimum(columns)) * (columns + 1);
            self.reshape(Sizes::list(flat.collect()))
                .gather(places.any(), -1)
        })
    }

    /// The matrices with these elements on their diagonals.
    #[track_caller]
    pub fn matrix_set_diag(self, diagonal: AnyTensor<'g>) -> AnyTensor<'g> {
        self.of_matrices("matrix_set_diag", |rank| {
            let graph = self.graph();
            if let Err(problem) = check_diagonal(&self.shape(), diagonal) {
                return graph.poisoned_like(
                    self,
                    "matrix_set_diag",
                    "set_diag",
                    problem.operand("x", self).operand("diagonal", diagonal),
                );
            }
            let [rows, columns] = matrix_sizes(self, rank);
            let count = rows.minimum(columns);
            let [batch, rest]: [Vec<Size<'g>>; 2] = [count, columns - count]
                .map(|last| batch_of(self, rank - 2).chain([Size::from(last)]).collect());
            // One element for each column: where there are fewer rows, the columns left have none.
            let sizes = Sizes::list(rest).into_tensor(graph);
            let none = graph.add_tensor(Array::Fill, &[sizes, zero_of(self)], "zeros");
            let of_columns = graph.concat_any(&[diagonal.reshape(Sizes::list(batch)), none], -1);
            let on_diagonal = offsets(graph, Size::from(rows), Size::from(columns)).equal(0);
            on_diagonal.any().select(of_columns.expand_dims(-2), self)
        })
    }

    /// Matrices with these vectors on their diagonals, and zeros elsewhere.
    #[track_caller]
    pub fn matrix_diag(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("matrix_diag");
        let columns = self.expand_dims(-2);
        let Some(last) = self
            .shape()
            .rank()
            .checked_sub(1)
            .filter(|_| !self.is_poisoned())
        else {
            return columns;
        };
        let size = Size::of_axis(self, last);
        let diagonal = offsets(graph, size, size).equal(0);
        diagonal.any().select(columns, zero_of(self))
    }

    /// The array of twice the rank that has these elements where the two halves of the position are
    /// equal, and zeros elsewhere.
    #[track_caller]
    pub fn diag(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let sizes: Vec<Size<'g>> = batch_of(self, self.shape().rank()).collect();
        self.reshape([-1])
            .matrix_diag()
            .reshape(Sizes::list([sizes.clone(), sizes].concat()))
    }

    /// The elements where the two halves of the position are equal.
    #[track_caller]
    pub fn diag_part(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let shape = self.shape();
        let half = shape.rank() / 2;
        let (first, second) = shape.dims().split_at(half);
        let equal = Shape::new(first.to_vec()).compatible(&Shape::new(second.to_vec()));
        if !self.is_poisoned() && (half == 0 || !equal) {
            let message = format!("x has shape {shape}, not that of two equal halves");
            let problem =
                Problem::shape(message).help("give it as many axes again, of the same sizes");
            return graph.poisoned_like(self, "diag_part", "diag_part", problem.operand("x", self));
        }
        let sizes: Vec<Size<'g>> = batch_of(self, shape.rank()).collect();
        let (first, second) = sizes.split_at(half);
        let sides = [first, second].map(|half| Size::product(half, graph));
        self.reshape(Sizes::list(sides.to_vec()))
            .matrix_diag_part()
            .reshape(Sizes::list(first.to_vec()))
    }

    /// Of each matrix the sum of its diagonal.
    #[track_caller]
    pub fn trace(self) -> AnyTensor<'g> {
        let _here = self.graph().here();
        self.matrix_diag_part().reduce(Reduction::Sum, -1, false)
    }

    /// Builds with the rank, if there are the two axes of matrices.
    #[track_caller]
    fn of_matrices(self, word: &str, build: impl FnOnce(usize) -> AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        if self.is_poisoned() {
            return self.identity();
        }
        let shape = self.shape();
        if shape.rank() < 2 {
            let message = format!("x has shape {shape} but must have the two axes of matrices");
            let problem = Problem::shape(message).help("give it axes with `expand_dims`");
            return graph.poisoned_like(self, word, word, problem.operand("x", self));
        }
        let _scope = graph.open_scope(word);
        build(shape.rank())
    }
}

/// Matrices are the last two axes of a tensor; those before are a batch of them.
impl<'g, T: Element> Tensor<'g, T> {
    /// The matrices transposed: the last two axes in each other's place. TensorFlow's
    /// `matrix_transpose`.
    #[track_caller]
    pub fn matrix_transpose(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().matrix_transpose())
    }

    /// The matrices with zeros where an element is more than `lower` rows below the diagonal or more
    /// than `upper` columns to the right of it; a negative number is no limit. Numbers or integer
    /// scalars. TensorFlow's `matrix_band_part`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4, 4]);
    /// let lower_triangle = x.matrix_band_part(-1, 0);
    /// assert_eq!(lower_triangle.shape().to_string(), "[?, 4, 4]");
    /// ```
    #[track_caller]
    pub fn matrix_band_part(
        self,
        lower: impl Into<Size<'g>>,
        upper: impl Into<Size<'g>>,
    ) -> Tensor<'g, T> {
        Tensor::assume(self.any().matrix_band_part(lower, upper))
    }

    /// Of each matrix `[rows, columns]` the elements on the diagonal, as many as the smaller of the
    /// two sizes. TensorFlow's `matrix_diag_part`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4, 3]);
    /// assert_eq!(x.matrix_diag_part().shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn matrix_diag_part(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().matrix_diag_part())
    }

    /// Square matrices with the vectors of the last axis on their diagonals, and zeros elsewhere.
    /// TensorFlow's `matrix_diag`.
    #[track_caller]
    pub fn matrix_diag(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().matrix_diag())
    }

    /// The matrices with other diagonals, which have the shape that
    /// [`matrix_diag_part`](Tensor::matrix_diag_part) gives. TensorFlow's `matrix_set_diag`.
    #[track_caller]
    pub fn matrix_set_diag(self, diagonal: Tensor<'g, T>) -> Tensor<'g, T> {
        Tensor::assume(self.any().matrix_set_diag(diagonal.any()))
    }

    /// The array of twice the rank that has these elements where the two halves of the position are
    /// equal, and zeros elsewhere: of a vector, a matrix with it on the diagonal. TensorFlow's `diag`.
    #[track_caller]
    pub fn diag(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().diag())
    }

    /// The elements where the two halves of the position are equal: of a square matrix, its diagonal.
    /// TensorFlow's `diag_part`.
    #[track_caller]
    pub fn diag_part(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().diag_part())
    }
}

impl<'g, T: Number> Tensor<'g, T> {
    /// Of each matrix the sum of its diagonal. TensorFlow's `trace`.
    #[track_caller]
    pub fn trace(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().trace())
    }
}

/// How many places each element of such a matrix is below the diagonal.
#[track_caller]
fn offsets<'g>(graph: &'g Graph, rows: Size<'g>, columns: Size<'g>) -> Tensor<'g, i32> {
    let rows = graph.range(rows.into_i32(graph));
    if rows.is_poisoned() {
        // Of a square the columns would tell the same mistake again.
        return rows;
    }
    rows.expand_dims(-1) - graph.range(columns.into_i32(graph))
}

/// Whether offsets are at most this number; `None` if they always are, as it is negative.
#[track_caller]
fn within<'g>(offsets: Tensor<'g, i32>, limit: Size<'g>) -> Option<Tensor<'g, bool>> {
    match limit {
        Size::Number(number) if number < 0 => None,
        Size::Number(number) => Some(offsets.less_equal(i32::try_from(number).unwrap_or(i32::MAX))),
        Size::Tensor(_) => {
            let limit = limit.into_i32(offsets.graph());
            Some(limit.less(0) | offsets.less_equal(limit))
        }
    }
}

#[track_caller]
fn zero_of(x: AnyTensor<'_>) -> AnyTensor<'_> {
    x.graph().number(x.dtype(), 0.0, "zero")
}

/// The sizes of the first axes.
#[track_caller]
fn batch_of<'g>(x: AnyTensor<'g>, axes: usize) -> impl Iterator<Item = Size<'g>> {
    let mut sizes = Vec::with_capacity(axes);
    for axis in 0..axes {
        sizes.push(Size::of_axis(x, axis));
    }
    sizes.into_iter()
}

/// The numbers of rows and columns.
#[track_caller]
fn matrix_sizes<'g>(x: AnyTensor<'g>, rank: usize) -> [Tensor<'g, i32>; 2] {
    [rank - 2, rank - 1].map(|axis| Size::of_axis(x, axis).into_i32(x.graph()))
}

/// Checks that these can be the diagonals of matrices of this shape, as far as it is known.
fn check_diagonal(shape: &Shape, diagonal: AnyTensor<'_>) -> Result<(), Problem> {
    let [batch @ .., rows, columns] = shape.dims() else {
        return Ok(());
    };
    let count = match (rows.known(), columns.known()) {
        (Some(rows), Some(columns)) => Dim::Known(rows.min(columns)),
        _ => Dim::UNKNOWN,
    };
    let needed = Shape::new([batch, &[count]].concat());
    if diagonal.is_poisoned() || diagonal.shape().compatible(&needed) {
        return Ok(());
    }
    let message = format!(
        "diagonal has shape {} but must have shape {needed}",
        diagonal.shape()
    );
    Err(Problem::shape(message).help("give an element for each place on the diagonal"))
}
