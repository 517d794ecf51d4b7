//! The optimising compiler against plans that are not optimised.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod hostile;
mod loops;
mod reductions;
mod rows;
mod shared_work;
mod unrolled;
mod updates;
