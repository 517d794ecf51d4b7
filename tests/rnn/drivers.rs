//! What drivers have in common, and how they differ.

use aqueduct::prelude::*;
use ndarray::{ArrayD, Axis, Slice, concatenate};

use crate::{assert_close, initialized, numbers, variables};

/// Both drivers over the same weights: (dynamic, static) outputs and states.
fn both<'g>(
    g: &'g Graph,
    x: Tensor<'g, f32>,
    steps: &[Tensor<'g, f32>],
    lengths: Tensor<'g, i64>,
) -> [(Tensor<'g, f32>, LstmState<Tensor<'g, f32>>); 2] {
    let cell = LstmCell::new(4).num_proj(2).use_peepholes();
    let options = || RnnOptions::new().sequence_length(lengths);
    let dynamic = dynamic_rnn_with(&cell, x, options());
    let (outputs, last) = static_rnn_with(&cell, steps, options().scope("unrolled"));
    [dynamic, (g.stack(&outputs, 1), last)]
}

#[test]
fn the_loop_computes_what_the_unrolled_steps_do() {
    let cases: [(usize, usize, Vec<i64>); 5] = [
        (1, 1, vec![1]),
        (3, 2, vec![0, 1, 2]),
        (4, 7, vec![7, 0, 3, 6]),
        (2, 5, vec![0, 0]),
        (2, 3, vec![9, -1]),
    ];
    for (batch, time, length) in cases {
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?, time, 3]);
        let lengths = g.placeholder::<i64>("lengths", shape![?]);
        let [dynamic, unrolled] = both(&g, x, &x.unstack(time, 1), lengths);
        g.check().unwrap();
        assert_eq!(g.trainable_variables().len(), 6);
        let sess = initialized(&g);
        let feeds = feed![x => numbers(&[batch, time, 3]), lengths => &length];
        let ((a, last_a), (b, last_b)) = sess.run((dynamic, unrolled), feeds).unwrap();
        assert_close(&a, &b);
        assert_close(&last_a.c, &last_b.c);
        assert_close(&last_a.h, &last_b.h);
        for (row, length) in length.iter().enumerate() {
            let from = usize::try_from(*length).unwrap_or(0).min(time);
            let row = a.index_axis(Axis(0), row);
            let over = row.slice_axis(Axis(0), Slice::from(from..));
            assert!(over.iter().all(|output| *output == 0.0), "{over}");
        }
    }
}

#[test]
fn batch_and_time_are_known_in_the_run_alone() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let (outputs, last) = dynamic_rnn(&GruCell::new(4), x);
    assert_eq!(outputs.shape().to_string(), "[?, ?, 4]");
    assert_eq!(outputs.shape().dim(0), x.shape().dim(0));
    assert_eq!(outputs.shape().dim(1), x.shape().dim(1));
    let sess = initialized(&g);
    for (batch, time) in [(2, 3), (5, 1), (2, 3), (1, 10), (3, 0), (0, 2)] {
        let feeds = feed![x => numbers(&[batch, time, 3])];
        let (outputs, last) = sess.run((outputs, last), feeds).unwrap();
        assert_eq!(outputs.shape(), [batch, time, 4]);
        assert_eq!(last.shape(), [batch, 4]);
        match time {
            0 => assert!(last.iter().all(|h| *h == 0.0)),
            _ => assert_eq!(outputs.index_axis(Axis(1), time - 1), last),
        }
    }
}

#[test]
fn the_time_may_come_first() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let lengths = g.constant([2_i32, 0, 4]);
    let cell = BasicLstmCell::new(4);
    let options = || RnnOptions::new().sequence_length(lengths);
    let (outputs, last) = dynamic_rnn_with(&cell, x, options());
    let swapped = x.transpose([1, 0, 2]);
    let (first, last_too) = dynamic_rnn_with(&cell, swapped, options().time_major());
    let sess = initialized(&g);
    let fetches = (outputs, first.transpose([1, 0, 2]), last.h, last_too.h);
    let (a, b, c, d) = sess.run(fetches, feed![x => numbers(&[3, 4, 3])]).unwrap();
    assert_eq!((a, c), (b, d));
}

