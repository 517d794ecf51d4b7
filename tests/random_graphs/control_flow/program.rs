//! The language of the programs, and the strategies that draw them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// How many elements a vector has.
pub(super) const WIDTH: usize = 2;
/// How many vectors the sequence has that scans and folds run over.
pub(super) const STEPS: usize = 3;
/// How many vectors the table has that rows are gathered from.
pub(super) const TABLE: usize = 3;
/// How many forms may lie within each other, names and constants left aside.
const DEPTH: usize = 4;

/// An expression of a vector. No element is above 1 in size, and no form is much steeper than what it
/// is made of: so derivatives through many loops stay of a size that finite differences can tell.
#[derive(Clone, Debug)]
pub(super) enum Vector {
    /// See [`Scope`].
    Named(usize),
    Constant,
    /// A row of the table: the number, modulo the rows there are.
    Row(Number),
    Sine(Box<Vector>),
    Product(Box<Vector>, Box<Vector>),
    Mean(Box<Vector>, Box<Vector>),
    /// Times the matrix.
    Transformed(Box<Vector>),
    /// With the squares of those elements that the mask selects: a late size, known in the run only.
    Masked(Box<Vector>),
    Choice {
        condition: Condition,
        yes: Box<Vector>,
        no: Box<Vector>,
    },
    Scan(Box<Scan>),
    While(Box<While>),
    Fold(Box<Fold>),
}

/// A scan over the sequence. Body and output can name the number of steps before, the state and the
/// element.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) start: Vector,
    pub(super) body: Vector,
    pub(super) output: Vector,
    pub(super) reverse: bool,
    /// Brought into the range from `least` to all steps.
    pub(super) limit: Option<Number>,
    pub(super) least: i32,
    /// Whether the number of steps is given, beside the sequence that tells it.
    pub(super) length: bool,
    /// Whether the outputs count, or the last state only.
    pub(super) stacked: bool,
}

/// As many iterations as `count`, no fewer than `least` and no more than `maximum`. The body can name the number of
/// iterations before, and the state.
#[derive(Clone, Debug)]
pub(super) struct While {
    pub(super) start: Vector,
    pub(super) body: Vector,
    pub(super) count: Number,
    pub(super) least: i32,
    pub(super) maximum: u64,
}

/// A fold of the sequence, from its first or its last element. The body can name what is accumulated
/// and the element.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) body: Vector,
    pub(super) from_last: bool,
}

/// An expression of an integer.
#[derive(Clone, Debug)]
pub(super) enum Number {
    /// See [`Scope`].
    Named(usize),
    Constant(i32),
    Sum(Box<Number>, Box<Number>),
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    Fed(usize),
    Even(Number),
    Less(Number, Number),
}

/// What a place in a program can name: the inputs, and after them what the bodies around it are
/// given. Names count from the innermost, around and around, so each name has a meaning at each
/// place, and what is left of a program when it is shrunk is a program.
#[derive(Clone)]
pub(super) struct Scope<V, N> {
    vectors: Vec<V>,
    numbers: Vec<N>,
}

impl<V: Copy, N: Copy> Scope<V, N> {
    pub(super) fn new(vectors: &[V], numbers: &[N]) -> Scope<V, N> {
        Scope {
            vectors: vectors.to_vec(),
            numbers: numbers.to_vec(),
        }
    }

    /// The scope of a body that is given these.
    pub(super) fn within(&self, vectors: &[V], numbers: &[N]) -> Scope<V, N> {
        Scope {
            vectors: [&self.vectors, vectors].concat(),
            numbers: [&self.numbers, numbers].concat(),
        }
    }

    pub(super) fn vector(&self, name: usize) -> V {
        self.vectors[self.vectors.len() - 1 - name % self.vectors.len()]
    }

    pub(super) fn number(&self, name: usize) -> N {
        self.numbers[self.numbers.len() - 1 - name % self.numbers.len()]
    }
}

/// What decides the way through a program, fed anew for each run.
#[derive(Clone, Debug)]
pub(super) struct Decisions {
    pub(super) numbers: [i32; 3],
    pub(super) switches: [bool; 2],
    pub(super) mask: [bool; WIDTH],
}

pub(super) fn decisions() -> impl Strategy<Value = Decisions> {
    // Zeros are drawn as such: loops of no step at all.
    let numbers = prop_oneof![1 => Just([0; 3]), 3 => prop::array::uniform3(-1..5_i32)];
    let switches = any::<[bool; 2]>();
    (numbers, switches, any::<[bool; WIDTH]>()).prop_map(|(numbers, switches, mask)| Decisions {
        numbers,
        switches,
        mask,
    })
}

pub(super) fn runs() -> impl Strategy<Value = Vec<Decisions>> {
    vec(decisions(), 1..4)
}

/// A program, and what its graph may know.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) result: Vector,
    /// Whether the width of all vectors is known while building.
    pub(super) known_width: bool,
}

/// When the sizes in a program are known.
#[derive(Clone, Copy)]
enum Sizes {
    /// While building, or from what is fed.
    Early,
    /// There are masks, also in bodies, and each loop runs so many steps at least.
    Late { least_steps: i32 },
}

