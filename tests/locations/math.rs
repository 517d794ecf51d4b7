//! Norms, moments, counts, and functions of elements.

use aqueduct::prelude::*;

pub(crate) fn math<'g>(x: Tensor<'g, f32>) {
    moments(x);
    norms(x);
    without_nan(x);
    functions(x);
}

fn moments<'g>(x: Tensor<'g, f32>) {
    let _ = (
        x.moments(0),
        x.moments_keep(..),
        x.weighted_moments(0, x),
        x.weighted_moments_keep(0, 2.0),
        x.reduce_variance(0),
        x.reduce_variance_keep(0),
        x.reduce_std(0),
        x.reduce_std_keep(0),
        x.count_nonzero(0),
        x.count_nonzero_keep(0),
    );
    let x = x.any();
    let _ = (
        x.moments(0, false),
        x.weighted_moments(0, x, false),
        x.reduce_variance(0, false),
        x.reduce_std(0, false),
        x.count_nonzero(0, false),
    );
}

fn norms<'g>(x: Tensor<'g, f32>) {
    let _ = (
        x.norm(NormOrder::P(3.0), 0),
        x.norm_keep(NormOrder::One, [0, 1]),
        x.norm_keep(NormOrder::Infinity, [0, 1]),
        x.reduce_euclidean_norm(0),
        x.reduce_euclidean_norm_keep(0),
        x.l2_normalize(0),
        x.l2_normalize_with(0, 1.0),
    );
    let x = x.any();
    let _ = (
        x.norm(NormOrder::Euclidean, 0, false),
        x.reduce_euclidean_norm(0, false),
        x.l2_normalize(0, x),
    );
}

/// A mistake that is found before any node is made.
#[test]
fn a_norm_that_there_is_not() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let _ = x.norm(NormOrder::P(-1.0), 0);
    super::assert_all_here(&g);
}

fn without_nan<'g>(x: Tensor<'g, f32>) {
    let _ = (
        x.div_no_nan(x),
        x.reciprocal_no_nan(),
        x.xlogy(2.0),
        x.xdivy(x),
    );
    let x = x.any();
    let _ = (
        x.div_no_nan(x),
        x.reciprocal_no_nan(),
        x.xlogy(x),
        x.xdivy(x),
    );
}

fn functions<'g>(x: Tensor<'g, f32>) {
    let _ = (x.tan(), x.asin(), x.acos(), x.atan(), x.atan2(2.0));
    let _ = (x.sinh(), x.cosh(), x.asinh(), x.acosh(), x.atanh());
    let _ = (x.erfc(), x.lgamma(), x.digamma());
    let _ = (x.polygamma(0), x.polygamma(1), x.zeta(x));
    let _ = (x.log_sigmoid(), x.swish(), x.crelu(0));
    let _ = (x.truncatediv(2.0), x.truncatemod(2.0));
    let x = x.any();
    let _ = (
        x.polygamma(2),
        x.log_sigmoid(),
        x.swish(),
        x.crelu(0),
        x.truncatediv(x),
    );
}
