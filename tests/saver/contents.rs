//! What is saved is restored: elements, slots, steps, random streams; under other names, in part.

use aqueduct::ir::Data;
use aqueduct::prelude::*;
use aqueduct::{Element, TensorInfo, Value, list_variables, load_variable};
use ndarray::{ArrayD, IxDyn, arr2};
use tempfile::tempdir;

use crate::session;

/// Shapes of ranks 0 to 4, some without elements.
const SHAPES: [&[usize]; 9] = [
    &[],
    &[3],
    &[0],
    &[2, 3],
    &[3, 0],
    &[1, 2, 3],
    &[2, 0, 2],
    &[2, 1, 3, 2],
    &[0, 0, 0, 0],
];

fn add_variables<T: Element>(g: &Graph, elements: &[T]) {
    for (place, shape) in SHAPES.iter().enumerate() {
        let count = shape.iter().product();
        let values = elements
            .iter()
            .copied()
            .cycle()
            .skip(place)
            .take(count)
            .collect();
        let array = ArrayD::from_shape_vec(IxDyn(shape), values).unwrap();
        g.variable(&format!("{}/{place}", T::DTYPE), array);
    }
}

fn bits(value: &Value) -> Vec<u64> {
    match value.data() {
        Data::F32(values) => values.iter().map(|value| value.to_bits().into()).collect(),
        Data::F64(values) => values.iter().map(|value| value.to_bits()).collect(),
        Data::I32(values) => values.iter().map(|value| *value as u64).collect(),
        Data::I64(values) => values.iter().map(|value| *value as u64).collect(),
        Data::U8(values) => values.iter().map(|value| (*value).into()).collect(),
        Data::Bool(values) => values.iter().map(|value| (*value).into()).collect(),
    }
}

#[test]
fn every_type_and_rank_comes_back_bit_by_bit() {
    let g = Graph::new();
    let signalling = f32::from_bits(0x7f80_0001);
    add_variables(&g, &[signalling, -0.0, f32::NEG_INFINITY, 1e-45, f32::MAX]);
    add_variables(&g, &[f64::NAN, -0.0, f64::INFINITY, 5e-324, f64::MIN]);
    add_variables(&g, &[i32::MIN, -1, 0, i32::MAX]);
    add_variables(&g, &[i64::MIN, -1, 0, i64::MAX]);
    add_variables(&g, &[0_u8, 255, 128, 1]);
    add_variables(&g, &[true, false, false]);
    // More than what is encoded at a time, and no multiple of it.
    g.variable::<f64>("large", random_normal([300, 333]));
    let sess = session(&g);
    let dir = tempdir().unwrap();
    let path = Saver::new(&g).save(&sess, dir.path().join("m")).unwrap();

    let later = Session::new(&g);
    Saver::new(&g).restore(&later, &path).unwrap();
    for variable in g.global_variables() {
        let (saved, restored) = (sess.any_value(variable), later.any_value(variable));
        let (saved, restored) = (saved.unwrap(), restored.unwrap());
        assert_eq!(saved.shape(), restored.shape());
        assert_eq!(saved.dtype(), restored.dtype());
        assert_eq!(bits(&saved), bits(&restored), "{variable}");
        let loaded = load_variable(&path, &variable.name()).unwrap();
        assert_eq!(bits(&loaded), bits(&saved));
    }
    let listed = list_variables(&path).unwrap();
    assert_eq!(listed.len(), g.global_variables().len());
    assert!(listed.is_sorted_by(|one, other| one.name < other.name));
    let expected = TensorInfo {
        name: "u8/7".to_owned(),
        dtype: DType::U8,
        shape: vec![2, 1, 3, 2],
    };
    assert!(listed.contains(&expected));
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    let dir = tempdir().unwrap();
    let build = |reverse: bool| {
        let g = Graph::new();
        let mut names = ["b", "a", "c"];
        if reverse {
            names.reverse();
        }
        for name in names {
            g.variable(name, [1.0_f32, 2.0]);
        }
        let path = dir.path().join(format!("{reverse}"));
        Saver::new(&g).save(&session(&g), &path).unwrap();
        std::fs::read(path.with_extension("aqueduct")).unwrap()
    };
    assert_eq!(build(false), build(true));
}

/// A model that is trained with Adam, dropout of a kind, and a step counter.
struct Model<'g> {
    x: Tensor<'g, f32>,
    y: Tensor<'g, f32>,
    train: Operation<'g>,
    step: Variable<'g, i64>,
}

