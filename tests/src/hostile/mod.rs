//! Files of strangers: what the tests of damaged checkpoints and the fuzz targets share.

mod file;
mod mend;
mod scratch;
mod state;
mod text;
mod victim;

pub use file::{CheckpointFile, FileTensor, with_preamble};
pub use mend::{Mending, mended};
pub use state::StateFolder;
pub use victim::{Outcome, Victim};
