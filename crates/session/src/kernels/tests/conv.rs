//! Convolutions and pooling against sums written out, in every cut; edges.

use aqueduct_graph::ir::{Convolution, Data, Fact, Nn, Op, Pooling, Sliding, Windows, infer};
use aqueduct_graph::{DType, Padding, Value};

use super::super::shared::shared;
use super::super::{Slice, SliceMut, Spec};
use super::{Nowhere, assert_close, check, fact, run, sizes, unwritten};

fn sliding(strides: [usize; 2], dilations: [usize; 2], padding: Padding) -> Sliding {
    Sliding {
        strides,
        dilations,
        padding,
    }
}

/// Numbers in disorder between -1 and 1.
fn wave(shape: &[usize], dtype: DType) -> Value {
    let count: usize = shape.iter().product();
    let numbers = (0..count).map(|place| ((place * place + 3 * place) as f64 * 0.37).sin());
    value(shape, numbers.collect(), dtype)
}

fn elements(value: &Value) -> Vec<f64> {
    match value.data() {
        Data::F32(values) => values.iter().map(|value| f64::from(*value)).collect(),
        Data::F64(values) => values.clone(),
        Data::I32(_) | Data::I64(_) | Data::U8(_) | Data::Bool(_) => panic!("not of floats"),
    }
}

fn value(shape: &[usize], elements: Vec<f64>, dtype: DType) -> Value {
    let data = if dtype == DType::F64 {
        Data::F64(elements)
    } else {
        Data::F32(elements.iter().map(|element| *element as f32).collect())
    };
    Value::new(shape.to_vec(), data).unwrap()
}

/// A convolution: its sizes.
struct Case {
    x: [usize; 4],
    filter: [usize; 4],
    sliding: Sliding,
}

impl Case {
    fn y(&self) -> [usize; 4] {
        let extent = |axis: usize| {
            let sliding = &self.sliding;
            sliding
                .extent(axis, self.x[axis + 1], self.filter[axis])
                .unwrap()
        };
        [
            self.x[0],
            extent(0).places,
            extent(1).places,
            self.filter[3],
        ]
    }

    /// Calls `f` with the places in `x`, in the filter and in `y` of every product there is.
    fn each(&self, mut f: impl FnMut(usize, usize, usize)) {
        let at = |sizes: [usize; 4], [a, b, c, d]: [usize; 4]| {
            ((a * sizes[1] + b) * sizes[2] + c) * sizes[3] + d
        };
        let extent = |axis: usize| {
            let sliding = &self.sliding;
            sliding
                .extent(axis, self.x[axis + 1], self.filter[axis])
                .unwrap()
        };
        let cell = |axis: usize, place: usize, tap: usize| {
            let Sliding {
                strides, dilations, ..
            } = self.sliding;
            let there = place * strides[axis] + tap * dilations[axis];
            let there = there.checked_sub(extent(axis).before)?;
            (there < self.x[axis + 1]).then_some(there)
        };
        let y = self.y();
        for image in 0..y[0] {
            for (row, column) in (0..y[1]).flat_map(|row| (0..y[2]).map(move |c| (row, c))) {
                let taps =
                    (0..self.filter[0]).flat_map(|a| (0..self.filter[1]).map(move |b| (a, b)));
                for (a, b) in taps {
                    let (Some(i), Some(j)) = (cell(0, row, a), cell(1, column, b)) else {
                        continue;
                    };
                    for from in 0..self.filter[2] {
                        for to in 0..self.filter[3] {
                            f(
                                at(self.x, [image, i, j, from]),
                                at(self.filter, [a, b, from, to]),
                                at(y, [image, row, column, to]),
                            );
                        }
                    }
                }
            }
        }
    }

