//! Builders of family `state`: variables, collections, initialisation.

use std::panic::Location as Caller;

use crate::build::Keys;
use crate::element::{DType, Element};
use crate::graph::{Graph, foreign_operand};
use crate::handle::{AnyTensor, AnyVariable, Operation, Tensor, Variable};
use crate::ids::{NodeId, TensorId, VariableId};
use crate::initializer::{Initializer, Recipe, glorot_uniform, zeros_initializer};
use crate::mistake::{MistakeKind, Problem};
use crate::names;
use crate::op::{Array, Control, State, Update};
use crate::regularizer::Regularizer;
use crate::scope::{NameScope, Reuse};
use crate::sizes::Sizes;
use crate::store::{Member, NewName, VariableRecord};

/// What a variable starts from: a recipe, a tensor, a number or an array.
pub trait InitialValue<'g, T: Element> {
    /// The tensor to assign.
    #[track_caller]
    fn into_initial_value(self, graph: &'g Graph) -> Tensor<'g, T>;
}

impl<'g, T: Element> InitialValue<'g, T> for Recipe<'g> {
    #[track_caller]
    fn into_initial_value(self, graph: &'g Graph) -> Tensor<'g, T> {
        self.tensor(graph)
    }
}

impl<'g, T: Element> InitialValue<'g, T> for Tensor<'g, T> {
    fn into_initial_value(self, _: &'g Graph) -> Tensor<'g, T> {
        self
    }
}

impl<'g, T: Element> InitialValue<'g, T> for T {
    #[track_caller]
    fn into_initial_value(self, graph: &'g Graph) -> Tensor<'g, T> {
        graph.constant(self)
    }
}

impl<'g, T: Element> InitialValue<'g, T> for Vec<T> {
    #[track_caller]
    fn into_initial_value(self, graph: &'g Graph) -> Tensor<'g, T> {
        graph.constant(self)
    }
}

impl<'g, T: Element, const N: usize> InitialValue<'g, T> for [T; N] {
    #[track_caller]
    fn into_initial_value(self, graph: &'g Graph) -> Tensor<'g, T> {
        graph.constant(self)
    }
}

impl<'g, T: Element, const N: usize, const M: usize> InitialValue<'g, T> for [[T; M]; N] {
    #[track_caller]
    fn into_initial_value(self, graph: &'g Graph) -> Tensor<'g, T> {
        graph.constant(self)
    }
}

impl<'g, T, S, D> InitialValue<'g, T> for ndarray::ArrayBase<S, D>
where
    T: Element,
    S: ndarray::Data<Elem = T>,
    D: ndarray::Dimension,
{
    #[track_caller]
    fn into_initial_value(self, graph: &'g Graph) -> Tensor<'g, T> {
        graph.constant(self)
    }
}

/// Settings of a variable that `get_variable` makes.
///
/// ```
/// use aqueduct_graph::{Graph, VariableOptions, zeros_initializer};
///
/// let g = Graph::new();
/// let options = VariableOptions::new().initializer(zeros_initializer()).trainable(false);
/// let mean = g.get_variable_with::<f32>("mean", [10], options);
/// assert!(g.trainable_variables().is_empty());
/// # let _ = mean;
/// ```
#[derive(Clone, Debug)]
pub struct VariableOptions {
    initializer: Option<Initializer>,
    regularizer: Option<Regularizer>,
    trainable: bool,
}

impl VariableOptions {
    /// The scope's initializer and regularizer; trainable.
    pub fn new() -> VariableOptions {
        VariableOptions {
            initializer: None,
            regularizer: None,
            trainable: true,
        }
    }

    /// How the variable is filled first.
    #[must_use]
    pub fn initializer(mut self, initializer: Initializer) -> VariableOptions {
        self.initializer = Some(initializer);
        self
    }

    /// The penalty for the variable's values, in place of the scope's.
    #[must_use]
    pub fn regularizer(mut self, regularizer: Regularizer) -> VariableOptions {
        self.regularizer = Some(regularizer);
        self
    }

    /// Whether optimizers train it by default.
    #[must_use]
    pub fn trainable(mut self, trainable: bool) -> VariableOptions {
        self.trainable = trainable;
        self
    }
}

impl Default for VariableOptions {
    fn default() -> VariableOptions {
        VariableOptions::new()
    }
}

impl From<Initializer> for VariableOptions {
    fn from(initializer: Initializer) -> VariableOptions {
        VariableOptions::new().initializer(initializer)
    }
}

impl Graph {
    /// A trainable variable that starts from this value, whose shape must be known. TensorFlow's
    /// `Variable`: the name takes the name scope, and is made unique.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, random_normal};
    ///
    /// let g = Graph::new();
    /// let w = g.variable::<f32>("w", random_normal([128, 10]));
    /// let step = g.variable("step", 0_i64);
    /// assert_eq!(w.shape().to_string(), "[128, 10]");
    /// assert_eq!(step.name(), "step");
    /// ```
    #[track_caller]
    pub fn variable<'g, T: Element>(
        &'g self,
        name: &str,
        initial: impl InitialValue<'g, T>,
    ) -> Variable<'g, T> {
        self.variable_with(name, initial, true)
    }

