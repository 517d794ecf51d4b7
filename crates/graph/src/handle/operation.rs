//! An operation.

use std::fmt;
use std::panic::Location as Caller;

use crate::element::Element;
use crate::graph::Graph;
use crate::handle::{AnyTensor, AnyVariable, Tensor, Variable};
use crate::ids::{NodeId, TensorId};
use crate::location::Trace;
use crate::mistake::{MistakeKind, Problem};

/// An operation of a graph: to be run for its effect, or ordered before others.
#[derive(Clone, Copy)]
pub struct Operation<'g> {
    graph: &'g Graph,
    id: NodeId,
}

impl<'g> Operation<'g> {
    /// The handle of an operation.
    pub fn new(graph: &'g Graph, id: NodeId) -> Operation<'g> {
        Operation { graph, id }
    }

    /// The graph.
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// The operation's id.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The name: `rnn/transpose`.
    pub fn name(self) -> String {
        self.graph.view().node(self.id).name.clone()
    }

    /// The type as TensorFlow names it: `MatMul`.
    pub fn type_name(self) -> &'static str {
        self.graph.view().node(self.id).op.type_name()
    }

    /// Where it was built.
    pub fn trace(self) -> Trace {
        self.graph.view().trace_of(self.id)
    }

    /// Its outputs.
    pub fn outputs(self) -> Vec<AnyTensor<'g>> {
        let count = self.graph.view().node(self.id).outputs.len();
        (0..u32::try_from(count).unwrap_or(u32::MAX))
            .map(|output| AnyTensor::new(self.graph, TensorId::new(self.id, output)))
            .collect()
    }

    /// Whether a mistake made it meaningless.
    pub fn is_poisoned(self) -> bool {
        self.graph.view().node(self.id).poison.is_some()
    }

    /// Calls the operation `name`; see [`AnyTensor::named`].
    #[track_caller]
    pub fn named(self, name: &str) -> Operation<'g> {
        self.rename(name);
        self
    }

    #[track_caller]
    pub(crate) fn rename(self, name: &str) {
        let caller = Caller::caller();
        let name = self.graph.valid_name(caller, "named", name);
        if self.graph.is_finalized() {
            // What was built after `finalize` has been reported.
            if self.is_poisoned() {
                return;
            }
            let problem = Problem::new(MistakeKind::Finalized, "the graph was finalized")
                .help("give names before `finalize`");
            self.graph.record(caller, "named", &name, problem);
            return;
        }
        self.graph.write().rename(self.id, &name);
    }
}

impl PartialEq for Operation<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.graph.is_same(other.graph) && self.id == other.id
    }
}

impl Eq for Operation<'_> {}

impl<'g> From<AnyTensor<'g>> for Operation<'g> {
    fn from(tensor: AnyTensor<'g>) -> Operation<'g> {
        tensor.op()
    }
}

impl<'g, T: Element> From<Tensor<'g, T>> for Operation<'g> {
    fn from(tensor: Tensor<'g, T>) -> Operation<'g> {
        tensor.op()
    }
}

impl<'g, T: Element> From<Variable<'g, T>> for Operation<'g> {
    fn from(variable: Variable<'g, T>) -> Operation<'g> {
        variable.op()
    }
}

impl<'g> From<AnyVariable<'g>> for Operation<'g> {
    fn from(variable: AnyVariable<'g>) -> Operation<'g> {
        variable.value().op()
    }
}

impl<'g> From<&Operation<'g>> for Operation<'g> {
    fn from(operation: &Operation<'g>) -> Operation<'g> {
        *operation
    }
}

/// Prints as TensorFlow 1 does: name, op and inputs, a line each.
impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.graph.view();
        let node = view.node(self.id);
        writeln!(f, "name: \"{}\"", node.name)?;
        write!(f, "op: \"{}\"", node.op.type_name())?;
        for input in view.inputs(self.id) {
            let source = &view.node(input.node).name;
            match input.output {
                0 => write!(f, "\ninput: \"{source}\"")?,
                output => write!(f, "\ninput: \"{source}:{output}\"")?,
            }
        }
        for control in view.controls(self.id) {
            write!(f, "\ninput: \"^{}\"", view.node(control).name)?;
        }
        Ok(())
    }
}

/// Prints as TensorFlow's `repr` does: `<tf.Operation 'init' type=NoOp>`.
impl fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<tf.Operation '{}' type={}>",
            self.name(),
            self.type_name()
        )
    }
}
