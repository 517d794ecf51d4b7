//! Settings of drivers.

use crate::element::Index;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::shape::Dim;

/// What to do about another number of lengths.
pub(super) const ONE_FOR_EACH_ROW: &str = "give one length for each row of the batch";

/// Settings of the drivers of recurrent networks; `S` is the state of the cell, for bidirectional
/// ones a pair of states.
///
/// ```
/// use aqueduct_graph::{Graph, GruCell, RnnOptions, dynamic_rnn_with, shape};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
/// let lengths = g.placeholder::<i32>("lengths", shape![?]);
/// let options = RnnOptions::new().sequence_length(lengths).scope("encoder");
/// let (outputs, _) = dynamic_rnn_with(&GruCell::new(8), x, options);
/// assert_eq!(outputs.name(), "encoder/transpose:0");
/// ```
#[derive(Clone, Debug)]
pub struct RnnOptions<'g, S> {
    pub(super) lengths: Option<AnyTensor<'g>>,
    pub(super) initial_state: Option<S>,
    pub(super) time_major: bool,
    pub(super) scope: Option<String>,
}

impl<'g, S> RnnOptions<'g, S> {
    /// All steps of all rows, from a state of zeros, with the batch first, in the scope that the
    /// driver names.
    pub fn new() -> RnnOptions<'g, S> {
        RnnOptions {
            lengths: None,
            initial_state: None,
            time_major: false,
            scope: None,
        }
    }

    /// The number of steps of each row, `[batch]`. From there on its outputs are zeros and its state
    /// stays, so that the last state is that of its last step; a row of length 0 keeps the initial
    /// state. A length beyond the number of steps stands for all of them, a negative one for none.
    #[must_use]
    pub fn sequence_length<I: Index>(mut self, lengths: Tensor<'g, I>) -> RnnOptions<'g, S> {
        self.lengths = Some(lengths.any());
        self
    }

    /// The state before the first step.
    #[must_use]
    pub fn initial_state(mut self, state: S) -> RnnOptions<'g, S> {
        self.initial_state = Some(state);
        self
    }

    /// Takes and gives `[time, batch, ..]`, which saves two transpositions. To drivers that take a
    /// list of steps it makes no difference.
    #[must_use]
    pub fn time_major(mut self) -> RnnOptions<'g, S> {
        self.time_major = true;
        self
    }

    /// The variable scope.
    #[must_use]
    pub fn scope(mut self, name: &str) -> RnnOptions<'g, S> {
        self.scope = Some(name.to_owned());
        self
    }

    /// What is wrong with the lengths of so many rows.
    pub(super) fn lengths_problem(&self, batch: Option<Dim>) -> Option<Problem> {
        let lengths = self.lengths.filter(|lengths| !lengths.is_poisoned())?;
        let shape = lengths.shape();
        let fits = match (shape.dims(), batch) {
            (&[rows], Some(batch)) => rows.compatible(batch),
            (dims, _) => dims.len() == 1,
        };
        let wanted = batch.map_or("[batch]".to_owned(), |batch| format!("[{batch}]"));
        (!fits).then(|| {
            Problem::shape(format!(
                "sequence_length has shape {shape} but must have {wanted}"
            ))
            .help(ONE_FOR_EACH_ROW)
            .operand("sequence_length", lengths)
        })
    }
}

impl<S> Default for RnnOptions<'_, S> {
    fn default() -> Self {
        RnnOptions::new()
    }
}

impl<'g, F, B> RnnOptions<'g, (F, B)> {
    /// The settings of both directions, each in its scope.
    pub(super) fn split(self) -> (RnnOptions<'g, F>, RnnOptions<'g, B>) {
        let (forward, backward) = self.initial_state.unzip();
        (
            RnnOptions {
                lengths: self.lengths,
                initial_state: forward,
                time_major: self.time_major,
                scope: Some("fw".to_owned()),
            },
            RnnOptions {
                lengths: self.lengths,
                initial_state: backward,
                time_major: self.time_major,
                scope: Some("bw".to_owned()),
            },
        )
    }
}
