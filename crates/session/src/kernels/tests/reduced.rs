//! Reductions of elements made on demand against the fused kernel and the plain one, bit by bit.

#![allow(
    unsafe_code,
    reason = "the kernel takes places in memory; each test owns the memory that it points to"
)]

use aqueduct_graph::ir::{Binary, Compare, Data, Fact, Op, Reduce, Reduction, Unary, infer};
use aqueduct_graph::{DType, Value, each_data};

use super::fused::{Case, same_bits};
use super::{Nowhere, fact, run, sizes, unwritten};
use crate::kernels::fold::WIDEST_PANEL;
use crate::kernels::fused::{Expression, Level, Primitive, Step};
use crate::kernels::reduced::{Cut, Reduced};
use crate::kernels::{Args, SliceMut, Spec, strides};

/// An expression over a domain, and what reduces its result.
struct Edge {
    expression: Expression,
    domain: Vec<usize>,
    inputs: Vec<Value>,
    op: Op,
    /// Of the op: its first operand is what the expression gives, others are planned in.
    facts: Vec<Fact>,
    others: Vec<Value>,
    result: Fact,
}

impl Edge {
    /// `function` of a matrix of the domain's shape and of one of `second`, which broadcasts to it.
    fn new(
        op: impl Into<Op>,
        function: Primitive,
        inputs: DType,
        dtype: DType,
        domain: &[usize],
        second: &[usize],
    ) -> Edge {
        let op = op.into();
        let facts = vec![Fact::new(dtype, domain)];
        let results = infer(&op, &facts, &Nowhere).unwrap();
        Edge {
            expression: Expression::of(function, &[inputs; 2], dtype),
            domain: domain.to_vec(),
            inputs: vec![numbers(inputs, domain, 1), numbers(inputs, second, 2)],
            op,
            facts,
            others: Vec::new(),
            result: results[0].clone(),
        }
    }

    fn summed_to(dtype: DType, domain: &[usize], to: &[usize]) -> Edge {
        let others = vec![sizes(to)];
        let multiply = Primitive::Binary(Binary::Mul);
        Edge {
            facts: vec![Fact::new(dtype, domain), fact(&others[0])],
            result: Fact::new(dtype, to),
            others,
            op: Reduce::SumTo.into(),
            ..Edge::new(sum(&[]), multiply, dtype, dtype, domain, domain)
        }
    }

    fn cut(&self) -> Option<Cut> {
        let spec = Spec {
            inputs: &self.facts,
            outputs: std::slice::from_ref(&self.result),
        };
        Cut::new(&self.expression, &self.op, &spec)
    }

    /// By the fused kernel, and the plain one of the op.
    fn apart(&self) -> Value {
        let case = Case::new(self.expression.clone(), &self.domain, self.inputs.clone());
        let made = case.fused(Level::best(), |_| ()).pop().unwrap();
        let mut operands = vec![made];
        operands.extend(self.others.iter().cloned());
        let results = run(&self.op, &operands, std::slice::from_ref(&self.result));
        results.unwrap().remove(0)
    }

    /// By one kernel, the last task first.
    fn together(&self, cut: Cut) -> Value {
        let mut result = unwritten(&self.result);
        let count = cut.totals().unwrap_or(result.data().len());
        let mut totals = unwritten(&Fact::new(self.result.dtype, [count]));
        let joining = cut.totals().map(|_| cut.joining());
        let places = self.inputs.iter();
        let places: Vec<Vec<isize>> = places
            .map(|value| strides::broadcast(value.shape(), &self.domain))
            .collect();
        let kernel = Reduced::new(cut, self.expression.clone(), &self.domain, &places);
        let bases: Vec<*const u8> = self
            .inputs
            .iter()
            .map(|value| each_data!(value.data(), values => values.as_ptr().cast()))
            .collect();
        for task in (0..kernel.tasks()).rev() {
            let mut all = SliceMut::from(totals.data_mut());
            // SAFETY: the inputs are repeated to the domain, and nobody writes to them.
            unsafe { kernel.run(&bases, &mut all.part(kernel.totals(task)), task) };
        }
        let Some(joining) = joining else {
            let shape = result.shape().to_vec();
            return Value::new(shape, totals.data().clone()).unwrap();
        };
        let mut args = Args::new();
        args.push_input(Some(totals.data().into()));
        args.push_output(result.data_mut().into());
        joining(&mut args).unwrap();
        drop(args);
        result
    }

