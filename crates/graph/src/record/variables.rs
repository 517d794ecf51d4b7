//! Variables: a record and the three operations that belong to it must fit each other.

use std::collections::HashSet;

use super::ImportError;
use crate::ids::{NodeId, RegionId, TensorId, VariableId};
use crate::names;
use crate::op::{Op, State, Update};
use crate::shown;
use crate::store::{Node, Store, VariableRecord};

fn invalid(variable: &VariableRecord, reason: impl Into<String>) -> ImportError {
    ImportError::invalid(
        format!("variable `{}`", shown::name(&variable.name)),
        reason,
    )
}

/// Checks what can be told of the variables before there are operations.
pub(super) fn check_records(
    variables: &[VariableRecord],
    locations: usize,
) -> Result<(), ImportError> {
    let mut names = HashSet::new();
    for variable in variables {
        if !names::is_valid(&variable.name) || !names.insert(variable.name.as_str()) {
            return Err(invalid(variable, "has a name that is taken, or is none"));
        }
        if variable.poison.is_some() {
            return Err(invalid(variable, "is poisoned"));
        }
        if !variable.site.is_below(locations) {
            return Err(invalid(variable, "was made at a place that is not there"));
        }
    }
    Ok(())
}

/// Checks an operation on a variable that is about to be inserted as `id`: the first that writes it
/// is its initializer, the next its read, and all others come after these.
pub(super) fn check_use(store: &Store, id: NodeId, op: State) -> Result<(), String> {
    let Some(variable) = store.variables.get(op.variable().index()) else {
        return Err("uses a variable that does not exist".to_owned());
    };
    let is_read = matches!(op, State::Read(_));
    if id == variable.initializer || id == variable.read || (id > variable.read && !is_read) {
        return Ok(());
    }
    Err(format!(
        "uses variable `{}` out of order",
        shown::name(&variable.name)
    ))
}

/// Checks that the operations of each variable are what its record says.
pub(super) fn check_nodes(store: &Store) -> Result<(), ImportError> {
    for (place, variable) in store.variables.iter().enumerate() {
        let id = VariableId::from_index(place);
        check_initializer(store, variable, id).map_err(|reason| invalid(variable, reason))?;
        check_read(store, variable, id).map_err(|reason| invalid(variable, reason))?;
    }
    Ok(())
}

fn check_initializer(
    store: &Store,
    variable: &VariableRecord,
    id: VariableId,
) -> Result<(), String> {
    let initializer = node(store, variable.initializer).ok_or("has no initializer")?;
    let initial = variable.initial_value;
    let assigns = initializer.op == Op::State(State::Assign(id, Update::Set))
        && initializer.region == RegionId::ROOT
        && store.inputs(variable.initializer) == [initial];
    if !assigns {
        return Err("has an initializer that does not assign its initial value".to_owned());
    }
    let fact = store.fact(initial);
    if fact.dtype != variable.dtype || fact.shape.sizes().as_ref() != Some(&variable.shape) {
        return Err(format!(
            "is {}{} but its initial value is {}{}",
            variable.dtype,
            shown::shape(&variable.shape),
            fact.dtype,
            fact.shape
        ));
    }
    Ok(())
}

fn check_read(store: &Store, variable: &VariableRecord, id: VariableId) -> Result<(), String> {
    let read = node(store, variable.read).ok_or("has no operation that reads it")?;
    let reads = read.op == Op::State(State::Read(id))
        && read.region == RegionId::ROOT
        && variable.initializer < variable.read;
    if reads {
        Ok(())
    } else {
        Err("is read by another operation than its record says".to_owned())
    }
}

fn node(store: &Store, id: NodeId) -> Option<&Node> {
    (id.index() < store.node_count()).then(|| store.node(id))
}

/// Whether the tensor is there.
pub(super) fn has_tensor(store: &Store, tensor: TensorId) -> bool {
    let output = usize::try_from(tensor.output);
    node(store, tensor.node)
        .zip(output.ok())
        .is_some_and(|(node, output)| output < node.outputs.len())
}
