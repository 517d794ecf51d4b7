//! What the worked examples share: data, reference losses, numpy's way to print, charts, options.

mod chart;
mod general;
mod numpy;
mod options;
mod reference;
mod sequences;

pub use chart::{Chart, over_steps};
pub use general::general;
pub use numpy::array_repr;
pub use options::Options;
pub use reference::{Agreement, Reference};
pub use sequences::Sequences;
