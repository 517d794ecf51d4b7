//! The public items of the library, read from its sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, ImplItem, Item, TraitItem, Type, UseTree, Visibility};

/// The crates that `aqueduct` exports whole.
const CRATES: [&str; 3] = ["graph", "optimizer", "session"];

/// Names as a user of `aqueduct` writes them: `dynamic_rnn`, `Tensor::matmul`, `ir::Update::Add`, `shape!`.
pub(crate) struct Api {
    exported: BTreeSet<String>,
    /// `Type::member` of every type of the crates, whether or not it is exported.
    members: BTreeSet<String>,
}

impl Api {
    pub(crate) fn read() -> Api {
        let mut api = Api {
            exported: BTreeSet::new(),
            members: BTreeSet::new(),
        };
        for name in CRATES {
            let source = PathBuf::from(format!(
                "{}/../crates/{name}/src",
                env!("CARGO_MANIFEST_DIR")
            ));
            for item in parse(&source.join("lib.rs")) {
                api.export(&item, "", &source);
            }
            for file in rust_files(&source) {
                let items = parse(&file);
                items.iter().for_each(|item| api.add_members(item));
                api.add_members_of_macros(&items);
            }
        }
        api
    }

    /// Whether a user can name it.
    pub(crate) fn has(&self, path: &str) -> bool {
        if self.exported.contains(path) {
            return true;
        }
        let Some((owner, member)) = path.rsplit_once("::") else {
            return false;
        };
        let bare_owner = owner.rsplit("::").next().unwrap_or(owner);
        self.exported.contains(owner) && self.members.contains(&format!("{bare_owner}::{member}"))
    }

    /// Takes down what an item of a crate's root, or of a public module, exports.
    fn export(&mut self, item: &Item, prefix: &str, folder: &Path) {
        match item {
            Item::Use(import) if is_public(&import.vis) => {
                leaves(&import.tree, &mut |name| {
                    self.exported.insert(format!("{prefix}{name}"));
                });
            }
            Item::Mod(module) if is_public(&module.vis) => {
                let prefix = format!("{prefix}{}::", module.ident);
                let folder = folder.join(module.ident.to_string());
                let items = match &module.content {
                    Some((_, items)) => items.clone(),
                    None => parse(&file_of(&folder)),
                };
                for item in &items {
                    self.export(item, &prefix, &folder);
                }
            }
            Item::Fn(function) if is_public(&function.vis) => {
                self.exported
                    .insert(format!("{prefix}{}", function.sig.ident));
            }
            Item::Struct(definition) if is_public(&definition.vis) => {
                self.exported
                    .insert(format!("{prefix}{}", definition.ident));
            }
            Item::Enum(definition) if is_public(&definition.vis) => {
                self.exported
                    .insert(format!("{prefix}{}", definition.ident));
            }
            _ => {}
        }
    }

    fn add_members(&mut self, item: &Item) {
        match item {
            Item::Impl(block) if block.trait_.is_none() => {
                let Some(owner) = name_of(&block.self_ty) else {
                    return;
                };
                for member in &block.items {
                    if let ImplItem::Macro(call) = member {
                        self.add_words(&owner, &call.mac.tokens.to_string());
                    }
                    let name = match member {
                        ImplItem::Fn(function) if is_public(&function.vis) => &function.sig.ident,
                        ImplItem::Const(constant) if is_public(&constant.vis) => &constant.ident,
                        _ => continue,
                    };
                    self.members.insert(format!("{owner}::{name}"));
                }
            }
            Item::Trait(definition) => {
                for member in &definition.items {
                    if let TraitItem::Fn(function) = member {
                        self.members
                            .insert(format!("{}::{}", definition.ident, function.sig.ident));
                    }
                }
            }
            Item::Enum(definition) => {
                for variant in &definition.variants {
                    self.members
                        .insert(format!("{}::{}", definition.ident, variant.ident));
                }
            }
            Item::Macro(definition) if is_exported(&definition.attrs) => {
                if let Some(name) = &definition.ident {
                    self.exported.insert(format!("{name}!"));
                }
            }
            _ => {}
        }
    }
}

impl Api {
    /// Methods whose names are given to a macro of the same file: every name given counts as one of the
    /// type whose `impl` block the macro writes.
    fn add_members_of_macros(&mut self, items: &[Item]) {
        let macros = || {
            items.iter().filter_map(|item| match item {
                Item::Macro(item) => Some(item),
                _ => None,
            })
        };
        for definition in macros() {
            let body = definition.mac.tokens.to_string();
            let (Some(name), Some(owner)) = (&definition.ident, owner_in(&body)) else {
                continue;
            };
            for call in macros().filter(|call| call.mac.path.is_ident(name)) {
                self.add_words(owner, &call.mac.tokens.to_string());
            }
        }
    }
}

impl Api {
    /// Every word given to a macro, but for those of its documentation, as a member of a type.
    fn add_words(&mut self, owner: &str, given: &str) {
        let code = given.replace("\\\"", "");
        let words = code
            .split('"')
            .step_by(2)
            .flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
        self.members
            .extend(words.map(|word| format!("{owner}::{word}")));
    }
}

/// The type of the first `impl` block, not of a trait, in the tokens of a macro: `impl < 'g > Owner < 'g > {`.
fn owner_in(tokens: &str) -> Option<&str> {
    let (_, block) = tokens.split_once("impl ")?;
    let (head, _) = block.split_once('{')?;
    if head.contains(" for ") {
        return None;
    }
    let (_, after_generics) = head.split_once('>')?;
    after_generics.split_whitespace().next()
}

fn parse(path: &Path) -> Vec<Item> {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = syn::parse_file(&text);
    file.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .items
}

/// `folder.rs`, or `folder/mod.rs`.
fn file_of(folder: &Path) -> PathBuf {
    let beside = folder.with_extension("rs");
    if beside.exists() {
        beside
    } else {
        folder.join("mod.rs")
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The names that a `use` brings in.
fn leaves(tree: &UseTree, found: &mut impl FnMut(String)) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, found),
        UseTree::Name(name) => found(name.ident.to_string()),
        UseTree::Rename(rename) => found(rename.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, found)),
        _ => {}
    }
}

fn name_of(owner: &Type) -> Option<String> {
    let Type::Path(path) = owner else {
        return None;
    };
    path.path
        .segments
        .last()
        .map(|segment| segment.ident.to_string())
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_exported(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("macro_export"))
}
