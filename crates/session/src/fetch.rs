//! Fetches: what a run is asked for.

use std::any::Any;
use std::marker::PhantomData;

use aqueduct_graph::ir::{NodeId, TensorId};
use aqueduct_graph::{
    AnyTensor, AnyVariable, DType, Element, Graph, Operation, Tensor, Value, Variable,
};
use ndarray::{ArrayD, IxDyn};

use crate::error::{Error, Result};
use crate::execute::{Frame, copied, value_of, view_result};
use crate::feed::Few;
use crate::kernels::Slice;

/// Something that a run can be asked for: a tensor, a variable, an operation, and any tuple, vector
/// or array of these, nested.
///
/// The type of the result follows from it: a `Tensor<T>` gives an `ArrayD<T>`, an operation gives
/// `()`, [`scalar`](crate::TensorExt::scalar) gives a plain number, a structure gives the same
/// structure of results.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be fetched",
    note = "tensors, variables, operations and `tensor.scalar()` can, and tuples, arrays and vectors of \
            these; of a structure of your own, `parts()`"
)]
pub trait Fetch {
    /// What the run gives.
    type Output;
    /// How to put the result together, without a tie to the graph.
    type Recipe: Assemble<Output = Self::Output> + Send + Sync + 'static;

    /// Says what is wanted.
    fn request(&self, requests: &mut Requests) -> Self::Recipe;
}

/// How to put a result together from fetched values.
pub trait Assemble {
    /// What it makes.
    type Output;

    /// Takes what was requested.
    ///
    /// # Errors
    /// A value is not there or is of another type, which only a fault of this library can bring about.
    fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<Self::Output>;
}

/// What a run is asked for, taken apart.
#[derive(Debug, Default)]
pub struct Requests {
    pub(crate) tensors: Few<Request<TensorId>>,
    pub(crate) operations: Few<Request<NodeId>>,
}

/// One thing that is wanted.
#[derive(Debug)]
pub(crate) struct Request<Id> {
    pub(crate) graph: Graph,
    pub(crate) id: Id,
}

impl Requests {
    /// Asks for a tensor; the result tells where to find it among the fetched values.
    pub fn tensor(&mut self, tensor: AnyTensor<'_>) -> usize {
        self.tensors.push(Request {
            graph: tensor.graph().clone(),
            id: tensor.id(),
        });
        self.tensors.len() - 1
    }

    /// Asks for an operation to be run.
    pub fn operation(&mut self, operation: Operation<'_>) {
        self.operations.push(Request {
            graph: operation.graph().clone(),
            id: operation.id(),
        });
    }
}

/// The values that a run has fetched.
pub struct Fetched<'r> {
    graph: &'r Graph,
    frame: &'r Frame<'r>,
    /// The tensors that were fetched.
    tensors: &'r [TensorId],
}

impl<'r> Fetched<'r> {
    pub(crate) fn new(graph: &'r Graph, frame: &'r Frame<'r>, tensors: &'r [TensorId]) -> Self {
        Fetched {
            graph,
            frame,
            tensors,
        }
    }

    /// Takes a copy of a value.
    ///
    /// # Errors
    /// It was never asked for, it is the value of a variable that has none, or memory is out.
    pub fn take(&mut self, place: usize) -> Result<Value> {
        let (elements, sizes) = self.view(place)?;
        value_of(elements, sizes).map_err(|error| self.with_user(place, error))
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.tensors.len()
    }

    /// The elements of a value, and its sizes.
    ///
    /// # Errors
    /// It was never asked for, or is the value of a variable that has none.
    pub(crate) fn view(&self, place: usize) -> Result<(Slice<'r>, &'r [usize])> {
        if place >= self.tensors.len() {
            return Err(Error::internal("a value was taken that was not fetched"));
        }
        view_result(self.graph, self.frame, place)
    }

    /// The error, which tells what was fetched if that is too much to copy.
    fn with_user(&self, place: usize, error: Error) -> Error {
        match self.tensors.get(place) {
            Some(tensor) => error.used_by(self.graph, tensor.node),
            None => error,
        }
    }

