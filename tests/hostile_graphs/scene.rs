//! What builders are called on and with: a pool of tensors, and arguments that are absurd as often as not.

use std::cell::RefCell;
use std::ops::Range;

use aqueduct::ir::{Bound, SliceSpec};
use aqueduct::prelude::*;
use aqueduct::{Axes, Data, Element, Paddings, Shape, Size, Sizes, Value};

/// Numbers that decide everything in a scene, one after the other; 0 for ever once they are used up.
#[derive(Debug)]
pub(crate) struct Choices(std::vec::IntoIter<u32>);

impl Choices {
    pub(crate) fn new(numbers: Vec<u32>) -> Choices {
        Choices(numbers.into_iter())
    }

    fn next(&mut self) -> u32 {
        self.0.next().unwrap_or(0)
    }
}

/// A graph while hostile calls build it.
pub(crate) struct Scene<'g> {
    pub(crate) graph: &'g Graph,
    /// Another graph, whose tensors get mixed in.
    pub(crate) other: &'g Graph,
    choices: RefCell<Choices>,
    tensors: RefCell<Vec<AnyTensor<'g>>>,
    placeholders: RefCell<Vec<AnyTensor<'g>>>,
    variables: RefCell<Vec<AnyVariable<'g>>>,
    operations: RefCell<Vec<Operation<'g>>>,
}

pub(crate) const TYPES: [DType; 6] = [
    DType::F32,
    DType::F64,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::Bool,
];

const NAMES: [&str; 14] = [
    "x",
    "scope",
    "",
    "/",
    "..",
    "a/b",
    "/a",
    "a//",
    "a\0b",
    "_x",
    "größe",
    "x:0",
    "^x",
    "\u{202e}x y",
];

const INTS: [i64; 16] = [
    1,
    2,
    0,
    3,
    -1,
    7,
    -2,
    8,
    -9,
    64,
    1 << 31,
    1 << 40,
    1 << 62,
    i64::MAX,
    i64::MIN,
    -(1 << 31),
];

const FLOATS: [f64; 16] = [
    1.0,
    0.5,
    0.0,
    -1.0,
    2.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    1e300,
    -1e30,
    -0.0,
    1e-310,
    3.7,
    -2.5,
    1e10,
    255.0,
];

