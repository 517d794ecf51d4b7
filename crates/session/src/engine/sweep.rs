//! Places for many small buffers, in the order in which they come into use.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// A buffer: from when on it is in use, until when, both included, and how many bytes it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) bytes: usize,
}

/// An offset for each buffer, and the bytes of all; `None` if no number tells them. Uses come in the
/// order of their beginnings.
///
/// Each takes the smallest free range that has room for it. Takes time in proportion to the buffers, but
/// for a logarithm, while comparing each with all others fills gaps better.
pub(super) fn sweep(uses: &[Use]) -> Option<(Vec<usize>, usize)> {
    let mut free = Free::default();
    let mut ends: BinaryHeap<Reverse<(usize, usize, usize)>> = BinaryHeap::new();
    let mut offsets = Vec::with_capacity(uses.len());
    for Use { first, last, bytes } in uses {
        while let Some(Reverse((_, offset, bytes))) = ends
            .peek()
            .copied()
            .filter(|Reverse((last, ..))| last < first)
        {
            ends.pop();
            free.give_back(offset, bytes);
        }
        let offset = free.take(*bytes)?;
        ends.push(Reverse((*last, offset, *bytes)));
        offsets.push(offset);
    }
    Some((offsets, free.end))
}

/// What is free of a memory that grows at its end.
#[derive(Default)]
struct Free {
    end: usize,
    /// The length of each free range, by its offset. No two of them touch.
    ranges: BTreeMap<usize, usize>,
    /// The same ranges, the shortest first: length and offset.
    by_length: BTreeSet<(usize, usize)>,
}

impl Free {
    fn take(&mut self, bytes: usize) -> Option<usize> {
        let found = self.by_length.range((bytes, 0)..).next().copied();
        if let Some((length, offset)) = found {
            self.remove(offset, length);
            self.insert(offset + bytes, length - bytes);
            return Some(offset);
        }
        let last = self.ranges.last_key_value();
        let last = last.map(|(offset, length)| (*offset, *length));
        let last = last.filter(|(offset, length)| offset + length == self.end);
        let offset = last.map_or(self.end, |(offset, _)| offset);
        self.end = offset.checked_add(bytes)?;
        if let Some((offset, length)) = last {
            self.remove(offset, length);
        }
        Some(offset)
    }

    fn give_back(&mut self, mut offset: usize, mut length: usize) {
        let after = self.ranges.get(&(offset + length)).copied();
        if let Some(after) = after {
            self.remove(offset + length, after);
            length += after;
        }
        let before = self.ranges.range(..offset).next_back();
        let before = before.map(|(start, length)| (*start, *length));
        if let Some((start, before)) = before.filter(|(start, before)| start + before == offset) {
            self.remove(start, before);
            (offset, length) = (start, before + length);
        }
        self.insert(offset, length);
    }

    fn insert(&mut self, offset: usize, length: usize) {
        if length > 0 {
            self.ranges.insert(offset, length);
            self.by_length.insert((length, offset));
        }
    }

    fn remove(&mut self, offset: usize, length: usize) {
        self.ranges.remove(&offset);
        self.by_length.remove(&(length, offset));
    }
}
