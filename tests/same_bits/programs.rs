//! The programs whose results and variables are held against each other.

use aqueduct::prelude::*;
use aqueduct::{Data, Feeds, Value};
use aqueduct_examples::MnistModel;

use crate::digest::Digest;

/// A file of the examples, of which the model is run and not the program around it.
macro_rules! example {
    ($name:ident, $path:literal) => {
        #[path = $path]
        #[allow(dead_code, reason = "only the model is run")]
        mod $name;
    };
}
example!(lstm_from_scratch, "../../examples/lstm_from_scratch.rs");
example!(mnist_cnn, "../../examples/mnist_cnn.rs");
example!(mnist_dynamic_rnn, "../../examples/mnist_dynamic_rnn.rs");
example!(mnist_static_rnn, "../../examples/mnist_static_rnn.rs");
example!(regression, "../../examples/regression.rs");
example!(rnn_from_scratch, "../../examples/rnn_from_scratch.rs");
example!(time_series, "../../examples/time_series.rs");
example!(xor, "../../examples/xor.rs");

/// A graph, and what is run of it again and again.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) graph: &'static Graph,
    train: Vec<Operation<'static>>,
    results: Vec<AnyTensor<'static>>,
    feeds: Vec<(AnyTensor<'static>, Value)>,
}

/// Runs of a program that go into its digest.
const STEPS: usize = 3;

impl Program {
    /// Gives the variables their first values.
    pub(crate) fn initialize(&self, sess: &Session) {
        let initialize = self.graph.global_variables_initializer();
        sess.run(initialize, feed![]).unwrap();
    }

    /// The digest of the next runs' results, and of the variables after them.
    pub(crate) fn digest(&self, sess: &Session) -> u64 {
        let mut digest = Digest::default();
        for _ in 0..STEPS {
            let fetches = (self.train.as_slice(), self.results.as_slice());
            let (_, values) = sess.run(fetches, self.feeds()).unwrap();
            values.iter().for_each(|value| digest.take(value));
        }
        for variable in self.graph.global_variables() {
            digest.take(&sess.any_value(variable).unwrap());
        }
        digest.finish()
    }

    /// Runs other fetches than [`Program::digest`] does, with other plans.
    pub(crate) fn run_others(&self, sess: &Session) {
        for result in &self.results {
            sess.run(*result, self.feeds()).unwrap();
        }
        for variable in self.graph.global_variables() {
            sess.run(variable, feed![]).unwrap();
        }
    }

    fn feeds(&self) -> Feeds<'_> {
        let mut feeds = Feeds::new();
        for (tensor, value) in &self.feeds {
            feeds.add_any(*tensor, value.clone());
        }
        feeds
    }
}

/// Every program, each in a graph of its own.
pub(crate) fn all() -> Vec<Program> {
    let makers: [(&str, Make); 12] = [
        ("000 parity", parity),
        ("000 regression", curve),
        ("001", static_digits),
        ("002", series),
        ("003 RNN", plain_cell),
        ("003 LSTM", lstm_cell),
        ("004", dynamic_digits),
        ("convolutions", convolutions),
        ("dropout and Adam", dropout),
        ("draws", draws),
        ("reductions", reductions),
        ("orders", orders),
    ];
    let program = |(name, make): (&'static str, Make)| {
        let graph = Graph::new().leak();
        graph.set_random_seed(11);
        let made = make(graph);
        graph.check().unwrap();
        Program {
            name,
            graph,
            train: made.train,
            results: made.results,
            feeds: made.feeds,
        }
    };
    makers.into_iter().map(program).collect()
}

