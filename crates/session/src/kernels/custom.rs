//! Kernels of family `custom`: the user's own code, kept from doing harm.

use aqueduct_graph::Computation;
use aqueduct_graph::ir::{AnyArray, AnyArrayMut, Custom, Fact};
use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn};

use crate::kernels::{Args, Failure, Kernel, Slice, SliceMut, Spec};

pub(super) fn kernel(op: &Custom, spec: &Spec<'_>) -> Kernel {
    let op = op.clone();
    let inputs: Vec<IxDyn> = (0..spec.inputs.len())
        .map(|index| IxDyn(&spec.input(index)))
        .collect();
    let outputs = spec.outputs.to_vec();
    Box::new(move |args| {
        let mut run = Computation::new(views(args, &inputs)?, places(args, &outputs)?);
        op.compute(&mut run).map_err(Failure::new)?;
        let made = run
            .finish()
            .map_err(|error| Failure::new(error.to_string()))?;
        for (index, value) in made {
            args.give(index, value);
        }
        Ok(())
    })
}

/// The operands as arrays of these sizes.
fn views<'a>(args: &Args<'a>, sizes: &[IxDyn]) -> Result<Vec<AnyArray<'a>>, Failure> {
    let view = |(index, sizes): (usize, &IxDyn)| {
        let elements = args.any_input(index)?;
        elements.view(sizes)
    };
    let views: Option<Vec<AnyArray<'a>>> = sizes.iter().enumerate().map(view).collect();
    views.ok_or_else(|| Failure::new("an operand is not there as planned"))
}

/// What is promised of each result, with its place in the arena if all its sizes are known.
fn places<'a>(
    args: &mut Args<'a>,
    promised: &[Fact],
) -> Result<Vec<(Fact, Option<AnyArrayMut<'a>>)>, Failure> {
    let mut places = Vec::with_capacity(promised.len());
    for (index, fact) in promised.iter().enumerate() {
        let place = match fact.shape.sizes() {
            None => None,
            Some(sizes) => {
                let elements = args.any_output(index);
                let place = elements.and_then(|elements| elements.view(&IxDyn(&sizes)));
                let lost = || Failure::new(format!("there is no place for output {index}"));
                Some(place.ok_or_else(lost)?)
            }
        };
        places.push((fact.clone(), place));
    }
    Ok(places)
}

macro_rules! views {
    ($($variant:ident),*) => {
        impl<'a> Slice<'a> {
            /// The elements as an array of these sizes; `None` if there are not as many.
            fn view(self, sizes: &IxDyn) -> Option<AnyArray<'a>> {
                match self {
                    $(Slice::$variant(values) => {
                        let view = ArrayViewD::from_shape(sizes.clone(), values);
                        view.ok().map(AnyArray::$variant)
                    })*
                }
            }
        }

        impl<'a> SliceMut<'a> {
            /// The elements as an array of these sizes, to be written; `None` if there are not as many.
            fn view(self, sizes: &IxDyn) -> Option<AnyArrayMut<'a>> {
                match self {
                    $(SliceMut::$variant(values) => {
                        let view = ArrayViewMutD::from_shape(sizes.clone(), values);
                        view.ok().map(AnyArrayMut::$variant)
                    })*
                }
            }
        }
    };
}
views!(F32, F64, I32, I64, U8, Bool);
