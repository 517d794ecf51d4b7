//! Which checkpoints of a saver are kept.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The checkpoints that a saver knows of, and when it deletes the oldest of them.
#[derive(Debug)]
pub(super) struct Retention {
    /// How many are kept; 0 keeps all, and knows of none.
    pub(super) max_to_keep: usize,
    /// Seconds between the checkpoints that are never deleted.
    interval: f64,
    /// A checkpoint that is later than this is never deleted.
    spared_after: f64,
    /// The oldest first.
    kept: Vec<Kept>,
    /// Those that are too many and are to be deleted, the oldest first.
    pub(super) expired: Vec<Kept>,
}

/// A checkpoint that may be deleted some day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    /// Its path without extension, as it was given.
    pub(super) prefix: PathBuf,
    /// The same, absolute and without links: what tells whether two are one.
    pub(super) absolute: PathBuf,
    /// When it was written, in seconds since 1970.
    pub(super) time: f64,
}

impl Retention {
    /// Keeps the last five, and one every 10000 hours from now on: TensorFlow's defaults.
    pub(super) fn new(now: SystemTime) -> Retention {
        let mut retention = Retention {
            max_to_keep: 5,
            interval: 0.0,
            spared_after: 0.0,
            kept: Vec::new(),
            expired: Vec::new(),
        };
        retention.keep_every(10_000.0, now);
        retention
    }

    /// Keeps one checkpoint for every so many hours from now on, for ever.
    pub(super) fn keep_every(&mut self, hours: f64, now: SystemTime) {
        self.interval = hours * 3600.0;
        self.spared_after = seconds(now) + self.interval;
    }

    /// Takes note of a checkpoint that was written, and of which others expire by it. Written again,
    /// it counts as the newest, once.
    pub(super) fn record(&mut self, kept: Kept) {
        if self.max_to_keep == 0 {
            return;
        }
        self.forget(&kept);
        self.kept.push(kept);
        let excess: Vec<Kept> = self.kept.drain(..self.excess()).collect();
        for kept in excess {
            if !self.spares(&kept) {
                self.expired.push(kept);
            }
        }
    }

    /// Knows of these checkpoints only.
    pub(super) fn recover(&mut self, kept: Vec<Kept>) {
        self.kept.clear();
        self.expired.clear();
        if self.max_to_keep == 0 {
            return;
        }
        for kept in kept {
            self.forget(&kept);
            self.kept.push(kept);
        }
    }

    /// Those that stay, the oldest first.
    pub(super) fn staying(&self) -> &[Kept] {
        self.kept.get(self.excess()..).unwrap_or_default()
    }

    /// Those that are still there, the oldest first.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Kept> {
        self.expired.iter().chain(&self.kept)
    }

    fn forget(&mut self, kept: &Kept) {
        let is_other = |other: &Kept| other.absolute != kept.absolute;
        self.kept.retain(is_other);
        self.expired.retain(is_other);
    }

    fn excess(&self) -> usize {
        match self.max_to_keep {
            0 => 0,
            most => self.kept.len().saturating_sub(most),
        }
    }

    fn spares(&mut self, kept: &Kept) -> bool {
        let spared = kept.time > self.spared_after;
        if spared {
            self.spared_after += self.interval;
        }
        spared
    }
}

/// Seconds since 1970; 0 for times before.
pub(super) fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since: Duration| since.as_secs_f64())
}