    fn check(&self, dtype: DType) {
        let (x, filter, y) = (self.x, self.filter, self.y());
        let wave = |shape: [usize; 4]| wave(&shape, dtype);
        let sums = |of: [usize; 4], [a, b]: [&Value; 2], places: fn([usize; 3]) -> [usize; 3]| {
            let (a, b) = (elements(a), elements(b));
            let mut sums = vec![0.0; of.iter().product()];
            self.each(|x, filter, y| {
                let [from_a, from_b, to] = places([x, filter, y]);
                sums[to] += a[from_a] * b[from_b];
            });
            value(&of, sums, dtype)
        };
        let cases = [
            (
                Convolution::Forward,
                vec![wave(x), wave(filter)],
                sums(y, [&wave(x), &wave(filter)], |all| all),
            ),
            (
                Convolution::InputGradient,
                vec![wave(y), wave(filter), sizes(&x)],
                sums(x, [&wave(y), &wave(filter)], |[x, filter, y]| {
                    [y, filter, x]
                }),
            ),
            (
                Convolution::FilterGradient,
                vec![wave(x), wave(y), sizes(&filter)],
                sums(filter, [&wave(x), &wave(y)], |[x, filter, y]| {
                    [x, y, filter]
                }),
            ),
        ];
        for (op, inputs, expected) in cases {
            check_every_cut(Nn::Convolution(op, self.sliding), &inputs, &expected);
        }
    }
}

/// What an op gives must be close to this, and have the same bits for any number of threads.
fn check_every_cut(op: Nn, inputs: &[Value], expected: &Value) {
    let op = Op::from(op);
    let facts: Vec<Fact> = inputs.iter().map(fact).collect();
    let outputs = infer(&op, &facts, &Nowhere).unwrap();
    let [alone] = <[Value; 1]>::try_from(run(&op, inputs, &outputs).unwrap()).unwrap();
    assert_close(&op, &alone, expected);
    let spec = Spec {
        inputs: &facts,
        outputs: &outputs,
    };
    for threads in [2, 3, 16] {
        let kernel = shared(&op, &spec, threads).unwrap();
        let mut result = unwritten(&outputs[0]);
        let slices: Vec<Slice<'_>> = inputs.iter().map(|input| input.data().into()).collect();
        for task in (0..kernel.tasks()).rev() {
            let mut whole = SliceMut::from(result.data_mut());
            kernel
                .run(&slices, whole.part(kernel.part(task)), task)
                .unwrap();
        }
        assert_eq!(result, alone, "{op:?} in {} tasks", kernel.tasks());
    }
}

#[test]
fn convolutions_of_every_kind() {
    let around = Padding::Explicit([[2, 1], [0, 3]]);
    for padding in [Padding::Same, Padding::Valid, around] {
        for strides in [[1, 1], [2, 3], [4, 1]] {
            for dilations in [[1, 1], [2, 3]] {
                let case = |x, filter| Case {
                    x,
                    filter,
                    sliding: sliding(strides, dilations, padding),
                };
                case([2, 7, 8, 3], [3, 2, 3, 5]).check(DType::F32);
                case([1, 6, 9, 1], [2, 3, 1, 1]).check(DType::F64);
                case([2, 5, 7, 4], [1, 1, 4, 2]).check(DType::F32);
            }
        }
    }
}

/// Of sizes that are cut into several blocks, chains and tasks.
#[test]
fn large_convolutions() {
    let cases = [
        ([6, 28, 28, 1], [5, 5, 1, 32], [1, 1], Padding::Same),
        ([3, 14, 13, 32], [3, 3, 32, 40], [1, 1], Padding::Same),
        ([8, 15, 14, 24], [3, 3, 24, 20], [2, 2], Padding::Same),
        ([2, 9, 9, 130], [2, 2, 130, 9], [1, 1], Padding::Valid),
        ([5, 20, 20, 70], [1, 1, 70, 60], [1, 1], Padding::Valid),
    ];
    for (x, filter, strides, padding) in cases {
        let sliding = sliding(strides, [1, 1], padding);
        // Sums of thousands of numbers: in f32 they are not close enough.
        Case { x, filter, sliding }.check(DType::F64);
    }
}

#[test]
fn convolutions_of_nothing() {
    let same = sliding([1, 1], [1, 1], Padding::Same);
    let none = [
        ([0, 3, 3, 2], [2, 2, 2, 3]),
        ([2, 3, 0, 2], [2, 2, 2, 3]),
        ([2, 3, 3, 0], [2, 2, 0, 3]),
        ([2, 3, 3, 2], [2, 2, 2, 0]),
        ([1, 1, 1, 1], [1, 1, 1, 1]),
    ];
    for (x, filter) in none {
        let case = Case {
            x,
            filter,
            sliding: same,
        };
        case.check(DType::F32);
    }
    let far = sliding([5, 5], [usize::MAX / 4; 2], Padding::Same);
    let case = Case {
        x: [1, 3, 3, 2],
        filter: [2, 2, 2, 3],
        sliding: far,
    };
    case.check(DType::F32);
}

