//! A cell of a user's own, with a state of their own, works wherever a cell does.

use aqueduct::prelude::*;

use crate::{initialized, numbers, variables};

/// What the cell carries.
#[derive(Clone, Copy)]
struct Memory<'g> {
    sum: Tensor<'g, f32>,
    count: Tensor<'g, i32>,
}

impl<'g> Nest<'g> for Memory<'g> {
    fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
        (self.sum, self.count).append_to(parts);
    }

    fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
        let (sum, count) = (self.sum, self.count).rebuild(parts);
        Memory { sum, count }
    }
}

/// Adds up what a matrix makes of its inputs, and counts the steps.
struct Adder {
    width: usize,
    scope: CellScope,
}

impl<'g> RnnCell<'g> for Adder {
    type Element = f32;
    type State = Memory<'g>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Memory<'g> {
        let sum = parts.tensor([self.width]);
        let count = parts.tensor([]).cast::<i32>();
        Memory { sum, count }
    }

    fn call(&self, x: Tensor<'g, f32>, state: Memory<'g>) -> (Tensor<'g, f32>, Memory<'g>) {
        let g = x.graph();
        let _scope = self.scope.open(g);
        let w = g.get_variable_with("w", [self.width, self.width], ones_initializer());
        let sum = state.sum + x.matmul(w);
        (
            sum,
            Memory {
                sum,
                count: state.count + 1,
            },
        )
    }
}

fn adder() -> Adder {
    Adder {
        width: 3,
        scope: CellScope::new("adder"),
    }
}

#[test]
fn it_runs_in_every_driver() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 4, 3]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let steps = x.unstack(4, 1);
    let cell = adder();
    let options = || RnnOptions::new().sequence_length(lengths);
    let (outputs, last) = dynamic_rnn_with(&cell, x, options());
    let (listed, last_of_list) = static_rnn_with(&cell, &steps, options());
    let ((_, behind), (_, last_behind)) = bidirectional_dynamic_rnn_with(&adder(), &adder(), x, {
        RnnOptions::new().sequence_length(lengths)
    });
    let both = static_bidirectional_rnn(&cell, &cell, &steps).0;
    g.check().unwrap();
    assert_eq!(variables(&g)[0], "rnn/adder/w [3, 3]");
    let sess = initialized(&g);
    let feeds = || feed![x => numbers(&[2, 4, 3]), lengths => [4, 1]];
    let fetches = (outputs, g.stack(&listed, 1), last.count, last_of_list.count);
    let (a, b, count, count_of_list) = sess.run(fetches, feeds()).unwrap();
    assert_eq!((a, &count), (b, &count_of_list));
    assert_eq!(count.as_slice().unwrap(), [4, 1]);
    let (behind, count) = sess.run((behind, last_behind.count), feeds()).unwrap();
    assert_eq!(
        (behind.shape(), count.as_slice().unwrap()),
        (&[2, 4, 3][..], &[4, 1][..])
    );
    assert_eq!(sess.run(both, feeds()).unwrap()[3].shape(), [2, 6]);
}

#[test]
fn it_goes_into_every_wrapper() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let dropped = DropoutWrapper::new(adder())
        .state_keep_prob(0.5)
        .variational()
        .seed(1);
    let cell = MultiRnnCell::new((
        InputProjectionWrapper::new(ResidualWrapper::new(dropped), 3),
        OutputProjectionWrapper::new(adder(), 2),
        GruCell::new(2),
    ));
    let (outputs, (memory, ..)) = dynamic_rnn(&cell, x);
    g.check().unwrap();
    let names = variables(&g);
    let expected = "rnn/multi_rnn_cell/cell_1/output_projection_wrapper/adder/w [3, 3]";
    assert_eq!(names[3], expected);
    let sess = initialized(&g);
    let feeds = feed![x => numbers(&[2, 5, 3])];
    let (outputs, count) = sess.run((outputs, memory.count), feeds).unwrap();
    assert_eq!(outputs.shape(), [2, 5, 2]);
    assert_eq!(count.as_slice().unwrap(), [5, 5]);
}
