//! Kernels of family `random`: TensorFlow's distributions over a [`Philox`] stream.
//!
//! A draw is cut into groups of elements, each made of blocks of its own, so that any range of a
//! draw can be produced alone. The groups and the arithmetic inside them are TensorFlow's: the
//! same stream gives the same bits. The normal draws take logarithm, sine and cosine from the
//! platform's C library, as TensorFlow does; where that is not glibc, a last bit may differ.

#![deny(clippy::wildcard_enum_match_arm)]

use std::f64::consts::TAU;

use aqueduct_graph::ir::{Distribution, Random};
use aqueduct_graph::{DType, Number};
use rand::Rng;

use crate::kernels::args::Typed;
use crate::kernels::{Args, Failure, Spec};
use crate::philox::Philox;

#[cfg(test)]
mod tests;

/// A kernel of a random op, made for concrete shapes. It draws from the generator's next block on.
/// The caller then moves the op's counter by [`blocks`].
pub(crate) type RandomKernel =
    Box<dyn Fn(&mut Args<'_>, &Philox) -> Result<(), Failure> + Send + Sync>;

/// Words that TensorFlow sets aside for each element, so that redrawing never runs into the next.
const RESERVED_WORDS: u64 = 256;
const WORDS_PER_BLOCK: u64 = 4;

/// Makes the kernel of an op.
pub(crate) fn kernel(op: &Random, spec: &Spec<'_>) -> RandomKernel {
    match op.distribution {
        Distribution::Uniform { dtype } => floats(dtype, uniform, uniform),
        Distribution::StandardNormal { dtype } => floats(dtype, standard_normal, standard_normal),
        Distribution::TruncatedNormal { dtype } => {
            floats(dtype, truncated_normal, truncated_normal)
        }
        Distribution::UniformInt { dtype } => match dtype {
            DType::I32 => Box::new(uniform_int::<i32, 4>),
            DType::I64 => Box::new(uniform_int::<i64, 2>),
            DType::F32 | DType::F64 | DType::U8 | DType::Bool => refusing(dtype),
        },
        Distribution::Shuffle => shuffle(spec),
    }
}

/// How many blocks one draw moves the op's counter on.
///
/// For all but the shuffle that is more than the draw reads: 256 blocks an element.
pub(crate) fn blocks(op: &Random, spec: &Spec<'_>) -> u64 {
    match op.distribution {
        Distribution::Uniform { .. }
        | Distribution::StandardNormal { .. }
        | Distribution::TruncatedNormal { .. }
        | Distribution::UniformInt { .. } => {
            // TensorFlow counts words but skips as many blocks.
            element_count(&spec.output(0)).wrapping_mul(RESERVED_WORDS)
        }
        Distribution::Shuffle => {
            let words = shuffled_rows(&spec.input(0)).saturating_sub(1);
            (words as u64).div_ceil(WORDS_PER_BLOCK)
        }
    }
}

/// Writes the elements from number `start` on of a draw whose groups are of `N` elements.
pub(crate) fn fill<T: Copy, const N: usize>(
    output: &mut [T],
    start: usize,
    group: impl Fn(u64) -> [T; N],
) {
    let mut position = start;
    let mut rest = output;
    while !rest.is_empty() {
        let elements = group((position / N) as u64);
        let wanted = elements.iter().skip(position % N);
        let written = rest.len().min(N - position % N);
        let (head, tail) = rest.split_at_mut(written);
        for (to, from) in head.iter_mut().zip(wanted) {
            *to = *from;
        }
        position += written;
        rest = tail;
    }
}

fn floats(
    dtype: DType,
    f32_group: impl Fn(&Philox, u64) -> [f32; 4] + Send + Sync + 'static,
    f64_group: impl Fn(&Philox, u64) -> [f64; 2] + Send + Sync + 'static,
) -> RandomKernel {
    match dtype {
        DType::F32 => drawing(f32_group),
        DType::F64 => drawing(f64_group),
        DType::I32 | DType::I64 | DType::U8 | DType::Bool => refusing(dtype),
    }
}

fn drawing<T: Typed, const N: usize>(
    group: impl Fn(&Philox, u64) -> [T; N] + Send + Sync + 'static,
) -> RandomKernel {
    Box::new(move |args, philox| {
        fill(args.output(0), 0, |number| group(philox, number));
        Ok(())
    })
}

/// The shape rule lets no such op into a graph.
fn refusing(dtype: DType) -> RandomKernel {
    Box::new(move |_, _| {
        Err(Failure::new(format!(
            "cannot draw elements of type {dtype}"
        )))
    })
}

/// A float type that groups of `N` elements are made of, each from one block.
pub(crate) trait RandomFloat<const N: usize>: Typed + Number {
    /// Uniform in [0, 1): random bits as the mantissa of a number in [1, 2), less one.
    fn uniform(block: [u32; 4]) -> [Self; N];

    /// Standard normal, by the Box-Muller transform: a radius from the first half of the words it
    /// takes, an angle from the second, and the sine before the cosine.
    fn normal(block: [u32; 4]) -> [Self; N];
}

impl RandomFloat<4> for f32 {
    fn uniform(block: [u32; 4]) -> [f32; 4] {
        block.map(unit_f32)
    }

    fn normal([a, b, c, d]: [u32; 4]) -> [f32; 4] {
        let [[e, f], [g, h]] = [[a, b], [c, d]].map(|[radius, angle]| {
            // The angle is rounded once, from a product in f64, as in TensorFlow.
            let angle = (TAU * f64::from(unit_f32(angle))) as f32;
            let radius = (-2.0 * unit_f32(radius).max(1e-7).ln()).sqrt();
            [angle.sin() * radius, angle.cos() * radius]
        });
        [e, f, g, h]
    }
}

impl RandomFloat<2> for f64 {
    fn uniform([a, b, c, d]: [u32; 4]) -> [f64; 2] {
        [unit_f64(a, b), unit_f64(c, d)]
    }

    fn normal(block: [u32; 4]) -> [f64; 2] {
        let [radius, angle] = f64::uniform(block);
        let angle = TAU * angle;
        let radius = (-2.0 * radius.max(1e-7).ln()).sqrt();
        [angle.sin() * radius, angle.cos() * radius]
    }
}

fn unit_f32(word: u32) -> f32 {
    f32::from_bits((word & 0x007f_ffff) | 1.0_f32.to_bits()) - 1.0
}

fn unit_f64(high: u32, low: u32) -> f64 {
    let mantissa = (u64::from(high & 0x000f_ffff) << u32::BITS) | u64::from(low);
    f64::from_bits(mantissa | 1.0_f64.to_bits()) - 1.0
}

/// One group of a uniform draw.
pub(crate) fn uniform<T: RandomFloat<N>, const N: usize>(philox: &Philox, group: u64) -> [T; N] {
    T::uniform(philox.block(group))
}

/// One group of a standard normal draw.
pub(crate) fn standard_normal<T: RandomFloat<N>, const N: usize>(
    philox: &Philox,
    group: u64,
) -> [T; N] {
    T::normal(philox.block(group))
}

/// One group of a truncated normal draw: the first `N` of its normal numbers inside (-2, 2).
pub(crate) fn truncated_normal<T: RandomFloat<N>, const N: usize>(
    philox: &Philox,
    group: u64,
) -> [T; N] {
    let first = group.wrapping_mul(N as u64 * RESERVED_WORDS / WORDS_PER_BLOCK);
    let mut inside = (0..)
        .flat_map(|offset| T::normal(philox.block(first.wrapping_add(offset))))
        .filter(|number| number.to_f64().abs() < 2.0);
    // The numbers do not end, so the default is never taken.
    std::array::from_fn(|_| inside.next().unwrap_or_default())
}

/// An integer type that groups of `N` elements are made of, each from one block.
trait RandomInt<const N: usize>: Typed + Number {
    /// Uniform in [low, high), but for the bias of a remainder. `low < high`.
    fn between(block: [u32; 4], low: Self, high: Self) -> [Self; N];
}

impl RandomInt<4> for i32 {
    fn between(block: [u32; 4], low: i32, high: i32) -> [i32; 4] {
        let range = high.wrapping_sub(low).cast_unsigned();
        block.map(|word| low.wrapping_add_unsigned(word % range))
    }
}

impl RandomInt<2> for i64 {
    fn between([a, b, c, d]: [u32; 4], low: i64, high: i64) -> [i64; 2] {
        let range = high.wrapping_sub(low).cast_unsigned();
        [[a, b], [c, d]].map(|[low_word, high_word]| {
            let word = (u64::from(high_word) << u32::BITS) | u64::from(low_word);
            low.wrapping_add_unsigned(word % range)
        })
    }
}

fn uniform_int<T: RandomInt<N>, const N: usize>(
    args: &mut Args<'_>,
    philox: &Philox,
) -> Result<(), Failure> {
    let low = args.input::<T>(1).first().copied().unwrap_or_default();
    let high = args.input::<T>(2).first().copied().unwrap_or_default();
    let output = args.output(0);
    // As in TensorFlow, to draw nothing from an empty range is no mistake.
    if low >= high && !output.is_empty() {
        let message = format!("needs low < high, got low {low} and high {high}");
        return Err(Failure::new(message).help("numbers are drawn from low up to high - 1"));
    }
    fill(output, 0, |group| {
        T::between(philox.block(group), low, high)
    });
    Ok(())
}

fn shuffle(spec: &Spec<'_>) -> RandomKernel {
    let sizes = spec.input(0);
    // The planner makes the kernel for an operand that is there.
    let dtype = spec.inputs.first().map_or(DType::F32, |rows| rows.dtype);
    match dtype {
        DType::F32 => shuffling::<f32>(&sizes),
        DType::F64 => shuffling::<f64>(&sizes),
        DType::I32 => shuffling::<i32>(&sizes),
        DType::I64 => shuffling::<i64>(&sizes),
        DType::U8 => shuffling::<u8>(&sizes),
        DType::Bool => shuffling::<bool>(&sizes),
    }
}

fn shuffling<T: Typed>(sizes: &[usize]) -> RandomKernel {
    let rows = shuffled_rows(sizes);
    let width = sizes.iter().skip(1).product();
    Box::new(move |args, philox| {
        let output = args.output::<T>(0);
        T::wrap_mut(output).copy_from(T::wrap(args.input(0)));
        let mut words = philox.clone();
        // The last row has no other to be swapped with, and takes no word.
        for row in 0..rows.saturating_sub(1) {
            let choices = (rows - row) as u64;
            let chosen = row + (u64::from(words.next_u32()) % choices) as usize;
            swap_rows(output, width, row, chosen);
        }
        Ok(())
    })
}

/// Swaps two rows of `width` elements; `a <= b`.
fn swap_rows<T>(rows: &mut [T], width: usize, a: usize, b: usize) {
    if a < b {
        let (before, from_b) = rows.split_at_mut(b * width);
        before[a * width..][..width].swap_with_slice(&mut from_b[..width]);
    }
}

/// The rows that a shuffle chooses from: none if there is but one way to order them.
fn shuffled_rows(sizes: &[usize]) -> usize {
    if element_count(sizes) > 1 {
        sizes.first().copied().unwrap_or_default()
    } else {
        0
    }
}

fn element_count(sizes: &[usize]) -> u64 {
    sizes
        .iter()
        .fold(1, |count: u64, size| count.saturating_mul(*size as u64))
}
