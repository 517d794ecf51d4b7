use super::{check, check_problem, shape};
use crate::element::DType;
use crate::op::Array;
use crate::shape::Shape;

fn split(axis: usize, count: usize, sizes: Option<&[usize]>) -> Array {
    Array::Split {
        axis,
        count,
        sizes: sizes.map(<[usize]>::to_vec),
    }
}

fn squeeze(axes: &[usize]) -> Array {
    Array::Squeeze {
        axes: axes.to_vec(),
    }
}

fn transpose(perm: &[usize]) -> Array {
    Array::Transpose {
        perm: perm.to_vec(),
    }
}

#[test]
fn axes_come_and_go() {
    check(Array::ExpandDims { axis: 0 }, "f32[a]", "f32[1, a]");
    check(Array::ExpandDims { axis: 1 }, "f32[a]", "f32[a, 1]");
    check(squeeze(&[0, 2]), "f32[1, a, 1]", "f32[a]");
    check(squeeze(&[0]), "f32[a, 2]", "f32[2]");
    check(squeeze(&[]), "f32[1]", "f32[1]");
    check(transpose(&[1, 0, 2]), "f32[a, 28, 3]", "f32[28, a, 3]");
    check(transpose(&[]), "f32[]", "f32[]");
}

#[test]
fn axes_must_exist() {
    check_problem(
        Array::ExpandDims { axis: 3 },
        "f32[a]",
        "argument: axis 3 does not exist: the result has rank 2 | axes run from 0 to 1",
    );
    check_problem(
        squeeze(&[1]),
        "f32[1]",
        "argument: axis 1 does not exist: x has rank 1 | axes run from 0 to 0",
    );
    check_problem(
        squeeze(&[0]),
        "f32[]",
        "argument: axis 0 does not exist: x is a scalar",
    );
    check_problem(
        squeeze(&[1, 0]),
        "f32[1, 1]",
        "argument: axes [1, 0] do not ascend | name each axis once, in ascending order",
    );
    check_problem(
        squeeze(&[0, 1]),
        "f32[1, 2]",
        "shape: axis 1 has size 2, not 1 | only axes of size 1 can be squeezed",
    );
    for perm in [&[0][..], &[0, 0], &[0, 2], &[0, 1, 2]] {
        check_problem(
            transpose(perm),
            "f32[2, 3]",
            &format!(
                "argument: {perm:?} is not a permutation of the 2 axes of x | name each axis of x once"
            ),
        );
    }
}

#[test]
fn sizes_are_taken_from_an_operand() {
    check(Array::Fill, "i32=[a, 4]; f32[]", "f32[a, 4]");
    check(Array::Fill, "i64[2]; bool[]", "bool[?, ?]");
    check(Array::BroadcastTo, "f32[3]; i32=[a, 3]", "f32[a, 3]");
    check(Array::BroadcastTo, "f32[3]; i32[2]", "f32[?, 3]");
    check(Array::BroadcastTo, "f32[a, 1]; i32=[a, b]", "f32[a, b]");
    check(Array::BroadcastTo, "f32[]; i32[0]", "f32[]");
    check_problem(
        Array::Fill,
        "i32=[2, -4]; f32[]",
        "shape: sizes gives the negative size -4 | a size is 0 or more",
    );
    check_problem(
        Array::Fill,
        "i32[a]; f32[]",
        "shape: the length of sizes is unknown | the rank of the result must be known while \
         building: give sizes a fixed length",
    );
    check_problem(
        Array::Fill,
        "i32[65]; f32[]",
        "shape: sizes has 65 elements but may have 64 | the rank of the result must be known \
         while building: give sizes a fixed length",
    );
    check_problem(
        Array::Fill,
        "i32=[2]; f32[1]",
        "shape: value has shape [1] but must be a scalar | reshape value to rank 0",
    );
    check_problem(
        Array::BroadcastTo,
        "f32[3]; i32=[2, 4]",
        "shape: shape [3] does not broadcast to [2, 4]: axis 1 has sizes 3 and 4 | \
         a size must be 1 or that of the result, counted from the last axis",
    );
    check_problem(
        Array::BroadcastTo,
        "f32[3]; i32=[1]",
        "shape: shape [3] does not broadcast to [1]: axis 0 has sizes 3 and 1 | \
         a size must be 1 or that of the result, counted from the last axis",
    );
    check_problem(
        Array::BroadcastTo,
        "f32[2, 3]; i32=[3]",
        "shape: shape [2, 3] does not broadcast to [3]: rank 2 is above rank 1 | \
         a size must be 1 or that of the result, counted from the last axis",
    );
}

#[test]
fn shape_and_size_give_index_types() {
    for op in [
        Array::Shape {
            out_type: DType::F32,
        },
        Array::Size {
            out_type: DType::F32,
        },
    ] {
        check_problem(
            op,
            "f32[2]",
            "dtype: the result is f32 but must be i32 or i64",
        );
    }
}

