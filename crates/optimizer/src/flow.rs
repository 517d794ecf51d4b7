//! The forward pass: to which operations a gradient can come back from, and what stands between.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use aqueduct_graph::ir::{Control, Nn, NodeId, Op, RegionId, State, Store, TensorId, VariableId};

use crate::points::Point;
use crate::rules::{self, Rule};

/// How the operations of a graph depend on some of its tensors, the sources.
///
/// Knows more than whether a chain of operands leads from a source to a tensor: also whether a
/// gradient can flow back along such a chain, and all of it.
pub(crate) struct Flow<'s> {
    nodes: Vec<Reach>,
    /// Of loops and branches, whose outputs depend on the sources each in its way.
    outputs: HashMap<TensorId, Reach>,
    /// The loop or branch that a body belongs to.
    owners: HashMap<RegionId, Owner>,
    sources: HashSet<TensorId>,
    /// Those in bodies, ascending.
    sources_in: HashMap<RegionId, Vec<TensorId>>,
    stops: &'s HashSet<TensorId>,
}

/// The tensors that are reads of each variable.
pub(crate) struct Reads(HashMap<VariableId, Vec<TensorId>>);

impl Reads {
    /// The reads among the operations up to `last`.
    pub(crate) fn new(store: &Store, last: NodeId) -> Reads {
        let mut reads: HashMap<VariableId, Vec<TensorId>> = HashMap::new();
        for id in store.node_ids().take_while(|id| *id <= last) {
            if let Op::State(State::Read(variable) | State::ReadValue(variable)) = store.node(id).op
            {
                let of_variable = reads.entry(variable).or_default();
                of_variable.push(TensorId::new(id, 0));
            }
        }
        Reads(reads)
    }

    /// The tensors that stand for a point: a variable has a tensor for each of its reads.
    pub(crate) fn sources_of(&self, point: Point<'_>) -> Vec<TensorId> {
        match point {
            Point::Tensor(tensor) => vec![tensor.id()],
            Point::Variable(variable) => self.0.get(&variable.id()).cloned().unwrap_or_default(),
        }
    }
}

/// A loop or branch, and its operands.
struct Owner {
    id: NodeId,
    inputs: Rc<[TensorId]>,
}

/// How a tensor depends on the sources. Of several chains the last of these cases counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Not at all.
    No,
    /// It depends on them, but no gradient flows back.
    Blocked(Obstacle),
    /// A gradient can flow back.
    Flows,
    /// A gradient would flow back, but for this operation the rule is missing: what flows back is
    /// not all.
    Lost(NodeId),
}

impl Reach {
    /// Whether some gradient flows back.
    pub(crate) fn flows(self) -> bool {
        matches!(self, Reach::Flows | Reach::Lost(_))
    }

    fn counts_as(self, other: Reach) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// The one that counts; of those that count the same, the first is told.
    fn or(self, other: Reach) -> Reach {
        if self.counts_as(other) {
            self
        } else {
            self.max(other)
        }
    }
}

/// What lets no gradient through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Obstacle {
    /// The source is not of floats.
    NotFloat(TensorId),
    /// The rule of this operation.
    Rule(NodeId),
    /// The caller asked to treat this tensor as a constant.
    Stop(TensorId),
}

impl<'s> Flow<'s> {
    /// How the operations up to `last` depend on the points, with nothing flowing through `stops`.
    pub(crate) fn new(
        store: &Store,
        points: &[Point<'_>],
        reads: &Reads,
        stops: &'s HashSet<TensorId>,
        last: NodeId,
    ) -> Flow<'s> {
        let mut flow = Flow {
            nodes: vec![Reach::No; last.index() + 1],
            outputs: HashMap::new(),
            owners: HashMap::new(),
            sources: HashSet::new(),
            sources_in: HashMap::new(),
            stops,
        };
        for point in points {
            flow.sources.extend(reads.sources_of(*point));
        }
        flow.find_owners(store, last);
        flow.sort_sources(store);
        let first = flow.sources.iter().map(|source| source.node).min();
        if let Some(first) = first {
            flow.spread(store, first.index(), last.index());
        }
        flow
    }

