//! The representation that passes work on: blocks of nodes in static single assignment form.
//!
//! A block is the body of a plan or of a loop. Its nodes stand in the order in which they run. Every
//! value has a known shape. A value is either a *root*, which has memory of its own and comes from a
//! source or a node, or a *view*: the memory of a root, seen by other strides. A view is no work and so
//! no node; it never looks at another view.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aqueduct_graph::ir::{Array, Fact, Math, Nn, NodeId, Op, Random, VariableId};
use aqueduct_graph::{DType, Value};

use crate::engine::opaque::Opaque;
use crate::kernels::fused::Expression;
use crate::kernels::reduced::Cut;
use crate::kernels::{Spec, strides};
use crate::plan::Operand;

/// A value of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueId(u32);

impl ValueId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn from_index(index: usize) -> ValueId {
        ValueId(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Type {
    pub(crate) dtype: DType,
    pub(crate) sizes: Vec<usize>,
    /// How far the next element is along each axis, in elements. Of a root other than row by row only
    /// if a loop gives it to its body.
    pub(crate) strides: Vec<isize>,
}

impl Type {
    /// Elements that lie row by row.
    pub(crate) fn contiguous(dtype: DType, sizes: &[usize]) -> Type {
        Type {
            dtype,
            sizes: sizes.to_vec(),
            strides: strides::contiguous(sizes),
        }
    }

    /// The type that a fact tells; `None` if its shape is not known.
    pub(crate) fn of(fact: &Fact) -> Option<Type> {
        Some(Type::contiguous(fact.dtype, &fact.shape.sizes()?))
    }

    pub(crate) fn elements(&self) -> usize {
        self.sizes.iter().product()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.elements().saturating_mul(self.dtype.width())
    }

    /// One element along axis 0.
    pub(crate) fn element(&self) -> Type {
        Type {
            dtype: self.dtype,
            sizes: self.sizes.get(1..).unwrap_or_default().to_vec(),
            strides: self.strides.get(1..).unwrap_or_default().to_vec(),
        }
    }

    /// Whether the types have the same elements at the same places, though the strides of an axis of
    /// one position may differ.
    pub(crate) fn sees_as(&self, other: &Type) -> bool {
        let strides = self.sizes.iter().zip(&self.strides).zip(&other.strides);
        let mut apart = strides.filter(|((size, a), b)| **size > 1 && a != b);
        self.dtype == other.dtype
            && self.sizes == other.sizes
            && (self.sizes.contains(&0) || apart.next().is_none())
    }

    /// Whether the elements lie row by row without gaps.
    pub(crate) fn is_contiguous(&self) -> bool {
        if self.sizes.contains(&0) {
            return true;
        }
        let wanted = strides::contiguous(&self.sizes);
        let mut axes = self.sizes.iter().zip(&self.strides).zip(wanted);
        axes.all(|((size, stride), wanted)| *size == 1 || *stride == wanted)
    }
}

/// A value: what is known of it, and, of a view, the root it looks at.
#[derive(Clone, Debug)]
struct Record {
    kind: Type,
    view: Option<View>,
}

/// A view looks at a root from this element on, by the strides of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct View {
    root: ValueId,
    offset: usize,
}

/// Where the elements of a value are: in the memory of a root, from this element on, by the strides
/// of the value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) root: ValueId,
    pub(crate) offset: usize,
}

/// A program in static single assignment form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    values: Vec<Record>,
    /// What the block is given, and where from.
    pub(crate) sources: Vec<(ValueId, Source)>,
    /// What it does, in order.
    pub(crate) nodes: Vec<Node>,
    /// What it gives.
    pub(crate) results: Vec<ValueId>,
}

/// Where a value comes from that a block is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Of a plan's block: an input, a version of a variable, or what an earlier stage has made.
    Plan(Operand),
    /// Of a loop's body: the loop's operand with this number, or, of a sequence, its element.
    Parameter(usize),
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) code: Code,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) outputs: Vec<ValueId>,
    /// The operation of the graph that it comes from, for reports.
    pub(crate) origin: NodeId,
}

/// What a node does.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    /// `[] -> [root]`
    Constant(Arc<Value>),
    /// `[x₁ …] -> [y₁ …]`: an element-wise program. The operands broadcast to the shape that all
    /// results have.
    Fused(Expression),
    /// `[a₁, b₁, a₂, b₂ …] -> [c]`: the sum of matrix products, all of two dimensions.
    Product,
    /// `[a₁ …, b] -> [c₁ …]`: the products of several matrices with one, `cᵢ = aᵢ · b`.
    Products,
    /// `[x₁ …] -> [y]`: each operand is put at its place in the result, of which no element is left
    /// out or written twice.
    Join(Vec<Piece>),
    /// A pure op of the graph by its plain kernel, on operands that lie row by row.
    Kernel(Kernel),
    /// `[x₁ …] -> [y]`: an element-wise program, of which the one result is reduced as it is made, and
    /// takes no memory.
    Reduced(Box<Reduced>),
    /// `[x₁ …] -> [y]`: random numbers.
    Draw(Random, Kernel),
    /// `[value] -> []`: the value becomes a version of a variable.
    Write {
        variable: VariableId,
        version: usize,
    },
    /// `[state₁ …, sequence₁ …, limit?, capture₁ …] -> [last state₁ …, stacked₁ …]`
    Scan(Box<Scan>),
    /// An operation that the plain executor runs.
    Opaque(Arc<Opaque>),
}

