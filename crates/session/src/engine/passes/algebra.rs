//! Identities of element-wise expressions that keep every bit, whatever the elements.
//!
//! So `x - 0` is `x`, but `x + 0` is not: it makes 0 of -0. There `-0` is what changes nothing. Of floats
//! `x · 1` is not `x`, since it is 0 where x is below the normal numbers. `x - x` and `x · 0` are nothing simpler, as `x` may be infinite. A division by a
//! power of two is a product, as both round the same number.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::HashMap;

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Binary, Logical, Unary};
use smallvec::smallvec;

use crate::kernels::fused::{Expression, Primitive, Scalar, Step};

/// A simpler expression, and how many steps were simplified.
pub(super) struct Simplified {
    pub(super) expression: Expression,
    /// Which inputs the expression still has.
    pub(super) inputs: Vec<usize>,
    pub(super) count: usize,
}

/// Simplifies an expression of which some inputs are one number everywhere. `None` if nothing is.
pub(super) fn simplify(expression: &Expression, known: &[Option<Scalar>]) -> Option<Simplified> {
    let mut rewriting = Rewriting::new(expression, known);
    for step in &expression.steps {
        rewriting.step(step);
    }
    let Rewriting {
        steps, now, count, ..
    } = rewriting;
    if count == 0 {
        return None;
    }
    let outputs = expression.outputs.iter().map(|register| now[*register]);
    let simpler = Expression {
        inputs: expression.inputs.clone(),
        steps,
        outputs: outputs.collect(),
    };
    let (expression, inputs) = without_unused(&simpler);
    Some(Simplified {
        expression,
        inputs,
        count,
    })
}

/// An expression on its way to a simpler one.
struct Rewriting {
    inputs: Vec<DType>,
    steps: Vec<Step>,
    /// For each register of the old expression: that of the new one.
    now: Vec<usize>,
    /// The registers of the new expression that are one number everywhere.
    known: HashMap<usize, Scalar>,
    count: usize,
}

/// What becomes of a step.
enum Becomes {
    Itself,
    /// What a register of the new expression is.
    Register(usize),
    /// The product of a register and a number.
    Scaled(usize, Scalar),
}

impl Rewriting {
    fn new(expression: &Expression, known: &[Option<Scalar>]) -> Rewriting {
        let known = known.iter().enumerate();
        Rewriting {
            inputs: expression.inputs.clone(),
            steps: Vec::new(),
            now: (0..expression.inputs.len()).collect(),
            known: known
                .filter_map(|(register, scalar)| Some((register, (*scalar)?)))
                .collect(),
            count: 0,
        }
    }

    fn step(&mut self, step: &Step) {
        let mut step = step.clone();
        for operand in &mut step.operands {
            *operand = self.now[*operand];
        }
        let register = match self.becomes(&step) {
            Becomes::Itself => self.push(step),
            Becomes::Register(register) => {
                self.count += 1;
                register
            }
            Becomes::Scaled(register, scale) => {
                self.count += 1;
                let scale = self.push(Step {
                    primitive: Primitive::Constant(scale),
                    operands: smallvec![],
                    dtype: step.dtype,
                });
                self.push(Step {
                    primitive: Primitive::Binary(Binary::Mul),
                    operands: smallvec![register, scale],
                    dtype: step.dtype,
                })
            }
        };
        self.now.push(register);
    }

    fn push(&mut self, step: Step) -> usize {
        let register = self.inputs.len() + self.steps.len();
        if let Primitive::Constant(scalar) = step.primitive {
            self.known.insert(register, scalar);
        }
        self.steps.push(step);
        register
    }

    fn becomes(&self, step: &Step) -> Becomes {
        let known = |operand: usize| self.known.get(&step.operands[operand]).copied();
        let kept = match step.primitive {
            Primitive::Binary(function) => {
                let (a, b) = (known(0), known(1));
                if b.is_some_and(|b| is_right_neutral(function, b)) {
                    Some(0)
                } else if a.is_some_and(|a| is_left_neutral(function, a)) {
                    Some(1)
                } else if let (Binary::Div, Some(scale)) = (function, b.and_then(reciprocal)) {
                    return Becomes::Scaled(step.operands[0], scale);
                } else {
                    None
                }
            }
            Primitive::Logical(function) => {
                let neutral = Scalar::Bool(matches!(function, Logical::And));
                // All three commute.
                (0..2).find(|operand| known(1 - operand) == Some(neutral))
            }
            Primitive::Select => match known(0) {
                Some(Scalar::Bool(condition)) => Some(if condition { 1 } else { 2 }),
                Some(_) | None => (step.operands[1] == step.operands[2]).then_some(1),
            },
            Primitive::Cast => (self.dtype(step.operands[0]) == step.dtype).then_some(0),
            Primitive::Unary(Unary::Neg) | Primitive::Not => {
                return self.undone(step).map_or(Becomes::Itself, Becomes::Register);
            }
            Primitive::Unary(_)
            | Primitive::Compare(_)
            | Primitive::Test(_)
            | Primitive::Activation(_)
            | Primitive::Constant(_) => None,
        };
        kept.map_or(Becomes::Itself, |operand| {
            Becomes::Register(step.operands[operand])
        })
    }

