//! The cases: functions of tensors, with the shapes of these and the ranges of their values.

use aqueduct::ir::{Bound, SliceSpec, Unary, add_n};
use aqueduct::prelude::*;
use aqueduct_tests::Tolerance;

pub(crate) type X = Tensor<'static, f64>;

type Build = dyn Fn(&[X]) -> X;

/// A function that can be differentiated, and where.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) build: Box<Build>,
    /// The step of the finite differences.
    pub(crate) step: f64,
    pub(crate) tolerance: Tolerance,
}

/// An operand: its sizes, and the range of its values.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) sizes: Vec<usize>,
    pub(crate) range: (f64, f64),
    /// The axes whose sizes are always known while building.
    pub(crate) known: Vec<usize>,
}

impl Input {
    fn within(mut self, low: f64, high: f64) -> Input {
        self.range = (low, high);
        self
    }

    fn known(mut self, axis: usize) -> Input {
        self.known.push(axis);
        self
    }
}

fn input<const N: usize>(sizes: [usize; N]) -> Input {
    Input {
        sizes: sizes.to_vec(),
        range: (-1.0, 1.0),
        known: Vec::new(),
    }
}

fn case<const N: usize>(
    name: impl Into<String>,
    inputs: [Input; N],
    build: impl Fn(&[X]) -> X + 'static,
) -> Case {
    Case {
        name: name.into(),
        inputs: inputs.to_vec(),
        build: Box::new(build),
        step: 1e-5,
        tolerance: Tolerance {
            relative: 1e-6,
            absolute: 1e-8,
        },
    }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = math();
    cases.extend(arrays());
    cases.extend(reductions());
    cases.extend(compositions());
    cases
}

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
        case("bias_add", [input([2, 3]), input([3])], |x| {
            x[0].bias_add(x[1])
        }),
        case("bias_add of rank 3", [input([2, 2, 3]), input([3])], |x| {
            x[0].bias_add(x[1])
        }),
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
    for (low, high) in [positive, negative] {
        let name = format!("relu within {low}..{high}");
        let input = input([2, 3]).within(low, high);
        cases.push(case(name, [input], |x| x[0].relu()));
    }
    cases
}

