//! Specialise: the shape rules again, with numbers.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aqueduct_graph::ir::{
    Control, Fact, NodeId, Op, Problem, RegionId, Store, Surroundings, TensorId, VariableId, infer,
};
use aqueduct_graph::{DType, Shape, Value};

use crate::compile::failure;
use crate::compile::prune::{Need, Pruned, output_of};
use crate::error::{Error, OperationFailure, Result};
use crate::options::SessionOptions;
use crate::plan::{Operand, Plan};
use crate::pools::Pools;

/// A plan in the making: what the stages so far have worked out, and what is left.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(super) options: SessionOptions,
    /// The session's, in which the plans keep their memory.
    pub(super) pools: Arc<Pools>,
    pub(super) pruned: Arc<Pruned>,
    pub(super) results: Vec<(TensorId, Need)>,
    /// Operations not yet planned, ascending.
    pending: Vec<NodeId>,
    /// What is known of each tensor so far.
    pub(super) facts: HashMap<TensorId, Fact>,
    /// Where the tensors are that were computed, or given.
    pub(super) places: HashMap<TensorId, Operand>,
    /// Which stage is being planned.
    pub(super) stage: usize,
    pub(super) constants: Vec<Arc<Value>>,
    /// The variables whose values the region starts with.
    pub(super) entry: Vec<VariableId>,
    /// How many versions of variables there are so far; the first are those of `entry`.
    pub(super) versions: usize,
    /// The last version of each variable so far.
    pub(super) current: HashMap<VariableId, usize>,
    /// The version that each write makes.
    pub(super) written: HashMap<(NodeId, VariableId), usize>,
    /// The first operation that writes each variable.
    pub(super) first_writes: HashMap<VariableId, NodeId>,
}

/// One stage of a draft, after the shape rules: what can be run now.
pub(super) struct Stage {
    /// The operations whose sizes are known, ascending.
    pub(super) ready: Vec<NodeId>,
    /// The bodies of the loops and branches among them.
    pub(super) bodies: HashMap<RegionId, Planned>,
    /// The operations put off.
    pub(super) deferred: Vec<NodeId>,
    /// What must be known to go on.
    pub(super) late: BTreeSet<TensorId>,
    /// The ready operations whose results are used.
    pub(super) live: HashSet<NodeId>,
}

/// A body after the shape rules, and what they tell about its results.
pub(super) struct Planned {
    pub(super) specialised: Specialised,
    /// The facts of the results that are used, as far as they are known before the run.
    facts: Vec<Fact>,
}

/// A body after the shape rules.
pub(super) enum Specialised {
    Body(Box<(Draft, Stage)>),
    /// The body refuses its sizes, and so must not run.
    Refused {
        entry: Vec<VariableId>,
        refusal: Box<OperationFailure>,
    },
}

impl Planned {
    /// The body's plan. One that refuses its sizes may never run: a branch that is not taken, a loop
    /// without a step. So it is refused where it would.
    pub(super) fn into_plan(self, store: &Store, pools: &Arc<Pools>) -> Result<Plan> {
        let (entry, refusal) = match self.specialised {
            Specialised::Refused { entry, refusal } => (entry, refusal),
            Specialised::Body(body) => {
                let (draft, stage) = *body;
                let entry = draft.entry.clone();
                match draft.emit(store, stage) {
                    Err(Error::Operation(refusal)) => (entry, refusal),
                    planned => return planned,
                }
            }
        };
        Ok(Plan::refused(entry, refusal, pools))
    }

    /// The tensors that must be known to plan all of the body.
    fn late(&self) -> Vec<TensorId> {
        match &self.specialised {
            Specialised::Body(body) => body.1.late.iter().copied().collect(),
            Specialised::Refused { .. } => Vec::new(),
        }
    }
}

/// What the shape rules say of one operation.
enum Verdict {
    Ready(Vec<Fact>),
    /// It needs the elements or shapes of these tensors, or something put off (if empty).
    Deferred(Vec<TensorId>),
}