#[test]
fn stack_and_unstack() {
    let stack = |axis| Array::Stack { axis };
    let unstack = |axis, count| Array::Unstack { axis, count };
    check(stack(0), "f32[a, 2]; f32[3, ?]", "f32[2, 3, 2]");
    check(stack(2), "f32[a, 2]; f32[a, 2]", "f32[a, 2, 2]");
    check(stack(0), "bool[]", "bool[1]");
    check(unstack(1, 2), "f32[a, 2]", "f32[a]; f32[a]");
    check(unstack(0, 3), "f32[a, 2]", "f32[2]; f32[2]; f32[2]");
    check(unstack(0, 0), "f32[0]", "");
    check_problem(
        stack(3),
        "f32[a, 2]; f32[a, 2]",
        "argument: axis 3 does not exist: the result has rank 3 | axes run from 0 to 2",
    );
    check_problem(
        stack(0),
        "f32[2]; f32[2, 1]",
        "shape: input 1 has shape [2, 1] but the inputs before it have shape [2] \
         | all inputs must have one shape",
    );
    check_problem(
        stack(0),
        "",
        "argument: the op takes at least 1 operand but is given 0",
    );
    check_problem(
        unstack(0, 2),
        "f32[3]",
        "shape: axis 0 has size 3 but is unstacked into 2 tensors | unstack it into 3",
    );
}

#[test]
fn concat_and_split() {
    let concat = |axis| Array::Concat { axis };
    check(concat(0), "f32[2, a]; f32[3, 4]", "f32[5, 4]");
    check(concat(1), "f32[a, 2]; f32[a, b]", "f32[a, ?]");
    check(concat(0), "f32[a, 2]; f32[0, 2]", "f32[a, 2]");
    check(concat(0), "f32[a, 2]", "f32[a, 2]");
    check(split(1, 2, None), "f32[a, 4]", "f32[a, 2]; f32[a, 2]");
    check(split(0, 2, None), "f32[a, 4]", "f32[?, 4]; f32[?, 4]");
    check(split(0, 1, None), "f32[a, 4]", "f32[a, 4]");
    check(split(0, 2, Some(&[1, 2])), "f32[3]", "f32[1]; f32[2]");
    check(split(0, 2, Some(&[1, 2])), "f32[a]", "f32[1]; f32[2]");
    check_problem(
        concat(1),
        "f32[2, 3]; f32[3, 3]",
        "shape: input 1 has shape [3, 3] but the inputs before it have shape [2, 3] \
         | all axes but axis 1 must agree",
    );
    check_problem(
        concat(0),
        "f32[]; f32[]",
        "argument: axis 0 does not exist: each input is a scalar",
    );
    check_problem(
        concat(0),
        "i32[1]; f32[1]",
        "dtype: input 0 is i32 but input 1 is f32 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        split(0, 2, None),
        "f32[3]",
        "shape: axis 0 of size 3 does not divide into 2 equal pieces | give the sizes of the pieces",
    );
    check_problem(
        split(0, 0, None),
        "f32[3]",
        "argument: an axis cannot be split into 0 pieces",
    );
    check_problem(
        split(0, 2, Some(&[1, 1])),
        "f32[3]",
        "shape: axis 0 has size 3 but the pieces [1, 1] add up to 2 | the pieces must add up to 3",
    );
    check_problem(
        split(0, 2, Some(&[3])),
        "f32[3]",
        "argument: 1 size given for 2 pieces",
    );
    check_problem(
        split(2, 1, None),
        "f32[3]",
        "argument: axis 2 does not exist: x has rank 1 | axes run from 0 to 0",
    );
}

#[test]
fn gather_along_an_axis() {
    let gather = |axis| Array::Gather { axis };
    check(gather(0), "f32[10, 4]; i32[a, b]", "f32[a, b, 4]");
    check(gather(1), "f32[a, 4]; i64[]", "f32[a]");
    check_problem(
        gather(0),
        "f32[3]; f32[2]",
        "dtype: indices is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem(
        gather(1),
        "f32[3]; i32[2]",
        "argument: axis 1 does not exist: x has rank 1 | axes run from 0 to 0",
    );
}

#[test]
fn shapes_that_are_declared() {
    let shape = shape("[?, 3]");
    let ensured = Array::EnsureShape {
        shape: shape.clone(),
    };
    for op in [ensured, Array::PlaceholderWithDefault { shape }] {
        check(op.clone(), "f32[a, b]", "f32[a, 3]");
        check(op.clone(), "bool[2, 3]", "bool[2, 3]");
        check_problem(
            op.clone(),
            "f32[a, 4]",
            "shape: x has shape [?, 4] but must have shape [?, 3] | a `?` in the shape stands for any size",
        );
        check_problem(
            op,
            "f32[3]",
            "shape: x has shape [3] but must have shape [?, 3] | a `?` in the shape stands for any size",
        );
    }
    let shape = Shape::from([2]);
    check(Array::EnsureShape { shape }, "i32=[5, a]", "i32=[5, a]");
}
