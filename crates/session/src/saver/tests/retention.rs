//! Which checkpoints are kept as hours go by.

use std::sync::Arc;

use aqueduct_graph::Graph;

use super::{names, session};
use crate::saver::Saver;
use crate::saver::tests::system::TestSystem;

/// Saves once at each of these hours, and gives the hours whose checkpoints are left.
fn left(hours: &[u32], build: impl FnOnce(Saver) -> Saver) -> Vec<u32> {
    let dir = tempfile::tempdir().unwrap();
    let g = Graph::new();
    let (sess, _) = session(&g);
    let system: Arc<TestSystem> = Arc::default();
    let saver = build(Saver::new(&g).on(&system));
    for hour in hours {
        system.set_hours(f64::from(*hour));
        saver.save_step(&sess, dir.path().join("m"), *hour).unwrap();
    }
    let names = names(dir.path()).into_iter();
    let hour = |name: String| {
        let number = name.strip_prefix("m-")?.strip_suffix(".aqueduct")?;
        number.parse().ok()
    };
    let mut left: Vec<u32> = names.filter_map(hour).collect();
    left.sort_unstable();
    left
}

#[test]
fn the_newest_are_kept() {
    let hours = [1, 2, 3, 4, 5, 6, 7];
    assert_eq!(left(&hours, |saver| saver), [3, 4, 5, 6, 7]);
    assert_eq!(left(&hours, |saver| saver.max_to_keep(2)), [6, 7]);
    assert_eq!(left(&hours, |saver| saver.max_to_keep(0)), hours);
    let same = [1, 2, 1, 1, 2, 3];
    assert_eq!(left(&same, |saver| saver.max_to_keep(2)), [2, 3]);
}

#[test]
fn one_is_kept_for_every_so_many_hours() {
    let hours: Vec<u32> = (1..=12).collect();
    let every =
        |hours| move |saver: Saver| saver.max_to_keep(2).keep_checkpoint_every_n_hours(hours);
    // The first later than hour 3, than hour 6, than hour 9; then the last two.
    assert_eq!(left(&hours, every(3.0)), [4, 7, 10, 11, 12]);
    assert_eq!(left(&hours, every(0.5)), hours);
    assert_eq!(left(&hours, every(0.0)), hours);
    assert_eq!(left(&hours, every(f64::INFINITY)), [11, 12]);
    assert_eq!(left(&hours, every(f64::NAN)), [11, 12]);
    // As in TensorFlow, a long pause is made up for: hours 8, 16, 24 and 32 are passed one by one.
    let pause = [1, 30, 31, 32, 33, 34, 35, 36];
    assert_eq!(left(&pause, every(8.0)), [30, 31, 32, 33, 35, 36]);
    let default = |saver: Saver| saver.max_to_keep(1);
    assert_eq!(
        left(&[1, 10_001, 10_002, 10_003], default),
        [10_001, 10_003]
    );
}
