//! Names: made unique as TensorFlow makes them, without regard to case.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The names in use, by lower-case spelling, each with the number of times it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Names {
    used: HashMap<String, u32>,
}

impl Names {
    /// The names in use with how often each was asked for, ascending.
    pub(crate) fn entries(&self) -> Vec<(String, u32)> {
        let used = self.used.iter();
        let mut entries: Vec<_> = used.map(|(name, times)| (name.clone(), *times)).collect();
        entries.sort_unstable();
        entries
    }

    /// The table with these entries, of which each name is in lower case and was asked for.
    pub(crate) fn of_entries(entries: impl Iterator<Item = (String, u32)>) -> Names {
        Names {
            used: entries.collect(),
        }
    }

    /// Keeps a name that was put together without asking from being given.
    pub(crate) fn claim(&mut self, name: &str) {
        self.used.entry(name.to_lowercase()).or_insert(1);
    }

    /// `name`, or the first of `name_1`, `name_2`, … that is free. It is in use from now on.
    ///
    /// Follows `Graph.unique_name` of TensorFlow: names differ without regard to case, the
    /// spelling asked for is kept (`add`, then `Add_1`).
    pub(crate) fn unique(&mut self, name: &str) -> String {
        let key = name.to_lowercase();
        let asked = self.used.entry(key.clone()).or_insert(0);
        let mut suffix = *asked;
        *asked = asked.saturating_add(1);
        if suffix == 0 {
            return name.to_owned();
        }
        loop {
            let candidate = format!("{key}_{suffix}");
            if let Entry::Vacant(free) = self.used.entry(candidate) {
                free.insert(1);
                return format!("{name}_{suffix}");
            }
            suffix = suffix.wrapping_add(1);
        }
    }

    /// Gives back a name that `unique` has just given for `asked` and that nothing uses.
    pub(crate) fn release(&mut self, asked: &str, given: &str) {
        let asked_key = asked.to_lowercase();
        let given_key = given.to_lowercase();
        if asked_key != given_key {
            self.used.remove(&given_key);
        }
        if let Some(times) = self.used.get_mut(&asked_key) {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.used.remove(&asked_key);
            }
        }
    }
}

/// The paths of the variable scopes that were opened, those inside a scope since it was entered last:
/// so a model that is built again under the same scope finds the same default names.
#[derive(Debug, Default)]
pub(crate) struct OpenedScopes {
    paths: BTreeSet<String>,
    /// Of a path without a suffix: how many suffixes from the first on are known to be opened, so that
    /// many scopes of one name are not all tried again.
    taken: BTreeMap<String, u64>,
}

impl OpenedScopes {
    /// All paths, ascending.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.paths.iter().cloned().collect()
    }

    /// The scopes of these paths.
    pub(crate) fn of_paths(paths: &[String]) -> OpenedScopes {
        OpenedScopes {
            paths: paths.iter().cloned().collect(),
            taken: BTreeMap::new(),
        }
    }

    /// A scope of this path is entered.
    pub(crate) fn open(&mut self, path: &str) {
        let inside = format!("{path}/");
        let first = self.paths.range(inside.clone()..);
        let earlier: Vec<String> = first
            .take_while(|path| path.starts_with(&inside))
            .cloned()
            .collect();
        for path in earlier {
            self.paths.remove(&path);
        }
        let first = self.taken.range(inside.clone()..);
        let outdated: Vec<String> = first
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(&inside))
            .cloned()
            .collect();
        for path in outdated {
            self.taken.remove(&path);
        }
        self.paths.insert(path.to_owned());
    }

    /// The first of `name`, `name_1`, … that was not opened in this scope.
    pub(crate) fn unused(&mut self, scope: &str, name: &str) -> String {
        let candidate = |suffix: u64| match suffix {
            0 => name.to_owned(),
            _ => format!("{name}_{suffix}"),
        };
        let taken = self.taken.entry(join(scope, name)).or_default();
        while self.paths.contains(&join(scope, &candidate(*taken))) {
            *taken += 1;
        }
        candidate(*taken)
    }
}

