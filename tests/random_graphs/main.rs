//! Random graphs: what is told of shapes while building holds in the run, and no call panics.

mod control_flow;
mod unrolled;
mod wide;

use std::collections::HashMap;

use aqueduct::ir::{
    Binary, Bound, Compare, Int, PartUpdate, Reduction, SegmentReduction, SliceSpec, Unary, Update,
};
use aqueduct::prelude::*;
use aqueduct::{Axes, Gradient, IndexedSlices, ScanOptions, Size, Sizes, Symbol, Value};
use aqueduct_tests::Modes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Decisions, one after the other; when they run out, always the first choice.
struct Choices(std::vec::IntoIter<u32>);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        self.0.next().map_or(0, |word| word as usize % count.max(1))
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn done(&self) -> bool {
        self.0.len() == 0
    }
}

/// The same cases in every run, so that a change is judged by what it changes. To look further:
/// `PROPTEST_CASES=5000 PROPTEST_RNG_SEED=7 cargo test -p aqueduct-tests --test random_graphs`.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        // What fails is written out, and becomes a test of its own.
        failure_persistence: None,
        rng_seed: match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            asked_for => asked_for,
        },
        ..default
    }
}

fn choices(count: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..count)
}

/// A graph that grows by operations that fit together, as far as one can tell while building.
struct Garden<'g> {
    graph: &'g Graph,
    choices: Choices,
    /// Tensors, each with a bound on its number of elements in the run.
    pool: Vec<(AnyTensor<'g>, usize)>,
}

/// No size of a garden's placeholders, and none made of a number, is above it.
const LARGEST: usize = 4;

impl<'g> Garden<'g> {
    /// No tensor of more elements is grown.
    const MOST: usize = 5_000;

    fn new(graph: &'g Graph, words: Vec<u32>) -> Garden<'g> {
        let (batch, length) = (graph.unknown_dim(), graph.unknown_dim());
        let x = graph.placeholder::<f32>("x", shape![batch, length]);
        let y = graph.placeholder::<f32>("y", shape![batch, 3]);
        let n = graph.placeholder::<i32>("n", shape![]);
        let ns = graph.placeholder::<i64>("ns", shape![length]);
        let mut garden = Garden {
            graph,
            choices: Choices(words.into_iter()),
            pool: Vec::new(),
        };
        garden.add(x.any(), 16);
        garden.add(y.any(), 12);
        garden.add(n.any(), 1);
        garden.add(ns.any(), LARGEST);
        garden.add(x.shape_tensor().any(), 2);
        garden.add(graph.constant([[1.0_f32, -2.0, 0.5]]).any(), 3);
        garden.add(graph.constant([2_i32, 1]).any(), 2);
        garden.add(graph.constant(true).any(), 1);
        garden
    }

    fn add(&mut self, tensor: AnyTensor<'g>, bound: usize) {
        if !tensor.is_poisoned() && tensor.shape().rank() <= 4 && bound <= Garden::MOST {
            self.pool.push((tensor, bound));
        }
    }

    fn pick(&mut self) -> (AnyTensor<'g>, usize) {
        let place = self.choices.below(self.pool.len());
        self.pool[place]
    }

    /// One of those that are like this, else any.
    fn pick_like(&mut self, fits: impl Fn(AnyTensor<'g>) -> bool) -> (AnyTensor<'g>, usize) {
        let like: Vec<_> = self
            .pool
            .iter()
            .filter(|(t, _)| fits(*t))
            .copied()
            .collect();
        if like.is_empty() {
            self.pick()
        } else {
            self.choices.of(&like)
        }
    }

    fn axis(&mut self, tensor: AnyTensor<'g>) -> i64 {
        let rank = tensor.shape().rank();
        let axis = self.choices.below(rank) as i64;
        if self.choices.flip() {
            axis - rank as i64
        } else {
            axis
        }
    }

    /// Sizes of which none is large, and a bound on their product.
    fn sizes(&mut self) -> (Sizes<'g>, usize) {
        match self.choices.below(3) {
            0 => {
                let (like, bound) = self.pick();
                (Sizes::vector(like.shape_tensor(DType::I32)), bound)
            }
            1 => {
                let count = self.choices.below(3);
                let sizes = (0..count).map(|_| self.size()).collect::<Vec<_>>();
                (Sizes::list(sizes), LARGEST.pow(count as u32))
            }
            _ => {
                let vector = |t: AnyTensor<'g>| {
                    let fact = t.fact();
                    fact.ints.is_some() && t.shape().rank() == 1 && t.dtype() == DType::I32
                };
                let (vector, _) = self.pick_like(vector);
                let count = vector.shape().elements().unwrap_or(9);
                let largest = self.graph.number(vector.dtype(), LARGEST as f64, "largest");
                let sizes = vector.binary(Binary::Minimum, largest, "clipped");
                (Sizes::vector(sizes), LARGEST.saturating_pow(count as u32))
            }
        }
    }

    fn size(&mut self) -> Size<'g> {
        let scalar = |t: AnyTensor<'g>| t.dtype() == DType::I32 && t.shape().rank() == 0;
        let (scalar, _) = self.pick_like(scalar);
        if self.choices.flip() || scalar.dtype() != DType::I32 {
            return Size::Number(self.choices.below(LARGEST + 1) as i64);
        }
        let largest = self.graph.number(DType::I32, LARGEST as f64, "largest");
        Size::Tensor(scalar.binary(Binary::Minimum, largest, "clipped"))
    }

