//! The graph: what a user builds on.

use std::panic::Location as Caller;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::context::{self, Context, ContextGuard, SiteRule};
use crate::custom::forbid_in_shape_rule;
use crate::growth::{Growth, GrowthLog};
use crate::handle::{AnyTensor, Operation};
use crate::ids::{MistakeId, NodeId, TensorId};
use crate::location::Location;
use crate::mistake::{Mistake, MistakeKind, Mistakes, Problem};
use crate::names;
use crate::op::{Array, Control, Op, Seeds};
use crate::scope::NameScope;
use crate::shape::Dim;
use crate::store::{NewName, NewNode, Site, Store};

/// A graph of operations: built once, run many times.
///
/// A graph is a handle to shared storage: clones are the same graph, and a session keeps one, so
/// that neither it nor a prepared call borrows the user's. Tensors and variables borrow theirs;
/// [`Graph::leak`] makes handles for ever.
///
/// Building never panics and needs no `?`. A mistake is taken down with the caller's line, the
/// tensor it should have made is *poisoned*, and what is built of it is poisoned too, silently.
/// [`Graph::check`] tells all mistakes; a run that depends on one returns it.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 784]);
/// let w = g.get_variable::<f32>("w", [784, 10]);
/// let logits = x.matmul(w);
/// assert_eq!(logits.to_string(), r#"Tensor("MatMul:0", shape=(?, 10), dtype=float32)"#);
/// assert!(g.check().is_ok());
///
/// let wrong = x.matmul(g.get_variable::<f32>("v", [128, 10]));
/// let report = g.check().unwrap_err().to_string();
/// assert!(report.starts_with("shape mismatch in matmul: inner dimensions 784 and 128 differ"));
/// # let _ = wrong;
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: u64,
    store: RwLock<Store>,
    growth: GrowthLog,
}

/// The contents of a graph while they are read. Building waits until it is dropped, so build
/// nothing while holding one, and ask no handle: it would read the graph a second time, which
/// another thread that waits to build can keep from ever coming about.
#[derive(Debug)]
pub struct View<'g>(RwLockReadGuard<'g, Store>);

impl std::ops::Deref for View<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.0
    }
}

