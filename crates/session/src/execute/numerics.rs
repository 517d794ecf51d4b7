//! The search for the first NaN or infinity: what each operation gives is looked at.

use aqueduct_graph::ir::{Array, Control, Fact, NodeId, Op, State, Store, TensorId};
use aqueduct_graph::{Float, Shape};

use crate::compile::output_of;
use crate::error::{Error, Result};
use crate::execute::{Frame, Run};
use crate::kernels::Slice;
use crate::kernels::summary::{coordinates, float};
use crate::numerics::{ElementSummary, NumericsCheck, NumericsFailure, OperandSummary};
use crate::plan::{Action, Instruction, Operand, Output};

/// The worst of some elements.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worst {
    Finite,
    Infinite,
    Nan,
}

impl Worst {
    fn of(elements: Slice<'_>) -> Worst {
        match elements {
            Slice::F32(values) => worst(values),
            Slice::F64(values) => worst(values),
            Slice::I32(_) | Slice::I64(_) | Slice::U8(_) | Slice::Bool(_) => Worst::Finite,
        }
    }

    fn stops(self, check: NumericsCheck) -> bool {
        match check {
            NumericsCheck::Off => false,
            NumericsCheck::Nan => self == Worst::Nan,
            NumericsCheck::NanAndInfinities => self != Worst::Finite,
        }
    }
}

fn worst<T: Float>(values: &[T]) -> Worst {
    let is_finite = |x: &T| x.to_f64().is_finite();
    // Without a way out of the loop it can be vectorised.
    if values.iter().fold(true, |all, x| all & is_finite(x)) {
        Worst::Finite
    } else if values.iter().any(|x| x.to_f64().is_nan()) {
        Worst::Nan
    } else {
        Worst::Infinite
    }
}

impl Run<'_> {
    /// Looks at what an instruction has given.
    ///
    /// Loops and branches are not looked at: what they give was made by operations of their bodies.
    ///
    /// # Errors
    /// There is a NaN or an infinity among it that is not among the operands; or a NaN that is, and
    /// then it was there before the run.
    pub(super) fn check_results(&self, frame: &Frame<'_>, instruction: &Instruction) -> Result<()> {
        if instruction.action.made().is_some() {
            return Ok(());
        }
        for (output, place) in instruction.places(frame.stages.len().saturating_sub(1)) {
            let Ok(elements) = frame.read(place) else {
                continue;
            };
            let found = Worst::of(elements);
            if found.stops(self.numerics) {
                self.judge(frame, instruction, output, place, found)?;
            }
        }
        Ok(())
    }

    fn judge(
        &self,
        frame: &Frame<'_>,
        instruction: &Instruction,
        output: usize,
        place: Operand,
        found: Worst,
    ) -> Result<()> {
        let view = self.graph.view();
        let node = instruction.node;
        let operands = instruction.inputs.iter().enumerate();
        let cause = operands
            .filter_map(|(slot, operand)| Some((slot, (*operand)?)))
            .find(|(_, operand)| {
                let worst = frame.read(*operand).map(Worst::of);
                worst.is_ok_and(|worst| worst >= found)
            });
        let failure = match (cause, found) {
            (None, _) => Looked::at(frame, instruction, output, place).of_operation(&view, node),
            // Whoever made it would have been stopped at, so it was there before the run.
            (Some((slot, operand)), Worst::Nan) => {
                Looked::at_operand(frame, instruction, slot, operand).of_source(&view, node, slot)
            }
            (Some(_), Worst::Infinite | Worst::Finite) => return Ok(()),
        };
        Err(Error::Numerics(Box::new(failure)))
    }
}

impl Instruction {
    /// Where the results are, each with its place among the outputs.
    fn places(&self, stage: usize) -> Vec<(usize, Operand)> {
        if let Action::Write { to, .. } = &self.action {
            return vec![(0, Operand::Version(*to))];
        }
        let outputs = self.outputs.iter().enumerate();
        outputs
            .filter_map(|(output, place)| match *place {
                Output::Buffer(buffer) => Some((output, Operand::Buffer { stage, buffer })),
                Output::Late(slot) => Some((output, Operand::Late { stage, slot })),
                Output::Nowhere => None,
            })
            .collect()
    }
}

/// A tensor that a run stops at, and the instruction that has to do with it.
struct Looked<'a> {
    frame: &'a Frame<'a>,
    instruction: &'a Instruction,
    output: usize,
    elements: Option<Slice<'a>>,
    /// What is known of the tensor.
    fact: Option<Fact>,
}

