//! The variables of a saver, and the names under which files have them.

use std::collections::HashMap;
use std::sync::Arc;

use aqueduct_graph::ir::VariableId;
use aqueduct_graph::{AnyVariable, Graph, Mistake, Mistakes, Value};

use super::compare::{Comparison, TensorInfo, WantedTensor};
use super::error::CheckpointError;
use super::format::StoredTensor;
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::execute::Version;

/// Variables with the names under which files have them, ascending by these.
#[derive(Debug, Default)]
pub(super) struct VariableList(Vec<Listed>);

/// A variable as it was when it was listed; none of this ever changes.
#[derive(Debug)]
struct Listed {
    graph: u64,
    id: VariableId,
    wanted: WantedTensor,
    mistake: Option<Mistake>,
}

impl Listed {
    fn new(name: String, variable: AnyVariable<'_>) -> Listed {
        let graph = variable.graph();
        let view = graph.view();
        let record = view.variable(variable.id());
        let tensor = TensorInfo {
            name,
            dtype: record.dtype,
            shape: record.shape.clone(),
        };
        Listed {
            graph: graph.id(),
            id: variable.id(),
            wanted: WantedTensor {
                tensor,
                variable: record.name.clone(),
                at: view.trace(record.site),
            },
            mistake: record.poison.map(|mistake| view.mistake(mistake).clone()),
        }
    }

    fn is(&self, variable: AnyVariable<'_>) -> bool {
        (self.graph, self.id) == (variable.graph().id(), variable.id())
    }

    fn name(&self) -> &str {
        &self.wanted.tensor.name
    }

    /// The variable as reports name it.
    fn described(&self) -> String {
        format!("`{}`, made at {}", self.wanted.variable, self.wanted.at)
    }
}

impl<'g> FromIterator<(String, AnyVariable<'g>)> for VariableList {
    fn from_iter<I: IntoIterator<Item = (String, AnyVariable<'g>)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        let mut list = VariableList(
            variables
                .map(|(name, variable)| Listed::new(name, variable))
                .collect(),
        );
        list.sort();
        list
    }
}

impl VariableList {
    pub(super) fn rename(&mut self, name: String, variable: AnyVariable<'_>) {
        self.0.retain(|listed| !listed.is(variable));
        self.0.push(Listed::new(name, variable));
        self.sort();
    }

    pub(super) fn rename_each(&mut self, mut rename: impl FnMut(&str) -> String) {
        for listed in &mut self.0 {
            listed.wanted.tensor.name = rename(listed.name());
        }
        self.sort();
    }

    /// The order of a file's tensors.
    fn sort(&mut self) {
        self.0.sort_by(|one, other| one.name().cmp(other.name()));
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().map(Listed::name).collect()
    }

    pub(super) fn ids(&self) -> Vec<VariableId> {
        self.0.iter().map(|listed| listed.id).collect()
    }

