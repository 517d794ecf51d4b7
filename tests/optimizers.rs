//! Optimizers against TensorFlow's numbers, and what one can do with them.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;

use aqueduct::prelude::*;
use aqueduct::{Float, Value};
use aqueduct_tests::{Reference, Tolerance, compare, initialized, report};
use ndarray::{ArrayD, Axis, arr1};

const STEPS: usize = 5;

/// How far `f64` may be from TensorFlow's.
const NARROW: Tolerance = Tolerance {
    relative: 1e-12,
    absolute: 1e-13,
};

/// A model of one of the reference files: what is made of it, and its loss.
type Model<T> = for<'g> fn(&'g Graph, &Reference) -> Tensor<'g, T>;

fn array<T: Float>(reference: &Reference, key: &str) -> ArrayD<T> {
    reference.value(key).clone().into_array().unwrap()
}

/// Two variables, and a loss that is least where they are `t1` and zero.
fn dense_model<'g, T: Float>(g: &'g Graph, reference: &Reference) -> Tensor<'g, T> {
    let constant = |key| g.constant(array::<T>(reference, key));
    let w1 = g.variable("w1", array::<T>(reference, "in:w1_start"));
    let w2 = g.variable("w2", array::<T>(reference, "in:w2_start"));
    let distance = w1.sub(constant("in:t1")).square();
    let of_w1 = constant("in:a1").mul(distance).reduce_sum(..);
    let of_w2 = constant("in:a2").mul(w2.square()).reduce_sum(..);
    of_w1.add(of_w2).any().scale(0.5).typed()
}

/// Some rows of a table, some of them several times, and a loss that is least where they are `target`.
fn sparse_model<'g, T: Float>(g: &'g Graph, reference: &Reference) -> Tensor<'g, T> {
    let table = g.variable("table", array::<T>(reference, "in:table_start"));
    let indices: ArrayD<i32> = reference.value("in:indices").clone().into_array().unwrap();
    let rows = table.gather(g.constant(indices));
    let target = g.constant(array::<T>(reference, "in:target"));
    let distance = rows.sub(target).square().reduce_sum(..);
    distance.any().scale(0.5).typed()
}

/// Makes the operation that trains by one optimizer.
type Trainer<T> = for<'g> fn(Tensor<'g, T>) -> Operation<'g>;

/// Five steps of an optimizer: the trained variables after each, the loss before each, and every
/// other variable after the last.
#[track_caller]
fn check<T: Float>(
    reference: &Reference,
    model: Model<T>,
    (name, trainer): (&str, Trainer<T>),
    tolerance: Tolerance,
) {
    let g = Graph::new();
    let loss = model(&g, reference);
    let trained = g.global_variables();
    let train = trainer(loss);
    let sess = initialized(&g);
    let mut results = Vec::new();
    let mut expect = |what: String, actual: &Value, expected: &Value| {
        let result = compare(actual, expected, tolerance);
        results.push(result.map_err(|why| format!("{name}: {what} {why}")));
    };
    let row = |key: &str, step: usize| {
        let steps = array::<T>(reference, &format!("{name}|{key}"));
        Value::from(steps.index_axis(Axis(0), step))
    };
    for step in 0..STEPS {
        let ((), before) = sess.run((train, loss.any()), feed![]).unwrap();
        let wanted = row("loss_before_step", step);
        expect(format!("loss before step {step}"), &before, &wanted);
        for variable in &trained {
            let value = sess.any_value(*variable).unwrap();
            let what = format!("{} after step {step}", variable.name());
            expect(what, &value, &row(&variable.name(), step));
        }
    }
    let slots: Vec<AnyVariable<'_>> = g.global_variables().split_off(trained.len());
    let mut names = BTreeSet::new();
    for slot in slots {
        let key = format!("{name}|slot:{}", slot.name().replace('/', "."));
        let value = sess.any_value(slot).unwrap();
        let value = if slot.name().ends_with("_power") {
            single(value)
        } else {
            value
        };
        expect(slot.name(), &value, reference.value(&key));
        names.insert(key);
    }
    let prefix = format!("{name}|slot:");
    let wanted = reference.keys().filter(|key| key.starts_with(&prefix));
    assert_eq!(names, wanted.map(str::to_owned).collect());
    report(results);
}

/// Adam's powers, which are of the type of the variables here and always `f32` in TensorFlow.
fn single(power: Value) -> Value {
    match power.into_array::<f64>() {
        Ok(power) => Value::from(power.mapv(|power| power as f32)),
        Err(power) => power,
    }
}

