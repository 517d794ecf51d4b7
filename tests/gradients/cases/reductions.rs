//! Cases of family `reduce`.

use super::{Case, X, case, input};

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
