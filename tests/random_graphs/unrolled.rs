//! Unrolled recurrences of random cells, among products, slices and concatenations of matrices of
//! random widths, with the gradients of all of it: every way to run them gives the same results.
//!
//! Passes join products of steps that share weights, lay results out side by side and cut rows into
//! shards. Where they do depends on sizes, layouts and who else uses a value: more combinations than
//! can be written down.

use aqueduct::ir::{Activation, Binary, Bound, Reduction, SliceSpec, Unary, Update};
use aqueduct::prelude::*;
use aqueduct::{AnyVariable, Feeds, Gradient, Shape, Value, VariableOptions};
use aqueduct_tests::{Modes, spread};
use proptest::prelude::*;

use super::{Choices, choices};

/// Every step of shrinking builds a whole network and runs it in all ways, so there are fewer.
fn config() -> ProptestConfig {
    ProptestConfig {
        max_shrink_iters: 200,
        ..super::config()
    }
}

/// Sizes on either side of what vectors, blocks and tasks hold.
const BATCHES: [usize; 10] = [3, 1, 2, 4, 8, 17, 33, 65, 131, 5];
const WIDTHS: [usize; 11] = [4, 1, 2, 3, 8, 13, 17, 31, 65, 131, 5];
/// What a batch of unknown size is in one run after the other.
const LATER_BATCHES: [usize; 4] = [3, 0, 1, 40];

/// A graph of matrices that grows by operations that fit together.
///
/// All of them are smooth: where a function has a kink, last bits may decide about a gradient.
struct Network<'g> {
    graph: &'g Graph,
    choices: Choices,
    dtype: DType,
    batch: Dim,
    widths: [usize; 2],
    placeholders: Vec<AnyTensor<'g>>,
    matrices: Vec<AnyTensor<'g>>,
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn unrolled_steps_give_the_same_in_all_ways(words in choices(160), last_words in choices(16)) {
        let graph = Graph::new();
        graph.set_random_seed(1);
        let mut network = Network::new(&graph, words);
        while !network.choices.done() {
            network.grow();
        }
        network.choices = Choices(last_words.into_iter());
        let fetches = network.fetches();
        graph.check().unwrap();
        let modes = Modes::of_case(&graph, fetches.len()).initialized();
        for batch in network.batches() {
            let run = |sess: &Session| sess.run(fetches.clone(), network.feeds(batch));
            if let Err(why) = modes.run(run) {
                panic!("{batch} rows: {why}\n{}", graph.to_text());
            }
        }
    }
}

impl<'g> Network<'g> {
    fn new(graph: &'g Graph, words: Vec<u32>) -> Network<'g> {
        let mut choices = Choices(words.into_iter());
        let dtype = choices.of(&[DType::F64, DType::F32]);
        let batch = choices.of(&BATCHES);
        let widths = [choices.of(&WIDTHS), choices.of(&WIDTHS)];
        let is_known = choices.below(4) > 0;
        let mut network = Network {
            graph,
            choices,
            dtype,
            batch: if is_known {
                Dim::Known(batch)
            } else {
                graph.unknown_dim()
            },
            widths,
            placeholders: Vec::new(),
            matrices: Vec::new(),
        };
        let [first, second] = widths.map(Dim::Known);
        for sizes in [
            [network.batch, first],
            [network.batch, second],
            [first, second],
        ] {
            let fed = network.placeholder(&sizes);
            network.matrices.push(fed);
        }
        for _ in 0..3 {
            let sizes = [network.width(), network.width()];
            let weights = network.weights(&sizes);
            network.matrices.push(weights);
        }
        network
    }

    fn placeholder(&mut self, sizes: &[Dim]) -> AnyTensor<'g> {
        let name = format!("x{}", self.placeholders.len());
        let shape = Shape::from(sizes.to_vec());
        let placeholder = match self.dtype {
            DType::F32 => self.graph.placeholder::<f32>(&name, shape).any(),
            _ => self.graph.placeholder::<f64>(&name, shape).any(),
        };
        self.placeholders.push(placeholder);
        placeholder
    }

