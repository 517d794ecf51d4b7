//! Every public method that builds is called by some builder, or stands here with the reason why not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{ImplItem, Item, Type, Visibility};

/// The types whose methods build.
const BUILDING: [&str; 5] = ["Graph", "Tensor", "AnyTensor", "Variable", "AnyVariable"];

/// Methods that build nothing a user could give hostile arguments to.
const LEFT_OUT: [(&str, &str); 20] = [
    ("finalize", "ends all building"),
    ("from_record", "takes what a file of a graph holds"),
    ("to_record", "asks"),
    ("fact", "asks"),
    ("id", "asks"),
    ("is_finalized", "asks"),
    ("is_poisoned", "asks"),
    ("is_trainable", "asks"),
    ("leak", "makes a graph last"),
    ("new", "takes an id that only the library has"),
    ("note_run", "called by each run"),
    ("on_behalf_of", "takes an id that only the library has"),
    ("here", "for functions that build, not for users"),
    ("poisoned_like", "for functions that build: takes a mistake"),
    (
        "poisoned_operation",
        "for functions that build: takes a mistake",
    ),
    ("report", "for functions that build: takes a mistake"),
    ("unknown_dim", "has no argument"),
    ("view", "asks"),
    ("user_code", "for functions that call users back"),
    (
        "print",
        "`print_with` is called; it would write to the error stream",
    ),
];

#[test]
fn every_method_that_builds_is_called() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let called = sources(&root.join("hostile_graphs")).concat();
    let mut methods = BTreeSet::new();
    for source in sources(&root.join("../crates/graph/src")) {
        let file = syn::parse_file(&source).unwrap();
        file.items
            .iter()
            .for_each(|item| add_methods(item, &mut methods));
    }
    assert!(methods.len() > 250, "read {} methods only", methods.len());
    let missing: Vec<&String> = methods
        .iter()
        .filter(|name| !LEFT_OUT.iter().any(|(left_out, _)| left_out == name))
        .filter(|name| {
            !["(", "::<"]
                .iter()
                .any(|after| called.contains(&format!(".{name}{after}")))
        })
        .collect();
    assert!(missing.is_empty(), "no builder calls {missing:?}");
}

fn add_methods(item: &Item, methods: &mut BTreeSet<String>) {
    let Item::Impl(block) = item else {
        return;
    };
    let Type::Path(owner) = &*block.self_ty else {
        return;
    };
    let owner = owner
        .path
        .segments
        .last()
        .map(|segment| segment.ident.to_string());
    let builds = owner.is_some_and(|owner| BUILDING.contains(&owner.as_str()));
    if block.trait_.is_some() || !builds {
        return;
    }
    for member in &block.items {
        if let ImplItem::Fn(function) = member
            && matches!(function.vis, Visibility::Public(_))
        {
            methods.insert(function.sig.ident.to_string());
        }
    }
}

/// The texts of all files of Rust in a folder.
fn sources(folder: &Path) -> Vec<String> {
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let mut texts = Vec::new();
    for path in entries {
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(&path).unwrap());
        }
    }
    texts
}
