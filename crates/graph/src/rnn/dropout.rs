//! A cell with dropout.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::build::{DropoutOptions, KeepProb};
use crate::element::{Element, Float};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::nest::Nest;
use crate::op::Distribution;
use crate::rnn::cell::{RnnCell, StateParts, call_cell};
use crate::sizes::Sizes;

/// Drops elements of the input, the output and the state of a cell. TensorFlow 1's `DropoutWrapper`.
///
/// Each probability to keep is a number in (0, 1] or a scalar, which may be fed, and 1 unless it is
/// set. Of the state, what the cell calls [memory](StateParts::memory), such as the `c` of an LSTM, is
/// left alone, and so is what is not of the cell's element type. Makes no variables and no scope.
///
/// ```
/// use aqueduct_graph::{BasicLstmCell, DropoutWrapper, Graph, dynamic_rnn, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let keep_prob = g.placeholder::<f32>("keep_prob", shape![]);
/// let cell = DropoutWrapper::new(BasicLstmCell::new(8))
///     .input_keep_prob(0.9)
///     .output_keep_prob(keep_prob);
/// let (outputs, _) = dynamic_rnn(&cell, x);
/// assert_eq!(outputs.shape().to_string(), "[?, ?, 8]");
/// ```
pub struct DropoutWrapper<'g, C: RnnCell<'g>> {
    cell: C,
    input_keep_prob: KeepProb<'g, C::Element>,
    output_keep_prob: KeepProb<'g, C::Element>,
    state_keep_prob: KeepProb<'g, C::Element>,
    variational: bool,
    seed: Option<u64>,
    draws: Mutex<Vec<Draw<'g>>>,
}

/// Random numbers that serve all steps of a run.
#[derive(Clone, Copy)]
struct Draw<'g> {
    place: Place,
    numbers: AnyTensor<'g>,
}

/// What is dropped from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Input,
    Output,
    /// A tensor of the state, by its number.
    State(usize),
}

impl Place {
    /// What tells the seeds of the places apart.
    fn number(self) -> u64 {
        match self {
            Place::Input => 0,
            Place::Output => 1,
            Place::State(tensor) => u64::try_from(tensor).unwrap_or(u64::MAX).saturating_add(2),
        }
    }
}

impl<'g, C: RnnCell<'g>> DropoutWrapper<'g, C> {
    /// Around a cell, so far without effect.
    pub fn new(cell: C) -> DropoutWrapper<'g, C> {
        DropoutWrapper {
            cell,
            input_keep_prob: KeepProb::Number(1.0),
            output_keep_prob: KeepProb::Number(1.0),
            state_keep_prob: KeepProb::Number(1.0),
            variational: false,
            seed: None,
            draws: Mutex::default(),
        }
    }

    /// The probability to keep an element of the input.
    #[must_use]
    pub fn input_keep_prob(mut self, keep: impl Into<KeepProb<'g, C::Element>>) -> Self {
        self.input_keep_prob = keep.into();
        self
    }

    /// The probability to keep an element of the output.
    #[must_use]
    pub fn output_keep_prob(mut self, keep: impl Into<KeepProb<'g, C::Element>>) -> Self {
        self.output_keep_prob = keep.into();
        self
    }

    /// The probability to keep an element of the state that is given to the next step.
    #[must_use]
    pub fn state_keep_prob(mut self, keep: impl Into<KeepProb<'g, C::Element>>) -> Self {
        self.state_keep_prob = keep.into();
        self
    }

    /// Draws once a run for all steps and all rows of the batch, instead of for each. TensorFlow's
    /// `variational_recurrent`. The widths of input, output and state must be known while building.
    #[must_use]
    pub fn variational(mut self) -> Self {
        self.variational = true;
        self
    }

    /// The op seed of the draw for the input; those of the others count on from it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl<'g, C: RnnCell<'g>> RnnCell<'g> for DropoutWrapper<'g, C> {
    type Element = C::Element;
    type State = C::State;

    fn state(&self, parts: &mut StateParts<'_, 'g, C::Element>) -> C::State {
        self.cell.state(parts)
    }

    #[track_caller]
    fn call(
        &self,
        input: Tensor<'g, C::Element>,
        state: C::State,
    ) -> (Tensor<'g, C::Element>, C::State) {
        let graph = input.graph();
        let _here = graph.here();
        let kept = self.dropped(Place::Input, input, self.input_keep_prob);
        let (output, next) = call_cell(&self.cell, kept, state);
        let next = self.dropped_state(output, next);
        let output = self.dropped(Place::Output, output, self.output_keep_prob);
        (output, next)
    }
}

