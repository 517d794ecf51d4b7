//! What loops and branches are planned to do.

use crate::options::SessionOptions;
use std::collections::HashSet;
use std::sync::Arc;

use aqueduct_graph::ir::{RegionId, add_output};
use aqueduct_graph::{AnyTensor, Graph, shape};

use super::{Goal, Need, plan, prune};
use crate::feed::{Few, Sizes};
use crate::plan::{Action, Given, Instruction, Plan};

fn plan_of(graph: &Graph, results: &[AnyTensor<'_>], fed: &[(AnyTensor<'_>, &[usize])]) -> Plan {
    let goal = Goal {
        results: results.iter().map(|result| result.id()).collect(),
        targets: Few::new(),
        feeds: fed
            .iter()
            .map(|(tensor, sizes)| (tensor.id(), Sizes::from_slice(sizes)))
            .collect(),
    };
    let options = SessionOptions::new().optimize(false);
    let (plan, _) = plan(&graph.view(), &goal, options, &Arc::default()).unwrap();
    Arc::into_inner(plan).unwrap()
}

/// The loop of a plan: the states that it carries, the outputs that it stacks, and how many operations
/// a step runs.
fn loop_of(plan: &Plan) -> Option<(Vec<usize>, Vec<usize>, usize)> {
    plan.program.iter().find_map(|instruction| {
        let Action::Scan(scan) = &instruction.action else {
            return None;
        };
        let outputs = |given: &[Given]| given.iter().map(|given| given.output).collect();
        let steps = scan.each.body.plan.program.len();
        Some((
            outputs(&scan.each.carried),
            outputs(&scan.each.stacked),
            steps,
        ))
    })
}

#[test]
fn what_is_kept_of_each_step_costs_nothing_until_it_is_used() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, ?]);
    let mut inside = Vec::new();
    let (last, ()) = g.scan(xs.slice(0), xs, |h, x| {
        let sum = h + x;
        let next = sum.tanh();
        inside.extend([sum.any(), next.any(), h.any()]);
        (next, ())
    });
    let kept: Vec<AnyTensor<'_>> = inside
        .into_iter()
        .map(|inside| add_output(last.op(), inside, None))
        .collect();
    let fed: [(AnyTensor<'_>, &[usize]); 1] = [(xs.any(), &[3, 2])];
    let planned = |results: &[AnyTensor<'_>]| loop_of(&plan_of(&g, results, &fed));
    assert_eq!(planned(&[last.any()]), Some((vec![0], vec![], 2)));
    assert_eq!(planned(&[kept[1]]), Some((vec![0], vec![2], 2)));
    assert_eq!(planned(&[kept[0], last.any()]), Some((vec![0], vec![1], 2)));
    // Its shape is known without a step.
    let shape = kept[2].shape_tensor(aqueduct_graph::DType::I32);
    assert_eq!(planned(&[shape]), None);
}

#[test]
fn states_and_sequences_that_nothing_depends_on_are_left_out() {
    let g = Graph::new();
    let [a, b] = ["a", "b"].map(|name| g.placeholder::<f32>(name, shape![2]));
    let [xs, ys] = ["xs", "ys"].map(|name| g.placeholder::<f32>(name, shape![3, 2]));
    let ((first, second), all) = g.scan((a, b), (xs, ys), |(a, b), (x, y)| {
        ((a + x, b * a + y), a * 2.0 + y.zeros_like())
    });
    let missing = |result: AnyTensor<'_>| {
        let results = [(result.id(), Need::Value)];
        let pruned = prune(&g.view(), RegionId::ROOT, &results, &[], &HashSet::new());
        pruned.missing
    };
    let nodes = |tensors: &[AnyTensor<'_>]| -> Vec<_> {
        tensors.iter().map(|tensor| tensor.id().node).collect()
    };
    assert_eq!(missing(first.any()), nodes(&[a.any(), xs.any()]));
    assert_eq!(missing(all.any()), nodes(&[a.any(), xs.any()]));
    let everything = nodes(&[a.any(), b.any(), xs.any(), ys.any()]);
    assert_eq!(missing(second.any()), everything);
    let sizes: &[usize] = &[2];
    let plan = plan_of(&g, &[all.any()], &[(a.any(), sizes), (xs.any(), &[3, 2])]);
    assert_eq!(loop_of(&plan).unwrap().0, [0]);
    let is_scan = |instruction: &&Instruction| matches!(instruction.action, Action::Scan(_));
    let scan = plan.program.iter().find(is_scan).unwrap();
    let given: Vec<bool> = scan.inputs.iter().map(Option::is_some).collect();
    assert_eq!(given, [true, false, true, false]);
}

#[test]
fn results_of_branches_that_nobody_uses_are_left_out() {
    let g = Graph::new();
    let on = g.placeholder::<bool>("on", shape![]);
    let [a, b] = ["a", "b"].map(|name| g.placeholder::<f32>(name, shape![2]));
    let (first, _) = g.cond(on, || (a * 2.0, b.tanh()), || (a * 3.0, b * b));
    let fed: [(AnyTensor<'_>, &[usize]); 2] = [(on.any(), &[]), (a.any(), &[2])];
    let plan = plan_of(&g, &[first.any()], &fed);
    let bodies = plan.program.iter().find_map(|instruction| {
        let Action::Cond {
            then, otherwise, ..
        } = &instruction.action
        else {
            return None;
        };
        Some([then, otherwise].map(|body| body.plan.program.len()))
    });
    assert_eq!(bodies, Some([1, 1]));
}
