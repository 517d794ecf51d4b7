//! Penalties for the values of variables.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::prelude::*;
use aqueduct::{Initializer, Keys, losses, no_regularizer, value_initializer};
use aqueduct_tests::{initialized, only_mistake};
use ndarray::arr1;

fn weights() -> Initializer {
    value_initializer(arr1(&[1.0_f32, -2.0, 3.0]))
}

fn penalty_names(g: &Graph) -> Vec<String> {
    let penalties = losses::get_regularization_losses(g);
    penalties.iter().map(|penalty| penalty.name()).collect()
}

/// The sum of the penalties of a variable of 1, -2 and 3.
fn penalty_of(regularizer: Regularizer) -> f32 {
    let g = Graph::new();
    let options = VariableOptions::new().initializer(weights());
    g.get_variable_with::<f32>("w", [3], options.regularizer(regularizer));
    let penalty = losses::get_regularization_loss::<f32>(&g);
    initialized(&g).run(penalty.scalar(), feed![]).unwrap()
}

#[test]
fn penalties_are_weighted_norms() {
    assert_eq!(penalty_of(l1_regularizer(0.5)), 3.0);
    assert_eq!(penalty_of(l2_regularizer(0.5)), 3.5);
    assert_eq!(penalty_of(l1_l2_regularizer(0.5, 2.0)), 17.0);
    assert_eq!(penalty_of(l1_l2_regularizer(0.0, 2.0)), 14.0);
    assert_eq!(penalty_of(no_regularizer()), 0.0);
    assert_eq!(penalty_of(l2_regularizer(0.0)), 0.0);
    let largest = Regularizer::new(|weights| weights.typed::<f32>().reduce_max(..).any());
    assert_eq!(penalty_of(largest), 3.0);
}

#[test]
fn penalties_have_tensorflows_names() {
    let g = Graph::new();
    let make = |name, regularizer| {
        let options = VariableOptions::new().regularizer(regularizer);
        g.get_variable_with::<f32>(name, [3], options)
    };
    g.variable_scope("a", || make("one", l1_regularizer(0.1)));
    g.name_scope("elsewhere", || make("two", l2_regularizer(0.1)));
    make("both", l1_l2_regularizer(0.1, 0.2));
    make("neither", l1_l2_regularizer(0.0, 0.0));
    let expected = [
        "a/one/Regularizer/l1_regularizer:0",
        "two/Regularizer/l2_regularizer:0",
        "both/Regularizer/l1_l2_regularizer:0",
    ];
    assert_eq!(penalty_names(&g), expected);
    let sum = losses::get_regularization_loss::<f32>(&g);
    assert_eq!(sum.name(), "total_regularization_loss:0");
    let of_scope = losses::get_regularization_losses_in(&g, "a");
    assert_eq!(of_scope.len(), 1);
}

#[test]
fn a_shared_variable_has_one_penalty() {
    let g = Graph::new();
    let shared = VariableScope::new()
        .reuse(Reuse::Auto)
        .regularizer(l2_regularizer(0.1));
    for _ in 0..3 {
        g.variable_scope_with("model", shared.clone(), || g.get_variable::<f32>("w", [2]));
    }
    assert_eq!(penalty_names(&g).len(), 1);
}

#[test]
fn scopes_have_regularizers_for_what_is_inside() {
    let g = Graph::new();
    let get = |name| g.get_variable::<f32>(name, [3]);
    let with = |regularizer| VariableScope::new().regularizer(regularizer);
    g.variable_scope_with("outer", with(l2_regularizer(0.1)), || {
        get("own");
        g.variable_scope("inner", || get("w"));
        g.variable_scope_with("other", with(l1_regularizer(0.1)), || get("w"));
        g.variable_scope_with("free", with(no_regularizer()), || get("w"));
        let options = VariableOptions::new().regularizer(l1_regularizer(0.2));
        g.get_variable_with::<f32>("chosen", [3], options);
    });
    get("outside");
    let expected = [
        "outer/own/Regularizer/l2_regularizer:0",
        "outer/inner/w/Regularizer/l2_regularizer:0",
        "outer/other/w/Regularizer/l1_regularizer:0",
        "outer/chosen/Regularizer/l1_regularizer:0",
    ];
    assert_eq!(penalty_names(&g), expected);
}

