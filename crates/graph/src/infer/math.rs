//! Shape rules of family `math`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::infer::common::{
    Class, broadcast, broadcast_or, check_class, check_same_dtype, common_dtype, first_operand,
    operands, plural, splice, unify_shapes, wrong_rank,
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
        | Unary::Erfc
        | Unary::Tan
        | Unary::Asin
        | Unary::Acos
        | Unary::Atan
        | Unary::Sinh
        | Unary::Cosh
        | Unary::Asinh
        | Unary::Acosh
        | Unary::Atanh
        | Unary::Lgamma
        | Unary::Digamma
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
    let class = if op.is_of_floats() {
        Class::Float
    } else {
        Class::Number
    };
    check_class("lhs", a, class)?;
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
    let (batch_a, [rows, inner_a]) = matrices("lhs", a, transpose_a)?;
    let (batch_b, [inner_b, columns]) = matrices("rhs", b, transpose_b)?;
    if let (Some(left), Some(right)) = (inner_a.known(), inner_b.known())
        && left != right
    {
        let needed = plural(left, if transpose_b { "column" } else { "row" });
        let mut message = format!("inner dimensions {left} and {right} differ");
        if a.rank() > 2 || b.rank() > 2 {
            let axis_a = batch_a.rank() + usize::from(!transpose_a);
            let axis_b = batch_b.rank() + usize::from(transpose_b);
            message.push_str(&format!(": axis {axis_a} of lhs and axis {axis_b} of rhs"));
        }
        return Err(Problem::shape(message).help(format!("rhs needs {needed}")));
    }
    let batch = broadcast_or(&batch_a, &batch_b, |axis, left, right| {
        // The longer one's axes are those of the result; those of the other stand at its end.
        let rank = batch_a.rank().max(batch_b.rank());
        let axis_of = |batch: &Shape| (axis + batch.rank()).saturating_sub(rank);
        let (axis_a, axis_b) = (axis_of(&batch_a), axis_of(&batch_b));
        Problem::shape(format!(
            "batch sizes {left} and {right} differ: axis {axis_a} of lhs and axis {axis_b} of rhs"
        ))
    })?;
    let matrix = batch.rank()..batch.rank();
    Ok(Fact::new(a.dtype, splice(&batch, matrix, &[rows, columns])))
}

/// The axes before the last two, and the sizes of the matrices that the last two hold, or of their
/// transposes.
fn matrices(role: &str, fact: &Fact, transpose: bool) -> Result<(Shape, [Dim; 2]), Problem> {
    match *fact.shape.dims() {
        [ref batch @ .., rows, columns] => {
            let sizes = if transpose {
                [columns, rows]
            } else {
                [rows, columns]
            };
            Ok((Shape::new(batch.to_vec()), sizes))
        }
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
