//! Builders of family `random`. Float distributions are [recipes](crate::Recipe).

use crate::element::{DType, Element, Float, Index};
use crate::graph::Graph;
use crate::handle::{Operand, Tensor};
use crate::initializer::random_uniform_initializer;
use crate::mistake::Problem;
use crate::op::Distribution;
use crate::sizes::{Size, Sizes};

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

impl<'g, T: Float> Tensor<'g, T> {
    /// `count` classes for each row of `[rows, classes]` logits, each drawn with the probability that
    /// `softmax` gives it: `[rows, count]`. A logit of minus infinity is never drawn if another is finite.
    /// Without `seed` the graph's rule gives one. How a network writes text.
    ///
    /// TensorFlow's `multinomial` in what it does, not in which numbers it draws. This one takes the
    /// largest of logits plus Gumbel noise, made in `f64`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let logits = g.placeholder::<f32>("logits", shape![?, 27]);
    /// let letters = logits.multinomial(1, None);
    /// assert_eq!(letters.shape().to_string(), "[?, 1]");
    /// ```
    #[track_caller]
    pub fn multinomial(self, count: impl Into<Size<'g>>, seed: Option<u64>) -> Tensor<'g, i64> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_name_scope("multinomial");
        let logits = self.any();
        if !logits.is_poisoned() && logits.shape().rank() != 2 {
            let found = logits.shape();
            let problem = Problem::shape(format!("logits are [rows, classes], not {found}"))
                .help("give one row for each draw, as by `expand_dims(0)` or `reshape`")
                .operand("logits", logits);
            let stand_in = graph.number(DType::I64, 0.0, "Const");
            return Tensor::assume(graph.poisoned_like(
                stand_in,
                "multinomial",
                "multinomial",
                problem,
            ));
        }
        let sizes = [
            Size::of_axis(logits, 0),
            count.into(),
            Size::of_axis(logits, 1),
        ];
        let uniform = random_uniform_initializer(0.0, 1.0);
        let uniform = seed.into_iter().fold(uniform, |draw, seed| draw.seed(seed));
        let draw = uniform.build(graph, DType::F64, Sizes::list(sizes.to_vec()));
        let noise = -(-draw.typed::<f64>().log()).log();
        (self.cast::<f64>().expand_dims(1) + noise).argmax(-1)
    }
}
