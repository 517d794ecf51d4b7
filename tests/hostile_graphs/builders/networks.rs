//! Calls of family `nn`, of layers, losses and recurrent networks.

use aqueduct::ir::{Activation, Sliding, Windows};
use aqueduct::losses::{self, LossOptions};
use aqueduct::prelude::*;
use aqueduct::{HeightWidth, KeepProb};

use super::Builder;
use super::state::initializer;
use crate::scene::Scene;

pub(crate) const ALL: &[Builder] = &[
    |s| s.keep(s.any().activation(s.one_of(&Activation::ALL))),
    |s| s.keep([s.any().relu(), s.any().softmax(), s.any().log_softmax()]),
    |s| {
        s.keep([
            s.any().softmax_along(s.axis()),
            s.any().log_softmax_along(s.axis()),
        ])
    },
    |s| {
        s.keep([
            s.any().softmax_cross_entropy(s.any()),
            s.any().sparse_softmax_cross_entropy(s.any()),
        ])
    },
    |s| s.keep(s.any().one_hot_like(s.any())),
    |s| {
        s.keep([
            s.f().relu(),
            s.f().relu6(),
            s.f().leaky_relu(s.float()),
            s.f().elu(),
        ])
    },
    |s| {
        s.keep([
            s.f().selu(),
            s.f().softplus(),
            s.f().softsign(),
            s.f().softmax(),
        ])
    },
    |s| {
        s.keep([
            s.f().log_softmax(),
            s.f().softmax_along(s.axis()),
            s.f().log_softmax_along(s.axis()),
        ])
    },
    |s| {
        s.keep([
            s.f().bias_add(s.f()),
            s.f().xw_plus_b(s.f(), s.f()),
            embedding_lookup(s.f(), s.i()),
        ])
    },
    |s| s.keep(softmax_cross_entropy_with_logits(s.f(), s.f())),
    |s| s.keep(softmax_cross_entropy_with_logits_v2(s.f(), s.f())),
    |s| s.keep(sparse_softmax_cross_entropy_with_logits(s.i(), s.f())),
    |s| {
        s.keep([
            sigmoid_cross_entropy_with_logits(s.f(), s.f()),
            l2_loss(s.f()),
        ])
    },
    |s| s.keep(s.f().dropout(keep_prob(s))),
    |s| {
        let options = DropoutOptions::new().seed(3).noise_shape(s.sizes());
        s.keep(s.f().dropout_with(keep_prob(s), options));
    },
    |s| s.keep(s.any().conv2d(s.any(), sliding(s))),
    |s| s.keep(s.any().conv2d_input_grad(s.any(), s.sizes(), sliding(s))),
    |s| s.keep(s.any().conv2d_filter_grad(s.any(), s.sizes(), sliding(s))),
    |s| s.keep(s.f().conv2d(s.f(), pair(s), padding(s))),
    |s| s.keep(image(s).conv2d_with(filter(s), conv_options(s))),
    |s| s.keep(image(s).conv2d_transpose(filter(s), s.sizes(), conv_options(s))),
    |s| {
        s.keep([
            s.f().conv1d(s.f(), s.count(), padding(s)),
            s.f().conv1d_with(s.f(), conv_options(s)),
        ])
    },
    |s| {
        s.keep([
            s.any().max_pool2d(windows(s)),
            s.any().avg_pool2d(windows(s)),
        ])
    },
    |s| {
        s.keep([
            s.any().max_pool_grad(s.any(), windows(s)),
            s.any().max_pool_grad_grad(s.any(), windows(s)),
        ])
    },
    |s| s.keep(s.any().avg_pool_grad(s.sizes(), windows(s))),
    |s| s.keep(image(s).max_pool2d(pair(s), pair(s), padding(s))),
    |s| s.keep(image(s).avg_pool2d(pair(s), pair(s), padding(s))),
    |s| s.keep(s.f().max_pool1d(s.count(), s.count(), padding(s))),
    |s| s.keep(s.f().avg_pool1d(s.count(), s.count(), padding(s))),
    |s| {
        let (offset, scale) = (s.flag().then(|| s.f()), s.flag().then(|| s.f()));
        s.keep(
            s.f()
                .batch_normalization(s.f(), s.f(), offset, scale, s.float()),
        );
    },
    |s| {
        s.keep(s.any().batch_normalization(
            s.any(),
            s.any(),
            s.flag().then(|| s.any()),
            None,
            s.float(),
        ))
    },
    dense,
    convolution,
    pooling_layers,
    normalization,
    |s| s.keep(s.f().flatten()),
    |s| {
        s.keep(
            Dropout::new(s.float())
                .training(s.truths())
                .name(&s.name())
                .apply(s.f()),
        )
    },
    |s| {
        let options = DropoutOptions::new().noise_shape(s.sizes());
        s.keep(
            Dropout::new(s.float())
                .training(s.flag())
                .options(options)
                .apply(s.f()),
        );
    },
    |s| s.keep(losses::sigmoid_cross_entropy(s.f(), s.f())),
    |s| {
        s.keep(losses::sigmoid_cross_entropy_with(
            s.f(),
            s.f(),
            s.float(),
            loss_options(s),
        ))
    },
    |s| s.keep(losses::softmax_cross_entropy(s.f(), s.f())),
    |s| {
        s.keep(losses::softmax_cross_entropy_with(
            s.f(),
            s.f(),
            s.float(),
            loss_options(s),
        ))
    },
    |s| s.keep(losses::sparse_softmax_cross_entropy(s.i(), s.f())),
    |s| {
        s.keep(losses::sparse_softmax_cross_entropy_with(
            s.i(),
            s.f(),
            loss_options(s),
        ))
    },
    |s| {
        s.keep([
            losses::mean_squared_error(s.f(), s.f()),
            losses::absolute_difference(s.f(), s.f()),
        ])
    },
    |s| {
        s.keep(losses::mean_squared_error_with(
            s.f(),
            s.f(),
            loss_options(s),
        ))
    },
    |s| {
        s.keep(losses::absolute_difference_with(
            s.f(),
            s.f(),
            loss_options(s),
        ))
    },
    |s| {
        s.keep([
            losses::huber_loss(s.f(), s.f()),
            losses::hinge_loss(s.f(), s.f()),
        ])
    },
    |s| {
        s.keep(losses::huber_loss_with(
            s.f(),
            s.f(),
            s.float(),
            loss_options(s),
        ))
    },
    |s| s.keep(losses::hinge_loss_with(s.f(), s.f(), loss_options(s))),
    |s| {
        s.keep([
            losses::log_loss(s.f(), s.f()),
            losses::cosine_distance(s.f(), s.f(), s.axis()),
        ])
    },
    |s| {
        s.keep(losses::log_loss_with(
            s.f(),
            s.f(),
            s.float(),
            loss_options(s),
        ))
    },
    |s| {
        s.keep(losses::cosine_distance_with(
            s.f(),
            s.f(),
            s.axis(),
            loss_options(s),
        ))
    },
    |s| s.keep(losses::mean_pairwise_squared_error(s.f(), s.f())),
    |s| {
        s.keep(losses::mean_pairwise_squared_error_with(
            s.f(),
            s.f(),
            loss_options(s),
        ))
    },
    |s| s.keep(losses::sequence_loss(s.f(), s.i(), s.f())),
    |s| {
        let options = losses::SequenceLossOptions::new()
            .average_across_timesteps(s.flag())
            .average_across_batch(s.flag())
            .sum_over_timesteps(s.flag())
            .sum_over_batch(s.flag());
        s.keep(losses::sequence_loss_with(s.f(), s.i(), s.f(), options));
    },
    |s| s.keep(losses::compute_weighted_loss(s.f())),
    |s| s.keep(losses::compute_weighted_loss_with(s.f(), loss_options(s))),
    |s| s.keep(losses::get_total_loss::<f32>(s.graph)),
    |s| {
        let name = s.name();
        let options = losses::TotalLossOptions::new()
            .regularization(s.flag())
            .scope(&name);
        s.keep(losses::get_total_loss_with::<f32>(s.graph, options));
    },
    |s| losses::add_loss(s.any()),
    |s| {
        s.keep((
            losses::get_losses(s.graph),
            losses::get_losses_in(s.graph, &s.name()),
        ))
    },
    |s| s.keep(losses::get_regularization_losses(s.graph)),
    |s| s.keep(losses::get_regularization_losses_in(s.graph, &s.name())),
    |s| s.keep(losses::get_regularization_loss::<f32>(s.graph)),
    |s| {
        s.keep(losses::get_regularization_loss_in::<f32>(
            s.graph,
            &s.name(),
        ))
    },
    recurrent,
    recurrent,
    wrapped,
    stacked,
    bidirectional,
    static_networks,
];

