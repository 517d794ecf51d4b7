//! Cells and drivers against TensorFlow's numbers.

use std::collections::BTreeMap;

use aqueduct::prelude::*;
use aqueduct::{Feeds, Value};
use aqueduct_tests::{Reference, Tolerance, compare, report};

/// The steps in every file.
const STEPS: usize = 5;

type G = &'static Graph;

/// A network with the names that the files have for its tensors.
struct Network {
    inputs: BTreeMap<String, AnyTensor<'static>>,
    outputs: BTreeMap<String, AnyTensor<'static>>,
}

impl Network {
    fn new(x: Tensor<'static, f32>, lengths: Option<Tensor<'static, i32>>) -> Network {
        let mut inputs = BTreeMap::from([("x".to_owned(), x.any())]);
        inputs.extend(lengths.map(|lengths| ("sequence_length".to_owned(), lengths.any())));
        Network {
            inputs,
            outputs: BTreeMap::new(),
        }
    }

    fn output(&mut self, name: &str, tensor: Tensor<'static, f32>) {
        self.outputs.insert(name.to_owned(), tensor.any());
    }

    /// A direction's states: "" or "fw_" or "bw_".
    fn states<S: Nest<'static>>(&mut self, direction: &str, initial: &S, last: &S) {
        for (place, part) in initial.parts().into_iter().enumerate() {
            let name = format!("initial_state_{direction}{place}");
            self.inputs.insert(name, part);
        }
        for (place, part) in last.parts().into_iter().enumerate() {
            self.outputs
                .insert(format!("state_{direction}{place}"), part);
        }
    }
}

fn build<C: RnnCell<'static, Element = f32>>(g: G, mode: &str, make: impl Fn() -> C) -> Network {
    let x = if mode.starts_with("static") {
        g.placeholder("x", shape![?, STEPS, 3])
    } else {
        g.placeholder("x", shape![?, ?, 3])
    };
    let has_lengths = mode.ends_with("seqlen") || mode == "bidir";
    let lengths = has_lengths.then(|| g.placeholder::<i32>("lengths", shape![?]));
    let mut network = Network::new(x, lengths);
    let cell = make();
    let initial = cell.zero_state(g, x.size_of(0));
    if mode == "bidir" {
        let backward = make();
        let behind = backward.zero_state(g, x.size_of(0));
        let copies = (copy(&initial), copy(&behind));
        let options = with_lengths(RnnOptions::new().initial_state(copies), lengths);
        let ((fw, bw), (last_fw, last_bw)) =
            bidirectional_dynamic_rnn_with(&cell, &backward, x, options);
        network.output("output_fw", fw);
        network.output("output_bw", bw);
        network.states("fw_", &initial, &last_fw);
        network.states("bw_", &behind, &last_bw);
        return network;
    }
    let options = with_lengths(RnnOptions::new().initial_state(copy(&initial)), lengths);
    let (output, last) = if mode.starts_with("static") {
        let (outputs, last) = static_rnn_with(&cell, &x.unstack(STEPS, 1), options);
        (g.stack(&outputs, 1), last)
    } else {
        dynamic_rnn_with(&cell, x, options)
    };
    network.output("output", output);
    network.states("", &initial, &last);
    network
}

fn copy<S: Nest<'static>>(state: &S) -> S {
    state.rebuild(&mut state.parts().into_iter())
}

fn with_lengths<S>(
    options: RnnOptions<'static, S>,
    lengths: Option<Tensor<'static, i32>>,
) -> RnnOptions<'static, S> {
    match lengths {
        Some(lengths) => options.sequence_length(lengths),
        None => options,
    }
}

/// Runs a cell in each mode.
fn check<C: RnnCell<'static, Element = f32>>(cell: &str, modes: &[&str], make: impl Fn() -> C) {
    let mut results = Vec::new();
    for mode in modes {
        let reference = Reference::open(&format!("rnn_{cell}_{mode}.npz"));
        let g = Graph::new().leak();
        let network = build(g, mode, &make);
        g.check().unwrap();
        let found = check_network(g, &reference, &network);
        results.extend(found.into_iter().map(|why| Err(format!("{mode}: {why}"))));
    }
    report(results);
}

/// What differs from the file.
fn check_network(g: G, reference: &Reference, network: &Network) -> Vec<String> {
    let mut wanted: BTreeMap<String, AnyTensor<'static>> = BTreeMap::new();
    for (name, output) in &network.outputs {
        wanted.insert(format!("out:{name}"), *output);
    }
    wanted.extend(gradients_of(g, reference, network));
    let sess = initialized(g, reference);
    let mut feeds = Feeds::new();
    for (name, input) in &network.inputs {
        feeds.add_any(*input, reference.value(&format!("in:{name}")).clone());
    }
    let tensors: Vec<AnyTensor<'static>> = wanted.values().copied().collect();
    let values: Vec<Value> = sess.run(tensors, feeds).unwrap();
    let judged = wanted.keys().zip(values).map(|(key, value)| {
        let compared = compare(&value, reference.value(key), Tolerance::REFERENCE);
        compared.err().map(|why| format!("{key} {why}"))
    });
    let mut found: Vec<String> = judged.flatten().collect();
    let role = |key: &&str| key.starts_with("out:") || key.starts_with("grad:");
    let missing = reference.keys().filter(role);
    let missing = missing.filter(|key| !wanted.contains_key(*key));
    found.extend(missing.map(|key| format!("{key} was not compared")));
    found
}

