//! Reference values from TensorFlow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use aqueduct::{Element, Value};
use ndarray::{IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, ReadableElement};

/// A file of `tests/data/reference`, read whole. What its keys mean is said in `tests/data/README.md`.
#[derive(Debug)]
pub struct Reference {
    file: String,
    values: BTreeMap<String, Value>,
}

impl Reference {
    /// Reads a file.
    ///
    /// # Panics
    /// It is not there, or holds something else than arrays of numbers and truth values.
    pub fn open(file: &str) -> Reference {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/reference");
        let opened = File::open(folder.join(file)).expect("the reference file is there");
        let mut reader = NpzReader::new(opened).expect("the reference file is an npz archive");
        let names = reader.names().expect("the names of the arrays are text");
        let values = names.into_iter().map(|name| {
            let value = read(&mut reader, &name);
            (name, value)
        });
        Reference {
            file: file.to_owned(),
            values: values.collect(),
        }
    }

    /// The value of a key.
    ///
    /// # Panics
    /// There is none.
    #[track_caller]
    pub fn value(&self, key: &str) -> &Value {
        match self.get(key) {
            Some(value) => value,
            None => panic!("{} has no {key}", self.file),
        }
    }

    /// The value of a key, if there is one.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// The values `case|role:0`, `case|role:1`, …
    pub fn series(&self, case: &str, role: &str) -> Vec<&Value> {
        (0..)
            .map_while(|number| self.get(&format!("{case}|{role}:{number}")))
            .collect()
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// What stands before the first `|` of the keys that have one.
    pub fn cases(&self) -> BTreeSet<&str> {
        let split = self.keys().filter_map(|key| key.split_once('|'));
        split.map(|(case, _)| case).collect()
    }

    /// Fails if the cases run and the cases listed as not here are not together all of the file's,
    /// each once.
    ///
    /// # Panics
    /// They are not.
    #[track_caller]
    pub fn check_all_named<'a>(
        &self,
        run: impl IntoIterator<Item = &'a str>,
        not_here: impl IntoIterator<Item = &'a str>,
    ) {
        let mut named: Vec<&str> = run.into_iter().chain(not_here).collect();
        named.sort_unstable();
        let cases: Vec<&str> = self.cases().into_iter().collect();
        assert_eq!(named, cases, "cases named, and cases of {}", self.file);
    }
}

fn read(reader: &mut NpzReader<File>, name: &str) -> Value {
    read_as::<f32, _>(reader, name)
        .or_else(|| read_as::<i32, _>(reader, name))
        .or_else(|| read_as::<i64, _>(reader, name))
        .or_else(|| read_as::<bool, _>(reader, name))
        .or_else(|| read_as::<f64, _>(reader, name))
        .expect("the array is of numbers or truth values")
}

fn read_as<T, R>(reader: &mut NpzReader<R>, name: &str) -> Option<Value>
where
    T: Element + ReadableElement,
    R: Read + std::io::Seek,
{
    let array = reader.by_name::<OwnedRepr<T>, IxDyn>(name).ok()?;
    Some(Value::from(array))
}
