//! Graphs of a hundred thousand operations, and graphs that are as deep.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod deep;
mod families;
