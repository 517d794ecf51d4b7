//! Feeds: values given to a run.

use aqueduct_graph::ir::{Data, Store, TensorId};
use aqueduct_graph::{AnyTensor, AnyVariable, Element, Graph, Tensor, Value, Variable};
use ndarray::{ArrayBase, ArrayRef, Dimension, OwnedRepr, RawData, ViewRepr};
use smallvec::{SmallVec, smallvec};

use crate::error::FeedProblem;
use crate::kernels::{Slice, Typed};

/// The values given to one run: which tensors have which values.
///
/// Made by [`feed!`](crate::feed). Any tensor outside of loop bodies can be fed, not placeholders
/// only; what would compute it does not run then.
#[derive(Debug, Default)]
pub struct Feeds<'f> {
    pub(crate) entries: Few<Entry<'f>>,
    /// What is known to be wrong before the run.
    pub(crate) problems: Vec<FeedProblem>,
    /// The tensors whose values are among these problems.
    pub(crate) refused: Vec<FeedTensor>,
}

/// A list of which a run has few, as a rule: without an allocation then.
pub(crate) type Few<T> = SmallVec<[T; 8]>;

/// The sizes of an array: without an allocation up to rank 6.
pub(crate) type Sizes = SmallVec<[usize; 6]>;

/// One tensor and its value.
#[derive(Debug)]
pub(crate) struct Entry<'f> {
    pub(crate) key: FeedTensor,
    pub(crate) value: FeedValue<'f>,
}

/// A tensor that is fed.
#[derive(Clone, Debug)]
pub(crate) struct FeedTensor {
    pub(crate) graph: Graph,
    pub(crate) tensor: TensorId,
}

impl FeedTensor {
    pub(crate) fn new(tensor: AnyTensor<'_>) -> FeedTensor {
        FeedTensor {
            graph: tensor.graph().clone(),
            tensor: tensor.id(),
        }
    }

    /// The name, for reports. Reads the graph: the caller holds no view of one.
    pub(crate) fn name(&self) -> String {
        short_name(&self.graph.view(), self.tensor)
    }

    /// A problem of a tensor of this very graph.
    pub(crate) fn problem(&self, store: &Store, message: impl Into<String>) -> FeedProblem {
        FeedProblem {
            name: short_name(store, self.tensor),
            message: message.into(),
            at: Some(store.trace_of(self.tensor.node)),
        }
    }
}

/// A tensor's name as its maker wrote it: `x` rather than `x:0`.
pub(crate) fn short_name(store: &Store, tensor: TensorId) -> String {
    match tensor.output {
        0 => store.node(tensor.node).name.clone(),
        _ => store.tensor_name(tensor),
    }
}

impl<'f> Feeds<'f> {
    /// No values.
    pub fn new() -> Feeds<'f> {
        Feeds::default()
    }

    /// Gives `tensor` a value. Its element type is checked by the compiler, its shape by the run.
    pub fn add<'g, T>(&mut self, tensor: impl FeedKey<'g, T>, value: impl Feed<'f, T>) {
        self.add_value(tensor.tensor(), value.into_feed());
    }

    /// The same values, and this one for `tensor`.
    #[must_use]
    pub fn with<'g, T>(mut self, tensor: impl FeedKey<'g, T>, value: impl Feed<'f, T>) -> Self {
        self.add(tensor, value);
        self
    }

    /// Gives a tensor, whose element type is known at run time, a value.
    pub fn add_any(&mut self, tensor: AnyTensor<'_>, value: Value) {
        self.add_value(tensor, FeedValue::from(value));
    }

    pub(crate) fn add_value(&mut self, tensor: AnyTensor<'_>, value: FeedValue<'f>) {
        let key = FeedTensor::new(tensor);
        self.entries.push(Entry { key, value });
    }
}