    /// A new variable, whose elements are the smaller the larger it is.
    fn variable(&self, sizes: &[usize]) -> AnyVariable<'g> {
        let name = format!("w{}", self.graph.global_variables().len());
        let options = VariableOptions::new();
        self.graph
            .get_any_variable(&name, self.dtype, sizes, options)
    }

    fn weights(&self, sizes: &[usize]) -> AnyTensor<'g> {
        self.variable(sizes).value()
    }

    fn width(&mut self) -> usize {
        self.choices.of(&self.widths)
    }

    fn number(&self, number: f64) -> AnyTensor<'g> {
        self.graph.number(self.dtype, number, "number")
    }

    fn scaled(&self, a: AnyTensor<'g>, factor: f64) -> AnyTensor<'g> {
        multiply(a, self.number(factor))
    }

    /// Sizes of the batch to run with, one after the other.
    fn batches(&self) -> Vec<usize> {
        match self.batch {
            Dim::Known(batch) => vec![batch; 2],
            Dim::Unknown(_) => LATER_BATCHES.to_vec(),
        }
    }

    /// Values for the placeholders, of which every unknown size is the batch.
    fn feeds(&self, batch: usize) -> Feeds<'static> {
        let mut feeds = Feeds::new();
        for (placeholder, first) in self.placeholders.iter().zip((0..).step_by(1000)) {
            let sizes: Vec<usize> = (placeholder.shape().dims().iter())
                .map(|dim| dim.known().unwrap_or(batch))
                .collect();
            let values = spread(&sizes, (-0.8, 0.8), first);
            let value = match self.dtype {
                DType::F32 => Value::from(values.mapv(|number| number as f32)),
                _ => Value::from(values),
            };
            feeds.add_any(*placeholder, value);
        }
        feeds
    }
}

/// How it grows.
impl<'g> Network<'g> {
    fn grow(&mut self) {
        let a = self.choices.of(&self.matrices);
        let made = match self.choices.below(14) {
            0..=2 => self.product(a),
            3 => Some(self.function(a)),
            4 | 5 => Some(self.combined(a)),
            6 => Some(a.transpose(vec![1, 0])),
            7 => self.part(a),
            8 => self.mixed(a),
            9 => self.equal_pieces(a),
            10 => Some(self.reduced(a)),
            _ => self.recurrence(),
        };
        self.matrices.extend(made);
    }

