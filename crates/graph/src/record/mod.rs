//! A graph as plain data: what a file keeps of it, and what a graph is made of again.
//!
//! A record tells how a graph was built, never what follows from that. [`Graph::from_record`] builds
//! it once more through the one way in, so shape rules run anew, and whatever a record says the graph
//! is one that could have been built by hand, or is refused.

mod error;
mod export;
mod import;
mod loops;
mod names;
mod symbols;
mod tables;
mod variables;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use error::{ExportError, ImportError};

use crate::element::DType;
use crate::graph::Graph;
use crate::ids::{NodeId, RegionId, TensorId, VariableId};
use crate::location::Location;
use crate::op::Op;
use crate::shape::Shape;
use crate::store::{Member, Site, VariableRecord};
use crate::value::Value;

/// A whole graph as plain data. See [`Graph::to_record`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphRecord {
    /// Places in the source of the program that built the graph. None is there twice.
    pub locations: Vec<Location>,
    /// The values of constants, in the order of their first use.
    pub constants: Vec<Arc<Value>>,
    /// Where the unknown sizes that placeholders and parameters name come from: that of number 1
    /// stands first. They are numbered in the order in which they are named first.
    pub sizes: Vec<Option<SizeSource>>,
    /// The bodies of loops and branches: region 1 stands first, as region 0 is the graph itself.
    pub regions: Vec<RegionRecord>,
    /// The variables.
    pub variables: Vec<VariableRecord>,
    /// The operations.
    pub nodes: Vec<NodeRecord>,
    /// Collections by name, ascending.
    pub collections: Vec<(String, Vec<Member>)>,
    /// Names in use, in lower case and ascending, and how often each was asked for.
    pub names: Vec<(String, u32)>,
    /// Paths of variable scopes that were opened, ascending.
    pub variable_scopes: Vec<String>,
    /// Variables that `get_variable` made, by path, ascending.
    pub shared_variables: Vec<(String, VariableId)>,
    /// The graph's random seed.
    pub seed: Option<u64>,
    /// How many random operations have taken their seed by counting.
    pub counted_seeds: u64,
    /// The operation that `global_variables_initializer` gives, and how many variables it covers.
    pub initializer: Option<(NodeId, usize)>,
}

/// A body of a loop or branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionRecord {
    /// The region around it, which has a lower number.
    pub parent: RegionId,
    /// What it is the body of, for reports: `scan`, `cond`.
    pub kind: String,
    /// Its parameters, in order.
    pub parameters: Vec<NodeId>,
    /// Its results, in order; operations of its own give them.
    pub results: Vec<TensorId>,
    /// Where its loop or branch was called.
    pub site: Site,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// What it computes.
    pub op: OpRecord,
    /// Its operands, in order.
    pub inputs: Vec<TensorId>,
    /// What runs before it besides, ascending.
    pub controls: Vec<NodeId>,
    /// Its unique name.
    pub name: String,
    /// What the name was made unique from, if it was.
    pub asked_name: Option<String>,
    /// The region it belongs to.
    pub region: RegionId,
    /// Where it was built.
    pub site: Site,
    /// The operation on whose behalf it was added.
    pub origin: Option<NodeId>,
    /// The element types of its outputs, with those that it gained after it was built.
    pub outputs: Vec<DType>,
}

/// What an operation computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OpRecord {
    /// An op that says everything itself: not one of those below.
    Plain(Op),
    /// A constant: its place in the table of values.
    Constant(usize),
    /// A parameter of the region that the operation belongs to.
    Parameter {
        /// The element type.
        dtype: DType,
        /// What is known of the shape.
        shape: Shape,
    },
    /// An op of the user's own, by the name that it is registered under.
    Custom(String),
}

/// Where an unknown size is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SizeSource {
    /// The size of a tensor along an axis.
    Axis(TensorId, usize),
    /// An element of a small tensor of integers.
    Element(TensorId, usize),
}

impl Graph {
    /// The graph as plain data, of which [`Graph::from_record`] makes an equal one.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// let y = (x * 2.0).reduce_sum(1);
    /// let again = Graph::from_record(g.to_record()?)?;
    /// assert_eq!(again.to_text(), g.to_text());
    /// assert_eq!(again.get_tensor_by_name(&y.name())?.shape().to_string(), "[?]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The graph has mistakes, or Rust code that plain data cannot hold: closures as ops, gradients
    /// in place of others, custom ops that are not registered.
    pub fn to_record(&self) -> Result<GraphRecord, ExportError> {
        export::record(&self.view())
    }

    /// The graph that a record tells of.
    ///
    /// It can be built on, differentiated and run as if it had been built here: names go on where
    /// they were, and reports name the lines of the program that built it.
    ///
    /// # Errors
    /// No graph could have been built so; or a custom op that it uses is not registered.
    pub fn from_record(record: GraphRecord) -> Result<Graph, ImportError> {
        import::store(record).map(Graph::of_store)
    }
}
