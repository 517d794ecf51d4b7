//! Prune: which operations of a region a run needs.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aqueduct_graph::ir::{
    Array, Control, MistakeId, NodeId, Op, Region, RegionId, Store, TensorId, VariableId,
};

/// The part of a region that a run needs.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// The operations, ascending: a topological order.
    pub(crate) nodes: Vec<NodeId>,
    /// Those that run for their effect.
    pub(crate) targets: Vec<NodeId>,
    /// What is needed of each tensor that the operations use.
    pub(crate) needs: HashMap<TensorId, Need>,
    /// The operations that run, as far as is known before sizes are: not for their shapes alone.
    pub(crate) runs: HashSet<NodeId>,
    /// Tensors of the regions around that the operations use, with what is needed of each.
    pub(crate) captures: Vec<(TensorId, Need)>,
    /// Operations of the regions around that the operations are ordered after.
    pub(crate) waits: BTreeSet<NodeId>,
    /// The bodies of the loops and branches among the operations.
    pub(crate) bodies: HashMap<RegionId, PrunedBody>,
    /// What the operations and the bodies among them do to the session's state.
    pub(crate) effects: Effects,
    /// Placeholders that must be fed and are not.
    pub(crate) missing: Vec<NodeId>,
    /// Mistakes that the operations depend on.
    pub(crate) mistakes: BTreeSet<MistakeId>,
}

impl Pruned {
    /// Whether the body of a loop uses the elements of this operand: of a state that nothing depends
    /// on, and of a sequence that no operation needs, it does not. True of everything but a loop.
    pub(crate) fn body_reads(&self, store: &Store, op: &Op, slot: usize) -> bool {
        let Op::Control(control) = op else {
            return true;
        };
        let Some(body) = control.loop_body() else {
            return true;
        };
        let (Some(pruned), Some(parameter)) = (
            self.bodies.get(&body),
            store.region(body).parameters.get(slot),
        ) else {
            return true;
        };
        if slot < control.states() {
            pruned.uses(slot)
        } else {
            pruned.reads(*parameter)
        }
    }
}

/// A body, and which of its results are used.
#[derive(Debug)]
pub(crate) struct PrunedBody {
    pub(crate) pruned: Arc<Pruned>,
    /// Places in the region's list of results, ascending, with what is needed of each. A state of a
    /// loop that nothing depends on is not among them.
    pub(crate) results: Vec<(usize, Need)>,
}

impl PrunedBody {
    /// Whether a result is used.
    pub(crate) fn uses(&self, place: usize) -> bool {
        let found = self.results.binary_search_by_key(&place, |(used, _)| *used);
        found.is_ok()
    }

    /// Whether the elements of a parameter are used.
    pub(crate) fn reads(&self, parameter: NodeId) -> bool {
        self.pruned.needs.get(&output_of(parameter, 0)) == Some(&Need::Value)
    }
}

/// What is needed of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Its shape only.
    Shape,
    /// Its elements.
    Value,
}

/// What operations do to the session's state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    /// Variables that are read in any way.
    pub(crate) reads: BTreeSet<VariableId>,
    /// Variables that are written.
    pub(crate) writes: BTreeSet<VariableId>,
    /// Random operations.
    pub(crate) draws: BTreeSet<NodeId>,
}

impl Effects {
    /// Whether the run changes the session's state.
    pub(crate) fn changes_state(&self) -> bool {
        !self.writes.is_empty() || !self.draws.is_empty()
    }

    fn add(&mut self, other: &Effects) {
        self.reads.extend(&other.reads);
        self.writes.extend(&other.writes);
        self.draws.extend(&other.draws);
    }
}

/// Finds what is needed of `region` for these results and targets, when `given` tensors are fed
/// (or are the parameters of the body).
///
/// Walks the operations from the last to the first, so that all users of an operation are seen
/// before it. Feeding a tensor cuts off what makes it. Using a tensor's shape is not using its
/// value: what is needed for its shape alone is kept for the shape rules, and is not run.
pub(crate) fn prune(
    store: &Store,
    region: RegionId,
    results: &[(TensorId, Need)],
    targets: &[NodeId],
    given: &HashSet<TensorId>,
) -> Pruned {
    let mut walk = Walk {
        store,
        region,
        given,
        needs: HashMap::new(),
        wanted: BTreeSet::new(),
        run: HashSet::new(),
        pruned: Pruned {
            targets: targets.to_vec(),
            ..Pruned::default()
        },
    };
    for (result, need) in results {
        walk.need(*result, *need);
    }
    for target in targets {
        walk.need_run(*target);
    }
    while let Some(id) = walk.wanted.pop_last() {
        walk.visit(id);
    }
    walk.pruned.needs = walk.needs;
    walk.pruned.nodes.reverse();
    walk.pruned.captures.sort_unstable();
    walk.pruned.missing.reverse();
    walk.pruned
}

