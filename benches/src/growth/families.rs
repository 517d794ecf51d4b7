//! Families of graphs that grow with one number.

use std::fmt;
use std::iter::{self, successors};
use std::str::FromStr;

use anyhow::anyhow;
use aqueduct::prelude::*;

/// A family of graphs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Family {
    Chain,
    AddN,
    Tree,
    Residuals,
    Unrolled,
    Layers,
    Variables,
    Heads,
    Assigns,
    Scopes,
    Placeholders,
    Body,
    Loops,
    Conds,
    Views,
    Concat,
    Slices,
    Splits,
    Second,
    Copies,
    Frozen,
    Collections,
}

/// All of them.
pub(crate) const ALL: &[Family] = &[
    Family::Chain,
    Family::AddN,
    Family::Tree,
    Family::Residuals,
    Family::Unrolled,
    Family::Layers,
    Family::Variables,
    Family::Heads,
    Family::Assigns,
    Family::Scopes,
    Family::Placeholders,
    Family::Body,
    Family::Loops,
    Family::Conds,
    Family::Views,
    Family::Concat,
    Family::Slices,
    Family::Splits,
    Family::Second,
    Family::Copies,
    Family::Frozen,
    Family::Collections,
];

impl Family {
    /// What it is called, and what there are many of.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Family::Chain => ("chain", "element-wise operations, one after the other"),
            Family::AddN => ("add-n", "operands of one `add_n`"),
            Family::Tree => ("tree", "leaves of a tree of sums"),
            Family::Residuals => ("residuals", "sums, of which each also goes into the total"),
            Family::Unrolled => ("unrolled", "steps of an unrolled LSTM"),
            Family::Layers => ("layers", "layers, trained by Adam"),
            Family::Variables => ("variables", "variables of one sum, trained by Adam"),
            Family::Heads => ("heads", "independent layers on one input"),
            Family::Assigns => (
                "assigns",
                "assignments to one variable, one after the other",
            ),
            Family::Scopes => ("scopes", "nested name scopes"),
            Family::Placeholders => ("placeholders", "placeholders, and as many fetches"),
            Family::Body => ("body", "operations in the body of a scan"),
            Family::Loops => ("loops", "loops, one after the other"),
            Family::Conds => ("conds", "branches, one after the other"),
            Family::Views => ("views", "reshapes and transposes, one after the other"),
            Family::Concat => ("concat", "pieces of one concatenation"),
            Family::Slices => ("slices", "slices of one tensor"),
            Family::Splits => ("splits", "parts of one tensor, joined again"),
            Family::Second => ("second", "operations, differentiated twice"),
            Family::Copies => (
                "copies",
                "variables, each of which starts from the one before",
            ),
            Family::Frozen => ("frozen", "variables that the result does not depend on"),
            Family::Collections => ("collections", "members of one collection"),
        }
    }

    /// What there are many of.
    pub(crate) fn unit(self) -> &'static str {
        self.texts().1
    }

    /// Builds a graph of so many units.
    pub(crate) fn build(self, g: &Graph, count: usize) -> Subject<'_> {
        match self {
            Family::Chain => chain(g, count),
            Family::AddN => add_n(g, count),
            Family::Tree => tree(g, count),
            Family::Residuals => residuals(g, count),
            Family::Unrolled => unrolled(g, count),
            Family::Layers => layers(g, count),
            Family::Variables => variables(g, count),
            Family::Heads => heads(g, count),
            Family::Assigns => assigns(g, count),
            Family::Scopes => scopes(g, count),
            Family::Placeholders => placeholders(g, count),
            Family::Body => body(g, count),
            Family::Loops => loops(g, count),
            Family::Conds => conds(g, count),
            Family::Views => views(g, count),
            Family::Concat => concat(g, count),
            Family::Slices => slices(g, count),
            Family::Splits => splits(g, count),
            Family::Second => second(g, count),
            Family::Copies => copies(g, count),
            Family::Frozen => frozen(g, count),
            Family::Collections => collections(g, count),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.texts().0)
    }
}

