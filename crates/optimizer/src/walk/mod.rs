//! The walk from `ys` back to `xs`, into bodies and out again.

mod cond;
mod frame;
mod loops;
mod replica;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use aqueduct_graph::Graph;
use aqueduct_graph::ir::{Control, NodeId, Op, ReplacedGradient, TensorId};

pub(crate) use frame::Frame;

use crate::flow::Flow;
use crate::gradient::Slope;
use crate::rules::{self, Backward, Rule, Step};

/// The walk over the operations of one region.
///
/// Operations are visited by descending id, which is a reverse topological order: when one comes up,
/// everything that uses its outputs has been visited, so their gradients are complete. A loop or
/// branch has its bodies walked by walks of their own; what these find for tensors around them
/// belongs to this walk.
pub(crate) struct Walk<'g, 'f> {
    graph: &'g Graph,
    course: Course<'f>,
    frame: Rc<Frame<'g>>,
    /// Gradients found so far, a part for each use of a tensor.
    parts: HashMap<TensorId, Vec<Slope<'g>>>,
    /// Operations some of whose outputs have parts.
    pending: BTreeSet<NodeId>,
    /// Gradients that are complete.
    sums: HashMap<TensorId, Slope<'g>>,
    /// Of a walk over a body: parts for tensors that the body uses from around, and for sources in
    /// bodies.
    outside: BTreeMap<TensorId, Vec<Slope<'g>>>,
}

/// Where gradients go.
#[derive(Clone, Copy)]
struct Course<'f> {
    flow: &'f Flow<'f>,
    stops: &'f HashSet<TensorId>,
    /// The tensors that a gradient comes to.
    way: &'f HashSet<TensorId>,
}

/// What a gradient does at an operation.
enum Passage<'g> {
    Rule(Backward, Step<'g>),
    Bodies(Control),
    Nothing,
}

impl<'g, 'f> Walk<'g, 'f> {
    /// The gradients of all tensors that one comes to, if these are the gradients to start from.
    #[track_caller]
    pub(crate) fn run(
        graph: &'g Graph,
        flow: &'f Flow<'f>,
        stops: &'f HashSet<TensorId>,
        starts: Vec<(TensorId, Slope<'g>)>,
    ) -> HashMap<TensorId, Slope<'g>> {
        let way = flow.way_from(&graph.view(), starts.iter().map(|(y, _)| *y));
        let course = Course {
            flow,
            stops,
            way: &way,
        };
        let mut walk = Walk::new(graph, course, Rc::new(Frame::outermost(graph)));
        walk.follow(starts);
        walk.sums
    }

