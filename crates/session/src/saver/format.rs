//! The layout of a checkpoint file: a preamble of 32 bytes, a header, the elements.
//!
//! `docs/checkpoint-format.md` is the specification. A file has one form only: whatever is not as
//! this module would have laid it out is refused, so nothing can overlap, hide in a gap or be said
//! twice.

use aqueduct_graph::DType;
use aqueduct_graph::ir::shown;
use serde::{Deserialize, Serialize};

use super::compare::TensorInfo;
use super::elements;
use crate::envelope::{self, Envelope, Flaw, Opening};

/// The version that is written, and the latest that is read.
pub(super) const VERSION: u32 = 1;

/// How every checkpoint begins. A header may tell of more than a million tensors.
pub(super) const ENVELOPE: Envelope = Envelope {
    magic: *b"\x89AQDCK\r\n",
    version: VERSION,
    most: 1 << 28,
};

/// Elements of a tensor begin at a multiple of this, counted from the first byte of the file.
const ALIGNMENT: u64 = 64;

/// What the file holds, as it is encoded.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Header {
    tensors: Vec<TensorRecord>,
    streams: Vec<StreamRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TensorRecord {
    name: String,
    dtype: u32,
    shape: Vec<u64>,
    /// Where its elements begin, counted from the first byte of the file.
    offset: u64,
    /// Their length in bytes.
    length: u64,
    /// Their CRC-32.
    checksum: u32,
}

/// Where the stream of a random operation has got to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct StreamRecord {
    /// The operation's name.
    pub(super) operation: String,
    pub(super) graph_seed: u64,
    pub(super) op_seed: u64,
    /// The next block.
    pub(super) block: u64,
}

/// A tensor of a file, with everything checked that can be checked without its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredTensor {
    pub(super) info: TensorInfo,
    /// The number of elements.
    pub(super) count: usize,
    /// Where the zeros before its elements begin.
    pub(super) gap: u64,
    /// Where its elements begin.
    pub(super) offset: u64,
    /// Their length in bytes.
    pub(super) length: u64,
    pub(super) checksum: u32,
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// In ascending order of names, which is the order of their elements.
    pub(super) tensors: Vec<StoredTensor>,
    /// In ascending order of names.
    pub(super) streams: Vec<StreamRecord>,
}

/// Where a file of some tensors has what.
#[derive(Debug)]
pub(super) struct Layout {
    /// The preamble and the header.
    pub(super) head: Vec<u8>,
    /// Where the elements of each tensor begin, counted from the first byte of the file.
    pub(super) offsets: Vec<u64>,
}

/// The layout of a file of these tensors and streams, both ascending by name. Each tensor comes
/// with the checksum of its elements.
///
/// # Errors
/// There is more of them than a file can hold, in words.
pub(super) fn lay_out(
    tensors: &[(TensorInfo, u32)],
    streams: &[StreamRecord],
) -> Result<Layout, String> {
    let too_large = || "the variables are too large for a checkpoint".to_owned();
    let records: Option<Vec<TensorRecord>> = tensors.iter().map(record).collect();
    let mut header = Header {
        tensors: records.ok_or_else(too_large)?,
        streams: streams.to_vec(),
    };
    // Numbers have a fixed width, so that the length is known before the offsets are.
    let header_length = envelope::encoded_length(&header)?;
    if header_length > ENVELOPE.most {
        return Err(format!(
            "the table of its tensors would take {header_length} bytes, and may take {}",
            ENVELOPE.most
        ));
    }
    let mut end = header_length.saturating_add(envelope::PREAMBLE as u64);
    for record in &mut header.tensors {
        record.offset = align(end).ok_or_else(too_large)?;
        end = record
            .offset
            .checked_add(record.length)
            .ok_or_else(too_large)?;
    }
    let offsets = header.tensors.iter().map(|record| record.offset).collect();
    let header = envelope::encode(&header)?;
    let mut head = ENVELOPE.seal(&header, end)?;
    head.extend_from_slice(&header);
    Ok(Layout { head, offsets })
}

