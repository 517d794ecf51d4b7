//! Products of matrices, `C = A·B` and `C += A·B`.
//!
//! Every element of C is a sum of chains, one for each [`DEPTH`] places of the inner axis. A chain is
//! of multiply-adds in the order of that axis, the first one from 0 or from what C holds, the others
//! from 0; and the chains are added up in that order, each sum below the normal numbers as 0. So it is in blocks of every size alike
//! (`block.rs`): the bits of an element depend on its row of A and its column of B alone, not on the
//! other rows, not on the cut into tasks, not on what was packed.

#![allow(
    unsafe_code,
    reason = "matrices with strides, and instructions that not every processor has"
)]

mod block;
mod pack;
#[cfg(test)]
mod tests;
mod vector;

use std::cmp::Reverse;
use std::ops::Range;

use aqueduct_graph::DType;

use block::{Block, Blocks, FEW_ROWS, Held, Left, Operands, Right, Run};
use pack::Scratch;
use vector::{InstructionSet, Plain, Vector};

/// How far apart the neighbours of a matrix lie, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strides {
    pub(crate) row: isize,
    pub(crate) column: isize,
}

impl Strides {
    /// The place of an element of the matrix that starts there.
    ///
    /// # Safety
    ///
    /// The element must lie in the matrix.
    #[inline(always)]
    unsafe fn at<T>(self, start: *const T, row: usize, column: usize) -> *const T {
        // SAFETY: as the caller says.
        unsafe { start.offset(row as isize * self.row + column as isize * self.column) }
    }

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

    /// The same product, cut into tasks for so many threads if it is large enough to be shared.
    pub(crate) fn shared_by(self, threads: usize) -> Product {
        Product {
            plan: self.plan.cut(threads),
            ..self
        }
    }

