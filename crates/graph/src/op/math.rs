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
    /// `[condition: bool, a, b] -> c`: `a` where the condition holds, else `b`, with broadcasting
    /// of all three. TensorFlow's `SelectV2`. The operand not chosen never leaks (no `0 * inf`).
    Select,
    /// `[x1, …, xn] -> y`, n ≥ 1: the sum of tensors of one dtype and one shape. TensorFlow's `AddN`.
    AddN,
    /// `[a, b] -> c`: the product of two matrices, `f32` or `f64`, either of them transposed first.
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
}

impl Unary {
    /// Every function, in the order of declaration.
    pub const ALL: [Unary; 11] = [
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
}

impl Binary {
    /// Every function, in the order of declaration.
    pub const ALL: [Binary; 7] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Maximum,
        Binary::Minimum,
        Binary::SquaredDifference,
    ];
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
            },
            Math::Binary(op) => match op {
                Binary::Add => "Add",
                Binary::Sub => "Sub",
                Binary::Mul => "Mul",
                Binary::Div => "RealDiv",
                Binary::Maximum => "Maximum",
                Binary::Minimum => "Minimum",
                Binary::SquaredDifference => "SquaredDifference",
            },
            Math::Compare(op) => match op {
                Compare::Equal => "Equal",
                Compare::NotEqual => "NotEqual",
                Compare::Less => "Less",
                Compare::LessEqual => "LessEqual",
                Compare::Greater => "Greater",
                Compare::GreaterEqual => "GreaterEqual",
            },
            Math::Select => "Select",
            Math::AddN => "AddN",
            Math::MatMul { .. } => "MatMul",
            Math::Cast { .. } => "Cast",
        }
    }
}
