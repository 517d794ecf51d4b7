//! Savers and sweeps in one folder, whose steps come between each other's.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::disk::{Disk, FOLDER};
use super::system::TestSystem;
use super::trainer::{Naming, Trainer, temporaries};
use crate::saver::files::{Lockable, System, Unlocking};
use crate::saver::{beside, latest_checkpoint};

/// The number of steps of a save.
const STEPS: usize = 60;

fn disk() -> (Arc<Disk>, Arc<TestSystem>) {
    let disk = Arc::new(Disk::default());
    let system = TestSystem::over(Arc::clone(&disk) as _);
    (disk, Arc::new(system))
}

/// The worst that others can do: no file stays until it is locked.
#[test]
fn sweeps_without_end() {
    let trainer = Trainer::new();
    let (disk, system) = disk();
    let saver = trainer.saver(&system, 1);
    let swept = Arc::clone(&disk);
    system.beside_each(move |_| beside::sweep(&*swept, Path::new(FOLDER)));
    let error = trainer.save(&saver, Naming::Steps, 1).unwrap_err();
    let text = "cannot create a file beside `/disk/m-1.aqueduct`: other programs remove each file";
    assert!(error.to_string().starts_with(text), "{error}");
    assert!(disk.image().is_empty());
    system.fail_with(&[]);
    trainer.save_in_order(&saver, &disk, Naming::Steps, (1, 2));
}

/// A sweep that is at work on a file: it has opened it, perhaps locked it, and will remove it.
struct Sweep {
    disk: Arc<Disk>,
    found: Vec<(PathBuf, Box<dyn Lockable>)>,
}

impl Sweep {
    fn open(disk: &Arc<Disk>) -> Sweep {
        let names = disk.names(Path::new(FOLDER)).unwrap().into_iter();
        let paths = names
            .filter(|name| beside::is_temporary(name))
            .map(|name| Path::new(FOLDER).join(name));
        Sweep {
            disk: Arc::clone(disk),
            found: paths
                .map(|path| (path.clone(), disk.lockable(&path).unwrap()))
                .collect(),
        }
    }

    fn lock(&mut self) {
        self.found.retain(|(_, file)| file.try_lock().is_ok());
    }

    fn remove(&mut self) {
        for (path, _file) in self.found.drain(..) {
            // It may have got its final name before it was locked.
            let _ = self.disk.remove(&path);
        }
    }
}

