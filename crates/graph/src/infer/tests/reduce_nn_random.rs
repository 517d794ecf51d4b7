use super::{check, check_problem};
use crate::element::DType;
use crate::op::{Activation, Distribution, Nn, Random, Reduce, Reduction};

fn over(reduction: Reduction, axes: &[usize], keep_dims: bool) -> Reduce {
    Reduce::Over {
        reduction,
        axes: axes.to_vec(),
        keep_dims,
    }
}

fn random(distribution: Distribution) -> Random {
    Random {
        distribution,
        seeds: None,
    }
}

#[test]
fn reductions_drop_axes_or_keep_them_as_1() {
    for (axes, keep_dims, output) in [
        (&[][..], false, "f32[a, 3, 4]"),
        (&[0], false, "f32[3, 4]"),
        (&[0, 2], false, "f32[3]"),
        (&[0, 1, 2], false, "f32[]"),
        (&[0, 2], true, "f32[1, 3, 1]"),
    ] {
        check(
            over(Reduction::Sum, axes, keep_dims),
            "f32[a, 3, 4]",
            output,
        );
    }
    check(over(Reduction::All, &[0], false), "bool[a]", "bool[]");
    check(over(Reduction::Any, &[0], true), "bool[a]", "bool[1]");
    check(over(Reduction::Prod, &[1], false), "i32[a, 2]", "i32[a]");
    check(over(Reduction::Max, &[0], false), "u8[3]", "u8[]");
}

#[test]
fn reductions_check_dtype_and_axes() {
    check_problem(
        over(Reduction::Prod, &[0], false),
        "bool[2]",
        "dtype: x is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        over(Reduction::Any, &[0], false),
        "f32[2]",
        "dtype: x is f32 but must be bool | cast it: `.cast::<bool>()`",
    );
    check_problem(
        over(Reduction::Mean, &[0], false),
        "bool[2]",
        "dtype: x is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        over(Reduction::Sum, &[2], false),
        "f32[2, 2]",
        "argument: axis 2 does not exist: x has rank 2 | axes run from 0 to 1",
    );
    check_problem(
        over(Reduction::Sum, &[1, 1], false),
        "f32[2, 2]",
        "argument: axes [1, 1] do not ascend | name each axis once, in ascending order",
    );
}

#[test]
fn sum_to_undoes_a_broadcast() {
    check(Reduce::SumTo, "f32[a, 3]; i32=[3]", "f32[3]");
    check(Reduce::SumTo, "f32[a, 3]; i32=[a, 1]", "f32[a, 1]");
    check(Reduce::SumTo, "f32[a, 3]; i32[0]", "f32[]");
    check(Reduce::SumTo, "f32[a, 3]; i32=[b, 3]", "f32[b, 3]");
    check_problem(
        Reduce::SumTo,
        "f32[2, 3]; i32=[4]",
        "shape: shape [4] does not broadcast to [2, 3]: axis 1 has sizes 4 and 3 | \
         a size must be 1 or that of the result, counted from the last axis",
    );
    check_problem(
        Reduce::SumTo,
        "f32[3]; i32=[1, 3]",
        "shape: shape [1, 3] does not broadcast to [3]: rank 2 is above rank 1 | \
         a size must be 1 or that of the result, counted from the last axis",
    );
}

#[test]
fn nn() {
    for op in Activation::ALL {
        check(Nn::Activation(op), "f32[]", "f32[]");
        check(Nn::Activation(op), "f64[a, 3]", "f64[a, 3]");
    }
    check(Nn::BiasAdd, "f32[a, 3]; f32[3]", "f32[a, 3]");
    check(Nn::BiasAdd, "f32[a, b]; f32[3]", "f32[a, 3]");
    check(Nn::BiasAdd, "f32[3]; f32[b]", "f32[3]");
    check_problem(
        Nn::Activation(Activation::Relu),
        "i32[2]",
        "dtype: x is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        Nn::BiasAdd,
        "f32[a, 3]; f32[4]",
        "shape: the last axis of x has size 3 but bias has 4 elements | bias needs 3 elements",
    );
    check_problem(
        Nn::BiasAdd,
        "f32[a, 3]; f32[1, 3]",
        "shape: bias has shape [1, 3] but must be a vector | reshape bias to rank 1",
    );
    check_problem(
        Nn::BiasAdd,
        "f32[]; f32[3]",
        "shape: x is a scalar but must have an axis | give x an axis with `expand_dims(0)`",
    );
    check_problem(
        Nn::BiasAdd,
        "f32[3]; f64[3]",
        "dtype: x is f32 but bias is f64 | cast one of them: `.cast::<f32>()`",
    );
}

#[test]
fn softmax_works_along_the_last_axis() {
    for op in [Nn::Softmax, Nn::LogSoftmax] {
        check(op, "f32[a, 3]", "f32[a, 3]");
        check(op, "f64[2, a, ?]", "f64[2, a, ?]");
        check(op, "f32[0]", "f32[0]");
        check_problem(
            op,
            "f32[]",
            "shape: logits is a scalar but must have an axis | give logits an axis with \
             `expand_dims(0)`",
        );
        check_problem(
            op,
            "i32[2, 3]",
            "dtype: logits is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
        );
    }
}

