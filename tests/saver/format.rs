//! The format once more, from `docs/checkpoint-format.md` alone: what it says is what is written.

use aqueduct::prelude::*;
use aqueduct::{Data, Value};
use aqueduct_tests::hostile::{CheckpointFile, FileTensor};
use ndarray::{Array3, arr1, arr2};

use crate::session;

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

    let file = CheckpointFile {
        tensors: vec![
            FileTensor::new("b", 10, &[3], &[1, 0, 1]),
            FileTensor::new("empty", 2, &[0, 3], &[]),
            FileTensor::new("i", 3, &[1], &[0xfe, 0xff, 0xff, 0xff]),
            FileTensor::new("layer/w", 1, &[1, 2], &[0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]),
            FileTensor::new("n", 9, &[], &[0, 0, 0, 0, 0, 0, 0, 0x80]),
            FileTensor::new("u", 4, &[2, 1, 2], &[200; 4]),
        ],
        streams: vec![
            ("random_normal/RandomStandardNormal".into(), [7, 4, 0]),
            // As many blocks as TensorFlow reserves for five numbers.
            ("random_uniform/RandomUniform".into(), [7, 3, 5 * 256]),
        ],
    };
    let written = std::fs::read(dir.path().join("model.aqueduct")).unwrap();
    assert_eq!(written, file.bytes());
}

#[test]
fn a_file_of_the_specification_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.aqueduct");
    let file = CheckpointFile {
        tensors: vec![FileTensor::new("w", 3, &[2], &[1, 0, 0, 0, 2, 0, 0, 0])],
        streams: Vec::new(),
    };
    std::fs::write(&path, file.bytes()).unwrap();
    let value = aqueduct::load_variable(&path, "w").unwrap();
    assert_eq!(value, Value::new(vec![2], Data::I32(vec![1, 2])).unwrap());
    std::fs::write(&path, CheckpointFile::default().bytes()).unwrap();
    assert_eq!(aqueduct::list_variables(&path).unwrap(), []);
}