    /// The number of tasks that the work is cut into.
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
        let pays = self.plan.may_be_packed() && uses > 1;
        let lanes = self.kernel.lanes;
        pays.then(|| {
            self.plan.columns.next_multiple_of(lanes) * self.plan.depth * self.dtype.width()
        })
    }

    /// Whether both products pack B alike, if it is the same matrix.
    pub(crate) fn packs_like(&self, other: &Product) -> bool {
        let form = |Product { plan, dtype, .. }: &Product| {
            let sizes = (plan.depth, plan.columns);
            (*dtype, sizes, plan.b, plan.may_be_packed())
        };
        form(self) == form(other)
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

/// Products of several matrices A with one B, which is packed once for all of them. Each has the bits
/// that it has alone.
#[derive(Clone, Debug)]
pub(crate) struct ProductGroup {
    products: Vec<Product>,
    column_tasks: usize,
}

impl ProductGroup {
    /// `None` if the products are not of one kind, or do not read B as it is packed.
    pub(crate) fn new(products: Vec<Product>, threads: usize) -> Option<ProductGroup> {
        let first = products.first()?;
        let alike = products.iter().all(|product| {
            let plan = &product.plan;
            let side_by_side = !plan.swapped && plan.c.column == 1 && plan.depth > 0;
            let sizes = (plan.depth, plan.columns, plan.b);
            side_by_side && sizes == (first.plan.depth, first.plan.columns, first.plan.b)
        });
        let rows = products.iter().map(|product| product.plan.rows).sum();
        let whole = Plan { rows, ..first.plan };
        let column_tasks = match threads {
            0 | 1 => 1,
            _ => (whole.work() / TASK_WORK)
                .min(threads * TASKS_OF_THREAD)
                .clamp(1, (whole.columns / LEAST_COLUMNS).max(1)),
        };
        alike.then_some(ProductGroup {
            products,
            column_tasks,
        })
    }

    /// The number of tasks that the work is cut into.
    pub(crate) fn tasks(&self) -> usize {
        self.column_tasks
    }

    /// Does one of the tasks, which may be done in any order and at the same time. `others` are A and C
    /// of each product.
    ///
    /// # Safety
    ///
    /// For each product as for [`Product::run`]; and no C may lie where any A does.
    pub(crate) unsafe fn run(&self, b: *const u8, others: &[(*const u8, *mut u8)], task: usize) {
        debug_assert_eq!(others.len(), self.products.len());
        if let [first, ..] = self.products.as_slice() {
            // SAFETY: as the caller says; the kernel was chosen by what this machine has.
            unsafe { (first.kernel.run_group)(self, b, others, task) };
        }
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
        let plan = Plan {
            rows,
            depth,
            columns,
            a,
            b,
            c,
            accumulates,
            swapped: false,
            row_tasks: 1,
            column_tasks: 1,
        };
        // The rows of C are written as vectors.
        if columns == 1 || (c.column != 1 && c.row == 1) {
            plan.swapped()
        } else {
            plan
        }
    }

    fn swapped(self) -> Plan {
        Plan {
            rows: self.columns,
            columns: self.rows,
            a: self.b.transposed(),
            b: self.a.transposed(),
            c: self.c.transposed(),
            swapped: true,
            ..self
        }
    }

    /// In multiply-adds.
    fn work(&self) -> usize {
        self.rows
            .saturating_mul(self.columns)
            .saturating_mul(self.depth)
    }

    /// Cuts the work into tasks that take about as long each, for so many threads.
    fn cut(self, threads: usize) -> Plan {
        let most = match threads {
            0 | 1 => 1,
            _ => (self.work() / TASK_WORK).clamp(1, threads * TASKS_OF_THREAD),
        };
        let most_rows = (self.rows / LEAST_ROWS).max(1);
        let most_columns = (self.columns / LEAST_COLUMNS).max(1);
        let cuts = (1..=most.min(most_rows)).map(|rows| (rows, (most / rows).min(most_columns)));
        // As many tasks as there may be; then those that pack the least, since each of them packs
        // its rows of A and its columns of B.
        let best = cuts.max_by_key(|(rows, columns)| {
            let packed = columns * self.rows + rows * self.columns;
            (rows * columns, Reverse(packed))
        });
        let (row_tasks, column_tasks) = best.unwrap_or((1, 1));
        Plan {
            row_tasks,
            column_tasks,
            ..self
        }
    }

    /// Whether a B that is packed once for many products pays.
    fn may_be_packed(&self) -> bool {
        let large = self.rows > FEW_ROWS && self.depth * self.columns >= FAR;
        !self.swapped && (large || self.packs_b())
    }

    /// Whether B is brought into the order in which it is read before it is multiplied.
    fn packs_b(&self) -> bool {
        let side_by_side = self.columns == 1 || self.b.column == 1;
        !side_by_side || self.rows > UNPACKED_ROWS
    }
}

/// Multiply-adds that make a task: some times what it costs to wake a helper.
const TASK_WORK: usize = 4 << 20;
/// More than one, so that a thread that is late does not hold up the others for long.
const TASKS_OF_THREAD: usize = 2;
const LEAST_ROWS: usize = 32;
const LEAST_COLUMNS: usize = 64;

/// Up to so many rows B is read where it lies.
const UNPACKED_ROWS: usize = 24;

/// What is multiplied at a time, so that what is packed of A and B stays in a processor's caches.
const ROWS: usize = 192;
/// This is the length of a chain too.
const DEPTH: usize = 256;
const COLUMNS: usize = 512;
/// The elements of C that are finished at a time, and the most rows of these.
const KEPT: usize = KEPT_ROWS * COLUMNS;
const KEPT_ROWS: usize = 512;
/// The elements from which on B does not stay in a processor's own caches.
const FAR: usize = 1 << 18;
/// The elements of scratch memory that this takes: for B, for A, and for C.
const SCRATCH: usize = DEPTH * COLUMNS + ROWS * DEPTH + ROWS * COLUMNS;

/// What was compiled for one instruction set and element type.
#[derive(Clone, Copy, Debug)]
struct Kernel {
    lanes: usize,
    run: unsafe fn(&Plan, Pointers, task: usize),
    run_group: unsafe fn(&ProductGroup, b: *const u8, others: &[(*const u8, *mut u8)], task: usize),
    pack: unsafe fn(&Plan, b: *const u8, packed: *mut u8),
}

/// The kernel of a vector type, with the blocks that its registers hold.
macro_rules! kernel {
    ($vector:ty $(, $feature:literal)?; $(($rows:literal, $width:literal, $packed:literal))*) => {{
        type Element = <$vector as Vector>::Element;

        $(#[target_feature(enable = $feature)])?
        unsafe fn block<const ROWS: usize, const WIDTH: usize, const PACKED: bool>(
            operands: &Operands<Element>,
            run: Run,
            vector: usize,
        ) {
            // SAFETY: as the caller says.
            unsafe { block::block::<$vector, ROWS, WIDTH, PACKED>(operands, run, vector) };
        }

        $(#[target_feature(enable = $feature)])?
        unsafe fn chained_block<const ROWS: usize, const CHAINS: usize>(
            operands: &Operands<Element>,
            run: Run,
            vector: usize,
        ) {
            // SAFETY: as the caller says.
            unsafe { block::chained_block::<$vector, ROWS, CHAINS>(operands, run, vector) };
        }

        fn of_one_chain(rows: usize, width: usize, packed: bool) -> Option<Block<Element>> {
            match (rows, width, packed) {
                $(($rows, $width, $packed) => Some(block::<$rows, $width, $packed>),)*
                _ => None,
            }
        }

        fn of_one_vector(rows: usize, chains: usize) -> Option<Block<Element>> {
            Some(match (rows, chains) {
                (1, 2) => chained_block::<1, 2>,
                (1, 3) => chained_block::<1, 3>,
                (1, 4) => chained_block::<1, 4>,
                (1, 8) => chained_block::<1, 8>,
                (2, 2) => chained_block::<2, 2>,
                (2, 3) => chained_block::<2, 3>,
                (2, 4) => chained_block::<2, 4>,
                (3, 2) => chained_block::<3, 2>,
                (3, 3) => chained_block::<3, 3>,
                (3, 4) => chained_block::<3, 4>,
                (4, 2) => chained_block::<4, 2>,
                (4, 3) => chained_block::<4, 3>,
                (4, 4) => chained_block::<4, 4>,
                _ => return None,
            })
        }

        $(#[target_feature(enable = $feature)])?
        unsafe fn run(plan: &Plan, pointers: Pointers, task: usize) {
            let blocks = Blocks { of_one_chain, of_one_vector };
            // SAFETY: as the caller says.
            unsafe { run_task::<$vector>(plan, pointers, task, blocks) };
        }

        $(#[target_feature(enable = $feature)])?
        unsafe fn run_group(
            group: &ProductGroup,
            b: *const u8,
            others: &[(*const u8, *mut u8)],
            task: usize,
        ) {
            let blocks = Blocks { of_one_chain, of_one_vector };
            // SAFETY: as the caller says.
            unsafe { run_group_task::<$vector>(group, b, others, task, blocks) };
        }

        $(#[target_feature(enable = $feature)])?
        unsafe fn pack(plan: &Plan, b: *const u8, packed: *mut u8) {
            // SAFETY: as the caller says.
            unsafe {
                pack_whole::<$vector>(plan, b.cast(), packed.cast());
            };
        }

        Kernel { lanes: <$vector>::LANES, run, run_group, pack }
    }};
    // The blocks that every vector type has.
    ($vector:ty $(, $feature:literal)? => $($more:tt)*) => {
        kernel!(
            $vector $(, $feature)?;
            (1, 1, false) (2, 1, false) (3, 1, false) (4, 1, false)
            (1, 2, false) (2, 2, false) (3, 2, false) (4, 2, false)
            (1, 3, false) (2, 3, false) (3, 3, false) (4, 3, false)
            (1, 4, false) (2, 4, false) (3, 4, false) (4, 4, false)
            (1, 5, false) (1, 6, false) (1, 7, false) (1, 8, false) $($more)*
        )
    };
}

macro_rules! avx2_kernel {
    ($vector:ty) => {
        kernel!($vector, "avx2,fma" => (5, 1, false) (6, 1, false) (5, 2, true) (6, 2, true))
    };
}

macro_rules! avx512_kernel {
    ($vector:ty) => {
        kernel!(
            $vector, "avx512f" =>
            (5, 1, false) (6, 1, false) (7, 1, false) (8, 1, false)
            (9, 1, false) (10, 1, false) (11, 1, false) (12, 1, false)
            (5, 2, true) (6, 2, true) (7, 2, true) (8, 2, true)
            (9, 2, true) (10, 2, true) (11, 2, true) (12, 2, true)
        )
    };
}

impl Kernel {
    fn choose(set: InstructionSet, dtype: DType) -> Kernel {
        #[cfg(target_arch = "x86_64")]
        use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
        let double = dtype == DType::F64;
        debug_assert!(double || dtype == DType::F32, "products are of floats");
        match (set, double) {
            (InstructionSet::Baseline, false) => kernel!(Plain<f32, 4> =>),
            (InstructionSet::Baseline, true) => kernel!(Plain<f64, 2> =>),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx2, false) => avx2_kernel!(__m256),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx2, true) => avx2_kernel!(__m256d),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx512, false) => avx512_kernel!(__m512),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx512, true) => avx512_kernel!(__m512d),
        }
    }
}

#[inline(always)]
unsafe fn run_task<V: Vector>(
    plan: &Plan,
    pointers: Pointers,
    task: usize,
    blocks: Blocks<V::Element>,
) {
    let (row_part, column_part) = (task / plan.column_tasks, task % plan.column_tasks);
    let rows = part(plan.rows, plan.row_tasks, row_part, 1);
    let columns = part(plan.columns, plan.column_tasks, column_part, 2 * V::LANES);
    let (a, b) = if plan.swapped {
        (pointers.b, pointers.a)
    } else {
        (pointers.a, pointers.b)
    };
    let mut scratch = Scratch::take(SCRATCH * size_of::<V::Element>());
    let work = Work::<V> {
        plan,
        a: a.cast(),
        b: b.cast(),
        c: pointers.c.cast(),
        b_packed: pointers.packed,
        scratch: scratch.start().cast(),
        blocks,
    };
    // SAFETY: as the caller says; the scratch memory has room for what is packed and for a part of C.
    unsafe {
        if plan.depth == 0 {
            work.clear(rows, columns);
            return;
        }
        let [most_rows, most_columns] = work.part_of_c(rows.len(), columns.len());
        for row in rows.clone().step_by(most_rows) {
            let rows = row..rows.end.min(row + most_rows);
            for column in columns.clone().step_by(most_columns) {
                let columns = column..columns.end.min(column + most_columns);
                work.multiply_part(rows.clone(), columns);
            }
        }
    }
}

#[inline(always)]
unsafe fn run_group_task<V: Vector>(
    group: &ProductGroup,
    b: *const u8,
    others: &[(*const u8, *mut u8)],
    task: usize,
    blocks: Blocks<V::Element>,
) {
    let Some(Product { plan: first, .. }) = group.products.first() else {
        return;
    };
    let columns = part(first.columns, group.column_tasks, task, 2 * V::LANES);
    let mut scratch = Scratch::take(SCRATCH * size_of::<V::Element>());
    let scratch: *mut V::Element = scratch.start().cast();
    for column in columns.clone().step_by(COLUMNS) {
        let columns = column..columns.end.min(column + COLUMNS);
        for start in (0..first.depth).step_by(DEPTH) {
            let depth = start..first.depth.min(start + DEPTH);
            // SAFETY: the ranges lie in the matrices, and the scratch memory has room for what is
            // packed of B.
            unsafe {
                pack_right::<V>(first, b.cast(), scratch, depth.clone(), columns.clone());
                let right = Right::packed::<V>(scratch, depth.len());
                for (Product { plan, .. }, (a, c)) in group.products.iter().zip(others) {
                    let work = Work::<V> {
                        plan,
                        a: a.cast(),
                        b: b.cast(),
                        c: c.cast(),
                        b_packed: false,
                        scratch,
                        blocks,
                    };
                    work.add_by(right, 0..plan.rows, depth.clone(), columns.clone(), 1);
                }
            }
        }
    }
}

/// What the parts of one task have in common.
struct Work<'a, V: Vector> {
    plan: &'a Plan,
    a: *const V::Element,
    b: *const V::Element,
    c: *mut V::Element,
    /// Whether `b` is packed, of the whole depth.
    b_packed: bool,
    /// Room for a part of B, behind it for one of A, and for one of C.
    scratch: *mut V::Element,
    blocks: Blocks<V::Element>,
}

impl<V: Vector> Work<'_, V> {
    /// How many rows and columns of C are finished at a time: what is added to more than once should stay
    /// in a processor's caches, and B must find room where it is packed for each part.
    #[inline(always)]
    fn part_of_c(&self, rows: usize, columns: usize) -> [usize; 2] {
        let plan = self.plan;
        let in_scratch = !self.b_packed && plan.packs_b() || plan.c.column != 1;
        let (most_rows, most_columns) = if plan.depth <= DEPTH {
            (rows, columns)
        } else {
            let most_columns = KEPT / rows.clamp(1, KEPT_ROWS);
            // A packed B is read by whole vectors.
            (KEPT_ROWS, most_columns / COLUMNS * COLUMNS)
        };
        let most_columns = if in_scratch { COLUMNS } else { most_columns };
        [most_rows.max(1), most_columns.max(1)]
    }

    /// Computes a part of C.
    #[inline(always)]
    unsafe fn multiply_part(&self, rows: Range<usize>, columns: Range<usize>) {
        let mut depth = 0;
        while depth < self.plan.depth {
            let chains = self.chains(&rows, &columns, depth);
            let end = self.plan.depth.min(depth + chains * DEPTH);
            // SAFETY: as the caller says.
            unsafe { self.add(rows.clone(), depth..end, columns.clone(), chains) };
            depth = end;
        }
    }

    /// How many chains from a place of the inner axis on are summed at once.
    #[inline(always)]
    fn chains(&self, rows: &Range<usize>, columns: &Range<usize>, depth: usize) -> usize {
        // The groups of a packed B end with a chain, unless there is but one.
        let goes_on = if self.b_packed {
            self.plan.columns <= V::LANES
        } else {
            !self.plan.packs_b()
        };
        let left = (self.plan.depth - depth) / DEPTH;
        if goes_on && columns.len() <= V::LANES {
            block::chains_at_once(rows.len(), left)
        } else {
            1
        }
    }

    /// Adds the products of a range of the inner axis, which is so many chains.
    #[inline(always)]
    unsafe fn add(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        columns: Range<usize>,
        chains: usize,
    ) {
        // SAFETY: the ranges lie in the matrices.
        unsafe {
            let b = self.right(depth.clone(), columns.clone());
            self.add_by(b, rows, depth, columns, chains);
        }
    }

    /// [`Work::add`], with the parts of B given.
    #[inline(always)]
    unsafe fn add_by(
        &self,
        b: Right<V::Element>,
        rows: Range<usize>,
        depth: Range<usize>,
        columns: Range<usize>,
        chains: usize,
    ) {
        let plan = self.plan;
        let held = match (depth.start, plan.accumulates) {
            (0, false) => Held::Overwritten,
            (0, true) => Held::Continued,
            (_, _) => Held::Added,
        };
        // SAFETY: the ranges lie in the matrices.
        unsafe {
            let packs_a = plan.rows > FEW_ROWS && plan.columns > V::LANES;
            for row in rows.clone().step_by(ROWS) {
                let count = (rows.end - row).min(ROWS);
                let from = plan.a.at(self.a, row, depth.start);
                let a = if packs_a {
                    Left::Packed(self.pack_left(from, count, depth.len()))
                } else {
                    Left::Strided {
                        start: from,
                        row: plan.a.row,
                        depth: plan.a.column,
                    }
                };
                let operands = Operands {
                    rows: count,
                    depth: depth.len(),
                    columns: columns.len(),
                    a,
                    b,
                    c: plan.c.at(self.c, row, columns.start).cast_mut(),
                    c_row: plan.c.row,
                    held,
                    far: b.is_packed::<V>() && plan.depth * plan.columns >= FAR,
                    chains,
                };
                self.multiply(&operands);
            }
        }
    }

    /// Multiplies, by way of a copy of C where its columns do not lie side by side.
    #[inline(always)]
    unsafe fn multiply(&self, operands: &Operands<V::Element>) {
        let strides = self.plan.c;
        // SAFETY: as the caller says; there is room for the copy behind what is packed.
        unsafe {
            if strides.column == 1 {
                return block::multiply::<V>(operands, self.blocks);
            }
            let copy = self.scratch.add(DEPTH * (COLUMNS + ROWS));
            let side_by_side = Strides {
                row: COLUMNS as isize,
                column: 1,
            };
            let sizes = [operands.rows, operands.columns];
            if operands.held != Held::Overwritten {
                pack::copy((operands.c, strides), (copy, side_by_side), sizes);
            }
            let c_row = side_by_side.row;
            block::multiply::<V>(
                &Operands {
                    c: copy,
                    c_row,
                    ..*operands
                },
                self.blocks,
            );
            pack::copy((copy, side_by_side), (operands.c, strides), sizes);
        }
    }

    /// B as vectors.
    #[inline(always)]
    unsafe fn right(&self, depth: Range<usize>, columns: Range<usize>) -> Right<V::Element> {
        let (plan, lanes) = (self.plan, V::LANES);
        // SAFETY: the ranges lie in the matrix. Ranges of columns begin with a vector, and are not
        // longer than there is room for.
        unsafe {
            if self.b_packed {
                let padded = plan.columns.next_multiple_of(lanes);
                let start = depth.start * padded + columns.start * depth.len();
                Right::packed::<V>(self.b.add(start), depth.len())
            } else if plan.packs_b() {
                pack_right::<V>(plan, self.b, self.scratch, depth.clone(), columns);
                Right::packed::<V>(self.scratch, depth.len())
            } else {
                let start = plan.b.at(self.b, depth.start, columns.start);
                Right {
                    start,
                    depth: plan.b.row,
                    vector: lanes as isize,
                }
            }
        }
    }

    /// Packs rows of A, whose first element is given.
    #[inline(always)]
    unsafe fn pack_left(
        &self,
        from: *const V::Element,
        rows: usize,
        depth: usize,
    ) -> *const V::Element {
        let strides = self.plan.a.transposed();
        // SAFETY: the rows lie in the matrix, and there is room for them behind B.
        unsafe {
            let start = self.scratch.add(DEPTH * COLUMNS);
            for run in block::runs(rows, V::ROWS) {
                if strides.column == 1 {
                    let (from, to) = (from.add(run.start), start.add(run.start * depth));
                    let sizes = [depth, run.chunks * run.length];
                    let widths = [run.length; 2];
                    pack::lay_out_groups::<V>((from, strides.row), to, sizes, widths);
                    continue;
                }
                for first in run.starts() {
                    let from = strides.at(from, 0, first);
                    let to = start.add(first * depth);
                    pack::lay_out((from, strides), to, [depth, run.length], run.length);
                }
            }
            start
        }
    }

    /// Fills a part of C with zeros, unless it is to be kept.
    #[inline(always)]
    unsafe fn clear(&self, rows: Range<usize>, columns: Range<usize>) {
        if self.plan.accumulates {
            return;
        }
        // SAFETY: the ranges lie in C.
        unsafe {
            let c = self.plan.c.at(self.c, rows.start, columns.start).cast_mut();
            pack::clear((c, self.plan.c), [rows.len(), columns.len()]);
        }
    }
}

