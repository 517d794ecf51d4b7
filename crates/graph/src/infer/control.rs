//! Shape rules of family `control`.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::Fact;
use crate::ids::RegionId;
use crate::infer::Surroundings;
use crate::infer::common::{
    Class, check_class, check_rank, first_dim, int_scalar, operands, plural, size, splice, unify,
    wrong_count,
};
use crate::mistake::Problem;
use crate::op::Control;
use crate::shape::{Dim, Shape};

pub(super) fn infer(
    op: &Control,
    inputs: &[Fact],
    around: &dyn Surroundings,
) -> Result<Vec<Fact>, Problem> {
    match *op {
        Control::NoOp => {
            let [] = operands(inputs)?;
            Ok(Vec::new())
        }
        Control::Parameter { region, index } => {
            let [] = operands(inputs)?;
            parameter(index, region, around)
        }
        Control::Scan {
            body,
            states,
            sequences,
            length: _,
            limit: _,
            reverse: _,
        } => {
            let inputs = ScanInputs::new(op, inputs, states, sequences)?;
            inputs.check_limit()?;
            let stacks = Some(inputs.steps()?);
            let elements = inputs.sequences.iter().map(Fact::element);
            let given: Vec<Fact> = inputs.states.iter().cloned().chain(elements).collect();
            check_parameters(&given, &around.parameters(body))?;
            states_and_stacks(inputs.states, &around.results(body), stacks)
        }
        Control::While {
            condition,
            body,
            states,
            maximum,
        } => {
            if inputs.len() != states {
                return Err(wrong_count(&plural(states, "operand"), inputs.len()));
            }
            check_parameters(inputs, &around.parameters(condition))?;
            check_parameters(inputs, &around.parameters(body))?;
            check_condition(&around.results(condition))?;
            let stacks = maximum.map(iterations).transpose()?;
            let mut outputs = states_and_stacks(inputs, &around.results(body), stacks)?;
            outputs.insert(states, Fact::new(DType::I64, Shape::scalar()));
            Ok(outputs)
        }
        Control::Cond { then, otherwise } => {
            let [predicate] = operands(inputs)?;
            check_class("predicate", predicate, Class::Bool)?;
            check_rank("predicate", predicate, 0)?;
            check_parameters(&[], &around.parameters(then))?;
            check_parameters(&[], &around.parameters(otherwise))?;
            cond(around, then, otherwise)
        }
    }
}

fn parameter(
    index: usize,
    region: RegionId,
    around: &dyn Surroundings,
) -> Result<Vec<Fact>, Problem> {
    match around.parameter(region, index) {
        Some(fact) => Ok(vec![fact]),
        None => Err(Problem::argument(format!(
            "parameter {index} does not exist: the body has {}",
            plural(around.parameters(region).len(), "parameter")
        ))),
    }
}

/// Checks that a body takes what it is given.
fn check_parameters(given: &[Fact], parameters: &[Fact]) -> Result<(), Problem> {
    if given.len() != parameters.len() {
        let (given, taken) = (given.len(), plural(parameters.len(), "parameter"));
        let message = format!("the body is given {given} tensors but has {taken}");
        return Err(Problem::argument(message));
    }
    for (place, (given, parameter)) in given.iter().zip(parameters).enumerate() {
        if given.dtype != parameter.dtype || !given.shape.compatible(&parameter.shape) {
            let message = format!(
                "parameter {place} of the body is {}{} but is given {}{}",
                parameter.dtype, parameter.shape, given.dtype, given.shape
            );
            return Err(Problem::shape(message));
        }
    }
    Ok(())
}

/// The operands of a scan by their roles.
struct ScanInputs<'a> {
    states: &'a [Fact],
    sequences: &'a [Fact],
    length: Option<&'a Fact>,
    limit: Option<&'a Fact>,
}

impl<'a> ScanInputs<'a> {
    fn new(
        op: &Control,
        inputs: &'a [Fact],
        states: usize,
        sequences: usize,
    ) -> Result<ScanInputs<'a>, Problem> {
        let (length, limit) = (op.length_slot(), op.limit_slot());
        let needed = states
            .saturating_add(sequences)
            .saturating_add(usize::from(length.is_some()))
            .saturating_add(usize::from(limit.is_some()));
        if inputs.len() != needed {
            return Err(wrong_count(&plural(needed, "operand"), inputs.len()));
        }
        let (states, others) = inputs.split_at(states);
        Ok(ScanInputs {
            states,
            sequences: others.split_at(sequences).0,
            length: length.and_then(|slot| inputs.get(slot)),
            limit: limit.and_then(|slot| inputs.get(slot)),
        })
    }

    fn check_limit(&self) -> Result<(), Problem> {
        match self.limit {
            Some(limit) => int_scalar("limit", limit).map(drop),
            None => Ok(()),
        }
    }

    /// The number of steps.
    fn steps(&self) -> Result<Dim, Problem> {
        let mut steps = None;
        for (place, sequence) in self.sequences.iter().enumerate() {
            let count = first_dim(&format!("sequence {place}"), sequence)?;
            steps = Some(unify_steps(steps, count, |before| {
                format!(
                    "sequence {place} has {count} steps but the sequences before it have {before}"
                )
            })?);
        }
        if let Some(length) = self.length {
            let count = size("length", int_scalar("length", length)?)?;
            steps = Some(unify_steps(steps, count, |before| {
                format!("length is {count} but the sequences have {before} steps")
            })?);
        }
        steps.ok_or_else(|| {
            Problem::argument("the loop has neither a sequence nor a length")
                .help("give it a sequence to run over, or a number of steps")
        })
    }
}

