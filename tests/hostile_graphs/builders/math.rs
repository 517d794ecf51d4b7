//! Calls of family `math`.

use aqueduct::ir::{Binary, Compare, Logical, Test, Unary, add_n};

use super::Builder;
use crate::scene::Scene;

pub(crate) const ALL: &[Builder] = &[
    |s| s.keep(s.any().unary(s.one_of(&Unary::ALL))),
    |s| s.keep(s.any().binary(s.one_of(&Binary::ALL), s.any(), &s.name())),
    |s| {
        let scope = s.graph.open_name_scope(&s.name());
        s.keep(
            s.any()
                .binary_scope(s.one_of(&Binary::ALL), s.any(), &scope),
        );
    },
    |s| s.keep(s.any().compare(s.one_of(&Compare::ALL), s.any())),
    |s| s.keep(s.any().test(s.one_of(&Test::ALL))),
    |s| s.keep(s.any().logical(s.one_of(&Logical::ALL), s.any(), &s.name())),
    |s| s.keep(s.any().logical_not()),
    |s| s.keep(s.any().select(s.any(), s.any())),
    |s| s.keep(s.truths().select(s.any().typed::<f32>(), s.f())),
    |s| s.keep(s.any().matmul(s.any(), s.flag(), s.flag())),
    |s| s.keep(s.f().matmul(s.f())),
    |s| s.keep(s.f().matmul_with(s.f(), s.flag(), s.flag())),
    |s| s.keep(s.any().cast(s.dtype())),
    |s| s.keep(s.f().cast::<u8>()),
    |s| s.keep(s.any().scale(s.float())),
    |s| s.keep(add_n(s.graph, &s.several())),
    |s| s.keep(s.graph.add_n(&s.list::<i32>())),
    |s| s.keep(s.graph.add_n(&s.list::<f32>())),
    unary,
    unary,
    binary,
    binary,
    compared,
    |s| s.keep([s.i().neg(), s.i().abs(), s.i().sign()]),
    |s| {
        s.keep([
            s.truths().logical_and(s.truths()),
            s.truths().logical_or(s.truths()),
        ])
    },
    |s| s.keep([s.truths().logical_xor(s.truths()), s.truths().logical_not()]),
    |s| s.keep([s.f().is_nan(), s.f().is_inf(), s.f().is_finite()]),
    |s| s.keep(s.any().polygamma(s.one_of(&[1, 0, 2, 7, u32::MAX]))),
    |s| s.keep(s.f().polygamma(s.one_of(&[1, 0, 2, 7, u32::MAX]))),
    |s| {
        s.keep([
            s.any().log_sigmoid(),
            s.any().swish(),
            s.any().crelu(s.axis()),
        ])
    },
    |s| s.keep([s.f().log_sigmoid(), s.f().swish(), s.f().crelu(s.axis())]),
    |s| s.keep([s.any().truncatediv(s.any()), s.any().div_no_nan(s.any())]),
    |s| {
        s.keep([
            s.any().reciprocal_no_nan(),
            s.any().xlogy(s.any()),
            s.any().xdivy(s.any()),
        ])
    },
    |s| {
        s.keep([
            s.f().div_no_nan(s.f()),
            s.f().xlogy(s.f()),
            s.f().xdivy(s.f()),
        ])
    },
    |s| s.keep(s.f().reciprocal_no_nan()),
    |s| {
        s.keep([
            s.any().add(s.any()),
            s.any().sub(s.any()),
            s.any().mul(s.any()),
            s.any().div(s.any()),
        ])
    },
    |s| {
        s.keep([
            s.any().clip_by_value(s.any(), s.any()),
            s.any().clip_by_norm(s.any(), s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.f().clip_by_value(s.f(), s.f()),
            s.f().clip_by_norm(s.float() as f32),
        ])
    },
    |s| {
        s.keep([
            s.f().clip_by_norm_along(s.f(), s.axes()),
            s.f().clip_by_average_norm(s.f()),
        ])
    },
    |s| s.keep(s.any().clip_by_average_norm(s.any())),
    |s| {
        s.keep([
            s.graph.global_norm(&s.list::<f32>()),
            s.graph.global_norm(&s.list::<f32>()),
        ])
    },
    |s| s.keep(s.graph.clip_by_global_norm(&s.list::<f64>(), s.float())),
    |s| s.keep(s.graph.global_norm_any(&s.several())),
    |s| s.keep(s.graph.clip_by_global_norm_any(&s.several(), s.any())),
    |s| s.keep(s.graph.einsum_any(&equation(s), &s.several())),
    |s| s.keep(s.graph.einsum(&equation(s), &s.list::<f32>())),
    |s| s.keep(s.any().tensordot(s.any(), (s.ints(), s.ints()))),
    |s| s.keep(s.f().tensordot(s.f(), s.count())),
    |s| s.keep(s.f().tensordot(s.f(), ([s.axis()], [s.axis()]))),
];

fn unary(s: &Scene<'_>) {
    let x = s.f();
    s.keep(match s.below(29) {
        0 => x.tanh(),
        1 => x.sigmoid(),
        2 => x.exp(),
        3 => x.log(),
        4 => x.sqrt(),
        5 => x.rsqrt(),
        6 => x.reciprocal(),
        7 => x.expm1(),
        8 => x.log1p(),
        9 => x.sin(),
        10 => x.cos(),
        11 => x.erf(),
        12 => x.floor(),
        13 => x.ceil(),
        14 => x.round(),
        15 => x.square(),
        16 => x.tan(),
        17 => x.asin(),
        18 => x.acos(),
        19 => x.atan(),
        20 => x.sinh(),
        21 => x.cosh(),
        22 => x.asinh(),
        23 => x.acosh(),
        24 => x.atanh(),
        25 => x.erfc(),
        26 => x.lgamma(),
        27 => x.digamma(),
        _ => x.atan2(s.f()),
    });
}

fn binary(s: &Scene<'_>) {
    let (x, y) = (s.i(), s.i());
    s.keep(match s.below(12) {
        0 => x.add(y),
        1 => x.sub(y),
        2 => x.mul(y),
        3 => x.div(y),
        4 => x.maximum(y),
        5 => x.minimum(y),
        6 => x.squared_difference(y),
        7 => x.pow(y),
        8 => x.floordiv(y),
        9 => x.floormod(y),
        10 => x.truncatediv(y),
        _ => x.truncatemod(y),
    });
    s.keep([
        s.f().zeta(s.f()),
        s.f().truncatemod(s.f()),
        s.f().pow(s.f()),
    ]);
}

fn compared(s: &Scene<'_>) {
    let (x, y) = (s.of::<i64>(), s.of::<i64>());
    s.keep(match s.below(6) {
        0 => x.less(y),
        1 => x.less_equal(y),
        2 => x.greater(y),
        3 => x.greater_equal(y),
        4 => x.equal(y),
        _ => x.not_equal(y),
    });
}

fn equation(s: &Scene<'_>) -> String {
    const EQUATIONS: [&str; 14] = [
        "ij,jk->ik",
        "ij,kj->ik",
        "...i,ij->...j",
        "ii->i",
        "i->",
        "",
        "->",
        "->->",
        "ij,jk->iz",
        "i...j...->i",
        "ä,ä->ä",
        "i j , j k",
        "ij,jk,kl,lm->im",
        "iiii,,->",
    ];
    match s.below(8) {
        7 => "i,".repeat(300),
        _ => s.one_of(&EQUATIONS).to_owned(),
    }
}