#[test]
fn a_layer_penalizes_kernel_bias_and_results() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let layer = |reuse| {
        let layer = Dense::new(2)
            .name("layer")
            .reuse(reuse)
            .kernel_initializer(ones_initializer())
            .bias_initializer(ones_initializer())
            .kernel_regularizer(l2_regularizer(1.0))
            .bias_regularizer(l1_regularizer(1.0))
            .activity_regularizer(|y: Tensor<'_, f32>| y.reduce_sum(..));
        layer.apply(x)
    };
    layer(Reuse::No);
    layer(Reuse::Yes);
    let expected = [
        "layer/kernel/Regularizer/l2_regularizer:0",
        "layer/bias/Regularizer/l1_regularizer:0",
        "layer/ActivityRegularizer/truediv:0",
        "layer_1/ActivityRegularizer/truediv:0",
    ];
    assert_eq!(penalty_names(&g), expected);
    let sess = initialized(&g);
    let sum = losses::get_regularization_loss::<f32>(&g);
    // Two examples, of whose four results each is 4.
    let fed = feed![x => [[1.0, 2.0], [2.0, 1.0]]];
    assert_eq!(sess.run(sum.scalar(), fed).unwrap(), 2.0 + 2.0 + 8.0 + 8.0);
    g.check().unwrap();
}

#[test]
fn penalties_of_variables_made_in_a_loop_stand_at_the_root() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 5, 3]);
    let decayed = VariableScope::new().regularizer(l2_regularizer(0.1));
    let (outputs, _) =
        g.variable_scope_with("model", decayed, || dynamic_rnn(&BasicLstmCell::new(4), x));
    let count = penalty_names(&g).len();
    assert_eq!(count, g.trainable_variables().len());
    let cost = outputs.square().reduce_mean(..) + losses::get_regularization_loss(&g);
    let train = AdamOptimizer::new(0.1).minimize(cost);
    let sess = initialized(&g);
    let fed = ndarray::ArrayD::<f32>::ones(vec![2, 5, 3]);
    let before = sess
        .run((cost.scalar(), train), feed![x => &fed])
        .unwrap()
        .0;
    let after = sess.run(cost.scalar(), feed![x => &fed]).unwrap();
    assert!(after < before, "{after} {before}");
}

#[test]
fn the_total_loss_has_the_penalties_and_trains_by_them() {
    let g = Graph::new();
    let options = VariableOptions::new().initializer(weights());
    let w = g.get_variable_with::<f32>("w", [3], options.regularizer(l2_regularizer(0.5)));
    losses::add_loss(w.reduce_sum(..));
    let total = losses::get_total_loss::<f32>(&g);
    let train = GradientDescentOptimizer::new(1.0).minimize(total);
    let sess = initialized(&g);
    assert_eq!(sess.run(total.scalar(), feed![]).unwrap(), 5.5);
    sess.run(train, feed![]).unwrap();
    let expected = arr1(&[-0.5_f32, -2.0, 0.5]).into_dyn();
    assert_eq!(sess.value(w).unwrap(), expected);
}

/// A mistake, but no second one.
fn sum_is_poisoned(g: &Graph) {
    assert!(losses::get_regularization_loss::<f32>(g).is_poisoned());
}

#[test]
fn penalties_that_cannot_be_are_mistakes() {
    let message = only_mistake(|g| {
        let options = VariableOptions::new().regularizer(l1_regularizer(-1.0));
        g.get_variable_with::<f32>("w", [3], options);
        sum_is_poisoned(g);
    });
    assert_eq!(
        message,
        "the scale of l1_regularizer is -1 but must be 0 or more"
    );
    let message = only_mistake(|g| {
        let options = VariableOptions::new().regularizer(l2_regularizer(f64::NAN));
        g.get_variable_with::<f32>("w", [3], options);
        sum_is_poisoned(g);
    });
    assert_eq!(
        message,
        "the scale of l2_regularizer is NaN but must be 0 or more"
    );
    let message = only_mistake(|g| {
        let options = VariableOptions::new().regularizer(l2_regularizer(0.1));
        g.get_variable_with::<i32>("n", [3], options.initializer(zeros_initializer()));
        sum_is_poisoned(g);
    });
    assert_eq!(
        message,
        "the variable is i32, and l2_regularizer is for floats"
    );
    let message = only_mistake(|g| {
        let same = Regularizer::new(|weights| weights);
        g.get_variable_with::<f32>("w", [3], VariableOptions::new().regularizer(same));
        sum_is_poisoned(g);
    });
    assert_eq!(message, "the penalty of `w` is f32[3] but must be f32[]");
}

#[test]
fn an_activity_regularizer_in_a_body_is_a_mistake() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4, 2, 3]);
    let start = g.zeros::<f32>([2, 3]);
    let _ = g.scan(start, x, |state, row| {
        let layer = Dense::new(3).activity_regularizer(|y: Tensor<'_, f32>| y.reduce_sum(..));
        (layer.apply(row) + state, ())
    });
    let mistakes = g.check().unwrap_err();
    assert_eq!(mistakes.0.len(), 1, "{mistakes}");
    assert!(mistakes.to_string().contains("an activity regularizer"));
    assert!(g.collection(Keys::REGULARIZATION_LOSSES).is_empty());
}
