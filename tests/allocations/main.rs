//! What runs ask of the allocator when they have run before: the arrays handed out, and nothing else.
//! What they leave behind: nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(
    unsafe_code,
    reason = "an allocator is an unsafe trait; this one hands on to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aqueduct::SessionOptions;
use aqueduct::prelude::*;
use ndarray::{Array2, Array3, ArrayD};

mod growth;
mod memory;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The requests of all threads.
static REQUESTS: AtomicUsize = AtomicUsize::new(0);

/// The bytes that were asked for and not given back, by all threads.
static LIVE_BYTES: AtomicIsize = AtomicIsize::new(0);

fn live_bytes() -> isize {
    LIVE_BYTES.load(Ordering::Relaxed)
}

thread_local! {
    /// The requests of this thread.
    static OWN_REQUESTS: Cell<usize> = const { Cell::new(0) };
    /// The bytes that this thread asked for, whether it gave them back or not.
    static OWN_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Counts a request, which makes so many bytes more or fewer.
fn count(bytes: isize) {
    LIVE_BYTES.fetch_add(bytes, Ordering::Relaxed);
    REQUESTS.fetch_add(1, Ordering::Relaxed);
    OWN_REQUESTS.set(OWN_REQUESTS.get() + 1);
    OWN_BYTES.set(OWN_BYTES.get() + bytes.max(0).unsigned_abs());
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.cast_signed() - layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Keeps the tests of this file apart: each counts the requests of all threads.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const WARM_UP: usize = 5;
const ROUNDS: usize = 5;
const RUNS: usize = 20;

/// How many requests a run makes on this thread when it has run before. Other threads must make none.
fn requests(mut run: impl FnMut()) -> usize {
    (0..WARM_UP).for_each(|_| run());
    let mut counts = Vec::with_capacity(ROUNDS * RUNS);
    let mut elsewhere = usize::MAX;
    for _ in 0..ROUNDS {
        let (own, all) = (OWN_REQUESTS.get(), REQUESTS.load(Ordering::Relaxed));
        for _ in 0..RUNS {
            let before = OWN_REQUESTS.get();
            run();
            counts.push(OWN_REQUESTS.get() - before);
        }
        let own = OWN_REQUESTS.get() - own;
        // The test harness has a thread too, which may have something to say during a round.
        elsewhere = elsewhere.min(REQUESTS.load(Ordering::Relaxed) - all - own);
    }
    assert_eq!(elsewhere, 0, "helper threads ask for no memory");
    let first = counts[0];
    assert!(counts.iter().all(|count| *count == first), "{counts:?}");
    first
}

const BATCH: usize = 32;
const STEPS: usize = 40;
const INPUTS: usize = 8;
const HIDDEN: usize = 24;

/// A recurrent network, and what trains it.
struct Net<'g> {
    x: Tensor<'g, f32>,
    y: Tensor<'g, f32>,
    predicted: Tensor<'g, f32>,
    loss: Tensor<'g, f32>,
    train: Operation<'g>,
}

fn net<'g>(g: &'g Graph, last: impl FnOnce(Tensor<'g, f32>) -> Tensor<'g, f32>) -> Net<'g> {
    g.set_random_seed(7);
    let x = g.placeholder::<f32>("x", shape![?, STEPS, INPUTS]);
    let y = g.placeholder::<f32>("y", shape![?, 3]);
    let w = g.get_variable::<f32>("w", [HIDDEN, 3]);
    let b = g.variable::<f32>("b", zeros([3]));
    let logits = last(x).matmul(w) + b;
    let loss = softmax_cross_entropy_with_logits(y, logits).reduce_mean(..);
    Net {
        x,
        y,
        predicted: logits.softmax(),
        loss,
        train: AdamOptimizer::new(0.01).minimize(loss),
    }
}

fn dynamic<'g>(g: &'g Graph) -> Net<'g> {
    net(g, |x| {
        let (outputs, _) = dynamic_rnn(&BasicLstmCell::new(HIDDEN), x);
        outputs.slice((.., STEPS - 1))
    })
}

fn unrolled<'g>(g: &'g Graph) -> Net<'g> {
    net(g, |x| {
        let (outputs, _) = static_rnn(&BasicLstmCell::new(HIDDEN), &x.unstack(STEPS, 1));
        outputs[STEPS - 1]
    })
}

fn samples() -> (Array3<f32>, Array2<f32>) {
    let wave = |place: usize| (place as f32 * 0.7).sin();
    let x = Array3::from_shape_fn((BATCH, STEPS, INPUTS), |(row, step, input)| {
        wave(row * 31 + step * 7 + input)
    });
    let y = Array2::from_shape_fn((BATCH, 3), |(row, class)| f32::from(row % 3 == class));
    (x, y)
}

fn session(g: &Graph, threads: usize) -> Session {
    session_with(g, SessionOptions::new().threads(threads))
}

fn session_with(g: &Graph, options: SessionOptions) -> Session {
    let sess = Session::with_options(g, options);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    sess
}

/// The requests of a prepared training step, without and with the loss.
fn training_requests(net: &Net<'_>, sess: &Session) -> (usize, usize) {
    let (x, y) = samples();
    let train = sess.prepare(net.train, (net.x, net.y)).unwrap();
    let silent = requests(|| train.run((&x, &y)).unwrap());
    let train = sess.prepare((net.train, net.loss.scalar()), (net.x, net.y));
    let train = train.unwrap();
    let mut last = f32::INFINITY;
    let telling = requests(|| last = train.run((&x, &y)).unwrap().1);
    assert!(last < 1.0, "it learns: {last}");
    (silent, telling)
}

