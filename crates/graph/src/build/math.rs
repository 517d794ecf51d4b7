//! Builders of family `math`.

use crate::element::{DType, Element, Float, Number, Signed};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::ids::TensorId;
use crate::op::{Binary, Compare, Math, Unary};
use crate::scope::NameScope;
use crate::store::NewName;

impl<'g> AnyTensor<'g> {
    /// One function of each element.
    #[track_caller]
    pub fn unary(self, op: Unary) -> AnyTensor<'g> {
        let op = Math::Unary(op);
        self.graph()
            .add_tensor(op, &[self], crate::op::Op::from(op).type_name())
    }

    /// One function of each pair of elements, with broadcasting.
    #[track_caller]
    pub fn binary(self, op: Binary, rhs: AnyTensor<'g>, name: &str) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Math::Binary(op), &[self, rhs], name)
    }

    /// The same, with a path for its name that is known to be free.
    #[track_caller]
    pub(crate) fn binary_exact(self, op: Binary, rhs: AnyTensor<'g>, path: &str) -> AnyTensor<'g> {
        let name = NewName::Exact(path.to_owned());
        let id = self
            .graph()
            .add_named(Math::Binary(op).into(), &[self, rhs], name, None);
        AnyTensor::new(self.graph(), TensorId::new(id, 0))
    }

    /// [`AnyTensor::binary`] named as an open scope: the operation that stands for all that was built
    /// in the scope, as [`Graph::group_scope`](crate::Graph::group_scope) is.
    #[track_caller]
    pub fn binary_scope(self, op: Binary, rhs: AnyTensor<'g>, scope: &NameScope) -> AnyTensor<'g> {
        self.binary_exact(op, rhs, scope.path())
    }

    /// `self + rhs`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "operators are for typed tensors"
    )]
    pub fn add(self, rhs: AnyTensor<'g>) -> AnyTensor<'g> {
        self.binary(Binary::Add, rhs, "Add")
    }

    /// `self - rhs`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "operators are for typed tensors"
    )]
    pub fn sub(self, rhs: AnyTensor<'g>) -> AnyTensor<'g> {
        self.binary(Binary::Sub, rhs, "Sub")
    }

    /// `self * rhs`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "operators are for typed tensors"
    )]
    pub fn mul(self, rhs: AnyTensor<'g>) -> AnyTensor<'g> {
        self.binary(Binary::Mul, rhs, "Mul")
    }

    /// `self / rhs`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "operators are for typed tensors"
    )]
    pub fn div(self, rhs: AnyTensor<'g>) -> AnyTensor<'g> {
        self.binary(Binary::Div, rhs, "truediv")
    }

    /// `self * number`, the number rounded to this tensor's type.
    #[track_caller]
    pub fn scale(self, number: f64) -> AnyTensor<'g> {
        let number = self.graph().number(self.dtype(), number, "Const");
        self.binary(Binary::Mul, number, "mul")
    }

    /// A comparison of each pair of elements, with broadcasting: `bool`.
    #[track_caller]
    pub fn compare(self, op: Compare, rhs: AnyTensor<'g>) -> AnyTensor<'g> {
        let op = Math::Compare(op);
        self.graph()
            .add_tensor(op, &[self, rhs], crate::op::Op::from(op).type_name())
    }

    /// `on_true` where this `bool` tensor holds, else `on_false`, with broadcasting.
    #[track_caller]
    pub fn select(self, on_true: AnyTensor<'g>, on_false: AnyTensor<'g>) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Math::Select, &[self, on_true, on_false], "Select")
    }

    /// The products of matrices, either of them transposed first; the axes before the last two are
    /// broadcast.
    #[track_caller]
    pub fn matmul(self, rhs: AnyTensor<'g>, transpose_a: bool, transpose_b: bool) -> AnyTensor<'g> {
        let op = Math::MatMul {
            transpose_a,
            transpose_b,
        };
        self.graph().add_tensor(op, &[self, rhs], "MatMul")
    }

    /// Each element converted; the tensor itself if it is of that type already.
    #[track_caller]
    pub fn cast(self, to: DType) -> AnyTensor<'g> {
        if self.dtype() == to {
            return self;
        }
        self.graph().add_tensor(Math::Cast { to }, &[self], "Cast")
    }
}

