//! Prune: which operations of a region a run needs.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aqueduct_graph::ir::{
    Array, Control, MistakeId, NodeId, Op, RegionId, Store, TensorId, VariableId,
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

/// A body, and which of its results are used.
#[derive(Debug)]
pub(crate) struct PrunedBody {
    pub(crate) pruned: Arc<Pruned>,
    /// Places in the region's list of results, ascending.
    pub(crate) results: Vec<usize>,
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
    results: &[TensorId],
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
    for result in results {
        walk.need(*result, Need::Value);
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
        if !self.given.contains(&tensor) {
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
        for (slot, input) in self.store.inputs(id).into_iter().enumerate() {
            let of_input = if node.op.size_inputs().contains(&slot) {
                Need::Value
            } else if node.op.uses_shape_only() {
                Need::Shape
            } else {
                need
            };
            self.need(input, of_input);
        }
        if let Op::Control(control) = &node.op {
            self.visit_bodies(id, control, need);
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
            let count = region.results.len();
            let results: Vec<usize> = match control {
                // Every state takes part in the next step; a stacked result that nobody uses does not.
                Control::Scan { states, .. } => (0..count)
                    .filter(|place| {
                        *place < *states || self.needs.contains_key(&output_of(id, *place))
                    })
                    .collect(),
                Control::Cond { .. } | Control::NoOp | Control::Parameter { .. } => {
                    (0..count).collect()
                }
            };
            let wanted: Vec<TensorId> =
                results.iter().map(|place| region.results[*place]).collect();
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
            self.pruned
                .bodies
                .insert(body, PrunedBody { pruned, results });
        }
    }
}

fn is_placeholder(op: &Op) -> bool {
    matches!(op, Op::Array(Array::Placeholder { .. }))
}

/// An output of an operation.
pub(crate) fn output_of(node: NodeId, output: usize) -> TensorId {
    TensorId::new(node, u32::try_from(output).unwrap_or(u32::MAX))
}