    /// Gives the number of tasks; `None` if it is not done together.
    #[track_caller]
    fn check(&self) -> Option<usize> {
        let cut = self.cut()?;
        let (together, apart) = (self.together(cut.clone()), self.apart());
        assert!(
            same_bits(&together, &apart),
            "{:?} of {:?}\ntogether {together}\n   apart {apart}",
            self.op,
            self.domain
        );
        Some(cut.tasks())
    }
}

fn over(reduction: Reduction, axes: &[usize]) -> Reduce {
    Reduce::Over {
        reduction,
        axes: axes.to_vec(),
        keep_dims: false,
    }
}

fn sum(axes: &[usize]) -> Reduce {
    over(Reduction::Sum, axes)
}

/// Numbers of which no sum is exact, zeros of both signs among them.
fn numbers(dtype: DType, shape: &[usize], seed: usize) -> Value {
    let count: usize = shape.iter().product();
    let number = |index: usize| match index % 11 {
        3 => -0.0,
        7 => 0.0,
        _ => ((index * 31 + seed * 17) as f64 * 0.731).sin() * 1.9,
    };
    let numbers = (0..count).map(number);
    let data = match dtype {
        DType::F32 => Data::F32(numbers.map(|number| number as f32).collect()),
        DType::F64 => Data::F64(numbers.collect()),
        DType::I32 => Data::I32(numbers.map(|number| (number * 1e5) as i32).collect()),
        DType::I64 => Data::I64(numbers.map(|number| (number * 1e5) as i64).collect()),
        DType::U8 => Data::U8(numbers.map(|number| (number * 9.0) as u8).collect()),
        DType::Bool => Data::Bool(numbers.map(|number| number > -1.8).collect()),
    };
    Value::new(shape.to_vec(), data).unwrap()
}

const LENGTHS: [usize; 9] = [1, 3, 31, 64, 65, 511, 512, 513, 1025];

/// Domains with an axis of this length, and an operand that is repeated to each.
fn domains(length: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    vec![
        (vec![length], vec![1]),
        (vec![length, 5], vec![5]),
        (vec![7, length], vec![7, 1]),
        (vec![length, 33], vec![length, 1]),
        (vec![3, length, 2], vec![length, 1]),
        (vec![2, 3, length], vec![2, 1, length]),
    ]
}

/// All sets of axes.
fn axes(rank: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..1_usize << rank).map(move |set| (0..rank).filter(|axis| set >> axis & 1 == 1).collect())
}

#[test]
fn every_reduction_of_every_axis() {
    let add = Primitive::Binary(Binary::Add);
    let greater = Primitive::Compare(Compare::Greater);
    let of_numbers = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Max,
        Reduction::Min,
    ];
    let of_floats = [Reduction::Mean];
    let of_truths = [Reduction::All, Reduction::Any];
    for (domain, second) in LENGTHS.into_iter().flat_map(domains) {
        let check = |reductions: &[Reduction], function, inputs, dtype| {
            for reduction in reductions {
                for axes in axes(domain.len()) {
                    let op = over(*reduction, &axes);
                    let edge = Edge::new(op, function, inputs, dtype, &domain, &second);
                    let kept = (0..domain.len())
                        .rev()
                        .take_while(|axis| !axes.contains(axis));
                    let width: usize = kept.map(|axis| domain[axis]).product();
                    let expected = (width <= WIDEST_PANEL).then_some(1);
                    assert_eq!(edge.check(), expected, "{domain:?} {axes:?}");
                }
            }
        };
        for dtype in [DType::F32, DType::F64, DType::I32, DType::I64, DType::U8] {
            check(&of_numbers, add, dtype, dtype);
        }
        check(&of_floats, add, DType::F32, DType::F32);
        check(&of_floats, add, DType::F64, DType::F64);
        check(&of_truths, greater, DType::F32, DType::Bool);
    }
}

