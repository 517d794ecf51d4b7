//! Loops and branches.

use aqueduct_graph::Value;
use aqueduct_graph::ir::{Data, NodeId, Problem, VariableId};

use crate::arena::OpenArena;
use crate::compile::{self, Need};
use crate::error::{Error, Result};
use crate::execute::frame::{Sources, Version};
use crate::execute::{Changes, Run, copied};
use crate::kernels::{Args, Slice, SliceMut, append};
use crate::plan::{Body, Given, Instruction, Output, Plan, ScanLoop};

impl Run<'_> {
    /// The tensors that a body uses from around.
    pub(super) fn captures<'a>(
        &self,
        body: &Body,
        sources: &Sources<'a>,
        open: &mut OpenArena<'a>,
        plan: &Plan,
        node: NodeId,
    ) -> Result<Vec<Option<Slice<'a>>>> {
        body.captures
            .iter()
            .map(|operand| match operand {
                Some(operand) => self.read(sources, *operand, open, plan, node).map(Some),
                None => Ok(None),
            })
            .collect()
    }

    /// Runs the taken branch, and gives its results.
    pub(super) fn branch(
        &mut self,
        instruction: &Instruction,
        (body, given): (&Body, &[Given]),
        args: &mut Args<'_>,
        captures: &[Option<Slice<'_>>],
        versions: &[Version],
    ) -> Result<Changes> {
        let frame = self.execute(&body.plan, captures, body.entry_versions(versions))?;
        let mut changes = Changes::default();
        for given in given {
            match instruction.outputs.get(given.output) {
                Some(Output::Late(slot)) => {
                    let value = match given.need {
                        Need::Value => self.result(&frame, given.result)?,
                        Need::Shape => {
                            let sizes = self.result_sizes(&frame, given.result)?;
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

    /// Runs the body once a step, and gives the last state and the stacked outputs.
    pub(super) fn scan(
        &mut self,
        instruction: &Instruction,
        scan: &ScanLoop,
        args: &mut Args<'_>,
        captures: &[Option<Slice<'_>>],
        versions: &[Version],
    ) -> Result<Changes> {
        let mut states = scan
            .carried
            .iter()
            .map(|given| match args.any_input(given.output) {
                Some(initial) => copied(initial),
                None => Err(Error::internal("a scan lacks a state")),
            })
            .collect::<Result<Vec<Data>>>()?;
        let sequences: Vec<Option<Slice<'_>>> = (scan.states..scan.states + scan.sequences)
            .map(|index| args.any_input(index))
            .collect();
        let mut stacks: Vec<Stack<'_>> = scan
            .stacked
            .iter()
            .map(|given| Stack::new(given.need, args.any_output(given.output), scan.steps))
            .collect();
        let mut hidden = scan.body.entry_versions(versions);
        let mut exits = Vec::new();
        for step in 0..scan.steps {
            let place = if scan.reverse {
                scan.steps - 1 - step
            } else {
                step
            };
            // A parameter that nothing reads is given nothing.
            let mut inputs: Vec<Option<Slice<'_>>> = vec![None; scan.states];
            for (given, state) in scan.carried.iter().zip(&states) {
                if let Some(input) = inputs.get_mut(given.output) {
                    *input = Some(Slice::from(state));
                }
            }
            inputs.extend(sequences.iter().map(|sequence| {
                let sequence = sequence.as_ref()?;
                Some(sequence.element(place, scan.steps))
            }));
            inputs.extend_from_slice(captures);
            let frame = self.execute(&scan.body.plan, &inputs, hidden.clone())?;
            let mut next = Vec::with_capacity(states.len());
            for (given, state) in scan.carried.iter().zip(&states) {
                let (elements, sizes) = self.view_result(&frame, given.result)?;
                let before = instruction
                    .facts
                    .get(given.output)
                    .and_then(|fact| fact.shape.sizes());
                if before.as_ref() != Some(&sizes) || elements.len() != state.len() {
                    return Err(self.state_changed(instruction, given.output, step, &sizes));
                }
                next.push(copied(elements)?);
            }
            for (given, stack) in scan.stacked.iter().zip(&mut stacks) {
                let fits = match given.need {
                    Need::Value => {
                        let (elements, sizes) = self.view_result(&frame, given.result)?;
                        stack.put(place, elements, sizes)
                    }
                    Need::Shape => stack.put_shape(self.result_sizes(&frame, given.result)?),
                };
                if !fits {
                    let output = given.output - scan.states;
                    return Err(self.output_changed(instruction, output, step));
                }
            }
            exits = frame.exits().collect();
            scan.body.carry(&exits, &mut hidden);
            drop(frame);
            drop(inputs);
            states = next;
        }
        let mut changes = Changes {
            versions: scan.body.exit_versions(&exits, versions),
            ..Changes::default()
        };
        for (given, state) in scan.carried.iter().zip(&states) {
            if let Some(place) = args.any_output(given.output) {
                place.copy_from(Slice::from(state));
            }
        }
        for (given, stack) in scan.stacked.iter().zip(stacks) {
            if let Some(Output::Late(slot)) = instruction.outputs.get(given.output) {
                let value = match stack {
                    Stack::Shape { steps, shape } => shape
                        .map(|shape| {
                            let sizes = std::iter::once(steps).chain(shape).collect();
                            self.of_shape(instruction.node, given.output, sizes)
                        })
                        .transpose()?,
                    stack => stack.into_value(scan.reverse),
                };
                let output = given.output - scan.states;
                let value = value.ok_or_else(|| self.no_shape(instruction, output))?;
                changes.late.push((*slot, value));
            }
        }
        Ok(changes)
    }

    /// A value that stands for an output of which the shape alone is used.
    fn of_shape(&self, node: NodeId, output: usize, sizes: Vec<usize>) -> Result<Value> {
        let dtype = self
            .graph
            .view()
            .fact(compile::output_of(node, output))
            .dtype;
        let bytes = sizes
            .iter()
            .fold(dtype.width(), |bytes, size| bytes.saturating_mul(*size));
        Value::zeros(dtype, &sizes).ok_or(Error::OutOfMemory { bytes })
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
        compile::failure(
            &self.graph.view(),
            instruction.node,
            &instruction.facts,
            problem,
        )
    }

    fn output_changed(&self, instruction: &Instruction, index: usize, step: usize) -> Error {
        let problem = Problem::shape(format!(
            "output {index} of step {step} has another shape than before"
        ))
        .help("outputs of all steps are stacked: give them one shape");
        compile::failure(
            &self.graph.view(),
            instruction.node,
            &instruction.facts,
            problem,
        )
    }

    fn no_shape(&self, instruction: &Instruction, output: usize) -> Error {
        let problem = Problem::shape(format!(
            "output {output} has a shape that only a step can tell, and there was no step"
        ))
        .help("give the output a shape that is known before the loop runs");
        compile::failure(
            &self.graph.view(),
            instruction.node,
            &instruction.facts,
            problem,
        )
    }
}

impl Body {
    /// The versions that the body starts with, of those of the plan around it.
    fn entry_versions(&self, versions: &[Version]) -> Vec<Version> {
        let version = |slot: &usize| versions.get(*slot).cloned().flatten();
        self.entry.iter().map(version).collect()
    }

    /// The body's last versions become those that its next run starts with.
    fn carry(&self, exits: &[(VariableId, Version)], hidden: &mut [Version]) {
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
    fn exit_versions(
        &self,
        exits: &[(VariableId, Version)],
        versions: &[Version],
    ) -> Vec<(usize, Version)> {
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

/// One output of all steps: in its place in the arena, or growing where its shape is late.
enum Stack<'a> {
    Planned {
        place: SliceMut<'a>,
        steps: usize,
    },
    Growing {
        steps: usize,
        shape: Option<Vec<usize>>,
        data: Option<Data>,
    },
    /// Nothing is stacked: the shape alone is used.
    Shape {
        steps: usize,
        shape: Option<Vec<usize>>,
    },
}

impl<'a> Stack<'a> {
    fn new(need: Need, place: Option<SliceMut<'a>>, steps: usize) -> Stack<'a> {
        match (need, place) {
            (Need::Value, Some(place)) => Stack::Planned { place, steps },
            (Need::Value, None) => Stack::Growing {
                steps,
                shape: None,
                data: None,
            },
            (Need::Shape, _) => Stack::Shape { steps, shape: None },
        }
    }

    /// Takes note of the shape of one step's output; `false` if it is not that of the others.
    fn put_shape(&mut self, sizes: Vec<usize>) -> bool {
        match self {
            Stack::Shape { shape, .. } | Stack::Growing { shape, .. } => {
                shape.get_or_insert_with(|| sizes.clone()) == &sizes
            }
            Stack::Planned { .. } => true,
        }
    }

    /// Puts the output of one step at its place; `false` if its shape is not that of the others.
    fn put(&mut self, at: usize, elements: Slice<'_>, sizes: Vec<usize>) -> bool {
        match self {
            Stack::Planned { place, steps } => {
                let width = place.len().checked_div(*steps).unwrap_or(0);
                if elements.len() != width {
                    return false;
                }
                place.part(at * width..(at + 1) * width).copy_from(elements);
                true
            }
            Stack::Shape { .. } => self.put_shape(sizes),
            Stack::Growing { shape, data, .. } => {
                if shape.get_or_insert_with(|| sizes.clone()) != &sizes {
                    return false;
                }
                match data {
                    Some(data) => append(data, elements),
                    None => *data = Some(elements.to_data()),
                }
                true
            }
        }
    }

    /// The outputs of all steps as one value, in the order of the sequences.
    fn into_value(self, reverse: bool) -> Option<Value> {
        let Stack::Growing { steps, shape, data } = self else {
            return None;
        };
        let (shape, data) = (shape?, data?);
        let mut sizes = vec![steps];
        sizes.extend(shape);
        if !reverse {
            return Value::new(sizes, data);
        }
        let mut ordered: Option<Data> = None;
        let all = Slice::from(&data);
        for place in (0..steps).rev() {
            let element = all.element(place, steps);
            match &mut ordered {
                Some(ordered) => append(ordered, element),
                None => ordered = Some(element.to_data()),
            }
        }
        Value::new(sizes, ordered?)
    }
}

impl<'a> Slice<'a> {
    /// One of `count` equal parts.
    fn element(&self, place: usize, count: usize) -> Slice<'a> {
        let width = self.len().checked_div(count).unwrap_or(0);
        self.part(place * width..(place + 1) * width)
    }
}
