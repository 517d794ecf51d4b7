//! Losses: what they join, what is refused, and the edges of weights.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::Shape;
use aqueduct::losses::{
    self, LossOptions, Reduction, SequenceLossOptions, TotalLossOptions, Weights,
};
use aqueduct::prelude::*;

/// A number that a graph gives without feeds.
#[track_caller]
fn number(loss: Tensor<'_, f32>) -> f32 {
    let sess = Session::new(loss.any().graph());
    sess.run(loss.scalar(), feed![]).unwrap()
}

#[test]
fn each_loss_joins_its_collection_under_tensorflows_name() {
    let g = Graph::new();
    let (y, z) = (g.ones::<f32>([2, 3]), g.zeros::<f32>([2, 3]));
    let made = [
        losses::absolute_difference(y, z),
        losses::cosine_distance(y, z, 1),
        losses::hinge_loss(y, z),
        losses::huber_loss(y, z),
        losses::log_loss(y, z),
        losses::mean_pairwise_squared_error(y, z),
        losses::mean_squared_error(y, z),
        losses::sigmoid_cross_entropy(y, z),
        losses::softmax_cross_entropy(y, z),
        losses::sparse_softmax_cross_entropy(g.constant([0_i32, 1]), z),
        losses::compute_weighted_loss(y),
    ];
    g.check().unwrap();
    let names = made.map(|loss| loss.name());
    assert_eq!(
        names,
        [
            "absolute_difference/value:0",
            "cosine_distance_loss/value:0",
            "hinge_loss/value:0",
            "huber_loss/value:0",
            "log_loss/value:0",
            "mean_pairwise_squared_error/value:0",
            "mean_squared_error/value:0",
            "sigmoid_cross_entropy_loss/value:0",
            "softmax_cross_entropy_loss/value:0",
            "sparse_softmax_cross_entropy_loss/value:0",
            "weighted_loss/value:0",
        ]
    );
    assert_eq!(losses::get_losses(&g), made.map(Tensor::any));
    // Sequences are TensorFlow's exception.
    let _ = losses::sequence_loss(
        g.zeros::<f32>([1, 2, 3]),
        g.zeros::<i64>([1, 2]),
        g.ones([1, 2]),
    );
    assert_eq!(losses::get_losses(&g).len(), made.len());
}

#[test]
fn the_total_is_of_losses_and_penalties() {
    let g = Graph::new();
    let y = g.constant([2.0_f32]);
    let (of_tower, penalty) = g.name_scope("tower", || {
        let loss = losses::mean_squared_error(y, y * 2.0);
        (loss, g.constant(100.0_f32).identity())
    });
    losses::add_loss(g.constant(10.0_f32));
    g.add_to_collection(aqueduct::Keys::REGULARIZATION_LOSSES, penalty);
    assert_eq!(losses::get_losses_in(&g, "tower/"), [of_tower.any()]);
    let total = |options| number(losses::get_total_loss_with(&g, options));
    assert_eq!(number(losses::get_total_loss(&g)), 114.0);
    assert_eq!(total(TotalLossOptions::new().regularization(false)), 14.0);
    assert_eq!(total(TotalLossOptions::new().scope("tower")), 104.0);
}

#[test]
fn a_total_of_nothing_or_of_another_type_is_one_mistake() {
    let g = Graph::new();
    let total = losses::get_total_loss::<f32>(&g);
    let _ = GradientDescentOptimizer::new(0.1).minimize(total);
    let report = g.check().unwrap_err().to_string();
    assert!(report.contains("there is no loss to sum"), "{report}");
    assert_eq!(g.check().unwrap_err().0.len(), 1);

    let g = Graph::new();
    losses::add_loss(g.constant(1.0_f64));
    let _ = losses::get_total_loss::<f32>(&g);
    assert_eq!(g.check().unwrap_err().0.len(), 1);
}

#[test]
fn a_wrong_loss_poisons_the_total_without_a_second_mistake() {
    let g = Graph::new();
    let _ = losses::mean_squared_error(g.ones::<f32>([2]), g.ones([3]));
    let _ = losses::get_total_loss::<f32>(&g);
    let report = g.check().unwrap_err();
    assert_eq!(report.0.len(), 1);
    assert!(
        report
            .to_string()
            .contains("predictions has shape [3] but labels has shape [2]")
    );
}

#[test]
fn options_say_collection_and_scope() {
    let g = Graph::new();
    let y = g.constant([1.0_f32]);
    let options = LossOptions::new().loss_collection("mine").scope("named");
    let mine = losses::absolute_difference_with(y, y, options);
    let none = losses::absolute_difference_with(y, y, LossOptions::new().no_collection());
    assert_eq!(mine.name(), "named/value:0");
    assert_eq!(none.name(), "absolute_difference/value:0");
    assert_eq!(g.tensors_of("mine"), [mine.any()]);
    assert!(losses::get_losses(&g).is_empty());
}

