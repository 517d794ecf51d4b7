use super::{check, check_problem};
use crate::op::{Convolution, Nn, Padding, Pooling, Sliding, Windows};

fn sliding(stride: usize, padding: Padding) -> Sliding {
    Sliding {
        strides: [stride; 2],
        dilations: [1, 1],
        padding,
    }
}

fn convolution(op: Convolution, stride: usize, padding: Padding) -> Nn {
    Nn::Convolution(op, sliding(stride, padding))
}

fn forward(stride: usize, padding: Padding) -> Nn {
    convolution(Convolution::Forward, stride, padding)
}

fn pooling(op: Pooling, size: usize, stride: usize, padding: Padding) -> Nn {
    let windows = Windows {
        size: [size; 2],
        sliding: sliding(stride, padding),
    };
    Nn::Pooling(op, windows)
}

#[test]
fn sizes_of_convolutions() {
    let (same, valid) = (Padding::Same, Padding::Valid);
    let filter = "f32[3, 2, 4, 8]";
    let cases = [
        (forward(1, same), "f32[a, 5, 6, 4]", "f32[a, 5, 6, 8]"),
        (forward(1, same), "f32[a, b, c, 4]", "f32[a, b, c, 8]"),
        (forward(1, same), "f32[a, b, c, d]", "f32[a, b, c, 8]"),
        (forward(2, same), "f32[a, 5, b, 4]", "f32[a, 3, ?, 8]"),
        (forward(1, valid), "f32[2, 5, a, 4]", "f32[2, 3, ?, 8]"),
        (forward(2, valid), "f32[2, 5, 6, 4]", "f32[2, 2, 3, 8]"),
        (forward(1, same), "f32[0, 0, 6, 4]", "f32[0, 0, 6, 8]"),
        (
            forward(1, Padding::Explicit([[2, 0], [1, 3]])),
            "f32[a, b, c, 4]",
            "f32[a, b, ?, 8]",
        ),
    ];
    for (op, x, y) in cases {
        check(op, &format!("{x}; {filter}"), y);
    }
    check(
        forward(1, valid),
        "f64[a, b, c, 4]; f64[1, 1, ?, e]",
        "f64[a, b, c, e]",
    );
    check(
        forward(1, valid),
        "f32[a, 9, 9, 4]; f32[e, 1, 4, 8]",
        "f32[a, ?, 9, 8]",
    );
}

#[test]
fn sizes_of_gradients_of_convolutions() {
    let input = convolution(Convolution::InputGradient, 2, Padding::Same);
    check(
        input,
        "f32[a, 3, 3, 8]; f32[3, 2, 4, 8]; i32=[b, 5, 6, 4]",
        "f32[a, 5, 6, 4]",
    );
    check(
        input,
        "f32[a, 3, c, 8]; f32[3, 2, 4, 8]; i64=[7, 5, d, 4]",
        "f32[7, 5, d, 4]",
    );
    check_problem(
        input,
        "f32[a, 3, 3, 8]; f32[3, 2, 4, 8]; i32=[a, 7, 6, 4]",
        "shape: x has shape [?, 3, 3, 8] but must have [?, 4, 3, 8]",
    );
    check_problem(
        input,
        "f32[a, 3, 3, 8]; f32[3, 2, 4, 8]; i32=[5, 6, 4]",
        "shape: shape gives 3 sizes but 4 are needed: [batch, height, width, channels] | \
         `expand_dims` and `reshape` give a tensor more axes",
    );
    let filter = convolution(Convolution::FilterGradient, 1, Padding::Valid);
    check(
        filter,
        "f32[a, 5, 6, 4]; f32[a, 3, 5, 8]; i32=[3, 2, 4, b]",
        "f32[3, 2, 4, 8]",
    );
    check(
        filter,
        "f32[a, 5, 6, 4]; f32[a, ?, ?, 8]; i32=[b, c, 4, 8]",
        "f32[b, c, 4, 8]",
    );
    check_problem(
        filter,
        "f32[2, 5, 6, 4]; f32[3, 3, 5, 8]; i32=[3, 2, 4, 8]",
        "shape: dy has shape [3, 3, 5, 8] but must have [2, 3, 5, 8]",
    );
}

