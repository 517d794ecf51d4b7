//! Loops over elements in groups of fixed size, which the compiler turns into vector instructions.
//!
//! Everything here is inlined into functions that are compiled for one [`Level`](super::Level),
//! and so is what the loops apply: a function that stays outside is not vectorised.

#![allow(
    unsafe_code,
    reason = "bounds checked for each group would cost as much as the group; see the SAFETY comments"
)]

use std::mem::MaybeUninit;

/// The elements of a group: a few vectors, so that one is computed while another waits for its
/// operands.
pub(super) const LANES: usize = 32;

/// `out = f(a)` of each element. All slices are of one length, at least [`LANES`].
#[inline(always)]
pub(super) fn map<A: Copy, U: Copy>(out: &mut [MaybeUninit<U>], a: &[A], f: impl Fn(A) -> U) {
    let length = shortest(&[out.len(), a.len()]);
    for start in groups(length) {
        // SAFETY: the group is within the shortest slice.
        let (out, a) = unsafe { (group_mut(out, start), group(a, start)) };
        for lane in 0..LANES {
            out[lane] = MaybeUninit::new(f(a[lane]));
        }
    }
}

/// `out = f(a, b)` of each pair, as [`map`].
#[inline(always)]
pub(super) fn pairs<A: Copy, U: Copy>(
    out: &mut [MaybeUninit<U>],
    a: &[A],
    b: &[A],
    f: impl Fn(A, A) -> U,
) {
    let length = shortest(&[out.len(), a.len(), b.len()]);
    for start in groups(length) {
        // SAFETY: the group is within the shortest slice.
        let (out, a, b) = unsafe { (group_mut(out, start), group(a, start), group(b, start)) };
        for lane in 0..LANES {
            out[lane] = MaybeUninit::new(f(a[lane], b[lane]));
        }
    }
}

/// `out = f(condition, a, b)` of each triple, as [`map`].
#[inline(always)]
pub(super) fn choices<C: Copy, A: Copy, U: Copy>(
    out: &mut [MaybeUninit<U>],
    condition: &[C],
    a: &[A],
    b: &[A],
    f: impl Fn(C, A, A) -> U,
) {
    let length = shortest(&[out.len(), condition.len(), a.len(), b.len()]);
    for start in groups(length) {
        // SAFETY: the group is within the shortest slice.
        let (out, condition) = unsafe { (group_mut(out, start), group(condition, start)) };
        // SAFETY: they are as long as the shortest slice at least, and the group is within that.
        let (a, b) = unsafe { (group(a, start), group(b, start)) };
        for lane in 0..LANES {
            out[lane] = MaybeUninit::new(f(condition[lane], a[lane], b[lane]));
        }
    }
}

#[inline(always)]
fn shortest<const N: usize>(lengths: &[usize; N]) -> usize {
    lengths
        .iter()
        .fold(usize::MAX, |least, length| least.min(*length))
}

/// Where the groups of so many elements start, all of them within these. The last one overlaps the
/// one before it, where the length is no multiple of the group: computing some elements twice is
/// faster than computing them singly. Fewer elements than a group are left out.
#[inline(always)]
fn groups(length: usize) -> impl Iterator<Item = usize> {
    debug_assert!(length >= LANES, "{length} elements are no group");
    let last = length.saturating_sub(LANES);
    let count = if length < LANES {
        0
    } else {
        length.div_ceil(LANES)
    };
    (0..count).map(move |group| last.min(group * LANES))
}

/// # Safety
///
/// The slice has [`LANES`] elements from `start` on.
#[inline(always)]
unsafe fn group<T>(values: &[T], start: usize) -> &[T; LANES] {
    // SAFETY: as the caller promises.
    unsafe { &*values.as_ptr().add(start).cast() }
}

/// # Safety
///
/// As of [`group`].
#[inline(always)]
unsafe fn group_mut<T>(values: &mut [T], start: usize) -> &mut [T; LANES] {
    // SAFETY: as the caller promises.
    unsafe { &mut *values.as_mut_ptr().add(start).cast() }
}
