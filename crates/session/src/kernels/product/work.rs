//! The work of one task: which parts of the matrices are packed and multiplied, in which order.

use std::cell::Cell;
use std::ops::Range;

use super::block::{self, Blocks, FEW_ROWS, Held, Left, Operands, Right};
use super::pack;
use super::plan::{FAR, Plan};
use super::vector::Vector;
use super::{Product, ProductGroup, Strides};
use crate::kernels::scratch::{Line, Scratch};

thread_local! {
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// The matrices of a product.
#[derive(Clone, Copy)]
pub(super) struct Pointers {
    pub(super) a: *const u8,
    pub(super) b: *const u8,
    pub(super) c: *mut u8,
    pub(super) packed: bool,
}

/// What is multiplied at a time, so that what is packed of A and B stays in a processor's caches.
const ROWS: usize = 192;
/// This is the length of a chain too.
pub(crate) const DEPTH: usize = 256;
const COLUMNS: usize = 512;
/// The elements of C that are finished at a time, and the most rows of these.
const FINISHED: usize = FINISHED_ROWS * COLUMNS;
const FINISHED_ROWS: usize = 512;
/// The elements of scratch memory that this takes: for B, for A, and for C.
const SCRATCH: usize = DEPTH * COLUMNS + ROWS * DEPTH + ROWS * COLUMNS;

/// Does one of the tasks of a product.
///
/// # Safety
///
/// The pointers are as for [`Product::run`], or for [`Product::run_packed`] if `packed`; the instruction
/// set of the vectors and the blocks is there.
#[inline(always)]
pub(super) unsafe fn run_task<V: Vector>(
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
    let mut scratch = Scratch::take(&KEPT, SCRATCH * size_of::<V::Element>());
    let work = Work::<V> {
        plan,
        a: a.cast(),
        b: b.cast(),
        c: pointers.c.cast(),
        b_packed: pointers.packed,
        scratch: scratch.start().cast(),
        blocks,
    };
    // SAFETY: the parts of the axes lie in the matrices, which are as the caller says; the scratch memory
    // has room for what is packed and for a part of C.
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

/// Does one of the tasks of products with one right operand.
///
/// # Safety
///
/// The pointers are as for [`ProductGroup::run`]; the instruction set of the vectors and the blocks is
/// there.
#[inline(always)]
pub(super) unsafe fn run_group_task<V: Vector>(
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
    let mut scratch = Scratch::take(&KEPT, SCRATCH * size_of::<V::Element>());
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
///
/// The unsafe methods have one contract: the matrices are as for [`run_task`], the ranges that are given
/// lie in them, and `scratch` is good for [`SCRATCH`] elements, which nothing else uses meanwhile.
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
            let most_columns = FINISHED / rows.clamp(1, FINISHED_ROWS);
            // A packed B is read by whole vectors.
            (FINISHED_ROWS, most_columns / COLUMNS * COLUMNS)
        };
        let most_columns = if in_scratch { COLUMNS } else { most_columns };
        [most_rows.max(1), most_columns.max(1)]
    }

    /// Computes a part of C.
    ///
    /// # Safety
    ///
    /// As of [`Work`].
    #[inline(always)]
    unsafe fn multiply_part(&self, rows: Range<usize>, columns: Range<usize>) {
        let mut depth = 0;
        while depth < self.plan.depth {
            let chains = self.chains(&rows, &columns, depth);
            let end = self.plan.depth.min(depth + chains * DEPTH);
            // SAFETY: the range of the inner axis ends with it; the others are the caller's.
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
    ///
    /// # Safety
    ///
    /// As of [`Work`].
    #[inline(always)]
    unsafe fn add(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        columns: Range<usize>,
        chains: usize,
    ) {
        // SAFETY: the ranges are the caller's.
        unsafe {
            let b = self.right(depth.clone(), columns.clone());
            self.add_by(b, rows, depth, columns, chains);
        }
    }

    /// [`Work::add`], with the parts of B given.
    ///
    /// # Safety
    ///
    /// As of [`Work`]; and `b` is that range of B.
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
        let held = if depth.start == 0 {
            plan.start
        } else {
            Held::Added
        };
        // SAFETY: the rows that are taken at a time lie in the caller's range, and are no more than there is
        // room for.
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
    ///
    /// # Safety
    ///
    /// As of [`Work`], of the matrices that the operands are.
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
            debug_assert!(
                sizes[0] <= ROWS && sizes[1] <= COLUMNS,
                "no room to copy {sizes:?} of C"
            );
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
    ///
    /// # Safety
    ///
    /// As of [`Work`].
    #[inline(always)]
    unsafe fn right(&self, depth: Range<usize>, columns: Range<usize>) -> Right<V::Element> {
        let (plan, lanes) = (self.plan, V::LANES);
        // SAFETY: the ranges lie in the matrix. Ranges of columns begin with a vector, and are not
        // longer than there is room for.
        unsafe {
            if self.b_packed {
                debug_assert!(
                    columns.start.is_multiple_of(lanes) && depth.start.is_multiple_of(DEPTH),
                    "B is packed by whole vectors and chains"
                );
                let padded = plan.columns.next_multiple_of(lanes);
                let start = depth.start * padded + columns.start * depth.len();
                Right::packed::<V>(self.b.add(start), depth.len())
            } else if plan.packs_b() {
                debug_assert!(
                    depth.len() <= DEPTH && columns.len() <= COLUMNS,
                    "no room to pack {depth:?} x {columns:?} of B"
                );
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
    ///
    /// # Safety
    ///
    /// As of [`Work`].
    #[inline(always)]
    unsafe fn pack_left(
        &self,
        from: *const V::Element,
        rows: usize,
        depth: usize,
    ) -> *const V::Element {
        let strides = self.plan.a.transposed();
        debug_assert!(
            rows * depth <= ROWS * DEPTH,
            "no room to pack {rows} x {depth} of A"
        );
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
    ///
    /// # Safety
    ///
    /// As of [`Work`].
    #[inline(always)]
    unsafe fn clear(&self, rows: Range<usize>, columns: Range<usize>) {
        if self.plan.start != Held::Overwritten {
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
///
/// # Safety
///
/// As for [`Product::pack`]; the instruction set of the vectors is there.
#[inline(always)]
pub(super) unsafe fn pack_whole<V: Vector>(
    plan: &Plan,
    b: *const V::Element,
    packed: *mut V::Element,
) {
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
///
/// # Safety
///
/// The ranges lie in B, which is good for reads; `packed` is good for writes of as many rows of whole
/// vectors, and overlaps nothing of it. The instruction set of the vectors is there.
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
