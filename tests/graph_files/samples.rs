//! Graphs that use much of the library.

use aqueduct::prelude::*;

/// A recurrent classifier with dropout, regularisation and batch normalisation, and its training.
pub(crate) fn classifier(g: &Graph) -> Operation<'_> {
    g.set_random_seed(3);
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let labels = g.placeholder::<i32>("labels", shape![?]);
    let training = g.placeholder_with_default("training", false, shape![]);
    let decayed = VariableScope::new().regularizer(l2_regularizer(1e-3));
    let logits = g.variable_scope_with("model", decayed, || {
        let cell = DropoutWrapper::new(GruCell::new(3)).output_keep_prob(0.5);
        let (outputs, _) = dynamic_rnn(&cell, x);
        let last = outputs.reduce_mean(1);
        let normal = BatchNormalization::new().training(training).apply(last);
        Dense::new(4).apply(normal)
    });
    let logits = logits.named("logits");
    let of_digits = sparse_softmax_cross_entropy_with_logits(labels, logits).reduce_mean(..);
    let loss = of_digits + losses::get_regularization_loss::<f32>(g);
    losses::add_loss(loss.named("loss"));
    let step = get_or_create_global_step(g);
    g.control_dependencies(g.update_ops(), || {
        Adam::new(0.1)
            .minimize_with(loss, Minimize::new().global_step(step))
            .named("train")
    })
}

/// What the classifier is fed, by the names of its placeholders.
pub(crate) fn feeds(g: &Graph) -> aqueduct::Feeds<'static> {
    let mut feeds = feed![];
    let x = ndarray::Array3::from_shape_fn((4, 3, 2), |(i, j, k)| {
        (i * 6 + j * 2 + k) as f32 * 0.1 - 1.0
    });
    let tensor = |name: &str| g.get_tensor_by_name(name).unwrap();
    feeds.add_any(tensor("x:0"), x.into());
    feeds.add_any(tensor("labels:0"), ndarray::arr1(&[0, 1, 2, 3]).into());
    feeds.add_any(tensor("training:0"), aqueduct::Value::scalar(true));
    feeds
}

/// The bits of all variables.
pub(crate) fn variables(sess: &Session) -> Vec<(String, aqueduct::Value)> {
    let all = sess.graph().global_variables().into_iter();
    all.map(|variable| (variable.name(), sess.any_value(variable).unwrap()))
        .collect()
}
