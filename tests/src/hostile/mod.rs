//! Files of strangers: what the tests of damaged checkpoints and graph files and the fuzz targets share.

mod alive;
mod corpus;
mod file;
mod graph_file;
mod limits;
mod mend;
mod mutate;
mod scratch;
mod state;
mod text;
mod victim;
mod watch;

pub use alive::exercise;
pub use corpus::corpus;
pub use file::{CheckpointFile, FileTensor, with_preamble};
pub use graph_file::{GraphFolder, graph_file, mended_graph};
pub use limits::{within_kilobytes, within_limits};
pub use mend::{Mending, mended};
pub use mutate::{mutated, mutations, nudged};
pub use state::StateFolder;
pub use victim::{Outcome, Victim};
pub use watch::Watch;