fn keep_prob<'g>(s: &Scene<'g>) -> KeepProb<'g, f32> {
    match s.flag() {
        true => KeepProb::from(s.float()),
        false => KeepProb::from(s.f()),
    }
}

fn padding(s: &Scene<'_>) -> Padding {
    s.one_of(&[Padding::Same, Padding::Valid])
}

fn pair(s: &Scene<'_>) -> HeightWidth {
    HeightWidth::from([s.count(), s.count()])
}

fn sliding(s: &Scene<'_>) -> Sliding {
    Sliding {
        strides: [s.count(), s.count()],
        dilations: [s.count(), s.count()],
        padding: padding(s),
    }
}

fn windows(s: &Scene<'_>) -> Windows {
    Windows {
        size: [s.count(), s.count()],
        sliding: sliding(s),
    }
}

fn conv_options(s: &Scene<'_>) -> ConvOptions {
    let options = ConvOptions::new(pair(s), padding(s));
    if s.flag() {
        options.dilations(pair(s))
    } else {
        options
    }
}

/// An image that a convolution may take, or anything.
fn image<'g>(s: &Scene<'g>) -> Tensor<'g, f32> {
    let sizes = [
        s.one_of(&[1, 0, 2]),
        s.one_of(&[3, 1, 0]),
        s.one_of(&[4, 2, 0]),
        s.one_of(&[2, 0, 1]),
    ];
    match s.flag() {
        true => s.graph.ones(sizes),
        false => s.f(),
    }
}

