//! The fused kernel against the plain kernels, bit by bit.

#![allow(
    unsafe_code,
    reason = "the kernel takes places in memory; each test owns the memory that it points to"
)]

use aqueduct_graph::ir::{
    Activation, Binary, Compare, Data, Fact, Logical, Math, Nn, Op, Test, Unary,
};
use aqueduct_graph::{DType, Element, Value, each_data};
use proptest::prelude::*;
use smallvec::SmallVec;

use super::run;
use crate::kernels::fused::{Expression, Fused, Level, Primitive, Scalar, Step};
use crate::kernels::strides;

/// An operand in memory: some elements of a value, by strides.
#[derive(Clone, Debug)]
struct Place {
    /// The value whose memory this is.
    memory: usize,
    /// The element at position 0, …, 0.
    start: usize,
    strides: Vec<isize>,
}

impl Place {
    /// All of a value, repeated to a domain.
    fn whole(memory: usize, shape: &[usize], domain: &[usize]) -> Place {
        Place {
            memory,
            start: 0,
            strides: strides::broadcast(shape, domain),
        }
    }

    /// Of each position of the domain, the element.
    fn elements(&self, domain: &[usize]) -> Vec<usize> {
        let axes = domain
            .iter()
            .zip(&self.strides)
            .map(|(size, stride)| strides::Axis {
                size: *size,
                strides: [*stride],
            });
        let walk = strides::Odometer::new(axes.collect(), [self.start]);
        walk.offsets().map(|[offset]| offset).collect()
    }
}

/// An expression over places in some values.
#[derive(Clone, Debug)]
pub(super) struct Case {
    expression: Expression,
    domain: Vec<usize>,
    memory: Vec<Value>,
    inputs: Vec<Place>,
    outputs: Vec<Place>,
}

impl Case {
    /// Inputs that broadcast to the domain; outputs of the domain's shape.
    pub(super) fn new(expression: Expression, domain: &[usize], inputs: Vec<Value>) -> Case {
        let mut memory = inputs;
        let places = memory.iter().enumerate();
        let inputs = places.map(|(index, value)| Place::whole(index, value.shape(), domain));
        let inputs = inputs.collect();
        let first = memory.len();
        for register in &expression.outputs {
            let dtype = expression.dtype(*register);
            memory.push(super::unwritten(&Fact::new(dtype, domain)));
        }
        let outputs = (first..memory.len()).map(|index| Place::whole(index, domain, domain));
        Case {
            domain: domain.to_vec(),
            inputs,
            outputs: outputs.collect(),
            expression,
            memory,
        }
    }

    /// The memory after the plain kernels have run over dense copies of the operands.
    fn plain(&self) -> Vec<Value> {
        let mut registers: Vec<Value> = Vec::new();
        for place in &self.inputs {
            let elements = place.elements(&self.domain);
            registers.push(each_data!(self.memory[place.memory].data(), values => {
                let taken = elements.iter().map(|element| values[*element]).collect::<Vec<_>>();
                Value::new(self.domain.clone(), Element::into_data(taken)).unwrap()
            }));
        }
        for step in &self.expression.steps {
            let operands: Vec<Value> = step
                .operands
                .iter()
                .map(|operand| registers[*operand].clone())
                .collect();
            registers.push(plain_step(step, &operands, &self.domain));
        }
        let mut memory = self.memory.clone();
        for (place, register) in self.outputs.iter().zip(&self.expression.outputs) {
            let elements = place.elements(&self.domain);
            put(&mut memory[place.memory], &elements, &registers[*register]);
        }
        memory
    }

