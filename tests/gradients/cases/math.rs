//! Cases of family `math`.

use aqueduct::ir::{Unary, add_n};

use aqueduct_tests::Tolerance;

use super::{Case, X, case, input, sized};

pub(crate) fn math() -> Vec<Case> {
    let mut cases = unary();
    cases.extend(binary());
    cases.extend(matmul());
    cases.extend([
        case("select", [input([2, 3]), input([2, 3])], |x| {
            let choice = x[0]
                .graph()
                .constant([[true, false, true], [false, false, true]]);
            choice.select(x[0], x[1])
        }),
        case(
            "select of broadcast operands",
            [input([2, 1]), input([])],
            |x| {
                let choice = x[0].graph().constant([true, false, true]);
                choice.select(x[0], x[1])
            },
        ),
        case("select by its operands", [input([2, 3]), input([3])], |x| {
            x[0].less(x[1]).select(x[0].square(), x[1])
        }),
        case(
            "pow of numbers below 0",
            [input([2, 3]).within(-2.0, -0.5)],
            |x| x[0].pow(3.0),
        ),
        case(
            "powers of a number",
            [input([2, 3]).within(-2.0, 2.0)],
            |x| {
                let base = x[0].graph().constant(3.0);
                base.pow(x[0])
            },
        ),
        case(
            "floormod of either sign",
            [input([3]), input([2, 1])],
            |x| (x[0] * 7.1).floormod(x[1] + 1.3) + (x[0] * 5.3).floormod(x[1] - 1.3),
        ),
        case(
            "truncatemod of either sign",
            [input([3]), input([2, 1])],
            |x| (x[0] * 7.1).truncatemod(x[1] + 1.3) + (x[0] * 5.3).truncatemod(x[1] - 1.3),
        ),
        case("atan2 all round", [input([3]), input([2, 1])], |x| {
            (x[0] * 3.0).atan2(x[1] * 2.0)
        }),
        case("zeta", [input([2, 3]).within(0.5, 2.0)], |x| {
            let powers = x[0].graph().constant([[1.5], [3.0]]);
            powers.zeta(x[0])
        }),
        case("zeta below 0", [input([3]).within(-1.8, -1.2)], |x| {
            let powers = x[0].graph().constant([[2.0], [3.0]]);
            powers.zeta(x[0])
        }),
        case("log_sigmoid", [input([2, 3])], |x| x[0].log_sigmoid()),
        case("swish", [input([2, 3])], |x| x[0].swish()),
        case("crelu", [input([2, 3])], |x| x[0].crelu(0).square()),
        case("polygamma", [input([2, 3]).within(0.5, 2.0)], |x| {
            x[0].polygamma(0) + x[0].polygamma(2)
        }),
        case("add_n", [input([2, 3]), input([2, 3])], |x| {
            add_n(x[0].graph(), &[x[0].any(), x[1].any(), x[0].any()]).typed()
        }),
        Case {
            // In f32 a small step is lost in rounding; the function is linear, so a large one is as
            // good.
            step: 0.25,
            tolerance: Tolerance {
                relative: 1e-5,
                absolute: 1e-6,
            },
            ..case("cast", [input([2, 3])], |x| {
                x[0].cast::<f32>().cast::<f64>()
            })
        },
    ]);
    cases
}

fn unary() -> Vec<Case> {
    let positive = (0.5, 2.0);
    let negative = (-2.0, -0.5);
    let any = (-2.0, 2.0);
    let name_of = |function: Unary| format!("{function:?}").to_lowercase();
    let functions: Vec<(Unary, Vec<(f64, f64)>)> = vec![
        (Unary::Neg, vec![any]),
        (Unary::Abs, vec![positive, negative]),
        (Unary::Sign, vec![positive, negative]),
        (Unary::Reciprocal, vec![positive, negative]),
        (Unary::Square, vec![any]),
        (Unary::Sqrt, vec![positive]),
        (Unary::Rsqrt, vec![positive]),
        (Unary::Exp, vec![any]),
        (Unary::Log, vec![positive]),
        (Unary::Tanh, vec![any]),
        (Unary::Sigmoid, vec![any]),
        (Unary::Expm1, vec![any]),
        (Unary::Log1p, vec![(-0.5, 2.0)]),
        (Unary::Sin, vec![any]),
        (Unary::Cos, vec![any]),
        (Unary::Erf, vec![any]),
        (Unary::Erfc, vec![any]),
        (Unary::Tan, vec![(-1.2, 1.2)]),
        (Unary::Asin, vec![(-0.8, 0.8)]),
        (Unary::Acos, vec![(-0.8, 0.8)]),
        (Unary::Atan, vec![any]),
        (Unary::Sinh, vec![any]),
        (Unary::Cosh, vec![any]),
        (Unary::Asinh, vec![any]),
        (Unary::Acosh, vec![(1.2, 3.0)]),
        (Unary::Atanh, vec![(-0.8, 0.8)]),
        (Unary::Lgamma, vec![positive, (-1.7, -1.3)]),
        (Unary::Digamma, vec![positive, (-1.7, -1.3)]),
    ];
    let mut cases = Vec::new();
    for (function, ranges) in functions {
        for (low, high) in ranges {
            let name = format!("{} within {low}..{high}", name_of(function));
            cases.push(case(name, [input([2, 3]).within(low, high)], move |x| {
                x[0].any().unary(function).typed()
            }));
        }
    }
    cases
}

