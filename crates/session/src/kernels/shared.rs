//! Kernels whose work is cut into tasks, which the threads of a session share.

use std::ops::Range;

use aqueduct_graph::ir::{Nn, Op};
use smallvec::SmallVec;

use crate::kernels::{Failure, Kernel, Slice, SliceMut, Spec, conv, pool};

/// A kernel made for concrete shapes, of one result.
///
/// Each element of the result belongs to one task alone, and has the same bits however the work is cut.
pub(crate) trait SharedKernel: Send + Sync {
    /// The number of tasks.
    fn tasks(&self) -> usize;

    /// Which elements of the result a task makes. No element is made by two.
    fn part(&self, task: usize) -> Range<usize>;

    /// Makes the elements of a task. Allocates nothing once the thread has run a kernel of this size.
    ///
    /// # Errors
    /// An operand is not what was planned.
    fn run(&self, inputs: &[Slice<'_>], part: SliceMut<'_>, task: usize) -> Result<(), Failure>;
}

/// The kernel of an op whose work can be shared, for so many threads; `None` for any other op.
pub(crate) fn shared(op: &Op, spec: &Spec<'_>, threads: usize) -> Option<Box<dyn SharedKernel>> {
    match op {
        Op::Nn(Nn::Convolution(op, sliding)) => conv::kernel(*op, sliding, spec, threads),
        Op::Nn(Nn::Pooling(op, windows)) => pool::kernel(*op, windows, spec, threads),
        Op::Math(_)
        | Op::Array(_)
        | Op::Reduce(_)
        | Op::Nn(_)
        | Op::Random(_)
        | Op::State(_)
        | Op::Control(_)
        | Op::Debug(_)
        | Op::Custom(_) => None,
    }
}

/// The same work on one thread.
pub(super) fn alone(shared: Box<dyn SharedKernel>) -> Kernel {
    Box::new(move |args| {
        let inputs = (0..args.input_count()).filter_map(|index| args.any_input(index));
        let inputs: SmallVec<[Slice<'_>; 4]> = inputs.collect();
        let mut output = args.any_output(0).ok_or_else(|| unplanned("the result"))?;
        (0..shared.tasks()).try_for_each(|task| {
            let part = output.part(shared.part(task));
            shared.run(&inputs, part, task)
        })
    })
}

/// An operand is not what was planned, which the planner prevents.
pub(super) fn unplanned(what: &str) -> Failure {
    Failure::new(format!("{what} is not what was planned"))
}

/// Cuts `0..length` into so many parts of nearly equal length; gives one of them.
pub(super) fn part_of(length: usize, parts: usize, number: usize) -> Range<usize> {
    let parts = parts.max(1);
    let start = |number: usize| {
        let (each, longer) = (length / parts, length % parts);
        each * number + longer.min(number)
    };
    start(number)..start(number + 1)
}
