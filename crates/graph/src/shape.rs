//! Shapes: a known rank, and for each dimension a size or an unknown with an identity.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The identity of an unknown size.
///
/// Two dimensions with the same symbol have the same size in every run (the batch of `x` and of
/// `x.transpose(..)`). [`Symbol::ANONYMOUS`] is the exception: it equals nothing, itself included,
/// and stands for "unknown" until the graph gives the dimension an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Symbol(u32);

impl Symbol {
    /// Unknown, and not yet known to equal anything.
    pub const ANONYMOUS: Symbol = Symbol(0);

    pub(crate) const fn new(number: u32) -> Symbol {
        Symbol(number)
    }

    /// The place of the symbol of this number in a list that begins with number 1.
    pub(crate) const fn place(self) -> usize {
        (self.0 as usize).saturating_sub(1)
    }

    /// Whether this is [`Symbol::ANONYMOUS`].
    pub const fn is_anonymous(self) -> bool {
        self.0 == 0
    }
}

/// One dimension of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dim {
    /// A size known while building.
    Known(usize),
    /// A size known only in a run.
    Unknown(Symbol),
}

impl Dim {
    /// An unknown size without an identity: `None` in a TensorFlow shape, `?` in [`shape!`](crate::shape).
    pub const UNKNOWN: Dim = Dim::Unknown(Symbol::ANONYMOUS);

    /// The size, if it is known while building.
    pub const fn known(self) -> Option<usize> {
        match self {
            Dim::Known(size) => Some(size),
            Dim::Unknown(_) => None,
        }
    }

    /// Whether both are sure to have the same size in every run.
    pub fn same(self, other: Dim) -> bool {
        match (self, other) {
            (Dim::Known(a), Dim::Known(b)) => a == b,
            (Dim::Unknown(a), Dim::Unknown(b)) => a == b && !a.is_anonymous(),
            (Dim::Known(_), Dim::Unknown(_)) | (Dim::Unknown(_), Dim::Known(_)) => false,
        }
    }

    /// Whether both may have the same size in some run: not two different known sizes.
    pub fn compatible(self, other: Dim) -> bool {
        match (self, other) {
            (Dim::Known(a), Dim::Known(b)) => a == b,
            (Dim::Unknown(_), _) | (_, Dim::Unknown(_)) => true,
        }
    }

    /// What is known when both must be equal; `None` if they cannot be.
    ///
    /// Of two unknown sizes the one with an identity is kept, the left one first.
    pub fn unify(self, other: Dim) -> Option<Dim> {
        match (self, other) {
            (Dim::Known(a), Dim::Known(b)) => (a == b).then_some(self),
            (Dim::Known(_), Dim::Unknown(_)) => Some(self),
            (Dim::Unknown(_), Dim::Known(_)) => Some(other),
            (Dim::Unknown(a), Dim::Unknown(_)) => Some(if a.is_anonymous() { other } else { self }),
        }
    }
}

impl From<usize> for Dim {
    fn from(size: usize) -> Dim {
        Dim::Known(size)
    }
}

/// A negative size is an unknown one, as in a TensorFlow shape.
impl From<i32> for Dim {
    fn from(size: i32) -> Dim {
        usize::try_from(size).map_or(Dim::UNKNOWN, Dim::Known)
    }
}

/// A negative size is an unknown one, as in a TensorFlow shape.
impl From<i64> for Dim {
    fn from(size: i64) -> Dim {
        usize::try_from(size).map_or(Dim::UNKNOWN, Dim::Known)
    }
}

/// Prints the size, or `?`.
impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Known(size) => write!(f, "{size}"),
            Dim::Unknown(_) => f.write_str("?"),
        }
    }
}

/// The shape of a tensor while building. Its rank is always known.
///
/// ```
/// use aqueduct_graph::{Dim, Shape, shape};
///
/// let images = shape![?, 28, 28];
/// assert_eq!(images.rank(), 3);
/// assert_eq!(images.dim(1), Some(Dim::Known(28)));
/// assert_eq!(images.to_string(), "[?, 28, 28]");
/// assert_eq!(Shape::from([2, 3]).elements(), Some(6));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Shape(Vec<Dim>);

impl Shape {
    /// A shape of these dimensions.
    pub fn new(dims: Vec<Dim>) -> Shape {
        Shape(dims)
    }

    /// The shape of a scalar: rank 0.
    pub fn scalar() -> Shape {
        Shape(Vec::new())
    }