    fn bounds(&mut self, rank: usize) -> SliceSpec {
        let mut bounds: Vec<Bound> = Vec::new();
        for _ in 0..self.choices.below(rank + 2) {
            let mut position = || self.choices.below(7) as i64 - 3;
            let (start, end, step) = (position(), position(), position());
            bounds.push(match self.choices.below(6) {
                0 => Bound::At(start),
                1 => Bound::range(Some(start), Some(end), step),
                2 => Bound::range(None, Some(end), step),
                3 => Bound::range(Some(start), None, step),
                4 => NEW_AXIS,
                _ => Bound::range(None, None, 1),
            });
        }
        SliceSpec { bounds }
    }

    fn grow(&mut self) {
        let (a, of_a) = self.pick();
        let (b, of_b) = self.pick_like(|t| t.dtype() == a.dtype());
        let (graph, axis, rank) = (self.graph, self.axis(a), a.shape().rank());
        let (of_both, of_sum) = (of_a.saturating_mul(of_b), of_a + of_b);
        let (made, bound) = match self.choices.below(27) {
            0 | 1 => (a.binary(self.choices.of(&Binary::ALL), b, "b"), of_both),
            2 => (a.unary(self.choices.of(&Unary::ALL)), of_a),
            3 => (a.compare(self.choices.of(&Compare::ALL), b), of_both),
            4 => {
                let (condition, of_condition) = self.pick_like(|t| t.dtype() == DType::Bool);
                (condition.select(a, b), of_both.saturating_mul(of_condition))
            }
            5 => {
                let axes = if self.choices.flip() {
                    Axes::All
                } else {
                    Axes::from(axis)
                };
                let reduction = self.choices.of(&Reduction::ALL);
                (a.reduce(reduction, axes, self.choices.flip()), of_a)
            }
            6 => (a.reshape(self.sizes().0), of_a),
            7 => {
                let first = Size::Tensor(a.size_of(0));
                (a.reshape(vec![first, Size::Number(-1)]), of_a)
            }
            8 => {
                let mut perm: Vec<usize> = (0..rank).collect();
                perm.rotate_left(self.choices.below(rank));
                (a.transpose(perm), of_a)
            }
            9 => (a.expand_dims(axis), of_a),
            10 => (a.squeeze(self.choices.below(3)), of_a),
            11 => (graph.stack_any(&[a, b], axis), of_sum),
            12 => (graph.concat_any(&[a, b, a], axis), of_sum + of_a),
            13 => (a.slice(self.bounds(rank)), of_a),
            14 => {
                let (spec, sizes) = (self.bounds(rank), a.shape_tensor(DType::I64));
                (
                    a.slice(spec.clone()).slice_grad(spec, Sizes::vector(sizes)),
                    of_a,
                )
            }
            15 => {
                let (indices, of_indices) = self.pick_like(|t| t.dtype() == DType::I64);
                (a.gather(indices, axis), of_a.saturating_mul(of_indices))
            }
            16 => (a.cast(self.choices.of(&DType::ALL)), of_a),
            17 => (
                a.shape_tensor(self.choices.of(&[DType::I32, DType::I64])),
                rank,
            ),
            18 => (a.size(self.choices.of(&[DType::I32, DType::I64])), 1),
            19 => {
                let (sizes, bound) = self.sizes();
                (
                    a.reduce(Reduction::Max, .., false).broadcast_to(sizes),
                    bound,
                )
            }
            20 => (
                a.matmul(b, self.choices.flip(), self.choices.flip()),
                of_both,
            ),
            21 | 22 => return self.grow_along(a, axis, of_a),
            23..=25 => return self.grow_shaped(a, axis, of_a),
            _ => return self.grow_several(a, b, axis, of_a.max(of_b)),
        };
        self.add(made, bound);
    }

