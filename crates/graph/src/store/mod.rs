//! The storage of a graph: nodes and edges in a `petgraph` graph, everything else in side tables.
//!
//! A graph only grows. [`Store::insert`] is the one way in: it alone runs shape rules, interns
//! names and locations and takes mistakes down. A loop or branch may gain outputs after that
//! ([`Store::extend`]); those that it has keep their places.

mod grow;
mod records;

use std::collections::{BTreeMap, HashMap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::custom::ReplacedGradient;
use crate::fact::Fact;
use crate::ids::{LocationId, MistakeId, NodeId, RegionId, TensorId, VariableId};
use crate::infer::Surroundings;
use crate::location::{Location, Trace};
use crate::mistake::{Mistake, OperandNote};
use crate::names::{Names, OpenedScopes};
use crate::op::{Op, operand_label};
use crate::shape::Shape;

pub(crate) use grow::{NewName, NewNode};
pub(crate) use records::Members;
pub use records::{Edge, Member, Node, Region, Site, VariableRecord};

/// A graph's contents, to be read. See [`Graph::view`](crate::Graph::view).
#[derive(Debug)]
pub struct Store {
    dag: DiGraph<Node, Edge>,
    pub(crate) names: Names,
    nodes_by_name: HashMap<String, NodeId>,
    locations: Vec<Location>,
    location_ids: HashMap<Location, LocationId>,
    pub(crate) regions: Vec<Region>,
    /// By the first body of the loop or branch.
    result_places: HashMap<RegionId, grow::ResultPlaces>,
    pub(crate) variables: Vec<VariableRecord>,
    /// Variables that `get_variable` made, by name.
    pub(crate) shared_variables: HashMap<String, VariableId>,
    pub(crate) variable_scopes: OpenedScopes,
    pub(crate) collections: BTreeMap<String, Members>,
    pub(crate) mistakes: Vec<Mistake>,
    /// Of operations whose gradient is the user's.
    pub(crate) replaced_gradients: HashMap<NodeId, ReplacedGradient>,
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
            result_places: HashMap::new(),
            variables: Vec::new(),
            shared_variables: HashMap::new(),
            variable_scopes: OpenedScopes::default(),
            collections: BTreeMap::new(),
            mistakes: Vec::new(),
            replaced_gradients: HashMap::new(),
            symbols: 0,
            seed: None,
            counted_seeds: 0,
            finalized: None,
            initializer: None,
        }
    }

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
        self.collections.get(name).map_or(&[], Members::list)
    }

    /// A mistake.
    pub fn mistake(&self, id: MistakeId) -> &Mistake {
        &self.mistakes[id.index()]
    }

    /// The interned source locations, in the order of their ids.
    pub(crate) fn locations(&self) -> &[Location] {
        &self.locations
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
}

impl Surroundings for Store {
    fn variable(&self, variable: VariableId) -> Fact {
        let record = Store::variable(self, variable);
        Fact::new(record.dtype, Shape::known(&record.shape))
    }

    fn parameters(&self, region: RegionId) -> Vec<Fact> {
        self.region(region).parameter_facts.clone()
    }

    fn parameter(&self, region: RegionId, index: usize) -> Option<Fact> {
        self.region(region).parameter_facts.get(index).cloned()
    }

    fn results(&self, region: RegionId) -> Vec<Fact> {
        let results = &self.region(region).results;
        results
            .iter()
            .map(|result| self.fact(*result).clone())
            .collect()
    }
}
