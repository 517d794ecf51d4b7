//! Files of this version stay what they are: `golden.meta` was exported once, and the numbers that stand for
//! ops and fields in such a file are written down.

use std::fmt::Write as _;
use std::path::PathBuf;

use aqueduct::ir::{
    Accumulation, Activation, Array, Binary, Bound, Compare, Control, Convolution, Debug,
    Distribution, Extreme, GraphRecord, Logical, Math, Member, Nn, NodeRecord, Op, OpRecord,
    PadMode, PartUpdate, Pooling, Random, Reduce, Reduction, RegionRecord, Seeds, SegmentReduction,
    Site, SizeSource, SliceSpec, Sliding, State, TensorId, Test, Unary, Update, VariableRecord,
    Windows,
};
use aqueduct::prelude::*;
use aqueduct::{Data, Location, Value};
use expect_test::expect;
use expect_test::expect_file;

use crate::forms::form;

/// Tells the test's own program, started anew, which file to import.
const FILE: &str = "AQUEDUCT_TEST_GRAPH_FILE";

fn golden() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/graph_files/golden.meta"
    ))
}

/// A loop, a branch, images, indices, slices, texts, random numbers with seeds, a training.
fn build(g: &Graph) {
    g.set_random_seed(7);
    let x = g.placeholder::<f32>("x", shape![?, 4, 4, 1]);
    let filter = g.variable("filter", [0.5_f32, -1.0, 2.0, 0.25]);
    let windows = x.conv2d(filter.reshape([2, 2, 1, 1]), 1, Padding::Same);
    let pooled = windows.max_pool2d(2, 2, Padding::Valid).reshape([-1, 4]);
    let noise = random_normal([4]).seed(3).tensor::<f32>(g);
    let chosen = g.cond(
        pooled.reduce_sum(..).greater(0.0),
        || pooled.softmax(),
        || pooled.tanh() + noise,
    );
    let (last, sums) = g.scan(g.zeros::<f32>([4]), chosen, |sum, row| {
        (sum + row, row.reduce_max(..))
    });
    let few = WhileOptions::new().maximum_iterations(5);
    let grown = g.while_loop_with(few, last, |y| y.reduce_sum(..).less(20.0), |y| y * 1.5);
    let (best, places) = grown.top_k(2);
    let parts = g.concat(&[grown.slice((1..,)), best], 0).named("parts");
    let _ = places.cast::<f32>().pad([[1, 0]]).named("places");
    let loss = (parts.square().reduce_mean(..) + sums.reduce_sum(..)).named("loss");
    Adam::new(0.1).minimize(loss).named("train");
    g.check().unwrap();
}

/// What a graph of the file gives before and after a step.
fn figures(g: &Graph) -> Vec<(String, Data)> {
    let sess = aqueduct_tests::initialized(g);
    let x = (0..32_u8).map(|n| f32::from(n % 7) - 2.5).collect();
    let x = Value::new(vec![2, 4, 4, 1], Data::F32(x)).unwrap();
    let feeds = || {
        let mut feeds = feed![];
        feeds.add_any(g.get_tensor_by_name("x:0").unwrap(), x.clone());
        feeds
    };
    let mut figures = Vec::new();
    for step in 0..2 {
        for name in ["parts", "places", "loss"] {
            let tensor = g.get_tensor_by_name(&format!("{name}:0")).unwrap();
            let value = sess.run(vec![tensor], feeds()).unwrap().remove(0);
            figures.push((format!("{name} after {step} steps"), value.into_data()));
        }
        let train = g.get_operation_by_name("train").unwrap();
        sess.run(train, feeds()).unwrap();
    }
    figures
}

