//! The graph as a drawing, in Graphviz's language.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::graph::Graph;
use crate::ids::{NodeId, RegionId, TensorId};
use crate::op::{Array, Control, Op, State};
use crate::store::{Node, Store};

/// The fill colours of top-level scopes, in the order in which these appear; after the last comes
/// the first again.
const PALETTE: [&str; 10] = [
    "#cfe2f3", "#d9ead3", "#fff2cc", "#f4cccc", "#d9d2e9", "#fce5cd", "#d0e0e3", "#ead1dc",
    "#e6e6c8", "#c9daf8",
];

/// Scopes nested deeper than this are drawn in the last one.
const DEEPEST_SCOPE: usize = 20;

impl Graph {
    /// The graph in the language of Graphviz: `dot -Tsvg graph.dot > graph.svg` draws it. One of a
    /// thousand operations is drawn in seconds rather than minutes with
    /// `-Gnslimit=1 -Gnslimit1=1 -Gmclimit=0.2 -Gsplines=false`.
    ///
    /// Operations are boxes in nested clusters, one for each name scope, coloured by the outermost
    /// scope. Placeholders, constants and variables have shapes of their own, stateful operations a
    /// thick border, and what a mistake made meaningless is red. Data edges say type and shape; control
    /// dependencies are dashed. Bodies of loops and branches are clusters of their own, whose results
    /// lead to the operation that owns them by dotted edges.
    ///
    /// The form is for people and may change.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 2]);
    /// let _ = x.tanh();
    /// assert_eq!(
    ///     g.to_dot(),
    ///     r##"digraph {
    ///   graph [fontname="sans-serif"];
    ///   node [shape=box, style=filled, fillcolor="#ffffff", fontname="sans-serif"];
    ///   edge [fontname="sans-serif", fontsize=10];
    ///   n0 [label="x\nPlaceholder", tooltip="x", shape=invhouse];
    ///   n1 [label="Tanh\nTanh", tooltip="Tanh"];
    ///   n0 -> n1 [label="f32[?, 2]"];
    /// }
    /// "##
    /// );
    /// ```
    pub fn to_dot(&self) -> String {
        let view = self.view();
        let mut drawing = Drawing::new(&view);
        drawing.line(0, "digraph {");
        drawing.line(1, "graph [fontname=\"sans-serif\"];");
        drawing.line(
            1,
            "node [shape=box, style=filled, fillcolor=\"#ffffff\", fontname=\"sans-serif\"];",
        );
        drawing.line(1, "edge [fontname=\"sans-serif\", fontsize=10];");
        drawing.region(RegionId::ROOT, "", 1);
        for id in view.node_ids() {
            drawing.edges(id);
        }
        drawing.line(0, "}");
        drawing.text
    }
}

struct Drawing<'s> {
    store: &'s Store,
    text: String,
    /// The operations of each region.
    regions: HashMap<RegionId, Vec<NodeId>>,
    /// The colour of each top-level scope.
    colours: HashMap<&'s str, &'static str>,
    clusters: usize,
}

/// A name scope of one region.
#[derive(Default)]
struct Scope<'s> {
    nodes: Vec<NodeId>,
    scopes: Vec<Scope<'s>>,
    places: HashMap<&'s str, usize>,
    name: &'s str,
}

