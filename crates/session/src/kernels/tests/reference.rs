//! Kernels against TensorFlow's numbers.

use std::fs::File;
use std::path::Path;

use aqueduct_graph::ir::{
    Activation, Array, Binary, Bound, Math, Nn, Op, Reduce, Reduction, SegmentReduction, SliceSpec,
    Unary,
};
use aqueduct_graph::{Element, Value};
use ndarray::{IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, ReadableElement};

use super::{check, sizes};

/// One file of reference cases. Arrays are keyed `case|in:0`, `case|out:0`, `case|cot:0` (what
/// flows back to the result), `case|grad:0`.
struct Cases(NpzReader<File>);

impl Cases {
    fn open(name: &str) -> Cases {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/reference");
        Cases(NpzReader::new(File::open(root.join(name)).unwrap()).unwrap())
    }

    fn value(&mut self, case: &str, key: &str) -> Option<Value> {
        let name = format!("{case}|{key}");
        self.typed::<f32>(&name)
            .or_else(|| self.typed::<i32>(&name))
            .or_else(|| self.typed::<bool>(&name))
    }

    fn typed<T: Element + ReadableElement>(&mut self, name: &str) -> Option<Value> {
        let array = self.0.by_name::<OwnedRepr<T>, IxDyn>(name).ok()?;
        Some(Value::from(array))
    }

    fn values(&mut self, case: &str, role: &str) -> Vec<Value> {
        (0..)
            .map_while(|index| self.value(case, &format!("{role}:{index}")))
            .collect()
    }

    /// The op on the case's inputs, and `more`, gives the case's outputs.
    #[track_caller]
    fn check(&mut self, case: &str, op: impl Into<Op>, more: &[Value]) {
        let mut inputs = self.values(case, "in");
        inputs.extend_from_slice(more);
        let expected = self.values(case, "out");
        assert!(!expected.is_empty(), "no case {case}");
        check(op, &inputs, &expected);
    }
}

#[test]
fn unary() {
    let mut cases = Cases::open("unary_ops.npz");
    for (case, function) in [
        ("tanh", Unary::Tanh),
        ("tanh_extreme", Unary::Tanh),
        ("sigmoid", Unary::Sigmoid),
        ("sigmoid_extreme", Unary::Sigmoid),
        ("exp", Unary::Exp),
        ("square", Unary::Square),
        ("abs", Unary::Abs),
        ("sign", Unary::Sign),
        ("neg", Unary::Neg),
        ("log", Unary::Log),
        ("sqrt", Unary::Sqrt),
        ("rsqrt", Unary::Rsqrt),
        ("reciprocal", Unary::Reciprocal),
        ("log1p", Unary::Log1p),
        ("sin", Unary::Sin),
        ("cos", Unary::Cos),
        ("erf", Unary::Erf),
        ("floor", Unary::Floor),
        ("round", Unary::Round),
        ("round_half_even", Unary::Round),
    ] {
        cases.check(case, Math::Unary(function), &[]);
    }
    for (case, function) in [
        ("relu", Activation::Relu),
        ("relu6", Activation::Relu6),
        ("leaky_relu", Activation::LeakyRelu { alpha: 0.2 }),
        ("elu", Activation::Elu),
        ("selu", Activation::Selu),
        ("softplus", Activation::Softplus),
        ("softplus_extreme", Activation::Softplus),
        ("softsign", Activation::Softsign),
    ] {
        cases.check(case, Nn::Activation(function), &[]);
    }
}

#[test]
fn binary() {
    let mut cases = Cases::open("binary_ops.npz");
    for (name, function) in [
        ("add", Binary::Add),
        ("sub", Binary::Sub),
        ("mul", Binary::Mul),
        ("div", Binary::Div),
        ("maximum", Binary::Maximum),
        ("minimum", Binary::Minimum),
        ("sqdiff", Binary::SquaredDifference),
        ("pow", Binary::Pow),
        ("floormod", Binary::FloorMod),
    ] {
        for shapes in ["same", "row", "col", "scalar", "outer", "left"] {
            cases.check(&format!("{name}_{shapes}"), Math::Binary(function), &[]);
        }
    }
    cases.check("maximum_ties", Math::Binary(Binary::Maximum), &[]);
    cases.check("minimum_ties", Math::Binary(Binary::Minimum), &[]);
}

#[test]
fn matmul() {
    let mut cases = Cases::open("matmul_ops.npz");
    for transpose_a in [false, true] {
        for transpose_b in [false, true] {
            let case = format!("matmul_{}{}", u8::from(transpose_a), u8::from(transpose_b));
            let op = Math::MatMul {
                transpose_a,
                transpose_b,
            };
            cases.check(&case, op, &[]);
        }
    }
    let op = Math::MatMul {
        transpose_a: false,
        transpose_b: false,
    };
    cases.check("batch_matmul", op, &[]);
    cases.check("bias_add", Nn::BiasAdd, &[]);
}

