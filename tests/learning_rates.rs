//! Learning rates that follow the count of steps, against TensorFlow's numbers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use aqueduct::prelude::*;
use aqueduct::{
    CosineDecayOptions, CosineDecayRestartsOptions, DecayOptions, Feeds, Float,
    LinearCosineDecayOptions, Number, PolynomialDecayOptions, Value, cosine_decay_restarts,
    cosine_decay_restarts_with, cosine_decay_with, exponential_decay_with, inverse_time_decay_with,
    linear_cosine_decay, linear_cosine_decay_with, natural_exp_decay_with, polynomial_decay_with,
};
use aqueduct_tests::{Modes, Reference, Tolerance, compare, initialized, only_mistake, report};

/// The rate of TensorFlow's call of this text.
fn rate<'g, T: Float, N: Number>(call: &str, rate: T, gs: Tensor<'g, N>) -> Tensor<'g, T> {
    let stairs = DecayOptions::new().staircase();
    let line = PolynomialDecayOptions::new();
    let restarts = CosineDecayRestartsOptions::new();
    let linear = LinearCosineDecayOptions::new();
    match call {
        "exponential_decay(0.1,gs,10,0.96)" => exponential_decay(rate, gs, 10, 0.96),
        "exponential_decay(0.1,gs,10,0.96,staircase=True)" => {
            exponential_decay_with(rate, gs, 10, 0.96, stairs)
        }
        "natural_exp_decay(0.1,gs,10,0.5)" => natural_exp_decay(rate, gs, 10, 0.5),
        "natural_exp_decay(0.1,gs,10,0.5,staircase=True)" => {
            natural_exp_decay_with(rate, gs, 10, 0.5, stairs)
        }
        "inverse_time_decay(0.1,gs,10,0.5)" => inverse_time_decay(rate, gs, 10, 0.5),
        "inverse_time_decay(0.1,gs,10,0.5,staircase=True)" => {
            inverse_time_decay_with(rate, gs, 10, 0.5, stairs)
        }
        "polynomial_decay(0.1,gs,100)" => polynomial_decay(rate, gs, 100),
        "polynomial_decay(0.1,gs,100,0.01,power=2.0)" => {
            polynomial_decay_with(rate, gs, 100, line.end_learning_rate(0.01).power(2.0))
        }
        "polynomial_decay(0.1,gs,100,0.01,power=0.5,cycle=True)" => {
            let options = line.end_learning_rate(0.01).power(0.5).cycle();
            polynomial_decay_with(rate, gs, 100, options)
        }
        "polynomial_decay(0.1,gs,100,0.2,power=3.0)" => {
            polynomial_decay_with(rate, gs, 100, line.end_learning_rate(0.2).power(3.0))
        }
        "polynomial_decay(0.1,gs,20,cycle=True)" => {
            polynomial_decay_with(rate, gs, 20, line.cycle())
        }
        "cosine_decay(0.1,gs,100)" => cosine_decay(rate, gs, 100),
        "cosine_decay(0.1,gs,100,alpha=0.1)" => {
            cosine_decay_with(rate, gs, 100, CosineDecayOptions::new().alpha(0.1))
        }
        "cosine_decay_restarts(0.1,gs,20)" => cosine_decay_restarts(rate, gs, 20),
        "cosine_decay_restarts(0.1,gs,20,t_mul=1.0)" => {
            cosine_decay_restarts_with(rate, gs, 20, restarts.t_mul(1.0))
        }
        "cosine_decay_restarts(0.1,gs,20,m_mul=0.5)" => {
            cosine_decay_restarts_with(rate, gs, 20, restarts.m_mul(0.5))
        }
        "cosine_decay_restarts(0.1,gs,20,t_mul=1.0,m_mul=0.5,alpha=0.1)" => {
            let options = restarts.t_mul(1.0).m_mul(0.5).alpha(0.1);
            cosine_decay_restarts_with(rate, gs, 20, options)
        }
        "cosine_decay_restarts(0.1,gs,20,t_mul=1.5,m_mul=0.9,alpha=0.2)" => {
            let options = restarts.t_mul(1.5).m_mul(0.9).alpha(0.2);
            cosine_decay_restarts_with(rate, gs, 20, options)
        }
        "cosine_decay_restarts(0.1,gs,20,t_mul=0.5)" => {
            cosine_decay_restarts_with(rate, gs, 20, restarts.t_mul(0.5))
        }
        "linear_cosine_decay(0.1,gs,100)" => linear_cosine_decay(rate, gs, 100),
        "linear_cosine_decay(0.1,gs,100,num_periods=2.5,alpha=0.1,beta=0.01)" => {
            let options = linear.num_periods(2.5).alpha(0.1).beta(0.01);
            linear_cosine_decay_with(rate, gs, 100, options)
        }
        "piecewise_constant(gs,[10,20],[1.0,0.5,0.1])" => {
            let values = [1.0, 0.5, 0.1].map(|value| T::from_f64(value));
            let boundaries = [10, 20].map(|step| N::from_f64(f64::from(step)));
            piecewise_constant(gs, boundaries, values)
        }
        unknown => panic!("no schedule for {unknown}"),
    }
}