/// Checks all optimizers of a file.
#[track_caller]
fn check_file<T: Float>(
    file: &str,
    model: Model<T>,
    trainers: &[(&str, Trainer<T>)],
    tolerance: Tolerance,
) {
    let reference = Reference::open(file);
    reference.check_all_named(trainers.iter().map(|(name, _)| *name), []);
    for trainer in trainers {
        check(&reference, model, *trainer, tolerance);
    }
}

/// The optimizers of `optimizers.npz` and `optimizers_sparse.npz`.
const TRAINERS: &[(&str, Trainer<f32>)] = &[
    ("GradientDescent", |loss| {
        GradientDescent::new(0.1).minimize(loss)
    }),
    ("Momentum", |loss| Momentum::new(0.1, 0.9).minimize(loss)),
    ("Nesterov", |loss| {
        Momentum::new(0.1, 0.9).nesterov().minimize(loss)
    }),
    ("Adagrad", |loss| Adagrad::new(0.1).minimize(loss)),
    ("Adadelta", |loss| Adadelta::new(1.0).minimize(loss)),
    ("RMSProp", |loss| RmsProp::new(0.1).minimize(loss)),
    ("RMSPropMomentum", |loss| {
        let optimizer = RmsProp::new(0.1).decay(0.8).momentum(0.5);
        optimizer.epsilon(1e-6).minimize(loss)
    }),
    ("RMSPropCentered", |loss| {
        RmsProp::new(0.1).momentum(0.5).centered().minimize(loss)
    }),
    ("Adam", |loss| Adam::new(0.1).minimize(loss)),
    ("AdamEps", |loss| {
        let optimizer = Adam::new(0.1).beta1(0.8).beta2(0.95);
        optimizer.epsilon(0.1).minimize(loss)
    }),
    ("Ftrl", |loss| Ftrl::new(0.1).minimize(loss)),
    ("FtrlL1L2", |loss| {
        let optimizer = Ftrl::new(0.1).l1_regularization_strength(0.05);
        optimizer.l2_regularization_strength(0.1).minimize(loss)
    }),
];

/// Those of `optimizers_more.npz` and `optimizers_sparse_more.npz`.
const MORE_TRAINERS: &[(&str, Trainer<f64>)] = &[
    ("Nesterov", |loss| {
        Momentum::new(0.0625, 0.875).nesterov().minimize(loss)
    }),
    ("Adagrad", |loss| {
        let optimizer = Adagrad::new(0.25).initial_accumulator_value(1.5);
        optimizer.minimize(loss)
    }),
    ("Adadelta", |loss| {
        let optimizer = Adadelta::new(0.5).rho(0.75).epsilon(1.0 / 1024.0);
        optimizer.minimize(loss)
    }),
    ("RMSProp", |loss| {
        let optimizer = RmsProp::new(0.0625).decay(0.75).epsilon(0.125);
        optimizer.minimize(loss)
    }),
    ("RMSPropCentered", |loss| {
        let optimizer = RmsProp::new(0.0625).decay(0.75).momentum(0.25).centered();
        optimizer.epsilon(1.0 / 1024.0).minimize(loss)
    }),
    ("FtrlShrinkage", |loss| {
        Ftrl::new(0.25)
            .initial_accumulator_value(0.375)
            .l1_regularization_strength(0.03125)
            .l2_regularization_strength(0.0625)
            .l2_shrinkage_regularization_strength(0.125)
            .minimize(loss)
    }),
    ("FtrlPower", |loss| {
        let optimizer = Ftrl::new(0.25).learning_rate_power(-0.25);
        optimizer.l1_regularization_strength(0.5).minimize(loss)
    }),
    ("FtrlFixedRate", |loss| {
        Ftrl::new(0.25).learning_rate_power(0.0).minimize(loss)
    }),
    ("FtrlBeta", |loss| Ftrl::new(0.25).beta(0.75).minimize(loss)),
    ("AdagradDA", |loss| {
        let step = get_or_create_global_step(loss.graph());
        let optimizer = AdagradDa::new(0.25, step)
            .initial_gradient_squared_accumulator_value(0.5)
            .l1_regularization_strength(0.125)
            .l2_regularization_strength(0.25);
        optimizer.minimize_with(loss, Minimize::new().global_step(step))
    }),
    ("AdamW", |loss| adam_w().minimize(loss)),
    ("ProximalGradientDescent", |loss| {
        ProximalGradientDescent::new(0.125)
            .l1_regularization_strength(0.25)
            .l2_regularization_strength(0.5)
            .minimize(loss)
    }),
    ("ProximalAdagrad", |loss| {
        ProximalAdagrad::new(0.25)
            .initial_accumulator_value(0.5)
            .l1_regularization_strength(0.25)
            .l2_regularization_strength(0.5)
            .minimize(loss)
    }),
];

