//! What a recurrent cell is.

use std::fmt;
use std::panic::Location as Caller;

use crate::element::Float;
use crate::graph::Graph;
use crate::handle::Tensor;
use crate::nest::Nest;
use crate::sizes::{Size, Sizes};

/// One step of a recurrent network: from an input and a state to an output and the next state.
/// TensorFlow 1's `RNNCell`.
///
/// A cell of your own works wherever ours do. It makes its variables in a [`CellScope`], so that each
/// call shares those of the first:
///
/// ```
/// use aqueduct_graph::{CellScope, Graph, RnnCell, StateParts, Tensor, dynamic_rnn, shape};
///
/// /// `h' = relu(x · W + h · U)`
/// struct PlainCell {
///     inputs: usize,
///     units: usize,
///     scope: CellScope,
/// }
///
/// impl<'g> RnnCell<'g> for PlainCell {
///     type Element = f32;
///     type State = Tensor<'g, f32>;
///
///     fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Tensor<'g, f32> {
///         parts.tensor([self.units])
///     }
///
///     fn call(&self, x: Tensor<'g, f32>, h: Tensor<'g, f32>) -> (Tensor<'g, f32>, Tensor<'g, f32>) {
///         let g = x.graph();
///         let _scope = self.scope.open(g);
///         let w = g.get_variable("W", [self.inputs, self.units]);
///         let u = g.get_variable("U", [self.units, self.units]);
///         let next = (x.matmul(w) + h.matmul(u)).relu();
///         (next, next)
///     }
/// }
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let cell = PlainCell { inputs: 3, units: 8, scope: CellScope::new("plain_cell") };
/// let (outputs, last) = dynamic_rnn(&cell, x);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 8]");
/// assert_eq!(last.shape().to_string(), "[?, 8]");
/// assert_eq!(g.trainable_variables()[0].name(), "rnn/plain_cell/W");
/// ```
///
/// [`CellScope`]: crate::CellScope
pub trait RnnCell<'g> {
    /// The type of the elements of inputs, outputs and what the state starts from.
    type Element: Float;
    /// What is carried from step to step: a tensor, or any structure of tensors.
    type State: Nest<'g>;

    /// Puts a state together of the parts that it asks for: zeros, placeholders, whatever the caller
    /// makes of the sizes.
    fn state(&self, parts: &mut StateParts<'_, 'g, Self::Element>) -> Self::State;

    /// Makes one step: of `[batch, inputs]` and a state the output and the next state, of the form of
    /// the one given.
    ///
    /// What a cell of your own adds here carries the lines of your code. (With `#[track_caller]` it
    /// would carry those of the caller, as our cells do.)
    fn call(
        &self,
        input: Tensor<'g, Self::Element>,
        state: Self::State,
    ) -> (Tensor<'g, Self::Element>, Self::State);

    /// A state of zeros for so many rows: a number, or a scalar such as `x.size_of(0)`.
    ///
    /// ```
    /// use aqueduct_graph::{BasicLstmCell, Graph, LstmState, RnnCell, Tensor, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// let cell = BasicLstmCell::new(128);
    /// let (output, _) = cell.call(x, cell.zero_state(&g, x.size_of(0)));
    /// assert_eq!(output.shape().to_string(), "[?, 128]");
    /// ```
    #[track_caller]
    fn zero_state(&self, graph: &'g Graph, batch: impl Into<Size<'g>>) -> Self::State
    where
        Self: Sized,
    {
        let _here = graph.here();
        let _scope = graph.open_scope("zeros");
        let batch = batch.into();
        let sizes = |part: &[usize]| {
            let part = part.iter().map(|size| Size::from(*size));
            Sizes::list([batch].into_iter().chain(part).collect())
        };
        let _user_code = graph.called_from(Caller::caller());
        self.state(&mut StateParts::new(&mut |part| {
            graph.zeros(sizes(part.sizes))
        }))
    }
}

/// Where a cell gets the parts of a state from, by their sizes.
pub struct StateParts<'a, 'g, T> {
    make: &'a mut dyn FnMut(Part<'_>) -> Tensor<'g, T>,
}

/// A part of a state that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// Without the batch.
    pub(super) sizes: &'a [usize],
    pub(super) is_memory: bool,
}

impl<'a, 'g, T> StateParts<'a, 'g, T> {
    pub(super) fn new(make: &'a mut dyn FnMut(Part<'_>) -> Tensor<'g, T>) -> StateParts<'a, 'g, T> {
        StateParts { make }
    }

    /// A tensor of these sizes for each row: `[batch, sizes..]`.
    #[track_caller]
    pub fn tensor(&mut self, sizes: impl AsRef<[usize]>) -> Tensor<'g, T> {
        (self.make)(Part {
            sizes: sizes.as_ref(),
            is_memory: false,
        })
    }

    /// The same for what dropout of the state must leave alone, such as the `c` of an LSTM.
    #[track_caller]
    pub fn memory(&mut self, sizes: impl AsRef<[usize]>) -> Tensor<'g, T> {
        (self.make)(Part {
            sizes: sizes.as_ref(),
            is_memory: true,
        })
    }
}

impl<T> fmt::Debug for StateParts<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateParts").finish_non_exhaustive()
    }
}

/// Calls a cell from code of ours. What a user's cell builds carries the user's own lines.
#[track_caller]
pub(super) fn call_cell<'g, C: RnnCell<'g> + ?Sized>(
    cell: &C,
    input: Tensor<'g, C::Element>,
    state: C::State,
) -> (Tensor<'g, C::Element>, C::State) {
    let _user_code = input.graph().called_from(Caller::caller());
    cell.call(input, state)
}

macro_rules! cell_behind_pointer {
    ($($pointer:ty),*) => {$(
        impl<'g, C: RnnCell<'g> + ?Sized> RnnCell<'g> for $pointer {
            type Element = C::Element;
            type State = C::State;

            fn state(&self, parts: &mut StateParts<'_, 'g, C::Element>) -> C::State {
                (**self).state(parts)
            }

            #[track_caller]
            fn call(
                &self,
                input: Tensor<'g, C::Element>,
                state: C::State,
            ) -> (Tensor<'g, C::Element>, C::State) {
                call_cell(&**self, input, state)
            }
        }
    )*};
}
cell_behind_pointer!(&C, Box<C>, std::rc::Rc<C>, std::sync::Arc<C>);
