//! Cells on top of each other.

use std::panic::Location as Caller;

use crate::element::Float;
use crate::graph::Graph;
use crate::handle::Tensor;
use crate::mistake::Problem;
use crate::nest::Nest;
use crate::rnn::cell::{RnnCell, StateParts, call_cell};
use crate::rnn::operands::poisoned;
use crate::rnn::scope::CellScope;

/// Cells on top of each other: each takes the output of the one before. TensorFlow 1's
/// `MultiRNNCell`.
///
/// The cells are a vector or an array of one type, or a tuple of several; the state is a vector, an
/// array or a tuple of theirs. The variables of cell `i` are in scope `multi_rnn_cell/cell_i`.
///
/// ```
/// use aqueduct_graph::{BasicLstmCell, Graph, GruCell, MultiRnnCell, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let cell = MultiRnnCell::new((BasicLstmCell::new(8), GruCell::new(4)));
/// let (outputs, (lstm, gru)) = dynamic_rnn(&cell, x);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 4]");
/// assert_eq!(lstm.c.shape().to_string(), "[?, 8]");
/// assert_eq!(gru.shape().to_string(), "[?, 4]");
/// assert_eq!(
///     g.trainable_variables()[0].name(),
///     "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel"
/// );
/// ```
#[derive(Debug)]
pub struct MultiRnnCell<C> {
    cells: C,
    scope: CellScope,
}

impl<C> MultiRnnCell<C> {
    /// The cells, from the one that takes the input to the one that gives the output.
    pub fn new(cells: C) -> MultiRnnCell<C> {
        MultiRnnCell {
            cells,
            scope: CellScope::new("multi_rnn_cell"),
        }
    }

    /// The variable scope of the cells.
    #[must_use]
    pub fn name(mut self, name: &str) -> MultiRnnCell<C> {
        self.scope = CellScope::new(name);
        self
    }
}

/// Several cells: a vector, an array or a tuple of them.
pub trait CellStack<'g> {
    /// The type of the elements of inputs and outputs.
    type Element: Float;
    /// The states of the cells.
    type State: Nest<'g>;

    /// The number of cells.
    fn count(&self) -> usize;

    /// The number of states in a state.
    fn count_states(&self, state: &Self::State) -> usize;

    /// Puts the states together; see [`RnnCell::state`].
    fn states(&self, parts: &mut StateParts<'_, 'g, Self::Element>) -> Self::State;

    /// Calls each of the cells with the output of the one before.
    #[track_caller]
    fn call_each(
        &self,
        input: Tensor<'g, Self::Element>,
        states: Self::State,
    ) -> (Tensor<'g, Self::Element>, Self::State);
}

impl<'g, C: CellStack<'g>> RnnCell<'g> for MultiRnnCell<C> {
    type Element = C::Element;
    type State = C::State;

    fn state(&self, parts: &mut StateParts<'_, 'g, C::Element>) -> C::State {
        self.cells.states(parts)
    }

    #[track_caller]
    fn call(
        &self,
        input: Tensor<'g, C::Element>,
        state: C::State,
    ) -> (Tensor<'g, C::Element>, C::State) {
        let graph = input.graph();
        let _here = graph.here();
        if let Some(problem) = self.problem(&state) {
            let name = self.scope.name();
            let wrong = graph.poisoned_like(
                input.any(),
                name,
                name,
                problem.operand("input", input.any()),
            );
            return poisoned(wrong, &state);
        }
        let _scope = self.scope.open(graph);
        self.cells.call_each(input, state)
    }
}

impl<'g, C: CellStack<'g>> MultiRnnCell<C> {
    fn problem(&self, state: &C::State) -> Option<Problem> {
        let (cells, states) = (self.cells.count(), self.cells.count_states(state));
        if cells == 0 {
            let problem = Problem::argument("there are no cells");
            return Some(problem.help("give at least one cell"));
        }
        (cells != states).then(|| {
            Problem::argument(format!("there are {cells} cells but {states} states"))
                .help("give a state for each cell: `zero_state(batch)` makes them")
        })
    }
}

