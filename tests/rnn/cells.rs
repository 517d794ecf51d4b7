//! Cells: whose variables are whose, and settings that the reference files do not reach.

use aqueduct::prelude::*;
use aqueduct::value_initializer;
use ndarray::{arr1, arr2};

use crate::{assert_close, initialized, numbers, variables};

#[test]
fn a_cell_called_again_shares_its_variables() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let cell = GruCell::new(4);
    let (first, state) = cell.call(x, cell.zero_state(&g, x.size_of(0)));
    let (second, _) = g.variable_scope("elsewhere", || cell.call(x, state));
    g.check().unwrap();
    assert_eq!(variables(&g).len(), 4);
    assert_eq!(variables(&g)[0], "gru_cell/gates/kernel [7, 8]");
    assert!(first.name().starts_with("gru_cell/"), "{}", first.name());
    assert!(second.name().starts_with("gru_cell/"), "{}", second.name());
}

#[test]
fn cells_beside_each_other_have_variables_of_their_own() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    for cell in [BasicRnnCell::new(4), BasicRnnCell::new(5)] {
        let _ = cell.call(x, cell.zero_state(&g, x.size_of(0)));
    }
    let named = BasicRnnCell::new(6).name("decoder");
    let _ = named.call(x, named.zero_state(&g, x.size_of(0)));
    g.check().unwrap();
    let expected = [
        "basic_rnn_cell/kernel [7, 4]",
        "basic_rnn_cell/bias [4]",
        "basic_rnn_cell_1/kernel [8, 5]",
        "basic_rnn_cell_1/bias [5]",
        "decoder/kernel [9, 6]",
        "decoder/bias [6]",
    ];
    assert_eq!(variables(&g), expected);
}

#[test]
fn a_cell_makes_its_variables_in_each_graph() {
    let (g, other) = (Graph::new(), Graph::new());
    let cell = BasicRnnCell::new(2);
    for graph in [&g, &other] {
        let x = graph.placeholder::<f32>("x", shape![?, 3]);
        let _ = cell.call(x, cell.zero_state(graph, x.size_of(0)));
        assert_eq!(variables(graph)[0], "basic_rnn_cell/kernel [5, 2]");
    }
}

#[test]
fn scopes_that_reuse_let_cells_share() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2, 3]);
    let _ = dynamic_rnn(&BasicRnnCell::new(4), x);
    let reusing = || VariableScope::new().reuse(Reuse::Yes);
    let root = g.variable_scope_with("rnn", reusing(), || {
        let cell = BasicRnnCell::new(4);
        cell.call(x.slice((.., 0)), cell.zero_state(&g, x.size_of(0)))
    });
    g.check().unwrap();
    assert_eq!(variables(&g).len(), 2);
    let _ = root;
}

#[test]
fn initializers_and_activations() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![1, 1]);
    let cell = GruCell::new(1)
        .kernel_initializer(ones_initializer())
        .bias_initializer(zeros_initializer())
        .activation(|x| x * 2.0);
    let state = g.constant([[0.5_f32]]);
    let (output, _) = cell.call(x, state);
    let sess = initialized(&g);
    let value = sess.run(output, feed![x => [[1.0]]]).unwrap();
    let gate = 1.0 / (1.0 + (-1.5_f32).exp());
    let candidate = 2.0 * (1.0 + gate * 0.5);
    assert_close(
        &value,
        &arr2(&[[gate * 0.5 + (1.0 - gate) * candidate]]).into_dyn(),
    );
}

#[test]
fn the_forget_bias_is_added_in_the_run() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let kernel = numbers(&[4, 4]);
    let give = |forget_bias: f64, name: &str| {
        let cell = LstmCell::new(1)
            .forget_bias(forget_bias)
            .initializer(value_initializer(kernel.clone()))
            .name(name);
        let state = LstmState {
            c: g.constant([[2.0_f32]]),
            h: g.constant([[0.0_f32]]),
        };
        cell.call(x, state).1.c
    };
    let (open, shut) = (give(100.0, "open"), give(-100.0, "shut"));
    let sess = initialized(&g);
    let (open, shut) = sess
        .run((open, shut), feed![x => numbers(&[1, 3])])
        .unwrap();
    assert_close(&(open - 2.0), &shut);
    let bias = g.trainable_variables()[1].typed::<f32>();
    assert_eq!(sess.value(bias).unwrap(), arr1(&[0.0; 4]).into_dyn());
}

#[test]
fn a_cell_behind_a_pointer_is_a_cell() {
    type Plain<'g> = Box<dyn RnnCell<'g, Element = f32, State = Tensor<'g, f32>> + 'g>;
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2, 3]);
    let cells: Vec<Plain<'_>> = vec![Box::new(GruCell::new(4)), Box::new(BasicRnnCell::new(2))];
    let (outputs, last) = dynamic_rnn(&MultiRnnCell::new(cells), x);
    g.check().unwrap();
    assert_eq!(outputs.shape().to_string(), "[?, 2, 2]");
    assert_eq!(last.len(), 2);
    assert_eq!(
        variables(&g)[4],
        "rnn/multi_rnn_cell/cell_1/basic_rnn_cell/kernel [6, 2]"
    );
}
