//! Mistakes name the user's line and say what to do.

use aqueduct::prelude::*;
use aqueduct::{Mistake, MistakeKind};

/// The only mistake of the graph, which must be at this many lines below `line`.
#[track_caller]
fn only(g: &Graph, line: u32) -> Mistake {
    let mistakes = g.check().unwrap_err();
    assert_eq!(mistakes.0.len(), 1, "{mistakes}");
    let mistake = mistakes.0.into_iter().next().unwrap();
    assert_eq!(
        (mistake.at.at.file.as_str(), mistake.at.at.line),
        (file!(), line),
        "{mistake}"
    );
    assert!(mistake.help.is_some(), "{mistake}");
    mistake
}

#[track_caller]
fn assert_says(mistake: &Mistake, message: &str) {
    assert_eq!(mistake.message, message);
}

#[test]
fn an_input_of_unknown_depth() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, ?]);
    let (outputs, last) = dynamic_rnn(&BasicLstmCell::new(4), x);
    let mistake = only(&g, line!() - 1);
    assert_says(
        &mistake,
        "the last axis of the input, of shape [?, ?], has an unknown size",
    );
    assert!(outputs.is_poisoned() && last.c.is_poisoned() && last.h.is_poisoned());
}

#[test]
fn no_units() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = static_rnn(&GruCell::new(0), &[x, x]);
    let line = line!() - 1;
    assert_says(&only(&g, line), "the cell has 0 units but needs at least 1");
}

#[test]
fn a_state_of_another_size() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, ?, 3]);
    let cell = BasicLstmCell::new(4);
    let state = LstmState {
        c: g.zeros::<f32>([2, 4]),
        h: g.zeros::<f32>([2, 5]),
    };
    let _ = dynamic_rnn_with(&cell, x, RnnOptions::new().initial_state(state));
    let mistake = only(&g, line!() - 1);
    assert_says(
        &mistake,
        "the state's h has shape [2, 5] but must have [2, 4]",
    );
    assert_eq!(mistake.kind, MistakeKind::Shape);
}

#[test]
fn a_state_of_another_batch() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let cell = BasicRnnCell::new(4);
    let _ = cell.call(x, cell.zero_state(&g, 3));
    let line = line!() - 1;
    assert_says(
        &only(&g, line),
        "the state's h has shape [3, 4] but must have [2, 4]",
    );
}

#[test]
fn a_state_of_other_layers() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let state = MultiRnnCell::new(vec![BasicRnnCell::new(4)]).zero_state(&g, 2);
    let cell = MultiRnnCell::new(vec![BasicRnnCell::new(4), BasicRnnCell::new(4)]);
    let _ = cell.call(x, state);
    let line = line!() - 1;
    assert_says(&only(&g, line), "there are 2 cells but 1 states");
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let cell = MultiRnnCell::new(Vec::<BasicRnnCell<'_, f32>>::new());
    let _ = static_rnn(&cell, &[x]);
    let line = line!() - 1;
    assert_says(&only(&g, line), "there are no cells");
}

#[test]
fn lengths_of_another_shape() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4, ?, 3]);
    let options = RnnOptions::new().sequence_length(g.constant([1, 2, 3]));
    let _ = dynamic_rnn_with(&GruCell::new(4), x, options);
    let line = line!() - 1;
    assert_says(
        &only(&g, line),
        "sequence_length has shape [3] but must have [4]",
    );

    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let options = RnnOptions::new().sequence_length(g.constant(2_i64));
    let (outputs, _) = static_rnn_with(&GruCell::new(4), &[x, x], options);
    let line = line!() - 1;
    assert_says(
        &only(&g, line),
        "sequence_length has shape [] but must have [?]",
    );
    assert_eq!(outputs.len(), 2);

    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4, ?, 3]);
    let options = RnnOptions::new().sequence_length(g.constant([1, 2, 3]));
    let _ = bidirectional_dynamic_rnn_with(&GruCell::new(4), &GruCell::new(4), x, options);
    let line = line!() - 1;
    assert_says(
        &only(&g, line),
        "sequence_length has shape [3] but must have [4]",
    );
}

#[test]
fn too_few_axes() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let (outputs, last) = dynamic_rnn(&BasicLstmCell::new(4), x);
    let mistake = only(&g, line!() - 1);
    assert_says(
        &mistake,
        "the input has shape [?, 3] but must be [batch, time, inputs]",
    );
    // What is built of it is silently poisoned.
    let _ = (outputs.slice((.., -1)) + 1.0, last.h.matmul(last.c));
    assert_eq!(g.check().unwrap_err().0.len(), 1);

    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 5, 3]);
    let cell = BasicRnnCell::new(4);
    let _ = cell.call(x, cell.zero_state(&g, 1));
    let mistake = only(&g, line!() - 1);
    assert_says(
        &mistake,
        "the input has shape [?, 5, 3] but must be [batch, inputs]",
    );
}

#[test]
fn no_steps() {
    let g = Graph::new();
    let cell = BasicRnnCell::<f32>::new(4);
    let options = RnnOptions::new().initial_state(cell.zero_state(&g, 2));
    let (outputs, _) = static_rnn_with(&cell, &[], options);
    let line = line!() - 1;
    assert_says(&only(&g, line), "there are no steps");
    assert!(outputs.is_empty());

    // Without a tensor no graph is known: the mistake is told where the state is used.
    let cell = BasicRnnCell::<f32>::new(4);
    let (_, last) = static_rnn(&cell, &[]);
    let line = line!() - 1;
    assert!(last.is_poisoned());
    let g = Graph::new();
    let _ = g.zeros::<f32>([2, 4]) + last;
    assert_says(&only(&g, line), "there are no steps");
}

