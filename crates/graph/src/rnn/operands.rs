//! What cells of ours ask of their operands.

use crate::element::Float;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::nest::Nest;
use crate::rnn::scope::CellScope;
use crate::shape::{Dim, Shape};

/// The operands of one step of a cell.
pub(super) struct Operands<'a, 'g, T> {
    pub(super) scope: &'a CellScope,
    /// Its number of units, or of whatever it must have at least one.
    pub(super) units: usize,
    pub(super) input: Tensor<'g, T>,
    /// Name, tensor and size of each part of the state.
    pub(super) state: &'a [(&'a str, Tensor<'g, T>, usize)],
}

impl<'g, T: Float> Operands<'_, 'g, T> {
    /// Makes the step in the cell's scope, of the number of inputs and the state; what it gives is
    /// poisoned where the cell cannot be applied.
    #[track_caller]
    pub(super) fn step<S: Nest<'g>>(
        &self,
        state: S,
        step: impl FnOnce(usize, S) -> (Tensor<'g, T>, S),
    ) -> (Tensor<'g, T>, S) {
        self.step_within(state, |inputs, state| {
            let _scope = self.scope.open(self.input.graph());
            step(inputs, state)
        })
    }

    /// [`Operands::step`] in a scope that is open.
    #[track_caller]
    pub(super) fn step_within<S: Nest<'g>>(
        &self,
        state: S,
        step: impl FnOnce(usize, S) -> (Tensor<'g, T>, S),
    ) -> (Tensor<'g, T>, S) {
        let input = self.input.any();
        if input.is_poisoned() {
            return poisoned(input, &state);
        }
        match self.inputs() {
            Ok(inputs) => step(inputs, state),
            Err(problem) => {
                let told = self.state.iter().find(|(_, part, _)| part.is_poisoned());
                let wrong = match told {
                    // A step before was refused: one mistake is enough.
                    Some((_, part, _)) => part.any(),
                    None => {
                        let name = self.scope.name();
                        let problem = self.listed_in(problem);
                        input.graph().poisoned_like(input, name, name, problem)
                    }
                };
                poisoned(wrong, &state)
            }
        }
    }

    /// The problem with all operands: which of them is at fault is not for the rule to say.
    fn listed_in(&self, problem: Problem) -> Problem {
        let problem = problem.operand("input", self.input.any());
        let parts = self.state.iter();
        parts.fold(problem, |problem, (name, part, _)| {
            problem.operand(name, part.any())
        })
    }

    /// The number of inputs, if the cell can be applied.
    fn inputs(&self) -> Result<usize, Problem> {
        if self.units == 0 {
            let problem = Problem::argument("the cell has 0 units but needs at least 1");
            return Err(problem.help("the number of units is the width of its output"));
        }
        let shape = self.input.shape();
        let &[batch, depth] = shape.dims() else {
            let message = format!("the input has shape {shape} but must be [batch, inputs]");
            return Err(Problem::shape(message).help(
                "a cell makes one step: take a step of the sequence, or use a driver such as \
                 `dynamic_rnn`",
            ));
        };
        let depth = depth.known().ok_or_else(|| {
            Problem::shape(format!(
                "the last axis of the input, of shape {shape}, has an unknown size"
            ))
            .help("the kernel has a row for each input: fix the size with `reshape`")
        })?;
        for (name, part, size) in self.state {
            if !part.is_poisoned() {
                check_part(name, &part.shape(), batch, *size)?;
            }
        }
        self.check_weights(depth)?;
        Ok(depth)
    }

    /// A kernel has a row for each input and each element of the state, and at most four gates of columns.
    fn check_weights(&self, depth: usize) -> Result<(), Problem> {
        let sizes = self.state.iter().map(|(_, _, size)| *size);
        let rows = sizes
            .chain([self.units])
            .try_fold(depth, usize::checked_add);
        let elements = rows.and_then(|rows| rows.checked_mul(self.units)?.checked_mul(4));
        if elements.is_none() {
            let units = self.units;
            let message =
                format!("weights of {units} units for {depth} inputs do not fit in memory");
            return Err(Problem::argument(message).help("give the cell fewer units"));
        }
        Ok(())
    }
}

fn check_part(name: &str, shape: &Shape, batch: Dim, size: usize) -> Result<(), Problem> {
    let wanted = Shape::new(vec![batch, Dim::Known(size)]);
    if shape.compatible(&wanted) {
        return Ok(());
    }
    let message = format!("the state's {name} has shape {shape} but must have {wanted}");
    Err(Problem::shape(message).help("`zero_state(batch)` of the cell makes a state that fits"))
}

/// What a cell gives that could not be applied.
pub(super) fn poisoned<'g, T: Float, S: Nest<'g>>(
    wrong: AnyTensor<'g>,
    state: &S,
) -> (Tensor<'g, T>, S) {
    let everywhere = &mut std::iter::repeat(wrong);
    (Tensor::assume(wrong), state.rebuild(everywhere))
}
