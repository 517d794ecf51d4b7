//! Whether the shards of a loop, which run at one time, write nothing that another one touches. Lowering
//! sees to it; debug builds check each program that it makes.

use crate::engine::program::{Instruction, ScanProgram, Shard, Work};
use crate::kernels::table::Address;

/// Checks the loops among these instructions, and those within them.
///
/// # Errors
/// Two shards that cannot run at one time.
pub(crate) fn check(instructions: &[Instruction]) -> Result<(), String> {
    for instruction in instructions {
        if let Work::Scan(scan) = &instruction.work {
            check_scan(scan)?;
            check(&scan.before)?;
            scan.shards
                .iter()
                .try_for_each(|shard| check(&shard.body))?;
        }
    }
    Ok(())
}

fn check_scan(scan: &ScanProgram) -> Result<(), String> {
    let shards = scan.shards.iter();
    let touched: Vec<Vec<Region>> = shards.map(|shard| regions(scan, shard)).collect();
    for (index, these) in touched.iter().enumerate() {
        for (other, those) in touched.iter().enumerate().skip(index + 1) {
            let mut pairs = these
                .iter()
                .flat_map(|one| those.iter().map(move |other| (one, other)));
            if let Some((one, two)) = pairs.find(|(one, two)| one.collides(two)) {
                return Err(format!(
                    "shards {index} and {other} cannot run at one time: {one:?} and {two:?}"
                ));
            }
        }
    }
    Ok(())
}

/// What a shard touches in all steps: some bytes from an address on, again at each stride.
#[derive(Debug)]
struct Region {
    base: usize,
    start: isize,
    bytes: usize,
    stride: isize,
    steps: usize,
    written: bool,
}

impl Region {
    fn new(at: Address, bytes: usize, written: bool) -> Region {
        Region {
            base: at.base,
            start: at.offset.cast_signed(),
            bytes,
            stride: 0,
            steps: 1,
            written,
        }
    }

    /// Whether one of the two writes what the other touches.
    fn collides(&self, other: &Region) -> bool {
        let race = (self.written || other.written) && self.base == other.base;
        race && self.bytes > 0 && other.bytes > 0 && self.meets(other)
    }

    /// Whether there is a byte in both, at some step of either.
    fn meets(&self, other: &Region) -> bool {
        let ((start, end), (from, to)) = (self.hull(), other.hull());
        if end <= from || to <= start {
            return false;
        }
        let pitch = self.stride.abs();
        let rows = pitch > 0 && pitch == other.stride.abs();
        // Columns of rows that lie equally far apart meet if they meet within a row.
        !rows || {
            let ahead = (other.start - self.start).rem_euclid(pitch);
            ahead < self.bytes.cast_signed() || pitch - ahead < other.bytes.cast_signed()
        }
    }

    /// The first byte, and the one behind the last.
    fn hull(&self) -> (isize, isize) {
        let last = self.start + self.stride * self.steps.saturating_sub(1).cast_signed();
        let (start, end) = (self.start.min(last), self.start.max(last));
        (start, end + self.bytes.cast_signed())
    }
}

fn regions(scan: &ScanProgram, shard: &Shard) -> Vec<Region> {
    let written = written_bases(&shard.body);
    let bound = shard.fixed.iter().chain(&shard.moving);
    let mut regions: Vec<Region> = bound
        .map(|moving| Region {
            stride: moving.stride,
            steps: scan.steps,
            ..Region::new(moving.start, moving.bytes, written.contains(&moving.base))
        })
        .collect();
    for (state, last) in shard.states.iter().zip(&scan.last) {
        regions.push(Region::new(state.initial, state.bytes, false));
        let buffers = state.buffers.iter().flatten();
        regions.extend(buffers.map(|at| Region::new(*at, state.bytes, true)));
        let last = last.map(|last| Region::new(last.plus(state.offset), state.bytes, true));
        regions.extend(last);
    }
    regions
}

/// The bases that instructions write to.
fn written_bases(instructions: &[Instruction]) -> Vec<usize> {
    let mut written = Vec::new();
    for instruction in instructions {
        match &instruction.work {
            Work::Compute(step) => step.each_result(|base| written.push(base)),
            Work::Draw { outputs, .. } => {
                written.extend(outputs.iter().flatten().map(|span| span.first.base));
            }
            Work::Opaque { outputs, .. } => {
                written.extend(outputs.iter().map(|span| span.first.base));
            }
            Work::Scan(scan) => written.extend(written_around(scan)),
            Work::Commit { .. } => {}
        }
    }
    written
}

/// The bases around a loop that it writes to.
fn written_around(scan: &ScanProgram) -> Vec<usize> {
    let mut written = written_bases(&scan.before);
    written.extend(scan.last.iter().flatten().map(|last| last.base));
    written.extend(scan.stacked.iter().map(|(first, _)| first.base));
    for shard in &scan.shards {
        let within = written_bases(&shard.body);
        let bound = shard.fixed.iter().chain(&shard.moving);
        let bound = bound.filter(|moving| within.contains(&moving.base));
        written.extend(bound.map(|moving| moving.start.base));
        let buffers = shard.states.iter().filter_map(|state| state.buffers);
        written.extend(buffers.flatten().map(|at| at.base));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(start: isize, bytes: usize, stride: isize, written: bool) -> Region {
        Region {
            base: 0,
            start,
            bytes,
            stride,
            steps: 5,
            written,
        }
    }

    #[test]
    fn columns_side_by_side_do_not_meet() {
        let (left, right) = (region(0, 16, 64, true), region(16, 48, 64, true));
        assert!(!left.collides(&right));
        assert!(!right.collides(&left));
        let backwards = Region {
            start: 4 * 64 + 16,
            ..region(0, 48, -64, true)
        };
        assert!(!left.collides(&backwards));
    }

    #[test]
    fn columns_that_overlap_meet_if_one_is_written() {
        let (left, right) = (region(0, 20, 64, true), region(16, 48, 64, false));
        assert!(left.collides(&right));
        assert!(right.collides(&left));
        let read = region(0, 20, 64, false);
        assert!(!read.collides(&right));
        // The end of a row that lies in the next one.
        let wide = region(32, 40, 64, true);
        assert!(wide.collides(&left));
    }

    #[test]
    fn other_memory_is_apart() {
        let whole = region(0, 64, 0, true);
        let beside = region(64, 64, 0, true);
        assert!(!whole.collides(&beside));
        let elsewhere = Region {
            base: 1,
            ..region(0, 64, 0, true)
        };
        assert!(!whole.collides(&elsewhere));
        assert!(whole.collides(&region(63, 1, 0, false)));
    }
}
