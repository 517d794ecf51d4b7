//! The variable scope of a cell.

use std::panic::Location as Caller;
use std::sync::{Mutex, PoisonError};

use crate::context::ContextGuard;
use crate::graph::Graph;
use crate::scope::{NameScope, VariableScope};

/// The variable scope in which a cell makes its variables at its first call, and finds them again at
/// every later one, whatever scopes are open then. In each graph it is one of its own.
///
/// A cell of your own keeps one and opens it in [`RnnCell::call`](crate::RnnCell::call).
///
/// ```
/// use aqueduct_graph::{CellScope, Graph};
///
/// let g = Graph::new();
/// let scope = CellScope::new("my_cell");
/// let kernel = || {
///     let _scope = scope.open(&g);
///     g.get_variable::<f32>("kernel", [3, 4])
/// };
/// let first = g.variable_scope("rnn", kernel);
/// let again = kernel();
/// assert_eq!(first.name(), "rnn/my_cell/kernel");
/// assert_eq!(first.any(), again.any());
/// ```
#[derive(Debug)]
pub struct CellScope {
    name: String,
    opened: Mutex<Vec<Opened>>,
}

/// The paths of the scope in a graph.
#[derive(Clone, Debug)]
struct Opened {
    graph: u64,
    name_scope: String,
    variable_scope: String,
}

/// An open [`CellScope`]: closed when dropped.
#[derive(Debug)]
#[must_use = "the scope is closed when this is dropped"]
pub struct OpenCellScope {
    _open: Open,
}

#[derive(Debug)]
#[expect(dead_code, reason = "guards are kept for what they do when dropped")]
enum Open {
    First(NameScope),
    Again(ContextGuard),
}

impl CellScope {
    /// A scope of this name: where the cell is called first, the first of `name`, `name_1`, … with
    /// which none was opened since the scope around was entered.
    pub fn new(name: &str) -> CellScope {
        CellScope {
            name: name.to_owned(),
            opened: Mutex::default(),
        }
    }

    /// The name that it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens the scope until the result is dropped: bind it to `_scope`, not to `_`, which closes it
    /// at once.
    #[track_caller]
    pub fn open(&self, graph: &Graph) -> OpenCellScope {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let before = opened.iter().find(|paths| paths.graph == graph.id());
        let open = if let Some(paths) = before {
            Open::Again(graph.reopen_scopes(&paths.name_scope, &paths.variable_scope))
        } else {
            let name = graph.valid_name(Caller::caller(), "cell", &self.name);
            let scope = graph.open_default_scope(&name, VariableScope::new());
            let context = graph.context();
            opened.push(Opened {
                graph: graph.id(),
                name_scope: context.name_scope,
                variable_scope: context.variable_scope,
            });
            Open::First(scope)
        };
        OpenCellScope { _open: open }
    }
}
