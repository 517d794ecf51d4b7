//! Values that a graph was not made for: what is refused is refused in words that help, what is not gives
//! TensorFlow's value, and either way the session goes on with its variables as they were.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod feeding;
mod indices;
mod lengths;
mod loops;
mod memory;
mod numbers;
mod shapes;
mod table;
