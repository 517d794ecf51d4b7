//! Facts: what is known of a tensor before it has a value.

use serde::{Deserialize, Serialize};

use crate::element::DType;
use crate::shape::{Dim, Shape, Symbol};

/// An element of a small integer tensor, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Int {
    /// A number known while building.
    Known(i64),
    /// A number known only in a run; if it is used as a size, a [`Dim`] of this symbol.
    Unknown(Symbol),
}

impl Int {
    /// A number of which nothing is known.
    pub const UNKNOWN: Int = Int::Unknown(Symbol::ANONYMOUS);

    /// The number, if it is known.
    pub const fn known(self) -> Option<i64> {
        match self {
            Int::Known(number) => Some(number),
            Int::Unknown(_) => None,
        }
    }

    /// The number as a size: `None` if it is known and negative.
    pub fn as_dim(self) -> Option<Dim> {
        match self {
            Int::Known(number) => usize::try_from(number).ok().map(Dim::Known),
            Int::Unknown(symbol) => Some(Dim::Unknown(symbol)),
        }
    }
}

impl From<Dim> for Int {
    fn from(dim: Dim) -> Int {
        match dim {
            Dim::Known(size) => i64::try_from(size).map_or(Int::UNKNOWN, Int::Known),
            Dim::Unknown(symbol) => Int::Unknown(symbol),
        }
    }
}

/// What is known of a tensor: element type, shape and, for small integer tensors, its elements.
///
/// While building, sizes may be unknown. The session runs the same shape rules again with numbers
/// in place of unknowns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// The element type.
    pub dtype: DType,
    /// The shape.
    pub shape: Shape,
    /// The elements, one by one, of an `i32` or `i64` tensor of rank 0 or 1 with at most
    /// [`Fact::TRACKED`] elements. `None` for every other tensor.
    pub ints: Option<Vec<Int>>,
}

impl Fact {
    /// The largest number of elements that are tracked one by one.
    pub const TRACKED: usize = 64;

    /// A tensor of which type and shape are known.
    ///
    /// Elements of a small integer tensor are tracked from here on, as unknowns.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Fact {
        let shape = shape.into();
        let ints = Fact::tracks(dtype, &shape).map(|count| vec![Int::UNKNOWN; count]);
        Fact { dtype, shape, ints }
    }

    /// A small integer tensor with these elements: rank 0 if `scalar`, else rank 1.
    pub fn of_ints(dtype: DType, scalar: bool, ints: Vec<Int>) -> Fact {
        let shape = if scalar {
            Shape::scalar()
        } else {
            Shape::from([ints.len()])
        };
        let tracked = Fact::tracks(dtype, &shape) == Some(ints.len());
        Fact {
            dtype,
            shape,
            ints: tracked.then_some(ints),
        }
    }

    /// How many elements of such a tensor are tracked; `None` if they are not.
    fn tracks(dtype: DType, shape: &Shape) -> Option<usize> {
        let integer = matches!(dtype, DType::I32 | DType::I64);
        (integer && shape.rank() <= 1)
            .then(|| shape.elements())
            .flatten()
            .filter(|count| *count <= Fact::TRACKED)
    }

    /// The elements, if all are known numbers.
    pub fn known_ints(&self) -> Option<Vec<i64>> {
        self.ints.as_ref()?.iter().map(|int| int.known()).collect()
    }

    /// The same type and shape, of which no element is known: what a loop tells its body of a state,
    /// as what is known of the first one need not hold of the next.
    pub fn without_ints(&self) -> Fact {
        Fact::new(self.dtype, self.shape.clone())
    }

    /// One element along axis 0: what a loop tells its body of a sequence.
    pub fn element(&self) -> Fact {
        let dims = self.shape.dims().get(1..).unwrap_or_default();
        Fact::new(self.dtype, Shape::new(dims.to_vec()))
    }

    /// The rank.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }
}
