//! Products of tensors over axes named by letters.

use std::collections::BTreeMap;

use crate::build::equation::{Equation, Label};
use crate::element::Float;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::{Math, Reduction, SizeReason};
use crate::shape::Dim;
use crate::sizes::{Size, Sizes};

impl Graph {
    /// Sums of products over axes named by letters, in Einstein's notation: an axis whose letter is
    /// not in the result is summed over. TensorFlow's `einsum`.
    ///
    /// Without an arrow the result has the letters that stand once, by the alphabet. A letter that an
    /// operand has twice takes a diagonal. `...` stands for any axes, which are broadcast. Operands are
    /// multiplied from the left to the right, as products of matrices. Axes of one letter must have one
    /// size: that they have not is a mistake, or an error of the run.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let queries = g.placeholder::<f32>("queries", shape![?, 8, 10, 64]);
    /// let keys = g.placeholder::<f32>("keys", shape![?, 8, 20, 64]);
    /// let scores = g.einsum("bhqd,bhkd->bhqk", &[queries, keys]);
    /// assert_eq!(scores.shape().to_string(), "[?, 8, 10, 20]");
    /// ```
    #[track_caller]
    pub fn einsum<'g, T: Float>(
        &'g self,
        equation: &str,
        operands: &[Tensor<'g, T>],
    ) -> Tensor<'g, T> {
        let operands: Vec<AnyTensor<'g>> = operands.iter().map(|tensor| tensor.any()).collect();
        Tensor::assume(self.einsum_any(equation, &operands))
    }

    /// [`Graph::einsum`] of tensors whose element type is known at run time.
    #[track_caller]
    pub fn einsum_any<'g>(&'g self, equation: &str, operands: &[AnyTensor<'g>]) -> AnyTensor<'g> {
        let _here = self.here();
        let Some(first) = operands.first() else {
            return self.add_tensor(Math::AddN, &[], "einsum");
        };
        if operands.iter().any(|operand| operand.is_poisoned()) {
            return self.add_tensor(Math::AddN, operands, "einsum");
        }
        let ranks: Vec<usize> = operands
            .iter()
            .map(|operand| operand.shape().rank())
            .collect();
        let read = Equation::parse(equation, &ranks);
        match read.and_then(|read| check_sizes(&read, operands).map(|()| read)) {
            Ok(read) => {
                let _scope = self.open_scope("einsum");
                contracted(*first, operands, read)
            }
            Err(problem) => {
                let places = operands.iter().enumerate();
                let problem = places.fold(problem, |problem, (place, operand)| {
                    problem.operand(format!("operand {place}"), *operand)
                });
                self.poisoned_like(*first, "einsum", "einsum", problem)
            }
        }
    }
}

/// Checks that axes of one letter have one size, as far as sizes are known.
fn check_sizes(equation: &Equation, operands: &[AnyTensor<'_>]) -> Result<(), Problem> {
    let mut known: BTreeMap<Label, (usize, Dim)> = BTreeMap::new();
    for (place, (labels, operand)) in equation.operands.iter().zip(operands).enumerate() {
        let shape = operand.shape();
        for (label, dim) in labels.iter().zip(shape.dims()) {
            let Label::Named(letter) = label else {
                // What an ellipsis stands for is broadcast, which its op checks.
                continue;
            };
            let (first, size) = *known.entry(*label).or_insert((place, *dim));
            if size.known().is_none() {
                known.insert(*label, (place, *dim));
            } else if !size.compatible(*dim) {
                let message = format!(
                    "axis {letter:?} has size {size} in operand {first} but {dim} in operand {place}"
                );
                return Err(Problem::shape(message).help("axes of one letter have one size"));
            }
        }
    }
    Ok(())
}

/// A tensor whose axes have labels, each at most once.
struct Factor<'g> {
    tensor: AnyTensor<'g>,
    labels: Vec<Label>,
}