    fn find_owners(&mut self, store: &Store, last: NodeId) {
        for id in store.node_ids().take_while(|id| *id <= last) {
            let bodies = bodies(&store.node(id).op);
            if bodies.is_empty() {
                continue;
            }
            let inputs: Rc<[TensorId]> = store.inputs(id).into();
            for body in bodies {
                let inputs = Rc::clone(&inputs);
                self.owners.insert(body, Owner { id, inputs });
            }
        }
    }

    fn sort_sources(&mut self, store: &Store) {
        for source in &self.sources {
            let region = store.node(source.node).region;
            if region != RegionId::ROOT {
                self.sources_in.entry(region).or_default().push(*source);
            }
        }
        self.sources_in
            .values_mut()
            .for_each(|sources| sources.sort_unstable());
    }

    /// Finds the reach of the operations in this range of ids, in order. A loop whose states come out
    /// reaching farther than they went in is gone through again.
    fn spread(&mut self, store: &Store, first: usize, last: usize) {
        let mut index = first;
        while index <= last {
            let id = NodeId::from_index(index);
            let reach = self.node_reach(store, id);
            if let Some(entry) = self.nodes.get_mut(index) {
                *entry = reach;
            }
            index = self.start_of_repetition(store, id).unwrap_or(index + 1);
        }
    }

    /// Where to begin again after a loop, if its body must be gone through with other states.
    fn start_of_repetition(&self, store: &Store, id: NodeId) -> Option<usize> {
        let Op::Control(control) = &store.node(id).op else {
            return None;
        };
        let region = store.region(control.loop_body()?);
        let states = region.parameters.iter().take(control.states());
        let changed = |parameter: &&NodeId| {
            let reach = self.farthest(store, self.given_to(store, **parameter));
            !reach.counts_as(self.node(**parameter))
        };
        states.filter(changed).map(|id| id.index()).min()
    }

    /// How a tensor depends on the sources.
    pub(crate) fn of(&self, store: &Store, tensor: TensorId) -> Reach {
        if self.sources.contains(&tensor) {
            return if store.fact(tensor).dtype.is_float() {
                Reach::Flows
            } else {
                Reach::Blocked(Obstacle::NotFloat(tensor))
            };
        }
        let of_output = self.outputs.get(&tensor).copied();
        let reach = of_output.unwrap_or_else(|| self.node(tensor.node));
        if reach != Reach::No && self.stops.contains(&tensor) {
            Reach::Blocked(Obstacle::Stop(tensor))
        } else if reach.flows() && !store.fact(tensor).dtype.is_float() {
            Reach::Blocked(Obstacle::Rule(tensor.node))
        } else {
            reach
        }
    }

    /// Whether a gradient flows from the operation's outputs to some of its operands.
    pub(crate) fn passes(&self, id: NodeId) -> bool {
        self.node(id).flows()
    }

    /// The sources in this body.
    pub(crate) fn sources_in(&self, body: RegionId) -> &[TensorId] {
        self.sources_in.get(&body).map_or(&[], Vec::as_slice)
    }

    /// The tensors that a gradient comes to on its way from `ys` to the sources.
    pub(crate) fn way_from(
        &self,
        store: &Store,
        ys: impl IntoIterator<Item = TensorId>,
    ) -> HashSet<TensorId> {
        let mut way = HashSet::new();
        let mut ahead: Vec<TensorId> = ys.into_iter().collect();
        while let Some(tensor) = ahead.pop() {
            if self.of(store, tensor).flows() && way.insert(tensor) {
                ahead.extend(self.next_on_way(store, tensor));
            }
        }
        way
    }

