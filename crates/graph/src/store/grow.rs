//! How a graph grows.

use std::collections::HashMap;

use petgraph::graph::NodeIndex;

use super::{Edge, Node, Site, Store};
use crate::custom::ReplacedGradient;
use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::ids::{LocationId, MistakeId, NodeId, RegionId, TensorId, VariableId};
use crate::infer::{Surroundings, infer};
use crate::location::Location;
use crate::mistake::{Mistake, MistakeKind, Problem};
use crate::names;
use crate::op::{Array, Control, Debug, Distribution, Math, Op, State};
use crate::shape::{Dim, Shape, Symbol};

/// How a new node gets its name.
#[derive(Clone, Debug)]
pub(crate) enum NewName<'a> {
    /// This name in the current scope, made unique.
    Unique(&'a str),
    /// This path exactly; the caller has it from [`Names::unique`], or has put it together of one.
    Exact(String),
    /// The name that a record gives, and what it was made unique from. The table of names has both.
    Recorded(String, Option<String>),
}

/// A node to be inserted.
pub(crate) struct NewNode<'a> {
    pub(crate) op: Op,
    pub(crate) inputs: &'a [TensorId],
    pub(crate) controls: &'a [NodeId],
    pub(crate) name: NewName<'a>,
    pub(crate) scope: &'a str,
    pub(crate) region: RegionId,
    pub(crate) site: Site,
    pub(crate) origin: Option<NodeId>,
    /// A mistake taken down before that makes the node meaningless.
    pub(crate) poison: Option<MistakeId>,
    /// A mistake found before insertion, by code that knows more than the shape rule.
    pub(crate) problem: Option<Problem>,
}

impl Store {
    pub(crate) fn intern(&mut self, location: Location) -> LocationId {
        if let Some(id) = self.location_ids.get(&location) {
            return *id;
        }
        let id = LocationId::from_index(self.locations.len());
        self.locations.push(location.clone());
        self.location_ids.insert(location, id);
        id
    }

    pub(crate) fn fresh_symbol(&mut self) -> Symbol {
        self.symbols = self.symbols.saturating_add(1);
        Symbol::new(self.symbols)
    }

    /// Gives every unknown size without an identity one of its own.
    pub(crate) fn identify(&mut self, shape: &mut Shape) {
        for dim in shape.dims_mut() {
            if matches!(dim, Dim::Unknown(symbol) if symbol.is_anonymous()) {
                *dim = Dim::Unknown(self.fresh_symbol());
            }
        }
    }

    fn identify_fact(&mut self, fact: &mut Fact) {
        self.identify(&mut fact.shape);
        let Some(ints) = fact.ints.as_mut() else {
            return;
        };
        for int in ints {
            if matches!(int, Int::Unknown(symbol) if symbol.is_anonymous()) {
                *int = Int::Unknown(self.fresh_symbol());
            }
        }
    }

    /// Takes a mistake down. It is reported by `check` and by every run that depends on it.
    pub(crate) fn record(&mut self, mistake: Mistake) -> MistakeId {
        let id = MistakeId::from_index(self.mistakes.len());
        self.mistakes.push(mistake);
        id
    }

