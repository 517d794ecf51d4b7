//! States are fetched and fed as a whole.

use aqueduct::prelude::*;

use crate::{initialized, numbers};

#[test]
fn a_state_is_fetched_and_fed_as_a_whole() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let cell = MultiRnnCell::new(vec![BasicLstmCell::new(4), BasicLstmCell::new(2)]);
    let initial = cell.zero_state(&g, 2);
    let (output, next) = cell.call(x, initial.clone());
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
    let expected = "1 values were fed for a structure of 2";
    assert!(refused.contains(expected), "{refused}");
}
