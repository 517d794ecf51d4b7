//! Functions of elements beyond arithmetic: of angles, of hyperbolas, of probabilities.

use crate::element::{Float, Number};
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::op::{Activation, Binary, Compare, Unary};

/// Functions of angles, in radians, and their inverses.
impl<'g, T: Float> Tensor<'g, T> {
    /// The tangent. TensorFlow's `tan`.
    #[track_caller]
    pub fn tan(self) -> Tensor<'g, T> {
        self.function(Unary::Tan)
    }

    /// The arc sine, in [-π/2, π/2]; NaN outside of [-1, 1]. TensorFlow's `asin`.
    #[track_caller]
    pub fn asin(self) -> Tensor<'g, T> {
        self.function(Unary::Asin)
    }

    /// The arc cosine, in [0, π]; NaN outside of [-1, 1]. TensorFlow's `acos`.
    #[track_caller]
    pub fn acos(self) -> Tensor<'g, T> {
        self.function(Unary::Acos)
    }

    /// The arc tangent, in [-π/2, π/2]. TensorFlow's `atan`.
    #[track_caller]
    pub fn atan(self) -> Tensor<'g, T> {
        self.function(Unary::Atan)
    }

    /// The angle, in [-π, π], of the point whose ordinate this is, with broadcasting. The gradient is
    /// NaN at (0, 0). TensorFlow's `atan2`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let points = g.placeholder::<f32>("points", shape![?, 2]);
    /// let angles = points.slice((.., 1)).atan2(points.slice((.., 0)));
    /// assert_eq!(angles.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn atan2(self, abscissa: impl Operand<'g, T>) -> Tensor<'g, T> {
        let abscissa = abscissa.into_tensor(self.graph()).any();
        Tensor::assume(self.any().binary(Binary::Atan2, abscissa, "Atan2"))
    }

    #[track_caller]
    fn function(self, function: Unary) -> Tensor<'g, T> {
        Tensor::assume(self.any().unary(function))
    }
}

/// Functions of hyperbolas.
impl<'g, T: Float> Tensor<'g, T> {
    /// The hyperbolic sine, `(e^x - e^-x) / 2`. TensorFlow's `sinh`.
    #[track_caller]
    pub fn sinh(self) -> Tensor<'g, T> {
        self.function(Unary::Sinh)
    }

    /// The hyperbolic cosine, `(e^x + e^-x) / 2`. TensorFlow's `cosh`.
    #[track_caller]
    pub fn cosh(self) -> Tensor<'g, T> {
        self.function(Unary::Cosh)
    }

    /// The inverse of the hyperbolic sine. TensorFlow's `asinh`.
    #[track_caller]
    pub fn asinh(self) -> Tensor<'g, T> {
        self.function(Unary::Asinh)
    }

    /// The inverse of the hyperbolic cosine, not below 0; NaN below 1. TensorFlow's `acosh`.
    #[track_caller]
    pub fn acosh(self) -> Tensor<'g, T> {
        self.function(Unary::Acosh)
    }

    /// The inverse of the hyperbolic tangent: infinite at -1 and 1, NaN beyond. TensorFlow's `atanh`.
    #[track_caller]
    pub fn atanh(self) -> Tensor<'g, T> {
        self.function(Unary::Atanh)
    }
}

/// Functions of statistics.
impl<'g, T: Float> Tensor<'g, T> {
    /// What the error function lacks to 1, exact where that is small. TensorFlow's `erfc`.
    #[track_caller]
    pub fn erfc(self) -> Tensor<'g, T> {
        self.function(Unary::Erfc)
    }

    /// The logarithm of the absolute value of the gamma function: `inf` at 0, -1, -2, …
    /// TensorFlow's `lgamma`.
    #[track_caller]
    pub fn lgamma(self) -> Tensor<'g, T> {
        self.function(Unary::Lgamma)
    }

    /// The slope of [`Tensor::lgamma`]; NaN at 0, -1, -2, … TensorFlow's `digamma`.
    #[track_caller]
    pub fn digamma(self) -> Tensor<'g, T> {
        self.function(Unary::Digamma)
    }

    /// The derivative of [`Tensor::digamma`] of this order, of the order 0 that function itself.
    /// TensorFlow's `polygamma`, for one order.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f64>("x", shape![?]);
    /// let trigamma = x.polygamma(1);
    /// assert_eq!(trigamma.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn polygamma(self, order: u32) -> Tensor<'g, T> {
        Tensor::assume(self.any().polygamma(order))
    }

    /// The Hurwitz zeta function, the sum of `(q + k)^-self` over all whole k from 0 on, with
    /// broadcasting: `inf` for the power 1, NaN below, and for `q` below 0 unless the power is
    /// whole. At `q` = 0, -1, -2, … it is `inf` for an even power, else NaN. No gradient flows to the
    /// power. TensorFlow's `zeta`.
    #[track_caller]
    pub fn zeta(self, q: impl Operand<'g, T>) -> Tensor<'g, T> {
        let graph = self.graph();
        let _here = graph.here();
        let q = q.into_tensor(graph).any();
        let power = self.any().stop_gradient();
        Tensor::assume(power.binary(Binary::Zeta, q, "Zeta"))
    }
}

