//! Calls of variables, scopes, collections, names, random numbers and checks.

use aqueduct::ir::{Member, PartUpdate, Update};
use aqueduct::prelude::*;
use aqueduct::{
    Initializer, Recipe, Value, glorot_uniform, identity_initializer, lecun_normal, lecun_uniform,
    truncated_normal, uniform_unit_scaling_initializer, value_initializer,
};

use super::Builder;
use crate::scene::Scene;

pub(crate) const ALL: &[Builder] = &[
    |s| s.keep(s.graph.variable(&s.name(), s.f())),
    |s| s.keep(s.graph.variable::<f32>(&s.name(), recipe(s))),
    |s| {
        s.keep(
            s.graph
                .untrained_variable::<i32>(&s.name(), zeros(s.sizes())),
        )
    },
    |s| s.keep(s.graph.get_variable::<f32>(&s.name(), s.counts())),
    |s| {
        s.keep(
            s.graph
                .get_variable_with::<f64>(&s.name(), s.counts(), initializer(s)),
        )
    },
    |s| {
        let options = VariableOptions::new()
            .initializer(initializer(s))
            .regularizer(l1_l2_regularizer(s.float(), s.float()))
            .trainable(s.flag());
        s.keep(
            s.graph
                .get_any_variable(&s.name(), s.dtype(), &s.counts(), options),
        );
    },
    |s| s.keep(s.any_variable().initializer()),
    |s| {
        s.keep([
            s.any_variable().initial_value(),
            s.any_variable().read_value(),
            s.any_variable().value(),
        ])
    },
    |s| {
        s.keep(
            s.any_variable()
                .update(s.one_of(&[Update::Set, Update::Add, Update::Sub]), s.any()),
        )
    },
    |s| {
        s.keep((
            s.any_variable().is_initialized(),
            s.variable::<f32>().is_initialized(),
        ))
    },
    |s| {
        s.keep([
            s.variable::<f32>().assign(s.f()),
            s.variable::<f32>().assign_add(s.f()),
        ])
    },
    |s| {
        s.keep([
            s.variable::<f32>().assign_sub(s.f()),
            s.variable::<f32>().read_value(),
        ])
    },
    |s| {
        s.keep([
            s.variable::<f32>().initial_value(),
            s.variable::<f32>().initialized_value(),
        ])
    },
    |s| s.keep(s.variable::<i64>().initializer()),
    |s| {
        s.keep(
            s.any_variable()
                .scatter(s.one_of(&PartUpdate::ALL), s.any(), s.any()),
        )
    },
    |s| {
        s.keep(
            s.any_variable()
                .scatter_nd(s.one_of(&PartUpdate::ALL), s.any(), s.any()),
        )
    },
    scatters,
    |s| s.keep(s.any_variable().assign_moving_average(s.any(), s.any())),
    |s| {
        s.keep(
            s.variable::<f32>()
                .assign_moving_average(s.f(), s.float() as f32),
        )
    },
    |s| s.keep(s.graph.global_variables_initializer()),
    |s| {
        s.keep(
            s.graph
                .variables_initializer([s.any_variable(), s.any_variable()]),
        )
    },
    |s| s.keep(s.graph.group([s.operation(), s.operation()])),
    |s| s.keep(s.graph.group_named([s.operation()], &s.name())),
    |s| {
        let scope = s.graph.open_name_scope(&s.name());
        s.keep(s.graph.group_scope(&scope, [s.operation()]));
    },
    |s| s.keep(s.graph.no_op()),
    |s| s.keep(s.graph.name_scope(&s.name(), || s.f() + s.f())),
    |s| {
        s.keep(
            s.graph
                .variable_scope(&s.name(), || s.graph.get_variable::<f32>(&s.name(), [2])),
        )
    },
    |s| {
        let settings = scope_settings(s);
        s.keep(s.graph.variable_scope_with(&s.name(), settings, || {
            s.graph.get_variable::<f32>("v", [2])
        }));
    },
    |s| {
        let settings = scope_settings(s);
        s.keep(
            s.graph
                .current_variable_scope_with(settings, || s.graph.get_variable::<f32>("v", [2])),
        );
    },
    |s| {
        let _outer = s.graph.open_variable_scope(&s.name());
        let _inner = s
            .graph
            .open_variable_scope_with(&s.name(), scope_settings(s));
        s.keep(s.graph.get_variable::<f32>(&s.name(), s.counts()));
    },
    |s| {
        s.keep(
            s.graph
                .control_dependencies([s.operation(), s.any().op()], || s.any().identity()),
        )
    },
    |s| {
        let _after = s.graph.order_after([s.operation()]);
        s.keep(s.any().identity());
    },
    |s| {
        let _root = s.graph.at_root();
        let _names = s.graph.variable_names();
        s.keep(s.any().identity());
    },
    |s| s.keep([s.any().named(&s.name()), s.f().named(&s.name()).any()]),
    |s| s.keep(s.operation().named(&s.name())),
    lookups,
    collections,
    |s| {
        drop((
            s.graph.to_dot(),
            s.graph.to_text(),
            s.graph.operation_count(),
        ))
    },
    |s| {
        drop((
            s.graph.growth(),
            s.graph.operations(),
            s.graph.is_same(s.other),
        ))
    },
    |s| s.keep(s.graph.own(s.any(), &s.name())),
    |s| s.keep(s.graph.random_int(s.sizes(), s.i(), s.i(), s.seed())),
    |s| s.keep(s.graph.random_int(s.sizes(), s.int(), s.int(), s.seed())),
    |s| {
        s.keep((
            s.f().random_shuffle(s.seed()),
            s.f().multinomial(s.size(), s.seed()),
        ))
    },
    |s| s.keep(recipe(s).tensor::<f32>(s.graph)),
    |s| s.keep(recipe(s).tensor::<i32>(s.graph)),
    |s| s.keep(s.graph.number(s.dtype(), s.float(), &s.name())),
    |s| s.keep(s.graph.tuple(s.several())),
    |s| s.keep(s.graph.tuple_after(s.several(), [s.operation()])),
    |s| s.keep(s.graph.assert(s.truths(), &s.several(), &s.name())),
    |s| {
        s.keep(
            s.graph
                .assert_with(s.truths(), &s.several(), "message", s.count()),
        )
    },
    |s| s.keep(s.graph.assert_equal(s.f(), s.f(), "equal")),
    |s| {
        s.keep([
            s.graph.assert_less(s.f(), s.f(), "less"),
            s.graph.assert_less_equal(s.i(), s.i(), ""),
        ])
    },
    |s| {
        s.keep([
            s.graph.assert_greater(s.f(), s.f(), ""),
            s.graph.assert_greater_equal(s.i(), s.i(), ""),
        ])
    },
    |s| {
        s.keep([
            s.any().check_numerics(&s.name()),
            s.f().check_numerics("check").any(),
        ])
    },
    |s| {
        let options = || {
            PrintOptions::new()
                .data(&s.several())
                .summarize(s.count())
                .to(PrintTo::Log)
        };
        s.keep([
            s.any().print_with(&s.name(), options()),
            s.f().print_with("print", options()).any(),
        ]);
    },
];

