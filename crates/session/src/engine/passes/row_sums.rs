//! Sums over rows: what a value is the sum of, and the one product that it can be.
//!
//! `aᵀ · b` is a sum over the rows of a and b, and so is a sum of rows, which is a product with ones.
//! A sum of several such terms is therefore a sum over the rows of all.

use std::collections::HashSet;
use std::sync::Arc;

use aqueduct_graph::ir::{Binary, Data, NodeId, Op, Reduce, Reduction};
use aqueduct_graph::{DType, Value};

use crate::engine::ir::{Block, Code, Kernel, Node, Piece, Scan, Type, ValueId};
use crate::kernels::fused::{Expression, Primitive};

/// A sum over rows, of matrices or of whatever stands for them.
#[derive(Debug)]
pub(super) enum Term<M = ValueId> {
    /// The transposed first matrix times the second.
    Product(M, M),
    /// The sum of the matrix's rows.
    Rows(M),
    /// Sums at their places in a whole: of these sizes each.
    Join(Vec<(Piece, Vec<usize>, Vec<Term<M>>)>),
}

impl<M> Term<M> {
    /// The same term of what a function gives for each matrix.
    pub(super) fn map<N>(&self, f: &mut impl FnMut(&M) -> N) -> Term<N> {
        match self {
            Term::Product(a, b) => Term::Product(f(a), f(b)),
            Term::Rows(x) => Term::Rows(f(x)),
            Term::Join(parts) => {
                let parts = parts.iter().map(|(piece, sizes, terms)| {
                    let terms = terms.iter().map(|term| term.map(f)).collect();
                    (piece.clone(), sizes.clone(), terms)
                });
                Term::Join(parts.collect())
            }
        }
    }

    /// Calls a function with each matrix.
    pub(super) fn each(&self, f: &mut impl FnMut(&M)) {
        match self {
            Term::Product(a, b) => [a, b].into_iter().for_each(f),
            Term::Rows(x) => f(x),
            Term::Join(parts) => {
                let terms = parts.iter().flat_map(|(_, _, terms)| terms);
                terms.for_each(|term| term.each(f));
            }
        }
    }
}

/// Joins that are nested deeper are not looked into. Gradients have a few in each other.
const MOST_NESTED: usize = 8;

/// What is known of a block where sums are looked for.
pub(super) struct Search {
    makers: Vec<Option<usize>>,
    uses: Vec<usize>,
}

impl Search {
    pub(super) fn new(block: &Block) -> Search {
        Search {
            makers: block.makers(),
            uses: block.root_uses(),
        }
    }

    /// How often a root and its views are used.
    pub(super) fn uses(&self, root: ValueId) -> usize {
        self.uses[root.index()]
    }

    /// The node that makes a root.
    pub(super) fn maker(&self, root: ValueId) -> Option<usize> {
        self.makers[root.index()]
    }

    /// What a value is the sum of, if nothing else uses it and it is nothing else.
    pub(super) fn terms(&self, block: &mut Block, value: ValueId) -> Option<Vec<Term>> {
        self.terms_within(block, value, 0)
    }