impl Draft {
    pub(crate) fn new(
        options: SessionOptions,
        pools: Arc<Pools>,
        pruned: Arc<Pruned>,
        inputs: Vec<(TensorId, Fact)>,
        results: Vec<(TensorId, Need)>,
    ) -> Draft {
        let effects = &pruned.effects;
        let entry: Vec<VariableId> = effects.reads.union(&effects.writes).copied().collect();
        let current = entry
            .iter()
            .enumerate()
            .map(|(slot, id)| (*id, slot))
            .collect();
        let places = inputs
            .iter()
            .enumerate()
            .map(|(slot, (tensor, _))| (*tensor, Operand::Input(slot)))
            .collect();
        Draft {
            options,
            pools,
            results,
            pending: pruned.nodes.clone(),
            facts: inputs.into_iter().collect(),
            places,
            stage: 0,
            constants: Vec::new(),
            versions: entry.len(),
            entry,
            current,
            written: HashMap::new(),
            first_writes: HashMap::new(),
            pruned,
        }
    }

    /// The sizes of a tensor, if they are known before it has run.
    pub(crate) fn sizes_of(&self, tensor: TensorId) -> Option<Vec<usize>> {
        self.facts.get(&tensor)?.shape.sizes()
    }

    /// The draft of the next stage, with what this one could not know.
    pub(super) fn resume(mut self, late: &[(TensorId, Fact)]) -> Draft {
        self.facts.extend(late.iter().cloned());
        self
    }

    /// Plans one stage.
    pub(crate) fn plan(mut self, store: &Store) -> Result<Plan> {
        let stage = self.specialise(store)?;
        self.emit(store, stage)
    }

    /// Runs the shape rules of everything pending, as far as sizes are known.
    fn specialise(&mut self, store: &Store) -> Result<Stage> {
        let pending = std::mem::take(&mut self.pending);
        let mut stage = Stage {
            ready: Vec::new(),
            bodies: HashMap::new(),
            deferred: Vec::new(),
            late: BTreeSet::new(),
            live: HashSet::new(),
        };
        let mut put_off = PutOff::default();
        for id in pending {
            let verdict = if put_off.holds_back(store, self, id) {
                Verdict::Deferred(Vec::new())
            } else {
                self.judge(store, id, &mut stage.bodies)?
            };
            match verdict {
                Verdict::Ready(facts) => {
                    for (output, fact) in facts.into_iter().enumerate() {
                        self.facts.entry(output_of(id, output)).or_insert(fact);
                    }
                    stage.ready.push(id);
                }
                Verdict::Deferred(late) => {
                    stage.late.extend(late);
                    put_off.add(store, self, id);
                    stage.deferred.push(id);
                }
            }
        }
        self.find_live(store, &mut stage);
        self.check_sizes(store, &stage)?;
        self.pending.clone_from(&stage.deferred);
        Ok(stage)
    }

    fn judge(
        &self,
        store: &Store,
        id: NodeId,
        bodies: &mut HashMap<RegionId, Planned>,
    ) -> Result<Verdict> {
        let node = store.node(id);
        let inputs = store.inputs(id);
        let mut late: Vec<TensorId> = Vec::new();
        let mut facts = Vec::with_capacity(inputs.len());
        for input in &inputs {
            match self.facts.get(input) {
                None if self.is_known(store, *input) => facts.push(store.fact(*input).clone()),
                Some(fact) if fact.shape.is_known() => facts.push(fact.clone()),
                // Its shape is known when it has run.
                Some(_) => late.push(*input),
                None => return Ok(Verdict::Deferred(Vec::new())),
            }
        }
        for slot in size_inputs(&node.op) {
            let (Some(fact), Some(input)) = (facts.get(slot), inputs.get(slot)) else {
                continue;
            };
            if fact.ints.is_none() {
                let problem =
                    Problem::shape(format!("more than {} sizes were given", Fact::TRACKED));
                return Err(failure(store, id, &facts, problem));
            }
            if fact.known_ints().is_none() {
                late.push(*input);
            }
        }
        if !late.is_empty() {
            return Ok(Verdict::Deferred(late));
        }
        let mut around = Around {
            store,
            bodies: HashMap::new(),
        };
        if let Op::Control(control) = &node.op {
            for body in control.bodies() {
                let parameters = parameters_of(control, &facts);
                let planned = match self.plan_body(store, body, &parameters)? {
                    Ok(planned) => planned,
                    Err(late) => return Ok(Verdict::Deferred(late)),
                };
                let results = self.all_results(store, body, &planned);
                around.bodies.insert(body, (parameters, results));
                bodies.insert(body, planned);
            }
        }
        let outputs = infer(&node.op, &facts, &around);
        match outputs.and_then(|outputs| check_promise(&node.outputs, outputs)) {
            Ok(facts) => Ok(Verdict::Ready(facts)),
            Err(problem) => Err(failure(store, id, &facts, problem)),
        }
    }

