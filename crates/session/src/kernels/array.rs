//! Kernels of family `array`.

#![deny(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;

use aqueduct_graph::ir::{Array, PadMode, ResolvedSlice, SliceSpec};
use aqueduct_graph::{DType, Value, each_data};

use crate::kernels::moves::{Pieces, Transposed, Window};
use crate::kernels::{
    Failure, Kernel, Spec, Typed, failing, gather, index, infallible, order, pad, range, segment,
    strides, unique,
};

/// `None` for a placeholder, which the executor feeds.
pub(super) fn kernel(op: &Array, spec: &Spec<'_>) -> Option<Kernel> {
    Some(match op {
        Array::Placeholder { .. } => return None,
        Array::Constant(value) => constant(Arc::clone(value)),
        Array::Identity
        | Array::PlaceholderWithDefault { .. }
        | Array::StopGradient
        | Array::EnsureShape { .. }
        | Array::EnsureSize { .. }
        | Array::Reshape
        | Array::ExpandDims { .. }
        | Array::Squeeze { .. } => with_element!(spec.input_dtype(0), T => copy::<T>()),
        Array::Shape { out_type } => sizes_of(spec, *out_type, |sizes| sizes),
        Array::Size { out_type } => sizes_of(spec, *out_type, |sizes| vec![sizes.iter().product()]),
        Array::Transpose { perm } => transpose(perm, spec),
        Array::Fill => with_element!(spec.output_dtype(0), T => fill::<T>()),
        Array::BroadcastTo => broadcast_to(spec),
        Array::Slice(slice) => match window_of(slice, &spec.input(0)) {
            Ok(window) => read_window(window, spec),
            Err(failure) => failing(failure),
        },
        Array::SliceGrad(slice) => match window_of(slice, &spec.output(0)) {
            Ok(window) => with_element!(spec.input_dtype(0), T => slice_grad::<T>(window)),
            Err(failure) => failing(failure),
        },
        Array::Stack { axis } => join(
            vec![1; spec.inputs.len()],
            inner(&spec.input(0), *axis),
            spec,
        ),
        Array::Unstack { axis, count } => {
            cut(vec![1; *count], inner(&spec.input(0), axis + 1), spec)
        }
        Array::Concat { axis } => {
            let sizes = (0..spec.inputs.len()).map(|index| size(&spec.input(index), *axis));
            join(sizes.collect(), inner(&spec.input(0), axis + 1), spec)
        }
        Array::Split { axis, count, sizes } => {
            let whole = spec.input(0);
            let equal = || vec![size(&whole, *axis) / count.max(&1); *count];
            let sizes = sizes.clone().unwrap_or_else(equal);
            cut(sizes, inner(&whole, axis + 1), spec)
        }
        Array::Gather { axis } => with_element!(spec.input_dtype(0), T => {
            with_index!(spec.input_dtype(1), I => gather::gather::<T, I>(*axis, spec))
        }),
        Array::Segment { reduction, sorted } => segment::kernel(*reduction, *sorted, spec),
        Array::GatherNd => with_element!(spec.input_dtype(0), T => {
            with_index!(spec.input_dtype(1), I => index::gather_nd::<T, I>(spec))
        }),
        Array::ScatterNd => with_number!(spec.input_dtype(1), T => {
            with_index!(spec.input_dtype(0), I => index::scatter_nd::<T, I>(spec))
        }),
        Array::TensorScatterUpdate => with_element!(spec.input_dtype(0), T => {
            with_index!(spec.input_dtype(1), I => index::tensor_scatter_update::<T, I>(spec))
        }),
        Array::TopK { extreme } => order::top_k(*extreme, spec),
        Array::Range { dtype } if dtype.is_float() => {
            with_float!(*dtype, T => range::floats::<T>())
        }
        Array::Range { dtype } => with_index!(*dtype, T => range::integers::<T>(spec)),
        Array::Tile => read_window(pad::tiles(spec), spec),
        Array::Pad { mode } => with_element!(spec.input_dtype(0), T => pad::pad::<T>(mode, spec)),
        Array::PadGrad { mode } => pad_grad(mode, spec),
        Array::ReverseSequence {
            seq_axis,
            batch_axis,
        } => with_element!(spec.input_dtype(0), T => with_index!(spec.input_dtype(1), I => {
            index::reverse_sequence::<T, I>(*seq_axis, *batch_axis, spec)
        })),
        Array::OneHot { axis } => with_element!(spec.output_dtype(0), T => {
            with_index!(spec.input_dtype(0), I => index::one_hot::<T, I>(*axis, spec))
        }),
        Array::Where => index::places_where(spec),
        Array::FirstOccurrence => {
            with_number!(spec.input_dtype(0), T => unique::first_occurrence::<T>())
        }
    })
}

fn constant(value: Arc<Value>) -> Kernel {
    infallible(
        move |args| each_data!(value.data(), values => args.output(0).copy_from_slice(values)),
    )
}

