//! Steps of saving and restoring that fail.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use aqueduct_graph::Graph;
use expect_test::expect;

use super::{names, saved, session};
use crate::saver::tests::system::TestSystem;
use crate::saver::{CheckpointError, Saver, latest_checkpoint};
use crate::{Error, TensorExt, feed};

#[test]
fn a_save_takes_its_steps_in_this_order() {
    let dir = tempfile::tempdir().unwrap();
    let g = Graph::new();
    let (sess, _) = session(&g);
    let system: Arc<TestSystem> = Arc::default();
    let saver = Saver::new(&g).on(&system).max_to_keep(1);
    saver.save_step(&sess, dir.path().join("m"), 1).unwrap();
    system.fail_at(None);
    saver.save_step(&sess, dir.path().join("m"), 2).unwrap();
    let mut log = system.log();
    log.retain(|step| !["random", "kind", "read"].contains(&&**step));
    let text = log.join(", ");
    expect![[r#"
        canonical, names,
        create, lock, write, sync, lockable, lock, open,
        create, lock, write, sync, rename, sync directory, rename, sync directory,
        create, lock, write, sync, rename, sync directory, remove, sync directory,
        create, lock, write, sync, rename"#]]
    .assert_eq(&text.replace(", create", ",\ncreate"));
}

/// Saves to `m-1`, then to `second` with each step failing once, until none is left to fail.
fn with_each_step_failing(second: &str, check: impl Fn(&Path, f32, bool, &dyn Fn(&str) -> f32)) {
    let mut failed = 0;
    loop {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m-1");
        let g = Graph::new();
        let (sess, w) = session(&g);
        let system: Arc<TestSystem> = Arc::default();
        let saver = Saver::new(&g).on(&system).max_to_keep(1);
        sess.load(w, 1.0).unwrap();
        saver.save(&sess, &path).unwrap();
        sess.load(w, 2.0).unwrap();
        system.fail_at(Some(failed));
        let result = saver.save(&sess, dir.path().join(second));
        let steps = system.log();
        system.fail_at(None);

        let ended_well = result.is_ok();
        if let Err(error) = result {
            assert!(matches!(error, Error::Checkpoint(_)));
            assert!(error.to_string().ends_with(": out of order"), "{error}");
        }
        let mut left = names(dir.path());
        left.retain(|name| !["checkpoint", "m-1.aqueduct", "m-2.aqueduct"].contains(&&**name));
        assert_eq!(left, [""; 0], "step {failed} of {steps:?}");
        let newest = latest_checkpoint(dir.path()).unwrap().unwrap();
        let restored = |name: &str| saved(&g, w, &dir.path().join(name));
        check(&newest, saved(&g, w, &newest), ended_well, &restored);
        // The saver works on.
        sess.load(w, 3.0).unwrap();
        saver.save(&sess, dir.path().join("m-3")).unwrap();
        let newest = latest_checkpoint(dir.path()).unwrap().unwrap();
        assert_eq!(saved(&g, w, &newest), 3.0);
        // One that cannot be deleted is left over.
        let may_be_left = steps.get(failed).is_some_and(|step| step == "remove");
        assert!(may_be_left || !names(dir.path()).contains(&"m-1.aqueduct".to_owned()));

        if failed >= steps.len() {
            assert!(failed > 10);
            return;
        }
        failed += 1;
    }
}

#[test]
fn a_save_that_fails_leaves_the_checkpoint_before() {
    with_each_step_failing("m-2", |newest, value, ended_well, restored| {
        let is_new = newest.ends_with("m-2");
        assert_eq!(value, if is_new { 2.0 } else { 1.0 });
        assert!(is_new || !ended_well);
        assert!(ended_well || restored("m-1") == 1.0);
    });
}

#[test]
fn a_save_over_a_checkpoint_leaves_the_old_one_or_the_new_one() {
    with_each_step_failing("m-1", |_, value, ended_well, _| {
        assert!(value == 2.0 || (value == 1.0 && !ended_well));
    });
}

#[test]
fn a_restore_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m");
    let g = Graph::new();
    let (sess, w) = session(&g);
    let system: Arc<TestSystem> = Arc::default();
    let saver = Saver::new(&g).on(&system);
    saver.save(&sess, &path).unwrap();
    sess.load(w, 1.0).unwrap();
    for failing in 0.. {
        system.fail_at(Some(failing));
        let result = saver.restore(&sess, &path);
        if failing == system.log().len() {
            result.unwrap();
            break;
        }
        let error = result.unwrap_err();
        let Error::Checkpoint(checkpoint) = &error else {
            panic!("{error}");
        };
        assert!(matches!(**checkpoint, CheckpointError::File { .. }));
        assert_eq!(sess.run(w.scalar(), feed![]).unwrap(), 1.0);
    }
    assert_eq!(sess.run(w.scalar(), feed![]).unwrap(), 0.0);
}

#[test]
fn runs_go_on_while_a_checkpoint_is_written() {
    let (done, waiting) = mpsc::channel();
    thread::spawn(move || {
        let dir = tempfile::tempdir().unwrap();
        let g = Graph::new().leak();
        let (sess, w) = session(g);
        let step = w.assign_add(1.0);
        let system: Arc<TestSystem> = Arc::default();
        let saver = Saver::new(g).on(&system);
        let trained = sess.clone();
        system.beside_each(move |_| {
            trained.run(step, feed![]).unwrap();
        });
        let path = saver.save(&sess, dir.path().join("m")).unwrap();
        // The state is that of the call.
        assert_eq!(saved(g, w, &path), 0.0);
        let steps = system.log().len();
        assert!(steps > 10);
        assert_eq!(sess.run(w.scalar(), feed![]).unwrap(), steps as f32);
        done.send(()).unwrap();
    });
    let waited = waiting.recv_timeout(Duration::from_secs(60));
    assert!(
        waited.is_ok(),
        "the save and the runs wait for each other, or one failed"
    );
}