    /// The terms of a value that is nested in so many joins.
    fn terms_within(&self, block: &mut Block, value: ValueId, nested: usize) -> Option<Vec<Term>> {
        let mut terms = Vec::new();
        // A list, since a sum of sums may be deeper than the stack.
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match self.added(block, value) {
                Some(added) => waiting.extend(added.into_iter().rev()),
                None => terms.extend(self.terms_of_one(block, value, nested)?),
            }
        }
        Some(terms)
    }

    /// The terms of what is no sum of values.
    fn terms_of_one(&self, block: &mut Block, value: ValueId, nested: usize) -> Option<Vec<Term>> {
        let maker = self
            .only_use(block, value)
            .filter(|_| block.covers(value))?;
        let node = block.nodes[maker].clone();
        match &node.code {
            Code::Product => {
                let pairs = node.inputs.chunks_exact(2);
                let terms = pairs.map(|pair| {
                    let left = block.transposed(pair[0], &[1, 0]);
                    Term::Product(left, pair[1])
                });
                Some(terms.collect())
            }
            Code::Kernel(kernel) => Some(vec![Term::Rows(rows(block, kernel, &node)?)]),
            Code::Join(pieces) if nested < MOST_NESTED => {
                Some(vec![self.join(block, pieces, &node, nested + 1)?])
            }
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Products
            | Code::Join(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Scan(_)
            | Code::Opaque(_) => None,
        }
    }

    /// The operands of a sum of values of one shape that nothing else uses.
    pub(super) fn added(&self, block: &Block, sum: ValueId) -> Option<Vec<ValueId>> {
        let maker = self.only_use(block, sum).filter(|_| block.is_root(sum))?;
        let node = &block.nodes[maker];
        adds(block, node).then(|| node.inputs.clone())
    }

    /// The node that makes a root, if that is used once.
    fn only_use(&self, block: &Block, value: ValueId) -> Option<usize> {
        let root = block.place(value).root;
        self.maker(root).filter(|_| self.uses(root) == 1)
    }

    fn join(
        &self,
        block: &mut Block,
        pieces: &[Piece],
        node: &Node,
        nested: usize,
    ) -> Option<Term> {
        let mut parts = Vec::new();
        for (value, piece) in node.inputs.iter().zip(pieces) {
            let terms = self.terms_within(block, *value, nested)?;
            parts.push((piece.clone(), block.sizes(*value).to_vec(), terms));
        }
        Some(Term::Join(parts))
    }
}

/// What a body adds up onto states that nothing else uses, and the sums themselves.
pub(super) fn summed_by_states(scan: &Scan) -> HashSet<ValueId> {
    let search = Search::new(&scan.body);
    let mut summed = HashSet::new();
    for state in 0..scan.states {
        let mut parts = vec![scan.body.results[state]];
        let mut index = 0;
        while let Some(part) = parts.get(index) {
            parts.extend(search.added(&scan.body, *part).into_iter().flatten());
            index += 1;
        }
        let old = scan.parameter(state).filter(|old| search.uses(*old) == 1);
        if old.is_some_and(|old| parts.contains(&old)) {
            summed.extend(parts);
        }
    }
    summed
}

/// Whether a node adds up its operands, each taken once and all of the result's shape.
pub(super) fn adds(block: &Block, node: &Node) -> bool {
    let Code::Fused(expression) = &node.code else {
        return false;
    };
    let same_shape = |value: &ValueId| block.sizes(*value) == block.sizes(node.outputs[0]);
    is_sum(expression) && node.inputs.iter().all(same_shape)
}

/// The matrix of floats of which a kernel sums up the rows.
fn rows(block: &mut Block, kernel: &Kernel, node: &Node) -> Option<ValueId> {
    let [x] = *node.inputs else {
        return None;
    };
    let sizes = block.sizes(x).to_vec();
    let summed = summed_axes(&kernel.op, &sizes, block.sizes(node.outputs[0]))?;
    let (rows, columns) = sizes.split_at(summed);
    let matrix = [rows.iter().product(), columns.iter().product()];
    let matrix = block.reshaped(x, &matrix)?;
    matches!(block.dtype(x), DType::F32 | DType::F64).then_some(matrix)
}

/// How many of the first axes an op sums over, and no others.
fn summed_axes(op: &Op, sizes: &[usize], result: &[usize]) -> Option<usize> {
    let Op::Reduce(reduce) = op else {
        return None;
    };
    match reduce {
        Reduce::Over {
            reduction: Reduction::Sum,
            axes,
            ..
        } => {
            let are_first = axes.iter().copied().eq(0..axes.len());
            are_first.then_some(axes.len())
        }
        Reduce::SumTo => {
            let ones = result.iter().take_while(|size| **size == 1).count();
            let kept = &result[ones..];
            sizes.ends_with(kept).then(|| sizes.len() - kept.len())
        }
        Reduce::Over { .. }
        | Reduce::Arg { .. }
        | Reduce::Cumulative { .. }
        | Reduce::Recurrence { .. } => None,
    }
}

