use super::{Plain, check_in, check_problem_in};
use crate::ids::VariableId;
use crate::op::{PartUpdate, State, Update};

fn variable() -> VariableId {
    VariableId::from_index(0)
}

fn assign(update: Update) -> State {
    State::Assign(variable(), update)
}

fn scatter(update: PartUpdate) -> State {
    State::Scatter(variable(), update)
}

fn scatter_nd(update: PartUpdate) -> State {
    State::ScatterNd(variable(), update)
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
    }
    for update in PartUpdate::ALL {
        let rows = scatter(update);
        check_in(&around, rows, "i32[a]; f32[a, 4]", "f32[10, 4]");
        check_in(&around, rows, "i64[3]; f32[?, 4]", "f32[10, 4]");
        check_in(&around, rows, "i32[]; f32[4]", "f32[10, 4]");
        check_in(&around, rows, "i32[a, 2]; f32[a, 2, 4]", "f32[10, 4]");
        let parts = scatter_nd(update);
        check_in(&around, parts, "i32[a, 1]; f32[a, 4]", "f32[10, 4]");
        check_in(&around, parts, "i64[?, 3, 2]; f32[2, 3]", "f32[10, 4]");
        check_in(&around, parts, "i32[2]; f32[]", "f32[10, 4]");
        check_in(&around, parts, "i32[3, 0]; f32[3, 10, 4]", "f32[10, 4]");
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
        scatter(PartUpdate::Add),
        "i32[3]; f32[2, 4]",
        "shape: updates has shape [2, 4] but must have shape [3, 4] \
         | give one row of the variable for each index",
    );
    check_problem_in(
        &around,
        scatter(PartUpdate::Min),
        "i32[3, 1]; f32[3, 4]",
        "shape: updates has shape [3, 4] but must have shape [3, 1, 4] \
         | give one row of the variable for each index",
    );
    check_problem_in(
        &around,
        scatter(PartUpdate::Add),
        "u8[3]; f32[3, 4]",
        "dtype: indices is u8 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem_in(
        &Plain::variable("f32[]"),
        scatter(PartUpdate::Set),
        "i32[3]; f32[3]",
        "shape: the variable is a scalar and has no rows",
    );
}

#[test]
fn scattered_parts_must_fit() {
    let around = Plain::variable("f32[10, 4]");
    check_problem_in(
        &around,
        scatter_nd(PartUpdate::Set),
        "i32[3, 2]; f32[3, 4]",
        "shape: updates has shape [3, 4] but must have shape [3] \
         | give an update for each row of indices, of the shape of the part that it names",
    );
    check_problem_in(
        &around,
        scatter_nd(PartUpdate::Set),
        "i32[3, 3]; f32[3]",
        "shape: a row of indices names 3 axes but the variable has rank 2 \
         | a row names one position of each first axis",
    );
    check_problem_in(
        &around,
        scatter_nd(PartUpdate::Set),
        "i32[3, ?]; f32[3]",
        "shape: the last size of indices is unknown \
         | it says how many axes are indexed, and so the rank of the result: give it a fixed size",
    );
    check_problem_in(
        &around,
        scatter_nd(PartUpdate::Mul),
        "i32[3, 1]; f64[3, 4]",
        "dtype: the variable is f32 but updates is f64 | cast one of them: `.cast::<f32>()`",
    );
}
