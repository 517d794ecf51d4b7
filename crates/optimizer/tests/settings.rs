//! Settings of optimizers that cannot be: a mistake at the line of the call that trains.

use aqueduct_graph::{AnyTensor, Graph, Operation};
use aqueduct_optimizer::{
    Adadelta, Adagrad, AdagradDa, Adam, AdamW, Ftrl, Gradient, GradientDescent, Momentum,
    Optimizer, ProximalAdagrad, ProximalGradientDescent, RmsProp, get_or_create_global_step,
};

type Trainer = for<'g> fn(AnyTensor<'g>) -> Operation<'g>;

const NAN: f64 = f64::NAN;

/// A training with a wrong setting, and what is said of it.
const WRONG: &[(Trainer, &str)] = &[
    (
        |loss| {
            let step = get_or_create_global_step(loss.graph());
            let optimizer = AdagradDa::new(0.1, step);
            optimizer
                .initial_gradient_squared_accumulator_value(0.0)
                .minimize(loss)
        },
        "initial_gradient_squared_accumulator_value is 0 but must be more than 0",
    ),
    (
        |loss| GradientDescent::new(NAN).minimize(loss),
        "learning_rate is NaN but must be a finite number",
    ),
    (
        |loss| Momentum::new(f32::INFINITY, 0.9).minimize(loss),
        "learning_rate is inf but must be a finite number",
    ),
    (
        |loss| Momentum::new(0.1, -0.5).minimize(loss),
        "momentum is -0.5 but must be between 0 and 1",
    ),
    (
        |loss| {
            Adagrad::new(0.1)
                .initial_accumulator_value(0.0)
                .minimize(loss)
        },
        "initial_accumulator_value is 0 but must be more than 0",
    ),
    (
        |loss| Adadelta::new(0.1).rho(1.5).minimize(loss),
        "rho is 1.5 but must be between 0 and 1",
    ),
    (
        |loss| Adadelta::new(0.1).epsilon(NAN).minimize(loss),
        "epsilon is NaN but must be 0 or more",
    ),
    (
        |loss| RmsProp::new(0.1).decay(-0.1).minimize(loss),
        "decay is -0.1 but must be between 0 and 1",
    ),
    (
        |loss| RmsProp::new(0.1).momentum(2.0).minimize(loss),
        "momentum is 2 but must be between 0 and 1",
    ),
    (
        |loss| RmsProp::new(0.1).epsilon(-1e-3).minimize(loss),
        "epsilon is -0.001 but must be 0 or more",
    ),
    (
        |loss| Adam::new(0.1).beta1(1.0).minimize(loss),
        "beta1 is 1 but must be 0 or more and less than 1",
    ),
    (
        |loss| AdamW::new(0.1, 0.1).beta2(-1.0).minimize(loss),
        "beta2 is -1 but must be 0 or more and less than 1",
    ),
    (
        |loss| AdamW::new(NAN, 0.1).minimize(loss),
        "weight_decay is NaN but must be a finite number",
    ),
    (
        |loss| Ftrl::new(0.1).learning_rate_power(0.5).minimize(loss),
        "learning_rate_power is 0.5 but must be 0 or less",
    ),
    (
        |loss| {
            Ftrl::new(0.1)
                .initial_accumulator_value(-0.1)
                .minimize(loss)
        },
        "initial_accumulator_value is -0.1 but must be 0 or more",
    ),
    (
        |loss| {
            Ftrl::new(0.1)
                .l1_regularization_strength(-1.0)
                .minimize(loss)
        },
        "l1_regularization_strength is -1 but must be 0 or more",
    ),
    (
        |loss| {
            Ftrl::new(0.1)
                .l2_regularization_strength(NAN)
                .minimize(loss)
        },
        "l2_regularization_strength is NaN but must be 0 or more",
    ),
    (
        |loss| {
            let optimizer = Ftrl::new(0.1).l2_shrinkage_regularization_strength(-1.0);
            optimizer.minimize(loss)
        },
        "l2_shrinkage_regularization_strength is -1 but must be 0 or more",
    ),
    (
        |loss| {
            ProximalGradientDescent::new(0.1)
                .l1_regularization_strength(NAN)
                .minimize(loss)
        },
        "l1_regularization_strength is NaN but must be 0 or more",
    ),
    (
        |loss| {
            ProximalAdagrad::new(0.1)
                .l2_regularization_strength(-1.0)
                .minimize(loss)
        },
        "l2_regularization_strength is -1 but must be 0 or more",
    ),
    (
        |loss| {
            ProximalAdagrad::new(0.1)
                .initial_accumulator_value(NAN)
                .minimize(loss)
        },
        "initial_accumulator_value is NaN but must be more than 0",
    ),
    (
        |loss| Ftrl::new(0.1).beta(-2.0).minimize(loss),
        "beta is -2 but must be 0 or more",
    ),
];