impl<'a> Looked<'a> {
    fn at(
        frame: &'a Frame<'a>,
        instruction: &'a Instruction,
        output: usize,
        place: Operand,
    ) -> Looked<'a> {
        let fact = instruction.results.get(output);
        Looked {
            frame,
            instruction,
            output,
            elements: frame.read(place).ok(),
            fact: fact.map(|fact| frame.sized(fact, place)),
        }
    }

    fn at_operand(
        frame: &'a Frame<'a>,
        instruction: &'a Instruction,
        slot: usize,
        operand: Operand,
    ) -> Looked<'a> {
        let fact = instruction.facts.get(slot);
        Looked {
            frame,
            instruction,
            output: 0,
            elements: frame.read(operand).ok(),
            fact: fact.map(|fact| frame.sized(fact, operand)),
        }
    }

    /// The operation has made it.
    fn of_operation(&self, store: &Store, id: NodeId) -> NumericsFailure {
        let node = store.node(id);
        let origin = node.origin;
        NumericsFailure {
            subject: node.op.word(),
            name: node.name.clone(),
            tensor: store.tensor_name(output_of(id, self.output)),
            operands: self.operands(store, id),
            on_behalf_of: origin
                .map(|origin| (store.node(origin).name.clone(), store.trace_of(origin))),
            ..self.found(store, id)
        }
    }

    /// The operation was given it.
    fn of_source(&self, store: &Store, reader: NodeId, slot: usize) -> NumericsFailure {
        let operand = store.inputs(reader).get(slot).copied();
        let source = operand.map_or(output_of(reader, 0), |operand| given_as(store, operand));
        let (subject, name) = described(store, source);
        NumericsFailure {
            subject: subject.to_owned(),
            name,
            tensor: store.tensor_name(source),
            reader: Some((store.node(reader).name.clone(), store.trace_of(reader))),
            ..self.found(store, source.node)
        }
    }

    /// What was found, as of this node.
    fn found(&self, store: &Store, id: NodeId) -> NumericsFailure {
        let sizes = self.fact.as_ref().and_then(|fact| fact.shape.sizes());
        let elements = self.elements;
        let words = self.fact.as_ref();
        let (place, value) = first(elements, &sizes.unwrap_or_default());
        NumericsFailure {
            subject: String::new(),
            name: String::new(),
            tensor: String::new(),
            fact: words.map_or_else(String::new, |fact| format!("{}{}", fact.dtype, fact.shape)),
            elements: elements.and_then(ElementSummary::of).unwrap_or_default(),
            place,
            value,
            at: store.trace_of(id),
            operands: Vec::new(),
            reader: None,
            within: Vec::new(),
            on_behalf_of: None,
        }
    }

    fn operands(&self, store: &Store, id: NodeId) -> Vec<OperandSummary> {
        let notes = store.operand_notes(&store.node(id).op, &store.inputs(id));
        let slots = notes.into_iter().enumerate();
        slots
            .map(|(slot, mut note)| {
                let operand = self.instruction.inputs.get(slot).copied().flatten();
                if let Some(fact) = self.instruction.facts.get(slot) {
                    let fact =
                        operand.map_or(fact.clone(), |operand| self.frame.sized(fact, operand));
                    note.fact = format!("{}{}", fact.dtype, fact.shape);
                }
                let elements = operand.and_then(|operand| self.frame.read(operand).ok());
                OperandSummary {
                    note,
                    elements: elements.and_then(ElementSummary::of),
                }
            })
            .collect()
    }
}

impl Frame<'_> {
    /// What is known of a tensor, with the sizes that it has here.
    fn sized(&self, fact: &Fact, place: Operand) -> Fact {
        match self.late_sizes(place) {
            Some(sizes) => Fact::new(fact.dtype, Shape::known(sizes)),
            None => fact.clone(),
        }
    }
}

/// What the tensor is, if a body is given it: that from around.
fn given_as(store: &Store, mut tensor: TensorId) -> TensorId {
    while let Op::Control(Control::Parameter { region, index }) = &store.node(tensor.node).op {
        let owner = store.node_ids().find(|id| match &store.node(*id).op {
            Op::Control(control) => control.bodies().contains(region),
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Debug(_)
            | Op::Custom(_) => false,
        });
        match owner.and_then(|owner| store.inputs(owner).get(*index).copied()) {
            Some(outer) => tensor = outer,
            None => return tensor,
        }
    }
    tensor
}

/// What holds a value before the run, and its name.
fn described(store: &Store, tensor: TensorId) -> (&'static str, String) {
    let node = store.node(tensor.node);
    match &node.op {
        Op::State(State::Read(variable) | State::ReadValue(variable)) => {
            ("variable", store.variable(*variable).name.clone())
        }
        Op::Array(Array::Constant(_)) => ("constant", node.name.clone()),
        Op::Array(Array::Placeholder { .. }) => ("feed of", node.name.clone()),
        Op::Math(_)
        | Op::Array(_)
        | Op::Reduce(_)
        | Op::Nn(_)
        | Op::Random(_)
        | Op::State(_)
        | Op::Control(_)
        | Op::Debug(_)
        | Op::Custom(_) => ("value of", node.name.clone()),
    }
}

/// Where the first NaN is, or the first infinity, and which it is: `[0, 1]`, `nan`.
fn first(elements: Option<Slice<'_>>, sizes: &[usize]) -> (String, String) {
    fn of<T: Float>(values: &[T], sizes: &[usize]) -> (String, String) {
        let place = |wanted: fn(f64) -> bool| values.iter().position(|x| wanted(x.to_f64()));
        let found = place(f64::is_nan).or_else(|| place(f64::is_infinite));
        let value = found.and_then(|found| Some((found, values.get(found)?)));
        value
            .map(|(place, value)| (coordinates(sizes, place), float(*value)))
            .unwrap_or_default()
    }
    match elements {
        Some(Slice::F32(values)) => of(values, sizes),
        Some(Slice::F64(values)) => of(values, sizes),
        Some(Slice::I32(_) | Slice::I64(_) | Slice::U8(_) | Slice::Bool(_)) | None => {
            (String::new(), String::new())
        }
    }
}
