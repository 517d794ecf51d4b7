//! Products of matrices, `C = A·B` and `C += A·B`.
//!
//! Every element of C is one chain of multiply-adds in the order of the inner axis, from 0 or from
//! what C holds, in blocks of every size alike (`block.rs`). So the bits of an element depend on
//! its row of A and its column of B alone: not on the other rows, not on the cut into tasks, not on
//! what was packed.

#![allow(
    unsafe_code,
    reason = "matrices with strides, and instructions that not every processor has"
)]

mod block;
mod pack;
#[cfg(test)]
mod tests;
mod vector;

use aqueduct_graph::DType;

use block::{Left, Operands, Right};
use vector::{InstructionSet, Plain, Vector};

/// How far apart the neighbours of a matrix lie, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strides {
    pub(crate) row: isize,
    pub(crate) column: isize,
}

impl Strides {
    fn transposed(self) -> Strides {
        Strides {
            row: self.column,
            column: self.row,
        }
    }
}

/// A product made for sizes and layouts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    plan: Plan,
    dtype: DType,
    kernel: Kernel,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    rows: usize,
    depth: usize,
    columns: usize,
    a: Strides,
    b: Strides,
    c: Strides,
    accumulates: bool,
    /// Whether this is the product of the transposed matrices: A is B and B is A.
    swapped: bool,
    row_tasks: usize,
    column_tasks: usize,
}

impl Product {
    /// The product of an m x k matrix A and a k x n matrix B; `sizes` are m, k and n, `strides`
    /// those of A, B and C.
    pub(crate) fn new(
        dtype: DType,
        sizes: [usize; 3],
        strides: [Strides; 3],
        accumulates: bool,
    ) -> Product {
        let set = InstructionSet::available().next_back();
        Product::with(
            set.unwrap_or(InstructionSet::Baseline),
            dtype,
            sizes,
            strides,
            accumulates,
        )
    }

    fn with(
        set: InstructionSet,
        dtype: DType,
        sizes: [usize; 3],
        strides: [Strides; 3],
        accumulates: bool,
    ) -> Product {
        Product {
            plan: Plan::new(sizes, strides, accumulates),
            dtype,
            kernel: Kernel::choose(set, dtype),
        }
    }

    /// The number of tasks that the work is cut into: by the sizes alone, 1 if they are too small to
    /// share.
    pub(crate) fn tasks(&self) -> usize {
        self.plan.row_tasks * self.plan.column_tasks
    }

    /// Does one of the tasks. They may be done in any order and at the same time.
    ///
    /// # Safety
    ///
    /// The pointers must be aligned for the element type, and must be good for the sizes and strides:
    /// A and B for reads, C for writes (for reads too if the product accumulates). Nothing else may
    /// write A or B, or use C, except other tasks of this same product. No two elements of C may
    /// lie in one place.
    pub(crate) unsafe fn run(&self, a: *const u8, b: *const u8, c: *mut u8, task: usize) {
        // SAFETY: as the caller says; the kernel was chosen by what this machine has.
        unsafe {
            (self.kernel.run)(
                &self.plan,
                Pointers {
                    a,
                    b,
                    c,
                    packed: false,
                },
                task,
            )
        };
    }

    /// The bytes that B takes in its packed form, if it pays to pack it for so many products.
    pub(crate) fn packed_bytes(&self, uses: usize) -> Option<usize> {
        let pays = !self.plan.swapped && self.plan.packs_b() && uses > 1;
        let lanes = self.kernel.lanes;
        pays.then(|| {
            self.plan.columns.next_multiple_of(lanes) * self.plan.depth * self.dtype.width()
        })
    }

    /// Packs B. Only where [`Product::packed_bytes`] gives a number.
    ///
    /// # Safety
    ///
    /// `b` as for [`Product::run`]; `packed` must be good for writes of that many bytes, aligned to
    /// 64, and nothing else may use it.
    pub(crate) unsafe fn pack(&self, b: *const u8, packed: *mut u8) {
        // SAFETY: as the caller says; the kernel was chosen by what this machine has.
        unsafe { (self.kernel.pack)(&self.plan, b, packed) };
    }

    /// As [`Product::run`], with the same bits, where B was packed before.
    ///
    /// # Safety
    ///
    /// As for [`Product::run`]; `packed` must be what [`Product::pack`] has written, of a product of
    /// the same element type and sizes of B.
    pub(crate) unsafe fn run_packed(
        &self,
        a: *const u8,
        packed: *const u8,
        c: *mut u8,
        task: usize,
    ) {
        // SAFETY: as the caller says; the kernel was chosen by what this machine has.
        unsafe {
            (self.kernel.run)(
                &self.plan,
                Pointers {
                    a,
                    b: packed,
                    c,
                    packed: true,
                },
                task,
            )
        };
    }
}

