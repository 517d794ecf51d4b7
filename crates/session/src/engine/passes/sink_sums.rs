//! States that loops only add to are summed up after the loop.

use std::collections::HashMap;
use std::sync::Arc;

use aqueduct_graph::ir::{Binary, Data, NodeId, Op, Reduce, Reduction};
use aqueduct_graph::{DType, Value};

use crate::engine::ir::{Block, Code, Kernel, Node, Piece, Place, Scan, Type, ValueId};
use crate::engine::lift::Lifted;
use crate::engine::scans::{Dependence, Loop};
use crate::engine::views::reshaped_strides;
use crate::kernels::fused::{Expression, Primitive};

/// The most bytes of all rows of one value that are kept for a sum.
const MOST_BYTES: usize = 256 << 20;

/// Sinks sums out of loops, inner loops first; gives how many states became sums.
///
/// What is added must be made of products and of sums over rows, which are products with ones: the
/// rows of all steps are then those of one matrix, and the sum over steps is a part of the product.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut replacement = HashMap::new();
    let mut done = 0;
    let nodes = std::mem::take(&mut block.nodes);
    for mut node in nodes {
        let origin = node.origin;
        let mut sums = Vec::new();
        if let Some(mut changed) = Loop::of(&mut node) {
            done += run(&mut changed.scan.body);
            if changed.scan.steps > 0 {
                sums = sink(block, &mut changed, origin);
            }
        }
        block.nodes.push(node);
        for sum in sums {
            if let Some(total) = sum.total(block, origin) {
                replacement.insert(sum.last, total);
                done += 1;
            }
        }
    }
    block.replace(&replacement);
    done
}

/// A state that a loop only adds to.
struct Sum {
    initial: ValueId,
    /// The last value that the loop gives.
    last: ValueId,
    terms: Vec<Term>,
}

/// What is added in one step, of matrices of the body; or in all steps, of stacks of these.
#[derive(Debug)]
enum Term {
    /// The transposed first matrix times the second.
    Product(ValueId, ValueId),
    /// The sum of the matrix's rows.
    Rows(ValueId),
    /// Sums at their places in a whole: of these sizes each.
    Join(Vec<(Piece, Vec<usize>, Vec<Term>)>),
}

/// Finds the sums of a loop, and keeps all rows of what they are made of.
fn sink(around: &mut Block, changed: &mut Loop<'_>, origin: NodeId) -> Vec<Sum> {
    let mut found = Vec::new();
    for state in 0..changed.scan.states {
        if let Some(terms) = Summed::new(changed.scan).state(&mut changed.scan.body, state) {
            found.push((state, terms));
        }
    }
    let mut sums = Vec::new();
    for (state, terms) in found {
        let mut rows = AllRows {
            around,
            changed,
            origin,
        };
        let terms = terms.into_iter().map(|term| rows.term(term)).collect();
        sums.push(Sum {
            initial: changed.inputs[state],
            last: changed.outputs[state],
            terms,
        });
    }
    sums
}

/// What is known of a body where sums are looked for.
struct Summed {
    makers: Vec<Option<usize>>,
    uses: Vec<usize>,
    /// For each state: the body's value, if it is read.
    states: Vec<Option<ValueId>>,
    steps: usize,
}

impl Summed {
    fn new(scan: &Scan) -> Summed {
        Summed {
            makers: scan.body.makers(),
            uses: scan.body.root_uses(),
            states: (0..scan.states)
                .map(|state| scan.parameter(state))
                .collect(),
            steps: scan.steps,
        }
    }

    /// What is added to a state in each step, if that is all that happens to it.
    fn state(&self, body: &mut Block, state: usize) -> Option<Vec<Term>> {
        let old = self.states[state].filter(|old| self.uses[old.index()] == 1)?;
        let next = body.results[state];
        let added = self.added(body, next)?;
        if !added.contains(&old) {
            return None;
        }
        let mut terms = Vec::new();
        for value in added.into_iter().filter(|value| *value != old) {
            terms.extend(self.terms(body, value)?);
        }
        Some(terms)
    }