    fn next_on_way(&self, store: &Store, tensor: TensorId) -> Vec<TensorId> {
        if !self.passes(tensor.node) || self.stops.contains(&tensor) {
            return Vec::new();
        }
        let place = tensor.output as usize;
        match &store.node(tensor.node).op {
            Op::Control(
                control @ (Control::Scan { .. } | Control::While { .. } | Control::Cond { .. }),
            ) => {
                // Without a step the last state is the initial one.
                let initial = store.inputs(tensor.node).get(place).copied();
                initial
                    .filter(|_| place < control.states())
                    .into_iter()
                    .chain(results_at(store, control, place))
                    .collect()
            }
            Op::Control(Control::Parameter { .. }) => self.given_to(store, tensor.node),
            Op::Control(Control::NoOp)
            | Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Debug(_)
            | Op::Custom(_) => store.gradient_operands(tensor.node),
        }
    }

    /// What a parameter of a loop's body stands for: an operand, and for a state also what a step
    /// made of it. Nothing while the body is being built.
    fn given_to(&self, store: &Store, parameter: NodeId) -> Vec<TensorId> {
        let Op::Control(Control::Parameter { region, index }) = store.node(parameter).op else {
            return Vec::new();
        };
        let Some(owner) = self.owners.get(&region) else {
            return Vec::new();
        };
        let mut given: Vec<TensorId> = owner.inputs.get(index).copied().into_iter().collect();
        if let Op::Control(control) = &store.node(owner.id).op
            && index < control.states()
        {
            given.extend(results_at(store, control, index));
        }
        given
    }

    fn node(&self, id: NodeId) -> Reach {
        self.nodes.get(id.index()).copied().unwrap_or(Reach::No)
    }

    fn node_reach(&mut self, store: &Store, id: NodeId) -> Reach {
        match &store.node(id).op {
            Op::Control(Control::Parameter { .. }) => {
                self.farthest(store, self.given_to(store, id))
            }
            Op::Control(
                control @ (Control::Scan { .. } | Control::While { .. } | Control::Cond { .. }),
            ) => self.outputs_reach(store, id, control),
            Op::Control(Control::NoOp)
            | Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Debug(_)
            | Op::Custom(_) => self.plain_reach(store, id),
        }
    }

    fn plain_reach(&self, store: &Store, id: NodeId) -> Reach {
        let reach = self.farthest(store, store.gradient_operands(id));
        if !reach.flows() {
            return reach.or(self.beside_arguments(store, id));
        }
        match rules::rule(store, id) {
            Rule::Flows(_) | Rule::Bodies => reach,
            Rule::Missing(_) => Reach::Lost(id),
            Rule::Blocks(_) | Rule::Stops | Rule::Leaf => Reach::Blocked(Obstacle::Rule(id)),
        }
    }

    /// Of a function with a gradient of its own: the reach by what it uses beside its arguments.
    fn beside_arguments(&self, store: &Store, id: NodeId) -> Reach {
        match self.farthest(store, store.inputs(id)) {
            Reach::No => Reach::No,
            Reach::Blocked(obstacle) => Reach::Blocked(obstacle),
            Reach::Flows | Reach::Lost(_) => Reach::Blocked(Obstacle::Rule(id)),
        }
    }

    /// The reach of each output of a loop or branch, and the farthest of them.
    fn outputs_reach(&mut self, store: &Store, id: NodeId, control: &Control) -> Reach {
        let inputs = store.inputs(id);
        let decides = decides(store, control, &inputs);
        let is_missing = matches!(rules::rule(store, id), Rule::Missing(_));
        let mut farthest = Reach::No;
        for place in 0..store.node(id).outputs.len() {
            let initial = inputs.get(place).filter(|_| place < control.states());
            let comes_from = initial
                .copied()
                .into_iter()
                .chain(results_at(store, control, place));
            let reach = self.farthest(store, comes_from.chain(decides.iter().copied()));
            let reach = if is_missing && reach.flows() {
                Reach::Lost(id)
            } else {
                reach
            };
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            self.outputs.insert(TensorId::new(id, place), reach);
            farthest = farthest.or(reach);
        }
        farthest
    }

