//! Steps that are unrolled, and gates with weights of their own.

use aqueduct::prelude::*;
use aqueduct_tests::spread;

use crate::loops::{X, check, graph, points, with_derivatives};

/// A cell of three gates, each with its own weights.
struct Gates {
    gates: [[X; 3]; 3],
}

impl Gates {
    fn new(g: &'static Graph) -> Gates {
        let gates = ["keep", "write", "output"].map(|gate| {
            let variable = |part: &str, sizes: &[usize], seed| -> X {
                let name = format!("{gate}_{part}");
                g.variable(&name, spread(sizes, (-0.7, 0.7), seed)).value()
            };
            let seed = gate.len();
            [
                variable("x", &[2, 4], seed),
                variable("h", &[4, 4], seed + 20),
                variable("bias", &[4], seed + 40),
            ]
        });
        Gates { gates }
    }

    fn next(&self, h: X, x: X) -> X {
        let gates = self.gates;
        let [keep, write, output] = gates.map(|[u, w, bias]| x.matmul(u) + h.matmul(w) + bias);
        (h * keep.sigmoid() + write.tanh()) * output.sigmoid()
    }
}

/// On many rows, for which weights are joined; on a few; and on one.
const BATCHES: [usize; 3] = [40, 3, 1];

#[test]
fn hand_written_gates() {
    for batch in BATCHES {
        let g = graph();
        let cell = Gates::new(g);
        let x = g.placeholder::<f64>("x", shape![batch as i64, 3, 2]);
        let steps = x.unstack(3, 1).into_iter();
        let last = steps.fold(g.zeros::<f64>([batch as i64, 4]), |h, x| cell.next(h, x));
        let fed = spread(&[batch, 3, 2], (-0.9, 0.9), 3);
        let fetched = with_derivatives(last.square().reduce_sum(..), &points(g, x));
        check(g, &fetched, || feed![x => &fed]);
    }
}

#[test]
fn hand_written_gates_in_a_loop() {
    for batch in BATCHES {
        let g = graph();
        let cell = Gates::new(g);
        let x = g.placeholder::<f64>("x", shape![3, batch as i64, 2]);
        let start = g.zeros::<f64>([batch as i64, 4]);
        let (last, _) = g.scan(start, x, |h, x| {
            let next = cell.next(h, x);
            (next, ())
        });
        let fed = spread(&[3, batch, 2], (-0.9, 0.9), 3);
        let fetched = with_derivatives(last.square().reduce_sum(..), &points(g, x));
        check(g, &fetched, || feed![x => &fed]);
    }
}

#[test]
fn an_unrolled_lstm() {
    for batch in BATCHES {
        let g = graph();
        let x = g.placeholder::<f64>("x", shape![batch as i64, 4, 2]);
        let (outputs, _) = static_rnn(&BasicLstmCell::new(3), &x.unstack(4, 1));
        let loss = outputs[3].square().reduce_sum(..);
        let fed = spread(&[batch, 4, 2], (-0.9, 0.9), 3);
        check(
            g,
            &with_derivatives(loss, &points(g, x)),
            || feed![x => &fed],
        );
    }
}

/// Steps whose outputs are all used, of which the rows follow each other in one matrix.
#[test]
fn slices_that_follow_each_other() {
    let g = graph();
    let x = g.placeholder::<f64>("x", shape![12, 2]);
    let k: X = g.variable("k", spread(&[2, 3], (-0.7, 0.7), 5)).value();
    let steps = x.split(4, 0).into_iter();
    let outputs: Vec<X> = steps.map(|x| x.matmul(k).sin()).collect();
    let product = outputs
        .into_iter()
        .reduce(|product, output| product * output);
    let fed = spread(&[12, 2], (-0.9, 0.9), 3);
    let fetched = with_derivatives(product.unwrap().reduce_sum(..), &points(g, x));
    check(g, &fetched, || feed![x => &fed]);
}
