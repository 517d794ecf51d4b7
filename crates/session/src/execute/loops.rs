//! Loops: a body that runs again and again.

use aqueduct_graph::ir::{Data, Fact, Problem, VariableId};
use aqueduct_graph::{Dim, Value};

use crate::compile::{self, Need};
use crate::error::{Error, Result};
use crate::execute::frame::Version;
use crate::execute::stack::Stack;
use crate::execute::{Changes, Run, copied};
use crate::kernels::{Args, Slice};
use crate::plan::{Action, Given, Instruction, LoopBody, Output, ScanLoop, WhileLoop};

/// How far a loop has come.
struct Progress<'a, 'p> {
    each: &'p LoopBody,
    /// How many steps have run.
    done: usize,
    /// The states that are used.
    states: Vec<Data>,
    stacks: Vec<Stack<'a>>,
    /// The versions of variables that the body starts its next step with.
    hidden: Vec<Version>,
    /// The last version of each variable written.
    exits: Vec<(VariableId, Version)>,
}

impl Run<'_> {
    /// Runs the body once a step, and gives the last states and the stacked outputs.
    pub(super) fn scan(
        &mut self,
        instruction: &Instruction,
        scan: &ScanLoop,
        args: &mut Args<'_>,
        captures: &[Option<Slice<'_>>],
        versions: &[Version],
    ) -> Result<Changes> {
        let limit = self.limit(instruction, scan, args)?;
        let operands = scan.sequences.clone();
        let sequences: Vec<Option<Slice<'_>>> = operands.map(|slot| args.any_input(slot)).collect();
        let mut progress = Progress::start(&scan.each, args, scan.steps, versions)?;
        for step in 0..limit {
            let place = if scan.reverse { limit - 1 - step } else { step };
            let elements = sequences.iter().map(|sequence| {
                let sequence = sequence.as_ref()?;
                Some(sequence.element(place, scan.steps))
            });
            let given: Vec<Option<Slice<'_>>> = elements.chain(captures.iter().copied()).collect();
            self.step(instruction, &mut progress, &given, place)?;
        }
        self.finish(instruction, progress, args, scan.reverse, versions)
    }

    /// Runs the body as long as the condition holds, and gives the last states, how many times that
    /// was, and the stacked outputs.
    pub(super) fn repeat(
        &mut self,
        instruction: &Instruction,
        repeated: &WhileLoop,
        args: &mut Args<'_>,
        [of_condition, of_body]: [&[Option<Slice<'_>>]; 2],
        versions: &[Version],
    ) -> Result<Changes> {
        let rows = repeated.maximum.unwrap_or(0);
        let mut progress = Progress::start(&repeated.each, args, rows, versions)?;
        let mut hidden = repeated.condition.entry_versions(versions);
        while repeated
            .maximum
            .is_none_or(|maximum| progress.done < maximum)
        {
            if !self.goes_on(
                instruction,
                repeated,
                &mut progress,
                &mut hidden,
                of_condition,
            )? {
                break;
            }
            let place = progress.done;
            self.step(instruction, &mut progress, of_body, place)?;
            repeated.condition.carry(&progress.exits, &mut hidden);
        }
        if let Some(count) = args.any_output(repeated.each.states) {
            let done = i64::try_from(progress.done).unwrap_or(i64::MAX);
            count.copy_from(Slice::I64(&[done]));
        }
        self.finish(instruction, progress, args, false, versions)
    }

    /// How many elements a scan runs over.
    fn limit(&self, instruction: &Instruction, scan: &ScanLoop, args: &Args<'_>) -> Result<usize> {
        let Some(slot) = scan.limit else {
            return Ok(scan.steps);
        };
        let limit = args.any_input(slot).map(|limit| limit.ints());
        let Some([limit]) = limit.as_deref() else {
            return Err(Error::internal("a scan lacks its limit"));
        };
        let fits = usize::try_from(*limit).ok();
        fits.filter(|limit| *limit <= scan.steps).ok_or_else(|| {
            let steps = scan.steps;
            let problem =
                Problem::argument(format!("limit is {limit} but the loop has {steps} steps"))
                    .help("a limit is from 0 to the number of steps");
            self.refused(instruction, problem)
        })
    }

    /// Whether the condition of a while holds.
    fn goes_on(
        &mut self,
        instruction: &Instruction,
        repeated: &WhileLoop,
        progress: &mut Progress<'_, '_>,
        hidden: &mut [Version],
        captures: &[Option<Slice<'_>>],
    ) -> Result<bool> {
        let condition = &repeated.condition;
        let mut inputs = state_inputs(progress.each, &progress.states);
        inputs.extend_from_slice(captures);
        let frame = self
            .execute(&condition.plan, &inputs, hidden.to_vec())
            .map_err(|error| {
                let step = progress.done;
                error.within(|| {
                    let owner = self.owner(instruction);
                    format!("the condition before step {step} of {owner}")
                })
            })?;
        let (Slice::Bool(&[holds]), _) = self.view_result(&frame, 0)? else {
            return Err(Error::internal("a condition gives no truth value"));
        };
        let exits: Vec<(VariableId, Version)> = frame.exits().collect();
        condition.carry(&exits, hidden);
        progress.each.body.carry(&exits, &mut progress.hidden);
        note(&mut progress.exits, exits);
        Ok(holds)
    }

    /// Runs the body once, on the states and on what else it is given.
    fn step(
        &mut self,
        instruction: &Instruction,
        progress: &mut Progress<'_, '_>,
        given: &[Option<Slice<'_>>],
        place: usize,
    ) -> Result<()> {
        let each = progress.each;
        let mut inputs = state_inputs(each, &progress.states);
        inputs.extend_from_slice(given);
        let frame = self
            .execute(&each.body.plan, &inputs, progress.hidden.clone())
            .map_err(|error| {
                error.within(|| format!("step {place} of {}", self.owner(instruction)))
            })?;
        let mut next = Vec::with_capacity(progress.states.len());
        for (given, state) in each.carried.iter().zip(&progress.states) {
            let (elements, sizes) = self.view_result(&frame, given.result)?;
            let fact = instruction.facts.get(given.output);
            let before = fact.and_then(|fact| fact.shape.sizes());
            if before.as_deref() != Some(sizes) || elements.len() != state.len() {
                return Err(self.state_changed(instruction, given.output, progress.done, sizes));
            }
            next.push(copied(elements)?);
        }
        for (given, stack) in each.stacked.iter().zip(&mut progress.stacks) {
            let fits = match given.need {
                Need::Value => {
                    let (elements, sizes) = self.view_result(&frame, given.result)?;
                    stack.put(place, elements, sizes.to_vec())
                }
                Need::Shape => stack.put_shape(self.result_sizes(&frame, given.result)?.to_vec()),
            };
            if !fits {
                let output = stacked_output(instruction, each, given);
                return Err(self.output_changed(instruction, output, progress.done));
            }
        }
        let exits: Vec<(VariableId, Version)> = frame.exits().collect();
        each.body.carry(&exits, &mut progress.hidden);
        note(&mut progress.exits, exits);
        drop(frame);
        drop(inputs);
        progress.states = next;
        progress.done += 1;
        Ok(())
    }

    /// Puts the last states and the stacked outputs where they belong.
    fn finish(
        &self,
        instruction: &Instruction,
        progress: Progress<'_, '_>,
        args: &mut Args<'_>,
        reverse: bool,
        versions: &[Version],
    ) -> Result<Changes> {
        let each = progress.each;
        let mut changes = Changes {
            versions: each.body.exit_versions(&progress.exits, versions),
            ..Changes::default()
        };
        for (given, state) in each.carried.iter().zip(&progress.states) {
            if let Some(place) = args.any_output(given.output) {
                place.copy_from(Slice::from(state));
            }
        }
        for (given, stack) in each.stacked.iter().zip(progress.stacks) {
            let steps = stack.steps();
            let value = match stack {
                Stack::Planned { .. } => {
                    stack.clear_beyond(progress.done);
                    continue;
                }
                Stack::Shape { shape, .. } => shape
                    .map(|shape| {
                        let sizes = std::iter::once(steps).chain(shape).collect();
                        self.of_shape(instruction.node, given.output, sizes)
                    })
                    .transpose()?,
                stack @ Stack::Growing { .. } => stack.into_value(progress.done, reverse)?,
            };
            if let Some(Output::Late(slot)) = instruction.outputs.get(given.output) {
                let value = match value {
                    Some(value) => value,
                    None => self.of_no_step(instruction, each, given, steps)?,
                };
                changes.late.push((*slot, value));
            }
        }
        Ok(changes)
    }

    /// The rows of a loop that ended before its first step, if only a step can tell their shape: a
    /// size that an operand has too is as large as there.
    fn of_no_step(
        &self,
        instruction: &Instruction,
        each: &LoopBody,
        given: &Given,
        steps: usize,
    ) -> Result<Value> {
        let row = self.row_like_operands(instruction, given.output);
        if !instruction.action.may_end_early() && row.contains(&None) {
            let output = stacked_output(instruction, each, given);
            return Err(self.no_shape(instruction, output));
        }
        // Rows of loops that may end early are for gradients above all, where no step looks at them.
        // Whatever takes all rows together and needs another size refuses them.
        let row = row.into_iter().map(Option::unwrap_or_default);
        let sizes = std::iter::once(steps).chain(row).collect();
        self.of_shape(instruction.node, given.output, sizes)
    }

    /// The sizes of a row of an output, as far as they are known or an operand has the same.
    fn row_like_operands(&self, instruction: &Instruction, output: usize) -> Vec<Option<usize>> {
        let view = self.graph.view();
        let operands = view.inputs(instruction.node);
        let named = operands.iter().map(|operand| view.fact(*operand));
        let sizes: Vec<(Dim, Dim)> = named
            .zip(&instruction.facts)
            .flat_map(|(named, fact)| dims(named).zip(dims(fact)))
            .collect();
        let size = |dim: Dim| {
            let same = || sizes.iter().find(|(named, _)| named.same(dim));
            dim.known().or_else(|| same()?.1.known())
        };
        let output = compile::output_of(instruction.node, output);
        dims(view.fact(output)).skip(1).map(size).collect()
    }

    fn state_changed(
        &self,
        instruction: &Instruction,
        index: usize,
        step: usize,
        sizes: &[usize],
    ) -> Error {
        let problem = Problem::shape(format!(
            "state {index} has the new shape {sizes:?} after step {step}"
        ))
        .help("the state of a loop keeps its shape: pad it, or keep the size fixed");
        self.refused(instruction, problem)
    }

    fn output_changed(&self, instruction: &Instruction, index: usize, step: usize) -> Error {
        let problem = Problem::shape(format!(
            "output {index} of step {step} has another shape than before"
        ))
        .help("outputs of all steps are stacked: give them one shape");
        self.refused(instruction, problem)
    }

    fn no_shape(&self, instruction: &Instruction, output: usize) -> Error {
        let problem = Problem::shape(format!(
            "output {output} has a shape that only a step can tell, and there was no step"
        ))
        .help("give the output a shape that is known before the loop runs");
        self.refused(instruction, problem)
    }

    fn refused(&self, instruction: &Instruction, problem: Problem) -> Error {
        compile::failure(
            &self.graph.view(),
            instruction.node,
            &instruction.facts,
            problem,
        )
    }
}

impl<'a, 'p> Progress<'a, 'p> {
    /// Before the first step of a loop that stacks so many rows.
    fn start(
        each: &'p LoopBody,
        args: &mut Args<'a>,
        rows: usize,
        versions: &[Version],
    ) -> Result<Progress<'a, 'p>> {
        let states = each
            .carried
            .iter()
            .map(|given| match args.any_input(given.output) {
                Some(initial) => copied(initial),
                None => Err(Error::internal("a loop lacks a state")),
            })
            .collect::<Result<Vec<Data>>>()?;
        let stacks = each
            .stacked
            .iter()
            .map(|given| Stack::new(given.need, args.any_output(given.output), rows));
        Ok(Progress {
            each,
            done: 0,
            states,
            stacks: stacks.collect(),
            hidden: each.body.entry_versions(versions),
            exits: Vec::new(),
        })
    }
}

fn dims(fact: &Fact) -> impl Iterator<Item = Dim> {
    fact.shape.dims().iter().copied()
}

/// What a region is given for its states. A parameter that nothing reads is given nothing.
fn state_inputs<'s>(each: &LoopBody, states: &'s [Data]) -> Vec<Option<Slice<'s>>> {
    let mut inputs: Vec<Option<Slice<'s>>> = vec![None; each.states];
    for (given, state) in each.carried.iter().zip(states) {
        if let Some(input) = inputs.get_mut(given.output) {
            *input = Some(Slice::from(state));
        }
    }
    inputs
}

/// Takes note of the last versions of variables.
fn note(exits: &mut Vec<(VariableId, Version)>, new: Vec<(VariableId, Version)>) {
    exits.retain(|(before, _)| new.iter().all(|(variable, _)| variable != before));
    exits.extend(new);
}

impl Action {
    /// Whether a loop may have more rows than steps that run.
    fn may_end_early(&self) -> bool {
        match self {
            Action::While(_) => true,
            Action::Scan(scan) => scan.limit.is_some(),
            Action::Kernel(_)
            | Action::Draw { .. }
            | Action::Write { .. }
            | Action::IsInitialized { .. }
            | Action::Cond { .. } => false,
        }
    }
}

/// Which of the stacked outputs this is.
fn stacked_output(instruction: &Instruction, each: &LoopBody, given: &Given) -> usize {
    let counts = usize::from(matches!(instruction.action, Action::While(_)));
    given
        .output
        .saturating_sub(each.states)
        .saturating_sub(counts)
}

impl<'a> Slice<'a> {
    /// One of `count` equal parts.
    fn element(&self, place: usize, count: usize) -> Slice<'a> {
        let width = self.len().checked_div(count).unwrap_or(0);
        self.part(place * width..(place + 1) * width)
    }
}