#[test]
fn weights_may_be_of_any_type_and_all_zero() {
    let g = Graph::new();
    let (y, z) = (g.constant([[1.0_f32], [3.0]]), g.zeros::<f32>([2, 1]));
    let loss = |weights: Weights<'_>, reduction| {
        let options = LossOptions::new().weights(weights).reduction(reduction);
        number(losses::mean_squared_error_with(y, z, options))
    };
    let nonzero = Reduction::SumOverNonzeroWeights;
    assert_eq!(loss(g.constant([[true], [false]]).into(), nonzero), 1.0);
    assert_eq!(
        loss(g.constant([[2_i32], [0]]).into(), Reduction::Mean),
        1.0
    );
    assert_eq!(
        loss(g.variable("w", 0.5_f32).initial_value().into(), nonzero),
        2.5
    );
    assert_eq!(loss(2.0.into(), Reduction::Mean), 5.0);
    assert_eq!(loss(2.0.into(), Reduction::SumOverBatchSize), 10.0);
    for reduction in [Reduction::Sum, Reduction::Mean, nonzero] {
        assert_eq!(loss(0.0.into(), reduction), 0.0);
        assert_eq!(loss(g.constant(0_i64).into(), reduction), 0.0);
        assert_eq!(loss(g.zeros::<f32>([2, 1]).into(), reduction), 0.0);
    }
}

#[test]
fn a_loss_of_nothing_is_zero_and_so_is_its_gradient() {
    let g = Graph::new();
    let y = g.placeholder::<f32>("y", shape![?, 2]);
    let loss = losses::mean_squared_error(y, y * 2.0);
    let slope = gradient(loss, y);
    let sess = Session::new(&g);
    let nothing = ndarray::Array2::<f32>::zeros((0, 2));
    let (loss, slope) = sess
        .run((loss.scalar(), slope), feed![y => nothing])
        .unwrap();
    assert_eq!((loss, slope.shape()), (0.0, &[0, 2][..]));
}

#[test]
fn weights_that_would_stretch_the_losses_are_refused() {
    let message = |g: &Graph| g.check().unwrap_err().to_string();
    for (sizes, told) in [
        (vec![2], "[2]"),
        (vec![3, 1], "[3, 1]"),
        (vec![2, 1, 1], "[2, 1, 1]"),
    ] {
        let g = Graph::new();
        let y = g.ones::<f32>([2, 2]);
        let options = LossOptions::new().weights(g.ones::<f32>(sizes));
        let _ = losses::mean_squared_error_with(y, y, options);
        let report = message(&g);
        let wanted = format!("weights have shape {told} but the losses have shape [2, 2]");
        assert!(report.contains(&wanted), "{report}");
        assert_eq!(g.check().unwrap_err().0.len(), 1);
    }
    // What is known in the run alone is refused there.
    let g = Graph::new();
    let y = g.placeholder::<f32>("y", shape![?, 2]);
    let weights = g.placeholder::<f32>("weights", shape![?, ?]);
    let options = LossOptions::new().weights(weights);
    let loss = losses::mean_squared_error_with(y, y + 1.0, options);
    let sess = Session::new(&g);
    let one = ndarray::Array2::<f32>::ones((1, 2));
    let three = ndarray::Array2::<f32>::ones((3, 2));
    let (column, row) = (
        ndarray::Array2::<f32>::ones((3, 1)),
        ndarray::Array2::<f32>::ones((1, 2)),
    );
    assert_eq!(
        sess.run(loss.scalar(), feed![y => &three, weights => &column])
            .unwrap(),
        1.0
    );
    assert_eq!(
        sess.run(loss.scalar(), feed![y => &three, weights => &row])
            .unwrap(),
        1.0
    );
    assert!(
        sess.run(loss.scalar(), feed![y => &one, weights => &three])
            .is_err()
    );
}

#[test]
fn pairs_are_weighed_alike_whether_or_not_the_batch_is_known() {
    let values = ndarray::arr2(&[[1.0_f32, 2.0, 4.0], [0.0, -1.0, 3.0]]);
    let weights = [
        ndarray::arr2(&[[0.5_f32], [2.0]]),
        ndarray::arr2(&[[0.5_f32]]),
    ];
    for weights in weights {
        let of = |given: Shape, of_weights: Shape| {
            let g = Graph::new();
            let x = g.placeholder::<f32>("x", given);
            let w = g.placeholder::<f32>("w", of_weights);
            let options = LossOptions::new().weights(w);
            let loss = losses::mean_pairwise_squared_error_with(x.zeros_like(), x, options);
            let slope = gradient(loss, x);
            let sess = Session::new(&g);
            sess.run((loss, slope), feed![x => &values, w => &weights])
                .unwrap()
        };
        let known = of(Shape::known(&[2, 3]), Shape::known(weights.shape()));
        assert_eq!(of(shape![?, 3], shape![?, 1]), known);
        assert_eq!(of(shape![?, ?], shape![?, ?]), known);
    }
}