#[test]
fn what_convolutions_refuse() {
    let valid = forward(1, Padding::Valid);
    check_problem(
        valid,
        "f32[a, 5, 5, 4]; f32[3, 3, 3, 8]",
        "shape: the filter has 3 input channels but the images have 4 | \
         axis 2 of a filter is as long as axis 3 of the images",
    );
    check_problem(
        valid,
        "f32[a, 2, 5, 4]; f32[3, 3, 4, 8]",
        "shape: a window of height 3 does not fit into the height 2 | \
         pad with `Padding::Same`, or take a smaller window",
    );
    check_problem(
        valid,
        "f32[a, 5, 5]; f32[3, 3, 4, 8]",
        "shape: x has shape [?, 5, 5] but 4 are needed: [batch, height, width, channels] | \
         `expand_dims` and `reshape` give a tensor more axes",
    );
    check_problem(
        valid,
        "f32[a, 5, 5, 4]; f32[3, 3]",
        "shape: filter has shape [3, 3] but 4 are needed: [height, width, in, out] | \
         `expand_dims` and `reshape` give a tensor more axes",
    );
    check_problem(
        valid,
        "f32[a, 5, 5, 4]; f64[3, 3, 4, 8]",
        "dtype: x is f32 but filter is f64 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        valid,
        "i32[a, 5, 5, 4]; i32[3, 3, 4, 8]",
        "dtype: x is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        forward(0, Padding::Same),
        "f32[a, b, c, 4]; f32[e, f, 4, 8]",
        "argument: the stride along the height is 0 but must be at least 1",
    );
}

#[test]
fn sizes_of_pooling() {
    let (same, valid) = (Padding::Same, Padding::Valid);
    for op in [Pooling::Max, Pooling::Average] {
        check(
            pooling(op, 2, 2, same),
            "f32[a, 5, b, c]",
            "f32[a, 3, ?, c]",
        );
        check(
            pooling(op, 3, 1, same),
            "f64[a, b, c, 4]",
            "f64[a, b, c, 4]",
        );
        check(
            pooling(op, 2, 2, valid),
            "f32[a, 5, 6, c]",
            "f32[a, 2, 3, c]",
        );
        check_problem(
            pooling(op, 2, 2, valid),
            "f32[a, 1, 6, 3]",
            "shape: a window of height 2 does not fit into the height 1 | \
             pad with `Padding::Same`, or take a smaller window",
        );
        check_problem(
            pooling(op, 0, 2, valid),
            "f32[a, b, c, 3]",
            "shape: the window has the height 0 but must have at least 1",
        );
        check_problem(
            pooling(op, 2, 1, Padding::Explicit([[0, 0], [2, 0]])),
            "f32[a, b, c, 3]",
            "argument: the width is padded by 2 but the window has the width 2 | \
             pad by less than the window",
        );
        check_problem(
            pooling(op, 2, 2, valid),
            "i64[a, 5, 6, c]",
            "dtype: x is i64 but must be f32 or f64 | cast it: `.cast::<f32>()`",
        );
    }
}

#[test]
fn sizes_of_gradients_of_pooling() {
    let op = |op| pooling(op, 2, 2, Padding::Same);
    let max = op(Pooling::MaxGradient);
    check(max, "f32[a, 5, b, c]; f32[a, 3, ?, c]", "f32[a, 5, b, c]");
    check_problem(
        max,
        "f32[2, 5, 6, 3]; f32[2, 2, 3, 3]",
        "shape: dy has shape [2, 2, 3, 3] but must have [2, 3, 3, 3]",
    );
    let second = op(Pooling::MaxSecondGradient);
    check(
        second,
        "f32[a, 5, 6, c]; f32[2, 5, 6, c]",
        "f32[2, 3, 3, c]",
    );
    check_problem(
        second,
        "f32[2, 5, 6, 3]; f32[2, 4, 6, 3]",
        "shape: dx has shape [2, 4, 6, 3] but must have [2, 5, 6, 3]",
    );
    let average = op(Pooling::AverageGradient);
    check(
        average,
        "f32[2, 3, ?, c]; i32=[a, 5, b, c]",
        "f32[2, 5, b, c]",
    );
    check_problem(
        average,
        "f32[2, 3, 3, 3]; i32=[2, 7, 6, 3]",
        "shape: dy has shape [2, 3, 3, 3] but must have [2, 4, 3, 3]",
    );
}
