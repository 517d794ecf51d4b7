//! Reads a checkpoint: its table at once, its tensors when they are asked for.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use aqueduct_graph::ir::{Data, shown};
use aqueduct_graph::{DType, Value};

use super::elements::{CHUNK, Encoded};
use super::error::{CheckpointError, FileAction};
use super::files::{self, FileError, Input, System};
use super::format::{self, StoredTensor, Table};
use crate::envelope::{Flaw, PREAMBLE};

/// An open checkpoint whose table was checked.
pub(super) struct Reader {
    pub(super) path: PathBuf,
    pub(super) table: Table,
    file: Box<dyn Input>,
}

type Result<T> = std::result::Result<T, CheckpointError>;

impl Reader {
    /// Opens a file and reads its table. What is read is bounded by the file's length.
    ///
    /// # Errors
    /// The file system refuses, or the file is no checkpoint, or a damaged or later one.
    pub(super) fn open(system: &dyn System, path: &Path) -> Result<Reader> {
        let opened = system.open(path);
        let (mut file, length) = opened.map_err(files::at(FileAction::Open, path))?;
        let mut read = |count: usize| {
            let mut bytes = Vec::new();
            let taken = Read::take(&mut file, count as u64).read_to_end(&mut bytes);
            taken.map_err(files::at(FileAction::Read, path))?;
            Ok::<_, FileError>(bytes)
        };
        let flawed = |flaw| refusal(path, flaw);
        let opening = format::ENVELOPE
            .open(&read(PREAMBLE)?, length)
            .map_err(flawed)?;
        let table = format::read_header(&opening, &read(opening.header_length)?).map_err(flawed)?;
        Ok(Reader {
            path: path.to_path_buf(),
            table,
            file,
        })
    }

    /// The elements of a tensor of the table.
    ///
    /// # Errors
    /// The file system refuses, the elements are damaged, or there is not enough memory.
    pub(super) fn read(&mut self, tensor: &StoredTensor) -> Result<Value> {
        let data = match tensor.info.dtype {
            DType::F32 => self.elements::<f32>(tensor),
            DType::F64 => self.elements::<f64>(tensor),
            DType::I32 => self.elements::<i32>(tensor),
            DType::I64 => self.elements::<i64>(tensor),
            DType::U8 => self.elements::<u8>(tensor),
            DType::Bool => self.elements::<bool>(tensor),
        }?;
        Value::new(tensor.info.shape.clone(), data)
            .ok_or_else(|| self.damaged(tensor, "has another number of elements"))
    }

    fn elements<T: Encoded>(&mut self, tensor: &StoredTensor) -> Result<Data> {
        self.skip_gap(tensor)?;
        let mut values: Vec<T> = Vec::new();
        if values.try_reserve_exact(tensor.count).is_err() {
            return Err(CheckpointError::OutOfMemory {
                path: self.path.clone(),
                name: tensor.info.name.clone(),
                bytes: tensor.length,
            });
        }
        let mut hasher = crc32fast::Hasher::new();
        let mut valid = true;
        let mut left = tensor.length;
        let mut buffer = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
        while left > 0 {
            let size = buffer.len().min(usize::try_from(left).unwrap_or(CHUNK));
            let bytes = buffer.get_mut(..size).unwrap_or_default();
            self.read_exact(tensor, bytes)?;
            hasher.update(bytes);
            valid &= T::decode(bytes, &mut values);
            left = left.saturating_sub(size as u64);
        }
        if hasher.finalize() != tensor.checksum {
            return Err(self.damaged(tensor, "has another checksum than it was written with"));
        }
        if !valid {
            return Err(self.damaged(tensor, "has a byte that is neither false nor true"));
        }
        Ok(T::into_data(values))
    }

    /// Goes to where the elements begin. What is between them and the ones before must be zeros.
    fn skip_gap(&mut self, tensor: &StoredTensor) -> Result<()> {
        let sought = self.file.seek(SeekFrom::Start(tensor.gap));
        sought.map_err(files::at(FileAction::Read, &self.path))?;
        let mut gap = Vec::new();
        let length = tensor.offset.saturating_sub(tensor.gap);
        gap.resize(usize::try_from(length).unwrap_or(0), 0);
        self.read_exact(tensor, &mut gap)?;
        if gap.iter().any(|byte| *byte != 0) {
            return Err(self.damaged(
                tensor,
                "has bytes before it that are not the zeros of padding",
            ));
        }
        Ok(())
    }

    fn read_exact(&mut self, tensor: &StoredTensor, bytes: &mut [u8]) -> Result<()> {
        match self.file.read_exact(bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged(tensor, "ends too early"))
            }
            read => Ok(read.map_err(files::at(FileAction::Read, &self.path))?),
        }
    }

    fn damaged(&self, tensor: &StoredTensor, what: &str) -> CheckpointError {
        let reason = format!("its tensor `{}` {what}", shown::name(&tensor.info.name));
        refusal(&self.path, Flaw::Damaged(reason))
    }
}

fn refusal(path: &Path, flaw: Flaw) -> CheckpointError {
    let path = path.to_path_buf();
    match flaw {
        Flaw::Foreign => CheckpointError::NotACheckpoint { path },
        Flaw::Version(found) => CheckpointError::Version { path, found },
        Flaw::Damaged(reason) => CheckpointError::Damaged { path, reason },
    }
}
