//! Files that are cut short or have a bit changed: refused, with nothing restored.

use std::path::PathBuf;

use aqueduct::prelude::*;
use aqueduct::{CheckpointError, Error};
use tempfile::TempDir;

use crate::session;

/// A small checkpoint, and a session of other values that it could be restored to.
struct Victim {
    _dir: TempDir,
    file: PathBuf,
    bytes: Vec<u8>,
    graph: Graph,
    sess: Session,
}

impl Victim {
    fn new() -> Victim {
        let dir = tempfile::tempdir().unwrap();
        let graph = Graph::new();
        let w = graph.variable("w", [1.0_f32, 2.0, 3.0]);
        graph.variable("done", [true, false]);
        let noise = random_normal([2]).seed(1).tensor::<f32>(&graph);
        let sess = session(&graph);
        sess.run(noise, feed![]).unwrap();
        Saver::new(&graph)
            .save(&sess, dir.path().join("m"))
            .unwrap();
        sess.load(w, [7.0, 8.0, 9.0]).unwrap();
        let file = dir.path().join("m.aqueduct");
        let bytes = std::fs::read(&file).unwrap();
        Victim {
            _dir: dir,
            file,
            bytes,
            graph: graph.clone(),
            sess,
        }
    }

    /// Restores from these bytes, which must fail and change nothing.
    fn refused(&self, bytes: &[u8]) -> CheckpointError {
        std::fs::write(&self.file, bytes).unwrap();
        let saver = Saver::new(&self.graph);
        let values = || {
            let variables = self.graph.global_variables();
            variables
                .into_iter()
                .map(|variable| self.sess.any_value(variable).unwrap())
                .collect::<Vec<_>>()
        };
        let before = values();
        let error = saver.restore(&self.sess, &self.file).unwrap_err();
        assert!(saver.restore_matching(&self.sess, &self.file).is_err());
        assert_eq!(values(), before);
        let text = error.to_string();
        assert!(text.contains("m.aqueduct` "), "{text}");
        let Error::Checkpoint(error) = error else {
            unreachable!("{error}");
        };
        *error
    }
}

#[test]
fn a_file_that_is_cut_short_anywhere() {
    let victim = Victim::new();
    for length in 0..victim.bytes.len() {
        let error = victim.refused(&victim.bytes[..length]);
        assert!(
            matches!(error, CheckpointError::Damaged { .. }),
            "{length}: {error}"
        );
    }
    let longer = [&victim.bytes[..], &[0]].concat();
    assert!(matches!(
        victim.refused(&longer),
        CheckpointError::Damaged { .. }
    ));
}

#[test]
fn any_bit_that_is_changed() {
    let victim = Victim::new();
    for place in 0..victim.bytes.len() {
        for bit in 0..8 {
            let mut bytes = victim.bytes.clone();
            bytes[place] ^= 1 << bit;
            let error = victim.refused(&bytes);
            let as_expected = match place {
                0..8 => matches!(error, CheckpointError::NotACheckpoint { .. }),
                8..12 if (place, bit) != (8, 0) => matches!(error, CheckpointError::Version { .. }),
                _ => matches!(error, CheckpointError::Damaged { .. }),
            };
            assert!(as_expected, "bit {bit} of byte {place}: {error}");
        }
    }
}

#[test]
fn elements_that_are_not_asked_for_are_not_read() {
    let victim = Victim::new();
    let mut bytes = victim.bytes.clone();
    // The last byte is of `w`.
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&victim.file, &bytes).unwrap();
    assert!(aqueduct::load_variable(&victim.file, "done").is_ok());
    assert!(aqueduct::load_variable(&victim.file, "w").is_err());
    assert_eq!(aqueduct::list_variables(&victim.file).unwrap().len(), 2);
    assert!(
        Saver::new(&victim.graph)
            .compare(&victim.file)
            .unwrap()
            .is_exact()
    );
}