    fn grow_several(&mut self, a: AnyTensor<'g>, b: AnyTensor<'g>, axis: i64, bound: usize) {
        let made = match self.choices.below(5) {
            0 => a.split(self.choices.below(4), None, axis),
            1 => a.unstack(self.choices.below(4), axis),
            2 => {
                let (last, all) = self.looped(a, b);
                vec![last, all]
            }
            3 => {
                let (count, maximum) = (self.iterations(), self.choices.below(4));
                vec![repeated(count, maximum, a, |h| {
                    h.binary(Binary::Mul, b, "b")
                })]
            }
            _ => {
                let decides = |t: AnyTensor<'g>| t.dtype() == DType::Bool && t.shape().rank() == 0;
                let (on, _) = self.pick_like(decides);
                vec![self.graph.cond(on.typed::<bool>(), || a, || b)]
            }
        };
        for tensor in made {
            self.add(tensor, bound);
        }
    }
}

/// So many iterations of a body, and no more than a maximum.
fn repeated<'g>(
    count: Tensor<'g, i32>,
    maximum: usize,
    start: AnyTensor<'g>,
    body: impl FnOnce(AnyTensor<'g>) -> AnyTensor<'g>,
) -> AnyTensor<'g> {
    let g = start.graph();
    let (_, last) = g.while_loop_with(
        WhileOptions::new().maximum_iterations(maximum as u64),
        (g.constant(0), start),
        |(done, _)| done.less(count),
        |(done, h)| (done + 1, body(h)),
    );
    last
}

