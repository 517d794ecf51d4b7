//! The counters of random streams: kept by the names of the operations that draw from them.

use std::collections::HashMap;

use aqueduct_graph::ir::{NodeId, Op, Seeds, Store};

use super::format::StreamRecord;
use crate::state::Stream;

/// A random operation of a graph.
#[derive(Debug)]
pub(super) struct Drawer {
    pub(super) id: NodeId,
    name: String,
    /// Its seeds; `None` takes them from the operating system.
    seeds: Option<Seeds>,
}

/// The random operations of a graph, ascending by name.
pub(super) fn drawers(store: &Store) -> Vec<Drawer> {
    let drawer = |id: NodeId| {
        let node = store.node(id);
        let Op::Random(op) = &node.op else {
            return None;
        };
        Some(Drawer {
            id,
            name: node.name.clone(),
            seeds: op.seeds,
        })
    };
    let mut drawers: Vec<Drawer> = store.node_ids().filter_map(drawer).collect();
    drawers.sort_by(|one, other| one.name.cmp(&other.name));
    drawers
}

impl Drawer {
    /// What a checkpoint keeps of the operation. One that has not drawn yet is kept too if it has
    /// seeds, so that restoring takes it back to the start.
    pub(super) fn record(&self, stream: Option<Stream>) -> Option<StreamRecord> {
        let start = self.seeds.map(|seeds| Stream { seeds, block: 0 });
        let Stream { seeds, block } = stream.or(start)?;
        Some(StreamRecord {
            operation: self.name.clone(),
            graph_seed: seeds.graph,
            op_seed: seeds.op,
            block,
        })
    }
}

/// Where the streams of a graph go on, as a checkpoint has it. Records of other operations are
/// ignored, and those of operations whose seeds are others by now.
pub(super) fn matching(store: &Store, records: &[StreamRecord]) -> HashMap<NodeId, Stream> {
    let stream = |record: &StreamRecord| {
        let id = store.node_by_name(&record.operation)?;
        let Op::Random(op) = &store.node(id).op else {
            return None;
        };
        let seeds = Seeds {
            graph: record.graph_seed,
            op: record.op_seed,
        };
        let fits = op.seeds.is_none_or(|own| own == seeds);
        fits.then_some((
            id,
            Stream {
                seeds,
                block: record.block,
            },
        ))
    };
    records.iter().filter_map(stream).collect()
}
