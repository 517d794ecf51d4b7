//! Normalisation by a mean and a variance.

use crate::element::Float;
use crate::handle::{AnyTensor, Tensor};
use crate::op::{Binary, Unary};

impl<'g, T: Float> Tensor<'g, T> {
    /// `(x - mean) / sqrt(variance + epsilon) * scale + offset`, with broadcasting; without a scale it
    /// is 1, without an offset 0. TensorFlow's `nn.batch_normalization`.
    ///
    /// The mean is subtracted first, where TensorFlow subtracts it from the scaled tensor: so nothing is
    /// lost where the mean is large beside the distances from it.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 20]);
    /// let (mean, variance) = x.moments(0);
    /// let offset = g.get_variable_with("offset", [20], aqueduct_graph::zeros_initializer());
    /// let y = x.batch_normalization(mean, variance, Some(offset.value()), None, 1e-3);
    /// assert_eq!(y.shape().to_string(), "[?, 20]");
    /// ```
    #[track_caller]
    pub fn batch_normalization(
        self,
        mean: Tensor<'g, T>,
        variance: Tensor<'g, T>,
        offset: Option<Tensor<'g, T>>,
        scale: Option<Tensor<'g, T>>,
        epsilon: f64,
    ) -> Tensor<'g, T> {
        let [offset, scale] = [offset, scale].map(|tensor| tensor.map(Tensor::any));
        let (mean, variance) = (mean.any(), variance.any());
        let normalized = self
            .any()
            .batch_normalization(mean, variance, offset, scale, epsilon);
        Tensor::assume(normalized)
    }
}

impl<'g> AnyTensor<'g> {
    /// The tensor normalised by a mean and a variance; see [`Tensor::batch_normalization`].
    #[track_caller]
    pub fn batch_normalization(
        self,
        mean: AnyTensor<'g>,
        variance: AnyTensor<'g>,
        offset: Option<AnyTensor<'g>>,
        scale: Option<AnyTensor<'g>>,
        epsilon: f64,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("batchnorm");
        let epsilon = graph.number(variance.dtype(), epsilon, "epsilon");
        let inverse = variance.add(epsilon).unary(Unary::Rsqrt);
        let factor = match scale {
            Some(scale) => inverse.mul(scale),
            None => inverse,
        };
        let product = self.sub(mean).mul(factor);
        match offset {
            Some(offset) => product.binary(Binary::Add, offset, "add_1"),
            None => product,
        }
    }
}
