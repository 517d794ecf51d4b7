//! Element-wise arithmetic, comparison, matrix products.

use serde::{Deserialize, Serialize};

use crate::element::DType;

/// An op of the `math` family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Math {
    /// `[x] -> y`: one function of each element. Shape and dtype are kept.
    Unary(Unary),
    /// `[a, b] -> c`: one function of each pair, with NumPy's broadcasting. Both of one dtype.
    Binary(Binary),
    /// `[a, b] -> bool`: a comparison of each pair, with broadcasting. Both of one dtype.
    Compare(Compare),
    /// `[x: float] -> bool`: a property of each element.
    Test(Test),
    /// `[a: bool, b: bool] -> bool`: one function of each pair of truth values, with broadcasting.
    Logical(Logical),
    /// `[x: bool] -> bool`: whether it does not hold. TensorFlow's `LogicalNot`.
    Not,
    /// `[condition: bool, a, b] -> c`: `a` where the condition holds, else `b`, with broadcasting
    /// of all three. TensorFlow's `SelectV2`. The operand not chosen never leaks (no `0 * inf`).
    Select,
    /// `[x1, …, xn] -> y`, n ≥ 1: the sum of tensors of one dtype and one shape. TensorFlow's `AddN`.
    AddN,
    /// `[a, b] -> c`: the products of matrices, `f32` or `f64`, which the last two axes hold, either of
    /// them transposed first. The axes before are broadcast against each other. TensorFlow's `MatMul`
    /// of two matrices, its `BatchMatMulV2` of more.
    MatMul {
        /// Take the left operand transposed.
        transpose_a: bool,
        /// Take the right operand transposed.
        transpose_b: bool,
    },
    /// `[x] -> y`: each element converted. Floats become integers by truncation towards zero
    /// (saturating, NaN gives 0), numbers become `bool` by comparing with zero.
    Cast {
        /// The type to convert to.
        to: DType,
    },
}

