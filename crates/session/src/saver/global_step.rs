//! The number that is appended to a checkpoint's name.

use aqueduct_graph::{AnyVariable, Index, Variable};

/// The number of a training step: a number, or a variable that holds it.
///
/// Of a variable it is the value at the very moment that the checkpoint keeps, whatever other
/// threads do.
#[derive(Clone, Copy, Debug)]
pub struct GlobalStep<'g>(pub(super) Step<'g>);

#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'g> {
    Number(i128),
    Variable(AnyVariable<'g>),
}

impl<'g, T: Index> From<Variable<'g, T>> for GlobalStep<'g> {
    fn from(variable: Variable<'g, T>) -> GlobalStep<'g> {
        GlobalStep(Step::Variable(variable.any()))
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl From<$type> for GlobalStep<'_> {
            fn from(number: $type) -> Self {
                GlobalStep(Step::Number(number as i128))
            }
        }
    )*};
}
numbers!(i32, u32, i64, u64, usize);