impl<'g> Model<'g> {
    fn new(g: &'g Graph) -> Model<'g> {
        g.set_random_seed(11);
        let x = g.placeholder::<f32>("x", shape![?, 3]);
        let w = g.get_variable::<f32>("w", [3, 2]);
        let b = g.get_variable_with::<f32>("b", [2], zeros_initializer());
        let y = x.matmul(w) + b;
        let noise = random_normal([2]).tensor::<f32>(g);
        let cost = (y + noise).square().reduce_mean(..);
        let step = get_or_create_global_step(g);
        let options = Minimize::new().global_step(step);
        let train = AdamOptimizer::new(0.05).minimize_with(cost, options);
        Model { x, y, train, step }
    }

    fn train(&self, sess: &Session, steps: usize) {
        let xs = arr2(&[[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]);
        for _ in 0..steps {
            sess.run(self.train, feed![self.x => &xs]).unwrap();
        }
    }

    fn predict(&self, sess: &Session) -> ArrayD<f32> {
        sess.run(self.y, feed![self.x => [[1.0, 2.0, 3.0]]])
            .unwrap()
    }
}

fn all_values(g: &Graph, sess: &Session) -> Vec<Value> {
    let variables = g.global_variables().into_iter();
    variables
        .map(|variable| sess.any_value(variable).unwrap())
        .collect()
}

#[test]
fn a_training_goes_on_as_if_it_had_not_stopped() {
    let dir = tempdir().unwrap();
    let g = Graph::new();
    let model = Model::new(&g);
    let sess = session(&g);
    model.train(&sess, 7);
    let path = Saver::new(&g)
        .save_step(&sess, dir.path().join("model"), model.step)
        .unwrap();
    assert!(path.ends_with("model-7"));
    let predicted = model.predict(&sess);
    model.train(&sess, 5);

    let names: Vec<String> = list_variables(&path)
        .unwrap()
        .into_iter()
        .map(|info| info.name)
        .collect();
    let expected = [
        "b",
        "b/Adam",
        "b/Adam_1",
        "beta1_power",
        "beta2_power",
        "global_step",
        "w",
        "w/Adam",
        "w/Adam_1",
    ];
    assert_eq!(names, expected);

    let again = Graph::new();
    let model_again = Model::new(&again);
    // Initialising draws random numbers; restoring takes the streams to where they were.
    for later in [Session::new(&again), session(&again)] {
        Saver::new(&again).restore(&later, &path).unwrap();
        assert_eq!(model_again.predict(&later), predicted);
        assert_eq!(later.run(model_again.step.scalar(), feed![]).unwrap(), 7);
        model_again.train(&later, 5);
        assert_eq!(all_values(&again, &later), all_values(&g, &sess));
    }
}

#[test]
fn random_streams_go_on_where_they_were() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("m");
    let build = |g: &Graph, seed| {
        g.set_random_seed(seed);
        g.variable("v", 0_i32);
    };
    let g = Graph::new();
    build(&g, 1);
    let seeded = random_uniform([3], 0.0, 1.0)
        .seed(5)
        .tensor::<f32>(&g)
        .named("seeded");
    let not_drawn = random_normal([3])
        .seed(6)
        .tensor::<f32>(&g)
        .named("not_drawn");
    let xs = g.constant([0.0_f32, 0.0]);
    let (_, in_loop) = g.scan((), xs, |(), x| {
        (
            (),
            x + random_uniform([0_i32; 0], 0.0, 1.0)
                .seed(7)
                .tensor::<f32>(&g),
        )
    });
    let sess = session(&g);
    let draw = |sess: &Session| sess.run((seeded, in_loop), feed![]).unwrap();
    let first = draw(&sess);
    Saver::new(&g).save(&sess, &path).unwrap();
    let second = draw(&sess);
    assert_ne!(first, second);
    let start = sess.run(not_drawn, feed![]).unwrap();
    let third = draw(&sess);

    // Into the same session, and into another one.
    for sess in [&sess, &session(&g)] {
        Saver::new(&g).restore(sess, &path).unwrap();
        assert_eq!(draw(sess), second);
        assert_eq!(draw(sess), third);
        // What had not drawn at the time goes back to its start.
        assert_eq!(sess.run(not_drawn, feed![]).unwrap(), start);
    }
    // A saver that does not keep them leaves them alone.
    Saver::new(&g)
        .random_streams(false)
        .restore(&sess, &path)
        .unwrap();
    assert_ne!(draw(&sess), second);
    Saver::new(&g)
        .random_streams(false)
        .save(&sess, &path)
        .unwrap();
    let fresh = session(&g);
    Saver::new(&g).restore(&fresh, &path).unwrap();
    assert_eq!(draw(&fresh), first);
}

#[test]
fn random_streams_of_other_names_or_seeds_are_ignored() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("m");
    let build = |g: &Graph, name: &str, seed: u64| {
        g.variable("v", 0_i32);
        let draw = || random_uniform([4], 0.0, 1.0).seed(seed).tensor::<f32>(g);
        let drawn = g.name_scope(name, draw);
        let sess = session(g);
        let value = sess.run(drawn, feed![]).unwrap();
        (sess, value, drawn.id())
    };
    let g = Graph::new();
    let (sess, ..) = build(&g, "draw", 1);
    Saver::new(&g).save(&sess, &path).unwrap();
    for (name, seed, moves) in [("draw", 1, true), ("other", 1, false), ("draw", 2, false)] {
        let other = Graph::new();
        let (_, first, id) = build(&other, name, seed);
        let drawn = AnyTensor::new(&other, id).typed::<f32>();
        let later = Session::new(&other);
        Saver::new(&other).restore(&later, &path).unwrap();
        let next = later.run(drawn, feed![]).unwrap();
        assert_eq!(next != first, moves, "{name} {seed}");
    }
}

