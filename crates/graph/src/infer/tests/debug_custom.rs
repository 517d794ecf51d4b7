//! Families `debug` and `custom`.

use std::sync::Arc;

use super::{check, check_problem};
use crate::custom::{Computation, Custom, CustomError, CustomOp};
use crate::fact::Fact;
use crate::mistake::Problem;
use crate::op::{Debug, PrintTo};

fn message() -> String {
    "m".to_owned()
}

#[test]
fn assert_takes_any_condition_and_any_data() {
    let assert = || Debug::Assert {
        message: message(),
        summarize: 3,
    };
    check(assert(), "bool[]", "");
    check(assert(), "bool[a, 2]; f32[?]; i32=[1, 2]", "");
    check_problem(
        assert(),
        "f32[]",
        "dtype: condition is f32 but must be bool | cast it: `.cast::<bool>()`",
    );
    check_problem(
        assert(),
        "",
        "argument: the op takes at least 1 operand but is given 0",
    );
}

#[test]
fn print_gives_what_it_takes() {
    let print = || Debug::Print {
        message: message(),
        summarize: 3,
        to: PrintTo::Stderr,
    };
    check(print(), "f32[a, 3]; u8[2]", "f32[a, 3]");
    check(print(), "i32=[a, 2]", "i32=[a, 2]");
    check_problem(
        print(),
        "",
        "argument: the op takes at least 1 operand but is given 0",
    );
}

#[test]
fn check_numerics_is_of_floats() {
    let check_numerics = || Debug::CheckNumerics { message: message() };
    check(check_numerics(), "f32[a, 3]", "f32[a, 3]");
    check(check_numerics(), "f64[]", "f64[]");
    check_problem(
        check_numerics(),
        "i32[2]",
        "dtype: x is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        check_numerics(),
        "f32[]; f32[]",
        "argument: the op takes 1 operand but is given 2",
    );
}

/// Gives its operands' facts, as so many outputs as it says.
#[derive(Debug)]
struct AsOperands {
    outputs: usize,
}

impl CustomOp for AsOperands {
    fn name(&self) -> &str {
        "as_operands"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        assert!(!inputs.is_empty(), "there is no operand");
        Ok(inputs.to_vec())
    }

    fn compute(&self, _: &mut Computation<'_>) -> Result<(), CustomError> {
        Ok(())
    }

    fn output_count(&self) -> usize {
        self.outputs
    }
}

#[test]
fn custom_rules_are_checked() {
    let op = |outputs| Custom::new(Arc::new(AsOperands { outputs }));
    check(op(1), "f32[a, 3]", "f32[a, 3]");
    check(op(2), "f32[a, 3]; bool[]", "f32[a, 3]; bool[]");
    // The elements of an operand are not those of a result.
    check(op(1), "i32=[a, 2]", "i32[2]");
    check_problem(
        op(1),
        "f32[]; f32[]",
        "argument: its shape rule gives 2 outputs but the op declares 1 output | \
         `CustomOp::output_count` says how many outputs `infer` gives",
    );
    check_problem(
        op(1),
        "",
        "argument: its shape rule panicked: there is no operand",
    );
}