#[test]
fn an_initial_state_goes_on_where_another_run_ended() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, ?, 3]);
    let cell = MultiRnnCell::new((BasicLstmCell::new(4), BasicRnnCell::new(3)));
    let initial = cell.zero_state(&g, 2);
    let options = RnnOptions::new().initial_state(initial);
    let network = dynamic_rnn_with(&cell, x, options);
    let sess = initialized(&g);
    let all = numbers(&[2, 6, 3]);
    let part = |range| all.slice_axis(Axis(1), Slice::from(range)).to_owned();
    let (whole, last) = sess.run(network, feed![x => &all]).unwrap();
    let (first, state) = sess.run(network, feed![x => part(0..2)]).unwrap();
    let rest = feed![x => part(2..6)].with_all(initial, state);
    let (second, state) = sess.run(network, rest).unwrap();
    let pieces = concatenate(Axis(1), &[first.view(), second.view()]).unwrap();
    assert_close(&pieces, &whole);
    assert_close(&state.0.c, &last.0.c);
    assert_close(&state.1, &last.1);
}

#[test]
fn both_directions_static_and_dynamic() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 5, 3]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let (fw, bw) = (GruCell::new(4), BasicLstmCell::new(2));
    for some in [false, true] {
        let options = || {
            let options = RnnOptions::new();
            if some {
                options.sequence_length(lengths)
            } else {
                options
            }
        };
        let ((a, b), (state_a, state_b)) = bidirectional_dynamic_rnn_with(&fw, &bw, x, options());
        let steps = x.unstack(5, 1);
        let (outputs, last_a, last_b) =
            static_bidirectional_rnn_with(&fw, &bw, &steps, options().scope("unrolled"));
        g.check().unwrap();
        let sess = initialized(&g);
        let feeds = feed![x => numbers(&[3, 5, 3]), lengths => [5, 0, 2]];
        let dynamic = (g.concat(&[a, b], 2), state_a, state_b);
        let unrolled = (g.stack(&outputs, 1), last_a, last_b);
        let (dynamic, unrolled) = sess.run((dynamic, unrolled), feeds).unwrap();
        assert_close(&dynamic.0, &unrolled.0);
        assert_close(&dynamic.1, &unrolled.1);
        assert_close(&dynamic.2.c, &unrolled.2.c);
    }
    let names = variables(&g);
    assert_eq!(
        names[0],
        "bidirectional_rnn/fw/gru_cell/gates/kernel [7, 8]"
    );
    assert_eq!(
        names[4],
        "bidirectional_rnn/bw/basic_lstm_cell/kernel [5, 8]"
    );
    assert_eq!(names.len(), 6);
}

#[test]
fn the_direction_back_starts_at_the_last_step() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 1]);
    let (fw, bw) = (BasicRnnCell::new(1), BasicRnnCell::new(1));
    let ((_, behind), (_, last)) = bidirectional_dynamic_rnn(&fw, &bw, x);
    let sess = initialized(&g);
    let feeds = feed![x => numbers(&[2, 4, 1])];
    let (behind, last): (ArrayD<f32>, ArrayD<f32>) = sess.run((behind, last), feeds).unwrap();
    assert_eq!(behind.index_axis(Axis(1), 0), last);
}

#[test]
fn drivers_name_what_they_make_as_tensorflow_does() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2, 3]);
    let cell = BasicRnnCell::new(4);
    let (outputs, _) = dynamic_rnn(&cell, x);
    // As notebook 004 prints it.
    assert_eq!(outputs.name(), "rnn/transpose:0");
    let (outputs, _) = dynamic_rnn(&cell, x);
    assert_eq!(outputs.name(), "rnn_1/transpose:0");
    let (_, last) = g.variable_scope("decoder", || {
        let options = RnnOptions::new().scope("steps");
        static_rnn_with(&BasicRnnCell::new(4), &x.unstack(2, 1), options)
    });
    assert_eq!(last.name(), "decoder/steps/basic_rnn_cell/Tanh_1:0");
    let expected = [
        "rnn/basic_rnn_cell/kernel [7, 4]",
        "rnn/basic_rnn_cell/bias [4]",
        "decoder/steps/basic_rnn_cell/kernel [7, 4]",
        "decoder/steps/basic_rnn_cell/bias [4]",
    ];
    assert_eq!(variables(&g), expected);
}

#[test]
fn elements_may_be_of_64_bits() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, ?, 3]);
    let (outputs, _) = dynamic_rnn(&LstmCell::new(4).cell_clip(1.0), x);
    let sess = initialized(&g);
    let fed = numbers(&[2, 3, 3]).mapv(f64::from);
    assert_eq!(
        sess.run(outputs, feed![x => fed]).unwrap().shape(),
        [2, 3, 4]
    );
}

