//! Operations, tensors and variables by their names.

use thiserror::Error;

use crate::graph::Graph;
use crate::handle::{AnyTensor, AnyVariable, Operation};
use crate::ids::{TensorId, VariableId};
use crate::names;
use crate::store::Store;

/// Why nothing in a graph goes by a name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is no such operation.
    #[error("no operation of the graph is called {name:?}{}", meant(.near))]
    NoOperation {
        /// The name asked for.
        name: String,
        /// Names that it may have been meant to be, each in backquotes; may be empty.
        near: String,
    },
    /// The operation is there, but not the output.
    #[error("there is no tensor {name:?}: {}", outputs(operation, *.count))]
    NoOutput {
        /// The name asked for.
        name: String,
        /// The operation.
        operation: String,
        /// How many outputs it has.
        count: usize,
    },
    /// It is no name of a tensor.
    #[error(
        "{name:?} is no name of a tensor: that is the name of its operation and the place among its \
         outputs, as in `x:0`"
    )]
    NotATensor {
        /// The name asked for.
        name: String,
    },
    /// It is the name of a tensor, not of an operation.
    #[error("{name:?} is the name of a tensor: that of its operation is `{operation}`")]
    NotAnOperation {
        /// The name asked for.
        name: String,
        /// What stands before the colon.
        operation: String,
    },
    /// There is no such variable.
    #[error("no variable of the graph is called {name:?}{}", meant(.near))]
    NoVariable {
        /// The name asked for.
        name: String,
        /// Names that it may have been meant to be, each in backquotes; may be empty.
        near: String,
    },
}

fn meant(near: &str) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; is it {near}?")
    }
}

fn outputs(operation: &str, count: usize) -> String {
    match count {
        0 => format!("`{operation}` has no outputs"),
        1 => format!("`{operation}` has the output `{operation}:0` alone"),
        count => {
            let last = count.saturating_sub(1);
            format!("`{operation}` has the outputs `{operation}:0` to `{operation}:{last}`")
        }
    }
}

impl Graph {
    /// All operations, those of the bodies of loops and branches among them, in the order of their
    /// making. TensorFlow's `get_operations`.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let ids = self.view().node_ids();
        ids.map(|id| Operation::new(self, id)).collect()
    }

    /// The operation of this name: `rnn/transpose`.
    ///
    /// # Errors
    /// There is none, or it is the name of a tensor.
    pub fn get_operation_by_name(&self, name: &str) -> Result<Operation<'_>, NameError> {
        let view = self.view();
        if let Some(id) = view.node_by_name(name) {
            return Ok(Operation::new(self, id));
        }
        Err(match name.rsplit_once(':') {
            Some((operation, _)) => NameError::NotAnOperation {
                name: name.to_owned(),
                operation: operation.to_owned(),
            },
            None => no_operation(&view, name),
        })
    }

    /// The tensor of this name: that of its operation and the place among its outputs,
    /// `rnn/transpose:0`. The name of a variable with `:0` gives its value at the start of the run.
    ///
    /// Its element type is known at run time; [`AnyTensor::typed`] tells it to the compiler. It can be
    /// fed and fetched as it is.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, NameError, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let y = g.name_scope("model", || x.tanh());
    /// assert_eq!(g.get_tensor_by_name("model/Tanh:0")?.typed::<f32>(), y);
    ///
    /// let error = g.get_tensor_by_name("tanh:0").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"no operation of the graph is called "tanh"; is it `model/Tanh`?"#
    /// );
    /// # Ok::<(), NameError>(())
    /// ```
    ///
    /// # Errors
    /// There is no such operation, it has no such output, or the place is missing.
    pub fn get_tensor_by_name(&self, name: &str) -> Result<AnyTensor<'_>, NameError> {
        let parts = name.rsplit_once(':');
        let parts = parts.and_then(|(operation, place)| Some((operation, place.parse().ok()?)));
        let Some((operation, place)) = parts else {
            let name = name.to_owned();
            return Err(NameError::NotATensor { name });
        };
        let view = self.view();
        let Some(id) = view.node_by_name(operation) else {
            let variable = variable_of(&view, operation).filter(|_| place == 0);
            return match variable {
                Some(variable) => {
                    let read = view.variable(variable).read;
                    Ok(AnyTensor::new(self, TensorId::new(read, 0)))
                }
                None => Err(no_operation(&view, operation)),
            };
        };
        let count = view.node(id).outputs.len();
        if usize::try_from(place).is_ok_and(|place| place < count) {
            return Ok(AnyTensor::new(self, TensorId::new(id, place)));
        }
        Err(NameError::NoOutput {
            name: name.to_owned(),
            operation: operation.to_owned(),
            count,
        })
    }

    /// The variable of this name, with or without the `:0` that TensorFlow adds.
    ///
    /// # Errors
    /// There is none.
    pub fn get_variable_by_name(&self, name: &str) -> Result<AnyVariable<'_>, NameError> {
        let view = self.view();
        let found = variable_of(&view, name.strip_suffix(":0").unwrap_or(name));
        let Some(id) = found else {
            let names = view.variable_ids().map(|id| &*view.variable(id).name);
            return Err(NameError::NoVariable {
                name: name.to_owned(),
                near: names::nearest(name, names),
            });
        };
        drop(view);
        Ok(AnyVariable::new(self, id))
    }
}

fn variable_of(store: &Store, name: &str) -> Option<VariableId> {
    let mut ids = store.variable_ids();
    ids.find(|id| store.variable(*id).name == name)
}

fn no_operation(store: &Store, name: &str) -> NameError {
    let names = store.node_ids().map(|id| &*store.node(id).name);
    NameError::NoOperation {
        name: name.to_owned(),
        near: names::nearest(name, names),
    }
}
