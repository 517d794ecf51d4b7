//! Graphs to make hostile files of: an op of every kind, nests, networks, trainings.

use aqueduct::ir::GraphRecord;
use aqueduct::prelude::*;

use crate::rows;
use crate::samples::classifier;

/// The records of all graphs.
pub(crate) fn records() -> Vec<GraphRecord> {
    let mut records = Vec::new();
    for (_, rows) in rows::all() {
        let samples = rows.iter().filter_map(|row| row.samples.first());
        records.extend(samples.filter_map(|sample| sample.x.graph().to_record().ok()));
    }
    assert!(records.len() > 200, "{}", records.len());
    let structures = STRUCTURES.map(|build| {
        let graph = Graph::new();
        graph.set_random_seed(1);
        build(&graph);
        graph.to_record().unwrap()
    });
    // Half as often as all the others together.
    for structure in structures.iter().cycle().take(records.len() / 2) {
        records.push(structure.clone());
    }
    records
}

/// Graphs of several bodies and variables.
const STRUCTURES: [fn(&Graph); 6] = [small, nest, recurrent, sequences, training, network];

/// A small graph with everything that a record has a table for.
pub(crate) fn small(g: &Graph) {
    let x = g.placeholder::<f32>("x", shape![?]);
    let w = g.get_variable::<f32>("w", [1]);
    let once = WhileOptions::new().maximum_iterations(2);
    let y = g.while_loop_with(once, x, |_| true, |x| x * w);
    g.add_to_collection("results", y);
    g.global_variables_initializer();
}

/// Loops and branches in each other, with their gradients.
fn nest(g: &Graph) {
    let x = g.placeholder::<f64>("x", shape![?, 2]);
    let on = g.placeholder::<bool>("on", shape![]);
    let v = g.variable("v", [0.5_f64, -1.0]);
    let few = WhileOptions::new().maximum_iterations(3);
    let (state, rows) = g.scan(v.value(), x, |state, row| {
        let inner = g.while_loop_with(
            few,
            state * row,
            |state| state.reduce_sum(..).less(10.0),
            |state| state * 1.5 + v,
        );
        let chosen = g.cond(
            on,
            || {
                let (sum, _) = g.scan(inner, inner, |sum, element| (sum + element, element));
                sum
            },
            || inner.tanh(),
        );
        (chosen, chosen.reduce_max(..))
    });
    let loss = state.reduce_sum(..) + rows.reduce_mean(..);
    let slopes = gradients(loss, v);
    assert!(matches!(slopes[0], Gradient::Dense(_)));
    g.check().unwrap();
}

fn recurrent(g: &Graph) {
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let forwards = DropoutWrapper::new(BasicLstmCell::new(2)).output_keep_prob(0.5);
    let options = RnnOptions::new().sequence_length(lengths);
    let ((a, b), _) = bidirectional_dynamic_rnn_with(&forwards, &GruCell::new(2), x, options);
    let loss = a.reduce_sum(..) + b.square().reduce_mean(..);
    GradientDescent::new(0.1).minimize(loss);
    g.check().unwrap();
}

fn sequences(g: &Graph) {
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let steps: Vec<_> = x.reshape([-1, 2, 2]).unstack(2, 1);
    let (outputs, _) = static_rnn(&LstmCell::new(2), &steps);
    let mapped = g.map_fn(outputs[1], |row| row.cumsum(0).softmax());
    gradients(mapped, x);
    g.check().unwrap();
}

/// Sparse gradients, clipping, schedules, moving averages.
fn training(g: &Graph) {
    let ids = g.placeholder::<i32>("ids", shape![?]);
    let table = g.variable("table", [[0.5_f32, 1.0], [2.0, -1.0], [0.0, 0.1]]);
    let w = g.variable("w", [[0.5_f32], [1.0]]);
    let rows = embedding_lookup(table, ids);
    let loss = rows.matmul(w).square().reduce_mean(..);
    let step = get_or_create_global_step(g);
    let rate = exponential_decay(0.1_f32, step.value(), 10, 0.5);
    Adam::new(rate).minimize_with(loss, Minimize::new().global_step(step));
    g.check().unwrap();
}

fn network(g: &Graph) {
    classifier(g);
}