    /// The operands of a sum of values of one shape that nothing else uses.
    fn added(&self, body: &Block, sum: ValueId) -> Option<Vec<ValueId>> {
        let node = &body.nodes[self.only_use(body, sum)?];
        let Code::Fused(expression) = &node.code else {
            return None;
        };
        let same_shape = |value: &ValueId| body.sizes(*value) == body.sizes(sum);
        let adds = is_sum(expression) && node.inputs.iter().all(same_shape);
        adds.then(|| node.inputs.clone())
    }

    /// The node that makes a root, if that is used once.
    fn only_use(&self, body: &Block, value: ValueId) -> Option<usize> {
        let root = body.place(value).root;
        self.makers[root.index()].filter(|_| self.uses[root.index()] == 1)
    }

    /// What a value is the sum of.
    fn terms(&self, body: &mut Block, value: ValueId) -> Option<Vec<Term>> {
        if let Some(added) = self.added(body, value) {
            let mut terms = Vec::new();
            for value in added {
                terms.extend(self.terms(body, value)?);
            }
            return Some(terms);
        }
        let maker = self.only_use(body, value)?;
        let Place { root, offset } = body.place(value);
        let covers = offset == 0 && body.kind(value).is_contiguous();
        if !covers || body.kind(value).elements() != body.kind(root).elements() {
            return None;
        }
        let node = body.nodes[maker].clone();
        match &node.code {
            Code::Product => {
                let pairs = node.inputs.chunks_exact(2);
                pairs.map(|pair| self.product(body, pair)).collect()
            }
            Code::Kernel(kernel) => self.rows(body, kernel, &node).map(|rows| vec![rows]),
            Code::Join(pieces) => self.join(body, pieces, &node).map(|join| vec![join]),
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Scan(_)
            | Code::Opaque(_) => None,
        }
    }

    fn product(&self, body: &mut Block, pair: &[ValueId]) -> Option<Term> {
        let left = body.transposed(pair[0], &[1, 0]);
        let fits = self.fits(body, left) && self.fits(body, pair[1]);
        fits.then_some(Term::Product(left, pair[1]))
    }

    /// A sum over the first axes.
    fn rows(&self, body: &mut Block, kernel: &Kernel, node: &Node) -> Option<Term> {
        let [x] = *node.inputs else {
            return None;
        };
        let sizes = body.sizes(x).to_vec();
        let summed = summed_axes(&kernel.op, &sizes, body.sizes(node.outputs[0]))?;
        let (rows, columns) = sizes.split_at(summed);
        let matrix = [rows.iter().product(), columns.iter().product()];
        let matrix = body.reshaped(x, &matrix)?;
        let is_float = matches!(body.dtype(x), DType::F32 | DType::F64);
        (is_float && self.fits(body, matrix)).then_some(Term::Rows(matrix))
    }

    fn join(&self, body: &mut Block, pieces: &[Piece], node: &Node) -> Option<Term> {
        let mut parts = Vec::new();
        for (value, piece) in node.inputs.iter().zip(pieces) {
            let terms = self.terms(body, *value)?;
            parts.push((piece.clone(), body.sizes(*value).to_vec(), terms));
        }
        Some(Term::Join(parts))
    }

    /// Whether all rows of a value may be kept.
    fn fits(&self, body: &Block, value: ValueId) -> bool {
        let bytes = body.kind(value).bytes();
        bytes > 0 && bytes.saturating_mul(self.steps) <= MOST_BYTES
    }
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

/// Makes stacks of values of a body.
struct AllRows<'a, 'l> {
    around: &'a mut Block,
    changed: &'a mut Loop<'l>,
    origin: NodeId,
}

impl AllRows<'_, '_> {
    /// A term of stacks in the place of one of matrices.
    fn term(&mut self, term: Term) -> Term {
        match term {
            Term::Product(a, b) => Term::Product(self.stack(a), self.stack(b)),
            Term::Rows(x) => Term::Rows(self.stack(x)),
            Term::Join(parts) => {
                let parts = parts.into_iter().map(|(piece, sizes, terms)| {
                    let terms = terms.into_iter().map(|term| self.term(term)).collect();
                    (piece, sizes, terms)
                });
                Term::Join(parts.collect())
            }
        }
    }

