//! Kernels of family `reduce`.

#![deny(clippy::wildcard_enum_match_arm)]

use std::ops::Range;

use aqueduct_graph::ir::{Reduce, Reduction};
use aqueduct_graph::{DType, Number};

use crate::kernels::cast::CastFrom;
use crate::kernels::elementwise::{Arithmetic, Real};
use crate::kernels::fold::{
    self, All, Any, Elements, Largest, Product, Reducer, Smallest, Source, Sum, WIDEST_PANEL,
    WideSum,
};
use crate::kernels::fused::Stream;
use crate::kernels::lines::Lines;
use crate::kernels::primitive::Unsupported;
use crate::kernels::strides::{self, Axis, Odometer};
use crate::kernels::{
    Failure, Kernel, Slice, SliceMut, Spec, Typed, array, cumulative, extreme, failing, infallible,
};

pub(super) fn kernel(op: &Reduce, spec: &Spec<'_>) -> Kernel {
    if let Some((plan, folding)) = Plan::of(op, spec) {
        return reduce(plan, folding);
    }
    let sizes = spec.input(0);
    match op {
        Reduce::Over { axes, .. } => {
            let plan = Plan::new(&sizes, &reduced_axes(&sizes, axes));
            with_integer!(spec.input_dtype(0), T => integer_mean::<T>(plan))
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
        Reduce::SumTo => with_number!(spec.input_dtype(0), T => array::copy::<T>()),
    }
}

fn reduced_axes(sizes: &[usize], axes: &[usize]) -> Vec<bool> {
    (0..sizes.len()).map(|axis| axes.contains(&axis)).collect()
}

/// What a reduction does with elements of one type.
#[derive(Clone, Copy)]
pub(super) struct Folding {
    /// Folds the elements of an operand as the plan says.
    pub(super) fold: fn(&Plan, Operand<'_, '_>, &mut SliceMut<'_>),
    /// Folds what was made of the halves of halves, as [`fold::join_halves`].
    pub(super) join: fn(Slice<'_>, &mut SliceMut<'_>),
    /// Makes the results of the totals of so many elements each.
    pub(super) finish: fn(usize, &mut SliceMut<'_>),
}

/// What is reduced.
pub(super) enum Operand<'a, 's> {
    Slice(Slice<'a>),
    Stream(&'a mut Stream<'s>),
}

impl Folding {
    /// `None` if there is none of which the totals are of the elements' type.
    pub(super) fn of(reduction: Reduction, dtype: DType) -> Option<Folding> {
        match reduction {
            Reduction::Sum => with_number!(dtype, T => Some(Folding::new::<Sum<T>>())),
            Reduction::Prod => with_number!(dtype, T => Some(Folding::new::<Product<T>>())),
            Reduction::Mean => with_float!(dtype, T => Some(Folding::mean::<T>())),
            Reduction::Max => with_number!(dtype, T => Some(Folding::new::<Largest<T>>())),
            Reduction::Min => with_number!(dtype, T => Some(Folding::new::<Smallest<T>>())),
            Reduction::All => Some(Folding::new::<All>()),
            Reduction::Any => Some(Folding::new::<Any>()),
        }
    }

    /// The fold itself is the result.
    fn new<R>() -> Folding
    where
        R: Reducer<Total = <R as Reducer>::Element>,
    {
        Folding {
            fold: run::<R>,
            join: join::<R>,
            finish: |_, _| (),
        }
    }

    fn mean<T: Real + Number>() -> Folding {
        Folding {
            finish: divide::<T>,
            ..Folding::new::<Sum<T>>()
        }
    }
}

impl Unsupported for Option<Folding> {
    fn unsupported(_: DType) -> Option<Folding> {
        None
    }
}

fn run<R>(plan: &Plan, operand: Operand<'_, '_>, totals: &mut SliceMut<'_>)
where
    R: Reducer<Total = <R as Reducer>::Element>,
{
    let totals = elements_mut(totals);
    match operand {
        Operand::Slice(slice) => plan.run::<R>(&mut Elements::new(elements(slice)), totals),
        Operand::Stream(stream) => plan.run::<R>(stream, totals),
    }
}

fn join<R>(parts: Slice<'_>, totals: &mut SliceMut<'_>)
where
    R: Reducer<Total = <R as Reducer>::Element>,
{
    fold::join_halves::<R>(elements(parts), elements_mut(totals));
}

fn divide<T: Real + Number>(count: usize, totals: &mut SliceMut<'_>) {
    let count = T::from_f64(count as f64);
    let means = elements_mut::<T>(totals).iter_mut();
    means.for_each(|mean| *mean = Arithmetic::div(*mean, count));
}

/// The elements of an operand. The planner sees to it that the type is right.
fn elements<T: Typed>(slice: Slice<'_>) -> &[T] {
    let values = T::of(slice);
    debug_assert!(values.is_some(), "an operand is {slice:?}");
    values.unwrap_or_default()
}

fn elements_mut<'a, T: Typed>(slice: &'a mut SliceMut<'_>) -> &'a mut [T] {
    let values = T::of_mut(slice.part(0..slice.len()));
    debug_assert!(values.is_some(), "a result is not of type {}", T::DTYPE);
    values.unwrap_or_default()
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
pub(super) struct Plan {
    /// Where the row of each block stands in the result.
    blocks: Odometer<1>,
    rows: usize,
    width: usize,
    /// How many elements go into each element of the result.
    count: usize,
    /// Whether the result has elements.
    occupied: bool,
}

/// A part of a reduction that can be done apart from the others.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) plan: Plan,
    /// The first of its elements.
    pub(super) first: usize,
    /// The totals that it gives.
    pub(super) totals: Range<usize>,
}

impl Plan {
    /// Of an op that folds elements into totals of their own type. `None` for others.
    pub(super) fn of(op: &Reduce, spec: &Spec<'_>) -> Option<(Plan, Folding)> {
        let (sizes, dtype) = (spec.input(0), spec.input_dtype(0));
        match op {
            Reduce::Over {
                reduction, axes, ..
            } => {
                let plan = Plan::new(&sizes, &reduced_axes(&sizes, axes));
                Some((plan, Folding::of(*reduction, dtype)?))
            }
            // A copy: added to the zero that a sum starts from, -0 would become 0.
            Reduce::SumTo if spec.output(0) == sizes => None,
            Reduce::SumTo => {
                let plan = Plan::new(&sizes, &summed_axes(&sizes, &spec.output(0)));
                Some((plan, Folding::of(Reduction::Sum, dtype)?))
            }
            Reduce::Arg { .. } | Reduce::Cumulative { .. } | Reduce::Recurrence { .. } => None,
        }
    }

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

    /// Folds the elements of an array, row by row, into the elements of the result.
    fn run<R: Reducer>(&self, source: &mut impl Source<R::Element>, totals: &mut [R::Total]) {
        totals.fill(R::IDENTITY);
        if self.is_empty() {
            // There may be any number of empty blocks.
            return;
        }
        for [offset] in self.blocks.offsets() {
            let totals = &mut totals[offset..][..self.width];
            if let [total] = totals {
                *total = R::combine(*total, fold::fold_row::<R>(source, self.rows));
            } else {
                fold::fold_columns::<R>(source, self.rows, totals);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.rows == 0 || self.width == 0 || self.blocks.count() == 0
    }

    /// How many elements go into each element of the result.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Up to so many parts, and whether what they give is to be joined by [`Folding::join`]: else the
    /// totals of each are its own. `None` if the totals of a row are too many for a cache, or if there
    /// are no parts though more than one are wanted, or no elements.
    pub(super) fn parts(&self, most: usize) -> Option<(Vec<Part>, bool)> {
        if self.width > WIDEST_PANEL || self.is_empty() {
            return None;
        }
        if most < 2 {
            return Some((vec![self.clone().part(0, 0)], false));
        }
        match self.blocks.axes() {
            [] => Some((self.halves(most)?, true)),
            [outermost, ..] if outermost.strides != [0] => Some((self.ranges(most), false)),
            _ => None,
        }
    }

    /// The part that this is of a reduction, from an element and a total of it on.
    fn part(self, first: usize, first_total: usize) -> Part {
        let axes = self.blocks.axes();
        // The axes lie row by row in the result.
        let kept = axes.iter().find(|axis| axis.strides != [0]);
        let totals = kept.map_or(self.width, |axis| {
            axis.size * axis.strides[0].unsigned_abs()
        });
        Part {
            totals: first_total..first_total + totals,
            plan: self,
            first,
        }
    }

    /// Parts of the outermost axis, which is kept.
    fn ranges(&self, most: usize) -> Vec<Part> {
        let mut axes = self.blocks.axes().to_vec();
        let Axis { size, strides } = axes[0];
        let step = self.blocks.count() / size * self.rows * self.width;
        let count = most.min(size);
        let parts = (0..count).map(|part| {
            let (first, end) = (size * part / count, size * (part + 1) / count);
            axes[0].size = end - first;
            let plan = Plan {
                blocks: Odometer::new(axes.clone(), [0]),
                ..self.clone()
            };
            plan.part(first * step, first * strides[0].unsigned_abs())
        });
        parts.collect()
    }

    /// Halves of halves of the rows of the only block, as the fold itself cuts them. `None` if it does
    /// not.
    fn halves(&self, most: usize) -> Option<Vec<Part>> {
        let mut lengths = vec![self.rows];
        while lengths.len() * 2 <= most
            && let Some(halves) = halved(&lengths, self.width)
        {
            lengths = halves;
        }
        let mut row = 0;
        let parts = lengths.iter().enumerate().map(|(index, rows)| {
            let plan = Plan {
                rows: *rows,
                ..self.clone()
            };
            let part = plan.part(row * self.width, index * self.width);
            row += rows;
            part
        });
        (lengths.len() > 1).then(|| parts.collect())
    }
}

/// The lengths of the halves of parts of so many rows.
fn halved(lengths: &[usize], width: usize) -> Option<Vec<usize>> {
    let mut halves = Vec::with_capacity(2 * lengths.len());
    for rows in lengths {
        let half = fold::halves(*rows, width)?;
        halves.extend([half, rows - half]);
    }
    Some(halves)
}

/// The axes of the operand with the strides of the result, 0 for those that are reduced.
fn result_axes(sizes: &[usize], reduced: &[bool]) -> Vec<Axis<1>> {
    let kept = sizes.iter().zip(reduced);
    let kept: Vec<usize> = kept
        .map(|(size, reduced)| if *reduced { 1 } else { *size })
        .collect();
    strides::collapse(sizes, [&strides::broadcast(&kept, sizes)])
}

fn reduce(plan: Plan, folding: Folding) -> Kernel {
    infallible(move |args| {
        let (Some(x), Some(mut totals)) = (args.any_input(0), args.any_output(0)) else {
            return;
        };
        (folding.fold)(&plan, Operand::Slice(x), &mut totals);
        (folding.finish)(plan.count, &mut totals);
    })
}

/// The mean of integers, truncated. Sums are taken in `i64`, as TensorFlow does, which needs a
/// buffer of its own in each run.
fn integer_mean<T: Typed + CastFrom<i64>>(plan: Plan) -> Kernel
where
    i64: CastFrom<T>,
{
    if plan.count == 0 && plan.occupied {
        return failing(
            Failure::new("the mean of no integers does not exist")
                .help("cast to floats, whose mean of nothing is NaN: `.cast::<f32>()`"),
        );
    }
    let count = plan.count as i64;
    infallible(move |args| {
        let means = args.output::<T>(0);
        let mut sums = vec![0; means.len()];
        plan.run::<WideSum<T>>(&mut Elements::new(args.input(0)), &mut sums);
        let pairs = means.iter_mut().zip(sums);
        pairs.for_each(|(mean, sum)| *mean = T::cast_from(Arithmetic::div(sum, count)));
    })
}
