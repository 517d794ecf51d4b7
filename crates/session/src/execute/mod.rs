//! Execute: a loop over the instructions of a plan, stage by stage.

mod frame;
mod loops;
mod numerics;
mod stack;
mod structured;

use std::sync::Arc;

use aqueduct_graph::ir::{Data, Fact, Int, NodeId, Problem, Update, VariableId};
use aqueduct_graph::{DType, Graph, Value};
use smallvec::{SmallVec, smallvec};

pub(crate) use frame::{Absent, Frame, Memory, Sources, StageMemory, Version};

use crate::cache::PlanCache;
use crate::compile;
use crate::error::{Error, Result, UninitializedVariable};
use crate::kernels::threads::Threads;
use crate::kernels::{Args, Failure, Slice, SliceMut, state};
use crate::memory::MemoryShortage;
use crate::numerics::NumericsCheck;
use crate::philox::Philox;
use crate::plan::{Action, Change, Instruction, Operand, Output, Plan};
use crate::state::{Spares, Streams};
use frame::{Opened, StageFrame};

/// What a run needs besides its plan and its inputs.
pub(crate) struct Run<'s> {
    pub(crate) graph: &'s Graph,
    pub(crate) plans: &'s PlanCache,
    /// The threads among which optimised programs share their work.
    pub(crate) threads: &'s Threads,
    /// Whether what each operation gives is looked at.
    pub(crate) numerics: NumericsCheck,
    /// The streams of the random operations that the run may execute.
    pub(crate) streams: &'s mut Streams,
    /// Memory for new versions of variables; only a run that writes has some.
    pub(crate) spares: Option<&'s mut Spares>,
}

impl Instruction {
    /// The results of late shape that a kernel has made, where they belong.
    fn late_results(&self, args: &mut Args<'_>) -> Changes {
        let made = args.take_made().into_iter();
        let late = made.filter_map(|(index, value)| match self.outputs.get(index) {
            Some(Output::Late(slot)) => Some((*slot, value)),
            Some(Output::Buffer(_) | Output::Nowhere) | None => None,
        });
        Changes {
            late: late.collect(),
            ..Changes::default()
        }
    }
}

/// What an instruction does besides writing to the arena.
#[derive(Default)]
pub(crate) struct Changes {
    late: Vec<(usize, Value)>,
    versions: SmallVec<[(usize, Version); 1]>,
}

impl Changes {
    /// Puts values of late shape and versions of variables where they belong.
    pub(crate) fn apply(self, late: &mut [Option<Value>], versions: &mut [Version]) {
        for (slot, value) in self.late {
            if let Some(place) = late.get_mut(slot) {
                *place = Some(value);
            }
        }
        for (slot, version) in self.versions {
            if let Some(place) = versions.get_mut(slot) {
                *place = version;
            }
        }
    }
}