/// Another program's sweep that opens files before one step of a save, locks them before another one
/// and removes them before a third.
#[test]
fn a_sweep_whose_steps_come_between_those_of_a_save() {
    let trainer = Trainer::new();
    let mut cases = 0;
    for open in 0..STEPS {
        for lock in open..(open + 6).min(STEPS) {
            for remove in lock..(lock + 4).min(STEPS) {
                let (disk, system) = disk();
                let saver = trainer.saver(&system, 1);
                trainer.save(&saver, Naming::Steps, 1).unwrap();
                let (other, mut sweep) = (Arc::clone(&disk), None);
                system.beside_each(move |step| {
                    if step == open {
                        sweep = Some(Sweep::open(&other));
                    }
                    let Some(sweep) = &mut sweep else { return };
                    if step == lock {
                        sweep.lock();
                    }
                    if step == remove {
                        sweep.remove();
                    }
                });
                trainer.save(&saver, Naming::Steps, 2).unwrap();
                assert!(system.log().len() <= STEPS);
                system.fail_with(&[]);
                assert_eq!(temporaries(&disk), 0);
                trainer.save_in_order(&saver, &disk, Naming::Steps, (1, 3));
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 1344, "docs/reliability.md tells how many there are");
}

/// Another saver saves before a step of ours, also while we hold the folder's lock: as after a program
/// that was stopped for so long that others went on without it.
#[test]
fn a_save_of_another_program_before_each_step() {
    for (naming, keep) in [(Naming::Steps, 1), (Naming::Steps, 2), (Naming::InPlace, 2)] {
        let trainer = Arc::new(Trainer::new());
        for place in 0..STEPS {
            let (disk, system) = disk();
            let saver = trainer.saver(&system, keep);
            trainer.save(&saver, naming, 1).unwrap();
            let theirs = Mutex::new((Trainer::new(), Arc::clone(&disk)));
            system.beside_each(move |step| {
                let (other, disk) = &*theirs.lock().unwrap();
                if step == place {
                    let saver = other.saver(disk, keep);
                    for number in 3..=5 {
                        other.save(&saver, naming, number).unwrap();
                    }
                }
            });
            trainer.save(&saver, naming, 2).unwrap();
            system.fail_with(&[]);
            let newest = trainer.newest(&disk, naming, &[2, 5]);
            assert!([2, 5].contains(&newest), "{newest}");
            assert_eq!(temporaries(&disk), 0);
            trainer.save(&saver, naming, 6).unwrap();
            assert_eq!(trainer.newest(&disk, naming, &[6]), 6);
        }
    }
}

#[test]
fn a_checkpoint_that_is_deleted_while_it_is_recovered() {
    let trainer = Trainer::new();
    let (disk, system) = disk();
    let saver = trainer.saver(&system, 2);
    let path = trainer.save(&saver, Naming::Steps, 1).unwrap();
    let (other, file) = (Arc::clone(&disk), path.with_extension("aqueduct"));
    system.beside_each(move |step| {
        if step == 1 {
            other.remove(&file).unwrap();
        }
    });
    saver.recover_last_checkpoints([&path]).unwrap();
    assert_eq!(system.log(), ["kind", "modified"]);
    assert!(saver.last_checkpoints().is_empty());
}

#[test]
fn a_folder_that_stays_locked_stops_no_save() {
    let trainer = Trainer::new();
    let disk = Arc::new(Disk::default());
    let saver = trainer.saver(&disk, 2);
    let stopped = disk.lockable(Path::new(FOLDER)).unwrap();
    stopped.try_lock().unwrap();
    trainer.save(&saver, Naming::Steps, 1).unwrap();
    assert_eq!(disk.pauses(), 5000);
    drop(stopped);
    trainer.save_in_order(&saver, &disk, Naming::Steps, (2, 2));
    assert_eq!(disk.pauses(), 5000);
}

#[test]
fn only_what_is_named_so_and_belongs_to_nobody_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let foreign = [
        ".aqueduct-1-2.tmp.old",
        ".aqueduct-1.tmp",
        ".aqueduct-1-x.tmp",
        ".aqueduct--2.tmp",
        "aqueduct-1-2.tmp",
        ".aqueduct-1-2-3.tmp",
        ".aqueduct-1-2.aqueduct",
    ];
    for name in foreign
        .iter()
        .chain(&[".aqueduct-1-2.tmp", ".aqueduct-1-3.tmp"])
    {
        std::fs::write(at(name), "").unwrap();
    }
    std::fs::create_dir(at(".aqueduct-1-4.tmp")).unwrap();
    let writing = std::fs::File::open(at(".aqueduct-1-3.tmp")).unwrap();
    writing.try_lock().unwrap();
    beside::sweep(&crate::saver::files::Host, dir.path());
    let mut expected = foreign.map(str::to_owned).to_vec();
    expected.extend([".aqueduct-1-3.tmp", ".aqueduct-1-4.tmp"].map(str::to_owned));
    expected.sort();
    assert_eq!(super::names(dir.path()), expected);
}

/// A save goes on in the folder where it began, whose `checkpoint` names it.
#[cfg(unix)]
#[test]
fn a_link_that_is_switched_during_a_save() {
    use std::fs;
    use std::os::unix::fs::symlink;

    let trainer = Trainer::new();
    for place in 0..STEPS {
        let dir = tempfile::tempdir().unwrap();
        let folders = ["a", "b"].map(|name| dir.path().join(name));
        for folder in &folders {
            fs::create_dir(folder).unwrap();
        }
        let link = dir.path().join("now");
        symlink(&folders[0], &link).unwrap();
        let system = Arc::new(TestSystem::default());
        let saver = trainer.saver(&system, 1);
        let (switched, other) = (link.clone(), folders[1].clone());
        system.beside_each(move |step| {
            if step == place {
                fs::remove_file(&switched).unwrap();
                symlink(&other, &switched).unwrap();
            }
        });
        saver.save(&trainer.sess, link.join("m")).unwrap();
        let newest = folders
            .each_ref()
            .map(|folder| latest_checkpoint(folder).unwrap());
        assert_eq!(
            newest.iter().flatten().count(),
            1,
            "switched before step {place}"
        );
        for folder in &folders {
            let saved = folder.join("m.aqueduct").exists();
            assert_eq!(
                saved,
                latest_checkpoint(folder).unwrap().is_some(),
                "step {place}"
            );
        }
    }
}

/// A clone shares the lock as a forked process does.
#[test]
fn a_lock_is_given_back_while_another_process_has_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let open = || File::open(file.path()).unwrap();
    let locked = Unlocking(open());
    let forked = locked.0.try_clone().unwrap();
    Lockable::try_lock(&locked).unwrap();
    assert!(Lockable::try_lock(&open()).is_err());
    drop(locked);
    Lockable::try_lock(&open()).unwrap();
    drop(forked);
}
