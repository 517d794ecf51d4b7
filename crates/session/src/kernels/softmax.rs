//! Softmax along rows, and cross entropies of it.
//!
//! The largest logit of a row is subtracted first: then no exponential overflows, and one of them is 1.

use aqueduct_graph::Index;

use crate::kernels::elementwise::Real;
use crate::kernels::fold::{Largest, Sum, fold_slice};
use crate::kernels::{Failure, Kernel, Spec, Typed, infallible};

/// The kernel of `Softmax`.
pub(super) fn softmax<T: Real>(spec: &Spec<'_>) -> Kernel {
    by_rows::<T>(spec, |logits, out| {
        let largest = fold_slice::<Largest<T>>(logits);
        exponentials(logits, largest, out);
        let sum = fold_slice::<Sum<T>>(out);
        out.iter_mut().for_each(|y| *y = y.div(sum));
    })
}

/// The kernel of `LogSoftmax`.
pub(super) fn log_softmax<T: Real>(spec: &Spec<'_>) -> Kernel {
    by_rows::<T>(spec, |logits, out| {
        let row = Row::new(logits);
        let pairs = out.iter_mut().zip(logits);
        pairs.for_each(|(y, logit)| *y = row.log_softmax(*logit));
    })
}

/// The kernel of `SoftmaxCrossEntropy`.
pub(super) fn cross_entropy<T: Real>(spec: &Spec<'_>) -> Kernel {
    let classes = classes(spec);
    infallible(move |args| {
        let (logits, labels) = (args.input::<T>(0), args.input::<T>(1));
        for (place, loss) in args.output::<T>(0).iter_mut().enumerate() {
            let (logits, labels) = (
                row_at(logits, place, classes),
                row_at(labels, place, classes),
            );
            let row = Row::new(logits);
            *loss = sum_in_blocks(classes, |first, terms| {
                let pairs = logits[first..].iter().zip(&labels[first..]);
                let pairs = terms.iter_mut().zip(pairs);
                pairs.for_each(|(term, (logit, label))| {
                    *term = label.mul(row.log_softmax(*logit).neg());
                });
            });
        }
    })
}

/// The kernel of `SparseSoftmaxCrossEntropy`, with labels of type `I`.
pub(super) fn sparse_cross_entropy<T: Real, I: Typed + Index>(spec: &Spec<'_>) -> Kernel {
    let classes = classes(spec);
    Box::new(move |args| {
        let (logits, labels) = (args.input::<T>(0), args.input::<I>(1));
        let losses = args.output::<T>(0).iter_mut().zip(labels);
        for (place, (loss, label)) in losses.enumerate() {
            let logits = row_at(logits, place, classes);
            let class = usize::try_from(label.to_i64()).ok();
            let Some(logit) = class.and_then(|class| logits.get(class)) else {
                return Err(no_class(*label, place, classes));
            };
            *loss = Row::new(logits).log_softmax(*logit).neg();
        }
        Ok(())
    })
}

fn no_class<I: Index>(label: I, place: usize, classes: usize) -> Failure {
    let message = format!("label {label} at element {place} is not in [0, {classes})");
    Failure::new(message).help("a label is the number of a class, from 0")
}

/// A function of each row, which may be empty.
fn by_rows<T: Real>(
    spec: &Spec<'_>,
    function: impl Fn(&[T], &mut [T]) + Send + Sync + 'static,
) -> Kernel {
    let classes = classes(spec).max(1);
    infallible(move |args| {
        let rows = args.input::<T>(0).chunks_exact(classes);
        let results = args.output::<T>(0).chunks_exact_mut(classes);
        rows.zip(results).for_each(|(row, out)| function(row, out));
    })
}

/// The number of logits in a row.
fn classes(spec: &Spec<'_>) -> usize {
    spec.input(0).last().copied().unwrap_or(1)
}

fn row_at<T>(values: &[T], place: usize, classes: usize) -> &[T] {
    &values[place * classes..][..classes]
}

/// What the softmax of a row needs to know of all of it.
struct Row<T> {
    largest: T,
    /// The logarithm of the sum of the exponentials of the logits, of each the largest subtracted.
    log_sum: T,
}

impl<T: Real> Row<T> {
    fn new(logits: &[T]) -> Row<T> {
        let largest = fold_slice::<Largest<T>>(logits);
        let sum = sum_in_blocks(logits.len(), |first, terms| {
            exponentials(&logits[first..], largest, terms);
        });
        Row {
            largest,
            log_sum: sum.log(),
        }
    }

    #[inline]
    fn log_softmax(&self, logit: T) -> T {
        logit.sub(self.largest).sub(self.log_sum)
    }
}

/// `e^(logit - largest)` of as many logits as there is room for.
fn exponentials<T: Real>(logits: &[T], largest: T, out: &mut [T]) {
    let pairs = out.iter_mut().zip(logits);
    pairs.for_each(|(y, logit)| *y = logit.sub(largest).exp());
}

/// The sum of terms that are written block by block, as there is no memory for all: `write` is told
/// the number of a block's first term.
fn sum_in_blocks<T: Real>(count: usize, write: impl Fn(usize, &mut [T])) -> T {
    const BLOCK: usize = 256;
    let mut block = [T::ZERO; BLOCK];
    let mut total = T::ZERO;
    for first in (0..count).step_by(BLOCK) {
        let length = BLOCK.min(count - first);
        let terms = &mut block[..length];
        write(first, terms);
        total = total.add(fold_slice::<Sum<T>>(terms));
    }
    total
}
