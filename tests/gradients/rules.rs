//! That no op is forgotten: each has cases here, or a reason why it has no gradient.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeSet;

use aqueduct::ir::Debug;
use aqueduct::ir::{Accumulation, Activation, Array, Binary, Control, Distribution, Math, Nn, Op};
use aqueduct::ir::{PadMode, Random, Reduce, Reduction};
use aqueduct::ir::{SegmentReduction, State, Unary};
use aqueduct::prelude::*;
use aqueduct::{CustomError, CustomGradient};
use ndarray::ArrayViewD;

use crate::cases;

/// What becomes of a gradient at an op.
#[derive(Debug)]
enum Standing {
    /// It flows on. Cases of this name must use the op.
    Flows(String),
    /// It ends, and the user is told why.
    Blocks,
    /// There is no operand of floats that it could come from.
    Leaf,
}

fn standing(op: &Op) -> Standing {
    match op {
        Op::Math(op) => match op {
            Math::Unary(Unary::Floor | Unary::Ceil | Unary::Round) => Standing::Blocks,
            Math::Unary(function) => Standing::Flows(format!("{function:?}")),
            Math::Binary(Binary::FloorDiv) => Standing::Blocks,
            Math::Binary(function) => Standing::Flows(format!("{function:?}")),
            Math::Select => flows("Select"),
            Math::AddN => flows("AddN"),
            Math::MatMul {
                transpose_a,
                transpose_b,
            } => Standing::Flows(matmul(*transpose_a, *transpose_b)),
            Math::Cast { to } if to.is_float() => flows("Cast"),
            Math::Cast { .. } | Math::Compare(_) | Math::Test(_) => Standing::Blocks,
            // Their operands are truth values, so the obstacle is what made these.
            Math::Logical(_) | Math::Not => Standing::Leaf,
        },
        Op::Array(op) => array(op),
        Op::Reduce(op) => match op {
            Reduce::Over { reduction, .. } => match reduction {
                Reduction::Sum
                | Reduction::Prod
                | Reduction::Mean
                | Reduction::Max
                | Reduction::Min => Standing::Flows(format!("{reduction:?}")),
                // Their operands are truth values, so the obstacle is what made these.
                Reduction::All | Reduction::Any => Standing::Leaf,
            },
            Reduce::Arg { .. } => Standing::Blocks,
            Reduce::Cumulative { accumulation, .. } => match accumulation {
                Accumulation::Sum => flows("Cumsum"),
                Accumulation::Product => flows("Cumprod"),
            },
            Reduce::Recurrence { .. } => flows("LinearRecurrence"),
            Reduce::SumTo => flows("SumTo"),
        },
        Op::Nn(op) => match op {
            Nn::Activation(Activation::LeakyRelu { .. }) => flows("LeakyRelu"),
            Nn::Activation(function) => Standing::Flows(format!("{function:?}")),
            Nn::BiasAdd => flows("BiasAdd"),
            Nn::Softmax => flows("Softmax"),
            Nn::LogSoftmax => flows("LogSoftmax"),
            Nn::SoftmaxCrossEntropy => flows("SoftmaxCrossEntropy"),
            Nn::SparseSoftmaxCrossEntropy => flows("SparseSoftmaxCrossEntropy"),
            Nn::Convolution(op, _) => Standing::Flows(format!("Convolution {op:?}")),
            Nn::Pooling(op, _) => Standing::Flows(format!("Pooling {op:?}")),
        },
        Op::Random(Random { distribution, .. }) => match distribution {
            Distribution::Shuffle => Standing::Blocks,
            Distribution::Uniform { .. }
            | Distribution::StandardNormal { .. }
            | Distribution::TruncatedNormal { .. }
            | Distribution::UniformInt { .. } => Standing::Leaf,
        },
        Op::State(op) => match op {
            State::Assign(..) | State::Scatter(..) | State::ScatterNd(..) => Standing::Blocks,
            State::Read(_) | State::ReadValue(_) | State::IsInitialized(_) => Standing::Leaf,
        },
        Op::Control(op) => match op {
            Control::Scan { .. } => flows("Scan"),
            Control::While { .. } => flows("While"),
            Control::Cond { .. } => flows("Cond"),
            Control::NoOp | Control::Parameter { .. } => Standing::Leaf,
        },
        Op::Debug(op) => match op {
            Debug::Assert { .. } => Standing::Leaf,
            Debug::Print { .. } => flows("Print"),
            Debug::CheckNumerics { .. } => flows("CheckNumerics"),
        },
        Op::Custom(op) => match op.gradient() {
            CustomGradient::Flows(_) => flows("Custom"),
            CustomGradient::None(_) => Standing::Blocks,
        },
    }
}

