//! Scopes: of names, of variables, and of control dependencies.

use std::panic::Location as Caller;

use crate::context::{Context, ContextGuard, SiteRule};
use crate::graph::Graph;
use crate::handle::Operation;
use crate::ids::{MistakeId, NodeId};
use crate::initializer::Initializer;
use crate::names;
use crate::regularizer::Regularizer;

/// What `get_variable` does about a variable that is or is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reuse {
    /// Makes a new one; that it is there already is a mistake. A scope set so does as the scope
    /// around it.
    #[default]
    No,
    /// Gives the one that is there; that it is not there is a mistake. Once chosen, it holds for
    /// every scope inside.
    Yes,
    /// Gives the one that is there, or makes it. Holds for the scopes inside that are not set
    /// otherwise. TensorFlow's `AUTO_REUSE`.
    Auto,
}

/// Settings of a variable scope, for [`Graph::variable_scope_with`].
#[derive(Clone, Debug, Default)]
pub struct VariableScope {
    reuse: Reuse,
    initializer: Option<Initializer>,
    regularizer: Option<Regularizer>,
}

impl VariableScope {
    /// Reuse, initializer and regularizer of the scope around it.
    pub fn new() -> VariableScope {
        VariableScope::default()
    }

    /// What `get_variable` does in this scope.
    #[must_use]
    pub fn reuse(mut self, reuse: Reuse) -> VariableScope {
        self.reuse = reuse;
        self
    }

    /// The initializer of variables that are given none.
    #[must_use]
    pub fn initializer(mut self, initializer: Initializer) -> VariableScope {
        self.initializer = Some(initializer);
        self
    }

    /// The regularizer of variables that are given none.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, VariableScope, l2_regularizer, losses};
    ///
    /// let g = Graph::new();
    /// let decayed = VariableScope::new().regularizer(l2_regularizer(1e-4));
    /// g.variable_scope_with("model", decayed, || g.get_variable::<f32>("w", [3, 4]));
    /// assert_eq!(losses::get_regularization_losses(&g).len(), 1);
    /// ```
    #[must_use]
    pub fn regularizer(mut self, regularizer: Regularizer) -> VariableScope {
        self.regularizer = Some(regularizer);
        self
    }

    /// Sets what is chosen, and leaves the rest as the scope around has it.
    fn apply(self, context: &mut Context) {
        if context.reuse != Reuse::Yes && self.reuse != Reuse::No {
            context.reuse = self.reuse;
        }
        if self.initializer.is_some() {
            context.initializer = self.initializer;
        }
        if self.regularizer.is_some() {
            context.regularizer = self.regularizer;
        }
    }
}

/// An open name scope: closed when dropped. See [`Graph::open_name_scope`].
#[derive(Debug)]
#[must_use = "the scope is closed when this is dropped"]
pub struct NameScope {
    path: String,
    _guard: ContextGuard,
}

impl NameScope {
    /// The scope's own path: the name of the operation that stands for the whole.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Graph {
    /// Puts the names of everything built in `body` under `name`. Made unique: entering a second
    /// time gives `name_1`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let y = g.name_scope("model", || x.tanh());
    /// assert_eq!(y.name(), "model/Tanh:0");
    /// ```
    #[track_caller]
    pub fn name_scope<R>(&self, name: &str, body: impl FnOnce() -> R) -> R {
        let _scope = self.open_name_scope(name);
        body()
    }

    /// Like [`Graph::name_scope`], until the result is dropped: bind it to `_scope`, not to `_`,
    /// which closes it at once.
    #[track_caller]
    pub fn open_name_scope(&self, name: &str) -> NameScope {
        let name = self.valid_name(Caller::caller(), "name_scope", name);
        self.open_scope(&name)
    }

    /// Puts the variables that `get_variable` makes in `body` under `name`, and the names of
    /// everything else under a name scope of that name.
    ///
    /// Entering a second time gives the variables of the first back only with [`Reuse::Yes`] or
    /// [`Reuse::Auto`]; see [`Graph::variable_scope_with`].
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let w = g.variable_scope("weights", || g.get_variable::<f32>("w", [3, 4]));
    /// assert_eq!(w.name(), "weights/w");
    /// ```
    #[track_caller]
    pub fn variable_scope<R>(&self, name: &str, body: impl FnOnce() -> R) -> R {
        self.variable_scope_with(name, VariableScope::new(), body)
    }

