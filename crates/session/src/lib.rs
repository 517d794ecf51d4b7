//! Plans and runs Aqueduct graphs, and keeps their variables.
//!
//! A [`Session`] takes fetches and [feeds](feed!), makes a plan for the shapes that are fed, and
//! runs it: a flat list of instructions over one arena. Plans are kept, so the second run plans
//! nothing. Variables and random streams live in the session; a run is all or nothing.
//!
//! The way of one run: `request` checks fetches and feeds, `compile` makes a plan (or `cache` has it),
//! `execute` runs it with `kernels` over an `arena`, `state` takes over what it wrote.
//!
//! A [`Saver`] keeps variables in files, and restores them; [`export_meta_graph`] keeps a whole graph.
//!
//! This crate knows the graph crate alone. It never adds an operation to a user's graph, and
//! knows nothing of gradients.

mod arena;
mod cache;
mod compile;
mod engine;
mod envelope;
mod error;
mod execute;
mod explain;
mod feed;
mod fetch;
mod global_step;
mod gradient_check;
mod graph_file;
mod kernels;
mod memory;
mod numerics;
mod options;
mod outputs;
mod philox;
mod plan;
mod pools;
mod prepared;
mod request;
mod saver;
mod session;
mod state;
mod structures;

pub use error::{Error, FeedProblem, OperationFailure, Result, UninitializedVariable};
pub use explain::{BufferUse, Explanation};
pub use feed::{Feed, FeedKey, FeedValue, Feeds};
pub use fetch::{
    ArrayAt, ArrayOf, Assemble, Fetch, Fetched, Nothing, Requests, Scalar, ScalarAt, ValueAt,
};
pub use global_step::global_step;
pub use gradient_check::{
    GradientCheck, GradientCheckError, GradientReport, PointReport, WorstElement,
};
pub use graph_file::{GraphFileError, export_meta_graph, import_meta_graph};
pub use memory::{MemoryShortage, MemoryUser};
pub use numerics::{ElementSummary, NumericsCheck, NumericsFailure, OperandSummary};
pub use options::{Pass, SessionOptions};
pub use outputs::{OutputBuffers, Outputs};
pub use philox::Philox;
pub use prepared::Prepared;
pub use saver::{
    CheckpointError, CheckpointState, Comparison, Difference, FileAction, GlobalStep, Saver,
    TensorInfo, WantedTensor, checkpoint_state, latest_checkpoint, list_variables, load_variable,
};
pub use session::{Session, TensorExt};
pub use structures::{InputTensors, InputValues, Inputs, Values};
