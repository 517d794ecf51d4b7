//! Batch normalisation and layer normalisation.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use aqueduct::prelude::*;
use aqueduct::{Feeds, Keys, Minimize, Value};
use aqueduct_tests::{Modes, Reference, Tolerance, compare, initialized, report};
use ndarray::{ArrayD, arr1, arr2};

const STEPS: usize = 4;

/// A network of one layer, that is trained to make `sum(y * cotangent)` smaller.
struct Network<'g> {
    x: Tensor<'g, f32>,
    flag: Option<Tensor<'g, bool>>,
    /// While training, and otherwise.
    results: [Tensor<'g, f32>; 2],
    losses: [Tensor<'g, f32>; 2],
    step: Operation<'g>,
}

/// The layer of a case, and its axis.
fn layer(case: &str) -> (BatchNormalization<'static>, usize) {
    let layer = BatchNormalization::new();
    match case {
        "rank2" => (layer, 1),
        "rank2_plain" => (layer.center(false).scale(false).epsilon(0.1), 1),
        "rank3_axis1" => (layer.axis(1).momentum(0.9), 1),
        "rank4_fused" => (layer.momentum(0.8), 3),
        "rank4_not_fused" => (layer.momentum(0.8).fused(false), 3),
        "rank4_axis2" => (layer.axis(2).momentum(0.8), 2),
        _ => panic!("{case} is not known"),
    }
}

/// One layer that is told in each run, or two with the same variables.
fn network(g: &'static Graph, reference: &Reference, case: &str, fed: bool) -> Network<'static> {
    let cotangent = reference.value(&format!("{case}|cot:0"));
    let (layer, axis) = layer(case);
    let sizes = cotangent.shape().to_vec();
    let dims = sizes.iter().enumerate();
    let dims = dims.map(|(place, size)| match place == axis {
        true => aqueduct::Dim::Known(*size),
        false => aqueduct::Dim::UNKNOWN,
    });
    let x = g.placeholder::<f32>("x", aqueduct::Shape::new(dims.collect()));
    let flag = fed.then(|| g.placeholder::<bool>("training", shape![]));
    let results = match flag {
        Some(flag) => [layer.training(flag).apply(x); 2],
        None => {
            let training = layer.clone().name("bn").training(true).apply(x);
            [training, layer.name("bn").reuse(Reuse::Yes).apply(x)]
        }
    };
    let weights = g.constant_value(cotangent.clone(), "cot").typed::<f32>();
    let losses = results.map(|y| (y * weights).reduce_sum(..));
    let mut steps = g.update_ops();
    if !g.trainable_variables().is_empty() {
        steps.push(GradientDescentOptimizer::new(0.1).minimize(losses[0]));
    }
    Network {
        x,
        flag,
        results,
        losses,
        step: g.group(steps),
    }
}

impl Network<'_> {
    fn feeds(&self, x: &Value, training: bool) -> Feeds<'_> {
        let mut feeds = Feeds::new();
        feeds.add_any(self.x.any(), x.clone());
        if let Some(flag) = self.flag {
            feeds.add_any(flag.any(), Value::scalar(training));
        }
        feeds
    }
}

#[test]
fn training_and_testing_are_tensorflows() {
    let reference = Reference::open("batch_normalization.npz");
    let mut results = Vec::new();
    for case in reference.cases() {
        for fed in [true, false] {
            let result = check_case(&reference, case, fed);
            results.push(result.map_err(|why| format!("{case}, fed: {fed}: {why}")));
        }
    }
    report(results);
}

