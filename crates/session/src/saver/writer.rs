//! Writes a checkpoint.

use std::io;
use std::path::Path;
use std::sync::Arc;

use aqueduct_graph::Value;

use super::beside::{self, Written};
use super::compare::TensorInfo;
use super::elements;
use super::error::CheckpointError;
use super::files::System;
use super::format::{self, StreamRecord};

/// What a checkpoint keeps: a state of a session at one moment.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Ascending by name.
    pub(super) tensors: Vec<(TensorInfo, Arc<Value>)>,
    /// Ascending by name.
    pub(super) streams: Vec<StreamRecord>,
}

/// Writes these contents beside the file that they are to replace.
///
/// # Errors
/// The file system refuses, or a checkpoint cannot hold so much.
pub(super) fn write<'s>(
    system: &'s dyn System,
    file: &Path,
    contents: &Contents,
) -> Result<Written<'s>, CheckpointError> {
    let mut buffer = Vec::new();
    let described: Vec<(TensorInfo, u32)> = contents
        .tensors
        .iter()
        .map(|(info, value)| (info.clone(), elements::checksum(value.data(), &mut buffer)))
        .collect();
    let layout = format::lay_out(&described, &contents.streams).map_err(|reason| {
        CheckpointError::Unwritable {
            path: file.to_path_buf(),
            reason,
        }
    })?;
    let written = beside::write(system, file, |output| {
        output.write_all(&layout.head)?;
        let mut written = layout.head.len() as u64;
        for ((_, value), offset) in contents.tensors.iter().zip(&layout.offsets) {
            let gap = offset.saturating_sub(written);
            io::copy(&mut io::Read::take(io::repeat(0), gap), output)?;
            written = *offset;
            elements::encode(value.data(), &mut buffer, |bytes| {
                written = written.saturating_add(bytes.len() as u64);
                output.write_all(bytes)
            })?;
        }
        Ok(())
    })?;
    Ok(written)
}
