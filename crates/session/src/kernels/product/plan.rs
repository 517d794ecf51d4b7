//! What a product does for its sizes and layouts: which operand is which, and the cut into tasks.

use std::cmp::Reverse;

use super::Strides;
use super::block::{FEW_ROWS, Held};

/// A product of matrices in memory of these strides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) a: Strides,
    pub(super) b: Strides,
    pub(super) c: Strides,
    /// What the first chain does with what C holds.
    pub(super) start: Held,
    /// Whether this is the product of the transposed matrices: A is B and B is A.
    pub(super) swapped: bool,
    pub(super) row_tasks: usize,
    pub(super) column_tasks: usize,
}

impl Plan {
    pub(super) fn new(
        [rows, depth, columns]: [usize; 3],
        [a, b, c]: [Strides; 3],
        start: Held,
    ) -> Plan {
        let plan = Plan {
            rows,
            depth,
            columns,
            a,
            b,
            c,
            start,
            swapped: false,
            row_tasks: 1,
            column_tasks: 1,
        };
        // The rows of C are written as vectors.
        if columns == 1 || (c.column != 1 && c.row == 1) {
            plan.swapped()
        } else {
            plan
        }
    }

    fn swapped(self) -> Plan {
        Plan {
            rows: self.columns,
            columns: self.rows,
            a: self.b.transposed(),
            b: self.a.transposed(),
            c: self.c.transposed(),
            swapped: true,
            ..self
        }
    }

    /// The most tasks that the work is worth, for so many threads.
    fn most_tasks(&self, threads: usize) -> usize {
        if threads < 2 {
            return 1;
        }
        let work = self
            .rows
            .saturating_mul(self.columns)
            .saturating_mul(self.depth);
        (work / TASK_WORK).clamp(1, threads.saturating_mul(TASKS_OF_THREAD))
    }

    fn most_column_tasks(&self) -> usize {
        (self.columns / LEAST_COLUMNS).max(1)
    }

    /// Cuts the work by columns alone; gives the number of tasks.
    pub(super) fn cut_by_columns(&self, threads: usize) -> usize {
        self.most_tasks(threads).min(self.most_column_tasks())
    }

    /// Cuts the work into tasks that take about as long each, for so many threads.
    pub(super) fn cut(self, threads: usize) -> Plan {
        let (most, most_columns) = (self.most_tasks(threads), self.most_column_tasks());
        let most_rows = (self.rows / LEAST_ROWS).max(1);
        let cuts = (1..=most.min(most_rows)).map(|rows| (rows, (most / rows).min(most_columns)));
        // As many tasks as there may be; then those that pack the least, since each of them packs
        // its rows of A and its columns of B.
        let best = cuts.max_by_key(|(rows, columns)| {
            let packed = columns * self.rows + rows * self.columns;
            (rows * columns, Reverse(packed))
        });
        let (row_tasks, column_tasks) = best.unwrap_or((1, 1));
        Plan {
            row_tasks,
            column_tasks,
            ..self
        }
    }

    /// Whether a B that is packed once for many products pays.
    pub(super) fn may_be_packed(&self) -> bool {
        let large = self.rows > FEW_ROWS && self.depth * self.columns >= FAR;
        !self.swapped && (large || self.packs_b())
    }

    /// Whether B is brought into the order in which it is read before it is multiplied.
    pub(super) fn packs_b(&self) -> bool {
        let side_by_side = self.columns == 1 || self.b.column == 1;
        !side_by_side || self.rows > UNPACKED_ROWS
    }
}

/// Multiply-adds that make a task: some times what it costs to wake a helper.
const TASK_WORK: usize = 4 << 20;
/// More than one, so that a thread that is late does not hold up the others for long.
const TASKS_OF_THREAD: usize = 2;
const LEAST_ROWS: usize = 32;
const LEAST_COLUMNS: usize = 64;

/// Up to so many rows B is read where it lies.
const UNPACKED_ROWS: usize = 24;

/// The elements from which on B does not stay in a processor's own caches.
pub(super) const FAR: usize = 1 << 18;
