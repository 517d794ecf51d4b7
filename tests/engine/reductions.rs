//! Reductions that are done as their operands are made, against the same work one after the other.

use aqueduct::ir::Reduction;
use aqueduct::prelude::*;
use aqueduct::{AnyTensor, Feeds, Pass, SessionOptions};
use aqueduct_tests::{Modes, spread};

type X = Tensor<'static, f64>;

/// Runs in all ways, on the passes that fuse too; gives how often a reduction was fused.
#[track_caller]
fn check<'f>(
    g: &'static Graph,
    fetches: &[AnyTensor<'static>],
    feeds: impl Fn() -> Feeds<'f>,
) -> usize {
    let modes = Modes::new(g, [Pass::FuseElementwise, Pass::FuseReductions]);
    modes
        .run(|sess| sess.run(fetches.to_vec(), feeds()))
        .unwrap();
    let only = SessionOptions::new().only(Pass::FuseReductions);
    let explained = Session::with_options(g, only).explain(fetches.to_vec(), feeds());
    let explained = explained.unwrap();
    let mut passes = explained.passes();
    let pass = passes.find(|(name, _)| *name == Pass::FuseReductions.name());
    pass.map_or(0, |(_, done)| done.parse().unwrap())
}

/// So much of an expensive function that it is shared out to threads.
const ROWS: usize = 300;

#[test]
fn every_reduction_along_every_axis() {
    let reductions = [
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
        Reduction::Prod,
    ];
    for columns in [7, 130] {
        let g = Graph::new().leak();
        let x = g.placeholder::<f64>("x", shape![ROWS, columns]);
        let row = g.placeholder::<f64>("row", shape![columns]);
        let column = g.placeholder::<f64>("column", shape![ROWS, 1]);
        let mut fetches = Vec::new();
        for reduction in reductions {
            let made = || (x * row).sin() + column;
            fetches.push(made().any().reduce(reduction, .., false));
            fetches.push(made().any().reduce(reduction, 0, false));
            fetches.push(made().any().reduce(reduction, 1, true));
            // Of what is walked by columns.
            fetches.push(
                (made() + x)
                    .transpose([1, 0])
                    .any()
                    .reduce(reduction, 0, false),
            );
        }
        let above = x.greater(row);
        fetches.push(above.reduce_all(0).any());
        fetches.push(x.less(column).reduce_any(1).any());
        let x_given = spread(&[ROWS, columns], (-1.3, 1.1), 1);
        let row_given = spread(&[columns], (-2.0, 0.9), 2);
        let column_given = spread(&[ROWS, 1], (-0.8, 1.7), 3);
        let feeds = || feed![x => &x_given, row => &row_given, column => &column_given];
        assert!(check(g, &fetches, feeds) > 0);
    }
}

#[test]
fn gradients_of_what_was_repeated() {
    let g = Graph::new().leak();
    let x = g.placeholder::<f64>("x", shape![ROWS, 40]);
    let scale = g.placeholder::<f64>("scale", shape![40]);
    let shift = g.placeholder::<f64>("shift", shape![1, 40]);
    let loss = ((x * scale).tanh() + shift).square().reduce_mean(..);
    let slopes = [scale, shift].map(|of: X| gradient(loss, of).any());
    let fetches = [vec![loss.any()], slopes.to_vec()].concat();
    let given = spread(&[ROWS, 40], (-1.0, 1.0), 1);
    let (scales, shifts) = (
        spread(&[40], (0.2, 1.5), 2),
        spread(&[1, 40], (-0.4, 0.3), 3),
    );
    let feeds = || feed![x => &given, scale => &scales, shift => &shifts];
    assert!(check(g, &fetches, feeds) > 0);
}

#[test]
fn reductions_in_a_loop() {
    let g = Graph::new().leak();
    let xs = g.placeholder::<f64>("xs", shape![9, 33, 20]);
    let start = g.placeholder::<f64>("start", shape![20]);
    let last = g.scan(start, xs, |state: X, x: X| {
        let next = (x * state).tanh().reduce_mean(0) + state * 0.5;
        (next, (x - state).abs().reduce_max(1))
    });
    let (state, rows) = last;
    let slope = gradient(state.square().reduce_sum(..), start);
    let fetches = [state.any(), rows.any(), slope.any()];
    let (given, first) = (
        spread(&[9, 33, 20], (-1.0, 1.0), 1),
        spread(&[20], (-0.5, 0.5), 2),
    );
    assert!(check(g, &fetches, || feed![xs => &given, start => &first]) > 0);
}