    /// Whether the list makes sense, for a session of `graph` if there is one.
    ///
    /// # Errors
    /// Mistakes made while building the variables; else all that is wrong with the list.
    pub(super) fn check(&self, graph: Option<&Graph>) -> Result<()> {
        let mut mistakes: Vec<Mistake> = Vec::new();
        for mistake in self.0.iter().filter_map(|listed| listed.mistake.as_ref()) {
            if !mistakes.contains(mistake) {
                mistakes.push(mistake.clone());
            }
        }
        if !mistakes.is_empty() {
            return Err(Error::Build(Mistakes(mistakes)));
        }
        let mut problems = self.clashes();
        if self.0.is_empty() {
            problems.push("there are no variables to save or restore".to_owned());
        }
        if let Some(graph) = graph {
            let foreign = self.0.iter().filter(|listed| listed.graph != graph.id());
            problems.extend(foreign.map(|listed| foreign_variable(&listed.described())));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(CheckpointError::Variables { problems }.into())
    }

    /// Names of two variables, and variables of two names.
    fn clashes(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut names: HashMap<(u64, VariableId), &str> = HashMap::new();
        let mut before: Option<&Listed> = None;
        for listed in &self.0 {
            let other = names.insert((listed.graph, listed.id), listed.name());
            if let Some(before) = before.filter(|before| before.name() == listed.name()) {
                problems.push(format!(
                    "two variables have the name `{}`: {}, and {}",
                    listed.name(),
                    before.described(),
                    listed.described()
                ));
            } else if let Some(other) = other {
                problems.push(format!(
                    "a variable has the two names `{other}` and `{}`: {}",
                    listed.name(),
                    listed.described()
                ));
            }
            before = Some(listed);
        }
        problems
    }

    pub(super) fn compare(&self, stored: &[StoredTensor]) -> Comparison {
        let wanted: Vec<&WantedTensor> = self.0.iter().map(|listed| &listed.wanted).collect();
        Comparison::new(&wanted, stored)
    }

    /// The tensors of a file that keeps these values of the variables, in the order of the list.
    ///
    /// # Errors
    /// Variables that have no value: all of them.
    pub(super) fn tensors(
        &self,
        versions: Vec<Version>,
    ) -> Result<Vec<(TensorInfo, Arc<Value>)>, CheckpointError> {
        let mut tensors = Vec::new();
        let mut absent = Vec::new();
        for (listed, version) in self.0.iter().zip(versions) {
            let WantedTensor {
                tensor,
                variable,
                at,
            } = &listed.wanted;
            match version {
                Some(value) => tensors.push((tensor.clone(), value)),
                None => absent.push((variable.clone(), at.clone())),
            }
        }
        if absent.is_empty() {
            return Ok(tensors);
        }
        Err(CheckpointError::Uninitialized { variables: absent })
    }

    /// The values that a checkpoint has of these variables, as far as they fit.
    ///
    /// # Errors
    /// The elements cannot be read, or are damaged.
    pub(super) fn read(
        &self,
        reader: &mut Reader,
    ) -> Result<Vec<(VariableId, Version)>, CheckpointError> {
        let fitting: HashMap<&TensorInfo, VariableId> = self
            .0
            .iter()
            .map(|listed| (&listed.wanted.tensor, listed.id))
            .collect();
        let stored = reader.table.tensors.iter();
        let found: Vec<(VariableId, StoredTensor)> = stored
            .filter_map(|tensor| Some((*fitting.get(&tensor.info)?, tensor.clone())))
            .collect();
        let read = |(id, tensor)| Ok((id, Some(Arc::new(reader.read(&tensor)?))));
        found.into_iter().map(read).collect()
    }
}

/// Whether the variable of a step's number belongs to the session.
pub(super) fn check_own(variable: AnyVariable<'_>, graph: &Graph) -> Result<(), CheckpointError> {
    if variable.graph().is_same(graph) {
        return Ok(());
    }
    let listed = Listed::new(variable.name(), variable);
    Err(CheckpointError::Variables {
        problems: vec![foreign_variable(&listed.described())],
    })
}

fn foreign_variable(described: &str) -> String {
    format!("a variable belongs to another graph than the session: {described}")
}

/// The number in an integer variable.
pub(super) fn step_number(variable: AnyVariable<'_>, version: Version) -> Result<i128> {
    let listed = Listed::new(variable.name(), variable);
    let Some(value) = version else {
        let WantedTensor { variable, at, .. } = listed.wanted;
        let variables = vec![(variable, at)];
        return Err(CheckpointError::Uninitialized { variables }.into());
    };
    let numbers: Vec<i128> = match (value.as_slice::<i64>(), value.as_slice::<i32>()) {
        (Some(values), _) => values.iter().copied().map(i128::from).collect(),
        (None, Some(values)) => values.iter().copied().map(i128::from).collect(),
        (None, None) => Vec::new(),
    };
    match numbers.as_slice() {
        [number] => Ok(*number),
        _ => Err(CheckpointError::Variables {
            problems: vec![format!(
                "a step's number is one number, not {}: {}",
                listed.wanted.tensor,
                listed.described()
            )],
        }
        .into()),
    }
}
