//! Tables of addresses: where the operands of a program's steps are.

#![allow(
    unsafe_code,
    reason = "operands of several types lie in one block of memory; see the SAFETY comments"
)]

use std::ops::Range;

use aqueduct_graph::DType;

use crate::kernels::{Slice, SliceMut};

/// A place in memory: so many bytes after the start of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) base: usize,
    pub(crate) offset: usize,
}

impl Address {
    pub(crate) fn plus(self, bytes: usize) -> Address {
        Address {
            base: self.base,
            offset: self.offset.wrapping_add(bytes),
        }
    }

    pub(crate) fn moved(self, bytes: isize) -> Address {
        Address {
            base: self.base,
            offset: self.offset.wrapping_add_signed(bytes),
        }
    }
}

/// The first element of an operand, and how many bytes of its base the operand may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) first: Address,
    /// Before the first element.
    pub(crate) before: usize,
    /// From the first element on.
    pub(crate) after: usize,
}

impl Reach {
    /// What an operand of these sizes and strides, in elements, reaches. More than a number can say is
    /// more than any base has, so that the table refuses it.
    pub(crate) fn new(first: Address, dtype: DType, sizes: &[usize], strides: &[isize]) -> Reach {
        let mut reach = Reach {
            first,
            before: 0,
            after: 0,
        };
        if sizes.contains(&0) {
            return reach;
        }
        for (size, stride) in sizes.iter().zip(strides) {
            let steps = (size - 1).saturating_mul(stride.unsigned_abs());
            let side = if *stride < 0 {
                &mut reach.before
            } else {
                &mut reach.after
            };
            *side = side.saturating_add(steps.saturating_mul(dtype.width()));
        }
        reach.after = reach.after.saturating_add(dtype.width());
        reach
    }

    /// So many bytes from an address on.
    pub(crate) fn of_bytes(first: Address, bytes: usize) -> Reach {
        Reach {
            first,
            before: 0,
            after: bytes,
        }
    }
}

impl From<Span> for Reach {
    fn from(span: Span) -> Reach {
        Reach::of_bytes(span.first, span.bytes())
    }
}

/// Elements that lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Address,
    pub(crate) elements: usize,
    pub(crate) dtype: DType,
}

impl Span {
    /// Some of the elements.
    pub(crate) fn part(&self, elements: Range<usize>) -> Span {
        assert!(
            elements.start <= elements.end && elements.end <= self.elements,
            "a part of a span lies outside of it: {elements:?} of {self:?}"
        );
        Span {
            first: self.first.plus(elements.start * self.dtype.width()),
            elements: elements.len(),
            dtype: self.dtype,
        }
    }

    /// The bytes of the elements; of more than a number can say, more than any base has.
    pub(crate) fn bytes(&self) -> usize {
        self.elements.saturating_mul(self.dtype.width())
    }
}

/// A block of memory.
#[derive(Clone, Copy, Debug)]
struct Base {
    start: *mut u8,
    bytes: usize,
    access: Access,
}

/// What may be done with a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// The bases of a program, by number.
///
/// What makes the slices and addresses that it gives sound:
///
/// - **Bound.** The memory of a base stays where it is for as long as steps run on the table; what is
///   bound to be written belongs to the program alone, and what is bound to be read is written by nobody.
///   Whoever binds it vouches for that ([`Table::bind_mut`], [`Table::bind_slice`]).
/// - **Within.** Whatever is touched lies in its base, and what is written in one that may be written.
///   The table checks that each time.
/// - **Apart.** What a step writes shares no element with what it reads, but for element-wise work in
///   place; and what runs at one time on several threads shares no byte that one of them writes. The
///   planner sees to it (`engine::lower`), and debug builds check it (`apart`, `engine::races`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    bases: Vec<Base>,
}