    /// Inserts a node: the one way in.
    ///
    /// A node with a poisoned operand, or whose operands do not fit, is inserted poisoned; in the
    /// second case the mistake is taken down first.
    pub(crate) fn insert(&mut self, new: NewNode<'_>) -> NodeId {
        let (name, asked_name) = match &new.name {
            NewName::Unique(base) => {
                let asked = names::join(new.scope, base);
                (self.names.unique(&asked), Some(asked))
            }
            NewName::Exact(path) => {
                self.names.claim(path);
                (path.clone(), None)
            }
            NewName::Recorded(name, asked) => (name.clone(), asked.clone()),
        };
        let inherited = new
            .inputs
            .iter()
            .map(|tensor| tensor.node)
            .chain(new.controls.iter().copied())
            .find_map(|node| self.node(node).poison)
            .or(new.poison)
            .or_else(|| self.poison_of_bodies(&new.op));
        let (outputs, poison) = match inherited {
            Some(mistake) => (self.poisoned_outputs(&new), Some(mistake)),
            None => match self.facts_of(&new) {
                Ok(facts) => (facts, None),
                Err(problem) => {
                    let mistake = self.describe(&new, &name, problem);
                    (self.poisoned_outputs(&new), Some(self.record(mistake)))
                }
            },
        };
        let id = NodeId::from_index(self.dag.node_count());
        self.nodes_by_name.insert(name.clone(), id);
        if self.writes(&new.op)
            && let Some(region) = self.regions.get_mut(new.region.index())
        {
            region.writers.push(id);
        }
        let index = self.dag.add_node(Node {
            op: new.op,
            name,
            asked_name,
            outputs,
            region: new.region,
            site: new.site,
            origin: new.origin,
            poison,
        });
        for (slot, tensor) in new.inputs.iter().enumerate() {
            let edge = Edge::Data {
                output: tensor.output,
                slot: u32::try_from(slot).unwrap_or(u32::MAX),
            };
            self.dag
                .add_edge(NodeIndex::new(tensor.node.index()), index, edge);
        }
        for control in new.controls {
            self.dag
                .add_edge(NodeIndex::new(control.index()), index, Edge::Control);
        }
        id
    }

    fn facts_of(&mut self, new: &NewNode<'_>) -> Result<Vec<Fact>, Problem> {
        if let Some(problem) = &new.problem {
            return Err(problem.clone());
        }
        self.check_open()?;
        for tensor in new.inputs {
            self.check_visible(*tensor, new.region)?;
        }
        let inputs: Vec<Fact> = new
            .inputs
            .iter()
            .map(|tensor| self.fact(*tensor).clone())
            .collect();
        let mut facts = infer(&new.op, &inputs, self)?;
        if let Op::Array(Array::PlaceholderWithDefault { shape }) = &new.op {
            forget_default(&mut facts, shape);
        }
        for fact in &mut facts {
            self.identify_fact(fact);
        }
        if let Op::Array(Array::Split { sizes: None, .. } | Array::TopK { .. }) = new.op {
            share_shape(&mut facts);
        }
        Ok(facts)
    }

    /// Gives a loop or branch one more output: what each of its bodies has computed here. Asked for
    /// again, it is the output that is there.
    ///
    /// # Errors
    /// The graph is finalized, or the shape rule refuses.
    pub(crate) fn extend(
        &mut self,
        owner: NodeId,
        results: &[TensorId],
    ) -> Result<TensorId, Problem> {
        let op = self.node(owner).op.clone();
        let nothing = || Problem::argument("only loops and branches have bodies");
        let Op::Control(control) = &op else {
            return Err(nothing());
        };
        let bodies = control.giving_bodies();
        if bodies.is_empty() {
            return Err(nothing());
        }
        if let Some(place) = self.place_of_results(control, results) {
            return Ok(output_of(owner, control.output_of_result(place)));
        }
        self.check_open()?;
        let states = control.states();
        let inputs: Vec<Fact> = self
            .inputs(owner)
            .iter()
            .map(|input| self.fact(*input).clone())
            .collect();
        for (body, result) in bodies.iter().zip(results) {
            self.regions[body.index()].results.push(*result);
        }
        let around = LastResult {
            store: self,
            states,
        };
        let last = infer(&op, &inputs, &around).map(|mut facts| facts.pop());
        let mut fact = match last {
            Ok(Some(fact)) => fact,
            refused => {
                for body in &bodies {
                    self.regions[body.index()].results.pop();
                }
                let nothing = Problem::argument("the operation has no outputs");
                return Err(refused.err().unwrap_or(nothing));
            }
        };
        self.identify_fact(&mut fact);
        let outputs = &mut self.dag[NodeIndex::new(owner.index())].outputs;
        outputs.push(fact);
        Ok(output_of(owner, outputs.len() - 1))
    }

    /// Where among the results of the bodies these are that the op gives as they are: a loop,
    /// stacked.
    fn place_of_results(&mut self, control: &Control, results: &[TensorId]) -> Option<usize> {
        let bodies = control.giving_bodies();
        let first = *bodies.first()?;
        let count = self.region(first).results.len();
        let known = self.result_places.entry(first).or_default();
        for place in known.counted.max(control.states())..count {
            let given = bodies.iter().map(|body| &self.regions[body.index()]);
            let given = given.filter_map(|body| body.results.get(place).copied());
            known.places.entry(given.collect()).or_insert(place);
        }
        known.counted = count;
        known.places.get(results).copied()
    }