fn array(op: &Array) -> Standing {
    match op {
        Array::Identity => flows("Identity"),
        Array::PlaceholderWithDefault { .. } => flows("PlaceholderWithDefault"),
        Array::EnsureShape { .. } => flows("EnsureShape"),
        Array::EnsureSize { .. } => flows("EnsureSize"),
        Array::Reshape => flows("Reshape"),
        Array::ExpandDims { .. } => flows("ExpandDims"),
        Array::Squeeze { .. } => flows("Squeeze"),
        Array::Transpose { .. } => flows("Transpose"),
        Array::Fill => flows("Fill"),
        Array::BroadcastTo => flows("BroadcastTo"),
        Array::Slice(_) => flows("Slice"),
        Array::SliceGrad(_) => flows("SliceGrad"),
        Array::Stack { .. } => flows("Stack"),
        Array::Unstack { .. } => flows("Unstack"),
        Array::Concat { .. } => flows("Concat"),
        Array::Split { sizes: None, .. } => flows("Split"),
        Array::Split { sizes: Some(_), .. } => flows("Split of given sizes"),
        Array::Gather { axis: 0 } => flows("Gather of rows"),
        Array::Gather { .. } => flows("Gather along another axis"),
        Array::Segment { reduction, sorted } => Standing::Flows(segment(*reduction, *sorted)),
        Array::TensorScatterUpdate => flows("TensorScatterUpdate"),
        Array::TopK { .. } => flows("TopK"),
        Array::GatherNd => flows("GatherNd"),
        Array::ScatterNd => flows("ScatterNd"),
        Array::Tile => flows("Tile"),
        Array::Pad { mode } => Standing::Flows(format!("Pad {}", pad(mode))),
        Array::PadGrad { mode } => Standing::Flows(format!("PadGrad {}", pad(mode))),
        Array::ReverseSequence { .. } => flows("ReverseSequence"),
        Array::Range { .. } | Array::OneHot { .. } | Array::FirstOccurrence => Standing::Blocks,
        // Its operand is of truth values, so the obstacle is what made these.
        Array::Where => Standing::Leaf,
        Array::StopGradient | Array::Shape { .. } | Array::Size { .. } => Standing::Blocks,
        Array::Placeholder { .. } | Array::Constant(_) => Standing::Leaf,
    }
}

fn segment(reduction: SegmentReduction, sorted: bool) -> String {
    format!("Segment {reduction:?} sorted {sorted}")
}

fn pad(mode: &PadMode) -> &'static str {
    match mode {
        PadMode::Constant(_) => "Constant",
        PadMode::Reflect => "Reflect",
        PadMode::Symmetric => "Symmetric",
    }
}

fn flows(name: &str) -> Standing {
    Standing::Flows(name.to_owned())
}

fn matmul(transpose_a: bool, transpose_b: bool) -> String {
    format!("MatMul {transpose_a} {transpose_b}")
}

/// The name of every op that passes gradients on.
fn with_rules() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let constant = [Unary::Floor, Unary::Ceil, Unary::Round];
    let unary = Unary::ALL.into_iter().filter(|op| !constant.contains(op));
    names.extend(unary.map(|function| format!("{function:?}")));
    let binary = Binary::ALL.into_iter().filter(|op| *op != Binary::FloorDiv);
    names.extend(binary.map(|function| format!("{function:?}")));
    names.extend(["Sum", "Prod", "Mean", "Max", "Min"].map(str::to_owned));
    for transpose_a in [false, true] {
        names.extend([false, true].map(|transpose_b| matmul(transpose_a, transpose_b)));
    }
    for reduction in SegmentReduction::ALL {
        names.extend([false, true].map(|sorted| segment(reduction, sorted)));
    }
    let others = [
        "AddN",
        "BiasAdd",
        "BroadcastTo",
        "Cast",
        "CheckNumerics",
        "Concat",
        "Cond",
        "Convolution FilterGradient",
        "Convolution Forward",
        "Convolution InputGradient",
        "Cumprod",
        "Cumsum",
        "Custom",
        "Elu",
        "EnsureShape",
        "EnsureSize",
        "ExpandDims",
        "Fill",
        "Gather along another axis",
        "Gather of rows",
        "GatherNd",
        "Identity",
        "LeakyRelu",
        "LinearRecurrence",
        "LogSoftmax",
        "Pad Constant",
        "Pad Reflect",
        "Pad Symmetric",
        "PadGrad Constant",
        "PadGrad Reflect",
        "PadGrad Symmetric",
        "PlaceholderWithDefault",
        "Pooling Average",
        "Pooling AverageGradient",
        "Pooling Max",
        "Pooling MaxGradient",
        "Pooling MaxSecondGradient",
        "Print",
        "Relu",
        "Relu6",
        "Reshape",
        "ReverseSequence",
        "Scan",
        "ScatterNd",
        "Select",
        "Slice",
        "SliceGrad",
        "Selu",
        "Softmax",
        "SoftmaxCrossEntropy",
        "Softplus",
        "Softsign",
        "SparseSoftmaxCrossEntropy",
        "Split",
        "Split of given sizes",
        "Squeeze",
        "Stack",
        "SumTo",
        "TensorScatterUpdate",
        "Tile",
        "TopK",
        "Transpose",
        "Unstack",
        "While",
    ];
    names.extend(others.map(str::to_owned));
    names
}

