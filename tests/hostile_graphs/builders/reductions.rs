//! Calls of family `reduce`, and what is composed of reductions.

use aqueduct::ir::{Accumulation, Extreme, Reduction};
use aqueduct::prelude::*;

use super::Builder;
use crate::scene::Scene;

pub(crate) const ALL: &[Builder] = &[
    |s| {
        s.keep(
            s.any()
                .reduce(s.one_of(&Reduction::ALL), s.axes(), s.flag()),
        )
    },
    |s| {
        s.keep([
            s.any().reduce_logsumexp(s.axes(), s.flag()),
            s.any().count_nonzero(s.axes(), s.flag()),
        ])
    },
    |s| {
        s.keep(s.any().arg(
            s.one_of(&[Extreme::Largest, Extreme::Smallest]),
            s.axis(),
            s.dtype(),
        ))
    },
    |s| {
        let accumulation = s.one_of(&[Accumulation::Sum, Accumulation::Product]);
        s.keep(
            s.any()
                .cumulative(accumulation, s.axis(), s.flag(), s.flag()),
        );
    },
    |s| s.keep(s.any().linear_recurrence(s.any(), s.count(), s.flag())),
    |s| s.keep(s.any().sum_to(s.sizes())),
    |s| {
        s.keep([
            s.f().reduce_sum(s.axes()),
            s.f().reduce_prod(s.axes()),
            s.f().reduce_mean(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.i().reduce_sum_keep(s.axes()),
            s.i().reduce_prod_keep(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.i().reduce_mean(s.axes()),
            s.i().reduce_mean_keep(s.axes()),
        ])
    },
    |s| s.keep([s.f().reduce_max(s.axes()), s.f().reduce_min(s.axes())]),
    |s| {
        s.keep([
            s.f().reduce_max_keep(s.axes()),
            s.f().reduce_min_keep(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.f().count_nonzero(s.axes()),
            s.f().count_nonzero_keep(s.axes()),
        ])
    },
    |s| s.keep([s.f().argmax(s.axis()), s.f().argmin(s.axis())]),
    |s| {
        s.keep([
            s.f().argmax_as::<i32>(s.axis()),
            s.f().argmin_as::<i32>(s.axis()),
        ])
    },
    |s| s.keep([s.f().cumsum(s.axis()), s.f().cumprod(s.axis())]),
    |s| {
        s.keep([
            s.f().cumsum_with(s.axis(), s.flag(), s.flag()),
            s.f().cumprod_with(s.axis(), s.flag(), s.flag()),
        ])
    },
    |s| {
        s.keep([
            s.f().reduce_logsumexp(s.axes()),
            s.f().reduce_logsumexp_keep(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.truths().reduce_all(s.axes()),
            s.truths().reduce_any(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.truths().reduce_all_keep(s.axes()),
            s.truths().reduce_any_keep(s.axes()),
        ])
    },
    |s| s.keep((s.f().moments(s.axes()), s.f().moments_keep(s.axes()))),
    |s| {
        s.keep((
            s.f().weighted_moments(s.axes(), s.f()),
            s.f().weighted_moments_keep(s.axes(), s.f()),
        ))
    },
    |s| {
        s.keep((
            s.any().moments(s.axes(), s.flag()),
            s.any().weighted_moments(s.axes(), s.any(), s.flag()),
        ))
    },
    |s| s.keep([s.f().reduce_variance(s.axes()), s.f().reduce_std(s.axes())]),
    |s| {
        s.keep([
            s.f().reduce_variance_keep(s.axes()),
            s.f().reduce_std_keep(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.any().reduce_variance(s.axes(), s.flag()),
            s.any().reduce_std(s.axes(), s.flag()),
        ])
    },
    |s| {
        s.keep([
            s.f().norm(order(s), s.axes()),
            s.f().norm_keep(order(s), s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.f().reduce_euclidean_norm(s.axes()),
            s.f().reduce_euclidean_norm_keep(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.f().l2_normalize(s.axes()),
            s.f().l2_normalize_with(s.axes(), s.float() as f32),
        ])
    },
    |s| {
        s.keep([
            s.any().norm(order(s), s.axes(), s.flag()),
            s.any().reduce_euclidean_norm(s.axes(), s.flag()),
        ])
    },
    |s| s.keep(s.any().l2_normalize(s.axes(), s.any())),
];

fn order(s: &Scene<'_>) -> NormOrder {
    s.one_of(&[
        NormOrder::Euclidean,
        NormOrder::Infinity,
        NormOrder::P(s.float()),
        NormOrder::One,
    ])
}
