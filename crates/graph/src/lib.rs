//! The language of Aqueduct.

mod element;
mod fact;
mod ids;
mod infer;
mod location;
mod mistake;
mod op;
mod shape;
mod value;

pub use element::{DType, Element, Float, Index, Number};
pub use location::{Location, Trace};
pub use mistake::{Mistake, MistakeKind, Mistakes};
pub use shape::{Dim, Shape, Symbol};
pub use value::{Data, Value};

/// The representation of a graph: what the optimizer, the session and tools of your own read.
pub mod ir {
    pub use crate::fact::{Fact, Int};
    pub use crate::ids::{LocationId, MistakeId, NodeId, RegionId, TensorId, VariableId};
    pub use crate::infer::{Surroundings, infer};
    pub use crate::mistake::{OperandNote, Problem, write_operands};
    pub use crate::op::{
        Array, Binary, Bound, Compare, Control, Cut, Distribution, Math, Nn, Op, Random, Reduce,
        Reduction, ResolvedSlice, Seeds, SliceSpec, State, Unary, Update,
    };
    pub use crate::value::Data;
}