    /// A body after the shape rules, or the tensors from around whose elements it needs.
    fn plan_body(
        &self,
        store: &Store,
        body: RegionId,
        parameters: &[Fact],
    ) -> Result<std::result::Result<Planned, Vec<TensorId>>> {
        let region = store.region(body);
        let Some(pruned_body) = self.pruned.bodies.get(&body) else {
            return Err(Error::internal("a body was not pruned"));
        };
        let ids = region.parameters.iter().map(|id| TensorId::new(*id, 0));
        let mut inputs: Vec<(TensorId, Fact)> = ids.zip(parameters.iter().cloned()).collect();
        for (tensor, _) in &pruned_body.pruned.captures {
            match self.facts.get(tensor) {
                Some(fact) if fact.shape.is_known() => inputs.push((*tensor, fact.clone())),
                None if self.is_known(store, *tensor) => {
                    inputs.push((*tensor, store.fact(*tensor).clone()));
                }
                Some(_) => return Ok(Err(vec![*tensor])),
                None => return Ok(Err(Vec::new())),
            }
        }
        let results: Vec<(TensorId, Need)> = pruned_body
            .results
            .iter()
            .map(|(place, need)| (region.results[*place], *need))
            .collect();
        let pruned = Arc::clone(&pruned_body.pruned);
        let draft = Draft::new(
            self.options,
            Arc::clone(&self.pools),
            pruned,
            inputs,
            results,
        );
        let planned = draft.specialise_inside(store)?;
        let captured = self.late_captures(store, body, planned.late());
        if !captured.is_empty() {
            return Ok(Err(captured));
        }
        Ok(Ok(planned))
    }

    /// The shape rules for the first stage of a body.
    fn specialise_inside(mut self, store: &Store) -> Result<Planned> {
        let (entry, results) = (self.entry.clone(), self.results.clone());
        let (specialised, known) = match self.specialise(store) {
            Ok(stage) => {
                let facts = results
                    .iter()
                    .map(|(result, _)| self.facts.get(result).cloned());
                let facts: Vec<Option<Fact>> = facts.collect();
                (Specialised::Body(Box::new((self, stage))), facts)
            }
            Err(Error::Operation(refusal)) => {
                let unknown = vec![None; results.len()];
                (Specialised::Refused { entry, refusal }, unknown)
            }
            Err(error) => return Err(error),
        };
        let facts = results.iter().zip(known);
        let facts =
            facts.map(|((result, _), known)| known.unwrap_or_else(|| unknown(store, *result)));
        Ok(Planned {
            facts: facts.collect(),
            specialised,
        })
    }

