//! Builders of family `random`. Float distributions are [recipes](crate::Recipe).

use crate::element::{Element, Index};
use crate::graph::Graph;
use crate::handle::{Operand, Tensor};
use crate::op::Distribution;
use crate::sizes::Sizes;

impl Graph {
    /// Integers, uniform in [low, high); `low >= high` is an error of the run. Without `seed` the
    /// graph's rule gives one. TensorFlow's `random_uniform` for integers.
    #[track_caller]
    pub fn random_int<'g, T: Index>(
        &'g self,
        sizes: impl Into<Sizes<'g>>,
        low: impl Operand<'g, T>,
        high: impl Operand<'g, T>,
        seed: Option<u64>,
    ) -> Tensor<'g, T> {
        let shape = sizes.into().into_tensor(self);
        let low = low.into_tensor(self).any();
        let high = high.into_tensor(self).any();
        let distribution = Distribution::UniformInt { dtype: T::DTYPE };
        Tensor::assume(self.draw(distribution, seed, &[shape, low, high]))
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The rows in random order. Without `seed` the graph's rule gives one. TensorFlow's
    /// `random_shuffle`.
    #[track_caller]
    pub fn random_shuffle(self, seed: Option<u64>) -> Tensor<'g, T> {
        Tensor::assume(
            self.graph()
                .draw(Distribution::Shuffle, seed, &[self.any()]),
        )
    }
}