/// A padded batch with lengths gives what each sequence gives alone: outputs, states, and the
/// gradients of the variables, which add up.
#[test]
fn a_padded_batch_is_each_sequence_alone() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let cell = MultiRnnCell::new((GruCell::new(4), LstmCell::new(3).use_peepholes()));
    let options = RnnOptions::new().sequence_length(lengths);
    let (outputs, last) = dynamic_rnn_with(&cell, x, options);
    let loss = outputs.square().reduce_sum(..) + last.1.c.reduce_sum(..);
    let found = gradients(loss, g.trainable_variables());
    let slopes: Vec<Tensor<'_, f32>> = found.iter().filter_map(Gradient::typed).collect();
    assert_eq!(slopes.len(), g.trainable_variables().len());
    let sess = initialized(&g);
    let batch = numbers(&[3, 5, 3]);
    let length = [5, 2, 0];
    let fetches = (outputs, last.0, last.1, slopes);
    let feeds = feed![x => &batch, lengths => length];
    let (all, all_h, all_lstm, slopes) = sess.run(fetches.clone(), feeds).unwrap();
    let mut sums: Vec<ArrayD<f32>> = slopes.iter().map(|slope| slope * 0.0).collect();
    for (row, length) in length.into_iter().enumerate() {
        let rows = Slice::from(row..=row);
        let row_of = |array: &ArrayD<f32>| array.slice_axis(Axis(0), rows).to_owned();
        let steps = Slice::from(0..length as usize);
        let sequence = row_of(&batch).slice_axis(Axis(1), steps).to_owned();
        let feeds = feed![x => sequence, lengths => [length]];
        let (alone, h, lstm, slopes) = sess.run(fetches.clone(), feeds).unwrap();
        let within = row_of(&all).slice_axis(Axis(1), steps).to_owned();
        assert_close(&within, &alone);
        assert_close(&row_of(&all_h), &h);
        assert_close(&row_of(&all_lstm.c), &lstm.c);
        assert_close(&row_of(&all_lstm.h), &lstm.h);
        for (sum, slope) in sums.iter_mut().zip(slopes) {
            *sum += &slope;
        }
    }
    for (sum, slope) in sums.iter().zip(&slopes) {
        assert_close(sum, slope);
    }
}

#[test]
fn bidirectional_layers_on_top_of_each_other() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let cells = || [GruCell::new(4), GruCell::new(2)];
    let initial = |columns: usize| g.fill::<f32>(sizes![x.size_of(0), columns], 0.25);
    let states = || vec![initial(4), initial(2)];
    let options = RnnOptions::new()
        .sequence_length(lengths)
        .initial_state((states(), states()));
    let (outputs, forward, backward) =
        stack_bidirectional_dynamic_rnn_with(&cells(), &cells(), x, options);
    let names = variables(&g);
    assert_eq!(
        names[4],
        "stack_bidirectional_rnn/cell_0/bidirectional_rnn/bw/gru_cell/gates/kernel [7, 8]"
    );
    assert_eq!(
        names[8],
        "stack_bidirectional_rnn/cell_1/bidirectional_rnn/fw/gru_cell/gates/kernel [10, 4]"
    );
    assert_eq!(names.len(), 16);

    // The same variables, a layer at a time.
    let (by_hand, last) = g.variable_scope_with(
        "stack_bidirectional_rnn",
        VariableScope::new().reuse(Reuse::Auto),
        || {
            let mut layer = x;
            let mut last = Vec::new();
            for (place, columns) in [4, 2].into_iter().enumerate() {
                let options = RnnOptions::new()
                    .sequence_length(lengths)
                    .initial_state((initial(columns), initial(columns)));
                let ((ahead, behind), states) = g.variable_scope(&format!("cell_{place}"), || {
                    let cells = (GruCell::new(columns), GruCell::new(columns));
                    bidirectional_dynamic_rnn_with(&cells.0, &cells.1, layer, options)
                });
                layer = g.concat(&[ahead, behind], 2);
                last.push(states);
            }
            (layer, last)
        },
    );
    g.check().unwrap();
    assert_eq!(variables(&g).len(), 16);
    let sess = initialized(&g);
    let feeds = feed![x => numbers(&[3, 5, 3]), lengths => [5, 0, 2]];
    let stacked = (outputs, forward, backward);
    let (stacked, by_hand) = sess.run((stacked, (by_hand, last)), feeds).unwrap();
    assert_eq!(stacked.0, by_hand.0);
    let (ahead, behind): (Vec<_>, Vec<_>) = by_hand.1.into_iter().unzip();
    assert_eq!((stacked.1, stacked.2), (ahead, behind));
}