#[track_caller]
fn contracted<'g>(
    first: AnyTensor<'g>,
    operands: &[AnyTensor<'g>],
    equation: Equation,
) -> AnyTensor<'g> {
    let mut sizes: BTreeMap<Label, Axis<'g>> = BTreeMap::new();
    let mut factors: Vec<Factor<'g>> = Vec::with_capacity(operands.len());
    for (place, (operand, labels)) in operands.iter().zip(equation.operands).enumerate() {
        let tensor = with_sizes((place, *operand), &labels, &mut sizes);
        factors.push(Factor { tensor, labels }.with_diagonals());
    }
    let mut rest = factors.into_iter();
    let Some(mut product) = rest.next() else {
        return first;
    };
    let mut ahead: Vec<Factor<'g>> = rest.collect();
    while !ahead.is_empty() {
        let next = ahead.remove(0);
        let needed = |label: &Label| {
            let mut others = ahead.iter().flat_map(|factor| &factor.labels);
            equation.result.contains(label) || others.any(|other| other == label)
        };
        product = product.times(next, needed);
    }
    let product = product.summed(|label| equation.result.contains(label));
    product.arranged(&equation.result)
}

/// An axis of an operand.
#[derive(Clone, Copy)]
struct Axis<'g> {
    /// The operand's place in the list.
    place: usize,
    operand: AnyTensor<'g>,
    axis: usize,
}

/// The operand, whose axes must have the sizes of axes of the same letter before: where that is not
/// sure the run checks it, by an operation whose name says which axes are meant.
#[track_caller]
fn with_sizes<'g>(
    (place, operand): (usize, AnyTensor<'g>),
    labels: &[Label],
    sizes: &mut BTreeMap<Label, Axis<'g>>,
) -> AnyTensor<'g> {
    let mut tensor = operand;
    for (axis, label) in labels.iter().enumerate() {
        if matches!(label, Label::Broadcast(_)) {
            continue;
        }
        let own = Axis {
            place,
            operand,
            axis,
        };
        let first = *sizes.entry(*label).or_insert(own);
        let size = first.operand.shape().dim(first.axis);
        let dims = tensor.shape().dim(axis).zip(size);
        if dims.is_none_or(|(own, other)| own.same(other)) {
            continue;
        }
        let help = format!(
            "axes of one letter have one size: `{label}`, also in operand {}",
            first.place
        );
        let reason = SizeReason::new("einsum", &format!("operand {place}"), help);
        let wanted = Size::of_axis(first.operand, first.axis);
        let name = format!("{label}_of_operand_{place}_as_of_operand_{}", first.place);
        tensor = tensor.ensure_size(axis, wanted, reason).named(&name);
    }
    tensor
}

