//! The storage of a graph: nodes and edges in a `petgraph` graph, everything else in side tables.
//!
//! A graph only grows. [`Store::insert`] is the one way in: it alone runs shape rules, interns
//! names and locations and takes mistakes down. A loop or branch may gain outputs after that
//! ([`Store::extend`]); those that it has keep their places.

use std::collections::{BTreeMap, HashMap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::ids::{LocationId, MistakeId, NodeId, RegionId, TensorId, VariableId};
use crate::infer::{Surroundings, infer};
use crate::location::{Location, Trace};
use crate::mistake::{Mistake, MistakeKind, OperandNote, Problem};
use crate::names::{self, Names, OpenedScopes};
use crate::op::{Array, Control, Debug, Distribution, Math, Op, State, operand_label};
use crate::shape::{Dim, Shape, Symbol};

/// Where a node was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Site {
    /// The user's line.
    pub at: LocationId,
    /// The call around it, if the line stands in a closure or cell that a driver calls back.
    pub called_from: Option<LocationId>,
}

/// An operation as the graph keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// Its unique name.
    pub name: String,
    /// The path that the name was made unique from; a rename gives it back.
    asked_name: Option<String>,
    /// What is known of each of its outputs.
    pub outputs: Vec<Fact>,
    /// The region it belongs to.
    pub region: RegionId,
    /// Where it was built.
    pub site: Site,
    /// The operation on whose behalf it was added (a gradient's forward operation).
    pub origin: Option<NodeId>,
    /// The mistake that makes its outputs meaningless, its own or one that it depends on.
    pub poison: Option<MistakeId>,
}

/// How one operation depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edge {
    /// An output is an operand.
    Data {
        /// Which output of the source.
        output: u32,
        /// Which operand of the target.
        slot: u32,
    },
    /// The source runs first.
    Control,
}

/// The body of a loop or branch, or the root.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Region {
    /// The region around it; `None` for the root.
    pub parent: Option<RegionId>,
    /// What it is the body of, for reports: `scan`, `cond`.
    pub kind: String,
    /// Its parameters, in order.
    pub parameters: Vec<NodeId>,
    /// What is known of the parameters.
    pub parameter_facts: Vec<Fact>,
    /// Its results, in order. Empty while the body is being built.
    pub results: Vec<TensorId>,
    /// Its operations that write variables, themselves or in bodies that they own, ascending.
    pub writers: Vec<NodeId>,
    /// How many regions are around it.
    pub depth: usize,
    /// Where its loop or branch was called.
    pub site: Site,
}

/// A variable as the graph keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VariableRecord {
    /// Its unique name, under which a checkpoint keeps it.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its shape; a variable never changes it.
    pub shape: Vec<usize>,
    /// Whether optimizers train it by default.
    pub trainable: bool,
    /// Where it was made.
    pub site: Site,
    /// The initial value.
    pub initial_value: TensorId,
    /// The assignment of the initial value.
    pub initializer: NodeId,
    /// The one node that reads it at the start of a run.
    pub read: NodeId,
    /// The mistake that makes it meaningless.
    pub poison: Option<MistakeId>,
}

/// A member of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Member {
    /// A tensor.
    Tensor(TensorId),
    /// A variable.
    Variable(VariableId),
    /// An operation.
    Operation(NodeId),
}

