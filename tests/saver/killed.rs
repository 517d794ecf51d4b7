//! A training that is killed again and again, at moments that fall into its saves, and goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use aqueduct::rand::{RngExt as _, SeedableRng as _};
use aqueduct::{Philox, checkpoint_state, latest_checkpoint};

use crate::children::{KEPT, Saving, Training, contents, folder, this_test};

/// Tells the child where to save, and what number it has.
const FOLDER: &str = "AQUEDUCT_TEST_KILLED_FOLDER";
const NUMBER: &str = "AQUEDUCT_TEST_KILLED_NUMBER";

/// A saver that goes on with what the folder's file lists.
fn resumed(training: &Training, folder: &Path) -> aqueduct::Saver {
    let saver = training.saver(KEPT);
    if let Some(state) = checkpoint_state(folder).unwrap() {
        let all = &state.all_model_checkpoint_paths;
        saver.recover_last_checkpoints(all).unwrap();
    }
    saver
}

fn train_until_killed(folder: &Path) -> ! {
    let training = Training::new();
    let saver = resumed(&training, folder);
    if let Some(path) = latest_checkpoint(folder).unwrap() {
        training.restored(&path).unwrap();
    }
    // No two children use one name, so that what one leaves behind is not replaced by the next.
    let number = std::env::var(NUMBER).unwrap();
    training.save_for_ever(&saver, &folder.join(format!("model-{number}")));
}

/// What was found after kills.
#[derive(Debug, Default)]
struct Found {
    saves: i64,
    temporaries: usize,
    /// Checkpoints that were there but not yet the newest, or deleted but for their file.
    too_many: usize,
    /// Saves that have ended early since the last whole one.
    unfinished: usize,
}

/// Looks at a folder after a kill. `newest` is the step that is known to be saved.
fn look(training: &Training, folder: &Path, newest: &mut i64, found: &mut Found) {
    let (checkpoints, temporaries) = contents(folder);
    for path in &checkpoints {
        let step = training.restored(path).unwrap();
        assert!(path.to_str().unwrap().ends_with(&format!("-{step}")));
    }
    // Each save that has ended early may have left one.
    assert!(
        checkpoints.len() <= KEPT + found.unfinished,
        "{checkpoints:?}"
    );
    // One of a checkpoint, one of the file that lists them.
    assert!(temporaries <= 2);
    let step = latest_checkpoint(folder)
        .unwrap()
        .map_or(0, |path| training.restored(&path).unwrap());
    assert!(
        step == *newest || step == *newest + 1,
        "{step} is the newest, and {newest} was saved"
    );
    found.temporaries += usize::from(temporaries > 0);
    found.too_many += usize::from(checkpoints.len() > KEPT);
    *newest = step;
}

/// `AQUEDUCT_TEST_KILLS=5000 cargo test -p aqueduct-tests --test saver -- killed:: --nocapture` is the
/// long form.
#[test]
fn a_training_that_is_killed_goes_on_from_its_newest_checkpoint() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        train_until_killed(Path::new(&folder));
    }
    let kills = std::env::var("AQUEDUCT_TEST_KILLS").map_or(200, |text| text.parse().unwrap());
    let folder = folder();
    let folder = folder.path();
    let training = Training::new();
    let mut random = Philox::seed_from_u64(1);
    let mut found = Found::default();
    let mut newest = 0;
    for number in 0..kills {
        let name = "killed::a_training_that_is_killed_goes_on_from_its_newest_checkpoint";
        let mut command = this_test(name);
        command.env(FOLDER, folder).env(NUMBER, number.to_string());
        let child = Saving::start(command);
        thread::sleep(Duration::from_micros(random.random_range(0..20_000)));
        found.unfinished += 1;
        if let Some(step) = child.kill() {
            found.unfinished = 1;
            found.saves += step - newest;
            newest = step;
        }
        look(&training, folder, &mut newest, &mut found);
    }
    println!("{kills} kills: {found:?}");
    assert!(found.temporaries > 0, "no kill fell into a save");

    let saver = resumed(&training, folder);
    let last = training.save(&saver, &folder.join("last"));
    let listed = checkpoint_state(folder).unwrap().unwrap();
    assert_eq!(listed.model_checkpoint_path, last);
    let listed: BTreeSet<PathBuf> = listed.all_model_checkpoint_paths.into_iter().collect();
    let (checkpoints, temporaries) = contents(folder);
    assert_eq!(listed, checkpoints.into_iter().collect());
    assert_eq!((listed.len(), temporaries), (KEPT, 0));
}