impl FromStr for Family {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Family> {
        let found = ALL.iter().find(|family| family.texts().0 == name);
        found
            .copied()
            .ok_or_else(|| anyhow!("no family is called `{name}`"))
    }
}

/// What is differentiated, and what is run.
pub(crate) struct Subject<'g> {
    /// The sum of these is differentiated, if there are any.
    pub(crate) ys: Vec<Tensor<'g, f32>>,
    pub(crate) xs: Vec<Tensor<'g, f32>>,
    /// Trained by Adam instead.
    pub(crate) train: bool,
    pub(crate) operations: Vec<Operation<'g>>,
    /// Fed a ramp of their sizes.
    pub(crate) fed: Vec<Tensor<'g, f32>>,
}

impl<'g> Subject<'g> {
    fn of(y: Tensor<'g, f32>, x: Tensor<'g, f32>) -> Subject<'g> {
        Subject {
            ys: vec![y],
            xs: vec![x],
            train: false,
            operations: Vec::new(),
            fed: vec![x],
        }
    }
}

fn input(g: &Graph) -> Tensor<'_, f32> {
    g.placeholder("x", shape![4])
}

/// Sine and hyperbolic tangent in turns.
fn waves<'g>(x: Tensor<'g, f32>, count: usize) -> impl Iterator<Item = Tensor<'g, f32>> {
    let wave = |(place, x): &(usize, Tensor<'g, f32>)| {
        let next = if place % 2 == 0 { x.sin() } else { x.tanh() };
        Some((place + 1, next))
    };
    successors(Some((0, x)), wave)
        .map(|(_, x)| x)
        .skip(1)
        .take(count)
}

fn last<'g>(x: Tensor<'g, f32>, all: impl Iterator<Item = Tensor<'g, f32>>) -> Tensor<'g, f32> {
    all.last().unwrap_or(x)
}

fn chain(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    Subject::of(last(x, waves(x, count)), x)
}

fn add_n(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let terms: Vec<_> = (0..count).map(|_| x.sin()).collect();
    Subject::of(g.add_n(&terms), x)
}

fn tree(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let mut level: Vec<_> = (0..count)
        .map(|place| x * (1.0 / (place + 1) as f32))
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => *a + *b,
                one => one[0],
            })
            .collect();
    }
    Subject::of(level[0], x)
}

fn residuals(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let mut total = x;
    for wave in waves(x, count) {
        total = total + wave;
    }
    Subject::of(total, x)
}

fn unrolled(g: &Graph, count: usize) -> Subject<'_> {
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let inputs: Vec<_> = iter::repeat_n(x, count).collect();
    let (outputs, _) = static_rnn(&BasicLstmCell::new(4), &inputs);
    let mut subject = Subject::of(last(x, outputs.into_iter()).reduce_sum(..), x);
    subject.train = true;
    subject
}

fn layers(g: &Graph, count: usize) -> Subject<'_> {
    let x = g.placeholder::<f32>("x", shape![2, 4]);
    let mut hidden = x;
    for _ in 0..count {
        hidden = Dense::new(4).apply(hidden).tanh();
    }
    let mut subject = Subject::of(hidden.reduce_sum(..), x);
    subject.train = true;
    subject
}

fn variables(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let terms: Vec<_> = (0..count)
        .map(|_| g.variable("v", [1.0_f32; 4]) * x)
        .collect();
    let mut subject = Subject::of(g.add_n(&terms).reduce_sum(..), x);
    subject.train = true;
    subject
}

fn heads(g: &Graph, count: usize) -> Subject<'_> {
    let x = g.placeholder::<f32>("x", shape![2, 4]);
    let ys = (0..count).map(|place| {
        let weights = g.constant([[1.0 / (place + 1) as f32; 4]; 4]);
        x.matmul(weights).tanh().reduce_sum(..)
    });
    Subject {
        ys: ys.collect(),
        ..Subject::of(x, x)
    }
}

