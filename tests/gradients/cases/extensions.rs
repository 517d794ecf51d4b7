//! Cases of families `debug` and `custom`.

use std::sync::Arc;

use aqueduct::ir::{Fact, Problem};
use aqueduct::prelude::*;
use aqueduct::{Computation, CustomError, CustomGradient, CustomOp, PrintOptions, PrintTo};

use super::{Case, case, input};

pub(crate) fn extensions() -> Vec<Case> {
    vec![
        case("print", [input([2, 3])], |x| {
            let quiet = PrintOptions::new().to(PrintTo::Log);
            x[0].print_with("x", quiet).square()
        }),
        case("check_numerics", [input([2, 3])], |x| {
            x[0].check_numerics("x").square()
        }),
        case("custom", [input([2, 3]), input([2, 3])], |x| {
            let g: &Graph = x[0].graph();
            g.custom_tensor(Arc::new(Product), &[x[0].any(), x[1].any()])
        }),
        // Of two outputs one has no gradient.
        case("one output of custom", [input([2, 3])], |x| {
            let g: &Graph = x[0].graph();
            g.custom(Arc::new(Squares), &[x[0].any()])[1].typed()
        }),
    ]
}

/// `a * b` of one shape.
#[derive(Debug)]
struct Product;

impl CustomOp for Product {
    fn name(&self) -> &str {
        "product"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        Ok(inputs.iter().take(1).cloned().collect())
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let product = &run.input::<f64>(0)? * &run.input::<f64>(1)?;
        Ok(run.give(0, product)?)
    }

    fn gradient(&self) -> CustomGradient {
        CustomGradient::flows(|step| {
            let (a, b, g) = (step.operands()[0], step.operands()[1], step.grads()[0]);
            vec![Some(g.mul(b)), Some(g.mul(a))]
        })
    }
}

/// `2x` and `x²`.
#[derive(Debug)]
struct Squares;

impl CustomOp for Squares {
    fn name(&self) -> &str {
        "squares"
    }

    fn output_count(&self) -> usize {
        2
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        Ok([inputs, inputs].concat())
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let x = run.input::<f64>(0)?;
        run.give(0, x.mapv(|x| 2.0 * x))?;
        Ok(run.give(1, x.mapv(|x| x * x))?)
    }

    fn gradient(&self) -> CustomGradient {
        CustomGradient::flows(|step| {
            let twice = step.outputs()[0];
            vec![Some(
                step.grads()[0].scale(2.0).add(step.grads()[1].mul(twice)),
            )]
        })
    }
}
