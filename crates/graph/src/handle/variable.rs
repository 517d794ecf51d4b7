//! Variables: state that lives in a session from run to run.

use std::fmt;
use std::ops::Deref;

use crate::element::{DType, Element, Number};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Operation, Tensor};
use crate::ids::{TensorId, VariableId};
use crate::op::{State, Update};
use crate::shape::Shape;

/// A variable of elements `T`.
///
/// Used as a tensor, a variable is its value at the start of the run: it derefs to that tensor.
/// Within a run nothing changes what that tensor is; [`Variable::read_value`] after an assignment
/// sees the assignment.
///
/// ```
/// use aqueduct_graph::{Graph, zeros};
///
/// let g = Graph::new();
/// let w = g.variable::<f32>("w", zeros([2, 3]));
/// assert_eq!(w.to_string(), "<tf.Variable 'w:0' shape=(2, 3) dtype=float32_ref>");
/// let doubled = w * 2.0;
/// let step = w.assign_sub(doubled);
/// assert_eq!(step.op().type_name(), "AssignSub");
/// ```
pub struct Variable<'g, T> {
    value: Tensor<'g, T>,
    id: VariableId,
}

/// A variable whose element type is known at run time: what optimizers and collections use.
#[derive(Clone, Copy)]
pub struct AnyVariable<'g> {
    value: AnyTensor<'g>,
    id: VariableId,
}

impl<'g> AnyVariable<'g> {
    /// The handle of a variable.
    pub fn new(graph: &'g Graph, id: VariableId) -> AnyVariable<'g> {
        let read = graph.view().variable(id).read;
        AnyVariable {
            value: AnyTensor::new(graph, TensorId::new(read, 0)),
            id,
        }
    }

    /// The graph.
    pub fn graph(self) -> &'g Graph {
        self.value.graph()
    }

    /// The variable's id.
    pub fn id(self) -> VariableId {
        self.id
    }

    /// The name, under which a checkpoint keeps it: `rnn/lstm_cell/kernel`.
    pub fn name(self) -> String {
        self.graph().view().variable(self.id).name.clone()
    }

    /// The element type.
    pub fn dtype(self) -> DType {
        self.graph().view().variable(self.id).dtype
    }

    /// The shape, which never changes.
    pub fn shape(self) -> Shape {
        Shape::known(&self.graph().view().variable(self.id).shape)
    }

    /// The value at the start of the run.
    pub fn value(self) -> AnyTensor<'g> {
        self.value
    }

    /// Whether optimizers train it by default.
    pub fn is_trainable(self) -> bool {
        self.graph().view().variable(self.id).trainable
    }

    /// The operation that assigns the initial value.
    pub fn initializer(self) -> Operation<'g> {
        let node = self.graph().view().variable(self.id).initializer;
        Operation::new(self.graph(), node)
    }

    /// The tensor that the initializer assigns.
    pub fn initial_value(self) -> AnyTensor<'g> {
        let tensor = self.graph().view().variable(self.id).initial_value;
        AnyTensor::new(self.graph(), tensor)
    }

    /// A read that takes the current control dependencies: the value after every write that it is
    /// ordered after. TensorFlow's `read_value`.
    #[track_caller]
    pub fn read_value(self) -> AnyTensor<'g> {
        let name = format!("{}/read_value", self.name());
        self.graph()
            .add_tensor(State::ReadValue(self.id), &[], &name)
    }

    /// Writes `value`, of the variable's shape, or adds or subtracts it. Returns the value written.
    #[track_caller]
    pub fn update(self, update: Update, value: AnyTensor<'g>) -> AnyTensor<'g> {
        let op = State::Assign(self.id, update);
        let name = format!("{}/{}", self.name(), crate::op::Op::from(op).type_name());
        self.graph().add_tensor(op, &[value], &name)
    }

    /// Whether the variable has a value at the start of the run: a `bool` scalar.
    #[track_caller]
    pub fn is_initialized(self) -> Tensor<'g, bool> {
        let name = format!("{}/is_initialized", self.name());
        Tensor::assume(
            self.graph()
                .add_tensor(State::IsInitialized(self.id), &[], &name),
        )
    }

    /// Whether a mistake made it meaningless.
    pub fn is_poisoned(self) -> bool {
        self.value.is_poisoned()
    }

    /// The same variable with its element type known to the compiler; see [`AnyTensor::typed`].
    #[track_caller]
    pub fn typed<T: Element>(self) -> Variable<'g, T> {
        Variable {
            value: self.value.typed(),
            id: self.id,
        }
    }
}

