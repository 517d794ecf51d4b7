//! Elements as bytes: little-endian, row by row; a `bool` is a byte 0 or 1.

use aqueduct_graph::ir::Data;
use aqueduct_graph::{DType, Element, each_data};

/// How many bytes are encoded or decoded at a time; a multiple of every element's width.
pub(super) const CHUNK: usize = 1 << 18;

/// An element type that a checkpoint can hold.
pub(super) trait Encoded: Element {
    /// Replaces `bytes` by the encoding of these elements.
    fn encode(values: &[Self], bytes: &mut Vec<u8>);

    /// Appends what whole elements `bytes` hold. `false` if one of them is no value of this type.
    fn decode(bytes: &[u8], values: &mut Vec<Self>) -> bool;
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Encoded for $type {
            fn encode(values: &[Self], bytes: &mut Vec<u8>) {
                bytes.clear();
                bytes.resize(size_of_val(values), 0);
                let (places, _) = bytes.as_chunks_mut();
                for (place, value) in places.iter_mut().zip(values) {
                    *place = value.to_le_bytes();
                }
            }

            fn decode(bytes: &[u8], values: &mut Vec<Self>) -> bool {
                let (encoded, _) = bytes.as_chunks();
                values.extend(encoded.iter().map(|bytes| <$type>::from_le_bytes(*bytes)));
                true
            }
        }
    )*};
}
numbers!(f32, f64, i32, i64, u8);

impl Encoded for bool {
    fn encode(values: &[Self], bytes: &mut Vec<u8>) {
        bytes.clear();
        bytes.extend(values.iter().copied().map(u8::from));
    }

    fn decode(bytes: &[u8], values: &mut Vec<Self>) -> bool {
        values.extend(bytes.iter().map(|byte| *byte != 0));
        bytes.iter().all(|byte| *byte <= 1)
    }
}

/// Gives the encoding of all elements to `sink`, in chunks. The buffer is scratch.
///
/// # Errors
/// Those of `sink`.
pub(super) fn encode<E>(
    data: &Data,
    buffer: &mut Vec<u8>,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let count = CHUNK / data.dtype().width();
    each_data!(data, values => {
        values.chunks(count).try_for_each(|chunk| {
            Encoded::encode(chunk, buffer);
            sink(buffer)
        })
    })
}

/// The checksum of the encoding of all elements.
pub(super) fn checksum(data: &Data, buffer: &mut Vec<u8>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let Ok(()) = encode(data, buffer, |bytes| {
        hasher.update(bytes);
        Ok::<(), std::convert::Infallible>(())
    });
    hasher.finalize()
}

/// The number by which a checkpoint names an element type: TensorFlow's.
pub(super) const fn code(dtype: DType) -> u32 {
    match dtype {
        DType::F32 => 1,
        DType::F64 => 2,
        DType::I32 => 3,
        DType::U8 => 4,
        DType::I64 => 9,
        DType::Bool => 10,
    }
}

/// The element type of a number, if there is one.
pub(super) fn dtype(number: u32) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| code(*dtype) == number)
}
