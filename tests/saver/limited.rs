//! A system that refuses files beyond a size, as a full disk does in the midst of a write.

use std::fs;
use std::path::Path;
use std::process::Command;

use aqueduct::prelude::*;
use aqueduct::{CheckpointError, Error, FileAction, latest_checkpoint};

use crate::children::this_test;
use crate::session;

/// Tells the child where to save.
const FOLDER: &str = "AQUEDUCT_TEST_LIMITED_FOLDER";

fn save_too_much(folder: &Path) {
    let g = Graph::new();
    let small = g.variable("small", 1_i64);
    let large = g.variable("large", g.ones::<f32>([100_000]));
    let sess = session(&g);
    let saver = Saver::of([small]);
    let kept = saver.save(&sess, folder.join("small")).unwrap();
    let before = files(folder);

    let error = Saver::new(&g).save(&sess, folder.join("all")).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("cannot write `"), "{text}");
    assert!(text.contains("all.aqueduct`: "), "{text}");
    let Error::Checkpoint(error) = error else {
        unreachable!("{text}");
    };
    assert!(matches!(
        *error,
        CheckpointError::File {
            action: FileAction::Write,
            ..
        }
    ));

    assert_eq!(files(folder), before);
    assert_eq!(latest_checkpoint(folder).unwrap(), Some(kept));
    saver.restore(&sess, folder).unwrap();
    assert_eq!(sess.run(small.scalar(), feed![]).unwrap(), 1);
    assert_eq!(sess.value(large).unwrap().sum(), 100_000.0);
    saver.save(&sess, folder.join("small")).unwrap();
    assert_eq!(files(folder), before);
}

/// The names and bytes of a folder's files.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_save_that_does_not_fit_leaves_everything_as_it_was() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        save_too_much(Path::new(&folder));
        println!("\nall is as it was");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let test = this_test("limited::a_save_that_does_not_fit_leaves_everything_as_it_was");
    let output = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 16; exec "$0" "$@""#])
        .arg(test.get_program())
        .args(test.get_args())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("all is as it was"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The same on a disk that is full. `AQUEDUCT_TEST_SMALL_DISK=/mnt/small cargo test -p aqueduct-tests --test
/// saver -- --ignored a_disk_that_is_full`, where less than 400 kB are free.
#[test]
#[ignore = "needs a small disk"]
fn a_disk_that_is_full() {
    let disk = std::env::var_os("AQUEDUCT_TEST_SMALL_DISK").unwrap();
    let folder = tempfile::tempdir_in(disk).unwrap();
    save_too_much(folder.path());
}
