//! The format once more, from `docs/checkpoint-format.md` alone: what it says is what is written.

use aqueduct::prelude::*;
use aqueduct::{Data, Value};
use ndarray::{Array3, arr1, arr2};

use crate::session;

/// A checkpoint as the specification describes it, with every field free to be wrong.
#[derive(Clone, Default)]
pub(crate) struct File {
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) streams: Vec<(&'static str, [u64; 3])>,
}

#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) name: &'static str,
    pub(crate) dtype: u32,
    pub(crate) shape: Vec<u64>,
    pub(crate) bytes: Vec<u8>,
    /// Instead of the right ones.
    pub(crate) offset: Option<u64>,
    pub(crate) length: Option<u64>,
}

impl Tensor {
    pub(crate) fn new(name: &'static str, dtype: u32, shape: &[u64], bytes: &[u8]) -> Tensor {
        Tensor {
            name,
            dtype,
            shape: shape.to_vec(),
            bytes: bytes.to_vec(),
            offset: None,
            length: None,
        }
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

impl File {
    pub(crate) fn header(&self) -> Vec<u8> {
        let length = self.header_with(&self.tensors).len() as u64;
        let mut end = 32 + length;
        let mut placed = self.tensors.clone();
        for tensor in &mut placed {
            let offset = tensor.offset.unwrap_or(end.next_multiple_of(64));
            let length = tensor.length.unwrap_or(tensor.bytes.len() as u64);
            (tensor.offset, tensor.length) = (Some(offset), Some(length));
            end = offset.wrapping_add(length);
        }
        self.header_with(&placed)
    }

    fn header_with(&self, tensors: &[Tensor]) -> Vec<u8> {
        let mut header = (tensors.len() as u64).to_le_bytes().to_vec();
        for tensor in tensors {
            header.extend(text(tensor.name));
            header.extend(tensor.dtype.to_le_bytes());
            header.extend((tensor.shape.len() as u64).to_le_bytes());
            header.extend(tensor.shape.iter().flat_map(|size| size.to_le_bytes()));
            header.extend(tensor.offset.unwrap_or(0).to_le_bytes());
            header.extend(tensor.length.unwrap_or(0).to_le_bytes());
            header.extend(crc32fast::hash(&tensor.bytes).to_le_bytes());
        }
        header.extend((self.streams.len() as u64).to_le_bytes());
        for (operation, numbers) in &self.streams {
            header.extend(text(operation));
            header.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        header
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

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let header = self.header();
        with_preamble(&header, &self.elements(32 + header.len()))
    }
}

/// A file of this header, with checksums that are right, and these bytes after it.
pub(crate) fn with_preamble(header: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = (32 + header.len() + rest.len()) as u64;
    let mut checked = (header.len() as u64).to_le_bytes().to_vec();
    checked.extend(length.to_le_bytes());
    checked.extend(header);
    let mut bytes = b"\x89AQDCK\r\n".to_vec();
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(crc32fast::hash(&checked).to_le_bytes());
    bytes.extend(checked);
    bytes.extend(rest);
    bytes
}

#[test]
fn the_specification_is_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    let g = Graph::new();
    g.set_random_seed(7);
    g.variable("layer/w", arr2(&[[1.5_f32, -2.0]]));
    g.variable("empty", g.zeros::<f64>([0, 3]));
    g.variable("b", arr1(&[true, false, true]));
    g.variable("i", arr1(&[-2_i32]));
    g.variable("n", i64::MIN);
    g.variable("u", Array3::from_elem((2, 1, 2), 200_u8));
    let drawn = random_uniform([5], 0.0, 1.0).seed(3).tensor::<f32>(&g);
    random_normal([2]).seed(4).tensor::<f32>(&g);
    let sess = session(&g);
    sess.run(drawn, feed![]).unwrap();
    Saver::new(&g).save(&sess, &path).unwrap();

    let file = File {
        tensors: vec![
            Tensor::new("b", 10, &[3], &[1, 0, 1]),
            Tensor::new("empty", 2, &[0, 3], &[]),
            Tensor::new("i", 3, &[1], &[0xfe, 0xff, 0xff, 0xff]),
            Tensor::new("layer/w", 1, &[1, 2], &[0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]),
            Tensor::new("n", 9, &[], &[0, 0, 0, 0, 0, 0, 0, 0x80]),
            Tensor::new("u", 4, &[2, 1, 2], &[200; 4]),
        ],
        streams: vec![
            ("random_normal/RandomStandardNormal", [7, 4, 0]),
            // As many blocks as TensorFlow reserves for five numbers.
            ("random_uniform/RandomUniform", [7, 3, 5 * 256]),
        ],
    };
    let written = std::fs::read(dir.path().join("model.aqueduct")).unwrap();
    assert_eq!(written, file.bytes());
}

#[test]
fn a_file_of_the_specification_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.aqueduct");
    let file = File {
        tensors: vec![Tensor::new("w", 3, &[2], &[1, 0, 0, 0, 2, 0, 0, 0])],
        streams: Vec::new(),
    };
    std::fs::write(&path, file.bytes()).unwrap();
    let value = aqueduct::load_variable(&path, "w").unwrap();
    assert_eq!(value, Value::new(vec![2], Data::I32(vec![1, 2])).unwrap());
    std::fs::write(&path, File::default().bytes()).unwrap();
    assert_eq!(aqueduct::list_variables(&path).unwrap(), []);
}
