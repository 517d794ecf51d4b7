//! Execute: the steps of a program, one after the other.

use std::sync::{Arc, Mutex, PoisonError};

use aqueduct_graph::Graph;
use aqueduct_graph::ir::Problem;

use crate::arena::Buffer;
use crate::compile;
use crate::engine::opaque::Opaque;
use crate::engine::program::{Binding, Instruction, Program, ScanProgram, Shard, Work};
use crate::error::{Error, Result};
use crate::execute::{Absent, Frame, Memory, Run, Version, failed};
use crate::kernels::step::{Step, arguments};
use crate::kernels::table::{Span, Table};
use crate::kernels::threads::Threads;
use crate::kernels::{Failure, Slice, SliceMut};
use crate::philox::Philox;
use crate::plan::{Operand, Plan};

impl Run<'_> {
    /// Runs the program of the frame's last stage.
    ///
    /// # Errors
    /// The first operation that fails.
    pub(crate) fn run_program(
        &mut self,
        frame: &mut Frame<'_>,
        plan: &Plan,
        program: &Program,
    ) -> Result<()> {
        let stage = frame.stages.last_mut();
        let mut workspace = stage.map(|stage| std::mem::take(&mut stage.memory.workspace));
        let workspace = workspace.get_or_insert_default();
        let done = self.run_in(workspace, frame, plan, program);
        if let Some(stage) = frame.stages.last_mut() {
            stage.memory.workspace = std::mem::take(workspace);
        }
        done
    }

    fn run_in(
        &mut self,
        workspace: &mut Workspace,
        frame: &mut Frame<'_>,
        plan: &Plan,
        program: &Program,
    ) -> Result<()> {
        let Workspace {
            table,
            shards,
            fresh,
        } = workspace;
        table.reset(program.bases.len());
        for (variable, _) in &program.fresh {
            fresh.push(Some(self.fresh_value(*variable)?));
        }
        self.bind(frame, plan, program, fresh, table)?;
        let mut engine = Engine {
            graph: self.graph,
            helpers: Some(Helpers {
                threads: self.threads,
                tables: shards,
            }),
            effects: Some(Effects {
                frame,
                plan,
                fresh,
                run: self,
            }),
        };
        engine.run(&program.steps, table)
    }

    fn bind(
        &self,
        frame: &mut Frame<'_>,
        plan: &Plan,
        program: &Program,
        fresh: &mut [Version],
        table: &mut Table,
    ) -> Result<()> {
        let mut first_absent: Option<(usize, Error)> = None;
        for (base, binding) in program.bases.iter().enumerate() {
            match binding {
                Binding::Arena => {
                    if let Some(stage) = frame.stages.last_mut() {
                        table.bind_mut(base, stage.memory.arena.bytes());
                    }
                }
                Binding::Given { operand, reader } => match frame.given(*operand) {
                    Ok(slice) => table.bind_slice(base, slice),
                    Err(absent) => {
                        let first = first_absent
                            .as_ref()
                            .map_or(usize::MAX, |(first, _)| *first);
                        if let Some((place, reader)) = reader
                            && *place < first
                        {
                            let report = self.absent(plan, Some(*reader), &absent);
                            first_absent = Some((*place, report));
                        }
                    }
                },
                Binding::Constant(index) => {
                    if let Some(value) = program.constants.get(*index) {
                        table.bind_slice(base, Slice::from(value.data()));
                    }
                }
                Binding::Fresh(index) => {
                    let value = fresh.get_mut(*index).and_then(Option::as_mut);
                    if let Some(value) = value.and_then(Arc::get_mut) {
                        table.bind_mut(base, SliceMut::from(value.data_mut()));
                    }
                }
                Binding::Written(_) | Binding::Loop => {}
            }
        }
        first_absent.map_or(Ok(()), |(_, report)| Err(report))
    }
}

/// What a run of a program needs besides its arena, and what the next run can use again.
#[derive(Default)]
pub(crate) struct Workspace {
    table: Table,
    /// A table for each shard of a loop.
    shards: Vec<Mutex<Table>>,
    /// New versions of variables that are not committed.
    fresh: Vec<Version>,
}

impl Workspace {
    /// Lets go of what a run that failed has not committed.
    pub(crate) fn clear(&mut self) {
        self.fresh.clear();
    }
}

/// What runs steps.
struct Engine<'e, 's, 'f> {
    graph: &'e Graph,
    /// `None` on a thread that has a part of the work already.
    helpers: Option<Helpers<'e>>,
    /// `None` where steps only compute.
    effects: Option<Effects<'e, 's, 'f>>,
}

/// Who may share the work.
struct Helpers<'e> {
    threads: &'e Threads,
    /// Memory for the tables of shards.
    tables: &'e mut Vec<Mutex<Table>>,
}