#[test]
fn numbers_out_of_range_are_mistakes() {
    for (train, message) in WRONG {
        let g = Graph::new();
        let w = g.variable("w", [1.0_f32, 2.0]);
        let train = train(w.square().any());
        assert!(train.is_poisoned(), "{message}");
        let mistakes = g.check().unwrap_err().0;
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(mistakes[0].message, *message);
        assert_eq!(mistakes[0].at.at.file, file!());
        assert_eq!(g.trainable_variables().len(), 1);
        let slots = g.global_variables().into_iter();
        let mut slots = slots.filter(|variable| variable.name().starts_with("w/"));
        assert_eq!(slots.next(), None, "{message}");
    }
}

#[test]
fn gradients_are_not_applied_by_wrong_numbers() {
    let g = Graph::new();
    let w = g.variable("w", [1.0_f32, 2.0]);
    let optimizer = Momentum::new(0.1, NAN);
    let pairs = optimizer.compute_gradients(w.square(), [w]);
    assert!(optimizer.apply_gradients(&g, &pairs, None).is_poisoned());
    let report = g.check().unwrap_err().to_string();
    assert!(
        report.contains("in apply_gradients: momentum is NaN"),
        "{report}"
    );
}

#[test]
fn tensors_that_are_no_scalars_of_floats_are_one_mistake_each() {
    let g = Graph::new();
    let (w, v) = (g.variable("w", 1.0_f32), g.variable("v", 1.0_f64));
    let loss = w.square() + v.square().cast::<f32>();
    let wrong: AnyTensor<'_> = g.constant(1_i32).any();
    let trained = [
        Momentum::new(0.1, wrong).minimize(loss),
        RmsProp::new(0.1).decay(wrong).minimize(loss),
        RmsProp::new(0.1).epsilon(wrong).minimize(loss),
        Adadelta::new(0.1).rho(wrong).minimize(loss),
        AdamW::new(wrong, 0.1).minimize(loss),
        Ftrl::new(wrong).minimize(loss),
    ];
    for train in trained {
        assert!(train.is_poisoned());
    }
    let mistakes = g.check().unwrap_err().0;
    assert_eq!(mistakes.len(), trained.len(), "{mistakes:?}");
}

#[test]
fn parts_of_another_graph_are_one_mistake_each() {
    let (g, other) = (Graph::new(), Graph::new());
    let w = g.variable("w", 1.0_f32);
    let foreign = other.variable("foreign", 1.0_f32);
    let optimizer = Momentum::new(0.1, 0.9);
    let pairs = [(Gradient::from(foreign.value()), w.any())];
    let moved = [(Gradient::from(w.value()), foreign.any())];
    let trained = [
        optimizer.apply_gradients(&g, &pairs, None),
        optimizer.apply_gradients(&g, &moved, None),
        Adam::new(foreign).minimize(w.square()),
    ];
    for train in trained {
        assert!(train.is_poisoned());
    }
    let report = g.check().unwrap_err();
    assert_eq!(report.0.len(), trained.len(), "{report}");
    assert!(!report.to_string().contains("/src/"), "{report}");
    assert!(other.check().is_ok());
}
