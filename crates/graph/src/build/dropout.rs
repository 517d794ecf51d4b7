//! Dropout.

use crate::element::{DType, Float};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::{Binary, Compare, Distribution, Math};
use crate::shape::{Dim, Shape};
use crate::sizes::Sizes;

impl<'g, T: Float> Tensor<'g, T> {
    /// Each element kept with this probability and divided by it, else 0: the mean stays. Which are
    /// kept is drawn anew in each run; the gradient is that of the same draw. TensorFlow 1's
    /// `nn.dropout`.
    ///
    /// The probability is a number in (0, 1] or a scalar, which may be fed: 0.5 while training and 1
    /// while testing, say. With the number 1 the result is this tensor itself.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let hidden = g.placeholder::<f32>("hidden", shape![?, 128]);
    /// let keep_prob = g.placeholder::<f32>("keep_prob", shape![]);
    /// assert_eq!(hidden.dropout(keep_prob).shape().to_string(), "[?, 128]");
    /// assert_eq!(hidden.dropout(0.75).shape().to_string(), "[?, 128]");
    /// ```
    #[track_caller]
    pub fn dropout(self, keep_prob: impl Into<KeepProb<'g, T>>) -> Tensor<'g, T> {
        self.dropout_with(keep_prob, DropoutOptions::new())
    }

    /// [`Tensor::dropout`] with a seed, or with one draw for several elements.
    ///
    /// ```
    /// use aqueduct_graph::{DropoutOptions, Graph, shape, sizes};
    ///
    /// let g = Graph::new();
    /// let steps = g.placeholder::<f32>("steps", shape![?, 20, 128]);
    /// // One draw for all steps of a sequence.
    /// let shared = sizes![steps.size_of(0), 1, 128];
    /// let options = DropoutOptions::new().seed(7).noise_shape(shared);
    /// assert_eq!(steps.dropout_with(0.5, options).shape().to_string(), "[?, 20, 128]");
    /// ```
    #[track_caller]
    pub fn dropout_with(
        self,
        keep_prob: impl Into<KeepProb<'g, T>>,
        options: DropoutOptions<'g>,
    ) -> Tensor<'g, T> {
        let graph = self.graph();
        let _here = graph.here();
        let x = self.any();
        let keep_prob = keep_prob.into();
        if x.is_poisoned() || keep_prob.is_one() {
            return self;
        }
        if let Some(problem) = keep_prob.problem() {
            return Tensor::assume(graph.poisoned_like(
                x,
                "dropout",
                "dropout",
                problem.operand("x", x),
            ));
        }
        let _scope = graph.open_scope("dropout");
        let (scaled, rate) = keep_prob.scale(x);
        let draw = options.draw(x);
        if !draw.is_poisoned() && !broadcasts(&draw.shape(), &x.shape()) {
            let problem = noise_does_not_fit(&draw.shape(), &x.shape());
            return Tensor::assume(graph.poisoned_like(
                x,
                "dropout",
                "SelectV2",
                problem.operand("x", x),
            ));
        }
        let kept = draw.compare(Compare::GreaterEqual, rate);
        // A choice, not a product: of an infinity that is dropped nothing is left.
        let zero = graph.number(T::DTYPE, 0.0, "zero");
        Tensor::assume(graph.add_tensor(Math::Select, &[kept, scaled, zero], "SelectV2"))
    }
}

/// Whether noise may broadcast to a shape, without stretching it.
fn broadcasts(noise: &Shape, to: &Shape) -> bool {
    let fits = |(noise, to): (&Dim, &Dim)| *noise == Dim::Known(1) || noise.compatible(*to);
    let mut pairs = noise.dims().iter().rev().zip(to.dims().iter().rev());
    noise.rank() <= to.rank() && pairs.all(fits)
}

fn noise_does_not_fit(noise: &Shape, to: &Shape) -> Problem {
    let message = format!("noise of shape {noise} does not broadcast to shape {to}");
    Problem::shape(message).help("a size of noise_shape is that of x, or 1")
}