    /// The tensors from around whose elements tell more of a body's late tensors: with them the body
    /// may be planned once, not once a step.
    fn late_captures(
        &self,
        store: &Store,
        body: RegionId,
        mut late: Vec<TensorId>,
    ) -> Vec<TensorId> {
        let mut captured = Vec::new();
        let mut seen = HashSet::new();
        while let Some(tensor) = late.pop() {
            if !seen.insert(tensor) {
                continue;
            }
            let node = store.node(tensor.node);
            if node.region == body {
                // What decides a late shape tells nothing before the op has run; but the length of a
                // loop does.
                if matches!(node.op, Op::Control(_)) || !node.op.may_have_late_sizes() {
                    late.extend(store.inputs(tensor.node));
                }
                continue;
            }
            let fact = self.facts.get(&tensor);
            let tells = fact.is_some_and(|fact| fact.ints.is_some() && fact.known_ints().is_none());
            if tells && self.is_given(body, tensor) {
                captured.push(tensor);
            }
        }
        captured
    }

    /// Whether the elements of a tensor from around are given to a body.
    fn is_given(&self, body: RegionId, tensor: TensorId) -> bool {
        let body = self.pruned.bodies.get(&body);
        body.is_some_and(|body| body.pruned.captures.contains(&(tensor, Need::Value)))
    }

    /// The facts of all results of a body: of those that are not used, as far as they are known
    /// while building.
    fn all_results(&self, store: &Store, body: RegionId, planned: &Planned) -> Vec<Fact> {
        let mut facts: Vec<Fact> = store
            .region(body)
            .results
            .iter()
            .map(|result| unknown(store, *result))
            .collect();
        if let Some(pruned) = self.pruned.bodies.get(&body) {
            for ((place, _), fact) in pruned.results.iter().zip(&planned.facts) {
                if let Some(slot) = facts.get_mut(*place) {
                    slot.clone_from(fact);
                }
            }
        }
        facts
    }

    /// Finds the ready operations whose results are used: by the region's results and targets, by
    /// what was put off, or by another such operation. What was needed for its shape alone is not.
    fn find_live(&self, store: &Store, stage: &mut Stage) {
        let results = self.results.iter();
        let mut wanted: HashSet<TensorId> = results
            .filter(|(result, need)| *need == Need::Value || self.has_open_shape(result))
            .map(|(result, _)| *result)
            .collect();
        wanted.extend(&stage.late);
        let mut run: HashSet<NodeId> = self.pruned.targets.iter().copied().collect();
        for id in &stage.deferred {
            // A shape that is still open is known only when what has it has run.
            let around = self.bodies_of(store, *id).flat_map(|body| &body.captures);
            let inputs = store.inputs(*id).into_iter();
            let shapes = inputs.chain(around.map(|(tensor, _)| *tensor));
            wanted.extend(shapes.filter(|input| self.has_open_shape(input)));
            let inputs = store.inputs(*id).into_iter();
            wanted.extend(inputs.filter(|input| self.needs_value(input)));
            if self.pruned.runs.contains(id) {
                wanted.extend(self.captures(store, *id));
                run.extend(self.controls(store, *id));
            }
        }
        for id in stage.ready.iter().rev() {
            let node = store.node(*id);
            let mut outputs = 0..node.outputs.len();
            let wanted_here = |output| {
                let output = output_of(*id, output);
                // What acts when it runs must run even where its value was planned in.
                wanted.contains(&output) || (node.op.is_stateful() && self.needs_value(&output))
            };
            if !run.contains(id) && !outputs.any(wanted_here) {
                continue;
            }
            stage.live.insert(*id);
            wanted.extend(self.value_inputs(store, *id).into_iter().flatten());
            wanted.extend(self.captures(store, *id));
            run.extend(self.controls(store, *id));
        }
    }

    /// Refuses what no machine can hold, wherever it stands: a result that is only seen by strides takes
    /// no memory, but to go through it would take for ever.
    fn check_sizes(&self, store: &Store, stage: &Stage) -> Result<()> {
        let live = stage.ready.iter().filter(|id| stage.live.contains(id));
        for id in live {
            for fact in self.output_facts(store, *id) {
                let known = fact.shape.dims().iter().filter_map(|dim| dim.known());
                if !can_be_addressed(fact.dtype, known) {
                    let problem = Problem::shape(format!(
                        "its result {}{} does not fit in memory",
                        fact.dtype, fact.shape
                    ))
                    .help("look at the sizes that this operation is given");
                    return Err(failure(store, *id, &self.input_facts(store, *id), problem));
                }
            }
        }
        Ok(())
    }