impl<'g, T: Element> Variable<'g, T> {
    pub(crate) fn assume(any: AnyVariable<'g>) -> Variable<'g, T> {
        Variable {
            value: Tensor::assume(any.value),
            id: any.id,
        }
    }

    /// The same variable without its element type in the Rust type.
    pub fn any(self) -> AnyVariable<'g> {
        AnyVariable {
            value: self.value.any(),
            id: self.id,
        }
    }

    /// The name, under which a checkpoint keeps it: `rnn/lstm_cell/kernel`.
    pub fn name(self) -> String {
        self.any().name()
    }

    /// The value at the start of the run.
    pub fn value(self) -> Tensor<'g, T> {
        self.value
    }

    /// The operation that assigns the initial value.
    pub fn initializer(self) -> Operation<'g> {
        self.any().initializer()
    }

    /// The tensor that the initializer assigns.
    pub fn initial_value(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().initial_value())
    }

    /// A read that takes the current control dependencies: the value after every write that it is
    /// ordered after.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let n = g.variable("n", 0_i32);
    /// let step = n.assign_add(1);
    /// let after = g.control_dependencies([step], || n.read_value());
    /// # let _ = after;
    /// ```
    #[track_caller]
    pub fn read_value(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().read_value())
    }

    /// Writes a value of the variable's shape, and returns it.
    #[track_caller]
    pub fn assign(self, value: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.update(Update::Set, value)
    }

    #[track_caller]
    fn update(self, update: Update, value: impl Operand<'g, T>) -> Tensor<'g, T> {
        let value = value.into_tensor(self.value.graph());
        Tensor::assume(self.any().update(update, value.any()))
    }

    /// Whether the variable has a value at the start of the run: a `bool` scalar.
    #[track_caller]
    pub fn is_initialized(self) -> Tensor<'g, bool> {
        self.any().is_initialized()
    }
}

impl<'g, T: Number> Variable<'g, T> {
    /// Adds a value of the variable's shape, and returns the sum.
    #[track_caller]
    pub fn assign_add(self, value: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.update(Update::Add, value)
    }

    /// Subtracts a value of the variable's shape, and returns the difference.
    #[track_caller]
    pub fn assign_sub(self, value: impl Operand<'g, T>) -> Tensor<'g, T> {
        self.update(Update::Sub, value)
    }
}

impl<'g, T> Deref for Variable<'g, T> {
    type Target = Tensor<'g, T>;

    /// The value at the start of the run.
    fn deref(&self) -> &Tensor<'g, T> {
        &self.value
    }
}

impl<T> Clone for Variable<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Variable<'_, T> {}

impl PartialEq for AnyVariable<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for AnyVariable<'_> {}

impl<'g, T: Element> From<Variable<'g, T>> for AnyVariable<'g> {
    fn from(variable: Variable<'g, T>) -> AnyVariable<'g> {
        variable.any()
    }
}

impl<'g, T: Element> From<&Variable<'g, T>> for AnyVariable<'g> {
    fn from(variable: &Variable<'g, T>) -> AnyVariable<'g> {
        variable.any()
    }
}

impl<'g, T: Element> From<Variable<'g, T>> for Tensor<'g, T> {
    fn from(variable: Variable<'g, T>) -> Tensor<'g, T> {
        variable.value
    }
}

impl<'g, T: Element> From<Variable<'g, T>> for AnyTensor<'g> {
    fn from(variable: Variable<'g, T>) -> AnyTensor<'g> {
        variable.value.any()
    }
}

/// Prints as TensorFlow 1 does: `<tf.Variable 'w:0' shape=(128, 10) dtype=float32_ref>`.
impl fmt::Display for AnyVariable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.graph().view();
        let record = view.variable(self.id);
        let shape = Shape::known(&record.shape).tf_string();
        let dtype = record.dtype.tf_name();
        write!(
            f,
            "<tf.Variable '{}:0' shape={shape} dtype={dtype}_ref>",
            record.name
        )
    }
}

impl fmt::Debug for AnyVariable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Prints as TensorFlow 1 does: `<tf.Variable 'w:0' shape=(128, 10) dtype=float32_ref>`.
impl<T: Element> fmt::Display for Variable<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.any(), f)
    }
}

impl<T: Element> fmt::Debug for Variable<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.any(), f)
    }
}
