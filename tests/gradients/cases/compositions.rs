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
