//! Cases of family `control`: loops and branches.

use aqueduct::ScanOptions;

use super::{Case, X, case, input};

pub(crate) fn control() -> Vec<Case> {
    let mut cases = loops();
    cases.extend(nests());
    cases.extend(branches());
    cases
}

/// So many steps of a body without sequences.
fn repeat(x: X, count: i32, body: impl FnOnce(X) -> X) -> X {
    let options = ScanOptions::new().length(x.graph().constant(count));
    let (last, ()) = x.graph().scan_with(options, x, (), |x, ()| (body(x), ()));
    last
}

fn loops() -> Vec<Case> {
    let network = || [input([3, 2, 2]), input([2, 4]), input([4, 4]), input([4])];
    vec![
        case("a recurrent network", network(), |x| {
            let [xs, kernel, recurrent, bias] = [x[0], x[1], x[2], x[3]];
            let start = xs.slice(0).matmul(kernel);
            let (last, all) = xs.graph().scan(start, xs, |h, x| {
                let next = (x.matmul(kernel) + h.matmul(recurrent) + bias).tanh();
                (next, next)
            });
            last * 0.3 + all.reduce_sum(0)
        }),
        case("a recurrent network in reverse", network(), |x| {
            let [xs, kernel, recurrent, bias] = [x[0], x[1], x[2], x[3]];
            let start = xs.slice(0).matmul(kernel);
            let reverse = ScanOptions::new().reverse();
            let (_, all) = xs.graph().scan_with(reverse, start, xs, |h, x| {
                let next = (x.matmul(kernel) + h.matmul(recurrent) + bias).sigmoid();
                (next, next * x.reduce_sum(..))
            });
            all
        }),
        case("powers", [input([2])], |x| {
            repeat(x[0].exp(), 3, |power| power * x[0])
        }),
        case("products so far", [input([4, 2]).within(0.5, 1.5)], |x| {
            let start = x[0].slice(0).ones_like();
            let (_, products) = x[0].graph().scan(start, x[0], |product, x| {
                let next = product * x;
                (next, next)
            });
            products
        }),
        case(
            "states that change places",
            [input([3]), input([3]), input([2])],
            |x| {
                let xs = x[2];
                let ((a, b, _), all) = xs.graph().scan((x[0], x[1], x[1]), xs, |(a, b, c), x| {
                    ((b, c * x, a.tanh()), a + b)
                });
                all.reduce_sum(0) + a * b
            },
        ),
        case(
            "a state of whole numbers",
            [input([2]), input([3, 2])],
            |x| {
                let g = x[0].graph();
                let count = g.constant(1_i32);
                let ((last, _), all) = g.scan((x[0], count), x[1], |(h, count), x| {
                    let next = h * x + count.cast::<f64>();
                    ((next, count + 1), next.square())
                });
                last + all.reduce_sum(0)
            },
        ),
        case("a sequence of indices", [input([4, 2]), input([2])], |x| {
            let g = x[0].graph();
            let ids = g.constant([2_i32, 0, 2]);
            let (last, _) = g.scan(x[1], ids, |h, id| ((h * x[0].gather(id)).tanh(), ()));
            last
        }),
        case("rows of a state", [input([4, 2])], |x| {
            let ids = x[0].graph().constant([[2_i32, 0, 2, 1], [1, 1, 3, 0]]);
            x[0].graph()
                .scan(x[0], ids, |table, ids| (table.gather(ids) * x[0], ()))
                .0
        }),
        case(
            "a state that is not used",
            [input([2]), input([3, 2])],
            |x| {
                let (last, all) = x[0].graph().scan(x[0], x[1], |_, x| (x.exp(), x * 2.0));
                last + all.reduce_sum(0)
            },
        ),
    ]
}

fn nests() -> Vec<Case> {
    vec![
        case(
            "a loop in a loop",
            [input([2, 3, 2]), input([2]), input([2])],
            |x| {
                let [xs, start, scale] = [x[0], x[1], x[2]];
                let g = xs.graph();
                let (last, rows) = g.scan(start, xs, |h, row| {
                    let scaled = row * scale;
                    let (h, all) = g.scan(h, scaled, |h, x| {
                        let next = (h * x + scale * row.reduce_sum(0)).tanh();
                        (next, next * h)
                    });
                    (h + scale, all.reduce_sum(0))
                });
                last + rows.reduce_sum(0)
            },
        ),
        case(
            "three loops, one in the other",
            [input([2]), input([2])],
            |x| {
                repeat(x[0], 2, |a| {
                    repeat(a * x[1], 2, |b| repeat(b, 2, |c| (c * x[1] + a * b).tanh()))
                })
            },
        ),
        case(
            "a branch in a loop",
            [input([3, 2]), input([2]), input([2])],
            |x| {
                let [xs, start, scale] = [x[0], x[1], x[2]];
                let g = xs.graph();
                let on = g.constant([true, false, true]);
                let (last, all) = g.scan(start, (xs, on), |h, (x, on)| {
                    let next = g.cond(on, || (h * scale + x).tanh(), || h * x);
                    (next, next)
                });
                last + all.reduce_sum(0)
            },
        ),
        case("a loop in a branch", [input([3, 2]), input([2])], |x| {
            let g = x[0].graph();
            [true, false]
                .map(|on| {
                    g.cond(
                        on,
                        || g.scan(x[1], x[0], |h, x| ((h * x).tanh() + x, ())).0,
                        || x[0].slice(1..).reduce_sum(0) * x[1],
                    )
                })
                .into_iter()
                .reduce(|a, b| a + b)
                .unwrap()
        }),
    ]
}

fn branches() -> Vec<Case> {
    vec![
        case("the branch for true", [input([2, 3]), input([3])], |x| {
            x[0].graph()
                .cond(true, || (x[0] * x[1]).tanh() * x[1], || x[0].exp())
        }),
        case("the branch for false", [input([2, 3]), input([3])], |x| {
            x[0].graph().cond(
                false,
                || x[0] * x[1],
                || (x[0] + x[1].exp()).sigmoid().square(),
            )
        }),
        case(
            "branches of several results",
            [input([2]), input([2])],
            |x| {
                let g = x[0].graph();
                let (a, b) = g.cond(
                    x[0].reduce_sum(..).less(100.0),
                    || (x[0] * x[1], x[1].exp()),
                    || (x[1].identity(), x[0].identity()),
                );
                a * b + a
            },
        ),
        case("rows in a branch", [input([4, 2]), input([2])], |x| {
            let g = x[0].graph();
            let ids = g.constant([1_i32, 3, 1]);
            let (a, b) = (x[0], x[1]);
            g.cond(true, || a.gather(ids) * b, || a.slice(..3) + b)
                + g.cond(false, || a.gather(ids) * b, || a.gather(ids).square())
        }),
        case("a branch in a branch", [input([2]), input([2])], |x| {
            let g = x[0].graph();
            g.cond(
                true,
                || {
                    let scaled = (x[0] * x[1]).exp();
                    g.cond(false, || scaled + x[0], || scaled * x[1] * scaled)
                },
                || x[1].identity(),
            )
        }),
    ]
}
