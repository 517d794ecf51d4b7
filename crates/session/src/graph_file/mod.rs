//! Graph files: a whole graph, for a program that has not the code which built it.
//!
//! The graph crate makes a record of a graph and a graph of a record; here are the bytes.

mod error;

use std::io::Read;
use std::path::Path;

use aqueduct_graph::Graph;
use aqueduct_graph::ir::GraphRecord;

pub use error::GraphFileError;

use crate::envelope::{self, Envelope, Flaw, PREAMBLE};
use crate::error::Result;
use crate::saver::files::{self, Host, Kind, System};
use crate::saver::{FileAction, beside};

/// The version that is written, and the latest that is read.
const VERSION: u32 = 1;

const ENVELOPE: Envelope = Envelope {
    magic: *b"\x89AQDGR\r\n",
    version: VERSION,
    // The record is the whole file, whatever its length.
    most: u64::MAX,
};

/// Writes a graph to a file, of which [`import_meta_graph`] makes it again in another program.
/// TensorFlow's `train.export_meta_graph`.
///
/// The file has everything that was built: operations, variables, bodies of loops and branches,
/// collections, names in use, random seeds, and the lines of the source that reports name. Values of
/// variables belong to a session: [`Saver`](crate::Saver) keeps them. A custom op is kept by the name
/// that it is registered under.
///
/// The file is written beside, synced and renamed, as a checkpoint is.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_session::{Session, export_meta_graph, feed, import_meta_graph};
/// use ndarray::arr1;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("model.meta");
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?]);
/// let y = (x * 2.0).named("y");
/// export_meta_graph(&g, &path)?;
/// # let _ = y;
///
/// let again = import_meta_graph(&path)?;
/// let x = again.get_tensor_by_name("x:0")?.typed::<f32>();
/// let y = again.get_tensor_by_name("y:0")?.typed::<f32>();
/// let value = Session::new(&again).run(y, feed![x => [1.0, 2.0]])?;
/// assert_eq!(value, arr1(&[2.0, 4.0]).into_dyn());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`GraphFileError`]: the graph has mistakes, or Rust code that a file cannot hold, or the file
/// system refuses. The former file is there then.
pub fn export_meta_graph(graph: &Graph, path: impl AsRef<Path>) -> Result<()> {
    Ok(write(&Host, graph, path.as_ref())?)
}

/// The graph of a file that [`export_meta_graph`] wrote. It can be run, built on and differentiated as
/// if it had been built here; tensors, operations and variables are found by their names. TensorFlow's
/// `train.import_meta_graph`.
///
/// # Errors
/// A [`GraphFileError`]: the file is not what was written, or tells of a graph that could not have been
/// built, or uses a custom op that is not registered.
pub fn import_meta_graph(path: impl AsRef<Path>) -> Result<Graph> {
    Ok(read(&Host, path.as_ref())?)
}

fn write(system: &dyn System, graph: &Graph, path: &Path) -> Result<(), GraphFileError> {
    let record = graph.to_record().map_err(|error| GraphFileError::Export {
        path: path.to_path_buf(),
        error: Box::new(error),
    })?;
    let sealed = envelope::encode(&record).and_then(|body| {
        let length = (PREAMBLE as u64).saturating_add(body.len() as u64);
        Ok((ENVELOPE.seal(&body, length)?, body))
    });
    drop(record);
    let (head, body) = sealed.map_err(|reason| GraphFileError::Unwritable {
        path: path.to_path_buf(),
        reason,
    })?;
    let written = beside::write(system, path, |output| {
        output.write_all(&head)?;
        output.write_all(&body)
    })?;
    written.rename()?;
    files::sync_directory_of(system, path)?;
    Ok(())
}

fn read(system: &dyn System, path: &Path) -> Result<Graph, GraphFileError> {
    let record = decode(&bytes_of(system, path)?).map_err(|flaw| refusal(path, flaw))?;
    Graph::from_record(record).map_err(|error| GraphFileError::Import {
        path: path.to_path_buf(),
        error: Box::new(error),
    })
}

fn decode(bytes: &[u8]) -> Result<GraphRecord, Flaw> {
    let (head, body) = bytes.split_at(bytes.len().min(PREAMBLE));
    let opening = ENVELOPE.open(head, bytes.len() as u64)?;
    if opening.end() != opening.file_length() {
        return Err(Flaw::damaged(format!(
            "its record ends at byte {} of {}",
            opening.end(),
            opening.file_length()
        )));
    }
    opening.decode(body)
}

fn bytes_of(system: &dyn System, path: &Path) -> Result<Vec<u8>, GraphFileError> {
    let kind = system.kind(path);
    let reason = match kind.map_err(files::at(FileAction::Find, path))? {
        Kind::File => None,
        Kind::Directory => Some("it is a folder"),
        Kind::Other => Some("it is not a file"),
        Kind::Nothing => Some("there is nothing of this name"),
    };
    if let Some(reason) = reason {
        return Err(GraphFileError::NotFound {
            path: path.to_path_buf(),
            reason: reason.to_owned(),
        });
    }
    let (file, length) = system
        .open(path)
        .map_err(files::at(FileAction::Open, path))?;
    let mut bytes = Vec::new();
    // A file that grows meanwhile is read no further than it was long.
    let taken = Read::take(file, length).read_to_end(&mut bytes);
    taken.map_err(files::at(FileAction::Read, path))?;
    Ok(bytes)
}

fn refusal(path: &Path, flaw: Flaw) -> GraphFileError {
    let path = path.to_path_buf();
    match flaw {
        Flaw::Foreign => GraphFileError::NotAGraph { path },
        Flaw::Version(found) => GraphFileError::Version { path, found },
        Flaw::Damaged(reason) => GraphFileError::Damaged { path, reason },
    }
}