// SAFETY: the table is addresses alone, of memory that is bound to no thread: numbers and truth values.
// It is used by those threads only that have a part of the run which has bound it.
unsafe impl Send for Table {}
// SAFETY: a shared table does not change. Steps that run at once on several threads reach memory
// through it which one of them writes only if it is no other's: the table's rule of *apart*.
unsafe impl Sync for Table {}

impl Table {
    /// Makes room for so many bases, all without memory.
    pub(crate) fn reset(&mut self, count: usize) {
        self.bases.clear();
        self.bases.resize(
            count,
            Base {
                start: std::ptr::null_mut(),
                bytes: 0,
                access: Access::Read,
            },
        );
    }

    /// Takes over all bases of another table, in memory that this one has already.
    pub(crate) fn copy_from(&mut self, other: &Table) {
        self.bases.clone_from(&other.bases);
    }

    /// Binds a base to memory that is written. The memory must stay where it is, and belong to the
    /// program alone, for as long as steps run on the table.
    pub(crate) fn bind_mut(&mut self, base: usize, memory: SliceMut<'_>) {
        let (start, bytes) = memory.into_bytes();
        self.bind(
            base,
            Base {
                start,
                bytes,
                access: Access::Write,
            },
        );
    }

    /// Binds a base to memory that is only read. It must stay where it is, and not be written by
    /// anybody, for as long as steps run on the table.
    pub(crate) fn bind_slice(&mut self, base: usize, memory: Slice<'_>) {
        let (start, bytes) = memory.as_bytes();
        self.bind(
            base,
            Base {
                start: start.cast_mut(),
                bytes,
                access: Access::Read,
            },
        );
    }

    fn bind(&mut self, base: usize, to: Base) {
        if let Some(place) = self.bases.get_mut(base) {
            *place = to;
        }
    }

    /// Binds a base to a part of another one.
    #[inline]
    pub(crate) fn bind_part(&mut self, base: usize, at: Address, bytes: usize) {
        let whole = self.bases[at.base];
        if bytes == 0 {
            self.bases[base] = Base { bytes, ..whole };
            return;
        }
        assert!(
            at.offset <= whole.bytes && bytes <= whole.bytes - at.offset,
            "a part of a base lies outside of it"
        );
        self.bases[base] = Base {
            start: whole.start.wrapping_add(at.offset),
            bytes,
            access: whole.access,
        };
    }

    /// Binds a base to what another one is bound to.
    #[inline]
    pub(crate) fn rebind(&mut self, base: usize, like: usize) {
        self.bases[base] = self.bases[like];
    }

    /// Whether a base has memory.
    pub(crate) fn is_bound(&self, base: usize) -> bool {
        self.bases
            .get(base)
            .is_some_and(|base| !base.start.is_null())
    }

    /// The address of the first element of what is read.
    #[inline]
    pub(crate) fn read(&self, reach: &Reach) -> *const u8 {
        self.pointer(reach).cast_const()
    }

    /// The address of the first element of what is written.
    #[inline]
    pub(crate) fn write(&self, reach: &Reach) -> *mut u8 {
        assert!(
            reach.after == 0 || self.bases[reach.first.base].access == Access::Write,
            "a result lies in memory that is only read: {reach:?}"
        );
        self.pointer(reach)
    }

    #[inline]
    fn pointer(&self, reach: &Reach) -> *mut u8 {
        let base = self.bases[reach.first.base];
        if reach.after == 0 {
            // Nothing is touched, wherever it would begin.
            return base.start;
        }
        let offset = reach.first.offset;
        assert!(
            reach.before <= offset && offset <= base.bytes && reach.after <= base.bytes - offset,
            "an operand reaches outside of its base: {reach:?} of {} bytes",
            base.bytes
        );
        base.start.wrapping_add(offset)
    }

