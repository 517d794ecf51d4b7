//! What a loop stacks.

use aqueduct_graph::ir::Data;
use aqueduct_graph::{DType, Value};

use crate::compile::Need;
use crate::error::Result;
use crate::kernels::{Slice, SliceMut, append};
use crate::memory::{MemoryShortage, bytes_of};

/// One output of all steps: in its place in the arena, or growing where its shape is late.
pub(super) enum Stack<'a> {
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
    pub(super) fn new(need: Need, place: Option<SliceMut<'a>>, steps: usize) -> Stack<'a> {
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

    /// How many rows there are, of which the loop may leave some out.
    pub(super) fn steps(&self) -> usize {
        match self {
            Stack::Planned { steps, .. }
            | Stack::Growing { steps, .. }
            | Stack::Shape { steps, .. } => *steps,
        }
    }

    /// Takes note of the shape of one step's output; `false` if it is not that of the others.
    pub(super) fn put_shape(&mut self, sizes: Vec<usize>) -> bool {
        match self {
            Stack::Shape { shape, .. } | Stack::Growing { shape, .. } => {
                shape.get_or_insert_with(|| sizes.clone()) == &sizes
            }
            Stack::Planned { .. } => true,
        }
    }

    /// Puts the output of one step at its place; `false` if its shape is not that of the others.
    pub(super) fn put(&mut self, at: usize, elements: Slice<'_>, sizes: Vec<usize>) -> bool {
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

    /// Makes what is in its place beyond the rows of so many steps zeros.
    pub(super) fn clear_beyond(self, done: usize) {
        if let Stack::Planned { mut place, steps } = self {
            let width = place.len().checked_div(steps).unwrap_or(0);
            place.part(done * width..steps * width).clear();
        }
    }

    /// The outputs of so many steps as one value, in the order of the sequences, with zeros beyond
    /// them. `None` if there was no step, which alone could have told the shape.
    ///
    /// # Errors
    /// There is not enough memory.
    pub(super) fn into_value(self, done: usize, reverse: bool) -> Result<Option<Value>> {
        let Stack::Growing {
            steps,
            shape: Some(shape),
            data: Some(data),
        } = self
        else {
            return Ok(None);
        };
        let sizes: Vec<usize> = std::iter::once(steps).chain(shape).collect();
        if done == steps && !reverse {
            return Ok(Value::new(sizes, data));
        }
        let rows = Slice::from(&data);
        let mut value = zeros(rows.dtype(), &sizes)?;
        let width = rows.len().checked_div(done).unwrap_or(0);
        let mut all = SliceMut::from(value.data_mut());
        for step in 0..done {
            let place = if reverse { done - 1 - step } else { step };
            let row = rows.part(step * width..(step + 1) * width);
            all.part(place * width..(place + 1) * width).copy_from(row);
        }
        Ok(Some(value))
    }
}

/// Zeros of this shape.
///
/// # Errors
/// There is not enough memory.
pub(super) fn zeros(dtype: DType, sizes: &[usize]) -> Result<Value> {
    let shortage = || MemoryShortage::new("a result", bytes_of(dtype.width(), sizes));
    Value::zeros(dtype, sizes).ok_or_else(|| shortage().into())
}
