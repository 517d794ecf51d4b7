//! Values in the place of others.

use std::collections::HashMap;

use crate::engine::ir::{Block, Code, Node, Place, Type, ValueId};

/// Which values stand for which roots, as a pass finds out from the first node to the last.
#[derive(Default)]
pub(super) struct Substitution {
    of_root: HashMap<ValueId, ValueId>,
    /// What stands for values, as far as anyone asked.
    known: HashMap<ValueId, Option<ValueId>>,
}

impl Substitution {
    /// From now on `value` stands for `root`, which lies row by row and has the same elements.
    pub(super) fn put(&mut self, root: ValueId, value: ValueId) {
        self.of_root.insert(root, value);
    }

    /// Lets a node use what stands for its operands.
    ///
    /// An operand stays what it is where nothing else has its elements at places that the node can
    /// walk. So whoever substitutes a node leaves it where it is.
    pub(super) fn redirect(&mut self, block: &mut Block, node: &mut Node) {
        let Node { code, inputs, .. } = node;
        for (index, value) in inputs.iter_mut().enumerate() {
            let Some(other) = self.find(block, *value) else {
                continue;
            };
            let is_bound = match code {
                Code::Scan(scan) => index >= scan.states,
                Code::Constant(_)
                | Code::Fused(_)
                | Code::Product
                | Code::Products
                | Code::Join(_)
                | Code::Kernel(_)
                | Code::Reduced(_)
                | Code::Draw(..)
                | Code::Write { .. }
                | Code::Opaque(_) => false,
            };
            // A loop's body sees its operands by the strides that it was made for.
            if !is_bound || block.kind(*value).sees_as(block.kind(other)) {
                *value = other;
            }
        }
    }

    /// Lets the block give what stands for its results.
    pub(super) fn redirect_results(&mut self, block: &mut Block) {
        for place in 0..block.results.len() {
            if let Some(other) = self.find(block, block.results[place]) {
                block.results[place] = other;
            }
        }
    }

    fn find(&mut self, block: &mut Block, value: ValueId) -> Option<ValueId> {
        let root = block.place(value).root;
        let onto = *self.of_root.get(&root)?;
        if value == root {
            return Some(onto);
        }
        *self
            .known
            .entry(value)
            .or_insert_with(|| recast(block, value, onto))
    }
}

/// A view of `onto` with the elements of `value`, a view of a root that lies row by row and has the
/// same elements as `onto`. `None` if no strides show them.
fn recast(block: &mut Block, value: ValueId, onto: ValueId) -> Option<ValueId> {
    let place = block.place(value);
    let kind = block.kind(value).clone();
    let target = block.place(onto);
    if kind.sizes.contains(&0) {
        return None;
    }
    let root = block.kind(place.root);
    let seen = block.kind(onto);
    let mut axes: Vec<Axis> = Vec::new();
    let mut offset = target.offset as isize;
    let mut left = place.offset;
    for ((size, stride), step) in root.sizes.iter().zip(&root.strides).zip(&seen.strides) {
        let stride = stride.unsigned_abs();
        if *size == 1 || stride == 0 {
            continue;
        }
        let position = left / stride;
        left %= stride;
        offset += position as isize * step;
        // What follows on an axis by both ways of walking is one axis.
        match axes.last_mut() {
            Some(outer) if outer.step == step * *size as isize => {
                *outer = Axis {
                    stride,
                    step: *step,
                    position: outer.position * size + position,
                    size: outer.size * size,
                };
            }
            Some(_) | None => axes.push(Axis {
                stride,
                step: *step,
                position,
                size: *size,
            }),
        }
    }
    let mut strides = Vec::with_capacity(kind.sizes.len());
    for (size, stride) in kind.sizes.iter().zip(&kind.strides) {
        strides.push(if *size == 1 || *stride == 0 {
            0
        } else {
            walk(&mut axes, *size, *stride)?
        });
    }
    let place = Place {
        root: target.root,
        offset: usize::try_from(offset).ok()?,
    };
    Some(block.view(place, Type { strides, ..kind }))
}

/// An axis of a root that lies row by row, and how a view of the same elements walks it.
struct Axis {
    stride: usize,
    step: isize,
    /// Where on the axis the view begins.
    position: usize,
    size: usize,
}

/// The stride that walks as this one does; `None` if that walk leaves the axis.
///
/// What the walk takes up of the axis is taken off, so that several walks along one axis stay on it
/// together.
fn walk(axes: &mut [Axis], size: usize, stride: isize) -> Option<isize> {
    let length = stride.unsigned_abs();
    let axis = axes.iter_mut().find(|axis| axis.stride <= length)?;
    if !length.is_multiple_of(axis.stride) {
        return None;
    }
    let positions = length / axis.stride;
    let far = positions.checked_mul(size - 1)?;
    if stride > 0 {
        axis.size = axis.size.checked_sub(far)?;
    } else {
        axis.position = axis.position.checked_sub(far)?;
    }
    (axis.position < axis.size).then_some(())?;
    Some(axis.step * positions as isize * stride.signum())
}
