//! Saves that end in the midst, because the program is killed or the power lost, at every step and
//! with all that can be left of the disk then.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::Arc;

use rand::{RngExt as _, SeedableRng as _};

use super::disk::{Disk, Image, Moment};
use super::trainer::{Naming, Trainer, temporaries};
use crate::philox::Philox;

/// A moment, and how many saves were done by then.
type Past = (Moment, usize);

/// All moments of some saves on a disk, which go on with the numbers after `done`.
fn moments(
    trainer: &Trainer,
    disk: &Arc<Disk>,
    (naming, keep): (Naming, usize),
    done: usize,
    count: usize,
) -> Vec<Past> {
    let saver = trainer.resumed(disk, keep);
    let mut past = Vec::new();
    for number in done + 1..=done + count {
        trainer.save(&saver, naming, number).unwrap();
        let during = disk.take_moments().into_iter();
        past.extend(during.map(|moment| (moment, number - 1)));
    }
    past.push((disk.take_moments().remove(0), done + count));
    past
}

/// What must hold of what is left after `done` saves and a part of another.
fn check(
    trainer: &Trainer,
    image: &Image,
    (naming, keep): (Naming, usize),
    done: usize,
    during: bool,
) {
    let disk = Arc::new(Disk::of(image));
    let expected = if during {
        vec![done, done + 1]
    } else {
        vec![done]
    };
    let newest = trainer.newest(&disk, naming, &expected);
    assert!(expected.contains(&newest), "{newest}, not of {expected:?}");
    // Of the checkpoint, of the file that tells of it, and of that of the save before.
    assert!(temporaries(&disk) <= 3);
    let saver = trainer.resumed(&disk, keep);
    // Not the name of the save that has ended early, so that what is left of it has to go.
    trainer.save_in_order(&saver, &disk, naming, (keep, done + 2));
}

/// What an earlier program has left: as many temporary files as one can.
fn left_behind() -> Image {
    let name = |number: usize| OsString::from(format!(".aqueduct-1-{number}000000000.tmp"));
    (1..=3).map(|number| (name(number), Vec::new())).collect()
}

/// All moments of five saves, for each way of saving.
fn for_each_moment(mut visit: impl FnMut(&Trainer, &Past, (Naming, usize), bool)) {
    let trainer = Trainer::new();
    for naming in Naming::ALL {
        for keep in 1..=3 {
            let disk = Arc::new(Disk::of(&left_behind()));
            let past = moments(&trainer, &disk, (naming, keep), 0, 5);
            let last = past.len() - 1;
            for (place, moment) in past.iter().enumerate() {
                visit(&trainer, moment, (naming, keep), place < last);
            }
        }
    }
}

#[test]
fn a_program_that_is_killed_at_any_step() {
    let mut cases = 0;
    for_each_moment(|trainer, (moment, done), way, during| {
        check(trainer, &moment.after_kill(), way, *done, during);
        cases += 1;
    });
    assert_eq!(cases, 504, "docs/reliability.md tells how many there are");
}

#[test]
fn power_that_is_lost_at_any_step() {
    let mut seen: BTreeSet<(Image, usize, bool, usize)> = BTreeSet::new();
    let mut cases = 0;
    for_each_moment(|trainer, (moment, done), way, during| {
        for image in moment.after_power_loss() {
            cases += 1;
            if seen.insert((image.clone(), *done, during, way.1)) {
                check(trainer, &image, way, *done, during);
            }
        }
    });
    assert_eq!(cases, 1434, "docs/reliability.md tells how many there are");
}

/// One folder that is saved to for a long time, by programs each of which ends early.
fn crash_again_and_again(times: usize) {
    let trainer = Trainer::new();
    let mut random = Philox::seed_from_u64(7);
    for naming in Naming::ALL {
        for keep in 1..=3 {
            let way = (naming, keep);
            let mut image = Image::new();
            let (mut done, mut unfinished) = (0, 0);
            for _ in 0..times {
                let disk = Arc::new(Disk::of(&image));
                let count = random.random_range(1..=3);
                let past = moments(&trainer, &disk, way, done, count);
                let (moment, before) = &past[random.random_range(0..past.len())];
                image = if random.random() {
                    moment.after_kill()
                } else {
                    let images: Vec<Image> = moment.after_power_loss().into_iter().collect();
                    images[random.random_range(0..images.len())].clone()
                };
                let during = *before < done + count;
                check(&trainer, &image, way, *before, during);
                unfinished = if *before > done { 1 } else { unfinished + 1 };
                // Each save that has ended early since the last whole one may have left a checkpoint; three
                // temporary files, and the one that lists them.
                assert!(image.len() <= keep + unfinished + 4, "{:?}", image.keys());
                // The number of the save that has ended early is used up.
                done = before + 1;
                if !during
                    || trainer.newest(&Arc::new(Disk::of(&image)), naming, &[*before, done]) != done
                {
                    done = *before;
                }
            }
        }
    }
}

#[test]
fn crashes_one_after_the_other() {
    crash_again_and_again(100);
}

/// `cargo test -p aqueduct-session -- --ignored crashes_for_a_long_time`
#[test]
#[ignore = "takes minutes"]
fn crashes_for_a_long_time() {
    crash_again_and_again(50_000);
}
