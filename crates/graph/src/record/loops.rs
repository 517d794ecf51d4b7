//! When the outputs of loops and branches were there: some they gain after they were built.

use std::collections::HashMap;

use crate::ids::{NodeId, TensorId};
use crate::op::Op;
use crate::store::Store;

/// For each loop and branch, and each result of its bodies: the last operation that it and those before
/// it are made of.
pub(super) struct Births {
    of_results: HashMap<NodeId, Vec<NodeId>>,
}

impl Births {
    pub(super) fn new(store: &Store) -> Births {
        let mut births = Births {
            of_results: HashMap::new(),
        };
        for id in store.node_ids() {
            births.look_at(store, id);
        }
        births
    }

    /// Bodies are looked into before what owns them, however deep.
    fn look_at(&mut self, store: &Store, id: NodeId) {
        let Op::Control(control) = &store.node(id).op else {
            return;
        };
        if control.bodies().is_empty() || self.of_results.contains_key(&id) {
            return;
        }
        let mut births: Vec<NodeId> = Vec::new();
        for body in control.giving_bodies() {
            let mut last = NodeId::from_index(0);
            for (place, result) in store.region(body).results.iter().enumerate() {
                self.look_at(store, result.node);
                last = last.max(self.of(store, *result));
                match births.get_mut(place) {
                    Some(birth) => *birth = (*birth).max(last),
                    None => births.push(last),
                }
            }
        }
        self.of_results.insert(id, births);
    }

    /// The last operation that was built before the tensor was there.
    fn of(&self, store: &Store, tensor: TensorId) -> NodeId {
        let output = usize::try_from(tensor.output).unwrap_or(usize::MAX);
        let Op::Control(control) = &store.node(tensor.node).op else {
            return tensor.node;
        };
        let result = control.result_of_output(output);
        let births = self.of_results.get(&tensor.node);
        let birth = births
            .zip(result)
            .and_then(|(births, result)| births.get(result));
        birth.map_or(tensor.node, |birth| tensor.node.max(*birth))
    }

    /// How many outputs an operation has that it did not gain later.
    pub(super) fn outputs_from_start(&self, store: &Store, id: NodeId) -> usize {
        let node = store.node(id);
        if let (Op::Control(control), Some(births)) = (&node.op, self.of_results.get(&id)) {
            let first = births.iter().take_while(|birth| **birth < id).count();
            return first.saturating_add(usize::from(control.count_output().is_some()));
        }
        node.outputs.len()
    }

    /// Whether the tensor was there when operation `before` was built.
    pub(super) fn is_before(&self, store: &Store, tensor: TensorId, before: NodeId) -> bool {
        self.of(store, tensor) < before
    }
}