/// The sum of tensors of one dtype and shape; of one tensor, itself. Of none there is no dtype to
/// give: the result is poisoned.
#[track_caller]
pub fn add_n<'g>(graph: &'g Graph, tensors: &[AnyTensor<'g>]) -> AnyTensor<'g> {
    match tensors {
        [one] => *one,
        many => graph.add_tensor(Math::AddN, many, "AddN"),
    }
}

impl Graph {
    /// The sum of tensors of one shape, of which there must be at least one. TensorFlow's `add_n`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let parts = [g.constant([1.0_f32, 2.0]), g.constant([3.0, 4.0])];
    /// assert_eq!(g.add_n(&parts).name(), "AddN:0");
    /// ```
    #[track_caller]
    pub fn add_n<'g, T: Number>(&'g self, tensors: &[Tensor<'g, T>]) -> Tensor<'g, T> {
        let tensors: Vec<AnyTensor<'g>> = tensors.iter().map(|tensor| tensor.any()).collect();
        Tensor::assume(add_n(self, &tensors))
    }
}

/// Element-wise functions of numbers that may be negative.
impl<'g, T: Signed> Tensor<'g, T> {
    /// `-x`. TensorFlow's `negative`.
    #[track_caller]
    #[expect(clippy::should_implement_trait, reason = "the operator calls this")]
    pub fn neg(self) -> Tensor<'g, T> {
        self.unary(Unary::Neg)
    }

    /// `|x|`. TensorFlow's `abs`.
    #[track_caller]
    pub fn abs(self) -> Tensor<'g, T> {
        self.unary(Unary::Abs)
    }

    /// -1, 0 or 1. TensorFlow's `sign`.
    #[track_caller]
    pub fn sign(self) -> Tensor<'g, T> {
        self.unary(Unary::Sign)
    }
}