impl<'s> Scope<'s> {
    /// The scope of this name inside, made if there is none.
    fn inner(&mut self, name: &'s str) -> &mut Scope<'s> {
        let next = self.scopes.len();
        let place = *self.places.entry(name).or_insert(next);
        if place == next {
            self.scopes.push(Scope {
                name,
                ..Scope::default()
            });
        }
        &mut self.scopes[place]
    }
}

impl<'s> Drawing<'s> {
    fn new(store: &'s Store) -> Drawing<'s> {
        let mut regions: HashMap<RegionId, Vec<NodeId>> = HashMap::new();
        let mut colours = HashMap::new();
        for id in store.node_ids() {
            let node = store.node(id);
            regions.entry(node.region).or_default().push(id);
            if let Some((top, _)) = node.name.split_once('/') {
                let next = PALETTE[colours.len() % PALETTE.len()];
                colours.entry(top).or_insert(next);
            }
        }
        Drawing {
            store,
            text: String::new(),
            regions,
            colours,
            clusters: 0,
        }
    }

    fn line(&mut self, depth: usize, line: &str) {
        let _ = writeln!(self.text, "{:width$}{line}", "", width = depth * 2);
    }

    /// The operations of a region, in clusters of the scopes inside of `path`.
    fn region(&mut self, region: RegionId, path: &str, depth: usize) {
        let store = self.store;
        let mut root = Scope::default();
        for id in self.regions.remove(&region).unwrap_or_default() {
            let name = store.node(id).name.as_str();
            let inside = name
                .strip_prefix(path)
                .and_then(|rest| rest.strip_prefix('/'))
                .unwrap_or(name);
            let scopes = inside.rsplit_once('/').map_or("", |(scopes, _)| scopes);
            let mut scope = &mut root;
            for part in scopes
                .split('/')
                .filter(|part| !part.is_empty())
                .take(DEEPEST_SCOPE)
            {
                scope = scope.inner(part);
            }
            scope.nodes.push(id);
        }
        self.scope(&root, depth);
    }

    fn scope(&mut self, scope: &Scope<'s>, depth: usize) {
        for id in &scope.nodes {
            self.node(*id, depth);
        }
        for inner in &scope.scopes {
            self.open_cluster(inner.name, "solid", depth);
            self.scope(inner, depth + 1);
            self.line(depth, "}");
        }
    }

    fn open_cluster(&mut self, title: &str, style: &str, depth: usize) {
        let number = self.clusters;
        self.clusters += 1;
        self.line(depth, &format!("subgraph cluster_{number} {{"));
        let title = escaped(title);
        self.line(depth + 1, &format!("label=\"{title}\"; style={style};"));
    }

    fn node(&mut self, id: NodeId, depth: usize) {
        let node = self.store.node(id);
        let full = escaped(&node.name);
        let last = node.name.rsplit('/').next().unwrap_or_default();
        let mut line = format!(
            "n{} [label=\"{}\\n{}\", tooltip=\"{full}\"",
            id.index(),
            escaped(last),
            escaped(&kind(&node.op)),
        );
        if let Some(shape) = shape(&node.op) {
            let _ = write!(line, ", shape={shape}");
        }
        let top = node.name.split_once('/').map(|(top, _)| top);
        if let Some(colour) = top.and_then(|top| self.colours.get(top)) {
            let _ = write!(line, ", fillcolor=\"{colour}\"");
        }
        line.push_str(border(node));
        line.push_str("];");
        self.line(depth, &line);
        if let Op::Control(control) = &node.op {
            self.bodies(control, &node.name, depth);
        }
    }

    fn bodies(&mut self, owner: &Control, path: &str, depth: usize) {
        let titles: &[&str] = match owner {
            Control::Cond { .. } => &["if true", "if false"],
            Control::Scan { .. } => &["body"],
            Control::While { .. } => &["condition", "body"],
            Control::NoOp | Control::Parameter { .. } => &[],
        };
        for (body, title) in owner.bodies().into_iter().zip(titles) {
            let kind = &self.store.region(body).kind;
            let title = format!("{kind} `{path}`: {title}");
            self.open_cluster(&title, "dashed", depth);
            self.region(body, path, depth + 1);
            self.line(depth, "}");
        }
    }

    /// The edges that come to an operation.
    fn edges(&mut self, id: NodeId) {
        let target = id.index();
        for input in self.store.inputs(id) {
            let source = input.node.index();
            let attributes = match self.store.node(input.node).poison {
                Some(_) => "color=red".to_owned(),
                None => format!("label=\"{}\"", self.tensor_words(input)),
            };
            self.line(1, &format!("n{source} -> n{target} [{attributes}];"));
        }
        for control in self.store.controls(id) {
            let source = control.index();
            self.line(1, &format!("n{source} -> n{target} [style=dashed];"));
        }
        let Op::Control(control) = &self.store.node(id).op else {
            return;
        };
        let gives = control.giving_bodies();
        for body in control.bodies() {
            for (place, result) in self.store.region(body).results.iter().enumerate() {
                let source = result.node.index();
                let role = if gives.contains(&body) {
                    format!("result {place}")
                } else {
                    "condition".to_owned()
                };
                self.line(
                    1,
                    &format!("n{source} -> n{target} [style=dotted, label=\"{role}\"];"),
                );
            }
        }
    }

    /// Type and shape, and which output it is if not the first.
    fn tensor_words(&self, tensor: TensorId) -> String {
        let fact = self.store.fact(tensor);
        let output = match tensor.output {
            0 => String::new(),
            output => format!(":{output} "),
        };
        format!("{output}{}{}", fact.dtype, fact.shape)
    }
}

/// What stands in the second line of an operation's box.
fn kind(op: &Op) -> String {
    match op {
        Op::Custom(custom) => format!("{} ({})", op.type_name(), custom.name()),
        op => op.type_name().to_owned(),
    }
}

/// The shape of what is no computation.
fn shape(op: &Op) -> Option<&'static str> {
    match op {
        Op::Array(Array::Placeholder { .. }) => Some("invhouse"),
        Op::Array(Array::Constant(_)) => Some("note"),
        Op::State(State::Read(_) | State::ReadValue(_)) => Some("cylinder"),
        Op::Control(Control::Parameter { .. }) => Some("ellipse"),
        Op::Math(_)
        | Op::Array(_)
        | Op::Reduce(_)
        | Op::Nn(_)
        | Op::Random(_)
        | Op::State(_)
        | Op::Control(_)
        | Op::Debug(_)
        | Op::Custom(_) => None,
    }
}

fn border(node: &Node) -> &'static str {
    match (node.poison.is_some(), node.op.is_stateful()) {
        (true, _) => ", color=red, fontcolor=red, penwidth=2",
        (false, true) => ", penwidth=2",
        (false, false) => "",
    }
}

/// A text as it stands within quotation marks: Graphviz gives a meaning to backslashes and, as HTML
/// does, to ampersands.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '&' => escaped.push_str("&amp;"),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}
