//! Rows of families `debug` and `custom`.

use std::sync::Arc;

use aqueduct::ir::{Fact, Problem};
use aqueduct::{Computation, CustomError, CustomOp};
use ndarray::ArrayViewD;

use crate::row::Row;

pub(crate) fn debug() -> Vec<Row> {
    vec![
        row!(Element "x.print(message)", "any", "tf.Print", |x: [2]| x.print("x")),
        row!(Float "x.check_numerics(message)", "any", "tf.check_numerics", |x: [2]| x.check_numerics("x")),
        row!(Element "g.assert(condition, &[x, …], message)", "bool […], any, …", "tf.Assert", |x: [2]| {
            x.graph().assert(x.equal(x), &[x.any()], "x is x")
        }),
        row!(Element "g.assert_equal(x, y, message)", "[…] with […]", "tf.assert_equal", |x: [2]| x.graph().assert_equal(x, x, "x is x")),
        row!(Number "g.assert_less(x, y, message)", "[…] with […]", "tf.assert_less", |x: [2]| x.graph().assert_less(x, x, "x")),
    ]
}

pub(crate) fn custom() -> Vec<Row> {
    vec![
        row!(Element "g.closure(name, (x, …), shape, |x, …| …)", "any, … → [shape], any size `?`", "tf.py_func", |x: [2]| {
            x.graph().closure("copy", x, x.shape(), |x: ArrayViewD<'_, T>| {
                Ok::<_, CustomError>(x.to_owned())
            })
        }),
        row!(Element "g.custom(op, &[x, …])", "what its `CustomOp` says", "tf.load_op_library", |x: [2]| {
            x.graph().custom(Arc::new(Same), &[x.any()])
        }),
    ]
}

/// An op that gives back its operand, without a gradient.
#[derive(Debug)]
struct Same;

impl CustomOp for Same {
    fn name(&self) -> &str {
        "same"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        Ok(inputs.to_vec())
    }

    fn compute(&self, _: &mut Computation<'_>) -> Result<(), CustomError> {
        Err("only its row is wanted".into())
    }
}
