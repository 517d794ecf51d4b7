use super::{Plain, check_in, check_problem_in};
use crate::ids::VariableId;
use crate::op::{State, Update};

fn variable() -> VariableId {
    VariableId::from_index(0)
}

fn assign(update: Update) -> State {
    State::Assign(variable(), update)
}

fn scatter(update: Update) -> State {
    State::Scatter(variable(), update)
}

#[test]
fn reads_give_the_variable() {
    let around = Plain::variable("i32=[2, 3]");
    check_in(&around, State::Read(variable()), "", "i32[2]");
    check_in(&around, State::ReadValue(variable()), "", "i32[2]");
    check_in(&around, State::IsInitialized(variable()), "", "bool[]");
    check_problem_in(
        &around,
        State::Read(variable()),
        "f32[]",
        "argument: the op takes 0 operands but is given 1",
    );
}

#[test]
fn writes_give_the_variable() {
    let around = Plain::variable("f32[10, 4]");
    for update in [Update::Set, Update::Add, Update::Sub] {
        check_in(&around, assign(update), "f32[a, 4]", "f32[10, 4]");
        check_in(&around, scatter(update), "i32[a]; f32[a, 4]", "f32[10, 4]");
        check_in(&around, scatter(update), "i64[3]; f32[?, 4]", "f32[10, 4]");
    }
    check_in(
        &Plain::variable("bool[2]"),
        assign(Update::Set),
        "bool[2]",
        "bool[2]",
    );
}

#[test]
fn assigned_values_must_fit() {
    let around = Plain::variable("f32[3]");
    check_problem_in(
        &around,
        assign(Update::Set),
        "f32[4]",
        "shape: value has shape [4] but the variable has shape [3] \
             | a write does not broadcast: give a value of the variable's shape",
    );
    check_problem_in(
        &around,
        assign(Update::Add),
        "f32[]",
        "shape: value has shape [] but the variable has shape [3] \
             | a write does not broadcast: give a value of the variable's shape",
    );
    check_problem_in(
        &around,
        assign(Update::Set),
        "i32[3]",
        "dtype: the variable is f32 but value is i32 | cast one of them: `.cast::<f32>()`",
    );
    check_problem_in(
        &Plain::variable("bool[3]"),
        assign(Update::Sub),
        "bool[3]",
        "dtype: the variable is bool but must be f32, f64, i32, i64 or u8 \
         | cast it: `.cast::<f32>()`",
    );
}

#[test]
fn scattered_rows_must_fit() {
    let around = Plain::variable("f32[10, 4]");
    check_problem_in(
        &around,
        scatter(Update::Add),
        "i32[3]; f32[2, 4]",
        "shape: updates has shape [2, 4] but must have shape [3, 4] \
         | give one row of the variable for each index",
    );
    check_problem_in(
        &around,
        scatter(Update::Add),
        "i32[3, 1]; f32[3, 4]",
        "shape: indices has shape [3, 1] but must be a vector | reshape indices to rank 1",
    );
    check_problem_in(
        &around,
        scatter(Update::Add),
        "u8[3]; f32[3, 4]",
        "dtype: indices is u8 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem_in(
        &Plain::variable("f32[]"),
        scatter(Update::Set),
        "i32[3]; f32[3]",
        "shape: the variable is a scalar and has no rows",
    );
}
