//! Damaged checkpoints made good in part, so that what is still wrong with them is looked at.

use super::file::{CheckpointFile, FileTensor, PREAMBLE};

/// The longest tensor that [`Mending::Layout`] makes elements for.
const MOST_BYTES: u64 = 1 << 12;

/// How much of a damaged file is made good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mending {
    /// Nothing.
    Nothing,
    /// Checksums, and the length of the file.
    Checksums,
    /// The same, and where everything is.
    Layout,
    /// The same, and the order of names.
    Order,
}

impl Mending {
    /// All of them.
    pub const ALL: [Mending; 4] = [
        Mending::Nothing,
        Mending::Checksums,
        Mending::Layout,
        Mending::Order,
    ];

    /// One of them for each byte.
    pub fn of(byte: u8) -> Mending {
        Mending::ALL[usize::from(byte) % Mending::ALL.len()]
    }
}

/// The file with so much of it made good.
pub fn mended(bytes: &[u8], mending: Mending) -> Vec<u8> {
    match mending {
        Mending::Nothing => bytes.to_vec(),
        Mending::Checksums => with_checksums(bytes),
        Mending::Layout => laid_out(bytes).bytes(),
        Mending::Order => {
            let mut file = laid_out(bytes);
            file.tensors.sort_by(|one, other| one.name.cmp(&other.name));
            file.tensors.dedup_by(|one, other| one.name == other.name);
            file.streams.sort();
            file.streams.dedup_by(|one, other| one.0 == other.0);
            file.bytes()
        }
    }
}

/// The right checksum at each place where one is looked for.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let found = Scan::of(&bytes);
    for record in &found.records {
        let sum = crc32fast::hash(elements(&bytes, record)).to_le_bytes();
        bytes[record.checksum..][..4].copy_from_slice(&sum);
    }
    let length = bytes.len() as u64;
    if let Some(place) = bytes.get_mut(24..PREAMBLE) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    let header_length = number(bytes.get(16..24)).unwrap_or(0);
    let end = (PREAMBLE as u64).saturating_add(header_length).min(length);
    if let Some(checked) = bytes.get(16..end as usize) {
        let sum = crc32fast::hash(checked).to_le_bytes();
        bytes[12..16].copy_from_slice(&sum);
    }
    bytes
}

/// What the bytes say as far as they can be understood, with elements of the length that fits.
fn laid_out(bytes: &[u8]) -> CheckpointFile {
    let found = Scan::of(bytes);
    let tensors = found.records.iter().map(|record| {
        let mut tensor = record.tensor.clone();
        let elements = elements(bytes, record);
        let length = length_of(&tensor).filter(|length| *length <= MOST_BYTES);
        let length = length.unwrap_or(elements.len() as u64) as usize;
        tensor.bytes = elements.iter().copied().cycle().take(length).collect();
        tensor.bytes.resize(length, 0);
        tensor
    });
    CheckpointFile {
        tensors: tensors.collect(),
        streams: found.streams,
    }
}

/// How many bytes a tensor's elements take, if it is a tensor at all.
fn length_of(tensor: &FileTensor) -> Option<u64> {
    let width = match tensor.dtype {
        1 | 3 => 4,
        2 | 9 => 8,
        4 | 10 => 1,
        _ => return None,
    };
    let mut sizes = tensor.shape.iter();
    sizes.try_fold(width, |n: u64, size| n.checked_mul(*size))
}

/// The elements of a record, as far as the file has them.
fn elements<'b>(bytes: &'b [u8], record: &Record) -> &'b [u8] {
    let offset = usize::try_from(record.offset).unwrap_or(usize::MAX);
    let rest = bytes.get(offset..).unwrap_or_default();
    let length = usize::try_from(record.length).unwrap_or(usize::MAX);
    &rest[..length.min(rest.len())]
}

/// The record of a tensor that was found in a file.
struct Record {
    tensor: FileTensor,
    offset: u64,
    length: u64,
    /// Where the checksum of its elements is.
    checksum: usize,
}

/// What is found in a file that may be damaged anywhere.
#[derive(Default)]
struct Scan {
    records: Vec<Record>,
    streams: Vec<(Vec<u8>, [u64; 3])>,
}

impl Scan {
    fn of(bytes: &[u8]) -> Scan {
        let mut found = Scan::default();
        let mut reader = Reader {
            bytes,
            at: PREAMBLE,
        };
        let complete = found.tensors(&mut reader);
        if complete.is_some() {
            found.read_streams(&mut reader);
        }
        found
    }

    /// Adds tensors; `None` if the bytes end before.
    fn tensors(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        for _ in 0..reader.u64()? {
            let name = reader.text()?;
            let dtype = reader.u32()?;
            let rank = reader.u64()?;
            let shape: Option<Vec<u64>> = (0..rank).map(|_| reader.u64()).collect();
            let tensor = FileTensor::new(name, dtype, &shape?, &[]);
            let (offset, length) = (reader.u64()?, reader.u64()?);
            let checksum = reader.at;
            reader.u32()?;
            self.records.push(Record {
                tensor,
                offset,
                length,
                checksum,
            });
        }
        Some(())
    }

    /// Adds streams; `None` if the bytes end before.
    fn read_streams(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        for _ in 0..reader.u64()? {
            let operation = reader.text()?;
            let numbers = [reader.u64()?, reader.u64()?, reader.u64()?];
            self.streams.push((operation, numbers));
        }
        Some(())
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(taken)
    }

    fn u64(&mut self) -> Option<u64> {
        number(self.take(8))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.u64()?).ok()?;
        Some(self.take(length)?.to_vec())
    }
}

fn number(bytes: Option<&[u8]>) -> Option<u64> {
    Some(u64::from_le_bytes(bytes?.try_into().ok()?))
}

/// The streams of a file, as far as they can be understood.
pub(super) fn streams_of(bytes: &[u8]) -> Vec<(Vec<u8>, [u64; 3])> {
    Scan::of(bytes).streams
}
