//! Loops and branches whose bodies give what they should not, mix graphs, and let tensors leak out.

use aqueduct::prelude::*;

use super::Builder;
use crate::scene::Scene;

pub(crate) const ALL: &[Builder] = &[
    |s| s.keep(s.graph.cond(s.truths(), || within(s), || within(s))),
    |s| {
        s.keep(s.graph.cond(
            s.truths(),
            || vec![within(s)],
            || vec![within(s), within(s)],
        ))
    },
    |s| s.keep(s.graph.cond(s.truths(), || s.f() + 1.0, || s.f())),
    |s| {
        s.keep(
            s.graph
                .cond(s.truths(), || s.variable::<f32>().assign(s.f()), || s.f()),
        )
    },
    scan,
    scan,
    scan_for_a_length,
    while_loop,
    while_loop_that_counts,
    |s| {
        let f = s.graph.map_fn(s.any(), |x| {
            s.keep(x);
            within(s)
        });
        s.keep(f);
    },
    |s| s.keep(s.graph.map_fn(s.f(), |x| x * s.f())),
    |s| {
        s.keep([
            s.graph.foldl(s.any(), s.any(), |_, _| within(s)),
            s.graph.foldr(s.any(), s.any(), |_, _| within(s)),
        ])
    },
    |s| {
        s.keep([
            s.graph.foldl(s.f(), s.f(), |a, x| a + x),
            s.graph.foldr(s.f(), s.f(), |a, x| a * x),
        ])
    },
    |s| {
        s.keep([
            s.graph.foldl_from_first(s.f(), |a, x| a + x),
            s.graph.foldr_from_last(s.f(), |a, x| a + x),
        ])
    },
    |s| s.keep(s.graph.foldl_from_first(s.any(), |_, _| within(s))),
];

/// Whatever a body may give: a tensor from around, from within, from another body, or of another graph.
fn within<'g>(s: &Scene<'g>) -> AnyTensor<'g> {
    match s.below(4) {
        0 => s.any(),
        1 => s.any().identity(),
        2 => s.any().add(s.any()),
        _ => s.other.constant(1.0_f32).any(),
    }
}

fn scan(s: &Scene<'_>) {
    let (state, rows) = s.graph.scan(s.any(), s.several(), |state, rows| {
        s.keep(state);
        s.keep(rows);
        let next = if s.flag() {
            state.add(within(s))
        } else {
            within(s)
        };
        (next, within(s))
    });
    s.keep((state, rows));
    let (state, rows) = s
        .graph
        .scan(s.f(), s.f(), |state, row| (state + row, state * row));
    s.keep((state, rows));
}

fn scan_for_a_length(s: &Scene<'_>) {
    let steps = s.graph.constant(s.steps());
    let options = match s.below(3) {
        0 => ScanOptions::new().length(steps),
        1 => ScanOptions::new()
            .length(steps)
            .limit(s.graph.constant(s.steps())),
        _ => ScanOptions::new()
            .limit(s.graph.constant(s.steps()))
            .reverse(),
    };
    let sequences = if s.flag() { vec![s.f()] } else { Vec::new() };
    let (state, rows) = s.graph.scan_with(options, s.f(), sequences, |state, rows| {
        let next = rows.iter().fold(state, |sum, row| sum + *row);
        s.keep(next);
        (next, (state, s.any()))
    });
    s.keep((state, rows));
}

/// Its condition is what the pool has: it may be of another type or shape. It runs twice at most.
fn while_loop(s: &Scene<'_>) {
    let options = WhileOptions::new().maximum_iterations(s.one_of(&[2, 0, 1]));
    let state = s.graph.while_loop_with(
        options,
        (s.any(), s.f()),
        |(_, _)| s.truths(),
        |(state, sum)| {
            s.keep(state);
            (within(s), sum + s.f())
        },
    );
    s.keep(state);
}

fn while_loop_that_counts(s: &Scene<'_>) {
    let limit = s.steps();
    let (_, state) = s.graph.while_loop(
        (s.graph.constant(0_i64), s.f()),
        |(i, _)| i.less(limit),
        |(i, x)| (i + 1, if s.flag() { x * s.f() } else { x }),
    );
    s.keep(state);
}