/// Calls the cell at a place in its scope.
#[track_caller]
fn call_layer<'g, C: RnnCell<'g>>(
    place: usize,
    cell: &C,
    input: Tensor<'g, C::Element>,
    state: C::State,
) -> (Tensor<'g, C::Element>, C::State) {
    let graph: &'g Graph = input.graph();
    let _here = graph.here();
    let _scope = graph.open_variable_scope(&format!("cell_{place}"));
    call_cell(cell, input, state)
}

impl<'g, C: RnnCell<'g>> CellStack<'g> for Vec<C> {
    type Element = C::Element;
    type State = Vec<C::State>;

    fn count(&self) -> usize {
        self.len()
    }

    fn count_states(&self, state: &Vec<C::State>) -> usize {
        state.len()
    }

    fn states(&self, parts: &mut StateParts<'_, 'g, C::Element>) -> Vec<C::State> {
        self.iter().map(|cell| cell.state(parts)).collect()
    }

    #[track_caller]
    fn call_each(
        &self,
        input: Tensor<'g, C::Element>,
        states: Vec<C::State>,
    ) -> (Tensor<'g, C::Element>, Vec<C::State>) {
        let mut output = input;
        let mut next = Vec::with_capacity(self.len());
        for (place, (cell, state)) in self.iter().zip(states).enumerate() {
            let (result, state) = call_layer(place, cell, output, state);
            output = result;
            next.push(state);
        }
        (output, next)
    }
}

impl<'g, C: RnnCell<'g>, const COUNT: usize> CellStack<'g> for [C; COUNT] {
    type Element = C::Element;
    type State = [C::State; COUNT];

    fn count(&self) -> usize {
        COUNT
    }

    fn count_states(&self, _: &[C::State; COUNT]) -> usize {
        COUNT
    }

    fn states(&self, parts: &mut StateParts<'_, 'g, C::Element>) -> [C::State; COUNT] {
        self.each_ref().map(|cell| cell.state(parts))
    }

    #[track_caller]
    fn call_each(
        &self,
        input: Tensor<'g, C::Element>,
        states: [C::State; COUNT],
    ) -> (Tensor<'g, C::Element>, [C::State; COUNT]) {
        let graph = input.graph();
        // The cells are called in a closure, which does not know its caller.
        let _here = graph.called_from(Caller::caller());
        let mut output = input;
        let mut layers = self.iter().enumerate();
        let next = states.map(|state| match layers.next() {
            None => state,
            Some((place, cell)) => {
                let (result, state) = call_layer(place, cell, output, state);
                output = result;
                state
            }
        });
        (output, next)
    }
}

macro_rules! tuples {
    ($(($first:ident $(, $name:ident $place:tt)*))*) => {$(
        impl<'g, $first: RnnCell<'g> $(, $name: RnnCell<'g, Element = $first::Element>)*>
            CellStack<'g> for ($first, $($name,)*)
        {
            type Element = $first::Element;
            type State = ($first::State, $($name::State,)*);

            fn count(&self) -> usize {
                [0 $(, $place)*].len()
            }

            fn count_states(&self, _: &Self::State) -> usize {
                self.count()
            }

            fn states(&self, parts: &mut StateParts<'_, 'g, $first::Element>) -> Self::State {
                (self.0.state(parts), $(self.$place.state(parts),)*)
            }

            #[expect(non_snake_case, reason = "a state is named as the type of its cell")]
            #[track_caller]
            fn call_each(
                &self,
                input: Tensor<'g, $first::Element>,
                states: Self::State,
            ) -> (Tensor<'g, $first::Element>, Self::State) {
                let ($first, $($name,)*) = states;
                let (output, $first) = call_layer(0, &self.0, input, $first);
                $(let (output, $name) = call_layer($place, &self.$place, output, $name);)*
                (output, ($first, $($name,)*))
            }
        }
    )*};
}
tuples! {
    (A)
    (A, B 1)
    (A, B 1, C 2)
    (A, B 1, C 2, D 3)
    (A, B 1, C 2, D 3, E 4)
    (A, B 1, C 2, D 3, E 4, F 5)
}