fn adam_w<'g>() -> AdamW<'g> {
    let optimizer = AdamW::new(0.03125, 0.125);
    optimizer.beta1(0.75).beta2(0.875).epsilon(0.0625)
}

#[test]
fn dense() {
    check_file(
        "optimizers.npz",
        dense_model,
        TRAINERS,
        Tolerance::REFERENCE,
    );
}

#[test]
fn sparse() {
    let file = "optimizers_sparse.npz";
    check_file(file, sparse_model, TRAINERS, Tolerance::REFERENCE);
}

#[test]
fn dense_in_double_precision() {
    let of_some: (&str, Trainer<f64>) = ("AdamWOfSome", |loss| {
        let w1 = loss.graph().global_variables()[0];
        adam_w().decayed_variables([w1]).minimize(loss)
    });
    let trainers = [MORE_TRAINERS, &[of_some]].concat();
    check_file("optimizers_more.npz", dense_model, &trainers, NARROW);
}

#[test]
fn sparse_in_double_precision() {
    let file = "optimizers_sparse_more.npz";
    check_file(file, sparse_model, MORE_TRAINERS, NARROW);
}

#[test]
fn a_learning_rate_is_a_tensor_of_either_type() {
    for (file, model) in [
        ("optimizers.npz", dense_model as Model<f32>),
        ("optimizers_sparse.npz", sparse_model),
    ] {
        let reference = Reference::open(file);
        check_rate(&reference, model, 0.1_f32);
        check_rate(&reference, model, 0.1_f64);
    }
}

/// A learning rate may be a tensor of either type: here it is a variable.
#[track_caller]
fn check_rate<T: Float>(reference: &Reference, model: Model<f32>, rate: T) {
    let g = Graph::new();
    let loss = model(&g, reference);
    let trained = g.trainable_variables();
    let rate = g.untrained_variable("rate", rate);
    let train = AdamOptimizer::new(rate).minimize(loss);
    let sess = initialized(&g);
    for _ in 0..STEPS {
        sess.run(train, feed![]).unwrap();
    }
    for variable in trained {
        let steps = array::<f32>(reference, &format!("Adam|{}", variable.name()));
        let last = Value::from(steps.index_axis(Axis(0), STEPS - 1));
        let value = sess.any_value(variable).unwrap();
        compare(&value, &last, Tolerance::REFERENCE).unwrap();
    }
}

#[test]
fn a_learning_rate_is_fed_for_each_step() {
    let g = Graph::new();
    let w = g.variable("w", [1.0_f32, 2.0]);
    let rate = g.placeholder::<f32>("rate", shape![]);
    let train = GradientDescentOptimizer::new(rate).minimize(w.reduce_sum(..));
    let sess = initialized(&g);
    sess.run(train, feed![rate => 0.5]).unwrap();
    sess.run(train, feed![rate => 0.0]).unwrap();
    sess.run(train, feed![rate => -2.0]).unwrap();
    assert_eq!(sess.value(w).unwrap(), arr1(&[2.5, 3.5]).into_dyn());
    let error = sess.run(train, feed![]).unwrap_err().to_string();
    assert!(
        error.contains("feed of `rate`: no value was fed"),
        "{error}"
    );
}

#[test]
fn the_global_step_counts_after_the_variables_have_changed() {
    let g = Graph::new();
    let w = g.variable("w", 8.0_f32);
    let step = get_or_create_global_step(&g);
    // The rate follows the step: 1/2, then 1/4.
    let rate = 0.5 / (step.cast::<f32>() + 1.0);
    let options = Minimize::new().global_step(step);
    let train = GradientDescentOptimizer::new(rate).minimize_with(w.square() * 0.5, options);
    let sess = initialized(&g);
    assert_eq!(sess.run((train, step.scalar()), feed![]).unwrap().1, 0);
    assert_eq!(sess.run(w.scalar(), feed![]).unwrap(), 4.0);
    sess.run(train, feed![]).unwrap();
    let now = sess.run((w.scalar(), step.scalar()), feed![]).unwrap();
    assert_eq!(now, (3.0, 2));
}

