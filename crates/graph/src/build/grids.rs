//! Builders of evenly spaced numbers and grids, and of arrays whose parts are repeated or moved round.

use crate::build::axes::resolve_axis;
use crate::build::slice::to_i64;
use crate::element::{Element, Float, Index};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::mistake::Problem;
use crate::op::SizeReason;
use crate::sizes::{Size, Sizes};

/// Which axes of a grid its first two vectors lie along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Indexing {
    /// As of a picture: the first vector along the second axis, the second along the first.
    #[default]
    Xy,
    /// As of a matrix: each vector along the axis of its place.
    Ij,
}

impl Graph {
    /// `num` numbers from `start` to `stop`, evenly spaced; one number is `start`, and the last of
    /// several is `stop` to the bit. `num` is a number or an integer scalar. TensorFlow's `linspace`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// assert_eq!(g.linspace(0.0_f32, 1.0, 5).shape().to_string(), "[5]");
    /// ```
    #[track_caller]
    pub fn linspace<'g, T: Float>(
        &'g self,
        start: impl Operand<'g, T>,
        stop: impl Operand<'g, T>,
        num: impl Into<Size<'g>>,
    ) -> Tensor<'g, T> {
        let _here = self.here();
        let _scope = self.open_scope("linspace");
        let (start, stop) = (start.into_tensor(self), stop.into_tensor(self));
        for end in [start.any(), stop.any()] {
            if end.shape().rank() > 0 && !end.is_poisoned() {
                let message = format!("an end has shape {} but must be a scalar", end.shape());
                let problem = Problem::shape(message).help("give numbers or scalar tensors");
                return Tensor::assume(self.poisoned_like(
                    end,
                    "linspace",
                    "linspace",
                    problem.operand("end", end),
                ));
            }
        }
        let count = num.into().into_i32(self);
        let (steps, last) = (self.range(count), count - 1);
        let delta = (stop - start) / last.maximum(1).cast::<T>();
        let between = start + delta * steps.cast::<T>();
        let up_to_last = steps.equal(last).select(stop, between);
        steps.equal(0).select(start, up_to_last)
    }

    /// Of vectors the arrays of all their combinations: each array has the elements of its vector along
    /// one axis, and repeats them along the others. TensorFlow's `meshgrid`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Indexing};
    ///
    /// let g = Graph::new();
    /// let (x, y) = (g.range(4), g.range(3));
    /// let grid = g.meshgrid(&[x, y], Indexing::Xy);
    /// assert_eq!(grid[0].shape().to_string(), "[3, 4]");
    /// ```
    #[track_caller]
    pub fn meshgrid<'g, T: Element>(
        &'g self,
        vectors: &[Tensor<'g, T>],
        indexing: Indexing,
    ) -> Vec<Tensor<'g, T>> {
        let _here = self.here();
        let _scope = self.open_scope("meshgrid");
        let mut order: Vec<usize> = (0..vectors.len()).collect();
        if let ([first, second, ..], Indexing::Xy) = (order.as_mut_slice(), indexing) {
            std::mem::swap(first, second);
        }
        let flat: Vec<Tensor<'g, T>> = vectors.iter().map(|vector| vector.reshape([-1])).collect();
        let along = order.iter().filter_map(|vector| flat.get(*vector));
        let sizes: Vec<Size<'g>> = along.map(|vector| Size::of_axis(vector.any(), 0)).collect();
        let grids = flat.iter().enumerate().map(|(place, vector)| {
            let axis = order.iter().position(|vector| *vector == place);
            let after = order.len() - 1 - axis.unwrap_or(place);
            let column = (0..after).fold(*vector, |column, _| column.expand_dims(-1));
            column.broadcast_to(Sizes::list(sizes.clone()))
        });
        grids.collect()
    }
}