    /// A variable that optimizers leave alone unless told otherwise.
    #[track_caller]
    pub fn untrained_variable<'g, T: Element>(
        &'g self,
        name: &str,
        initial: impl InitialValue<'g, T>,
    ) -> Variable<'g, T> {
        self.variable_with(name, initial, false)
    }

    #[track_caller]
    fn variable_with<'g, T: Element>(
        &'g self,
        name: &str,
        initial: impl InitialValue<'g, T>,
        trainable: bool,
    ) -> Variable<'g, T> {
        let name = self.valid_name(Caller::caller(), "variable", name);
        let _here = self.here();
        let _root = self.at_root();
        let initial = initial.into_initial_value(self).any();
        let asked = names::join(&self.context().name_scope, &name);
        let path = self.write().names.unique(&asked);
        Variable::assume(self.make_variable(&path, initial, trainable))
    }

    /// The variable of this name in the current variable scope, made of this shape if the scope
    /// does not reuse. Filled by the scope's initializer: unless told otherwise `glorot_uniform`, also
    /// for vectors, or zeros if it is not of floats. TensorFlow's `get_variable`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let kernel = g.variable_scope("rnn", || g.get_variable::<f32>("kernel", [7, 16]));
    /// assert_eq!(kernel.name(), "rnn/kernel");
    /// ```
    #[track_caller]
    pub fn get_variable<T: Element>(
        &self,
        name: &str,
        shape: impl AsRef<[usize]>,
    ) -> Variable<'_, T> {
        self.get_variable_with(name, shape, VariableOptions::new())
    }

    /// [`Graph::get_variable`] with an initializer or other settings.
    #[track_caller]
    pub fn get_variable_with<T: Element>(
        &self,
        name: &str,
        shape: impl AsRef<[usize]>,
        options: impl Into<VariableOptions>,
    ) -> Variable<'_, T> {
        Variable::assume(self.get_any_variable(name, T::DTYPE, shape.as_ref(), options.into()))
    }

    /// [`Graph::get_variable_with`] for an element type known at run time.
    #[track_caller]
    pub fn get_any_variable(
        &self,
        name: &str,
        dtype: DType,
        shape: &[usize],
        options: VariableOptions,
    ) -> AnyVariable<'_> {
        let name = self.valid_name(Caller::caller(), "get_variable", name);
        let _here = self.here();
        let _root = self.at_root();
        let context = self.context();
        let path = names::join(&context.variable_scope, &name);
        let existing = self.view().shared_variables.get(&path).copied();
        match (existing, context.reuse) {
            (Some(id), Reuse::Yes | Reuse::Auto) => self.reuse(id, dtype, shape),
            (Some(id), Reuse::No) => self.already_there(id, &path, dtype, shape),
            (None, Reuse::Yes) => {
                let problem = Problem::new(
                    MistakeKind::Name,
                    format!("variable {path} does not exist, and the scope only reuses"),
                )
                .help("make it first outside of the reusing scope, or use Reuse::Auto");
                self.wrong_variable(&path, dtype, shape, problem)
            }
            (None, Reuse::No | Reuse::Auto) => {
                let initializer = options
                    .initializer
                    .or(context.initializer)
                    .unwrap_or_else(|| default_initializer(dtype));
                let variable =
                    self.new_shared(&path, dtype, shape, &initializer, options.trainable);
                self.write().shared_variables.insert(path, variable.id());
                if let Some(regularizer) = options.regularizer.or(context.regularizer) {
                    self.penalize(variable, &regularizer);
                }
                variable
            }
        }
    }

    #[track_caller]
    fn new_shared(
        &self,
        path: &str,
        dtype: DType,
        shape: &[usize],
        initializer: &Initializer,
        trainable: bool,
    ) -> AnyVariable<'_> {
        let unique = self.write().names.unique(path);
        let initial = {
            // TensorFlow names these by the variable's path, whatever the name scope is.
            let _scope = self.enter(|context| context.name_scope = format!("{unique}/Initializer"));
            initializer.build(self, dtype, Sizes::from(shape))
        };
        self.make_variable(&unique, initial, trainable)
    }

    /// The variable that is there, if it is of this type and shape.
    #[track_caller]
    fn reuse(&self, id: VariableId, dtype: DType, shape: &[usize]) -> AnyVariable<'_> {
        let (name, there, from) = {
            let view = self.view();
            let record = view.variable(id);
            let there = (record.dtype, record.shape.clone());
            (record.name.clone(), there, view.trace(record.site))
        };
        if there == (dtype, shape.to_vec()) {
            return AnyVariable::new(self, id);
        }
        let problem = Problem::shape(format!(
            "variable {name} is {}{:?}, made at {from}, not {dtype}{shape:?}",
            there.0, there.1
        ))
        .help("share it with its own type and shape, or give the new one another name");
        self.wrong_variable(&name, dtype, shape, problem)
    }

    #[track_caller]
    fn already_there(
        &self,
        id: VariableId,
        path: &str,
        dtype: DType,
        shape: &[usize],
    ) -> AnyVariable<'_> {
        let from = {
            let view = self.view();
            view.trace(view.variable(id).site)
        };
        let problem = Problem::new(
            MistakeKind::Name,
            format!("variable {path} already exists, made at {from}"),
        )
        .help(
            "to share it, open the scope with Reuse::Yes or Reuse::Auto; to have a second one, give \
             it or its scope another name",
        );
        self.wrong_variable(path, dtype, shape, problem)
    }

    /// A variable of this type and shape that is poisoned by a mistake.
    #[track_caller]
    fn wrong_variable(
        &self,
        path: &str,
        dtype: DType,
        shape: &[usize],
        problem: Problem,
    ) -> AnyVariable<'_> {
        let unique = self.write().names.unique(path);
        let mistake = self.record(Caller::caller(), "get_variable", path, problem);
        let placeholder = self.add_named(
            Array::Placeholder {
                dtype,
                shape: shape.into(),
            }
            .into(),
            &[],
            NewName::Exact(format!("{unique}/initial_value")),
            None,
        );
        self.write().poison(placeholder, mistake);
        let initial = AnyTensor::new(self, TensorId::new(placeholder, 0));
        self.make_variable(&unique, initial, false)
    }

    /// Makes a variable under a path that is in use for it already.
    #[track_caller]
    fn make_variable(
        &self,
        path: &str,
        initial: AnyTensor<'_>,
        trainable: bool,
    ) -> AnyVariable<'_> {
        let caller = Caller::caller();
        let initial = self.own_initial_value(initial);
        let shape = initial.shape();
        let sizes = shape.sizes();
        let problem = (sizes.is_none() && !initial.is_poisoned()).then(|| {
            Problem::shape(format!("the initial value has the unknown shape {shape}"))
                .help("a variable keeps one shape: start from a value whose shape is known")
        });
        let site = self.site(caller);
        let dtype = initial.dtype();
        let id = {
            let mut store = self.write();
            let id = VariableId::from_index(store.variables.len());
            let nobody = NodeId::from_index(0);
            store.variables.push(VariableRecord {
                name: path.to_owned(),
                dtype,
                shape: sizes.unwrap_or_default(),
                trainable,
                site,
                initial_value: initial.id(),
                initializer: nobody,
                read: nobody,
                poison: None,
            });
            id
        };
        let assign = State::Assign(id, Update::Set).into();
        let assign_name = NewName::Exact(format!("{path}/Assign"));
        let initializer = self.add_named(assign, &[initial], assign_name, problem);
        let read_name = NewName::Exact(format!("{path}/read"));
        let read = self.add_named(State::Read(id).into(), &[], read_name, None);
        self.register(id, initializer, read, trainable)
    }

    /// The tensor, or one of its type that is poisoned if it belongs to another graph: a variable's
    /// record keeps its id.
    #[track_caller]
    fn own_initial_value<'g>(&'g self, initial: AnyTensor<'g>) -> AnyTensor<'g> {
        if initial.graph().is_same(self) {
            return initial;
        }
        let op = Array::Placeholder {
            dtype: initial.dtype(),
            shape: initial.shape(),
        };
        let id = self.add_wrong(op, &[], "initial_value", foreign_operand(initial));
        AnyTensor::new(self, TensorId::new(id, 0))
    }

    /// Completes a variable's record once its nodes are there, and lists it.
    fn register(
        &self,
        id: VariableId,
        initializer: NodeId,
        read: NodeId,
        trainable: bool,
    ) -> AnyVariable<'_> {
        {
            let mut store = self.write();
            let poison = store.node(initializer).poison;
            if let Some(mistake) = poison {
                store.poison(read, mistake);
            }
            if let Some(record) = store.variables.get_mut(id.index()) {
                record.initializer = initializer;
                record.read = read;
                record.poison = poison;
            }
        }
        self.add_to_collection(Keys::GLOBAL_VARIABLES, Member::Variable(id));
        if trainable {
            self.add_to_collection(Keys::TRAINABLE_VARIABLES, Member::Variable(id));
        }
        AnyVariable::new(self, id)
    }

    /// The operation that gives every variable its initial value. Asked again, it is the same
    /// operation while no variable was added. TensorFlow's `global_variables_initializer`.
    #[track_caller]
    pub fn global_variables_initializer(&self) -> Operation<'_> {
        let variables = self.global_variables();
        let made = self.view().initializer;
        if let Some((node, covered)) = made
            && covered == variables.len()
        {
            return Operation::new(self, node);
        }
        let _here = self.here();
        let _root = self.at_root();
        let init = self.group_named(
            variables.iter().map(|variable| variable.initializer()),
            "init",
        );
        self.write().initializer = Some((init.id(), variables.len()));
        init
    }

    /// The operation that gives these variables their initial values: those that were made after
    /// [`Graph::global_variables_initializer`] ran, say. TensorFlow's `variables_initializer`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let (a, b) = (g.variable("a", 1.0_f32), g.variable("b", [1_i32, 2]));
    /// let init = g.variables_initializer([a.any(), b.any()]);
    /// assert_eq!(init.name(), "init");
    /// ```
    #[track_caller]
    pub fn variables_initializer<'g>(
        &'g self,
        variables: impl IntoIterator<Item = impl Into<AnyVariable<'g>>>,
    ) -> Operation<'g> {
        let variables = variables.into_iter().map(Into::into);
        self.group_named(variables.map(AnyVariable::initializer), "init")
    }

    /// An operation that does nothing after the given ones. TensorFlow's `group`.
    #[track_caller]
    pub fn group<'g>(
        &'g self,
        operations: impl IntoIterator<Item = impl Into<Operation<'g>>>,
    ) -> Operation<'g> {
        self.group_named(operations, "group_deps")
    }

    /// [`Graph::group`] with a name.
    #[track_caller]
    pub fn group_named<'g>(
        &'g self,
        operations: impl IntoIterator<Item = impl Into<Operation<'g>>>,
        name: &str,
    ) -> Operation<'g> {
        let _after = self.order_after(operations);
        Operation::new(self, self.add(Control::NoOp, &[], name))
    }

    /// [`Graph::group`] named as an open scope: the operation that stands for all that was built in
    /// the scope.
    #[track_caller]
    pub fn group_scope<'g>(
        &'g self,
        scope: &NameScope,
        operations: impl IntoIterator<Item = impl Into<Operation<'g>>>,
    ) -> Operation<'g> {
        let _after = self.order_after(operations);
        let name = NewName::Exact(scope.path().to_owned());
        Operation::new(self, self.add_named(Control::NoOp.into(), &[], name, None))
    }

    /// An operation that does nothing, after the current control dependencies. TensorFlow's
    /// `no_op`.
    #[track_caller]
    pub fn no_op(&self) -> Operation<'_> {
        Operation::new(self, self.add(Control::NoOp, &[], "NoOp"))
    }
}

impl<'g, T: Element> Variable<'g, T> {
    /// The variable's value if it has one, else its initial value: to start another variable from
    /// this one while both are being initialised. TensorFlow's `initialized_value`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, random_normal};
    ///
    /// let g = Graph::new();
    /// let w = g.variable::<f32>("w", random_normal([3]));
    /// let twice = g.variable("twice", w.initialized_value() * 2.0);
    /// # let _ = twice;
    /// ```
    #[track_caller]
    pub fn initialized_value(self) -> Tensor<'g, T> {
        let graph = self.any().graph();
        let _here = graph.here();
        let initial = self.initial_value();
        let then = || self.read_value();
        graph.cond_here(self.is_initialized(), then, || initial.identity())
    }
}

/// What a variable starts from if nothing else is said, by TensorFlow's rule.
fn default_initializer(dtype: DType) -> Initializer {
    if dtype.is_float() {
        glorot_uniform()
    } else {
        zeros_initializer()
    }
}
