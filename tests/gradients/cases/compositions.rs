//! Cases of what networks are made of.

use aqueduct::prelude::*;

use super::{Case, case, input};

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
        // Bounds between the elements, and one that only some rows reach.
        case(
            "clip_by_value",
            [input([2, 4]), input([4]), input([])],
            |x| x[0].clip_by_value(x[1] * 0.1 - 0.33, x[2] * 0.1 + 0.37),
        ),
        case(
            "clip_by_norm",
            [input([2, 3]), input([]).within(0.2, 0.3)],
            |x| x[0].clip_by_norm(x[1]),
        ),
        case("clip_by_norm, of a smaller norm", [input([2, 3])], |x| {
            x[0].clip_by_norm(100.0)
        }),
        case(
            "clip_by_average_norm",
            [input([2, 3]), input([]).within(0.01, 0.02)],
            |x| x[0].clip_by_average_norm(x[1]),
        ),
        case("clip_by_norm_along", [input([4, 3])], |x| {
            x[0].clip_by_norm_along(0.94, 1)
        }),
        case("global_norm", [input([2, 3]), input([4])], |x| {
            x[0].graph().global_norm(&[x[0], x[1]])
        }),
        case(
            "clip_by_global_norm",
            [input([2, 3]), input([4]), input([]).within(0.2, 0.3)],
            |x| {
                let (clipped, norm) = x[0].graph().clip_by_global_norm(&[x[0], x[1]], x[2]);
                clipped[0].reduce_sum(0).square().reduce_sum(..) + clipped[1] * norm
            },
        ),
        case(
            "clip_by_global_norm, of a smaller norm",
            [input([2, 3])],
            |x| x[0].graph().clip_by_global_norm(&[x[0]], 100.0).0[0],
        ),
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
