//! Gradients, optimizers, schedules, averages, and ops of the user's own that misbehave.

use aqueduct::prelude::*;
use aqueduct::{
    IndexedSlices, Minimize, Point, assert_global_step, create_global_step, get_global_step,
    increment_global_step, weighted_sum,
};

use super::Builder;
use super::misbehaving::{Misbehaving, WAYS};
use crate::scene::Scene;

pub(crate) const ALL: &[Builder] = &[
    |s| s.keep(gradients(s.any(), s.several())),
    |s| s.keep(gradients(s.several(), [s.any(), s.any()])),
    |s| s.keep(gradients(s.any(), points(s))),
    |s| s.keep(gradient(s.f(), s.f())),
    |s| s.keep(gradient(s.f(), s.variable::<f32>())),
    |s| s.keep(gradient(s.f().reduce_sum(..), s.f())),
    |s| s.keep(gradient(s.f().square().reduce_sum(..), s.variable::<f32>())),
    |s| {
        let request = Gradients::of(s.several())
            .wrt(points(s))
            .grad_ys(s.several())
            .stop_gradients(s.several());
        s.keep(request.build());
    },
    |s| s.keep(weighted_sum(s.f())),
    |s| {
        let tensor = s.any();
        let ways = gradients(tensor, s.several());
        for way in ways {
            s.keep((
                way.map(|x| x.identity()),
                way.clip_by_value(s.float(), s.any()),
            ));
            s.keep((way.clip_by_norm(s.float()), way.typed::<f32>()));
        }
    },
    |s| {
        let found = gradients(s.f(), s.graph.trainable_variables());
        let pairs: Vec<_> = found
            .into_iter()
            .zip(s.graph.trainable_variables())
            .collect();
        let (clipped, norm) = clip_gradients_by_global_norm(s.graph, &pairs, s.float());
        s.keep((
            GradientDescentOptimizer::new(s.any()).apply_gradients(s.graph, &clipped, None),
            norm,
        ));
    },
    optimize,
    optimize,
    hand_made_slices,
    |s| {
        let options = Minimize::new()
            .variables([s.any_variable()])
            .global_step(s.variable::<i64>());
        s.keep(AdamOptimizer::new(s.float()).minimize_with(s.any(), options));
    },
    |s| {
        let found = gradients(s.f(), s.graph.trainable_variables());
        let pairs: Vec<_> = found
            .into_iter()
            .zip(s.graph.trainable_variables())
            .collect();
        let accumulator = GradientAccumulator::new(s.graph, &pairs);
        let accumulator = if s.flag() {
            accumulator.sum()
        } else {
            accumulator
        };
        s.keep((accumulator.add(), accumulator.count()));
        let train = accumulator.apply(&AdamOptimizer::new(0.1), None);
        s.keep((train, accumulator.clear_after(train)));
    },
    |s| {
        let average = ExponentialMovingAverage::new(s.float());
        let average = if s.flag() {
            average.num_updates(s.any())
        } else {
            average
        };
        let average = if s.flag() {
            average.zero_debias()
        } else {
            average
        };
        let mut average = average.name(s.name());
        s.keep(average.apply(s.graph, points(s)));
        s.keep(average.average(s.any_variable()));
        drop((
            average.average_name(s.any()),
            average.variables_to_restore(s.graph),
        ));
    },
    |s| s.keep((get_or_create_global_step(s.graph), get_global_step(s.graph))),
    |s| s.keep(create_global_step(s.graph)),
    |s| assert_global_step(s.any()),
    |s| s.keep(increment_global_step(s.graph, s.int())),
    schedules,
    |s| {
        s.keep(
            s.graph
                .custom(Misbehaving::new(s.one_of(&WAYS)), &s.several()),
        )
    },
    |s| {
        s.keep(
            s.graph
                .custom(Misbehaving::new(s.one_of(&WAYS)), &[s.f().any()]),
        )
    },
    |s| {
        s.keep(
            s.graph
                .custom_tensor::<f32>(Misbehaving::new(s.one_of(&WAYS)), &[s.f().any()]),
        )
    },
    |s| {
        s.keep(
            s.graph
                .custom_operation(Misbehaving::new(s.one_of(&WAYS)), &s.several()),
        )
    },
    |s| s.keep(super::misbehaving::closures(s)),
    |s| {
        let made = s.graph.custom_gradient(
            s.several(),
            |_| s.several(),
            |step| step.grads().iter().copied().map(Some).collect(),
        );
        s.keep(made);
    },
    |s| {
        let y = s.graph.gradient_override(
            s.one_of(&["Mul", "", "MatMul", "Add"]),
            |_| Vec::new(),
            || s.f() * s.f(),
        );
        s.keep((y, gradient(y, s.f())));
    },
];

fn points<'g>(s: &Scene<'g>) -> Vec<Point<'g>> {
    let point = |_| match s.flag() {
        true => Point::from(s.any()),
        false => Point::from(s.any_variable()),
    };
    (0..s.below(4)).map(point).collect()
}