/// What steps do besides computing.
struct Effects<'e, 's, 'f> {
    run: &'e mut Run<'s>,
    frame: &'e mut Frame<'f>,
    plan: &'e Plan,
    /// New versions of variables that are not committed.
    fresh: &'e mut [Version],
}

impl Engine<'_, '_, '_> {
    fn run(&mut self, instructions: &[Instruction], table: &mut Table) -> Result<()> {
        for instruction in instructions {
            match &instruction.work {
                Work::Compute(step) => self.compute(instruction, step, table)?,
                Work::Scan(scan) => self.scan(instruction, scan, table)?,
                Work::Draw { .. } | Work::Commit { .. } | Work::Opaque { .. } => {
                    let Some(effects) = &mut self.effects else {
                        return Err(Error::internal("a part of the work has effects"));
                    };
                    effects.perform(instruction, table)?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn compute(&self, instruction: &Instruction, step: &Step, table: &Table) -> Result<()> {
        let tasks = step.tasks();
        let done = match &self.helpers {
            Some(Helpers { threads, .. }) if tasks > 1 && threads.count() > 1 => {
                let failure = Mutex::new(None);
                threads.run(tasks, &|task| {
                    if let Err(error) = step.run(table, task) {
                        *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    }
                });
                let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
                failure.map_or(Ok(()), Err)
            }
            Some(_) | None => (0..tasks).try_for_each(|task| step.run(table, task)),
        };
        done.map_err(|failure| self.failed(instruction, failure))
    }

    fn failed(&self, instruction: &Instruction, failure: Failure) -> Error {
        failed(self.graph, instruction.origin, &instruction.facts, failure)
    }

    fn scan(
        &mut self,
        instruction: &Instruction,
        scan: &ScanProgram,
        table: &mut Table,
    ) -> Result<()> {
        let limit = self.limit(instruction, scan, table)?;
        self.run(&scan.before, table)?;
        match &mut self.helpers {
            Some(helpers) if scan.shards.len() > 1 => {
                share(self.graph, scan, limit, table, helpers)?;
            }
            Some(_) | None => {
                for shard in &scan.shards {
                    self.shard(scan, shard, limit, table)?;
                }
            }
        }
        for (first, bytes) in &scan.stacked {
            table.clear_bytes(first.plus(limit * bytes), (scan.steps - limit) * bytes);
        }
        Ok(())
    }

    /// Runs all steps of a shard.
    fn shard(
        &mut self,
        scan: &ScanProgram,
        shard: &Shard,
        limit: usize,
        table: &mut Table,
    ) -> Result<()> {
        for fixed in &shard.fixed {
            table.bind_part(fixed.base, fixed.start, fixed.bytes);
        }
        for state in &shard.states {
            table.bind_part(state.old, state.initial, state.bytes);
        }
        for step in 0..limit {
            let place = if scan.reverse { limit - 1 - step } else { step };
            for moving in &shard.moving {
                let moved = moving.stride.wrapping_mul(place as isize);
                table.bind_part(moving.base, moving.start.moved(moved), moving.bytes);
            }
            for state in &shard.states {
                if let Some(buffers) = &state.buffers {
                    table.bind_part(state.new, buffers[step % 2], state.bytes);
                }
            }
            self.run(&shard.body, table)?;
            for state in &shard.states {
                table.rebind(state.old, state.new);
            }
        }
        for (state, last) in shard.states.iter().zip(&scan.last) {
            if let Some(last) = last {
                table.copy_bytes(state.old, last.plus(state.offset), state.bytes);
            }
        }
        Ok(())
    }

    /// How many elements a loop runs over.
    fn limit(&self, instruction: &Instruction, scan: &ScanProgram, table: &Table) -> Result<usize> {
        let Some(span) = scan.limit else {
            return Ok(scan.steps);
        };
        let steps = scan.steps;
        let limit = table.integer(span);
        let limit = limit.ok_or_else(|| Error::internal("a loop lacks its limit"))?;
        let fits = usize::try_from(limit).ok().filter(|limit| *limit <= steps);
        fits.ok_or_else(|| {
            let problem =
                Problem::argument(format!("limit is {limit} but the loop has {steps} steps"))
                    .help("a limit is from 0 to the number of steps");
            compile::failure(
                &self.graph.view(),
                instruction.origin,
                &instruction.facts,
                problem,
            )
        })
    }
}

/// Runs the shards of a loop, each on whichever thread is free.
fn share(
    graph: &Graph,
    scan: &ScanProgram,
    limit: usize,
    table: &Table,
    helpers: &mut Helpers<'_>,
) -> Result<()> {
    let count = helpers.tables.len().max(scan.shards.len());
    helpers.tables.resize_with(count, Mutex::default);
    let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let work = |index: usize| {
        let (shard, own) = (&scan.shards[index], &helpers.tables[index]);
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        own.copy_from(table);
        let mut engine = Engine {
            graph,
            helpers: None,
            effects: None,
        };
        if let Err(error) = engine.shard(scan, shard, limit, &mut own) {
            let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
            // The same failure whichever thread comes first.
            if first.as_ref().is_none_or(|(other, _)| index < *other) {
                *first = Some((index, error));
            }
        }
    };
    helpers.threads.run(scan.shards.len(), &work);
    let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    failure.map_or(Ok(()), |(_, error)| Err(error))
}

impl Effects<'_, '_, '_> {
    fn perform(&mut self, instruction: &Instruction, table: &mut Table) -> Result<()> {
        match &instruction.work {
            Work::Draw {
                kernel,
                blocks,
                inputs,
                outputs,
            } => {
                let graph = self.run.graph;
                let stream = self.run.streams.get_mut(&instruction.origin);
                let stream =
                    stream.ok_or_else(|| Error::internal("a random operation has no stream"))?;
                let mut philox = Philox::from(stream.seeds);
                philox.skip(stream.block);
                stream.block = stream.block.wrapping_add(*blocks);
                arguments(table, inputs, outputs)
                    .and_then(|mut args| kernel(&mut args, &philox))
                    .map_err(|failure| {
                        failed(graph, instruction.origin, &instruction.facts, failure)
                    })
            }
            Work::Commit { fresh, version } => {
                let value = self.fresh.get_mut(*fresh).and_then(Option::take);
                if let Some(place) = self.frame.versions.get_mut(*version) {
                    *place = value;
                }
                Ok(())
            }
            Work::Opaque {
                opaque,
                inputs,
                outputs,
                versions,
            } => {
                self.opaque(opaque, inputs, outputs, table)?;
                for (version, base) in versions {
                    if let Some(Some(value)) = self.frame.versions.get(*version) {
                        table.bind_slice(*base, Slice::from(value.data()));
                    }
                }
                Ok(())
            }
            Work::Compute(_) | Work::Scan(_) => Err(Error::internal("a step has no effect")),
        }
    }

    fn opaque(
        &mut self,
        opaque: &Opaque,
        inputs: &[Span],
        outputs: &[Span],
        table: &Table,
    ) -> Result<()> {
        let mut memory = TableMemory {
            table,
            inputs,
            outputs,
            taken: 0,
            versions: &self.frame.versions,
            program: self.plan.optimized.as_ref(),
        };
        let instruction = &opaque.instruction;
        let changes = self
            .run
            .run_instruction(instruction, &mut memory, self.plan)?;
        if let Some(stage) = self.frame.stages.last_mut() {
            changes.apply(&mut stage.memory.late, &mut self.frame.versions);
        }
        Ok(())
    }
}

/// The operands of an instruction that the plain executor runs, at their places in a program.
struct TableMemory<'a> {
    table: &'a Table,
    inputs: &'a [Span],
    outputs: &'a [Span],
    /// How many outputs were handed out.
    taken: usize,
    versions: &'a [Version],
    program: Option<&'a Program>,
}

impl TableMemory<'_> {
    /// Why an operand has no memory: only a variable without a value has none.
    fn unbound(&self, operand: Operand, base: usize) -> Absent {
        let binding = self.program.and_then(|program| program.bases.get(base));
        if let Some(Binding::Given {
            operand: Operand::Version(slot),
            ..
        }) = binding
        {
            Absent::Version(*slot)
        } else {
            Absent::Broken(operand)
        }
    }
}

