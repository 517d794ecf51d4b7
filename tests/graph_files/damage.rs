//! Files that are cut short or have a bit changed are refused.

use aqueduct::GraphFileError;
use aqueduct::prelude::*;
use aqueduct_tests::hostile::GraphFolder;

use crate::seeds::small;

/// A folder, and the file of a small graph.
fn victim() -> (GraphFolder, Vec<u8>) {
    let folder = GraphFolder::new();
    let graph = Graph::new();
    small(&graph);
    graph.check().unwrap();
    let bytes = folder.exported(&graph);
    assert!(folder.offer(&bytes).is_ok());
    (folder, bytes)
}

#[test]
fn a_file_that_is_cut_short_anywhere() {
    let (folder, bytes) = victim();
    for length in 0..bytes.len() {
        let error = folder.offer(&bytes[..length]).unwrap_err();
        assert!(
            matches!(*error, GraphFileError::Damaged { .. }),
            "{length}: {error}"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    let error = folder.offer(&longer).unwrap_err();
    assert!(matches!(*error, GraphFileError::Damaged { .. }), "{error}");
}

#[test]
fn any_bit_that_is_changed() {
    let (folder, bytes) = victim();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let error = folder.offer(&changed).unwrap_err();
            let as_expected = match place {
                0..8 => matches!(*error, GraphFileError::NotAGraph { .. }),
                8..12 if (place, bit) != (8, 0) => matches!(*error, GraphFileError::Version { .. }),
                _ => matches!(*error, GraphFileError::Damaged { .. }),
            };
            assert!(as_expected, "bit {bit} of byte {place}: {error}");
        }
    }
}
