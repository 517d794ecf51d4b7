//! What the worked examples share: data, reference losses, how numpy prints, charts, progress, options.

mod chart;
mod curves;
mod general;
mod mnist;
mod numpy;
mod options;
mod progress;
mod reference;
mod sequences;

pub use chart::{Chart, Colour, Panels, over_epochs, over_steps};
pub use curves::Curves;
pub use general::general;
pub use mnist::{DataSet, Mnist, MnistModel, MnistOptions, rows_as_steps};
pub use numpy::{array_repr, float_repr};
pub use options::Options;
pub use progress::Progress;
pub use reference::{Agreement, Reference};
pub use sequences::Sequences;