    /// The elements of a span, which nobody may write while the slice lives.
    pub(crate) fn slice(&self, span: Span) -> Slice<'_> {
        if span.elements == 0 {
            return Slice::empty(span.dtype);
        }
        let start = self.read(&Reach::from(span));
        debug_assert!(is_aligned(start, span.dtype), "{span:?} is not aligned");
        // SAFETY: the bytes lie in a base (`read`) whose memory the program has for as long as the
        // table is borrowed, and are aligned, since bases begin with a cache line or a whole value and
        // buffers with a cache line. What has been written there were elements of this type: a step
        // that reads a value runs after the one that makes it (`engine::verify`). Nobody writes there
        // meanwhile, by the table's rule of *apart*.
        unsafe { Slice::from_raw(start, span.elements, span.dtype) }
    }

    /// The elements of a span, to be written; nobody else may look at them while the slice lives. Of
    /// truth values all are false at first: another type's elements may have been in their place.
    pub(crate) fn slice_mut(&self, span: Span) -> SliceMut<'_> {
        if span.elements == 0 {
            return SliceMut::empty(span.dtype);
        }
        let reach = Reach::from(span);
        let start = self.write(&reach);
        debug_assert!(is_aligned(start, span.dtype), "{span:?} is not aligned");
        if span.dtype == DType::Bool {
            // SAFETY: the bytes lie in a base that may be written (`write`).
            unsafe { start.write_bytes(0, reach.after) };
        }
        // SAFETY: the bytes lie in a base that may be written (`write`), and are aligned as in `slice`.
        // They hold what is valid: every type but `bool` has a value for all bits. Nobody else
        // reaches them meanwhile, by the table's rule of *apart*.
        unsafe { SliceMut::from_raw(start, span.elements, span.dtype) }
    }

    /// Whether a span shares a byte with one of others. What has no memory shares none: an operand of a
    /// branch that is not taken may be a variable without a value.
    pub(crate) fn meets_any<'s>(
        &self,
        span: Span,
        others: impl IntoIterator<Item = &'s Span>,
    ) -> bool {
        let there = |other: &&Span| other.elements > 0 && self.is_bound(other.first.base);
        let mut others = others.into_iter().filter(there);
        span.elements > 0
            && others.any(|other| self.overlap(Reach::from(span), Reach::from(*other)))
    }

    /// Whether what two operands reach has a byte in common.
    pub(super) fn overlap(&self, a: Reach, b: Reach) -> bool {
        let [first, second] = [&a, &b].map(|reach| {
            let at = self.address(reach);
            at - reach.before..at + reach.after
        });
        first.start < second.end && second.start < first.end
    }

    /// Where the first element of an operand is, as a number.
    pub(super) fn address(&self, reach: &Reach) -> usize {
        self.pointer(reach).addr()
    }

    /// Copies the first bytes of a base.
    pub(crate) fn copy_bytes(&self, from: usize, to: Address, bytes: usize) {
        let from = Address {
            base: from,
            offset: 0,
        };
        let from = self.read(&Reach::of_bytes(from, bytes));
        let to = self.write(&Reach::of_bytes(to, bytes));
        // SAFETY: both ranges lie within their bases, of which the second may be written; `copy` allows
        // them to overlap.
        unsafe { std::ptr::copy(from, to, bytes) };
    }

    /// The integer of a span of one.
    pub(crate) fn integer(&self, span: Span) -> Option<i64> {
        match self.slice(span) {
            Slice::I32([value]) => Some(i64::from(*value)),
            Slice::I64([value]) => Some(*value),
            Slice::I32(_)
            | Slice::I64(_)
            | Slice::F32(_)
            | Slice::F64(_)
            | Slice::U8(_)
            | Slice::Bool(_) => None,
        }
    }

    /// Sets bytes to zero: zeros of every type, or `false`.
    pub(crate) fn clear_bytes(&self, at: Address, bytes: usize) {
        let to = self.write(&Reach::of_bytes(at, bytes));
        // SAFETY: the range lies within its base, which may be written.
        unsafe { to.write_bytes(0, bytes) };
    }
}

/// Whether an address is one where elements of this type may begin.
pub(super) fn is_aligned(start: *const u8, dtype: DType) -> bool {
    start.addr().is_multiple_of(dtype.width())
}
