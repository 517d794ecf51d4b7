//! Shape rules of family `nn`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::fact::Fact;
use crate::infer::common::{
    Class, check_class, check_rank, check_same_dtype, first_dim, no_axis, operands,
};
use crate::mistake::Problem;
use crate::op::Nn;

pub(super) fn infer(op: Nn, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let fact = match op {
        Nn::Activation(_) => activation(operands(inputs)?),
        Nn::BiasAdd => bias_add(operands(inputs)?),
        Nn::Softmax | Nn::LogSoftmax | Nn::SoftmaxCrossEntropy | Nn::SparseSoftmaxCrossEntropy => {
            Err(Problem::argument("TOCOME"))
        }
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