/// Element-wise functions of floats.
impl<'g, T: Float> Tensor<'g, T> {
    /// The hyperbolic tangent. TensorFlow's `tanh`.
    #[track_caller]
    pub fn tanh(self) -> Tensor<'g, T> {
        self.unary(Unary::Tanh)
    }

    /// `1 / (1 + e^-x)`. TensorFlow's `sigmoid`.
    #[track_caller]
    pub fn sigmoid(self) -> Tensor<'g, T> {
        self.unary(Unary::Sigmoid)
    }

    /// `e^x`. TensorFlow's `exp`.
    #[track_caller]
    pub fn exp(self) -> Tensor<'g, T> {
        self.unary(Unary::Exp)
    }

    /// The natural logarithm. TensorFlow's `log`.
    #[track_caller]
    pub fn log(self) -> Tensor<'g, T> {
        self.unary(Unary::Log)
    }

    /// The square root. TensorFlow's `sqrt`.
    #[track_caller]
    pub fn sqrt(self) -> Tensor<'g, T> {
        self.unary(Unary::Sqrt)
    }

    /// `1 / sqrt(x)`. TensorFlow's `rsqrt`.
    #[track_caller]
    pub fn rsqrt(self) -> Tensor<'g, T> {
        self.unary(Unary::Rsqrt)
    }

    /// `1 / x`. TensorFlow's `reciprocal`.
    #[track_caller]
    pub fn reciprocal(self) -> Tensor<'g, T> {
        self.unary(Unary::Reciprocal)
    }

    /// `e^x - 1`, exact near 0. TensorFlow's `expm1`.
    #[track_caller]
    pub fn expm1(self) -> Tensor<'g, T> {
        self.unary(Unary::Expm1)
    }

    /// `log(1 + x)`, exact near 0: `-inf` of -1, NaN below. TensorFlow's `log1p`.
    #[track_caller]
    pub fn log1p(self) -> Tensor<'g, T> {
        self.unary(Unary::Log1p)
    }

    /// The sine, of radians. TensorFlow's `sin`.
    #[track_caller]
    pub fn sin(self) -> Tensor<'g, T> {
        self.unary(Unary::Sin)
    }

    /// The cosine, of radians. TensorFlow's `cos`.
    #[track_caller]
    pub fn cos(self) -> Tensor<'g, T> {
        self.unary(Unary::Cos)
    }

    /// The error function. TensorFlow's `erf`.
    #[track_caller]
    pub fn erf(self) -> Tensor<'g, T> {
        self.unary(Unary::Erf)
    }

    /// The largest whole number not above. TensorFlow's `floor`.
    #[track_caller]
    pub fn floor(self) -> Tensor<'g, T> {
        self.unary(Unary::Floor)
    }

    /// The smallest whole number not below. TensorFlow's `ceil`.
    #[track_caller]
    pub fn ceil(self) -> Tensor<'g, T> {
        self.unary(Unary::Ceil)
    }

    /// The nearest whole number, the even one of two: 0.5 gives 0. TensorFlow's `round`.
    #[track_caller]
    pub fn round(self) -> Tensor<'g, T> {
        self.unary(Unary::Round)
    }

    /// The product of two matrices: `[n, k]` by `[k, m]` is `[n, m]`. Of tensors of higher rank, the
    /// last two axes hold matrices; the axes before are broadcast against each other. TensorFlow's
    /// `matmul`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// let w = g.get_variable::<f32>("w", [3, 4]);
    /// assert_eq!(x.matmul(w).shape().to_string(), "[?, 4]");
    ///
    /// let steps = g.placeholder::<f32>("steps", shape![?, 28, 3]);
    /// assert_eq!(steps.matmul(w).shape().to_string(), "[?, 28, 4]");
    /// ```
    #[track_caller]
    pub fn matmul(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.matmul_with(rhs, false, false)
    }

    /// [`Tensor::matmul`], the matrices of either operand transposed first. TensorFlow's `matmul`
    /// with `transpose_a` and `transpose_b`.
    #[track_caller]
    pub fn matmul_with(
        self,
        rhs: impl Operand<'g, T>,
        transpose_a: bool,
        transpose_b: bool,
    ) -> Tensor<'g, T> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().matmul(rhs, transpose_a, transpose_b))
    }
}

