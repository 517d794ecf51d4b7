//! The operands in the reports of layers, losses and other functions that build more than one
//! operation.

use aqueduct::losses::{self, LossOptions};
use aqueduct::prelude::*;
use aqueduct_tests::{mistakes_of, relative};
use expect_test::{Expect, expect};

/// The graph has taken down these mistakes and no others.
fn check(graph: &Graph, anchor: u32, expected: Expect) {
    expected.assert_eq(&mistakes_of(graph, file!(), anchor));
}

#[test]
fn layers() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 28, 28]);
    let unknown = g.placeholder::<f32>("unknown", shape![8, ?]);
    let _ = Conv2d::new(16, 3).apply(x);
    let _ = BatchNormalization::new().apply(unknown);
    let _ = Dense::new(10).apply(unknown);
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in conv2d: x has shape [?, 28, 28] but 4 axes are needed: [batch, height, width, channels]
          --> tests/listed_operands.rs:+4:32        name `conv2d`
          x  x  f32[?, 28, 28]  from tests/listed_operands.rs:+2:15
          help: `expand_dims(-1)` adds an axis of one channel

        shape mismatch in batch_normalization: axis 1 of x, of shape [8, ?], has an unknown size
          --> tests/listed_operands.rs:+5:39        name `batch_normalization`
          x  unknown  f32[8, ?]  from tests/listed_operands.rs:+3:21
          help: each channel has variables of its own: fix the size with `reshape`

        shape mismatch in dense: the last axis of x, of shape [8, ?], has an unknown size
          --> tests/listed_operands.rs:+6:28        name `dense`
          x  unknown  f32[8, ?]  from tests/listed_operands.rs:+3:21
          help: the kernel has a row for each input: fix the size with `reshape`"#]],
    );
}

#[test]
fn recurrent_networks() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 28]);
    let sequences = g.placeholder::<f32>("sequences", shape![4, 10, 28]);
    let lengths = g.placeholder::<i32>("lengths", shape![3]);
    let cell = BasicLstmCell::new(8);
    let _ = dynamic_rnn(&cell, x);
    let _ = dynamic_rnn_with(&cell, sequences, RnnOptions::new().sequence_length(lengths));
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in dynamic_rnn: the input has shape [?, 28] but must be [batch, time, inputs]
          --> tests/listed_operands.rs:+6:13        name `dynamic_rnn`
          input  x  f32[?, 28]  from tests/listed_operands.rs:+2:15
          help: give the axis that is missing with `expand_dims`, or call the cell itself for a single step

        shape mismatch in dynamic_rnn: sequence_length has shape [3] but must have [4]
          --> tests/listed_operands.rs:+7:13        name `dynamic_rnn`
          sequence_length  lengths  i32[3]  from tests/listed_operands.rs:+4:21
          help: give one length for each row of the batch"#]],
    );
}

#[test]
fn losses_of_two_shapes() {
    let here = line!();
    let g = Graph::new();
    let labels = g.placeholder::<f32>("labels", shape![?, 10]);
    let given = g.placeholder::<f32>("given", shape![?, 9]);
    let _ = losses::mean_squared_error(labels, given);
    let _ = losses::softmax_cross_entropy(labels, given);
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in mean_squared_error: predictions has shape [?, 9] but labels has shape [?, 10]
          --> tests/listed_operands.rs:+4:13        name `mean_squared_error`
          labels       labels  f32[?, 10]  from tests/listed_operands.rs:+2:20
          predictions  given   f32[?, 9]   from tests/listed_operands.rs:+3:19
          help: labels and predictions must have one shape

        shape mismatch in softmax_cross_entropy_loss: logits has shape [?, 9] but labels has shape [?, 10]
          --> tests/listed_operands.rs:+5:13        name `softmax_cross_entropy_loss`
          labels  labels  f32[?, 10]  from tests/listed_operands.rs:+2:20
          logits  given   f32[?, 9]   from tests/listed_operands.rs:+3:19
          help: labels and logits must have one shape"#]],
    );
}

#[test]
fn weights_of_losses() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4, 10]);
    let short = g.placeholder::<f32>("short", shape![4]);
    let wide = g.placeholder::<f32>("wide", shape![4, 3]);
    let _ = losses::mean_squared_error_with(x, x, LossOptions::new().weights(short));
    let _ = losses::mean_squared_error_with(x, x, LossOptions::new().weights(wide));
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in mean_squared_error: weights have shape [4] but the losses have shape [4, 10]
          --> tests/listed_operands.rs:+5:13        scope `mean_squared_error`, name `value`
          weights  short                                 f32[4]      from tests/listed_operands.rs:+3:19
          losses   mean_squared_error/SquaredDifference  f32[4, 10]  from tests/listed_operands.rs:+5:13
          help: weights are a scalar, or have as many axes as the losses, each of size 1 or of theirs: `expand_dims` adds an axis

        shape mismatch in mean_squared_error: weights have shape [4, 3] but the losses have shape [4, 10]
          --> tests/listed_operands.rs:+6:13        scope `mean_squared_error_1`, name `value`
          weights  wide                                    f32[4, 3]   from tests/listed_operands.rs:+4:18
          losses   mean_squared_error_1/SquaredDifference  f32[4, 10]  from tests/listed_operands.rs:+6:13
          help: each axis of the weights has size 1 or that of the losses"#]],
    );
}

#[test]
fn equations() {
    let here = line!();
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![?, 2]);
    let b = g.placeholder::<f32>("b", shape![3, 4]);
    let _ = g.einsum("ij,jk->ik", &[a, b]);
    let _ = g.einsum("ij,jk->iz", &[a, b]);
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in einsum: axis 'j' has size 2 in operand 0 but 3 in operand 1
          --> tests/listed_operands.rs:+4:15        name `einsum`
          operand 0  a  f32[?, 2]  from tests/listed_operands.rs:+2:15
          operand 1  b  f32[3, 4]  from tests/listed_operands.rs:+3:15
          help: axes of one letter have one size

        invalid argument in einsum: the result of "ij,jk->iz" names 'z', which no operand has
          --> tests/listed_operands.rs:+5:15        name `einsum`
          operand 0  a  f32[?, 2]  from tests/listed_operands.rs:+2:15
          operand 1  b  f32[3, 4]  from tests/listed_operands.rs:+3:15
          help: name axes of the operands"#]],
    );
}

#[test]
fn sizes_of_an_equation_that_differ_in_the_run() {
    let here = line!();
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![2, ?]);
    let b = g.placeholder::<f32>("b", shape![?, 2]);
    let product = g.einsum("ij,jk->ik", &[a, b]);
    let sess = Session::new(&g);
    let error = sess.run(
        product,
        feed![a => [[1.0, 2.0], [3.0, 4.0]], b => [[1.0, 2.0]]],
    );
    let report = error.err().map(|error| error.to_string());
    let report = report.unwrap_or_default();
    expect![[r#"
        einsum failed: operand 1 has shape [1, 2] but must have [2, 2]
          --> tests/listed_operands.rs:+4:21        name `einsum/j_of_operand_1_as_of_operand_0`
          operand 1  b                     f32[1, 2]  from tests/listed_operands.rs:+3:15
          size       einsum/strided_slice  i32[]      from tests/listed_operands.rs:+4:21
          help: axes of one letter have one size: `j`, also in operand 0"#]]
    .assert_eq(&relative(&report, file!(), here));
}
