//! Bodies of loops and branches built piece by piece: for gradients, which learn what a body takes and
//! gives only while they build it.

use std::panic::Location as Caller;

use crate::context::ContextGuard;
use crate::fact::Fact;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operation};
use crate::ids::{NodeId, RegionId, TensorId};
use crate::op::{Array, Control};
use crate::store::NewName;

/// A body: while it is being built, a region that no loop or branch owns so far.
#[derive(Clone, Copy, Debug)]
pub struct Body<'g> {
    graph: &'g Graph,
    region: RegionId,
}

/// What a scan is made of, besides its body.
#[derive(Clone, Debug)]
pub struct Loop<'g> {
    /// What is carried from step to step.
    pub states: Vec<LoopState<'g>>,
    /// What is taken element by element.
    pub sequences: Vec<LoopSequence<'g>>,
    /// Values of the body that are stacked.
    pub stacked: Vec<AnyTensor<'g>>,
    /// The number of steps; the sequences give it if this does not.
    pub length: Option<AnyTensor<'g>>,
    /// How many of the elements are run over, if not all are.
    pub limit: Option<AnyTensor<'g>>,
    /// From the last element to the first.
    pub reverse: bool,
}

/// A state of a loop.
#[derive(Clone, Copy, Debug)]
pub struct LoopState<'g> {
    /// The parameter of the body.
    pub parameter: AnyTensor<'g>,
    /// The value before the first step.
    pub initial: AnyTensor<'g>,
    /// The value after a step.
    pub next: AnyTensor<'g>,
}

/// A sequence that a loop runs over.
#[derive(Clone, Copy, Debug)]
pub struct LoopSequence<'g> {
    /// The parameter of the body.
    pub parameter: AnyTensor<'g>,
    /// All elements.
    pub sequence: AnyTensor<'g>,
}