/// Element-wise arithmetic and comparison, with NumPy's broadcasting: shapes are aligned at their
/// last axis, and an axis of size 1 stretches.
impl<'g, T: Number> Tensor<'g, T> {
    #[track_caller]
    pub(crate) fn binary(self, op: Binary, rhs: impl Operand<'g, T>, name: &str) -> Tensor<'g, T> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().binary(op, rhs, name))
    }

    #[track_caller]
    fn unary(self, op: Unary) -> Tensor<'g, T> {
        Tensor::assume(self.any().unary(op))
    }

    /// `x * x`. TensorFlow's `square`.
    #[track_caller]
    pub fn square(self) -> Tensor<'g, T> {
        self.unary(Unary::Square)
    }

    /// `self + rhs`, named `Add`. TensorFlow's `add`; the operator's name is `add`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "TensorFlow has both, with two names"
    )]
    pub fn add(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::Add, rhs, "Add")
    }

    /// `self - rhs`, named `Sub`. TensorFlow's `subtract`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "TensorFlow has both, with two names"
    )]
    pub fn sub(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::Sub, rhs, "Sub")
    }

    /// `self * rhs`, named `Mul`. TensorFlow's `multiply`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "TensorFlow has both, with two names"
    )]
    pub fn mul(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::Mul, rhs, "Mul")
    }

    /// `self / rhs`, named `div`. Integers truncate towards zero; a zero divisor is an error of
    /// the run. TensorFlow's `div`.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "TensorFlow has both, with two names"
    )]
    pub fn div(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::Div, rhs, "div")
    }

    /// The larger of each pair. TensorFlow's `maximum`.
    #[track_caller]
    pub fn maximum(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::Maximum, rhs, "Maximum")
    }

    /// The smaller of each pair. TensorFlow's `minimum`.
    #[track_caller]
    pub fn minimum(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::Minimum, rhs, "Minimum")
    }

    /// `(self - rhs)²`. TensorFlow's `squared_difference`.
    #[track_caller]
    pub fn squared_difference(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::SquaredDifference, rhs, "SquaredDifference")
    }

    /// `self` to the power `rhs`. A negative power of an integer is an error of the run.
    /// TensorFlow's `pow`.
    ///
    /// The gradient by the power is 0 where `self` is not above 0.
    #[track_caller]
    pub fn pow(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::Pow, rhs, "Pow")
    }

    /// `self / rhs` rounded towards minus infinity: `-7` by `2` is `-4`. An integer divided by
    /// zero is an error of the run. TensorFlow's `floordiv`, Python's `//`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let cells = g.placeholder::<i64>("cells", shape![?]);
    /// let (row, column) = (cells.floordiv(28), cells.floormod(28));
    /// assert!(row.shape().same(&column.shape()));
    /// ```
    #[track_caller]
    pub fn floordiv(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::FloorDiv, rhs, "floordiv")
    }

    /// What [`Tensor::floordiv`] leaves, of the sign of `rhs`: `-7` by `2` leaves `1`. An integer
    /// divided by zero is an error of the run. TensorFlow's `floormod`, Python's `%`.
    #[track_caller]
    pub fn floormod(self, rhs: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.binary(Binary::FloorMod, rhs, "FloorMod")
    }

    /// `self < rhs`. TensorFlow's `less`.
    #[track_caller]
    pub fn less(self, rhs: impl Operand<'g, T>) -> Tensor<'g, bool> {
        self.compare(Compare::Less, rhs)
    }

    /// `self <= rhs`. TensorFlow's `less_equal`.
    #[track_caller]
    pub fn less_equal(self, rhs: impl Operand<'g, T>) -> Tensor<'g, bool> {
        self.compare(Compare::LessEqual, rhs)
    }

    /// `self > rhs`. TensorFlow's `greater`.
    #[track_caller]
    pub fn greater(self, rhs: impl Operand<'g, T>) -> Tensor<'g, bool> {
        self.compare(Compare::Greater, rhs)
    }

    /// `self >= rhs`. TensorFlow's `greater_equal`.
    #[track_caller]
    pub fn greater_equal(self, rhs: impl Operand<'g, T>) -> Tensor<'g, bool> {
        self.compare(Compare::GreaterEqual, rhs)
    }
}

/// Comparison and conversion of whatever elements.
impl<'g, T: Element> Tensor<'g, T> {
    #[track_caller]
    fn compare(self, op: Compare, rhs: impl Operand<'g, T>) -> Tensor<'g, bool> {
        let rhs = rhs.into_tensor(self.graph()).any();
        Tensor::assume(self.any().compare(op, rhs))
    }

    /// `self == rhs`, element by element. TensorFlow's `equal`.
    #[track_caller]
    pub fn equal(self, rhs: impl Operand<'g, T>) -> Tensor<'g, bool> {
        self.compare(Compare::Equal, rhs)
    }

    /// `self != rhs`, element by element. TensorFlow's `not_equal`.
    #[track_caller]
    pub fn not_equal(self, rhs: impl Operand<'g, T>) -> Tensor<'g, bool> {
        self.compare(Compare::NotEqual, rhs)
    }

    /// Each element converted. Floats become integers by truncation towards zero: the nearest that there
    /// is of those beyond the type, 0 of NaN. Integers keep their last bits. Numbers become `bool` by
    /// comparing with zero. TensorFlow's `cast`, which leaves floats beyond the type to the processor.
    #[track_caller]
    pub fn cast<U: Element>(self) -> Tensor<'g, U> {
        Tensor::assume(self.any().cast(U::DTYPE))
    }
}

impl<'g> Tensor<'g, bool> {
    /// `on_true` where this holds, else `on_false`, with broadcasting. TensorFlow's `where`.
    #[track_caller]
    pub fn select<T: Element>(
        self,
        on_true: impl Operand<'g, T>,
        on_false: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let on_true = on_true.into_tensor(self.graph()).any();
        let on_false = on_false.into_tensor(self.graph()).any();
        Tensor::assume(self.any().select(on_true, on_false))
    }
}
