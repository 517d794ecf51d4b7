//! The language of Aqueduct: graphs of typed operations, built once and run many times.
//!
//! This crate knows shapes, names, scopes and mistakes. It knows nothing of gradients (crate
//! `aqueduct-optimizer`) or of numbers and kernels (crate `aqueduct-session`). Users name the crate
//! `aqueduct`, which exports all three.
//!
//! - [`Graph`] is what one builds on; [`Tensor`], [`Variable`] and [`Operation`] are handles of its parts.
//! - Builders are methods of these, a file for each family of ops in `build/`.
//! - [`ir`] is what the other two crates read: ops, facts, nodes.

mod build;
mod context;
mod custom;
mod dot;
mod element;
mod fact;
mod graph;
mod growth;
mod handle;
mod ids;
mod infer;
mod initializer;
mod layers;
mod location;
mod lookup;
pub mod losses;
mod mistake;
mod names;
mod nest;
mod op;
mod record;
mod regularizer;
mod rnn;
mod scope;
mod shape;
mod shown;
mod sizes;
mod store;
mod text;
mod value;

pub use build::{
    Axes, Constant, ConvOptions, Direction, DotAxes, DropoutOptions, ELLIPSIS, HeightWidth,
    Indexing, InitialValue, KeepProb, Keys, NEW_AXIS, NormOrder, Paddings, PrintOptions,
    ScanOptions, SliceArgs, VariableOptions, WhileOptions, embedding_lookup, l2_loss,
    sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2, sparse_softmax_cross_entropy_with_logits, step_by,
};
pub use context::ContextGuard;
pub use custom::{
    ClosureBody, ClosureInputs, Computation, ComputationError, CustomError, CustomGradient,
    CustomOp, CustomStep, NameTaken, register_custom_op, registered_custom_op,
};
pub use element::{DType, Element, Float, Index, Number, Signed};
pub use graph::{Graph, View};
pub use growth::Growth;
pub use handle::{AnyTensor, AnyVariable, Operand, Operation, Tensor, Variable};
pub use initializer::{
    FanMode, FanShape, Initializer, Recipe, constant_initializer, fill, glorot_normal,
    glorot_uniform, he_normal, he_uniform, identity_initializer, lecun_normal, lecun_uniform, ones,
    ones_initializer, orthogonal_initializer, random_normal, random_normal_initializer,
    random_uniform, random_uniform_initializer, truncated_normal, truncated_normal_initializer,
    uniform_unit_scaling_initializer, value_initializer, variance_scaling, zeros,
    zeros_initializer,
};
pub use layers::{
    AveragePooling1d, AveragePooling2d, BatchNormalization, Conv1d, Conv2d, Dense, Dropout,
    LayerNorm, MaxPooling1d, MaxPooling2d, Training,
};
pub use location::{Location, Trace};
pub use lookup::NameError;
pub use losses::mean_squared_error;
pub use mistake::{Mistake, MistakeKind, Mistakes};
pub use nest::Nest;
pub use op::{Padding, PrintTo};
pub use record::{ExportError, ImportError};
pub use regularizer::{
    Regularizer, l1_l2_regularizer, l1_regularizer, l2_regularizer, no_regularizer,
};
pub use rnn::{
    BasicLstmCell, BasicRnnCell, CellScope, CellStack, DropoutWrapper, GruCell,
    InputProjectionWrapper, LayerNormBasicLstmCell, LstmCell, LstmState, MultiRnnCell,
    OpenCellScope, OutputProjectionWrapper, ResidualWrapper, RnnCell, RnnOptions, StateParts,
    bidirectional_dynamic_rnn, bidirectional_dynamic_rnn_with, dynamic_rnn, dynamic_rnn_with,
    stack_bidirectional_dynamic_rnn, stack_bidirectional_dynamic_rnn_with,
    static_bidirectional_rnn, static_bidirectional_rnn_with, static_rnn, static_rnn_with,
};
pub use scope::{NameScope, Reuse, VariableScope};
pub use shape::{Dim, Shape, Symbol};
pub use sizes::{Size, Sizes};
pub use value::{Data, Value};

/// The representation of a graph: what the optimizer, the session and tools of your own read.
pub mod ir {
    pub use crate::build::{Body, Loop, LoopSequence, LoopState};
    pub use crate::build::{add_n, add_output, repeat};
    pub use crate::custom::{AnyArray, AnyArrayMut, Backward, Custom, ReplacedGradient};
    pub use crate::fact::{Fact, Int};
    pub use crate::ids::{LocationId, MistakeId, NodeId, RegionId, TensorId, VariableId};
    pub use crate::infer::{Surroundings, infer, plural};
    pub use crate::mistake::{OperandNote, Problem, Report};
    pub use crate::op::{
        Accumulation, Activation, Array, Binary, Bound, Compare, Control, Convolution, Cut, Debug,
        Distribution, Extent, Extreme, Logical, Math, Nn, Op, PadMode, PartUpdate, Pooling, Random,
        Reduce, Reduction, ResolvedSlice, Seeds, SegmentReduction, SizeReason, SliceSpec, Sliding,
        State, Test, Unary, Update, Windows,
    };
    pub use crate::record::{GraphRecord, NodeRecord, OpRecord, RegionRecord, SizeSource};
    pub use crate::store::{Edge, Member, Node, Region, Site, Store, VariableRecord};
    pub use crate::value::Data;

    /// How texts show what strangers wrote.
    pub mod shown {
        pub use crate::shown::{Shown, name, path, report, shape};
    }
}