impl<'g, C: RnnCell<'g>> DropoutWrapper<'g, C> {
    /// The state after dropout; `any` is any tensor of the cell's element type.
    #[track_caller]
    fn dropped_state(&self, any: Tensor<'g, C::Element>, state: C::State) -> C::State {
        if self.state_keep_prob.is_one() {
            return state;
        }
        let mut memory = Vec::new();
        self.cell.state(&mut StateParts::new(&mut |part| {
            memory.push(part.is_memory);
            any
        }));
        let mut kept = Vec::new();
        for (number, part) in state.parts().into_iter().enumerate() {
            let is_memory = memory.get(number).is_some_and(|is_memory| *is_memory);
            let part = if is_memory || part.dtype() != C::Element::DTYPE {
                part
            } else {
                let place = Place::State(number);
                self.dropped(place, part.typed(), self.state_keep_prob)
                    .any()
            };
            kept.push(part);
        }
        state.rebuild(&mut kept.into_iter())
    }

    #[track_caller]
    fn dropped(
        &self,
        place: Place,
        x: Tensor<'g, C::Element>,
        keep_prob: KeepProb<'g, C::Element>,
    ) -> Tensor<'g, C::Element> {
        let seed = self.seed.map(|seed| seed.wrapping_add(place.number()));
        if self.variational && !keep_prob.is_one() && !x.is_poisoned() {
            return self.masked(place, seed, x, keep_prob);
        }
        let options = match seed {
            Some(seed) => DropoutOptions::new().seed(seed),
            None => DropoutOptions::new(),
        };
        x.dropout_with(keep_prob, options)
    }

    /// Dropout by the draw that serves all steps.
    #[track_caller]
    fn masked(
        &self,
        place: Place,
        seed: Option<u64>,
        x: Tensor<'g, C::Element>,
        keep_prob: KeepProb<'g, C::Element>,
    ) -> Tensor<'g, C::Element> {
        let graph = x.graph();
        let sizes = sizes_of_row(x);
        let (sizes, problem) = match (sizes, keep_prob.problem()) {
            (Ok(sizes), None) => (sizes, None),
            (Ok(_), Some(problem)) | (Err(problem), _) => (Vec::new(), Some(problem)),
        };
        if let Some(problem) = problem {
            let name = "dropout_wrapper";
            return Tensor::assume(graph.poisoned_like(
                x.any(),
                name,
                name,
                problem.operand("x", x.any()),
            ));
        }
        let _scope = graph.open_scope("dropout");
        let numbers = self.draw(graph, place, seed, sizes);
        let keep_prob = match keep_prob {
            KeepProb::Number(number) => graph.number(C::Element::DTYPE, number, "keep_prob"),
            KeepProb::Tensor(tensor) => tensor.any(),
        };
        let kept = Tensor::assume(keep_prob.add(numbers)).floor();
        x.div(Tensor::assume(keep_prob)) * kept
    }

    /// The numbers for a place: drawn outside of all loops, so that each step sees the same.
    #[track_caller]
    fn draw(
        &self,
        graph: &'g Graph,
        place: Place,
        seed: Option<u64>,
        sizes: Vec<usize>,
    ) -> AnyTensor<'g> {
        let mut draws = self.draws.lock().unwrap_or_else(PoisonError::into_inner);
        let before = draws
            .iter()
            .find(|draw| draw.place == place && draw.numbers.graph().is_same(graph));
        if let Some(draw) = before {
            return draw.numbers;
        }
        let _root = graph.at_root();
        let _scope = graph.open_scope("random_uniform");
        let dtype = C::Element::DTYPE;
        let sizes = Sizes::from(sizes).into_tensor(graph);
        let numbers = graph.draw(Distribution::Uniform { dtype }, seed, &[sizes]);
        draws.push(Draw { place, numbers });
        numbers
    }
}

/// The sizes of a tensor with one row.
fn sizes_of_row<T: Float>(x: Tensor<'_, T>) -> Result<Vec<usize>, Problem> {
    let shape = x.shape();
    let row: Option<Vec<usize>> = shape.dims().iter().skip(1).map(|dim| dim.known()).collect();
    match row {
        Some(row) => Ok([1].into_iter().chain(row).take(shape.rank()).collect()),
        None => Err(Problem::shape(format!(
            "variational dropout of shape {shape}, of which only the batch may be unknown"
        ))
        .help("fix the other sizes with `reshape`")),
    }
}

impl<'g, C: RnnCell<'g> + fmt::Debug> fmt::Debug for DropoutWrapper<'g, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropoutWrapper")
            .field("cell", &self.cell)
            .field("input_keep_prob", &self.input_keep_prob)
            .field("output_keep_prob", &self.output_keep_prob)
            .field("state_keep_prob", &self.state_keep_prob)
            .field("variational", &self.variational)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