    /// Whether of a tensor only the shape is used, which is known while building: it needs no
    /// operation.
    fn is_known(&self, store: &Store, tensor: TensorId) -> bool {
        let shape_only = self.pruned.needs.get(&tensor) == Some(&Need::Shape);
        shape_only && store.fact(tensor).shape.is_known()
    }

    /// Whether a tensor is planned whose shape only the run can tell.
    fn has_open_shape(&self, tensor: &TensorId) -> bool {
        let fact = self.facts.get(tensor);
        fact.is_some_and(|fact| !fact.shape.is_known())
    }

    fn needs_value(&self, tensor: &TensorId) -> bool {
        self.pruned.needs.get(tensor) == Some(&Need::Value)
    }

    /// The operands whose elements an operation reads once its sizes are planned in.
    pub(super) fn value_inputs(&self, store: &Store, id: NodeId) -> Vec<Option<TensorId>> {
        let op = &store.node(id).op;
        let inputs = store.inputs(id);
        let sizes = size_inputs(op);
        inputs
            .iter()
            .enumerate()
            .map(|(slot, input)| {
                let planned_in = op.uses_shape_only() || sizes.contains(&slot);
                (!planned_in && self.pruned.body_reads(store, op, slot)).then_some(*input)
            })
            .collect()
    }

    /// The tensors whose elements an operation and its bodies use.
    pub(super) fn used_by(&self, store: &Store, id: NodeId) -> Vec<TensorId> {
        let mut used: Vec<TensorId> = self.value_inputs(store, id).into_iter().flatten().collect();
        used.extend(self.captures(store, id));
        used
    }

    /// The operations that this one is ordered after: its control dependencies, and those of the
    /// bodies that it owns.
    pub(super) fn controls(&self, store: &Store, id: NodeId) -> Vec<NodeId> {
        let mut controls = store.controls(id);
        controls.extend(self.bodies_of(store, id).flat_map(|body| &body.waits));
        controls
    }

    /// The bodies that an operation owns.
    fn bodies_of(&self, store: &Store, id: NodeId) -> impl Iterator<Item = &Pruned> {
        let bodies = if let Op::Control(control) = &store.node(id).op {
            control.bodies()
        } else {
            Vec::new()
        };
        bodies
            .into_iter()
            .filter_map(|body| self.pruned.bodies.get(&body))
            .map(|body| &*body.pruned)
    }

    /// The tensors from around whose elements the bodies of an operation use.
    pub(super) fn captures(&self, store: &Store, id: NodeId) -> Vec<TensorId> {
        self.bodies_of(store, id)
            .flat_map(|body| &body.captures)
            .filter(|(_, need)| *need == Need::Value)
            .map(|(tensor, _)| *tensor)
            .collect()
    }
}

/// What was put off, and so holds back what depends on it.
#[derive(Default)]
struct PutOff {
    nodes: HashSet<NodeId>,
    variables: HashSet<VariableId>,
}

impl PutOff {
    fn add(&mut self, store: &Store, draft: &Draft, id: NodeId) {
        self.nodes.insert(id);
        self.variables.extend(draft.writes_of(store, id));
    }

    /// Whether the operation must wait: for an operand, a control dependency, a tensor that its
    /// bodies use, or an earlier write of a variable that it writes or reads anew.
    fn holds_back(&self, store: &Store, draft: &Draft, id: NodeId) -> bool {
        if self.nodes.is_empty() {
            return false;
        }
        let inputs = store.inputs(id).into_iter();
        let mut inputs = inputs
            .filter(|input| !draft.is_known(store, *input))
            .chain(draft.captures(store, id));
        inputs.any(|input| self.nodes.contains(&input.node) && !draft.facts.contains_key(&input))
            || draft
                .controls(store, id)
                .iter()
                .any(|control| self.nodes.contains(control))
            || draft
                .writes_of(store, id)
                .iter()
                .any(|id| self.variables.contains(id))
    }
}