    /// A product with any of the matrices that fit on its right, either of them transposed or not.
    fn product(&mut self, a: AnyTensor<'g>) -> Option<AnyTensor<'g>> {
        let (transpose_a, transpose_b) = (self.choices.flip(), self.choices.flip());
        let inner = a.shape().dims()[usize::from(!transpose_a)];
        let fitting = |b: &AnyTensor<'g>| b.shape().dims()[usize::from(transpose_b)] == inner;
        let fitting = self.matrices.iter().copied().filter(fitting);
        let fitting: Vec<_> = fitting.collect();
        if fitting.is_empty() {
            return None;
        }
        let product = a.matmul(self.choices.of(&fitting), transpose_a, transpose_b);
        let terms = inner.known().unwrap_or(40) as f64;
        Some(self.scaled(product, 1.0 / terms.sqrt()))
    }

    fn function(&mut self, a: AnyTensor<'g>) -> AnyTensor<'g> {
        match self.choices.below(7) {
            0 => a.unary(Unary::Tanh),
            1 => a.unary(Unary::Sigmoid),
            2 => a.unary(Unary::Sin),
            3 => a.unary(Unary::Neg),
            4 => a.activation(Activation::Softplus),
            5 => self.scaled(a.unary(Unary::Square), 0.3),
            _ => multiply(a.unary(Unary::Tanh), a.unary(Unary::Sigmoid)),
        }
    }

    /// With a matrix of its shape, or with a row or a column for all of its own.
    fn combined(&mut self, a: AnyTensor<'g>) -> AnyTensor<'g> {
        let shape = a.shape();
        let fits = |b: &AnyTensor<'g>| {
            let theirs = b.shape();
            let mut pairs = shape.dims().iter().zip(theirs.dims());
            pairs.all(|(ours, theirs)| ours == theirs || *theirs == Dim::Known(1))
        };
        let b = self.of_those(fits);
        match self.choices.below(4) {
            0 => add(a, b),
            1 => a.binary(Binary::Sub, b, "sub"),
            2 => multiply(a, b),
            _ => multiply(a, b.unary(Unary::Tanh)),
        }
    }

    /// One of the matrices that are like this, of which there is one.
    fn of_those(&mut self, fits: impl Fn(&AnyTensor<'g>) -> bool) -> AnyTensor<'g> {
        let fitting: Vec<_> = self.matrices.iter().copied().filter(fits).collect();
        self.choices.of(&fitting)
    }

    /// Some of its rows or columns, in either order, or a single one.
    fn part(&mut self, a: AnyTensor<'g>) -> Option<AnyTensor<'g>> {
        let (axis, size) = self.axis_to_cut(a)?;
        let (start, end) = (self.choices.below(size), self.choices.below(size));
        let (start, end) = (start.min(end) as i64, start.max(end) as i64 + 1);
        let bound = match self.choices.below(3) {
            0 => Bound::range(Some(start), Some(end), 1 + self.choices.below(3) as i64),
            1 => Bound::range(None, None, -1),
            _ => Bound::range(Some(start), Some(start + 1), 1),
        };
        Some(a.slice(along(axis, bound)))
    }

    /// The first part of one matrix beside the last part of another.
    fn mixed(&mut self, a: AnyTensor<'g>) -> Option<AnyTensor<'g>> {
        let (axis, size) = self.axis_to_cut(a)?;
        let b = self.of_those(|b| b.shape().same(&a.shape()));
        let cut = 1 + self.choices.below(size - 1);
        let [first, last] = if self.choices.flip() {
            let pieces = |t: AnyTensor<'g>| t.split(2, Some(vec![cut, size - cut]), axis as i64);
            [pieces(a)[0], pieces(b)[1]]
        } else {
            let (start, end) = (
                Bound::range(None, Some(cut as i64), 1),
                Bound::range(Some(cut as i64), None, 1),
            );
            [a.slice(along(axis, start)), b.slice(along(axis, end))]
        };
        Some(self.graph.concat_any(&[first, last], axis as i64))
    }

    /// Cut into equal pieces, of each the same function, joined again.
    fn equal_pieces(&mut self, a: AnyTensor<'g>) -> Option<AnyTensor<'g>> {
        let (axis, size) = self.axis_to_cut(a)?;
        let count = [2, 3, 4, 5, size].into_iter().find(|n| size % n == 0)?;
        let pieces = a.split(count, None, axis as i64).into_iter();
        let mut pieces: Vec<_> = pieces.map(|piece| piece.unary(Unary::Tanh)).collect();
        if self.choices.flip() {
            pieces.reverse();
        }
        Some(self.graph.concat_any(&pieces, axis as i64))
    }

    fn reduced(&mut self, a: AnyTensor<'g>) -> AnyTensor<'g> {
        let axis = self.choices.below(2) as i64;
        let mean = a.reduce(Reduction::Mean, axis, true);
        match self.choices.below(3) {
            0 => mean,
            1 => a.binary(Binary::Sub, mean, "sub"),
            _ => a.softmax_along(1),
        }
    }

    /// An axis of known size, of which there are at least two, and its size.
    fn axis_to_cut(&mut self, a: AnyTensor<'g>) -> Option<(usize, usize)> {
        let axis = self.choices.below(2);
        let size = a.shape().dims()[axis].known()?;
        (size > 1).then_some((axis, size))
    }
}

/// Weights of the gates of a cell, which all steps share.
struct Cell<'g> {
    /// Of the input, of the state, and to be added, of each gate.
    gates: Vec<[AnyTensor<'g>; 3]>,
    /// Of the input beside the state, of all gates side by side.
    joined: AnyTensor<'g>,
    form: Form,
}

/// How what goes into the gates is computed.
#[derive(Clone, Copy)]
enum Form {
    Separate,
    Joined,
    /// Every other gate has its weights of the state transposed.
    Transposed,
    /// All gates have the same weights of the state.
    Tied,
}

/// What goes from step to step.
#[derive(Clone, Copy)]
struct State<'g> {
    hidden: AnyTensor<'g>,
    carried: AnyTensor<'g>,
}

impl<'g> Network<'g> {
    /// The result of a recurrence; of some steps, the states become matrices of the network.
    fn recurrence(&mut self) -> Option<AnyTensor<'g>> {
        const MOST: usize = 12;
        if self.placeholders.len() > 4 {
            return None;
        }
        let (inputs, width) = (self.width(), self.width());
        let steps = self.sequence(inputs);
        let cell = self.cell(inputs, width);
        let mut state = self.start(steps[0], &cell);
        let mut states = Vec::with_capacity(steps.len());
        for step in steps {
            state = self.next(&cell, step, state);
            states.push(state.hidden);
            if self.choices.below(3) == 0 && self.matrices.len() < MOST {
                self.matrices.push(state.hidden);
            }
        }
        Some(self.summary(&states))
    }

    /// What is fed for each step.
    fn sequence(&mut self, inputs: usize) -> Vec<AnyTensor<'g>> {
        let (count, inputs) = (2 + self.choices.below(4), Dim::Known(inputs));
        let (layout, batch) = (self.choices.below(3), self.batch);
        let mut steps = match (layout, batch) {
            (0, _) => {
                let fed = self.placeholder(&[batch, Dim::Known(count), inputs]);
                fed.unstack(count, 1)
            }
            (1, Dim::Known(rows)) => {
                let fed = self.placeholder(&[Dim::Known(count * rows), inputs]);
                fed.split(count, None, 0)
            }
            _ => {
                let fed = self.placeholder(&[Dim::Known(count), batch, inputs]);
                fed.unstack(count, 0)
            }
        };
        if self.choices.below(4) == 1 {
            steps.reverse();
        }
        steps
    }

    fn cell(&mut self, inputs: usize, width: usize) -> Cell<'g> {
        let count = 1 + self.choices.below(4);
        let gate =
            |_| [[inputs, width], [width, width], [1, width]].map(|sizes| self.weights(&sizes));
        Cell {
            gates: (0..count).map(gate).collect(),
            joined: self.weights(&[inputs + width, count * width]),
            form: self
                .choices
                .of(&[Form::Separate, Form::Joined, Form::Transposed, Form::Tied]),
        }
    }

    /// A matrix of the network, where one fits, or one made of the first step.
    fn start(&mut self, first: AnyTensor<'g>, cell: &Cell<'g>) -> State<'g> {
        let made = first
            .matmul(cell.gates[0][0], false, false)
            .unary(Unary::Tanh);
        let mut fitting = vec![made, self.scaled(made, 0.0)];
        let like = |t: &&AnyTensor<'g>| t.shape().same(&made.shape());
        fitting.extend(self.matrices.iter().filter(like));
        let hidden = self.choices.of(&fitting);
        State {
            hidden,
            carried: self.scaled(hidden, 0.5),
        }
    }

    fn next(&self, cell: &Cell<'g>, input: AnyTensor<'g>, state: State<'g>) -> State<'g> {
        let gates = self.gate_sums(cell, input, state.hidden);
        let sigmoid = |gate: usize| gates[gate].unary(Unary::Sigmoid);
        let tanh = |gate: usize| gates[gate].unary(Unary::Tanh);
        let kept = || multiply(state.carried, sigmoid(0));
        match gates.len() {
            1 => State {
                hidden: tanh(0),
                ..state
            },
            2 => {
                let rest = self.number(1.0).binary(Binary::Sub, sigmoid(0), "rest");
                let hidden = add(multiply(state.hidden, sigmoid(0)), multiply(tanh(1), rest));
                State { hidden, ..state }
            }
            3 => {
                let carried = add(kept(), tanh(1));
                let hidden = multiply(carried.unary(Unary::Tanh), sigmoid(2));
                State { hidden, carried }
            }
            _ => {
                let carried = add(kept(), multiply(tanh(1), sigmoid(2)));
                let hidden = multiply(carried.unary(Unary::Tanh), sigmoid(3));
                State { hidden, carried }
            }
        }
    }

    /// What the functions of the gates are applied to.
    fn gate_sums(
        &self,
        cell: &Cell<'g>,
        input: AnyTensor<'g>,
        hidden: AnyTensor<'g>,
    ) -> Vec<AnyTensor<'g>> {
        let [_, shared, _] = cell.gates[0];
        let gates = cell.gates.iter().enumerate();
        let separate = gates.map(|(place, [of_input, of_state, bias])| {
            let (of_state, transposed) = match cell.form {
                Form::Separate | Form::Joined => (*of_state, false),
                Form::Transposed => (*of_state, place % 2 == 1),
                Form::Tied => (shared, false),
            };
            let of_input = input.matmul(*of_input, false, false);
            let of_state = hidden.matmul(of_state, false, transposed);
            add(add(of_input, of_state), *bias)
        });
        match cell.form {
            Form::Separate | Form::Transposed | Form::Tied => separate.collect(),
            Form::Joined => {
                let both = self.graph.concat_any(&[input, hidden], 1);
                let product = both.matmul(cell.joined, false, false);
                product.split(cell.gates.len(), None, 1)
            }
        }
    }

    fn summary(&mut self, states: &[AnyTensor<'g>]) -> AnyTensor<'g> {
        match self.choices.below(4) {
            0 => states[states.len() - 1],
            1 => (self.graph.stack_any(states, 0)).reduce(Reduction::Mean, 0, false),
            2 => (self.graph.stack_any(states, 1)).reduce(Reduction::Sum, 1, false),
            _ => {
                let weighted = |sum, state: &AnyTensor<'g>| add(self.scaled(sum, 0.9), *state);
                states[1..].iter().fold(states[0], weighted)
            }
        }
    }
}

/// What is fetched.
impl<'g> Network<'g> {
    /// Losses, their gradients, gradients of these, assignments, and matrices on the way.
    fn fetches(&mut self) -> Vec<AnyTensor<'g>> {
        let last = self.matrices[self.matrices.len() - 1];
        let others = [(); 2].map(|()| self.choices.of(&self.matrices));
        let losses = [last, others[0], others[1]].map(|matrix| self.loss(matrix));
        let variables = self.graph.trainable_variables();
        let mut points: Vec<_> = variables.iter().map(|variable| variable.value()).collect();
        points.extend(&self.placeholders);
        let slopes = gradients_of(add(add(losses[0], losses[1]), losses[2]), &points);
        let mut fetches = [&losses[..], &slopes].concat();
        if self.choices.below(3) == 1 {
            let squares = slopes.iter().map(|slope| mean(slope.unary(Unary::Square)));
            if let Some(sum) = squares.reduce(add) {
                fetches.extend(gradients_of(sum, &points));
            }
        }
        if self.choices.below(3) == 1 {
            fetches.extend(self.assignments(last));
        }
        for _ in 0..self.choices.below(4) {
            fetches.push(self.choices.of(&self.matrices));
        }
        fetches
    }

    fn loss(&mut self, matrix: AnyTensor<'g>) -> AnyTensor<'g> {
        match self.choices.below(3) {
            0 => matrix
                .unary(Unary::Square)
                .reduce(Reduction::Sum, .., false),
            1 => mean(matrix.unary(Unary::Tanh)),
            _ => multiply(matrix.unary(Unary::Sin), matrix).reduce(Reduction::Sum, .., false),
        }
    }

    /// Reads of a variable before, between and after assignments to it.
    fn assignments(&self, matrix: AnyTensor<'g>) -> [AnyTensor<'g>; 4] {
        let variable = self.variable(&[3, 2]);
        let before = variable.value();
        let first = variable.update(Update::Add, self.scaled(before, 0.5));
        let read = || mean(variable.read_value());
        let between = (self.graph).control_dependencies([first.op()], || add(read(), matrix));
        let second = self.graph.control_dependencies([between.op()], || {
            variable.update(Update::Sub, self.scaled(variable.read_value(), 0.25))
        });
        [before, first, between, second]
    }
}

/// The gradients of a sum at the points that it depends on.
fn gradients_of<'g>(y: AnyTensor<'g>, points: &[AnyTensor<'g>]) -> Vec<AnyTensor<'g>> {
    let found = gradients(y, points);
    found.iter().filter_map(Gradient::dense).collect()
}

fn add<'g>(a: AnyTensor<'g>, b: AnyTensor<'g>) -> AnyTensor<'g> {
    a.binary(Binary::Add, b, "add")
}

fn multiply<'g>(a: AnyTensor<'g>, b: AnyTensor<'g>) -> AnyTensor<'g> {
    a.binary(Binary::Mul, b, "mul")
}

fn mean(a: AnyTensor<'_>) -> AnyTensor<'_> {
    a.reduce(Reduction::Mean, .., false)
}

/// All of the axes before this one, and this part of it.
fn along(axis: usize, bound: Bound) -> SliceSpec {
    let mut bounds = vec![Bound::range(None, None, 1); axis];
    bounds.push(bound);
    SliceSpec { bounds }
}