#[test]
fn a_second_cell_in_the_same_scope() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let _ = dynamic_rnn(&BasicLstmCell::new(4), x);
    let first = line!() - 1;
    let _ = dynamic_rnn(&BasicLstmCell::new(4), x);
    let line = line!() - 1;
    let mistakes = g.check().unwrap_err().0;
    let names: Vec<&str> = mistakes
        .iter()
        .map(|mistake| mistake.name.as_str())
        .collect();
    let expected = ["rnn/basic_lstm_cell/kernel", "rnn/basic_lstm_cell/bias"];
    assert_eq!(names, expected);
    let text = mistakes[0].to_string();
    assert!(text.contains("already exists, made at"), "{text}");
    assert!(text.contains(&format!("{}:{first}:", file!())), "{text}");
    assert_eq!(mistakes[0].at.at.line, line);
    assert!(text.contains("Reuse::Yes or Reuse::Auto"), "{text}");
}

/// A cell whose output is one number for the whole batch.
struct Reducing;

impl<'g> RnnCell<'g> for Reducing {
    type Element = f32;
    type State = Tensor<'g, f32>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Self::State {
        parts.tensor([3])
    }

    fn call(&self, x: Tensor<'g, f32>, h: Tensor<'g, f32>) -> (Tensor<'g, f32>, Self::State) {
        (x.reduce_mean(..), h)
    }
}

#[test]
fn an_output_without_a_batch() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let (outputs, _) = dynamic_rnn(&Reducing, x);
    let mistake = only(&g, line!() - 1);
    assert_says(
        &mistake,
        "the cell's output has shape [] but must be [?, ..]",
    );
    assert!(outputs.is_poisoned());
}

/// A cell whose state becomes another.
struct Growing;

impl<'g> RnnCell<'g> for Growing {
    type Element = f32;
    type State = Vec<Tensor<'g, f32>>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Self::State {
        vec![parts.tensor([3])]
    }

    fn call(&self, x: Tensor<'g, f32>, mut state: Self::State) -> (Tensor<'g, f32>, Self::State) {
        state.push(x);
        (x, state)
    }
}

/// A cell whose state grows wider.
struct Widening;

impl<'g> RnnCell<'g> for Widening {
    type Element = f32;
    type State = Tensor<'g, f32>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Self::State {
        parts.tensor([3])
    }

    fn call(&self, x: Tensor<'g, f32>, h: Tensor<'g, f32>) -> (Tensor<'g, f32>, Self::State) {
        (x, x.graph().concat(&[x, h], 1))
    }
}

#[test]
fn a_cell_that_gives_another_state() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let (_, last) = dynamic_rnn(&Growing, x);
    let mistake = only(&g, line!() - 1);
    assert_says(
        &mistake,
        "the cell takes a state of 1 tensor and gives one of 2 tensors",
    );
    assert!(last[0].is_poisoned());

    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = static_rnn(&Widening, &[x, x]);
    let line = line!() - 1;
    let message = "the cell gives f32[?, 6] for tensor 0 of the state, which is f32[?, 3]";
    assert_says(&only(&g, line), message);
}

/// A cell with a mistake of its own.
struct Mistaken;

const LINE_IN_CELL: u32 = line!() + 10;

impl<'g> RnnCell<'g> for Mistaken {
    type Element = f32;
    type State = Tensor<'g, f32>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Self::State {
        parts.tensor([3])
    }
    fn call(&self, x: Tensor<'g, f32>, h: Tensor<'g, f32>) -> (Tensor<'g, f32>, Self::State) {
        let y = x.matmul(x.graph().zeros::<f32>([4, 3]));
        (y, h)
    }
}

#[test]
fn a_users_cell_shows_its_own_line_and_who_called() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let wrapped = ResidualWrapper::new(Box::new(Mistaken));
    let _ = dynamic_rnn(&wrapped, x);
    let called = line!() - 1;
    let mistake = only(&g, LINE_IN_CELL);
    let from = mistake.at.called_from.clone().unwrap();
    assert_eq!(
        (from.file.as_str(), from.line),
        (file!(), called),
        "{mistake}"
    );
}

#[test]
fn wrappers_that_do_not_fit() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = static_rnn(&ResidualWrapper::new(GruCell::new(4)), &[x]);
    let mistake = only(&g, line!() - 1);
    assert_says(
        &mistake,
        "the cell makes [?, 4] of its input of shape [?, 3]",
    );

    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let cell = DropoutWrapper::new(GruCell::new(4))
        .input_keep_prob(1.5)
        .variational();
    let _ = static_rnn(&cell, &[x]);
    let line = line!() - 1;
    assert_says(&only(&g, line), "keep_prob is 1.5 but must be in (0, 1]");
}

#[test]
fn layers_of_one_direction() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let (ahead, behind) = ([GruCell::new(4), GruCell::new(4)], [GruCell::new(4)]);
    let (outputs, forward, backward) = stack_bidirectional_dynamic_rnn(&ahead, &behind, x);
    let mistake = only(&g, line!() - 1);
    assert_says(&mistake, "there are 2 cells forwards and 1 backwards");
    assert!(outputs.is_poisoned() && forward[1].is_poisoned() && backward[0].is_poisoned());

    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, ?, 3]);
    let zero = || g.zeros::<f32>([2, 4]);
    let states = (vec![zero(), zero()], vec![zero()]);
    let options = RnnOptions::new().initial_state(states);
    let layers = [GruCell::new(4), GruCell::new(4)];
    let _ = stack_bidirectional_dynamic_rnn_with(&layers, &layers, x, options);
    let line = line!() - 1;
    assert_says(
        &only(&g, line),
        "there are 2 layers but 2 states forwards and 1 backwards",
    );
}