fn check_case(reference: &Reference, case: &str, fed: bool) -> Result<(), String> {
    let g = Graph::new().leak();
    let network = network(g, reference, case, fed);
    g.check().map_err(|mistakes| mistakes.to_string())?;
    let variables = g.global_variables();
    let trained = g.trainable_variables();
    let sources: Vec<AnyTensor<'_>> = trained.iter().map(|v| v.value()).collect();
    let sources = [vec![network.x.any()], sources].concat();
    let slopes = network.losses.map(|loss| {
        let slopes = gradients(loss, sources.clone());
        slopes
            .iter()
            .map(|slope| slope.dense().unwrap())
            .collect::<Vec<_>>()
    });
    let short = |name: String| name.rsplit('/').next().unwrap().to_owned();
    let names = trained.iter().map(|v| short(v.name()));
    let names: Vec<String> = std::iter::once("x".to_owned()).chain(names).collect();

    let modes = Modes::new(g, []).initialized();
    let same = |value: &Value, key: &str| {
        let expected = reference.value(&format!("{case}|{key}"));
        let tolerance = Tolerance {
            relative: 2e-5,
            absolute: 5e-6,
        };
        compare(value, expected, tolerance).map_err(|why| format!("{key} {why}"))
    };
    for step in 0..STEPS {
        let x = reference.value(&format!("{case}|in:{step}"));
        let y =
            modes.run(|sess| sess.run(vec![network.results[0].any()], network.feeds(x, true)))?;
        same(&y[0], &format!("y:{step}"))?;
        modes.run(|sess| sess.run(network.step, network.feeds(x, true)))?;
        for variable in &variables {
            let value = modes.run(|sess| sess.any_value(*variable).map(|value| vec![value]))?;
            same(&value[0], &format!("{}:{step}", short(variable.name())))?;
        }
    }
    let x = reference.value(&format!("{case}|in:0"));
    let y = modes.run(|sess| sess.run(vec![network.results[1].any()], network.feeds(x, false)))?;
    same(&y[0], "test")?;
    for (slopes, (mode, training)) in slopes.iter().zip([("train", true), ("test", false)]) {
        let found = modes.run(|sess| sess.run(slopes.clone(), network.feeds(x, training)))?;
        for (slope, name) in found.iter().zip(&names) {
            same(slope, &format!("{mode}_grad:{name}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_run_that_is_not_training_leaves_the_averages_alone() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let training = g.placeholder_with_default("training", false, shape![]);
    let y = BatchNormalization::new()
        .training(training)
        .momentum(0.5)
        .apply(x);
    g.check().unwrap();
    let sess = initialized(&g);
    let mean = g.global_variables()[2].typed::<f32>();
    let updates = || g.update_ops();
    // Statistics of these would be NaN, and stay so.
    sess.run(updates(), feed![x => [[f32::NAN, 1.0]]]).unwrap();
    assert_eq!(sess.value(mean).unwrap(), arr1(&[0.0, 0.0]).into_dyn());
    let value = sess.run(y, feed![x => [[2.0, 1.0]]]).unwrap();
    let root = 1.001_f32.sqrt();
    assert!((value[[0, 0]] - 2.0 / root).abs() < 1e-6);

    let batch = [[2.0, 1.0], [4.0, 3.0]];
    sess.run(updates(), feed![x => batch, training => true])
        .unwrap();
    assert_eq!(sess.value(mean).unwrap(), arr1(&[1.5, 1.0]).into_dyn());
}

#[test]
fn one_operation_trains_and_updates() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let y = BatchNormalization::new().training(true).apply(x);
    let loss = (y - 1.0).square().reduce_mean(..);
    let train = g.control_dependencies(g.update_ops(), || {
        GradientDescentOptimizer::new(0.5).minimize_with(loss, Minimize::new())
    });
    let sess = initialized(&g);
    let batch = [[1.0, 0.0], [3.0, 4.0]];
    let before = sess.run(loss.scalar(), feed![x => batch]).unwrap();
    sess.run(train, feed![x => batch]).unwrap();
    assert!(sess.run(loss.scalar(), feed![x => batch]).unwrap() < before);
    let mean = g.global_variables()[2].typed::<f32>();
    let moved = sess.value(mean).unwrap();
    assert!((moved[0] - 0.02).abs() < 1e-6, "{moved}");
}

#[test]
fn variables_are_named_made_and_shared_as_tensorflows() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 3]);
    let first = BatchNormalization::new().apply(x);
    let _second = BatchNormalization::new().trainable(false).apply(first);
    let again = BatchNormalization::new()
        .name("batch_normalization")
        .reuse(Reuse::Yes);
    let _third = again.apply(x);
    let names: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
    let of = |scope: &str| {
        let names = ["gamma", "beta", "moving_mean", "moving_variance"];
        names.map(|name| format!("{scope}/{name}"))
    };
    assert_eq!(
        names,
        [of("batch_normalization"), of("batch_normalization_1")].concat()
    );
    assert_eq!(g.trainable_variables().len(), 2);
    // Without training there is nothing to be updated.
    assert!(g.collection(Keys::UPDATE_OPS).is_empty());
    assert_eq!(first.name(), "batch_normalization/batchnorm/add_1:0");
    g.check().unwrap();
}

#[test]
fn a_loop_normalises_by_averages_and_cannot_move_them() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![5, ?, 2]);
    let y = g.map_fn(x, |x| BatchNormalization::new().apply(x));
    g.check().unwrap();
    let sess = initialized(&g);
    let value = sess
        .run(y, feed![x => ArrayD::<f32>::ones(vec![5, 1, 2])])
        .unwrap();
    assert!(
        value
            .iter()
            .all(|y| (y - 1.0 / 1.001_f32.sqrt()).abs() < 1e-6)
    );

    let _wrong = g.map_fn(x, |x| BatchNormalization::new().training(true).apply(x));
    let report = g.check().unwrap_err().to_string();
    assert!(
        report.contains("it cannot train in the body of a loop or branch"),
        "{report}"
    );
    assert_eq!(g.check().unwrap_err().0.len(), 1);
}