impl<'g> Garden<'g> {
    /// A number from 1 to 3 that only the run can tell, or not even that. Without an iteration the
    /// gradient of a loop does not know the sizes that only an iteration can tell.
    fn iterations(&mut self) -> Tensor<'g, i32> {
        let scalar = |t: AnyTensor<'g>| t.dtype() == DType::I32 && t.shape().rank() == 0;
        let (number, _) = self.pick_like(scalar);
        let [one, three] = [1.0, 3.0].map(|n| self.graph.number(DType::I32, n, "number"));
        if number.dtype() != DType::I32 || number.shape().rank() > 0 {
            return three.typed();
        }
        let number = number.binary(Binary::Minimum, three, "most");
        number.binary(Binary::Maximum, one, "least").typed()
    }

    /// A loop over one tensor from another, whose body has more bodies and uses what is around it.
    fn looped(&mut self, a: AnyTensor<'g>, b: AnyTensor<'g>) -> (AnyTensor<'g>, AnyTensor<'g>) {
        let (around, _) = self.pick_like(|t| t.dtype() == b.dtype());
        let scale = around.reduce(Reduction::Max, .., false);
        let decides = |t: AnyTensor<'g>| t.dtype() == DType::Bool && t.shape().rank() == 0;
        let (on, _) = self.pick_like(decides);
        let (graph, kind, count) = (self.graph, self.choices.below(7), self.iterations());
        let options = if self.choices.flip() {
            ScanOptions::new().reverse()
        } else {
            ScanOptions::new()
        };
        graph.scan_with(options, b, a, |h, x| {
            let sum = h.binary(Binary::Add, x, "b");
            let next = match kind {
                0 => sum,
                1 => sum.binary(Binary::Mul, scale, "b"),
                2 => graph.cond(
                    on.typed::<bool>(),
                    || sum.binary(Binary::Mul, h, "b"),
                    || h.binary(Binary::Mul, scale, "b"),
                ),
                3 => {
                    graph
                        .scan(h, a, |h, x| (h.binary(Binary::Mul, x, "b"), ()))
                        .0
                }
                4 => repeated(count, 3, h, |h| h.binary(Binary::Mul, x, "b")),
                5 => graph.cond(
                    on.typed::<bool>(),
                    || repeated(count, 2, h, |h| h.binary(Binary::Mul, sum, "b")),
                    || h,
                ),
                _ => graph.cond(
                    on.typed::<bool>(),
                    || {
                        graph
                            .scan(h, a, |h, x| (h.binary(Binary::Mul, x, "b"), ()))
                            .0
                    },
                    || h,
                ),
            };
            (next, sum.binary(Binary::Mul, next, "b"))
        })
    }
}

/// What symbols have turned out to be, in one run.
#[derive(Default)]
struct Seen(HashMap<Symbol, i64>);

impl Seen {
    fn agree(&mut self, symbol: Symbol, number: i64, of: &str) {
        let known = *self.0.entry(symbol).or_insert(number);
        assert_eq!(
            known, number,
            "an unknown size of {of} is {number} and {known}"
        );
    }

    /// Checks a value against all that was known of its tensor while building.
    fn check(&mut self, tensor: AnyTensor<'_>, value: &Value) {
        let fact = tensor.fact();
        let text = format!("{tensor} from {}", tensor.op().trace());
        assert_eq!(fact.dtype, value.dtype(), "{text}");
        assert_eq!(fact.shape.rank(), value.shape().len(), "{text}");
        for (dim, size) in fact.shape.dims().iter().zip(value.shape()) {
            match *dim {
                Dim::Known(known) => assert_eq!(known, *size, "{text}"),
                Dim::Unknown(symbol) => self.agree(symbol, *size as i64, &text),
            }
        }
        let elements: Option<Vec<i64>> = match fact.dtype {
            DType::I32 => value
                .as_slice::<i32>()
                .map(|all| all.iter().map(|n| i64::from(*n)).collect()),
            _ => value.as_slice::<i64>().map(<[i64]>::to_vec),
        };
        for (int, number) in fact.ints.iter().flatten().zip(elements.iter().flatten()) {
            match *int {
                Int::Known(known) => assert_eq!(known, *number, "{text}"),
                Int::Unknown(symbol) => self.agree(symbol, *number, &text),
            }
        }
    }
}

