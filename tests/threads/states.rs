//! One trainer and 63 readers of one session: each answer is that of one step, bit for bit the answer
//! of a replay on one thread.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aqueduct::prelude::*;
use aqueduct::{Value, load_variable};
use aqueduct_tests::initialized;
use ndarray::{Array3, ArrayD};
use tempfile::tempdir;

use super::{count_from, without_deadlock};

const THREADS: usize = 64;

struct Model<'g> {
    graph: &'g Graph,
    x: Tensor<'g, f32>,
    outputs: Tensor<'g, f32>,
    step: Variable<'g, i64>,
    train: Operation<'g>,
}

fn model(graph: &Graph) -> Model<'_> {
    graph.set_random_seed(3);
    let x = graph.placeholder::<f32>("x", shape![?, ?, 3]);
    let (outputs, _) = dynamic_rnn(&BasicLstmCell::new(5), x);
    let loss = (outputs - 0.25).square().reduce_mean(..);
    let step = get_or_create_global_step(graph);
    let options = Minimize::new().global_step(step);
    let train = AdamOptimizer::new(0.05).minimize_with(loss, options);
    Model {
        graph,
        x,
        outputs,
        step,
        train,
    }
}

fn inputs() -> Array3<f32> {
    Array3::from_shape_fn((4, 6, 3), |(row, step, input)| {
        ((row * 18 + step * 3 + input) as f32 * 0.7).sin()
    })
}

/// What there is after each step of a training on one thread.
struct Replay {
    start: Vec<Value>,
    states: Vec<State>,
}

#[derive(Debug, PartialEq)]
struct State {
    outputs: Vec<u32>,
    /// Of each variable but the counter of steps.
    variables: Vec<Vec<u32>>,
}

impl Replay {
    fn new(model: &Model<'_>, steps: usize) -> Replay {
        let sess = initialized(model.graph);
        let start = values(model, &sess);
        let mut states = Vec::new();
        for step in 0..=steps {
            let outputs = sess.run(model.outputs, feed![model.x => &inputs()]);
            states.push(State::new(&outputs.unwrap(), &values(model, &sess)));
            if step < steps {
                sess.run(model.train, feed![model.x => &inputs()]).unwrap();
            }
        }
        Replay { start, states }
    }

    /// A session at the start of the training.
    fn session(&self, model: &Model<'_>) -> Session {
        let sess = Session::new(model.graph);
        for (variable, value) in model.graph.global_variables().iter().zip(&self.start) {
            sess.load_value(*variable, value.clone()).unwrap();
        }
        sess
    }

    fn check(&self, step: i64, outputs: &ArrayD<f32>, values: &[Value]) {
        let expected = &self.states[usize::try_from(step).unwrap()];
        assert_eq!(State::new(outputs, values), *expected, "step {step}");
    }
}

impl State {
    fn new(outputs: &ArrayD<f32>, values: &[Value]) -> State {
        State {
            outputs: outputs.iter().map(|number| number.to_bits()).collect(),
            variables: values.iter().filter_map(bits).collect(),
        }
    }
}

fn bits(value: &Value) -> Option<Vec<u32>> {
    let numbers = value.as_slice::<f32>()?;
    Some(numbers.iter().map(|number| number.to_bits()).collect())
}

fn values(model: &Model<'_>, sess: &Session) -> Vec<Value> {
    let variables = model.graph.global_variables().into_iter();
    let values = variables.map(|variable| sess.any_value(variable).unwrap());
    values.collect()
}

/// How far the trainer has come.
#[derive(Default)]
struct Progress {
    begun: AtomicUsize,
    done: AtomicUsize,
}

impl Progress {
    fn train(&self, steps: usize, mut step: impl FnMut()) {
        for number in 1..=steps {
            self.begun.store(number, Ordering::SeqCst);
            step();
            self.done.store(number, Ordering::SeqCst);
        }
    }

    /// Reads, and checks that what was read is of a step between the beginning and the end.
    fn read(&self, read: impl FnOnce() -> i64) {
        let before = self.done.load(Ordering::SeqCst);
        let step = usize::try_from(read()).unwrap();
        let after = self.begun.load(Ordering::SeqCst);
        assert!((before..=after).contains(&step), "{before} {step} {after}");
    }
}