    /// A shape of known sizes.
    pub fn known(sizes: &[usize]) -> Shape {
        Shape(sizes.iter().copied().map(Dim::Known).collect())
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[Dim] {
        &self.0
    }

    /// The same shape with unknown sizes that equal no others.
    pub(crate) fn without_identities(&self) -> Shape {
        let dims = self.0.iter().map(|dim| match dim {
            Dim::Known(_) => *dim,
            Dim::Unknown(_) => Dim::UNKNOWN,
        });
        Shape(dims.collect())
    }

    /// The dimensions, writable.
    pub fn dims_mut(&mut self) -> &mut [Dim] {
        &mut self.0
    }

    /// One dimension, or `None` if there are not so many.
    pub fn dim(&self, axis: usize) -> Option<Dim> {
        self.0.get(axis).copied()
    }

    /// The sizes, if all are known.
    pub fn sizes(&self) -> Option<Vec<usize>> {
        self.0.iter().map(|dim| dim.known()).collect()
    }

    /// The number of elements, if all sizes are known and their product fits.
    pub fn elements(&self) -> Option<usize> {
        self.0
            .iter()
            .try_fold(1_usize, |product, dim| product.checked_mul(dim.known()?))
    }

    /// Whether every size is known.
    pub fn is_known(&self) -> bool {
        self.0.iter().all(|dim| dim.known().is_some())
    }

    /// Whether both are sure to be equal in every run.
    pub fn same(&self, other: &Shape) -> bool {
        self.rank() == other.rank() && self.0.iter().zip(&other.0).all(|(a, b)| a.same(*b))
    }

    /// Whether both may be equal in some run.
    pub fn compatible(&self, other: &Shape) -> bool {
        self.rank() == other.rank() && self.0.iter().zip(&other.0).all(|(a, b)| a.compatible(*b))
    }

    /// The shape as TensorFlow prints it: `(?, 28, 128)`, `(10,)`, `()`.
    pub fn tf_string(&self) -> String {
        match self.0.as_slice() {
            [one] => format!("({one},)"),
            dims => format!("({})", join(dims)),
        }
    }
}

fn join(dims: &[Dim]) -> String {
    let words: Vec<String> = dims.iter().map(Dim::to_string).collect();
    words.join(", ")
}

/// Prints `[?, 28, 128]`, as diagnostics do.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("[{}]", join(&self.0)))
    }
}

impl From<Vec<Dim>> for Shape {
    fn from(dims: Vec<Dim>) -> Shape {
        Shape(dims)
    }
}

impl<const N: usize> From<[Dim; N]> for Shape {
    fn from(dims: [Dim; N]) -> Shape {
        Shape(dims.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Shape {
        Shape::known(&sizes)
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Shape {
        Shape::known(sizes)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(sizes: Vec<usize>) -> Shape {
        Shape::known(&sizes)
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Shape {
        shape.clone()
    }
}

impl From<()> for Shape {
    fn from((): ()) -> Shape {
        Shape::scalar()
    }
}

/// A [`Shape`], with `?` for a size that is known only in a run.
///
/// Every `?` is a size of its own. Two placeholders that share an unknown size share a [`Dim`]
/// from [`Graph::unknown_dim`](crate::Graph::unknown_dim).
///
/// ```
/// use aqueduct_graph::shape;
///
/// let hidden = 128;
/// assert_eq!(shape![?, 28, hidden].to_string(), "[?, 28, 128]");
/// assert_eq!(shape![].rank(), 0);
/// ```
#[macro_export]
macro_rules! shape {
    (@dims [$($done:expr,)*]) => { $crate::Shape::new(vec![$($done),*]) };
    (@dims [$($done:expr,)*] ? , $($rest:tt)*) => {
        $crate::shape!(@dims [$($done,)* $crate::Dim::UNKNOWN,] $($rest)*)
    };
    (@dims [$($done:expr,)*] ?) => {
        $crate::shape!(@dims [$($done,)* $crate::Dim::UNKNOWN,])
    };
    (@dims [$($done:expr,)*] $dim:expr , $($rest:tt)*) => {
        $crate::shape!(@dims [$($done,)* $crate::Dim::from($dim),] $($rest)*)
    };
    (@dims [$($done:expr,)*] $dim:expr) => {
        $crate::shape!(@dims [$($done,)* $crate::Dim::from($dim),])
    };
    ($($dims:tt)*) => { $crate::shape!(@dims [] $($dims)*) };
}