#[test]
fn what_a_layer_cannot_normalise_is_a_mistake() {
    type Make = fn(&Graph);
    let cases: [(Make, &str); 6] = [
        (
            |g| {
                let x = g.placeholder::<f32>("x", shape![4, ?]);
                BatchNormalization::new().apply(x);
            },
            "axis 1 of x, of shape [4, ?], has an unknown size",
        ),
        (
            |g| {
                BatchNormalization::new()
                    .axis(2)
                    .apply(g.ones::<f32>([2, 3]));
            },
            "axis 2",
        ),
        (
            |g| {
                let x = g.ones::<f32>([2, 3]);
                BatchNormalization::new().momentum(1.5).apply(x);
            },
            "momentum is 1.5 but must be in 0..=1",
        ),
        (
            |g| {
                let x = g.ones::<f32>([2, 3]);
                BatchNormalization::new()
                    .training(g.constant([true]))
                    .apply(x);
            },
            "[1]",
        ),
        (
            |g| {
                LayerNorm::new().apply(g.ones::<f32>([3]));
            },
            "axis 1",
        ),
        (
            |g| {
                LayerNorm::new().apply(g.placeholder::<f32>("x", shape![4, ?]));
            },
            "x has shape [4, ?], of which the sizes from axis 1 on must be known",
        ),
    ];
    for (make, message) in cases {
        let g = Graph::new();
        make(&g);
        let mistakes = g.check().unwrap_err();
        assert_eq!(mistakes.0.len(), 1, "{mistakes}");
        assert!(mistakes.to_string().contains(message), "{mistakes}");
    }
}

#[test]
fn layer_norm_is_tensorflows() {
    let reference = Reference::open("layer_norm.npz");
    let mut results = Vec::new();
    let layer = || LayerNorm::<f32>::new();
    for case in reference.cases() {
        let layer = match case {
            "rank2" | "rank3_all" => layer(),
            "rank3_last" => layer().begin_norm_axis(-1),
            "rank3_parameters" => layer().begin_params_axis(1),
            _ => panic!("{case} is not known"),
        };
        let result = check_layer_norm(&reference, case, layer);
        results.push(result.map_err(|why| format!("{case}: {why}")));
    }
    report(results);
}

fn check_layer_norm(
    reference: &Reference,
    case: &str,
    layer: LayerNorm<'_, 'static, f32>,
) -> Result<(), String> {
    let g = Graph::new().leak();
    let given = reference.series(case, "in");
    let x = g.placeholder::<f32>("x", given[0].shape());
    let y = layer.apply(x);
    let names: Vec<String> = g.trainable_variables().iter().map(|v| v.name()).collect();
    assert_eq!(names, ["LayerNorm/beta", "LayerNorm/gamma"]);
    let cotangent = reference.value(&format!("{case}|cot:0")).clone();
    let weights = g.constant_value(cotangent, "cot");
    let sources = [
        vec![x.any()],
        g.trainable_variables().iter().map(|v| v.value()).collect(),
    ];
    let slopes = Gradients::of(y)
        .wrt(sources.concat())
        .grad_ys([weights])
        .build();
    let slopes = slopes.iter().map(|slope| slope.dense().unwrap());
    let fetches: Vec<AnyTensor<'_>> = std::iter::once(y.any()).chain(slopes).collect();
    let modes = Modes::new(g, []);
    let found = modes.run(|sess| {
        for (variable, value) in g.trainable_variables().into_iter().zip(&given[1..]) {
            sess.load_value(variable, (*value).clone())?;
        }
        let mut feeds = Feeds::new();
        feeds.add_any(x.any(), given[0].clone());
        sess.run(fetches.clone(), feeds)
    })?;
    let expected = reference
        .series(case, "out")
        .into_iter()
        .chain(reference.series(case, "grad"));
    for (place, (value, expected)) in found.iter().zip(expected).enumerate() {
        compare(value, expected, Tolerance::REFERENCE).map_err(|why| format!("{place}: {why}"))?;
    }
    Ok(())
}

#[test]
fn a_layer_without_variables_and_with_an_activation() {
    let g = Graph::new();
    let x = g.constant([[1.0_f32, 3.0], [-1000.0, 1000.0]]);
    let layer = LayerNorm::new()
        .center(false)
        .scale(false)
        .activation(Tensor::relu);
    let y = layer.apply(x);
    assert!(g.global_variables().is_empty());
    let value = Session::new(&g).run(y, feed![]).unwrap();
    assert_eq!(value, arr2(&[[0.0, 1.0], [0.0, 1.0]]).into_dyn());
}

#[test]
fn a_large_mean_costs_no_digits() {
    let g = Graph::new();
    let x = g.constant([[1e6_f32, 1e6 + 1.0, 1e6 + 5.0]]);
    let y = LayerNorm::new().apply(x);
    let value = initialized(&g).run(y, feed![]).unwrap();
    let root = (14.0_f32 / 3.0).sqrt();
    for (y, distance) in value.iter().zip([-2.0, -1.0, 3.0]) {
        assert!((y - distance / root).abs() < 1e-6, "{value}");
    }
}

#[test]
fn rows_without_variance_become_the_offset() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let y = LayerNorm::new().apply(x);
    let slope = gradient(y.square(), x);
    let sess = initialized(&g);
    let beta = g.global_variables()[0].typed::<f32>();
    sess.load(beta, [1.0, 2.0, 3.0]).unwrap();
    let (y, slope) = sess.run((y, slope), feed![x => [[5.0, 5.0, 5.0]]]).unwrap();
    assert_eq!(y, arr2(&[[1.0, 2.0, 3.0]]).into_dyn());
    assert!(slope.iter().all(|slope| slope.is_finite()), "{slope}");
}
