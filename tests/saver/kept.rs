//! Which checkpoints are kept, and how others find them.

use std::fs;
use std::path::{Path, PathBuf};

use aqueduct::prelude::*;
use aqueduct::{CheckpointState, checkpoint_state, latest_checkpoint};
use expect_test::expect;

use crate::session;

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn one_variable() -> (Graph, Session) {
    let g = Graph::new();
    g.variable("w", 1.0_f32);
    let sess = session(&g);
    (g, sess)
}

#[test]
fn the_file_checkpoint_tells_of_those_that_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert_eq!(checkpoint_state(dir).unwrap(), None);
    assert_eq!(latest_checkpoint(dir).unwrap(), None);
    let (g, sess) = one_variable();
    let saver = Saver::new(&g).max_to_keep(3);
    for step in [10, 20, 30, 20, 40] {
        let path = saver.save_step(&sess, dir.join("model"), step).unwrap();
        assert_eq!(path, dir.join(format!("model-{step}")));
        assert_eq!(latest_checkpoint(dir).unwrap(), Some(path));
    }
    saver.save(&sess, dir.join("best")).unwrap();
    let text = fs::read_to_string(dir.join("checkpoint")).unwrap();
    expect![[r#"
        model_checkpoint_path: "best"
        all_model_checkpoint_paths: "model-20"
        all_model_checkpoint_paths: "model-40"
        all_model_checkpoint_paths: "best"
    "#]]
    .assert_eq(&text);
    let kept: Vec<PathBuf> = ["model-20", "model-40", "best"]
        .map(|name| dir.join(name))
        .to_vec();
    assert_eq!(saver.last_checkpoints(), kept);
    let state = CheckpointState {
        model_checkpoint_path: dir.join("best"),
        all_model_checkpoint_paths: kept,
    };
    assert_eq!(checkpoint_state(dir).unwrap(), Some(state));
    assert_eq!(
        names(dir),
        [
            "best.aqueduct",
            "checkpoint",
            "model-20.aqueduct",
            "model-40.aqueduct"
        ]
    );
    // Where the newest is gone, the newest of the others is taken.
    fs::remove_file(dir.join("best.aqueduct")).unwrap();
    assert_eq!(latest_checkpoint(dir).unwrap(), Some(dir.join("model-40")));
    Saver::new(&g).restore(&sess, dir).unwrap();
    fs::remove_file(dir.join("model-40.aqueduct")).unwrap();
    fs::remove_file(dir.join("model-20.aqueduct")).unwrap();
    assert_eq!(latest_checkpoint(dir).unwrap(), None);
}

#[test]
fn a_saver_that_keeps_all_tells_of_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let (g, sess) = one_variable();
    let saver = Saver::new(&g).max_to_keep(0);
    for step in 0..8 {
        saver.save_step(&sess, dir.path().join("m"), step).unwrap();
    }
    assert_eq!(names(dir.path()).len(), 9);
    assert_eq!(saver.last_checkpoints(), [""; 0].map(PathBuf::from));
    let state = checkpoint_state(dir.path()).unwrap().unwrap();
    assert_eq!(state.all_model_checkpoint_paths, [dir.path().join("m-7")]);
}

#[test]
fn a_folder_can_be_moved_and_restored_from() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    fs::create_dir(&old).unwrap();
    let (g, sess) = one_variable();
    Saver::new(&g)
        .save_step(&sess, old.join("m"), 1_u64)
        .unwrap();
    fs::rename(&old, &new).unwrap();
    assert_eq!(latest_checkpoint(&new).unwrap(), Some(new.join("m-1")));
    let later = Session::new(&g);
    for path in [new.clone(), new.join("m-1"), new.join("m-1.aqueduct")] {
        Saver::new(&g).restore(&later, path).unwrap();
    }
}

#[test]
fn checkpoints_of_one_saver_in_two_folders() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    fs::create_dir(&a).unwrap();
    fs::create_dir(&b).unwrap();
    let (g, sess) = one_variable();
    let saver = Saver::new(&g).max_to_keep(2);
    saver.save(&sess, a.join("m")).unwrap();
    saver.save(&sess, b.join("m")).unwrap();
    let text = fs::read_to_string(b.join("checkpoint")).unwrap();
    expect![[r#"
        model_checkpoint_path: "m"
        all_model_checkpoint_paths: "../a/m"
        all_model_checkpoint_paths: "m"
    "#]]
    .assert_eq(&text);
    saver.save(&sess, b.join("n")).unwrap();
    assert_eq!(names(&a), ["checkpoint"]);
    assert_eq!(latest_checkpoint(&a).unwrap(), None);
}

#[test]
fn one_file_under_two_spellings_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let (g, sess) = one_variable();
    let saver = Saver::new(&g).max_to_keep(1);
    let (plain, roundabout) = (dir.path().join("m"), dir.path().join("sub/../m"));
    for path in [&plain, &roundabout, &plain] {
        saver.save(&sess, path).unwrap();
        assert_eq!(saver.last_checkpoints(), std::slice::from_ref(path));
        Saver::new(&g).restore(&sess, &plain).unwrap();
    }
}

#[test]
fn a_later_program_goes_on_with_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (g, sess) = one_variable();
    let saver = Saver::new(&g);
    for step in 1..=3 {
        saver.save_step(&sess, dir.join("m"), step).unwrap();
    }
    fs::remove_file(dir.join("m-2.aqueduct")).unwrap();

    let later = Saver::new(&g).max_to_keep(2);
    let state = checkpoint_state(dir).unwrap().unwrap();
    later
        .recover_last_checkpoints(&state.all_model_checkpoint_paths)
        .unwrap();
    assert_eq!(later.last_checkpoints(), [dir.join("m-1"), dir.join("m-3")]);
    later.save_step(&sess, dir.join("m"), 4).unwrap();
    assert_eq!(names(dir), ["checkpoint", "m-3.aqueduct", "m-4.aqueduct"]);
}

#[test]
fn steps_of_every_integer_type() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m");
    let g = Graph::new();
    let (wide, narrow) = (
        g.variable("wide", 1_i64 << 40),
        g.variable("narrow", -3_i32),
    );
    let sess = session(&g);
    let saver = Saver::new(&g);
    let saved = [
        saver.save_step(&sess, &path, 7_usize),
        saver.save_step(&sess, &path, u64::MAX),
        saver.save_step(&sess, &path, wide),
        saver.save_step(&sess, &path, narrow),
    ];
    let names = saved.map(|path| {
        path.unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(
        names,
        ["m-7", "m-18446744073709551615", "m-1099511627776", "m--3"]
    );
}
