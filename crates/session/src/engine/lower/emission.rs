//! Emission: the instructions of a block whose roots have homes.

use std::collections::{HashMap, HashSet};

use aqueduct_graph::ir::{Fact, NodeId};

use super::{Home, Part};
use crate::engine::ir::{self, Block, Node, ValueId};
use crate::engine::program::{Instruction, Work};
use crate::error::{Error, Result};
use crate::kernels::fused::{Expression, Fused};
use crate::kernels::product::{Product, ProductGroup, Strides};
use crate::kernels::reduced::Reduced;
use crate::kernels::shared;
use crate::kernels::step::Step;
use crate::kernels::strides;
use crate::kernels::table::{Address, Reach, Span};

/// A block whose roots have homes, on its way to instructions.
pub(super) struct Emission<'a> {
    pub(super) block: &'a Block,
    pub(super) homes: HashMap<ValueId, Home>,
    pub(super) instructions: Vec<Instruction>,
    /// For each root: how often it and its views are used.
    pub(super) uses: Vec<usize>,
    /// The node that instructions are made for.
    pub(super) node: Option<usize>,
    /// The threads that share the instructions.
    pub(super) threads: usize,
}

impl Emission<'_> {
    pub(super) fn push(&mut self, work: Work, origin: NodeId, facts: Vec<Fact>) {
        self.instructions.push(Instruction {
            work,
            origin,
            node: self.node,
            facts,
        });
    }

    /// The address of a value's first element.
    pub(super) fn address(&self, value: ValueId) -> Address {
        let place = self.block.place(value);
        // Every root has a home by now.
        let home = &self.homes[&place.root];
        home.first
            .plus(place.offset * self.block.dtype(value).width())
    }

    /// The strides of a value: of a root, those of its home.
    pub(super) fn strides(&self, value: ValueId) -> &[isize] {
        if self.block.is_root(value) {
            &self.homes[&value].strides
        } else {
            &self.block.kind(value).strides
        }
    }

    pub(super) fn span(&self, value: ValueId) -> Span {
        let kind = self.block.kind(value);
        debug_assert!(kind.is_contiguous(), "a plain kernel takes no strides");
        Span {
            first: self.address(value),
            elements: kind.elements(),
            dtype: kind.dtype,
        }
    }

    pub(super) fn reach(&self, value: ValueId, sizes: &[usize], strides: &[isize]) -> Reach {
        Reach::new(self.address(value), self.block.dtype(value), sizes, strides)
    }

    pub(super) fn slots(&self, kernel: &ir::Kernel, node: &Node) -> Box<[Option<Span>]> {
        let slots = kernel.slots.iter();
        slots
            .map(|slot| slot.map(|operand| self.span(node.inputs[operand])))
            .collect()
    }

    pub(super) fn outputs(&self, node: &Node) -> Box<[Option<Span>]> {
        let outputs = node.outputs.iter();
        outputs.map(|value| Some(self.span(*value))).collect()
    }

    /// The strides of a node's operands, repeated to the shape that they broadcast to.
    pub(super) fn repeated(&self, node: &Node, sizes: &[usize]) -> Vec<Vec<isize>> {
        let inputs = node.inputs.iter();
        inputs
            .map(|value| strides::repeated(self.block.sizes(*value), self.strides(*value), sizes))
            .collect()
    }

    /// Adds a kernel whose work can be shared; gives whether this is one.
    pub(super) fn shared(&mut self, kernel: &ir::Kernel, node: &Node) -> bool {
        let shared = shared::shared(&kernel.op, &kernel.spec(), self.threads);
        let (Some(shared), [output]) = (shared, node.outputs.as_slice()) else {
            return false;
        };
        let step = Step::Shared {
            kernel: shared,
            inputs: self.slots(kernel, node).into_iter().flatten().collect(),
            output: self.span(*output),
        };
        self.push(Work::Compute(step), node.origin, kernel.inputs.clone());
        true
    }

    pub(super) fn reduced(
        &mut self,
        reduced: &ir::Reduced,
        node: &Node,
        scratch: &[Address],
    ) -> Result<()> {
        let ir::Reduced {
            expression,
            sizes,
            kernel,
        } = reduced;
        let cut = reduced.cut();
        let cut = cut.ok_or_else(|| Error::internal("a reduction is not done in one"))?;
        let result = self.span(node.outputs[0]);
        let totals = cut
            .totals()
            .zip(scratch.first())
            .map(|(elements, first)| Span {
                first: *first,
                elements,
                ..result
            });
        let joining = totals.map(|totals| Step::Kernel {
            kernel: cut.joining(),
            inputs: Box::new([Some(totals)]),
            outputs: Box::new([Some(result)]),
        });
        let strides = self.repeated(node, sizes);
        let inputs = node.inputs.iter().zip(&strides);
        let step = Step::Reduced {
            inputs: inputs
                .map(|(value, strides)| self.reach(*value, sizes, strides))
                .collect(),
            totals: totals.unwrap_or(result),
            kernel: Box::new(Reduced::new(cut, expression.clone(), sizes, &strides)),
        };
        for step in std::iter::once(step).chain(joining) {
            self.push(Work::Compute(step), node.origin, kernel.inputs.clone());
        }
        Ok(())
    }

    pub(super) fn fused(&mut self, expression: &Expression, node: &Node) {
        let sizes = self.block.sizes(node.outputs[0]).to_vec();
        let inputs = self.repeated(node, &sizes);
        let outputs: Vec<Vec<isize>> = node
            .outputs
            .iter()
            .map(|value| self.strides(*value).to_vec())
            .collect();
        let reach = |(value, strides): (&ValueId, &Vec<isize>)| self.reach(*value, &sizes, strides);
        let step = Step::Fused {
            inputs: node.inputs.iter().zip(&inputs).map(reach).collect(),
            outputs: node.outputs.iter().zip(&outputs).map(reach).collect(),
            kernel: Box::new(Fused::new(expression.clone(), &sizes, &inputs, &outputs)),
        };
        self.push(Work::Compute(step), node.origin, Vec::new());
    }

    pub(super) fn product(&mut self, node: &Node) {
        for (term, pair) in node.inputs.chunks_exact(2).enumerate() {
            self.term([pair[0], pair[1], node.outputs[0]], term > 0, node.origin);
        }
    }

    /// Adds a product to C, or makes it.
    pub(super) fn term(&mut self, [a, b, c]: [ValueId; 3], accumulates: bool, origin: NodeId) {
        let product = self.product_of([a, b, c], accumulates);
        let step = Step::Product {
            product: Box::new(product.shared_by(self.threads)),
            a: self.reach_all(a),
            b: self.reach_all(b),
            c: self.reach_all(c),
        };
        self.push(Work::Compute(step), origin, Vec::new());
    }

    pub(super) fn products(&mut self, node: &Node) {
        let Some((b, lefts)) = node.inputs.split_last() else {
            return;
        };
        let pairs = || lefts.iter().copied().zip(node.outputs.iter().copied());
        let products = pairs().map(|(a, c)| self.product_of([a, *b, c], false));
        let Some(group) = ProductGroup::new(products.collect(), self.threads) else {
            pairs().for_each(|(a, c)| self.term([a, *b, c], false, node.origin));
            return;
        };
        let step = Step::Group {
            group: Box::new(group),
            b: self.reach_all(*b),
            others: pairs()
                .map(|(a, c)| [a, c].map(|value| self.reach_all(value)))
                .collect(),
        };
        self.push(Work::Compute(step), node.origin, Vec::new());
    }

    pub(super) fn product_of(&self, [a, b, c]: [ValueId; 3], accumulates: bool) -> Product {
        let (left, right) = (self.block.sizes(a), self.block.sizes(b));
        let strides = [a, b, c].map(|value| {
            let strides = self.strides(value);
            Strides {
                row: strides[0],
                column: strides[1],
            }
        });
        let sizes = [left[0], left[1], right[1]];
        Product::new(self.block.dtype(c), sizes, strides, accumulates)
    }

    /// What is read or written of a value, all of which is.
    pub(super) fn reach_all(&self, value: ValueId) -> Reach {
        self.reach(value, self.block.sizes(value), self.strides(value))
    }

    /// Copies what is not made in place.
    pub(super) fn join(
        &mut self,
        node: &Node,
        pieces: &[ir::Piece],
        parts: &HashMap<ValueId, Part>,
    ) {
        let whole = node.outputs[0];
        let mut in_place: HashSet<ValueId> = HashSet::new();
        for (value, piece) in node.inputs.iter().zip(pieces) {
            let root = self.block.place(*value).root;
            let is_part = parts.get(&root).is_some_and(|part| {
                part.whole == whole && part.offset == piece.offset && !in_place.contains(&root)
            });
            if is_part {
                in_place.insert(root);
                continue;
            }
            let width = self.block.dtype(whole).width();
            let at = self.address(whole).plus(piece.offset * width);
            self.copy(*value, at, &piece.strides, node.origin);
        }
    }

    /// Copies a value to an address, row by row.
    pub(super) fn copy_to(&mut self, value: ValueId, at: Address, origin: NodeId) {
        let strides = strides::contiguous(self.block.sizes(value));
        self.copy(value, at, &strides, origin);
    }

    pub(super) fn copy(&mut self, value: ValueId, at: Address, to: &[isize], origin: NodeId) {
        let dtype = self.block.dtype(value);
        let sizes = self.block.sizes(value).to_vec();
        if sizes.contains(&0) {
            // Its place may be beyond the end of what has no elements.
            return;
        }
        let from = self.strides(value).to_vec();
        let to = to.to_vec();
        let step = Step::Fused {
            inputs: Box::new([self.reach(value, &sizes, &from)]),
            outputs: Box::new([Reach::new(at, dtype, &sizes, &to)]),
            kernel: Box::new(Fused::new(Expression::copy(dtype), &sizes, &[from], &[to])),
        };
        self.push(Work::Compute(step), origin, Vec::new());
    }
}