    fn farthest(&self, store: &Store, tensors: impl IntoIterator<Item = TensorId>) -> Reach {
        let reaches = tensors.into_iter().map(|tensor| self.of(store, tensor));
        reaches.fold(Reach::No, Reach::or)
    }
}

/// The results that this output of a loop or branch is made of, one of each body.
fn results_at(store: &Store, owner: &Control, output: usize) -> Vec<TensorId> {
    let Some(place) = owner.result_of_output(output) else {
        return Vec::new();
    };
    let bodies = owner.giving_bodies().into_iter();
    bodies
        .filter_map(|body| store.region(body).results.get(place).copied())
        .collect()
}

/// The tensors that decide which bodies run and how often: no gradient flows through them.
fn decides(store: &Store, owner: &Control, inputs: &[TensorId]) -> Vec<TensorId> {
    match owner {
        Control::Scan { .. } => {
            let slots = owner.length_slot().into_iter().chain(owner.limit_slot());
            slots.filter_map(|slot| inputs.get(slot).copied()).collect()
        }
        Control::While { condition, .. } => store.region(*condition).results.clone(),
        Control::Cond { .. } => inputs.first().copied().into_iter().collect(),
        Control::NoOp | Control::Parameter { .. } => Vec::new(),
    }
}

pub(crate) fn bodies(op: &Op) -> Vec<RegionId> {
    match op {
        Op::Control(control) => Control::bodies(control),
        Op::Math(_)
        | Op::Array(_)
        | Op::Reduce(_)
        | Op::Nn(_)
        | Op::Random(_)
        | Op::State(_)
        | Op::Debug(_)
        | Op::Custom(_) => Vec::new(),
    }
}

impl Obstacle {
    /// Why there is no gradient, in a clause that names the operation and its line.
    pub(crate) fn reason(self, store: &Store) -> String {
        match self {
            Obstacle::NotFloat(tensor) => format!(
                "{} is {}, and only f32 and f64 have gradients",
                at(store, tensor.node),
                store.fact(tensor).dtype
            ),
            Obstacle::Stop(tensor) => format!(
                "stop_gradients names {}, which stands between",
                at(store, tensor.node)
            ),
            Obstacle::Rule(id) if store.replaced_gradient(id).is_some() => format!(
                "{} has a gradient of the user's, of the arguments of its function alone",
                at(store, id)
            ),
            Obstacle::Rule(id) => match rules::rule(store, id) {
                Rule::Blocks(why) => format!("{} has no gradient: {why}", at(store, id)),
                Rule::Missing(why) => {
                    let operation = at(store, id);
                    format!("{operation} has a gradient that cannot be derived: {why}")
                }
                Rule::Stops if stops_labels(store, id) => format!(
                    "stop_gradient {} stands between: are labels and logits swapped?",
                    at(store, id)
                ),
                Rule::Stops => format!("stop_gradient {} stands between", at(store, id)),
                Rule::Flows(_) | Rule::Bodies | Rule::Leaf => {
                    format!("{} has no gradient", at(store, id))
                }
            },
        }
    }
}

/// Whether it keeps gradients from the labels of a cross entropy.
fn stops_labels(store: &Store, id: NodeId) -> bool {
    let labels = TensorId::new(id, 0);
    let mut users = store.node_ids().filter(|user| *user > id);
    users.any(|user| {
        matches!(store.node(user).op, Op::Nn(Nn::SoftmaxCrossEntropy))
            && store.inputs(user).get(1) == Some(&labels)
    })
}

/// An operation with its line, as reasons name it.
fn at(store: &Store, id: NodeId) -> String {
    format!("`{}` ({})", store.node(id).name, store.trace_of(id))
}