/// Values of these sizes for the placeholders of a garden, which are its first four tensors.
fn feeds<'f>(all: &[AnyTensor<'_>], batch: usize, length: usize, n: i32) -> aqueduct::Feeds<'f> {
    let floats = |rows, columns| {
        let element = |(i, j)| (i * 3 + j) as f32 * 0.25 - 0.5;
        Value::from(ndarray::Array2::from_shape_fn((rows, columns), element))
    };
    let values = [
        floats(batch, length),
        floats(batch, 3),
        Value::scalar(n),
        Value::vector((0..length as i64).collect()),
    ];
    let mut feeds = aqueduct::Feeds::new();
    for (placeholder, value) in all.iter().zip(values) {
        feeds.add_any(*placeholder, value);
    }
    feeds
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_known_while_building_holds_in_the_run(
        words in choices(120),
        (batch, length, n) in (0..=LARGEST, 0..=LARGEST, -1..4_i32),
    ) {
        let graph = Graph::new();
        let mut garden = Garden::new(&graph, words);
        while !garden.choices.done() {
            garden.grow();
        }
        let tensors: Vec<AnyTensor<'_>> = garden.pool.iter().map(|(tensor, _)| *tensor).collect();
        let modes = Modes::of_case(&graph, tensors.len());
        let run = |fetches: &[AnyTensor<'_>]| {
            let feeds = || feeds(&tensors, batch, length, n);
            modes.outcome(|sess| sess.run(fetches, feeds())).unwrap()
        };
        let mut seen = Seen::default();
        let all = run(&tensors);
        match &all {
            Ok(values) => {
                for (tensor, value) in tensors.iter().zip(values) {
                    seen.check(*tensor, value);
                }
            }
            // Some operation refuses its operands; the others still have values, and the same.
            Err(aqueduct::Error::Internal(message)) => panic!("{message}"),
            Err(_) => {
                for tensor in &tensors {
                    if let Ok(values) = run(&[*tensor]) {
                        seen.check(*tensor, &values[0]);
                    }
                }
            }
        }
    }

    #[test]
    fn gradients_have_the_shapes_of_what_they_are_gradients_of(
        words in choices(60),
        (batch, length, n) in (1..=LARGEST, 1..=LARGEST, 0..4_i32),
    ) {
        let graph = Graph::new();
        let mut garden = Garden::new(&graph, words);
        while !garden.choices.done() {
            garden.grow();
        }
        let tensors: Vec<AnyTensor<'_>> = garden.pool.iter().map(|(tensor, _)| *tensor).collect();
        let xs: Vec<AnyTensor<'_>> = tensors.iter().copied().take(2).collect();
        let sess = Session::new(&graph);
        let modes = Modes::of_case(&graph, tensors.len());
        for y in tensors.iter().filter(|tensor| tensor.dtype().is_float()) {
            if sess.run(*y, feeds(&tensors, batch, length, n)).is_err() {
                continue;
            }
            for (x, found) in xs.iter().zip(gradients(*y, &xs)) {
                let Some(slope) = found.dense() else { continue };
                assert!(!slope.is_poisoned(), "{}", graph.check().unwrap_err());
                assert!(slope.shape().compatible(&x.shape()), "{slope} of {x}");
                let curvature = gradients(slope, *x).remove(0).dense().unwrap_or(slope);
                assert!(!curvature.is_poisoned(), "{}", graph.check().unwrap_err());
                let fetches = vec![*x, slope, curvature];
                let feeds = || feeds(&tensors, batch, length, n);
                let all = modes.run(|sess| sess.run(fetches.clone(), feeds())).unwrap();
                for slope in &all[1..] {
                    assert_eq!((slope.shape(), slope.dtype()), (all[0].shape(), all[0].dtype()));
                }
            }
        }
    }
}

#[test]
fn equal_pieces_of_a_vector_have_elements_of_their_own() {
    let g = Graph::new();
    let sizes = g.constant([2_i32, 1]).split(2, 0);
    assert_eq!(g.zeros::<f32>(sizes[1]).shape(), aqueduct::Shape::from([1]));
    let x = g.placeholder::<f32>("x", shape![?, 4]);
    let pieces = x.split(3, 0);
    assert!(pieces[0].shape().same(&pieces[2].shape()));
}

/// Calls of builders with whatever arguments.
struct Vandal<'g> {
    graph: &'g Graph,
    choices: Choices,
    pool: Vec<AnyTensor<'g>>,
    variables: Vec<AnyVariable<'g>>,
}

