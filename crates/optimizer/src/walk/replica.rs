//! Loops and branches that run again, in the gradient of the branch that they stand in.

use std::collections::{BTreeSet, HashMap};

use aqueduct_graph::ir::{
    Body, Control, Loop, LoopSequence, LoopState, NodeId, Op, RegionId, Store, TensorId,
    add_output, repeat,
};
use aqueduct_graph::{AnyTensor, Graph, Operation};

use super::frame::is_repeatable;

/// A second loop or branch that computes the same as a first.
pub(super) struct Replica<'g> {
    original: NodeId,
    owner: Operation<'g>,
    /// The tensors of the first one's bodies, in the second one.
    tensors: HashMap<TensorId, AnyTensor<'g>>,
    /// The bodies of the first one and of what is in it, and their counterparts.
    bodies: HashMap<RegionId, Body<'g>>,
}

impl<'g> Replica<'g> {
    /// Adds the replica. Tensors from around the first one are had by `around`. `None` if something
    /// in the bodies must not run again.
    #[track_caller]
    pub(super) fn of(
        graph: &'g Graph,
        original: NodeId,
        around: &dyn Fn(TensorId) -> AnyTensor<'g>,
    ) -> Option<Replica<'g>> {
        let inner = contents(&graph.view(), original)?;
        let mut builder = Builder {
            graph,
            inner,
            around,
            tensors: HashMap::new(),
            bodies: HashMap::new(),
        };
        let owner = builder.owner(original)?;
        Some(Replica {
            original,
            owner,
            tensors: builder.tensors,
            bodies: builder.bodies,
        })
    }

    /// The replica's counterpart of an output of the first one, which may have been added later.
    #[track_caller]
    pub(super) fn output(&self, output: usize) -> Option<AnyTensor<'g>> {
        self.output_of(self.original, self.owner, output)
    }

    /// The output of `owner` that is the counterpart of one of `original`.
    #[track_caller]
    fn output_of(
        &self,
        original: NodeId,
        owner: Operation<'g>,
        output: usize,
    ) -> Option<AnyTensor<'g>> {
        let results = {
            let view = owner.graph().view();
            let Op::Control(control) = &view.node(original).op else {
                return None;
            };
            let kept = control
                .result_of_output(output)
                .filter(|place| *place >= control.states());
            let Some(place) = kept else {
                return owner.outputs().get(output).copied();
            };
            let bodies = control.giving_bodies().into_iter();
            let results = bodies.map(|body| view.region(body).results.get(place).copied());
            results.collect::<Option<Vec<TensorId>>>()?
        };
        let results = results.iter().map(|result| self.counterpart(*result));
        let results = results.collect::<Option<Vec<AnyTensor<'g>>>>()?;
        Some(add_output(
            owner,
            *results.first()?,
            results.get(1).copied(),
        ))
    }

    /// The counterpart of a tensor of the first one's bodies. What a loop or branch in them has gained
    /// since, its counterpart gains too; what stands for it in the other branch is made again.
    #[track_caller]
    fn counterpart(&self, tensor: TensorId) -> Option<AnyTensor<'g>> {
        if let Some(known) = self.tensors.get(&tensor) {
            return Some(*known);
        }
        match self.tensors.get(&TensorId::new(tensor.node, 0)) {
            Some(first) => self.output_of(tensor.node, first.op(), tensor.output as usize),
            None => self.again(tensor),
        }
    }

    /// A tensor that was added to one of the first one's bodies, in the body's counterpart.
    #[track_caller]
    fn again(&self, tensor: TensorId) -> Option<AnyTensor<'g>> {
        let graph = self.owner.graph();
        let (body, operands) = {
            let view = graph.view();
            let node = view.node(tensor.node);
            let operands = view.inputs(tensor.node);
            // What is made now in a body around would be younger than the loops and branches in it.
            let is_older = |operand: &TensorId| {
                self.tensors.contains_key(operand) || view.node(operand.node).region == node.region
            };
            if !is_repeatable(&view, tensor.node) || !operands.iter().all(is_older) {
                return None;
            }
            (*self.bodies.get(&node.region)?, operands)
        };
        let operands = operands.iter().map(|operand| self.counterpart(*operand));
        let operands = operands.collect::<Option<Vec<AnyTensor<'g>>>>()?;
        let _inside = body.enter();
        let outputs = repeat(Operation::new(graph, tensor.node), &operands);
        outputs.get(tensor.output as usize).copied()
    }
}

/// The operations in the bodies of a loop or branch that its results depend on; `None` if one of them
/// must not run again.
fn contents(store: &Store, owner: NodeId) -> Option<BTreeSet<NodeId>> {
    let Op::Control(control) = &store.node(owner).op else {
        return None;
    };
    let bodies = control.bodies();
    let is_inside = |id: NodeId| {
        let home = store.node(id).region;
        bodies.iter().any(|body| store.is_within(home, *body))
    };
    let mut found = BTreeSet::new();
    let mut ahead = results_of(store, &bodies);
    while let Some(id) = ahead.pop() {
        // What a body within a body uses may stand in any of those around.
        if !is_inside(id) || !found.insert(id) {
            continue;
        }
        let op = &store.node(id).op;
        if let Op::Control(control) = op {
            ahead.extend(results_of(store, &control.bodies()));
        } else if !is_repeatable(store, id) {
            return None;
        }
        ahead.extend(store.inputs(id).iter().map(|input| input.node));
    }
    Some(found)
}