/// Whether an expression is the sum of its operands, each taken once.
fn is_sum(expression: &Expression) -> bool {
    let adds = expression
        .steps
        .iter()
        .all(|step| step.primitive == Primitive::Binary(Binary::Add));
    let registers = expression.inputs.len() + expression.steps.len();
    let mut uses = vec![0; registers];
    let operands = expression.steps.iter().flat_map(|step| &step.operands);
    for register in operands.chain(&expression.outputs) {
        uses[*register] += 1;
    }
    let last = [registers.saturating_sub(1)];
    adds && !expression.steps.is_empty()
        && expression.outputs == last
        && uses.iter().all(|uses| *uses == 1)
}

/// The sum of terms of these sizes, at least one.
pub(super) fn total(
    block: &mut Block,
    terms: &[Term],
    sizes: &[usize],
    origin: NodeId,
) -> Option<ValueId> {
    let mut sum = None;
    for term in terms {
        let value = term.total(block, sizes, origin)?;
        let value = block.reshaped(value, sizes)?;
        sum = Some(match sum {
            Some(sum) => add(block, sum, value, origin),
            None => value,
        });
    }
    sum
}

/// The sum of two values of one shape.
pub(super) fn add(block: &mut Block, a: ValueId, b: ValueId, origin: NodeId) -> ValueId {
    let kind = Type::contiguous(block.dtype(a), block.sizes(a));
    let add = Primitive::Binary(Binary::Add);
    let code = Code::Fused(Expression::of(add, &[kind.dtype; 2], kind.dtype));
    block.push_one(code, vec![a, b], kind, origin)
}

impl Term {
    /// The term of all steps: of as many elements as that of one.
    fn total(&self, block: &mut Block, sizes: &[usize], origin: NodeId) -> Option<ValueId> {
        match self {
            Term::Product(a, b) => {
                let (a, b) = (block.rows_of_all(*a, origin), block.rows_of_all(*b, origin));
                let a = block.transposed(a, &[1, 0]);
                Some(product(block, a, b, origin))
            }
            Term::Rows(x) => {
                let x = block.rows_of_all(*x, origin);
                let ones = ones(block, block.dtype(x), block.sizes(x)[0], origin)?;
                Some(product(block, ones, x, origin))
            }
            Term::Join(parts) => {
                let mut inputs = Vec::new();
                let mut pieces = Vec::new();
                for (piece, sizes, terms) in parts {
                    inputs.push(total(block, terms, sizes, origin)?);
                    pieces.push(piece.clone());
                }
                let kind = Type::contiguous(block.dtype(*inputs.first()?), sizes);
                Some(block.push_one(Code::Join(pieces), inputs, kind, origin))
            }
        }
    }
}

fn product(block: &mut Block, a: ValueId, b: ValueId, origin: NodeId) -> ValueId {
    let sizes = [block.sizes(a)[0], block.sizes(b)[1]];
    let kind = Type::contiguous(block.dtype(a), &sizes);
    block.push_one(Code::Product, vec![a, b], kind, origin)
}

/// A row of ones.
fn ones(block: &mut Block, dtype: DType, count: usize, origin: NodeId) -> Option<ValueId> {
    let one = match dtype {
        DType::F32 => Data::F32(vec![1.0]),
        DType::F64 => Data::F64(vec![1.0]),
        DType::I32 | DType::I64 | DType::U8 | DType::Bool => return None,
    };
    let code = Code::Constant(Arc::new(Value::new(Vec::new(), one)?));
    let one = block.push_one(code, Vec::new(), Type::contiguous(dtype, &[]), origin);
    Some(block.repeated(one, &[1, count]))
}
