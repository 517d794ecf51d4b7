//! What the tests across crates share: reference values, comparison, finite differences.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod compare;
mod differences;
pub mod hostile;
mod imported;
mod mistake;
mod modes;
#[cfg(feature = "reference")]
mod reference;
mod relative;
mod session;

pub use compare::{Tolerance, compare, report};
pub use differences::{central_differences, spread};
pub use imported::{imported, tensor_of};
pub use mistake::{mistakes_of, only_mistake};
pub use modes::{Modes, Results};
#[cfg(feature = "reference")]
pub use reference::Reference;
pub use relative::relative;
pub use session::initialized;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Cargo runs only what the manifest names.
    #[test]
    fn every_file_of_tests_is_named_in_the_manifest() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let mut left_out = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let main = if path.join("main.rs").exists() {
                format!("{name}/main.rs")
            } else {
                name
            };
            if main.ends_with(".rs") && !manifest.contains(&format!("path = \"{main}\"")) {
                left_out.push(main);
            }
        }
        assert!(left_out.is_empty(), "{left_out:?}");
    }
}
