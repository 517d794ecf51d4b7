//! What the tests across crates share: reference values, comparison, finite differences.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod compare;
mod differences;
mod mistake;
mod modes;
mod reference;
mod relative;
mod session;

pub use compare::{Tolerance, compare, report};
pub use differences::{central_differences, spread};
pub use mistake::only_mistake;
pub use modes::{Modes, Results};
pub use reference::Reference;
pub use relative::relative;
pub use session::initialized;
