//! Layout: buffers that are not used at the same time share memory.

/// The unit of a layout, in bytes: a cache line, which also aligns every buffer for vector loads.
pub(crate) const LINE: usize = 64;

/// A buffer that wants a place: it is in use from one node of the block to another, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(crate) bytes: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Places for buffers: an offset for each, and the bytes of all. `None` if no machine has as many.
///
/// The largest buffers choose first; each takes the lowest gap between those that are in use at the
/// same time.
pub(crate) fn place(lifetimes: &[Lifetime], share: bool) -> Option<(Vec<usize>, usize)> {
    let mut order: Vec<usize> = (0..lifetimes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(lifetimes[*index].bytes));
    let mut offsets = vec![0; lifetimes.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut total: usize = 0;
    for index in order {
        let wanted = &lifetimes[index];
        let bytes = wanted.bytes.checked_next_multiple_of(LINE)?;
        let offset = if share {
            let in_the_way = placed
                .iter()
                .filter(|other| conflict(wanted, &lifetimes[**other]));
            let mut taken: Vec<(usize, usize)> = in_the_way
                .map(|other| (offsets[*other], lifetimes[*other].bytes))
                .collect();
            taken.sort_unstable();
            first_gap(&taken, bytes)?
        } else {
            total
        };
        offsets[index] = offset;
        total = total.max(offset.checked_add(bytes)?);
        placed.push(index);
    }
    (total <= isize::MAX as usize).then_some((offsets, total))
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
