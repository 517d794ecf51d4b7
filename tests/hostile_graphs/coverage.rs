//! Every public method, function and type that builds is used by some builder, or stands here with the
//! reason why not.

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

/// Functions that build nothing a user could give hostile arguments to.
const FUNCTIONS_LEFT_OUT: [(&str, &str); 12] = [
    (
        "add_output",
        "for gradients of loops: takes a loop of the library",
    ),
    (
        "filled_slot",
        "for optimizers: takes a variable and a number",
    ),
    ("no_regularizer", "has no argument"),
    ("name", "words"),
    ("path", "words"),
    ("plural", "words"),
    ("register_custom_op", "takes an op, which `custom` is given"),
    ("registered_custom_op", "asks"),
    ("repeat", "for gradients: takes an operation that exists"),
    ("report", "words"),
    ("slot", "for optimizers: takes a variable"),
    ("untrained", "for optimizers: takes a shape and a number"),
];

#[test]
fn every_function_that_builds_is_called() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let called = sources(&root.join("hostile_graphs")).concat();
    let folders = ["../crates/graph/src", "../crates/optimizer/src"];
    let mut functions = BTreeSet::new();
    for source in folders
        .iter()
        .flat_map(|folder| sources(&root.join(folder)))
    {
        let file = syn::parse_file(&source).unwrap();
        functions.extend(file.items.iter().filter_map(public_function));
    }
    assert!(
        functions.len() > 80,
        "read {} functions only",
        functions.len()
    );
    let left_out = |name: &str| {
        FUNCTIONS_LEFT_OUT
            .iter()
            .any(|(left_out, _)| *left_out == name)
    };
    let is_called = |name: &str| {
        let calls = [format!("{name}("), format!("{name}::<")];
        calls.iter().any(|call| calls_function(&called, call))
    };
    let missing: Vec<&String> = functions
        .iter()
        .filter(|name| !left_out(name) && !is_called(name))
        .collect();
    assert!(missing.is_empty(), "no builder calls {missing:?}");
}

/// Whether a text has this call, of a function and not of a method or of a longer name.
fn calls_function(text: &str, call: &str) -> bool {
    let belongs = |before: char| before == '.' || before == '_' || before.is_alphanumeric();
    text.match_indices(call)
        .any(|(at, _)| !text[..at].ends_with(belongs))
}

fn public_function(item: &Item) -> Option<String> {
    match item {
        Item::Fn(function) if matches!(function.vis, Visibility::Public(_)) => {
            Some(function.sig.ident.to_string())
        }
        _ => None,
    }
}

/// What is kept from step to step, and what only cells and optimizers of the user's own name.
const TYPES_LEFT_OUT: [&str; 3] = ["StateParts", "CellScope", "OpenCellScope"];

/// Layers, cells, their wrappers and options, optimizers and schedules.
#[test]
fn every_type_that_builds_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let used = sources(&root.join("hostile_graphs")).concat();
    let folders = ["graph/src/layers", "graph/src/rnn", "optimizer/src"];
    let mut types = BTreeSet::new();
    for folder in folders {
        for source in sources(&root.join("../crates").join(folder)) {
            let file = syn::parse_file(&source).unwrap();
            types.extend(file.items.iter().filter_map(public_type));
        }
    }
    assert!(types.len() > 30, "read {} types only", types.len());
    let kept = |name: &str| name.ends_with("Slots") || TYPES_LEFT_OUT.contains(&name);
    let missing: Vec<&String> = types
        .iter()
        .filter(|name| !kept(name) && !used.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "no builder uses {missing:?}");
}

fn public_type(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) if matches!(item.vis, Visibility::Public(_)) => {
            Some(item.ident.to_string())
        }
        _ => None,
    }
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
