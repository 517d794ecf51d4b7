//! Numbers without a result, and results of nothing.

use aqueduct::prelude::*;
use aqueduct::{DropoutOptions, Value};
use expect_test::expect;

use crate::table::{Any, Table, a, f, i, n, none, v};

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;
const LOW: i32 = i32::MIN;
const HIGH: i32 = i32::MAX;

fn nothing() -> Value {
    none::<f32, 1>([0])
}

type Row = Tensor<'static, f32>;

/// A table of functions of one operand.
fn functions<const N: usize>(functions: [fn(Row) -> Row; N]) -> Table {
    Table::new([v([0.5_f32, 0.25])], |_, [x]| {
        functions
            .map(|function| ("function", function(f(x)).any()))
            .to_vec()
    })
}

#[test]
fn of_integer_division() {
    let pairs = || [v([7, -7, 7, -7]), v([2, 2, -2, -2])];
    Table::new(pairs(), |_, [x, y]| {
        vec![("floordiv", i(x).floordiv(i(y)).any())]
    })
    .gives("of all signs", pairs(), [v([3, -4, -4, 3])])
    .gives(
        "the lowest by -1",
        [v([LOW, LOW]), v([-1, 1])],
        [v([LOW, LOW])],
    )
    .refuses("by zero", [v([1, 2]), v([1, 0])], &expect![[r#"
        division by zero at element 1
        integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]])
    .check();
    Table::new(pairs(), |_, [x, y]| {
        vec![
            ("div", (i(x) / i(y)).any()),
            ("div", i(x).truncatediv(i(y)).any()),
        ]
    })
    .gives(
        "of all signs",
        pairs(),
        [v([3, -3, -3, 3]), v([3, -3, -3, 3])],
    )
    .gives(
        "the lowest by -1",
        [v([LOW]), v([-1])],
        [v([LOW]), v([LOW])],
    )
    .refuses("by zero", [v([1, 2]), v([1, 0])], &expect![[r#"
        division by zero at element 1
        integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]])
    .check();
    Table::new(pairs(), |_, [x, y]| {
        vec![("floormod", i(x).floormod(i(y)).any())]
    })
    .gives("of all signs", pairs(), [v([1, 1, -1, -1])])
    .gives("the lowest by -1", [v([LOW]), v([-1])], [v([0])])
    .refuses("by zero", [v([0]), v([0])], &expect![[r#"
        division by zero at element 0
        integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]])
    .check();
    Table::new(pairs(), |_, [x, y]| {
        vec![("truncatemod", i(x).truncatemod(i(y)).any())]
    })
    .gives("of all signs", pairs(), [v([1, -1, 1, -1])])
    .gives("the lowest by -1", [v([LOW]), v([-1])], [v([0])])
    .refuses("by zero", [v([1]), v([0])], &expect![[r#"
        division by zero at element 0
        integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]])
    .check();
    let small = || [v([1_u8, 2]), v([1_u8, 2])];
    Table::new(small(), |_, [x, y]| {
        let (x, y) = (x.typed::<u8>(), y.typed::<u8>());
        vec![("floordiv", x.floordiv(y).any())]
    })
    .refuses("by zero", [v([1_u8]), v([0_u8])], &expect![[r#"
        division by zero at element 0
        integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]])
    .check();
    let large = || [v([1_i64, 2]), v([1_i64, 2])];
    Table::new(large(), |_, [x, y]| {
        let (x, y) = (x.typed::<i64>(), y.typed::<i64>());
        vec![("floormod", x.floormod(y).any())]
    })
    .gives(
        "the lowest by -1",
        [v([i64::MIN]), v([-1_i64])],
        [v([0_i64])],
    )
    .refuses("by zero", [v([1_i64]), v([0_i64])], &expect![[r#"
        division by zero at element 0
        integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]])
    .check();
}