impl<'g> Scene<'g> {
    /// A scene with tensors to begin with: constants, variables, and placeholders of any rank and type.
    pub(crate) fn new(graph: &'g Graph, other: &'g Graph, choices: Vec<u32>) -> Scene<'g> {
        let scene = Scene {
            graph,
            other,
            choices: RefCell::new(Choices::new(choices)),
            tensors: RefCell::default(),
            placeholders: RefCell::default(),
            variables: RefCell::default(),
            operations: RefCell::default(),
        };
        scene.furnish();
        scene
    }

    fn furnish(&self) {
        let g = self.graph;
        self.keep(self.other.constant([1.0_f32, 2.0]).any());
        for dtype in TYPES {
            self.add_placeholder(dtype, self.shape());
        }
        self.add_placeholder(DType::F32, shape![?, 3]);
        self.add_placeholder(DType::F32, shape![2, 3]);
        self.add_placeholder(DType::F32, shape![1, ?, ?, 2]);
        self.add_placeholder(DType::F64, shape![?, 2, ?]);
        self.add_placeholder(DType::I32, shape![?]);
        self.add_placeholder(DType::I64, shape![]);
        self.keep(g.constant([1_i32, 0, 2]));
        self.keep(g.constant(2_i32));
        self.keep(g.constant([[true, false, true], [false, true, true]]));
        self.keep(g.variable("floats", [[0.5_f32, -1.0, 2.0], [3.0, 0.0, 1.0]]));
        self.keep(g.variable("doubles", [1.0_f64, 2.0]));
        self.keep(g.untrained_variable("counts", [1_i64, 2, 3]));
    }

    pub(crate) fn add_placeholder(&self, dtype: DType, shape: Shape) {
        let name = "fed";
        let g = self.graph;
        let tensor = match dtype {
            DType::F32 => g.placeholder::<f32>(name, shape).any(),
            DType::F64 => g.placeholder::<f64>(name, shape).any(),
            DType::I32 => g.placeholder::<i32>(name, shape).any(),
            DType::I64 => g.placeholder::<i64>(name, shape).any(),
            DType::U8 => g.placeholder::<u8>(name, shape).any(),
            DType::Bool => g.placeholder::<bool>(name, shape).any(),
        };
        self.placeholders.borrow_mut().push(tensor);
        self.keep(tensor);
    }

    /// Puts what a call gave into the pool.
    pub(crate) fn keep(&self, made: impl Made<'g>) {
        made.keep_in(self);
    }

    pub(crate) fn tensors(&self) -> Vec<AnyTensor<'g>> {
        self.tensors.borrow().clone()
    }

    pub(crate) fn placeholders(&self) -> Vec<AnyTensor<'g>> {
        self.placeholders.borrow().clone()
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'g>> {
        self.operations.borrow().clone()
    }

    /// Goes on with other choices: the next call of a sequence has its own.
    pub(crate) fn choose_by(&self, choices: Vec<u32>) {
        *self.choices.borrow_mut() = Choices::new(choices);
    }

    pub(crate) fn below(&self, count: usize) -> usize {
        let number = self.choices.borrow_mut().next() as usize;
        number % count.max(1)
    }

    pub(crate) fn flag(&self) -> bool {
        self.below(2) == 1
    }

    pub(crate) fn one_of<T: Clone>(&self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    pub(crate) fn int(&self) -> i64 {
        self.one_of(&INTS)
    }

    pub(crate) fn float(&self) -> f64 {
        self.one_of(&FLOATS)
    }

    /// Small as a rule; absurd once in a while.
    pub(crate) fn count(&self) -> usize {
        self.one_of(&[
            1,
            2,
            3,
            0,
            2,
            3,
            7,
            1,
            1 << 31,
            1 << 40,
            1 << 62,
            usize::MAX / 8,
            usize::MAX,
        ])
    }

    /// A number of steps: never so large that a loop would run for ever.
    pub(crate) fn steps(&self) -> i64 {
        self.one_of(&[2, 1, 0, 3, -1, i64::MIN])
    }

    pub(crate) fn axis(&self) -> i64 {
        self.one_of(&[0, 1, -1, 2, -2, 0, 1, -1, 3, 8, -9, i64::MAX, i64::MIN])
    }

    pub(crate) fn axes(&self) -> Axes {
        match self.below(4) {
            0 => Axes::All,
            count => Axes::These((1..count).map(|_| self.axis()).collect()),
        }
    }

    pub(crate) fn dtype(&self) -> DType {
        self.one_of(&TYPES)
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        self.flag().then(|| self.one_of(&[0, 1, u64::MAX]))
    }

    pub(crate) fn name(&self) -> String {
        match self.below(NAMES.len() + 1) {
            0 => "n".repeat(10_000),
            place => NAMES[place - 1].to_owned(),
        }
    }

    fn rank(&self) -> usize {
        self.one_of(&[2, 1, 0, 3, 4, 2, 1, 5, 6, 8])
    }

    pub(crate) fn shape(&self) -> Shape {
        let dim = |_| match self.below(9) {
            0 => Dim::Known(2),
            1..=3 => Dim::UNKNOWN,
            4 => Dim::Known(1),
            5 => Dim::Known(3),
            6 => Dim::Known(0),
            7 => Dim::Known(7),
            _ => Dim::Known(self.count()),
        };
        Shape::new((0..self.rank()).map(dim).collect())
    }

    pub(crate) fn size(&self) -> Size<'g> {
        match self.below(4) {
            0 => Size::Tensor(self.any()),
            1 => Size::Tensor(self.of::<i32>().any()),
            _ => Size::Number(self.int()),
        }
    }

    pub(crate) fn sizes(&self) -> Sizes<'g> {
        match self.below(8) {
            0 => Sizes::vector(self.any()),
            1 => Sizes::vector(self.of::<i32>().any()),
            2 => Sizes::like(self.any()),
            3 => Sizes::from(self.shape()),
            _ => Sizes::list((0..self.rank()).map(|_| self.size()).collect()),
        }
    }

    /// Sizes as numbers.
    pub(crate) fn counts(&self) -> Vec<usize> {
        (0..self.rank()).map(|_| self.count()).collect()
    }

    pub(crate) fn ints(&self) -> Vec<i64> {
        (0..self.rank()).map(|_| self.int()).collect()
    }

    pub(crate) fn paddings(&self) -> Paddings<'g> {
        match self.below(3) {
            0 => Paddings::tensor(self.any()),
            1 => Paddings::vector(self.any()),
            _ => {
                let pairs: Vec<[Size<'g>; 2]> = (0..self.rank())
                    .map(|_| [self.size(), self.size()])
                    .collect();
                Paddings::from(pairs)
            }
        }
    }

    pub(crate) fn slice_spec(&self) -> SliceSpec {
        let bound = |_| match self.below(5) {
            0 => Bound::At(self.int()),
            1 => Bound::NewAxis,
            2 => Bound::Ellipsis,
            _ => Bound::Range {
                start: self.flag().then(|| self.int()),
                end: self.flag().then(|| self.int()),
                step: self.int(),
            },
        };
        SliceSpec {
            bounds: (0..self.rank()).map(bound).collect(),
        }
    }

    /// Any tensor of the pool, of any type.
    pub(crate) fn any(&self) -> AnyTensor<'g> {
        let tensors = self.tensors();
        tensors[tensors.len() - 1 - self.below(tensors.len())]
    }

    /// A few of the pool.
    pub(crate) fn several(&self) -> Vec<AnyTensor<'g>> {
        (0..self.below(4)).map(|_| self.any()).collect()
    }

    /// A tensor of this type; now and then one that is not, but says so.
    pub(crate) fn of<T: Element>(&self) -> Tensor<'g, T> {
        if self.below(32) == 31 {
            return self.any().typed();
        }
        let fitting: Vec<_> = self
            .tensors()
            .into_iter()
            .filter(|x| x.dtype() == T::DTYPE)
            .collect();
        match fitting.is_empty() {
            true => self.any().cast(T::DTYPE).typed(),
            false => fitting[fitting.len() - 1 - self.below(fitting.len())].typed(),
        }
    }

    pub(crate) fn f(&self) -> Tensor<'g, f32> {
        self.of()
    }

    pub(crate) fn i(&self) -> Tensor<'g, i32> {
        self.of()
    }

    pub(crate) fn truths(&self) -> Tensor<'g, bool> {
        self.of()
    }

    pub(crate) fn list<T: Element>(&self) -> Vec<Tensor<'g, T>> {
        (0..self.below(4)).map(|_| self.of()).collect()
    }

    pub(crate) fn any_variable(&self) -> AnyVariable<'g> {
        let variables = self.variables.borrow();
        variables[variables.len() - 1 - self.below(variables.len())]
    }

    /// A variable of this type; the wrong type is a mistake.
    pub(crate) fn variable<T: Element>(&self) -> Variable<'g, T> {
        let all = self.variables.borrow().clone();
        let fitting: Vec<_> = all.iter().filter(|v| v.dtype() == T::DTYPE).collect();
        match fitting.is_empty() {
            true => self.any_variable().typed(),
            false => fitting[self.below(fitting.len())].typed(),
        }
    }

    pub(crate) fn operation(&self) -> Operation<'g> {
        let operations = self.operations();
        match operations.is_empty() {
            true => self.any().op(),
            false => operations[self.below(operations.len())],
        }
    }

    /// A value to feed to a tensor of this type and shape: one that fits as a rule, of numbers that do not.
    pub(crate) fn value_for(&self, dtype: DType, shape: &Shape) -> Option<Value> {
        const MOST_ELEMENTS: usize = 5_000;
        let mut sizes: Vec<usize> = shape.dims().iter().map(|dim| self.fed_size(*dim)).collect();
        let wrong = self.below(12) == 11;
        if wrong {
            sizes.push(self.below(3));
        }
        let count = match sizes.contains(&0) {
            true => 0,
            false => sizes
                .iter()
                .try_fold(1_usize, |product, size| product.checked_mul(*size))?,
        };
        if count > MOST_ELEMENTS {
            return None;
        }
        let dtype = if self.below(24) == 23 {
            self.dtype()
        } else {
            dtype
        };
        Value::new(sizes, self.data(dtype, count))
    }

    fn fed_size(&self, dim: Dim) -> usize {
        match dim {
            Dim::Known(size) => size,
            Dim::Unknown(_) => self.one_of(&[2, 3, 1, 0, 2, 3, 7]),
        }
    }

    fn data(&self, dtype: DType, count: usize) -> Data {
        // Few choices for many elements: they come round again.
        let period = 1 + self.below(7);
        let tame = self.below(3) > 0;
        let picks: Vec<usize> = (0..period)
            .map(|_| self.below(if tame { 4 } else { 16 }))
            .collect();
        let ints = (0..count).map(|place| INTS[picks[place % period]]);
        let floats = (0..count).map(|place| FLOATS[picks[place % period]]);
        match dtype {
            DType::F32 => Data::F32(floats.map(|x| x as f32).collect()),
            DType::F64 => Data::F64(floats.collect()),
            DType::I32 => Data::I32(
                ints.map(|x| x.clamp(i32::MIN.into(), i32::MAX.into()) as i32)
                    .collect(),
            ),
            DType::I64 => Data::I64(ints.collect()),
            DType::U8 => Data::U8(ints.map(|x| x as u8).collect()),
            DType::Bool => Data::Bool(ints.map(|x| x % 2 == 0).collect()),
        }
    }

    pub(crate) fn range(&self) -> Range<i64> {
        self.int()..self.int()
    }
}

