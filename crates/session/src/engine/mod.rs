//! The optimising compiler, and the programs that it makes.
//!
//! A stage of a plan comes as a [block](ir::Block). [Passes](passes) make it better; [`lower`] gives
//! every value a place in memory and makes a flat [program](program) of it; [`execute`] runs that.

mod cut;
mod evaluate;
pub(crate) mod execute;
pub(crate) mod ir;
mod layout;
mod lift;
pub(crate) mod lower;
pub(crate) mod opaque;
pub(crate) mod passes;
pub(crate) mod program;
mod races;
mod rows;
mod scans;
mod sweep;
pub(crate) mod text;
pub(crate) mod verify;
pub(crate) mod views;