/// The probability that dropout keeps an element: a number in (0, 1], or a scalar.
#[derive(Clone, Copy, Debug)]
pub enum KeepProb<'g, T> {
    /// The same in every run.
    Number(f64),
    /// A scalar in (0, 1]; the run does not check it.
    Tensor(Tensor<'g, T>),
}

impl<T> From<f64> for KeepProb<'_, T> {
    fn from(number: f64) -> Self {
        KeepProb::Number(number)
    }
}

impl<'g, T> From<Tensor<'g, T>> for KeepProb<'g, T> {
    fn from(tensor: Tensor<'g, T>) -> KeepProb<'g, T> {
        KeepProb::Tensor(tensor)
    }
}

impl<'g, T: Float> KeepProb<'g, T> {
    pub(crate) fn is_one(self) -> bool {
        matches!(self, KeepProb::Number(1.0))
    }

    /// What is wrong with it as a probability to keep.
    pub(crate) fn problem(self) -> Option<Problem> {
        match self {
            KeepProb::Number(number) if number > 0.0 && number <= 1.0 => None,
            KeepProb::Number(number) => Some(
                Problem::argument(format!("keep_prob is {number} but must be in (0, 1]"))
                    .help("it is the part that is kept, not the part that is dropped"),
            ),
            KeepProb::Tensor(tensor) if tensor.is_poisoned() || tensor.shape().rank() == 0 => None,
            KeepProb::Tensor(tensor) => Some(
                Problem::shape(format!(
                    "keep_prob has shape {} but must be a scalar",
                    tensor.shape()
                ))
                .help("reshape keep_prob to rank 0"),
            ),
        }
    }

    /// `x` divided by it, and the part that is dropped, as a scalar. Rounded step by step as in
    /// TensorFlow, on which the last bit depends.
    #[track_caller]
    fn scale(self, x: AnyTensor<'g>) -> (AnyTensor<'g>, AnyTensor<'g>) {
        let graph = x.graph();
        match self {
            KeepProb::Number(number) => {
                let rate = 1.0 - number;
                let scale = graph.number(T::DTYPE, 1.0 / (1.0 - rate), "Const");
                (x.mul(scale), graph.number(T::DTYPE, rate, "rate"))
            }
            KeepProb::Tensor(keep_prob) => {
                let one = graph.number(T::DTYPE, 1.0, "one");
                let rate = one.sub(keep_prob.any());
                let scaled = x.binary(Binary::Div, one.sub(rate), "RealDiv");
                (scaled, rate)
            }
        }
    }
}

/// Settings of [`Tensor::dropout_with`].
#[derive(Clone, Debug, Default)]
pub struct DropoutOptions<'g> {
    seed: Option<u64>,
    noise_shape: Option<Sizes<'g>>,
}

impl<'g> DropoutOptions<'g> {
    /// The seed that the graph's rule gives; a draw for each element.
    pub fn new() -> DropoutOptions<'g> {
        DropoutOptions::default()
    }

    /// The op seed of the draw.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> DropoutOptions<'g> {
        self.seed = Some(seed);
        self
    }

    /// The shape of the draw, which is broadcast to that of the tensor: along an axis of size 1 all
    /// elements are kept or dropped together.
    #[must_use]
    pub fn noise_shape(mut self, sizes: impl Into<Sizes<'g>>) -> DropoutOptions<'g> {
        self.noise_shape = Some(sizes.into());
        self
    }

    /// Numbers in [0, 1) of the type of `x`.
    #[track_caller]
    fn draw(self, x: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph: &'g Graph = x.graph();
        let shape = match self.noise_shape {
            Some(sizes) => sizes.into_tensor(graph),
            None => x.shape_tensor(DType::I32),
        };
        let _scope = graph.open_scope("random_uniform");
        let dtype = x.dtype();
        graph.draw(Distribution::Uniform { dtype }, self.seed, &[shape])
    }
}
