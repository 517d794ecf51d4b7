//! The tables beside the operations: collections, scopes, shared variables.

use std::collections::{BTreeMap, HashSet};

use super::ImportError;
use crate::ids::VariableId;
use crate::names;
use crate::shown;
use crate::store::{Member, Members};

/// Checks that a table is sorted, and has nothing twice.
pub(super) fn ascending<'a>(
    table: &str,
    keys: impl Iterator<Item = &'a str>,
) -> Result<(), ImportError> {
    let mut before: Option<&str> = None;
    for key in keys {
        if before.is_some_and(|before| before >= key) {
            let reason = format!("has `{}` out of order, or twice", shown::name(key));
            return Err(ImportError::invalid(table, reason));
        }
        before = Some(key);
    }
    Ok(())
}

/// The collections, whose members the caller has looked at.
pub(super) fn collections(
    entries: Vec<(String, Vec<Member>)>,
) -> Result<BTreeMap<String, Members>, ImportError> {
    let names = entries.iter().map(|(name, _)| name.as_str());
    ascending("the table of collections", names)?;
    for (name, members) in &entries {
        let mut seen = HashSet::new();
        if !members.iter().all(|member| seen.insert(*member)) {
            let part = format!("collection `{}`", shown::name(name));
            return Err(ImportError::invalid(part, "has a member twice"));
        }
    }
    let collections = entries.into_iter();
    Ok(collections
        .map(|(name, members)| (name, members.into_iter().collect()))
        .collect())
}

/// The paths of variable scopes.
pub(super) fn scopes(paths: &[String]) -> Result<(), ImportError> {
    const TABLE: &str = "the table of variable scopes";
    ascending(TABLE, paths.iter().map(String::as_str))?;
    match paths.iter().find(|path| !names::is_valid(path)) {
        Some(path) => Err(ImportError::invalid(
            TABLE,
            format!("has `{}`, which is no path of names", shown::name(path)),
        )),
        None => Ok(()),
    }
}

/// The variables that `get_variable` made.
pub(super) fn shared(entries: &[(String, VariableId)], count: usize) -> Result<(), ImportError> {
    const TABLE: &str = "the table of shared variables";
    ascending(TABLE, entries.iter().map(|(path, _)| path.as_str()))?;
    match entries.iter().find(|(_, id)| id.index() >= count) {
        Some((path, _)) => {
            let reason = format!(
                "has `{}` for a variable that does not exist",
                shown::name(path)
            );
            Err(ImportError::invalid(TABLE, reason))
        }
        None => Ok(()),
    }
}
