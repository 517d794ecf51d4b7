use super::{check, check_problem};
use crate::element::DType;
use crate::op::{Binary, Compare, Logical, Math, Test, Unary};

const ADD: Math = Math::Binary(Binary::Add);
const LESS: Math = Math::Compare(Compare::Less);

fn matmul(transpose_a: bool, transpose_b: bool) -> Math {
    Math::MatMul {
        transpose_a,
        transpose_b,
    }
}

#[test]
fn unary_keeps_shape_and_dtype() {
    for op in Unary::ALL {
        check(Math::Unary(op), "f32[a, 3]", "f32[a, 3]");
        check(Math::Unary(op), "f64[]", "f64[]");
    }
    check(Math::Unary(Unary::Square), "u8[2]", "u8[2]");
    check(Math::Unary(Unary::Abs), "i32=[-2, a]", "i32[2]");
}

#[test]
fn unary_checks_its_dtype() {
    check_problem(
        Math::Unary(Unary::Neg),
        "u8[2]",
        "dtype: x is u8 but must be f32, f64, i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem(
        Math::Unary(Unary::Exp),
        "i32[2]",
        "dtype: x is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        Math::Unary(Unary::Exp),
        "f32[]; f32[]",
        "argument: the op takes 1 operand but is given 2",
    );
}

#[test]
fn pairs_broadcast() {
    for (inputs, output) in [
        ("f32[2, 3]; f32[2, 3]", "f32[2, 3]"),
        ("f32[2, 3]; f32[3]", "f32[2, 3]"),
        ("f32[]; f32[a, 3]", "f32[a, 3]"),
        ("f32[2, 1]; f32[1, 3]", "f32[2, 3]"),
        ("f32[a, 3]; f32[a, 1]", "f32[a, 3]"),
        ("f32[a]; f32[b]", "f32[?]"),
        ("f32[?]; f32[?]", "f32[?]"),
        ("f32[a]; f32[4]", "f32[4]"),
        ("f32[1]; f32[a]", "f32[a]"),
        ("f32[0]; f32[a]", "f32[0]"),
        ("f32[0]; f32[1]", "f32[0]"),
        ("u8[2]; u8[]", "u8[2]"),
    ] {
        for op in Binary::ALL {
            if inputs.starts_with('f') || !op.is_of_floats() {
                check(Math::Binary(op), inputs, output);
            }
        }
    }
    for op in Compare::ALL {
        check(Math::Compare(op), "i64[2, 1]; i64[a]", "bool[2, a]");
    }
    check(Math::Compare(Compare::Equal), "bool[2]; bool[2]", "bool[2]");
}

#[test]
fn pairs_that_do_not_fit() {
    check_problem(
        ADD,
        "f32[2, 3]; f32[4, 3]",
        "shape: shapes [2, 3] and [4, 3] do not broadcast: axis 0 has sizes 2 and 4 \
         | sizes must be equal, or one of them 1",
    );
    check_problem(
        ADD,
        "f32[a, 3]; f32[2]",
        "shape: shapes [?, 3] and [2] do not broadcast: axis 1 has sizes 3 and 2 \
         | sizes must be equal, or one of them 1",
    );
    check_problem(
        ADD,
        "f32[0]; f32[2]",
        "shape: shapes [0] and [2] do not broadcast: axis 0 has sizes 0 and 2 \
         | sizes must be equal, or one of them 1",
    );
    check_problem(
        ADD,
        "f32[2]; i32[2]",
        "dtype: lhs is f32 but rhs is i32 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        LESS,
        "i32[2]; f64[2]",
        "dtype: lhs is i32 but rhs is f64 | cast one of them: `.cast::<f64>()`",
    );
    check_problem(
        LESS,
        "bool[2]; bool[2]",
        "dtype: lhs is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        ADD,
        "bool[2]; bool[2]",
        "dtype: lhs is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        Math::Binary(Binary::Atan2),
        "i32[2]; i32[2]",
        "dtype: lhs is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
    );
    check_problem(ADD, "", "argument: the op takes 2 operands but is given 0");
}

