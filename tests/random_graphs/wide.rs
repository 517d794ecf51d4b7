//! The wider set of ops, grown with arguments that fit and called with whatever arguments.

use aqueduct::ir::{Accumulation, Activation, Extreme, Logical, PadMode, Test};
use aqueduct::prelude::*;
use aqueduct::{Paddings, Size, Value};

use super::{Garden, LARGEST, Vandal};

impl<'g> Garden<'g> {
    /// Adds one of the ops that keep the shape, or drop an axis.
    pub(super) fn grow_along(&mut self, a: AnyTensor<'g>, axis: i64, bound: usize) {
        let (flip, other) = (self.choices.flip(), self.choices.flip());
        let (b, _) = self.pick_like(|t| t.dtype() == a.dtype());
        let (indices, _) = self.pick_like(|t| t.dtype() == DType::I64);
        let made = match self.choices.below(10) {
            0 => a.arg(
                self.choices.of(&[Extreme::Largest, Extreme::Smallest]),
                axis,
                DType::I64,
            ),
            1 => a.cumulative(Accumulation::Sum, axis, flip, other),
            2 => a.cumulative(Accumulation::Product, axis, flip, other),
            3 => a.softmax_along(axis),
            4 => a.log_softmax_along(axis),
            5 => a.softmax_cross_entropy(b),
            6 => a.sparse_softmax_cross_entropy(indices),
            7 => a.activation(self.choices.of(&Activation::ALL)),
            8 => a.reduce_logsumexp(axis, flip),
            _ => a.test(self.choices.of(&Test::ALL)),
        };
        self.add(made, bound);
    }

    /// Adds one of the ops that make another shape, some of them a late one.
    pub(super) fn grow_shaped(&mut self, a: AnyTensor<'g>, axis: i64, bound: usize) {
        let rank = a.shape().rank();
        let grown = bound.saturating_mul((LARGEST + 1).saturating_pow(rank as u32));
        let (indices, of_indices) = self.pick_like(|t| t.dtype() == DType::I64);
        let (condition, of_condition) = self.pick_like(|t| t.dtype() == DType::Bool);
        let (made, bound) = match self.choices.below(11) {
            0 => {
                let multiples: Vec<usize> = (0..rank).map(|_| self.choices.below(3)).collect();
                (a.tile(multiples), grown)
            }
            1 => (
                a.pad(self.paddings(rank), self.mode(a)),
                grown.saturating_add(LARGEST),
            ),
            2 => (a.pad_grad(self.paddings(rank), self.mode(a)), bound),
            3 => (a.reverse_sequence(indices, axis, 0), bound),
            4 => (a.gather_nd(indices), bound.saturating_mul(of_indices)),
            5 => {
                let (sizes, of_sizes) = self.sizes();
                (a.scatter_nd(indices, sizes), of_sizes)
            }
            6 => {
                let (depth, on) = (self.size(), self.graph.number(DType::F32, 2.0, "on"));
                let off = self.graph.number(DType::F32, -1.0, "off");
                (indices.one_hot(depth, on, off, 0), of_indices * LARGEST)
            }
            7 => (condition.where_true(), of_condition.saturating_mul(4)),
            8 => (a.boolean_mask(condition, axis), bound),
            9 => (indices.sequence_mask(self.size()), of_indices * LARGEST),
            _ => {
                let number = |number| self.graph.number(a.dtype(), number, "number");
                let limit = a.reduce(aqueduct::ir::Reduction::Min, .., false);
                let limit = limit.binary(aqueduct::ir::Binary::Minimum, number(4.0), "limit");
                (
                    self.graph.range_any(number(0.0), limit, number(1.0)),
                    LARGEST,
                )
            }
        };
        self.add(made, bound);
    }

    fn paddings(&mut self, rank: usize) -> Paddings<'g> {
        let pairs = (0..rank).map(|_| [self.choices.below(3), self.choices.below(3)]);
        Paddings::from(pairs.collect::<Vec<[usize; 2]>>())
    }

    fn mode(&mut self, like: AnyTensor<'g>) -> PadMode {
        self.choices.of(&[
            PadMode::zeros(like.dtype()),
            PadMode::Reflect,
            PadMode::Symmetric,
        ])
    }
}

impl<'g> Vandal<'g> {
    /// Calls one of the builders of the wider set.
    pub(super) fn call_wide(&mut self, a: AnyTensor<'g>, b: AnyTensor<'g>, c: AnyTensor<'g>) {
        let (g, axis, flip) = (self.graph, self.number(), self.choices.flip());
        let made = match self.choices.below(22) {
            0 => a.tile(self.sizes()),
            1 => a.pad(self.paddings(), self.mode()),
            2 => a.pad_grad(self.paddings(), self.mode()),
            3 => a.reverse_sequence(b, axis, self.number()),
            4 => a.gather_nd(b),
            5 => a.scatter_nd(b, self.sizes()),
            6 => a.one_hot(self.number(), b, c, axis),
            7 => a.where_true(),
            8 => a.boolean_mask(b, axis),
            9 => a.sequence_mask(Size::Tensor(b)),
            10 => a.sequence_mask_to_longest(),
            11 => g.range_any(a, b, c),
            12 => a.arg(Extreme::Largest, axis, self.choices.of(&DType::ALL)),
            13 => a.cumulative(Accumulation::Product, axis, flip, !flip),
            14 => a.linear_recurrence(b, self.count(), flip),
            15 => a.softmax_along(axis),
            16 => a.softmax_cross_entropy(b),
            17 => a.sparse_softmax_cross_entropy(b),
            18 => a.activation(self.choices.of(&Activation::ALL)),
            19 => a.logical(Logical::Xor, b, "xor").logical_not(),
            20 => a.clip_by_value(b, c),
            _ => a
                .typed::<f32>()
                .tensordot(b.typed::<f32>(), self.count())
                .any(),
        };
        self.pool.push(made);
    }

    fn paddings(&mut self) -> Paddings<'g> {
        match self.choices.below(3) {
            0 => Paddings::tensor(self.any()),
            1 => Paddings::vector(self.any()),
            _ => {
                let pairs = (0..self.choices.below(4)).map(|_| [self.number(), self.number()]);
                Paddings::from(pairs.collect::<Vec<[i64; 2]>>())
            }
        }
    }

    fn mode(&mut self) -> PadMode {
        self.choices.of(&[
            PadMode::Constant(Value::scalar(1.0_f32).into()),
            PadMode::Constant(Value::vector(vec![true]).into()),
            PadMode::Reflect,
            PadMode::Symmetric,
        ])
    }
}
