//! What a hostile person puts where a checkpoint is looked for: names, shapes and numbers that are out
//! of the way, things that are no files.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aqueduct::prelude::*;
use aqueduct::{CheckpointError, Error, checkpoint_state, list_variables, load_variable};
use aqueduct_tests::hostile::{CheckpointFile, FileTensor, StateFolder, Victim};
use tempfile::tempdir;

use crate::allocations::largest_request;
use crate::session;

fn file(tensors: Vec<FileTensor>) -> Vec<u8> {
    CheckpointFile {
        tensors,
        streams: Vec::new(),
    }
    .bytes()
}

fn byte(name: impl Into<Vec<u8>>) -> FileTensor {
    FileTensor::new(name, 4, &[1], &[7])
}

#[test]
fn names_of_all_kinds_are_read_and_written_again() {
    let names = [
        "",
        "\0",
        "\n",
        "\u{1b}[2J",
        "..",
        "../../etc/passwd",
        "/",
        "\u{e9}",
        "e\u{301}",
        "\u{202e}txt.exe",
    ];
    let mut names: Vec<String> = names.map(str::to_owned).into();
    names.push("x".repeat(1 << 20));
    names.sort();
    let bytes = file(names.iter().map(|name| byte(name.as_str())).collect());
    let victim = Victim::new();
    let outcome = victim.offer(&bytes);
    assert!(outcome.whole && !outcome.restored);
    let table = outcome.table.unwrap();
    assert!(table.iter().map(|tensor| &tensor.name).eq(&names));
    assert!(victim.rewrite(&bytes, &table));
}

/// Why a file is refused that has two tensors of this name.
fn twice(name: &str) -> String {
    let refusal = Victim::new()
        .offer(&file(vec![byte(name), byte(name)]))
        .refusal;
    let refusal = refusal.unwrap();
    let (_, reason) = refusal.split_once("is damaged: ").unwrap();
    reason.to_owned()
}

#[test]
fn names_are_shown_escaped_and_shortened() {
    assert_eq!(twice("\u{1b}[2J\0\n"), r"it has `\u{1b}[2J\0\n` twice");
    assert_eq!(twice("\u{202e}a"), r"it has `\u{202e}a` twice");
    assert_eq!(twice("it's \"\\\""), r#"it has `it's "\"` twice"#);
    let (long, shown) = ("\u{e4}".repeat(1 << 19), "\u{e4}".repeat(1000));
    assert_eq!(
        twice(&long),
        format!("it has `{shown}... (1048576 bytes)` twice")
    );
}

#[test]
fn names_that_look_alike_are_told_apart() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("m.aqueduct");
    fs::write(&path, file(vec![byte("e\u{301}")])).unwrap();
    let g = Graph::new();
    let v = g.variable("v", [0_u8]);
    let error = Saver::named([("\u{e9}", v)])
        .strict(true)
        .restore(&session(&g), &path)
        .unwrap_err()
        .to_string();
    assert!(error.contains("  missing  \u{e9} "), "{error}");
    assert!(error.contains("  extra    e\\u{301} "), "{error}");
}

/// Neither the text nor what is read of a file grows faster than the file.
#[test]
fn a_hundred_thousand_tensors_and_a_long_name() {
    let mut tensors = vec![byte("x".repeat(1 << 20))];
    tensors.extend((0..100_000).map(|n| FileTensor::new(format!("y{n:06}"), 4, &[0], &[])));
    let bytes = file(tensors);
    let dir = tempdir().unwrap();
    let path = dir.path().join("m.aqueduct");
    fs::write(&path, &bytes).unwrap();
    let g = Graph::new();
    let w = g.variable("w", 0.0_f32);
    let sess = session(&g);
    let saver = Saver::of([w]).strict(true);
    let (error, largest) = largest_request(|| saver.restore(&sess, &path).unwrap_err());
    assert!(largest < 4 * bytes.len(), "{largest}");
    let (text, largest) = largest_request(|| error.to_string());
    assert!(largest < 1 << 16, "{largest}");
    assert!(
        text.contains("\n  and 99901 more that are extra\n"),
        "{text}"
    );
    let Error::Checkpoint(error) = error else {
        unreachable!("{error}");
    };
    let CheckpointError::Mismatch { comparison, .. } = *error else {
        unreachable!("{error}");
    };
    assert_eq!(comparison.extra.len(), 100_001);
}

#[test]
fn shapes_of_a_million_sizes() {
    let victim = Victim::new();
    let ones = FileTensor::new("ones", 4, &vec![1; 1_000_000], &[7]);
    let (outcome, largest) = largest_request(|| victim.offer(&file(vec![ones])));
    assert!(outcome.whole && largest <= 16 << 20, "{largest}");
    let huge = FileTensor::new("huge", 4, &vec![2; 1_000_000], &[7]);
    let refusal = victim.offer(&file(vec![huge])).refusal.unwrap();
    assert!(
        refusal.ends_with("2, 2, 2, 2, ... (1000000 sizes)]"),
        "{refusal}"
    );
}

