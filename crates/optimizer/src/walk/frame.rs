//! Frames: how tensors of the forward graph are had where their gradients are built.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use aqueduct_graph::ir::{
    Array, Body, Bound, Control, Distribution, Fact, Int, LoopSequence, NodeId, Op, RegionId,
    SliceSpec, Store, TensorId, add_output, repeat,
};
use aqueduct_graph::{AnyTensor, Dim, Graph, Operation, Shape, Size, Sizes, Symbol};

use super::replica::Replica;
use crate::rules::zero;

/// A place where gradients are built: the graph itself, or the body of a backward loop or branch.
///
/// The gradient of a body is another body, which cannot use tensors of the first. What it needs of
/// them it is given: elements of the same sequences, values that the forward loop has kept of each
/// step, or the same operation again.
pub(crate) struct Frame<'g> {
    graph: &'g Graph,
    body: Body<'g>,
    inside: Option<Inside<'g>>,
    origins: Rc<OnceCell<Origins>>,
}

/// Of a frame whose gradients are those of a body.
struct Inside<'g> {
    around: Rc<Frame<'g>>,
    /// The loop or branch whose body it is.
    owner: Operation<'g>,
    region: RegionId,
    kind: Kind<'g>,
    /// Tensors of the forward body, as they are had here.
    known: RefCell<HashMap<TensorId, AnyTensor<'g>>>,
    /// Loops and branches of the forward body that run again here; `None` for one that must not.
    replicas: RefCell<HashMap<NodeId, Option<Rc<Replica<'g>>>>>,
}

enum Kind<'g> {
    /// Each step stands for a step of a loop with so many states.
    Step {
        states: usize,
        sequences: RefCell<Vec<LoopSequence<'g>>>,
    },
    /// It is run when the branch for this value of the predicate was taken, and not the other one.
    Branch { other: RegionId, value: bool },
}

impl<'g> Frame<'g> {
    /// Where tensors are what they are.
    pub(crate) fn outermost(graph: &'g Graph) -> Frame<'g> {
        Frame {
            graph,
            body: Body::current(graph),
            inside: None,
            origins: Rc::default(),
        }
    }

    /// Of the backward body of a loop with this body and so many states.
    #[track_caller]
    pub(super) fn of_loop(
        around: &Rc<Frame<'g>>,
        owner: NodeId,
        region: RegionId,
        states: usize,
    ) -> Frame<'g> {
        let sequences = RefCell::default();
        let kind = Kind::Step { states, sequences };
        Frame::of_body(around, owner, region, kind, "scan")
    }

