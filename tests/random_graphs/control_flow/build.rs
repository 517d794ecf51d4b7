//! A program as a graph.

use aqueduct::prelude::*;
use aqueduct::{Feeds, ScanOptions};
use ndarray::{ArrayD, arr1};

use super::program::{
    Condition, Decisions, Fold, Number, STEPS, Scan, Scope, TABLE, Vector, WIDTH, While,
};

type Floats<'g> = Tensor<'g, f64>;
type Names<'g> = Scope<Floats<'g>, Tensor<'g, i32>>;

/// The placeholders of a program.
pub(super) struct Inputs<'g> {
    graph: &'g Graph,
    vectors: [Floats<'g>; 2],
    sequence: Floats<'g>,
    matrix: Floats<'g>,
    table: Floats<'g>,
    numbers: [Tensor<'g, i32>; 3],
    switches: [Tensor<'g, bool>; 2],
    mask: Tensor<'g, bool>,
    /// The number of elements of the sequence.
    length: Tensor<'g, i32>,
}

impl<'g> Inputs<'g> {
    /// Whether the width of all vectors is known while building is to choose.
    pub(super) fn new(graph: &'g Graph, known_width: bool) -> Inputs<'g> {
        let width = if known_width {
            Dim::Known(WIDTH)
        } else {
            graph.unknown_dim()
        };
        Inputs {
            graph,
            vectors: ["first", "second"].map(|name| graph.placeholder(name, shape![width])),
            sequence: graph.placeholder("sequence", shape![?, width]),
            matrix: graph.placeholder("matrix", shape![width, width]),
            table: graph.placeholder("table", shape![TABLE, width]),
            numbers: ["a", "b", "c"].map(|name| graph.placeholder(name, shape![])),
            switches: ["p", "q"].map(|name| graph.placeholder(name, shape![])),
            mask: graph.placeholder("mask", shape![width]),
            length: graph.placeholder("length", shape![]),
        }
    }

    /// All that a program has derivatives by, in the order of [`super::points`].
    pub(super) fn floats(&self) -> [Floats<'g>; 5] {
        let [first, second] = self.vectors;
        [first, second, self.sequence, self.matrix, self.table]
    }

    pub(super) fn feeds<'f>(&self, points: &'f [ArrayD<f64>], decisions: &Decisions) -> Feeds<'f> {
        let mut feeds = Feeds::new();
        for (tensor, point) in self.floats().into_iter().zip(points) {
            feeds.add(tensor, point);
        }
        for (tensor, number) in self.numbers.into_iter().zip(decisions.numbers) {
            feeds.add(tensor, number);
        }
        for (tensor, switch) in self.switches.into_iter().zip(decisions.switches) {
            feeds.add(tensor, switch);
        }
        feeds.add(self.mask, arr1(&decisions.mask));
        feeds.add(self.length, STEPS as i32);
        feeds
    }

    pub(super) fn build(&self, program: &Vector) -> Floats<'g> {
        self.vector(program, &Scope::new(&self.vectors, &self.numbers))
    }

    fn vector(&self, vector: &Vector, names: &Names<'g>) -> Floats<'g> {
        let of = |part: &Vector| self.vector(part, names);
        match vector {
            Vector::Named(name) => names.vector(*name),
            Vector::Constant => self.vectors[0].zeros_like() + 0.4,
            Vector::Row(number) => {
                let row = self.number(number, names).floormod(TABLE as i32);
                self.table.gather(row)
            }
            Vector::Sine(part) => of(part).sin(),
            Vector::Product(a, b) => of(a) * of(b),
            Vector::Mean(a, b) => (of(a) + of(b)) * 0.5,
            Vector::Transformed(part) => {
                let row = of(part).expand_dims(0);
                row.matmul(self.matrix).squeeze(0)
            }
            Vector::Masked(part) => {
                let part = of(part);
                let squares = part.boolean_mask(self.mask).square();
                part * 0.5 + squares.reduce_sum(..) * 0.25
            }
            Vector::Choice { condition, yes, no } => {
                let condition = self.condition(condition, names);
                self.graph.cond(condition, || of(yes), || of(no))
            }
            Vector::Scan(scan) => self.scan(scan, names),
            Vector::While(repeated) => self.repeated(repeated, names),
            Vector::Fold(fold) => self.fold(fold, names),
        }
    }

    fn number(&self, number: &Number, names: &Names<'g>) -> Tensor<'g, i32> {
        match number {
            Number::Named(name) => names.number(*name),
            Number::Constant(number) => self.graph.constant(*number),
            Number::Sum(a, b) => self.number(a, names) + self.number(b, names),
        }
    }

    fn condition(&self, condition: &Condition, names: &Names<'g>) -> Tensor<'g, bool> {
        match condition {
            Condition::Fed(switch) => self.switches[*switch],
            Condition::Even(number) => self.number(number, names).floormod(2).equal(0),
            Condition::Less(a, b) => self.number(a, names).less(self.number(b, names)),
        }
    }

    fn scan(&self, scan: &Scan, names: &Names<'g>) -> Floats<'g> {
        let start = (self.graph.constant(0), self.vector(&scan.start, names));
        let options = self.scan_options(scan, names);
        let ((_, last), outputs) =
            self.graph
                .scan_with(options, start, self.sequence, |(done, state), element| {
                    let names = names.within(&[state, element], &[done]);
                    let next = self.vector(&scan.body, &names).tanh();
                    ((done + 1, next), self.vector(&scan.output, &names))
                });
        if scan.stacked {
            (last + outputs.reduce_sum(0)) * 0.25
        } else {
            last
        }
    }

    fn scan_options(&self, scan: &Scan, names: &Names<'g>) -> ScanOptions<'g> {
        let mut options = ScanOptions::new();
        if scan.reverse {
            options = options.reverse();
        }
        if scan.length {
            options = options.length(self.length);
        }
        if let Some(limit) = &scan.limit {
            let limit = self.number(limit, names).maximum(scan.least);
            let limit = limit.minimum(self.length);
            options = options.limit(limit);
        }
        options
    }

    /// States of other types go along, through which no gradient flows.
    fn repeated(&self, repeated: &While, names: &Names<'g>) -> Floats<'g> {
        let graph = self.graph;
        let count = self.number(&repeated.count, names).maximum(repeated.least);
        let odd = graph.constant(false);
        let nothing = graph.zeros::<f32>([0]);
        let start = self.vector(&repeated.start, names);
        let (_, last, ..) = graph.while_loop_with(
            WhileOptions::new().maximum_iterations(repeated.maximum),
            (graph.constant(0), start, odd, nothing),
            // That the vector is small always holds; the condition is to use it all the same.
            |(done, state, ..)| {
                let small = state.reduce_max(..).less(2.0);
                done.less(count).logical_and(small)
            },
            |(done, state, odd, nothing)| {
                let names = names.within(&[state], &[done]);
                let next = self.vector(&repeated.body, &names).sin() * 0.9 + state * 0.1;
                (done + 1, next, !odd, nothing * 2.0)
            },
        );
        last
    }

    fn fold(&self, fold: &Fold, names: &Names<'g>) -> Floats<'g> {
        let body = |accumulated: Floats<'g>, element: Floats<'g>| {
            let names = names.within(&[accumulated, element], &[]);
            self.vector(&fold.body, &names).tanh() * 0.7 + accumulated * 0.3
        };
        if fold.from_last {
            self.graph.foldr_from_last(self.sequence, body)
        } else {
            self.graph.foldl_from_first(self.sequence, body)
        }
    }
}
