//! Branches, and what they have in common with loops: bodies, and the versions of variables in them.

use aqueduct_graph::Value;
use aqueduct_graph::ir::{NodeId, VariableId};
use smallvec::SmallVec;

use crate::compile::{self, Need};
use crate::error::Result;
use crate::execute::frame::{Memory, Version};
use crate::execute::stack::zeros;
use crate::execute::{Changes, Run};
use crate::kernels::{Args, Slice};
use crate::plan::{Body, Given, Instruction, Output, Plan};

impl Run<'_> {
    /// The tensors that a body uses from around.
    pub(super) fn captures<'a>(
        &self,
        body: &Body,
        memory: &mut dyn Memory<'a>,
        plan: &Plan,
        node: NodeId,
    ) -> Result<Vec<Option<Slice<'a>>>> {
        body.captures
            .iter()
            .map(|operand| match operand {
                Some(operand) => self.read(memory, *operand, plan, node).map(Some),
                None => Ok(None),
            })
            .collect()
    }

    /// Runs the taken branch, and gives its results.
    pub(super) fn branch(
        &mut self,
        instruction: &Instruction,
        (taken, body, given): (bool, &Body, &[Given]),
        args: &mut Args<'_>,
        captures: &[Option<Slice<'_>>],
        versions: &[Version],
    ) -> Result<Changes> {
        let frame = self
            .execute(&body.plan, captures, body.entry_versions(versions))
            .map_err(|error| {
                error.within(|| format!("the {taken} branch of {}", self.owner(instruction)))
            })?;
        let mut changes = Changes::default();
        for given in given {
            match instruction.outputs.get(given.output) {
                Some(Output::Late(slot)) => {
                    let value = match given.need {
                        Need::Value => self.result(&frame, given.result)?,
                        Need::Shape => {
                            let sizes = self.result_sizes(&frame, given.result)?.to_vec();
                            self.of_shape(instruction.node, given.output, sizes)?
                        }
                    };
                    changes.late.push((*slot, value));
                }
                Some(Output::Buffer(_)) => {
                    let (elements, _) = self.view_result(&frame, given.result)?;
                    if let Some(place) = args.any_output(given.output) {
                        place.copy_from(elements);
                    }
                }
                Some(Output::Nowhere) | None => {}
            }
        }
        let exits: Vec<(VariableId, Version)> = frame.exits().collect();
        changes.versions = body.exit_versions(&exits, versions);
        Ok(changes)
    }

    /// A value that stands for an output of which the shape alone is used.
    pub(super) fn of_shape(&self, node: NodeId, output: usize, sizes: Vec<usize>) -> Result<Value> {
        let dtype = self
            .graph
            .view()
            .fact(compile::output_of(node, output))
            .dtype;
        zeros(dtype, &sizes)
    }
}

impl Body {
    /// The versions that the body starts with, of those of the plan around it.
    pub(super) fn entry_versions(&self, versions: &[Version]) -> Vec<Version> {
        let version = |slot: &usize| versions.get(*slot).cloned().flatten();
        self.entry.iter().map(version).collect()
    }

    /// The body's last versions become those that its next run starts with.
    pub(super) fn carry(&self, exits: &[(VariableId, Version)], hidden: &mut [Version]) {
        for (variable, version) in exits {
            if let Ok(slot) = self.plan.entry.binary_search(variable)
                && let Some(place) = hidden.get_mut(slot)
            {
                place.clone_from(version);
            }
        }
    }

    /// The versions after the loop or branch: the body's last, or those from before where the body
    /// did not run or does not write.
    pub(super) fn exit_versions(
        &self,
        exits: &[(VariableId, Version)],
        versions: &[Version],
    ) -> SmallVec<[(usize, Version); 1]> {
        self.writes
            .iter()
            .map(|written| {
                let exit = exits
                    .iter()
                    .find(|(variable, _)| *variable == written.variable);
                let version = match exit {
                    Some((_, version)) => version.clone(),
                    None => versions.get(written.before).cloned().flatten(),
                };
                (written.after, version)
            })
            .collect()
    }
}