    /// Puts the parameters of a body that is being built into this order.
    pub(crate) fn order_parameters(&mut self, region: RegionId, order: &[NodeId]) {
        let facts = order
            .iter()
            .map(|id| self.fact(TensorId::new(*id, 0)).clone())
            .collect();
        for (place, id) in order.iter().enumerate() {
            if let Op::Control(Control::Parameter { index, .. }) =
                &mut self.dag[NodeIndex::new(id.index())].op
            {
                *index = place;
            }
        }
        let region = &mut self.regions[region.index()];
        region.parameters = order.to_vec();
        region.parameter_facts = facts;
    }

    fn check_open(&self) -> Result<(), Problem> {
        let Some(site) = self.finalized else {
            return Ok(());
        };
        Err(Problem::new(
            MistakeKind::Finalized,
            format!("the graph was finalized at {}", self.trace(site)),
        )
        .help("build everything before `finalize`, or make a new graph"))
    }

    /// An operand must live in the region of its user or in one around it.
    fn check_visible(&self, tensor: TensorId, region: RegionId) -> Result<(), Problem> {
        let home = self.node(tensor.node).region;
        if self.is_within(region, home) {
            return Ok(());
        }
        let inner = self.region(home);
        Err(Problem::new(
            MistakeKind::Region,
            format!(
                "`{}` belongs to the body of the {} called at {}",
                self.tensor_name(tensor),
                inner.kind,
                self.trace(inner.site)
            ),
        )
        .help(format!(
            "return it from the body, and use what the {} gives back",
            inner.kind
        )))
    }

    /// Whether the op writes variables, itself or in bodies that it owns.
    fn writes(&self, op: &Op) -> bool {
        match op {
            Op::State(state) => state.writes(),
            Op::Control(control) => {
                let mut bodies = control.bodies().into_iter();
                bodies.any(|body| !self.region(body).writers.is_empty())
            }
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::Debug(_)
            | Op::Custom(_) => false,
        }
    }

    fn poison_of_bodies(&self, op: &Op) -> Option<MistakeId> {
        let Op::Control(control) = op else {
            return None;
        };
        control
            .bodies()
            .iter()
            .flat_map(|body| &self.region(*body).results)
            .find_map(|result| self.node(result.node).poison)
    }

    /// Facts for outputs that mean nothing: the right number, a likely dtype, rank 0.
    fn poisoned_outputs(&self, new: &NewNode<'_>) -> Vec<Fact> {
        let dtype = self.likely_dtype(&new.op, new.inputs);
        let count = match &new.op {
            Op::Array(Array::Unstack { count, .. } | Array::Split { count, .. }) => {
                (*count).min(Array::MOST_PIECES)
            }
            Op::Array(Array::TopK { .. }) => {
                return [dtype, DType::I32]
                    .map(|dtype| Fact::new(dtype, Shape::scalar()))
                    .into();
            }
            Op::Control(Control::NoOp) | Op::Debug(Debug::Assert { .. }) => 0,
            Op::Custom(op) => op.output_count().min(Array::MOST_PIECES),
            Op::Control(
                control @ (Control::Scan { body: region, .. }
                | Control::While { body: region, .. }
                | Control::Cond { then: region, .. }),
            ) => {
                let mut facts = self.results(*region);
                if let Some(count) = control.count_output() {
                    facts.insert(
                        count.min(facts.len()),
                        Fact::new(DType::I64, Shape::scalar()),
                    );
                }
                return facts;
            }
            _ => 1,
        };
        vec![Fact::new(dtype, Shape::scalar()); count]
    }

