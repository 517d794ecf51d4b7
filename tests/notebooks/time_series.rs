//! Notebook 002: a time series.

use aqueduct::Philox;
use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use example::{Model, TimeSeriesData, mse, predict, train, train_instance};
use ndarray::{Axis, s};

#[path = "../../examples/time_series.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod example;

fn ts_data() -> TimeSeriesData {
    TimeSeriesData::new(250, 0.0, 10.0)
}

#[test]
fn the_training_instance_is_the_notebooks() {
    let times = train_instance(&ts_data());
    let printed = [5.0, 5.041_333_33, 5.082_666_67, 5.124, 5.165_333_33];
    for (time, printed) in times.iter().zip(printed) {
        assert!((time - printed).abs() < 1e-8);
    }
    assert_eq!(times.len(), 31);
    assert!((times[30] - 6.24).abs() < 1e-12);
}

#[test]
fn a_batch_is_a_series_and_the_same_one_step_later() {
    let (x, y, times) = ts_data().next_batch(4, 30, &mut Philox::new(1, 0));
    assert_eq!(
        (x.dim(), y.dim(), times.dim()),
        ((4, 30, 1), (4, 30, 1), (4, 31))
    );
    assert_eq!(x.slice(s![.., 1.., ..]), y.slice(s![.., ..-1, ..]));
    let sines = TimeSeriesData::ret_true(times.row(2)).mapv(|y| y as f32);
    assert_eq!(x.slice(s![2, .., 0]), sines.slice(s![..-1]));
    assert!(times.iter().all(|&time| (0.0..=10.0).contains(&time)));
    let steps = &times.slice(s![.., 1..]) - &times.slice(s![.., ..-1]);
    assert!(steps.iter().all(|step| (step - 0.04).abs() < 1e-12));
    let starts = times.index_axis(Axis(1), 0);
    assert!(starts[0] != starts[1]);
}

#[test]
fn three_hundred_steps_teach_the_curve() {
    let g = Graph::new();
    let (model, sess) = seeded(&g);
    let losses = trained(&sess, &model, 300);
    assert_eq!(losses.len(), 3);
    assert!(losses[0] > 0.2, "{losses:?}");
    assert!(losses[2] < 0.03, "{losses:?}");
    let instance = train_instance(&ts_data());
    let mse = mse(&instance, &predict(&sess, &model, &instance).unwrap());
    assert!(mse < 0.03, "{mse}");
}

#[test]
fn another_session_that_restores_gives_the_same_bits() {
    let g = Graph::new();
    let (model, sess) = seeded(&g);
    trained(&sess, &model, 5);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rnn_time_series_codealong");
    model.saver.save(&sess, &path).unwrap();
    let restored = Session::new(&g);
    model.saver.restore(&restored, &path).unwrap();
    let bits = |sess: &Session| {
        let y_pred = predict(sess, &model, &train_instance(&ts_data())).unwrap();
        assert_eq!(y_pred.dim(), (1, 30, 1));
        y_pred.mapv(f32::to_bits)
    };
    assert_eq!(bits(&restored), bits(&sess));
}

fn seeded(g: &Graph) -> (Model<'_>, Session) {
    g.set_random_seed(0);
    let model = example::model(g);
    let sess = initialized(g);
    (model, sess)
}

/// Takes so many steps; gives the losses shown.
fn trained(sess: &Session, model: &Model<'_>, steps: usize) -> Vec<f32> {
    let mut losses = Vec::new();
    let show = |_, mse| losses.push(mse);
    train(
        sess,
        model,
        &ts_data(),
        &mut Philox::new(0, 0),
        0..steps,
        show,
    )
    .unwrap();
    losses
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let g = Graph::new();
    g.set_random_seed(0);
    let model = example::model(&g);
    super::check_training(&g, |sess| {
        let mut figures = trained(sess, &model, 4);
        figures.extend(predict(sess, &model, &train_instance(&ts_data()))?);
        Ok(figures)
    });
}