impl Run<'_> {
    /// Runs a region: its plan, and the stages that come after it.
    ///
    /// # Errors
    /// The first operation that fails. Nothing outside of the frame has changed then but the run's
    /// own streams, which the session forgets.
    pub(crate) fn execute<'a>(
        &mut self,
        plan: &Arc<Plan>,
        inputs: &'a [Option<Slice<'a>>],
        entry: Vec<Version>,
    ) -> Result<Frame<'a>> {
        let mut frame = Frame::new(inputs, entry);
        let mut plan = Arc::clone(plan);
        if let Some(refusal) = &plan.refusal {
            return Err(Error::Operation(refusal.clone()));
        }
        loop {
            frame.begin(self.graph, Arc::clone(&plan))?;
            match &plan.optimized {
                Some(program) => self.run_program(&mut frame, &plan, program)?,
                None => {
                    for instruction in &plan.program {
                        self.perform(&mut frame, instruction)?;
                    }
                }
            }
            match self.next_stage(&frame, &plan)? {
                Some(next) => plan = next,
                None => return Ok(frame),
            }
        }
    }

    /// The plan of what a late size has put off, now that it is known.
    fn next_stage(&self, frame: &Frame<'_>, plan: &Plan) -> Result<Option<Arc<Plan>>> {
        let Some(next) = &plan.next else {
            return Ok(None);
        };
        let late = match frame.late_facts() {
            Ok(late) => late,
            Err(absent) => return Err(self.absent(plan, None, &absent)),
        };
        let facts: Vec<Fact> = late.iter().map(|(_, fact)| fact.clone()).collect();
        let planned = self.plans.next_stage(plan.id, facts, || {
            compile::continue_plan(&self.graph.view(), &next.draft, &late)
        })?;
        Ok(Some(planned))
    }

    fn perform(&mut self, frame: &mut Frame<'_>, instruction: &Instruction) -> Result<()> {
        let Some((current, earlier)) = frame.stages.split_last_mut() else {
            return Err(Error::internal("an instruction has no stage"));
        };
        let StageFrame { plan, memory } = current;
        let StageMemory { arena, late, .. } = memory;
        let sources = Sources {
            inputs: frame.inputs,
            versions: &frame.versions,
            earlier,
            late,
            plan: Some(plan),
        };
        let mut memory = Opened {
            sources,
            arena: arena.open(),
        };
        let changes = self.run_instruction(instruction, &mut memory, plan)?;
        changes.apply(late, &mut frame.versions);
        if self.numerics.is_on() {
            self.check_results(frame, instruction)?;
        }
        Ok(())
    }

    /// Runs one instruction on operands and results in `memory`.
    pub(crate) fn run_instruction<'a>(
        &mut self,
        instruction: &Instruction,
        memory: &mut dyn Memory<'a>,
        plan: &Plan,
    ) -> Result<Changes> {
        let node = instruction.node;
        let mut args = Args::new();
        for operand in &instruction.inputs {
            let slice = match operand {
                Some(operand) => Some(self.read(memory, *operand, plan, node)?),
                None => None,
            };
            args.push_input(slice);
        }
        for (index, output) in instruction.outputs.iter().enumerate() {
            match output {
                Output::Buffer(buffer) => match memory.write(index, *buffer) {
                    Some(slice) => args.push_output(slice),
                    None => return Err(Error::internal("an output overlaps an operand")),
                },
                Output::Late(_) | Output::Nowhere => args.skip_output(),
            }
        }
        let done = match &instruction.action {
            Action::Kernel(kernel) => {
                kernel(&mut args).map(|()| instruction.late_results(&mut args))
            }
            Action::Draw { kernel, blocks } => {
                let stream = self.streams.get_mut(&node);
                let stream =
                    stream.ok_or_else(|| Error::internal("a random operation has no stream"))?;
                let mut philox = Philox::from(stream.seeds);
                philox.skip(stream.block);
                stream.block = stream.block.wrapping_add(*blocks);
                kernel(&mut args, &philox).map(|()| Changes::default())
            }
            Action::IsInitialized { version } => {
                let initialized = memory.versions().get(*version).is_some_and(Option::is_some);
                args.output::<bool>(0).fill(initialized);
                Ok(Changes::default())
            }
            Action::Write {
                variable,
                change,
                from,
                to,
            } => {
                // Only an update of the old value needs there to be one.
                let old = match change {
                    Change::Whole(Update::Set) => None,
                    Change::Whole(Update::Add | Update::Sub) | Change::Parts(..) => {
                        Some(self.read(memory, Operand::Version(*from), plan, node)?)
                    }
                };
                let fresh = self.fresh_value(*variable)?;
                write(fresh, change, old, &args).map(|value| Changes {
                    versions: smallvec![(*to, Some(value))],
                    ..Changes::default()
                })
            }
            Action::Scan(scan) => {
                let body = &scan.each.body;
                let captures = self.captures(body, memory, plan, node)?;
                let done = self.scan(instruction, scan, &mut args, &captures, memory.versions());
                return done.map_err(|error| error.used_by(self.graph, node));
            }
            Action::While(repeated) => {
                let (condition, body) = (&repeated.condition, &repeated.each.body);
                let of_condition = self.captures(condition, memory, plan, node)?;
                let of_body = self.captures(body, memory, plan, node)?;
                let captures = [&*of_condition, &*of_body];
                let done = self.repeat(
                    instruction,
                    repeated,
                    &mut args,
                    captures,
                    memory.versions(),
                );
                return done.map_err(|error| error.used_by(self.graph, node));
            }
            Action::Cond {
                then,
                otherwise,
                given,
            } => {
                let taken = args.input::<bool>(0).first().copied().unwrap_or(false);
                let body = if taken { then } else { otherwise };
                let captures = self.captures(body, memory, plan, node)?;
                let done = self.branch(
                    instruction,
                    (taken, body, given),
                    &mut args,
                    &captures,
                    memory.versions(),
                );
                return done.map_err(|error| error.used_by(self.graph, node));
            }
        };
        done.map_err(|failure| self.failed(instruction, failure))
    }

    /// Memory for a new version, which nobody else holds: what an earlier run has left over, or new.
    pub(crate) fn fresh_value(&mut self, variable: VariableId) -> Result<Arc<Value>> {
        if let Some(spare) = self
            .spares
            .as_mut()
            .and_then(|spares| spares.take(variable))
        {
            return Ok(spare);
        }
        let value = {
            let view = self.graph.view();
            let record = view.variable(variable);
            Value::zeros(record.dtype, &record.shape)
        };
        let value = value.ok_or_else(|| MemoryShortage::of_variable(self.graph, variable))?;
        Ok(Arc::new(value))
    }

    fn read<'a>(
        &self,
        memory: &mut dyn Memory<'a>,
        operand: Operand,
        plan: &Plan,
        reader: NodeId,
    ) -> Result<Slice<'a>> {
        let read = memory.read(operand);
        read.map_err(|absent| self.absent(plan, Some(reader), &absent))
    }

    /// The report of an operand that is not there.
    pub(crate) fn absent(&self, plan: &Plan, reader: Option<NodeId>, absent: &Absent) -> Error {
        missing(self.graph, plan, reader, absent)
    }

    /// How a report names a loop or branch that an error happened in.
    fn owner(&self, instruction: &Instruction) -> String {
        let view = self.graph.view();
        let node = instruction.node;
        format!(
            "`{}`, built at {}",
            view.node(node).name,
            view.trace_of(node)
        )
    }

    fn failed(&self, instruction: &Instruction, failure: Failure) -> Error {
        failed(self.graph, instruction.node, &instruction.facts, failure)
    }

    /// A result of a finished run as a value of its own.
    fn result(&self, frame: &Frame<'_>, index: usize) -> Result<Value> {
        let (elements, sizes) = self.view_result(frame, index)?;
        value_of(elements, sizes)
    }

    /// The elements of a result of a finished run, and its sizes.
    fn view_result<'f>(
        &self,
        frame: &'f Frame<'_>,
        index: usize,
    ) -> Result<(Slice<'f>, &'f [usize])> {
        view_result(self.graph, frame, index)
    }

    /// The sizes of a result of a finished run.
    fn result_sizes<'f>(&self, frame: &'f Frame<'_>, index: usize) -> Result<&'f [usize]> {
        match frame.result_sizes(index) {
            Ok(sizes) => Ok(sizes),
            Err(absent) => Err(self.absent(frame.plan()?, None, &absent)),
        }
    }
}

