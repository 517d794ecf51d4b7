//! A checkpoint as `docs/checkpoint-format.md` describes it, with every field free to be wrong.

/// How every checkpoint begins.
const MAGIC: &[u8; 8] = b"\x89AQDCK\r\n";
/// Bytes before the header.
pub(super) const PREAMBLE: usize = 32;

/// The contents of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckpointFile {
    /// Its tensors, in the order of their records.
    pub tensors: Vec<FileTensor>,
    /// The name of each random operation, and its two seeds and next block.
    pub streams: Vec<(Vec<u8>, [u64; 3])>,
}

/// A tensor of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct FileTensor {
    /// Its name, of which nobody says that it is UTF-8.
    pub name: Vec<u8>,
    /// The number of its element type.
    pub dtype: u32,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its elements.
    pub bytes: Vec<u8>,
    /// Where it says that its elements begin, instead of where they do.
    pub offset: Option<u64>,
    /// How long it says that its elements are, instead of how long they are.
    pub length: Option<u64>,
}

impl FileTensor {
    /// A tensor that says where its elements are.
    pub fn new(name: impl Into<Vec<u8>>, dtype: u32, shape: &[u64], bytes: &[u8]) -> FileTensor {
        FileTensor {
            name: name.into(),
            dtype,
            shape: shape.to_vec(),
            bytes: bytes.to_vec(),
            offset: None,
            length: None,
        }
    }
}

impl CheckpointFile {
    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        let header = self.header();
        with_preamble(&header, &self.elements(PREAMBLE + header.len()))
    }

    /// The header.
    pub fn header(&self) -> Vec<u8> {
        let length = encoded(&self.tensors, &self.streams).len() as u64;
        let mut end = PREAMBLE as u64 + length;
        let mut placed = self.tensors.clone();
        for tensor in &mut placed {
            let offset = tensor.offset.unwrap_or(end.next_multiple_of(64));
            let length = tensor.length.unwrap_or(tensor.bytes.len() as u64);
            (tensor.offset, tensor.length) = (Some(offset), Some(length));
            end = offset.wrapping_add(length);
        }
        encoded(&placed, &self.streams)
    }

    /// The elements, each tensor at a multiple of 64 bytes.
    fn elements(&self, begin: usize) -> Vec<u8> {
        let mut elements = Vec::new();
        for tensor in &self.tensors {
            let end = begin + elements.len();
            elements.resize(end.next_multiple_of(64) - begin, 0);
            elements.extend(&tensor.bytes);
        }
        elements
    }
}

fn encoded(tensors: &[FileTensor], streams: &[(Vec<u8>, [u64; 3])]) -> Vec<u8> {
    let mut header = (tensors.len() as u64).to_le_bytes().to_vec();
    for tensor in tensors {
        header.extend(text(&tensor.name));
        header.extend(tensor.dtype.to_le_bytes());
        header.extend((tensor.shape.len() as u64).to_le_bytes());
        header.extend(tensor.shape.iter().flat_map(|size| size.to_le_bytes()));
        header.extend(tensor.offset.unwrap_or(0).to_le_bytes());
        header.extend(tensor.length.unwrap_or(0).to_le_bytes());
        header.extend(crc32fast::hash(&tensor.bytes).to_le_bytes());
    }
    header.extend((streams.len() as u64).to_le_bytes());
    for (operation, numbers) in streams {
        header.extend(text(operation));
        header.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
    header
}

fn text(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text].concat()
}

/// A checkpoint of this header, with checksums that are right, and these bytes after it.
pub fn with_preamble(header: &[u8], rest: &[u8]) -> Vec<u8> {
    sealed(MAGIC, header, rest)
}

/// A file that begins so, with this header and these bytes after it.
pub(super) fn sealed(magic: &[u8; 8], header: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = (PREAMBLE + header.len() + rest.len()) as u64;
    let mut checked = (header.len() as u64).to_le_bytes().to_vec();
    checked.extend(length.to_le_bytes());
    checked.extend(header);
    let mut bytes = magic.to_vec();
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(crc32fast::hash(&checked).to_le_bytes());
    bytes.extend(checked);
    bytes.extend(rest);
    bytes
}