struct Walk<'a> {
    store: &'a Store,
    region: RegionId,
    given: &'a HashSet<TensorId>,
    needs: HashMap<TensorId, Need>,
    /// Operations still to visit.
    wanted: BTreeSet<NodeId>,
    /// Operations that run for their effect or for a control dependency.
    run: HashSet<NodeId>,
    pruned: Pruned,
}

impl Walk<'_> {
    fn need(&mut self, tensor: TensorId, need: Need) {
        let known = self.needs.entry(tensor).or_insert(need);
        *known = need.max(*known);
        // A shape that is known while building takes no operation to be known.
        let is_open = need == Need::Value || !self.store.fact(tensor).shape.is_known();
        if is_open && !self.given.contains(&tensor) {
            self.wanted.insert(tensor.node);
        }
    }

    fn need_run(&mut self, node: NodeId) {
        // A placeholder that is fed has nothing to do.
        if self.given.contains(&TensorId::new(node, 0)) && is_placeholder(&self.store.node(node).op)
        {
            return;
        }
        if self.store.node(node).region == self.region {
            self.run.insert(node);
            self.wanted.insert(node);
        } else {
            self.pruned.waits.insert(node);
        }
    }

    /// The most that is needed of any output.
    fn need_of(&self, id: NodeId) -> Need {
        let node = self.store.node(id);
        // A shape that is known only when the operation has run needs what the operation does.
        if node.op.may_have_late_sizes() || self.run.contains(&id) {
            return Need::Value;
        }
        let outputs = 0..node.outputs.len();
        outputs
            .filter_map(|output| self.needs.get(&output_of(id, output)))
            .copied()
            .max()
            .unwrap_or(Need::Value)
    }

    fn visit(&mut self, id: NodeId) {
        let node = self.store.node(id);
        if let Some(mistake) = node.poison {
            // The run will be refused: there is nothing to find behind it.
            self.pruned.mistakes.insert(mistake);
            return;
        }
        if node.region != self.region {
            self.capture(id);
            return;
        }
        let need = self.need_of(id);
        self.pruned.nodes.push(id);
        if need == Need::Value {
            self.pruned.runs.insert(id);
            for control in self.store.controls(id) {
                self.need_run(control);
            }
        }
        self.note_effects(id, need);
        if let Op::Control(control) = &node.op {
            self.visit_bodies(id, control, need);
        }
        for (slot, input) in self.store.inputs(id).into_iter().enumerate() {
            let of_input = if self.pruned.body_reads(self.store, &node.op, slot) {
                need_of_operand(&node.op, slot, need)
            } else {
                Need::Shape
            };
            self.need(input, of_input);
        }
    }

    fn capture(&mut self, id: NodeId) {
        for output in 0..self.store.node(id).outputs.len() {
            let tensor = output_of(id, output);
            if let Some(need) = self.needs.get(&tensor) {
                self.pruned.captures.push((tensor, *need));
            }
        }
    }

    fn note_effects(&mut self, id: NodeId, need: Need) {
        let node = self.store.node(id);
        let effects = &mut self.pruned.effects;
        match &node.op {
            Op::State(_) if need == Need::Shape => {}
            Op::State(state) if state.writes() => {
                effects.writes.insert(state.variable());
                effects.reads.insert(state.variable());
            }
            Op::State(state) => {
                effects.reads.insert(state.variable());
            }
            Op::Random(_) if need == Need::Value => {
                effects.draws.insert(id);
            }
            Op::Array(Array::Placeholder { shape, .. }) => {
                // A size known while building needs no value.
                if need == Need::Value || !shape.is_known() {
                    self.pruned.missing.push(id);
                }
            }
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::Control(_)
            | Op::Debug(_)
            | Op::Custom(_) => {}
        }
    }

    fn visit_bodies(&mut self, id: NodeId, control: &Control, need: Need) {
        for body in control.bodies() {
            let region = self.store.region(body);
            let used = if control.giving_bodies().contains(&body) {
                self.used_results(id, control, region)
            } else {
                let all = 0..region.results.len();
                all.map(|place| (place, Need::Value)).collect()
            };
            let wanted: Vec<(TensorId, Need)> = used
                .iter()
                .map(|(place, need)| (region.results[*place], *need))
                .collect();
            // A write inside of a body cannot be fetched: it runs whenever its body does.
            let targets: Vec<NodeId> = if need == Need::Value {
                region.writers.clone()
            } else {
                Vec::new()
            };
            let parameters: HashSet<TensorId> = region
                .parameters
                .iter()
                .map(|id| TensorId::new(*id, 0))
                .collect();
            let pruned = prune(self.store, body, &wanted, &targets, &parameters);
            for (tensor, of_capture) in &pruned.captures {
                self.need(*tensor, need.min(*of_capture));
            }
            // What the body waits for has run before the loop or branch that owns it starts.
            for wait in &pruned.waits {
                self.need_run(*wait);
            }
            self.pruned.mistakes.extend(&pruned.mistakes);
            self.pruned.effects.add(&pruned.effects);
            let pruned = Arc::new(pruned);
            self.pruned.bodies.insert(
                body,
                PrunedBody {
                    pruned,
                    results: used,
                },
            );
        }
    }

    /// Which results of a body are used, and for what: those of outputs that are, and the states of a
    /// loop that these depend on.
    fn used_results(&self, id: NodeId, control: &Control, region: &Region) -> Vec<(usize, Need)> {
        let states = control.states();
        let need = |place: &usize| {
            let output = output_of(id, control.output_of_result(*place));
            self.needs.get(&output).copied()
        };
        let used: Vec<(usize, Need)> = (0..region.results.len())
            .filter_map(|place| Some((place, need(&place)?)))
            .filter(|(place, need)| *place >= states || *need == Need::Value)
            .collect();
        let live = live_states(self.store, control, region, &used);
        (0..region.results.len())
            .filter_map(|place| {
                if place < states {
                    live.contains(&place).then_some((place, Need::Value))
                } else {
                    Some((place, need(&place)?))
                }
            })
            .collect()
    }
}