#[test]
fn tensors_without_elements() {
    let tensor = |name: &str, shape: &[u64]| FileTensor::new(name, 9, shape, &[]);
    let bytes = file(vec![
        tensor("a", &[0]),
        tensor("b", &[0, 1 << 59]),
        tensor("c", &[1 << 59, 0, 1]),
    ]);
    let victim = Victim::new();
    let outcome = victim.offer(&bytes);
    assert!(outcome.whole, "{outcome:?}");
    for name in ["a", "b", "c"] {
        assert_eq!(load_variable(victim.path(), name).unwrap().data().len(), 0);
    }
}

#[test]
fn versions_of_the_past_and_of_the_future() {
    let victim = Victim::new();
    let refusal = |version: u32| {
        let mut bytes = victim.good().to_vec();
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        victim.offer(&bytes).refusal.unwrap()
    };
    assert!(refusal(0).ends_with("is damaged: there is no format version 0"));
    for version in [2, 1 << 16, u32::MAX] {
        let text = refusal(version);
        assert!(
            text.ends_with(&format!(
                "has format version {version}, and this version of Aqueduct reads up to 1: it was \
                 written by a later one\n  help: read it with that version, or a later one"
            )),
            "{text}"
        );
    }
}

/// The text of the error of `read`, which must come to an end.
fn error_of<T: Send + 'static>(
    read: impl FnOnce() -> aqueduct::Result<T> + Send + 'static,
) -> String {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(read().err().map(|error| error.to_string())));
    // Only for what hangs: nothing takes as long.
    let limit = Duration::from_secs(60);
    let error = receiver.recv_timeout(limit).unwrap();
    error.unwrap()
}

#[test]
#[cfg(unix)]
fn what_is_no_file() {
    use std::os::unix::fs::symlink;
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for pipe in ["pipe", "named.aqueduct", "checkpoint"] {
        let made = std::process::Command::new("mkfifo").arg(at(pipe)).status();
        assert!(made.unwrap().success());
    }
    symlink(at("loop"), at("loop")).unwrap();
    symlink("/dev/zero", at("zero.aqueduct")).unwrap();
    symlink("/dev/zero", at("zero")).unwrap();
    let listed = |path: &Path| {
        let path = path.to_path_buf();
        error_of(move || list_variables(path))
    };
    assert!(listed(&at("pipe")).ends_with("pipe`: it is not a file"));
    assert!(listed(&at("named")).contains("there is no file `"));
    assert!(listed(&at("named.aqueduct")).ends_with("it is not a file"));
    assert!(listed(&at("zero")).ends_with("it is not a file"));
    assert!(listed(Path::new("/dev/null")).ends_with("it is not a file"));
    assert!(listed(dir.path()).contains("checkpoint` is damaged: it is not a file"));
    let path = dir.path().to_path_buf();
    assert!(error_of(move || checkpoint_state(path)).contains("is damaged: it is not a file"));
    assert!(listed(&at("loop")).starts_with("cannot find out what is at `"));
    let nul = listed(&at("a\0b"));
    assert!(nul.contains(r"a\0b.aqueduct`: "), "{nul}");
}

#[test]
fn state_files_that_climb() {
    let folder = StateFolder::new();
    let state = folder
        .offer(
            b"model_checkpoint_path: \"../../../../etc/passwd\"\n\
              all_model_checkpoint_paths: \"/etc/passwd\"\nall_model_checkpoint_paths: \"\"",
        )
        .unwrap();
    assert!(state.model_checkpoint_path.ends_with("../etc/passwd"));
    assert_eq!(
        state.all_model_checkpoint_paths[0],
        Path::new("/etc/passwd")
    );
}

#[test]
fn state_files_of_64_mebibytes() {
    let most = 1 << 26;
    let dir = tempdir().unwrap();
    let read = |bytes: &[u8]| {
        fs::write(dir.path().join("checkpoint"), bytes).unwrap();
        largest_request(|| checkpoint_state(dir.path()))
    };
    let refused = |byte: u8, reason: &str| {
        let (state, largest) = read(&vec![byte; most]);
        let text = state.unwrap_err().to_string();
        assert!(text.contains(reason), "{text}");
        assert!(largest <= 2 * most, "{largest}");
    };
    refused(b'#', "it has no model_checkpoint_path");
    refused(b' ', "it has no model_checkpoint_path");
    refused(0, r"a field begins with '\0'");
    refused(b'a', "... (67108864 bytes)` has no colon");
    let (state, largest) = read(&vec![b'#'; most + 1]);
    let text = state.unwrap_err().to_string();
    assert!(text.contains("is damaged: it has 67108865 bytes"), "{text}");
    assert!(largest < 1 << 16, "{largest}");
    let mut quoted = b"a: \"".to_vec();
    quoted.resize(most, b'x');
    let (state, largest) = read(&quoted);
    let text = state.unwrap_err().to_string();
    assert!(
        text.contains("the text of field `a` is malformed"),
        "{text}"
    );
    assert!(largest <= 2 * most, "{largest}");
}

#[test]
fn state_files_of_many_checkpoints() {
    let folder = StateFolder::new();
    let mut text = "model_checkpoint_path: \"m\"\n".to_owned();
    for number in 0..50_000 {
        text.push_str(&format!("all_model_checkpoint_paths: \"m-{number}\"\n"));
    }
    let state = folder.offer(text.as_bytes()).unwrap();
    assert_eq!(state.all_model_checkpoint_paths.len(), 50_000);
}
