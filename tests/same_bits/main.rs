//! The same program, seed and inputs give the same bytes: on any number of threads, in any process,
//! and whatever was run before.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod digest;
mod processes;
mod programs;
mod repeated;