/// How a new node gets its name.
#[derive(Clone, Debug)]
pub(crate) enum NewName<'a> {
    /// This name in the current scope, made unique.
    Unique(&'a str),
    /// This path exactly; the caller has it from [`Names::unique`].
    Exact(String),
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

/// A graph's contents, to be read. See [`Graph::view`](crate::Graph::view).
#[derive(Debug)]
pub struct Store {
    dag: DiGraph<Node, Edge>,
    pub(crate) names: Names,
    nodes_by_name: HashMap<String, NodeId>,
    locations: Vec<Location>,
    location_ids: HashMap<Location, LocationId>,
    pub(crate) regions: Vec<Region>,
    pub(crate) variables: Vec<VariableRecord>,
    /// Variables that `get_variable` made, by name.
    pub(crate) shared_variables: HashMap<String, VariableId>,
    pub(crate) variable_scopes: OpenedScopes,
    pub(crate) collections: BTreeMap<String, Vec<Member>>,
    pub(crate) mistakes: Vec<Mistake>,
    symbols: u32,
    /// The graph's random seed.
    pub(crate) seed: Option<u64>,
    /// How many random ops have taken their op seed by counting.
    pub(crate) counted_seeds: u64,
    /// Where the graph was finalized.
    pub(crate) finalized: Option<Site>,
    /// The last node of `global_variables_initializer`, and how many variables it covers.
    pub(crate) initializer: Option<(NodeId, usize)>,
}

impl Store {
    pub(crate) fn new() -> Store {
        let origin = Site {
            at: LocationId::from_index(0),
            called_from: None,
        };
        Store {
            dag: DiGraph::new(),
            names: Names::default(),
            nodes_by_name: HashMap::new(),
            locations: Vec::new(),
            location_ids: HashMap::new(),
            regions: vec![Region {
                parent: None,
                kind: "root".to_owned(),
                parameters: Vec::new(),
                parameter_facts: Vec::new(),
                results: Vec::new(),
                writers: Vec::new(),
                depth: 0,
                site: origin,
            }],
            variables: Vec::new(),
            shared_variables: HashMap::new(),
            variable_scopes: OpenedScopes::default(),
            collections: BTreeMap::new(),
            mistakes: Vec::new(),
            symbols: 0,
            seed: None,
            counted_seeds: 0,
            finalized: None,
            initializer: None,
        }
    }

    // ---- reading ----

    /// The number of operations. Their ids are 0, 1, 2, …
    pub fn node_count(&self) -> usize {
        self.dag.node_count()
    }

    /// Every operation's id, ascending: a topological order.
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.dag.node_count()).map(NodeId::from_index)
    }

    /// The underlying graph, for algorithms of `petgraph`.
    pub fn dag(&self) -> &DiGraph<Node, Edge> {
        &self.dag
    }

    /// An operation.
    ///
    /// # Panics
    /// If the id is not of this graph. Ids cannot be made outside of this crate but from a place
    /// in a table, so this is a fault of the code that mixed two graphs.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.dag[NodeIndex::new(id.index())]
    }

    /// The operands of an operation, in order.
    pub fn inputs(&self, id: NodeId) -> Vec<TensorId> {
        let mut inputs: Vec<(u32, TensorId)> = self
            .dag
            .edges_directed(NodeIndex::new(id.index()), Direction::Incoming)
            .filter_map(|edge| match *edge.weight() {
                Edge::Data { output, slot } => {
                    let source = NodeId::from_index(edge.source().index());
                    Some((slot, TensorId::new(source, output)))
                }
                Edge::Control => None,
            })
            .collect();
        inputs.sort_unstable();
        inputs.into_iter().map(|(_, tensor)| tensor).collect()
    }

    /// The operations that must run before this one although it uses nothing of them, ascending.
    pub fn controls(&self, id: NodeId) -> Vec<NodeId> {
        let mut controls: Vec<NodeId> = self
            .dag
            .edges_directed(NodeIndex::new(id.index()), Direction::Incoming)
            .filter(|edge| matches!(edge.weight(), Edge::Control))
            .map(|edge| NodeId::from_index(edge.source().index()))
            .collect();
        controls.sort_unstable();
        controls
    }

    /// What is known of a tensor.
    pub fn fact(&self, tensor: TensorId) -> &Fact {
        &self.node(tensor.node).outputs[tensor.output as usize]
    }

    /// A tensor's name: `rnn/transpose:0`.
    pub fn tensor_name(&self, tensor: TensorId) -> String {
        format!("{}:{}", self.node(tensor.node).name, tensor.output)
    }

    /// The operation of this name.
    pub fn node_by_name(&self, name: &str) -> Option<NodeId> {
        self.nodes_by_name.get(name).copied()
    }

    /// A region.
    pub fn region(&self, id: RegionId) -> &Region {
        &self.regions[id.index()]
    }

    /// Whether `region` is `around` or lies inside of it.
    pub fn is_within(&self, region: RegionId, around: RegionId) -> bool {
        let mut current = Some(region);
        while let Some(id) = current {
            if id == around {
                return true;
            }
            current = self.region(id).parent;
        }
        false
    }

    /// A variable.
    pub fn variable(&self, id: VariableId) -> &VariableRecord {
        &self.variables[id.index()]
    }

    /// Every variable's id, in the order of creation.
    pub fn variable_ids(&self) -> impl DoubleEndedIterator<Item = VariableId> + use<> {
        (0..self.variables.len()).map(VariableId::from_index)
    }

    /// The members of a collection, in the order of adding.
    pub fn collection(&self, name: &str) -> &[Member] {
        self.collections.get(name).map_or(&[], Vec::as_slice)
    }

    /// A mistake.
    pub fn mistake(&self, id: MistakeId) -> &Mistake {
        &self.mistakes[id.index()]
    }

    /// A source location in full.
    pub fn trace(&self, site: Site) -> Trace {
        Trace {
            at: self.locations[site.at.index()].clone(),
            called_from: site
                .called_from
                .map(|id| self.locations[id.index()].clone()),
        }
    }

    /// Where an operation was built.
    pub fn trace_of(&self, node: NodeId) -> Trace {
        self.trace(self.node(node).site)
    }

    /// An operand as a report lists it.
    pub fn operand_note(&self, label: &str, tensor: TensorId) -> OperandNote {
        let node = self.node(tensor.node);
        let fact = self.fact(tensor);
        let name = if node.outputs.len() > 1 {
            self.tensor_name(tensor)
        } else {
            node.name.clone()
        };
        OperandNote {
            label: label.to_owned(),
            // A read is the variable to the user.
            name: name
                .strip_suffix("/read")
                .map_or(name.clone(), str::to_owned),
            fact: format!("{}{}", fact.dtype, fact.shape),
            from: self.trace_of(tensor.node),
        }
    }

    /// Every operand of an operation as a report lists them.
    pub fn operand_notes(&self, op: &Op, inputs: &[TensorId]) -> Vec<OperandNote> {
        inputs
            .iter()
            .enumerate()
            .map(|(slot, tensor)| {
                self.operand_note(&operand_label(op, slot, inputs.len()), *tensor)
            })
            .collect()
    }

    // ---- growing ----

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
            NewName::Exact(path) => (path.clone(), None),
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
        for fact in &mut facts {
            self.identify_fact(fact);
        }
        if let Op::Array(Array::Split { sizes: None, .. }) = new.op {
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
        let Op::Control(control) = &op else {
            return Err(Problem::argument("only loops and branches have bodies"));
        };
        let bodies = control.giving_bodies();
        if let Some(place) = self.place_of_results(control, results) {
            return Ok(output_of(owner, control.output_of_result(place)));
        }
        self.check_open()?;
        let inputs: Vec<Fact> = self
            .inputs(owner)
            .iter()
            .map(|input| self.fact(*input).clone())
            .collect();
        for (body, result) in bodies.iter().zip(results) {
            self.regions[body.index()].results.push(*result);
        }
        let last = infer(&op, &inputs, self).map(|mut facts| facts.pop());
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
    fn place_of_results(&self, control: &Control, results: &[TensorId]) -> Option<usize> {
        let bodies = control.giving_bodies();
        let count = bodies
            .first()
            .map(|body| self.region(*body).results.len())?;
        (control.states()..count).find(|place| {
            let mut pairs = bodies.iter().zip(results);
            pairs.all(|(body, result)| self.region(*body).results.get(*place) == Some(result))
        })
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
            operands: self.operand_notes(&new.op, new.inputs),
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

    pub(crate) fn poison(&mut self, id: NodeId, mistake: MistakeId) {
        self.dag[NodeIndex::new(id.index())]
            .poison
            .get_or_insert(mistake);
    }
}

/// An output of an operation.
fn output_of(node: NodeId, place: usize) -> TensorId {
    TensorId::new(node, u32::try_from(place).unwrap_or(u32::MAX))
}

/// Gives all facts the shape of the first: equal pieces of an unknown size have one identity.
fn share_shape(facts: &mut [Fact]) {
    if let [first, others @ ..] = facts {
        for other in others {
            other.shape.clone_from(&first.shape);
        }
    }
}

impl Surroundings for Store {
    fn variable(&self, variable: VariableId) -> Fact {
        let record = Store::variable(self, variable);
        Fact::new(record.dtype, Shape::known(&record.shape))
    }

    fn parameters(&self, region: RegionId) -> Vec<Fact> {
        self.region(region).parameter_facts.clone()
    }

    fn results(&self, region: RegionId) -> Vec<Fact> {
        let results = &self.region(region).results;
        results
            .iter()
            .map(|result| self.fact(*result).clone())
            .collect()
    }
}