#[test]
fn of_float_division() {
    Table::new([v([1.0_f32]), v([2.0_f32])], |_, [x, y]| {
        let (x, y) = (f(x), f(y));
        let quotients = [
            x / y,
            x.floordiv(y),
            x.floormod(y),
            x.truncatemod(y),
            x.div_no_nan(y),
        ];
        quotients.map(|made| ("div", made.any())).to_vec()
    })
    .gives(
        "by zero",
        [v([1.0_f32, -1.0, 0.0]), v([0.0_f32; 3])],
        [
            v([INF, -INF, NAN]),
            v([INF, -INF, NAN]),
            v([NAN; 3]),
            v([NAN; 3]),
            v([0.0_f32; 3]),
        ],
    )
    .gives(
        "of infinities",
        [v([INF, 1.0, -1.0, NAN]), v([2.0, INF, INF, 1.0])],
        [
            v([INF, 0.0, -0.0, NAN]),
            v([INF, 0.0, -0.0, NAN]),
            v([NAN, 1.0, INF, NAN]),
            v([NAN, 1.0, -1.0, NAN]),
            v([INF, 0.0, -0.0, NAN]),
        ],
    )
    .check();
}

#[test]
fn of_integers_that_overflow() {
    Table::new([v([1, 2]), v([1, 2])], |_, [x, y]| {
        let (x, y) = (i(x), i(y));
        [x + y, x - y, x * y, -x, x.abs(), x.square()]
            .map(|made| ("add", made.any()))
            .to_vec()
    })
    .gives(
        "beyond both ends",
        [v([HIGH, LOW, LOW]), v([1, -1, LOW])],
        [
            v([LOW, HIGH, 0]),
            v([HIGH - 1, LOW + 1, 0]),
            v([HIGH, LOW, 0]),
            v([-HIGH, LOW, LOW]),
            v([HIGH, LOW, LOW]),
            v([1, 0, 0]),
        ],
    )
    .check();
    Table::new([v([1_u8]), v([1_u8])], |_, [x, y]| {
        let (x, y) = (x.typed::<u8>(), y.typed::<u8>());
        [x + y, x - y, x * y]
            .map(|made| ("add", made.any()))
            .to_vec()
    })
    .gives(
        "of bytes",
        [v([255_u8, 0]), v([1_u8, 1])],
        [v([0_u8, 1]), v([254_u8, 255]), v([255_u8, 0])],
    )
    .check();
    Table::new([v([1_i64]), v([1_i64])], |_, [x, y]| {
        let (x, y) = (x.typed::<i64>(), y.typed::<i64>());
        [x + y, x - y, x * y]
            .map(|made| ("add", made.any()))
            .to_vec()
    })
    .gives(
        "of 64 bits",
        [v([i64::MAX, i64::MIN]), v([2_i64, -1])],
        [
            v([i64::MIN + 1, i64::MAX]),
            v([i64::MAX - 2, i64::MIN + 1]),
            v([-2, i64::MIN]),
        ],
    )
    .check();
    Table::new([v([1, 2])], |_, [x]| {
        let x = i(x);
        [
            x.reduce_sum(..),
            x.reduce_prod(..),
            x.reduce_mean(..),
            x.cumsum(0),
        ]
        .map(|made| ("sum", made.any()))
        .to_vec()
    })
    .gives(
        "of totals",
        [v([HIGH, 1])],
        [n(LOW), n(HIGH), n(1 << 30), v([HIGH, LOW])],
    )
    .check();
    Table::new([v([2]), v([3])], |_, [x, y]| {
        vec![("pow", i(x).pow(i(y)).any())]
    })
    .gives(
        "of powers",
        [v([2, 3, 0]), v([31, 40, 0])],
        [v([LOW, 689_956_897, 1])],
    )
    .refuses(
        "a negative power",
        [v([2, 2]), v([2, -1])],
        &expect![[r#"
        negative power of an integer at element 1
        cast to floats, which have such powers: `.cast::<f32>()`"#]],
    )
    .check();
}

#[test]
fn of_powers() {
    let bases = v([-2.0, -2.0, 0.0, 0.0, 0.0, INF, NAN, 1.0, -INF]);
    let powers = v([0.5, 2.0, 0.0, -1.0, INF, 0.0, 0.0, NAN, 3.0]);
    Table::new([v([1.0_f32]), v([2.0_f32])], |_, [x, y]| {
        vec![("pow", f(x).pow(f(y)).any())]
    })
    .gives(
        "of all kinds",
        [bases, powers],
        [v([NAN, 4.0, 1.0, INF, 0.0, 1.0, 1.0, 1.0, -INF])],
    )
    .check();
}

/// Numbers that the type of the result does not have. TensorFlow leaves those of floats to the
/// processor: 64-bit Intel ones give the lowest integer, and the last byte of it.
#[test]
fn of_casts() {
    let fed = [NAN, INF, -INF, 3e9, -3e9, 2.9, -2.9, 300.0, -1.0, 1e30];
    let wide = fed.map(f64::from);
    let cast = |_: &'static Graph, [x]: [Any; 1]| {
        vec![
            ("cast", x.cast(aqueduct::DType::I32)),
            ("cast", x.cast(aqueduct::DType::I64)),
            ("cast", x.cast(aqueduct::DType::U8)),
            ("cast", x.cast(aqueduct::DType::Bool)),
        ]
    };
    let (most, lowest) = (i64::MAX, i64::MIN);
    let expected = || {
        [
            v([0, HIGH, LOW, HIGH, LOW, 2, -2, 300, -1, HIGH]),
            v([
                0,
                most,
                lowest,
                3_000_000_000,
                -3_000_000_000,
                2,
                -2,
                300,
                -1,
                most,
            ]),
            v([0_u8, 255, 0, 255, 0, 2, 0, 255, 0, 255]),
            v([true; 10]),
        ]
    };
    Table::new([v([0.0_f32])], cast)
        .gives("of f32", [v(fed)], expected())
        .check();
    Table::new([v([0.0_f64])], cast)
        .gives("of f64", [v(wide)], expected())
        .check();
    Table::new([v([0])], |_, [x]| vec![("cast", i(x).cast::<u8>().any())])
        .gives("of i32", [v([300, -1, 256])], [v([44_u8, 255, 0])])
        .check();
    Table::new([v([0_i64])], |_, [x]| {
        let x = x.typed::<i64>();
        vec![
            ("cast", x.cast::<i32>().any()),
            ("cast", x.cast::<f32>().any()),
        ]
    })
    .gives(
        "of i64",
        [v([1_i64 << 31, (1 << 32) + 5, i64::MIN])],
        [
            v([LOW, 5, 0]),
            v([
                2_147_483_648.0_f32,
                4_294_967_301.0,
                -9_223_372_036_854_775_808.0,
            ]),
        ],
    )
    .check();
    Table::new([v([0.0_f64])], |_, [x]| {
        vec![("cast", x.typed::<f64>().cast::<f32>().any())]
    })
    .gives(
        "of large f64",
        [v([1e300, -1e300, 1e-300])],
        [v([INF, -INF, 0.0])],
    )
    .check();
}

fn reductions([x]: [Any; 1], axis: impl Into<Option<i64>>) -> Vec<(&'static str, Any)> {
    let x = f(x);
    let made = match axis.into() {
        Some(axis) => [
            x.reduce_sum(axis),
            x.reduce_mean(axis),
            x.reduce_prod(axis),
            x.reduce_max(axis),
            x.reduce_min(axis),
            x.reduce_logsumexp(axis),
        ],
        None => [
            x.reduce_sum(..),
            x.reduce_mean(..),
            x.reduce_prod(..),
            x.reduce_max(..),
            x.reduce_min(..),
            x.reduce_logsumexp(..),
        ],
    };
    made.map(|made| ("reduce", made.any())).to_vec()
}

#[test]
fn of_reductions() {
    Table::new([v([1.0_f32, 2.0])], |_, x| reductions(x, None))
        .gives(
            "of nothing",
            [nothing()],
            [n(0.0_f32), n(NAN), n(1.0_f32), n(-INF), n(INF), n(-INF)],
        )
        .gives(
            "of a NaN",
            [v([1.0, NAN, 3.0])],
            std::array::from_fn::<_, 6, _>(|_| n(NAN)),
        )
        .gives(
            "of a NaN that is the first",
            [v([NAN, 3.0])],
            std::array::from_fn::<_, 6, _>(|_| n(NAN)),
        )
        .gives(
            "of both infinities",
            [v([INF, -INF])],
            [n(NAN), n(NAN), n(-INF), n(INF), n(-INF), n(INF)],
        )
        .gives(
            "of negative infinities",
            [v([-INF, -INF])],
            [n(-INF), n(-INF), n(INF), n(-INF), n(-INF), n(-INF)],
        )
        .check();
    let both = |number: f32| v([number; 2]);
    Table::new([a([2, 2], [1.0_f32; 4])], |_, x| reductions(x, 1))
        .gives(
            "of rows of nothing",
            [none::<f32, 2>([2, 0])],
            [
                both(0.0),
                both(NAN),
                both(1.0),
                both(-INF),
                both(INF),
                both(-INF),
            ],
        )
        .gives(
            "of no rows",
            [none::<f32, 2>([0, 2])],
            std::array::from_fn::<_, 6, _>(|_| nothing()),
        )
        .check();
    Table::new([a([2, 2], [1.0_f32; 4])], |_, x| reductions(x, 0))
        .gives(
            "of columns of nothing",
            [none::<f32, 2>([0, 2])],
            [
                both(0.0),
                both(NAN),
                both(1.0),
                both(-INF),
                both(INF),
                both(-INF),
            ],
        )
        .check();
    let totals = |_: &'static Graph, [x]: [Any; 1]| {
        let x = i(x);
        [
            x.reduce_sum(..),
            x.reduce_prod(..),
            x.reduce_max(..),
            x.reduce_min(..),
        ]
        .map(|made| ("reduce", made.any()))
        .to_vec()
    };
    Table::new([v([1, 2])], totals)
        .gives(
            "of no integers",
            [none::<i32, 1>([0])],
            [n(0), n(1), n(LOW), n(HIGH)],
        )
        .check();
    // TensorFlow gives 0.
    Table::new([v([1, 2])], |_, [x]| {
        vec![("reduce_mean", i(x).reduce_mean(..).any())]
    })
    .refuses(
        "the mean of no integers",
        [none::<i32, 1>([0])],
        &expect![[r#"
            the mean of no integers does not exist
            cast to floats, whose mean of nothing is NaN: `.cast::<f32>()`"#]],
    )
    .check();
    Table::new([v([true, false])], |_, [x]| {
        let x = x.typed::<bool>();
        vec![
            ("all", x.reduce_all(..).any()),
            ("any", x.reduce_any(..).any()),
        ]
    })
    .gives(
        "of no truth values",
        [none::<bool, 1>([0])],
        [n(true), n(false)],
    )
    .check();
    Table::new([v([1.0_f32, 2.0])], |_, [x]| {
        let x = f(x);
        let (mean, variance) = x.moments(..);
        let made = [
            x.reduce_variance(..),
            x.reduce_std(..),
            x.reduce_euclidean_norm(..),
            mean,
            variance,
        ];
        made.map(|made| ("reduce", made.any())).to_vec()
    })
    .gives(
        "of nothing",
        [nothing()],
        [n(NAN), n(NAN), n(0.0_f32), n(NAN), n(NAN)],
    )
    .gives(
        "of an infinity",
        [v([INF, 1.0])],
        [n(NAN), n(NAN), n(INF), n(INF), n(NAN)],
    )
    .check();
    Table::new([v([1.0_f32])], |_, [x]| {
        vec![
            ("cumsum", f(x).cumsum(0).any()),
            ("cumprod", f(x).cumprod(0).any()),
        ]
    })
    .gives("of nothing", [nothing()], [nothing(), nothing()])
    .gives(
        "of a NaN",
        [v([1.0, NAN, 3.0])],
        [v([1.0, NAN, NAN]), v([1.0, NAN, NAN])],
    )
    .check();
}

#[test]
fn of_softmax() {
    let row = |numbers: [f32; 3]| a([1, 3], numbers);
    let half = -std::f32::consts::LN_2;
    Table::new([row([1.0, 2.0, 3.0])], |_, [x]| {
        vec![
            ("softmax", f(x).softmax().any()),
            ("log_softmax", f(x).log_softmax().any()),
        ]
    })
    .gives(
        "an infinity below",
        [row([-INF, 0.0, 0.0])],
        [row([0.0, 0.5, 0.5]), row([-INF, half, half])],
    )
    .gives(
        "all infinities below",
        [row([-INF; 3])],
        [row([NAN; 3]), row([NAN; 3])],
    )
    .gives(
        "far apart",
        [row([1e30, -1e30, 0.0])],
        [row([1.0, 0.0, 0.0]), row([0.0, -2e30, -1e30])],
    )
    // TensorFlow's softmax gives 0 beside a NaN.
    .gives(
        "a NaN",
        [row([1.0, NAN, 3.0])],
        [row([NAN; 3]), row([NAN; 3])],
    )
    .gives(
        "an infinity above",
        [row([INF, 1.0, 2.0])],
        [row([NAN; 3]), row([NAN; 3])],
    )
    .gives(
        "no rows",
        [none::<f32, 2>([0, 3])],
        [none::<f32, 2>([0, 3]), none::<f32, 2>([0, 3])],
    )
    .gives(
        "rows of nothing",
        [none::<f32, 2>([2, 0])],
        [none::<f32, 2>([2, 0]), none::<f32, 2>([2, 0])],
    )
    .check();
    let pair = |first: f32, second: f32| a([1, 2], [first, second]);
    Table::new([pair(1.0, 2.0), pair(0.5, 0.5)], |_, [x, labels]| {
        vec![
            (
                "cross_entropy",
                softmax_cross_entropy_with_logits_v2(f(labels), f(x)).any(),
            ),
            (
                "cross_entropy",
                sigmoid_cross_entropy_with_logits(f(labels), f(x))
                    .reduce_sum(1)
                    .any(),
            ),
        ]
    })
    .gives(
        "an infinity above",
        [pair(INF, 0.0), pair(1.0, 0.0)],
        [v([NAN]), v([NAN])],
    )
    .gives(
        "a NaN",
        [pair(NAN, 0.0), pair(1.0, 0.0)],
        [v([NAN]), v([NAN])],
    )
    .check();
    Table::new([pair(1.0, 2.0), v([0])], |_, [x, labels]| {
        let losses = sparse_softmax_cross_entropy_with_logits(i(labels), f(x));
        vec![("cross_entropy", losses.any())]
    })
    .gives("an infinity above", [pair(INF, 0.0), v([0])], [v([NAN])])
    .gives("a NaN", [pair(NAN, 0.0), v([1])], [v([NAN])])
    .check();
}

/// Functions of elements at NaN, infinities and zeros.
#[test]
fn of_functions() {
    functions([
        |x| x.log(),
        |x| x.sqrt(),
        |x| x.rsqrt(),
        |x| x.reciprocal(),
        |x| x.sign(),
        |x| x.floor(),
    ])
    .gives(
        "at the edges",
        [v([0.0, -0.0, -1.0, INF, NAN])],
        [
            v([-INF, -INF, NAN, INF, NAN]),
            v([0.0, -0.0, NAN, INF, NAN]),
            v([INF, -INF, NAN, 0.0, NAN]),
            v([INF, -INF, -1.0, 0.0, NAN]),
            v([0.0, 0.0, -1.0, 1.0, NAN]),
            v([0.0, -0.0, -1.0, INF, NAN]),
        ],
    )
    .check();
    functions([
        |x| x.relu(),
        |x| x.relu6(),
        |x| x.leaky_relu(0.2),
        |x| x.elu(),
        |x| x.selu(),
        |x| x.softplus(),
        |x| x.softsign(),
        |x| x.sigmoid(),
        |x| x.tanh(),
        |x| x.log_sigmoid(),
        |x| x.swish(),
        |x| x.round(),
        |x| x.clip_by_value(-1.0, 1.0),
        |x| x.clip_by_value(2.0, 1.0),
    ])
    .gives(
        "beyond all numbers",
        [v([NAN, -INF, INF])],
        [
            v([NAN, 0.0, INF]),
            v([NAN, 0.0, 6.0]),
            v([NAN, -INF, INF]),
            v([NAN, -1.0, INF]),
            v([NAN, -1.758_099_3, INF]),
            v([NAN, 0.0, INF]),
            v([NAN, NAN, NAN]),
            v([NAN, 0.0, 1.0]),
            v([NAN, -1.0, 1.0]),
            v([NAN, -INF, -0.0]),
            v([NAN, NAN, INF]),
            v([NAN, -INF, INF]),
            v([NAN, -1.0, 1.0]),
            v([NAN, 2.0, 2.0]),
        ],
    )
    .check();
    Table::new([v([1.0_f32]), v([2.0_f32])], |_, [x, y]| {
        vec![
            ("maximum", f(x).maximum(f(y)).any()),
            ("minimum", f(x).minimum(f(y)).any()),
        ]
    })
    .gives(
        "a NaN on either side",
        [v([NAN, 1.0]), v([1.0, NAN])],
        [v([NAN, NAN]), v([NAN, NAN])],
    )
    .check();
    Table::new([v([1.0_f32, 2.0])], |_, [x]| {
        let x = f(x);
        vec![
            ("norm", x.l2_normalize(0).any()),
            ("norm", x.clip_by_norm(1.0).any()),
            ("norm", x.graph().clip_by_global_norm(&[x], 1.0).0[0].any()),
        ]
    })
    .gives(
        "of zeros",
        [v([0.0_f32, 0.0])],
        [v([0.0_f32, 0.0]), v([0.0_f32, 0.0]), v([0.0_f32, 0.0])],
    )
    .gives("of nothing", [nothing()], [nothing(), nothing(), nothing()])
    .gives("of an infinity", [v([INF])], [v([NAN]), v([NAN]), v([NAN])])
    .check();
}

#[test]
fn of_products() {
    let (two, three) = (|| a([2, 3], [1.0_f32; 6]), || a([3, 4], [1.0_f32; 12]));
    Table::new([two(), three()], |_, [x, y]| {
        vec![("matmul", f(x).matmul(f(y)).any())]
    })
    .gives(
        "of nothing",
        [none::<f32, 2>([2, 0]), none::<f32, 2>([0, 4])],
        [a([2, 4], [0.0_f32; 8])],
    )
    .gives(
        "of no rows",
        [none::<f32, 2>([0, 3]), three()],
        [none::<f32, 2>([0, 4])],
    )
    .gives(
        "a NaN times zero",
        [a([1, 2], [NAN, 1.0]), a([2, 1], [0.0_f32, 0.0])],
        [a([1, 1], [NAN])],
    )
    .gives(
        "an infinity times zero",
        [a([1, 2], [INF, 1.0]), a([2, 1], [0.0_f32, 0.0])],
        [a([1, 1], [NAN])],
    )
    .refuses(
        "that do not fit",
        [two(), two()],
        &expect![[r#"
        inner dimensions 3 and 2 differ
        rhs needs 3 rows"#]],
    )
    .check();
}

#[test]
fn of_images() {
    let image = |numbers: [f32; 4]| a([1, 2, 2, 1], numbers);
    let single = |x: Any| f(x).ensure_shape(shape![?, ?, ?, 1]);
    Table::new([image([1.0, 2.0, 3.0, 4.0])], |g, [x]| {
        let filter = g.constant([[[[1.0_f32]], [[1.0]]], [[[1.0]], [[1.0]]]]);
        vec![
            (
                "max_pool",
                single(x).max_pool2d([2, 2], [1, 1], Padding::Valid).any(),
            ),
            (
                "avg_pool",
                single(x).avg_pool2d([2, 2], [1, 1], Padding::Valid).any(),
            ),
            (
                "conv2d",
                single(x).conv2d(filter, [1, 1], Padding::Valid).any(),
            ),
        ]
    })
    .gives(
        "no images",
        [none::<f32, 4>([0, 2, 2, 1])],
        std::array::from_fn::<_, 3, _>(|_| none::<f32, 4>([0, 1, 1, 1])),
    )
    // TensorFlow gives no rows, and of `conv2d` what was never written.
    .refuses(
        "smaller than a window",
        [a([1, 1, 2, 1], [1.0_f32; 2])],
        &expect![[r#"
            a window of height 2 does not fit into the height 1
            pad with `Padding::Same`, or take a smaller window"#]],
    )
    // TensorFlow's `max_pool` passes over a NaN, and gives the lowest number for negative infinities.
    .gives(
        "a NaN",
        [image([1.0, NAN, 3.0, 4.0])],
        [
            a([1, 1, 1, 1], [NAN]),
            a([1, 1, 1, 1], [NAN]),
            a([1, 1, 1, 1], [NAN]),
        ],
    )
    .gives(
        "infinities",
        [image([-INF; 4])],
        [
            a([1, 1, 1, 1], [-INF]),
            a([1, 1, 1, 1], [-INF]),
            a([1, 1, 1, 1], [-INF]),
        ],
    )
    .check();
    Table::new([a([2, 2], [1.0_f32, 2.0, 3.0, 4.0])], |_, [x]| {
        let x = f(x).ensure_shape(shape![?, 2]);
        vec![(
            "batch_normalization",
            BatchNormalization::new().training(true).apply(x).any(),
        )]
    })
    .gives(
        "no batch",
        [none::<f32, 2>([0, 2])],
        [none::<f32, 2>([0, 2])],
    )
    .gives(
        "a batch of one",
        [a([1, 2], [1.0_f32, 2.0])],
        [a([1, 2], [0.0_f32, 0.0])],
    )
    .check();
}

#[test]
fn of_draws() {
    let ones = || v([1.0_f32; 3]);
    Table::new([ones(), n(1.0_f32)], |_, [x, keep]| {
        vec![(
            "dropout",
            f(x).dropout_with(f(keep), DropoutOptions::new().seed(1))
                .any(),
        )]
    })
    .gives("all kept", [ones(), n(1.0_f32)], [ones()])
    .gives("none kept", [ones(), n(0.0_f32)], [v([0.0_f32; 3])])
    .gives("NaN", [ones(), n(NAN)], [v([0.0_f32; 3])])
    .gives("more than all", [ones(), n(2.0_f32)], [v([0.5_f32; 3])])
    .gives("less than none", [ones(), n(-0.5_f32)], [v([0.0_f32; 3])])
    .gives("nothing", [nothing(), n(1.0_f32)], [nothing()])
    .check();
    Table::new([v([0, 2])], |g, [sizes]| {
        let sizes = i(sizes).ensure_shape(shape![2]);
        vec![
            (
                "random_uniform",
                random_uniform(sizes, 0.0, 1.0).tensor::<f32>(g).any(),
            ),
            (
                "random_standard_normal",
                random_normal(sizes).tensor::<f32>(g).any(),
            ),
            (
                "truncated_normal",
                truncated_normal(sizes).tensor::<f32>(g).any(),
            ),
            ("random_uniform_int", g.random_int(sizes, 3, 5, None).any()),
        ]
    })
    .refuses(
        "a negative size",
        [v([-1, 2])],
        &expect![[r#"
        shape gives the negative size -1
        a size is 0 or more"#]],
    )
    .refuses(
        "more than any memory",
        [v([HIGH, HIGH])],
        &expect![[r#"
        a result of shape [2147483647, 2147483647] is larger than any memory
        look at the sizes that this operation is given"#]],
    )
    .check();
    Table::new([v([0]), n(3), n(5)], |g, [sizes, low, high]| {
        let sizes = i(sizes).ensure_shape(shape![1]);
        vec![(
            "random_uniform_int",
            g.random_int(sizes, i(low), i(high), Some(1)).any(),
        )]
    })
    .gives("none of none", [v([0]), n(5), n(5)], [none::<i32, 1>([0])])
    .refuses(
        "of no numbers",
        [v([2]), n(5), n(5)],
        &expect![[r#"
        needs low < high, got low 5 and high 5
        numbers are drawn from low up to high - 1"#]],
    )
    .refuses(
        "swapped",
        [v([2]), n(5), n(3)],
        &expect![[r#"
        needs low < high, got low 5 and high 3
        numbers are drawn from low up to high - 1"#]],
    )
    .check();
    Table::new([none::<f32, 2>([0, 2]), n(2)], |_, [x, count]| {
        vec![("multinomial", f(x).multinomial(i(count), Some(1)).any())]
    })
    .gives(
        "of no rows",
        [none::<f32, 2>([0, 3]), n(2)],
        [none::<i64, 2>([0, 2])],
    )
    .refuses(
        "a negative number",
        [a([1, 2], [0.0_f32; 2]), n(-1)],
        &expect![[r#"
            random_uniform failed: shape gives the negative size -1
            a size is 0 or more"#]],
    )
    .refuses(
        "of no classes",
        [none::<f32, 2>([1, 0]), n(2)],
        &expect![[r#"
            argmax failed: axis 2 of x has size 0: it has no largest element
            give the axis a size of 1 or more"#]],
    )
    .check();
}

#[test]
fn of_writes() {
    Table::new([v([1.0_f32, 2.0])], |g, [x]| {
        let v = g.variable("v", [1.0_f32, 2.0]);
        vec![("assign", v.assign(f(x)).any())]
    })
    .refuses(
        "another shape",
        [v([1.0_f32; 6])],
        &expect![[r#"
        value has shape [6] but the variable has shape [2]
        a write does not broadcast: give a value of the variable's shape"#]],
    )
    .refuses(
        "a single one",
        [v([1.0_f32])],
        &expect![[r#"
        value has shape [1] but the variable has shape [2]
        a write does not broadcast: give a value of the variable's shape"#]],
    )
    .refuses(
        "nothing",
        [nothing()],
        &expect![[r#"
        value has shape [0] but the variable has shape [2]
        a write does not broadcast: give a value of the variable's shape"#]],
    )
    .check();
    Table::new([v([1.0_f32, 2.0])], |g, [x]| {
        let v = g.variable("v", [1.0_f32, 2.0]);
        let first = v.assign(g.constant([1.0_f32, 2.0]));
        let added = g.control_dependencies([first.op()], || v.assign_add(f(x)));
        vec![("assign_add", added.any())]
    })
    .refuses(
        "a single one",
        [v([1.0_f32])],
        &expect![[r#"
        value has shape [1] but the variable has shape [2]
        a write does not broadcast: give a value of the variable's shape"#]],
    )
    .check();
}

#[test]
fn of_distinct_elements() {
    Table::new([v([1.0_f32, 2.0])], |_, [x]| {
        let (values, places) = f(x).unique();
        vec![("unique", values.any()), ("unique", places.any())]
    })
    .gives(
        "NaN",
        [v([1.0, NAN, NAN, 1.0])],
        [v([1.0, NAN, NAN]), v([0, 1, 2, 0])],
    )
    .gives(
        "both zeros",
        [v([0.0_f32, -0.0])],
        [v([0.0_f32]), v([0, 0])],
    )
    .gives("nothing", [nothing()], [nothing(), none::<i32, 1>([0])])
    .check();
}