fn filter<'g>(s: &Scene<'g>) -> Tensor<'g, f32> {
    match s.flag() {
        true => s.graph.ones([
            s.one_of(&[1, 2, 0]),
            s.one_of(&[1, 2, 7]),
            2,
            s.one_of(&[2, 1, 0]),
        ]),
        false => s.f(),
    }
}

fn loss_options<'g>(s: &Scene<'g>) -> LossOptions<'g> {
    use losses::Reduction;
    let reduction = s.one_of(&[
        Reduction::None,
        Reduction::Sum,
        Reduction::Mean,
        Reduction::SumOverBatchSize,
        Reduction::SumOverNonzeroWeights,
    ]);
    let options = LossOptions::new().reduction(reduction);
    match s.below(5) {
        0 => options.weights(s.float()),
        1 => options.weights(s.any()),
        2 => options.scope(&s.name()).weights(s.f()),
        3 => options.loss_collection(&s.name()),
        _ => options.no_collection(),
    }
}

/// As many units as there is memory for: a layer makes its variables.
fn units(s: &Scene<'_>) -> usize {
    s.one_of(&[2, 3, 1, 0, 1 << 40, 1 << 62, usize::MAX])
}

fn reuse(s: &Scene<'_>) -> Reuse {
    s.one_of(&[Reuse::No, Reuse::Yes, Reuse::Auto])
}

fn dense(s: &Scene<'_>) {
    let layer = Dense::new(units(s))
        .activation(Tensor::relu)
        .use_bias(s.flag())
        .kernel_initializer(initializer(s))
        .bias_initializer(initializer(s))
        .kernel_regularizer(l2_regularizer(s.float()))
        .bias_regularizer(l1_regularizer(s.float()))
        .activity_regularizer(|y| y.reduce_sum(s.axes()))
        .trainable(s.flag());
    let layer = if s.flag() {
        layer.name(&s.name())
    } else {
        layer
    };
    s.keep(layer.reuse(reuse(s)).apply(s.f()));
    s.keep(Dense::new(units(s)).apply(s.f()));
}