fn binary() -> Vec<Case> {
    type Function = fn(X, X) -> X;
    let functions: [(&str, Function); 7] = [
        ("add", |a, b| a + b),
        ("sub", |a, b| a - b),
        ("mul", |a, b| a * b),
        ("div", |a, b| a / b),
        ("maximum", |a, b| a.maximum(b)),
        ("minimum", |a, b| a.minimum(b)),
        ("squared_difference", |a, b| a.squared_difference(b)),
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
    cases.push(case("matmul with itself", [input([3, 3])], |x| {
        x[0].matmul_with(x[0], false, true)
    }));
    cases
}

pub(crate) fn arrays() -> Vec<Case> {
    let mut cases = reshaping();
    cases.extend(slices());
    cases.extend(joining_and_cutting());
    cases.extend(gathering());
    cases
}

fn reshaping() -> Vec<Case> {
    vec![
        case("identity", [input([2, 3])], |x| x[0].identity()),
        case("reshape", [input([2, 6])], |x| x[0].reshape([3, 4])),
        case("reshape, one size open", [input([2, 6])], |x| {
            x[0].reshape([-1, 4, 1])
        }),
        case("reshape to a scalar", [input([1, 1])], |x| x[0].reshape(())),
        case("expand_dims", [input([2, 3])], |x| x[0].expand_dims(1)),
        case("expand_dims at the end", [input([2, 3])], |x| {
            x[0].expand_dims(-1)
        }),
        case("squeeze", [input([1, 3, 1])], |x| {
            x[0].any().squeeze(&[0, 2]).typed()
        }),
        case("transpose", [input([2, 3, 4])], |x| {
            x[0].transpose([2, 0, 1])
        }),
        case("fill", [input([])], |x| x[0].graph().fill([2, 3], x[0])),
        case("fill like", [input([]), input([2, 3])], |x| {
            x[0].graph().fill(x[1].shape_tensor(), x[0]) * x[1]
        }),
        case("broadcast_to", [input([3, 1])], |x| {
            x[0].broadcast_to([2, 3, 4])
        }),
        case("broadcast_to like", [input([3]), input([2, 3])], |x| {
            x[0].broadcast_to(x[1].shape_tensor()) * x[1]
        }),
        case("sum_to", [input([2, 3, 4])], |x| x[0].sum_to([3, 1])),
        case("sum_to like", [input([2, 3]), input([1, 3])], |x| {
            x[0].sum_to(x[1].shape_tensor()) * x[1]
        }),
    ]
}

fn slices() -> Vec<Case> {
    let slice = |name: &str, bounds: Vec<Bound>| {
        case(format!("slice {name}"), [input([4, 5])], move |x| {
            x[0].slice(bounds.clone())
        })
    };
    let by = |step| Bound::range(None, None, step);
    vec![
        slice("of a row", vec![Bound::At(1)]),
        slice("of a column from the end", vec![by(1), Bound::At(-2)]),
        slice("of a block", vec![Bound::from(1..3), Bound::from(-3..)]),
        slice("by a step", vec![by(1), by(2)]),
        slice("backwards", vec![by(-1), by(-3)]),
        slice(
            "of a backwards range",
            vec![
                Bound::range(Some(3), Some(0), -2),
                Bound::range(Some(-2), None, -1),
            ],
        ),
        slice(
            "with new axes",
            vec![NEW_AXIS, ELLIPSIS, NEW_AXIS, Bound::from(1..)],
        ),
        slice("of nothing", vec![Bound::from(2..2)]),
        case("slice_grad", [input([2, 3])], |x| {
            let bounds = vec![Bound::range(Some(3), Some(0), -2), Bound::from(1..4)];
            x[0].any().slice_grad(SliceSpec { bounds }, [4, 5]).typed()
        }),
    ]
}

fn joining_and_cutting() -> Vec<Case> {
    let pair = || [input([2, 3]), input([2, 3])];
    vec![
        case("stack", pair(), |x| x[0].graph().stack(x, 0)),
        case("stack of one twice, inside", pair(), |x| {
            x[0].graph().stack(&[x[0], x[1], x[0]], 1)
        }),
        case("unstack, all used", [input([3, 2])], |x| {
            let [a, b, c] = x[0].unstack(3, 0).try_into().unwrap();
            a * b + c.square()
        }),
        case("unstack, some unused", [input([2, 3])], |x| {
            x[0].unstack(3, -1)[1].square()
        }),
        case(
            "concat",
            [input([2, 3]).known(0), input([1, 3]).known(0)],
            |x| x[0].graph().concat(x, 0),
        ),
        case(
            "concat, one size open",
            [
                input([2, 3]).known(1),
                input([2, 2]),
                input([2, 1]).known(1),
            ],
            |x| x[0].graph().concat(x, -1),
        ),
        case("concat of one twice", [input([2, 3])], |x| {
            x[0].graph().concat(&[x[0], x[0].square()], 1)
        }),
        case("split, some unused", [input([2, 6])], |x| {
            let pieces = x[0].split(3, 1);
            pieces[0] * pieces[2]
        }),
        case("split of given sizes, some unused", [input([4, 3])], |x| {
            x[0].split_sizes(&[1, 2, 1], 0)[1].square()
        }),
    ]
}

fn gathering() -> Vec<Case> {
    vec![
        case("gather of repeated rows", [input([4, 3])], |x| {
            x[0].gather(x[0].graph().constant([2_i32, 0, 2, 3]))
        }),
        case("gather of one row", [input([4, 3])], |x| x[0].gather(1_i64)),
        case("gather by a table", [input([4, 3])], |x| {
            x[0].gather(x[0].graph().constant([[3_i64, 1], [1, 0]]))
        }),
        case("gather of nothing", [input([4, 3])], |x| {
            x[0].gather(x[0].graph().constant(Vec::<i32>::new()))
        }),
        case("gather twice", [input([4, 3])], |x| {
            let g = x[0].graph();
            x[0].gather(g.constant([2_i32, 0])) * x[0].gather(g.constant([2_i64, 1]))
        }),
        case("gather along axis 1", [input([2, 4, 3])], |x| {
            x[0].gather_along(x[0].graph().constant([3_i32, 0, 3]), 1)
        }),
        case(
            "gather along the last axis by a table",
            [input([2, 4])],
            |x| x[0].gather_along(x[0].graph().constant([[3_i32, 0, 3], [1, 1, 1]]), -1),
        ),
        case("gather one along axis 1", [input([2, 4, 3])], |x| {
            x[0].gather_along(2_i32, 1)
        }),
        case("segment_sum", [input([4, 3])], |x| {
            let g = x[0].graph();
            let rows = g.constant([2_i32, 0, -1, 2]).any();
            x[0].any()
                .segment_sum(rows, g.constant(5_i32).any())
                .typed()
        }),
    ]
}

pub(crate) fn reductions() -> Vec<Case> {
    type Function = fn(X, aqueduct::Axes) -> X;
    let functions: [(&str, Function); 8] = [
        ("sum", |x, axes| x.reduce_sum(axes)),
        ("sum_keep", |x, axes| x.reduce_sum_keep(axes)),
        ("mean", |x, axes| x.reduce_mean(axes)),
        ("mean_keep", |x, axes| x.reduce_mean_keep(axes)),
        ("max", |x, axes| x.reduce_max(axes)),
        ("max_keep", |x, axes| x.reduce_max_keep(axes)),
        ("min", |x, axes| x.reduce_min(axes)),
        ("min_keep", |x, axes| x.reduce_min_keep(axes)),
    ];
    let axes: [&[i64]; 5] = [&[0, 1, 2], &[0], &[1], &[0, -1], &[]];
    let mut cases = Vec::new();
    for (name, function) in functions {
        for axes in axes {
            let name = format!("reduce_{name} over {axes:?}");
            cases.push(case(name, [input([2, 3, 2])], move |x| {
                function(x[0], axes.into())
            }));
        }
    }
    // The others have no value over nothing, or an infinite one.
    cases.push(case("reduce_sum of nothing", [input([0, 2])], |x| {
        x[0].reduce_sum(0)
    }));
    cases
}

/// What networks are made of.
pub(crate) fn compositions() -> Vec<Case> {
    vec![
        case("mean_squared_error", [input([3, 2]), input([3, 2])], |x| {
            mean_squared_error(x[0], x[1])
        }),
        case(
            "a dense layer",
            [input([2, 3]), input([3, 4]), input([4])],
            |x| x[0].xw_plus_b(x[1], x[2]).sigmoid(),
        ),
        case("softmax by hand", [input([2, 4])], |x| {
            let shifted = x[0] - x[0].reduce_max_keep(1).stop_gradient();
            shifted - shifted.exp().reduce_sum_keep(1).log()
        }),
        case("itself", [input([2, 3])], |x| x[0]),
        case("a variance", [input([4, 3])], |x| {
            x[0].squared_difference(x[0].reduce_mean_keep(0))
                .reduce_mean(0)
        }),
        case(
            "three steps of a recurrent network",
            [
                input([2, 3, 2]).known(1),
                input([2, 4]),
                input([4, 4]),
                input([4]),
            ],
            |x| {
                let [inputs, kernel, recurrent, bias] = [x[0], x[1], x[2], x[3]];
                let start = inputs.unstack(3, 1)[0].matmul(kernel).tanh();
                let steps = inputs.unstack(3, 1).into_iter().skip(1);
                steps.fold(start, |state, step| {
                    (step.matmul(kernel) + state.matmul(recurrent) + bias).tanh()
                })
            },
        ),
    ]
}