    fn dtype(&self, register: usize) -> DType {
        match register.checked_sub(self.inputs.len()) {
            None => self.inputs[register],
            Some(step) => self.steps[step].dtype,
        }
    }

    /// The operand of the step before, if this one undoes that.
    fn undone(&self, step: &Step) -> Option<usize> {
        let before = self
            .steps
            .get(step.operands[0].checked_sub(self.inputs.len())?)?;
        (before.primitive == step.primitive).then(|| before.operands[0])
    }
}

/// Whether `x f number` is `x`.
fn is_right_neutral(function: Binary, number: Scalar) -> bool {
    match function {
        Binary::Sub => is_zero(number),
        Binary::Div => is_one(number),
        Binary::Add | Binary::Mul => is_left_neutral(function, number),
        Binary::Maximum
        | Binary::Minimum
        | Binary::SquaredDifference
        | Binary::Pow
        | Binary::FloorDiv
        | Binary::FloorMod
        | Binary::TruncateMod
        | Binary::Atan2
        | Binary::Zeta => false,
    }
}

/// Whether `number f x` is `x`.
fn is_left_neutral(function: Binary, number: Scalar) -> bool {
    match function {
        Binary::Add => is_minus_zero(number),
        Binary::Mul => is_one(number),
        Binary::Sub
        | Binary::Div
        | Binary::Maximum
        | Binary::Minimum
        | Binary::SquaredDifference
        | Binary::Pow
        | Binary::FloorDiv
        | Binary::FloorMod
        | Binary::TruncateMod
        | Binary::Atan2
        | Binary::Zeta => false,
    }
}

/// Whether a product with it is the other factor. Of floats the product is 0 where the factor is below
/// the normal numbers.
fn is_one(number: Scalar) -> bool {
    match number {
        Scalar::F32(_) | Scalar::F64(_) => false,
        Scalar::I32(number) => number == 1,
        Scalar::I64(number) => number == 1,
        Scalar::U8(number) => number == 1,
        Scalar::Bool(_) => false,
    }
}

/// Whether it is 0, and not -0.
fn is_zero(number: Scalar) -> bool {
    match number {
        Scalar::F32(number) => number.to_bits() == 0,
        Scalar::F64(number) => number.to_bits() == 0,
        Scalar::I32(number) => number == 0,
        Scalar::I64(number) => number == 0,
        Scalar::U8(number) => number == 0,
        Scalar::Bool(_) => false,
    }
}

/// Whether it is -0, which integers do not tell from 0.
fn is_minus_zero(number: Scalar) -> bool {
    match number {
        Scalar::F32(number) => number.to_bits() == (-0.0_f32).to_bits(),
        Scalar::F64(number) => number.to_bits() == (-0.0_f64).to_bits(),
        Scalar::I32(_) | Scalar::I64(_) | Scalar::U8(_) | Scalar::Bool(_) => is_zero(number),
    }
}

/// `1 / number`, if that is exact.
fn reciprocal(number: Scalar) -> Option<Scalar> {
    match number {
        Scalar::F32(number) => {
            let inverse = number.recip();
            let mantissa_is_zero = number.to_bits().trailing_zeros() >= f32::MANTISSA_DIGITS - 1;
            let exact = mantissa_is_zero && number.is_normal() && inverse.is_normal();
            exact.then_some(Scalar::F32(inverse))
        }
        Scalar::F64(number) => {
            let inverse = number.recip();
            let mantissa_is_zero = number.to_bits().trailing_zeros() >= f64::MANTISSA_DIGITS - 1;
            let exact = mantissa_is_zero && number.is_normal() && inverse.is_normal();
            exact.then_some(Scalar::F64(inverse))
        }
        Scalar::I32(_) | Scalar::I64(_) | Scalar::U8(_) | Scalar::Bool(_) => None,
    }
}

/// The expression without steps and inputs that no output depends on, and which inputs it has left.
fn without_unused(expression: &Expression) -> (Expression, Vec<usize>) {
    let first = expression.inputs.len();
    let mut used = vec![false; first + expression.steps.len()];
    for register in &expression.outputs {
        used[*register] = true;
    }
    for (index, step) in expression.steps.iter().enumerate().rev() {
        let register = first + index;
        if used[register] {
            step.operands
                .iter()
                .for_each(|operand| used[*operand] = true);
        }
    }
    let mut now = vec![0; used.len()];
    let left = (0..used.len()).filter(|register| used[*register]);
    for (place, register) in left.enumerate() {
        now[register] = place;
    }
    let inputs: Vec<usize> = (0..first).filter(|input| used[*input]).collect();
    let steps = expression.steps.iter().zip(first..);
    let steps = steps
        .filter(|(_, register)| used[*register])
        .map(|(step, _)| Step {
            operands: step.operands.iter().map(|operand| now[*operand]).collect(),
            ..step.clone()
        });
    let expression = Expression {
        inputs: inputs
            .iter()
            .map(|input| expression.inputs[*input])
            .collect(),
        steps: steps.collect(),
        outputs: expression
            .outputs
            .iter()
            .map(|register| now[*register])
            .collect(),
    };
    (expression, inputs)
}