#[test]
fn reduce() {
    let mut cases = Cases::open("reduce_ops.npz");
    let axes: [(&str, &[usize]); 5] = [
        ("all", &[0, 1, 2]),
        ("ax0", &[0]),
        ("ax1_keep", &[1]),
        ("ax02", &[0, 2]),
        ("axneg", &[2]),
    ];
    let over = |reduction, name: &str, axes: &[usize]| Reduce::Over {
        reduction,
        axes: axes.to_vec(),
        keep_dims: name.ends_with("keep"),
    };
    for (function, reduction) in [
        ("sum", Reduction::Sum),
        ("prod", Reduction::Prod),
        ("mean", Reduction::Mean),
        ("max", Reduction::Max),
        ("min", Reduction::Min),
    ] {
        for (name, axes) in axes {
            let op = over(reduction, name, axes);
            cases.check(&format!("{function}_{name}"), op, &[]);
        }
    }
    cases.check("max_ties_ax1", over(Reduction::Max, "", &[1]), &[]);
    cases.check("min_ties_all", over(Reduction::Min, "", &[0, 1]), &[]);
    cases.check("max_ties_ax0_keep", over(Reduction::Max, "keep", &[0]), &[]);
}

#[test]
fn sum_to_undoes_a_broadcast() {
    let mut cases = Cases::open("binary_ops.npz");
    for shapes in ["same", "row", "col", "scalar", "outer", "left"] {
        let case = format!("add_{shapes}");
        let cotangent = cases.value(&case, "cot:0").unwrap();
        for gradient in cases.values(&case, "grad") {
            let inputs = [cotangent.clone(), sizes(gradient.shape())];
            check(Reduce::SumTo, &inputs, &[gradient]);
        }
    }
}

const ALL: Bound = Bound::Range {
    start: None,
    end: None,
    step: 1,
};

fn range(start: i64, end: i64, step: i64) -> Bound {
    Bound::Range {
        start: Some(start),
        end: Some(end),
        step,
    }
}

fn backwards(step: i64) -> Bound {
    Bound::Range {
        start: None,
        end: None,
        step,
    }
}

#[test]
fn slices_and_their_gradients() {
    let mut cases = Cases::open("array_ops.npz");
    for (case, bounds) in [
        ("slice_mid", vec![ALL, Bound::At(1)]),
        ("slice_last", vec![ALL, Bound::At(-1)]),
        (
            "slice_range",
            vec![range(1, 3, 1), range(0, 4, 2), range(1, 4, 1)],
        ),
        ("slice_negstride", vec![backwards(-1), ALL, backwards(-2)]),
        (
            "slice_newaxis_ellipsis",
            vec![Bound::Ellipsis, Bound::NewAxis, range(1, 3, 1)],
        ),
        (
            "slice_ellipsis_mid",
            vec![Bound::At(1), Bound::Ellipsis, Bound::At(2)],
        ),
        (
            "tf_slice",
            vec![range(0, 2, 1), range(1, 4, 1), range(2, 5, 1)],
        ),
        ("reverse", vec![ALL, backwards(-1)]),
    ] {
        let spec = SliceSpec { bounds };
        cases.check(case, Array::Slice(spec.clone()), &[]);
        let gradient = cases.value(case, "grad:0").unwrap();
        let inputs = [cases.value(case, "cot:0").unwrap(), sizes(gradient.shape())];
        check(Array::SliceGrad(spec), &inputs, &[gradient]);
    }
}

#[test]
fn gathers_and_their_gradients() {
    let mut cases = Cases::open("array_ops.npz");
    cases.check("gather", Array::Gather { axis: 0 }, &[]);
    cases.check("gather_rank2_idx", Array::Gather { axis: 0 }, &[]);
    cases.check("gather_axis1", Array::Gather { axis: 1 }, &[]);
    cases.check("embedding_lookup", Array::Gather { axis: 0 }, &[]);
    for case in ["gather", "embedding_lookup"] {
        let gradient = cases.value(case, "grad:0").unwrap();
        let inputs = [
            cases.value(case, "cot:0").unwrap(),
            cases.value(case, "in:1").unwrap(),
            Value::scalar(gradient.shape()[0] as i32),
        ];
        let reduction = SegmentReduction::Sum;
        let sorted = false;
        check(Array::Segment { reduction, sorted }, &inputs, &[gradient]);
    }
}

#[test]
fn moves() {
    let mut cases = Cases::open("array_ops.npz");
    let transpose = |perm: &[usize]| Array::Transpose {
        perm: perm.to_vec(),
    };
    let split = |axis, count, sizes| Array::Split { axis, count, sizes };
    cases.check("split_num", split(1, 2, None), &[]);
    cases.check("split_sizes", split(2, 3, Some(vec![1, 3, 1])), &[]);
    cases.check("split_axis0_neg", split(2, 5, None), &[]);
    cases.check("stack0", Array::Stack { axis: 0 }, &[]);
    cases.check("stack1", Array::Stack { axis: 1 }, &[]);
    cases.check("unstack1", Array::Unstack { axis: 1, count: 4 }, &[]);
    cases.check("transpose", transpose(&[2, 1, 0]), &[]);
    cases.check("transpose_102", transpose(&[1, 0, 2]), &[]);
    cases.check("transpose_201", transpose(&[2, 0, 1]), &[]);
    cases.check("reshape", Array::Reshape, &[sizes(&[6, 10])]);
    cases.check("concat0", Array::Concat { axis: 0 }, &[]);
    cases.check("concat_last", Array::Concat { axis: 2 }, &[]);
    cases.check("squeeze_all", Array::Squeeze { axes: vec![0, 2] }, &[]);
    cases.check("where3", Math::Select, &[]);
}