fn unify_steps(
    before: Option<Dim>,
    count: Dim,
    message: impl Fn(Dim) -> String,
) -> Result<Dim, Problem> {
    let Some(before) = before else {
        return Ok(count);
    };
    before.unify(count).ok_or_else(|| {
        Problem::shape(message(before)).help("everything a loop runs over has one length")
    })
}

fn check_condition(results: &[Fact]) -> Result<(), Problem> {
    let [result] = results else {
        let given = plural(results.len(), "result");
        return Err(Problem::argument(format!(
            "the condition returns {given} but must return 1"
        )));
    };
    check_class("the condition", result, Class::Bool)?;
    if result.rank() == 0 {
        return Ok(());
    }
    let message = format!(
        "the condition has shape {} but must be a scalar",
        result.shape
    );
    Err(Problem::shape(message)
        .help("`reduce_all(..)` or `reduce_any(..)` what the condition returns"))
}

/// The maximum of a while as the size of what it stacks.
fn iterations(maximum: u64) -> Result<Dim, Problem> {
    let size = usize::try_from(maximum).map(Dim::Known);
    size.map_err(|_| Problem::shape(format!("{maximum} iterations are more than a size can be")))
}

/// What a loop gives: its last states, and what it stacks along a new axis of this size, if it may
/// stack.
fn states_and_stacks(
    initial: &[Fact],
    results: &[Fact],
    stacks: Option<Dim>,
) -> Result<Vec<Fact>, Problem> {
    let states = initial.len();
    if results.len() < states {
        return Err(Problem::argument(format!(
            "the body returns {} but the loop has {}",
            plural(results.len(), "result"),
            plural(states, "state")
        )));
    }
    let (next, stacked) = results.split_at(states);
    let pairs = initial.iter().zip(next).enumerate();
    let mut outputs = pairs
        .map(|(place, (initial, next))| state(place, initial, next))
        .collect::<Result<Vec<Fact>, Problem>>()?;
    let stacked = stacked.iter().map(|element| {
        let size = stacks.ok_or_else(|| {
            Problem::argument("a loop without a maximum of iterations stacks nothing")
        })?;
        let shape = splice(&element.shape, 0..0, &[size]);
        Ok(Fact::new(element.dtype, shape))
    });
    outputs.extend(stacked.collect::<Result<Vec<Fact>, Problem>>()?);
    Ok(outputs)
}

/// A loop state after the loop.
fn state(place: usize, initial: &Fact, next: &Fact) -> Result<Fact, Problem> {
    if initial.dtype != next.dtype {
        let message = format!(
            "loop state {place} is {} but the body returns {}",
            initial.dtype, next.dtype
        );
        let help = format!(
            "loop state keeps its dtype: `.cast::<{}>()` what the body returns",
            initial.dtype
        );
        return Err(Problem::dtype(message).help(help));
    }
    match unify(&initial.shape, &next.shape) {
        Some(shape) => Ok(Fact::new(initial.dtype, shape)),
        None => Err(Problem::shape(format!(
            "loop state {place} has shape {} but the body returns {}",
            initial.shape, next.shape
        ))
        .help("loop state keeps its shape")),
    }
}

fn cond(
    around: &dyn Surroundings,
    then: RegionId,
    otherwise: RegionId,
) -> Result<Vec<Fact>, Problem> {
    let then = around.results(then);
    let otherwise = around.results(otherwise);
    if then.len() != otherwise.len() {
        let message = format!(
            "the branches return {} and {}",
            plural(then.len(), "result"),
            plural(otherwise.len(), "result")
        );
        return Err(Problem::argument(message).help("return as many from both"));
    }
    let pairs = then.iter().zip(&otherwise).enumerate();
    pairs
        .map(|(place, (then, otherwise))| branch_result(place, then, otherwise))
        .collect()
}

fn branch_result(place: usize, then: &Fact, otherwise: &Fact) -> Result<Fact, Problem> {
    if then.dtype != otherwise.dtype {
        let message = format!(
            "result {place} is {} in one branch but {} in the other",
            then.dtype, otherwise.dtype
        );
        let help = format!("cast one of them: `.cast::<{}>()`", then.dtype);
        return Err(Problem::dtype(message).help(help));
    }
    if then.rank() != otherwise.rank() {
        let message = format!(
            "result {place} has shape {} in one branch but {} in the other",
            then.shape, otherwise.shape
        );
        return Err(Problem::shape(message).help("both must have one rank"));
    }
    let pairs = then.shape.dims().iter().zip(otherwise.shape.dims());
    let dims = pairs.map(|(a, b)| if a.same(*b) { *a } else { Dim::UNKNOWN });
    Ok(Fact::new(then.dtype, Shape::new(dims.collect())))
}
