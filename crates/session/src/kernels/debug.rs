//! Kernels of family `debug`.

#![deny(clippy::wildcard_enum_match_arm)]

use std::io::Write as _;

use aqueduct_graph::ir::Debug;
use aqueduct_graph::{Float, PrintTo};

use crate::kernels::array::copy;
use crate::kernels::summary::{element_name, float, summary};
use crate::kernels::{Args, Failure, Kernel, Spec, Typed};

pub(super) fn kernel(op: &Debug, spec: &Spec<'_>) -> Kernel {
    match op {
        Debug::Assert { message, summarize } => assert(message.clone(), *summarize, spec),
        Debug::Print {
            message,
            summarize,
            to,
        } => print(message.clone(), *summarize, *to, spec),
        Debug::CheckNumerics { message } => {
            with_float!(spec.input_dtype(0), T => check_numerics::<T>(message.clone(), spec))
        }
    }
}

fn all_sizes(spec: &Spec<'_>) -> Vec<Vec<usize>> {
    (0..spec.inputs.len())
        .map(|index| spec.input(index))
        .collect()
}

fn assert(message: String, summarize: usize, spec: &Spec<'_>) -> Kernel {
    let sizes = all_sizes(spec);
    Box::new(move |args| {
        let condition = args.input::<bool>(0);
        let Some(place) = condition.iter().position(|holds| !holds) else {
            return Ok(());
        };
        let of_condition = sizes.first().map_or(&[][..], Vec::as_slice);
        let mut text = format!(
            "{message}; {} is false",
            element_name("condition", of_condition, place)
        );
        for (datum, elements) in data(args, &sizes, summarize).enumerate() {
            text.push_str(&format!("; data {datum} = {elements}"));
        }
        Err(Failure::new(text))
    })
}

fn print(message: String, summarize: usize, to: PrintTo, spec: &Spec<'_>) -> Kernel {
    let sizes = all_sizes(spec);
    let copy = with_element!(spec.input_dtype(0), T => copy::<T>());
    Box::new(move |args| {
        let data: String = data(args, &sizes, summarize).collect();
        write(&format!("{message}{data}"), to);
        copy(args)
    })
}

/// The first elements of each operand but the first.
fn data<'a>(
    args: &'a Args<'_>,
    sizes: &'a [Vec<usize>],
    summarize: usize,
) -> impl Iterator<Item = String> + 'a {
    let data = sizes.iter().enumerate().skip(1);
    data.filter_map(move |(index, sizes)| {
        let elements = args.any_input(index)?;
        Some(summary(elements, sizes, summarize))
    })
}

fn write(line: &str, to: PrintTo) {
    match to {
        PrintTo::Log => log::info!("{line}"),
        PrintTo::Stderr => {
            // A library should not write to its user's terminal: here the user asks for it. A
            // terminal that is gone is no reason to fail the run.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }
}

fn check_numerics<T: Typed + Float>(message: String, spec: &Spec<'_>) -> Kernel {
    let sizes = spec.input(0);
    let copy = copy::<T>();
    Box::new(move |args| {
        let x = args.input::<T>(0);
        // Without a way out of the loop it can be vectorised.
        if x.iter().fold(true, |all, x| all & is_finite(*x)) {
            return copy(args);
        }
        Err(not_finite(&message, x, &sizes))
    })
}

fn is_finite<T: Float>(x: T) -> bool {
    x.to_f64().is_finite()
}

fn not_finite<T: Float>(message: &str, x: &[T], sizes: &[usize]) -> Failure {
    let nans = x.iter().filter(|x| x.to_f64().is_nan()).count();
    let infinities = x.iter().filter(|x| x.to_f64().is_infinite()).count();
    let (what, counts) = match (nans, infinities) {
        (_, 0) => ("NaN", format!("{nans} NaN")),
        (0, _) => ("Inf", format!("{infinities} Inf")),
        (_, _) => ("Inf and NaN", format!("{infinities} Inf and {nans} NaN")),
    };
    let mut elements = x.iter().enumerate();
    let first = elements.find(|(_, x)| !is_finite(**x));
    let first =
        first.map(|(place, x)| format!("{} = {}", element_name("x", sizes, place), float(*x)));
    Failure::new(format!(
        "{message} : Tensor had {what} values: {counts} among {} elements, the first is {}",
        x.len(),
        first.unwrap_or_default()
    ))
}