/// Values for a run: `feed![x => xs, y => ys]`.
///
/// A value is an array or view of `ndarray`, a vector, a slice, an array (nested up to four deep), or a
/// number for a scalar. Given by reference, and lying row by row in memory, it is not copied.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_session::{Session, feed};
/// use ndarray::arr2;
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 2]);
/// let scale = g.placeholder::<f32>("scale", shape![]);
/// let y = (x * scale).reduce_sum(..);
///
/// let sess = Session::new(&g);
/// let xs = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
/// let sum = sess.run(y, feed![x => &xs, scale => 10.0])?;
/// assert_eq!(sum.sum(), 100.0);
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
#[macro_export]
macro_rules! feed {
    () => { $crate::Feeds::new() };
    // One expression: what `$value` borrows from lives as long as the call that the feeds are for.
    ($($tensor:expr => $value:expr),+ $(,)?) => {
        $crate::Feeds::new()$(.with($tensor, $value))+
    };
}

/// A tensor that can be fed elements `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be fed elements of `{T}`",
    note = "tensors and variables can be fed elements of their own type, those whose type is known at \
            run time elements of every type"
)]
pub trait FeedKey<'g, T> {
    /// The tensor.
    fn tensor(&self) -> AnyTensor<'g>;
}

impl<'g, T: Element> FeedKey<'g, T> for Tensor<'g, T> {
    fn tensor(&self) -> AnyTensor<'g> {
        self.any()
    }
}

/// Feeding a variable feeds its value as this run sees it; the variable itself is not changed.
impl<'g, T: Element> FeedKey<'g, T> for Variable<'g, T> {
    fn tensor(&self) -> AnyTensor<'g> {
        self.value().any()
    }
}

/// The run checks the type of the elements. A number is one of `f64`, or `i32`, unless it says
/// otherwise: `1_f32`.
impl<'g, T> FeedKey<'g, T> for AnyTensor<'g> {
    fn tensor(&self) -> AnyTensor<'g> {
        *self
    }
}

/// As of a variable whose type is known; the run checks the type of the elements.
impl<'g, T> FeedKey<'g, T> for AnyVariable<'g> {
    fn tensor(&self) -> AnyTensor<'g> {
        self.value()
    }
}

/// Something that can be fed as elements `T`; a [`Value`] is fed as `Value`, to a tensor whose type is
/// known at run time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be fed to a tensor of `{T}`",
    note = "numbers, arrays, vectors, slices and `ndarray` arrays of the tensor's element type can: \
            `1.0`, not `1`, for a float"
)]
pub trait Feed<'f, T> {
    /// The elements and their shape.
    fn into_feed(self) -> FeedValue<'f>;
}

/// A value as a run takes it: borrowed where that is possible.
#[derive(Debug)]
pub struct FeedValue<'f> {
    pub(crate) sizes: Sizes,
    pub(crate) elements: Elements<'f>,
}

#[derive(Debug)]
pub(crate) enum Elements<'f> {
    Borrowed(Slice<'f>),
    Owned(Data),
    Number(Number),
    /// Rows of different lengths.
    Ragged,
    /// More than there is memory for: a view may repeat an element as often as it likes.
    TooLarge,
}

impl FeedValue<'_> {
    /// What is wrong where [`FeedValue::slice`] gives nothing.
    pub(crate) fn refusal(&self) -> &'static str {
        match &self.elements {
            Elements::TooLarge => "there is not enough memory to put its elements in order",
            Elements::Borrowed(_) | Elements::Owned(_) | Elements::Number(_) | Elements::Ragged => {
                "the rows have different lengths"
            }
        }
    }

    pub(crate) fn slice(&self) -> Option<Slice<'_>> {
        match &self.elements {
            Elements::Borrowed(slice) => Some(*slice),
            Elements::Owned(data) => Some(Slice::from(data)),
            Elements::Number(number) => Some(number.slice()),
            Elements::Ragged | Elements::TooLarge => None,
        }
    }
}

impl From<Value> for FeedValue<'_> {
    fn from(value: Value) -> Self {
        FeedValue {
            sizes: Sizes::from_slice(value.shape()),
            elements: Elements::Owned(value.into_data()),
        }
    }
}

