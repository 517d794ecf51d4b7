//! The file `checkpoint`.

use std::path::{Path, PathBuf};

use crate::saver::CheckpointState;
use crate::saver::files::Host;
use crate::saver::state_file;

fn parsed(text: &[u8]) -> Result<Option<CheckpointState>, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("checkpoint"), text).unwrap();
    let state = state_file::read(&Host, dir.path()).map_err(|error| error.to_string())?;
    let short = |path: PathBuf| {
        path.strip_prefix(dir.path())
            .map_or(path.clone(), Path::to_path_buf)
    };
    Ok(state.map(|state| CheckpointState {
        model_checkpoint_path: short(state.model_checkpoint_path),
        all_model_checkpoint_paths: state
            .all_model_checkpoint_paths
            .into_iter()
            .map(short)
            .collect(),
    }))
}

#[test]
fn what_tensorflow_writes_is_read() {
    let text = b"model_checkpoint_path: \"m-7\"\n\
        all_model_checkpoint_paths: \"/elsewhere/m-6\"\n\
        all_model_checkpoint_paths: \"../m-7\"\n\
        all_model_checkpoint_timestamps: 1542844630.5\n\
        last_preserved_timestamp: -1e+3 # a comment\n";
    let state = parsed(text).unwrap().unwrap();
    assert_eq!(state.model_checkpoint_path, Path::new("m-7"));
    let all = ["/elsewhere/m-6", "../m-7"].map(PathBuf::from);
    assert_eq!(state.all_model_checkpoint_paths, all);
}

#[test]
fn other_spellings_of_the_same() {
    let text = br#"all_model_checkpoint_paths :'a',model_checkpoint_path:"\303\244\x2f\"\\\'";"#;
    let state = parsed(text).unwrap().unwrap();
    assert_eq!(state.model_checkpoint_path, Path::new("\u{e4}/\"\\'"));
    assert_eq!(state.all_model_checkpoint_paths, [PathBuf::from("a")]);
}

#[test]
fn what_is_no_state_is_refused() {
    let refused = |text: &[u8], reason: &str| {
        let error = parsed(text).unwrap_err();
        let told = error.split_once(" is damaged: ").unwrap().1;
        assert_eq!(told, reason);
    };
    refused(b"", "it has no model_checkpoint_path");
    refused(b"\x00", "a field begins with '\\0'");
    refused(b"model", "field `model` has no colon");
    refused(b"model:", "field `model` has no value");
    refused(b"a { b: 1 }", "field `a` has no colon");
    let newest = "model_checkpoint_path";
    for text in ["7", "m", "-1e+3"] {
        let text = format!("{newest}: {text}");
        refused(
            text.as_bytes(),
            "field `model_checkpoint_path` is not a text in quotes",
        );
    }
    refused(
        format!("{newest}: 'a' all_model_checkpoint_paths: b").as_bytes(),
        "field `all_model_checkpoint_paths` is not a text in quotes",
    );
    refused(
        format!("{newest}: 'a' {newest}: 'b'").as_bytes(),
        "it has model_checkpoint_path twice",
    );
    for text in [
        &b"a: \"x"[..],
        b"a: \"x\n\"",
        b"a: \"\\",
        b"a: \"\\x\"",
        b"a: \"\\777\"",
        b"a: \"\\u0041\"",
        b"a: \"\\q\"",
    ] {
        refused(text, "the text of field `a` is malformed");
    }
}

#[test]
fn whatever_is_written_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().canonicalize().unwrap();
    let mut paths = vec![
        home.join("plain"),
        home.join("with space, \"quotes\", \\, \n and \u{e4}\u{1F4A7}\u{85}"),
        home.join("below/deep"),
        home.parent().unwrap().join("beside"),
        PathBuf::from("/elsewhere"),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        paths.push(home.join(std::ffi::OsString::from_vec(
            b"\xff\x80a\x001"[..3].to_vec(),
        )));
    }
    let all: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    state_file::write(&Host, &home, &paths[1], &all).unwrap();
    let state = state_file::read(&Host, &home).unwrap().unwrap();
    let same = |read: &Path, written: &Path| {
        // `..` is resolved by the system.
        let parent = |path: &Path| path.parent().unwrap().canonicalize();
        assert_eq!(read.file_name(), written.file_name());
        assert_eq!(parent(read).ok(), parent(written).ok());
    };
    same(&state.model_checkpoint_path, &paths[1]);
    assert_eq!(state.all_model_checkpoint_paths.len(), paths.len());
    for (read, written) in state.all_model_checkpoint_paths.iter().zip(&paths) {
        same(read, written);
    }
    let text = std::fs::read(home.join("checkpoint")).unwrap();
    assert!(text.starts_with(br#"model_checkpoint_path: "with space, \"quotes\", \\, \012 and "#));
}
