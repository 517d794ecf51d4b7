//! What a loop's body computes, computed around the loop.

use std::collections::HashMap;

use aqueduct_graph::ir::NodeId;

use crate::engine::ir::{Block, Code, Place, Scan, Source, Type, ValueId};

/// For roots of a body that have a counterpart around the loop: that counterpart.
///
/// That of what is the same in all steps is the same value; that of what differs from step to step has
/// an axis of steps before the others.
pub(crate) struct Lifted {
    same: HashMap<ValueId, ValueId>,
    all: HashMap<ValueId, ValueId>,
    /// The constants of the body, each with the operation that it comes from.
    constants: HashMap<ValueId, (Code, NodeId)>,
}

impl Lifted {
    /// What the loop is given: captures and sequences.
    pub(crate) fn given(scan: &Scan, inputs: &[ValueId]) -> Lifted {
        let mut lifted = Lifted {
            same: HashMap::new(),
            all: HashMap::new(),
            constants: constants(&scan.body),
        };
        let sequences = scan.states..scan.states + scan.sequences;
        for (value, source) in &scan.body.sources {
            let Source::Parameter(operand) = *source else {
                continue;
            };
            if sequences.contains(&operand) {
                lifted.all.insert(*value, inputs[operand]);
            } else if operand >= scan.captures() {
                lifted.same.insert(*value, inputs[operand]);
            }
        }
        lifted
    }

    /// Takes note of what is the same in all steps.
    pub(crate) fn insert_same(&mut self, inner: ValueId, outer: ValueId) {
        self.same.insert(inner, outer);
    }

    /// Takes note of what differs from step to step: of all rows.
    pub(crate) fn insert_all(&mut self, inner: ValueId, outer: ValueId) {
        self.all.insert(inner, outer);
    }

    /// What the body sees of a root that is the same in all steps, seen around the loop.
    ///
    /// A constant of the body is made again.
    pub(crate) fn same(
        &mut self,
        body: &Block,
        around: &mut Block,
        value: ValueId,
    ) -> Option<ValueId> {
        let Place { root, offset } = body.place(value);
        let known = match self.same.get(&root) {
            Some(known) => *known,
            None => {
                let constant = self.constant(body, root, around)?;
                self.same.insert(root, constant);
                constant
            }
        };
        let outer = around.place(known);
        let place = Place {
            root: outer.root,
            offset: outer.offset + offset,
        };
        if value == root {
            return self.same.get(&root).copied();
        }
        Some(around.view(place, body.kind(value).clone()))
    }

    /// A constant of the body, made around the loop.
    fn constant(&self, body: &Block, root: ValueId, around: &mut Block) -> Option<ValueId> {
        let (code, origin) = self.constants.get(&root)?;
        let kind = body.kind(root).clone();
        Some(around.push_one(code.clone(), Vec::new(), kind, *origin))
    }

    /// What the body sees of a root in each step, seen of all steps.
    pub(crate) fn all(&self, body: &Block, around: &mut Block, value: ValueId) -> Option<ValueId> {
        let Place { root, offset } = body.place(value);
        let all = *self.all.get(&root)?;
        let outer = around.place(all);
        let place = Place {
            root: outer.root,
            offset: outer.offset + offset,
        };
        if value == root {
            return Some(all);
        }
        let (kind, rows) = (body.kind(value), around.kind(all));
        let axis = rows.sizes.iter().zip(&rows.strides).take(1);
        let (mut sizes, mut strides): (Vec<usize>, Vec<isize>) =
            axis.map(|(size, stride)| (*size, *stride)).unzip();
        sizes.extend(&kind.sizes);
        strides.extend(&kind.strides);
        let dtype = kind.dtype;
        Some(around.view(
            place,
            Type {
                dtype,
                sizes,
                strides,
            },
        ))
    }
}

fn constants(body: &Block) -> HashMap<ValueId, (Code, NodeId)> {
    let nodes = body.nodes.iter();
    let constants = nodes.filter(|node| matches!(node.code, Code::Constant(_)));
    constants
        .map(|node| (node.outputs[0], (node.code.clone(), node.origin)))
        .collect()
}

impl Block {
    /// A stack of matrices as one matrix, their rows below each other.
    pub(crate) fn rows_of_all(&mut self, stack: ValueId, origin: NodeId) -> ValueId {
        let sizes = self.sizes(stack);
        let sizes = [sizes[0] * sizes[1], sizes[2]];
        if let Some(matrix) = self.reshaped(stack, &sizes) {
            return matrix;
        }
        let copy = self.copied(stack, origin);
        // What lies row by row can be seen in any shape.
        self.reshaped(copy, &sizes).unwrap_or(copy)
    }
}
