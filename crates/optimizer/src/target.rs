//! Where an update goes: to a whole variable, or to the rows that a sparse gradient names.

use std::collections::BTreeMap;

use aqueduct_graph::ir::{PartUpdate, SegmentReduction, Update};
use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph, Operation, Size};

use crate::gradient::{IndexedSlices, Slope};

/// Changes each variable by its gradient. `settings` makes what is the same for all variables of one
/// type; `update` writes a variable and its slots.
pub(crate) fn update_each<'g, S, T>(
    graph: &'g Graph,
    slopes: &[(Slope<'g>, AnyVariable<'g>)],
    slots: &[T],
    settings: impl Fn(DType) -> S,
    update: impl Fn(&mut Target<'g>, &S, &T),
) -> Vec<Operation<'g>> {
    let mut of_type = BTreeMap::new();
    let mut updates = Vec::new();
    for ((slope, variable), slots) in slopes.iter().zip(slots) {
        let dtype = variable.dtype();
        let settings = of_type.entry(dtype).or_insert_with(|| settings(dtype));
        let _scope = graph.open_name_scope(&format!("update_{}", variable.name()));
        let mut target = Target::new(*variable, *slope);
        update(&mut target, settings, slots);
        updates.extend(target.into_writes());
    }
    updates
}

/// A variable and the places of it that its gradient names, which are the same in its slots. So one
/// formula does for gradients of both forms.
pub(crate) struct Target<'g> {
    variable: AnyVariable<'g>,
    gradient: AnyTensor<'g>,
    rows: Option<Rows<'g>>,
    writes: Vec<Operation<'g>>,
}

/// The rows that a sparse gradient names, one for each index.
#[derive(Clone, Copy)]
struct Rows<'g> {
    indices: AnyTensor<'g>,
    /// Which of the indices name a row for the first time.
    is_first: AnyTensor<'g>,
}

impl<'g> Target<'g> {
    /// Gradients of one row are added up: what is done to a row is done once, with the sum. How many
    /// distinct rows there are is known in the run alone, and a size that changes would be planned
    /// anew for each number. So each index keeps its place: all that name one row compute the same.
    #[track_caller]
    pub(crate) fn new(variable: AnyVariable<'g>, slope: Slope<'g>) -> Target<'g> {
        let (gradient, rows) = match slope {
            Slope::Dense(gradient) => (gradient, None),
            Slope::Sparse(IndexedSlices {
                values, indices, ..
            }) => {
                let first = indices.first_occurrence();
                let sums = values.unsorted_segment(
                    SegmentReduction::Sum,
                    first,
                    Size::Tensor(first.size(DType::I32)),
                );
                let is_first = first.is_own_place();
                (sums.gather(first, 0), Some(Rows { indices, is_first }))
            }
        };
        Target {
            variable,
            gradient,
            rows,
            writes: Vec::new(),
        }
    }

    /// What has been written.
    pub(crate) fn into_writes(self) -> Vec<Operation<'g>> {
        self.writes
    }

    pub(crate) fn variable(&self) -> AnyVariable<'g> {
        self.variable
    }

    /// The gradient of what is updated.
    pub(crate) fn gradient(&self) -> AnyTensor<'g> {
        self.gradient
    }

    /// What is updated of the variable or of a slot, as it was at the start of the run.
    #[track_caller]
    pub(crate) fn value_of(&self, slot: AnyVariable<'g>) -> AnyTensor<'g> {
        match self.rows {
            Some(rows) => slot.value().gather(rows.indices, 0),
            None => slot.value(),
        }
    }

    /// Writes what is updated of the variable or of a slot.
    #[track_caller]
    pub(crate) fn set(&mut self, slot: AnyVariable<'g>, value: AnyTensor<'g>) {
        let written = match self.rows {
            Some(rows) => slot.scatter(PartUpdate::Set, rows.indices, value),
            None => slot.update(Update::Set, value),
        };
        self.writes.push(written.op());
    }

    /// Moves the variable, from where the last write before has left it.
    #[track_caller]
    pub(crate) fn subtract(&mut self, distance: AnyTensor<'g>) {
        let written = match self.rows {
            Some(rows) => {
                let once = rows.once(distance);
                self.variable.scatter(PartUpdate::Sub, rows.indices, once)
            }
            None => self.variable.update(Update::Sub, distance),
        };
        self.writes.push(written.op());
    }
}

impl<'g> Rows<'g> {
    /// The values, with 0 for all rows but the first of one index.
    #[track_caller]
    fn once(self, values: AnyTensor<'g>) -> AnyTensor<'g> {
        let inner = 1..values.shape().rank();
        let mut is_first = self.is_first;
        for axis in inner {
            is_first = is_first.expand_dims(i64::try_from(axis).unwrap_or(i64::MAX));
        }
        let zero = values.graph().number(values.dtype(), 0.0, "zero");
        is_first.select(values, zero)
    }
}