impl<'a> Memory<'a> for TableMemory<'a> {
    fn read(&mut self, operand: Operand) -> std::result::Result<Slice<'a>, Absent> {
        match operand {
            Operand::Value(index) => {
                let span = self.inputs.get(index).ok_or(Absent::Broken(operand))?;
                if span.elements > 0 && !self.table.is_bound(span.first.base) {
                    return Err(self.unbound(operand, span.first.base));
                }
                Ok(self.table.slice(*span))
            }
            Operand::Version(slot) => {
                let version = self.versions.get(slot).ok_or(Absent::Broken(operand))?;
                let value = version.as_ref().ok_or(Absent::Version(slot))?;
                Ok(Slice::from(value.data()))
            }
            Operand::Buffer { .. }
            | Operand::Late { .. }
            | Operand::Input(_)
            | Operand::Constant(_) => Err(Absent::Broken(operand)),
        }
    }

    fn write(&mut self, _: usize, _: Buffer) -> Option<SliceMut<'a>> {
        let (before, rest) = self.outputs.split_at_checked(self.taken)?;
        let span = *rest.first()?;
        self.taken += 1;
        let apart = !self.table.meets_any(span, self.inputs.iter().chain(before));
        apart.then(|| self.table.slice_mut(span))
    }

    fn versions(&self) -> &'a [Version] {
        self.versions
    }
}
