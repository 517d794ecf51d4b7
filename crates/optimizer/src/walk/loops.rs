//! The gradient of a loop: a scan run backwards.
//!
//! The gradients of the last states are carried from the last step to the first. In each step the
//! body takes them, and the elements of the stacked outputs' gradients that belong to the step, for
//! the gradients of the forward body's results. What it finds for the states before the step is
//! carried on; for elements of sequences it is stacked; for tensors around it is added up.
//!
//! A while with a maximum stacks so many rows of what is kept of its iterations. Its gradient has as
//! many steps, so all shapes are known before the run, and is limited to the count of the iterations
//! that were run, so that no other costs anything.

use std::rc::Rc;

use aqueduct_graph::ir::{
    Bound, Compare, Control, Loop, LoopState, NodeId, RegionId, SliceSpec, TensorId,
};
use aqueduct_graph::{AnyTensor, Dim, Size, Value};

use super::{Frame, Walk};
use crate::gradient::{IndexedSlices, Slope};
use crate::rules::{row_count, with_one_axis_for};

/// A scan or a while by its parts.
struct ForwardLoop<'c> {
    id: NodeId,
    control: &'c Control,
    body: RegionId,
    states: usize,
    reverse: bool,
    initial: Vec<TensorId>,
    sequences: Vec<TensorId>,
    steps: Steps,
    /// How many of the steps are run, if not all are.
    limit: Option<TensorId>,
    parameters: Vec<TensorId>,
    results: Vec<TensorId>,
}

/// What tells the number of a loop's steps.
#[derive(Clone, Copy)]
enum Steps {
    Length(TensorId),
    Sequences,
    Maximum(u64),
}

/// What a backward scan gives, in the order of its outputs.
enum Yield {
    /// The gradient of this initial state or tensor from around, added up.
    Total(TensorId),
    /// The gradient of this sequence.
    Sequence(TensorId),
    /// The values and then the indices of a sparse gradient of this tensor, of each step.
    Slices(TensorId),
}

/// The gradient of a state of the forward loop, as a state of the backward scan.
struct Carried<'g> {
    /// Which of the forward states.
    place: usize,
    parameter: AnyTensor<'g>,
    initial: AnyTensor<'g>,
}

/// A backward scan while it is put together: its states, what it stacks, and what its outputs are.
#[derive(Default)]
struct Backward<'g> {
    states: Vec<LoopState<'g>>,
    totals: Vec<Yield>,
    stacked: Vec<AnyTensor<'g>>,
    stacks: Vec<Yield>,
}

impl<'g> Backward<'g> {
    fn add_state(&mut self, state: LoopState<'g>, of: TensorId) {
        self.states.push(state);
        self.totals.push(Yield::Total(of));
    }

    /// Carries on what a step has found for the forward state before it.
    #[track_caller]
    fn carry(&mut self, forward: &ForwardLoop<'_>, state: Carried<'g>, walk: &Walk<'g, '_>) {
        let Carried {
            place,
            parameter,
            initial,
        } = state;
        let next = match walk.sums.get(&forward.parameters[place]) {
            Some(slope) => slope.to_dense(),
            None => parameter.zeros_like(),
        };
        let state = LoopState {
            parameter,
            initial,
            next,
        };
        self.add_state(state, forward.initial[place]);
    }

    /// Stacks what the steps have found for the elements of sequences.
    #[track_caller]
    fn stack_sequences(&mut self, forward: &ForwardLoop<'_>, walk: &Walk<'g, '_>) {
        let elements = &forward.parameters[forward.states..];
        for (sequence, element) in forward.sequences.iter().zip(elements) {
            if let Some(slope) = walk.sums.get(element) {
                self.stacked.push(slope.to_dense());
                self.stacks.push(Yield::Sequence(*sequence));
            }
        }
    }

    /// Stacks the rows that each step has found for a tensor around.
    fn stack_slices(&mut self, slices: IndexedSlices<'g>, of: TensorId) {
        self.stacked.extend([slices.values, slices.indices]);
        self.stacks.push(Yield::Slices(of));
    }
}