#[derive(Clone, Copy)]
struct Pointers {
    a: *const u8,
    b: *const u8,
    c: *mut u8,
    packed: bool,
}

impl Plan {
    fn new([rows, depth, columns]: [usize; 3], [a, b, c]: [Strides; 3], accumulates: bool) -> Plan {
        // The rows of C are written as vectors.
        let swapped = columns == 1 || (c.column != 1 && c.row == 1);
        let plan = Plan {
            rows,
            depth,
            columns,
            a,
            b,
            c,
            accumulates,
            swapped,
            row_tasks: 1,
            column_tasks: 1,
        };
        let plan = if swapped {
            Plan {
                rows: columns,
                columns: rows,
                a: b.transposed(),
                b: a.transposed(),
                c: c.transposed(),
                ..plan
            }
        } else {
            plan
        };
        plan.cut()
    }

    /// Cuts the work into tasks that take about as long each.
    fn cut(self) -> Plan {
        let work = self
            .rows
            .saturating_mul(self.columns)
            .saturating_mul(self.depth);
        let tasks = (work / TASK_WORK).clamp(1, MOST_TASKS);
        // What is packed for every task anew should be the smaller operand.
        let by_rows = self.rows > self.columns;
        let (row_tasks, column_tasks) = if by_rows {
            (tasks.min(self.rows / MIN_ROWS).max(1), 1)
        } else {
            (1, tasks.min(self.columns / MIN_COLUMNS).max(1))
        };
        Plan {
            row_tasks,
            column_tasks,
            ..self
        }
    }

    /// Whether B is brought into the order in which it is read before it is multiplied.
    fn packs_b(&self) -> bool {
        self.b.column != 1 || self.rows > 24
    }

    fn packs_a(&self) -> bool {
        self.rows > 4 && self.columns > 64
    }
}

/// Multiply-adds that make a task.
const TASK_WORK: usize = 1 << 20;
const MOST_TASKS: usize = 16;
const MIN_ROWS: usize = 24;
const MIN_COLUMNS: usize = 64;

/// The part of a product whose packed operands stay in a processor's caches.
const DEPTH: usize = 256;
const COLUMNS: usize = 1024;
const ROWS: usize = 192;

#[derive(Clone, Copy, Debug)]
struct Kernel {
    lanes: usize,
    run: unsafe fn(&Plan, Pointers, usize),
    pack: unsafe fn(&Plan, *const u8, *mut u8),
}

macro_rules! kernel {
    ($vector:ty $(, $feature:literal)?) => {{
        $(#[target_feature(enable = $feature)])?
        unsafe fn run(plan: &Plan, pointers: Pointers, task: usize) {
            // SAFETY: as the caller says.
            unsafe { run_task::<$vector>(plan, pointers, task) };
        }

        $(#[target_feature(enable = $feature)])?
        unsafe fn pack(plan: &Plan, b: *const u8, packed: *mut u8) {
            // SAFETY: as the caller says.
            unsafe { pack_right::<$vector>(plan, b.cast(), packed.cast(), (0, plan.depth), (0, plan.columns)) };
        }

        Kernel { lanes: <$vector>::LANES, run, pack }
    }};
}

impl Kernel {
    fn choose(set: InstructionSet, dtype: DType) -> Kernel {
        #[cfg(target_arch = "x86_64")]
        use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
        let double = dtype == DType::F64;
        debug_assert!(double || dtype == DType::F32, "products are of floats");
        match (set, double) {
            (InstructionSet::Baseline, false) => kernel!(Plain<f32, 4>),
            (InstructionSet::Baseline, true) => kernel!(Plain<f64, 2>),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx2, false) => kernel!(__m256, "avx2,fma"),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx2, true) => kernel!(__m256d, "avx2,fma"),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx512, false) => kernel!(__m512, "avx512f"),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx512, true) => kernel!(__m512d, "avx512f"),
        }
    }
}

/// The range of the part with that number, of `parts`, of an axis of `length`, which is cut at
/// multiples of `grain`.
fn part(length: usize, parts: usize, number: usize, grain: usize) -> (usize, usize) {
    let grains = length.div_ceil(grain);
    let at = |number: usize| (grains * number / parts * grain).min(length);
    (at(number), at(number + 1))
}

