//! Steps: what a program computes, one after the other, on the operands in a table.

#![allow(
    unsafe_code,
    reason = "kernels take addresses; see the SAFETY comments"
)]

use std::cell::Cell;

use crate::kernels::fused::Fused;
use crate::kernels::product::{Product, ProductGroup};
use crate::kernels::reduced::Reduced;
use crate::kernels::shared::SharedKernel;
use crate::kernels::table::{Reach, Span, Table};
use crate::kernels::{Args, Failure, Kernel};

use smallvec::SmallVec;

/// A computation on operands at planned places.
pub(crate) enum Step {
    Fused {
        kernel: Box<Fused>,
        inputs: Box<[Reach]>,
        outputs: Box<[Reach]>,
    },
    Reduced {
        kernel: Box<Reduced>,
        inputs: Box<[Reach]>,
        /// What the tasks give, one after the other.
        totals: Span,
    },
    Product {
        product: Box<Product>,
        a: Reach,
        b: Reach,
        c: Reach,
    },
    /// A product of which the right operand was packed before.
    Packed {
        product: Box<Product>,
        a: Reach,
        b: Reach,
        c: Reach,
    },
    /// Products of several left operands with one right one.
    Group {
        group: Box<ProductGroup>,
        b: Reach,
        /// The left operand and the result of each.
        others: Box<[[Reach; 2]]>,
    },
    /// Packs the right operand of a product.
    Pack {
        product: Box<Product>,
        b: Reach,
        packed: Reach,
    },
    Kernel {
        kernel: Kernel,
        inputs: Box<[Option<Span>]>,
        outputs: Box<[Option<Span>]>,
    },
    /// A plain kernel whose work is shared.
    Shared {
        kernel: Box<dyn SharedKernel>,
        inputs: Box<[Span]>,
        output: Span,
    },
}

impl Step {
    /// How many tasks the step is cut into, which may run at once.
    pub(crate) fn tasks(&self) -> usize {
        match self {
            Step::Fused { kernel, .. } => kernel.tasks(),
            Step::Reduced { kernel, .. } => kernel.tasks(),
            Step::Product { product, .. } | Step::Packed { product, .. } => product.tasks(),
            Step::Group { group, .. } => group.tasks(),
            Step::Shared { kernel, .. } => kernel.tasks(),
            Step::Pack { .. } | Step::Kernel { .. } => 1,
        }
    }

    /// Calls `f` with the base of each operand that the step reads.
    pub(crate) fn each_base(&self, mut f: impl FnMut(usize)) {
        match self {
            Step::Fused { inputs, .. } | Step::Reduced { inputs, .. } => {
                inputs.iter().for_each(|reach| f(reach.first.base));
            }
            Step::Product { a, b, .. } | Step::Packed { a, b, .. } => {
                f(a.first.base);
                f(b.first.base);
            }
            Step::Group { b, others, .. } => {
                f(b.first.base);
                others.iter().for_each(|[a, _]| f(a.first.base));
            }
            Step::Pack { b, .. } => f(b.first.base),
            Step::Kernel { inputs, .. } => {
                let spans = inputs.iter().flatten();
                spans.for_each(|span| f(span.first.base));
            }
            Step::Shared { inputs, .. } => inputs.iter().for_each(|span| f(span.first.base)),
        }
    }

    /// Calls `f` with the base of each result that the step writes.
    pub(crate) fn each_result(&self, mut f: impl FnMut(usize)) {
        match self {
            Step::Fused { outputs, .. } => outputs.iter().for_each(|reach| f(reach.first.base)),
            Step::Reduced { totals, .. } => f(totals.first.base),
            Step::Product { c, .. } | Step::Packed { c, .. } => f(c.first.base),
            Step::Group { others, .. } => others.iter().for_each(|[_, c]| f(c.first.base)),
            Step::Pack { packed, .. } => f(packed.first.base),
            Step::Kernel { outputs, .. } => {
                let spans = outputs.iter().flatten();
                spans.for_each(|span| f(span.first.base));
            }
            Step::Shared { output, .. } => f(output.first.base),
        }
    }

