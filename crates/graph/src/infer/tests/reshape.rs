use super::{check, check_problem};
use crate::op::Array;

#[test]
fn known_sizes() {
    for (inputs, output) in [
        ("f32[2, 3]; i32=[3, 2]", "f32[3, 2]"),
        ("f32[2, 3]; i64=[-1]", "f32[6]"),
        ("f32[2, 3]; i32=[-1, 2]", "f32[3, 2]"),
        ("f32[1]; i32[0]", "f32[]"),
        ("f32[]; i32=[-1, 1]", "f32[1, 1]"),
        ("f32[0, 3]; i32=[-1, 3]", "f32[0, 3]"),
        ("f32[0, 3]; i32=[7, 0]", "f32[7, 0]"),
    ] {
        check(Array::Reshape, inputs, output);
    }
}

#[test]
fn unknown_sizes_cancel() {
    for (inputs, output) in [
        ("f32[a, 28, 28]; i32=[-1, 784]", "f32[a, 784]"),
        ("f32[b, 9, 4]; i32=[-1, 4]", "f32[?, 4]"),
        ("f32[a, b, 4]; i32=[b, -1, 4]", "f32[b, a, 4]"),
        ("f32[a, 6]; i32=[a, -1, 2]", "f32[a, 3, 2]"),
        ("f32[a, a, 6]; i32=[a, -1, 6]", "f32[a, a, 6]"),
        ("f32[a, b]; i32=[-1]", "f32[?]"),
        ("f32[a, 4]; i32=[a, 2, 2]", "f32[a, 2, 2]"),
        ("f32[a, 4]; i32=[12]", "f32[12]"),
        ("f32[a, 4]; i32=[0]", "f32[0]"),
        ("f32[6]; i32=[a, -1]", "f32[?, ?]"),
        ("f32[a]; i32=[a, a, -1]", "f32[a, a, ?]"),
        ("f32[?, 4]; i32=[-1, 4]", "f32[?, 4]"),
        ("f32[a, 0]; i32=[5, b]", "f32[5, ?]"),
    ] {
        check(Array::Reshape, inputs, output);
    }
}

#[test]
fn a_number_that_may_be_minus_one_decides_nothing() {
    check(Array::Reshape, "f32[a, 6]; i32=[b, 6]", "f32[?, 6]");
    check(Array::Reshape, "f32[4, 6]; i32[2]", "f32[?, ?]");
    check(Array::Reshape, "f32[a, 6]; i32=[-1, b]", "f32[?, ?]");
    check(Array::Reshape, "f32[a, 7]; i32=[a, ?, 2]", "f32[a, ?, 2]");
}

#[test]
fn requests_that_cannot_be_met() {
    check_problem(
        Array::Reshape,
        "f32[2, 3]; i32=[4, 2]",
        "shape: shapes [2, 3] and [4, 2] have 6 and 8 elements | give sizes whose product is 6; one of \
         them may be -1, for what is left",
    );
    check_problem(
        Array::Reshape,
        "f32[a, 6]; i32=[a, 7]",
        "shape: shapes [?, 6] and [?, 7] cannot have as many elements | one size may be -1, \
         for what is left",
    );
    check_problem(
        Array::Reshape,
        "f32[a, 4]; i32=[6]",
        "shape: shapes [?, 4] and [6] cannot have as many elements | one size may be -1, \
         for what is left",
    );
    check_problem(
        Array::Reshape,
        "f32[2, 3]; i32=[-1, 4]",
        "shape: the elements of shape [2, 3] cannot be divided over [-1, 4]: 6 is not \
         a multiple of 4 | give sizes whose product divides 6",
    );
    check_problem(
        Array::Reshape,
        "f32[2, 3]; i32=[-1, -1]",
        "shape: shape has 2 entries of -1 | at most one size can be worked out",
    );
    check_problem(
        Array::Reshape,
        "f32[2, 3]; i32=[-2, 3]",
        "shape: shape gives the negative size -2 | a size is 0 or more",
    );
    check_problem(
        Array::Reshape,
        "f32[0, 3]; i32=[0, -1]",
        "shape: the -1 in [0, -1] could be any size beside a size of 0 | give the size in place of -1",
    );
}

#[test]
fn the_request_must_be_an_index_vector_of_known_length() {
    check_problem(
        Array::Reshape,
        "f32[6]; i32[a]",
        "shape: the length of shape is unknown | the rank of the result must be known while \
         building: give shape a fixed length",
    );
    check_problem(
        Array::Reshape,
        "f32[6]; f32[1]",
        "dtype: shape is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem(
        Array::Reshape,
        "f32[6]; i32=6",
        "shape: shape has shape [] but must be a vector | reshape shape to rank 1",
    );
}