impl<'g> Factor<'g> {
    /// The axes of one letter replaced by one axis, the diagonal.
    #[track_caller]
    fn with_diagonals(mut self) -> Factor<'g> {
        while let Some((first, second)) = self.repeated() {
            let others = (0..self.labels.len()).filter(|axis| ![first, second].contains(axis));
            let perm: Vec<usize> = others.chain([first, second]).collect();
            self.labels = perm.iter().map(|axis| self.labels[*axis]).collect();
            self.labels.pop();
            self.tensor = self.tensor.transpose(perm).matrix_diag_part();
        }
        self
    }

    /// Two axes of one label.
    fn repeated(&self) -> Option<(usize, usize)> {
        let pairs = self.labels.iter().enumerate();
        pairs.rev().find_map(|(second, label)| {
            let first = self.labels[..second]
                .iter()
                .position(|other| other == label)?;
            Some((first, second))
        })
    }

    /// The sum over the axes that are not kept.
    #[track_caller]
    fn summed(self, kept: impl Fn(&Label) -> bool) -> Factor<'g> {
        let axes: Vec<usize> = (0..self.labels.len())
            .filter(|axis| !kept(&self.labels[*axis]))
            .collect();
        if axes.is_empty() {
            return self;
        }
        Factor {
            tensor: self.tensor.reduce(Reduction::Sum, axes, false),
            labels: self
                .labels
                .into_iter()
                .filter(|label| kept(label))
                .collect(),
        }
    }

    /// The product of the two, summed over what is not needed any more.
    #[track_caller]
    fn times(self, other: Factor<'g>, needed: impl Fn(&Label) -> bool) -> Factor<'g> {
        let lhs = self.summed_unless(&other, &needed);
        let rhs = other.summed_unless(&lhs, &needed);
        let shared = |label: &&Label| rhs.labels.contains(label);
        let (both, of_lhs): (Vec<Label>, Vec<Label>) = lhs.labels.iter().partition(shared);
        let of_rhs: Vec<Label> = rhs
            .labels
            .iter()
            .copied()
            .filter(|label| !both.contains(label))
            .collect();
        let (batch, contracted): (Vec<Label>, Vec<Label>) = both.into_iter().partition(&needed);
        let labels = [batch.as_slice(), &of_lhs, &of_rhs].concat();
        if contracted.is_empty() {
            let left = lhs.arranged(&[batch.as_slice(), &of_lhs].concat());
            let left = of_rhs.iter().fold(left, |left, _| left.expand_dims(-1));
            let right = rhs.arranged(&[batch.as_slice(), &of_rhs].concat());
            let place = crate::build::slice::to_i64(batch.len());
            let right = of_lhs
                .iter()
                .fold(right, |right, _| right.expand_dims(place));
            return Factor {
                tensor: left.mul(right),
                labels,
            };
        }
        let rows = lhs.matrices(&batch, &of_lhs, &contracted);
        let columns = rhs.matrices(&batch, &contracted, &of_rhs);
        let product = rows.matmul(columns, false, false);
        if of_lhs.len() == 1 && of_rhs.len() == 1 {
            return Factor {
                tensor: product,
                labels,
            };
        }
        let mut sizes = Vec::with_capacity(labels.len());
        for axis in 0..batch.len() {
            sizes.push(Size::of_axis(product, axis));
        }
        sizes.extend(lhs.sizes(&of_lhs));
        sizes.extend(rhs.sizes(&of_rhs));
        Factor {
            tensor: product.reshape(Sizes::list(sizes)),
            labels,
        }
    }

    /// The sum over what neither the other factor has nor is needed later.
    #[track_caller]
    fn summed_unless(self, other: &Factor<'g>, needed: impl Fn(&Label) -> bool) -> Factor<'g> {
        self.summed(|label| needed(label) || other.labels.contains(label))
    }

    /// For each position of the batch a matrix of the positions of other axes.
    #[track_caller]
    fn matrices(&self, batch: &[Label], rows: &[Label], columns: &[Label]) -> AnyTensor<'g> {
        let graph = self.tensor.graph();
        let moved = self.arranged(&[batch, rows, columns].concat());
        if rows.len() == 1 && columns.len() == 1 {
            return moved;
        }
        let mut sizes = self.sizes(batch);
        for axes in [rows, columns] {
            sizes.push(Size::product(&self.sizes(axes), graph));
        }
        moved.reshape(Sizes::list(sizes))
    }

    /// The tensor with its axes in the order of these labels, which are all that it has.
    #[track_caller]
    fn arranged(&self, order: &[Label]) -> AnyTensor<'g> {
        let perm: Vec<usize> = order.iter().filter_map(|label| self.axis(*label)).collect();
        if perm.is_sorted() {
            self.tensor
        } else {
            self.tensor.transpose(perm)
        }
    }

    #[track_caller]
    fn sizes(&self, labels: &[Label]) -> Vec<Size<'g>> {
        let mut sizes = Vec::with_capacity(labels.len());
        for axis in labels.iter().filter_map(|label| self.axis(*label)) {
            sizes.push(Size::of_axis(self.tensor, axis));
        }
        sizes
    }

    fn axis(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|own| *own == label)
    }
}
