//! Loops over elements in groups of fixed size, which the compiler turns into vector instructions.
//!
//! Everything here is inlined into functions that are compiled for one [`Level`](super::Level),
//! and so is what the loops apply: a function that stays outside is not vectorised.

use std::mem::MaybeUninit;

/// The elements of a group: a few vectors, so that one is computed while another waits for its
/// operands.
pub(super) const LANES: usize = 32;

/// `out = f(a)` of each element, at least [`LANES`] of them.
#[inline(always)]
pub(super) fn map<A: Copy, U: Copy>(out: &mut [MaybeUninit<U>], a: &[A], f: impl Fn(A) -> U) {
    for start in groups(out.len()) {
        let (Some(out), Some(a)) = (group_mut(out, start), group(a, start)) else {
            return;
        };
        for lane in 0..LANES {
            out[lane] = MaybeUninit::new(f(a[lane]));
        }
    }
}

/// `out = f(a, b)` of each pair, at least [`LANES`] of them.
#[inline(always)]
pub(super) fn pairs<A: Copy, U: Copy>(
    out: &mut [MaybeUninit<U>],
    a: &[A],
    b: &[A],
    f: impl Fn(A, A) -> U,
) {
    for start in groups(out.len()) {
        let (Some(out), Some(a), Some(b)) =
            (group_mut(out, start), group(a, start), group(b, start))
        else {
            return;
        };
        for lane in 0..LANES {
            out[lane] = MaybeUninit::new(f(a[lane], b[lane]));
        }
    }
}

/// `out = f(condition, a, b)` of each triple, at least [`LANES`] of them.
#[inline(always)]
pub(super) fn choices<C: Copy, A: Copy, U: Copy>(
    out: &mut [MaybeUninit<U>],
    condition: &[C],
    a: &[A],
    b: &[A],
    f: impl Fn(C, A, A) -> U,
) {
    for start in groups(out.len()) {
        let (Some(out), Some(condition)) = (group_mut(out, start), group(condition, start)) else {
            return;
        };
        let (Some(a), Some(b)) = (group(a, start), group(b, start)) else {
            return;
        };
        for lane in 0..LANES {
            out[lane] = MaybeUninit::new(f(condition[lane], a[lane], b[lane]));
        }
    }
}

/// Where the groups start. The last one overlaps the one before it, where the length is no
/// multiple of the group: computing some elements twice is faster than computing them singly.
#[inline(always)]
fn groups(length: usize) -> impl Iterator<Item = usize> {
    debug_assert!(length >= LANES, "{length} elements are no group");
    let last = length.saturating_sub(LANES);
    (0..length.div_ceil(LANES)).map(move |group| last.min(group * LANES))
}

#[inline(always)]
fn group<T>(values: &[T], start: usize) -> Option<&[T; LANES]> {
    values.get(start..)?.first_chunk()
}

#[inline(always)]
fn group_mut<T>(values: &mut [T], start: usize) -> Option<&mut [T; LANES]> {
    values.get_mut(start..)?.first_chunk_mut()
}
