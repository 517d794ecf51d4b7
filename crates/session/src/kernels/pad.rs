//! Kernels that repeat an array or add elements around it, and the sums that undo that.

use std::ops::Range;

use aqueduct_graph::ir::PadMode;

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::moves::Window;
use crate::kernels::{Failure, Kernel, Spec, Typed, failing, infallible, strides};

/// The elements of `Tile`'s operand in the order of its result: each axis with an axis before it along
/// which nothing moves.
pub(super) fn tiles(spec: &Spec<'_>) -> Window {
    let sizes = spec.input(0);
    let result = spec.output(0);
    let own = strides::contiguous(&sizes);
    let mut walked = Vec::with_capacity(2 * sizes.len());
    let mut steps = Vec::with_capacity(2 * sizes.len());
    for ((size, total), stride) in sizes.iter().zip(&result).zip(own) {
        walked.extend([total.checked_div(*size).unwrap_or(0), *size]);
        steps.extend([0, stride]);
    }
    Window::new(&walked, &steps, 0)
}

/// The kernel of `Pad`.
pub(super) fn pad<T: Typed>(mode: &PadMode, spec: &Spec<'_>) -> Kernel {
    let axes = match axes(spec, &spec.input(0)) {
        Ok(axes) => axes,
        Err(failure) => return failing(failure),
    };
    let mirror = match mode {
        PadMode::Constant(value) => {
            let Some([value]) = value.as_slice::<T>() else {
                return failing(Failure::new(
                    "the value that is added is not one of its type",
                ));
            };
            return fill_around(*value, center(&axes));
        }
        PadMode::Reflect => Mirror::new(&axes, 1),
        PadMode::Symmetric => Mirror::new(&axes, 0),
    };
    infallible(move |args| {
        let (x, y) = (args.input::<T>(0), args.output::<T>(0));
        mirror.visit(|inside, padded| y[padded].copy_from_slice(&x[inside]));
    })
}

fn fill_around<T: Typed>(value: T, center: Window) -> Kernel {
    infallible(move |args| {
        let y = args.output::<T>(0);
        y.fill(value);
        center.write(args.input(0), y);
    })
}

/// The part of a padded array that `PadGrad` of a constant gives.
pub(super) fn padded_center(spec: &Spec<'_>) -> Result<Window, Failure> {
    Ok(center(&axes(spec, &spec.output(0))?))
}

/// The kernel of `PadGrad` of a mirror.
pub(super) fn mirror_grad<T: Arithmetic>(kept: usize, spec: &Spec<'_>) -> Kernel {
    let mirror = match axes(spec, &spec.output(0)) {
        Ok(axes) => Mirror::new(&axes, kept),
        Err(failure) => return failing(failure),
    };
    infallible(move |args| {
        let (dy, dx) = (args.input::<T>(0), args.output::<T>(0));
        dx.fill(T::ZERO);
        mirror.visit(|inside, padded| {
            let terms = dx[inside].iter_mut().zip(&dy[padded]);
            terms.for_each(|(sum, term)| *sum = sum.add(*term));
        });
    })
}

/// An axis inside, and how many elements go before and after it.
#[derive(Clone, Copy, Debug)]
struct Padded {
    before: usize,
    size: usize,
    after: usize,
}

impl Padded {
    fn total(self) -> usize {
        self.before + self.size + self.after
    }
}

/// Each axis of an array of these sizes with its paddings, operand 1.
fn axes(spec: &Spec<'_>, sizes: &[usize]) -> Result<Vec<Padded>, Failure> {
    let paddings = spec.inputs.get(1).and_then(|fact| fact.known_ints());
    let paddings = paddings.unwrap_or_default();
    let counts: Result<Vec<usize>, _> = paddings.into_iter().map(usize::try_from).collect();
    let counts = counts.map_err(|_| Failure::new("a padding is negative"))?;
    let (pairs, _) = counts.as_chunks::<2>();
    if pairs.len() != sizes.len() {
        return Err(Failure::new("the paddings are unknown"));
    }
    let axes = sizes
        .iter()
        .zip(pairs)
        .map(|(size, [before, after])| Padded {
            before: *before,
            size: *size,
            after: *after,
        });
    Ok(axes.collect())
}

