//! Random ops and initializers against TensorFlow's numbers, to the bit.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use std::collections::BTreeSet;

use aqueduct::prelude::*;
use aqueduct::{
    FanMode, FanShape, Initializer, Value, identity_initializer, uniform_unit_scaling_initializer,
    variance_scaling,
};
use aqueduct_tests::{Reference, Tolerance, compare, report};

/// `count` numbers that the op of this name draws with this op seed.
fn draw<'g>(g: &'g Graph, op: &str, count: usize, seed: Option<u64>) -> AnyTensor<'g> {
    let recipe = match op {
        "RandomUniform" => random_uniform([count], 0.0, 1.0),
        "RandomStandardNormal" => random_normal([count]),
        "TruncatedNormal" => truncated_normal([count]),
        "RandomUniformInt[0,10)" => return g.random_int([count], 0_i32, 10_i32, seed).any(),
        "RandomShuffle(range10)" => {
            let rows: Vec<i32> = (0..10).collect();
            return g.constant(rows).random_shuffle(seed).any();
        }
        _ => panic!("no op {op}"),
    };
    let recipe = match seed {
        Some(seed) => recipe.seed(seed),
        None => recipe,
    };
    recipe.tensor::<f32>(g).any()
}

/// A pair of seeds as a key writes it. They are 64 bits, written with a sign.
fn seeds(text: &str) -> (u64, u64) {
    let (graph, op) = text.split_once(',').unwrap();
    let parse = |seed: &str| seed.parse::<i64>().unwrap().cast_unsigned();
    (parse(graph), parse(op))
}

#[track_caller]
fn equal(actual: &Value, expected: &Value) -> Result<(), String> {
    compare(actual, expected, Tolerance::EXACT)
}

/// The runs of a session, one after the other.
fn runs(g: &Graph, tensor: AnyTensor<'_>) -> impl FnMut() -> Value {
    let (sess, graph) = (Session::new(g), g.clone());
    let id = tensor.id();
    move || sess.run(AnyTensor::new(&graph, id), feed![]).unwrap()
}

#[test]
fn draws_are_tensorflows() {
    let reference = Reference::open("random_philox.npz");
    let stems: BTreeSet<&str> = reference
        .keys()
        .filter_map(|key| Some(key.rsplit_once('|')?.0))
        .collect();
    assert!(stems.len() > 20);
    report(stems.into_iter().map(|stem| {
        let (op, pair) = stem.split_once('|').unwrap();
        let (graph_seed, op_seed) = seeds(pair);
        let g = Graph::new();
        g.set_random_seed(graph_seed);
        let mut next = runs(&g, draw(&g, op, 13, Some(op_seed)));
        // A second run of the op goes on where the first ended.
        for run in ["run1", "run2"] {
            let value = next();
            if let Some(expected) = reference.get(&format!("{stem}|{run}")) {
                equal(&value, expected).map_err(|why| format!("{stem} {run}: {why}"))?;
            }
        }
        let Some(expected) = reference.get(&format!("{stem}|n2000_last13")) else {
            return Ok(());
        };
        let many = draw(&g, op, 2000, Some(op_seed)).typed::<f32>();
        let last = runs(&g, many.slice(-13..).any())();
        equal(&last, expected).map_err(|why| format!("{stem} of 2000: {why}"))
    }));
}

#[test]
fn initializers_are_tensorflows() {
    let of_name = |name: &str| -> Option<Initializer> {
        Some(match name {
            "glorot_uniform" => glorot_uniform(),
            "glorot_normal" => glorot_normal(),
            "truncated_normal" => truncated_normal_initializer(0.0, 1.0),
            "random_normal" => random_normal_initializer(0.0, 1.0),
            "random_uniform_m1_1" => random_uniform_initializer(-1.0, 1.0),
            "variance_scaling_default" => {
                variance_scaling(1.0, FanMode::In, FanShape::TruncatedNormal)
            }
            "uniform_unit_scaling" => uniform_unit_scaling_initializer(1.0),
            "orthogonal" => orthogonal_initializer(1.0),
            _ => return None,
        })
    };
    let reference = Reference::open("initializers_seed1_op14.npz");
    let here = |name: &&str| of_name(name).is_some();
    reference.check_all_named(reference.cases().into_iter().filter(here), []);
    report(reference.keys().map(|key| {
        let (name, sizes) = key.split_once('|').unwrap();
        let Some(initializer) = of_name(name) else {
            return Ok(());
        };
        let sizes: Vec<usize> = sizes.split('x').map(|size| size.parse().unwrap()).collect();
        let g = Graph::new();
        g.set_random_seed(1);
        let v = g.get_variable_with::<f32>("v", &sizes, initializer.seed(14));
        let sess = Session::new(&g);
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        let value = sess.any_value(v.any()).unwrap();
        // Another way to the same basis.
        let tolerance = if name == "orthogonal" {
            Tolerance::REFERENCE
        } else {
            Tolerance::EXACT
        };
        compare(&value, reference.value(key), tolerance).map_err(|why| format!("{key}: {why}"))
    }));
}