impl<'g> Vandal<'g> {
    fn new(graph: &'g Graph, other: &'g Graph, words: Vec<u32>) -> Vandal<'g> {
        let wrong = graph.zeros::<f32>([2]) + graph.zeros::<f32>([3]);
        Vandal {
            graph,
            choices: Choices(words.into_iter()),
            pool: vec![
                graph.placeholder::<f32>("x", shape![?, 2]).any(),
                graph.placeholder::<i32>("n", shape![]).any(),
                graph.placeholder::<bool>("on", shape![]).any(),
                graph.constant([[1.0_f32, 2.0], [3.0, 4.0]]).any(),
                graph.constant(vec![0_i64; 0]).any(),
                graph.constant([1_u8]).any(),
                graph.constant([1.0_f64, 2.0]).any(),
                graph.constant([1_i64, 2, 3]).any(),
                wrong.any(),
                other.constant([1.0_f32, 2.0]).any(),
                other.placeholder::<i32>("n", shape![]).any(),
            ],
            variables: vec![
                graph.variable("v", [[1.0_f32, 2.0]]).any(),
                graph.variable("n", 1_i32).any(),
                other.variable("foreign", 1.0_f32).any(),
            ],
        }
    }

    fn any(&mut self) -> AnyTensor<'g> {
        self.choices.of(&self.pool)
    }

    fn number(&mut self) -> i64 {
        const NUMBERS: [i64; 12] = [
            0,
            1,
            -1,
            2,
            3,
            -2,
            5,
            1 << 40,
            i64::MIN,
            i64::MAX,
            i64::MIN + 1,
            -(1 << 33),
        ];
        self.choices.of(&NUMBERS)
    }

    fn count(&mut self) -> usize {
        self.choices
            .of(&[0, 1, 2, 3, 5, 1 << 40, usize::MAX, 1 << 63])
    }

    fn numbers(&mut self) -> Vec<i64> {
        (0..self.choices.below(4)).map(|_| self.number()).collect()
    }

    fn counts(&mut self) -> Vec<usize> {
        (0..self.choices.below(4)).map(|_| self.count()).collect()
    }

    fn some(&mut self) -> Vec<AnyTensor<'g>> {
        (0..self.choices.below(4)).map(|_| self.any()).collect()
    }

    fn sizes(&mut self) -> Sizes<'g> {
        match self.choices.below(4) {
            0 => Sizes::from(self.numbers()),
            1 => Sizes::vector(self.any()),
            2 => Sizes::from(self.any().shape()),
            _ => Sizes::list(vec![Size::Tensor(self.any()), Size::Number(self.number())]),
        }
    }

    fn slice(&mut self) -> SliceSpec {
        let bounds = (0..self.choices.below(4)).map(|_| {
            let (start, end, step) = (self.number(), self.number(), self.number());
            match self.choices.below(5) {
                0 => Bound::At(start),
                1 => Bound::Range {
                    start: Some(start),
                    end: Some(end),
                    step,
                },
                2 => Bound::Range {
                    start: None,
                    end: None,
                    step,
                },
                3 => NEW_AXIS,
                _ => ELLIPSIS,
            }
        });
        SliceSpec {
            bounds: bounds.collect(),
        }
    }

    fn call(&mut self) {
        let (a, b, c) = (self.any(), self.any(), self.any());
        let (g, axis) = (self.graph, self.number());
        let made = match self.choices.below(40) {
            0 => a.binary(self.choices.of(&Binary::ALL), b, "b"),
            1 => a.unary(self.choices.of(&Unary::ALL)),
            2 => a.compare(self.choices.of(&Compare::ALL), b),
            3 => a.select(b, c),
            4 => a.matmul(b, self.choices.flip(), self.choices.flip()),
            5 => a.cast(self.choices.of(&DType::ALL)),
            6 => a.reduce(
                self.choices.of(&Reduction::ALL),
                self.numbers(),
                self.choices.flip(),
            ),
            7 => a.reshape(self.sizes()),
            8 => a.broadcast_to(self.sizes()),
            9 => a.expand_dims(axis),
            10 => a.squeeze(self.counts()),
            11 => a.transpose(self.counts()),
            12 => a.slice(self.slice()),
            13 => a.slice_grad(self.slice(), self.sizes()),
            14 => g.stack_any(&self.some(), axis),
            15 => g.concat_any(&self.some(), axis),
            16 => a.gather(b, axis),
            17 if self.choices.flip() => {
                a.unsorted_segment(self.choices.of(&SegmentReduction::ALL), b, Size::Tensor(c))
            }
            17 => a.segment(self.choices.of(&SegmentReduction::ALL), b),
            18 => a.sum_to(self.sizes()),
            19 => a.size_of(axis),
            20 => a.shape_tensor(self.choices.of(&DType::ALL)),
            21 => a.size(self.choices.of(&DType::ALL)),
            22 => a
                .typed::<f32>()
                .xw_plus_b(b.typed::<f32>(), c.typed::<f32>())
                .any(),
            23 => g.zeros::<f64>(self.sizes()).any(),
            24 => random_normal(self.sizes()).tensor::<f32>(g).any(),
            25 => g
                .random_int(self.sizes(), a.typed::<i32>(), b.typed(), Some(1))
                .any(),
            26 => aqueduct::ir::add_n(g, &self.some()),
            27 => a.typed::<f32>().random_shuffle(None).any(),
            28 => g.cond(a.typed::<bool>(), || b, || c),
            29 => return self.many(a, axis),
            30 if self.choices.flip() => return self.repeated(a, b),
            30 => return self.looped(a, b, c),
            31 => return self.stateful(a, b),
            32 => return self.differentiated(a, b),
            33..=38 => return self.call_wide(a, b, c),
            _ => a.named(self.choices.of(&["ok", "", "two words", "é", "/", "a/b"])),
        };
        self.pool.push(made);
    }

    fn many(&mut self, a: AnyTensor<'g>, axis: i64) {
        let pieces = match self.choices.below(3) {
            0 => a.unstack(self.count(), axis),
            1 => a.split(self.count(), None, axis),
            _ => {
                let sizes = self.counts();
                a.split(self.choices.of(&[sizes.len(), 0, 3]), Some(sizes), axis)
            }
        };
        self.pool.extend(pieces.into_iter().take(3));
    }

    fn looped(&mut self, a: AnyTensor<'g>, b: AnyTensor<'g>, c: AnyTensor<'g>) {
        let inside = self.any();
        let mut leaked = Vec::new();
        let (last, all) = self.graph.scan(vec![a, b], c, |h, x| {
            let sum = h[0].binary(Binary::Add, x, "b");
            leaked.extend([sum, h[1]]);
            let next = [vec![sum, h[1]], vec![inside, h[0]], vec![h[1]], vec![x; 3]];
            (self.choices.of(&next), (sum, inside))
        });
        self.pool
            .extend(last.into_iter().chain([all.0, all.1]).chain(leaked));
    }

    fn repeated(&mut self, a: AnyTensor<'g>, b: AnyTensor<'g>) {
        let (inside, on) = (self.any(), self.any());
        let maximum = self.choices.of(&[0, 1, 3]);
        let (decides, gives) = (self.choices.below(3), self.choices.below(4));
        let mut leaked = Vec::new();
        let last = self.graph.while_loop_with(
            WhileOptions::new().maximum_iterations(maximum),
            vec![a, b],
            |h| [on, h[0], h[0].compare(Compare::Less, h[1])][decides].typed::<bool>(),
            |h| {
                let sum = h[0].binary(Binary::Add, inside, "b");
                leaked.extend([sum, h[1]]);
                let next = [
                    vec![sum, h[1]],
                    vec![inside, h[0]],
                    vec![h[1]],
                    vec![sum; 3],
                ];
                next[gives].clone()
            },
        );
        self.pool.extend(last.into_iter().chain(leaked));
    }

    fn stateful(&mut self, a: AnyTensor<'g>, b: AnyTensor<'g>) {
        let update = self.choices.of(&[Update::Set, Update::Add, Update::Sub]);
        let variable = self.choices.of(&self.variables);
        let _order = self.graph.order_after([a]);
        let of_parts = self.choices.of(&PartUpdate::ALL);
        let made = match self.choices.below(6) {
            0 => variable.update(update, b),
            1 => variable.scatter(of_parts, a, b),
            5 => variable.scatter_nd(of_parts, a, b),
            2 => variable.read_value(),
            3 => {
                let shape = self.counts();
                let name = self.choices.of(&["w", "", "v"]);
                let options = aqueduct::VariableOptions::new();
                let made = self
                    .graph
                    .get_any_variable(name, b.dtype(), &shape, options);
                self.variables.push(made);
                made.value()
            }
            _ => {
                let made = self.graph.variable("made", a.typed::<f32>());
                self.variables.push(made.any());
                made.initialized_value().any()
            }
        };
        self.pool.push(made);
    }

    fn differentiated(&mut self, a: AnyTensor<'g>, b: AnyTensor<'g>) {
        let found = match self.choices.below(4) {
            0 => gradients(a, (b, self.variables[0])),
            1 => {
                let grad_ys = self.any();
                Gradients::of(a)
                    .wrt(b)
                    .grad_ys(grad_ys)
                    .stop_gradients(b)
                    .build()
            }
            2 => {
                self.trained(a);
                Vec::new()
            }
            _ => {
                let slices = IndexedSlices {
                    values: a,
                    indices: b,
                    rows: self.any(),
                };
                let pairs = [(Gradient::Sparse(slices), self.choices.of(&self.variables))];
                let (pairs, _) = clip_gradients_by_global_norm(self.graph, &pairs, b);
                let _ = Momentum::new(0.1, b).apply_gradients(self.graph, &pairs, None);
                vec![Gradient::Sparse(slices)]
            }
        };
        self.pool.extend(found.iter().filter_map(Gradient::dense));
    }

    fn trained(&mut self, loss: AnyTensor<'g>) {
        let setting = self.any();
        let _ = match self.choices.below(5) {
            0 => Adam::new(0.1).minimize(loss),
            1 => AdamW::new(setting, 0.1).minimize(loss),
            2 => RmsProp::new(setting).centered().minimize(loss),
            3 => Adadelta::new(0.1).rho(setting).minimize(loss),
            _ => Ftrl::new(setting).beta(1.0).minimize(loss),
        };
    }
}

