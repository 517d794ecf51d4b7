//! Custom ops by name: how they are saved.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use thiserror::Error;

use crate::custom::{Custom, CustomOp, is_same};
use crate::shown;

static REGISTRY: RwLock<BTreeMap<String, Arc<dyn CustomOp>>> = RwLock::new(BTreeMap::new());

/// Another op is registered under the name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "another `Arc` is registered as the custom op `{name}`: build with clones of that one, or give an op of \
     other parameters a name of its own"
)]
pub struct NameTaken {
    /// The name.
    pub name: String,
}

/// Makes a custom op known to the whole process under its name, so that graphs that use it can be
/// saved and loaded. Registering the same `Arc` again does nothing. A file keeps the name and no
/// parameters: an op for each of them needs a name for each.
///
/// # Errors
/// Another op has the name.
pub fn register_custom_op(op: Arc<dyn CustomOp>) -> Result<(), NameTaken> {
    // What the op calls itself is asked before the registry is locked: it is code of the user's.
    let name = op.name().to_owned();
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    match registry.get(&name) {
        Some(known) if is_same(known, &op) => Ok(()),
        Some(_) => Err(NameTaken { name }),
        None => {
            registry.insert(name, op);
            Ok(())
        }
    }
}

/// The custom op that is registered under this name.
pub fn registered_custom_op(name: &str) -> Option<Arc<dyn CustomOp>> {
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    registry.get(name).cloned()
}

/// Whether an op can be found again by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    /// It is the one that is registered under its name.
    Registered,
    /// Another one is.
    Taken,
    /// None is.
    Missing,
    /// It is a Rust closure, which nobody could register.
    Closure,
}

impl Custom {
    pub(crate) fn registration(&self) -> Registration {
        if self.closure {
            return Registration::Closure;
        }
        match registered_custom_op(self.name()) {
            Some(known) if is_same(&known, &self.op) => Registration::Registered,
            Some(_) => Registration::Taken,
            None => Registration::Missing,
        }
    }
}

/// Saved as its name, which must be registered.
impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.name();
        match self.registration() {
            Registration::Registered => serializer.serialize_str(name),
            Registration::Closure => Err(ser::Error::custom(format!(
                "`{name}` is a Rust closure, which cannot be saved: make it a `CustomOp` and \
                 register that with `register_custom_op`"
            ))),
            Registration::Taken => Err(ser::Error::custom(format!(
                "custom op `{name}` cannot be saved: another op is registered under its name"
            ))),
            Registration::Missing => Err(ser::Error::custom(format!(
                "custom op `{name}` is not registered: call `register_custom_op` with it to save it"
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Custom, D::Error> {
        let name = String::deserialize(deserializer)?;
        match registered_custom_op(&name) {
            Some(op) => Ok(Custom::new(op)),
            None => Err(de::Error::custom(format!(
                "no custom op is registered as `{}`: call `register_custom_op` with one of that name \
                 before loading",
                shown::name(&name)
            ))),
        }
    }
}