impl<'f> Feed<'f, Value> for Value {
    fn into_feed(self) -> FeedValue<'f> {
        FeedValue::from(self)
    }
}

impl<'f> Feed<'f, Value> for &'f Value {
    fn into_feed(self) -> FeedValue<'f> {
        FeedValue {
            sizes: Sizes::from_slice(self.shape()),
            elements: Elements::Borrowed(Slice::from(self.data())),
        }
    }
}

fn owned<'f, T: Element>(sizes: Sizes, values: Vec<T>) -> FeedValue<'f> {
    FeedValue {
        sizes,
        elements: Elements::Owned(T::into_data(values)),
    }
}

fn borrowed<T: Typed>(sizes: Sizes, values: &[T]) -> FeedValue<'_> {
    FeedValue {
        sizes,
        elements: Elements::Borrowed(T::wrap(values)),
    }
}

/// A copy, row by row, of elements that do not lie so.
fn in_order<'f, T: Element>(
    sizes: Sizes,
    elements: impl ExactSizeIterator<Item = T>,
) -> FeedValue<'f> {
    let mut values = Vec::new();
    if values.try_reserve_exact(elements.len()).is_err() {
        return FeedValue {
            sizes,
            elements: Elements::TooLarge,
        };
    }
    values.extend(elements);
    owned(sizes, values)
}

fn rows<'f, T: Element>(rows: &[Vec<T>]) -> FeedValue<'f> {
    let width = rows.first().map_or(0, Vec::len);
    let sizes = smallvec![rows.len(), width];
    if rows.iter().any(|row| row.len() != width) {
        return FeedValue {
            sizes,
            elements: Elements::Ragged,
        };
    }
    owned(sizes, rows.concat())
}