impl<'g> AnyTensor<'g> {
    /// The elements moved on by so many places along an axis, those beyond the end to its beginning.
    #[track_caller]
    pub fn roll(self, shift: impl Into<Size<'g>>, axis: i64) -> AnyTensor<'g> {
        let shift = shift.into();
        self.along("roll", axis, |place| {
            let graph = self.graph();
            let size = Size::of_axis(self, place).into_i32(graph);
            // An axis without elements has none to divide by.
            let divisor = size.maximum(1);
            let shift = shift.into_i32(graph).floormod(divisor);
            let from = (graph.range(size) - shift).floormod(divisor);
            self.gather(from.any(), axis)
        })
    }

    /// Each slice along an axis so many times, one copy after the other.
    #[track_caller]
    pub fn repeat(self, times: impl Into<Size<'g>>, axis: i64) -> AnyTensor<'g> {
        let times = times.into();
        self.along("repeat", axis, |place| {
            let graph = self.graph();
            let mut sizes = Vec::with_capacity(self.shape().rank());
            for axis in 0..self.shape().rank() {
                sizes.push(Size::of_axis(self, axis));
            }
            let (mut copied, mut joined) = (sizes.clone(), sizes);
            copied.insert(place + 1, times);
            let total = joined.get(place).map(|size| size.times(times, graph));
            joined.splice(place..=place, total);
            self.expand_dims(to_i64(place + 1))
                .broadcast_to(Sizes::list(copied))
                .reshape(Sizes::list(joined))
        })
    }

    /// Each slice along an axis as many times as a vector says of it.
    #[track_caller]
    pub fn repeat_each(self, times: AnyTensor<'g>, axis: i64) -> AnyTensor<'g> {
        self.along("repeat", axis, |place| {
            let shape = times.shape();
            if shape.rank() != 1 && !times.is_poisoned() {
                let message = format!("times has shape {shape} but must be a vector");
                let problem = Problem::shape(message).help("give one number for each slice");
                return self.graph().poisoned_like(
                    self,
                    "repeat",
                    "repeat",
                    problem.operand("x", self).operand("times", times),
                );
            }
            let reason = SizeReason::new("repeat", "times", "give one number for each slice");
            let times = times.with_size(self, place, reason);
            let copies = times.sequence_mask_to_longest();
            let [slices, _]: [AnyTensor<'g>; 2] = match copies.where_true().unstack(2, 1).try_into()
            {
                Ok(columns) => columns,
                Err(_) => return self,
            };
            self.gather(slices, axis)
        })
    }

    /// Builds with the place of an axis, if there is one.
    #[track_caller]
    fn along(
        self,
        word: &str,
        axis: i64,
        build: impl FnOnce(usize) -> AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        if self.is_poisoned() {
            return self.identity();
        }
        match resolve_axis(axis, self.shape().rank()) {
            Ok(place) => {
                let _scope = graph.open_scope(word);
                build(place)
            }
            Err(problem) => graph.poisoned_like(self, word, word, problem.operand("x", self)),
        }
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The elements moved on by `shift` places along an axis; those beyond its end come to its
    /// beginning. A number, of either sign, or an integer scalar. TensorFlow's `roll`.
    #[track_caller]
    pub fn roll(self, shift: impl Into<Size<'g>>, axis: i64) -> Tensor<'g, T> {
        Tensor::assume(self.any().roll(shift, axis))
    }

    /// Each slice along an axis `times` times, one copy after the other: a number or an integer
    /// scalar. TensorFlow's `repeat`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// assert_eq!(x.repeat(2, 1).shape().to_string(), "[?, 6]");
    /// ```
    #[track_caller]
    pub fn repeat(self, times: impl Into<Size<'g>>, axis: i64) -> Tensor<'g, T> {
        Tensor::assume(self.any().repeat(times, axis))
    }

    /// Each slice along an axis as many times as its element of a vector says; not at all for a
    /// number below 1. How many slices there are is known in the run. TensorFlow's `repeat` with a
    /// vector.
    #[track_caller]
    pub fn repeat_each<I: Index>(self, times: Tensor<'g, I>, axis: i64) -> Tensor<'g, T> {
        Tensor::assume(self.any().repeat_each(times.any(), axis))
    }
}
