//! Products of matrices, `C = A·B` and `C += A·B`.
//!
//! Every element of C is a sum of chains, one for each 256 places of the inner axis (`work.rs`). A chain
//! is of multiply-adds in the order of that axis, the first one from 0 or from what C holds, the others
//! from 0; and the chains are added up in that order, each sum below the normal numbers as 0. So it is
//! in blocks of every size alike (`block.rs`): the bits of an element depend on its row of A and its column of B alone, not on the
//! other rows, not on the cut into tasks, not on what was packed.

#![allow(
    unsafe_code,
    reason = "matrices with strides, and instructions that not every processor has"
)]

mod block;
mod kernel;
mod pack;
mod plan;
#[cfg(test)]
mod tests;
mod vector;
mod work;

use aqueduct_graph::DType;

use block::Held;
use kernel::Kernel;
use plan::Plan;
use vector::InstructionSet;
use work::Pointers;

use crate::kernels::table::is_aligned;

/// The places of the inner axis that one chain takes.
pub(crate) use work::DEPTH as CHAIN;

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

    pub(super) fn transposed(self) -> Strides {
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
            plan: Plan::new(
                sizes,
                strides,
                if accumulates {
                    Held::Continued
                } else {
                    Held::Overwritten
                },
            ),
            dtype,
            kernel: Kernel::choose(set, dtype),
        }
    }

    /// The same product, of which every chain begins from 0 and is added to what C holds: so a product
    /// over a long inner axis can be made of products over parts of it that are multiples of
    /// [`CHAIN`], with the same bits.
    pub(crate) fn added(self) -> Product {
        let start = Held::Added;
        let plan = Plan { start, ..self.plan };
        Product { plan, ..self }
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
        debug_assert!(
            [a, b, c].map(|start| is_aligned(start, self.dtype)) == [true; 3],
            "a matrix is not aligned for its elements"
        );
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
        pays.then(|| self.packed_size())
    }

    /// The bytes that B takes in its packed form.
    pub(super) fn packed_size(&self) -> usize {
        let columns = self.plan.columns.next_multiple_of(self.kernel.lanes);
        columns * self.plan.depth * self.dtype.width()
    }

    /// The bytes of an element.
    pub(super) fn width(&self) -> usize {
        self.dtype.width()
    }

    /// Of A, B and C: the rows and the columns, and how far apart they lie.
    pub(super) fn axes(&self) -> [[(usize, isize); 2]; 3] {
        let Plan {
            rows,
            depth,
            columns,
            a,
            b,
            c,
            swapped,
            ..
        } = self.plan;
        let axes = |Strides { row, column }: Strides, sizes: [usize; 2]| {
            [(sizes[0], row), (sizes[1], column)]
        };
        let left = axes(a, [rows, depth]);
        let right = axes(b, [depth, columns]);
        let [a, b] = if swapped {
            [right, left]
        } else {
            [left, right]
        };
        [a, b, axes(c, [rows, columns])]
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
        alike.then_some(ProductGroup {
            column_tasks: whole.cut_by_columns(threads),
            products,
        })
    }

    pub(super) fn products(&self) -> &[Product] {
        &self.products
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
