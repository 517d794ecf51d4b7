//! Kernels of family `reduce`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::Number;
use aqueduct_graph::ir::{Reduce, Reduction};

use crate::kernels::cast::CastFrom;
use crate::kernels::elementwise::{Arithmetic, Real};
use crate::kernels::fold::{self, All, Any, Largest, Product, Reducer, Smallest, Sum, WideSum};
use crate::kernels::lines::Lines;
use crate::kernels::strides::{self, Axis, Odometer};
use crate::kernels::{
    Failure, Kernel, Spec, Typed, array, cumulative, extreme, failing, infallible,
};

pub(super) fn kernel(op: &Reduce, spec: &Spec<'_>) -> Kernel {
    let sizes = spec.input(0);
    match op {
        Reduce::Over {
            reduction, axes, ..
        } => {
            let reduced: Vec<bool> = (0..sizes.len()).map(|axis| axes.contains(&axis)).collect();
            over(*reduction, Plan::new(&sizes, &reduced), spec)
        }
        Reduce::Arg { extreme, axis, .. } => extreme::kernel(*extreme, *axis, spec),
        Reduce::Cumulative {
            accumulation,
            axis,
            exclusive,
            reverse,
        } => cumulative::kernel(
            *accumulation,
            *exclusive,
            Lines::new(&sizes, *axis, *reverse),
            spec,
        ),
        Reduce::Recurrence { axis, reverse } => {
            cumulative::recurrence(Lines::new(&sizes, *axis, *reverse), spec)
        }
        // Added to the zero that a sum starts from, -0 would become 0.
        Reduce::SumTo if spec.output(0) == sizes => {
            with_number!(spec.input_dtype(0), T => array::copy::<T>())
        }
        Reduce::SumTo => {
            let plan = Plan::new(&sizes, &summed_axes(&sizes, &spec.output(0)));
            with_number!(spec.input_dtype(0), T => reduce::<Sum<T>>(plan))
        }
    }
}

fn over(reduction: Reduction, plan: Plan, spec: &Spec<'_>) -> Kernel {
    let dtype = spec.input_dtype(0);
    match reduction {
        Reduction::Sum => with_number!(dtype, T => reduce::<Sum<T>>(plan)),
        Reduction::Prod => with_number!(dtype, T => reduce::<Product<T>>(plan)),
        Reduction::Mean if dtype.is_float() => with_float!(dtype, T => mean::<T>(plan)),
        Reduction::Mean => with_integer!(dtype, T => integer_mean::<T>(plan)),
        Reduction::Max => with_number!(dtype, T => reduce::<Largest<T>>(plan)),
        Reduction::Min => with_number!(dtype, T => reduce::<Smallest<T>>(plan)),
        Reduction::All => reduce::<All>(plan),
        Reduction::Any => reduce::<Any>(plan),
    }
}

/// Which axes of an array a broadcast from the sizes `to` has added or repeated.
fn summed_axes(sizes: &[usize], to: &[usize]) -> Vec<bool> {
    let added = sizes.len().saturating_sub(to.len());
    let padded = std::iter::repeat_n(&1, added).chain(to);
    padded.zip(sizes).map(|(to, from)| to != from).collect()
}

/// How an array is reduced: as a walk over blocks of the array, each a matrix of which the rows are
/// folded into one row of the result. A block takes in the innermost reduced axes and the kept axes
/// after them; blocks that go into the same row are added up one after the other.
#[derive(Clone, Debug)]
struct Plan {
    /// Where the row of each block stands in the result.
    blocks: Odometer<1>,
    rows: usize,
    width: usize,
    /// How many elements go into each element of the result.
    count: usize,
    /// Whether the result has elements.
    occupied: bool,
}

impl Plan {
    fn new(sizes: &[usize], reduced: &[bool]) -> Plan {
        let product = |kept: bool| -> usize {
            let axes = sizes.iter().zip(reduced);
            axes.filter(|(_, reduced)| **reduced != kept)
                .map(|(size, _)| size)
                .product()
        };
        let mut axes = result_axes(sizes, reduced);
        let mut take = |wanted: fn(isize) -> bool| {
            let axis = axes.pop_if(|axis| wanted(axis.strides[0]));
            axis.map_or(1, |axis| axis.size)
        };
        let width = take(|stride| stride != 0);
        let rows = take(|stride| stride == 0);
        Plan {
            blocks: Odometer::new(axes, [0]),
            rows,
            width,
            count: product(false),
            occupied: product(true) > 0,
        }
    }

    fn run<R: Reducer>(&self, x: &[R::Element], totals: &mut [R::Total]) {
        totals.fill(R::IDENTITY);
        if x.is_empty() {
            // There may be any number of empty blocks.
            return;
        }
        let size = self.rows * self.width;
        for (block, [offset]) in self.blocks.offsets().enumerate() {
            let block = &x[block * size..][..size];
            let totals = &mut totals[offset..][..self.width];
            if let [total] = totals {
                *total = R::combine(*total, fold::fold_slice::<R>(block));
            } else {
                fold::fold_columns::<R>(block, self.rows, totals);
            }
        }
    }
}

/// The axes of the operand with the strides of the result, 0 for those that are reduced.
fn result_axes(sizes: &[usize], reduced: &[bool]) -> Vec<Axis<1>> {
    let kept = sizes.iter().zip(reduced);
    let kept: Vec<usize> = kept
        .map(|(size, reduced)| if *reduced { 1 } else { *size })
        .collect();
    strides::collapse(sizes, [&strides::broadcast(&kept, sizes)])
}

fn reduce<R>(plan: Plan) -> Kernel
where
    R: Reducer<Total = <R as Reducer>::Element> + 'static,
{
    infallible(move |args| plan.run::<R>(args.input(0), args.output(0)))
}

fn mean<T: Real + Number>(plan: Plan) -> Kernel {
    let count = T::from_f64(plan.count as f64);
    infallible(move |args| {
        let means = args.output::<T>(0);
        plan.run::<Sum<T>>(args.input(0), means);
        means
            .iter_mut()
            .for_each(|mean| *mean = Arithmetic::div(*mean, count));
    })
}

/// The mean of integers, truncated. Sums are taken in `i64`, as TensorFlow does, which needs a
/// buffer of its own in each run.
fn integer_mean<T: Typed + CastFrom<i64>>(plan: Plan) -> Kernel
where
    i64: CastFrom<T>,
{
    if plan.count == 0 && plan.occupied {
        return failing(Failure::new("the mean of no integers does not exist"));
    }
    let count = plan.count as i64;
    infallible(move |args| {
        let means = args.output::<T>(0);
        let mut sums = vec![0; means.len()];
        plan.run::<WideSum<T>>(args.input(0), &mut sums);
        let pairs = means.iter_mut().zip(sums);
        pairs.for_each(|(mean, sum)| *mean = T::cast_from(Arithmetic::div(sum, count)));
    })
}
