//! Norms, moments and counts.

use aqueduct::prelude::*;

use super::{Build, check, outputs};

type X<'g> = Tensor<'g, f32>;

fn both<'g>((mean, variance): (X<'g>, X<'g>)) -> Vec<AnyTensor<'g>> {
    outputs([mean, variance])
}

#[test]
fn norms() {
    let build: Build = |case, inputs| {
        let x = inputs.x(0);
        Some(match case {
            "moments_ax0" => both(x.moments(0)),
            "moments_ax01_keep" => both(x.moments_keep([0, 1])),
            "batch_normalization" => {
                let [offset, scale] = [3, 4].map(|place| Some(inputs.x(place)));
                outputs([x.batch_normalization(inputs.x(1), inputs.x(2), offset, scale, 1e-3)])
            }
            "batch_norm_no_scale" => {
                outputs([x.batch_normalization(inputs.x(1), inputs.x(2), None, None, 1e-3)])
            }
            "batch_norm_of_moments" => {
                let (mean, variance) = x.moments(0);
                let [offset, scale] = [1, 2].map(|place| Some(inputs.x(place)));
                outputs([x.batch_normalization(mean, variance, offset, scale, 1e-5)])
            }
            "l2_normalize" => outputs([x.l2_normalize(1)]),
            _ => return None,
        })
    };
    check("norm_ops.npz", build);
}

#[test]
fn more_reductions() {
    use NormOrder::{Euclidean, Infinity, One, P};
    let build: Build = |case, inputs| {
        let x = inputs.x(0);
        Some(match case {
            "weighted_moments" => both(x.weighted_moments([0, 1], inputs.x(1))),
            "weighted_moments_keep" => both(x.weighted_moments_keep(1, inputs.x(1))),
            "weighted_moments_nothing" => both(x.weighted_moments(0, inputs.x(1))),
            "count_nonzero" => outputs([x.count_nonzero(..)]),
            "count_nonzero_keep" => outputs([x.count_nonzero_keep([0, 2])]),
            _ => outputs([match case {
                "reduce_variance" => x.reduce_variance([0, 2]),
                "reduce_variance_keep" => x.reduce_variance_keep(1),
                "reduce_std" => x.reduce_std(..),
                "reduce_std_keep" => x.reduce_std_keep(1),
                "euclidean_norm" => x.reduce_euclidean_norm([0, 2]),
                "euclidean_norm_keep" => x.reduce_euclidean_norm_keep(1),
                "norm" => x.norm(Euclidean, ..),
                "norm_axis" => x.norm(Euclidean, -1),
                "norm_frobenius_keep" => x.norm_keep(Euclidean, [0, 1]),
                "norm_one" => x.norm(One, ..),
                "norm_one_axis" => x.norm(One, 1),
                "norm_one_matrix" => x.norm(One, [-1, 0]),
                "norm_infinity" => x.norm(Infinity, ..),
                "norm_infinity_axis" => x.norm(Infinity, 0),
                "norm_infinity_matrix" => x.norm(Infinity, [0, 1]),
                "norm_3" => x.norm(P(3.0), ..),
                "norm_half_axis" => x.norm(P(0.5), 1),
                "l2_normalize_epsilon" => x.l2_normalize_with([0, 1], 9.0),
                _ => return None,
            }]),
        })
    };
    check("reduce_more.npz", build);
}
