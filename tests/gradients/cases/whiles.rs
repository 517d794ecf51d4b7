//! Cases of loops that end when they may: whiles, and scans with a limit.

use aqueduct::prelude::*;

use super::{Case, X, case, input};

pub(crate) fn whiles() -> Vec<Case> {
    let mut cases = alone();
    cases.extend(ends());
    cases.extend(nested());
    cases.extend(limited());
    cases
}

/// At most so many iterations.
fn at_most(maximum: u64) -> WhileOptions {
    WhileOptions::new().maximum_iterations(maximum)
}

/// So many iterations of a body, of at most 4.
fn repeat(x: X, count: Tensor<'static, i32>, body: impl FnOnce(X) -> X) -> X {
    let g = x.graph();
    let start = (g.constant(0), x);
    let (_, last) = g.while_loop_with(
        at_most(4),
        start,
        |(done, _)| done.less(count),
        |(done, x)| (done + 1, body(x)),
    );
    last
}

fn alone() -> Vec<Case> {
    vec![
        case("Newton's square root", [input([3]).within(0.5, 4.0)], |x| {
            let a = x[0];
            let far = |root: X| (root * root - a).abs().reduce_max(..).greater(1e-13);
            a.graph()
                .while_loop_with(at_most(30), a, far, |root| (root + a / root) * 0.5)
        }),
        case(
            "a while with states that change places",
            [input([2]), input([2]), input([2, 2])],
            |x| {
                let g = x[0].graph();
                let start = (x[0], g.constant(0_i64), x[1].expand_dims(0));
                let (a, _, b) = g.while_loop_with(
                    at_most(5),
                    start,
                    |(_, done, _)| done.less(3_i64),
                    |(a, done, b)| {
                        let next = b.matmul(x[2]).squeeze(0).tanh() + done.cast::<f64>();
                        (next * a, done + 1_i64, a.expand_dims(0) * b)
                    },
                );
                a * 2.0 + b.reduce_sum(0)
            },
        ),
        case(
            "a while whose state decides",
            [input([2]).within(0.6, 0.9), input([2])],
            |x| {
                x[0].graph().while_loop_with(
                    at_most(20),
                    x[1].exp(),
                    |h| h.reduce_max(..).greater(0.4),
                    |h| h * x[0],
                )
            },
        ),
        case(
            "a while over rows of a table",
            [input([4, 2]), input([2])],
            |x| {
                let g = x[0].graph();
                let ids = g.constant([2_i32, 0, 2, 1]);
                let (_, last) = g.while_loop_with(
                    at_most(7),
                    (g.constant(0), x[1]),
                    |(place, _)| place.less(3),
                    |(place, h)| (place + 1, h * x[0].gather(ids.gather(place)) + 0.5),
                );
                last
            },
        ),
        case(
            "a state of a while that is not used",
            [input([2]), input([2])],
            |x| {
                let g = x[0].graph();
                let ((_, a), _) = g.while_loop_with(
                    at_most(3),
                    ((g.constant(0), x[0]), x[1].exp()),
                    |((done, _), _)| done.less(2),
                    |((done, a), b)| ((done + 1, a * a), b * a),
                );
                a * x[1]
            },
        ),
    ]
}

fn ends() -> Vec<Case> {
    let step = |x: X, factor: X| (x * factor).tanh() + x;
    vec![
        case(
            "a while that never runs",
            [input([2]), input([2])],
            move |x| repeat(x[0].exp(), x[0].graph().constant(0), |h| step(h, x[1])) + x[1],
        ),
        case("a maximum of nothing", [input([2]), input([2])], move |x| {
            let always = |_: X| true;
            let g = x[0].graph();
            g.while_loop_with(at_most(0), x[0].exp(), always, |h| step(h, x[1])) + x[1]
        }),
        case(
            "a maximum that is reached",
            [input([2]), input([2])],
            move |x| {
                let g = x[0].graph();
                let always = |_: X| true;
                g.while_loop_with(at_most(3), x[0], always, |h| step(h, x[1]))
                    + repeat(x[0], g.constant(4), |h| step(h, x[1]))
            },
        ),
    ]
}