    /// The memory after the fused kernel has run, its tasks in the order given.
    pub(super) fn fused(&self, level: Level, order: impl Fn(&mut Vec<usize>)) -> Vec<Value> {
        let mut memory = self.memory.clone();
        let strides = |places: &[Place]| -> Vec<Vec<isize>> {
            places.iter().map(|place| place.strides.clone()).collect()
        };
        let (inputs, outputs) = (strides(&self.inputs), strides(&self.outputs));
        let expression = self.expression.clone();
        let fused = Fused::at_level(level, expression, &self.domain, &inputs, &outputs);
        let bases: Vec<*mut u8> = memory
            .iter_mut()
            .map(|value| each_data!(value.data_mut(), values => values.as_mut_ptr().cast()))
            .collect();
        let first = |place: &Place| {
            let width = self.memory[place.memory].dtype().width();
            bases[place.memory].wrapping_add(place.start * width)
        };
        let inputs: Vec<*const u8> = self
            .inputs
            .iter()
            .map(|place| first(place).cast_const())
            .collect();
        let outputs: Vec<*mut u8> = self.outputs.iter().map(first).collect();
        let mut tasks: Vec<usize> = (0..fused.tasks()).collect();
        order(&mut tasks);
        for task in tasks {
            // SAFETY: the test has places within its memory, whose outputs overlap as is allowed.
            unsafe { fused.run(&inputs, &outputs, task) };
        }
        memory
    }

    /// The fused kernel gives the plain kernels' bits, at every level and in any order of tasks.
    #[track_caller]
    fn check(&self) {
        let expected = self.plain();
        for level in Level::available() {
            for (order, actual) in [
                ("forwards", self.fused(level, |_| ())),
                ("backwards", self.fused(level, |tasks| tasks.reverse())),
            ] {
                for (index, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
                    assert!(
                        same_bits(actual, expected),
                        "{level:?}, {order}, memory {index}, domain {:?}\n{}\n{:?}\n actual  {actual}\nexpected {expected}",
                        self.domain,
                        self.expression,
                        (&self.inputs, &self.outputs),
                    );
                }
            }
        }
    }
}

fn plain_step(step: &Step, operands: &[Value], domain: &[usize]) -> Value {
    let op: Op = match step.primitive {
        Primitive::Unary(function) => Math::Unary(function).into(),
        Primitive::Binary(function) => Math::Binary(function).into(),
        Primitive::Compare(function) => Math::Compare(function).into(),
        Primitive::Test(property) => Math::Test(property).into(),
        Primitive::Logical(function) => Math::Logical(function).into(),
        Primitive::Not => Math::Not.into(),
        Primitive::Select => Math::Select.into(),
        Primitive::Cast => Math::Cast { to: step.dtype }.into(),
        Primitive::Activation(function) => Nn::Activation(function).into(),
        Primitive::Constant(scalar) => return repeated(scalar, domain),
    };
    let dtype = operands[0].dtype();
    assert_eq!(Primitive::of(&op, dtype), Some(step.primitive));
    run(&op, operands, &[Fact::new(step.dtype, domain)])
        .unwrap()
        .remove(0)
}

fn repeated(scalar: Scalar, domain: &[usize]) -> Value {
    let count = domain.iter().product();
    let data = match scalar {
        Scalar::F32(value) => Data::F32(vec![value; count]),
        Scalar::F64(value) => Data::F64(vec![value; count]),
        Scalar::I32(value) => Data::I32(vec![value; count]),
        Scalar::I64(value) => Data::I64(vec![value; count]),
        Scalar::U8(value) => Data::U8(vec![value; count]),
        Scalar::Bool(value) => Data::Bool(vec![value; count]),
    };
    Value::new(domain.to_vec(), data).unwrap()
}

/// Puts a value's elements to these places of another one.
fn put(to: &mut Value, places: &[usize], from: &Value) {
    macro_rules! put {
        ($($variant:ident),*) => {
            match (to.data_mut(), from.data()) {
                $((Data::$variant(to), Data::$variant(from)) => {
                    places.iter().zip(from).for_each(|(place, value)| to[*place] = *value);
                })*
                (to, from) => panic!("{from:?} does not go to {to:?}"),
            }
        };
    }
    put!(F32, F64, I32, I64, U8, Bool);
}