#[test]
fn every_op_that_passes_gradients_has_a_case() {
    let g = Graph::new().leak();
    for case in cases::all() {
        let inputs = case.inputs.iter();
        let xs: Vec<cases::X> = inputs
            .map(|input| g.placeholder("x", input.sizes.as_slice()))
            .collect();
        let _ = (case.build)(&xs);
    }
    g.check().unwrap();
    let view = g.view();
    let used = view
        .node_ids()
        .filter_map(|id| match standing(&view.node(id).op) {
            Standing::Flows(name) => Some(name),
            Standing::Blocks | Standing::Leaf => None,
        });
    assert_eq!(used.collect::<BTreeSet<String>>(), with_rules());
}

type X<'g> = Tensor<'g, f64>;

/// A function through which no gradient flows, and a part of the reason that the user reads.
type Blocked = (&'static str, for<'g> fn(X<'g>) -> X<'g>, &'static str);

const BLOCKED: &[Blocked] = &[
    ("equal", |x| x.equal(0.5).cast(), "comparison"),
    ("not_equal", |x| x.not_equal(0.5).cast(), "comparison"),
    ("less", |x| x.less(0.5).cast(), "comparison"),
    ("less_equal", |x| x.less_equal(0.5).cast(), "comparison"),
    ("greater", |x| x.greater(0.5).cast(), "comparison"),
    (
        "greater_equal",
        |x| x.greater_equal(0.5).cast(),
        "comparison",
    ),
    ("is_nan", |x| x.is_nan().cast(), "truth values"),
    ("is_inf", |x| x.is_inf().cast(), "truth values"),
    ("is_finite", |x| x.is_finite().cast(), "truth values"),
    ("floor", |x| x.floor(), "whole numbers"),
    ("ceil", |x| x.ceil(), "whole numbers"),
    ("round", |x| x.round(), "whole numbers"),
    ("floordiv", |x| x.floordiv(2.0), "whole quotients"),
    ("all", |x| x.less(0.5).reduce_all(..).cast(), "comparison"),
    ("any", |x| x.less(0.5).reduce_any(..).cast(), "comparison"),
    ("argmax", |x| x.argmax(0).cast(), "places"),
    ("argmin", |x| x.argmin_as::<i32>(0).cast(), "places"),
    ("cast to i32", |x| x.cast::<i32>().cast(), "whole numbers"),
    ("cast to i64", |x| x.cast::<i64>().cast(), "whole numbers"),
    ("cast to u8", |x| x.cast::<u8>().cast(), "whole numbers"),
    ("cast to bool", |x| x.cast::<bool>().cast(), "truth values"),
    ("shape", |x| x.shape_tensor().cast(), "shape"),
    ("size", |x| x.size().cast(), "shape"),
    ("stop_gradient", |x| x.stop_gradient(), "stop_gradient"),
    (
        "range",
        |x| x.graph().range(x.reduce_sum(..)),
        "depends on its operands",
    ),
    (
        "one_hot",
        |x| {
            let place = x.graph().constant(1_i32);
            place.one_hot_with(3, x.reduce_sum(..), 0.0, 0)
        },
        "marks whole numbers",
    ),
    (
        "first_occurrence",
        |x| x.first_occurrence().cast(),
        "gives places",
    ),
    ("random_shuffle", |x| x.random_shuffle(Some(1)), "random"),
    ("assign", |x| variable(x).assign(x), "writes a variable"),
    (
        "scatter_add",
        |x| variable(x).scatter_add(x.graph().constant([0_i32, 0, 1]), x),
        "writes a variable",
    ),
    (
        "scatter_nd_add",
        |x| variable(x).scatter_nd_add(x.graph().constant([[0_i32], [0], [1]]), x),
        "writes a variable",
    ),
    (
        "closure",
        |x| {
            let pass_on = |x: ArrayViewD<'_, f64>| Ok::<_, CustomError>(x.to_owned());
            x.graph().closure("pass_on", x, x.shape(), pass_on)
        },
        "Rust closure",
    ),
];

/// The same of functions that have a gradient, which cannot be derived.
const MISSING: &[Blocked] = &[
    (
        "while without a maximum",
        |x| {
            let g = x.graph();
            g.while_loop(x, |x| x.reduce_max(..).less(1.0), |x| x * 2.0)
        },
        "must be stated, with `WhileOptions::new().maximum_iterations(n)`",
    ),
    (
        "while without a maximum in a scan",
        |x| {
            let g = x.graph();
            g.map_fn(x, |x| g.while_loop(x, |x| x.less(1.0), |x| x * 2.0))
        },
        "must be stated, with `WhileOptions::new().maximum_iterations(n)`",
    ),
];

fn variable<'g>(like: X<'g>) -> Variable<'g, f64> {
    like.graph().variable("v", [0.0_f64, 0.0, 0.0])
}