impl<'g> Walk<'g, '_> {
    /// The gradients of what a loop is given and uses.
    #[track_caller]
    pub(super) fn through_loop(
        &self,
        id: NodeId,
        control: &Control,
        grads: &[Option<Slope<'g>>],
    ) -> Vec<(TensorId, Slope<'g>)> {
        let Some(forward) = self.forward_loop(id, control) else {
            return Vec::new();
        };
        let frame = Rc::new(Frame::of_loop(
            &self.frame,
            id,
            forward.body,
            forward.states,
        ));
        let (starts, carried) = self.starts(&forward, &frame, grads);
        let inside = frame.body().enter();
        let walk = self.over_body(&frame, self.that_flow(starts));
        let mut backward = Backward::default();
        for state in carried {
            backward.carry(&forward, state, &walk);
        }
        backward.stack_sequences(&forward, &walk);
        for (tensor, parts) in walk.outside {
            match Slope::sum(self.graph, &parts) {
                Some(Slope::Dense(of_step)) => {
                    let total = self.total(&frame, tensor, of_step);
                    backward.add_state(total, tensor);
                }
                Some(Slope::Sparse(slices)) => backward.stack_slices(slices, tensor),
                None => {}
            }
        }
        drop(inside);
        let sequences = frame.sequences();
        let length = self.length(&forward, sequences.is_empty());
        let limit = forward.limit.map(|limit| self.frame.tensor(limit));
        let outputs = frame.body().into_scan(&Loop {
            states: backward.states,
            sequences,
            stacked: backward.stacked,
            length,
            limit,
            reverse: !forward.reverse,
        });
        let mut outputs = outputs.into_iter();
        let yields = backward.totals.into_iter().chain(backward.stacks);
        yields
            .filter_map(|of| self.take(of, limit, &mut outputs))
            .collect()
    }

    /// The gradients of the body's results that its walk starts from, and the states that carry
    /// those of the forward states.
    #[track_caller]
    fn starts(
        &self,
        forward: &ForwardLoop<'_>,
        frame: &Frame<'g>,
        grads: &[Option<Slope<'g>>],
    ) -> (Vec<(TensorId, Slope<'g>)>, Vec<Carried<'g>>) {
        let mut starts = Vec::new();
        let mut carried = Vec::new();
        for (place, result) in forward.results.iter().enumerate() {
            let output = forward.control.output_of_result(place);
            let grad = grads.get(output).copied().flatten();
            if place < forward.states {
                if !self.is_carried(forward, place) {
                    continue;
                }
                let initial = match grad {
                    Some(slope) => slope.to_dense(),
                    None => self.frame.zeros_like(forward.initial[place]),
                };
                let parameter = frame.body().parameter(initial.fact().without_ints());
                starts.push((*result, Slope::Dense(parameter)));
                carried.push(Carried {
                    place,
                    parameter,
                    initial,
                });
            } else if let Some(slope) = grad {
                starts.push((*result, Slope::Dense(frame.element(slope.to_dense()))));
            }
        }
        (starts, carried)
    }

    fn forward_loop<'c>(&self, id: NodeId, control: &'c Control) -> Option<ForwardLoop<'c>> {
        let (body, states) = (control.loop_body()?, control.states());
        let view = self.graph.view();
        let inputs = view.inputs(id);
        let operand = |slot: usize| inputs.get(slot).copied();
        let (sequences, reverse) = match control {
            Control::Scan {
                sequences, reverse, ..
            } => (*sequences, *reverse),
            Control::While { .. }
            | Control::Cond { .. }
            | Control::NoOp
            | Control::Parameter { .. } => (0, false),
        };
        let (steps, limit) = match control {
            Control::While { maximum, .. } => {
                let count = TensorId::new(id, u32::try_from(states).ok()?);
                (Steps::Maximum((*maximum)?), Some(count))
            }
            Control::Scan { .. }
            | Control::Cond { .. }
            | Control::NoOp
            | Control::Parameter { .. } => {
                let length = control.length_slot().and_then(operand);
                let steps = length.map_or(Steps::Sequences, Steps::Length);
                (steps, control.limit_slot().and_then(operand))
            }
        };
        let region = view.region(body);
        let parameters = region.parameters.iter().map(|id| TensorId::new(*id, 0));
        Some(ForwardLoop {
            id,
            control,
            body,
            states,
            reverse,
            initial: inputs.get(..states)?.to_vec(),
            sequences: inputs.get(states..states.checked_add(sequences)?)?.to_vec(),
            steps,
            limit,
            parameters: parameters.collect(),
            results: region.results.clone(),
        })
    }

    /// Whether a gradient of this state goes from step to step.
    fn is_carried(&self, forward: &ForwardLoop<'_>, place: usize) -> bool {
        let output = u32::try_from(place).unwrap_or(u32::MAX);
        let last = TensorId::new(forward.id, output);
        self.course.way.contains(&last) || self.course.way.contains(&forward.parameters[place])
    }

    /// The number of steps, where nothing else tells it.
    #[track_caller]
    fn length(&self, forward: &ForwardLoop<'_>, no_sequence: bool) -> Option<AnyTensor<'g>> {
        match (forward.steps, forward.sequences.first()) {
            (Steps::Length(length), _) => Some(self.frame.tensor(length)),
            (Steps::Maximum(maximum), _) => {
                // What is above is no size: the forward loop is poisoned.
                let maximum = Value::scalar(i64::try_from(maximum).unwrap_or(i64::MAX));
                Some(self.graph.constant_value(maximum, "maximum"))
            }
            (Steps::Sequences, Some(sequence)) if no_sequence => {
                Some(row_count(self.frame.shape_of(*sequence), 0))
            }
            (Steps::Sequences, _) => None,
        }
    }

    /// The state in which the gradient of a tensor around is added up from step to step.
    #[track_caller]
    fn total(&self, frame: &Frame<'g>, tensor: TensorId, of_step: AnyTensor<'g>) -> LoopState<'g> {
        let initial = self.frame.zeros_like(tensor);
        let parameter = frame.body().parameter(initial.fact().without_ints());
        LoopState {
            parameter,
            initial,
            next: parameter.add(of_step),
        }
    }

    /// A gradient from the next outputs of the backward scan.
    #[track_caller]
    fn take(
        &self,
        of: Yield,
        limit: Option<AnyTensor<'g>>,
        outputs: &mut impl Iterator<Item = AnyTensor<'g>>,
    ) -> Option<(TensorId, Slope<'g>)> {
        match of {
            Yield::Total(tensor) | Yield::Sequence(tensor) => {
                Some((tensor, Slope::Dense(outputs.next()?)))
            }
            Yield::Slices(tensor) => {
                let (values, indices) = (outputs.next()?, outputs.next()?);
                let indices = limit.map_or(indices, |limit| named_within(limit, indices));
                let table = self.frame.shape_of(tensor);
                let others: Vec<usize> = (1..table.shape().rank()).collect();
                let slices = IndexedSlices {
                    values: with_one_axis_for(indices, values, table, &others),
                    indices: indices.reshape([-1]),
                    rows: row_count(table, 0),
                };
                Some((tensor, Slope::Sparse(slices)))
            }
        }
    }
}

/// The indices of all steps, with those of the first step for the steps beyond the limit, which were not
/// run: their rows are zeros, and should name no row of the table that no step has named.
#[track_caller]
fn named_within<'g>(limit: AnyTensor<'g>, indices: AnyTensor<'g>) -> AnyTensor<'g> {
    let shape = indices.shape();
    if indices.is_poisoned() || shape.dim(0) == Some(Dim::Known(0)) {
        return indices;
    }
    let (graph, dtype) = (indices.graph(), limit.dtype());
    let first = indices.slice(SliceSpec {
        bounds: vec![Bound::from(0_i64..1)],
    });
    let steps = Size::of_axis(indices, 0).into_tensor(graph).cast(dtype);
    let (zero, one) = (
        graph.number(dtype, 0.0, "start"),
        graph.number(dtype, 1.0, "delta"),
    );
    let mut was_run = graph
        .range_any(zero, steps, one)
        .compare(Compare::Less, limit);
    for axis in 1..shape.rank() {
        was_run = was_run.expand_dims(i64::try_from(axis).unwrap_or(i64::MAX));
    }
    was_run.select(indices, first)
}
