//! Cases of ops that put elements in order, or name them by indices of several kinds.

use aqueduct::prelude::*;

use super::{Case, case, input, sized};

pub(crate) fn indices() -> Vec<Case> {
    let mut cases = orders();
    cases.extend(batches());
    cases.extend(forms());
    cases.extend(einsums());
    cases
}

fn forms() -> Vec<Case> {
    vec![
        case("matrix_set_diag", [input([2, 3, 4]), input([2, 3])], |x| {
            x[0].matrix_set_diag(x[1]).square()
        }),
        case("matrix_diag_part", [input([2, 4, 3])], |x| {
            x[0].matrix_diag_part().square()
        }),
        case("matrix_diag", [input([2, 3])], |x| {
            x[0].square().matrix_diag()
        }),
        case("diag and back", [input([2, 2])], |x| {
            x[0].square().diag().diag_part()
        }),
        case("trace", [input([3, 3])], |x| x[0].square().trace()),
        case("matrix_band_part", [input([3, 3])], |x| {
            x[0].square().matrix_band_part(1, 0)
        }),
        case("linspace", [input([]), input([])], |x| {
            x[0].graph().linspace(x[0], x[1], 4).square()
        }),
        case("roll", [input([2, 3])], |x| x[0].roll(2, 1).cumsum(1)),
        case("repeat", [input([2, 3])], |x| x[0].repeat(2, 0).cumsum(0)),
        case("repeat_each", [input([3, 2])], |x| {
            x[0].repeat_each(x[0].graph().constant([2, 0, 3]), 0)
                .square()
        }),
    ]
}

fn einsums() -> Vec<Case> {
    let einsum = |equation: &'static str, inputs: Vec<Vec<usize>>| Case {
        inputs: inputs.into_iter().map(sized).collect(),
        ..case(format!("einsum {equation}"), [], move |x| {
            x[0].graph().einsum(equation, x).square()
        })
    };
    vec![
        einsum("ij,jk->ki", vec![vec![2, 3], vec![3, 2]]),
        einsum("bqhd,bkhd->bhqk", vec![vec![2, 3, 1, 2], vec![2, 2, 1, 2]]),
        einsum("ab,bc,ad->cd", vec![vec![2, 3], vec![3, 2], vec![2, 2]]),
        einsum("iij,j", vec![vec![2, 2, 3], vec![3]]),
        einsum("...i,i...->...", vec![vec![2, 3], vec![3, 2]]),
    ]
}

fn orders() -> Vec<Case> {
    vec![
        case("top_k", [input([2, 5])], |x| x[0].top_k(3).0.square()),
        case("top_k of a vector", [input([5])], |x| x[0].exp().top_k(2).0),
        case("top_k of nothing", [input([5])], |x| x[0].top_k(0).0),
        case("sort along the first axis", [input([4, 3])], |x| {
            x[0].square().sort(0).cumsum(0)
        }),
        case("sort, the largest first", [input([2, 2, 4])], |x| {
            x[0].sort_with(-1, Direction::Descending).cumprod(-1)
        }),
        case("top_k in a scan", [input([3, 4]), input([2])], |x| {
            let (last, _) = x[0].graph().scan(x[1], x[0], |h, row| {
                (h + (row * h.reduce_sum(..)).top_k(2).0, ())
            });
            last
        }),
    ]
}

fn batches() -> Vec<Case> {
    vec![
        case("gather_batch", [input([2, 3, 2])], |x| {
            x[0].gather_batch(x[0].graph().constant([[2, 0, 2], [1, 1, 0]]), 1, 1)
        }),
        case("gather_batch along a later axis", [input([2, 2, 3])], |x| {
            x[0].gather_batch(x[0].graph().constant([[2_i64], [1]]), -1, 1)
        }),
        case(
            "tensor_scatter_update",
            [input([4, 2]), input([2, 2])],
            |x| {
                let g = x[0].graph();
                x[0].tensor_scatter_update(g.constant([[3], [0]]), x[1])
                    .square()
            },
        ),
        case("tensor_scatter_add", [input([4]), input([3])], |x| {
            let g = x[0].graph();
            x[0].tensor_scatter_add(g.constant([[3], [0], [3]]), x[1])
                .square()
        }),
        case("tensor_scatter_sub", [input([4]), input([3])], |x| {
            let g = x[0].graph();
            x[0].tensor_scatter_sub(g.constant([[3], [0], [3]]), x[1])
                .square()
        }),
    ]
}