impl Default for Graph {
    fn default() -> Graph {
        Graph::new()
    }
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph::of_store(Store::new())
    }

    pub(crate) fn of_store(store: Store) -> Graph {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Graph {
            shared: Arc::new(Shared {
                id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
                store: RwLock::new(store),
                growth: GrowthLog::default(),
            }),
        }
    }

    /// Gives the graph away for the rest of the program, for handles that live as long: to keep
    /// tensors in a struct beside their session, say.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Tensor, shape};
    ///
    /// struct Model {
    ///     input: Tensor<'static, f32>,
    /// }
    /// let g = Graph::new().leak();
    /// let model = Model { input: g.placeholder("input", shape![?, 3]) };
    /// # let _ = model.input;
    /// ```
    pub fn leak(self) -> &'static Graph {
        Box::leak(Box::new(self))
    }

    /// Every mistake made so far, in order, or nothing.
    ///
    /// # Errors
    /// The mistakes, each with the line that made it.
    pub fn check(&self) -> Result<(), Mistakes> {
        let mistakes = self.view().mistakes.clone();
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(Mistakes(mistakes))
        }
    }

    /// Forbids growth: from here on, building is a mistake that names this line.
    #[track_caller]
    pub fn finalize(&self) {
        let context = context::current(self.id());
        let mut store = self.write();
        let site = resolve(&mut store, &context, Caller::caller());
        store.finalized.get_or_insert(site);
    }

    /// Whether [`Graph::finalize`] was called.
    pub fn is_finalized(&self) -> bool {
        self.view().finalized.is_some()
    }

    /// Seeds the graph's random ops: the same graph with the same seed draws the same numbers.
    ///
    /// Follows `tf.set_random_seed`. An op without a seed of its own takes 0, 1, 2, … as TensorFlow
    /// 2.15 counts them; ops made before this call are not affected.
    pub fn set_random_seed(&self, seed: u64) {
        self.write().seed = Some(seed);
    }

    /// An unknown size with an identity of its own, to be shared by several placeholders. Sizes fed
    /// for it are checked against each other.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let batch = g.unknown_dim();
    /// let x = g.placeholder::<f32>("x", shape![batch, 28]);
    /// let y = g.placeholder::<f32>("y", shape![batch, 28]);
    /// assert!((x - y).shape().same(&x.shape()));
    /// ```
    pub fn unknown_dim(&self) -> Dim {
        Dim::Unknown(self.write().fresh_symbol())
    }

    /// The number of operations.
    pub fn operation_count(&self) -> usize {
        self.view().node_count()
    }

    /// The contents, to be read.
    pub fn view(&self) -> View<'_> {
        forbid_in_shape_rule();
        View(
            self.shared
                .store
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// A number that tells this graph from every other of the process.
    pub fn id(&self) -> u64 {
        self.shared.id
    }

    /// Whether both are handles of one graph.
    pub fn is_same(&self, other: &Graph) -> bool {
        self.id() == other.id()
    }

    /// Takes note of a run, to find out whether the graph keeps growing between runs. A line that
    /// adds operations again and again is warned of through the `log` facade, once.
    pub fn note_run(&self) {
        self.shared.growth.note_run(&self.view());
    }

    /// The lines that added operations between runs, more than once: the classic mistake of
    /// building inside the training loop.
    pub fn growth(&self) -> Vec<Growth> {
        self.shared.growth.report()
    }

    /// Lets every node made until the guard is dropped carry the caller's location: for functions
    /// that build many nodes on behalf of one call.
    ///
    /// An outer function's guard prevails.
    #[track_caller]
    pub fn here(&self) -> ContextGuard {
        let caller = Caller::caller();
        self.enter(|context| {
            let (at, called_from) = context.site.resolve(caller);
            context.site = SiteRule::Fixed(at, called_from);
        })
    }

    /// Lets every node made until the guard is dropped be known as added on behalf of `origin`.
    pub fn on_behalf_of(&self, origin: NodeId) -> ContextGuard {
        self.enter(|context| context.origin = Some(origin))
    }

    pub(crate) fn enter(&self, change: impl FnOnce(&mut Context)) -> ContextGuard {
        context::enter(self.id(), change)
    }

    pub(crate) fn context(&self) -> Context {
        context::current(self.id())
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Store> {
        forbid_in_shape_rule();
        self.shared
            .store
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The seeds of a random op, by TensorFlow's rules; `None` if nothing is seeded.
    pub(crate) fn seeds(&self, op_seed: Option<u64>) -> Option<Seeds> {
        /// What TensorFlow uses for the graph's seed where only the op has one.
        const DEFAULT_GRAPH_SEED: u64 = 87_654_321;
        let mut store = self.write();
        let (graph, op) = match (store.seed, op_seed) {
            (None, None) => return None,
            (None, Some(op)) => (DEFAULT_GRAPH_SEED, op),
            (Some(graph), Some(op)) => (graph, op),
            (Some(graph), None) => {
                let op = store.counted_seeds;
                store.counted_seeds = op.wrapping_add(1);
                (graph, op)
            }
        };
        // To TensorFlow's kernels (0, 0) means "not seeded", so its front end never passes it.
        let op = if (graph, op) == (0, 0) {
            (1 << 31) - 1
        } else {
            op
        };
        Some(Seeds { graph, op })
    }

    /// Adds an operation of this name in the current scope.
    #[track_caller]
    pub(crate) fn add(&self, op: impl Into<Op>, inputs: &[AnyTensor<'_>], name: &str) -> NodeId {
        self.add_named(op.into(), inputs, NewName::Unique(name), None)
    }

    /// Adds an operation that is known to be wrong.
    #[track_caller]
    pub(crate) fn add_wrong(
        &self,
        op: impl Into<Op>,
        inputs: &[AnyTensor<'_>],
        name: &str,
        problem: Problem,
    ) -> NodeId {
        self.add_named(op.into(), inputs, NewName::Unique(name), Some(problem))
    }

    #[track_caller]
    pub(crate) fn add_named(
        &self,
        op: Op,
        inputs: &[AnyTensor<'_>],
        name: NewName<'_>,
        problem: Option<Problem>,
    ) -> NodeId {
        let caller = Caller::caller();
        let context = self.context();
        let foreign = inputs.iter().find(|input| !input.graph().is_same(self));
        let adopted = foreign.and_then(|input| self.adopt_mistake(*input));
        let foreign = foreign.filter(|_| adopted.is_none());
        let problem = problem.or_else(|| foreign.map(|input| foreign_operand(*input)));
        let inputs: Vec<TensorId> = inputs
            .iter()
            .filter(|input| input.graph().is_same(self))
            .map(|input| input.id())
            .collect();
        let mut overrides = context.overrides.iter().rev();
        let replaced = overrides.find_map(|replaced| replaced.for_op(&op));
        let mut store = self.write();
        let site = resolve(&mut store, &context, caller);
        let id = store.insert(NewNode {
            op,
            inputs: &inputs,
            controls: &context.controls,
            name,
            scope: &context.name_scope,
            region: context.region,
            site,
            origin: context.origin,
            poison: context.poison.or(adopted),
            problem,
        });
        if let Some(replaced) = replaced {
            store.replace_gradient(id, replaced);
        }
        id
    }

    /// The mistake that a tensor of another graph is poisoned by, taken down here too: it says more
    /// than that the tensor is of another graph.
    fn adopt_mistake(&self, tensor: AnyTensor<'_>) -> Option<MistakeId> {
        let mistake = {
            let view = tensor.graph().view();
            let poison = view.node(tensor.id().node).poison?;
            view.mistake(poison).clone()
        };
        let mut store = self.write();
        match store.mistakes.iter().position(|known| *known == mistake) {
            Some(place) => Some(MistakeId::from_index(place)),
            None => Some(store.record(mistake)),
        }
    }

    /// Adds an operation and returns its first output.
    #[track_caller]
    pub(crate) fn add_tensor(
        &self,
        op: impl Into<Op>,
        inputs: &[AnyTensor<'_>],
        name: &str,
    ) -> AnyTensor<'_> {
        AnyTensor::new(self, TensorId::new(self.add(op, inputs, name), 0))
    }

    /// Adds an operation under the name of its type and returns its first output.
    #[track_caller]
    pub(crate) fn add_by_type(&self, op: impl Into<Op>, inputs: &[AnyTensor<'_>]) -> AnyTensor<'_> {
        let op = op.into();
        let name = op.type_name();
        self.add_tensor(op, inputs, name)
    }

    /// Adds an operation that has the name of its scope, as TensorFlow's function is called that made
    /// both, and returns its first output.
    #[track_caller]
    pub(crate) fn add_as_scope(
        &self,
        op: impl Into<Op>,
        inputs: &[AnyTensor<'_>],
        scope: &NameScope,
    ) -> AnyTensor<'_> {
        let name = NewName::Exact(scope.path().to_owned());
        let id = self.add_named(op.into(), inputs, name, None);
        AnyTensor::new(self, TensorId::new(id, 0))
    }

    /// Takes down a mistake that belongs to no single operation.
    #[track_caller]
    pub fn report(&self, subject: &str, name: &str, problem: Problem) {
        self.record(Caller::caller(), subject, name, problem);
    }

    /// An operation that stands for one that cannot be made, poisoned by this mistake.
    #[track_caller]
    pub fn poisoned_operation(&self, subject: &str, name: &str, problem: Problem) -> Operation<'_> {
        let mistake = self.record(Caller::caller(), subject, name, problem);
        let id = self.add(Control::NoOp, &[], name);
        self.write().poison(id, mistake);
        Operation::new(self, id)
    }

    /// The tensor, or one that stands for it if it belongs to another graph: poisoned then by that mistake.
    #[track_caller]
    pub fn own<'g>(&'g self, tensor: AnyTensor<'g>, name: &str) -> AnyTensor<'g> {
        if tensor.graph().is_same(self) {
            tensor
        } else {
            self.add_tensor(Array::Identity, &[tensor], name)
        }
    }

    /// A tensor of the type of `like` that stands for one that cannot be made, poisoned by this
    /// mistake. The report lists the operands that the problem names by [`Problem::operand`].
    #[track_caller]
    pub fn poisoned_like<'g>(
        &'g self,
        like: AnyTensor<'g>,
        subject: &str,
        name: &str,
        problem: Problem,
    ) -> AnyTensor<'g> {
        let mistake = self.record(Caller::caller(), subject, name, problem);
        let tensor = self.add_tensor(Array::Identity, &[like], name);
        self.write().poison(tensor.id().node, mistake);
        tensor
    }

    pub(crate) fn record(
        &self,
        caller: &Caller<'_>,
        subject: &str,
        name: &str,
        problem: Problem,
    ) -> MistakeId {
        let context = self.context();
        let mut store = self.write();
        let site = resolve(&mut store, &context, caller);
        let mistake = Mistake {
            kind: problem.kind,
            subject: subject.to_owned(),
            message: problem.message,
            at: store.trace(site),
            scope: context.name_scope,
            name: name.to_owned(),
            operands: problem.operands,
            on_behalf_of: context
                .origin
                .map(|node| (store.node(node).name.clone(), store.trace_of(node))),
            help: problem.help,
        };
        store.record(mistake)
    }

    /// The current location and the call around it, interned.
    pub(crate) fn site(&self, caller: &Caller<'_>) -> Site {
        let context = self.context();
        resolve(&mut self.write(), &context, caller)
    }

    /// A name that TensorFlow would take: `name` itself, or the nearest valid one after the
    /// mistake was taken down.
    pub(crate) fn valid_name(&self, caller: &Caller<'_>, subject: &str, name: &str) -> String {
        if names::is_valid(name) {
            return name.to_owned();
        }
        let problem = Problem::new(MistakeKind::Name, format!("{name:?} is not a name"))
            .help("a name is a letter, a digit or a dot, then letters, digits and any of _ . - /");
        self.record(caller, subject, name, problem);
        names::mended(name)
    }
}

/// What is wrong with an operand of another graph.
pub(crate) fn foreign_operand(input: AnyTensor<'_>) -> Problem {
    let trace = input.graph().view().trace_of(input.id().node);
    Problem::new(
        MistakeKind::Foreign,
        format!(
            "`{}`, built at {trace}, belongs to another graph",
            input.name()
        ),
    )
    .help("build both in one graph, or fetch it there and feed it here")
}

fn resolve(store: &mut Store, context: &Context, caller: &Caller<'_>) -> Site {
    let (at, called_from): (Location, Option<Location>) = context.site.resolve(caller);
    Site {
        at: store.intern(at),
        called_from: called_from.map(|call| store.intern(call)),
    }
}
