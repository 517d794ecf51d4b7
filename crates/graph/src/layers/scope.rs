//! What layers have in common: where their variables stand, and how they are made.

use crate::build::VariableOptions;
use crate::graph::Graph;
use crate::initializer::Initializer;
use crate::scope::{NameScope, Reuse, VariableScope};

/// The variable scope of a layer.
#[derive(Clone, Debug)]
pub(super) struct LayerScope {
    /// The scope of a layer without a name, if it is the first.
    pub(super) default: &'static str,
    pub(super) name: Option<String>,
    pub(super) reuse: Reuse,
    pub(super) trainable: bool,
}

impl LayerScope {
    pub(super) fn new(default: &'static str) -> LayerScope {
        LayerScope {
            default,
            name: None,
            reuse: Reuse::No,
            trainable: true,
        }
    }

    /// What a wrong layer is called.
    pub(super) fn asked_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.default)
    }

    #[track_caller]
    pub(super) fn open(&self, graph: &Graph) -> NameScope {
        let settings = VariableScope::new().reuse(self.reuse);
        match &self.name {
            Some(name) => graph.open_variable_scope_with(name, settings),
            None => graph.open_default_scope(self.default, settings),
        }
    }

    /// The options of a variable that the layer trains.
    pub(super) fn variable(&self, initializer: Initializer) -> VariableOptions {
        let options = VariableOptions::new().trainable(self.trainable);
        options.initializer(initializer)
    }
}
