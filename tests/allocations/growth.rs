//! What graphs ask for while they are built and planned: twice as much for twice the nodes.

use aqueduct::SessionOptions;
use aqueduct::prelude::*;

use super::{OWN_BYTES, alone, session_with};

/// Builds so many units on a tensor.
type Units = for<'g> fn(Tensor<'g, f32>, usize) -> Tensor<'g, f32>;

fn waves(x: Tensor<'_, f32>, count: usize) -> Tensor<'_, f32> {
    (0..count).fold(x, |y, _| y.sin())
}

fn layers(x: Tensor<'_, f32>, count: usize) -> Tensor<'_, f32> {
    (0..count).fold(x, |y, _| Dense::new(4).apply(y).tanh())
}

fn pieces(x: Tensor<'_, f32>, count: usize) -> Tensor<'_, f32> {
    let slices: Vec<_> = (0..count).map(|_| x.slice((.., 1..3)).sin()).collect();
    x.graph().concat(&slices, 1)
}

fn body<'g>(x: Tensor<'g, f32>, count: usize) -> Tensor<'g, f32> {
    let step = |state: Tensor<'g, f32>, x: Tensor<'g, f32>| waves(state + x, count);
    x.graph().foldl(x, x.graph().stack(&[x, x], 0), step)
}

fn loops<'g>(x: Tensor<'g, f32>, count: usize) -> Tensor<'g, f32> {
    let xs = x.graph().stack(&[x, x], 0);
    let step = |state: Tensor<'g, f32>, x: Tensor<'g, f32>| (state + x).tanh();
    (0..count).fold(x, |y, _| x.graph().foldl(y, xs, step))
}

/// The bytes that a graph asks for, from its first node to the end of its first runs.
fn bytes_of(units: Units, count: usize, options: SessionOptions) -> usize {
    let before = OWN_BYTES.get();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![1, 4]);
    let y = units(x, count);
    let slope = gradient(y, x);
    let sess = session_with(&g, options);
    sess.run((y, slope), feed![x => [[0.1, 0.2, 0.3, 0.4]]])
        .unwrap();
    OWN_BYTES.get() - before
}

/// Whoever copies all of a graph for each of its nodes is found here; whoever only reads it is not.
#[test]
fn twice_the_graph_asks_for_twice_the_bytes() {
    let _alone = alone();
    let families: [(&str, Units); 5] = [
        ("waves", waves),
        ("layers", layers),
        ("pieces", pieces),
        ("body", body),
        ("loops", loops),
    ];
    let options = SessionOptions::new().threads(1);
    for (name, units) in families {
        for options in [options.optimize(false), options] {
            let [once, twice] = [200, 400].map(|count| bytes_of(units, count, options));
            let ratio = twice as f64 / once as f64;
            assert!(ratio < 2.2, "{name}: {once} bytes, then {twice}: {ratio}");
        }
    }
}