/// Activations that are composed of others.
impl<'g, T: Float> Tensor<'g, T> {
    /// `log(sigmoid(x))`, without overflow. TensorFlow's `log_sigmoid`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let logits = g.placeholder::<f32>("logits", shape![?]);
    /// assert_eq!(logits.log_sigmoid().name(), "LogSigmoid/Neg_1:0");
    /// ```
    #[track_caller]
    pub fn log_sigmoid(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().log_sigmoid())
    }

    /// `x * sigmoid(x)`. TensorFlow's `nn.swish`.
    #[track_caller]
    pub fn swish(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().swish())
    }

    /// `max(x, 0)` and `max(-x, 0)`, joined along an axis, which is twice as long. TensorFlow's
    /// `nn.crelu`, where the axis is the last unless given.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4]);
    /// assert_eq!(x.crelu(-1).shape().to_string(), "[?, 8]");
    /// ```
    #[track_caller]
    pub fn crelu(self, axis: i64) -> Tensor<'g, T> {
        Tensor::assume(self.any().crelu(axis))
    }
}

/// Quotients that are truncated towards zero.
impl<'g, T: Number> Tensor<'g, T> {
    /// `self / rhs`, rounded towards zero: `-7` by `2` is `-3`. An integer divided by zero is an error
    /// of the run. TensorFlow's `truncatediv`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<i32>("x", shape![?]);
    /// let (quotient, rest) = (x.truncatediv(2), x.truncatemod(2));
    /// assert!(quotient.shape().same(&rest.shape()));
    /// ```
    #[track_caller]
    pub fn truncatediv(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().truncatediv(rhs))
    }

    /// What [`Tensor::truncatediv`] leaves, of the sign of `self`: `-7` by `2` leaves `-1`. An integer
    /// divided by zero is an error of the run. TensorFlow's `truncatemod`, Rust's `%`.
    #[track_caller]
    pub fn truncatemod(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().binary(Binary::TruncateMod, rhs, "TruncateMod"))
    }
}

impl<'g> AnyTensor<'g> {
    /// The derivative of the digamma function of this order; see [`Tensor::polygamma`].
    #[track_caller]
    pub fn polygamma(self, order: u32) -> AnyTensor<'g> {
        if order == 0 {
            return self.unary(Unary::Digamma);
        }
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("Polygamma");
        let power = graph.number(self.dtype(), f64::from(order) + 1.0, "power");
        let sign = if order.is_multiple_of(2) { -1.0 } else { 1.0 };
        power
            .binary(Binary::Zeta, self, "Zeta")
            .scale(sign * factorial(order))
    }

    /// `log(sigmoid(x))`, without overflow.
    #[track_caller]
    pub fn log_sigmoid(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("LogSigmoid");
        let softplus = self.unary(Unary::Neg).activation(Activation::Softplus);
        softplus.unary(Unary::Neg)
    }

    /// `x * sigmoid(x)`.
    #[track_caller]
    pub fn swish(self) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("swish");
        self.mul(self.unary(Unary::Sigmoid))
    }

    /// `max(x, 0)` and `max(-x, 0)`, joined along an axis.
    #[track_caller]
    pub fn crelu(self, axis: i64) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("CRelu");
        graph
            .concat_any(&[self, self.unary(Unary::Neg)], axis)
            .relu()
    }

    /// The quotient rounded towards zero; see [`Tensor::truncatediv`].
    #[track_caller]
    pub fn truncatediv(self, rhs: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let quotient = self.binary(Binary::Div, rhs, "truncatediv");
        if !quotient.dtype().is_float() {
            return quotient;
        }
        let _scope = graph.open_scope("truncatediv");
        let zero = graph.number(quotient.dtype(), 0.0, "zero");
        let below = quotient.compare(Compare::Less, zero);
        below.select(quotient.unary(Unary::Ceil), quotient.unary(Unary::Floor))
    }
}

/// Infinite from where on it fits no `f64`.
fn factorial(number: u32) -> f64 {
    // That of 171 is infinite already.
    (1..=number.min(171)).map(f64::from).product()
}