/// The same bits, but for those of NaNs.
pub(super) fn same_bits(a: &Value, b: &Value) -> bool {
    match (a.data(), b.data()) {
        (Data::F32(a), Data::F32(b)) => a
            .iter()
            .zip(b)
            .all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())),
        (Data::F64(a), Data::F64(b)) => a
            .iter()
            .zip(b)
            .all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())),
        (a, b) => a == b,
    }
}

/// Numbers of all kinds, the ends of the range and the unordered among them.
fn various(dtype: DType, shape: &[usize], seed: usize) -> Value {
    const EDGES: [f64; 14] = [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e-40,
        -1e-310,
        88.9,
        -103.9,
        710.0,
        0.5,
        -1.0,
        3e9,
        -1e19,
    ];
    let number = |place: usize| {
        let mixed = (place + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
        if mixed.is_multiple_of(7) {
            EDGES[(mixed / 7) % EDGES.len()]
        } else {
            (mixed % 40_000) as f64 / 1000.0 - 20.0
        }
    };
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f64> = (0..count).map(number).collect();
    let data = match dtype {
        DType::F32 => Data::F32(numbers.iter().map(|number| *number as f32).collect()),
        DType::F64 => Data::F64(numbers),
        DType::I32 => Data::I32(numbers.iter().map(|number| *number as i32).collect()),
        DType::I64 => Data::I64(numbers.iter().map(|number| *number as i64).collect()),
        DType::U8 => Data::U8(numbers.iter().map(|number| *number as i32 as u8).collect()),
        DType::Bool => Data::Bool(numbers.iter().map(|number| *number > 0.0).collect()),
    };
    Value::new(shape.to_vec(), data).unwrap()
}

/// The primitives that there are for operands of a type, with the types of operands and result.
fn primitives(dtype: DType) -> Vec<(Primitive, Vec<DType>, DType)> {
    let mut all = Vec::new();
    let unary = Unary::ALL.into_iter().filter(|function| {
        use Unary::{Abs, Neg, Sign, Square};
        let of_any = matches!(function, Neg | Abs | Sign | Square);
        dtype.is_float() || of_any && dtype.is_number()
    });
    all.extend(unary.map(|function| (Primitive::Unary(function), vec![dtype], dtype)));
    for function in Binary::ALL {
        let op = Math::Binary(function).into();
        let is_taken = dtype.is_float() || dtype.is_number() && !function.is_of_floats();
        let primitive = Primitive::of(&op, dtype).filter(|_| is_taken);
        all.extend(primitive.map(|primitive| (primitive, vec![dtype; 2], dtype)));
    }
    for function in Compare::ALL {
        if dtype.is_number() || matches!(function, Compare::Equal | Compare::NotEqual) {
            all.push((Primitive::Compare(function), vec![dtype; 2], DType::Bool));
        }
    }
    if dtype.is_float() {
        let one = vec![dtype];
        let tests = Test::ALL.map(Primitive::Test);
        all.extend(tests.map(|test| (test, one.clone(), DType::Bool)));
        let activations = Activation::ALL.map(Primitive::Activation);
        all.extend(activations.map(|activation| (activation, one.clone(), dtype)));
    }
    if dtype == DType::Bool {
        let logical = Logical::ALL.map(Primitive::Logical);
        all.extend(logical.map(|function| (function, vec![dtype; 2], dtype)));
        all.push((Primitive::Not, vec![dtype], dtype));
    }
    all.push((Primitive::Select, vec![DType::Bool, dtype, dtype], dtype));
    all.extend(DType::ALL.map(|to| (Primitive::Cast, vec![dtype], to)));
    all
}

fn step(primitive: Primitive, operands: &[usize], dtype: DType) -> Step {
    Step {
        primitive,
        operands: SmallVec::from_slice(operands),
        dtype,
    }
}

#[test]
fn every_primitive_of_every_type() {
    for dtype in DType::ALL {
        for (primitive, operands, result) in primitives(dtype) {
            let registers: Vec<usize> = (0..operands.len()).collect();
            let expression = Expression {
                steps: vec![step(primitive, &registers, result)],
                outputs: vec![operands.len()],
                inputs: operands.clone(),
            };
            // Whole groups of lanes, a part of one, and more than a tile.
            for length in [1, 31, 32, 100, 3000] {
                let inputs = operands.iter().enumerate();
                let inputs = inputs.map(|(index, dtype)| various(*dtype, &[length], index * 977));
                Case::new(expression.clone(), &[length], inputs.collect()).check();
            }
        }
    }
}

/// `d = sigmoid(a) * b + c`, and `d < a`.
fn gate() -> Expression {
    let f32 = DType::F32;
    Expression {
        inputs: vec![f32; 3],
        steps: vec![
            step(Primitive::Unary(Unary::Sigmoid), &[0], f32),
            step(Primitive::Binary(Binary::Mul), &[3, 1], f32),
            step(Primitive::Binary(Binary::Add), &[4, 2], f32),
            step(Primitive::Compare(Compare::Less), &[5, 0], DType::Bool),
        ],
        outputs: vec![5, 6],
    }
}

#[test]
fn operands_are_broadcast() {
    // The last one is cut into tasks.
    for row in [1, 2, 3, 4, 5, 16, 100, 128, 1000, 6000] {
        for shapes in [
            [vec![7, 5, row], vec![row], vec![]],
            [vec![5, 1], vec![7, 5, row], vec![7, 1, 1]],
            [vec![7, 1, row], vec![1, 5, 1], vec![5, row]],
            [vec![], vec![1], vec![7, 5, row]],
            [vec![row], vec![1, 1, row], vec![]],
        ] {
            let inputs = shapes.iter().map(|shape| various(DType::F32, shape, row));
            Case::new(gate(), &[7, 5, row], inputs.collect()).check();
        }
    }
}

#[test]
fn domains_without_elements_and_without_axes() {
    for domain in [
        vec![],
        vec![0],
        vec![3, 0],
        vec![0, 3],
        vec![1, 1],
        vec![2, 0, 4],
    ] {
        let inputs = [domain.as_slice(), &[], &[1]].map(|shape| various(DType::F32, shape, 3));
        Case::new(gate(), &domain, inputs.to_vec()).check();
    }
}

#[test]
fn operands_are_walked_by_any_strides() {
    for (rows, row) in [
        (800, 4),
        (3, 1000),
        (130, 100),
        (128, 128),
        (9, 1),
        (70, 3),
        (40, 33),
    ] {
        let domain = [rows, row];
        let inputs = [
            // The second of four blocks of columns.
            Place {
                memory: 0,
                start: row,
                strides: vec![4 * row as isize, 1],
            },
            // Transposed.
            Place {
                memory: 1,
                start: 0,
                strides: vec![1, rows as isize],
            },
            // Backwards along both axes.
            Place {
                memory: 2,
                start: rows * row - 1,
                strides: vec![-(row as isize), -1],
            },
        ];
        let memory = vec![
            various(DType::F32, &[rows, 4 * row], 1),
            various(DType::F32, &[row, rows], 2),
            various(DType::F32, &[rows, row], 3),
            various(DType::F32, &[rows, 3 * row], 4),
            various(DType::Bool, &[row, rows], 5),
        ];
        // A block of columns, and transposed from the end.
        let outputs = vec![
            Place {
                memory: 3,
                start: 2 * row,
                strides: vec![3 * row as isize, 1],
            },
            Place {
                memory: 4,
                start: rows * row - 1,
                strides: vec![-1, -(rows as isize)],
            },
        ];
        for turn in 0..3 {
            let mut inputs = inputs.to_vec();
            inputs.rotate_left(turn);
            let case = Case {
                expression: gate(),
                domain: domain.to_vec(),
                memory: memory.clone(),
                inputs,
                outputs: outputs.clone(),
            };
            case.check();
        }
    }
}

#[test]
fn outputs_go_in_place_of_inputs() {
    // t3 reads both inputs after t2 is known, which goes in place of the first; the inputs
    // themselves change places.
    let f32 = DType::F32;
    let expression = Expression {
        inputs: vec![f32; 4],
        steps: vec![
            step(Primitive::Binary(Binary::Sub), &[0, 1], f32),
            step(Primitive::Binary(Binary::Mul), &[4, 0], f32),
        ],
        outputs: vec![4, 5, 3, 2],
    };
    for domain in [vec![5000], vec![70, 100], vec![]] {
        let inputs = (0..4).map(|seed| various(f32, &domain, seed)).collect();
        let mut case = Case::new(expression.clone(), &domain, inputs);
        case.outputs = case.inputs.clone();
        case.check();
    }
    // In place in blocks of columns of one buffer.
    for row in [1, 4, 100] {
        let block = |place: usize| Place {
            memory: 0,
            start: place * row,
            strides: vec![4 * row as isize, 1],
        };
        let case = Case {
            expression: expression.clone(),
            domain: vec![300, row],
            memory: vec![various(f32, &[300, 4 * row], 7)],
            inputs: (0..4).map(block).collect(),
            outputs: (0..4).map(block).collect(),
        };
        case.check();
    }
}

#[test]
fn outputs_may_be_interleaved() {
    // As the gradient of gates: four results beside each other, one of them twice.
    let expression = Expression {
        outputs: vec![3, 4, 5, 3],
        ..gate()
    };
    for row in [1, 3, 4, 100, 128, 1000] {
        let rows = 3000 / row + 2;
        let mut case = Case::new(
            expression.clone(),
            &[rows, row],
            [vec![rows, row], vec![row], vec![rows, 1]]
                .map(|shape| various(DType::F32, &shape, row))
                .to_vec(),
        );
        case.memory.truncate(3);
        case.memory.push(various(DType::F32, &[rows, 4 * row], 1));
        for (place, output) in case.outputs.iter_mut().enumerate() {
            output.memory = 3;
            output.start = place * row;
            output.strides = vec![4 * row as isize, 1];
        }
        case.check();
    }
}

#[test]
fn constants_stand_in_the_program() {
    let scalars = [
        (Scalar::F32(0.1), DType::F32),
        (Scalar::F64(0.1), DType::F64),
        (Scalar::I32(-5), DType::I32),
        (Scalar::I64(1 << 40), DType::I64),
        (Scalar::U8(200), DType::U8),
        (Scalar::Bool(true), DType::Bool),
    ];
    for (scalar, dtype) in scalars {
        let expression = Expression {
            inputs: vec![dtype],
            steps: vec![
                step(Primitive::Constant(scalar), &[], dtype),
                step(Primitive::Compare(Compare::Equal), &[0, 1], DType::Bool),
                step(Primitive::Select, &[2, 0, 1], dtype),
            ],
            outputs: vec![3, 1, 2],
        };
        for domain in [vec![], vec![50], vec![5000], vec![0]] {
            let input = various(dtype, &domain, 1);
            Case::new(expression.clone(), &domain, vec![input]).check();
        }
    }
}

#[test]
fn an_expression_is_readable() {
    let mut expression = gate();
    expression.steps.extend([
        step(Primitive::Constant(Scalar::F32(2.0)), &[], DType::F32),
        step(Primitive::Select, &[6, 7, 5], DType::F32),
        step(Primitive::Cast, &[8], DType::I64),
        step(
            Primitive::Activation(Activation::LeakyRelu { alpha: 0.2 }),
            &[8],
            DType::F32,
        ),
        step(
            Primitive::Binary(Binary::SquaredDifference),
            &[8, 5],
            DType::F32,
        ),
    ]);
    let expected = "t3 = sigmoid(t0)\n\
                    t4 = mul(t3, t1)\n\
                    t5 = add(t4, t2)\n\
                    t6 = less(t5, t0)\n\
                    t7 = 2.0_f32\n\
                    t8 = select(t6, t7, t5)\n\
                    t9 = cast_i64(t8)\n\
                    t10 = leaky_relu[0.2](t8)\n\
                    t11 = squared_difference(t8, t5)\n\
                    give t5, t6";
    assert_eq!(expression.to_string(), expected);
}

#[test]
fn ops_that_may_fail_are_no_primitives() {
    for function in [Binary::Div, Binary::FloorDiv, Binary::FloorMod, Binary::Pow] {
        let op = Math::Binary(function).into();
        for dtype in [DType::I32, DType::I64, DType::U8] {
            assert_eq!(Primitive::of(&op, dtype), None);
        }
        assert_eq!(
            Primitive::of(&op, DType::F64),
            Some(Primitive::Binary(function))
        );
    }
    assert_eq!(Primitive::of(&Math::AddN.into(), DType::F32), None);
    assert_eq!(Primitive::of(&Nn::Softmax.into(), DType::F32), None);
    let bias_add = Primitive::of(&Nn::BiasAdd.into(), DType::F32);
    assert_eq!(bias_add, Some(Primitive::Binary(Binary::Add)));
}

/// A program of random primitives: each choice is an index, taken modulo what there is to choose.
fn random_expression(inputs: Vec<DType>, choices: &[[usize; 4]], outputs: &[usize]) -> Expression {
    let mut expression = Expression {
        inputs,
        steps: Vec::new(),
        outputs: Vec::new(),
    };
    for [first, primitive, second, third] in choices {
        let registers = expression.inputs.len() + expression.steps.len();
        let all: Vec<usize> = (0..registers).collect();
        let dtype = expression.dtype(first % registers);
        let candidates = primitives(dtype);
        let (primitive, dtypes, result) = candidates[primitive % candidates.len()].clone();
        let choices = [first, second, third];
        let operands = dtypes.iter().zip(choices).map(|(dtype, choice)| {
            let fitting: Vec<usize> = all
                .iter()
                .copied()
                .filter(|register| expression.dtype(*register) == *dtype)
                .collect();
            fitting.get(choice % fitting.len().max(1)).copied()
        });
        // There may be no condition for a select.
        if let Some(operands) = operands.collect::<Option<Vec<usize>>>() {
            expression.steps.push(step(primitive, &operands, result));
        }
    }
    let registers = expression.inputs.len() + expression.steps.len();
    expression.outputs = outputs.iter().map(|output| output % registers).collect();
    expression
}

fn any_dtype() -> impl Strategy<Value = DType> {
    prop::sample::select(vec![
        DType::F32,
        DType::F32,
        DType::F32,
        DType::F64,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::Bool,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(5),
        ..ProptestConfig::with_cases(200)
    })]

    #[test]
    fn random_expressions(
        dtypes in prop::collection::vec(any_dtype(), 1..5),
        choices in prop::collection::vec(prop::array::uniform4(0..1000_usize), 1..20),
        outputs in prop::collection::vec(0..1000_usize, 1..4),
        domain in prop::collection::vec(prop::sample::select(vec![1, 2, 3, 4, 7, 33, 100]), 0..4),
        repeated in prop::collection::vec(0..8_usize, 5),
        seed in 0..1000_usize,
    ) {
        let expression = random_expression(dtypes.clone(), &choices, &outputs);
        let inputs = dtypes.iter().zip(&repeated).map(|(dtype, repeated)| {
            let axes = domain.iter().enumerate();
            let shape = axes.map(|(axis, size)| if repeated >> axis & 1 == 1 { 1 } else { *size });
            various(*dtype, &shape.collect::<Vec<_>>(), seed)
        });
        let inputs = inputs.collect();
        Case::new(expression, &domain, inputs).check();
    }
}