/// Fails if a file that was exported by version 1 of the format means something else, or nothing, now.
#[test]
fn a_file_of_version_1_means_what_it_meant() {
    if std::env::var_os("AQUEDUCT_TEST_WRITE_GOLDEN").is_some() {
        let g = Graph::new();
        build(&g);
        export_meta_graph(&g, golden()).unwrap();
    }
    let mut found = String::new();
    for (name, data) in figures(&import_meta_graph(golden()).unwrap()) {
        // Other processors may round otherwise.
        writeln!(found, "{name}: {data:.3?}").unwrap();
    }
    expect![[r#"
        parts after 0 steps: F32([8.175, 2.536, 0.115, 8.175, 4.361])
        places after 0 steps: F32([0.000, 1.000, 0.000])
        loss after 0 steps: F32([32.904])
        parts after 1 steps: F32([7.258, 2.781, 0.100, 7.258, 5.048])
        places after 1 steps: F32([0.000, 1.000, 0.000])
        loss after 1 steps: F32([28.765])
    "#]]
    .assert_eq(&found);
}

/// The figures are of the graph that is built today, too.
#[test]
fn the_file_is_of_the_graph_that_is_built_here() {
    let g = Graph::new();
    build(&g);
    assert_eq!(figures(&g), figures(&import_meta_graph(golden()).unwrap()));
}

#[test]
fn another_process_gives_the_same_bits() {
    if let Ok(file) = std::env::var(FILE) {
        println!("{:?}", figures(&import_meta_graph(file).unwrap()));
        return;
    }
    let g = Graph::new();
    build(&g);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("m.meta");
    export_meta_graph(&g, &file).unwrap();
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "golden::another_process_gives_the_same_bits",
        ])
        .env(FILE, &file)
        .output()
        .unwrap();
    let printed = String::from_utf8(child.stdout).unwrap();
    assert!(child.status.success(), "{printed}");
    assert!(printed.contains(&format!("{:?}", figures(&g))), "{printed}");
}

/// Whoever changes the order of variants or fields, adds one in between, or takes one away, has made a new
/// format: files of version 1 would be read as something else.
#[test]
fn numbers_of_variants_and_fields_are_those_of_version_1() {
    let forms = [
        form::<GraphRecord>("GraphRecord"),
        form::<Location>("Location"),
        form::<RegionRecord>("RegionRecord"),
        form::<Site>("Site"),
        form::<VariableRecord>("VariableRecord"),
        form::<NodeRecord>("NodeRecord"),
        form::<OpRecord>("OpRecord"),
        form::<SizeSource>("SizeSource"),
        form::<TensorId>("TensorId"),
        form::<Member>("Member"),
        form::<DType>("DType"),
        form::<Dim>("Dim"),
        form::<Value>("Value"),
        form::<Data>("Data"),
        form::<Op>("Op"),
        form::<Math>("Math"),
        form::<Unary>("Unary"),
        form::<Binary>("Binary"),
        form::<Compare>("Compare"),
        form::<Test>("Test"),
        form::<Logical>("Logical"),
        form::<Array>("Array"),
        form::<PadMode>("PadMode"),
        form::<SliceSpec>("SliceSpec"),
        form::<Bound>("Bound"),
        form::<SegmentReduction>("SegmentReduction"),
        form::<Reduce>("Reduce"),
        form::<Reduction>("Reduction"),
        form::<Extreme>("Extreme"),
        form::<Accumulation>("Accumulation"),
        form::<Nn>("Nn"),
        form::<Activation>("Activation"),
        form::<Convolution>("Convolution"),
        form::<Pooling>("Pooling"),
        form::<Sliding>("Sliding"),
        form::<Windows>("Windows"),
        form::<Padding>("Padding"),
        form::<Random>("Random"),
        form::<Seeds>("Seeds"),
        form::<Distribution>("Distribution"),
        form::<State>("State"),
        form::<Update>("Update"),
        form::<PartUpdate>("PartUpdate"),
        form::<Control>("Control"),
        form::<Debug>("Debug"),
        form::<PrintTo>("PrintTo"),
    ];
    let text = format!(
        "Graph format version 1, as `tests/graph_files/golden.rs` finds it. If this differs: bump VERSION in \
         crates/session/src/graph_file/mod.rs,\nread files of version 1 as before, and only then write this \
         anew with UPDATE_EXPECT=1.\n\n{}",
        forms.join("\n")
    );
    expect_file![concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/graph_files/version_1.txt"
    )]
    .assert_eq(&text);
}
