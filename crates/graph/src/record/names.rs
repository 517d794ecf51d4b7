//! The table of names: it must keep every name that is in use from being given again.

use std::collections::HashMap;

use super::tables::ascending;
use super::{ImportError, NodeRecord};
use crate::names::{self, Names};
use crate::shown;

/// How often a name may have been asked for: what a program asks for after an import still counts.
const MOST: u32 = 1 << 31;

const TABLE: &str = "the table of names";

pub(super) fn restore(
    entries: &[(String, u32)],
    nodes: &[NodeRecord],
    variables: impl Iterator<Item = String>,
) -> Result<Names, ImportError> {
    ascending(TABLE, entries.iter().map(|(name, _)| name.as_str()))?;
    for (name, times) in entries {
        if *name != name.to_lowercase() || !names::is_valid(name) || !(1..=MOST).contains(times) {
            let reason = format!(
                "says that `{}` was asked for {times} times",
                shown::name(name)
            );
            return Err(ImportError::invalid(TABLE, reason));
        }
    }
    let given: HashMap<&str, u32> = entries.iter().map(|(name, n)| (&**name, *n)).collect();
    for (name, needed) in needed(nodes, variables)? {
        if given.get(&*name).copied().unwrap_or(0) < needed {
            let reason = format!("does not keep `{}`, which is in use", shown::name(&name));
            return Err(ImportError::invalid(TABLE, reason));
        }
    }
    Ok(Names::of_entries(entries.iter().cloned()))
}

/// How often each name must have been asked for at least, by the names that are in use.
fn needed(
    nodes: &[NodeRecord],
    variables: impl Iterator<Item = String>,
) -> Result<HashMap<String, u32>, ImportError> {
    let mut needed: HashMap<String, u32> = HashMap::new();
    let mut count = |name: String| {
        let times = needed.entry(name).or_insert(0);
        *times = times.saturating_add(1);
    };
    for node in nodes {
        check_name(node)?;
        let name = node.name.to_lowercase();
        match node.asked_name.as_ref().map(|asked| asked.to_lowercase()) {
            Some(asked) if asked != name => {
                count(asked);
                count(name);
            }
            Some(_) | None => count(name),
        }
    }
    variables.for_each(|name| count(name.to_lowercase()));
    Ok(needed)
}

fn check_name(node: &NodeRecord) -> Result<(), ImportError> {
    let NodeRecord {
        name, asked_name, ..
    } = node;
    if !names::is_valid(name) {
        return Err(ImportError::invalid(
            "an operation",
            format!("is called `{}`, which is no name", shown::name(name)),
        ));
    }
    let Some(asked) = asked_name else {
        return Ok(());
    };
    let suffix = name.strip_prefix(asked.as_str());
    let made_of = suffix.is_some_and(|suffix| {
        let number = suffix.strip_prefix('_');
        suffix.is_empty() || number.is_some_and(|number| number.parse::<u32>().is_ok())
    });
    if made_of {
        return Ok(());
    }
    let reason = format!("does not have a name made of `{}`", shown::name(asked));
    Err(ImportError::operation(name, reason))
}