type Make = fn(&'static Graph) -> Made;

struct Made {
    train: Vec<Operation<'static>>,
    results: Vec<AnyTensor<'static>>,
    feeds: Vec<(AnyTensor<'static>, Value)>,
}

fn parity(g: &'static Graph) -> Made {
    let model = xor::model(g);
    let bits = numbers(&[40, 12, 1], |number| (number * 2.0).floor());
    let labels = (0..480).map(|place| i64::from(place % 7 < 3)).collect();
    let labels = Value::new(vec![40, 12], Data::I64(labels)).unwrap();
    Made {
        train: vec![model.optimizer],
        results: vec![model.cost.any()],
        feeds: vec![
            (model.input_data.any(), bits),
            (model.output_data.any(), labels),
        ],
    }
}

fn curve(g: &'static Graph) -> Made {
    let model = regression::model(g);
    Made {
        train: vec![model.optimizer],
        results: vec![model.cost.any()],
        feeds: vec![
            (model.input_data.any(), uniform(&[30, 10, 1])),
            (model.output_data.any(), uniform(&[30, 10])),
        ],
    }
}

fn static_digits(g: &'static Graph) -> Made {
    digits(&mnist_static_rnn::model(g))
}

fn dynamic_digits(g: &'static Graph) -> Made {
    digits(&mnist_dynamic_rnn::model(g))
}

/// Training by batches whose rows are shared among threads.
fn digits(model: &MnistModel<'static>) -> Made {
    const IMAGES: usize = 20;
    let labels = (0..10 * IMAGES).map(|place| f32::from(u8::from(place % 11 == 0)));
    let labels = Value::new(vec![IMAGES, 10], Data::F32(labels.collect())).unwrap();
    Made {
        train: vec![model.optimizer],
        results: vec![model.cost.any(), model.pred.any()],
        feeds: vec![
            (model.x.any(), uniform(&[IMAGES, 28, 28])),
            (model.y.any(), labels),
        ],
    }
}

fn series(g: &'static Graph) -> Made {
    let model = time_series::model(g);
    Made {
        train: vec![model.train],
        results: vec![model.loss.any()],
        feeds: vec![
            (model.x.any(), uniform(&[1, 30, 1])),
            (model.y.any(), uniform(&[1, 30, 1])),
        ],
    }
}

fn plain_cell(g: &'static Graph) -> Made {
    let model = rnn_from_scratch::model(g);
    Made {
        train: vec![model.train_step],
        results: vec![model.loss.any()],
        feeds: vec![(model.seq_input.any(), uniform(&[800, 10, 1]))],
    }
}

fn lstm_cell(g: &'static Graph) -> Made {
    let model = lstm_from_scratch::model(g, lstm_from_scratch::ForgetGate::AsInTheFormulas);
    Made {
        train: vec![model.train_step],
        results: vec![model.loss.any()],
        feeds: vec![(model.seq_input.any(), uniform(&[800, 10, 1]))],
    }
}

/// The worked example with dropout, and batch normalization beside it.
fn convolutions(g: &'static Graph) -> Made {
    let network = mnist_cnn::network(g);
    let images = network.digits.x.expand_dims(-1);
    let strokes = Conv2d::new(6, 3).apply(images);
    let normalized = BatchNormalization::new().training(true).apply(strokes);
    let pooled = MaxPooling2d::new(2, 2).apply(normalized.relu());
    let loss = pooled.square().reduce_mean(..);
    let train = AdamOptimizer::new(0.01).minimize(loss);
    let mut made = digits(&network.digits);
    made.train.push(train);
    made.train.push(g.group(g.update_ops()));
    made.results.push(loss.any());
    made.feeds
        .push((network.keep_prob.any(), Value::scalar(0.5_f32)));
    made
}

fn dropout(g: &'static Graph) -> Made {
    let x = g.placeholder::<f32>("x", shape![?, ?, 6]);
    let cell = DropoutWrapper::new(BasicLstmCell::new(20)).output_keep_prob(0.7);
    let (outputs, _) = dynamic_rnn(&cell, x);
    let loss = (outputs - 0.3).square().reduce_mean(..);
    Made {
        train: vec![AdamOptimizer::new(0.05).minimize(loss)],
        results: vec![loss.any(), outputs.any()],
        feeds: vec![(x.any(), uniform(&[48, 9, 6]))],
    }
}

/// Random numbers, and the functions that few other programs use.
fn draws(g: &'static Graph) -> Made {
    let single = random_normal([40_000]).seed(1).tensor::<f32>(g);
    let double = random_normal([40_000]).seed(2).tensor::<f64>(g);
    let cut = truncated_normal([10_000]).seed(3).tensor::<f32>(g);
    let even = random_uniform([40_000], 0.1, 4.0).seed(4).tensor::<f64>(g);
    let whole = random_uniform([10_000], 0.0, 9.0).seed(5).tensor::<f32>(g);
    let functions = [
        even.pow(double).any(),
        whole.pow(single.slice(..10_000)).any(),
        even.log().any(),
        double.exp().any(),
        double.tanh().any(),
        single.sin().any(),
        double.cos().any(),
        even.lgamma().any(),
        double.erf().any(),
    ];
    let drawn = [
        single.any(),
        double.any(),
        cut.any(),
        even.any(),
        whole.any(),
    ];
    Made {
        train: Vec::new(),
        results: drawn.into_iter().chain(functions).collect(),
        feeds: Vec::new(),
    }
}

/// Sums of many numbers, each of which is cut for the threads.
fn reductions(g: &'static Graph) -> Made {
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let wide = x.cast::<f64>().sin();
    let results = vec![
        x.reduce_sum(..).any(),
        x.reduce_mean(0).any(),
        x.reduce_sum(1).any(),
        x.reduce_max(0).any(),
        wide.reduce_sum(..).any(),
        wide.reduce_mean(0).any(),
        (x * 1.7).tanh().reduce_logsumexp(..).any(),
        x.softmax().reduce_sum(0).any(),
        x.matmul(x.transpose([1, 0])).any(),
        x.cumsum(0).any(),
    ];
    Made {
        train: Vec::new(),
        results,
        feeds: vec![(x.any(), uniform(&[130, 1_900]))],
    }
}

fn orders(g: &'static Graph) -> Made {
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    // Many are equal, so that the order of equals shows.
    let coarse = (x * 50.0).floor();
    let (largest, places) = coarse.top_k(40);
    let results = vec![
        largest.any(),
        places.any(),
        coarse.argsort(1).any(),
        coarse.sort(1).any(),
        coarse.argmax(0).any(),
    ];
    Made {
        train: Vec::new(),
        results,
        feeds: vec![(x.any(), uniform(&[50, 700]))],
    }
}

fn uniform(shape: &[usize]) -> Value {
    numbers(shape, |number| number)
}

/// Numbers of a formula in [0, 1), each changed.
fn numbers(shape: &[usize], change: impl Fn(f32) -> f32) -> Value {
    let mut state = 17_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        change((state >> 8) as f32 / (1 << 24) as f32)
    };
    let count = shape.iter().product();
    let numbers = (0..count).map(|_| draw()).collect();
    Value::new(shape.to_vec(), Data::F32(numbers)).unwrap()
}