/// The gradients of all outputs, weighted as the file says, to everything that is of floats.
fn gradients_of(
    g: G,
    reference: &Reference,
    network: &Network,
) -> BTreeMap<String, AnyTensor<'static>> {
    let weighted = network.outputs.iter().map(|(name, output)| {
        let weight = reference.value(&format!("cot:{name}")).clone();
        let weight = g.constant_value(weight, "weight").typed::<f32>();
        (output.typed::<f32>() * weight).reduce_sum(..)
    });
    let loss = weighted.reduce(|sum, part| sum + part).unwrap();
    let inputs = network.inputs.iter();
    let inputs = inputs.filter(|(_, tensor)| tensor.dtype() == DType::F32);
    let mut sources: Vec<(String, AnyTensor<'static>)> = inputs
        .map(|(name, tensor)| (name.clone(), *tensor))
        .collect();
    for variable in g.trainable_variables() {
        sources.push((variable.name().replace('/', "."), variable.value()));
    }
    let tensors: Vec<AnyTensor<'static>> = sources.iter().map(|(_, tensor)| *tensor).collect();
    let slopes = gradients(loss, tensors);
    let named = sources.into_iter().zip(slopes);
    named
        .map(|((name, _), slope)| (format!("grad:{name}"), slope.dense().unwrap()))
        .collect()
}

/// A session with the file's values in the variables, which must be those of the file, in its order.
fn initialized(g: G, reference: &Reference) -> Session {
    let sess = Session::new(g);
    let mut names: Vec<String> = Vec::new();
    for variable in g.trainable_variables() {
        let key = format!("w:{}", variable.name().replace('/', "."));
        let value = reference.value(&key).clone();
        let value = value.into_array::<f32>().unwrap();
        sess.load(variable.typed::<f32>(), &value).unwrap();
        names.push(key);
    }
    names.sort_unstable();
    let mut expected: Vec<&str> = reference
        .keys()
        .filter(|key| key.starts_with("w:"))
        .collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    sess
}

const ALL: [&str; 5] = [
    "dynamic",
    "dynamic_seqlen",
    "static",
    "static_seqlen",
    "bidir",
];
const NOT_BIDIR: &[&str] = ALL.split_at(4).0;

#[test]
fn basic_rnn() {
    check("basic_rnn_tanh", &ALL, || BasicRnnCell::new(4));
    let relu = || BasicRnnCell::new(4).activation(Tensor::relu);
    check("basic_rnn_relu", NOT_BIDIR, relu);
}

#[test]
fn basic_lstm() {
    check("basic_lstm", &ALL, || BasicLstmCell::new(4));
}

#[test]
fn lstm() {
    check("lstm_plain", NOT_BIDIR, || LstmCell::new(4));
}

#[test]
fn lstm_with_a_projection() {
    check("lstm_proj", &ALL, || LstmCell::new(4).num_proj(2));
    let clipped = || LstmCell::new(4).num_proj(2).proj_clip(0.05);
    check("lstm_proj_clip", NOT_BIDIR, clipped);
}

#[test]
fn lstm_with_peepholes_and_a_clipped_memory() {
    let cell = || LstmCell::new(4).use_peepholes().cell_clip(0.5);
    check("lstm_peep_clip", NOT_BIDIR, cell);
}

#[test]
fn gru() {
    check("gru", &ALL, || GruCell::new(4));
}

#[test]
fn cells_on_top_of_each_other() {
    let layers = || [4, 3].map(BasicLstmCell::new);
    check("multi_lstm", NOT_BIDIR, || MultiRnnCell::new(layers()));
    check("multi_lstm", NOT_BIDIR, || {
        MultiRnnCell::new(Vec::from(layers()))
    });
    check("multi_lstm", NOT_BIDIR, || {
        MultiRnnCell::new((BasicLstmCell::new(4), BasicLstmCell::new(3)))
    });
}

/// The variables as TensorFlow orders them, which decides which seeds they draw with.
#[test]
fn variables_are_made_in_tensorflows_order() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let full = LstmCell::new(4).use_peepholes().num_proj(2);
    let _ = full.call(x, full.zero_state(&g, x.size_of(0)));
    let gru = GruCell::new(4);
    let _ = gru.call(x, gru.zero_state(&g, x.size_of(0)));
    let expected = [
        "lstm_cell/kernel [5, 16]",
        "lstm_cell/bias [16]",
        "lstm_cell/w_f_diag [4]",
        "lstm_cell/w_i_diag [4]",
        "lstm_cell/w_o_diag [4]",
        "lstm_cell/projection/kernel [4, 2]",
        "gru_cell/gates/kernel [7, 8]",
        "gru_cell/gates/bias [8]",
        "gru_cell/candidate/kernel [7, 4]",
        "gru_cell/candidate/bias [4]",
    ];
    assert_eq!(super::variables(&g), expected);
}

#[test]
fn layer_norm_basic_lstm() {
    let modes = ["dynamic", "dynamic_seqlen", "static"];
    check("layer_norm_basic_lstm", &modes, || {
        LayerNormBasicLstmCell::new(4)
    });
}