/// The operations that give the results of these bodies.
fn results_of(store: &Store, bodies: &[RegionId]) -> Vec<NodeId> {
    let results = bodies.iter().flat_map(|body| &store.region(*body).results);
    results.map(|result| result.node).collect()
}

/// The states of a loop, of which there are so many.
fn loop_states<'g>(
    count: usize,
    parameters: &[AnyTensor<'g>],
    inputs: &[AnyTensor<'g>],
    results: &[AnyTensor<'g>],
) -> Option<Vec<LoopState<'g>>> {
    let state = |place: usize| {
        Some(LoopState {
            parameter: *parameters.get(place)?,
            initial: *inputs.get(place)?,
            next: *results.get(place)?,
        })
    };
    (0..count).map(state).collect()
}

struct Builder<'g, 'a> {
    graph: &'g Graph,
    /// What is to be repeated of the bodies.
    inner: BTreeSet<NodeId>,
    around: &'a dyn Fn(TensorId) -> AnyTensor<'g>,
    tensors: HashMap<TensorId, AnyTensor<'g>>,
    bodies: HashMap<RegionId, Body<'g>>,
}

impl<'g> Builder<'g, '_> {
    fn tensor(&self, tensor: TensorId) -> AnyTensor<'g> {
        let known = self.tensors.get(&tensor).copied();
        known.unwrap_or_else(|| (self.around)(tensor))
    }

    fn all(&self, tensors: &[TensorId]) -> Vec<AnyTensor<'g>> {
        tensors.iter().map(|tensor| self.tensor(*tensor)).collect()
    }

    #[track_caller]
    fn owner(&mut self, id: NodeId) -> Option<Operation<'g>> {
        let (op, inputs) = {
            let view = self.graph.view();
            (view.node(id).op.clone(), view.inputs(id))
        };
        let Op::Control(control) = op else {
            return None;
        };
        let inputs = self.all(&inputs);
        let mut bodies = Vec::new();
        for region in control.bodies() {
            bodies.push(self.body(region)?);
        }
        let outputs = match (&control, bodies.as_slice()) {
            (
                Control::Scan {
                    states,
                    sequences,
                    reverse,
                    ..
                },
                [(body, parameters, results)],
            ) => {
                let sequence = |place: usize| {
                    Some(LoopSequence {
                        parameter: *parameters.get(place)?,
                        sequence: *inputs.get(place)?,
                    })
                };
                let operand = |slot: usize| inputs.get(slot).copied();
                body.into_scan(&Loop {
                    states: loop_states(*states, parameters, &inputs, results)?,
                    sequences: (*states..states + sequences)
                        .map(sequence)
                        .collect::<Option<_>>()?,
                    stacked: results.get(*states..)?.to_vec(),
                    length: control.length_slot().and_then(operand),
                    limit: control.limit_slot().and_then(operand),
                    reverse: *reverse,
                })
            }
            (
                Control::While {
                    states, maximum, ..
                },
                [(condition, _, goes_on), (body, parameters, results)],
            ) => body.into_while(
                (*condition, *goes_on.first()?),
                &loop_states(*states, parameters, &inputs, results)?,
                results.get(*states..)?,
                *maximum,
            ),
            (Control::Cond { .. }, [(then, _, results), (otherwise, _, others)]) => {
                then.into_cond(results, (*otherwise, others), *inputs.first()?)
            }
            _ => return None,
        };
        outputs.first().map(|output| output.op())
    }

    /// A second body, its parameters, and its results.
    #[track_caller]
    fn body(
        &mut self,
        region: RegionId,
    ) -> Option<(Body<'g>, Vec<AnyTensor<'g>>, Vec<AnyTensor<'g>>)> {
        let (kind, parameters, results, nodes) = {
            let view = self.graph.view();
            let record = view.region(region);
            let nodes = self.inner.iter().copied();
            let nodes: Vec<NodeId> = nodes
                .filter(|id| view.node(*id).region == region)
                .filter(|id| !record.parameters.contains(id))
                .collect();
            let parameters: Vec<_> = record
                .parameters
                .iter()
                .map(|id| TensorId::new(*id, 0))
                .map(|parameter| (parameter, view.fact(parameter).clone()))
                .collect();
            (
                record.kind.clone(),
                parameters,
                record.results.clone(),
                nodes,
            )
        };
        let body = Body::open(self.graph, &kind);
        self.bodies.insert(region, body);
        let _inside = body.enter();
        let mut made = Vec::with_capacity(parameters.len());
        for (parameter, fact) in parameters {
            let again = body.parameter(fact);
            self.tensors.insert(parameter, again);
            made.push(again);
        }
        for id in nodes {
            self.node(id)?;
        }
        Some((body, made, self.all(&results)))
    }

    #[track_caller]
    fn node(&mut self, id: NodeId) -> Option<()> {
        let _origin = self.graph.on_behalf_of(id);
        let is_owner = matches!(self.graph.view().node(id).op, Op::Control(_));
        let outputs = if is_owner {
            self.owner(id)?.outputs()
        } else {
            let operands = self.graph.view().inputs(id);
            repeat(Operation::new(self.graph, id), &self.all(&operands))
        };
        for (place, output) in (0..).zip(outputs) {
            self.tensors.insert(TensorId::new(id, place), output);
        }
        Some(())
    }
}