/// `AQUEDUCT_STEPS=1000` makes it long.
#[test]
fn every_answer_is_of_one_step() {
    let steps = count_from("AQUEDUCT_STEPS", 60);
    without_deadlock(move || {
        let g = Graph::new();
        let model = model(&g);
        let replay = Replay::new(&model, steps);
        let sess = replay.session(&model);
        let readers = Readers {
            model: &model,
            replay: &replay,
            sess: &sess,
            progress: &Progress::default(),
        };
        let answers = AtomicUsize::new(0);
        thread::scope(|scope| {
            for reader in 1..THREADS {
                let (readers, answers) = (&readers, &answers);
                scope.spawn(move || {
                    let count = readers.read_on(reader, steps);
                    answers.fetch_add(count, Ordering::Relaxed);
                });
            }
            let train = sess.prepare(model.train, model.x).unwrap();
            let step = || train.run(inputs()).unwrap();
            readers.progress.train(steps, step);
        });
        assert_eq!(values(&model, &sess), values_at_the_end(&model, steps));
        println!("{steps} steps, {} answers", answers.into_inner());
    });
}

fn values_at_the_end(model: &Model<'_>, steps: usize) -> Vec<Value> {
    let sess = initialized(model.graph);
    for _ in 0..steps {
        sess.run(model.train, feed![model.x => &inputs()]).unwrap();
    }
    values(model, &sess)
}

struct Readers<'a, 'g> {
    model: &'a Model<'g>,
    replay: &'a Replay,
    sess: &'a Session,
    progress: &'a Progress,
}

impl Readers<'_, '_> {
    /// Reads in one of the ways that there are until the training is over, and tells how often.
    fn read_on(&self, reader: usize, steps: usize) -> usize {
        let (model, sess) = (self.model, self.sess);
        let variables = model.graph.global_variables();
        let fetches = || (model.step.scalar(), model.outputs, variables.clone());
        let prepared = sess.prepare(fetches(), model.x).unwrap();
        let into = sess.prepare((model.step.scalar(), model.outputs), model.x);
        let into = into.unwrap();
        let folder = tempdir().unwrap();
        let mut answers = 0;
        while answers == 0 || self.progress.done.load(Ordering::SeqCst) < steps {
            self.progress.read(|| match reader % 6 {
                0 => self.answer(sess.run(fetches(), feed![model.x => &inputs()]).unwrap()),
                1 => self.answer(prepared.run(inputs()).unwrap()),
                2 => {
                    let (mut step, mut outputs) = (0, ArrayD::zeros(vec![4, 6, 5]));
                    into.run_into(inputs(), (&mut step, &mut outputs)).unwrap();
                    let expected = &self.replay.states[usize::try_from(step).unwrap()];
                    assert_eq!(State::new(&outputs, &[]).outputs, expected.outputs);
                    step
                }
                3 => self.save(folder.path()),
                4 => {
                    let text = sess.explain(fetches(), feed![model.x => &inputs()]);
                    assert!(text.unwrap().arena_bytes() > 0);
                    sess.value(model.step).unwrap().sum()
                }
                _ => {
                    assert!(sess.plan_count() <= 128);
                    sess.run(model.step.scalar(), feed![]).unwrap()
                }
            });
            answers += 1;
        }
        answers
    }

    fn answer(&self, (step, outputs, values): (i64, ArrayD<f32>, Vec<Value>)) -> i64 {
        self.replay.check(step, &outputs, &values);
        step
    }

    /// The step of a checkpoint whose variables are all of that step.
    fn save(&self, folder: &Path) -> i64 {
        let saver = Saver::new(self.model.graph).max_to_keep(1);
        let path = saver.save(self.sess, folder.join("model")).unwrap();
        let load = |variable: AnyVariable<'_>| load_variable(&path, &variable.name()).unwrap();
        let step = load(self.model.step.any()).as_slice::<i64>().unwrap()[0];
        let variables = self.model.graph.global_variables().into_iter();
        let saved: Vec<Value> = variables.map(load).collect();
        let expected = &self.replay.states[usize::try_from(step).unwrap()];
        let saved: Vec<Vec<u32>> = saved.iter().filter_map(bits).collect();
        assert_eq!(saved, expected.variables, "step {step}");
        step
    }
}

/// Sessions share a graph and nothing else. Prepared calls go on without their session.
#[test]
fn every_session_trains_for_itself() {
    const STEPS: usize = 5;
    without_deadlock(|| {
        let g = Graph::new();
        let model = model(&g);
        let replay = Replay::new(&model, STEPS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let sess = replay.session(&model);
                    let train = sess.prepare(model.train, model.x).unwrap();
                    let variables = g.global_variables();
                    let read = (model.step.scalar(), model.outputs, variables);
                    let read = sess.prepare(read, model.x).unwrap();
                    drop(sess);
                    for step in 1..=STEPS {
                        train.run(inputs()).unwrap();
                        let (found, outputs, values) = read.run(inputs()).unwrap();
                        assert_eq!(usize::try_from(found), Ok(step));
                        replay.check(found, &outputs, &values);
                    }
                });
            }
        });
    });
}