#[test]
fn only_the_listed_variables_move() {
    let g = Graph::new();
    let w = g.variable("w", 1.0_f32);
    let other = g.variable("other", 2.0_f32);
    let untrained = g.untrained_variable("untrained", 3.0_f32);
    let loss = w * other * untrained;
    let some = GradientDescentOptimizer::new(0.5)
        .minimize_with(loss, Minimize::new().variables([w, untrained]));
    let trainable = GradientDescentOptimizer::new(0.5).minimize(loss);
    let sess = initialized(&g);
    let values = || {
        sess.run((w.scalar(), other.scalar(), untrained.scalar()), feed![])
            .unwrap()
    };
    sess.run(some, feed![]).unwrap();
    assert_eq!(values(), (-2.0, 2.0, 2.0));
    sess.run(trainable, feed![]).unwrap();
    assert_eq!(values(), (-4.0, 4.0, 2.0));
}

#[test]
fn two_optimizers_of_one_graph_keep_to_their_own_slots() {
    let losses_of = |twice: bool| {
        let g = Graph::new();
        let w = g.variable("w", [3.0_f32, -4.0]);
        let loss = w.square().reduce_sum(..);
        let first = AdamOptimizer::new(0.1).minimize(loss);
        let second = twice.then(|| AdamOptimizer::new(0.3).minimize(loss));
        let sess = initialized(&g);
        let mut losses = Vec::new();
        for _ in 0..3 {
            let (loss, ()) = sess.run((loss.scalar(), first), feed![]).unwrap();
            losses.push(loss);
        }
        if let Some(second) = second {
            let slots: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
            assert!(slots.contains(&"w/Adam_2".to_owned()), "{slots:?}");
            let before = sess.value(w).unwrap();
            sess.run(second, feed![]).unwrap();
            // Its first step, of the size of its learning rate whatever the gradient is.
            let moved = before - sess.value(w).unwrap();
            let moved = moved.iter().map(|distance| distance.abs());
            for distance in moved {
                assert!((distance - 0.3).abs() < 1e-5, "{distance}");
            }
        }
        losses
    };
    assert_eq!(losses_of(false), losses_of(true));
}

#[test]
fn gradients_may_be_gathered_over_several_runs() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let w = g.variable("w", [[1.0_f32], [-1.0]]);
    let sum = g.untrained_variable("sum", zeros([2, 1]));
    let loss = x.matmul(w).square().reduce_sum(..);
    let optimizer = GradientDescentOptimizer::new(0.01);
    let pairs = optimizer.compute_gradients(loss, [w]);
    let add = sum.assign_add(pairs[0].0.typed::<f32>().unwrap());
    let apply =
        optimizer.apply_gradients(&g, &[(Gradient::Dense(sum.value().any()), w.any())], None);
    let at_once = optimizer.apply_gradients(&g, &pairs, None);
    let clear = sum.initializer();

    let batches = [[[1.0, 2.0], [0.5, -1.0]], [[-3.0, 1.0], [2.0, 2.0]]];
    let whole = batches.concat();
    let gathered = initialized(&g);
    for _ in 0..2 {
        gathered.run(clear, feed![]).unwrap();
        for batch in batches {
            gathered.run(add.op(), feed![x => batch]).unwrap();
        }
        gathered.run(apply, feed![]).unwrap();
    }
    let sess = initialized(&g);
    let rows: Vec<Vec<f32>> = whole.iter().map(|row| row.to_vec()).collect();
    for _ in 0..2 {
        sess.run(at_once, feed![x => rows.clone()]).unwrap();
    }
    let (one, other) = (gathered.any_value(w.any()), sess.any_value(w.any()));
    compare(&one.unwrap(), &other.unwrap(), Tolerance::REFERENCE).unwrap();
}

#[test]
fn gradients_may_be_changed_on_the_way() {
    let g = Graph::new();
    let w = g.variable("w", [3.0_f32, 0.25]);
    let optimizer = GradientDescentOptimizer::new(1.0);
    let mut pairs = optimizer.compute_gradients(w.square() * 0.5, g.trainable_variables());
    for (gradient, _) in &mut pairs {
        let clipped = gradient.typed::<f32>().unwrap().minimum(1.0);
        *gradient = Gradient::Dense(clipped.any());
    }
    let train = optimizer.apply_gradients(&g, &pairs, None);
    let sess = initialized(&g);
    sess.run(train, feed![]).unwrap();
    assert_eq!(sess.value(w).unwrap(), arr1(&[2.0, 0.0]).into_dyn());
}

