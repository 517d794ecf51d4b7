//! Steps of saving and restoring that fail in each way that a file system knows, alone and in pairs.

use std::io::ErrorKind;
use std::sync::Arc;

use super::disk::Disk;
use super::system::{Fault, TestSystem};
use super::trainer::{Naming, Trainer};
use crate::Error;
use crate::saver::CheckpointError;

const FAULTS: [Fault; 10] = [
    Fault::Error(ErrorKind::StorageFull),
    Fault::Error(ErrorKind::QuotaExceeded),
    Fault::Error(ErrorKind::Other),
    Fault::Error(ErrorKind::PermissionDenied),
    Fault::Error(ErrorKind::NotFound),
    Fault::Error(ErrorKind::WouldBlock),
    Fault::Error(ErrorKind::Interrupted),
    Fault::Reported(ErrorKind::TimedOut),
    Fault::Short,
    Fault::Nothing,
];

/// A save that some steps of fail: how many were before it, how many are kept, what it is called.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    before: usize,
    keep: usize,
    naming: Naming,
}

/// First saves, later ones, those by which another expires, and those in place of another.
fn scenarios() -> impl Iterator<Item = Scenario> {
    Naming::ALL.into_iter().flat_map(|naming| {
        [(0, 1), (1, 1), (1, 2), (3, 2)].map(|(before, keep)| Scenario {
            before,
            keep,
            naming,
        })
    })
}

impl Scenario {
    /// Runs the scenario, and gives the names of the failing save's steps.
    fn run(self, trainer: &Trainer, faults: &[(usize, Fault)]) -> Vec<String> {
        let Scenario {
            before,
            keep,
            naming,
        } = self;
        let disk = Arc::new(Disk::default());
        let system = Arc::new(TestSystem::over(Arc::clone(&disk) as _));
        let saver = trainer.saver(&system, keep);
        for number in 1..=before {
            trainer.save(&saver, naming, number).unwrap();
        }
        system.fail_with(faults);
        let result = trainer.save(&saver, naming, before + 1);
        let steps = system.log();
        system.fail_with(&[]);

        let newest = trainer.newest(&disk, naming, &[before, before + 1]);
        match result {
            Ok(_) => assert_eq!(newest, before + 1),
            Err(error) => {
                assert_is_of_a_file(&error);
                assert!(newest == before || newest == before + 1, "{newest}");
            }
        }
        let is_misleading = |(place, fault): &(usize, Fault)| {
            let step = steps.get(*place).map_or("", String::as_str);
            matches!(
                (step, fault),
                ("rename", Fault::Reported(_)) | ("remove", Fault::Error(ErrorKind::NotFound))
            )
        };
        if faults.iter().any(is_misleading) {
            // The saver cannot know that there is one more checkpoint, and lists the others.
            trainer.save(&saver, naming, before + 2).unwrap();
            assert_eq!(trainer.newest(&disk, naming, &[before + 2]), before + 2);
        } else {
            trainer.save_in_order(&saver, &disk, naming, (keep, before + 2));
        }
        steps
    }
}

fn assert_is_of_a_file(error: &Error) {
    let Error::Checkpoint(checkpoint) = error else {
        panic!("{error}");
    };
    assert!(
        matches!(**checkpoint, CheckpointError::File { .. }),
        "{error}"
    );
}

#[test]
fn each_step_of_a_save_in_each_way() {
    let trainer = Trainer::new();
    let mut cases = 0;
    for scenario in scenarios() {
        for fault in FAULTS {
            for place in 0.. {
                let steps = scenario.run(&trainer, &[(place, fault)]);
                cases += 1;
                if place >= steps.len() {
                    break;
                }
            }
        }
    }
    assert_eq!(cases, 2590, "docs/reliability.md tells how many there are");
}

/// Every pair of steps, with these ways to fail for the first and the second.
fn each_pair(ways: &[(Fault, Fault)]) -> usize {
    let trainer = Trainer::new();
    let mut cases = 0;
    for scenario in scenarios() {
        for (one, other) in ways {
            for first in 0.. {
                let mut count = 0;
                for second in first + 1.. {
                    count = scenario
                        .run(&trainer, &[(first, *one), (second, *other)])
                        .len();
                    cases += 1;
                    if second >= count {
                        break;
                    }
                }
                if first >= count {
                    break;
                }
            }
        }
    }
    cases
}

#[test]
fn each_pair_of_steps_of_a_save() {
    let full = Fault::Error(ErrorKind::StorageFull);
    let cases = each_pair(&[(full, full)]);
    assert_eq!(cases, 1790, "docs/reliability.md tells how many there are");
}

/// `cargo test -p aqueduct-session -- --ignored each_pair_of_steps_of_a_save_in_each_way`
#[test]
#[ignore = "takes minutes"]
fn each_pair_of_steps_of_a_save_in_each_way() {
    let ways: Vec<(Fault, Fault)> = FAULTS
        .into_iter()
        .flat_map(|one| FAULTS.map(|other| (one, other)))
        .collect();
    println!("{} saves with two faults", each_pair(&ways));
}

#[test]
fn each_step_of_a_restore_in_each_way() {
    let trainer = Trainer::new();
    let disk = Arc::new(Disk::default());
    let system = Arc::new(TestSystem::over(Arc::clone(&disk) as _));
    let saver = trainer.saver(&system, 1);
    trainer.save(&saver, Naming::Steps, 1).unwrap();
    let mut cases = 0;
    for fault in FAULTS {
        for place in 0.. {
            trainer
                .save(
                    &trainer.saver(&Arc::new(Disk::default()), 1),
                    Naming::InPlace,
                    7,
                )
                .unwrap();
            system.fail_with(&[(place, fault)]);
            let result = trainer.restore(&saver, Naming::Steps, 1);
            let steps = system.log().len();
            system.fail_with(&[]);
            let expected = if result.is_ok() { 1 } else { 7 };
            assert_eq!(trainer.value(), expected, "{fault:?} at step {place}");
            if let Err(error) = result {
                assert!(matches!(error, Error::Checkpoint(_)), "{error}");
            }
            cases += 1;
            if place >= steps {
                break;
            }
        }
    }
    println!("{cases} restores with a fault");
    assert!(cases > 50);
}
