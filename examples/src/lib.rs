//! What the worked examples share: data, reference losses, how numpy prints, charts, progress, options.

mod chart;
mod general;
mod numpy;
mod options;
mod progress;
mod reference;
mod sequences;

pub use chart::{Chart, Colour, Panels, over_steps};
pub use general::general;
pub use numpy::{array_repr, float_repr};
pub use options::Options;
pub use progress::Progress;
pub use reference::{Agreement, Reference};
pub use sequences::Sequences;
