//! What passes make of blocks: the text before and after, and the values.

mod fold_constants;
mod fuse_reductions;
mod group_products;
mod merge_common;
mod merge_products;
mod simplify;
mod split_rows;
mod sum_products;

use aqueduct_graph::{AnyTensor, Graph, Value};
use expect_test::Expect;

use crate::compile::{self, Goal};
use crate::engine::ir::Block;
use crate::engine::verify::verify;
use crate::feed::Feeds;
use crate::options::{Pass, SessionOptions};
use crate::session::Session;

/// The block of a run of the graph, as it is without any pass.
pub(super) fn block_of(
    graph: &Graph,
    fetches: &[AnyTensor<'_>],
    feeds: &[(AnyTensor<'_>, &[usize])],
) -> Block {
    let feeds = feeds.iter();
    let goal = Goal {
        results: fetches.iter().map(|fetch| fetch.id()).collect(),
        targets: Default::default(),
        feeds: feeds
            .map(|(tensor, sizes)| (tensor.id(), sizes.iter().copied().collect()))
            .collect(),
    };
    let passes = Pass::ALL.iter();
    let options = passes.fold(SessionOptions::new(), |options, pass| {
        options.without(*pass)
    });
    let (plan, _) = compile::plan(&graph.view(), &goal, options, &Default::default()).unwrap();
    plan.optimized.as_ref().unwrap().listing.block.clone()
}

/// Runs a pass on a block, and compares the block before and after with a text. What nobody uses is
/// left out.
pub(super) fn check(mut block: Block, pass: impl Fn(&mut Block) -> usize, expected: &Expect) {
    verify(&block).unwrap();
    let before = block.to_string();
    let done = pass(&mut block);
    verify(&block).unwrap();
    super::dead::remove(&mut block);
    verify(&block).unwrap();
    expected.assert_eq(&format!("{before}---- {done} done\n{block}"));
}

/// Checks that a run gives the same bits with this pass alone as without any. Gives the number of
/// things that the pass did.
pub(super) fn check_bits(
    graph: &Graph,
    pass: Pass,
    fetches: &[AnyTensor<'_>],
    feeds: &[(AnyTensor<'_>, Value)],
) -> usize {
    let fetches = fetches.to_vec();
    let given = || {
        let mut given = Feeds::new();
        for (tensor, value) in feeds {
            given.add_any(*tensor, value.clone());
        }
        given
    };
    let plain = Session::with_options(graph, SessionOptions::new().optimize(false));
    let passed = Session::with_options(graph, SessionOptions::new().only(pass));
    let expected = plain.run(fetches.clone(), given()).unwrap();
    let found = passed.run(fetches.clone(), given()).unwrap();
    for (expected, found) in expected.iter().zip(&found) {
        // The text tells 0 from -0, and one NaN is like another.
        assert_eq!(format!("{expected:?}"), format!("{found:?}"));
    }
    let explanation = passed.explain(fetches, given()).unwrap();
    let done = explanation.passes().find(|(name, _)| *name == pass.name());
    done.map_or(0, |(_, done)| done.parse().unwrap())
}

/// Numbers that identities stumble over.
pub(super) fn awkward() -> Vec<f32> {
    let mut numbers = vec![
        0.0,
        1.0,
        1.5,
        f32::MIN_POSITIVE,
        1e-45,
        f32::MAX,
        f32::INFINITY,
    ];
    numbers.extend(numbers.clone().into_iter().map(|number| -number));
    numbers.push(f32::NAN);
    numbers
}