/// What is inside of a padded array.
fn center(axes: &[Padded]) -> Window {
    let totals: Vec<usize> = axes.iter().map(|axis| axis.total()).collect();
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.size).collect();
    let steps = strides::contiguous(&totals);
    let offsets = axes.iter().zip(&steps);
    let start = offsets.map(|(axis, step)| axis.before * step.unsigned_abs());
    Window::new(&sizes, &steps, start.sum())
}

/// Which elements inside the elements of an array are that was padded by mirroring.
#[derive(Clone, Debug)]
struct Mirror {
    /// The axes up to the last one that is padded.
    axes: Vec<MirrorAxis>,
    /// The elements of a position of these axes, which lie side by side.
    block: usize,
}

#[derive(Clone, Debug)]
struct MirrorAxis {
    padded: Padded,
    /// How many edge elements are not repeated.
    kept: usize,
    /// How far apart positions are inside, and padded.
    strides: [usize; 2],
}

impl Mirror {
    /// The mirror of some axes that keeps so many edge elements from being repeated.
    fn new(axes: &[Padded], kept: usize) -> Mirror {
        let padded = |axis: &Padded| axis.before > 0 || axis.after > 0;
        let count = axes.iter().rposition(padded).map_or(0, |last| last + 1);
        let (outer, inner) = axes.split_at(count);
        let block: usize = inner.iter().map(|axis| axis.size).product();
        if axes.iter().any(|axis| axis.size == 0) {
            // Of nothing there is nothing to mirror, however many positions the other axes have.
            let axes = Vec::new();
            return Mirror { axes, block: 0 };
        }
        let mut strides = [block; 2];
        let mut mirrored: Vec<MirrorAxis> = Vec::with_capacity(count);
        for axis in outer.iter().rev() {
            mirrored.push(MirrorAxis {
                padded: *axis,
                kept,
                strides,
            });
            strides = [strides[0] * axis.size, strides[1] * axis.total()];
        }
        mirrored.reverse();
        Mirror {
            axes: mirrored,
            block,
        }
    }

    /// Visits runs of elements: where they are inside, and where padded.
    fn visit(&self, mut visit: impl FnMut(Range<usize>, Range<usize>)) {
        match self.axes.split_first() {
            Some((axis, inner)) => axis.visit(inner, [0, 0], &mut visit),
            None => visit(0..self.block, 0..self.block),
        }
    }
}

impl MirrorAxis {
    fn visit(
        &self,
        inner: &[MirrorAxis],
        [inside, padded]: [usize; 2],
        visit: &mut impl FnMut(Range<usize>, Range<usize>),
    ) {
        let [step, padded_step] = self.strides;
        let Padded { before, size, .. } = self.padded;
        let Some((next, rest)) = inner.split_first() else {
            // The axis itself is one run.
            let run = size * step;
            let start = padded + before * step;
            visit(inside..inside + run, start..start + run);
            for (place, source) in self.edges() {
                let (from, to) = (inside + source * step, padded + place * step);
                visit(from..from + step, to..to + step);
            }
            return;
        };
        let center = (0..size).map(|position| (before + position, position));
        for (place, source) in center.chain(self.edges()) {
            let starts = [inside + source * step, padded + place * padded_step];
            next.visit(rest, starts, visit);
        }
    }

    /// Each position that was added, with the one inside that it mirrors.
    fn edges(&self) -> impl Iterator<Item = (usize, usize)> {
        let (
            kept,
            Padded {
                before,
                size,
                after,
            },
        ) = (self.kept, self.padded);
        let first = (0..before).map(move |place| (place, before - 1 - place + kept));
        let last = size - 1 - kept.min(size - 1);
        first.chain((0..after).map(move |away| (before + size + away, last - away)))
    }
}
