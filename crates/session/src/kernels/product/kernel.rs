//! Products compiled for each instruction set.

use aqueduct_graph::DType;

use super::ProductGroup;
use super::block::{self, Block, Blocks, Operands, Run};
use super::plan::Plan;
use super::vector::{InstructionSet, Plain, Vector};
use super::work::{Pointers, pack_whole, run_group_task, run_task};

/// What was compiled for one instruction set and element type.
///
/// The functions have the contracts of [`run_task`], [`run_group_task`] and [`pack_whole`]; that the
/// instruction set is there, `Product::new` sees to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) lanes: usize,
    pub(super) run: unsafe fn(&Plan, Pointers, task: usize),
    pub(super) run_group:
        unsafe fn(&ProductGroup, b: *const u8, others: &[(*const u8, *mut u8)], task: usize),
    pub(super) pack: unsafe fn(&Plan, b: *const u8, packed: *mut u8),
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
            // SAFETY: this has the same contract, and is compiled for the instruction set.
            unsafe { block::block::<$vector, ROWS, WIDTH, PACKED>(operands, run, vector) };
        }

        $(#[target_feature(enable = $feature)])?
        unsafe fn chained_block<const ROWS: usize, const CHAINS: usize>(
            operands: &Operands<Element>,
            run: Run,
            vector: usize,
        ) {
            // SAFETY: this has the same contract, and is compiled for the instruction set.
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
            // SAFETY: this has the same contract, and is compiled for the instruction set.
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
            // SAFETY: this has the same contract, and is compiled for the instruction set.
            unsafe { run_group_task::<$vector>(group, b, others, task, blocks) };
        }

        $(#[target_feature(enable = $feature)])?
        unsafe fn pack(plan: &Plan, b: *const u8, packed: *mut u8) {
            // SAFETY: this has the same contract, and is compiled for the instruction set.
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
    pub(super) fn choose(set: InstructionSet, dtype: DType) -> Kernel {
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
