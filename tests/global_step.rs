//! The counter of training steps.

use aqueduct::prelude::*;
use aqueduct::{
    Keys, assert_global_step, create_global_step, get_global_step, global_step,
    increment_global_step,
};
use aqueduct_tests::{initialized, only_mistake};

#[test]
fn a_graph_has_one_counter() {
    let g = Graph::new();
    assert_eq!(get_global_step(&g).map(Variable::any), None);
    let step = g.variable_scope("model", || create_global_step(&g));
    assert_eq!(step.name(), "model/global_step");
    assert_eq!(get_global_step(&g).map(Variable::any), Some(step.any()));
    assert_eq!(get_or_create_global_step(&g).any(), step.any());
    assert_eq!(g.variables_of(Keys::GLOBAL_STEP), [step.any()]);
    assert!(g.trainable_variables().is_empty());
    g.check().unwrap();
}

#[test]
fn a_counter_of_the_users_is_found_by_its_name() {
    let g = Graph::new();
    let step = g.untrained_variable("global_step", 5_i64);
    assert_eq!(get_or_create_global_step(&g).any(), step.any());
    g.check().unwrap();
}

#[test]
fn steps_are_counted_and_told() {
    let g = Graph::new();
    let next = increment_global_step(&g, 3);
    let step = get_global_step(&g).unwrap();
    let narrow = g.untrained_variable("narrow", 7_i32);
    let sess = initialized(&g);
    assert_eq!(sess.run(next.scalar(), feed![]).unwrap(), 3);
    assert_eq!(global_step(&sess, step).unwrap(), 3);
    assert_eq!(global_step(&sess, narrow).unwrap(), 7);
    let fresh = Session::new(&g);
    assert!(global_step(&fresh, step).is_err());
    let vector = g.untrained_variable("vector", [1_i64, 2]);
    fresh.run(vector.initializer(), feed![]).unwrap();
    assert!(global_step(&fresh, vector).is_err());
}

#[test]
fn what_cannot_count_steps_is_a_mistake() {
    let message = only_mistake(|g| {
        create_global_step(g);
        create_global_step(g);
    });
    assert_eq!(
        message,
        "the graph counts its steps in `global_step` already"
    );
    let message = only_mistake(|g| assert_global_step(g.constant(1.0_f32)));
    assert_eq!(
        message,
        "`Const:0` is f32[], and the global step is a scalar of integers"
    );
    let message = only_mistake(|g| assert_global_step(g.constant([1])));
    assert_eq!(
        message,
        "`Const:0` is i32[1], and the global step is a scalar of integers"
    );
    let message = only_mistake(|g| {
        g.untrained_variable("global_step", 0.0_f32);
        get_or_create_global_step(g);
    });
    assert_eq!(message, "`global_step/read:0` is f32, not i64");
    let message = only_mistake(|g| {
        g.untrained_variable("global_step", [0_i64]);
        get_global_step(g);
    });
    assert!(
        message.contains("is i64[1], and the global step is a scalar"),
        "{message}"
    );
    let message = only_mistake(|g| {
        for name in ["a", "b"] {
            g.add_to_collection(Keys::GLOBAL_STEP, g.untrained_variable(name, 0_i64));
        }
        get_global_step(g);
    });
    assert_eq!(message, "several variables count the steps: `a`, `b`");
}
