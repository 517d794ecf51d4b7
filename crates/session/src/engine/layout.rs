//! Layout: buffers that are not used at the same time share memory.

use crate::engine::sweep::{Use, sweep};

/// The unit of a layout, in bytes: a cache line, which also aligns every buffer for vector loads.
pub(crate) const LINE: usize = 64;

/// A buffer that wants a place: it is in use from one node of the block to another, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(crate) bytes: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// So many buffers are compared with each other, the largest ones: all, but in very large graphs.
const MOST_COMPARED: usize = 2048;

/// Places for buffers: an offset for each, and the bytes of all. `None` if no machine has as many.
///
/// The largest buffers choose first; each takes the lowest gap between those that are in use at the
/// same time. What is left after many lies behind them, by the order of use.
pub(crate) fn place(lifetimes: &[Lifetime], share: bool) -> Option<(Vec<usize>, usize)> {
    let mut order: Vec<usize> = (0..lifetimes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(lifetimes[*index].bytes));
    let mut offsets = vec![0; lifetimes.len()];
    let total = if share {
        let (large, small) = order.split_at(order.len().min(MOST_COMPARED));
        let total = place_by_size(lifetimes, large, &mut offsets)?;
        place_by_use(lifetimes, small, total, &mut offsets)?
    } else {
        let mut total: usize = 0;
        for index in order {
            offsets[index] = total;
            total = total.checked_add(lines(lifetimes[index].bytes)?)?;
        }
        total
    };
    (total <= isize::MAX as usize).then_some((offsets, total))
}

fn lines(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(LINE)
}

/// Gives each buffer the lowest gap between those before it that are in use at the same time; gives the
/// bytes of all.
fn place_by_size(lifetimes: &[Lifetime], order: &[usize], offsets: &mut [usize]) -> Option<usize> {
    let mut total: usize = 0;
    for (placed, index) in order.iter().enumerate() {
        let wanted = &lifetimes[*index];
        let bytes = lines(wanted.bytes)?;
        let in_the_way = order[..placed]
            .iter()
            .filter(|other| conflict(wanted, &lifetimes[**other]));
        let mut taken: Vec<(usize, usize)> = in_the_way
            .map(|other| (offsets[*other], lifetimes[*other].bytes))
            .collect();
        taken.sort_unstable();
        let offset = first_gap(&taken, bytes)?;
        offsets[*index] = offset;
        total = total.max(offset.checked_add(bytes)?);
    }
    Some(total)
}

/// Gives buffers places from an offset on; gives the end of all.
fn place_by_use(
    lifetimes: &[Lifetime],
    order: &[usize],
    start: usize,
    offsets: &mut [usize],
) -> Option<usize> {
    let mut order = order.to_vec();
    order.sort_by_key(|index| (lifetimes[*index].first, *index));
    let uses = order.iter().map(|index| {
        let Lifetime { first, last, .. } = lifetimes[*index];
        let bytes = lines(lifetimes[*index].bytes)?;
        Some(Use { first, last, bytes })
    });
    let (found, bytes) = sweep(&uses.collect::<Option<Vec<Use>>>()?)?;
    for (index, offset) in order.into_iter().zip(found) {
        offsets[index] = start.checked_add(offset)?;
    }
    start.checked_add(bytes)
}

fn conflict(a: &Lifetime, b: &Lifetime) -> bool {
    a.first <= b.last && b.first <= a.last
}

/// The lowest offset with so many free bytes, beside ranges in ascending order.
fn first_gap(taken: &[(usize, usize)], bytes: usize) -> Option<usize> {
    let mut offset: usize = 0;
    for (start, length) in taken {
        if offset.checked_add(bytes)? <= *start {
            break;
        }
        offset = offset.max(start.checked_add(*length)?.checked_next_multiple_of(LINE)?);
    }
    Some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(bytes: usize, first: usize, last: usize) -> Lifetime {
        Lifetime { bytes, first, last }
    }

    #[test]
    fn buffers_that_follow_each_other_share_memory() {
        let lifetimes = [
            lifetime(640, 0, 1),
            lifetime(640, 1, 2),
            lifetime(600, 2, 3),
        ];
        let (offsets, total) = place(&lifetimes, true).unwrap();
        assert_eq!(offsets[0], offsets[2]);
        assert_ne!(offsets[0], offsets[1]);
        assert_eq!(total, 1280);
        let (_, apart) = place(&lifetimes, false).unwrap();
        assert_eq!(apart, 1920);
    }

    #[test]
    fn a_gap_is_filled() {
        let lifetimes = [
            lifetime(256, 0, 9),
            lifetime(128, 0, 3),
            lifetime(64, 4, 9),
            lifetime(64, 4, 9),
        ];
        let (_, total) = place(&lifetimes, true).unwrap();
        assert_eq!(total, 384);
    }

    /// Of sizes and lifetimes without a pattern.
    #[test]
    fn of_very_many_buffers_no_two_in_use_share_a_byte() {
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        let lifetimes: Vec<Lifetime> = (0..MOST_COMPARED + 2000)
            .map(|index| lifetime(1 + random(900), index, index + random(60)))
            .collect();
        let (offsets, total) = place(&lifetimes, true).unwrap();
        let apart: usize = lifetimes.iter().map(|lifetime| lifetime.bytes).sum();
        assert!(total * 20 < apart, "{total} of {apart} bytes");
        for (index, (a, start)) in lifetimes.iter().zip(&offsets).enumerate() {
            assert!(start + a.bytes <= total);
            for (b, other) in lifetimes.iter().zip(&offsets).take(index) {
                let overlap = *start < other + b.bytes && *other < start + a.bytes;
                assert!(!(overlap && conflict(a, b)), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn what_no_machine_has_is_refused() {
        let lifetimes = [
            lifetime(usize::MAX / 2, 0, 0),
            lifetime(usize::MAX / 2, 0, 0),
        ];
        assert!(place(&lifetimes, true).is_none());
        assert!(place(&lifetimes, false).is_none());
    }
}
