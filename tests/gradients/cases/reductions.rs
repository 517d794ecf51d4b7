//! Cases of family `reduce`.

use aqueduct::ndarray::arr2;

use super::{Case, X, case, input};

pub(crate) fn reductions() -> Vec<Case> {
    type Function = fn(X, aqueduct::Axes) -> X;
    let functions: [(&str, Function); 12] = [
        ("sum", |x, axes| x.reduce_sum(axes)),
        ("sum_keep", |x, axes| x.reduce_sum_keep(axes)),
        ("prod", |x, axes| x.reduce_prod(axes)),
        ("prod_keep", |x, axes| x.reduce_prod_keep(axes)),
        ("logsumexp", |x, axes| x.reduce_logsumexp(axes)),
        ("logsumexp_keep", |x, axes| x.reduce_logsumexp_keep(axes)),
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
    cases.extend(with_zeros());
    cases.extend(along_an_axis());
    cases
}

/// Products of which some factors are zero where the slopes are taken.
fn with_zeros() -> Vec<Case> {
    type Function = fn(X) -> X;
    let functions: [(&str, Function); 7] = [
        ("reduce_prod", |x| x.reduce_prod(1)),
        ("reduce_prod over all", |x| x.reduce_prod(..)),
        ("reduce_prod_keep", |x| x.reduce_prod_keep([0])),
        ("cumprod", |x| x.cumprod(1)),
        ("cumprod exclusive", |x| x.cumprod_with(1, true, false)),
        ("cumprod reverse", |x| x.cumprod_with(1, false, true)),
        ("cumprod exclusive reverse", |x| {
            x.cumprod_with(1, true, true)
        }),
    ];
    // Rows with one zero, with two, and without.
    let mask = [
        [true, false, true, true],
        [false, true, true, false],
        [true, true, true, true],
    ];
    let mut cases = Vec::new();
    for (name, function) in functions {
        let inputs = [input([3, 4]), input([3, 4]).within(0.0, 0.0)];
        cases.push(case(format!("{name} with zeros"), inputs, move |x| {
            function(x[0].graph().constant(arr2(&mask)).select(x[0], x[1]))
        }));
    }
    cases
}

fn along_an_axis() -> Vec<Case> {
    let mut cases = Vec::new();
    for (exclusive, reverse) in [(false, false), (false, true), (true, false), (true, true)] {
        for axis in [0, 1, -1] {
            let options = format!("along {axis}, exclusive {exclusive}, reverse {reverse}");
            let inputs = || [input([2, 3, 2])];
            cases.push(case(format!("cumsum {options}"), inputs(), move |x| {
                x[0].cumsum_with(axis, exclusive, reverse)
            }));
            cases.push(case(format!("cumprod {options}"), inputs(), move |x| {
                x[0].cumprod_with(axis, exclusive, reverse)
            }));
        }
    }
    for reverse in [false, true] {
        let name = format!("linear_recurrence, reverse {reverse}");
        let inputs = [input([2, 4]), input([2, 4])];
        cases.push(case(name, inputs, move |x| {
            let recurrence = x[0].any().linear_recurrence(x[1].any(), 1, reverse);
            recurrence.typed()
        }));
    }
    for (name, function) in [
        ("cumsum of nothing", (|x| x.cumsum(0)) as fn(X) -> X),
        ("cumprod of nothing", |x| x.cumprod(0)),
        ("reduce_prod of nothing", |x| x.reduce_prod(0)),
        ("reduce_prod without results", |x| x.reduce_prod(1)),
    ] {
        cases.push(case(name, [input([0, 2])], move |x| function(x[0])));
    }
    cases
}
