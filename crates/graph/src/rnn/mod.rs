//! Recurrent networks: cells, which make one step, wrappers of cells, and drivers, which make all.

mod activation;
mod basic_lstm;
mod basic_rnn;
mod bidirectional;
mod cell;
mod dropout;
mod dynamic_rnn;
mod gru;
mod layer_norm_lstm;
mod linear;
mod lstm;
mod lstm_state;
mod multi;
mod operands;
mod options;
mod projection;
mod residual;
mod scope;
mod stack_bidirectional;
mod static_rnn;
mod step;

pub use basic_lstm::BasicLstmCell;
pub use basic_rnn::BasicRnnCell;
pub use bidirectional::{
    bidirectional_dynamic_rnn, bidirectional_dynamic_rnn_with, static_bidirectional_rnn,
    static_bidirectional_rnn_with,
};
pub use cell::{RnnCell, StateParts};
pub use dropout::DropoutWrapper;
pub use dynamic_rnn::{dynamic_rnn, dynamic_rnn_with};
pub use gru::GruCell;
pub use layer_norm_lstm::LayerNormBasicLstmCell;
pub use lstm::LstmCell;
pub use lstm_state::LstmState;
pub use multi::{CellStack, MultiRnnCell};
pub use options::RnnOptions;
pub use projection::{InputProjectionWrapper, OutputProjectionWrapper};
pub use residual::ResidualWrapper;
pub use scope::{CellScope, OpenCellScope};
pub use stack_bidirectional::{
    stack_bidirectional_dynamic_rnn, stack_bidirectional_dynamic_rnn_with,
};
pub use static_rnn::{static_rnn, static_rnn_with};
