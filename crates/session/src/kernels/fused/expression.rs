//! Expressions: programs of element-wise primitives.

#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Activation, Binary, Compare, Logical, Math, Nn, Op, Test, Unary};
use smallvec::{SmallVec, smallvec};

use crate::kernels::primitive;

/// A program of element-wise primitives, in static single assignment form.
///
/// Register `r` is input `r` for `r < inputs.len()`, else the result of `steps[r - inputs.len()]`.
/// Operands of a step come before it. The types are those that the ops' shape rules let through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) inputs: Vec<DType>,
    pub(crate) steps: Vec<Step>,
    /// Registers.
    pub(crate) outputs: Vec<usize>,
}

/// One primitive of an [`Expression`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) primitive: Primitive,
    /// Registers.
    pub(crate) operands: SmallVec<[usize; 3]>,
    /// Of the result.
    pub(crate) dtype: DType,
}

/// An element-wise function that has a result for all operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Primitive {
    Unary(Unary),
    /// On integers none of those that may fail.
    Binary(Binary),
    Compare(Compare),
    Test(Test),
    Logical(Logical),
    Not,
    /// Of the condition, what it is where that holds, and what it is elsewhere.
    Select,
    /// To the type of the step.
    Cast,
    Activation(Activation),
    /// A number that stands in the program.
    Constant(Scalar),
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar {
    F32(f32),
    F64(f64),
    I32(i32),
    I64(i64),
    U8(u8),
    Bool(bool),
}

impl Expression {
    /// The expression that gives its operand.
    pub(crate) fn copy(dtype: DType) -> Expression {
        Expression {
            inputs: vec![dtype],
            steps: Vec::new(),
            outputs: vec![0],
        }
    }

    /// The expression of one primitive, on operands of these types.
    pub(crate) fn of(primitive: Primitive, inputs: &[DType], dtype: DType) -> Expression {
        let step = Step {
            primitive,
            operands: (0..inputs.len()).collect(),
            dtype,
        };
        Expression {
            inputs: inputs.to_vec(),
            steps: vec![step],
            outputs: vec![inputs.len()],
        }
    }

    /// The element type of a register.
    pub(crate) fn dtype(&self, register: usize) -> DType {
        match register.checked_sub(self.inputs.len()) {
            None => self.inputs[register],
            Some(step) => self.steps[step].dtype,
        }
    }

    /// Whether a register holds a number that stands in the program.
    pub(super) fn is_constant(&self, register: usize) -> bool {
        let step = register.checked_sub(self.inputs.len());
        step.is_some_and(|step| self.steps[step].is_constant())
    }

    /// The same outputs, none of which is an input itself but a copy of it.
    pub(super) fn without_bare_inputs(mut self) -> Expression {
        for place in 0..self.outputs.len() {
            let register = self.outputs[place];
            let Some(dtype) = self.inputs.get(register).copied() else {
                continue;
            };
            self.outputs[place] = self.inputs.len() + self.steps.len();
            self.steps.push(Step {
                primitive: Primitive::Cast,
                operands: smallvec![register],
                dtype,
            });
        }
        self
    }
}

impl Step {
    /// Whether this is a number that stands in the program.
    pub(super) fn is_constant(&self) -> bool {
        matches!(self.primitive, Primitive::Constant(_))
    }
}

