//! Writes of parts of variables: TensorFlow's `scatter_update`, `scatter_nd_add`, and their like.

use crate::element::{Element, Index, Number};
use crate::handle::{AnyTensor, AnyVariable, Operand, Tensor, Variable};
use crate::op::{Op, PartUpdate, State};
use crate::sizes::{Size, Sizes};

/// Each writes some rows of the variable and returns its whole new value. Row `indices[i]` is combined
/// with `updates[i]`, in order, so a row that is named several times is updated several times.
///
/// `indices` may have any rank; the shape of `updates` is that of the indices, then that of a row of
/// the variable. A scalar counts for all of them. An index that names no row is an error of the run,
/// which changes nothing then.
///
/// ```
/// use aqueduct_graph::{Graph, zeros};
///
/// let g = Graph::new();
/// let table = g.variable::<f32>("table", zeros([100, 2]));
/// let rows = g.constant([7, 9]);
/// let written = table.scatter_update(rows, g.constant([[1.0_f32, 2.0], [3.0, 4.0]]));
/// assert_eq!(written.shape().to_string(), "[100, 2]");
/// let halved = g.control_dependencies([written], || table.scatter_mul(rows, 0.5));
/// assert_eq!(halved.op().type_name(), "ScatterMul");
/// assert!(g.check().is_ok());
/// ```
impl<'g, T: Element> Variable<'g, T> {
    /// The rows take the updates as their values. TensorFlow's `scatter_update`.
    #[track_caller]
    pub fn scatter_update<I: Index>(
        self,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        self.scatter(PartUpdate::Set, indices, updates)
    }

    /// Writes parts of the variable, not only rows: the last axis of `indices` holds a position of each
    /// of the variable's first axes, as in [`Tensor::gather_nd`]. TensorFlow's `scatter_nd_update`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, zeros};
    ///
    /// let g = Graph::new();
    /// let table = g.variable::<f32>("table", zeros([100, 2]));
    /// let places = g.constant([[7, 0], [9, 1]]);
    /// let written = table.scatter_nd_update(places, g.constant([1.0_f32, 2.0]));
    /// assert_eq!(written.op().type_name(), "ScatterNdUpdate");
    /// assert!(g.check().is_ok());
    /// ```
    #[track_caller]
    pub fn scatter_nd_update<I: Index>(
        self,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        self.scatter_nd(PartUpdate::Set, indices, updates)
    }

    #[track_caller]
    fn scatter<I: Index>(
        self,
        update: PartUpdate,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let indices = indices.into_tensor(self.graph()).any();
        let updates = updates.into_tensor(self.graph()).any();
        Tensor::assume(self.any().scatter(update, indices, updates))
    }

    #[track_caller]
    fn scatter_nd<I: Index>(
        self,
        update: PartUpdate,
        indices: impl Operand<'g, I>,
        updates: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let indices = indices.into_tensor(self.graph()).any();
        let updates = updates.into_tensor(self.graph()).any();
        Tensor::assume(self.any().scatter_nd(update, indices, updates))
    }
}

/// See [`Variable::scatter_update`] for what `indices` and `updates` are.
macro_rules! updates_of_numbers {
    ($($(#[$doc:meta])* $name:ident $by:ident $update:ident;)*) => {
        impl<'g, T: Number> Variable<'g, T> {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $name<I: Index>(
                self,
                indices: impl Operand<'g, I>,
                updates: impl Operand<'g, T>,
            ) -> Tensor<'g, T> {
                self.$by(PartUpdate::$update, indices, updates)
            }
        )*}
    };
}
updates_of_numbers! {
    /// Adds to rows, as [`Variable::scatter_update`] writes them. TensorFlow's `scatter_add`.
    scatter_add scatter Add;
    /// Subtracts from rows, as [`Variable::scatter_update`] writes them. TensorFlow's `scatter_sub`.
    scatter_sub scatter Sub;
    /// Multiplies rows, as [`Variable::scatter_update`] writes them. TensorFlow's `scatter_mul`.
    scatter_mul scatter Mul;
    /// Divides rows, as [`Variable::scatter_update`] writes them. Integers truncate towards zero; that
    /// one is divided by 0 is an error of the run. TensorFlow's `scatter_div`.
    scatter_div scatter Div;
    /// The smaller of rows and updates, as [`Variable::scatter_update`] writes them; NaN if either is
    /// NaN. TensorFlow's `scatter_min`.
    scatter_min scatter Min;
    /// The larger of rows and updates, as [`Variable::scatter_update`] writes them; NaN if either is
    /// NaN. TensorFlow's `scatter_max`.
    scatter_max scatter Max;
    /// Adds to parts, as [`Variable::scatter_nd_update`] writes them. TensorFlow's `scatter_nd_add`.
    scatter_nd_add scatter_nd Add;
    /// Subtracts from parts, as [`Variable::scatter_nd_update`] writes them. TensorFlow's
    /// `scatter_nd_sub`.
    scatter_nd_sub scatter_nd Sub;
}

impl<'g> AnyVariable<'g> {
    /// Combines row `indices[i]` with `updates[i]`, in order, and returns the variable's new value; see
    /// [`Variable::scatter_update`].
    #[track_caller]
    pub fn scatter(
        self,
        update: PartUpdate,
        indices: AnyTensor<'g>,
        updates: AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let rank = indices.shape().rank();
        let updates = self.repeated(updates, indices, rank, 1);
        self.write_parts(State::Scatter(self.id(), update), indices, updates)
    }

    /// Combines the part that each row of the indices names with its update, in order, and returns the
    /// variable's new value; see [`Variable::scatter_nd_update`].
    #[track_caller]
    pub fn scatter_nd(
        self,
        update: PartUpdate,
        indices: AnyTensor<'g>,
        updates: AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let shape = indices.shape();
        let last = shape.rank().checked_sub(1);
        let depth = last.and_then(|last| shape.dim(last)?.known());
        let updates = match (last, depth) {
            (Some(last), Some(depth)) => self.repeated(updates, indices, last, depth),
            // The shape rule refuses such indices.
            (_, _) => updates,
        };
        self.write_parts(State::ScatterNd(self.id(), update), indices, updates)
    }

    #[track_caller]
    fn write_parts(
        self,
        op: State,
        indices: AnyTensor<'g>,
        updates: AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let name = format!("{}/{}", self.name(), Op::from(op).type_name());
        self.graph().add_tensor(op, &[indices, updates], &name)
    }

    /// A scalar as an update of each part: of each place along the first `outer` axes of the indices, a
    /// part without the first `depth` axes of the variable. Anything else stays as it is.
    #[track_caller]
    fn repeated(
        self,
        updates: AnyTensor<'g>,
        indices: AnyTensor<'g>,
        outer: usize,
        depth: usize,
    ) -> AnyTensor<'g> {
        let shape = self.shape();
        let is_one = outer == 0 && shape.rank() == depth;
        let poisoned = updates.is_poisoned() || indices.is_poisoned();
        if updates.shape().rank() != 0 || is_one || poisoned || shape.rank() < depth {
            return updates;
        }
        let _here = self.graph().here();
        let places = (0..outer).map(|axis| Size::of_axis(indices, axis));
        let part = (depth..shape.rank()).map(|axis| Size::of_axis(self.value(), axis));
        updates.broadcast_to(Sizes::list(places.chain(part).collect()))
    }
}