/// What the header says of a tensor but for its place; `None` if no memory could hold it.
fn record((info, checksum): &(TensorInfo, u32)) -> Option<TensorRecord> {
    let (_, length) = extent(info.dtype, &info.shape)?;
    Some(TensorRecord {
        name: info.name.clone(),
        dtype: elements::code(info.dtype),
        shape: info.shape.iter().map(|size| *size as u64).collect(),
        offset: 0,
        length,
        checksum: *checksum,
    })
}

/// Where elements begin if what is before them ends here.
fn align(end: u64) -> Option<u64> {
    end.checked_next_multiple_of(ALIGNMENT)
}

/// Decodes the header and checks everything it says.
///
/// # Errors
/// The header is damaged, or not one that [`lay_out`] gives.
pub(super) fn read_header(opening: &Opening, bytes: &[u8]) -> Result<Table, Flaw> {
    let header: Header = opening.decode(bytes)?;
    ascending(header.tensors.iter().map(|tensor| tensor.name.as_str()))?;
    ascending(
        header
            .streams
            .iter()
            .map(|stream| stream.operation.as_str()),
    )?;
    let mut end = opening.end();
    let mut tensors = Vec::with_capacity(header.tensors.len());
    for record in header.tensors {
        let tensor = StoredTensor::check(record, end)?;
        end = tensor.offset.saturating_add(tensor.length);
        tensors.push(tensor);
    }
    if end != opening.file_length() {
        return Err(Flaw::damaged(format!(
            "its tensors end at byte {end} of {}",
            opening.file_length()
        )));
    }
    Ok(Table {
        tensors,
        streams: header.streams,
    })
}

fn ascending<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Flaw> {
    let mut before: Option<&str> = None;
    for name in names {
        match before {
            Some(other) if other == name => {
                return Err(Flaw::damaged(format!(
                    "it has `{}` twice",
                    shown::name(name)
                )));
            }
            Some(other) if other > name => {
                return Err(Flaw::damaged(format!(
                    "`{}` comes after `{}`",
                    shown::name(name),
                    shown::name(other)
                )));
            }
            Some(_) | None => before = Some(name),
        }
    }
    Ok(())
}

impl StoredTensor {
    /// Checks what a header says of a tensor, what is before it having ended at `end`. Where it ends
    /// itself fits in a number, and is left to be compared with the file's length.
    fn check(record: TensorRecord, end: u64) -> Result<StoredTensor, Flaw> {
        let name = shown::name(&record.name);
        let flaw = |what: String| Flaw::damaged(format!("its tensor `{name}` {what}"));
        let Some(dtype) = elements::dtype(record.dtype) else {
            return Err(flaw(format!(
                "has an unknown element type {}",
                record.dtype
            )));
        };
        let shape: Result<Vec<usize>, _> =
            record.shape.iter().map(|n| usize::try_from(*n)).collect();
        let sized = shape
            .ok()
            .and_then(|shape| Some((extent(dtype, &shape)?, shape)));
        let Some(((count, length), shape)) = sized else {
            return Err(flaw(format!(
                "has the impossible shape {}",
                shown::shape(&record.shape)
            )));
        };
        if length != record.length {
            return Err(flaw(format!(
                "has {} bytes, and {dtype}{} takes {length}",
                record.length,
                shown::shape(&shape)
            )));
        }
        if align(end) != Some(record.offset) || record.offset.checked_add(length).is_none() {
            return Err(flaw(format!(
                "begins at byte {}, and what is before it ends at {end}",
                record.offset
            )));
        }
        Ok(StoredTensor {
            info: TensorInfo {
                name: record.name,
                dtype,
                shape,
            },
            count,
            gap: end,
            offset: record.offset,
            length,
            checksum: record.checksum,
        })
    }
}

/// How many elements a shape has, and how many bytes they take; `None` if no memory can hold them.
fn extent(dtype: DType, shape: &[usize]) -> Option<(usize, u64)> {
    // Sizes beside a zero count too: an array of such a shape could not be indexed.
    let mut sizes = shape.iter().filter(|size| **size != 0);
    let bytes = sizes.try_fold(dtype.width(), |n, size| n.checked_mul(*size))?;
    isize::try_from(bytes).ok()?;
    if shape.contains(&0) {
        return Some((0, 0));
    }
    Some((bytes.checked_div(dtype.width())?, bytes as u64))
}
