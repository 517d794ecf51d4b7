//! A Rust closure as an op.

use std::fmt;

use ndarray::{ArrayD, ArrayViewD};

use crate::custom::{Computation, CustomError, CustomGradient, CustomOp};
use crate::element::{DType, Element};
use crate::fact::Fact;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::shape::{Dim, Shape};

/// The tensors that a closure is given: one, or a tuple of up to four.
pub trait ClosureInputs<'g> {
    /// Their element types, as a tuple.
    type Elements;

    /// The tensors, in order.
    fn into_tensors(self) -> Vec<AnyTensor<'g>>;
}

impl<'g, T: Element> ClosureInputs<'g> for Tensor<'g, T> {
    type Elements = (T,);

    fn into_tensors(self) -> Vec<AnyTensor<'g>> {
        vec![self.any()]
    }
}

/// A closure of arrays with these element types: `Fn(ArrayViewD<A>, …) -> Result<ArrayD<O>, E>`.
pub trait ClosureBody<Elements, O, E>: Send + Sync + 'static {
    /// Calls the closure with the inputs of a run.
    ///
    /// # Errors
    /// Those of the closure.
    fn call(&self, run: &Computation<'_>) -> Result<ArrayD<O>, CustomError>;
}

macro_rules! arities {
    ($(($($element:ident $place:tt),*))*) => {$(
        impl<'g, $($element: Element),*> ClosureInputs<'g> for ($(Tensor<'g, $element>,)*) {
            type Elements = ($($element,)*);

            fn into_tensors(self) -> Vec<AnyTensor<'g>> {
                vec![$(self.$place.any()),*]
            }
        }

        impl<F, $($element: Element,)* O, E> ClosureBody<($($element,)*), O, E> for F
        where
            F: Fn($(ArrayViewD<'_, $element>),*) -> Result<ArrayD<O>, E> + Send + Sync + 'static,
            E: Into<CustomError>,
        {
            fn call(&self, run: &Computation<'_>) -> Result<ArrayD<O>, CustomError> {
                self($(run.input::<$element>($place)?),*).map_err(Into::into)
            }
        }
    )*};
}
arities! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

/// A closure with what its result is promised to be.
pub(crate) struct Closure {
    name: String,
    dtype: DType,
    sizes: Vec<ResultSize>,
    run: Box<ClosureRun>,
}

type ClosureRun = dyn Fn(&mut Computation<'_>) -> Result<(), CustomError> + Send + Sync;

/// A size of a closure's result.
#[derive(Clone, Copy, Debug)]
enum ResultSize {
    /// Known while building, or late.
    Promised(Dim),
    /// The size of this axis of this input.
    Of { input: usize, axis: usize },
}

impl Closure {
    /// The closure as an op on these inputs, with a result of this shape.
    pub(crate) fn new<Elements, O: Element, E>(
        name: &str,
        inputs: &[Fact],
        shape: &Shape,
        body: impl ClosureBody<Elements, O, E>,
    ) -> Closure {
        Closure {
            name: name.to_owned(),
            dtype: O::DTYPE,
            sizes: shape
                .dims()
                .iter()
                .map(|dim| size_of(*dim, inputs))
                .collect(),
            run: Box::new(move |run| {
                let array = body.call(run)?;
                run.give(0, array)?;
                Ok(())
            }),
        }
    }
}

/// An unknown size is looked for among those of the inputs: there it is known before the run.
fn size_of(dim: Dim, inputs: &[Fact]) -> ResultSize {
    for (input, fact) in inputs.iter().enumerate() {
        let axis = fact
            .shape
            .dims()
            .iter()
            .position(|of_input| of_input.same(dim));
        if let (Dim::Unknown(_), Some(axis)) = (dim, axis) {
            return ResultSize::Of { input, axis };
        }
    }
    ResultSize::Promised(dim)
}

impl CustomOp for Closure {
    fn name(&self) -> &str {
        &self.name
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        let dims = self.sizes.iter().map(|size| match *size {
            ResultSize::Promised(dim) => dim,
            ResultSize::Of { input, axis } => {
                let of_input = inputs.get(input).and_then(|fact| fact.shape.dim(axis));
                of_input.unwrap_or(Dim::UNKNOWN)
            }
        });
        Ok(vec![Fact::new(self.dtype, Shape::new(dims.collect()))])
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        (self.run)(run)
    }

    fn is_stateful(&self) -> bool {
        true
    }

    fn gradient(&self) -> CustomGradient {
        CustomGradient::none("it is a Rust closure")
    }
}

impl fmt::Debug for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closure")
            .field("name", &self.name)
            .field("dtype", &self.dtype)
            .field("sizes", &self.sizes)
            .finish_non_exhaustive()
    }
}
