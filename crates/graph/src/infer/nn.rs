//! Shape rules of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::fact::Fact;
use crate::infer::common::{
    Class, check_class, check_rank, check_same_dtype, first_dim, no_axis, operands, unify,
};
use crate::infer::conv;
use crate::mistake::Problem;
use crate::op::Nn;
use crate::shape::Shape;

pub(super) fn infer(op: Nn, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let fact = match op {
        Nn::Activation(_) => activation(operands(inputs)?),
        Nn::BiasAdd => bias_add(operands(inputs)?),
        Nn::Softmax | Nn::LogSoftmax => softmax(operands(inputs)?),
        Nn::SoftmaxCrossEntropy => softmax_cross_entropy(operands(inputs)?),
        Nn::SparseSoftmaxCrossEntropy => sparse_softmax_cross_entropy(operands(inputs)?),
        Nn::Convolution(op, sliding) => conv::convolution(op, &sliding, inputs),
        Nn::Pooling(op, windows) => conv::pooling(op, &windows, inputs),
    }?;
    Ok(vec![fact])
}

fn activation([x]: &[Fact; 1]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Float)?;
    Ok(Fact::new(x.dtype, &x.shape))
}

fn bias_add([x, bias]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_same_dtype(("x", x), ("bias", bias))?;
    check_class("x", x, Class::Number)?;
    check_rank("bias", bias, 1)?;
    let length = first_dim("bias", bias)?;
    let Some((last, leading)) = x.shape.dims().split_last() else {
        return Err(no_axis("x"));
    };
    let channels = last.unify(length).ok_or_else(|| {
        let message = format!("the last axis of x has size {last} but bias has {length} elements");
        Problem::shape(message).help(format!("bias needs {last} elements"))
    })?;
    Ok(Fact::new(x.dtype, [leading, &[channels]].concat()))
}

fn softmax([logits]: &[Fact; 1]) -> Result<Fact, Problem> {
    rows_of("logits", logits)?;
    Ok(Fact::new(logits.dtype, &logits.shape))
}

fn softmax_cross_entropy([logits, labels]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_same_dtype(("logits", logits), ("labels", labels))?;
    rows_of("logits", logits)?;
    let common = unify(&logits.shape, &labels.shape).ok_or_else(|| {
        let help = if labels.rank() + 1 == logits.rank() {
            "labels are distributions over the classes; numbers of classes go to \
             `sparse_softmax_cross_entropy_with_logits`"
        } else {
            "labels and logits must have one shape"
        };
        shapes_differ(logits, labels).help(help)
    })?;
    Ok(Fact::new(logits.dtype, leading(&common)))
}

fn sparse_softmax_cross_entropy([logits, labels]: &[Fact; 2]) -> Result<Fact, Problem> {
    let rows = rows_of("logits", logits)?;
    check_class("labels", labels, Class::Index)?;
    let common = unify(&rows, &labels.shape).ok_or_else(|| {
        shapes_differ(logits, labels).help(format!(
            "labels has the shape of logits without the last axis: {rows}"
        ))
    })?;
    Ok(Fact::new(logits.dtype, common))
}

/// The shape of an operand that holds floats in rows: its own without the last axis.
fn rows_of(role: &str, fact: &Fact) -> Result<Shape, Problem> {
    check_class(role, fact, Class::Float)?;
    if fact.rank() == 0 {
        return Err(no_axis(role));
    }
    Ok(leading(&fact.shape))
}

/// The shape without its last axis.
fn leading(shape: &Shape) -> Shape {
    let dims = shape.dims();
    let dims = dims.split_last().map_or(dims, |(_, leading)| leading);
    Shape::new(dims.to_vec())
}

fn shapes_differ(logits: &Fact, labels: &Fact) -> Problem {
    let (logits, labels) = (&logits.shape, &labels.shape);
    Problem::shape(format!(
        "logits has shape {logits} but labels has shape {labels}"
    ))
}
