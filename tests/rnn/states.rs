//! States are fetched and fed as a whole.

use aqueduct::prelude::*;
use ndarray::ArrayD;

use crate::{initialized, numbers};

/// A step of two LSTM cells.
struct Stacked<'g> {
    x: Tensor<'g, f32>,
    initial: Vec<LstmState<Tensor<'g, f32>>>,
    output: Tensor<'g, f32>,
    next: Vec<LstmState<Tensor<'g, f32>>>,
}

fn stacked(g: &Graph) -> Stacked<'_> {
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let cell = MultiRnnCell::new(vec![BasicLstmCell::new(4), BasicLstmCell::new(2)]);
    let initial = cell.zero_state(g, 2);
    let (output, next) = cell.call(x, initial.clone());
    Stacked {
        x,
        initial,
        output,
        next,
    }
}

#[test]
fn a_state_is_fetched_and_fed_as_a_whole() {
    let g = Graph::new();
    let Stacked {
        x,
        initial,
        output,
        next,
    } = stacked(&g);
    let sess = initialized(&g);
    let fed = numbers(&[2, 3]);
    let (first, state) = sess.run((output, &next), feed![x => &fed]).unwrap();
    assert_eq!(state.len(), 2);
    assert_eq!(state[1].h, first);
    let again = feed![x => &fed].with_all(&initial, state.clone());
    let second = sess.run(output, again).unwrap();
    assert_ne!(first, second);
    // The same without the types.
    let values = sess.run(next.parts(), feed![x => &fed]).unwrap();
    let again = feed![x => &fed].with_all(initial.parts(), values);
    assert_eq!(sess.run(output, again).unwrap(), second);
    let short = feed![x => &fed].with_all(&initial, state[..1].to_vec());
    let refused = sess.run(output, short).unwrap_err().to_string();
    let expected = "a vector of 1 was fed for one of 2";
    assert!(refused.contains(expected), "{refused}");
}

/// What a program keeps: the element types have the form of the inputs.
struct Stream {
    step: Prepared<Step, (f32, Vec<LstmState<f32>>)>,
    state: Vec<State>,
}

type Step = (ArrayD<f32>, Vec<State>);
type State = LstmState<ArrayD<f32>>;

#[test]
fn a_prepared_call_takes_and_gives_a_whole_state() {
    let g = Graph::new();
    let Stacked {
        x,
        initial,
        output,
        next,
    } = stacked(&g);
    let sess = initialized(&g);
    let mut state = sess.run(&initial, feed![]).unwrap();
    let mut stream = Stream {
        step: sess.prepare((output, &next), (x, &initial)).unwrap(),
        state: state.clone(),
    };
    for place in 0..3 {
        let fed = numbers(&[2, 3]) * place as f32;
        let feeds = feed![x => &fed].with_all(&initial, state);
        let (expected, left) = sess.run((output, &next), feeds).unwrap();
        let (output, after) = stream.step.run((&fed, stream.state)).unwrap();
        assert_eq!((&output, &after), (&expected, &left));
        (state, stream.state) = (left, after);
    }
    let refused = stream.step.run((numbers(&[2, 3]), state[1..].to_vec()));
    let refused = refused.unwrap_err().to_string();
    let expected = "a vector of 1 was fed for one of 2";
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn structures_of_every_kind_are_fed_as_a_whole() {
    let g = Graph::new();
    let numbers: Vec<Tensor<'_, f32>> = (0..7).map(|n| g.constant(n as f32)).collect();
    let flag = g.constant(false);
    let (c, h) = (numbers[0], numbers[1]);
    let pair = ([numbers[2], numbers[3]], (flag, ()));
    let lists = vec![vec![numbers[4]], vec![], vec![numbers[5]]];
    let structure = (LstmState { c, h }, pair, lists, numbers[6].any());
    let sess = Session::new(&g);
    let call = sess.prepare(&structure, &structure).unwrap();
    let before = sess.run(&structure, feed![]).unwrap();
    assert_eq!(call.run(before.clone()).unwrap(), before);
    // Whatever can be fed to a tensor can be fed to it in a structure.
    let state = LstmState { c: 10.0, h: 11.0 };
    let values = || {
        let lists = vec![vec![14.0], vec![], vec![15.0]];
        (state, ([12.0, 13.0], (true, ())), lists, before.3.clone())
    };
    let fed = call.run(values()).unwrap();
    let feeds = feed![].with_all(&structure, values());
    assert_eq!(sess.run(&structure, feeds).unwrap(), fed);
    assert_eq!(
        (fed.0.h.sum(), fed.1.0[1].sum(), fed.2[2][0].sum()),
        (11.0, 13.0, 15.0)
    );
    assert_eq!(fed.3, before.3);
    // As many values in all, but in other places.
    let moved = (
        state,
        ([12.0, 13.0], (true, ())),
        vec![vec![], vec![14.0], vec![15.0]],
    );
    let refused = call.run((moved.0, moved.1, moved.2, before.3.clone()));
    let refused = refused.unwrap_err().to_string();
    let expected = "a vector of 0 was fed for one of 1";
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn a_wrong_length_is_told_once() {
    let g = Graph::new();
    let list = ["a", "b"].map(|name| g.placeholder::<f32>(name, shape![]));
    let list = list.to_vec();
    let sum = list[0] + list[1];
    let refused = Session::new(&g).run(sum, feed![].with_all(&list, vec![1.0]));
    let expected = "feed of `a`: a vector of 1 was fed for one of 2";
    assert_eq!(refused.unwrap_err().to_string(), expected);
}