    /// All rows of a value: a sequence that is there, what is stacked already, or one more stack.
    fn stack(&mut self, value: ValueId) -> ValueId {
        let scan = &*self.changed.scan;
        let root = scan.body.place(value).root;
        let stacked = scan.body.results[scan.states..].contains(&root);
        let of_sequence = scan.dependence()[root.index()] == Dependence::Element
            && scan.body.sources.iter().any(|(source, _)| *source == root);
        // Beyond a limit, what the loop stacks is zeros, while a sequence may be anything.
        if of_sequence && !scan.limited {
            let lifted = Lifted::given(scan, self.changed.inputs);
            if let Some(all) = lifted.all(&scan.body, self.around, value) {
                return all;
            }
        }
        let (kind, whole) = (scan.body.kind(value), scan.body.kind(root));
        let is_whole = kind.elements() == whole.elements() && whole.is_contiguous();
        let source = if (stacked || is_whole) && self.merges(value) {
            value
        } else {
            self.changed.scan.body.copied(value, self.origin)
        };
        let body = &self.changed.scan.body;
        let Place { root, offset } = body.place(source);
        let kind = body.kind(source).clone();
        let all = self.changed.add_stacked(self.around, root);
        let rows = self.around.kind(all);
        let seen = Type {
            dtype: kind.dtype,
            sizes: [&rows.sizes[..1], &*kind.sizes].concat(),
            strides: [&rows.strides[..1], &*kind.strides].concat(),
        };
        self.around.view(Place { root: all, offset }, seen)
    }

    /// Whether the rows of all steps are those of one matrix where the root is stacked.
    fn merges(&self, value: ValueId) -> bool {
        let (steps, body) = (self.changed.scan.steps, &self.changed.scan.body);
        let kind = body.kind(value);
        let root = body.kind(body.place(value).root);
        let sizes = [&[steps], &*kind.sizes].concat();
        let strides = [&[root.elements() as isize], &*kind.strides].concat();
        let matrix = [steps * kind.sizes[0], kind.sizes[1]];
        reshaped_strides(&sizes, &strides, &matrix).is_some()
    }
}

impl Sum {
    /// The sum of all steps and the initial value, computed after the loop.
    fn total(&self, block: &mut Block, origin: NodeId) -> Option<ValueId> {
        let kind = block.kind(self.last).clone();
        let sum = total(block, &self.terms, &kind.sizes, origin)?;
        let sum = if is_zero(block, self.initial) {
            sum
        } else {
            add(block, self.initial, sum, origin)
        };
        Some(block.contiguous(sum, origin))
    }
}

/// The sum of terms.
fn total(block: &mut Block, terms: &[Term], sizes: &[usize], origin: NodeId) -> Option<ValueId> {
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

fn add(block: &mut Block, a: ValueId, b: ValueId, origin: NodeId) -> ValueId {
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

/// Whether a value is known to be zeros.
fn is_zero(block: &Block, value: ValueId) -> bool {
    let makers = block.makers();
    let Some(maker) = makers[value.index()] else {
        return false;
    };
    let node = &block.nodes[maker];
    match &node.code {
        Code::Constant(value) => match value.data() {
            Data::F32(elements) => elements.iter().all(|element| *element == 0.0),
            Data::F64(elements) => elements.iter().all(|element| *element == 0.0),
            Data::I32(elements) => elements.iter().all(|element| *element == 0),
            Data::I64(elements) => elements.iter().all(|element| *element == 0),
            Data::U8(elements) => elements.iter().all(|element| *element == 0),
            Data::Bool(_) => false,
        },
        Code::Fused(expression) => expression.steps.is_empty() && is_zero(block, node.inputs[0]),
        Code::Product
        | Code::Join(_)
        | Code::Kernel(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => false,
    }
}