    /// The name of the tensor, for reports.
    pub(crate) fn name(&self, place: usize) -> String {
        let tensor = self.tensors.get(place);
        tensor.map_or_else(String::new, |tensor| self.graph.view().tensor_name(*tensor))
    }

    /// Where in the program the tensor was made, for reports.
    pub(crate) fn site(&self, place: usize) -> String {
        let tensor = self.tensors.get(place);
        tensor.map_or_else(String::new, |tensor| {
            self.graph.view().trace_of(tensor.node).to_string()
        })
    }
}

impl std::fmt::Debug for Fetched<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetched")
            .field("tensors", &self.tensors)
            .finish_non_exhaustive()
    }
}

/// The place of an array of elements `T` among the fetched values.
#[derive(Debug)]
pub struct ArrayAt<T> {
    place: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> Assemble for ArrayAt<T> {
    type Output = ArrayD<T>;

    fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<ArrayD<T>> {
        let (elements, sizes) = fetched.view(self.place)?;
        let wrong_type = |_| wrong_type::<T>(elements);
        let copy = copied(elements).map_err(|error| fetched.with_user(self.place, error))?;
        let elements = T::from_data(copy).map_err(wrong_type)?;
        ArrayD::from_shape_vec(IxDyn(sizes), elements)
            .map_err(|_| Error::internal("a result has another size than planned"))
    }
}

/// A tensor whose element type is known at run time is not of the elements that were asked for.
pub(crate) fn of_other_elements<T: Element>(name: String, found: DType) -> Error {
    Error::Fetch {
        name,
        reason: format!("its elements are {found}, not {}", T::DTYPE),
    }
}

fn wrong_type<T: Element>(elements: Slice<'_>) -> Error {
    Error::internal(format!(
        "fetched {} instead of {}",
        elements.dtype(),
        T::DTYPE
    ))
}

impl<T: Element> Fetch for Tensor<'_, T> {
    type Output = ArrayD<T>;
    type Recipe = ArrayAt<T>;

    fn request(&self, requests: &mut Requests) -> ArrayAt<T> {
        ArrayAt {
            place: requests.tensor(self.any()),
            element: PhantomData,
        }
    }
}

impl<T: Element> Fetch for Variable<'_, T> {
    type Output = ArrayD<T>;
    type Recipe = ArrayAt<T>;

    /// The variable's value at the start of the run.
    fn request(&self, requests: &mut Requests) -> ArrayAt<T> {
        self.value().request(requests)
    }
}

/// The place of an untyped value among the fetched ones.
#[derive(Debug)]
pub struct ValueAt(usize);

impl Assemble for ValueAt {
    type Output = Value;

    fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<Value> {
        fetched.take(self.0)
    }
}

impl Fetch for AnyTensor<'_> {
    type Output = Value;
    type Recipe = ValueAt;

    fn request(&self, requests: &mut Requests) -> ValueAt {
        ValueAt(requests.tensor(*self))
    }
}

impl Fetch for AnyVariable<'_> {
    type Output = Value;
    type Recipe = ValueAt;

    /// The variable's value at the start of the run.
    fn request(&self, requests: &mut Requests) -> ValueAt {
        self.value().request(requests)
    }
}

/// A scalar tensor, fetched as a plain number. Made by [`scalar`](crate::TensorExt::scalar).
#[derive(Clone, Copy, Debug)]
pub struct Scalar<'g, T> {
    tensor: AnyTensor<'g>,
    element: PhantomData<fn() -> T>,
}

impl<'g, T> Scalar<'g, T> {
    pub(crate) fn new(tensor: AnyTensor<'g>) -> Scalar<'g, T> {
        Scalar {
            tensor,
            element: PhantomData,
        }
    }
}

/// The place of a number among the fetched values.
#[derive(Debug)]
pub struct ScalarAt<T> {
    place: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> Fetch for Scalar<'_, T> {
    type Output = T;
    type Recipe = ScalarAt<T>;

    fn request(&self, requests: &mut Requests) -> ScalarAt<T> {
        ScalarAt {
            place: requests.tensor(self.tensor),
            element: PhantomData,
        }
    }
}

impl<T: Element> Assemble for ScalarAt<T> {
    type Output = T;

    fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<T> {
        let (elements, sizes) = fetched.view(self.place)?;
        if elements.len() != 1 {
            return Err(Error::Fetch {
                name: fetched.name(self.place),
                reason: format!("its shape is {sizes:?}, so it is not one number"),
            });
        }
        first(elements)
            .ok_or_else(|| of_other_elements::<T>(fetched.name(self.place), elements.dtype()))
    }
}

/// The first element, if there is one and it is of type `T`.
fn first<T: Element>(elements: Slice<'_>) -> Option<T> {
    let first: Option<&dyn Any> = match elements {
        Slice::F32(values) => values.first().map(|value| value as _),
        Slice::F64(values) => values.first().map(|value| value as _),
        Slice::I32(values) => values.first().map(|value| value as _),
        Slice::I64(values) => values.first().map(|value| value as _),
        Slice::U8(values) => values.first().map(|value| value as _),
        Slice::Bool(values) => values.first().map(|value| value as _),
    };
    first?.downcast_ref().copied()
}

/// Nothing: what an operation gives.
#[derive(Debug)]
pub struct Nothing;

impl Assemble for Nothing {
    type Output = ();

    fn assemble(&self, _: &mut Fetched<'_>) -> Result<()> {
        Ok(())
    }
}

impl Fetch for Operation<'_> {
    type Output = ();
    type Recipe = Nothing;

    fn request(&self, requests: &mut Requests) -> Nothing {
        requests.operation(*self);
        Nothing
    }
}

impl Fetch for () {
    type Output = ();
    type Recipe = Nothing;

    fn request(&self, _: &mut Requests) -> Nothing {
        Nothing
    }
}

impl<F: Fetch + ?Sized> Fetch for &F {
    type Output = F::Output;
    type Recipe = F::Recipe;

    fn request(&self, requests: &mut Requests) -> F::Recipe {
        (**self).request(requests)
    }
}

impl<A: Assemble> Assemble for Vec<A> {
    type Output = Vec<A::Output>;

    fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<Vec<A::Output>> {
        self.iter().map(|part| part.assemble(fetched)).collect()
    }
}

impl<F: Fetch> Fetch for Vec<F> {
    type Output = Vec<F::Output>;
    type Recipe = Vec<F::Recipe>;

    fn request(&self, requests: &mut Requests) -> Vec<F::Recipe> {
        self.as_slice().request(requests)
    }
}

impl<F: Fetch> Fetch for [F] {
    type Output = Vec<F::Output>;
    type Recipe = Vec<F::Recipe>;

    fn request(&self, requests: &mut Requests) -> Vec<F::Recipe> {
        self.iter().map(|part| part.request(requests)).collect()
    }
}

/// The parts of an array.
#[derive(Debug)]
pub struct ArrayOf<A, const N: usize>([A; N]);

impl<A: Assemble, const N: usize> Assemble for ArrayOf<A, N> {
    type Output = [A::Output; N];

    fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<[A::Output; N]> {
        let parts: Result<Vec<A::Output>> =
            self.0.iter().map(|part| part.assemble(fetched)).collect();
        let parts = <[A::Output; N]>::try_from(parts?);
        parts.map_err(|_| Error::internal("an array has another length than its recipe"))
    }
}

impl<F: Fetch, const N: usize> Fetch for [F; N] {
    type Output = [F::Output; N];
    type Recipe = ArrayOf<F::Recipe, N>;

    fn request(&self, requests: &mut Requests) -> ArrayOf<F::Recipe, N> {
        ArrayOf(self.each_ref().map(|part| part.request(requests)))
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),*))*) => {$(
        impl<$($name: Fetch),*> Fetch for ($($name,)*) {
            type Output = ($($name::Output,)*);
            type Recipe = ($($name::Recipe,)*);

            fn request(&self, requests: &mut Requests) -> Self::Recipe {
                ($(self.$place.request(requests),)*)
            }
        }

        impl<$($name: Assemble),*> Assemble for ($($name,)*) {
            type Output = ($($name::Output,)*);

            fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<Self::Output> {
                Ok(($(self.$place.assemble(fetched)?,)*))
            }
        }
    )*};
}
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