#[test]
fn properties_of_floats_are_truth_values() {
    for op in Test::ALL {
        check(Math::Test(op), "f32[a, 3]", "bool[a, 3]");
        check(Math::Test(op), "f64[]", "bool[]");
        check(Math::Test(op), "f32[?, 0]", "bool[?, 0]");
        check_problem(
            Math::Test(op),
            "i32[2]",
            "dtype: x is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
        );
        check_problem(
            Math::Test(op),
            "f32[]; f32[]",
            "argument: the op takes 1 operand but is given 2",
        );
    }
}

#[test]
fn truth_values_broadcast() {
    for op in Logical::ALL.map(Math::Logical) {
        check(op, "bool[2, 1]; bool[a]", "bool[2, a]");
        check(op, "bool[a]; bool[b]", "bool[?]");
        check(op, "bool[]; bool[a, 3]", "bool[a, 3]");
        check_problem(
            op,
            "f32[2]; bool[2]",
            "dtype: lhs is f32 but must be bool | cast it: `.cast::<bool>()`",
        );
        check_problem(
            op,
            "bool[2]; i32[2]",
            "dtype: rhs is i32 but must be bool | cast it: `.cast::<bool>()`",
        );
        check_problem(
            op,
            "bool[2]; bool[3]",
            "shape: shapes [2] and [3] do not broadcast: axis 0 has sizes 2 and 3 \
             | sizes must be equal, or one of them 1",
        );
        check_problem(
            op,
            "bool[]",
            "argument: the op takes 2 operands but is given 1",
        );
    }
    check(Math::Not, "bool[a, 3]", "bool[a, 3]");
    check_problem(
        Math::Not,
        "u8[2]",
        "dtype: x is u8 but must be bool | cast it: `.cast::<bool>()`",
    );
    check_problem(
        Math::Not,
        "",
        "argument: the op takes 1 operand but is given 0",
    );
}

#[test]
fn select_broadcasts_three() {
    check(Math::Select, "bool[2, 1]; f32[a]; f32[]", "f32[2, a]");
    check(Math::Select, "bool[a]; i32[a]; i32[a]", "i32[a]");
    check_problem(
        Math::Select,
        "f32[]; f32[]; f32[]",
        "dtype: condition is f32 but must be bool | cast it: `.cast::<bool>()`",
    );
    check_problem(
        Math::Select,
        "bool[2]; f32[3]; f32[3]",
        "shape: shapes [2] and [3] do not broadcast: axis 0 has sizes 2 and 3 \
         | sizes must be equal, or one of them 1",
    );
}