/// Every call of the file, for rates of type `T` and counts of steps of type `N`.
#[track_caller]
fn check<T: Float, N: Number>(file: &str) {
    let reference = Reference::open(file);
    let steps: Vec<i64> = reference.value("steps").as_slice().unwrap().to_vec();
    let mut results = Vec::new();
    for (number, call) in reference.keys().filter(|key| *key != "steps").enumerate() {
        let g = Graph::new();
        let gs = g.placeholder::<N>("gs", shape![]);
        let rate = rate(call, T::from_f64(0.1), gs).cast::<f32>();
        g.check().unwrap();
        assert!(g.global_variables().is_empty());
        let modes = Modes::of_case(&g, number);
        let found: Result<Vec<f32>, String> = modes.run(|sess| {
            let steps = steps.iter().map(|step| N::from_f64(*step as f64));
            let rates = steps.map(|step| {
                let mut feeds = Feeds::new();
                feeds.add_any(gs.any(), Value::scalar(step));
                sess.run(rate.scalar(), feeds)
            });
            rates.collect::<aqueduct::Result<Vec<f32>>>()
        });
        let result = found.and_then(|found| {
            compare(
                &Value::vector(found),
                reference.value(call),
                Tolerance::REFERENCE,
            )
        });
        results.push(result.map_err(|why| format!("{call}: {why}")));
    }
    report(results);
}

#[test]
fn schedules_follow_tensorflow() {
    check::<f32, i64>("lr_schedules.npz");
    check::<f32, i64>("learning_rates.npz");
}

#[test]
fn schedules_take_any_count_of_steps_and_either_float_type() {
    check::<f64, i32>("lr_schedules.npz");
    check::<f64, f64>("learning_rates.npz");
    check::<f32, f32>("learning_rates.npz");
}

#[test]
fn settings_may_be_tensors() {
    let g = Graph::new();
    let step = g.placeholder::<i64>("step", shape![]);
    let factor = g.variable("factor", 0.5_f32);
    let length = g.placeholder::<f32>("length", shape![]);
    let rate = exponential_decay(factor, step, length, factor);
    let sess = initialized(&g);
    let found = sess.run(rate.scalar(), feed![step => 6, length => 3.0]);
    assert_eq!(found.unwrap(), 0.125);
}

#[test]
fn the_value_of_a_boundary_holds_up_to_it() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let rate = piecewise_constant(x, [-1.0, 2.5], [1.0_f64, 2.0, 3.0]);
    let sess = initialized(&g);
    let value = |at: f32| sess.run(rate.scalar(), feed![x => at]).unwrap();
    let places = [
        f32::NEG_INFINITY,
        -1.0,
        -0.5,
        2.5,
        2.75,
        f32::INFINITY,
        f32::NAN,
    ];
    assert_eq!(places.map(value), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 1.0]);
    let none: [f32; 0] = [];
    let rate = piecewise_constant(x, none, [4.0_f32]);
    assert_eq!(sess.run(rate.scalar(), feed![x => 0.0]).unwrap(), 4.0);
}

#[test]
fn an_optimizer_follows_a_schedule() {
    let g = Graph::new();
    let w = g.variable("w", 8.0_f32);
    let step = get_or_create_global_step(&g);
    let rate = piecewise_constant(step, [0, 1], [1.0_f32, 0.5, 0.0]);
    let options = Minimize::new().global_step(step);
    let train = GradientDescentOptimizer::new(rate).minimize_with(w.value(), options);
    let sess = initialized(&g);
    let mut values = Vec::new();
    for _ in 0..4 {
        sess.run(train, feed![]).unwrap();
        values.push(sess.run(w.scalar(), feed![]).unwrap());
    }
    assert_eq!(values, [7.0, 6.5, 6.5, 6.5]);
}

#[test]
fn arguments_that_make_no_schedule_are_mistakes() {
    let message = only_mistake(|g| {
        let _ = piecewise_constant(g.constant(1), [2, 2], [1.0_f32, 2.0, 3.0]);
    });
    assert_eq!(message, "the boundaries [2, 2] do not ascend");
    let message = only_mistake(|g| {
        let _ = piecewise_constant(g.constant(1), [2, 3], [1.0_f32, 2.0]);
    });
    assert_eq!(message, "there are 2 values for 2 boundaries");
    let message = only_mistake(|g| {
        let _ = piecewise_constant(g.constant(1.0), [f64::NAN], [1.0_f32, 2.0]);
    });
    assert_eq!(message, "the boundaries [NaN] do not ascend");
    let message = only_mistake(|g| {
        let _ = cosine_decay(0.1, g.constant(1), 0);
    });
    assert_eq!(message, "decay_steps is 0 but must be more than 0");
    let message = only_mistake(|g| {
        let _ = exponential_decay(0.1, g.constant(1), 10, f64::NAN);
    });
    assert_eq!(message, "decay_rate is NaN but must be a finite number");
    let message = only_mistake(|g| {
        let _ = polynomial_decay(0.1, g.constant([1, 2]), 10);
    });
    assert_eq!(
        message,
        "`Const:0` is i32[2], and global_step is one number"
    );
    let message = only_mistake(|g| {
        let _ = polynomial_decay(0.1, g.constant(true), 10);
    });
    assert_eq!(
        message,
        "`Const:0` is bool[], and global_step is one number"
    );
    let message = only_mistake(|g| {
        let _ = polynomial_decay(g.constant([0.1]), g.constant(1), 10);
    });
    assert_eq!(
        message,
        "`Const:0` is f64[1], and learning_rate is a scalar"
    );
}

#[test]
fn a_schedule_is_named_as_tensorflow_names_it() {
    let g = Graph::new();
    let step = get_or_create_global_step(&g);
    let first = exponential_decay(0.1, step, 10, 0.5);
    let second = exponential_decay(0.1, step, 10, 0.5);
    let names = [first.name(), second.name()];
    assert_eq!(names, ["ExponentialDecay:0", "ExponentialDecay_1:0"]);
}
