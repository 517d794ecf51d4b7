//! The gradient of a scan: a scan run backwards.
//!
//! The gradients of the last states are carried from the last step to the first. In each step the
//! body takes them, and the elements of the stacked outputs' gradients that belong to the step, for
//! the gradients of the forward body's results. What it finds for the states before the step is
//! carried on; for elements of sequences it is stacked; for tensors around it is added up.

use std::rc::Rc;

use aqueduct_graph::AnyTensor;
use aqueduct_graph::ir::{Control, Loop, LoopState, NodeId, RegionId, TensorId};

use super::{Frame, Walk};
use crate::gradient::{IndexedSlices, Slope};
use crate::rules::{row_count, with_one_axis_for};

/// A scan by its parts.
struct Scan {
    id: NodeId,
    body: RegionId,
    states: usize,
    reverse: bool,
    initial: Vec<TensorId>,
    sequences: Vec<TensorId>,
    length: Option<TensorId>,
    parameters: Vec<TensorId>,
    results: Vec<TensorId>,
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

impl<'g> Walk<'g, '_> {
    /// The gradients of what a scan is given and uses.
    #[track_caller]
    pub(super) fn through_scan(
        &self,
        id: NodeId,
        control: &Control,
        grads: &[Option<Slope<'g>>],
    ) -> Vec<(TensorId, Slope<'g>)> {
        let Some(scan) = self.scan(id, control) else {
            return Vec::new();
        };
        let frame = Rc::new(Frame::of_scan(&self.frame, id, scan.body, scan.states));
        let mut starts = Vec::new();
        let mut carried = Vec::new();
        for (place, result) in scan.results.iter().enumerate() {
            let grad = grads.get(place).copied().flatten();
            if place < scan.states {
                if !self.is_carried(&scan, place) {
                    continue;
                }
                let initial = match grad {
                    Some(slope) => slope.to_dense(),
                    None => self.frame.zeros_like(scan.initial[place]),
                };
                let parameter = frame.body().parameter(initial.fact().without_ints());
                carried.push((place, parameter, initial));
                starts.push((*result, Slope::Dense(parameter)));
            } else if let Some(slope) = grad {
                starts.push((*result, Slope::Dense(frame.element(slope.to_dense()))));
            }
        }
        let inside = frame.body().enter();
        let walk = self.over_body(&frame, self.that_flow(starts));
        let mut states = Vec::new();
        let mut totals = Vec::new();
        for (place, parameter, initial) in carried {
            let next = match walk.sums.get(&scan.parameters[place]) {
                Some(slope) => slope.to_dense(),
                None => parameter.zeros_like(),
            };
            states.push(LoopState {
                parameter,
                initial,
                next,
            });
            totals.push(Yield::Total(scan.initial[place]));
        }
        let mut stacked = Vec::new();
        let mut stacks = Vec::new();
        for (sequence, parameter) in scan.sequences.iter().zip(&scan.parameters[scan.states..]) {
            if let Some(slope) = walk.sums.get(parameter) {
                stacked.push(slope.to_dense());
                stacks.push(Yield::Sequence(*sequence));
            }
        }
        for (tensor, parts) in walk.outside {
            match Slope::sum(self.graph, &parts) {
                Some(Slope::Dense(of_step)) => {
                    states.push(self.total(&frame, tensor, of_step));
                    totals.push(Yield::Total(tensor));
                }
                Some(Slope::Sparse(slices)) => {
                    stacked.extend([slices.values, slices.indices]);
                    stacks.push(Yield::Slices(tensor));
                }
                None => {}
            }
        }
        drop(inside);
        let sequences = frame.sequences();
        let length = self.length(&scan, sequences.is_empty());
        let outputs = frame.body().into_scan(&Loop {
            states,
            sequences,
            stacked,
            length,
            reverse: !scan.reverse,
        });
        let mut outputs = outputs.into_iter();
        let mut found = Vec::new();
        for of in totals.into_iter().chain(stacks) {
            found.extend(self.take(of, &mut outputs));
        }
        found
    }

    fn scan(&self, id: NodeId, control: &Control) -> Option<Scan> {
        let Control::Scan {
            body,
            states,
            sequences,
            length,
            reverse,
        } = *control
        else {
            return None;
        };
        let view = self.graph.view();
        let inputs = view.inputs(id);
        let region = view.region(body);
        let parameters = region.parameters.iter().map(|id| TensorId::new(*id, 0));
        Some(Scan {
            id,
            body,
            states,
            reverse,
            initial: inputs.get(..states)?.to_vec(),
            sequences: inputs.get(states..states + sequences)?.to_vec(),
            length: inputs.last().filter(|_| length).copied(),
            parameters: parameters.collect(),
            results: region.results.clone(),
        })
    }

    /// Whether a gradient of this state goes from step to step.
    fn is_carried(&self, scan: &Scan, place: usize) -> bool {
        let output = u32::try_from(place).unwrap_or(u32::MAX);
        let last = TensorId::new(scan.id, output);
        self.course.way.contains(&last) || self.course.way.contains(&scan.parameters[place])
    }

    /// The number of steps, where nothing else tells it.
    #[track_caller]
    fn length(&self, scan: &Scan, no_sequence: bool) -> Option<AnyTensor<'g>> {
        match (scan.length, scan.sequences.first()) {
            (Some(length), _) => Some(self.frame.tensor(length)),
            (None, Some(sequence)) if no_sequence => {
                Some(row_count(self.frame.shape_of(*sequence), 0))
            }
            (None, _) => None,
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
        outputs: &mut impl Iterator<Item = AnyTensor<'g>>,
    ) -> Option<(TensorId, Slope<'g>)> {
        match of {
            Yield::Total(tensor) | Yield::Sequence(tensor) => {
                Some((tensor, Slope::Dense(outputs.next()?)))
            }
            Yield::Slices(tensor) => {
                let (values, indices) = (outputs.next()?, outputs.next()?);
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
