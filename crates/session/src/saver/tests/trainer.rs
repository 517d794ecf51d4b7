//! A session that is saved to disks in memory, and what must hold of such a disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aqueduct_graph::{Graph, Variable};

use super::disk::{Disk, FOLDER};
use super::session;
use crate::saver::files::System;
use crate::saver::{Saver, beside, lookup, state_file};
use crate::{Result, Session, TensorExt, feed};

/// How checkpoints are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// By the number of the save.
    Steps,
    /// All by one name.
    InPlace,
}

impl Naming {
    pub(super) const ALL: [Naming; 2] = [Naming::Steps, Naming::InPlace];

    fn path(self, number: usize) -> PathBuf {
        Path::new(FOLDER).join(match self {
            Naming::Steps => format!("m-{number}"),
            Naming::InPlace => "m".to_owned(),
        })
    }
}

/// A session with one variable, whose value is the number of the save.
pub(super) struct Trainer {
    graph: &'static Graph,
    pub(super) sess: Session,
    w: Variable<'static, f32>,
}

impl Trainer {
    pub(super) fn new() -> Trainer {
        let graph = Graph::new().leak();
        let (sess, w) = session(graph);
        Trainer { graph, sess, w }
    }

    pub(super) fn saver(&self, system: &Arc<impl System + 'static>, keep: usize) -> Saver {
        Saver::new(self.graph).on(system).max_to_keep(keep)
    }

    /// A saver that goes on where another one has ended.
    pub(super) fn resumed(&self, system: &Arc<impl System + 'static>, keep: usize) -> Saver {
        let saver = self.saver(system, keep);
        if let Some(state) = state_file::read(&**system, Path::new(FOLDER)).unwrap() {
            saver
                .recover_last_checkpoints(&state.all_model_checkpoint_paths)
                .unwrap();
        }
        saver
    }

    pub(super) fn save(&self, saver: &Saver, naming: Naming, number: usize) -> Result<PathBuf> {
        self.sess.load(self.w, number as f32).unwrap();
        let result = saver.save(&self.sess, naming.path(number));
        assert_eq!(self.value(), number);
        result
    }

    pub(super) fn restore(&self, saver: &Saver, naming: Naming, number: usize) -> Result<()> {
        saver.restore(&self.sess, naming.path(number))
    }

    pub(super) fn value(&self) -> usize {
        self.sess.run(self.w.scalar(), feed![]).unwrap() as usize
    }

    fn read(&self, disk: &Arc<Disk>, path: &Path) -> usize {
        self.saver(disk, 0).restore(&self.sess, path).unwrap();
        self.value()
    }

    /// The number of the newest checkpoint, after a look at all: each must be whole and have the number
    /// that it must have, which under one name is one of `expected`.
    pub(super) fn newest(&self, disk: &Arc<Disk>, naming: Naming, expected: &[usize]) -> usize {
        for path in checkpoints(disk) {
            let number = self.read(disk, &path);
            match naming {
                Naming::Steps => assert_eq!(path, naming.path(number)),
                Naming::InPlace => assert!(expected.contains(&number)),
            }
        }
        let newest = lookup::latest(&**disk, Path::new(FOLDER)).unwrap();
        newest.map_or(0, |path| self.read(disk, &path))
    }

    /// Saves once more, after which everything must be in order.
    pub(super) fn save_in_order(
        &self,
        saver: &Saver,
        disk: &Arc<Disk>,
        naming: Naming,
        (keep, number): (usize, usize),
    ) {
        self.save(saver, naming, number).unwrap();
        assert_eq!(self.newest(disk, naming, &[number]), number);
        let state = state_file::read(&**disk, Path::new(FOLDER)).unwrap();
        let listed: BTreeSet<PathBuf> = state
            .unwrap()
            .all_model_checkpoint_paths
            .into_iter()
            .collect();
        assert_eq!(checkpoints(disk), listed, "lost or not listed");
        assert!(listed.len() <= keep);
        assert_eq!(temporaries(disk), 0);
        assert!(disk.is_unlocked());
    }
}

fn checkpoints(disk: &Disk) -> BTreeSet<PathBuf> {
    let image = disk.image();
    let names = image.keys().map(|name| name.to_str().unwrap());
    let prefixes = names.filter_map(|name| name.strip_suffix(".aqueduct"));
    prefixes.map(|name| Path::new(FOLDER).join(name)).collect()
}

pub(super) fn temporaries(disk: &Disk) -> usize {
    let image = disk.image();
    image
        .keys()
        .filter(|name| beside::is_temporary(name))
        .count()
}
