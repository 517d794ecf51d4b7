//! The forward pass: to which operations a gradient can come back from, and what stands between.

use std::collections::HashSet;

use aqueduct_graph::ir::{Control, NodeId, Op, RegionId, State, Store, TensorId, VariableId};

use crate::points::Point;
use crate::rules::{self, Rule};

/// How the operations of a graph depend on some of its tensors, the sources.
///
/// Knows more than whether a chain of operands leads from a source to a tensor: also whether a
/// gradient can flow back along such a chain, and all of it.
pub(crate) struct Flow<'s> {
    nodes: Vec<Reach>,
    sources: HashSet<TensorId>,
    stops: &'s HashSet<TensorId>,
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
        stops: &'s HashSet<TensorId>,
        last: NodeId,
    ) -> Flow<'s> {
        let mut flow = Flow {
            nodes: vec![Reach::No; last.index() + 1],
            sources: HashSet::new(),
            stops,
        };
        for point in points {
            flow.sources.extend(sources_of(store, *point, last));
        }
        let first = flow.sources.iter().map(|source| source.node).min();
        let Some(first) = first else {
            return flow;
        };
        for index in first.index()..flow.nodes.len() {
            let id = NodeId::from_index(index);
            let reach = flow.node_reach(store, id);
            if let Some(entry) = flow.nodes.get_mut(index) {
                *entry = reach;
            }
        }
        flow
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
        let reach = self.node(tensor.node);
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

    fn node(&self, id: NodeId) -> Reach {
        self.nodes.get(id.index()).copied().unwrap_or(Reach::No)
    }

    fn node_reach(&self, store: &Store, id: NodeId) -> Reach {
        let mut nearest = Reach::No;
        for input in dependencies(store, id) {
            let reach = self.of(store, input);
            // Of obstacles that count the same, the first is told.
            if std::mem::discriminant(&reach) != std::mem::discriminant(&nearest) {
                nearest = nearest.max(reach);
            }
        }
        if !nearest.flows() {
            return nearest;
        }
        match rules::rule(store, id) {
            Rule::Flows(_) => nearest,
            Rule::Missing(_) => Reach::Lost(id),
            Rule::Blocks(_) | Rule::Stops | Rule::Leaf => Reach::Blocked(Obstacle::Rule(id)),
        }
    }
}

/// The tensors that stand for a point: a variable has a tensor for each of its reads.
pub(crate) fn sources_of(store: &Store, point: Point<'_>, last: NodeId) -> Vec<TensorId> {
    match point {
        Point::Tensor(tensor) => vec![tensor.id()],
        Point::Variable(variable) => store
            .node_ids()
            .take_while(|id| *id <= last)
            .filter(|id| reads(&store.node(*id).op, variable.id()))
            .map(|id| TensorId::new(id, 0))
            .collect(),
    }
}

fn reads(op: &Op, variable: VariableId) -> bool {
    matches!(op, Op::State(State::Read(id) | State::ReadValue(id)) if *id == variable)
}

/// The operands, and for an operation with bodies their results too: these may depend on tensors
/// from outside that are no operands.
fn dependencies(store: &Store, id: NodeId) -> Vec<TensorId> {
    let mut dependencies = store.inputs(id);
    for body in bodies(&store.node(id).op) {
        dependencies.extend(&store.region(body).results);
    }
    dependencies
}

fn bodies(op: &Op) -> Vec<RegionId> {
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
            Obstacle::Rule(id) => match rules::rule(store, id) {
                Rule::Blocks(why) => format!("{} has no gradient: {why}", at(store, id)),
                Rule::Missing(why) => {
                    let operation = at(store, id);
                    format!("{operation} has a gradient that cannot be derived yet: {why}")
                }
                Rule::Stops => format!("stop_gradient {} stands between", at(store, id)),
                Rule::Flows(_) | Rule::Leaf => format!("{} has no gradient", at(store, id)),
            },
        }
    }
}

/// An operation with its line, as reasons name it.
fn at(store: &Store, id: NodeId) -> String {
    format!("`{}` ({})", store.node(id).name, store.trace_of(id))
}