    fn new<'c>(graph: &'g Graph, course: Course<'c>, frame: Rc<Frame<'g>>) -> Walk<'g, 'c> {
        Walk {
            graph,
            course,
            frame,
            parts: HashMap::new(),
            pending: BTreeSet::new(),
            sums: HashMap::new(),
            outside: BTreeMap::new(),
        }
    }

    /// Walks over a body, with these gradients of its results, and adds operations to that of the
    /// frame. What it finds for the parameters is in `sums`, what it finds for tensors around in
    /// `outside`.
    #[track_caller]
    fn over_body(&self, frame: &Rc<Frame<'g>>, starts: Vec<(TensorId, Slope<'g>)>) -> Walk<'g, 'f> {
        let mut walk = Walk::new(self.graph, self.course, Rc::clone(frame));
        walk.follow(starts);
        let sources = frame.region().map(|body| self.course.flow.sources_in(body));
        for source in sources.unwrap_or_default() {
            if let Some(sum) = walk.sums.get(source) {
                walk.outside.entry(*source).or_default().push(*sum);
            }
        }
        walk
    }

    #[track_caller]
    fn follow(&mut self, starts: Vec<(TensorId, Slope<'g>)>) {
        for (tensor, slope) in starts {
            self.add_part(tensor, slope);
        }
        while let Some(id) = self.pending.pop_last() {
            self.visit(id);
        }
    }

    fn add_part(&mut self, tensor: TensorId, part: Slope<'g>) {
        if self.frame.owns(tensor) {
            self.parts.entry(tensor).or_default().push(part);
            self.pending.insert(tensor.node);
        } else {
            self.outside.entry(tensor).or_default().push(part);
        }
    }

    /// Completes the gradients of an operation's outputs, and passes them on to its operands.
    #[track_caller]
    fn visit(&mut self, id: NodeId) {
        let _origin = self.graph.on_behalf_of(id);
        let mut grads = Vec::new();
        for output in aqueduct_graph::Operation::new(self.graph, id).outputs() {
            let parts = self.parts.remove(&output.id()).unwrap_or_default();
            let sum = Slope::sum(self.graph, &parts);
            if let Some(sum) = sum {
                self.sums.insert(output.id(), sum);
            }
            grads.push(sum.filter(|_| !self.course.stops.contains(&output.id())));
        }
        let grads = match self.grads_of_function(id) {
            Some(of_function) => of_function,
            None => grads,
        };
        if !self.course.flow.passes(id) || grads.iter().all(Option::is_none) {
            return;
        }
        let name = self.graph.view().node(id).name.clone();
        let found = match self.passage(id, &grads) {
            Passage::Rule(rule, mut step) => {
                let _scope = self.graph.open_name_scope(&format!("{name}_grad"));
                rule(&mut step);
                step.found()
            }
            Passage::Bodies(control) => {
                let _scope = self.graph.open_name_scope(&format!("{name}_grad"));
                self.through_bodies(id, &control, &grads)
            }
            Passage::Nothing => Vec::new(),
        };
        for (tensor, slope) in found {
            self.add_part(tensor, slope);
        }
    }

    /// Of a result of a function with a gradient of its own: the gradients of all results, if it is the
    /// first, which is visited last; else none, and the first is to be visited.
    fn grads_of_function(&mut self, id: NodeId) -> Option<Vec<Option<Slope<'g>>>> {
        let view = self.graph.view();
        let outputs = view.replaced_gradient(id)?.function_outputs()?;
        let first = outputs.first()?.node;
        if first != id {
            self.pending.insert(first);
            return Some(Vec::new());
        }
        let sum = |output: &TensorId| {
            let sum = self.sums.get(output).copied();
            sum.filter(|_| !self.course.stops.contains(output))
        };
        Some(outputs.iter().map(sum).collect())
    }

    /// What is done at an operation. The graph must not be held while a rule builds, nor while
    /// handles are asked: a builder that waits in between would stop both.
    fn passage(&self, id: NodeId, grads: &[Option<Slope<'g>>]) -> Passage<'g> {
        let view = self.graph.view();
        let rule = match rules::rule(&view, id) {
            Rule::Flows(rule) => rule,
            Rule::Bodies => {
                let Op::Control(control) = &view.node(id).op else {
                    return Passage::Nothing;
                };
                return Passage::Bodies(control.clone());
            }
            Rule::Blocks(_) | Rule::Missing(_) | Rule::Stops | Rule::Leaf => {
                return Passage::Nothing;
            }
        };
        let operands = view.gradient_operands(id);
        let wanted = operands
            .iter()
            .map(|operand| self.course.flow.of(&view, *operand).flows())
            .collect();
        let replaced = view.replaced_gradient(id);
        let outputs = match replaced.and_then(ReplacedGradient::function_outputs) {
            Some(outputs) => outputs.to_vec(),
            None => outputs_of(id, grads.len()),
        };
        drop(view);
        let frame = Rc::clone(&self.frame);
        let step = Step::new(frame, operands, outputs, grads.to_vec(), wanted);
        Passage::Rule(rule, step)
    }

    #[track_caller]
    fn through_bodies(
        &self,
        id: NodeId,
        control: &Control,
        grads: &[Option<Slope<'g>>],
    ) -> Vec<(TensorId, Slope<'g>)> {
        match control {
            Control::Scan { .. } | Control::While { .. } => self.through_loop(id, control, grads),
            Control::Cond { then, otherwise } => self.through_cond(id, [*then, *otherwise], grads),
            Control::NoOp | Control::Parameter { .. } => Vec::new(),
        }
    }

    /// The gradients of a body's results, of those that any flows back from.
    fn that_flow(
        &self,
        grads: impl IntoIterator<Item = (TensorId, Slope<'g>)>,
    ) -> Vec<(TensorId, Slope<'g>)> {
        let view = self.graph.view();
        grads
            .into_iter()
            .filter(|(result, _)| self.course.flow.of(&view, *result).flows())
            .collect()
    }
}

fn outputs_of(id: NodeId, count: usize) -> Vec<TensorId> {
    let outputs = 0..u32::try_from(count).unwrap_or(u32::MAX);
    outputs.map(|output| TensorId::new(id, output)).collect()
}
