//! Layers for images and sequences: convolutions, pooling, dropout while training.

use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::{Array4, arr2};

#[test]
fn variables_of_layers_are_named_and_shared_as_tensorflows() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 8, 8, 3]);
    let signal = g.placeholder::<f32>("signal", shape![?, 9, 2]);
    let _ = (
        Conv2d::new(4, [3, 2]).apply(x),
        Conv2d::new(4, 1).use_bias(false).apply(x),
        Conv1d::new(5, 3).apply(signal),
    );
    let first = Conv2d::new(2, 3).name("mine").apply(x);
    let again = Conv2d::new(2, 3).name("mine").reuse(Reuse::Yes).apply(x);
    let names: Vec<String> = g
        .trainable_variables()
        .iter()
        .map(|v| format!("{} {}", v.name(), v.shape()))
        .collect();
    assert_eq!(
        names,
        [
            "conv2d/kernel [3, 2, 3, 4]",
            "conv2d/bias [4]",
            "conv2d_1/kernel [1, 1, 3, 4]",
            "conv1d/kernel [3, 2, 5]",
            "conv1d/bias [5]",
            "mine/kernel [3, 3, 3, 2]",
            "mine/bias [2]",
        ]
    );
    let sess = initialized(&g);
    let images = Array4::from_shape_fn((1, 8, 8, 3), |(_, i, j, k)| (i * 7 + j * 3 + k) as f32);
    let (first, again) = sess.run((first, again), feed![x => images]).unwrap();
    assert_eq!(first, again);
    assert!(first.iter().any(|value| *value != 0.0));
}

#[test]
fn a_layer_is_its_operations() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 6, 7, 2]);
    let y = Conv2d::new(3, [2, 3])
        .strides([2, 1])
        .padding(Padding::Same)
        .bias_initializer(ones_initializer())
        .activation(Tensor::relu)
        .apply(x);
    let dilated = Conv2d::new(3, 2).dilations(2).name("dilated").apply(x);
    assert_eq!(dilated.shape().to_string(), "[?, 4, 5, 3]");
    let kernel = g.trainable_variables()[0].typed::<f64>();
    let same = (x.conv2d(kernel, [2, 1], Padding::Same) + 1.0).relu();
    let pooled = MaxPooling2d::new([2, 1], 2).apply(y) - y.max_pool2d([2, 1], 2, Padding::Valid);
    let sess = initialized(&g);
    let images = Array4::from_shape_fn((2, 6, 7, 2), |(n, i, j, k)| {
        ((n * 31 + i * 7 + j * 3 + k) as f64).sin()
    });
    let fetches = (y - same, pooled);
    let (difference, pooled) = sess.run(fetches, feed![x => images]).unwrap();
    assert!(difference.iter().chain(&pooled).all(|value| *value == 0.0));
}

#[test]
fn what_layers_refuse() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 8, 8, ?]);
    let _ = (
        Conv2d::new(0, 3).apply(x),
        Conv2d::new(2, 3).apply(x),
        Conv1d::new(2, 3).name("sequence").apply(x),
        Dropout::new(1.0).apply(x),
    );
    let mistakes = g.check().unwrap_err().0;
    let messages: Vec<&str> = mistakes.iter().map(|mistake| &*mistake.message).collect();
    assert_eq!(
        messages,
        [
            "filters is 0 but must be at least 1",
            "the last axis of x, of shape [?, 8, 8, ?], has an unknown size",
            "x has shape [?, 8, 8, ?] but 3 axes are needed: [batch, width, channels]",
            "rate is 1 but must be in [0, 1)",
        ]
    );
    assert!(g.trainable_variables().is_empty());
}

#[test]
fn flatten_keeps_the_batch() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let vector = g.placeholder::<f32>("vector", shape![?]);
    assert_eq!(vector.flatten().shape().to_string(), "[?, 1]");
    let sess = Session::new(&g);
    let flat = sess.run(
        x.flatten(),
        feed![x => ndarray::Array3::<f32>::ones((3, 4, 2))],
    );
    assert_eq!(flat.unwrap().shape(), [3, 8]);
    let flat = sess.run(
        x.flatten(),
        feed![x => ndarray::Array3::<f32>::ones((0, 4, 2))],
    );
    assert_eq!(flat.unwrap().shape(), [0, 8]);
}

#[test]
fn dropout_drops_only_while_training() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = g.ones::<f32>([20, 50]);
    let training = g.placeholder_with_default("training", false, shape![]);
    let y = Dropout::new(0.25).training(training).apply(x);
    let sess = Session::new(&g);
    let draw = |sess: &Session| sess.run(y, feed![training => true]).unwrap();
    assert!(
        sess.run(y, feed![])
            .unwrap()
            .iter()
            .all(|value| *value == 1.0)
    );
    let first = draw(&sess);
    let kept = first.iter().filter(|value| **value != 0.0).count();
    assert!((650..850).contains(&kept), "{kept}");
    assert!(
        first
            .iter()
            .all(|value| *value == 0.0 || (*value - 4.0 / 3.0).abs() < 1e-6)
    );
    // A look in between changes no draw.
    let other = Session::new(&g);
    assert_eq!(draw(&other), first);
    sess.run(y, feed![]).unwrap();
    assert_eq!(draw(&sess), draw(&other));
    let off = Dropout::new(0.5).apply(g.constant(arr2(&[[1.0_f32]])));
    assert_eq!(sess.run(off, feed![]).unwrap(), arr2(&[[1.0]]).into_dyn());
}

#[test]
fn a_stride_beyond_the_image_leaves_one_place() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, ?, 4]);
    let filter = g.ones::<f32>([3, 3, 4, 2]);
    let sess = Session::new(&g);
    for stride in [1 << 40, 1 << 62, usize::MAX] {
        for padding in [Padding::Valid, Padding::Same] {
            let y = x.conv2d(filter, stride, padding);
            let slope = gradients(y.reduce_sum(..), x)[0]
                .dense()
                .unwrap()
                .typed::<f32>();
            let (y, slope) = sess
                .run((y, slope), feed![x => Array4::ones((2, 7, 7, 4))])
                .unwrap();
            assert_eq!(y.shape(), [2, 1, 1, 2]);
            assert!(y.iter().all(|y| *y == 36.0));
            assert_eq!(slope.sum(), 2.0 * 72.0);
        }
    }
}
