//! Frames: the memory of one run of one region.

use std::sync::Arc;

use aqueduct_graph::ir::{Fact, TensorId};
use aqueduct_graph::{Graph, Value};

use smallvec::SmallVec;

use crate::arena::{Arena, Buffer, OpenArena};
use crate::engine::execute::Workspace;
use crate::error::{Error, Result};
use crate::kernels::{Slice, SliceMut};
use crate::memory::MemoryShortage;
use crate::plan::{Operand, Plan};

/// A version of a variable; `None` if the variable has no value.
pub(crate) type Version = Option<Arc<Value>>;

/// The memory of one run of one region: of each stage so far.
pub(crate) struct Frame<'a> {
    pub(crate) inputs: &'a [Option<Slice<'a>>],
    pub(crate) versions: Vec<Version>,
    /// There is one stage, unless a size is late.
    pub(crate) stages: SmallVec<[StageFrame; 1]>,
}

/// The memory of one stage.
pub(crate) struct StageFrame {
    pub(crate) plan: Arc<Plan>,
    pub(crate) memory: StageMemory,
}

/// What one stage writes to while it runs. The plan's pool keeps it from run to run.
pub(crate) struct StageMemory {
    pub(crate) arena: Arena,
    /// The values of late shape.
    pub(crate) late: Vec<Option<Value>>,
    pub(crate) workspace: Workspace,
}

impl StageMemory {
    /// Memory for a plan; `None` if the system has not enough.
    pub(crate) fn new(plan: &Plan) -> Option<StageMemory> {
        Some(StageMemory {
            arena: Arena::new(&plan.layout)?,
            late: Vec::new(),
            workspace: Workspace::default(),
        })
    }

    /// Lets go of all values, not of the memory that is of one size in all runs.
    pub(crate) fn clear(&mut self) {
        self.late.clear();
        self.workspace.clear();
    }
}

/// Why an operand cannot be had.
pub(crate) enum Absent {
    /// The version of a variable that has no value.
    Version(usize),
    /// The plan and the frame do not belong together.
    Broken(Operand),
}

impl<'a> Frame<'a> {
    /// A frame that starts with these versions of the plan's entry variables.
    pub(crate) fn new(inputs: &'a [Option<Slice<'a>>], entry: Vec<Version>) -> Frame<'a> {
        Frame {
            inputs,
            versions: entry,
            stages: SmallVec::new(),
        }
    }

    /// Makes room for the next stage.
    pub(crate) fn begin(&mut self, graph: &Graph, plan: Arc<Plan>) -> Result<()> {
        let memory = plan.take_memory();
        let mut memory = memory.ok_or_else(|| MemoryShortage::of_plan(graph, &plan))?;
        self.versions.resize(plan.versions, None);
        memory.late.resize(plan.late_values, None);
        self.stages.push(StageFrame { plan, memory });
        Ok(())
    }

    /// The elements of an operand, between instructions.
    pub(crate) fn read(&self, operand: Operand) -> std::result::Result<Slice<'_>, Absent> {
        let found = match operand {
            Operand::Buffer { stage, buffer } => self
                .stages
                .get(stage)
                .and_then(|stage| stage.memory.arena.read(buffer)),
            operand => return self.sources().read(operand),
        };
        found.ok_or(Absent::Broken(operand))
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            inputs: self.inputs,
            versions: &self.versions,
            earlier: &self.stages,
            late: &[],
            plan: self.stages.last().map(|stage| &*stage.plan),
        }
    }

    /// The elements of what the last stage is given.
    pub(crate) fn given(&self, operand: Operand) -> std::result::Result<Slice<'_>, Absent> {
        let Some((_, earlier)) = self.stages.split_last() else {
            return Err(Absent::Broken(operand));
        };
        let sources = Sources {
            earlier,
            ..self.sources()
        };
        sources.read(operand)
    }

    /// The last stage's plan.
    pub(crate) fn plan(&self) -> Result<&Arc<Plan>> {
        let stage = self.stages.last();
        stage
            .map(|stage| &stage.plan)
            .ok_or_else(|| Error::internal("nothing was run"))
    }

    /// A result of the region and its sizes. `Err` names the version of a variable that has no value.
    pub(crate) fn result(
        &self,
        index: usize,
    ) -> std::result::Result<(Slice<'_>, &[usize]), Absent> {
        let operand = self.result_place(index);
        let operand = operand.ok_or(Absent::Broken(Operand::Input(index)))?;
        Ok((self.read(operand)?, self.result_sizes(index)?))
    }

    /// The sizes of a result of the region.
    pub(crate) fn result_sizes(&self, index: usize) -> std::result::Result<&[usize], Absent> {
        let last = self.stages.last().map(|stage| &stage.plan);
        let planned = last.and_then(|plan| plan.result_sizes.get(index)?.as_deref());
        let late = || self.late_sizes(self.result_place(index)?);
        planned
            .or_else(late)
            .ok_or(Absent::Broken(Operand::Input(index)))
    }

    fn result_place(&self, index: usize) -> Option<Operand> {
        let last = self.stages.last()?;
        last.plan.results.get(index).copied().flatten()
    }

    pub(super) fn late_sizes(&self, operand: Operand) -> Option<&[usize]> {
        let Operand::Late { stage, slot } = operand else {
            return None;
        };
        let value = self.stages.get(stage)?.memory.late.get(slot)?.as_ref()?;
        Some(value.shape())
    }

    /// The last version of each variable that the region writes.
    pub(crate) fn exits(&self) -> impl Iterator<Item = (aqueduct_graph::ir::VariableId, Version)> {
        let plan = self.stages.last().map(|stage| &stage.plan);
        plan.into_iter()
            .flat_map(|plan| &plan.exits)
            .map(|(variable, slot)| (*variable, self.versions.get(*slot).cloned().flatten()))
    }

    /// Takes the versions out, when nothing is read any more.
    pub(crate) fn into_versions(mut self) -> Vec<Version> {
        std::mem::take(&mut self.versions)
    }

    /// What the next stage must know: the shapes, and the elements of small integer tensors.
    pub(crate) fn late_facts(&self) -> std::result::Result<Vec<(TensorId, Fact)>, Absent> {
        let next = self
            .stages
            .last()
            .and_then(|stage| stage.plan.next.as_ref());
        let mut facts = Vec::new();
        for (tensor, operand) in next.iter().flat_map(|next| &next.late) {
            let elements = self.read(*operand)?;
            let planned = next.and_then(|next| next.draft.sizes_of(*tensor));
            let sizes = planned
                .as_deref()
                .or_else(|| self.late_sizes(*operand))
                .ok_or(Absent::Broken(*operand))?;
            facts.push((*tensor, elements.fact(sizes)));
        }
        Ok(facts)
    }
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        for stage in self.stages.drain(..) {
            stage.plan.give_memory(stage.memory);
        }
    }
}