/// Checks that there is no gradient, for a reason that names an op and its line in this file.
#[track_caller]
fn check((name, build, why): Blocked, reason_of: for<'r> fn(&'r Gradient<'_>) -> Option<&'r str>) {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![3]);
    let y = build(x);
    g.check().unwrap();
    let found = gradients(y, x).remove(0);
    let Some(reason) = reason_of(&found) else {
        panic!("{name}: {found:?}");
    };
    assert!(reason.contains(why), "{name}: {reason}");
    assert!(reason.contains(file!()), "{name}: {reason} names no line");
}

#[test]
fn what_blocks_a_gradient_says_why() {
    for case in BLOCKED.iter().copied() {
        check(case, |found| {
            let Gradient::NotDifferentiable { reason } = found else {
                return None;
            };
            Some(reason)
        });
    }
}

#[test]
fn what_cannot_be_derived_says_why() {
    for case in MISSING.iter().copied() {
        check(case, |found| {
            let Gradient::NotDerived { reason } = found else {
                return None;
            };
            Some(reason)
        });
    }
}

/// Every op that stands in the way of a gradient is one of those above.
#[test]
fn every_op_that_lets_no_gradient_through_has_a_reason() {
    let g = Graph::new().leak();
    let x = g.placeholder::<f64>("x", shape![3]);
    for (_, build, _) in BLOCKED.iter().chain(MISSING) {
        let _ = build(x);
    }
    let view = g.view();
    let ops = view.node_ids().map(|id| &view.node(id).op);
    let obstacles = ops.filter(|op| matches!(standing(op), Standing::Blocks));
    let names: BTreeSet<&str> = obstacles.map(Op::type_name).collect();
    let expected = [
        "ArgMax",
        "ArgMin",
        "Assign",
        "Cast",
        "Ceil",
        "Custom",
        "Equal",
        "FirstOccurrence",
        "Floor",
        "FloorDiv",
        "Greater",
        "GreaterEqual",
        "IsFinite",
        "IsInf",
        "IsNan",
        "Less",
        "LessEqual",
        "NotEqual",
        "OneHot",
        "RandomShuffle",
        "Round",
        "Range",
        "ScatterAdd",
        "ScatterNdAdd",
        "Shape",
        "Size",
        "StopGradient",
    ];
    assert_eq!(names, BTreeSet::from(expected));
}

#[test]
fn nothing_leads_to_a_leaf() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![3]);
    let v = g.variable("v", [0.0_f64, 0.0, 0.0]);
    let leaves: [X<'_>; 7] = [
        g.placeholder("other", shape![3]),
        g.constant([1.0, 2.0, 3.0]),
        random_uniform([3], 0.0, 1.0).tensor(&g),
        random_normal([3]).tensor(&g),
        truncated_normal([3]).tensor(&g),
        v.value(),
        v.read_value(),
    ];
    for leaf in leaves {
        assert_eq!(gradients(leaf, x), [Gradient::NotConnected], "{leaf}");
    }
}
