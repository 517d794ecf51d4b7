//! Gradients of family `custom`: what the user's rules give is checked.

use aqueduct_graph::ir::{Custom, Problem, ReplacedGradient, plural};
use aqueduct_graph::{AnyTensor, CustomGradient, CustomStep, MistakeKind};

use super::{Rule, Step, flows};
use crate::gradients::mismatch;

pub(super) fn rule(op: &Custom) -> Rule {
    match op.gradient() {
        CustomGradient::None(reason) => Rule::Blocks(reason),
        CustomGradient::Flows(backward) => of_user(op.name(), move |step| backward(step)),
    }
}

/// The gradient that the user has put in place of an operation's own.
pub(super) fn replaced(gradient: &ReplacedGradient) -> Rule {
    let rule = gradient.clone();
    of_user(gradient.name(), move |step| rule.call(step))
}

fn of_user(
    op: &str,
    backward: impl for<'g> Fn(&CustomStep<'g>) -> Vec<Option<AnyTensor<'g>>> + 'static,
) -> Rule {
    let op = op.to_owned();
    flows(move |step| {
        let grads = step.all_grads();
        let custom = CustomStep::new(step.all_operands(), step.all_outputs(), grads);
        let found = {
            let _user_code = step.graph().user_code();
            backward(&custom)
        };
        give_checked(step, &op, &found);
    })
}

/// Gives each operand its gradient: a poisoned one where the user's rule is mistaken.
fn give_checked<'g>(step: &mut Step<'g>, op: &str, found: &[Option<AnyTensor<'g>>]) {
    let operands = step.all_operands();
    if found.len() != operands.len() {
        // One mistake is enough: the gradients of other operands are left out.
        if let Some(slot) = step.wanted.iter().position(|wanted| *wanted) {
            let problem = wrong_count(operands.len(), found.len());
            let wrong = poisoned(step.operand(slot), op, problem);
            step.give(slot, || wrong);
        }
        return;
    }
    for (slot, (operand, gradient)) in operands.into_iter().zip(found).enumerate() {
        let Some(gradient) = *gradient else {
            continue;
        };
        step.give(slot, || match wrong_gradient(slot, gradient, operand) {
            Some(problem) => poisoned(operand, op, problem),
            None => gradient,
        });
    }
}

fn poisoned<'g>(operand: AnyTensor<'g>, op: &str, problem: Problem) -> AnyTensor<'g> {
    let subject = format!("the gradient of {op}");
    operand
        .graph()
        .poisoned_like(operand, &subject, "custom_grad", problem)
}

fn wrong_count(operands: usize, given: usize) -> Problem {
    Problem::argument(format!(
        "the rule gives {} but the op has {}",
        plural(given, "gradient"),
        plural(operands, "operand")
    ))
    .help("give one for each operand: `None` where no gradient flows")
}

/// What is wrong with a gradient of this operand.
fn wrong_gradient(slot: usize, gradient: AnyTensor<'_>, operand: AnyTensor<'_>) -> Option<Problem> {
    if gradient.graph().is_same(operand.graph()) {
        let help = format!("the gradient of operand {slot} has the operand's shape and type");
        return mismatch(gradient, operand).map(|problem| problem.help(help));
    }
    let message = format!(
        "the gradient of operand {slot}, `{}`, belongs to another graph",
        operand.name()
    );
    Some(Problem::new(MistakeKind::Foreign, message).help("build it of the step's tensors"))
}
