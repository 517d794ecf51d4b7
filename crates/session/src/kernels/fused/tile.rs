//! Primitives over tiles: runs of consecutive elements, whose types the caller alone knows.

#![allow(
    unsafe_code,
    reason = "tiles of different element types lie in one block of memory; see the SAFETY comments"
)]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::slice;

use aqueduct_graph::DType;

use super::level::Level;
use crate::kernels::Typed;
use crate::kernels::elementwise;
use crate::kernels::primitive::{Maker, Unsupported};

/// A primitive made for element types and a level of the CPU.
pub(super) type TileKernel = Box<dyn OverTiles>;

/// What computes a tile of a result from tiles of the operands.
pub(super) trait OverTiles: Send + Sync {
    /// # Safety
    ///
    /// With `n` operands, the first `n` pointers are to `length` elements each, of the types that
    /// this was made for and aligned for them. `out` is aligned for the result's type, valid for
    /// writes of `length` elements of it, and overlaps no operand. `length` is at least
    /// [`LANES`](super::lanes::LANES).
    unsafe fn run(&self, out: *mut u8, operands: [*const u8; 3], length: usize);
}

/// Makes tile kernels for a level of the CPU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles(pub(super) Level);

impl Maker for Tiles {
    type Made = TileKernel;

    fn map<A: Typed, U: Typed>(
        self,
        f: impl Fn(A) -> U + Copy + Send + Sync + 'static,
    ) -> TileKernel {
        Box::new(Map(Applied::new(self.0, f)))
    }

    fn pairs<A: Typed, U: Typed>(
        self,
        f: impl Fn(A, A) -> U + Copy + Send + Sync + 'static,
    ) -> TileKernel {
        Box::new(Pairs(Applied::new(self.0, f)))
    }

    fn select<T: Typed>(self) -> TileKernel {
        Box::new(Select::<T>(Applied::new(self.0, ())))
    }
}

/// A function applied at a level: its operands are of type `A`, its results of type `U`.
struct Applied<A, U, F> {
    level: Level,
    f: F,
    types: PhantomData<fn(A) -> U>,
}

impl<A, U, F> Applied<A, U, F> {
    fn new(level: Level, f: F) -> Applied<A, U, F> {
        Applied {
            level,
            f,
            types: PhantomData,
        }
    }
}

struct Map<A, U, F>(Applied<A, U, F>);

impl<A: Typed, U: Typed, F: Fn(A) -> U + Copy + Send + Sync> OverTiles for Map<A, U, F> {
    unsafe fn run(&self, out: *mut u8, [a, _, _]: [*const u8; 3], length: usize) {
        // SAFETY: `length` elements each, of which `out` overlaps none: so the caller promises.
        let (out, a) = unsafe { (result(out, length), operand(a, length)) };
        self.0.level.map(out, a, self.0.f);
    }
}

struct Pairs<A, U, F>(Applied<A, U, F>);

impl<A: Typed, U: Typed, F: Fn(A, A) -> U + Copy + Send + Sync> OverTiles for Pairs<A, U, F> {
    unsafe fn run(&self, out: *mut u8, [a, b, _]: [*const u8; 3], length: usize) {
        // SAFETY: `length` elements each, of which `out` overlaps none: so the caller promises.
        let (out, a, b) = unsafe { (result(out, length), operand(a, length), operand(b, length)) };
        self.0.level.pairs(out, a, b, self.0.f);
    }
}

struct Select<T>(Applied<T, T, ()>);

impl<T: Typed> OverTiles for Select<T> {
    unsafe fn run(&self, out: *mut u8, [condition, a, b]: [*const u8; 3], length: usize) {
        // SAFETY: `length` elements each, of which `out` overlaps none: so the caller promises.
        let (out, condition) = unsafe { (result(out, length), operand(condition, length)) };
        // SAFETY: the same holds for the other operands.
        let (a, b) = unsafe { (operand::<T>(a, length), operand(b, length)) };
        self.0
            .level
            .choices(out, condition, a, b, elementwise::select::<T>);
    }
}

/// An operand of a primitive that the expression does not allow; its result is left as it is.
struct Nothing;

impl OverTiles for Nothing {
    unsafe fn run(&self, _: *mut u8, _: [*const u8; 3], _: usize) {}
}

impl Unsupported for TileKernel {
    fn unsupported(dtype: DType) -> TileKernel {
        debug_assert!(false, "an expression has a primitive that {dtype} has not");
        Box::new(Nothing)
    }
}

/// # Safety
///
/// The pointer is to `length` elements of type `T`, aligned for it, to which nothing writes while
/// the slice lives.
#[inline(always)]
unsafe fn operand<'a, T>(start: *const u8, length: usize) -> &'a [T] {
    // SAFETY: as the caller promises.
    unsafe { slice::from_raw_parts(start.cast(), length) }
}

/// # Safety
///
/// The pointer is valid for writes of `length` elements of type `T` and aligned for it, and nothing
/// else is done with them while the slice lives.
#[inline(always)]
unsafe fn result<'a, T>(start: *mut u8, length: usize) -> &'a mut [MaybeUninit<T>] {
    // SAFETY: as the caller promises; elements that may be uninitialized need no valid bits.
    unsafe { slice::from_raw_parts_mut(start.cast(), length) }
}