fn convolution(s: &Scene<'_>) {
    let layer = Conv2d::new(units(s), pair(s))
        .strides(pair(s))
        .padding(padding(s));
    let layer = if s.flag() {
        layer.dilations(pair(s))
    } else {
        layer
    };
    s.keep(layer.apply(image(s)));
    let layer = Conv1d::new(units(s), s.count())
        .strides(s.count())
        .padding(padding(s));
    let layer = if s.flag() {
        layer.dilations(s.count())
    } else {
        layer
    };
    s.keep(layer.apply(s.f()));
}

fn pooling_layers(s: &Scene<'_>) {
    s.keep(
        MaxPooling2d::new(pair(s), pair(s))
            .padding(padding(s))
            .name(&s.name())
            .apply(image(s)),
    );
    s.keep(
        AveragePooling2d::new(pair(s), pair(s))
            .padding(padding(s))
            .apply(image(s)),
    );
    s.keep(MaxPooling1d::new(s.count(), s.count()).apply(s.f()));
    s.keep(AveragePooling1d::new(s.count(), s.count()).apply(s.f()));
}

fn normalization(s: &Scene<'_>) {
    let layer = BatchNormalization::new()
        .axis(s.axis())
        .momentum(s.float())
        .epsilon(s.float())
        .center(s.flag())
        .scale(s.flag())
        .fused(s.flag())
        .beta_initializer(initializer(s))
        .gamma_initializer(initializer(s))
        .moving_mean_initializer(initializer(s))
        .moving_variance_initializer(initializer(s))
        .trainable(s.flag())
        .reuse(reuse(s));
    let layer = if s.flag() {
        layer.name(&s.name())
    } else {
        layer
    };
    let layer = if s.flag() {
        layer.training(s.flag())
    } else {
        layer.training(s.truths())
    };
    s.keep(layer.apply(s.f()));
    s.keep(BatchNormalization::new().apply(s.f()));
    let layer = LayerNorm::new()
        .begin_norm_axis(s.axis())
        .begin_params_axis(s.axis())
        .center(s.flag())
        .scale(s.flag())
        .activation(Tensor::tanh)
        .trainable(s.flag())
        .reuse(reuse(s));
    let layer = if s.flag() {
        layer.name(&s.name())
    } else {
        layer
    };
    s.keep(layer.apply(s.f()));
}

fn options<'g, S>(s: &Scene<'g>) -> RnnOptions<'g, S> {
    let options = RnnOptions::new();
    let options = if s.flag() {
        options.sequence_length(s.i())
    } else {
        options
    };
    let options = if s.flag() {
        options.time_major()
    } else {
        options
    };
    if s.below(4) == 3 {
        options.scope(&s.name())
    } else {
        options
    }
}

/// A sequence that a network may take, or anything.
fn sequence<'g>(s: &Scene<'g>) -> Tensor<'g, f32> {
    let sizes = [
        s.one_of(&[2, 3, 0, 1]),
        s.one_of(&[2, 3, 0, 1]),
        s.one_of(&[2, 0, 1]),
    ];
    match s.below(3) {
        0 => s.f(),
        _ => s.graph.ones(sizes),
    }
}