#[test]
fn add_n_takes_one_shape() {
    check(Math::AddN, "f32[a, 3]", "f32[a, 3]");
    check(Math::AddN, "f32[a, 3]; f32[2, 3]; f32[b, ?]", "f32[2, 3]");
    check_problem(
        Math::AddN,
        "",
        "argument: the op takes at least 1 operand but is given 0",
    );
    check_problem(
        Math::AddN,
        "f32[?]; f32[2]; f32[3]",
        "shape: input 2 has shape [3] but the inputs before it have shape [2] \
         | all inputs must have one shape",
    );
    check_problem(
        Math::AddN,
        "f32[2]; f32[2]; f64[2]",
        "dtype: input 0 is f32 but input 2 is f64 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        Math::AddN,
        "bool[2]",
        "dtype: input 0 is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
}

#[test]
fn matmul_contracts_the_inner_dimensions() {
    for (op, inputs, output) in [
        (matmul(false, false), "f32[a, 3]; f32[3, 4]", "f32[a, 4]"),
        (matmul(false, false), "f64[2, ?]; f64[3, b]", "f64[2, b]"),
        (matmul(true, false), "f32[3, a]; f32[3, 4]", "f32[a, 4]"),
        (matmul(false, true), "f32[a, 3]; f32[4, 3]", "f32[a, 4]"),
        (matmul(true, true), "f32[3, a]; f32[4, 3]", "f32[a, 4]"),
        (matmul(false, false), "f32[0, 3]; f32[3, 0]", "f32[0, 0]"),
    ] {
        check(op, inputs, output);
    }
}

#[test]
fn matmul_says_what_the_right_operand_needs() {
    check_problem(
        matmul(false, false),
        "f32[?, 784]; f32[128, 10]",
        "shape: inner dimensions 784 and 128 differ | rhs needs 784 rows",
    );
    check_problem(
        matmul(false, true),
        "f32[?, 784]; f32[10, 128]",
        "shape: inner dimensions 784 and 128 differ | rhs needs 784 columns",
    );
    check_problem(
        matmul(true, false),
        "f32[1, 5]; f32[5, 2]",
        "shape: inner dimensions 1 and 5 differ | rhs needs 1 row",
    );
    check_problem(
        matmul(false, false),
        "f32[2, 3]; f32[3]",
        "shape: rhs has shape [3] but must be a matrix | reshape rhs to rank 2",
    );
    check_problem(
        matmul(false, false),
        "f32[]; f32[2, 4, 4]",
        "shape: lhs has shape [] but must be a matrix | reshape lhs to rank 2",
    );
    check_problem(
        matmul(false, false),
        "i32[2, 3]; i32[3, 4]",
        "dtype: lhs is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
    );
}

#[test]
fn matmul_broadcasts_the_axes_before_the_matrices() {
    for (op, inputs, output) in [
        (
            matmul(false, false),
            "f32[a, 2, 3]; f32[3, 4]",
            "f32[a, 2, 4]",
        ),
        (
            matmul(false, false),
            "f32[2, 3]; f32[a, b, 3, 4]",
            "f32[a, b, 2, 4]",
        ),
        (
            matmul(true, true),
            "f64[5, 1, 3, b]; f64[a, 4, 3]",
            "f64[5, a, b, 4]",
        ),
        (
            matmul(false, false),
            "f32[a, 2, 3]; f32[a, 3, 2]",
            "f32[a, 2, 2]",
        ),
        (
            matmul(false, false),
            "f32[a, 2, 3]; f32[b, 3, 2]",
            "f32[?, 2, 2]",
        ),
        (
            matmul(false, false),
            "f32[0, 2, 3]; f32[1, 3, 2]",
            "f32[0, 2, 2]",
        ),
    ] {
        check(op, inputs, output);
    }
    check_problem(
        matmul(false, false),
        "f32[2, 5, 4, 3]; f32[6, 3, 4]",
        "shape: batch sizes 5 and 6 differ: axis 1 of lhs and axis 0 of rhs \
         | sizes must be equal, or one of them 1",
    );
    check_problem(
        matmul(true, false),
        "f32[5, 3, 4]; f32[2, 4, 3, 7]",
        "shape: batch sizes 5 and 4 differ: axis 0 of lhs and axis 1 of rhs \
         | sizes must be equal, or one of them 1",
    );
    check_problem(
        matmul(false, false),
        "f32[?, 2, 784]; f32[128, 10]",
        "shape: inner dimensions 784 and 128 differ: axis 2 of lhs and axis 0 of rhs \
         | rhs needs 784 rows",
    );
    check_problem(
        matmul(true, true),
        "f32[3, 2]; f32[5, 4, 7]",
        "shape: inner dimensions 3 and 7 differ: axis 0 of lhs and axis 2 of rhs \
         | rhs needs 3 columns",
    );
}

#[test]
fn cast_keeps_the_shape() {
    for from in DType::ALL {
        for to in DType::ALL {
            check(
                Math::Cast { to },
                &format!("{from}[a, 2]"),
                &format!("{to}[a, 2]"),
            );
        }
    }
}
