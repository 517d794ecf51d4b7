//! Files that change while they are read, or are said to be longer than any memory.

use std::fs;
use std::path::Path;

use aqueduct_graph::{DType, Graph};

use super::session;
use super::system::TestSystem;
use crate::saver::compare::TensorInfo;
use crate::saver::files::Host;
use crate::saver::format;
use crate::saver::lookup::file_of;
use crate::saver::reader::Reader;
use crate::saver::{CheckpointError, Saver};

/// Why the elements of the one tensor cannot be read from a file that `change` is done to after its
/// table was read.
fn refusal(change: impl Fn(&Path)) -> CheckpointError {
    let dir = tempfile::tempdir().unwrap();
    let g = Graph::new();
    let (sess, _) = session(&g);
    let file = file_of(&Saver::new(&g).save(&sess, dir.path().join("m")).unwrap());
    let mut reader = Reader::open(&Host, &file).unwrap();
    change(&file);
    let tensor = reader.table.tensors[0].clone();
    reader.read(&tensor).unwrap_err()
}

#[test]
fn a_file_that_is_cut_short_after_its_table_was_read() {
    for length in [0, 32, 100, 129, 131] {
        let error = refusal(|file| {
            let open = fs::OpenOptions::new().write(true).open(file).unwrap();
            open.set_len(length).unwrap();
        });
        let text = error.to_string();
        assert!(
            text.ends_with("m.aqueduct` is damaged: its tensor `w` ends too early"),
            "{length}: {text}"
        );
    }
}

#[test]
fn a_file_that_is_overwritten_after_its_table_was_read() {
    let error = refusal(|file| {
        let length = fs::metadata(file).unwrap().len();
        let bytes = [vec![0; 131], vec![1; 1000]].concat();
        assert!(length < bytes.len() as u64);
        fs::write(file, bytes).unwrap();
    });
    let text = error.to_string();
    assert!(
        text.ends_with("its tensor `w` has another checksum than it was written with"),
        "{text}"
    );
}

/// The table goes on belonging to the file that was opened.
#[test]
fn a_file_that_is_replaced_after_its_table_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let g = Graph::new();
    let (sess, w) = session(&g);
    let save = || Saver::new(&g).save(&sess, dir.path().join("m")).unwrap();
    let file = file_of(&save());
    let mut reader = Reader::open(&Host, &file).unwrap();
    sess.load(w, ndarray::arr0(5.0_f32)).unwrap();
    save();
    let tensor = reader.table.tensors[0].clone();
    let value = reader.read(&tensor).unwrap();
    assert_eq!(value.as_slice::<f32>(), Some(&[0.0][..]));
}

#[test]
fn a_tensor_that_no_memory_can_hold() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.aqueduct");
    let length = 1_u64 << 62;
    let info = TensorInfo {
        name: "w".to_owned(),
        dtype: DType::U8,
        shape: vec![1 << 31, 1 << 31],
    };
    let layout = format::lay_out(&[(info, 0)], &[]).unwrap();
    fs::write(&path, &layout.head).unwrap();
    let system = TestSystem::default();
    system.pretend_length(layout.offsets[0] + length);
    let mut reader = Reader::open(&system, &path).unwrap();
    let tensor = reader.table.tensors[0].clone();
    // The zeros before the elements are there, as they are looked at first.
    fs::write(&path, [&layout.head[..], &[0; 64]].concat()).unwrap();
    let error = reader.read(&tensor).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "not enough memory: tensor `w` of `{}` takes {length} bytes",
            path.display()
        )
    );
}
