//! Clipping of gradients of both forms.

use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph};

use crate::gradient::{Gradient, Slope};
use crate::hyper::Hyper;

impl<'g> Gradient<'g> {
    /// The gradient with its numbers changed by `f`: the tensor of a dense one, the named rows of a
    /// sparse one, which stays sparse. What is no gradient stays as it is.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, zeros};
    /// use aqueduct_optimizer::{GradientDescentOptimizer, Optimizer};
    ///
    /// let g = Graph::new();
    /// let table = g.variable::<f32>("table", zeros([100, 8]));
    /// let loss = table.gather(g.constant([3, 5])).square();
    /// let optimizer = GradientDescentOptimizer::new(0.1);
    /// let mut pairs = optimizer.compute_gradients(loss, [table]);
    /// for (gradient, _) in &mut pairs {
    ///     *gradient = gradient.map(|values| values.typed::<f32>().check_numerics("a gradient").any());
    /// }
    /// let train = optimizer.apply_gradients(&g, &pairs, None);
    /// assert!(g.check().is_ok());
    /// # let _ = train;
    /// ```
    #[track_caller]
    #[must_use]
    pub fn map(&self, f: impl FnOnce(AnyTensor<'g>) -> AnyTensor<'g>) -> Gradient<'g> {
        match self.slope() {
            Some(slope) => slope.with_values(f(slope.values())).into(),
            None => self.clone(),
        }
    }

    /// The gradient with each number brought into `low..=high`. Rows of a sparse one that name the same
    /// row of the variable are brought there each by itself, as TensorFlow's `clip_by_value` does.
    #[track_caller]
    #[must_use]
    pub fn clip_by_value(
        &self,
        low: impl Into<Hyper<'g>>,
        high: impl Into<Hyper<'g>>,
    ) -> Gradient<'g> {
        let (low, high) = (low.into(), high.into());
        let Some(slope) = self.slope() else {
            return self.clone();
        };
        let values = slope.values();
        let (graph, dtype) = (values.graph(), values.dtype());
        let _here = graph.here();
        let low = low.tensor(graph, dtype, "low");
        let high = high.tensor(graph, dtype, "high");
        slope.with_values(values.clip_by_value(low, high)).into()
    }

    /// The gradient scaled down so that the L2 norm of its numbers is at most `norm`; those of a sparse
    /// one are its rows, as in TensorFlow's `clip_by_norm`.
    #[track_caller]
    #[must_use]
    pub fn clip_by_norm(&self, norm: impl Into<Hyper<'g>>) -> Gradient<'g> {
        let norm = norm.into();
        let Some(slope) = self.slope() else {
            return self.clone();
        };
        let values = slope.values();
        let (graph, dtype) = (values.graph(), values.dtype());
        let _here = graph.here();
        let norm = norm.tensor(graph, dtype, "norm");
        slope.with_values(values.clip_by_norm(norm, ..)).into()
    }
}

/// The gradients scaled down together so that the L2 norm of all their numbers is at most `norm`, and the
/// norm that they had before. Sparse ones stay sparse and count by their rows, as in TensorFlow's
/// `clip_by_global_norm`. Variables without a gradient stay in the list.
///
/// The gradients are of one type. If their norm is infinite or NaN, all become NaN; without any, the norm
/// is an `f32` 0.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{AdamOptimizer, Optimizer, clip_gradients_by_global_norm};
///
/// let g = Graph::new();
/// let (kernel, bias) = (g.variable("kernel", [1.0_f32, 2.0]), g.variable("bias", 0.0_f32));
/// let optimizer = AdamOptimizer::new(0.01);
/// let pairs = optimizer.compute_gradients((kernel + bias).square(), g.trainable_variables());
/// let (pairs, norm) = clip_gradients_by_global_norm(&g, &pairs, 5.0);
/// let train = optimizer.apply_gradients(&g, &pairs, None);
/// assert_eq!(norm.shape().to_string(), "[]");
/// # let _ = train;
/// ```
#[track_caller]
pub fn clip_gradients_by_global_norm<'g>(
    graph: &'g Graph,
    gradients: &[(Gradient<'g>, AnyVariable<'g>)],
    norm: impl Into<Hyper<'g>>,
) -> (Vec<(Gradient<'g>, AnyVariable<'g>)>, AnyTensor<'g>) {
    let _here = graph.here();
    let slopes: Vec<Option<Slope<'g>>> = gradients
        .iter()
        .map(|(gradient, _)| gradient.slope())
        .collect();
    let values: Vec<AnyTensor<'g>> = slopes
        .iter()
        .flatten()
        .map(|slope| slope.values())
        .collect();
    let dtype = values.first().map_or(DType::F32, |first| first.dtype());
    let limit = norm.into().tensor(graph, dtype, "norm");
    let (clipped, norm) = graph.clip_by_global_norm_any(&values, limit);
    let mut clipped = clipped.into_iter();
    let pairs = gradients.iter().zip(&slopes);
    let pairs = pairs.map(|((gradient, variable), slope)| {
        let scaled = slope.and_then(|slope| Some(slope.with_values(clipped.next()?).into()));
        (scaled.unwrap_or_else(|| gradient.clone()), *variable)
    });
    (pairs.collect(), norm)
}