/// Packs B: what belongs to one chain behind the other, of each the columns in groups of a vector's
/// lanes. So a product reads it from the first element to the last.
#[inline(always)]
unsafe fn pack_whole<V: Vector>(plan: &Plan, b: *const V::Element, packed: *mut V::Element) {
    for start in (0..plan.depth).step_by(DEPTH) {
        let depth = start..plan.depth.min(start + DEPTH);
        // SAFETY: the caller has room for all of B.
        unsafe {
            let packed = packed.add(start * plan.columns.next_multiple_of(V::LANES));
            pack_right::<V>(plan, b, packed, depth, 0..plan.columns);
        }
    }
}

/// Packs ranges of B, the columns in groups of a vector's lanes.
#[inline(always)]
unsafe fn pack_right<V: Vector>(
    plan: &Plan,
    b: *const V::Element,
    packed: *mut V::Element,
    depth: Range<usize>,
    columns: Range<usize>,
) {
    if plan.b.column == 1 {
        let sizes = [depth.len(), columns.len()];
        // SAFETY: the ranges lie in the matrix, and the caller has room for whole vectors.
        unsafe {
            let from = plan.b.at(b, depth.start, columns.start);
            pack::lay_out_groups::<V>((from, plan.b.row), packed, sizes, [V::LANES; 2]);
        }
        return;
    }
    for (group, column) in columns.clone().step_by(V::LANES).enumerate() {
        let count = (columns.end - column).min(V::LANES);
        // SAFETY: the ranges lie in the matrix, and the caller has room for whole vectors.
        unsafe {
            let from = plan.b.at(b, depth.start, column);
            let to = packed.add(group * depth.len() * V::LANES);
            pack::lay_out((from, plan.b), to, [depth.len(), count], V::LANES);
        }
    }
}

/// The range of one of the parts of an axis, which is cut at multiples of `grain`.
fn part(length: usize, parts: usize, number: usize, grain: usize) -> Range<usize> {
    let grains = length.div_ceil(grain);
    let at = |number: usize| (grains * number / parts * grain).min(length);
    at(number)..at(number + 1)
}