fn optimize(s: &Scene<'_>) {
    let loss = if s.flag() {
        s.f().square().reduce_sum(..)
    } else {
        s.f()
    };
    let rate = s.float();
    s.keep(match s.below(11) {
        0 => AdamOptimizer::new(rate)
            .beta1(s.float())
            .beta2(s.float())
            .epsilon(s.float())
            .minimize(loss),
        1 => AdadeltaOptimizer::new(rate)
            .rho(s.float())
            .epsilon(s.float())
            .minimize(loss),
        2 => AdagradOptimizer::new(s.f())
            .initial_accumulator_value(s.float())
            .minimize(loss),
        3 => AdagradDaOptimizer::new(rate, s.variable::<i64>())
            .initial_gradient_squared_accumulator_value(s.float())
            .l1_regularization_strength(s.float())
            .l2_regularization_strength(s.float())
            .minimize(loss),
        4 => AdamWOptimizer::new(s.float(), rate)
            .beta1(s.float())
            .beta2(s.float())
            .epsilon(s.float())
            .decayed_variables([s.any_variable()])
            .minimize(loss),
        5 => FtrlOptimizer::new(rate)
            .learning_rate_power(s.float())
            .initial_accumulator_value(s.float())
            .l1_regularization_strength(s.float())
            .l2_regularization_strength(s.float())
            .l2_shrinkage_regularization_strength(s.float())
            .beta(s.float())
            .minimize(loss),
        6 => GradientDescentOptimizer::new(s.f()).minimize(loss),
        7 => MomentumOptimizer::new(rate, s.f())
            .nesterov()
            .minimize(loss),
        8 => ProximalAdagradOptimizer::new(rate)
            .initial_accumulator_value(s.float())
            .l1_regularization_strength(s.float())
            .l2_regularization_strength(s.float())
            .minimize(loss),
        9 => ProximalGradientDescentOptimizer::new(rate)
            .l1_regularization_strength(s.float())
            .l2_regularization_strength(s.float())
            .minimize(loss),
        _ => RmsPropOptimizer::new(rate)
            .decay(s.float())
            .momentum(s.float())
            .epsilon(s.f())
            .centered()
            .minimize(loss),
    });
}

/// A sparse gradient that no rule has made: its parts need not fit.
fn hand_made_slices(s: &Scene<'_>) {
    let slices = IndexedSlices {
        values: s.any(),
        indices: s.any(),
        rows: s.any(),
    };
    s.keep(slices.to_dense());
    let pairs = [(Gradient::Sparse(slices), s.any_variable())];
    s.keep(AdamOptimizer::new(0.1).apply_gradients(s.graph, &pairs, None));
    s.keep(GradientDescentOptimizer::new(0.1).apply_gradients(s.graph, &pairs, None));
}

fn schedules(s: &Scene<'_>) {
    let (rate, step, steps) = (s.float() as f32, s.any(), s.float());
    s.keep(match s.below(13) {
        0 => cosine_decay(rate, step, steps),
        1 => cosine_decay_with(
            rate,
            step,
            steps,
            CosineDecayOptions::new().alpha(s.float()),
        ),
        2 => cosine_decay_restarts(rate, step, steps),
        3 => {
            let options = CosineDecayRestartsOptions::new()
                .t_mul(s.float())
                .m_mul(s.float())
                .alpha(s.float());
            cosine_decay_restarts_with(rate, step, steps, options)
        }
        4 => linear_cosine_decay(rate, step, steps),
        5 => {
            let options = LinearCosineDecayOptions::new()
                .num_periods(s.float())
                .alpha(s.float())
                .beta(s.float());
            linear_cosine_decay_with(rate, step, steps, options)
        }
        6 => exponential_decay(rate, step, steps, s.any()),
        7 => exponential_decay_with(
            rate,
            step,
            s.any(),
            s.float(),
            DecayOptions::new().staircase(),
        ),
        8 => natural_exp_decay(rate, step, steps, s.float()),
        9 => inverse_time_decay(rate, step, steps, s.float()),
        10 => polynomial_decay(rate, step, steps),
        11 => {
            let options = PolynomialDecayOptions::new()
                .end_learning_rate(s.any())
                .power(s.float())
                .cycle();
            polynomial_decay_with(rate, step, steps, options)
        }
        _ => {
            let boundaries: Vec<f32> = (0..s.below(4)).map(|_| s.float() as f32).collect();
            let values: Vec<f32> = (0..s.below(4)).map(|_| s.float() as f32).collect();
            piecewise_constant(s.f(), boundaries, values)
        }
    });
    let options = DecayOptions::new().staircase();
    s.keep(natural_exp_decay_with(
        rate,
        step,
        steps,
        s.float(),
        options,
    ));
    s.keep(inverse_time_decay_with(
        rate,
        step,
        steps,
        s.float(),
        options,
    ));
}