fn binary() -> Vec<Case> {
    type Function = fn(X, X) -> X;
    let functions: [(&str, Function); 11] = [
        ("add", |a, b| a + b),
        ("sub", |a, b| a - b),
        ("mul", |a, b| a * b),
        ("div", |a, b| a / b),
        ("maximum", |a, b| a.maximum(b)),
        ("minimum", |a, b| a.minimum(b)),
        ("squared_difference", |a, b| a.squared_difference(b)),
        ("pow", |a, b| a.pow(b)),
        ("floormod", |a, b| a.floormod(b)),
        ("truncatemod", |a, b| a.truncatemod(b)),
        ("atan2", |a, b| a.atan2(b)),
    ];
    let shapes = || {
        [
            ("same", [input([2, 3]), input([2, 3])]),
            ("row", [input([2, 3]), input([3])]),
            ("row on the left", [input([3]), input([2, 3])]),
            ("column", [input([2, 3]), input([2, 1])]),
            ("outer", [input([2, 1]), input([1, 3])]),
            ("outer of other ranks", [input([3]), input([2, 2, 1])]),
            ("scalar", [input([2, 3]), input([])]),
            ("scalar on the left", [input([]), input([2, 3])]),
            ("nothing", [input([0, 3]), input([3])]),
        ]
    };
    let mut cases = Vec::new();
    for (name, function) in functions {
        for (kind, inputs) in shapes() {
            let inputs = inputs.map(|input| input.within(0.5, 2.0));
            let build = move |x: &[X]| function(x[0], x[1]);
            cases.push(case(format!("{name}, {kind}"), inputs, build));
        }
        let build = move |x: &[X]| function(x[0] * 2.0, x[0].square());
        let inputs = [input([2, 3]).within(0.5, 1.5)];
        cases.push(case(format!("{name} with itself"), inputs, build));
    }
    cases
}

fn tensordot() -> Vec<Case> {
    vec![
        case(
            "tensordot by a matrix",
            [input([2, 2, 3]), input([3, 4])],
            |x| x[0].tensordot(x[1], 1),
        ),
        case("tensordot of vectors", [input([3]), input([3])], |x| {
            x[0].tensordot(x[1], 1)
        }),
        case("tensordot over nothing", [input([2]), input([3, 2])], |x| {
            x[0].tensordot(x[1], 0)
        }),
        case(
            "tensordot over pairs",
            [input([2, 3, 4]), input([4, 5, 2])],
            |x| x[0].tensordot(x[1], ([0, -1], [2, 0])),
        ),
        case(
            "tensordot of no elements",
            [input([0, 2, 3]), input([3, 2])],
            |x| x[0].tensordot(x[1], ([2, 1], [0, 1])),
        ),
    ]
}

fn matmul() -> Vec<Case> {
    let mut cases = Vec::new();
    for transpose_a in [false, true] {
        for transpose_b in [false, true] {
            let a = if transpose_a { [3, 2] } else { [2, 3] };
            let b = if transpose_b { [4, 3] } else { [3, 4] };
            let name = format!("matmul {transpose_a} {transpose_b}");
            cases.push(case(name, [input(a), input(b)], move |x| {
                x[0].matmul_with(x[1], transpose_a, transpose_b)
            }));
        }
    }
    for (name, a, b, transpose_a) in [
        ("by one matrix", vec![2, 2, 3], vec![3, 2], false),
        ("of one matrix", vec![2, 3], vec![2, 3, 2], false),
        ("of one transposed matrix", vec![3, 2], vec![2, 3, 2], true),
        ("by one matrix, transposed", vec![2, 3, 2], vec![3, 2], true),
        ("of pairs", vec![2, 2, 3], vec![2, 3, 2], false),
        ("of all with all", vec![2, 1, 2, 3], vec![3, 3, 2], false),
        ("of nothing", vec![0, 2, 3], vec![1, 3, 2], false),
    ] {
        let name = format!("matmul {name}");
        cases.push(case(name, [sized(a), sized(b)], move |x| {
            x[0].matmul_with(x[1], transpose_a, false)
        }));
    }
    cases.push(case(
        "matmul of batches, both transposed",
        [input([2, 3, 2]), input([1, 4, 3])],
        |x| x[0].matmul_with(x[1], true, true),
    ));
    cases.extend(tensordot());
    cases.push(case("matmul with itself", [input([3, 3])], |x| {
        x[0].matmul_with(x[0], false, true)
    }));
    cases
}
