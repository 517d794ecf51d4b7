//! What is known of constants.

use std::collections::HashMap;
use std::sync::Arc;

use aqueduct_graph::Value;
use aqueduct_graph::ir::Data;

use crate::engine::ir::{Block, Code, Node, ValueId};
use crate::kernels::fused::Scalar;

/// The constants among the roots of a block, as far as a pass has come.
#[derive(Default)]
pub(super) struct Constants(HashMap<ValueId, Arc<Value>>);

impl Constants {
    /// How many elements are looked at, at the most, to see whether they are all one number.
    const COMPARED: usize = 1 << 12;

    /// Takes note of a node.
    pub(super) fn note(&mut self, node: &Node) {
        if let Code::Constant(value) = &node.code {
            let outputs = node.outputs.iter();
            self.0
                .extend(outputs.map(|output| (*output, Arc::clone(value))));
        }
    }

    /// The constant that a value is, or a view of.
    pub(super) fn of(&self, block: &Block, value: ValueId) -> Option<&Arc<Value>> {
        self.0.get(&block.place(value).root)
    }

    /// The number that all elements of a value are, bit by bit.
    pub(super) fn uniform(&self, block: &Block, value: ValueId) -> Option<Scalar> {
        let data = self.of(block, value)?.data();
        let place = block.place(value);
        let kind = block.kind(value);
        let mut axes = kind.sizes.iter().zip(&kind.strides);
        let is_repeated = axes.all(|(size, stride)| *size == 1 || *stride == 0);
        if is_repeated && !kind.sizes.contains(&0) {
            return element(data, place.offset);
        }
        if data.len() > Self::COMPARED {
            return None;
        }
        let first = element(data, 0)?;
        let written = first.to_string();
        // 0 is equal to -0, but not written like it.
        let same = |index| {
            element(data, index).is_some_and(|other| other == first && other.to_string() == written)
        };
        (1..data.len()).all(same).then_some(first)
    }
}

fn element(data: &Data, index: usize) -> Option<Scalar> {
    match data {
        Data::F32(elements) => elements.get(index).copied().map(Scalar::F32),
        Data::F64(elements) => elements.get(index).copied().map(Scalar::F64),
        Data::I32(elements) => elements.get(index).copied().map(Scalar::I32),
        Data::I64(elements) => elements.get(index).copied().map(Scalar::I64),
        Data::U8(elements) => elements.get(index).copied().map(Scalar::U8),
        Data::Bool(elements) => elements.get(index).copied().map(Scalar::Bool),
    }
}
