//! From a graph to its record.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::HashMap;
use std::sync::Arc;

use super::symbols::Numbering;
use super::{ExportError, GraphRecord, NodeRecord, OpRecord, RegionRecord};
use crate::custom::{Custom, Registration};
use crate::ids::{NodeId, RegionId, TensorId};
use crate::mistake::Mistakes;
use crate::op::{Array, Control, Op};
use crate::store::{Region, Store};
use crate::value::Value;

pub(super) fn record(store: &Store) -> Result<GraphRecord, ExportError> {
    if !store.mistakes.is_empty() {
        return Err(ExportError::Mistakes(Mistakes(store.mistakes.clone())));
    }
    let mut writer = Writer {
        store,
        numbering: Numbering::new(store),
        constants: Vec::new(),
        places: HashMap::new(),
    };
    let ids = store.node_ids();
    let nodes = ids
        .map(|id| writer.node(id))
        .collect::<Result<Vec<NodeRecord>, ExportError>>()?;
    let shared = store.shared_variables.iter();
    let mut shared_variables: Vec<_> = shared.map(|(path, id)| (path.clone(), *id)).collect();
    shared_variables.sort_unstable();
    let collections = store.collections.iter();
    Ok(GraphRecord {
        locations: store.locations().to_vec(),
        constants: writer.constants,
        sizes: writer.numbering.into_sources(),
        regions: store.regions.iter().filter_map(region).collect(),
        variables: store.variables.clone(),
        nodes,
        collections: collections
            .map(|(name, members)| (name.clone(), members.list().to_vec()))
            .collect(),
        names: store.names.entries(),
        variable_scopes: store.variable_scopes.paths(),
        shared_variables,
        seed: store.seed,
        counted_seeds: store.counted_seeds,
        initializer: store.initializer,
    })
}

/// `None` for the root.
fn region(region: &Region) -> Option<RegionRecord> {
    Some(RegionRecord {
        parent: region.parent?,
        kind: region.kind.clone(),
        parameters: region.parameters.clone(),
        results: region.results.clone(),
        site: region.site,
    })
}

struct Writer<'s> {
    store: &'s Store,
    numbering: Numbering<'s>,
    constants: Vec<Arc<Value>>,
    /// The place of each value that is in the table, by its address.
    places: HashMap<*const Value, usize>,
}

impl Writer<'_> {
    fn node(&mut self, id: NodeId) -> Result<NodeRecord, ExportError> {
        let node = self.store.node(id);
        if let Some(replaced) = self.store.replaced_gradient(id) {
            return Err(ExportError::ReplacedGradient {
                operation: node.name.clone(),
                at: self.store.trace_of(id),
                gradient: replaced.name().to_owned(),
            });
        }
        Ok(NodeRecord {
            op: self.op(id)?,
            inputs: self.store.inputs(id),
            controls: self.store.controls(id),
            name: node.name.clone(),
            asked_name: node.asked_name().map(str::to_owned),
            region: node.region,
            site: node.site,
            origin: node.origin,
            outputs: node.outputs.iter().map(|fact| fact.dtype).collect(),
        })
    }

    fn op(&mut self, id: NodeId) -> Result<OpRecord, ExportError> {
        Ok(match &self.store.node(id).op {
            Op::Array(Array::Constant(value)) => OpRecord::Constant(self.constant(value)),
            Op::Array(Array::Placeholder { dtype, shape }) => {
                let (dtype, shape) = (*dtype, self.numbering.shape(shape, id));
                OpRecord::Plain(Array::Placeholder { dtype, shape }.into())
            }
            Op::Array(Array::PlaceholderWithDefault { shape }) => {
                let shape = shape.without_identities();
                OpRecord::Plain(Array::PlaceholderWithDefault { shape }.into())
            }
            Op::Control(Control::Parameter { region, index }) => {
                self.parameter(id, *region, *index)
            }
            Op::Custom(op) => OpRecord::Custom(self.custom(id, op)?),
            op @ (Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Control(_)
            | Op::Debug(_)) => OpRecord::Plain(op.clone()),
        })
    }

    fn constant(&mut self, value: &Arc<Value>) -> usize {
        let next = self.constants.len();
        let place = *self.places.entry(Arc::as_ptr(value)).or_insert(next);
        if place == next {
            self.constants.push(Arc::clone(value));
        }
        place
    }

    fn parameter(&mut self, id: NodeId, region: RegionId, index: usize) -> OpRecord {
        let facts = &self.store.region(region).parameter_facts;
        let fact = facts.get(index);
        let fact = fact.unwrap_or_else(|| self.store.fact(TensorId::new(id, 0)));
        OpRecord::Parameter {
            dtype: fact.dtype,
            shape: self.numbering.shape(&fact.shape, id),
        }
    }

    fn custom(&self, id: NodeId, op: &Custom) -> Result<String, ExportError> {
        let (operation, at) = (self.store.node(id).name.clone(), self.store.trace_of(id));
        let taken = match op.registration() {
            Registration::Registered => return Ok(op.name().to_owned()),
            Registration::Closure => return Err(ExportError::Closure { operation, at }),
            Registration::Taken => true,
            Registration::Missing => false,
        };
        Err(ExportError::Unregistered {
            operation,
            at,
            op: op.name().to_owned(),
            taken,
        })
    }
}