impl Primitive {
    /// The primitive that an op applies to each element of operands of this type (of a `Select`
    /// the type of the condition). `None` for an op that is not element-wise or may fail, and for
    /// `AddN`, which is a chain of additions.
    pub(crate) fn of(op: &Op, dtype: DType) -> Option<Primitive> {
        match op {
            Op::Math(op) => Primitive::of_math(*op, dtype),
            Op::Nn(op) => Primitive::of_nn(*op),
            Op::Array(_)
            | Op::Reduce(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Control(_)
            | Op::Debug(_)
            | Op::Custom(_) => None,
        }
    }

    fn of_math(op: Math, dtype: DType) -> Option<Primitive> {
        match op {
            Math::Unary(function) => Some(Primitive::Unary(function)),
            Math::Binary(function) => {
                let total = !primitive::may_fail(function, dtype);
                total.then_some(Primitive::Binary(function))
            }
            Math::Compare(function) => Some(Primitive::Compare(function)),
            Math::Test(property) => Some(Primitive::Test(property)),
            Math::Logical(function) => Some(Primitive::Logical(function)),
            Math::Not => Some(Primitive::Not),
            Math::Select => Some(Primitive::Select),
            Math::Cast { .. } => Some(Primitive::Cast),
            Math::AddN | Math::MatMul { .. } => None,
        }
    }

    fn of_nn(op: Nn) -> Option<Primitive> {
        match op {
            Nn::Activation(function) => Some(Primitive::Activation(function)),
            // The bias broadcasts along the last axis by itself.
            Nn::BiasAdd => Some(Primitive::Binary(Binary::Add)),
            Nn::Softmax
            | Nn::LogSoftmax
            | Nn::SoftmaxCrossEntropy
            | Nn::SparseSoftmaxCrossEntropy
            | Nn::Convolution(..)
            | Nn::Pooling(..) => None,
        }
    }

    /// Roughly the nanoseconds for one element, on a CPU of AVX2.
    pub(super) fn cost(self, dtype: DType) -> f64 {
        const SIMPLE: f64 = 0.06;
        const DIVISION: f64 = 0.3;
        const EXPONENTIAL: f64 = 0.4;
        // One call of a library of functions.
        const CALL: f64 = 8.0;
        // A series, or several calls.
        const SERIES: f64 = 80.0;
        let exponential = if dtype == DType::F64 {
            CALL
        } else {
            EXPONENTIAL
        };
        match self {
            Primitive::Unary(function) => match function {
                Unary::Neg
                | Unary::Abs
                | Unary::Sign
                | Unary::Square
                | Unary::Floor
                | Unary::Ceil
                | Unary::Round => SIMPLE,
                Unary::Reciprocal | Unary::Sqrt | Unary::Rsqrt => DIVISION,
                Unary::Exp
                | Unary::Log
                | Unary::Tanh
                | Unary::Sigmoid
                | Unary::Expm1
                | Unary::Log1p => exponential,
                Unary::Sin
                | Unary::Cos
                | Unary::Erf
                | Unary::Erfc
                | Unary::Tan
                | Unary::Asin
                | Unary::Acos
                | Unary::Atan
                | Unary::Sinh
                | Unary::Cosh
                | Unary::Asinh
                | Unary::Acosh
                | Unary::Atanh => CALL,
                Unary::Lgamma | Unary::Digamma => SERIES,
            },
            Primitive::Binary(function) => match function {
                Binary::Add
                | Binary::Sub
                | Binary::Mul
                | Binary::Maximum
                | Binary::Minimum
                | Binary::SquaredDifference => SIMPLE,
                Binary::Div | Binary::FloorDiv => DIVISION,
                Binary::Pow | Binary::FloorMod | Binary::TruncateMod | Binary::Atan2 => CALL,
                Binary::Zeta => SERIES,
            },
            Primitive::Activation(function) => match function {
                Activation::Relu | Activation::Relu6 | Activation::LeakyRelu { .. } => SIMPLE,
                Activation::Softsign => DIVISION,
                Activation::Elu | Activation::Selu => exponential,
                Activation::Softplus => 2.0 * exponential,
            },
            Primitive::Compare(_)
            | Primitive::Test(_)
            | Primitive::Logical(_)
            | Primitive::Not
            | Primitive::Select
            | Primitive::Cast => SIMPLE,
            Primitive::Constant(_) => 0.0,
        }
    }
}

/// A line for each step: `t3 = sigmoid(t2)`.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (register, step) in (self.inputs.len()..).zip(&self.steps) {
            write!(f, "t{register} = ")?;
            match step.primitive {
                Primitive::Constant(scalar) => write!(f, "{scalar}")?,
                Primitive::Cast => {
                    write!(f, "cast_{}(", step.dtype)?;
                    registers(f, &step.operands)?;
                    write!(f, ")")?;
                }
                other @ (Primitive::Unary(_)
                | Primitive::Binary(_)
                | Primitive::Compare(_)
                | Primitive::Test(_)
                | Primitive::Logical(_)
                | Primitive::Not
                | Primitive::Select
                | Primitive::Activation(_)) => {
                    write!(f, "{other}(")?;
                    registers(f, &step.operands)?;
                    write!(f, ")")?;
                }
            }
            writeln!(f)?;
        }
        write!(f, "give ")?;
        registers(f, &self.outputs)
    }
}

fn registers(f: &mut fmt::Formatter<'_>, registers: &[usize]) -> fmt::Result {
    for (place, register) in registers.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        write!(f, "{comma}t{register}")?;
    }
    Ok(())
}

/// The function's name: `squared_difference`, `leaky_relu[0.2]`.
impl fmt::Display for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Primitive::Unary(function) => snake_case(f, &format!("{function:?}")),
            Primitive::Binary(function) => snake_case(f, &format!("{function:?}")),
            Primitive::Compare(function) => snake_case(f, &format!("{function:?}")),
            Primitive::Test(property) => snake_case(f, &format!("{property:?}")),
            Primitive::Logical(function) => snake_case(f, &format!("{function:?}")),
            Primitive::Not => f.write_str("not"),
            Primitive::Select => f.write_str("select"),
            Primitive::Cast => f.write_str("cast"),
            Primitive::Activation(Activation::LeakyRelu { alpha }) => {
                write!(f, "leaky_relu[{alpha}]")
            }
            Primitive::Activation(function) => snake_case(f, &format!("{function:?}")),
            Primitive::Constant(scalar) => write!(f, "{scalar}"),
        }
    }
}

/// The number as it stands in Rust, with its type: `0.5_f32`.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::F32(value) => write!(f, "{value:?}_f32"),
            Scalar::F64(value) => write!(f, "{value:?}_f64"),
            Scalar::I32(value) => write!(f, "{value}_i32"),
            Scalar::I64(value) => write!(f, "{value}_i64"),
            Scalar::U8(value) => write!(f, "{value}_u8"),
            Scalar::Bool(value) => write!(f, "{value}"),
        }
    }
}

/// Writes the name of a variant as that of a function.
fn snake_case(f: &mut fmt::Formatter<'_>, variant: &str) -> fmt::Result {
    for (place, letter) in variant.chars().enumerate() {
        if letter.is_ascii_uppercase() && place > 0 {
            f.write_str("_")?;
        }
        write!(f, "{}", letter.to_ascii_lowercase())?;
    }
    Ok(())
}
