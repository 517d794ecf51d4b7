//! Random changes to what a record says, not to its bytes: most of them can be decoded.

use std::collections::HashMap;

use aqueduct::Philox;
use aqueduct::ir::GraphRecord;
use aqueduct::rand::RngExt as _;
use serde_json::Value;

/// A record as a tree, and what there is in it for each name of a field.
pub(crate) struct Tree {
    root: Value,
    fields: HashMap<String, Vec<Value>>,
}

/// Where something is in a tree: fields and places in lists.
type Path = Vec<Step>;

#[derive(Clone, Debug)]
enum Step {
    Field(String),
    Place(usize),
}

impl Tree {
    pub(crate) fn new(record: &GraphRecord) -> Tree {
        let root = serde_json::to_value(record).unwrap();
        let mut fields = HashMap::new();
        collect(&root, "", &mut fields);
        Tree { root, fields }
    }

    /// A record with a few changes, of which some take parts of another; `None` if it is none.
    pub(crate) fn changed(&self, other: &Tree, rng: &mut Philox) -> Option<GraphRecord> {
        let mut root = self.root.clone();
        for _ in 0..rng.random_range(1..4) {
            let (path, field) = choose(&root, rng);
            let donor = if rng.random_range(0..3) == 0 {
                other
            } else {
                self
            };
            change(&mut root, &path, donor.fields.get(&field)?, rng);
        }
        serde_json::from_value(root).ok()
    }
}

/// Adds all that is in a value to the lists of the fields that it is in.
fn collect(value: &Value, field: &str, fields: &mut HashMap<String, Vec<Value>>) {
    fields
        .entry(field.to_owned())
        .or_default()
        .push(value.clone());
    match value {
        Value::Array(all) => all.iter().for_each(|one| collect(one, field, fields)),
        Value::Object(all) => all
            .iter()
            .for_each(|(field, inner)| collect(inner, field, fields)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A place in a tree, and the field that it is of. Deeper ones are not less likely.
fn choose(root: &Value, rng: &mut Philox) -> (Path, String) {
    let (mut path, mut field, mut value) = (Path::new(), String::new(), root);
    loop {
        let stop = !path.is_empty() && rng.random_range(0..6) == 0;
        match value {
            Value::Array(all) if !all.is_empty() && !stop => {
                let place = rng.random_range(0..all.len());
                path.push(Step::Place(place));
                value = &all[place];
            }
            Value::Object(all) if !all.is_empty() && !stop => {
                // Operations are most of what there is to say.
                let favourite = all.get_key_value("nodes");
                let favourite = favourite.filter(|_| rng.random_range(0..2) == 0);
                let place = rng.random_range(0..all.len());
                let Some((name, inner)) = favourite.or_else(|| all.iter().nth(place)) else {
                    return (path, field);
                };
                path.push(Step::Field(name.clone()));
                field.clone_from(name);
                value = inner;
            }
            _ => return (path, field),
        }
    }
}

fn change(root: &mut Value, path: &[Step], donors: &[Value], rng: &mut Philox) {
    let Some(place) = path.iter().try_fold(root, |value, step| match step {
        Step::Field(name) => value.get_mut(name),
        Step::Place(place) => value.get_mut(place),
    }) else {
        return;
    };
    if rng.random_range(0..3) == 0 {
        *place = donors[rng.random_range(0..donors.len())].clone();
        return;
    }
    match place {
        Value::Null => *place = rng.random_range(0..4_u64).into(),
        Value::Bool(value) => *value = !*value,
        Value::Number(number) => {
            let number = number.as_u64().unwrap_or(3);
            *place = near(number, rng).into();
        }
        Value::String(text) => match rng.random_range(0..4) {
            0 => text.push_str("_1"),
            1 => text.push('\u{1b}'),
            2 => *text = text.repeat(3),
            _ => *text = text.to_lowercase(),
        },
        Value::Array(all) => change_list(all, donors, rng),
        Value::Object(all) => {
            let single = all.values().next().cloned();
            *place = single.unwrap_or_default();
        }
    }
}

fn near(number: u64, rng: &mut Philox) -> u64 {
    let extremes = [0, 1, 2, 1 << 20, 1 << 31, u64::from(u32::MAX), u64::MAX];
    match rng.random_range(0..5) {
        0 => number.saturating_add(1),
        1 => number.saturating_sub(1),
        2 => number.saturating_add(rng.random_range(0..8)),
        3 => rng.random_range(0..number.saturating_add(2)),
        _ => extremes[rng.random_range(0..extremes.len())],
    }
}

fn change_list(all: &mut Vec<Value>, donors: &[Value], rng: &mut Philox) {
    if all.is_empty() {
        all.push(donors[rng.random_range(0..donors.len())].clone());
        return;
    }
    let place = rng.random_range(0..all.len());
    let other = rng.random_range(0..all.len());
    match rng.random_range(0..4) {
        0 => _ = all.remove(place),
        1 => all.insert(place, all[other].clone()),
        2 => all.swap(place, other),
        _ => all.truncate(place),
    }
}