#[test]
fn sums_to_the_shape_of_what_was_repeated() {
    for length in LENGTHS {
        for to in [vec![1, 1], vec![40], vec![length, 1], vec![]] {
            assert_eq!(
                Edge::summed_to(DType::F32, &[length, 40], &to).check(),
                Some(1)
            );
        }
    }
    // A copy is none.
    assert!(
        Edge::summed_to(DType::F32, &[3, 40], &[3, 40])
            .cut()
            .is_none()
    );
}

/// A reduction of an expensive function, so that little is worth some tasks.
fn expensive(axes: &[usize], domain: &[usize]) -> Edge {
    let power = Primitive::Binary(Binary::Pow);
    Edge::new(
        over(Reduction::Mean, axes),
        power,
        DType::F64,
        DType::F64,
        domain,
        &domain[1..],
    )
}

#[test]
fn large_work_is_shared() {
    for (domain, axes) in [
        (vec![70_001], vec![0]),
        (vec![1025, 70], vec![0]),
        (vec![1025, 70], vec![0, 1]),
        (vec![300, 130], vec![1]),
        (vec![3, 129, 140], vec![1]),
        (vec![5, 129, 70], vec![1, 2]),
    ] {
        let tasks = expensive(&axes, &domain).check();
        assert!(
            tasks > Some(1),
            "{tasks:?} tasks of {domain:?} over {axes:?}"
        );
    }
}

#[test]
fn what_is_better_apart() {
    // One thread would do it all, or the totals would be too many for a cache.
    for (domain, axes) in [
        (vec![40_000, 4], vec![0]),
        (vec![70, 30, 30], vec![0, 2]),
        (vec![3, 2000], vec![0]),
        (vec![0, 4], vec![0]),
    ] {
        assert!(expensive(&axes, &domain).cut().is_none(), "{domain:?}");
    }
    // Totals of integers are of a wider type.
    let add = Primitive::Binary(Binary::Add);
    let mean = over(Reduction::Mean, &[0]);
    let integers = Edge::new(mean, add, DType::I32, DType::I32, &[40], &[40]);
    assert!(integers.cut().is_none());
}

/// Long expressions have short tiles, which end elsewhere than leaves of the fold.
#[test]
fn many_operands_and_steps() {
    let count = 20;
    for domain in [vec![1025], vec![130, 33], vec![9, 600]] {
        let mut edge = expensive(&[0], &domain);
        let step = |index: usize| Step {
            primitive: Primitive::Unary(Unary::Abs),
            operands: [index].into_iter().collect(),
            dtype: DType::F64,
        };
        let first = |index: usize| if index == 0 { 0 } else { count + 2 * index - 1 };
        let steps = (0..count).flat_map(|index| {
            let sum = Step {
                primitive: Primitive::Binary(Binary::SquaredDifference),
                operands: [first(index), count + 2 * index].into_iter().collect(),
                dtype: DType::F64,
            };
            [step(index), sum]
        });
        edge.expression = Expression {
            inputs: vec![DType::F64; count],
            steps: steps.collect(),
            outputs: vec![3 * count - 1],
        };
        let inputs = (0..count).map(|seed| match seed % 3 {
            0 => numbers(DType::F64, &[1], seed),
            _ => numbers(DType::F64, &domain[1..], seed),
        });
        edge.inputs = inputs.collect();
        assert_eq!(edge.check(), Some(1), "{domain:?}");
    }
}

/// The workspace of a thread is the same one for streams and for whole kernels.
#[test]
fn streams_and_kernels_take_turns() {
    let edge = expensive(&[1], &[40, 50]);
    let fused = || {
        let case = Case::new(edge.expression.clone(), &edge.domain, edge.inputs.clone());
        case.fused(Level::best(), |_| ()).pop().unwrap()
    };
    let before = fused();
    edge.check();
    assert!(same_bits(&before, &fused()));
}
