//! Cases of ops that put elements in order, or name them by indices of several kinds.

use aqueduct::prelude::*;

use super::{Case, case, input};

pub(crate) fn indices() -> Vec<Case> {
    let mut cases = orders();
    cases.extend(batches());
    cases
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
