//! Reports of operations that fail in a run.

use aqueduct_graph::ir::{Fact, NodeId, OperandNote, Problem, Store};

use crate::error::{Error, OperationFailure};

/// The report of an operation that failed: what it is, where it was built, and its operands with
/// the shapes of this run.
pub(crate) fn failure(store: &Store, id: NodeId, facts: &[Fact], problem: Problem) -> Error {
    let node = store.node(id);
    let notes = store.operand_notes(&node.op, &store.inputs(id));
    let operands: Vec<OperandNote> = notes
        .into_iter()
        .enumerate()
        .map(|(slot, note)| match facts.get(slot) {
            Some(fact) => OperandNote {
                fact: format!("{}{}", fact.dtype, fact.shape),
                ..note
            },
            None => note,
        })
        .collect();
    Error::Operation(Box::new(OperationFailure {
        subject: node.op.word(),
        name: node.name.clone(),
        message: problem.message,
        at: store.trace_of(id),
        operands,
        on_behalf_of: node
            .origin
            .map(|origin| (store.node(origin).name.clone(), store.trace_of(origin))),
        help: problem.help,
    }))
}
