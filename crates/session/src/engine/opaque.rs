//! Operations that the optimised program leaves to the plain executor.

use std::fmt;

use aqueduct_graph::ir::VariableId;

use crate::plan::{Action, Body, Instruction, Operand};

/// An instruction of the plain executor as one node.
///
/// Its operands are [`Operand::Value`]s, which number the operands of the node. The node's results are
/// those of the instruction that have a place in the arena, then the versions that it writes.
pub(crate) struct Opaque {
    pub(crate) instruction: Instruction,
    /// The versions of variables that it writes.
    pub(crate) versions: Vec<usize>,
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opaque")
            .field("node", &self.instruction.node)
            .finish_non_exhaustive()
    }
}

impl Instruction {
    /// Calls `f` with each operand: those of the operation, then what its bodies use from around.
    pub(crate) fn each_operand(&mut self, mut f: impl FnMut(&mut Operand)) {
        self.inputs.iter_mut().flatten().for_each(&mut f);
        for body in self.action.bodies() {
            body.captures.iter_mut().flatten().for_each(&mut f);
        }
    }
}

impl Action {
    fn bodies(&mut self) -> Vec<&mut Body> {
        match self {
            Action::Scan(scan) => vec![&mut scan.each.body],
            Action::While(repeated) => vec![&mut repeated.condition, &mut repeated.each.body],
            Action::Cond {
                then, otherwise, ..
            } => vec![then, otherwise],
            Action::Kernel(_)
            | Action::Draw { .. }
            | Action::Write { .. }
            | Action::IsInitialized { .. } => Vec::new(),
        }
    }

    /// The versions of variables that the action writes.
    pub(crate) fn versions(&self) -> Vec<(VariableId, usize)> {
        let body = match self {
            Action::Write { variable, to, .. } => return vec![(*variable, *to)],
            Action::Scan(scan) => &scan.each.body,
            Action::While(repeated) => &repeated.each.body,
            Action::Cond { then, .. } => then,
            Action::Kernel(_) | Action::Draw { .. } | Action::IsInitialized { .. } => {
                return Vec::new();
            }
        };
        let writes = body.writes.iter();
        writes.map(|write| (write.variable, write.after)).collect()
    }
}
