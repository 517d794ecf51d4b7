//! Shape rules of family `math`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::infer::common::{
    Class, broadcast, check_class, check_same_dtype, common_dtype, first_operand, operands, plural,
    unify_shapes, wrong_rank,
};
use crate::infer::ints;
use crate::mistake::Problem;
use crate::op::{Binary, Compare, Math, Unary};
use crate::shape::{Dim, Shape};

pub(super) fn infer(op: Math, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let fact = match op {
        Math::Unary(op) => unary(op, operands(inputs)?),
        Math::Binary(op) => binary(op, operands(inputs)?),
        Math::Compare(op) => compare(op, operands(inputs)?),
        Math::Test(_) => test(operands(inputs)?),
        Math::Logical(_) => logical(operands(inputs)?),
        Math::Not => not(operands(inputs)?),
        Math::Select => select(operands(inputs)?),
        Math::AddN => add_n(inputs),
        Math::MatMul {
            transpose_a,
            transpose_b,
        } => matmul(transpose_a, transpose_b, operands(inputs)?),
        Math::Cast { to } => cast(to, operands(inputs)?),
    }?;
    Ok(vec![fact])
}

fn unary(op: Unary, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    let class = match op {
        Unary::Neg | Unary::Abs | Unary::Sign => Class::Signed,
        Unary::Square => Class::Number,
        Unary::Reciprocal
        | Unary::Sqrt
        | Unary::Rsqrt
        | Unary::Exp
        | Unary::Log
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Expm1
        | Unary::Log1p
        | Unary::Sin
        | Unary::Cos
        | Unary::Erf
        | Unary::Floor
        | Unary::Ceil
        | Unary::Round => Class::Float,
    };
    check_class("x", x, class)?;
    let negated = || map_ints(x, |int| ints::negate(int, x.dtype));
    let elements = (op == Unary::Neg).then(negated).flatten();
    Ok(ints::tracked(Fact::new(x.dtype, &x.shape), elements))
}

fn binary(op: Binary, [a, b]: &[Fact; 2]) -> Result<Fact, Problem> {
    let shape = element_wise(a, b)?;
    check_class("lhs", a, Class::Number)?;
    let operands = a.ints.as_deref().zip(b.ints.as_deref());
    let elements = operands.and_then(|(left, right)| ints::binary(op, a.dtype, left, right));
    Ok(ints::tracked(Fact::new(a.dtype, shape), elements))
}

fn compare(op: Compare, [a, b]: &[Fact; 2]) -> Result<Fact, Problem> {
    let shape = element_wise(a, b)?;
    match op {
        Compare::Equal | Compare::NotEqual => {}
        Compare::Less | Compare::LessEqual | Compare::Greater | Compare::GreaterEqual => {
            check_class("lhs", a, Class::Number)?;
        }
    }
    Ok(Fact::new(DType::Bool, shape))
}

fn test([x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Float)?;
    Ok(Fact::new(DType::Bool, &x.shape))
}

fn logical([a, b]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_class("lhs", a, Class::Bool)?;
    check_class("rhs", b, Class::Bool)?;
    Ok(Fact::new(DType::Bool, broadcast(&a.shape, &b.shape)?))
}

fn not([x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Bool)?;
    Ok(Fact::new(DType::Bool, &x.shape))
}

/// The shape of a function of each pair; both must be of one dtype.
fn element_wise(a: &Fact, b: &Fact) -> Result<Shape, Problem> {
    check_same_dtype(("lhs", a), ("rhs", b))?;
    broadcast(&a.shape, &b.shape)
}

fn select([condition, a, b]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_class("condition", condition, Class::Bool)?;
    let chosen = element_wise(a, b)?;
    let shape = broadcast(&condition.shape, &chosen)?;
    Ok(Fact::new(a.dtype, shape))
}

fn add_n(inputs: &[Fact]) -> Result<Fact, Problem> {
    let dtype = common_dtype(inputs)?;
    check_class("input 0", first_operand(inputs)?, Class::Number)?;
    Ok(Fact::new(dtype, unify_shapes(inputs, None)?))
}

fn matmul(transpose_a: bool, transpose_b: bool, [a, b]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_same_dtype(("lhs", a), ("rhs", b))?;
    check_class("lhs", a, Class::Float)?;
    let [rows, inner_a] = matrix("lhs", a, transpose_a)?;
    let [inner_b, columns] = matrix("rhs", b, transpose_b)?;
    if let (Some(left), Some(right)) = (inner_a.known(), inner_b.known())
        && left != right
    {
        let needed = plural(left, if transpose_b { "column" } else { "row" });
        let message = format!("inner dimensions {left} and {right} differ");
        return Err(Problem::shape(message).help(format!("rhs needs {needed}")));
    }
    Ok(Fact::new(a.dtype, [rows, columns]))
}

/// The sizes of a matrix, or of its transpose.
fn matrix(role: &str, fact: &Fact, transpose: bool) -> Result<[Dim; 2], Problem> {
    match *fact.shape.dims() {
        [rows, columns] if transpose => Ok([columns, rows]),
        [rows, columns] => Ok([rows, columns]),
        _ => Err(wrong_rank(role, fact, 2)),
    }
}

fn cast(to: DType, [x]: &[Fact; 1]) -> Result<Fact, Problem> {
    let elements = map_ints(x, |int| ints::convert(int, to));
    Ok(ints::tracked(Fact::new(to, &x.shape), elements))
}

fn map_ints(fact: &Fact, function: impl Fn(Int) -> Int) -> Option<Vec<Int>> {
    let ints = fact.ints.as_ref()?;
    Some(ints.iter().map(|int| function(*int)).collect())
}