/// Where an operand of a join goes: from this element of the result on, by these strides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Piece {
    pub(crate) offset: usize,
    pub(crate) strides: Vec<isize>,
}

/// An op with what its plain kernel is made for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    pub(crate) op: Op,
    /// For each operand of the op: which of the node's operands it is, or `None` if its elements are
    /// planned in.
    pub(crate) slots: Vec<Option<usize>>,
    pub(crate) inputs: Vec<Fact>,
    pub(crate) outputs: Vec<Fact>,
}

/// An element-wise program and what reduces its result.
#[derive(Clone, Debug)]
pub(crate) struct Reduced {
    pub(crate) expression: Expression,
    /// The shape that the operands broadcast to.
    pub(crate) sizes: Vec<usize>,
    /// Of operand 0 alone, which has the elements of the program's result, row by row.
    pub(crate) kernel: Kernel,
}

impl Reduced {
    /// How it is cut into tasks; `None` if it is better done as two nodes.
    pub(crate) fn cut(&self) -> Option<Cut> {
        Cut::new(&self.expression, &self.kernel.op, &self.kernel.spec())
    }
}

/// A loop over the elements of sequences, along their axis 0.
///
/// The operands of the node and the parameters of the body go together: states, sequences, then
/// captures (`None` stands for a limit, of which the body has no parameter).
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// Its results are the next states, then what is stacked.
    pub(crate) body: Block,
    pub(crate) steps: usize,
    pub(crate) reverse: bool,
    /// How many states there are.
    pub(crate) states: usize,
    /// How many sequences there are.
    pub(crate) sequences: usize,
    /// Whether an operand after the sequences gives how many elements are run over.
    pub(crate) limited: bool,
    /// Whether it is straight-line work, set apart to be cut into shards of rows
    /// ([`split_rows`](super::passes)): of one step, and with no axis of steps in what it gives.
    pub(crate) straight: bool,
    /// What is known of the operands of the operation that it was, in their order there: for reports.
    pub(crate) operands: Vec<Fact>,
}

impl Scan {
    /// Which operand is the limit.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.limited.then_some(self.states + self.sequences)
    }

    /// Which operand is the first capture.
    pub(crate) fn captures(&self) -> usize {
        self.states + self.sequences + usize::from(self.limited)
    }
}

impl Kernel {
    /// What the kernel is made for.
    pub(crate) fn spec(&self) -> Spec<'_> {
        Spec {
            inputs: &self.inputs,
            outputs: &self.outputs,
        }
    }

    /// Whether the kernel has a result for all operands.
    fn is_total(&self) -> bool {
        match &self.op {
            Op::Reduce(_) => true,
            Op::Nn(op) => !matches!(op, Nn::SparseSoftmaxCrossEntropy),
            Op::Math(op) => matches!(op, Math::MatMul { .. }),
            Op::Array(op) => matches!(
                op,
                Array::Transpose { .. }
                    | Array::Tile
                    | Array::Pad { .. }
                    | Array::PadGrad { .. }
                    | Array::SliceGrad(_)
                    | Array::OneHot { .. }
                    | Array::Range { .. }
            ),
            Op::Random(_) | Op::State(_) | Op::Control(_) | Op::Debug(_) | Op::Custom(_) => false,
        }
    }
}

impl Code {
    /// Whether the node does something besides giving its results, so that it stays though nobody
    /// uses these, and is not merged, moved or repeated.
    pub(crate) fn is_pinned(&self) -> bool {
        match self {
            Code::Draw(..) | Code::Write { .. } | Code::Opaque(_) => true,
            Code::Scan(scan) => scan.body.nodes.iter().any(|node| node.code.is_pinned()),
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Product
            | Code::Products
            | Code::Join(_)
            | Code::Kernel(_)
            | Code::Reduced(_) => false,
        }
    }

    /// Whether a run of the node may fail, so that it must not run where it did not before.
    pub(crate) fn may_fail(&self) -> bool {
        match self {
            Code::Kernel(kernel) => !kernel.is_total(),
            Code::Reduced(reduced) => !reduced.kernel.is_total(),
            Code::Draw(..) | Code::Opaque(_) => true,
            Code::Scan(scan) => {
                scan.limited || scan.body.nodes.iter().any(|node| node.code.may_fail())
            }
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Product
            | Code::Products
            | Code::Join(_)
            | Code::Write { .. } => false,
        }
    }
}

impl Block {
    /// A new root. Whoever calls this gives it a source or a node.
    pub(crate) fn root(&mut self, kind: Type) -> ValueId {
        self.add(Record { kind, view: None })
    }