#[test]
fn variables_of_both_float_types_train_together() {
    let g = Graph::new();
    let narrow = g.variable("narrow", [1.0_f32, -2.0]);
    let wide = g.variable("wide", [1.0_f64, -2.0]);
    let loss = narrow.square().reduce_sum(..).cast::<f64>() + wide.square().reduce_sum(..);
    let train = AdamOptimizer::new(0.1).minimize(loss);
    let sess = initialized(&g);
    for _ in 0..3 {
        sess.run(train, feed![]).unwrap();
    }
    let wide = sess.value(wide).unwrap().mapv(|x| x as f32);
    compare(
        &sess.any_value(narrow.any()).unwrap(),
        &Value::from(wide),
        Tolerance::REFERENCE,
    )
    .unwrap();
}

#[test]
fn a_failed_step_changes_nothing() {
    let g = Graph::new();
    let w = g.variable("w", 1.0_f32);
    let row = g.placeholder::<i32>("row", shape![]);
    let table = g.constant([2.0_f32, 3.0]);
    let train = AdamOptimizer::new(0.1).minimize(w * table.gather(row));
    let sess = initialized(&g);
    let state = || -> Vec<Value> {
        let variables = g.global_variables();
        let values = variables.iter().map(|v| sess.any_value(*v).unwrap());
        values.collect()
    };
    sess.run(train, feed![row => 1]).unwrap();
    let before = state();
    sess.run(train, feed![row => 2]).unwrap_err();
    assert_eq!(state(), before);
}

#[test]
fn the_means_of_rms_prop_do_not_sink_to_where_steps_are_subnormal() {
    let g = Graph::new();
    let w = g.variable("w", [0.0_f32; 3]);
    let x = g.placeholder::<f32>("x", shape![3]);
    let train = RmsProp::new(0.1)
        .centered()
        .minimize((w.value() * x).reduce_sum(..));
    let sess = initialized(&g);
    let smallest = f32::MIN_POSITIVE / f32::EPSILON;
    let start = arr1(&[smallest / 4.0, smallest, 1.5 * smallest]);
    let means = ["w/RMSProp", "w/RMSProp_1"].map(|name| {
        let mut variables = g.global_variables().into_iter();
        let slot = variables.find(|variable| variable.name() == name).unwrap();
        slot.typed::<f32>()
    });
    for mean in means {
        sess.load(mean, start.clone().into_dyn()).unwrap();
    }
    let fed = arr1(&[0.0_f32; 3]).into_dyn();
    sess.run(train, feed![x => &fed]).unwrap();
    for mean in means.map(|mean| sess.value(mean).unwrap()) {
        assert_eq!(mean.as_slice().unwrap()[..2], [0.0, 0.0]);
        assert!((mean[2] / smallest - 1.35).abs() < 1e-3, "{mean}");
    }
}

#[test]
fn adams_means_do_not_sink_to_where_steps_are_subnormal() {
    let g = Graph::new();
    let w = g.variable("w", [0.0_f32; 3]);
    let x = g.placeholder::<f32>("x", shape![3]);
    let train = AdamOptimizer::new(0.1).minimize((w.value() * x).reduce_sum(..));
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let slots = ["w/Adam", "w/Adam_1"].map(|name| {
        let mut variables = g.global_variables().into_iter();
        let slot = variables.find(|variable| variable.name() == name).unwrap();
        slot.typed::<f32>()
    });
    let smallest = f32::MIN_POSITIVE / f32::EPSILON;
    for slot in slots {
        let start = arr1(&[smallest / 4.0, smallest, 1.5 * smallest]);
        sess.load(slot, start.into_dyn()).unwrap();
    }
    let fed = arr1(&[0.0_f32; 3]).into_dyn();
    sess.run(train, feed![x => &fed]).unwrap();
    let [mean, mean_square] = slots.map(|slot| sess.value(slot).unwrap());
    assert_eq!(mean.as_slice().unwrap()[..2], [0.0, 0.0]);
    assert!((mean[2] / smallest - 1.35).abs() < 1e-3, "{mean}");
    assert_eq!(mean_square.as_slice().unwrap()[..2], [0.0, 0.0]);
    assert!((mean_square[2] / smallest - 1.4985).abs() < 1e-3);
}

#[test]
fn whole_numbers_are_not_trained() {
    let g = Graph::new();
    let count = g.get_variable::<i32>("count", [2]);
    let pairs = [(Gradient::Dense(g.constant([1_i32, 2]).any()), count.any())];
    let train = GradientDescentOptimizer::new(0.1).apply_gradients(&g, &pairs, None);
    assert!(train.is_poisoned());
    let mistakes = g.check().unwrap_err().to_string();
    assert!(
        mistakes.contains("`count` is i32 but must be of floats"),
        "{mistakes}"
    );
    assert!(mistakes.contains(file!()), "{mistakes}");
}
