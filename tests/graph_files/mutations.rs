//! Random damage by the thousand: whatever is done to a file, it is refused, or it is the one file of a
//! graph that can be used as any other.

use aqueduct::Philox;
use aqueduct::ir::GraphRecord;
use aqueduct::rand::RngExt as _;
use aqueduct_tests::hostile::{
    GraphFolder, Watch, exercise, graph_file, mended_graph, mutated, mutations, nudged,
    within_limits,
};

use crate::allocations::largest_request;
use crate::restructured::Tree;
use crate::seeds;

/// The long form: `AQUEDUCT_MUTATIONS=1000000 cargo test --release -p aqueduct-tests --test graph_files
/// mutations`.
#[test]
fn files_that_are_changed_at_random() {
    let test = "mutations::files_that_are_changed_at_random";
    if let Some(printed) = within_limits(test, all_cases) {
        assert!(printed.contains("were graphs"), "{printed}");
        println!("{printed}");
    }
}

fn file_of(record: &GraphRecord) -> Vec<u8> {
    graph_file(&bincode::serialize(record).unwrap())
}

fn all_cases() {
    let folder = GraphFolder::new();
    let records = seeds::records();
    let trees: Vec<Tree> = records.iter().map(Tree::new).collect();
    let files: Vec<Vec<u8>> = records.iter().map(file_of).collect();
    let watch = Watch::start();
    let mut rng = Philox::new(11, 0);
    let (mut offered, mut graphs, mut runs) = (0, 0, 0);
    for case in 0..mutations(4000) {
        let one = rng.random_range(0..files.len());
        let other = rng.random_range(0..files.len());
        let bytes = match rng.random_range(0..8) {
            0 => mutated(&files[one], &files[other], &mut rng),
            1 => mended_graph(&mutated(&files[one], &files[other], &mut rng)),
            2..4 => mended_graph(&nudged(&files[one], &mut rng)),
            _ => match trees[one].changed(&trees[other], &mut rng) {
                Some(record) => file_of(&record),
                None => mended_graph(&nudged(&files[one], &mut rng)),
            },
        };
        if bytes == files[one] {
            continue;
        }
        let place = folder.path().display();
        watch.begin(&format!("case {case}, whose file is still {place}"));
        let (result, largest) = largest_request(|| folder.import(&bytes).is_ok());
        let most = (2 << 20) + 40 * bytes.len();
        assert!(
            largest < most,
            "case {case}: {largest} bytes were asked for"
        );
        offered += 1;
        if result {
            let graph = folder.offer(&bytes).unwrap();
            graphs += 1;
            runs += exercise(&graph);
        }
        watch.end();
    }
    println!("{offered} files, of which {graphs} were graphs; {runs} runs gave values");
    assert!(graphs > 0 && runs > 0);
}