    /// A value that sees the memory of a root by other strides: element 0 of the view is `offset`
    /// elements from the root's first.
    pub(crate) fn view(&mut self, place: Place, kind: Type) -> ValueId {
        let Place { root, offset } = place;
        debug_assert!(self.is_root(root), "a view looks at a root");
        if offset == 0 && self.kind(root) == &kind {
            return root;
        }
        let view = Some(View { root, offset });
        self.add(Record { kind, view })
    }

    fn add(&mut self, record: Record) -> ValueId {
        let id = ValueId::from_index(self.values.len());
        self.values.push(record);
        id
    }

    /// How many values were ever made. Their indices are below.
    pub(crate) fn value_count(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn kind(&self, value: ValueId) -> &Type {
        &self.values[value.index()].kind
    }

    pub(crate) fn sizes(&self, value: ValueId) -> &[usize] {
        &self.kind(value).sizes
    }

    pub(crate) fn dtype(&self, value: ValueId) -> DType {
        self.kind(value).dtype
    }

    pub(crate) fn is_root(&self, value: ValueId) -> bool {
        self.values[value.index()].view.is_none()
    }

    /// Where the elements of a value are.
    pub(crate) fn place(&self, value: ValueId) -> Place {
        match self.values[value.index()].view {
            Some(View { root, offset }) => Place { root, offset },
            None => Place {
                root: value,
                offset: 0,
            },
        }
    }

    /// Makes axis 0 of a value another size: for a part of independent rows.
    pub(crate) fn set_rows(&mut self, value: ValueId, rows: usize) {
        if let Some(size) = self.values[value.index()].kind.sizes.first_mut() {
            *size = rows;
        }
    }

    /// A value that the block is given.
    pub(crate) fn source(&mut self, kind: Type, source: Source) -> ValueId {
        let value = self.root(kind);
        self.sources.push((value, source));
        value
    }

    /// Adds a node at the end; gives its results, new roots of these types.
    pub(crate) fn push(
        &mut self,
        code: Code,
        inputs: Vec<ValueId>,
        outputs: impl IntoIterator<Item = Type>,
        origin: NodeId,
    ) -> Vec<ValueId> {
        let outputs: Vec<ValueId> = outputs.into_iter().map(|kind| self.root(kind)).collect();
        self.nodes.push(Node {
            code,
            inputs,
            outputs: outputs.clone(),
            origin,
        });
        outputs
    }

    /// Adds a node with one result at the end.
    pub(crate) fn push_one(
        &mut self,
        code: Code,
        inputs: Vec<ValueId>,
        output: Type,
        origin: NodeId,
    ) -> ValueId {
        let value = self.root(output);
        self.nodes.push(Node {
            code,
            inputs,
            outputs: vec![value],
            origin,
        });
        value
    }

    /// For each value: the node that makes its root.
    pub(crate) fn makers(&self) -> Vec<Option<usize>> {
        let mut makers = vec![None; self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for output in &node.outputs {
                makers[output.index()] = Some(index);
            }
        }
        for (index, record) in self.values.iter().enumerate() {
            if let Some(view) = record.view {
                makers[index] = makers[view.root.index()];
            }
        }
        makers
    }

    /// For each root: the nodes that use it or a view of it, ascending.
    pub(crate) fn users(&self) -> Vec<Vec<usize>> {
        let mut users = vec![Vec::new(); self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for value in &node.inputs {
                users[self.place(*value).root.index()].push(index);
            }
        }
        users
    }

    /// For each root: how many operands of nodes and results are it or views of it.
    pub(crate) fn root_uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.values.len()];
        let operands = self.nodes.iter().flat_map(|node| &node.inputs);
        for value in operands.chain(&self.results) {
            uses[self.place(*value).root.index()] += 1;
        }
        uses
    }

    /// The roots that have a place of their own: they are given, written, or joined into others.
    pub(crate) fn settled(&self) -> HashSet<ValueId> {
        let placed = self.nodes.iter().filter_map(|node| match &node.code {
            Code::Write { .. } | Code::Join(_) => Some(&node.inputs),
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Product
            | Code::Products
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Scan(_)
            | Code::Opaque(_) => None,
        });
        let placed = placed.flatten().chain(&self.results);
        placed.map(|value| self.place(*value).root).collect()
    }

    /// Puts values in the place of others: in operands and results, and roots in that of roots under
    /// views.
    ///
    /// A value that takes the place of a root under views must be of the same type: a root, or a part of
    /// one that lies row by row.
    pub(crate) fn replace(&mut self, replacement: &HashMap<ValueId, ValueId>) {
        if replacement.is_empty() {
            return;
        }
        let operands = self.nodes.iter_mut().flat_map(|node| &mut node.inputs);
        for value in operands.chain(&mut self.results) {
            if let Some(other) = replacement.get(value) {
                *value = *other;
            }
        }
        for index in 0..self.values.len() {
            let Some(View { root, offset }) = self.values[index].view else {
                continue;
            };
            if let Some(other) = replacement.get(&root) {
                let place = self.place(*other);
                self.values[index].view = Some(View {
                    root: place.root,
                    offset: place.offset + offset,
                });
            }
        }
    }
}