/// What a call may give.
pub(crate) trait Made<'g> {
    fn keep_in(self, scene: &Scene<'g>);
}

impl<'g> Made<'g> for AnyTensor<'g> {
    fn keep_in(self, scene: &Scene<'g>) {
        scene.tensors.borrow_mut().push(self);
    }
}

impl<'g, T: Element> Made<'g> for Tensor<'g, T> {
    fn keep_in(self, scene: &Scene<'g>) {
        self.any().keep_in(scene);
    }
}

impl<'g, T: Element> Made<'g> for Variable<'g, T> {
    fn keep_in(self, scene: &Scene<'g>) {
        self.any().keep_in(scene);
    }
}

impl<'g> Made<'g> for AnyVariable<'g> {
    fn keep_in(self, scene: &Scene<'g>) {
        scene.variables.borrow_mut().push(self);
        self.value().keep_in(scene);
    }
}

impl<'g> Made<'g> for Operation<'g> {
    fn keep_in(self, scene: &Scene<'g>) {
        scene.operations.borrow_mut().push(self);
    }
}

impl<'g> Made<'g> for Gradient<'g> {
    fn keep_in(self, scene: &Scene<'g>) {
        self.dense().keep_in(scene);
    }
}

impl<'g> Made<'g> for () {
    fn keep_in(self, _: &Scene<'g>) {}
}

impl<'g, M: Made<'g>> Made<'g> for Option<M> {
    fn keep_in(self, scene: &Scene<'g>) {
        if let Some(made) = self {
            made.keep_in(scene);
        }
    }
}

impl<'g, M: Made<'g>> Made<'g> for Vec<M> {
    fn keep_in(self, scene: &Scene<'g>) {
        // Of very many pieces a few will do.
        self.into_iter()
            .take(8)
            .for_each(|made| made.keep_in(scene));
    }
}

impl<'g, M: Made<'g>, const N: usize> Made<'g> for [M; N] {
    fn keep_in(self, scene: &Scene<'g>) {
        self.into_iter().for_each(|made| made.keep_in(scene));
    }
}

impl<'g, A: Made<'g>, B: Made<'g>> Made<'g> for (A, B) {
    fn keep_in(self, scene: &Scene<'g>) {
        self.0.keep_in(scene);
        self.1.keep_in(scene);
    }
}

impl<'g, A: Made<'g>, B: Made<'g>, C: Made<'g>> Made<'g> for (A, B, C) {
    fn keep_in(self, scene: &Scene<'g>) {
        (self.0, self.1).keep_in(scene);
        self.2.keep_in(scene);
    }
}