/// The elements of a result of a finished run, and its sizes.
///
/// # Errors
/// It is the value of a variable that has none.
pub(crate) fn view_result<'f>(
    graph: &Graph,
    frame: &'f Frame<'_>,
    index: usize,
) -> Result<(Slice<'f>, &'f [usize])> {
    match frame.result(index) {
        Ok(result) => Ok(result),
        Err(absent) => Err(missing(graph, frame.plan()?, None, &absent)),
    }
}

/// A value of its own.
///
/// # Errors
/// There is not enough memory.
pub(crate) fn value_of(elements: Slice<'_>, sizes: &[usize]) -> Result<Value> {
    Value::new(sizes.to_vec(), copied(elements)?)
        .ok_or_else(|| Error::internal("a result has another size than planned"))
}

/// Writes the new value of a variable into memory for it.
fn write(
    mut fresh: Arc<Value>,
    change: &Change,
    old: Option<Slice<'_>>,
    args: &Args<'_>,
) -> std::result::Result<Arc<Value>, Failure> {
    let Some(new) = Arc::get_mut(&mut fresh) else {
        return Err(Failure::new("the memory of a new version is in use"));
    };
    let place = SliceMut::from(new.data_mut());
    match (change, old, args.any_input(0), args.any_input(1)) {
        (Change::Whole(update), old, Some(value), _) => {
            state::assign(*update, old, value, place);
        }
        (Change::Parts(update, parts), Some(old), Some(indices), Some(updates)) => {
            state::scatter(*update, parts, old, &indices.ints(), updates, place)?;
        }
        _ => return Err(Failure::new("an operand of the write is missing")),
    }
    Ok(fresh)
}

/// The report of an operand that is not there.
fn missing(graph: &Graph, plan: &Plan, reader: Option<NodeId>, absent: &Absent) -> Error {
    let slot = match absent {
        Absent::Version(slot) => slot,
        Absent::Broken(operand) => {
            return Error::internal(format!("operand {operand:?} is not there"));
        }
    };
    match plan.entry.get(*slot) {
        Some(variable) => uninitialized(graph, *variable, reader),
        None => Error::internal(format!("version {slot} was not written")),
    }
}

/// A copy of elements.
///
/// # Errors
/// There is not enough memory.
pub(crate) fn copied(elements: Slice<'_>) -> Result<Data> {
    let bytes = elements.len().saturating_mul(elements.dtype().width());
    let copy = elements.try_to_data();
    copy.ok_or_else(|| MemoryShortage::new("a copy of a result", bytes).into())
}

/// The report of an operation that failed.
pub(crate) fn failed(graph: &Graph, node: NodeId, facts: &[Fact], failure: Failure) -> Error {
    let mut problem = Problem::argument(failure.message);
    problem.help = failure.help;
    compile::failure(&graph.view(), node, facts, problem)
}

/// The report of a variable without a value.
pub(crate) fn uninitialized(graph: &Graph, id: VariableId, reader: Option<NodeId>) -> Error {
    let view = graph.view();
    let variable = view.variable(id);
    let reader = reader.unwrap_or(variable.read);
    Error::Uninitialized(Box::new(UninitializedVariable {
        variable: variable.name.clone(),
        at: view.trace(variable.site),
        reader: view.node(reader).name.clone(),
        reader_at: view.trace_of(reader),
        others: Vec::new(),
    }))
}

impl Slice<'_> {
    /// What is known of a tensor that has run: its sizes, and the elements of a small integer one.
    fn fact(&self, sizes: &[usize]) -> Fact {
        let scalar = sizes.is_empty();
        let dtype: DType = self.dtype();
        let integers = matches!(self, Slice::I32(_) | Slice::I64(_));
        if integers && sizes.len() <= 1 && self.len() <= Fact::TRACKED {
            let ints = self.ints().into_iter().map(Int::Known).collect();
            return Fact::of_ints(dtype, scalar, ints);
        }
        Fact::new(dtype, sizes)
    }
}
