//! Makes a checkpoint that was written the newest of its folder, and deletes old ones.

use std::io;
use std::path::Path;

use super::beside::Written;
use super::error::{CheckpointError, FileAction};
use super::lookup::file_of;
use super::retention::{Kept, Retention};
use super::{Saver, files, locks, state_file};

impl Saver {
    /// Puts a checkpoint in its place, tells the folder's file of it, and deletes those that are too
    /// many, in an order that leaves a checkpoint to go on from, and none that nobody lists, wherever
    /// it ends. Other savers of the folder wait.
    pub(super) fn keep(
        &self,
        retention: &mut Retention,
        kept: Kept,
        written: Written<'_>,
    ) -> Result<(), CheckpointError> {
        let newest = kept.absolute.clone();
        let directory = files::directory_of(&newest);
        let _lock = locks::lock_folder(&*self.system, directory);
        if retention.max_to_keep > 0 {
            state_file::announce(&*self.system, directory, &newest)?;
        }
        written.rename()?;
        retention.record(kept);
        files::sync_directory_of(&*self.system, &newest)?;
        self.tell(retention, &newest)?;
        files::sync_directory_of(&*self.system, &newest)?;
        if !retention.expired.is_empty() {
            self.delete_expired(retention);
            if let Err(error) = self.tell(retention, &newest) {
                // The new checkpoint is good; that deleted ones are listed harms nothing.
                log::warn!("{error}");
            }
        }
        Ok(())
    }

    /// Writes the file that tells of the newest checkpoint and of all that there are.
    fn tell(&self, retention: &Retention, newest: &Path) -> Result<(), CheckpointError> {
        let listed = retention.listed();
        let mut all: Vec<&Path> = listed.map(|kept| kept.absolute.as_path()).collect();
        if all.is_empty() {
            all.push(newest);
        }
        state_file::write(&*self.system, files::directory_of(newest), newest, &all)
    }

    /// Deletes checkpoints that are too many. Those that are still there after it wait for the next
    /// save: the new checkpoint is good, and that an old one is left over harms nothing.
    fn delete_expired(&self, retention: &mut Retention) {
        let mut refused = None;
        retention.expired.retain(|expired| {
            let error = self.delete(&file_of(&expired.absolute)).err();
            let stays = error.is_some();
            refused = error.or(refused.take());
            stays
        });
        if let Some(error) = refused {
            let count = retention.expired.len();
            log::warn!("{error}; the next save tries again to delete {count} old checkpoints");
        }
    }

    /// Deletes a file, unless somebody else has done so.
    fn delete(&self, file: &Path) -> Result<(), CheckpointError> {
        match self.system.remove(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(files::at(FileAction::Delete, file)(error).into()),
            // A file that comes back after a crash must be listed.
            Ok(()) => Ok(files::sync_directory_of(&*self.system, file)?),
        }
    }
}