#[test]
fn a_stream_of_the_operating_systems_seeds_goes_on_too() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("m");
    let g = Graph::new();
    g.variable("v", 0_i32);
    let drawn = random_normal([4]).tensor::<f32>(&g);
    let sess = session(&g);
    sess.run(drawn, feed![]).unwrap();
    Saver::new(&g).save(&sess, &path).unwrap();
    let next = sess.run(drawn, feed![]).unwrap();
    let later = Session::new(&g);
    assert_ne!(later.run(drawn, feed![]).unwrap(), next);
    Saver::new(&g).restore(&later, &path).unwrap();
    assert_eq!(later.run(drawn, feed![]).unwrap(), next);
}

#[test]
fn variables_under_other_names() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("m");
    let old = Graph::new();
    let kernel = old.variable("net/kernel", [1.0_f32, 2.0]);
    let bias = old.variable("net/bias", 3.0_f32);
    let sess = session(&old);
    let saver = Saver::of([kernel]).rename("offset", bias);
    saver.save(&sess, &path).unwrap();
    let names = || -> Vec<String> {
        let listed = list_variables(&path).unwrap();
        listed.iter().map(TensorInfo::to_string).collect()
    };
    assert_eq!(names(), ["net/kernel f32[2]", "offset f32[]"]);
    Saver::new(&old).save(&sess, &path).unwrap();
    assert_eq!(names(), ["net/bias f32[]", "net/kernel f32[2]"]);

    let new = Graph::new();
    let w = new.variable("layer/kernel", [0.0_f32, 0.0]);
    let b = new.variable("layer/bias", 0.0_f32);
    let savers = [
        Saver::named([("net/kernel", w.any()), ("net/bias", b.any())]),
        Saver::new(&new)
            .rename("net/kernel", w)
            .rename("net/bias", b),
        Saver::new(&new).rename_each(|name| name.replace("layer/", "net/")),
    ];
    for saver in savers {
        let sess = Session::new(&new);
        saver.restore(&sess, &path).unwrap();
        assert_eq!(sess.value(w).unwrap().as_slice(), Some(&[1.0, 2.0][..]));
        assert_eq!(sess.run(b.scalar(), feed![]).unwrap(), 3.0);
    }
}

#[test]
fn the_list_is_of_the_moment_the_saver_is_made() {
    let dir = tempdir().unwrap();
    let g = Graph::new();
    let first = g.variable("first", 1.0_f32);
    let saver = Saver::new(&g);
    let second = g.variable("second", 2.0_f32);
    g.finalize();
    let sess = Session::new(&g);
    sess.run(first.initializer(), feed![]).unwrap();
    let path = saver.save(&sess, dir.path().join("m")).unwrap();
    assert_eq!(list_variables(&path).unwrap().len(), 1);
    sess.run(second.initializer(), feed![]).unwrap();
    sess.load(first, 5.0).unwrap();
    saver.restore(&sess, &path).unwrap();
    let values = sess
        .run((first.scalar(), second.scalar()), feed![])
        .unwrap();
    assert_eq!(values, (1.0, 2.0));
}

#[test]
fn what_fits_of_another_model() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("m");
    let g = Graph::new();
    g.variable("body", [1.0_f32, 2.0]);
    g.variable("head", [3.0_f32, 4.0]);
    g.variable("type", 5_i32);
    g.variable("unused", 6.0_f32);
    Saver::new(&g).save(&session(&g), &path).unwrap();

    let other = Graph::new();
    let body = other.variable("body", [0.0_f32; 2]);
    let head = other.variable("head", [0.0_f32; 3]);
    let kind = other.variable("type", 0_i64);
    let absent = other.variable("absent", 0.5_f32);
    let saver = Saver::new(&other);
    let comparison = saver.compare(&path).unwrap();
    let sess = Session::new(&other);
    assert_eq!(saver.restore_matching(&sess, &path).unwrap(), comparison);
    assert_eq!(sess.value(body).unwrap().as_slice(), Some(&[1.0, 2.0][..]));
    for variable in [head.any(), kind.any(), absent.any()] {
        let is_initialized = variable.is_initialized().scalar();
        assert!(!sess.run(is_initialized, feed![]).unwrap());
    }
    assert!(!comparison.is_complete());
    let names: Vec<&str> = comparison.matching.iter().map(|info| &*info.name).collect();
    assert_eq!(names, ["body"]);
    assert_eq!(comparison.missing[0].tensor.name, "absent");
    let different: Vec<&str> = comparison
        .different
        .iter()
        .map(|one| &*one.found.name)
        .collect();
    assert_eq!(different, ["head", "type"]);
    assert_eq!(comparison.extra[0].to_string(), "unused f32[]");
    let part = Saver::of([body]).compare(&path).unwrap();
    assert!(part.is_complete() && !part.is_exact());
    Saver::of([body]).restore(&sess, &path).unwrap();
}