/// Whether TensorFlow would take this as a name or as a path of names: a letter, digit or dot,
/// then letters, digits and `_ . - /`. No part of a path is empty.
pub(crate) fn is_valid(name: &str) -> bool {
    if name.split('/').any(str::is_empty) {
        return false;
    }
    let mut chars = name.chars();
    let first = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
    first && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))
}

/// The nearest valid name: used after an invalid one was reported, so that building goes on.
pub(crate) fn mended(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
    let mended: String = parts
        .join("/")
        .chars()
        .map(|c| {
            if c == '/' || is_valid(&format!("x{c}")) {
                c
            } else {
                '_'
            }
        })
        .collect();
    if is_valid(&mended) {
        mended
    } else {
        format!("x{mended}")
    }
}

/// Up to three of the candidates that `wanted` may have been meant to be, in backquotes; empty if none
/// is like it.
pub(crate) fn nearest<'c>(wanted: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    const SHOWN: usize = 3;
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| Some((unlikeness(wanted, candidate)?, candidate)))
        .collect();
    near.sort_unstable();
    let names = near.iter().take(SHOWN);
    let names: Vec<String> = names.map(|(_, name)| format!("`{name}`")).collect();
    names.join(", ")
}

/// How unlike a name is to the one that was wanted; `None` if they have little in common. The scope
/// alone may be wrong.
fn unlikeness(wanted: &str, candidate: &str) -> Option<usize> {
    let (wanted, candidate) = (wanted.to_lowercase(), candidate.to_lowercase());
    let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
    let changes = changes(&wanted, &candidate);
    let few = changes <= 1 + wanted.len() / 4;
    (few || last(&wanted) == last(&candidate)).then_some(changes)
}

/// How many characters must be changed, left out or put in to make one text of the other.
fn changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // The numbers for each beginning of `to`.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (before, c) in from.chars().enumerate() {
        let mut next = vec![before + 1];
        for (pair, d) in row.windows(2).zip(&to) {
            let kept = pair[0] + usize::from(c != *d);
            let put_in = next.last().map_or(kept, |left| left + 1);
            next.push(kept.min(pair[1] + 1).min(put_in));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// `scope/name`, or `name` at the top.
pub(crate) fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_unique_as_tensorflow_does() {
        let mut names = Names::default();
        let given: Vec<String> = ["add", "Add", "add_1", "add", "MatMul", "x_1", "x", "x"]
            .iter()
            .map(|name| names.unique(name))
            .collect();
        assert_eq!(
            given,
            [
                "add", "Add_1", "add_1_1", "add_2", "MatMul", "x_1", "x", "x_2"
            ]
        );
    }

    #[test]
    fn a_released_name_is_given_again() {
        let mut names = Names::default();
        for _ in 0..2 {
            assert_eq!(names.unique("Tanh"), "Tanh");
            names.release("Tanh", "Tanh");
        }
        names.unique("Tanh");
        let second = names.unique("Tanh");
        names.release("Tanh", &second);
        assert_eq!(names.unique("Tanh"), "Tanh_1");
    }

    #[test]
    fn a_scope_that_is_entered_again_gives_its_default_names_again() {
        let mut scopes = OpenedScopes::default();
        assert_eq!(scopes.unused("", "dense"), "dense");
        for path in ["dense", "model", "model/dense", "models/dense"] {
            scopes.open(path);
        }
        assert_eq!(scopes.unused("", "dense"), "dense_1");
        assert_eq!(scopes.unused("model", "dense"), "dense_1");
        scopes.open("model");
        assert_eq!(scopes.unused("model", "dense"), "dense");
        assert_eq!(scopes.unused("models", "dense"), "dense_1");
    }

    #[test]
    fn invalid_names_are_mended() {
        assert!(is_valid("rnn/lstm_cell/kernel"));
        for bad in ["", "_x", "a b", "é", "a//b", "/", "a/"] {
            assert!(!is_valid(bad), "{bad:?}");
            assert!(is_valid(&mended(bad)), "{bad:?}");
        }
    }
}