#[inline(always)]
unsafe fn run_task<V: Vector>(plan: &Plan, pointers: Pointers, task: usize) {
    let (first_row, end_row) = part(plan.rows, plan.row_tasks, task / plan.column_tasks, 1);
    let (first_column, end_column) = part(
        plan.columns,
        plan.column_tasks,
        task % plan.column_tasks,
        2 * V::LANES,
    );
    let (a, b, c) = if plan.swapped {
        (pointers.b, pointers.a, pointers.c)
    } else {
        (pointers.a, pointers.b, pointers.c)
    };
    let (a, b, c) = (
        a.cast::<V::Element>(),
        b.cast::<V::Element>(),
        c.cast::<V::Element>(),
    );
    if plan.depth == 0 {
        if !plan.accumulates {
            // SAFETY: rows and columns lie in C.
            unsafe { pack::clear(c, plan.c, (first_row, end_row), (first_column, end_column)) };
        }
        return;
    }
    let packs_b = !pointers.packed && plan.packs_b();
    let packs_a = plan.packs_a();
    let lanes = V::LANES;
    let mut scratch = pack::Scratch::take(DEPTH * (COLUMNS + ROWS) * 8);
    let scratch = scratch.start();
    {
        // SAFETY: scratch is large enough for both.
        let scratch_b = scratch.cast::<V::Element>();
        let scratch_a = unsafe { scratch_b.add(DEPTH * (COLUMNS)) };
        let mut column = first_column;
        while column < end_column {
            let columns = (end_column - column).min(COLUMNS);
            let mut p = 0;
            while p < plan.depth {
                let depth = (plan.depth - p).min(DEPTH);
                // SAFETY: all in the matrices.
                let right = unsafe {
                    if pointers.packed {
                        Right {
                            start: b.add(column * plan.depth + p * lanes),
                            depth: lanes as isize,
                            vector: (plan.depth * lanes) as isize,
                        }
                    } else if packs_b {
                        pack_right::<V>(
                            plan,
                            b,
                            scratch_b,
                            (p, p + depth),
                            (column, column + columns),
                        );
                        Right {
                            start: scratch_b,
                            depth: lanes as isize,
                            vector: (depth * lanes) as isize,
                        }
                    } else {
                        Right {
                            start: b.offset(p as isize * plan.b.row + column as isize),
                            depth: plan.b.row,
                            vector: lanes as isize,
                        }
                    }
                };
                let mut row = first_row;
                while row < end_row {
                    let rows = (end_row - row).min(ROWS);
                    let left = unsafe {
                        let start =
                            a.offset(row as isize * plan.a.row + p as isize * plan.a.column);
                        if packs_a {
                            let mut to = scratch_a;
                            for (first, count) in block::chunks(rows, V::ROWS) {
                                pack::interleave(
                                    start.offset(first as isize * plan.a.row),
                                    plan.a.column,
                                    plan.a.row,
                                    (depth, count),
                                    to,
                                    count,
                                );
                                to = to.add(depth * count);
                            }
                            Left::Packed(scratch_a)
                        } else {
                            Left::Strided {
                                start,
                                row: plan.a.row,
                                depth: plan.a.column,
                            }
                        }
                    };
                    // SAFETY: as above.
                    unsafe {
                        block::multiply::<V>(&Operands {
                            rows,
                            depth,
                            columns,
                            a: left,
                            b: right,
                            c: c.offset(
                                row as isize * plan.c.row + column as isize * plan.c.column,
                            ),
                            c_row: plan.c.row,
                            c_column: plan.c.column,
                            continues: plan.accumulates || p > 0,
                        });
                    }
                    row += rows;
                }
                p += depth;
            }
            column += columns;
        }
    }
}

#[inline(always)]
unsafe fn pack_right<V: Vector>(
    plan: &Plan,
    b: *const V::Element,
    mut to: *mut V::Element,
    (p, p_end): (usize, usize),
    (first, end): (usize, usize),
) {
    let depth = p_end - p;
    let mut column = first;
    while column < end {
        let count = (end - column).min(V::LANES);
        // SAFETY: as the caller says
        unsafe {
            pack::interleave(
                b.offset(p as isize * plan.b.row + column as isize * plan.b.column),
                plan.b.row,
                plan.b.column,
                (depth, count),
                to,
                V::LANES,
            );
            to = to.add(depth * V::LANES);
        }
        column += V::LANES;
    }
}