impl<'g> Body<'g> {
    /// A new body, inside of the one that operations are added to now.
    #[track_caller]
    pub fn open(graph: &'g Graph, kind: &str) -> Body<'g> {
        Body {
            graph,
            region: graph.open_region(kind, Caller::caller()),
        }
    }

    /// The body that operations are added to now; at the outermost level the graph itself.
    pub fn current(graph: &'g Graph) -> Body<'g> {
        Body {
            graph,
            region: graph.context().region,
        }
    }

    /// The body with this region; a finished one too.
    pub fn of(graph: &'g Graph, region: RegionId) -> Body<'g> {
        Body { graph, region }
    }

    /// The region.
    pub fn region(self) -> RegionId {
        self.region
    }

    /// Adds operations to this body until the guard is dropped.
    pub fn enter(self) -> ContextGuard {
        self.graph.enter_region(self.region)
    }

    /// One more parameter.
    #[track_caller]
    pub fn parameter(self, fact: Fact) -> AnyTensor<'g> {
        let _inside = self.enter();
        self.graph.parameter(self.region, fact)
    }

    /// The scan with this body: its last states, then what it has stacked. Every parameter of the
    /// body is one of a state or of a sequence.
    #[track_caller]
    pub fn into_scan(self, parts: &Loop<'g>) -> Vec<AnyTensor<'g>> {
        let Loop {
            states, sequences, ..
        } = parts;
        let of_states = states.iter().map(|state| state.parameter);
        let of_sequences = sequences.iter().map(|sequence| sequence.parameter);
        self.order_parameters(of_states.chain(of_sequences));
        let next: Vec<AnyTensor<'g>> = states.iter().map(|state| state.next).collect();
        self.graph
            .close_region(self.region, next.iter().chain(&parts.stacked));
        let op = Control::Scan {
            body: self.region,
            states: states.len(),
            sequences: sequences.len(),
            length: parts.length.is_some(),
            limit: parts.limit.is_some(),
            reverse: parts.reverse,
        };
        let initial = states.iter().map(|state| state.initial);
        let sequences = sequences.iter().map(|sequence| sequence.sequence);
        let numbers = parts.length.into_iter().chain(parts.limit);
        let inputs: Vec<AnyTensor<'g>> = initial.chain(sequences).chain(numbers).collect();
        self.owned_by(op, &inputs)
    }

    /// The while with this body, and with another for its condition, which has this one result: its
    /// last states, its count, then what it has stacked. The parameters of both are the states.
    #[track_caller]
    pub fn into_while(
        self,
        condition: (Body<'g>, AnyTensor<'g>),
        states: &[LoopState<'g>],
        stacked: &[AnyTensor<'g>],
        maximum: Option<u64>,
    ) -> Vec<AnyTensor<'g>> {
        let (condition, goes_on) = condition;
        self.graph.close_region(condition.region, &[goes_on]);
        let next: Vec<AnyTensor<'g>> = states.iter().map(|state| state.next).collect();
        self.graph
            .close_region(self.region, next.iter().chain(stacked));
        let op = Control::While {
            condition: condition.region,
            body: self.region,
            states: states.len(),
            maximum,
        };
        let initial: Vec<AnyTensor<'g>> = states.iter().map(|state| state.initial).collect();
        self.owned_by(op, &initial)
    }

    /// The cond with this body for `true` and the other for `false`, each with its results.
    #[track_caller]
    pub fn into_cond(
        self,
        results: &[AnyTensor<'g>],
        otherwise: (Body<'g>, &[AnyTensor<'g>]),
        predicate: AnyTensor<'g>,
    ) -> Vec<AnyTensor<'g>> {
        let (other, other_results) = otherwise;
        self.graph.close_region(self.region, results);
        self.graph.close_region(other.region, other_results);
        let op = Control::Cond {
            then: self.region,
            otherwise: other.region,
        };
        self.owned_by(op, &[predicate])
    }

    fn order_parameters(self, parameters: impl Iterator<Item = AnyTensor<'g>>) {
        let order: Vec<NodeId> = parameters.map(|parameter| parameter.id().node).collect();
        self.graph.write().order_parameters(self.region, &order);
    }

    #[track_caller]
    fn owned_by(self, op: Control, inputs: &[AnyTensor<'g>]) -> Vec<AnyTensor<'g>> {
        let name = self.graph.view().region(self.region).kind.clone();
        Operation::new(self.graph, self.graph.add(op, inputs, &name)).outputs()
    }
}

/// One more output of a loop or branch: of a value that its body has computed (of a scan stacked), or
/// of one of each body of a cond. Asked for again, it is the same output.
///
/// In a finalized graph this is a mistake, and the output is poisoned.
#[track_caller]
pub fn add_output<'g>(
    owner: Operation<'g>,
    result: AnyTensor<'g>,
    otherwise: Option<AnyTensor<'g>>,
) -> AnyTensor<'g> {
    let graph = owner.graph();
    let results = std::iter::once(result).chain(otherwise);
    let results: Vec<TensorId> = results.map(AnyTensor::id).collect();
    let extended = graph.write().extend(owner.id(), &results);
    match extended {
        Ok(output) => AnyTensor::new(graph, output),
        Err(problem) => {
            let (subject, name) = (graph.view().node(owner.id()).op.word(), owner.name());
            let mistake = graph.record(Caller::caller(), &subject, &name, problem);
            // What stands for the output is poisoned from the start: `result` is of a body, so to
            // use it here would be one more mistake.
            let _poison = graph.enter(|context| context.poison = context.poison.or(Some(mistake)));
            graph.add_tensor(Array::Identity, &[result], &name)
        }
    }
}

/// The same operation again, on other operands. It must own no bodies, and be no result of a function
/// with a gradient of its own.
#[track_caller]
pub fn repeat<'g>(operation: Operation<'g>, operands: &[AnyTensor<'g>]) -> Vec<AnyTensor<'g>> {
    let graph = operation.graph();
    let (op, name, replaced) = {
        let view = graph.view();
        let node = view.node(operation.id());
        let replaced = view.replaced_gradient(operation.id()).cloned();
        let name = node
            .name
            .rsplit_once('/')
            .map_or(&*node.name, |(_, name)| name);
        (node.op.clone(), name.to_owned(), replaced)
    };
    let id = graph.add_named(op, operands, NewName::Unique(&name), None);
    if let Some(replaced) = replaced {
        graph.write().replace_gradient(id, replaced);
    }
    Operation::new(graph, id).outputs()
}
