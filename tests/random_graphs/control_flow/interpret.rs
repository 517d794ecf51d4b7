//! What a program means, in plain Rust.

use ndarray::ArrayD;

use super::program::{
    Condition, Decisions, Fold, Number, STEPS, Scan, Scope, TABLE, Vector, WIDTH, While,
};

type Floats = [f64; WIDTH];
type Names = Scope<Floats, i32>;

/// What a program is run on.
pub(super) struct World<'a> {
    vectors: [Floats; 2],
    sequence: [Floats; STEPS],
    matrix: [Floats; WIDTH],
    table: [Floats; TABLE],
    decisions: &'a Decisions,
}

fn vector(point: &ArrayD<f64>) -> Floats {
    std::array::from_fn(|column| point[[column]])
}

fn rows<const ROWS: usize>(point: &ArrayD<f64>) -> [Floats; ROWS] {
    std::array::from_fn(|row| std::array::from_fn(|column| point[[row, column]]))
}

fn zip(a: Floats, b: Floats, f: impl Fn(f64, f64) -> f64) -> Floats {
    std::array::from_fn(|place| f(a[place], b[place]))
}

impl<'a> World<'a> {
    /// The world of these values for [`super::build::Inputs::floats`].
    pub(super) fn new(points: &[ArrayD<f64>], decisions: &'a Decisions) -> World<'a> {
        World {
            vectors: [vector(&points[0]), vector(&points[1])],
            sequence: rows(&points[2]),
            matrix: rows(&points[3]),
            table: rows(&points[4]),
            decisions,
        }
    }

    pub(super) fn run(&self, program: &Vector) -> Floats {
        let names = Scope::new(&self.vectors, &self.decisions.numbers);
        self.vector(program, &names)
    }

    fn vector(&self, vector: &Vector, names: &Names) -> Floats {
        let of = |part: &Vector| self.vector(part, names);
        match vector {
            Vector::Named(name) => names.vector(*name),
            Vector::Constant => [0.4; WIDTH],
            Vector::Row(number) => {
                let row = self.number(number, names).rem_euclid(TABLE as i32);
                self.table[row as usize]
            }
            Vector::Sine(part) => of(part).map(f64::sin),
            Vector::Product(a, b) => zip(of(a), of(b), |a, b| a * b),
            Vector::Mean(a, b) => zip(of(a), of(b), |a, b| (a + b) * 0.5),
            Vector::Transformed(part) => {
                let rows = of(part).into_iter().zip(self.matrix);
                rows.fold([0.0; WIDTH], |sum, (x, row)| {
                    zip(sum, row, |sum, element| sum + x * element)
                })
            }
            Vector::Masked(part) => {
                let part = of(part);
                let selected = part.iter().zip(self.decisions.mask);
                let squares = selected.map(|(x, on)| if on { x * x } else { 0.0 });
                let sum: f64 = squares.sum();
                part.map(|x| x * 0.5 + sum * 0.25)
            }
            Vector::Choice { condition, yes, no } => {
                if self.condition(condition, names) {
                    of(yes)
                } else {
                    of(no)
                }
            }
            Vector::Scan(scan) => self.scan(scan, names),
            Vector::While(repeated) => self.repeated(repeated, names),
            Vector::Fold(fold) => self.fold(fold, names),
        }
    }

    fn number(&self, number: &Number, names: &Names) -> i32 {
        match number {
            Number::Named(name) => names.number(*name),
            Number::Constant(number) => *number,
            Number::Sum(a, b) => self.number(a, names) + self.number(b, names),
        }
    }

    fn condition(&self, condition: &Condition, names: &Names) -> bool {
        match condition {
            Condition::Fed(switch) => self.decisions.switches[*switch],
            Condition::Even(number) => self.number(number, names) % 2 == 0,
            Condition::Less(a, b) => self.number(a, names) < self.number(b, names),
        }
    }

    fn scan(&self, scan: &Scan, names: &Names) -> Floats {
        let limit = scan.limit.as_ref().map_or(STEPS, |limit| {
            self.number(limit, names).clamp(scan.least, STEPS as i32) as usize
        });
        let mut elements = self.sequence[..limit].to_vec();
        if scan.reverse {
            elements.reverse();
        }
        let mut state = self.vector(&scan.start, names);
        let mut outputs = [0.0; WIDTH];
        for (done, element) in (0..).zip(elements) {
            let names = names.within(&[state, element], &[done]);
            let output = self.vector(&scan.output, &names);
            outputs = zip(outputs, output, |sum, output| sum + output);
            state = self.vector(&scan.body, &names).map(f64::tanh);
        }
        if scan.stacked {
            zip(state, outputs, |last, sum| (last + sum) * 0.25)
        } else {
            state
        }
    }

    fn repeated(&self, repeated: &While, names: &Names) -> Floats {
        let count = self.number(&repeated.count, names).max(repeated.least);
        let mut state = self.vector(&repeated.start, names);
        for done in (0..count).take(repeated.maximum as usize) {
            let body = self.vector(&repeated.body, &names.within(&[state], &[done]));
            state = zip(body, state, |body, state| body.sin() * 0.9 + state * 0.1);
        }
        state
    }

    fn fold(&self, fold: &Fold, names: &Names) -> Floats {
        let mut elements = self.sequence;
        if fold.from_last {
            elements.reverse();
        }
        let body = |accumulated, element| {
            let names = names.within(&[accumulated, element], &[]);
            let body = self.vector(&fold.body, &names);
            zip(body, accumulated, |body, accumulated| {
                body.tanh() * 0.7 + accumulated * 0.3
            })
        };
        elements.into_iter().reduce(body).unwrap()
    }
}