    /// Of the backward body of a branch.
    #[track_caller]
    pub(super) fn of_branch(
        around: &Rc<Frame<'g>>,
        owner: NodeId,
        [then, otherwise]: [RegionId; 2],
        value: bool,
    ) -> Frame<'g> {
        let (region, other) = if value {
            (then, otherwise)
        } else {
            (otherwise, then)
        };
        let kind = Kind::Branch { other, value };
        Frame::of_body(around, owner, region, kind, "cond")
    }

    #[track_caller]
    fn of_body(
        around: &Rc<Frame<'g>>,
        owner: NodeId,
        region: RegionId,
        kind: Kind<'g>,
        word: &str,
    ) -> Frame<'g> {
        Frame {
            graph: around.graph,
            body: Body::open(around.graph, word),
            inside: Some(Inside {
                around: Rc::clone(around),
                owner: Operation::new(around.graph, owner),
                region,
                kind,
                known: RefCell::default(),
                replicas: RefCell::default(),
            }),
            origins: Rc::clone(&around.origins),
        }
    }

    pub(crate) fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// Where the gradients are built.
    pub(super) fn body(&self) -> Body<'g> {
        self.body
    }

    /// The forward body; `None` for the outermost frame.
    pub(super) fn region(&self) -> Option<RegionId> {
        self.inside.as_ref().map(|inside| inside.region)
    }

    /// Whether gradients with respect to this tensor are built here.
    pub(super) fn owns(&self, tensor: TensorId) -> bool {
        let home = self.graph.view().node(tensor.node).region;
        self.region().is_none_or(|region| region == home)
    }

    /// Whether what is built here is run once a step of some loop.
    pub(super) fn is_in_loop(&self) -> bool {
        self.inside.as_ref().is_some_and(|inside| {
            matches!(inside.kind, Kind::Step { .. }) || inside.around.is_in_loop()
        })
    }

    /// A tensor of the forward graph as it is had here.
    #[track_caller]
    pub(crate) fn tensor(&self, tensor: TensorId) -> AnyTensor<'g> {
        let Some(inside) = &self.inside else {
            return AnyTensor::new(self.graph, tensor);
        };
        let tensor = original(&self.graph.view(), inside.region, tensor);
        if self.graph.view().node(tensor.node).region != inside.region {
            return inside.around.tensor(tensor);
        }
        if let Some(known) = inside.known.borrow().get(&tensor) {
            return *known;
        }
        let made = match &inside.kind {
            Kind::Step { states, .. } => self.of_step(inside, *states, tensor),
            Kind::Branch { other, value } => self.of_taken_branch(inside, *other, *value, tensor),
        };
        inside.known.borrow_mut().insert(tensor, made);
        made
    }

    /// What is known of a tensor's shape while building.
    pub(crate) fn static_shape(&self, tensor: TensorId) -> Shape {
        self.graph.view().fact(tensor).shape.clone()
    }

    /// A tensor of which the shape alone is used.
    #[track_caller]
    pub(crate) fn shape_of(&self, tensor: TensorId) -> AnyTensor<'g> {
        if self.static_shape(tensor).is_known() {
            // Nothing is asked of it in the run.
            return AnyTensor::new(self.graph, tensor);
        }
        self.tensor(tensor)
    }

    /// Zeros like a tensor of the forward graph.
    #[track_caller]
    pub(super) fn zeros_like(&self, tensor: TensorId) -> AnyTensor<'g> {
        let _inside = self.body.enter();
        let like = self.shape_of(tensor);
        zero(like).broadcast_to(Sizes::like(like))
    }

    /// The element of a sequence that belongs to a step.
    #[track_caller]
    pub(super) fn element(&self, sequence: AnyTensor<'g>) -> AnyTensor<'g> {
        let parameter = self.body.parameter(sequence.fact().element());
        if let Some(inside) = &self.inside
            && let Kind::Step { sequences, .. } = &inside.kind
        {
            sequences.borrow_mut().push(LoopSequence {
                parameter,
                sequence,
            });
        }
        parameter
    }

    /// The sequences whose elements were asked for.
    pub(super) fn sequences(&self) -> Vec<LoopSequence<'g>> {
        match self.inside.as_ref().map(|inside| &inside.kind) {
            Some(Kind::Step { sequences, .. }) => sequences.borrow().clone(),
            Some(Kind::Branch { .. }) | None => Vec::new(),
        }
    }

    /// A tensor of a loop's body, as it was in the step that the backward one belongs to.
    #[track_caller]
    fn of_step(&self, inside: &Inside<'g>, states: usize, tensor: TensorId) -> AnyTensor<'g> {
        let way = {
            let view = self.graph.view();
            match &view.node(tensor.node).op {
                Op::Array(Array::Constant(_) | Array::Shape { .. } | Array::Size { .. }) => {
                    Way::Repeat
                }
                Op::Control(Control::Parameter { index, .. }) if *index >= states => view
                    .inputs(inside.owner.id())
                    .get(*index)
                    .map_or(Way::Keep, |sequence| Way::Element(*sequence)),
                Op::Control(_)
                | Op::Math(_)
                | Op::Array(_)
                | Op::Reduce(_)
                | Op::Nn(_)
                | Op::Random(_)
                | Op::State(_)
                | Op::Debug(_)
                | Op::Custom(_) => Way::Keep,
            }
        };
        match way {
            Way::Repeat => self.repeated(inside, tensor),
            Way::Element(sequence) => self.element(inside.around.tensor(sequence)),
            Way::Keep => {
                let kept = add_output(inside.owner, AnyTensor::new(self.graph, tensor), None);
                self.element(inside.around.tensor(kept.id()))
            }
        }
    }

    /// A tensor of the branch that was taken: an output of the cond if it gives it, else computed
    /// again, as to keep it would take zeros of its shape where the other branch is taken.
    ///
    /// What must not run again is kept; so is what a loop or branch has made, unless the other branch
    /// cannot tell its shape.
    #[track_caller]
    fn of_taken_branch(
        &self,
        inside: &Inside<'g>,
        other: RegionId,
        value: bool,
        tensor: TensorId,
    ) -> AnyTensor<'g> {
        let given = given_as(&self.graph.view(), inside.owner.id(), inside.region, tensor);
        if let Some(output) = given {
            return inside.around.tensor(output);
        }
        if is_repeatable(&self.graph.view(), tensor.node) {
            return self.repeated(inside, tensor);
        }
        let kept = AnyTensor::new(self.graph, tensor);
        if !self.tells_sizes(other, inside.owner.id(), &kept.fact())
            && let Some(replica) = self.replica(inside, tensor.node)
            && let Some(output) = replica.output(tensor.output as usize)
        {
            return output;
        }
        let nothing = self
            .twin(inside, other, tensor)
            .unwrap_or_else(|| self.zeros_in(other, inside.owner.id(), &kept.fact()));
        let output = if value {
            add_output(inside.owner, kept, Some(nothing))
        } else {
            add_output(inside.owner, nothing, Some(kept))
        };
        inside.around.tensor(output.id())
    }

    /// A loop or branch of the taken branch again, unless it must not run again.
    #[track_caller]
    fn replica(&self, inside: &Inside<'g>, owner: NodeId) -> Option<Rc<Replica<'g>>> {
        if let Some(known) = inside.replicas.borrow().get(&owner) {
            return known.clone();
        }
        let _inside = self.body.enter();
        let replica = Replica::of(self.graph, owner, &|tensor| self.tensor(tensor)).map(Rc::new);
        inside.replicas.borrow_mut().insert(owner, replica.clone());
        replica
    }

    /// The operation again, and all that it is computed from, as far as that can be repeated.
    #[track_caller]
    fn repeated(&self, inside: &Inside<'g>, tensor: TensorId) -> AnyTensor<'g> {
        for id in self.not_yet_repeated(inside, tensor.node) {
            let _origin = self.graph.on_behalf_of(id);
            let operands = self.graph.view().inputs(id);
            let mut here = Vec::with_capacity(operands.len());
            for operand in operands {
                here.push(self.tensor(operand));
            }
            let _inside = self.body.enter();
            let outputs = repeat(Operation::new(self.graph, id), &here);
            let mut known = inside.known.borrow_mut();
            for (place, output) in (0..).zip(outputs) {
                known.insert(TensorId::new(id, place), output);
            }
        }
        let known = inside.known.borrow().get(&tensor).copied();
        known.unwrap_or(AnyTensor::new(self.graph, tensor))
    }

    /// The operations to repeat for this one, ascending. In a step it is this one alone: its operands
    /// are kept.
    fn not_yet_repeated(&self, inside: &Inside<'g>, last: NodeId) -> Vec<NodeId> {
        if let Kind::Step { .. } = inside.kind {
            return vec![last];
        }
        let view = self.graph.view();
        let known = inside.known.borrow();
        let mut found = Vec::new();
        let mut ahead = BTreeSet::from([last]);
        while let Some(id) = ahead.pop_last() {
            found.push(id);
            let inputs = view.inputs(id).into_iter();
            ahead.extend(
                inputs
                    .filter(|input| {
                        let node = view.node(input.node);
                        node.region == inside.region
                            && is_repeatable(&view, input.node)
                            && !known.contains_key(input)
                            && given_as(&view, inside.owner.id(), inside.region, *input).is_none()
                    })
                    .map(|input| input.node),
            );
        }
        found.reverse();
        found
    }

    /// Zeros for a random tensor in the other branch, of sizes that are computed as its own are. `None`
    /// if they cannot be.
    #[track_caller]
    fn twin(
        &self,
        inside: &Inside<'g>,
        other: RegionId,
        tensor: TensorId,
    ) -> Option<AnyTensor<'g>> {
        let nodes = sources_of_sizes(&self.graph.view(), inside.region, tensor.node)?;
        let _inside = Body::of(self.graph, other).enter();
        let mut twins: HashMap<TensorId, AnyTensor<'g>> = HashMap::new();
        for id in nodes {
            let (inputs, is_random) = {
                let view = self.graph.view();
                let is_random = matches!(view.node(id).op, Op::Random(_));
                (view.inputs(id), is_random)
            };
            let here = |input: &TensorId| {
                let twin = twins.get(input).copied();
                twin.unwrap_or(AnyTensor::new(self.graph, *input))
            };
            let operands: Vec<AnyTensor<'g>> = inputs.iter().map(here).collect();
            let operation = Operation::new(self.graph, id);
            let outputs = if is_random {
                let dtype = AnyTensor::new(self.graph, TensorId::new(id, 0)).dtype();
                let sizes = Sizes::vector(*operands.first()?);
                let zero = self.graph.number(dtype, 0.0, "zero");
                vec![zero.broadcast_to(sizes)]
            } else {
                repeat(operation, &operands)
            };
            for (place, output) in (0..).zip(outputs) {
                twins.insert(TensorId::new(id, place), output);
            }
        }
        twins.get(&tensor).copied()
    }

    /// Zeros of this shape in a branch. A size that is known only inside of the other branch is 0.
    #[track_caller]
    fn zeros_in(&self, branch: RegionId, cond: NodeId, like: &Fact) -> AnyTensor<'g> {
        let _inside = Body::of(self.graph, branch).enter();
        let mut sizes = Vec::with_capacity(like.rank());
        for dim in like.shape.dims() {
            sizes.push(match *dim {
                Dim::Known(size) => Size::from(size),
                Dim::Unknown(symbol) => match self.origin_for(branch, cond, symbol) {
                    Some((tensor, place)) => place.size_in(AnyTensor::new(self.graph, tensor)),
                    None => Size::from(0_usize),
                },
            });
        }
        let zero = self.graph.number(like.dtype, 0.0, "zero");
        zero.broadcast_to(Sizes::list(sizes))
    }

    /// Whether a branch of a cond can tell all sizes of this shape.
    fn tells_sizes(&self, branch: RegionId, cond: NodeId, like: &Fact) -> bool {
        like.shape.dims().iter().all(|dim| match *dim {
            Dim::Known(_) => true,
            Dim::Unknown(symbol) => self.origin_for(branch, cond, symbol).is_some(),
        })
    }

    /// A tensor with an unknown size that a branch of a cond can use.
    fn origin_for(
        &self,
        branch: RegionId,
        cond: NodeId,
        symbol: Symbol,
    ) -> Option<(TensorId, Place)> {
        let view = self.graph.view();
        let origins = self.origins.get_or_init(|| Origins::of(&view));
        let origin = origins.0.get(&symbol).copied();
        origin.filter(|(tensor, _)| {
            tensor.node < cond && view.is_within(branch, view.node(tensor.node).region)
        })
    }
}