    /// [`Graph::variable_scope`] with settings.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Reuse, VariableScope};
    ///
    /// let g = Graph::new();
    /// let layer = || g.get_variable::<f32>("w", [3, 4]);
    /// let first = g.variable_scope("layer", layer);
    /// let again = g.variable_scope_with("layer", VariableScope::new().reuse(Reuse::Yes), layer);
    /// assert_eq!(first.any(), again.any());
    /// ```
    #[track_caller]
    pub fn variable_scope_with<R>(
        &self,
        name: &str,
        settings: VariableScope,
        body: impl FnOnce() -> R,
    ) -> R {
        let _scope = self.open_variable_scope_with(name, settings);
        body()
    }

    /// Other settings for the variable scope that is open, in `body`. Of TensorFlow 1
    /// `variable_scope(get_variable_scope(), reuse=True)`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Reuse, VariableScope};
    ///
    /// let g = Graph::new();
    /// let model = || g.get_variable::<f32>("w", [3, 4]);
    /// let training = model();
    /// let reused = VariableScope::new().reuse(Reuse::Yes);
    /// let serving = g.current_variable_scope_with(reused, model);
    /// assert_eq!(training.any(), serving.any());
    /// ```
    pub fn current_variable_scope_with<R>(
        &self,
        settings: VariableScope,
        body: impl FnOnce() -> R,
    ) -> R {
        let _guard = self.enter(|context| settings.apply(context));
        body()
    }

    /// Like [`Graph::variable_scope`], until the result is dropped: for a scope in which many
    /// variables are made. Bind it to `_scope`, not to `_`, which closes it at once.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    ///
    /// let weights = g.open_variable_scope("weights");
    /// let w = g.get_variable::<f32>("w", [3, 4]);
    /// let b = g.get_variable::<f32>("b", [4]);
    /// drop(weights);
    ///
    /// let y = x.xw_plus_b(w, b);
    /// assert_eq!((w.name().as_str(), y.name().as_str()), ("weights/w", "xw_plus_b:0"));
    /// ```
    #[track_caller]
    pub fn open_variable_scope(&self, name: &str) -> NameScope {
        self.open_variable_scope_with(name, VariableScope::new())
    }

    /// [`Graph::open_variable_scope`] with settings.
    #[track_caller]
    pub fn open_variable_scope_with(&self, name: &str, settings: VariableScope) -> NameScope {
        let name = self.valid_name(Caller::caller(), "variable_scope", name);
        self.open_both_scopes(&name, &name, settings)
    }

    /// Opens a variable scope of a default name: of `name`, `name_1`, … the first with which none was
    /// opened here since the scope around was entered. TensorFlow's `variable_scope` with
    /// `default_name`.
    #[track_caller]
    pub(crate) fn open_default_scope(&self, name: &str, settings: VariableScope) -> NameScope {
        let around = self.context().variable_scope;
        let unused = self.write().variable_scopes.unused(&around, name);
        // The name scope is made unique among names, as any other.
        self.open_both_scopes(name, &unused, settings)
    }

    /// Opens a name scope and a variable scope that were opened before, by their whole paths, in which
    /// `get_variable` gives what is there.
    pub(crate) fn reopen_scopes(&self, name_scope: &str, variable_scope: &str) -> ContextGuard {
        self.enter(|context| {
            name_scope.clone_into(&mut context.name_scope);
            variable_scope.clone_into(&mut context.variable_scope);
            if context.reuse != Reuse::Yes {
                context.reuse = Reuse::Auto;
            }
        })
    }

    /// Opens a name scope and a variable scope. The names must be valid.
    fn open_both_scopes(
        &self,
        name_scope: &str,
        variable_scope: &str,
        settings: VariableScope,
    ) -> NameScope {
        let path = names::join(&self.context().variable_scope, variable_scope);
        self.write().variable_scopes.open(&path);
        self.open_scope_and(name_scope, |context| {
            context.variable_scope = path;
            settings.apply(context);
        })
    }