#[test]
fn infinities_and_nan_reach_what_they_are_multiplied_with() {
    let op = Nn::Convolution(
        Convolution::Forward,
        sliding([1, 1], [1, 1], Padding::Valid),
    );
    let row = |numbers: Vec<f32>| {
        let shape = vec![1, 1, numbers.len(), 1];
        Value::new(shape, Data::F32(numbers)).unwrap()
    };
    let x = row(vec![1.0, f32::INFINITY, 2.0, 3.0, f32::NAN]);
    let filter = Value::new(vec![1, 2, 1, 1], Data::F32(vec![1.0, -1.0])).unwrap();
    let y = row(vec![f32::NEG_INFINITY, f32::INFINITY, -1.0, f32::NAN]);
    check(op, &[x, filter], &[y]);
}

fn pooled(op: Pooling, size: usize, stride: usize, padding: Padding) -> Nn {
    let windows = Windows {
        size: [size; 2],
        sliding: sliding([stride; 2], [1, 1], padding),
    };
    Nn::Pooling(op, windows)
}

fn square(numbers: [f32; 9]) -> Value {
    Value::new(vec![1, 3, 3, 1], Data::F32(numbers.to_vec())).unwrap()
}

#[test]
fn ties_nan_and_infinities_of_pooling() {
    const NAN: f32 = f32::NAN;
    const LOW: f32 = f32::NEG_INFINITY;
    let x = square([1.0, 3.0, NAN, 3.0, 2.0, NAN, LOW, LOW, LOW]);
    let four =
        |numbers: [f32; 4]| Value::new(vec![1, 2, 2, 1], Data::F32(numbers.to_vec())).unwrap();
    let max = |op| pooled(op, 2, 2, Padding::Same);
    let maxima = four([3.0, NAN, LOW, LOW]);
    check(max(Pooling::Max), std::slice::from_ref(&x), &[maxima]);
    let dy = four([1.0, 2.0, 3.0, 4.0]);
    let dx = square([0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 4.0]);
    check(max(Pooling::MaxGradient), &[x.clone(), dy.clone()], &[dx]);
    let dx = square([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]);
    let second = four([1.5, 2.5, 6.5, 8.5]);
    check(max(Pooling::MaxSecondGradient), &[x.clone(), dx], &[second]);
    let means = four([2.25, NAN, LOW, LOW]);
    check(max(Pooling::Average), &[x], &[means]);
    let dx = square([0.25, 0.25, 1.0, 0.25, 0.25, 1.0, 1.5, 1.5, 4.0]);
    check(
        max(Pooling::AverageGradient),
        &[dy, sizes(&[1, 3, 3, 1])],
        &[dx],
    );
}

#[test]
fn pooling_in_every_cut() {
    for (padding, x) in [
        (Padding::Same, [7, 40, 41, 19]),
        (Padding::Valid, [7, 40, 41, 33]),
    ] {
        let images = wave(&x, DType::F32);
        for op in [Pooling::Max, Pooling::Average] {
            let op = pooled(op, 3, 2, padding);
            let outputs = infer(&op.into(), &[fact(&images)], &Nowhere).unwrap();
            let [y] = <[Value; 1]>::try_from(
                run(&op.into(), std::slice::from_ref(&images), &outputs).unwrap(),
            )
            .unwrap();
            check_every_cut(op, std::slice::from_ref(&images), &y);
        }
    }
}

#[test]
fn pooling_of_nothing() {
    for op in [Pooling::Max, Pooling::Average] {
        let op = pooled(op, 2, 1, Padding::Same);
        for shape in [[0, 3, 3, 2], [2, 0, 3, 2], [2, 3, 3, 0]] {
            let nothing = Value::zeros(DType::F32, &shape).unwrap();
            check(
                op,
                std::slice::from_ref(&nothing),
                std::slice::from_ref(&nothing),
            );
        }
    }
    let op = pooled(Pooling::MaxGradient, 2, 1, Padding::Same);
    let nothing = Value::zeros(DType::F64, &[2, 0, 3, 2]).unwrap();
    check(op, &[nothing.clone(), nothing.clone()], &[nothing]);
}