#[test]
fn a_training_step_asks_for_no_memory() {
    let _alone = alone();
    for threads in [1, 2] {
        let g = Graph::new();
        let net = dynamic(&g);
        let sess = session(&g, threads);
        assert_eq!(training_requests(&net, &sess), (0, 0), "{threads} threads");
    }
}

#[test]
fn a_training_step_of_an_unrolled_loop_asks_for_no_memory() {
    let _alone = alone();
    for threads in [1, 2] {
        let g = Graph::new();
        let net = unrolled(&g);
        let options = SessionOptions::new().threads(threads);
        // Strict, the gradients of all steps are added up in one operation.
        for options in [options, options.strict(true)] {
            let sess = session_with(&g, options);
            assert_eq!(training_requests(&net, &sess), (0, 0), "{options:?}");
        }
    }
}

/// A convolutional network.
fn convolutional<'g>(g: &'g Graph) -> Net<'g> {
    net(g, |x| {
        let images = x.reshape(sizes![x.size_of(0), STEPS, INPUTS, 1]);
        let strokes = Conv2d::new(8, 3).padding(Padding::Same).apply(images);
        let normalized = BatchNormalization::new().training(true).apply(strokes);
        let small = MaxPooling2d::new(2, 2).apply(normalized.relu());
        let shapes = Conv2d::new(8, 2).padding(Padding::Same).apply(small);
        let pooled = MaxPooling2d::new(2, 2).apply(shapes);
        Dense::new(HIDDEN).apply(pooled.flatten())
    })
}

#[test]
fn a_training_step_of_a_convolutional_network_asks_for_no_memory() {
    let _alone = alone();
    for threads in [1, 2] {
        let g = Graph::new();
        let net = convolutional(&g);
        // With what moves the averages of the batch normalization.
        let step = (net.train, g.group(g.update_ops()));
        let sess = session(&g, threads);
        let (x, y) = samples();
        let train = sess.prepare(step, (net.x, net.y)).unwrap();
        let count = requests(|| {
            train.run((&x, &y)).unwrap();
        });
        assert_eq!(count, 0, "{threads} threads");
    }
}

#[test]
fn a_run_with_borrowed_feeds_asks_for_no_memory() {
    let _alone = alone();
    for threads in [1, 2] {
        let g = Graph::new();
        let net = dynamic(&g);
        let sess = session(&g, threads);
        let (x, y) = samples();
        let count = requests(|| {
            let feeds = feed![net.x => &x, net.y => &y];
            sess.run((net.train, net.loss.scalar()), feeds).unwrap();
        });
        assert_eq!(count, 0, "{threads} threads");
    }
}

/// Reductions of what is made on demand, in one task and in several.
#[test]
fn reductions_ask_for_no_memory() {
    let _alone = alone();
    for threads in [1, 2] {
        for rows in [40, 3000] {
            let g = Graph::new();
            let x = g.placeholder::<f64>("x", shape![rows, 70]);
            let made = || (x * 0.7).sin();
            let sess = session(&g, threads);
            let fetches = (
                made().reduce_mean(..).scalar(),
                made().reduce_sum(0),
                made().reduce_max(1),
            );
            let reduce = sess.prepare(fetches, x).unwrap();
            let given =
                Array2::from_shape_fn((rows, 70), |(row, column)| (row * 3 + column) as f64);
            let mut outputs = (0.0, ArrayD::zeros(vec![70]), ArrayD::zeros(vec![rows]));
            let count = requests(|| {
                let (mean, sums, maxima) = &mut outputs;
                reduce.run_into(&given, (mean, sums, maxima)).unwrap();
            });
            assert_eq!(count, 0, "{rows} rows, {threads} threads");
        }
    }
}

/// An array of up to four dimensions keeps its shape within itself.
#[test]
fn inference_asks_for_the_elements_that_it_hands_out() {
    let _alone = alone();
    for threads in [1, 2] {
        let g = Graph::new();
        let net = dynamic(&g);
        let sess = session(&g, threads);
        let (x, _) = samples();
        let predict = sess.prepare(net.predicted, net.x).unwrap();
        let count = requests(|| assert_eq!(predict.run(&x).unwrap().shape(), [BATCH, 3]));
        assert_eq!(count, 1, "{threads} threads");
    }
}

#[test]
fn results_are_written_to_memory_of_the_caller() {
    let _alone = alone();
    for threads in [1, 2] {
        let g = Graph::new();
        let net = dynamic(&g);
        let sess = session(&g, threads);
        let (x, y) = samples();
        let fetches = (net.predicted, net.loss.scalar());
        let evaluate = sess.prepare(fetches, (net.x, net.y)).unwrap();
        let (mut predicted, mut loss) = (ArrayD::zeros(vec![BATCH, 3]), 0.0);
        let count = requests(|| {
            let outputs = (&mut predicted, &mut loss);
            evaluate.run_into((&x, &y), outputs).unwrap();
        });
        assert_eq!(count, 0, "{threads} threads");
        assert_eq!((predicted, loss), evaluate.run((&x, &y)).unwrap());
    }
}
