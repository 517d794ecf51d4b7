//! The variants of an enum, and those that a value uses.

use std::collections::BTreeSet;

use aqueduct::ir::Op;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// The names of all variants of an enum.
pub(crate) fn variants<E: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // What an enum asks its format for first are its variants.
    let read = E::deserialize(Names(&mut names));
    assert!(read.is_err() && !names.is_empty(), "not an enum");
    names
}

struct Names<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("not an enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = variants;
        Err(Self::Error::custom("only the names are wanted"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Adds the names of all variants that an op uses.
pub(crate) fn collect(op: &Op, names: &mut BTreeSet<String>) {
    if let Op::Custom(_) = op {
        // What is inside is the user's own, and saved only if it is registered.
        names.insert("Custom".to_owned());
        return;
    }
    match serde_json::to_value(op) {
        Ok(json) => add(&json, names),
        Err(error) => panic!("an op that cannot be saved: {error}"),
    }
}

fn add(json: &serde_json::Value, names: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::String(name) => {
            names.insert(name.clone());
        }
        serde_json::Value::Array(all) => all.iter().for_each(|one| add(one, names)),
        serde_json::Value::Object(all) => {
            for (name, inner) in all {
                names.insert(name.clone());
                add(inner, names);
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}
