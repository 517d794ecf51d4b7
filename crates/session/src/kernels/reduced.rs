//! A reduction of what an expression gives, whose elements are made as they are folded.
//!
//! They are folded in the order in which the plain kernel folds them where they lie in memory
//! ([`fold`](super::fold)), so the bits are those of an element-wise step and a reduction one after
//! the other.

#![allow(
    unsafe_code,
    reason = "the kernel takes places in memory; see the SAFETY comments"
)]

use std::ops::Range;

use aqueduct_graph::ir::Op;

use crate::kernels::fused::{self, Expression, Fused};
use crate::kernels::reduce::{Folding, Operand, Part, Plan};
use crate::kernels::{Kernel, SliceMut, Spec, infallible, strides};

/// A kernel that folds the results of an expression.
pub(crate) struct Reduced {
    fused: Fused,
    cut: Cut,
}

/// How such a reduction is done: in tasks, each of which folds some of the elements.
#[derive(Clone)]
pub(crate) struct Cut {
    folding: Folding,
    /// How many elements go into each element of the result.
    count: usize,
    parts: Vec<Part>,
    /// Whether each task gives a total for every element of the result, to be joined with the others.
    joined: bool,
}

impl Cut {
    /// For the one result of an expression and an op that reduces it. `None` if the op does not, or if
    /// it does better apart: where totals are of another type, where rows are too wide for their totals
    /// to stay in the cache, and where large work would be left to one thread.
    pub(crate) fn new(expression: &Expression, op: &Op, spec: &Spec<'_>) -> Option<Cut> {
        let Op::Reduce(op) = op else {
            return None;
        };
        let (plan, folding) = Plan::of(op, spec)?;
        let tasks = fused::worthwhile_tasks(expression, spec.input(0).iter().product());
        let (parts, joined) = plan.parts(tasks)?;
        Some(Cut {
            folding,
            count: plan.count(),
            parts,
            joined,
        })
    }

    /// The number of tasks.
    pub(crate) fn tasks(&self) -> usize {
        self.parts.len()
    }

    /// How many totals the tasks give that are to be joined by [`Cut::joining`]; `None` if they give
    /// the result itself.
    pub(crate) fn totals(&self) -> Option<usize> {
        let last = self.parts.last().filter(|_| self.joined);
        last.map(|last| last.totals.end)
    }

    /// The kernel that makes the result of the tasks' totals.
    pub(crate) fn joining(&self) -> Kernel {
        let (folding, count) = (self.folding, self.count);
        infallible(move |args| {
            if let (Some(totals), Some(mut result)) = (args.any_input(0), args.any_output(0)) {
                (folding.join)(totals, &mut result);
                (folding.finish)(count, &mut result);
            }
        })
    }
}

impl Reduced {
    /// For an expression of one output over a domain of these sizes. Each operand has strides as in
    /// [`Fused::new`].
    pub(crate) fn new(
        cut: Cut,
        expression: Expression,
        sizes: &[usize],
        inputs: &[Vec<isize>],
    ) -> Reduced {
        let output = strides::contiguous(sizes);
        Reduced {
            fused: Fused::new(expression, sizes, inputs, &[output]),
            cut,
        }
    }

    /// The number of tasks.
    pub(crate) fn tasks(&self) -> usize {
        self.cut.tasks()
    }

    /// What makes the elements that are folded.
    pub(super) fn elements(&self) -> &Fused {
        &self.fused
    }

    /// Which totals a task gives.
    pub(crate) fn totals(&self, task: usize) -> Range<usize> {
        self.cut.parts[task].totals.clone()
    }

    /// Folds the elements of one task into its totals. Makes no heap allocation once the thread has run
    /// a kernel of this size.
    ///
    /// # Safety
    ///
    /// Each pointer is to the first element of its operand, as of [`Fused::run`]; while the task runs,
    /// nothing writes to the operands.
    pub(crate) unsafe fn run(&self, inputs: &[*const u8], totals: &mut SliceMut<'_>, task: usize) {
        let Cut {
            folding,
            count,
            parts,
            joined,
        } = &self.cut;
        let part = &parts[task];
        // SAFETY: the kernel was made for one output row by row; the rest is as the caller promises.
        let mut stream = unsafe { self.fused.stream(inputs, part.first) };
        (folding.fold)(&part.plan, Operand::Stream(&mut stream), totals);
        if !joined {
            (folding.finish)(*count, totals);
        }
    }
}
