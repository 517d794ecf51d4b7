//! Several programs that save into one folder, and are killed now and then, while another one looks
//! for the newest checkpoint.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use aqueduct::rand::{RngExt as _, SeedableRng as _};
use aqueduct::{Philox, latest_checkpoint};

use crate::children::{KEPT, Saving, Training, contents, folder, this_test};

/// Tells the child the prefix that it saves to.
const PREFIX: &str = "AQUEDUCT_TEST_SHARED_PREFIX";

/// The names that the programs save under: two of them share one.
const NAMES: [&str; 3] = ["a", "a", "b"];

fn step_of(path: &Path) -> i64 {
    let name = path.to_str().unwrap();
    name.rsplit_once('-').unwrap().1.parse().unwrap()
}

/// The checkpoints of a prefix, the oldest first.
fn own(prefix: &Path) -> Vec<PathBuf> {
    let (mut found, _) = contents(prefix.parent().unwrap());
    let start = format!("{}-", prefix.display());
    found.retain(|path| path.to_str().unwrap().starts_with(&start));
    found.sort_by_key(|path| step_of(path));
    found
}

fn train_until_killed(prefix: &Path) -> ! {
    let training = Training::new();
    let saver = training.saver(KEPT);
    // The folder's file lists those of whoever saved last.
    let own = own(prefix);
    saver.recover_last_checkpoints(&own).unwrap();
    for path in own.iter().rev() {
        if training.restored(path).is_ok() {
            break;
        }
    }
    training.save_for_ever(&saver, prefix);
}

fn start(folder: &Path, name: &str) -> Saving {
    let test = "shared::programs_that_save_into_one_folder_harm_no_checkpoint";
    let mut command = this_test(test);
    command.env(PREFIX, folder.join(name));
    Saving::start(command)
}

/// Ends what runs on, also when a test fails.
struct End<'r>(&'r AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Looks for the newest checkpoint until told to stop; how often it was found, and how often it had been
/// deleted before it could be opened.
fn poll(folder: &Path, runs_on: &AtomicBool) -> (usize, usize) {
    let training = Training::new();
    let (mut found, mut late) = (0, 0);
    while runs_on.load(Ordering::Relaxed) {
        let newest = latest_checkpoint(folder).unwrap().unwrap();
        match training.restored(&newest) {
            Ok(step) => assert_eq!(step, step_of(&newest)),
            Err(error) => {
                let after = latest_checkpoint(folder).unwrap();
                assert!(after.is_some_and(|after| after != newest), "{error}");
                late += 1;
            }
        }
        // A folder is looked at again until what is named is there.
        training.restored(folder).unwrap();
        found += 1;
        thread::sleep(Duration::from_millis(1));
    }
    (found, late)
}

/// `AQUEDUCT_TEST_SHARED_KILLS=2000 cargo test -p aqueduct-tests --test saver -- shared:: --nocapture` is
/// the long form.
#[test]
fn programs_that_save_into_one_folder_harm_no_checkpoint() {
    if let Some(prefix) = std::env::var_os(PREFIX) {
        train_until_killed(Path::new(&prefix));
    }
    let kills = std::env::var("AQUEDUCT_TEST_SHARED_KILLS");
    let kills = kills.map_or(60, |text| text.parse().unwrap());
    let folder = folder();
    let folder = folder.path();
    let training = Training::new();
    training.save(&training.saver(KEPT), &folder.join("first"));
    let mut random = Philox::seed_from_u64(2);
    let runs_on = AtomicBool::new(true);
    let (found, late) = thread::scope(|scope| {
        let polling = scope.spawn(|| poll(folder, &runs_on));
        let end = End(&runs_on);
        let mut unfinished = [1; NAMES.len()];
        let mut children = NAMES.map(|name| Some(start(folder, name)));
        for _ in 0..kills {
            let chosen = random.random_range(0..NAMES.len());
            thread::sleep(Duration::from_micros(random.random_range(0..30_000)));
            let saved = children[chosen].take().and_then(Saving::kill);
            unfinished[chosen] = saved.map_or(unfinished[chosen] + 1, |_| 1);
            // Besides the first, each keeps as many, and each save that has ended early may have left one.
            let most = 1 + NAMES.len() * (KEPT + 1) + unfinished.iter().sum::<usize>();
            let (checkpoints, temporaries) = contents(folder);
            assert!(checkpoints.len() <= most, "{checkpoints:?}");
            assert!(temporaries <= 2 * NAMES.len());
            children[chosen] = Some(start(folder, NAMES[chosen]));
        }
        for child in children.into_iter().flatten() {
            child.kill();
        }
        drop(end);
        polling.join().unwrap()
    });
    println!("{kills} kills; the newest was looked for {found} times and gone {late} times");
    for path in contents(folder).0 {
        assert_eq!(training.restored(&path).unwrap(), step_of(&path));
    }
    training.save(&training.saver(KEPT), &folder.join("last"));
    assert_eq!(contents(folder).1, 0);
    assert!(fs::exists(folder.join("first-0.aqueduct")).unwrap());
}