/// Where the graph's and the op's seeds come from: each case builds an op in a fresh graph, and
/// names the pair that it must draw by.
#[test]
fn seeds_follow_tensorflows_rules() {
    type Case = (&'static str, Option<u64>, Option<u64>, (u64, u64));
    let cases: [Case; 6] = [
        ("both", Some(1), Some(4), (1, 4)),
        ("the op's alone", None, Some(42), (87_654_321, 42)),
        ("the graph's alone", Some(1), None, (1, 0)),
        ("both zero", Some(0), Some(0), (0, (1 << 31) - 1)),
        ("graph zero, op unseeded", Some(0), None, (0, (1 << 31) - 1)),
        ("op zero alone", None, Some(0), (87_654_321, 0)),
    ];
    for (name, graph_seed, op_seed, (wanted_graph, wanted_op)) in cases {
        let g = Graph::new();
        if let Some(seed) = graph_seed {
            g.set_random_seed(seed);
        }
        let actual = runs(&g, draw(&g, "RandomUniform", 13, op_seed))();
        let wanted = Graph::new();
        wanted.set_random_seed(wanted_graph);
        let wanted = runs(&wanted, draw(&wanted, "RandomUniform", 13, Some(wanted_op)))();
        assert_eq!(actual, wanted, "{name}");
    }
    let reference = Reference::open("random_philox.npz");
    let g = Graph::new();
    let alone = runs(&g, draw(&g, "RandomUniform", 13, Some(42)))();
    assert_eq!(
        &alone,
        reference.value("RandomUniform|87654321,42|run1"),
        "the default graph seed is TensorFlow's own"
    );
}

#[test]
fn unseeded_ops_of_a_seeded_graph_count() {
    let g = Graph::new();
    g.set_random_seed(1);
    let ops = ["RandomUniform", "RandomStandardNormal", "RandomUniform"];
    let counted = ops.map(|op| draw(&g, op, 13, None));
    let seeded: Vec<AnyTensor<'_>> = ops
        .iter()
        .zip(0..)
        .map(|(op, seed)| draw(&g, op, 13, Some(seed)))
        .collect();
    let (counted, seeded) = Session::new(&g).run((counted, seeded), feed![]).unwrap();
    assert_eq!(counted.as_slice(), seeded);
    assert_ne!(counted[0], counted[2]);
}

#[test]
fn variables_made_without_seeds_count_too() {
    let g = Graph::new();
    g.set_random_seed(7);
    let first = g.get_variable::<f32>("first", [3, 2]);
    let second = g.variable::<f32>("second", random_normal([4]));
    let third = g.get_variable_with::<f32>("third", [3, 2], glorot_uniform().seed(1));
    let fourth = g.get_variable_with::<f32>("fourth", [3, 2], glorot_uniform().seed(0));
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    assert_eq!(sess.value(first).unwrap(), sess.value(fourth).unwrap());
    assert_ne!(sess.value(first).unwrap(), sess.value(third).unwrap());
    let by_hand = random_normal([4]).seed(1).tensor::<f32>(&g);
    assert_eq!(
        sess.value(second).unwrap(),
        sess.run(by_hand, feed![]).unwrap()
    );
}

#[test]
fn two_sessions_of_one_graph_start_alike() {
    let g = Graph::new();
    g.set_random_seed(3);
    let tensor = draw(&g, "TruncatedNormal", 5, None);
    let (mut first, mut second) = (runs(&g, tensor), runs(&g, tensor));
    let of_first = [first(), first(), first()];
    let of_second = [second(), second(), second()];
    assert_eq!(of_first, of_second);
    assert_ne!(of_first[0], of_first[1]);
}

#[test]
fn a_graph_without_a_seed_differs_from_session_to_session() {
    let g = Graph::new();
    let tensor = draw(&g, "RandomUniform", 8, None);
    assert_ne!(runs(&g, tensor)(), runs(&g, tensor)());
}

#[test]
fn initializing_again_draws_on() {
    let g = Graph::new();
    g.set_random_seed(3);
    let w = g.get_variable::<f32>("w", [4, 4]);
    let sess = Session::new(&g);
    let initialize = || {
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        sess.value(w).unwrap()
    };
    assert_ne!(initialize(), initialize());
}

#[test]
fn orthogonal_matrices_are_orthogonal_whatever_their_sizes() {
    let sizes: [&[usize]; 7] = [
        &[1, 1],
        &[96, 96],
        &[70, 33],
        &[33, 70],
        &[4, 5, 60],
        &[0, 3],
        &[3, 0],
    ];
    report(sizes.map(|sizes| {
        let g = Graph::new();
        g.set_random_seed(5);
        let (wide, narrow) = (
            sizes[..sizes.len() - 1].iter().product::<usize>(),
            sizes[sizes.len() - 1],
        );
        let w = g.get_variable_with::<f64>("w", sizes, orthogonal_initializer(2.0));
        let sess = Session::new(&g);
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        let w = sess
            .value(w)
            .unwrap()
            .into_shape_with_order((wide, narrow))
            .unwrap();
        let product = if wide < narrow {
            w.dot(&w.t())
        } else {
            w.t().dot(&w)
        };
        let expected = ndarray::Array2::from_diag_elem(wide.min(narrow), 4.0);
        let furthest = (product - expected).fold(0.0_f64, |far, x| far.max(x.abs()));
        (furthest < 1e-12)
            .then_some(())
            .ok_or(format!("{sizes:?}: {furthest}"))
    }));
}

#[test]
fn the_identity_is_what_it_says() {
    let g = Graph::new();
    let w = g.get_variable_with::<f32>("w", [2, 3], identity_initializer(0.5));
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let expected = ndarray::arr2(&[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]);
    assert_eq!(sess.value(w).unwrap(), expected.into_dyn());
}

#[test]
fn matrices_are_asked_for_where_only_they_can_be_made() {
    let wrong: [(&[usize], Initializer); 6] = [
        (&[4], orthogonal_initializer(1.0)),
        (&[], orthogonal_initializer(1.0)),
        (&[2, 2, 2], identity_initializer(1.0)),
        (&[usize::MAX, 2, 2], orthogonal_initializer(1.0)),
        (&[1 << 40, 2], orthogonal_initializer(1.0)),
        (&[2, 1 << 31], identity_initializer(1.0)),
    ];
    for (sizes, initializer) in wrong {
        let g = Graph::new();
        let _ = g.get_variable_with::<f32>("w", sizes, initializer);
        let mistakes = g.check().unwrap_err().to_string();
        assert!(
            mistakes.contains("initializer: it makes matrices whose sizes are known"),
            "{mistakes}"
        );
        assert!(mistakes.contains(file!()), "{mistakes}");
    }
}

#[test]
fn classes_are_drawn_as_often_as_their_probabilities_say() {
    const DRAWS: usize = 20_000;
    let g = Graph::new();
    g.set_random_seed(11);
    let rows = [
        [0.0_f32, 1.0, f32::NEG_INFINITY, -2.0],
        [3.0, 3.0, 3.0, 3.0],
    ];
    let logits = g.placeholder::<f32>("logits", shape![?, ?]);
    let drawn = logits.multinomial(DRAWS, Some(3));
    let sess = Session::new(&g);
    let (drawn, expected) = sess
        .run((drawn, logits.softmax()), feed![logits => rows])
        .unwrap();
    assert_eq!(drawn.shape(), [2, DRAWS]);
    for (drawn, expected) in drawn.outer_iter().zip(expected.outer_iter()) {
        for (class, expected) in expected.iter().enumerate() {
            let count = drawn.iter().filter(|drawn| **drawn == class as i64).count();
            let (found, expected) = (count as f64 / DRAWS as f64, f64::from(*expected));
            // Five deviations of such a frequency.
            let deviation = (expected * (1.0 - expected) / DRAWS as f64).sqrt();
            assert!(
                (found - expected).abs() <= 5.0 * deviation,
                "{class}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn classes_are_drawn_of_rows() {
    let g = Graph::new();
    let _ = g.zeros::<f32>([3]).multinomial(1, None);
    let mistakes = g.check().unwrap_err().to_string();
    assert!(
        mistakes.contains("multinomial: logits are [rows, classes], not [3]"),
        "{mistakes}"
    );
}

#[test]
fn variables_that_are_not_of_floats_start_from_zeros() {
    let g = Graph::new();
    let count = g.get_variable::<i64>("count", [2]);
    let done = g.get_variable::<bool>("done", [1]);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    assert_eq!(
        sess.value(count).unwrap(),
        ndarray::arr1(&[0, 0]).into_dyn()
    );
    assert_eq!(
        sess.value(done).unwrap(),
        ndarray::arr1(&[false]).into_dyn()
    );
}