pub(crate) fn initializer(s: &Scene<'_>) -> Initializer {
    let made = match s.below(18) {
        0 => glorot_uniform(),
        1 => ones_initializer(),
        2 => constant_initializer(s.float()),
        3 => value_initializer(Value::vector(s.ints())),
        4 => random_uniform_initializer(s.float(), s.float()),
        5 => random_normal_initializer(s.float(), s.float()),
        6 => truncated_normal_initializer(s.float(), s.float()),
        7 => glorot_normal(),
        8 => variance_scaling(
            s.float(),
            s.one_of(&[FanMode::In, FanMode::Out, FanMode::Average]),
            FanShape::Uniform,
        ),
        9 => variance_scaling(
            s.float(),
            FanMode::In,
            s.one_of(&[FanShape::TruncatedNormal, FanShape::UntruncatedNormal]),
        ),
        10 => he_normal(),
        11 => he_uniform(),
        12 => lecun_normal(),
        13 => lecun_uniform(),
        14 => uniform_unit_scaling_initializer(s.float()),
        15 => orthogonal_initializer(s.float()),
        16 => identity_initializer(s.float()),
        _ => zeros_initializer(),
    };
    match s.seed() {
        Some(seed) => made.seed(seed),
        None => made,
    }
}

fn recipe<'g>(s: &Scene<'g>) -> Recipe<'g> {
    let made = match s.below(6) {
        0 => random_normal(s.sizes()).mean(s.float()).stddev(s.float()),
        1 => truncated_normal(s.sizes()),
        2 => random_uniform(s.sizes(), s.float(), s.float()),
        3 => fill(s.sizes(), s.float()),
        4 => ones(s.sizes()),
        _ => zeros(s.sizes()),
    };
    match s.seed() {
        Some(seed) => made.seed(seed),
        None => made,
    }
}

fn scope_settings(s: &Scene<'_>) -> VariableScope {
    VariableScope::new()
        .reuse(s.one_of(&[Reuse::No, Reuse::Yes, Reuse::Auto]))
        .initializer(initializer(s))
        .regularizer(l2_regularizer(s.float()))
}

fn scatters(s: &Scene<'_>) {
    let v = s.variable::<f32>();
    let (indices, updates) = (s.i(), s.f());
    s.keep(match s.below(12) {
        0 => v.scatter_update(indices, updates),
        1 => v.scatter_add(indices, updates),
        2 => v.scatter_sub(indices, updates),
        3 => v.scatter_mul(indices, updates),
        4 => v.scatter_div(indices, updates),
        5 => v.scatter_min(indices, updates),
        6 => v.scatter_max(indices, updates),
        7 => v.scatter_nd_update(indices, updates),
        8 => v.scatter_nd_add(indices, updates),
        _ => v.scatter_nd_sub(indices, updates),
    });
}

fn lookups(s: &Scene<'_>) {
    let known = s.any().name();
    for name in [
        s.name(),
        known.clone(),
        format!("{known}:99999999999999999999"),
        format!("{known}:-1"),
    ] {
        s.keep(s.graph.get_operation_by_name(&name).ok());
        s.keep(s.graph.get_tensor_by_name(&name).ok());
        s.keep(s.graph.get_variable_by_name(&name).ok());
    }
}

fn collections(s: &Scene<'_>) {
    let name = s.name();
    s.graph.add_to_collection(&name, s.any());
    s.graph
        .add_to_collection(Keys::TRAINABLE_VARIABLES, s.any());
    s.graph.add_to_collection(Keys::UPDATE_OPS, s.operation());
    s.graph.add_to_collection(&name, s.any_variable());
    s.keep((
        s.graph.tensors_of(&name),
        s.graph.variables_of(&name),
        s.graph.update_ops(),
    ));
    s.keep((s.graph.trainable_variables(), s.graph.global_variables()));
    let _: Vec<Member> = s.graph.collection(&name);
}
