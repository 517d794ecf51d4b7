//! Cases of norms, moments, and quotients without NaN.

use aqueduct::{Axes, NormOrder};

use super::{Case, X, case, input};

pub(crate) fn norms() -> Vec<Case> {
    let mut cases = moments();
    cases.extend(of_vectors_and_matrices());
    cases.extend(without_nan());
    cases
}

fn moments() -> Vec<Case> {
    type Function = fn(X, Axes) -> X;
    // Mean and variance together, so that a gradient comes to both.
    let functions: [(&str, Function); 5] = [
        ("moments", |x, axes| {
            let (mean, variance) = x.moments(axes);
            mean * variance
        }),
        ("moments_keep", |x, axes| {
            let (mean, variance) = x.moments_keep(axes);
            (x - mean) * variance
        }),
        ("variance", |x, axes| x.reduce_variance(axes)),
        ("std", |x, axes| x.reduce_std(axes)),
        ("euclidean_norm", |x, axes| {
            x.reduce_euclidean_norm_keep(axes)
        }),
    ];
    let axes: [&[i64]; 3] = [&[0, 1, 2], &[1], &[0, -1]];
    let mut cases = Vec::new();
    for (name, function) in functions {
        for axes in axes {
            let inputs = [input([2, 3, 2])];
            cases.push(case(format!("{name} over {axes:?}"), inputs, move |x| {
                function(x[0], axes.into())
            }));
        }
    }
    let inputs = [input([2, 3, 2]), input([3, 1]).within(0.5, 2.0)];
    cases.push(case("weighted_moments", inputs, |x| {
        let (mean, variance) = x[0].weighted_moments([0, 1], x[1]);
        mean * variance
    }));
    cases
}

fn of_vectors_and_matrices() -> Vec<Case> {
    let mut cases = Vec::new();
    for order in [
        NormOrder::One,
        NormOrder::Euclidean,
        NormOrder::Infinity,
        NormOrder::P(3.0),
    ] {
        let axes = [Axes::from(..), Axes::from(1), Axes::from([2, 0])];
        for axes in axes {
            if matches!(order, NormOrder::P(_)) && axes == Axes::from([2, 0]) {
                continue;
            }
            let name = format!("norm {order:?} over {axes:?}");
            cases.push(case(name, [input([2, 3, 2])], move |x| {
                // Squares have no equal sums, and no element near a kink.
                (x[0].square() + 0.1).norm(order, axes.clone())
            }));
        }
    }
    cases.push(case("l2_normalize", [input([3, 2])], |x| {
        x[0].l2_normalize(-1)
    }));
    // One row is below the least sum, the other above it.
    cases.push(case(
        "l2_normalize of short vectors",
        [input([2, 2])],
        |x| {
            let rows = x[0].graph().constant([[0.3_f64], [3.0]]);
            (x[0] * rows).l2_normalize_with(1, 0.5)
        },
    ));
    cases
}

/// Operands of which some are 0.
fn without_nan() -> Vec<Case> {
    type Function = fn(X, X) -> X;
    let functions: [(&str, Function); 4] = [
        ("div_no_nan", |x, y| y.div_no_nan(x)),
        ("reciprocal_no_nan", |x, y| x.reciprocal_no_nan() * y),
        ("xlogy", |x, y| x.xlogy(y)),
        ("xdivy", |x, y| x.xdivy(y)),
    ];
    let mut cases = Vec::new();
    for (name, function) in functions {
        let inputs = [input([2, 3]), input([2, 1]).within(0.5, 2.0)];
        cases.push(case(name, inputs, move |x| {
            let mask = x[0].graph().constant([1.0, 0.0, 1.0]);
            function(x[0].square() * mask + mask * 0.5, x[1])
        }));
    }
    cases
}