fn nested() -> Vec<Case> {
    let picks = |count: i32| {
        move |x: &[X]| {
            let g = x[0].graph();
            repeat(x[0], g.constant(count), |h| {
                let picked = h.boolean_mask(x[1].less(0.5));
                h * (picked.square() * 2.0).reduce_sum(..).tanh() + x[1]
            })
        }
    };
    vec![
        case("a late size in a while", [input([3]), input([3])], picks(3)),
        case(
            "a late size in a while that never runs",
            [input([3]), input([3])],
            move |x| picks(0)(x) * x[1],
        ),
        case(
            "a while in a scan",
            [input([4, 2]), input([2]), input([2])],
            |x| {
                let [xs, start, scale] = [x[0], x[1], x[2]];
                let g = xs.graph();
                let counts = g.constant([2, 0, 4, 1]);
                let (last, all) = g.scan(start, (xs, counts), |h, (x, count)| {
                    let next = repeat(h, count, |h| (h * x + scale).tanh());
                    (next + x, next)
                });
                last + all.reduce_sum(0)
            },
        ),
        case("a while in a branch", [input([2]), input([2])], |x| {
            let g = x[0].graph();
            let count = g.constant(3);
            let halves = [true, false].map(|on| {
                g.cond(
                    on,
                    || repeat(x[0] * x[1], count, |h| (h * x[1]).tanh() + x[0]),
                    || x[0].exp() * x[1],
                )
            });
            halves[0] * halves[1]
        }),
        case(
            // The other branch cannot tell what size its rows have: the loop runs again.
            "a while of a size of its branch",
            [input([3]), input([3])],
            |x| {
                let g = x[0].graph();
                let factor = x[1].reduce_sum(..);
                let halves = [true, false].map(|on| {
                    g.cond(
                        on,
                        || {
                            let picked = x[0].boolean_mask(x[0].less(0.9));
                            let last = repeat(picked, g.constant(3), |h| (h * factor).tanh() + h);
                            last.reduce_sum(..) * x[1]
                        },
                        || x[0] * x[1],
                    )
                });
                halves[0] * halves[1]
            },
        ),
        case(
            "a while in a branch in a while",
            [input([2]), input([2])],
            |x| {
                let g = x[0].graph();
                let (_, last) = g.while_loop_with(
                    at_most(6),
                    (g.constant(0), x[0]),
                    |(done, _)| done.less(4),
                    |(done, h)| {
                        let next = g.cond(
                            done.floormod(2).equal(0),
                            || repeat(h, done, |h| (h * x[1]).tanh()),
                            || h * x[1],
                        );
                        (done + 1, next + x[0])
                    },
                );
                last
            },
        ),
        case("a while in a while", [input([2]), input([2])], |x| {
            let g = x[0].graph();
            let (_, last) = g.while_loop_with(
                at_most(5),
                (g.constant(0), x[0]),
                |(done, _)| done.less(3),
                |(done, h)| {
                    let next = repeat(h * x[1], done, |inner| (inner * h + x[1]).tanh());
                    (done + 1, next)
                },
            );
            last
        }),
        case("a scan in a while", [input([3, 2]), input([2])], |x| {
            let g = x[0].graph();
            repeat(x[1], g.constant(2), |h| {
                let (last, all) = g.scan(h, x[0], |h, x| ((h * x).tanh() + x, h * h));
                last + all.reduce_sum(0)
            })
        }),
    ]
}

fn limited() -> Vec<Case> {
    let scanned = |reverse: bool| {
        move |x: &[X]| {
            let g = x[0].graph();
            let limit = ScanOptions::new().limit(g.constant(2_i64));
            let options = if reverse { limit.reverse() } else { limit };
            let (last, all) = g.scan_with(options, x[1], x[0], |h, x| {
                let next = (h * x).tanh() + x;
                (next, next * h)
            });
            last + all.square().reduce_sum(0) + all.slice(3)
        }
    };
    vec![
        case(
            "a limited scan",
            [input([4, 2]), input([2])],
            scanned(false),
        ),
        case(
            "a limited scan in reverse",
            [input([4, 2]), input([2])],
            scanned(true),
        ),
        case(
            "a limited scan in a scan",
            [input([3, 4, 2]), input([2])],
            |x| {
                let g = x[0].graph();
                let limits = g.constant([1, 4, 0]);
                let (last, _) = g.scan(x[1], (x[0], limits), |h, (rows, limit)| {
                    let options = ScanOptions::new().limit(limit);
                    let (last, all) = g.scan_with(options, h, rows, |h, x| {
                        let next = (h * x).tanh() + x;
                        (next, next * next)
                    });
                    (last + all.reduce_sum(0), ())
                });
                last
            },
        ),
    ]
}
