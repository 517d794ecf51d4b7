//! Layers: operations with the variables that they make for themselves.

mod dense;

pub use dense::Dense;
