//! The shape rule of `TopK`.

use crate::element::DType;
use crate::fact::Fact;
use crate::infer::common::{Class, check_class, int_scalar, no_axis, size, splice};
use crate::mistake::Problem;

pub(super) fn top_k([x, k]: &[Fact; 2]) -> Result<Vec<Fact>, Problem> {
    check_class("x", x, Class::Number)?;
    let k = size("k", int_scalar("k", k)?)?;
    let axis = x.rank().checked_sub(1).ok_or_else(|| no_axis("x"))?;
    let sizes = x.shape.dim(axis).and_then(|dim| dim.known()).zip(k.known());
    if let Some((has, asked)) = sizes.filter(|(has, asked)| asked > has) {
        let message = format!("k is {asked} but the last axis of x has size {has}");
        return Err(Problem::shape(message).help("ask for as many as there are, or fewer"));
    }
    let shape = splice(&x.shape, axis..axis + 1, &[k]);
    Ok(vec![
        Fact::new(x.dtype, &shape),
        Fact::new(DType::I32, shape),
    ])
}
