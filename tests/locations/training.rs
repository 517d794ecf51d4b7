//! What goes with optimizers: schedules, averages, penalties, sums of gradients, counts of steps.

use aqueduct::prelude::*;
use aqueduct::{
    PolynomialDecayOptions, cosine_decay_restarts, get_global_step, increment_global_step,
    linear_cosine_decay, losses, polynomial_decay_with,
};

pub(crate) fn training<'g>(g: &'g Graph, w: Variable<'g, f32>, x: Tensor<'g, f32>) {
    let step = get_or_create_global_step(g);
    let _ = (get_global_step(g), increment_global_step(g, 2));
    schedules(g, step);
    averages(g, w, x);
    penalties(g, x);
    sums(g, w, step);
}

fn schedules<'g>(g: &'g Graph, step: Variable<'g, i64>) {
    let rate = g.constant(0.1_f32);
    let _ = (
        exponential_decay(rate, step, 10, 0.5),
        natural_exp_decay(0.1_f64, step, 10, rate),
        inverse_time_decay(rate, step, rate, 0.5),
        polynomial_decay(rate, step, 10),
        polynomial_decay_with(rate, step, 10, PolynomialDecayOptions::new().cycle()),
        cosine_decay(rate, step, 10),
        cosine_decay_restarts(rate, step, 10),
        linear_cosine_decay(rate, step, 10),
        piecewise_constant(step, [1, 2], [1.0_f32, 0.5, 0.25]),
    );
}

fn averages<'g>(g: &'g Graph, w: Variable<'g, f32>, x: Tensor<'g, f32>) {
    let mean = g.untrained_variable::<f32>("mean", zeros([4]));
    let _ = mean.assign_moving_average(x.reduce_mean(0), 0.9);
    let mut averages = ExponentialMovingAverage::new(0.9)
        .num_updates(g.constant(3))
        .zero_debias();
    let _ = averages.apply(g, (w, x.reduce_mean(0)));
}

fn penalties<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let own = Regularizer::new(|weights| weights.typed::<f32>().square().reduce_sum(..).any());
    let decayed = VariableScope::new().regularizer(l1_l2_regularizer(0.1, 0.2));
    let _scope = g.open_variable_scope_with("penalties", decayed);
    let _ = g.get_variable::<f32>("w", [3]);
    let _ = Dense::new(2)
        .kernel_regularizer(own)
        .bias_regularizer(l2_regularizer(0.1))
        .activity_regularizer(|y: Tensor<'_, f32>| y.abs().reduce_sum(..))
        .apply(x);
    let _ = losses::get_regularization_loss::<f32>(g);
    let _ = losses::get_regularization_loss_in::<f32>(g, "nowhere");
}

fn sums<'g>(g: &'g Graph, w: Variable<'g, f32>, step: Variable<'g, i64>) {
    let adam = Adam::new(0.1);
    let pairs = adam.compute_gradients(w.square(), [w]);
    let gathered = GradientAccumulator::new(g, &pairs);
    let _ = (gathered.add(), gathered.apply(&adam, Some(step)));
    let _ = gathered.sum().gradients();
}
