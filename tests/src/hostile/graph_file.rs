//! Graph files of strangers.

use std::fs;
use std::path::{Path, PathBuf};

use aqueduct::prelude::*;
use aqueduct::{Error, GraphFileError};
use tempfile::TempDir;

use super::file::{PREAMBLE, sealed};
use super::scratch::scratch;
use super::text::assert_printable;

/// How every graph file begins.
const MAGIC: &[u8; 8] = b"\x89AQDGR\r\n";

/// A graph file of this record, with a checksum that is right.
pub fn graph_file(record: &[u8]) -> Vec<u8> {
    sealed(MAGIC, record, &[])
}

/// The file with its beginning made good.
pub fn mended_graph(bytes: &[u8]) -> Vec<u8> {
    graph_file(bytes.get(PREAMBLE..).unwrap_or_default())
}

/// A folder in which strangers put graph files.
#[derive(Debug)]
pub struct GraphFolder {
    folder: TempDir,
    file: PathBuf,
}

impl GraphFolder {
    /// An empty folder.
    ///
    /// # Panics
    /// No folder can be made.
    pub fn new() -> GraphFolder {
        let folder = scratch();
        GraphFolder {
            file: folder.path().join("m.meta"),
            folder,
        }
    }

    /// Imports a file of these bytes. What it is understood as is written again as the same bytes.
    ///
    /// # Errors
    /// Why it is refused.
    ///
    /// # Panics
    /// Other bytes are written, or an error does not say which file is meant or cannot be printed.
    pub fn offer(&self, bytes: &[u8]) -> Result<Graph, Box<GraphFileError>> {
        let graph = self.import(bytes)?;
        assert!(
            self.exported(&graph) == bytes,
            "one graph has two files: see {}",
            self.keep(bytes).display()
        );
        Ok(graph)
    }

    /// The same, without looking at what is written again.
    ///
    /// # Errors
    /// Why it is refused.
    ///
    /// # Panics
    /// An error does not say which file is meant, or cannot be printed.
    pub fn import(&self, bytes: &[u8]) -> Result<Graph, Box<GraphFileError>> {
        fs::write(&self.file, bytes).expect("the file is written");
        import_meta_graph(&self.file).map_err(|error| self.refusal(error))
    }

    /// The file of a graph.
    ///
    /// # Panics
    /// It cannot be exported.
    pub fn exported(&self, graph: &Graph) -> Vec<u8> {
        let path = self.folder.path().join("again.meta");
        export_meta_graph(graph, &path).expect("the graph can be exported");
        fs::read(path).expect("it was exported")
    }

    /// Where the file is that bytes are written to.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Keeps a file that fails a test, where it can be looked at afterwards.
    fn keep(&self, bytes: &[u8]) -> PathBuf {
        let path = std::env::temp_dir().join("aqueduct-hostile.meta");
        fs::write(&path, bytes).expect("the file is written");
        path
    }

    fn refusal(&self, error: Error) -> Box<GraphFileError> {
        let text = error.to_string();
        let Error::GraphFile(error) = error else {
            panic!("{text}");
        };
        assert!(text.contains(&*self.file.to_string_lossy()), "{text}");
        assert_printable(&text);
        error
    }
}

impl Default for GraphFolder {
    fn default() -> Self {
        GraphFolder::new()
    }
}