    /// Lets everything built in `body` run after these operations, besides those of the scopes
    /// around it. If one of them cannot be waited for (it belongs to another graph, or to a body that
    /// `body` is not in), what `body` builds is poisoned.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let n = g.variable("n", 0_i64);
    /// let count = n.assign_add(1);
    /// let after = g.control_dependencies([count.op()], || n.read_value());
    /// # let _ = after;
    /// ```
    #[track_caller]
    pub fn control_dependencies<'g, R>(
        &'g self,
        operations: impl IntoIterator<Item = impl Into<Operation<'g>>>,
        body: impl FnOnce() -> R,
    ) -> R {
        let _guard = self.order_after(operations);
        body()
    }

    /// Like [`Graph::control_dependencies`], until the guard is dropped.
    #[track_caller]
    pub fn order_after<'g>(
        &'g self,
        operations: impl IntoIterator<Item = impl Into<Operation<'g>>>,
    ) -> ContextGuard {
        let caller = Caller::caller();
        let operations: Vec<Operation<'g>> = operations.into_iter().map(Into::into).collect();
        let checked: Vec<Result<NodeId, MistakeId>> = operations
            .into_iter()
            .map(|operation| self.check_dependency(caller, operation))
            .collect();
        self.enter(|context| {
            for dependency in checked {
                match dependency {
                    Ok(id) if context.controls.contains(&id) => {}
                    Ok(id) => context.controls.push(id),
                    Err(mistake) => {
                        context.poison.get_or_insert(mistake);
                    }
                }
            }
        })
    }

    /// The operation's id if code built here can be ordered after it, else the mistake.
    fn check_dependency(
        &self,
        caller: &Caller<'_>,
        operation: Operation<'_>,
    ) -> Result<NodeId, MistakeId> {
        use crate::mistake::{MistakeKind, Problem};
        let name = operation.name();
        let problem = if !operation.graph().is_same(self) {
            Problem::new(
                MistakeKind::Foreign,
                format!("`{name}` belongs to another graph"),
            )
            .help("order operations of one graph")
        } else {
            let view = self.view();
            let home = view.node(operation.id()).region;
            if view.is_within(self.context().region, home) {
                return Ok(operation.id());
            }
            let inner = view.region(home);
            let called = view.trace(inner.site);
            Problem::new(
                MistakeKind::Region,
                format!(
                    "`{name}` belongs to the body of the {} called at {called}",
                    inner.kind
                ),
            )
            .help(format!("order after the {} itself", inner.kind))
        };
        Err(self.record(caller, "control_dependencies", &name, problem))
    }

    /// Opens a name scope until it is dropped. The name must be valid.
    pub(crate) fn open_scope(&self, name: &str) -> NameScope {
        self.open_scope_and(name, |_| ())
    }

    fn open_scope_and(&self, name: &str, change: impl FnOnce(&mut Context)) -> NameScope {
        let asked = names::join(&self.context().name_scope, name);
        let path = self.write().names.unique(&asked);
        let guard = self.enter(|context| {
            context.name_scope.clone_from(&path);
            change(context);
        });
        NameScope {
            path,
            _guard: guard,
        }
    }

    /// Takes names from the variable scope, whatever name scopes are open besides, until the guard
    /// is dropped: for what is named after a variable, as an optimizer's slots are.
    pub fn variable_names(&self) -> ContextGuard {
        self.enter(|context| context.name_scope.clone_from(&context.variable_scope))
    }

    /// Builds at the root until the guard is dropped: outside of every body, without control
    /// dependencies. Variables and their initializers belong there.
    pub fn at_root(&self) -> ContextGuard {
        self.enter(|context| {
            context.region = crate::ids::RegionId::ROOT;
            context.controls.clear();
            context.poison = None;
        })
    }

    /// User code is called back from a function of ours called at `caller`, until the guard is
    /// dropped.
    pub(crate) fn called_from(&self, caller: &Caller<'_>) -> ContextGuard {
        self.enter(|context| {
            let (call, _) = context.site.resolve(caller);
            context.site = SiteRule::CalledFrom(call);
        })
    }
}
