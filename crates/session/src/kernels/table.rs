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
    /// What an operand of these sizes and strides, in elements, reaches.
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
            let bytes = (size - 1) * stride.unsigned_abs() * dtype.width();
            if *stride < 0 {
                reach.before += bytes;
            } else {
                reach.after += bytes;
            }
        }
        reach.after += dtype.width();
        reach
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
        Span {
            first: self.first.plus(elements.start * self.dtype.width()),
            elements: elements.len(),
            dtype: self.dtype,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.elements * self.dtype.width()
    }
}

/// A block of memory.
#[derive(Clone, Copy, Debug)]
struct Base {
    start: *mut u8,
    bytes: usize,
}

/// The bases of a program, by number.
///
/// Whoever binds a base vouches for its memory: see [`Table::bind`]. What a step may touch is checked
/// against it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    bases: Vec<Base>,
}

// SAFETY: the table is addresses alone. Steps that run at once on several threads write disjoint
// memory; the planner sees to that (`engine::lower`).
unsafe impl Send for Table {}
// SAFETY: as above.
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
        self.bind(base, start, bytes);
    }

    /// Binds a base to memory that is only read. It must stay where it is, and not be written by
    /// anybody, for as long as steps run on the table.
    pub(crate) fn bind(&mut self, base: usize, start: *mut u8, bytes: usize) {
        if let Some(place) = self.bases.get_mut(base) {
            *place = Base { start, bytes };
        }
    }

    /// Binds a base to memory that is only read.
    pub(crate) fn bind_slice(&mut self, base: usize, memory: Slice<'_>) {
        let (start, bytes) = memory.as_bytes();
        self.bind(base, start.cast_mut(), bytes);
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

    /// The address of an operand's first element.
    #[inline]
    pub(crate) fn pointer(&self, reach: &Reach) -> *mut u8 {
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

    fn start(&self, span: Span) -> *mut u8 {
        self.pointer(&Reach {
            first: span.first,
            before: 0,
            after: span.bytes(),
        })
    }

    /// The elements of a span, which nobody may write while the slice lives.
    pub(crate) fn slice<'a>(&self, span: Span) -> Slice<'a> {
        if span.elements == 0 {
            return Slice::empty(span.dtype);
        }
        // SAFETY: `start` has checked that the bytes lie within the base. The planner lets memory of
        // `bool`s hold nothing else, and every other element type has a value for all bits. Spans of
        // one step that is running are not written by any other (`engine::lower`).
        unsafe { Slice::from_raw(self.start(span), span.elements, span.dtype) }
    }

    /// The elements of a span, to be written; nobody else may look at them while the slice lives.
    pub(crate) fn slice_mut<'a>(&self, span: Span) -> SliceMut<'a> {
        if span.elements == 0 {
            return SliceMut::empty(span.dtype);
        }
        // SAFETY: as in `slice`; the caller has checked that the span overlaps no other of its step.
        unsafe { SliceMut::from_raw(self.start(span), span.elements, span.dtype) }
    }

    /// Whether two spans share a byte.
    pub(super) fn overlap(&self, a: Span, b: Span) -> bool {
        let (first, second) = (self.start(a) as usize, self.start(b) as usize);
        first < second + b.bytes() && second < first + a.bytes()
    }

    /// Copies the first bytes of a base.
    pub(crate) fn copy_bytes(&self, from: usize, to: Address, bytes: usize) {
        let reach = |first| Reach {
            first,
            before: 0,
            after: bytes,
        };
        let from = Address {
            base: from,
            offset: 0,
        };
        let (from, to) = (self.pointer(&reach(from)), self.pointer(&reach(to)));
        // SAFETY: both ranges lie within their bases; `copy` allows them to overlap.
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
        let to = self.pointer(&Reach {
            first: at,
            before: 0,
            after: bytes,
        });
        // SAFETY: the range lies within its base.
        unsafe { std::ptr::write_bytes(to, 0, bytes) };
    }
}