#[test]
fn numbers_out_of_range_are_mistakes() {
    let g = Graph::new();
    let y = g.ones::<f32>([2]);
    let options = LossOptions::new;
    let _ = losses::huber_loss_with(y, y, 0.0, options());
    let _ = losses::huber_loss_with(y, y, f64::NAN, options());
    let _ = losses::sigmoid_cross_entropy_with(y, y, 1.5, options());
    let _ = losses::softmax_cross_entropy_with(y, y, -0.1, options());
    let with_reduction = options().reduction(Reduction::Sum);
    let _ = losses::mean_pairwise_squared_error_with(y, y, with_reduction);
    let _ = losses::mean_pairwise_squared_error(g.constant(1.0_f32), g.constant(1.0));
    let _ = losses::cosine_distance(y, y, 1);
    let mistakes = g.check().unwrap_err();
    assert_eq!(mistakes.0.len(), 7, "{mistakes}");
}

#[test]
fn labels_and_weights_of_classes_may_have_an_axis_too_many() {
    let g = Graph::new();
    let logits = g.constant([[1.0_f32, 2.0], [0.5, 0.0]]);
    let flat = losses::sparse_softmax_cross_entropy(g.constant([1_i32, 0]), logits);
    let options = LossOptions::new().weights(g.ones::<f32>([2, 1]));
    let labels = g.constant([[1_i32], [0]]);
    let column = losses::sparse_softmax_cross_entropy_with(labels, logits, options);
    g.check().unwrap();
    assert_eq!(number(flat), number(column));
}

#[test]
fn a_sequence_is_reduced_in_one_way() {
    let g = Graph::new();
    let logits = g.ones::<f32>([2, 3, 4]);
    let (targets, weights) = (g.zeros::<i32>([2, 3]), g.ones::<f32>([2, 3]));
    let options = SequenceLossOptions::new().sum_over_batch(true);
    let _ = losses::sequence_loss_with(logits, targets, weights, options);
    let _ = losses::sequence_loss(logits, targets, g.ones([3, 2]));
    let _ = losses::sequence_loss(logits, g.zeros::<i32>([2, 3, 1]), weights);
    let _ = losses::sequence_loss(weights, targets, weights);
    let mistakes = g.check().unwrap_err();
    assert_eq!(mistakes.0.len(), 4, "{mistakes}");
}

#[test]
fn sequences_of_lengths_weigh_their_steps_alike() {
    let g = Graph::new();
    let logits = g.placeholder::<f32>("logits", shape![?, ?, 3]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let weights = lengths.sequence_mask_as::<f32>(logits.size_of(1));
    let targets = logits.argmax_as::<i32>(-1);
    let loss = losses::sequence_loss(logits, targets, weights);
    let sess = Session::new(&g);
    let mut fed = ndarray::Array3::<f32>::zeros((2, 4, 3));
    fed[[0, 0, 0]] = 50.0;
    let sure = sess
        .run(loss.scalar(), feed![logits => &fed, lengths => [1, 0]])
        .unwrap();
    assert!(sure < 1e-6);
    let half = sess
        .run(loss.scalar(), feed![logits => &fed, lengths => [1, 1]])
        .unwrap();
    assert!((half - 3.0_f32.ln() / 2.0).abs() < 1e-6, "{half}");
    assert_eq!(
        sess.run(loss.scalar(), feed![logits => &fed, lengths => [0, 0]])
            .unwrap(),
        0.0
    );
}

#[test]
fn labels_and_logits_in_each_others_place() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let labels = g.placeholder::<f32>("labels", shape![?, 2]);
    let logits = Dense::new(2).use_bias(false).apply(x);
    let loss = losses::softmax_cross_entropy(logits, labels);
    GradientDescentOptimizer::new(0.1).minimize(loss);
    let report = g.check().unwrap_err().to_string();
    let words = "stands between: are labels and logits swapped?";
    assert!(report.contains(words), "{report}");
}

/// The gradient does not need the loss, so that a run which only trains does not compute it.
#[test]
fn a_label_that_is_no_class_does_not_train() {
    let options = SessionOptions::new();
    for options in [options.optimize(false), options, options.strict(true)] {
        let g = Graph::new();
        let x = g.placeholder::<f32>("x", shape![?, 2]);
        let labels = g.placeholder::<i64>("labels", shape![?]);
        let w = g.variable::<f32>("w", ones([2, 3]));
        let loss = sparse_softmax_cross_entropy_with_logits(labels, x.matmul(w)).reduce_mean(..);
        let train = GradientDescentOptimizer::new(0.1).minimize(loss);
        let sess = Session::with_options(&g, options);
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        for label in [-1, 3, 1000] {
            let feeds = feed![x => [[1.0, 2.0], [3.0, 4.0]], labels => [0, label]];
            let error = sess.run(train, feeds).unwrap_err().to_string();
            let told = format!("[1] = {label} is not in [0, 3)");
            assert!(
                error.contains(&told) && error.contains("losses.rs"),
                "{error}"
            );
        }
        assert!(sess.value(w).unwrap().iter().all(|w| *w == 1.0));
        let feeds = feed![x => [[1.0, 2.0], [3.0, 4.0]], labels => [0, 2]];
        sess.run(train, feeds).unwrap();
        assert!(sess.value(w).unwrap().iter().any(|w| *w != 1.0));
    }
}
