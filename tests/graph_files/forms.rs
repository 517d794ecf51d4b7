//! What a type is encoded as: the numbers of its variants, and its fields in their order.

use std::fmt::Write as _;

use serde::de::value::Error;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// A line for each variant or field. Nothing is decoded: what the type asks its format for is written down.
pub(crate) fn form<T: DeserializeOwned>(name: &str) -> String {
    let mut lines = Vec::new();
    for variant in 0.. {
        let before = lines.len();
        let lines = &mut lines;
        let _ = T::deserialize(Asked { variant, lines });
        if lines.len() == before {
            break;
        }
    }
    assert!(!lines.is_empty(), "{name} is neither an enum nor a struct");
    lines.iter().fold(format!("{name}\n"), |mut text, line| {
        let _ = writeln!(text, "    {line}");
        text
    })
}

/// Is asked for a type, and says that it has this variant.
struct Asked<'l> {
    variant: u32,
    lines: &'l mut Vec<String>,
}

/// Only what is asked for is of interest.
fn enough<T>() -> Result<T, Error> {
    Err(Error::custom("enough is known"))
}

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        enough()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Asked { variant, lines } = self;
        match variants.get(variant as usize) {
            Some(name) => visitor.visit_enum(Variant {
                variant,
                name,
                lines,
            }),
            None => enough(),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        if self.variant == 0 {
            self.lines
                .extend(fields.iter().map(|field| (*field).to_owned()));
        }
        enough()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Variant<'l> {
    variant: u32,
    name: &'static str,
    lines: &'l mut Vec<String>,
}

impl Variant<'_> {
    fn note(self, contents: &str) {
        let Variant { variant, name, .. } = self;
        self.lines.push(format!("{variant} {name}{contents}"));
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let number: serde::de::value::U32Deserializer<Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.note("");
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Error> {
        self.note("(1)");
        enough()
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, _: V) -> Result<V::Value, Error> {
        self.note(&format!("({length})"));
        enough()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.note(&format!(" {{ {} }}", fields.join(", ")));
        enough()
    }
}
