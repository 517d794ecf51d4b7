//! Collections: lists by name of tensors, variables and operations.

use crate::element::Element;
use crate::graph::Graph;
use crate::handle::{AnyTensor, AnyVariable, Operation, Tensor, Variable};
use crate::store::Member;

/// Names of the collections that the library keeps itself, as in TensorFlow's `GraphKeys`.
#[derive(Debug)]
pub struct Keys;

impl Keys {
    /// Every variable.
    pub const GLOBAL_VARIABLES: &'static str = "variables";
    /// The variables that optimizers train by default.
    pub const TRAINABLE_VARIABLES: &'static str = "trainable_variables";
    /// The losses.
    pub const LOSSES: &'static str = "losses";
    /// The penalties of regularized variables.
    pub const REGULARIZATION_LOSSES: &'static str = "regularization_losses";
    /// The variables that a moving average is kept of.
    pub const MOVING_AVERAGE_VARIABLES: &'static str = "moving_average_variables";
    /// The operations to run with each step of a training, that no gradient asks for: those that move
    /// the averages of batch normalisation.
    pub const UPDATE_OPS: &'static str = "update_ops";
    /// The step counter.
    pub const GLOBAL_STEP: &'static str = "global_step";
}

impl Graph {
    /// Every variable, in the order of creation. TensorFlow's `global_variables`.
    pub fn global_variables(&self) -> Vec<AnyVariable<'_>> {
        self.variables_of(Keys::GLOBAL_VARIABLES)
    }

    /// The variables that optimizers train by default. TensorFlow's `trainable_variables`.
    pub fn trainable_variables(&self) -> Vec<AnyVariable<'_>> {
        self.variables_of(Keys::TRAINABLE_VARIABLES)
    }

    /// The operations of the collection [`Keys::UPDATE_OPS`], in the order of adding: to be run with
    /// each step of a training. Of TensorFlow `get_collection(GraphKeys.UPDATE_OPS)`.
    pub fn update_ops(&self) -> Vec<Operation<'_>> {
        self.collection(Keys::UPDATE_OPS)
            .into_iter()
            .filter_map(|member| match member {
                Member::Operation(id) => Some(Operation::new(self, id)),
                Member::Tensor(id) => Some(Operation::new(self, id.node)),
                Member::Variable(_) => None,
            })
            .collect()
    }

    /// The variables of a collection, in the order of adding.
    pub fn variables_of(&self, collection: &str) -> Vec<AnyVariable<'_>> {
        self.collection(collection)
            .into_iter()
            .filter_map(|member| match member {
                Member::Variable(id) => Some(AnyVariable::new(self, id)),
                Member::Tensor(_) | Member::Operation(_) => None,
            })
            .collect()
    }

    /// Adds a member to a collection; one that is in it already is not added again.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, ir::Member};
    ///
    /// let g = Graph::new();
    /// let penalty = g.constant(0.5_f32);
    /// g.add_to_collection("penalties", penalty.any());
    /// assert_eq!(g.tensors_of("penalties"), [penalty.any()]);
    /// ```
    pub fn add_to_collection(&self, name: &str, member: impl Into<Member>) {
        let member = member.into();
        let mut store = self.write();
        let members = store.collections.entry(name.to_owned());
        members.or_default().add(member);
    }

    /// The members of a collection, in the order of adding.
    pub fn collection(&self, name: &str) -> Vec<Member> {
        self.view().collection(name).to_vec()
    }

    /// The tensors of a collection, in the order of adding.
    pub fn tensors_of(&self, collection: &str) -> Vec<AnyTensor<'_>> {
        self.collection(collection)
            .into_iter()
            .filter_map(|member| match member {
                Member::Tensor(id) => Some(AnyTensor::new(self, id)),
                Member::Variable(_) | Member::Operation(_) => None,
            })
            .collect()
    }
}

impl From<AnyTensor<'_>> for Member {
    fn from(tensor: AnyTensor<'_>) -> Member {
        Member::Tensor(tensor.id())
    }
}

impl<T: Element> From<Tensor<'_, T>> for Member {
    fn from(tensor: Tensor<'_, T>) -> Member {
        Member::Tensor(tensor.id())
    }
}

impl From<AnyVariable<'_>> for Member {
    fn from(variable: AnyVariable<'_>) -> Member {
        Member::Variable(variable.id())
    }
}

impl<T: Element> From<Variable<'_, T>> for Member {
    fn from(variable: Variable<'_, T>) -> Member {
        Member::Variable(variable.any().id())
    }
}

impl From<Operation<'_>> for Member {
    fn from(operation: Operation<'_>) -> Member {
        Member::Operation(operation.id())
    }
}