/// The states of a loop that the `used` results of its body depend on, or its writes or its
/// condition, in this step or a later one. To use the shape of a state is not to use the state, as it
/// keeps its shape.
fn live_states(
    store: &Store,
    control: &Control,
    region: &Region,
    used: &[(usize, Need)],
) -> BTreeSet<usize> {
    let states = control.states();
    let mut live = BTreeSet::new();
    let mut seen: HashMap<NodeId, Need> = HashMap::new();
    let result = |place: usize| region.results.get(place).map(|result| result.node);
    let mut ahead: Vec<(NodeId, Need)> = must_run(store, control, region)
        .into_iter()
        .map(|id| (id, Need::Value))
        .collect();
    for (place, need) in used {
        ahead.extend(result(*place).map(|id| (id, *need)));
        if *place < states {
            live.insert(*place);
        }
    }
    let parameters: HashMap<NodeId, usize> = control
        .bodies()
        .into_iter()
        .flat_map(|body| store.region(body).parameters.iter().take(states).zip(0..))
        .map(|(parameter, place)| (*parameter, place))
        .collect();
    let first = parameters.keys().min().copied();
    while let Some((id, need)) = ahead.pop() {
        if first.is_none_or(|first| id < first) || seen.get(&id) >= Some(&need) {
            continue;
        }
        seen.insert(id, need);
        let state = parameters.get(&id).copied();
        if let Some(place) = state.filter(|_| need == Need::Value) {
            live.insert(place);
            ahead.extend(result(place).map(|id| (id, Need::Value)));
        }
        ahead.extend(dependencies(store, id, need));
    }
    live
}

/// The operations in the regions of a loop that run whatever of its results is used.
fn must_run(store: &Store, control: &Control, body: &Region) -> Vec<NodeId> {
    let mut all = body.writers.clone();
    let gives = control.giving_bodies();
    let conditions = control.bodies().into_iter();
    for condition in conditions.filter(|region| !gives.contains(region)) {
        let condition = store.region(condition);
        all.extend(condition.results.iter().map(|result| result.node));
        all.extend(&condition.writers);
    }
    all
}

/// What an operation needs of others, those of its bodies included, if so much is needed of it.
fn dependencies(store: &Store, id: NodeId, need: Need) -> Vec<(NodeId, Need)> {
    let op = &store.node(id).op;
    let bodies = match op {
        Op::Control(control) => control.bodies(),
        Op::Math(_)
        | Op::Array(_)
        | Op::Reduce(_)
        | Op::Nn(_)
        | Op::Random(_)
        | Op::State(_)
        | Op::Debug(_)
        | Op::Custom(_) => Vec::new(),
    };
    let need = if op.may_have_late_sizes() {
        Need::Value
    } else {
        need
    };
    let mut dependencies = Vec::new();
    if need == Need::Value {
        let controls = store.controls(id).into_iter();
        dependencies.extend(controls.map(|control| (control, need)));
    }
    for (slot, input) in store.inputs(id).into_iter().enumerate() {
        dependencies.push((input.node, need_of_operand(op, slot, need)));
    }
    for body in bodies {
        let body = store.region(body);
        let inside = body.results.iter().map(|result| result.node);
        let inside = inside.chain(body.writers.iter().copied());
        dependencies.extend(inside.map(|id| (id, need)));
    }
    dependencies
}

/// What an operation needs of an operand, if so much is needed of it.
fn need_of_operand(op: &Op, slot: usize, need: Need) -> Need {
    if op.size_inputs().contains(&slot) {
        Need::Value
    } else if op.uses_shape_only() {
        Need::Shape
    } else {
        need
    }
}

fn is_placeholder(op: &Op) -> bool {
    matches!(
        op,
        Op::Array(Array::Placeholder { .. } | Array::PlaceholderWithDefault { .. })
    )
}

/// An output of an operation.
pub(crate) fn output_of(node: NodeId, output: usize) -> TensorId {
    TensorId::new(node, u32::try_from(output).unwrap_or(u32::MAX))
}
