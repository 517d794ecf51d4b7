//! What every file of ours begins with, and how what it tells of itself is encoded: a preamble of 32
//! bytes, then a header of which the preamble says how long it is and what its checksum is.
//!
//! The one place that uses bincode, with numbers of a fixed width. It reads from a slice whose length was
//! compared with the file's, and asks for no more memory than that however long a list claims to be.

use bincode::Options;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The length of the preamble.
pub(crate) const PREAMBLE: usize = 32;

/// How files of one kind begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    /// The first byte is not ASCII and the last two are a line's end, so that a transfer as text does
    /// not go unnoticed.
    pub(crate) magic: [u8; 8],
    /// The version that is written, and the latest that is read.
    pub(crate) version: u32,
    /// The most bytes that a header may have. It bounds what a forged file may ask for.
    pub(crate) most: u64,
}

/// Why bytes are no file of the kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// They begin otherwise.
    Foreign,
    /// They are of a later version.
    Version(u32),
    /// They are not what was written.
    Damaged(String),
}

impl Flaw {
    pub(crate) fn damaged(reason: impl Into<String>) -> Flaw {
        Flaw::Damaged(reason.into())
    }
}

/// The first bytes of a file, in their order.
#[derive(Debug, Serialize, Deserialize)]
struct Preamble {
    magic: [u8; 8],
    version: u32,
    /// CRC-32 of everything from the next field to the end of the header.
    checksum: u32,
    header_length: u64,
    file_length: u64,
}

/// A preamble that fits the length of its file.
#[derive(Debug)]
pub(crate) struct Opening {
    preamble: Preamble,
    /// The length of the header. It is within the file.
    pub(crate) header_length: usize,
}

fn codec() -> impl Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_little_endian()
        .reject_trailing_bytes()
}

/// The bytes of a header.
///
/// # Errors
/// It cannot be encoded, in words.
pub(crate) fn encode<T: Serialize>(header: &T) -> Result<Vec<u8>, String> {
    codec().serialize(header).map_err(|error| error.to_string())
}

/// How many bytes a header takes.
///
/// # Errors
/// It cannot be encoded, in words.
pub(crate) fn encoded_length<T: Serialize>(header: &T) -> Result<u64, String> {
    codec()
        .serialized_size(header)
        .map_err(|error| error.to_string())
}

impl Envelope {
    /// The preamble of a file of this length with this header.
    ///
    /// # Errors
    /// It cannot be encoded, in words.
    pub(crate) fn seal(&self, header: &[u8], file_length: u64) -> Result<Vec<u8>, String> {
        let mut preamble = Preamble {
            magic: self.magic,
            version: self.version,
            checksum: 0,
            header_length: header.len() as u64,
            file_length,
        };
        preamble.checksum = preamble.checksum_with(header);
        encode(&preamble)
    }

    /// Looks at the first bytes of a file, at most [`PREAMBLE`], and at its length.
    ///
    /// # Errors
    /// The file is of another kind, or a damaged one, or of a later version.
    pub(crate) fn open(&self, bytes: &[u8], file_length: u64) -> Result<Opening, Flaw> {
        let magic = bytes.get(..self.magic.len()).unwrap_or(bytes);
        if !self.magic.starts_with(magic) {
            return Err(Flaw::Foreign);
        }
        if bytes.is_empty() {
            return Err(Flaw::damaged("it is empty"));
        }
        if bytes.len() < PREAMBLE {
            return Err(Flaw::damaged(format!(
                "it ends after {} bytes, in the preamble",
                bytes.len()
            )));
        }
        let preamble: Preamble = codec().deserialize(bytes).map_err(malformed)?;
        match preamble.version {
            0 => return Err(Flaw::damaged("there is no format version 0")),
            version if version > self.version => return Err(Flaw::Version(version)),
            _ => {}
        }
        if preamble.file_length != file_length {
            return Err(Flaw::damaged(format!(
                "it has {file_length} bytes, and was written with {}",
                preamble.file_length
            )));
        }
        let room = file_length.saturating_sub(PREAMBLE as u64).min(self.most);
        let header_length = usize::try_from(preamble.header_length)
            .ok()
            .filter(|_| preamble.header_length <= room)
            .ok_or_else(|| {
                let length = preamble.header_length;
                Flaw::damaged(format!(
                    "its header has {length} bytes, in a file of {file_length}"
                ))
            })?;
        Ok(Opening {
            preamble,
            header_length,
        })
    }
}

impl Preamble {
    fn checksum_with(&self, header: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.header_length.to_le_bytes());
        hasher.update(&self.file_length.to_le_bytes());
        hasher.update(header);
        hasher.finalize()
    }
}

impl Opening {
    /// Where the header ends.
    pub(crate) fn end(&self) -> u64 {
        self.preamble.header_length.saturating_add(PREAMBLE as u64)
    }

    pub(crate) fn file_length(&self) -> u64 {
        self.preamble.file_length
    }

    /// Decodes the header.
    ///
    /// # Errors
    /// It is not what was written.
    pub(crate) fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Flaw> {
        if self.preamble.checksum_with(bytes) != self.preamble.checksum {
            return Err(Flaw::damaged("the checksum of its header is wrong"));
        }
        let limited = codec().with_limit(bytes.len() as u64);
        limited.deserialize(bytes).map_err(malformed)
    }
}

fn malformed(error: bincode::Error) -> Flaw {
    Flaw::damaged(format!("its header is malformed: {error}"))
}
