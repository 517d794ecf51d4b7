//! Ways of looking at a value: reshaped, transposed, sliced, repeated. None copies an element.

use aqueduct_graph::ir::NodeId;

use crate::engine::ir::{Block, Code, Place, Type, ValueId};
use crate::kernels::fused::Expression;
use crate::kernels::strides;

/// A part of an axis: `count` positions from `start` on, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    pub(crate) start: usize,
    pub(crate) step: isize,
    pub(crate) count: usize,
}

impl Block {
    /// The value if it lies row by row, else a copy that does.
    pub(crate) fn contiguous(&mut self, value: ValueId, origin: NodeId) -> ValueId {
        if self.kind(value).is_contiguous() {
            value
        } else {
            self.copied(value, origin)
        }
    }

    /// The value if it is a root that lies row by row, else a copy that is.
    pub(crate) fn whole(&mut self, value: ValueId, origin: NodeId) -> ValueId {
        if self.is_root(value) {
            self.contiguous(value, origin)
        } else {
            self.copied(value, origin)
        }
    }

    /// Whether the value is all of its root, row by row.
    pub(crate) fn covers(&self, value: ValueId) -> bool {
        let Place { root, offset } = self.place(value);
        let kind = self.kind(value);
        offset == 0 && kind.is_contiguous() && kind.elements() == self.kind(root).elements()
    }

    /// Where matrices begin that are slices of one root and follow each other along its rows, and what
    /// they are together.
    pub(crate) fn in_a_row(&self, matrices: &[ValueId]) -> Option<(Place, Type)> {
        let first = *matrices.first()?;
        let place = self.place(first);
        let mut all = self.kind(first).clone();
        for matrix in &matrices[1..] {
            let next = self.kind(*matrix);
            let offset = place.offset as isize + all.sizes[0] as isize * all.strides[0];
            let adjoins = self.place(*matrix).root == place.root
                && self.place(*matrix).offset as isize == offset
                && next.strides == all.strides
                && next.sizes[1] == all.sizes[1];
            if !adjoins {
                return None;
            }
            all.sizes[0] += next.sizes[0];
        }
        Some((place, all))
    }

    /// A copy of the value, row by row, made at the end of the block.
    pub(crate) fn copied(&mut self, value: ValueId, origin: NodeId) -> ValueId {
        let kind = Type::contiguous(self.dtype(value), self.sizes(value));
        let copy = Code::Fused(Expression::copy(kind.dtype));
        self.push_one(copy, vec![value], kind, origin)
    }

    /// The value with its axes in another order: axis `i` of the view is axis `permutation[i]`.
    pub(crate) fn transposed(&mut self, value: ValueId, permutation: &[usize]) -> ValueId {
        let kind = self.kind(value);
        let moved = Type {
            dtype: kind.dtype,
            sizes: permutation.iter().map(|axis| kind.sizes[*axis]).collect(),
            strides: permutation.iter().map(|axis| kind.strides[*axis]).collect(),
        };
        self.view(self.place(value), moved)
    }

    /// A part of the value: some of each axis.
    pub(crate) fn sliced(&mut self, value: ValueId, parts: &[Part]) -> ValueId {
        let kind = self.kind(value);
        let mut offset = 0;
        let mut strides = Vec::with_capacity(parts.len());
        for (part, stride) in parts.iter().zip(&kind.strides) {
            offset += part.start as isize * stride;
            // The step of one position may be any number, and is never taken.
            strides.push(if part.count > 1 {
                stride * part.step
            } else {
                *stride
            });
        }
        let sizes: Vec<usize> = parts.iter().map(|part| part.count).collect();
        // Nothing is looked at where there is nothing, wherever it would begin.
        let offset = if sizes.contains(&0) { 0 } else { offset };
        let place = self.place(value);
        let place = Place {
            root: place.root,
            offset: place.offset.wrapping_add_signed(offset),
        };
        let dtype = kind.dtype;
        self.view(
            place,
            Type {
                dtype,
                sizes,
                strides,
            },
        )
    }

    /// The part of one axis, all of the others.
    pub(crate) fn cut(
        &mut self,
        value: ValueId,
        axis: usize,
        start: usize,
        count: usize,
    ) -> ValueId {
        let whole = self.sizes(value).iter().map(|size| Part {
            start: 0,
            step: 1,
            count: *size,
        });
        let mut parts: Vec<Part> = whole.collect();
        parts[axis] = Part {
            start,
            step: 1,
            count,
        };
        self.sliced(value, &parts)
    }

    /// The value repeated to a shape that it broadcasts to.
    pub(crate) fn repeated(&mut self, value: ValueId, sizes: &[usize]) -> ValueId {
        let strides = self.repeating_strides(value, sizes);
        let dtype = self.dtype(value);
        self.view(
            self.place(value),
            Type {
                dtype,
                sizes: sizes.to_vec(),
                strides,
            },
        )
    }

    /// The strides by which a value is repeated to a shape that it broadcasts to.
    pub(crate) fn repeating_strides(&self, value: ValueId, sizes: &[usize]) -> Vec<isize> {
        let kind = self.kind(value);
        strides::repeated(&kind.sizes, &kind.strides, sizes)
    }

    /// The value in another shape of as many elements; `None` if that takes a copy.
    pub(crate) fn reshaped(&mut self, value: ValueId, sizes: &[usize]) -> Option<ValueId> {
        let kind = self.kind(value);
        let strides = reshaped_strides(&kind.sizes, &kind.strides, sizes)?;
        let dtype = kind.dtype;
        Some(self.view(
            self.place(value),
            Type {
                dtype,
                sizes: sizes.to_vec(),
                strides,
            },
        ))
    }
}

/// The strides that show elements in another shape; `None` if none do.
///
/// Neighbouring axes that are stepped through as one can be cut anew; each new axis must lie within
/// one such run.
pub(super) fn reshaped_strides(
    sizes: &[usize],
    strides: &[isize],
    to: &[usize],
) -> Option<Vec<isize>> {
    if sizes.contains(&0) {
        return Some(strides::contiguous(to));
    }
    let mut runs: Vec<(usize, isize)> = Vec::new();
    for (size, stride) in sizes.iter().zip(strides).filter(|(size, _)| **size != 1) {
        match runs.last_mut() {
            Some((run, step)) if *step == stride * *size as isize => {
                *run *= size;
                *step = *stride;
            }
            Some(_) | None => runs.push((*size, *stride)),
        }
    }
    let mut result = vec![0; to.len()];
    let mut axis = to.len();
    for (size, stride) in runs.into_iter().rev() {
        let (mut left, mut step) = (size, stride);
        while left > 1 {
            axis = axis.checked_sub(1)?;
            if left % to[axis] != 0 {
                return None;
            }
            result[axis] = step;
            step *= to[axis] as isize;
            left /= to[axis];
        }
    }
    // What is left has one position.
    let mut step = 1;
    for axis in (0..to.len()).rev() {
        if to[axis] == 1 {
            result[axis] = step;
        }
        step = result[axis] * to[axis] as isize;
    }
    Some(result)
}
