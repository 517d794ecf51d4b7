//! The state of LSTM cells.

use crate::handle::AnyTensor;
use crate::nest::Nest;

/// The state of an LSTM cell: of tensors in the graph, of arrays where it was fetched. TensorFlow 1's
/// `LSTMStateTuple`, in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmState<S> {
    /// The memory, `[batch, units]`.
    pub c: S,
    /// The last output: `[batch, units]`, or projected.
    pub h: S,
}

impl<'g, N: Nest<'g>> Nest<'g> for LstmState<N> {
    fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
        self.c.append_to(parts);
        self.h.append_to(parts);
    }

    fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
        LstmState {
            c: self.c.rebuild(parts),
            h: self.h.rebuild(parts),
        }
    }
}