/// Where operands come from while an instruction of the last stage runs, but for that stage's arena.
pub(crate) struct Sources<'a> {
    pub(crate) inputs: &'a [Option<Slice<'a>>],
    pub(crate) versions: &'a [Version],
    pub(crate) earlier: &'a [StageFrame],
    pub(crate) late: &'a [Option<Value>],
    pub(crate) plan: Option<&'a Plan>,
}

/// Where an instruction finds its operands, and puts its results.
pub(crate) trait Memory<'a> {
    /// The elements of an operand.
    fn read(&mut self, operand: Operand) -> std::result::Result<Slice<'a>, Absent>;

    /// The elements of a result, to be written; `None` if they are an operand's too.
    fn write(&mut self, output: usize, buffer: Buffer) -> Option<SliceMut<'a>>;

    /// The versions of variables so far.
    fn versions(&self) -> &'a [Version];
}

/// The sources of a stage, and its open arena.
pub(crate) struct Opened<'a> {
    pub(crate) sources: Sources<'a>,
    pub(crate) arena: OpenArena<'a>,
}

impl<'a> Memory<'a> for Opened<'a> {
    fn read(&mut self, operand: Operand) -> std::result::Result<Slice<'a>, Absent> {
        match operand {
            Operand::Buffer { stage, buffer } if stage == self.sources.earlier.len() => {
                self.arena.read(buffer).ok_or(Absent::Broken(operand))
            }
            operand => self.sources.read(operand),
        }
    }

    fn write(&mut self, _: usize, buffer: Buffer) -> Option<SliceMut<'a>> {
        self.arena.write(buffer)
    }

    fn versions(&self) -> &'a [Version] {
        self.sources.versions
    }
}

impl<'a> Sources<'a> {
    /// The elements of an operand that is not in the arena of the last stage.
    pub(crate) fn read(&self, operand: Operand) -> std::result::Result<Slice<'a>, Absent> {
        let found = match operand {
            Operand::Buffer { stage, buffer } => self
                .earlier
                .get(stage)
                .and_then(|stage| stage.memory.arena.read(buffer)),
            Operand::Late { stage, slot } => {
                let late = self
                    .earlier
                    .get(stage)
                    .map_or(self.late, |stage| &stage.memory.late);
                late.get(slot)
                    .and_then(Option::as_ref)
                    .map(|value| Slice::from(value.data()))
            }
            Operand::Input(slot) => self.inputs.get(slot).copied().flatten(),
            Operand::Constant(slot) => self
                .plan
                .and_then(|plan| plan.constants.get(slot))
                .map(|value| Slice::from(value.data())),
            Operand::Version(slot) => {
                let version = self.versions.get(slot).ok_or(Absent::Broken(operand))?;
                let value = version.as_ref().ok_or(Absent::Version(slot))?;
                Some(Slice::from(value.data()))
            }
            // Only while compiling.
            Operand::Value(_) => None,
        };
        found.ok_or(Absent::Broken(operand))
    }
}