#[test]
fn cross_entropies_have_a_loss_for_each_row() {
    for (inputs, output) in [
        ("f32[2, 3]; f32[2, 3]", "f32[2]"),
        ("f64[a, 3]; f64[a, 3]", "f64[a]"),
        ("f32[?, ?]; f32[4, 3]", "f32[4]"),
        ("f32[a, 2, 3]; f32[4, ?, 3]", "f32[4, 2]"),
        ("f32[3]; f32[3]", "f32[]"),
        ("f32[0, 3]; f32[0, 3]", "f32[0]"),
        ("f32[2, 0]; f32[2, 0]", "f32[2]"),
    ] {
        check(Nn::SoftmaxCrossEntropy, inputs, output);
    }
    for (inputs, output) in [
        ("f32[2, 3]; i32[2]", "f32[2]"),
        ("f64[a, 3]; i64[a]", "f64[a]"),
        ("f32[?, ?]; i64[4]", "f32[4]"),
        ("f32[a, 2, 3]; i32[4, ?]", "f32[4, 2]"),
        ("f32[3]; i32[]", "f32[]"),
    ] {
        check(Nn::SparseSoftmaxCrossEntropy, inputs, output);
    }
}

#[test]
fn labels_must_fit_the_logits() {
    check_problem(
        Nn::SoftmaxCrossEntropy,
        "f32[a, 3]; f32[a, 4]",
        "shape: logits has shape [?, 3] but labels has shape [?, 4] | labels and logits must have \
         one shape",
    );
    check_problem(
        Nn::SoftmaxCrossEntropy,
        "f32[2, 3]; f32[1, 3]",
        "shape: logits has shape [2, 3] but labels has shape [1, 3] | labels and logits must have \
         one shape",
    );
    check_problem(
        Nn::SoftmaxCrossEntropy,
        "f32[2, 3]; f32[2]",
        "shape: logits has shape [2, 3] but labels has shape [2] | labels are distributions over the \
         classes; numbers of classes go to `sparse_softmax_cross_entropy_with_logits`",
    );
    check_problem(
        Nn::SoftmaxCrossEntropy,
        "f32[2, 3]; f64[2, 3]",
        "dtype: logits is f32 but labels is f64 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        Nn::SoftmaxCrossEntropy,
        "f32[]; f32[]",
        "shape: logits is a scalar but must have an axis | give logits an axis with `expand_dims(0)`",
    );
    check_problem(
        Nn::SparseSoftmaxCrossEntropy,
        "f32[a, 3]; i32[a, 3]",
        "shape: logits has shape [?, 3] but labels has shape [?, 3] | labels has the shape of logits \
         without the last axis: [?]",
    );
    check_problem(
        Nn::SparseSoftmaxCrossEntropy,
        "f32[2, 3]; i32[4]",
        "shape: logits has shape [2, 3] but labels has shape [4] | labels has the shape of logits \
         without the last axis: [2]",
    );
    check_problem(
        Nn::SparseSoftmaxCrossEntropy,
        "f32[2, 3]; f32[2]",
        "dtype: labels is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem(
        Nn::SparseSoftmaxCrossEntropy,
        "i32[2, 3]; i32[2]",
        "dtype: logits is i32 but must be f32 or f64 | cast it: `.cast::<f32>()`",
    );
}

#[test]
fn draws_have_the_shape_they_are_given() {
    for (dtype, output) in [(DType::F32, "f32[a, 4]"), (DType::F64, "f64[a, 4]")] {
        for distribution in [
            Distribution::Uniform { dtype },
            Distribution::StandardNormal { dtype },
            Distribution::TruncatedNormal { dtype },
        ] {
            check(random(distribution), "i32=[a, 4]", output);
        }
    }
    check_problem(
        random(Distribution::Uniform { dtype: DType::I32 }),
        "i32=[4]",
        "dtype: the result is i32 but must be f32 or f64",
    );
    check_problem(
        random(Distribution::Uniform { dtype: DType::F32 }),
        "i32=[-4]",
        "shape: shape gives the negative size -4 | a size is 0 or more",
    );
}

#[test]
fn draws_of_integers_have_bounds() {
    let uniform = random(Distribution::UniformInt { dtype: DType::I64 });
    check(uniform, "i32=[3]; i64=0; i64=9", "i64[3]");
    check(uniform, "i32=[a]; i64[]; i64=9", "i64[a]");
    check_problem(
        uniform,
        "i32=[3]; i64=9; i64=9",
        "argument: low 9 is not below high 9 | numbers are drawn from low up to high - 1",
    );
    check_problem(
        uniform,
        "i32=[3]; i32=0; i64=9",
        "dtype: low is i32 but the result is i64 | cast it: `.cast::<i64>()`",
    );
    check_problem(
        uniform,
        "i32=[3]; i64=0; i64=[9]",
        "shape: high has shape [1] but must be a scalar | reshape high to rank 0",
    );
}

#[test]
fn shuffle_keeps_the_shape_and_forgets_the_elements() {
    let shuffle = random(Distribution::Shuffle);
    check(shuffle, "f32[a, 3]", "f32[a, 3]");
    check(shuffle, "i32=[1, 2]", "i32[2]");
    check_problem(
        shuffle,
        "f32[]",
        "shape: x is a scalar but must have an axis | give x an axis with `expand_dims(0)`",
    );
}