impl Draft {
    /// The variables that an operation writes, itself or in its bodies.
    pub(super) fn writes_of(&self, store: &Store, id: NodeId) -> Vec<VariableId> {
        match &store.node(id).op {
            Op::State(state) if state.writes() => vec![state.variable()],
            Op::Control(_) => {
                let bodies = self.bodies_of(store, id);
                bodies
                    .flat_map(|body| body.effects.writes.clone())
                    .collect()
            }
            Op::State(_)
            | Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::Debug(_)
            | Op::Custom(_) => Vec::new(),
        }
    }
}

/// Checks that a shape rule gives in a run what it gave while building, as far as it could tell
/// then: the rule of a custom op is the user's.
fn check_promise(promised: &[Fact], outputs: Vec<Fact>) -> std::result::Result<Vec<Fact>, Problem> {
    for (index, (promised, output)) in promised.iter().zip(&outputs).enumerate() {
        if promised.dtype != output.dtype || !promised.shape.compatible(&output.shape) {
            return Err(Problem::shape(format!(
                "its shape rule gives {}{} for output {index} but gave {}{} while building",
                output.dtype, output.shape, promised.dtype, promised.shape
            )));
        }
    }
    Ok(outputs)
}

/// Which operands decide sizes by their values; of a scan, the number of steps.
fn size_inputs(op: &Op) -> Vec<usize> {
    match op {
        Op::Control(control) => control.length_slot().into_iter().collect(),
        op => op.size_inputs().to_vec(),
    }
}

/// The facts that a loop gives to its body's parameters.
fn parameters_of(control: &Control, inputs: &[Fact]) -> Vec<Fact> {
    let sequences = match control {
        Control::Scan { sequences, .. } => *sequences,
        Control::While { .. }
        | Control::Cond { .. }
        | Control::NoOp
        | Control::Parameter { .. } => 0,
    };
    let (first, rest) = inputs.split_at(control.states().min(inputs.len()));
    first
        .iter()
        .map(Fact::without_ints)
        .chain(rest.iter().take(sequences).map(Fact::element))
        .collect()
}

/// What is known while building, without the identities of unknown sizes.
fn unknown(store: &Store, tensor: TensorId) -> Fact {
    let fact = store.fact(tensor);
    let anonymous = |dim: &aqueduct_graph::Dim| {
        dim.known()
            .map_or(aqueduct_graph::Dim::UNKNOWN, aqueduct_graph::Dim::Known)
    };
    Fact::new(
        fact.dtype,
        Shape::new(fact.shape.dims().iter().map(anonymous).collect()),
    )
}

/// What the rules of stateful and structured ops look up while planning.
struct Around<'a> {
    store: &'a Store,
    /// For each body: the facts of its parameters and of its results.
    bodies: HashMap<RegionId, (Vec<Fact>, Vec<Fact>)>,
}

impl Surroundings for Around<'_> {
    fn variable(&self, variable: VariableId) -> Fact {
        Surroundings::variable(self.store, variable)
    }

    fn parameters(&self, region: RegionId) -> Vec<Fact> {
        self.bodies
            .get(&region)
            .map(|(parameters, _)| parameters.clone())
            .unwrap_or_default()
    }

    fn results(&self, region: RegionId) -> Vec<Fact> {
        self.bodies
            .get(&region)
            .map(|(_, results)| results.clone())
            .unwrap_or_default()
    }
}

/// Whether a process has addresses for elements of this type in an array of these sizes. Sizes of 0 make
/// it empty, but its strides are made of the others.
pub(crate) fn can_be_addressed(dtype: DType, sizes: impl Iterator<Item = usize>) -> bool {
    /// What today's processors give a process.
    const MOST_BYTES: usize = 1 << 47;
    let bytes = sizes
        .filter(|size| *size > 0)
        .try_fold(dtype.width(), usize::checked_mul);
    bytes.is_some_and(|bytes| bytes <= MOST_BYTES)
}