/// Whether some size is known that no test should take memory for.
fn is_large(graph: &Graph) -> bool {
    let view = graph.view();
    let mut facts = view.node_ids().flat_map(|id| &view.node(id).outputs);
    facts.any(|fact| {
        fact.shape
            .dims()
            .iter()
            .any(|dim| dim.known().is_some_and(|size| size > 100))
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_call_panics(words in choices(150)) {
        let (graph, other) = (Graph::new(), Graph::new());
        let mut vandal = Vandal::new(&graph, &other, words);
        while !vandal.choices.done() {
            vandal.call();
        }
        let report = graph.check().err().map(|mistakes| mistakes.to_string()).unwrap_or_default();
        assert!(!report.contains("crates/"), "{report}");
        assert!(!graph.to_text().is_empty());
        if is_large(&graph) {
            return Ok(());
        }
        let sess = Session::new(&graph);
        let _ = sess.run(graph.global_variables_initializer(), feed![]);
        let (x, n, on) = (vandal.pool[0].typed(), vandal.pool[1].typed(), vandal.pool[2].typed());
        for tensor in vandal.pool {
            let result = sess.run(tensor, feed![x => [[1.0, 2.0]], n => 2, on => true]);
            if let Err(aqueduct::Error::Internal(message)) = result {
                panic!("{message} in {tensor} from {}", tensor.op().trace());
            }
        }
    }
}