    /// The dtype that the op's first output has if its operands fit.
    fn likely_dtype(&self, op: &Op, inputs: &[TensorId]) -> DType {
        let of_operand = |slot: usize| {
            inputs
                .get(slot)
                .map_or(DType::F32, |tensor| self.fact(*tensor).dtype)
        };
        match op {
            Op::Array(Array::Placeholder { dtype, .. }) | Op::Math(Math::Cast { to: dtype }) => {
                *dtype
            }
            Op::Array(Array::Shape { out_type } | Array::Size { out_type }) => *out_type,
            Op::Array(Array::Constant(value)) => value.dtype(),
            Op::Array(Array::Fill) | Op::Math(Math::Select) => of_operand(1),
            Op::Math(Math::Compare(_)) | Op::State(State::IsInitialized(_)) => DType::Bool,
            Op::Random(random) => match random.distribution {
                Distribution::Uniform { dtype }
                | Distribution::StandardNormal { dtype }
                | Distribution::TruncatedNormal { dtype }
                | Distribution::UniformInt { dtype } => dtype,
                Distribution::Shuffle => of_operand(0),
            },
            Op::State(state) => self.variable(state.variable()).dtype,
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Control(_)
            | Op::Debug(_)
            | Op::Custom(_) => of_operand(0),
        }
    }

    fn describe(&self, new: &NewNode<'_>, name: &str, problem: Problem) -> Mistake {
        Mistake {
            kind: problem.kind,
            subject: new.op.word(),
            message: problem.message,
            at: self.trace(new.site),
            scope: new.scope.to_owned(),
            name: name.to_owned(),
            operands: self
                .operand_notes(&new.op, new.inputs)
                .into_iter()
                .chain(problem.operands)
                .collect(),
            on_behalf_of: new
                .origin
                .map(|node| (self.node(node).name.clone(), self.trace_of(node))),
            help: problem.help,
        }
    }

    /// Renames a node, within the scope that its name has. The old name is free again.
    pub(crate) fn rename(&mut self, id: NodeId, name: &str) {
        let index = NodeIndex::new(id.index());
        let old = self.dag[index].name.clone();
        if let Some(asked) = self.dag[index].asked_name.take() {
            self.names.release(&asked, &old);
        }
        let scope = old.rsplit_once('/').map_or("", |(scope, _)| scope);
        let asked = names::join(scope, name);
        let new = self.names.unique(&asked);
        self.nodes_by_name.remove(&old);
        self.nodes_by_name.insert(new.clone(), id);
        self.dag[index].name = new;
        self.dag[index].asked_name = Some(asked);
    }

    pub(crate) fn replace_gradient(&mut self, id: NodeId, gradient: ReplacedGradient) {
        self.replaced_gradients.insert(id, gradient);
    }

    pub(crate) fn poison(&mut self, id: NodeId, mistake: MistakeId) {
        self.dag[NodeIndex::new(id.index())]
            .poison
            .get_or_insert(mistake);
    }
}

/// Where the results of bodies are among all that they give: of as many as are counted.
#[derive(Debug, Default)]
pub(super) struct ResultPlaces {
    counted: usize,
    places: HashMap<Vec<TensorId>, usize>,
}

/// What a shape rule sees when an output is added: of a body's results the states and the last one, so
/// that many outputs take no more time each than few.
struct LastResult<'a> {
    store: &'a Store,
    states: usize,
}

impl Surroundings for LastResult<'_> {
    fn variable(&self, variable: VariableId) -> Fact {
        Surroundings::variable(self.store, variable)
    }

    fn parameters(&self, region: RegionId) -> Vec<Fact> {
        self.store.parameters(region)
    }

    fn results(&self, region: RegionId) -> Vec<Fact> {
        let results = &self.store.region(region).results;
        let states = results.iter().take(self.states);
        let last = results.get(self.states..).and_then(<[TensorId]>::last);
        states
            .chain(last)
            .map(|result| self.store.fact(*result).clone())
            .collect()
    }
}

/// An output of an operation.
fn output_of(node: NodeId, place: usize) -> TensorId {
    TensorId::new(node, u32::try_from(place).unwrap_or(u32::MAX))
}

/// Leaves of what is known of the default what holds of all that may be fed in its place.
fn forget_default(facts: &mut [Fact], shape: &Shape) {
    for fact in facts {
        *fact = Fact::new(fact.dtype, shape.clone());
    }
}

/// Gives all facts the shape of the first: unknown sizes that are equal have one identity.
fn share_shape(facts: &mut [Fact]) {
    if let [first, others @ ..] = facts {
        for other in others {
            other.shape.clone_from(&first.shape);
        }
    }
}