fn recurrent(s: &Scene<'_>) {
    let x = sequence(s);
    match s.below(5) {
        0 => {
            let cell = BasicLstmCell::new(units(s))
                .forget_bias(s.float())
                .activation(Tensor::relu);
            let cell = if s.flag() { cell.name(&s.name()) } else { cell };
            let options = options(s);
            let options = if s.flag() {
                options.initial_state(LstmState { c: s.f(), h: s.f() })
            } else {
                options
            };
            let (outputs, state) = dynamic_rnn_with(&cell, x, options);
            s.keep((outputs, state.c, state.h));
        }
        1 => {
            let cell = LstmCell::new(units(s))
                .use_peepholes()
                .cell_clip(s.float())
                .num_proj(units(s))
                .proj_clip(s.float())
                .forget_bias(s.float())
                .initializer(initializer(s))
                .activation(Tensor::sigmoid);
            let (outputs, state) = dynamic_rnn_with(&cell, x, options(s));
            s.keep((outputs, state.c, state.h));
        }
        2 => {
            let cell = GruCell::new(units(s))
                .activation(Tensor::exp)
                .kernel_initializer(initializer(s))
                .bias_initializer(initializer(s));
            s.keep(dynamic_rnn_with(&cell, x, options(s)));
        }
        3 => s.keep(dynamic_rnn(
            &BasicRnnCell::new(units(s)).activation(Tensor::softplus),
            x,
        )),
        _ => {
            let cell = LayerNormBasicLstmCell::new(units(s))
                .forget_bias(s.float())
                .activation(Tensor::tanh)
                .layer_norm(s.flag())
                .norm_gain(s.float())
                .norm_shift(s.float())
                .dropout_keep_prob(keep_prob(s))
                .dropout_prob_seed(1);
            let (outputs, state) = dynamic_rnn_with(&cell, x, options(s));
            s.keep((outputs, state.c, state.h));
        }
    }
}

fn wrapped(s: &Scene<'_>) {
    let cell = DropoutWrapper::new(BasicRnnCell::new(units(s)))
        .input_keep_prob(keep_prob(s))
        .output_keep_prob(keep_prob(s))
        .state_keep_prob(keep_prob(s))
        .seed(2);
    let cell = if s.flag() { cell.variational() } else { cell };
    s.keep(dynamic_rnn_with(&cell, sequence(s), options(s)));
    let cell = OutputProjectionWrapper::new(GruCell::new(2), units(s)).activation(Tensor::relu);
    s.keep(dynamic_rnn_with(&cell, sequence(s), options(s)));
    let cell = InputProjectionWrapper::new(GruCell::new(2), units(s)).activation(Tensor::relu);
    s.keep(dynamic_rnn_with(&cell, sequence(s), options(s)));
    let cell = ResidualWrapper::new(BasicRnnCell::new(units(s))).residual_fn(|x, y| x.matmul(y));
    s.keep(dynamic_rnn_with(&cell, sequence(s), options(s)));
}

fn stacked(s: &Scene<'_>) {
    let cells: Vec<BasicRnnCell<'_, f32>> = (0..s.below(3))
        .map(|_| BasicRnnCell::new(units(s)))
        .collect();
    let cell = MultiRnnCell::new(cells);
    let cell = if s.flag() { cell.name(&s.name()) } else { cell };
    s.keep(dynamic_rnn_with(&cell, sequence(s), options(s)));
    let cell = |_| BasicRnnCell::new(units(s));
    let forward: Vec<_> = (0..s.below(3)).map(cell).collect();
    let backward: Vec<_> = (0..s.below(3)).map(cell).collect();
    let (outputs, ..) = stack_bidirectional_dynamic_rnn(&forward, &backward, sequence(s));
    s.keep(outputs);
    let (outputs, ..) =
        stack_bidirectional_dynamic_rnn_with(&forward, &backward, sequence(s), options(s));
    s.keep(outputs);
}

fn bidirectional(s: &Scene<'_>) {
    let cells = [GruCell::new(units(s)), GruCell::new(units(s))];
    let (outputs, states) = bidirectional_dynamic_rnn(&cells[0], &cells[1], sequence(s));
    s.keep((outputs, states));
    let (outputs, states) =
        bidirectional_dynamic_rnn_with(&cells[0], &cells[1], sequence(s), options(s));
    s.keep((outputs, states));
    s.keep(static_bidirectional_rnn(&cells[0], &cells[1], &s.list()));
    s.keep(static_bidirectional_rnn_with(
        &cells[0],
        &cells[1],
        &s.list(),
        options(s),
    ));
}

fn static_networks(s: &Scene<'_>) {
    let cell = GruCell::new(units(s));
    s.keep(static_rnn(&cell, &s.list()));
    s.keep(static_rnn_with(&cell, &s.list(), options(s)));
    s.keep(cell.call(s.f(), s.f()));
    s.keep(cell.zero_state(s.graph, s.size()));
}