/// A function of one number. `Neg`, `Abs`, `Sign` and `Square` take any number but `u8`
/// (`Square` takes `u8` too), the others take floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unary {
    /// `-x`.
    Neg,
    /// `|x|`.
    Abs,
    /// -1, 0 or 1; NaN stays NaN.
    Sign,
    /// `1 / x`.
    Reciprocal,
    /// `x * x`.
    Square,
    /// The square root.
    Sqrt,
    /// `1 / sqrt(x)`.
    Rsqrt,
    /// `e^x`.
    Exp,
    /// The natural logarithm.
    Log,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`, without overflow on either side.
    Sigmoid,
    /// `e^x - 1`, exact near 0.
    Expm1,
    /// `log(1 + x)`, exact near 0.
    Log1p,
    /// The sine, of radians.
    Sin,
    /// The cosine, of radians.
    Cos,
    /// The error function, `2/√π ∫₀ˣ e^-t² dt`.
    Erf,
    /// What the error function lacks to 1: `1 - erf(x)`, exact where that is small.
    Erfc,
    /// The tangent, of radians.
    Tan,
    /// The arc sine, in radians; NaN outside of [-1, 1].
    Asin,
    /// The arc cosine, in radians; NaN outside of [-1, 1].
    Acos,
    /// The arc tangent, in radians.
    Atan,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic cosine.
    Cosh,
    /// The inverse of the hyperbolic sine.
    Asinh,
    /// The inverse of the hyperbolic cosine, not below 0; NaN below 1.
    Acosh,
    /// The inverse of the hyperbolic tangent; infinite at -1 and 1, NaN beyond.
    Atanh,
    /// The logarithm of the absolute value of the gamma function; `inf` at 0, -1, -2, …
    Lgamma,
    /// The slope of `Lgamma`; NaN at 0, -1, -2, …
    Digamma,
    /// The largest whole number not above.
    Floor,
    /// The smallest whole number not below.
    Ceil,
    /// The nearest whole number, the even one of two. TensorFlow's `Round`.
    Round,
}

impl Unary {
    /// Every function, in the order of declaration.
    pub const ALL: [Unary; 31] = [
        Unary::Neg,
        Unary::Abs,
        Unary::Sign,
        Unary::Reciprocal,
        Unary::Square,
        Unary::Sqrt,
        Unary::Rsqrt,
        Unary::Exp,
        Unary::Log,
        Unary::Tanh,
        Unary::Sigmoid,
        Unary::Expm1,
        Unary::Log1p,
        Unary::Sin,
        Unary::Cos,
        Unary::Erf,
        Unary::Erfc,
        Unary::Tan,
        Unary::Asin,
        Unary::Acos,
        Unary::Atan,
        Unary::Sinh,
        Unary::Cosh,
        Unary::Asinh,
        Unary::Acosh,
        Unary::Atanh,
        Unary::Lgamma,
        Unary::Digamma,
        Unary::Floor,
        Unary::Ceil,
        Unary::Round,
    ];
}

/// A function of two numbers of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Binary {
    /// `a + b`. Integers wrap around on overflow, here and below.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// `a / b`. Integers truncate towards zero; a zero divisor is an error of the run.
    Div,
    /// The larger; NaN if either is NaN.
    Maximum,
    /// The smaller; NaN if either is NaN.
    Minimum,
    /// `(a - b)²`.
    SquaredDifference,
    /// `a` to the power `b`. A negative power of an integer is an error of the run.
    Pow,
    /// `a / b`, rounded towards minus infinity. An integer divided by zero is an error of the run.
    FloorDiv,
    /// What `FloorDiv` leaves: of the sign of `b`, as Python's `%`. An integer divided by zero is an
    /// error of the run.
    FloorMod,
    /// What the quotient truncated towards zero leaves: of the sign of `a`, as Rust's `%`. An integer
    /// divided by zero is an error of the run. TensorFlow's `TruncateMod`.
    TruncateMod,
    /// The angle, in radians, of the point whose ordinate is `a` and whose abscissa is `b`. Floats.
    Atan2,
    /// The Hurwitz zeta function, `Σ (b + k)^-a` over all whole k from 0 on. Floats. `inf` for `a` = 1;
    /// NaN below, and for `b` below 0 unless `a` is whole. At `b` = 0, -1, -2, … `inf` if `a` is even
    /// or `b` is 0, else NaN.
    Zeta,
}

impl Binary {
    /// Every function, in the order of declaration.
    pub const ALL: [Binary; 13] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Maximum,
        Binary::Minimum,
        Binary::SquaredDifference,
        Binary::Pow,
        Binary::FloorDiv,
        Binary::FloorMod,
        Binary::TruncateMod,
        Binary::Atan2,
        Binary::Zeta,
    ];

    /// Whether it takes floats alone; else it takes any numbers.
    pub fn is_of_floats(self) -> bool {
        match self {
            Binary::Atan2 | Binary::Zeta => true,
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Div
            | Binary::Maximum
            | Binary::Minimum
            | Binary::SquaredDifference
            | Binary::Pow
            | Binary::FloorDiv
            | Binary::FloorMod
            | Binary::TruncateMod => false,
        }
    }
}

/// A comparison. `Equal` and `NotEqual` take every dtype, the others numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    /// Every comparison, in the order of declaration.
    pub const ALL: [Compare; 6] = [
        Compare::Equal,
        Compare::NotEqual,
        Compare::Less,
        Compare::LessEqual,
        Compare::Greater,
        Compare::GreaterEqual,
    ];
}

/// A property of a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Test {
    /// Whether it is not a number.
    IsNan,
    /// Whether it is infinite, of either sign.
    IsInf,
    /// Whether it is neither infinite nor NaN.
    IsFinite,
}

impl Test {
    /// Every property, in the order of declaration.
    pub const ALL: [Test; 3] = [Test::IsNan, Test::IsInf, Test::IsFinite];
}

/// A function of two truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Logical {
    /// Whether both hold.
    And,
    /// Whether one or both hold.
    Or,
    /// Whether one alone holds.
    Xor,
}

impl Logical {
    /// Every function, in the order of declaration.
    pub const ALL: [Logical; 3] = [Logical::And, Logical::Or, Logical::Xor];
}

impl Math {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Math::Unary(op) => match op {
                Unary::Neg => "Neg",
                Unary::Abs => "Abs",
                Unary::Sign => "Sign",
                Unary::Reciprocal => "Reciprocal",
                Unary::Square => "Square",
                Unary::Sqrt => "Sqrt",
                Unary::Rsqrt => "Rsqrt",
                Unary::Exp => "Exp",
                Unary::Log => "Log",
                Unary::Tanh => "Tanh",
                Unary::Sigmoid => "Sigmoid",
                Unary::Expm1 => "Expm1",
                Unary::Log1p => "Log1p",
                Unary::Sin => "Sin",
                Unary::Cos => "Cos",
                Unary::Erf => "Erf",
                Unary::Erfc => "Erfc",
                Unary::Tan => "Tan",
                Unary::Asin => "Asin",
                Unary::Acos => "Acos",
                Unary::Atan => "Atan",
                Unary::Sinh => "Sinh",
                Unary::Cosh => "Cosh",
                Unary::Asinh => "Asinh",
                Unary::Acosh => "Acosh",
                Unary::Atanh => "Atanh",
                Unary::Lgamma => "Lgamma",
                Unary::Digamma => "Digamma",
                Unary::Floor => "Floor",
                Unary::Ceil => "Ceil",
                Unary::Round => "Round",
            },
            Math::Binary(op) => match op {
                Binary::Add => "Add",
                Binary::Sub => "Sub",
                Binary::Mul => "Mul",
                Binary::Div => "RealDiv",
                Binary::Maximum => "Maximum",
                Binary::Minimum => "Minimum",
                Binary::SquaredDifference => "SquaredDifference",
                Binary::Pow => "Pow",
                Binary::FloorDiv => "FloorDiv",
                Binary::FloorMod => "FloorMod",
                Binary::TruncateMod => "TruncateMod",
                Binary::Atan2 => "Atan2",
                Binary::Zeta => "Zeta",
            },
            Math::Compare(op) => match op {
                Compare::Equal => "Equal",
                Compare::NotEqual => "NotEqual",
                Compare::Less => "Less",
                Compare::LessEqual => "LessEqual",
                Compare::Greater => "Greater",
                Compare::GreaterEqual => "GreaterEqual",
            },
            Math::Test(op) => match op {
                Test::IsNan => "IsNan",
                Test::IsInf => "IsInf",
                Test::IsFinite => "IsFinite",
            },
            Math::Logical(op) => match op {
                Logical::And => "LogicalAnd",
                Logical::Or => "LogicalOr",
                Logical::Xor => "LogicalXor",
            },
            Math::Not => "LogicalNot",
            Math::Select => "Select",
            Math::AddN => "AddN",
            Math::MatMul { .. } => "MatMul",
            Math::Cast { .. } => "Cast",
        }
    }
}