/// How a tensor of a loop's body is had in a backward step.
enum Way {
    /// By the same operation.
    Repeat,
    /// As an element of the sequence that it was an element of.
    Element(TensorId),
    /// As an element of what the loop has kept of it in each step.
    Keep,
}

/// Where unknown sizes come from: the first tensor that has each.
struct Origins(HashMap<Symbol, (TensorId, Place)>);

/// Where in a tensor a size is found.
#[derive(Clone, Copy)]
enum Place {
    /// The size of an axis.
    Axis(i64),
    /// The tensor itself, a scalar.
    Scalar,
    /// An element of a vector.
    Element(i64),
}

impl Place {
    /// The size of this tensor that is found there.
    #[track_caller]
    fn size_in(self, tensor: AnyTensor<'_>) -> Size<'_> {
        Size::Tensor(match self {
            Place::Axis(axis) => tensor.size_of(axis),
            Place::Scalar => tensor,
            Place::Element(at) => tensor.slice(SliceSpec {
                bounds: vec![Bound::At(at)],
            }),
        })
    }
}

impl Origins {
    fn of(store: &Store) -> Origins {
        let mut origins = HashMap::new();
        for id in store.node_ids() {
            for (output, fact) in (0..).zip(&store.node(id).outputs) {
                let tensor = TensorId::new(id, output);
                for (axis, dim) in (0..).zip(fact.shape.dims()) {
                    if let Dim::Unknown(symbol) = dim {
                        origins
                            .entry(*symbol)
                            .or_insert((tensor, Place::Axis(axis)));
                    }
                }
                for (at, int) in (0..).zip(fact.ints.iter().flatten()) {
                    if let Int::Unknown(symbol) = int {
                        let place = if fact.rank() == 0 {
                            Place::Scalar
                        } else {
                            Place::Element(at)
                        };
                        origins.entry(*symbol).or_insert((tensor, place));
                    }
                }
            }
        }
        Origins(origins)
    }
}

/// The tensor that a chain of copies in a body is a copy of. A copy that stops gradients is no mere
/// copy: it must stop those of the gradient too; nor is one with a gradient of the user's.
fn original(store: &Store, body: RegionId, mut tensor: TensorId) -> TensorId {
    loop {
        let node = store.node(tensor.node);
        let inputs = store.inputs(tensor.node);
        match (&node.op, inputs.first()) {
            (Op::Array(Array::Identity), Some(source))
                if node.region == body && store.replaced_gradient(tensor.node).is_none() =>
            {
                tensor = *source;
            }
            _ => return tensor,
        }
    }
}

/// The output of a cond that is this tensor of a branch when the branch is taken, if its shape is as
/// well known.
fn given_as(store: &Store, cond: NodeId, branch: RegionId, tensor: TensorId) -> Option<TensorId> {
    let results = &store.region(branch).results;
    let outputs = (0..).zip(results).filter(|(_, result)| **result == tensor);
    let shape = &store.fact(tensor).shape;
    outputs
        .map(|(place, _)| TensorId::new(cond, place))
        .find(|output| store.fact(*output).shape.same(shape))
}

/// The operations of a branch that decide the sizes of a random one, ascending, and that one. `None` if
/// it is none, or if one of the others must not run again.
fn sources_of_sizes(store: &Store, branch: RegionId, random: NodeId) -> Option<Vec<NodeId>> {
    let is_sized = |op: &Op| match op {
        Op::Random(random) => !matches!(random.distribution, Distribution::Shuffle),
        Op::Math(_)
        | Op::Array(_)
        | Op::Reduce(_)
        | Op::Nn(_)
        | Op::State(_)
        | Op::Control(_)
        | Op::Debug(_)
        | Op::Custom(_) => false,
    };
    if !is_sized(&store.node(random).op) {
        return None;
    }
    let mut found = Vec::new();
    let mut ahead = BTreeSet::from([random]);
    while let Some(id) = ahead.pop_last() {
        let node = store.node(id);
        if node.region != branch {
            continue;
        }
        if !is_sized(&node.op) && !is_repeatable(store, id) {
            return None;
        }
        found.push(id);
        ahead.extend(store.inputs(id).iter().map(|input| input.node));
    }
    found.reverse();
    Some(found)
}

/// Whether an operation gives the same when it runs again, and changes nothing. A loop or branch is
/// as its body is, which is asked apart. A result of a function with a gradient of its own has it of
/// the tensors that the function was given, and no copy can have it.
pub(super) fn is_repeatable(store: &Store, id: NodeId) -> bool {
    let op = &store.node(id).op;
    let is_fed = matches!(op, Op::Array(Array::Placeholder { .. }));
    let replaced = store.replaced_gradient(id);
    let is_result = replaced.is_some_and(|replaced| replaced.function_outputs().is_some());
    !op.is_stateful() && !is_fed && !matches!(op, Op::Control(_)) && !is_result
}