/// The kernel of numbers that follow from the operand's sizes, as integers of type `out_type`.
fn sizes_of(
    spec: &Spec<'_>,
    out_type: DType,
    numbers: impl FnOnce(Vec<usize>) -> Vec<usize>,
) -> Kernel {
    let numbers = numbers(spec.input(0));
    with_index!(out_type, I => {
        let converted: Result<Vec<I>, _> = numbers.iter().map(|number| I::try_from(*number)).collect();
        match converted {
            Ok(integers) => constant(Arc::new(Value::vector(integers))),
            Err(_) => failing(Failure::new(format!("a size of {numbers:?} does not fit {out_type}"))),
        }
    })
}

pub(super) fn copy<T: Typed>() -> Kernel {
    infallible(|args| args.output::<T>(0).copy_from_slice(args.input(0)))
}

fn fill<T: Typed>() -> Kernel {
    infallible(|args| {
        if let [value] = args.input::<T>(1) {
            args.output(0).fill(*value);
        }
    })
}

fn transpose(perm: &[usize], spec: &Spec<'_>) -> Kernel {
    let sizes = spec.output(0);
    let strides = strides::contiguous(&spec.input(0));
    let permuted: Vec<isize> = perm.iter().map(|axis| strides[*axis]).collect();
    match Transposed::new(&sizes, &permuted) {
        Some(tiled) => with_element!(spec.input_dtype(0), T => {
            infallible(move |args| tiled.read::<T>(args.input(0), args.output(0)))
        }),
        None => read_window(Window::new(&sizes, &permuted, 0), spec),
    }
}

fn broadcast_to(spec: &Spec<'_>) -> Kernel {
    let sizes = spec.output(0);
    let repeated = strides::broadcast(&spec.input(0), &sizes);
    read_window(Window::new(&sizes, &repeated, 0), spec)
}

/// What a slice takes of an array of these sizes.
fn window_of(slice: &SliceSpec, sizes: &[usize]) -> Result<Window, Failure> {
    let ResolvedSlice { cuts, .. } = slice.resolve(sizes).map_err(|problem| Failure {
        message: problem.message,
        help: problem.help,
    })?;
    let whole = strides::contiguous(sizes);
    let start = cuts
        .iter()
        .zip(&whole)
        .map(|(cut, stride)| cut.start * stride.unsigned_abs());
    let counts: Vec<usize> = cuts.iter().map(|cut| cut.count).collect();
    // The step of a cut of one position may be any number.
    let steps = cuts
        .iter()
        .zip(&whole)
        .map(|(cut, stride)| stride.wrapping_mul(cut.step));
    let steps: Vec<isize> = steps.collect();
    Ok(Window::new(&counts, &steps, start.sum()))
}

fn read_window(window: Window, spec: &Spec<'_>) -> Kernel {
    with_element!(spec.input_dtype(0), T => {
        infallible(move |args| window.read::<T>(args.input(0), args.output(0)))
    })
}

fn pad_grad(mode: &PadMode, spec: &Spec<'_>) -> Kernel {
    let kept = match mode {
        PadMode::Constant(_) => {
            return match pad::padded_center(spec) {
                Ok(window) => read_window(window, spec),
                Err(failure) => failing(failure),
            };
        }
        PadMode::Reflect => 1,
        PadMode::Symmetric => 0,
    };
    with_number!(spec.input_dtype(0), T => pad::mirror_grad::<T>(kept, spec))
}

fn slice_grad<T: Typed>(window: Window) -> Kernel {
    infallible(move |args| {
        let dx = args.output::<T>(0);
        dx.fill(T::default());
        window.write(args.input(0), dx);
    })
}

/// The kernel that puts its operands together, which have these sizes along the axis.
fn join(sizes: Vec<usize>, inner: usize, spec: &Spec<'_>) -> Kernel {
    let pieces = Pieces::new(sizes, inner);
    with_element!(spec.input_dtype(0), T => infallible(move |args| {
        let whole = args.output::<T>(0);
        for index in 0..pieces.count() {
            pieces.join(index, args.input(index), whole);
        }
    }))
}

/// The kernel that cuts its operand into results of these sizes along the axis.
fn cut(sizes: Vec<usize>, inner: usize, spec: &Spec<'_>) -> Kernel {
    let pieces = Pieces::new(sizes, inner);
    with_element!(spec.input_dtype(0), T => infallible(move |args| {
        let whole = args.input::<T>(0);
        for index in 0..pieces.count() {
            pieces.cut(index, whole, args.output(index));
        }
    }))
}

/// The number of elements that belong to each position of the axes before `axis`.
fn inner(sizes: &[usize], axis: usize) -> usize {
    sizes.iter().skip(axis).product()
}

fn size(sizes: &[usize], axis: usize) -> usize {
    sizes.get(axis).copied().unwrap_or(1)
}
