//! One run of a custom op: its inputs, and the places of its outputs.

use ndarray::{ArrayBase, ArrayViewD, ArrayViewMutD, Dimension};
use thiserror::Error;

use crate::custom::{AnyArray, AnyArrayMut};
use crate::element::Element;
use crate::fact::Fact;
use crate::infer::plural;
use crate::shape::Shape;
use crate::value::Value;

/// One run of a custom op: what [`CustomOp::compute`](crate::CustomOp::compute) reads and writes.
///
/// Every output must be given, by [`Computation::output`] or by [`Computation::give`].
#[derive(Debug)]
pub struct Computation<'a> {
    inputs: Vec<AnyArray<'a>>,
    outputs: Vec<Output<'a>>,
}

/// A custom op asked for what it has not, or gave what it had not promised.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ComputationError(String);

#[derive(Debug)]
struct Output<'a> {
    promised: Fact,
    state: OutputState<'a>,
}

#[derive(Debug)]
enum OutputState<'a> {
    /// Not given so far. There is a place for it unless its sizes are late.
    Awaited(Option<AnyArrayMut<'a>>),
    /// Written in its place, or about to be.
    Written,
    /// Of late sizes, and given.
    Made(Value),
}

impl<'a> Computation<'a> {
    /// A run with these inputs. Each output is promised by its fact, and has a place if all its sizes
    /// are known.
    pub fn new(
        inputs: Vec<AnyArray<'a>>,
        outputs: impl IntoIterator<Item = (Fact, Option<AnyArrayMut<'a>>)>,
    ) -> Computation<'a> {
        let outputs = outputs.into_iter().map(|(promised, place)| Output {
            promised,
            state: OutputState::Awaited(place),
        });
        Computation {
            inputs,
            outputs: outputs.collect(),
        }
    }

    /// The number of inputs.
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// An input.
    ///
    /// # Errors
    /// There is no such input, or it is of another type.
    pub fn input<T: Element>(&self, index: usize) -> Result<ArrayViewD<'a, T>, ComputationError> {
        let input = self
            .inputs
            .get(index)
            .ok_or_else(|| absent("input", index, self.inputs.len()))?;
        T::view(input).ok_or_else(|| {
            let dtype = input.dtype();
            let asked = T::DTYPE;
            ComputationError(format!(
                "input {index} is {dtype} but was asked for as {asked}"
            ))
        })
    }

    /// What was promised of an output: its type and shape. An unknown size is late.
    ///
    /// # Errors
    /// There is no such output.
    pub fn output_fact(&self, index: usize) -> Result<&Fact, ComputationError> {
        let output = self.outputs.get(index);
        output
            .map(|output| &output.promised)
            .ok_or_else(|| absent("output", index, self.outputs.len()))
    }

    /// The place of an output, to be written: every element, as it holds arbitrary ones. Each can be
    /// taken once.
    ///
    /// # Errors
    /// There is no such output, it is of another type, it was given already, or its sizes are late.
    pub fn output<T: Element>(
        &mut self,
        index: usize,
    ) -> Result<ArrayViewMutD<'a, T>, ComputationError> {
        let output = self.awaited::<T>(index)?;
        match std::mem::replace(&mut output.state, OutputState::Written) {
            OutputState::Awaited(Some(place)) => T::view_mut(place).ok_or_else(|| {
                ComputationError(format!("output {index} was laid out as another type"))
            }),
            state => {
                output.state = state;
                Err(ComputationError(format!(
                    "output {index}, {}{}, has a size that only its values tell: use `give`",
                    output.promised.dtype, output.promised.shape
                )))
            }
        }
    }

    /// Gives an output as an array: the way for one of late sizes. One of known sizes is copied to
    /// its place.
    ///
    /// # Errors
    /// There is no such output, it is of another type or shape than promised, or it was given
    /// already.
    pub fn give<T, S, D>(
        &mut self,
        index: usize,
        array: ArrayBase<S, D>,
    ) -> Result<(), ComputationError>
    where
        T: Element,
        S: ndarray::Data<Elem = T>,
        D: Dimension,
    {
        let output = self.awaited::<T>(index)?;
        let promised = &output.promised.shape;
        let shape = Shape::known(array.shape());
        if !shape.compatible(promised) {
            return Err(ComputationError(format!(
                "output {index} was given with shape {shape} but {promised} was promised"
            )));
        }
        match &mut output.state {
            OutputState::Awaited(Some(_)) => {
                let mut place = self.output::<T>(index)?;
                place.assign(&array.into_dyn());
            }
            state => *state = OutputState::Made(Value::from(array)),
        }
        Ok(())
    }

    /// The outputs of late sizes, each with its index.
    ///
    /// # Errors
    /// An output was not given.
    pub fn finish(self) -> Result<Vec<(usize, Value)>, ComputationError> {
        let mut made = Vec::new();
        for (index, output) in self.outputs.into_iter().enumerate() {
            match output.state {
                OutputState::Awaited(_) => {
                    let Fact { dtype, shape, .. } = output.promised;
                    return Err(ComputationError(format!(
                        "output {index}, {dtype}{shape}, was not given"
                    )));
                }
                OutputState::Written => {}
                OutputState::Made(value) => made.push((index, value)),
            }
        }
        Ok(made)
    }

    /// An output of this type that was not given so far.
    fn awaited<T: Element>(&mut self, index: usize) -> Result<&mut Output<'a>, ComputationError> {
        let count = self.outputs.len();
        let output = self
            .outputs
            .get_mut(index)
            .ok_or_else(|| absent("output", index, count))?;
        let (promised, given) = (output.promised.dtype, T::DTYPE);
        if promised != given {
            return Err(ComputationError(format!(
                "output {index} is promised as {promised} but was asked for as {given}"
            )));
        }
        match output.state {
            OutputState::Awaited(_) => Ok(output),
            OutputState::Written | OutputState::Made(_) => {
                Err(ComputationError(format!("output {index} was given twice")))
            }
        }
    }
}

fn absent(what: &str, index: usize, count: usize) -> ComputationError {
    let count = plural(count, what);
    ComputationError(format!(
        "{what} {index} was asked for but the op has {count}"
    ))
}
