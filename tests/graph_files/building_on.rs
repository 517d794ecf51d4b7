//! What can be done with an imported graph: all that could be done with the original.

use aqueduct::ir::Member;
use aqueduct::prelude::*;

use crate::samples::{classifier, feeds, variables};
use crate::through_file;

/// Runs the training so many times, and gives all variables.
fn trained(g: &Graph, sess: &Session, steps: usize) -> Vec<(String, aqueduct::Value)> {
    let train = g.get_operation_by_name("train").unwrap();
    for _ in 0..steps {
        sess.run(train, feeds(g)).unwrap();
    }
    variables(sess)
}

#[test]
fn a_training_goes_on_with_the_same_bits() {
    let g = Graph::new();
    classifier(&g);
    let again = through_file(&g);
    for optimize in [true, false] {
        let session = |graph| {
            Session::with_options(graph, aqueduct::SessionOptions::new().optimize(optimize))
        };
        let (sess, later) = (session(&g), session(&again));
        sess.run(g.global_variables_initializer(), feed![]).unwrap();
        trained(&g, &sess, 2);

        let dir = tempfile::tempdir().unwrap();
        let path = Saver::new(&g).save(&sess, dir.path().join("m")).unwrap();
        let saver = Saver::new(&again).strict(true);
        saver.restore(&later, path).unwrap();
        assert_eq!(trained(&again, &later, 3), trained(&g, &sess, 3));
    }
}

#[test]
fn a_training_from_the_start_draws_the_same() {
    let g = Graph::new();
    classifier(&g);
    let again = through_file(&g);
    let all = [&g, &again].map(|graph| {
        let sess = Session::new(graph);
        let initialize = graph.global_variables_initializer();
        sess.run(initialize, feed![]).unwrap();
        trained(graph, &sess, 2)
    });
    assert_eq!(all[0], all[1]);
}

#[test]
fn names_scopes_and_seeds_go_on_where_they_were() {
    let build = |g: &Graph| {
        let scope = g.open_name_scope("model");
        let x = g.placeholder::<f32>("x", shape![?]);
        let y = (x * 2.0 + x).tanh();
        drop(scope);
        y.named("y");
        let w = g.get_variable::<f32>("w", [2]);
        g.variable_scope("dense", || g.get_variable::<f32>("w", [2]));
        (w.value() + random_normal([2]).tensor::<f32>(g)).named("noisy");
    };
    let g = Graph::new();
    g.set_random_seed(7);
    let unused = g.placeholder::<f32>("x", shape![?]).named("renamed");
    build(&g);
    let again = through_file(&g);
    for graph in [&g, &again] {
        let other = VariableScope::new().reuse(Reuse::Auto);
        graph.current_variable_scope_with(other, || build(graph));
    }
    assert_eq!(again.to_text(), g.to_text());
    assert_eq!(again.global_variables().len(), 2);
    assert!(again.get_operation_by_name(&unused.op().name()).is_ok());
    assert!(again.get_operation_by_name("model_1/x").is_ok());
}

#[test]
fn collections_are_there() {
    let g = Graph::new();
    classifier(&g);
    let penalty = g.constant(0.5_f32);
    g.add_to_collection("of the user", penalty.any());
    g.add_to_collection("of the user", g.no_op());
    let again = through_file(&g);
    for name in [
        Keys::GLOBAL_VARIABLES,
        Keys::TRAINABLE_VARIABLES,
        Keys::LOSSES,
        Keys::REGULARIZATION_LOSSES,
        Keys::UPDATE_OPS,
        Keys::GLOBAL_STEP,
        "of the user",
    ] {
        let members: Vec<Member> = g.collection(name);
        assert!(!members.is_empty(), "{name}");
        assert_eq!(again.collection(name), members, "{name}");
    }
    let losses = |g| losses::get_regularization_losses(g).len();
    assert_eq!(losses(&again), losses(&g));
    let made = get_or_create_global_step(&again);
    assert_eq!(made.name(), get_or_create_global_step(&g).name());
}

#[test]
fn gradients_and_optimizers_are_built_on_it() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 3]);
    let w = g.variable("w", [0.5_f64, -1.0, 2.0]);
    let (last, all) = g.scan(w.value(), x, |h, x| {
        let next = (h * x).tanh() + w;
        (next, next.reduce_sum(..))
    });
    (last.reduce_sum(..) + all.reduce_prod(..)).named("loss");
    let again = through_file(&g);
    let values = [&g, &again].map(|graph| {
        let loss = graph.get_tensor_by_name("loss:0").unwrap().typed::<f64>();
        let w = graph.get_variable_by_name("w").unwrap();
        let slope = gradients(loss, w).remove(0).dense().unwrap();
        let curvature = gradients(slope, w).remove(0).dense().unwrap();
        let train = Momentum::new(0.1, 0.9).minimize(loss);
        let sess = aqueduct_tests::initialized(graph);
        let x = graph.get_tensor_by_name("x:0").unwrap().typed::<f64>();
        let rows = [[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]];
        let fetches = vec![slope, curvature];
        let values = sess.run(fetches, feed![x => rows]).unwrap();
        sess.run(train, feed![x => rows]).unwrap();
        (values, variables(&sess), graph.to_text())
    });
    assert_eq!(values[0], values[1]);
    // A graph with its gradients, whose loops have gained outputs, goes through a file too.
    through_file(&g);
    through_file(&again);
}

#[test]
fn reports_name_the_lines_of_the_program_that_built_it() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let line = line!() - 1;
    let again = through_file(&g);
    let found = again.get_tensor_by_name("x:0").unwrap();
    assert_eq!(found.op().trace(), x.op().trace());
    let _ = found.typed::<f32>().matmul(again.zeros::<f32>([4, 2]));
    let report = again.check().unwrap_err().to_string();
    assert!(
        report.contains(&format!("building_on.rs:{line}:")),
        "{report}"
    );
    let _ = again.to_record().unwrap_err();
}

#[test]
fn a_finalized_graph_is_exported_and_can_be_built_on_again() {
    let g = Graph::new();
    g.placeholder::<f32>("x", shape![?]);
    g.finalize();
    let again = through_file(&g);
    assert!(!again.is_finalized());
    again.placeholder::<f32>("y", shape![?]);
    again.check().unwrap();
}

#[test]
fn unknown_sizes_that_are_equal_are_equal_again() {
    let g = Graph::new();
    let batch = g.unknown_dim();
    let x = g.placeholder::<f32>("x", shape![batch, 28]);
    g.placeholder::<f32>("y", shape![batch, ?]);
    // A size that a rule has found, fed again.
    let kept = x.boolean_mask(x.reduce_max(1).greater(0.5));
    g.placeholder::<f32>("like", kept.shape());
    let _ = kept.named("kept");
    let again = through_file(&g);
    let dim = |name: &str, axis| {
        let tensor = again.get_tensor_by_name(name).unwrap();
        tensor.shape().dim(axis).unwrap()
    };
    assert!(dim("x:0", 0).same(dim("y:0", 0)));
    assert!(!dim("x:0", 0).same(dim("y:0", 1)));
    assert!(!dim("x:0", 0).same(dim("like:0", 0)));
    let kept = format!("{}:0", kept.op().name());
    assert!(dim("like:0", 0).same(dim(&kept, 0)));
}