fn assigns(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let state = g.variable("state", [0.0_f32; 4]);
    let mut last = state.assign_add(x).op();
    for _ in 1..count {
        last = g.control_dependencies([last], || state.assign_add(x).op());
    }
    Subject {
        ys: Vec::new(),
        operations: vec![last],
        ..Subject::of(x, x)
    }
}

fn scopes(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let open: Vec<_> = (0..count).map(|_| g.open_name_scope("s")).collect();
    let y = x.sin();
    open.into_iter().rev().for_each(drop);
    Subject::of(y, x)
}

fn placeholders(g: &Graph, count: usize) -> Subject<'_> {
    let fed: Vec<_> = (0..count)
        .map(|_| g.placeholder::<f32>("x", shape![4]))
        .collect();
    let ys = fed.iter().map(|x| x.sin()).collect();
    Subject {
        ys,
        xs: fed.clone(),
        fed,
        train: false,
        operations: Vec::new(),
    }
}

fn body(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let xs = g.stack(&[x, x, x], 0);
    let (y, _) = g.scan(x, xs, |state, x| (last(state, waves(state + x, count)), ()));
    Subject::of(y, x)
}

fn loops(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let mut y = x;
    for _ in 0..count {
        let xs = g.stack(&[x, x, x], 0);
        y = g.scan(y, xs, |state, x| ((state + x).tanh(), ())).0;
    }
    Subject::of(y, x)
}

fn conds(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let mut y = x;
    for _ in 0..count {
        let on = y.reduce_sum(..).greater(0.0);
        y = g.cond(on, || y.sin(), || y.tanh());
    }
    Subject::of(y, x)
}

fn views(g: &Graph, count: usize) -> Subject<'_> {
    let x = g.placeholder::<f32>("x", shape![2, 6]);
    let mut y = x;
    for place in 0..count {
        y = match place % 3 {
            0 => y.reshape([3, 4]),
            1 => y.transpose([1, 0]),
            _ => y.reshape([2, 6]),
        };
    }
    Subject::of(y, x)
}

fn concat(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let pieces: Vec<_> = (0..count).map(|place| x * (place as f32)).collect();
    Subject::of(g.concat(&pieces, 0).sin(), x)
}

fn slices(g: &Graph, count: usize) -> Subject<'_> {
    let x = g.placeholder::<f32>("x", shape![64]);
    let pieces: Vec<_> = (0..count)
        .map(|place| {
            let from = place % 60;
            x.slice(from..from + 4).sin()
        })
        .collect();
    Subject::of(g.add_n(&pieces), x)
}

fn second(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let y = last(x, waves(x, count));
    Subject::of(gradient(y, x), x)
}

fn splits(g: &Graph, count: usize) -> Subject<'_> {
    let x = g.placeholder::<f32>("x", shape![count, 2]);
    let parts: Vec<_> = x.unstack(count, 0).iter().map(|part| part.sin()).collect();
    Subject::of(g.stack(&parts, 0), x)
}

fn copies(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    let first = g.variable("v", [1.0_f32; 4]);
    let last = successors(Some(first), |before| {
        Some(g.variable("v", before.initialized_value()))
    });
    let last = last.take(count).last().unwrap_or(first);
    Subject::of(last * x, x)
}

fn frozen(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    for _ in 0..count {
        let _ = g.variable("v", [1.0_f32; 4]);
    }
    let weight = g.variable("w", [1.0_f32; 4]);
    let mut subject = Subject::of((weight * x).reduce_sum(..), x);
    subject.train = true;
    subject
}

fn collections(g: &Graph, count: usize) -> Subject<'_> {
    let x = input(g);
    for wave in waves(x, count) {
        g.add_to_collection("waves", wave);
    }
    Subject::of(x.sin(), x)
}