impl Sizes {
    fn least_steps(self) -> i32 {
        match self {
            Sizes::Early => 0,
            Sizes::Late { least_steps } => least_steps,
        }
    }
}

/// Programs that have values.
pub(super) fn programs() -> impl Strategy<Value = Program> {
    prop_oneof![
        drawn(Sizes::Early, any::<bool>()),
        drawn(Sizes::Late { least_steps: 0 }, any::<bool>()),
    ]
}

/// Programs that have derivatives as well. Loops that may run no step have vectors of known width: what
/// a gradient keeps of a loop without steps may have a shape that only a step can tell.
pub(super) fn differentiable_programs() -> impl Strategy<Value = Program> {
    prop_oneof![
        drawn(Sizes::Early, Just(true)),
        drawn(Sizes::Late { least_steps: 1 }, any::<bool>()),
    ]
}

fn drawn(sizes: Sizes, known_width: impl Strategy<Value = bool>) -> impl Strategy<Value = Program> {
    (nested(sizes), known_width).prop_map(|(result, known_width)| Program {
        result,
        known_width,
    })
}

fn nested(sizes: Sizes) -> BoxedStrategy<Vector> {
    (1..DEPTH).fold(forms(leaves(), sizes), |inner, _| {
        forms(prop_oneof![1 => leaves(), 2 => inner].boxed(), sizes)
    })
}

fn numbers() -> impl Strategy<Value = Number> {
    let named = || (0..4_usize).prop_map(Number::Named);
    let constant = || (0..3).prop_map(Number::Constant);
    let small = || prop_oneof![2 => named(), 1 => constant()].prop_map(Box::new);
    prop_oneof![
        1 => constant(),
        3 => named(),
        1 => (small(), small()).prop_map(|(a, b)| Number::Sum(a, b)),
    ]
}

fn conditions() -> impl Strategy<Value = Condition> {
    prop_oneof![
        (0..2_usize).prop_map(Condition::Fed),
        numbers().prop_map(Condition::Even),
        (numbers(), numbers()).prop_map(|(a, b)| Condition::Less(a, b)),
    ]
}

fn leaves() -> BoxedStrategy<Vector> {
    prop_oneof![
        6 => (0..5_usize).prop_map(Vector::Named),
        1 => Just(Vector::Constant),
        1 => numbers().prop_map(Vector::Row),
    ]
    .boxed()
}

/// All forms, made of these.
fn forms(inner: BoxedStrategy<Vector>, sizes: Sizes) -> BoxedStrategy<Vector> {
    let least = sizes.least_steps();
    prop_oneof![
        4 => without_bodies(&inner, sizes),
        2 => choices(&inner),
        3 => scans(&inner, least).prop_map(|scan| Vector::Scan(Box::new(scan))),
        3 => whiles(&inner, least).prop_map(|repeated| Vector::While(Box::new(repeated))),
        1 => folds(&inner).prop_map(|fold| Vector::Fold(Box::new(fold))),
    ]
    .boxed()
}

fn without_bodies(inner: &BoxedStrategy<Vector>, sizes: Sizes) -> BoxedStrategy<Vector> {
    let part = || inner.clone().prop_map(Box::new);
    let early = prop_oneof![
        part().prop_map(Vector::Sine),
        part().prop_map(Vector::Transformed),
        (part(), part()).prop_map(|(a, b)| Vector::Product(a, b)),
        (part(), part()).prop_map(|(a, b)| Vector::Mean(a, b)),
    ];
    match sizes {
        Sizes::Early => early.boxed(),
        Sizes::Late { .. } => prop_oneof![early, part().prop_map(Vector::Masked)].boxed(),
    }
}

fn choices(inner: &BoxedStrategy<Vector>) -> impl Strategy<Value = Vector> + use<> {
    let part = || inner.clone().prop_map(Box::new);
    (conditions(), part(), part()).prop_map(|(condition, yes, no)| Vector::Choice {
        condition,
        yes,
        no,
    })
}

fn scans(inner: &BoxedStrategy<Vector>, least: i32) -> impl Strategy<Value = Scan> + use<> {
    let parts = (inner.clone(), inner.clone(), inner.clone());
    let limit = prop::option::of(numbers());
    let options = (limit, any::<[bool; 3]>());
    (parts, options).prop_map(
        move |((start, body, output), (limit, [reverse, length, stacked]))| Scan {
            start,
            body,
            output,
            reverse,
            limit,
            least,
            length,
            stacked,
        },
    )
}

fn whiles(inner: &BoxedStrategy<Vector>, least: i32) -> impl Strategy<Value = While> + use<> {
    let maximum = select(vec![0, 1, 2, 5]).prop_map(move |maximum| maximum.max(least as u64));
    (inner.clone(), inner.clone(), numbers(), maximum).prop_map(
        move |(start, body, count, maximum)| While {
            start,
            body,
            count,
            least,
            maximum,
        },
    )
}

fn folds(inner: &BoxedStrategy<Vector>) -> impl Strategy<Value = Fold> + use<> {
    (inner.clone(), any::<bool>()).prop_map(|(body, from_last)| Fold { body, from_last })
}