    /// Runs one task.
    ///
    /// # Errors
    /// The operands' values do not allow it.
    #[inline]
    pub(crate) fn run(&self, table: &Table, task: usize) -> Result<(), Failure> {
        // Each run would pay for it, in time and in requests for memory: the unit tests run every kind of step.
        if cfg!(test) && task == 0 {
            self.check(table);
        }
        match self {
            Step::Fused {
                kernel,
                inputs,
                outputs,
            } => {
                let mut addresses = Addresses::of(inputs, outputs.len(), table);
                let written = outputs.iter().map(|reach| table.write(reach));
                addresses.outputs.extend(written);
                // SAFETY: the table has checked that all that the strides reach lies within the bases,
                // and that outputs may be written; the reaches were made of the kernel's own sizes
                // and strides. The rest is the table's rule of *apart*: an output shares memory with an
                // operand only in place.
                unsafe { kernel.run(&addresses.inputs, &addresses.outputs, task) };
                addresses.give_back();
            }
            Step::Reduced {
                kernel,
                inputs,
                totals,
            } => {
                let addresses = Addresses::of(inputs, 0, table);
                let mut part = table.slice_mut(totals.part(kernel.totals(task)));
                // SAFETY: the table has checked that all that the strides reach lies within the bases,
                // and the reaches were made of the kernel's own sizes and strides. Nothing writes to the
                // operands meanwhile: the totals have memory of their own.
                unsafe { kernel.run(&addresses.inputs, &mut part, task) };
                addresses.give_back();
            }
            Step::Product { product, a, b, c } => {
                let (a, b, c) = (table.read(a), table.read(b), table.write(c));
                // SAFETY: the table has checked that the matrices lie within the bases, and that the result
                // may be written; the reaches were made of the product's own sizes and strides. The
                // result shares no element with an operand: the table's rule of *apart*.
                unsafe { product.run(a, b, c, task) };
            }
            Step::Packed { product, a, b, c } => {
                let (a, b, c) = (table.read(a), table.read(b), table.write(c));
                // SAFETY: as for a product, but that `b` was written by the `Pack` of a product that packs
                // alike (`Product::packs_like`), which runs before the loop that this is in.
                unsafe { product.run_packed(a, b, c, task) };
            }
            Step::Group { group, b, others } => {
                let others: SmallVec<[_; 4]> = others
                    .iter()
                    .map(|[a, c]| (table.read(a), table.write(c)))
                    .collect();
                // SAFETY: as for a product; and no result shares an element with any operand of the group.
                unsafe { group.run(table.read(b), &others, task) };
            }
            Step::Pack { product, b, packed } => {
                let (b, packed) = (table.read(b), table.write(packed));
                // SAFETY: the matrix lies within its base, and so do the bytes that the product asked for:
                // a buffer of their own, which begins with a cache line.
                unsafe { product.pack(b, packed) };
            }
            Step::Kernel {
                kernel,
                inputs,
                outputs,
            } => return kernel(&mut arguments(table, inputs, outputs)?),
            Step::Shared {
                kernel,
                inputs,
                output,
            } => {
                // The planner gives the result memory of its own, and no two tasks make one element.
                let part = table.slice_mut(output.part(kernel.part(task)));
                let inputs: SmallVec<[_; 4]> =
                    inputs.iter().map(|span| table.slice(*span)).collect();
                return kernel.run(&inputs, part, task);
            }
        }
        Ok(())
    }
}

/// Where the operands and results of a fused step are.
#[derive(Default)]
struct Addresses {
    inputs: SmallVec<[*const u8; 16]>,
    outputs: SmallVec<[*mut u8; 8]>,
}

thread_local! {
    /// Memory of a step that had more operands than have room on the stack, for the next such step.
    static SPARE: Cell<Addresses> = Cell::default();
}

impl Addresses {
    /// Where these operands are, with room for so many results.
    fn of(inputs: &[Reach], outputs: usize, table: &Table) -> Addresses {
        let mut addresses = Addresses::default();
        if inputs.len() > addresses.inputs.inline_size()
            || outputs > addresses.outputs.inline_size()
        {
            addresses = SPARE.take();
        }
        let read = inputs.iter().map(|reach| table.read(reach));
        addresses.inputs.extend(read);
        addresses
    }

    fn give_back(mut self) {
        if self.inputs.spilled() || self.outputs.spilled() {
            self.inputs.clear();
            self.outputs.clear();
            SPARE.set(self);
        }
    }
}

/// Operands and results of a plain kernel.
///
/// # Errors
/// A result shares memory with another operand.
pub(crate) fn arguments<'a>(
    table: &'a Table,
    inputs: &[Option<Span>],
    outputs: &[Option<Span>],
) -> Result<Args<'a>, Failure> {
    let mut args = Args::new();
    for input in inputs {
        args.push_input(input.map(|span| table.slice(span)));
    }
    for (index, output) in outputs.iter().enumerate() {
        let Some(span) = *output else {
            args.skip_output();
            continue;
        };
        let others = inputs.iter().chain(&outputs[..index]).flatten();
        if table.meets_any(span, others) {
            return Err(Failure::new("a result overlaps an operand"));
        }
        args.push_output(table.slice_mut(span));
    }
    Ok(args)
}
