use super::{check, check_problem};
use crate::op::{Array, Extreme};

#[test]
fn gather_nd() {
    let op = || Array::GatherNd;
    check(op(), "f32[a, 4, 5]; i32[3, 2]", "f32[3, 5]");
    check(op(), "f32[a, 4]; i64[b, ?, 2]", "f32[b, ?]");
    check(op(), "bool[a, 4]; i32[0]", "bool[a, 4]");
    check(op(), "f32[a]; i32[1]", "f32[]");
    check_problem(
        op(),
        "f32[3]; f32[2, 1]",
        "dtype: indices is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem(
        op(),
        "f32[3]; i32[]",
        "shape: indices is a scalar but must have an axis | give indices an axis with `expand_dims(0)`",
    );
    check_problem(
        op(),
        "f32[3]; i32[2, a]",
        "shape: the last size of indices is unknown | it says how many axes are indexed, and so the rank of the result: give it a fixed size",
    );
    check_problem(
        op(),
        "f32[3]; i32[2, 2]",
        "shape: a row of indices names 2 axes but x has rank 1 | a row names one position of each first axis",
    );
}

#[test]
fn scatter_nd() {
    let op = || Array::ScatterNd;
    check(op(), "i32[3, 2]; f32[3, 5]; i32=[a, 4, 5]", "f32[a, 4, 5]");
    check(op(), "i64[a, 1]; i32[a]; i32=[9]", "i32[9]");
    check(op(), "i32[2, 0]; f32[2, 4]; i32=[4]", "f32[4]");
    check_problem(
        op(),
        "i32[3, 2]; f32[3]; i32=[4, 4, 5]",
        "shape: updates has shape [3] but must be [3, 5] | give an update for each row of indices, of the shape of the part that it names",
    );
    check_problem(
        op(),
        "i32[3, 2]; f32[3]; i32=[4]",
        "shape: a row of indices names 2 axes but the result has rank 1 | a row names one position of each first axis",
    );
    check_problem(
        op(),
        "i32[3, 1]; bool[3]; i32=[4]",
        "dtype: updates is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        op(),
        "i32[3, 1]; f32[3]; i32=[-4]",
        "shape: shape gives the negative size -4 | a size is 0 or more",
    );
}

#[test]
fn reverse_sequence() {
    let op = |seq_axis, batch_axis| Array::ReverseSequence {
        seq_axis,
        batch_axis,
    };
    check(op(1, 0), "f32[?, 4]; i32[a]", "f32[a, 4]");
    check(op(0, 2), "f32[b, 4, 3]; i64[?]", "f32[b, 4, 3]");
    check_problem(
        op(1, 1),
        "f32[2, 4]; i32[4]",
        "argument: seq_axis and batch_axis are both 1 | name two axes",
    );
    check_problem(
        op(1, 0),
        "f32[2]; i32[2]",
        "argument: axis 1 does not exist: x has rank 1 | axes run from 0 to 0",
    );
    check_problem(
        op(1, 0),
        "f32[2, 4]; i32[3]",
        "shape: lengths has shape [3] but axis 0 of x has shape [2] | give one length for each position of the batch axis",
    );
    check_problem(
        op(1, 0),
        "f32[2, 4]; i32[]",
        "shape: lengths has shape [] but must be a vector | reshape lengths to rank 1",
    );
}

#[test]
fn one_hot() {
    let op = |axis| Array::OneHot { axis };
    check(op(1), "i64[a]; i32=10; f32[]; f32[]", "f32[a, 10]");
    check(op(0), "i32[a, 2]; i64=b; bool[]; bool[]", "bool[b, a, 2]");
    check(op(0), "i32[]; i32[]; f32[]; f32[]", "f32[?]");
    check_problem(
        op(2),
        "i32[a]; i32=3; f32[]; f32[]",
        "argument: axis 2 does not exist: the result has rank 2 | axes run from 0 to 1",
    );
    check_problem(
        op(0),
        "i32[a]; i32=-3; f32[]; f32[]",
        "shape: depth gives the negative size -3 | a size is 0 or more",
    );
    check_problem(
        op(0),
        "i32[a]; i32=3; f32[]; i32[]",
        "dtype: on is f32 but off is i32 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        op(0),
        "i32[a]; i32=3; f32[2]; f32[]",
        "shape: on has shape [2] but must be a scalar | reshape on to rank 0",
    );
    check_problem(
        op(0),
        "f32[a]; i32=3; f32[]; f32[]",
        "dtype: indices is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
}

#[test]
fn the_places_of_a_condition() {
    check(Array::Where, "bool[a, 3]", "i64[?, 2]");
    check(Array::Where, "bool[]", "i64[?, 0]");
    check_problem(
        Array::Where,
        "f32[3]",
        "dtype: condition is f32 but must be bool | cast it: `.cast::<bool>()`",
    );
}

#[test]
fn the_first_places_of_equal_elements() {
    check(Array::FirstOccurrence, "i64[a]", "i32[a]");
    check(Array::FirstOccurrence, "f32[?]", "i32[?]");
    check(Array::FirstOccurrence, "i32=[4, 4]", "i32[2]");
    check_problem(
        Array::FirstOccurrence,
        "i32[2, 3]",
        "shape: x has shape [2, 3] but must be a vector | reshape x to rank 1",
    );
    check_problem(
        Array::FirstOccurrence,
        "bool[2]",
        "dtype: x is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
}

#[test]
fn updated_parts() {
    check(
        Array::TensorScatterUpdate,
        "bool[a, 3]; i64[?, 1]; bool[?, 3]",
        "bool[a, 3]",
    );
    check_problem(
        Array::TensorScatterUpdate,
        "f32[a, 3]; i32[2, 1]; f32[2]",
        "shape: updates has shape [2] but must be [2, 3] | give an update for each row of indices, of the shape of the part that it names",
    );
    check_problem(
        Array::TensorScatterUpdate,
        "f32[a]; i32[2, 1]; i32[2]",
        "dtype: x is f32 but updates is i32 | cast one of them: `.cast::<f32>()`",
    );
}

#[test]
fn orders() {
    let top = Array::TopK {
        extreme: Extreme::Largest,
    };
    for (inputs, outputs) in [
        ("f32[5]; i32=3", "f32[3]; i32[3]"),
        ("u8[a, 5]; i64=0", "u8[a, 0]; i32[a, 0]"),
        ("f64[a, b]; i32=b", "f64[a, b]; i32[a, b]"),
        ("f64[2]; i32=?", "f64[?]; i32[?]"),
    ] {
        check(top.clone(), inputs, outputs);
    }
    for (inputs, problem) in [
        (
            "f32[a, 2]; i32=3",
            "shape: k is 3 but the last axis of x has size 2 | ask for as many as there are, or fewer",
        ),
        (
            "f32[]; i32=0",
            "shape: x is a scalar but must have an axis | give x an axis with `expand_dims(0)`",
        ),
        (
            "f32[2]; i32=-1",
            "shape: k gives the negative size -1 | a size is 0 or more",
        ),
        (
            "bool[2]; i32=1",
            "dtype: x is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
        ),
    ] {
        check_problem(top.clone(), inputs, problem);
    }
}