macro_rules! feeds {
    ($($type:ty => $variant:ident),*) => {
        /// The one element of a scalar.
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Number {
            $($variant($type)),*
        }

        impl Number {
            fn slice(&self) -> Slice<'_> {
                match self {
                    $(Number::$variant(number) => Slice::$variant(std::slice::from_ref(number))),*
                }
            }
        }

        $(impl<'f> Feed<'f, $type> for $type {
            fn into_feed(self) -> FeedValue<'f> {
                FeedValue {
                    sizes: Sizes::new(),
                    elements: Elements::Number(Number::$variant(self)),
                }
            }
        }

        impl<'f> Feed<'f, $type> for Vec<$type> {
            fn into_feed(self) -> FeedValue<'f> {
                owned(smallvec![self.len()], self)
            }
        }

        impl<'f> Feed<'f, $type> for &'f Vec<$type> {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![self.len()], self)
            }
        }

        impl<'f> Feed<'f, $type> for &'f [$type] {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![self.len()], self)
            }
        }

        impl<'f, const N: usize> Feed<'f, $type> for [$type; N] {
            fn into_feed(self) -> FeedValue<'f> {
                owned(smallvec![N], self.to_vec())
            }
        }

        impl<'f, const N: usize> Feed<'f, $type> for &'f [$type; N] {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![N], self)
            }
        }

        impl<'f, const N: usize, const M: usize> Feed<'f, $type> for [[$type; M]; N] {
            fn into_feed(self) -> FeedValue<'f> {
                owned(smallvec![N, M], self.as_flattened().to_vec())
            }
        }

        impl<'f, const N: usize, const M: usize> Feed<'f, $type> for &'f [[$type; M]; N] {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![N, M], self.as_flattened())
            }
        }

        impl<'f, const L: usize, const N: usize, const M: usize> Feed<'f, $type>
            for [[[$type; M]; N]; L]
        {
            fn into_feed(self) -> FeedValue<'f> {
                owned(smallvec![L, N, M], self.as_flattened().as_flattened().to_vec())
            }
        }

        impl<'f, const L: usize, const N: usize, const M: usize> Feed<'f, $type>
            for &'f [[[$type; M]; N]; L]
        {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![L, N, M], self.as_flattened().as_flattened())
            }
        }

        impl<'f, const K: usize, const L: usize, const N: usize, const M: usize> Feed<'f, $type>
            for [[[[$type; M]; N]; L]; K]
        {
            fn into_feed(self) -> FeedValue<'f> {
                let values = self.as_flattened().as_flattened().as_flattened();
                owned(smallvec![K, L, N, M], values.to_vec())
            }
        }

        impl<'f, const K: usize, const L: usize, const N: usize, const M: usize> Feed<'f, $type>
            for &'f [[[[$type; M]; N]; L]; K]
        {
            fn into_feed(self) -> FeedValue<'f> {
                let values = self.as_flattened().as_flattened().as_flattened();
                borrowed(smallvec![K, L, N, M], values)
            }
        }

        impl<'f, const N: usize, const M: usize> Feed<'f, $type> for Vec<[[$type; M]; N]> {
            fn into_feed(self) -> FeedValue<'f> {
                owned(smallvec![self.len(), N, M], self.into_flattened().into_flattened())
            }
        }

        impl<'f, const N: usize, const M: usize> Feed<'f, $type> for &'f Vec<[[$type; M]; N]> {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![self.len(), N, M], self.as_flattened().as_flattened())
            }
        }

        impl<'f, const N: usize, const M: usize> Feed<'f, $type> for &'f [[[$type; M]; N]] {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![self.len(), N, M], self.as_flattened().as_flattened())
            }
        }

        impl<'f, const N: usize> Feed<'f, $type> for Vec<[$type; N]> {
            fn into_feed(self) -> FeedValue<'f> {
                owned(smallvec![self.len(), N], self.into_flattened())
            }
        }

        impl<'f, const N: usize> Feed<'f, $type> for &'f Vec<[$type; N]> {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![self.len(), N], self.as_flattened())
            }
        }

        impl<'f, const N: usize> Feed<'f, $type> for &'f [[$type; N]] {
            fn into_feed(self) -> FeedValue<'f> {
                borrowed(smallvec![self.len(), N], self.as_flattened())
            }
        }

        /// Rows, which must have one length.
        impl<'f> Feed<'f, $type> for Vec<Vec<$type>> {
            fn into_feed(self) -> FeedValue<'f> {
                rows(&self)
            }
        }

        /// Rows, which must have one length. They are copied.
        impl<'f> Feed<'f, $type> for &Vec<Vec<$type>> {
            fn into_feed(self) -> FeedValue<'f> {
                rows(self)
            }
        }

        impl<'f, D: Dimension> Feed<'f, $type> for ArrayBase<OwnedRepr<$type>, D> {
            fn into_feed(self) -> FeedValue<'f> {
                let sizes = Sizes::from_slice(self.shape());
                if self.is_standard_layout() {
                    let (mut values, offset) = self.into_raw_vec_and_offset();
                    let start = offset.unwrap_or(0);
                    let count = sizes.iter().product();
                    values.drain(..start.min(values.len()));
                    values.truncate(count);
                    return owned(sizes, values);
                }
                in_order(sizes, self.iter().copied())
            }
        }

        impl<'f, D: Dimension> Feed<'f, $type> for ArrayBase<ViewRepr<&'f $type>, D> {
            fn into_feed(self) -> FeedValue<'f> {
                let sizes = Sizes::from_slice(self.shape());
                match self.to_slice() {
                    Some(values) => borrowed(sizes, values),
                    None => in_order(sizes, self.iter().copied()),
                }
            }
        }

        impl<'f, S, D> Feed<'f, $type> for &'f ArrayBase<S, D>
        where
            S: RawData<Elem = $type> + ndarray::Data,
            D: Dimension,
        {
            fn into_feed(self) -> FeedValue<'f> {
                let array: &'f ArrayRef<$type, D> = self;
                let sizes = Sizes::from_slice(array.shape());
                match array.as_slice() {
                    Some(values) => borrowed(sizes, values),
                    None => in_order(sizes, array.iter().copied()),
                }
            }
        }
        )*
    };
}
feeds!(f32 => F32, f64 => F64, i32 => I32, i64 => I64, u8 => U8, bool => Bool);
