//! The text form of a graph, for debugging and for tests.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::graph::Graph;
use crate::ids::{NodeId, RegionId};
use crate::op::{
    Activation, Array, Bound, Control, Debug, Math, Nn, Op, PadMode, Padding, Random, Reduce,
    SliceSpec, Sliding, State, Windows,
};
use crate::store::Store;
use crate::value::Value;

impl Graph {
    /// The graph as text: an operation a line, with attributes, operands and what is known of its
    /// outputs; bodies of loops and branches indented under the operation that owns them.
    ///
    /// The form is for people and may change.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 2]);
    /// let _ = (x * 2.0).reduce_sum(0);
    /// assert_eq!(
    ///     g.to_text(),
    ///     "x = Placeholder() : f32[?, 2]\n\
    ///      Const = Const 2() : f32[]\n\
    ///      mul = Mul(x, Const) : f32[?, 2]\n\
    ///      Sum = Sum axes [0](mul) : f32[2]\n"
    /// );
    /// ```
    pub fn to_text(&self) -> String {
        let view = self.view();
        let mut text = String::new();
        write_region(&mut text, &view, &by_region(&view), RegionId::ROOT, 0);
        text
    }
}

/// The operations of each region, ascending.
type ByRegion = HashMap<RegionId, Vec<NodeId>>;

fn by_region(store: &Store) -> ByRegion {
    let mut nodes = ByRegion::new();
    for id in store.node_ids() {
        nodes.entry(store.node(id).region).or_default().push(id);
    }
    nodes
}

fn write_region(
    text: &mut String,
    store: &Store,
    nodes: &ByRegion,
    region: RegionId,
    depth: usize,
) {
    for id in nodes.get(&region).into_iter().flatten() {
        write_node(text, store, nodes, *id, depth);
    }
}

fn write_node(text: &mut String, store: &Store, nodes: &ByRegion, id: NodeId, depth: usize) {
    let node = store.node(id);
    let indent = "  ".repeat(depth);
    let inputs: Vec<String> = store
        .inputs(id)
        .iter()
        .map(|input| operand(store, *input))
        .collect();
    let outputs: Vec<String> = node
        .outputs
        .iter()
        .map(|fact| format!("{}{}", fact.dtype, fact.shape))
        .collect();
    let attributes = attributes(store, &node.op);
    let space = if attributes.is_empty() { "" } else { " " };
    let _ = write!(
        text,
        "{indent}{} = {}{space}{attributes}({})",
        node.name,
        node.op.type_name(),
        inputs.join(", ")
    );
    let controls: Vec<String> = store
        .controls(id)
        .iter()
        .map(|control| format!("^{}", store.node(*control).name))
        .collect();
    if !controls.is_empty() {
        let _ = write!(text, " after {}", controls.join(", "));
    }
    if node.poison.is_some() {
        text.push_str(" : poisoned");
    } else if !outputs.is_empty() {
        let _ = write!(text, " : {}", outputs.join(", "));
    }
    text.push('\n');
    if let Op::Control(control) = &node.op {
        for body in control.bodies() {
            write_body(text, store, nodes, body, depth + 1);
        }
    }
}

fn write_body(text: &mut String, store: &Store, nodes: &ByRegion, body: RegionId, depth: usize) {
    let indent = "  ".repeat(depth);
    let _ = writeln!(text, "{indent}{{");
    write_region(text, store, nodes, body, depth + 1);
    let results = &store.region(body).results;
    let results: Vec<String> = results
        .iter()
        .map(|result| operand(store, *result))
        .collect();
    let _ = writeln!(text, "{indent}}} -> {}", results.join(", "));
}

fn operand(store: &Store, tensor: crate::ids::TensorId) -> String {
    match tensor.output {
        0 => store.node(tensor.node).name.clone(),
        _ => store.tensor_name(tensor),
    }
}

fn attributes(store: &Store, op: &Op) -> String {
    match op {
        Op::Math(op) => match op {
            Math::MatMul {
                transpose_a,
                transpose_b,
            } => {
                let words = [(transpose_a, "transpose_a"), (transpose_b, "transpose_b")];
                let words: Vec<&str> = words
                    .iter()
                    .filter(|(on, _)| **on)
                    .map(|(_, word)| *word)
                    .collect();
                words.join(" ")
            }
            Math::Cast { to } => format!("to {to}"),
            Math::Unary(_)
            | Math::Binary(_)
            | Math::Compare(_)
            | Math::Test(_)
            | Math::Logical(_)
            | Math::Not
            | Math::Select
            | Math::AddN => String::new(),
        },
        Op::Array(op) => array_attributes(op),
        Op::Reduce(op) => match op {
            Reduce::Over {
                axes, keep_dims, ..
            } => format!(
                "axes {axes:?}{}",
                if *keep_dims { " keep_dims" } else { "" }
            ),
            Reduce::Arg { axis, out_type, .. } => format!("axis {axis} {out_type}"),
            Reduce::Cumulative {
                axis,
                exclusive,
                reverse,
                ..
            } => {
                let exclusive = if *exclusive { " exclusive" } else { "" };
                let reverse = if *reverse { " reverse" } else { "" };
                format!("axis {axis}{exclusive}{reverse}")
            }
            Reduce::Recurrence { axis, reverse } => {
                format!("axis {axis}{}", if *reverse { " reverse" } else { "" })
            }
            Reduce::SumTo => String::new(),
        },
        Op::Nn(op) => match op {
            Nn::Activation(Activation::LeakyRelu { alpha }) => format!("alpha {alpha}"),
            Nn::Convolution(_, sliding) => sliding_words(sliding),
            Nn::Pooling(_, Windows { size, sliding }) => {
                format!("size {}x{} {}", size[0], size[1], sliding_words(sliding))
            }
            Nn::Activation(_)
            | Nn::BiasAdd
            | Nn::Softmax
            | Nn::LogSoftmax
            | Nn::SoftmaxCrossEntropy
            | Nn::SparseSoftmaxCrossEntropy => String::new(),
        },
        Op::Random(Random { seeds, .. }) => match seeds {
            Some(seeds) => format!("seeds ({}, {})", seeds.graph, seeds.op),
            None => "unseeded".to_owned(),
        },
        Op::State(op) => match op {
            State::Read(id)
            | State::ReadValue(id)
            | State::Assign(id, _)
            | State::Scatter(id, _)
            | State::ScatterNd(id, _)
            | State::IsInitialized(id) => format!("`{}`", store.variable(*id).name),
        },
        Op::Control(op) => match op {
            Control::Scan {
                states,
                sequences,
                length,
                limit,
                reverse,
                ..
            } => {
                let length = if *length { " length" } else { "" };
                let limit = if *limit { " limit" } else { "" };
                let reverse = if *reverse { " reverse" } else { "" };
                format!("states {states} sequences {sequences}{length}{limit}{reverse}")
            }
            Control::While {
                states, maximum, ..
            } => match maximum {
                Some(maximum) => format!("states {states} maximum {maximum}"),
                None => format!("states {states}"),
            },
            Control::Parameter { index, .. } => format!("{index}"),
            Control::NoOp | Control::Cond { .. } => String::new(),
        },
        Op::Debug(
            Debug::Assert { message, .. }
            | Debug::Print { message, .. }
            | Debug::CheckNumerics { message },
        ) => format!("{message:?}"),
        Op::Custom(op) => format!("{op:?}"),
    }
}

fn array_attributes(op: &Array) -> String {
    match op {
        Array::Constant(value) => short(value),
        Array::Shape { out_type } | Array::Size { out_type } => format!("{out_type}"),
        Array::ExpandDims { axis }
        | Array::Stack { axis }
        | Array::Concat { axis }
        | Array::Gather { axis }
        | Array::OneHot { axis }
        | Array::EnsureSize { axis, .. } => format!("axis {axis}"),
        Array::Range { dtype } => format!("{dtype}"),
        Array::Pad { mode } | Array::PadGrad { mode } => match mode {
            PadMode::Constant(value) => short(value),
            PadMode::Reflect => "reflect".to_owned(),
            PadMode::Symmetric => "symmetric".to_owned(),
        },
        Array::ReverseSequence {
            seq_axis,
            batch_axis,
        } => format!("axis {seq_axis} batch axis {batch_axis}"),
        Array::Squeeze { axes } => format!("axes {axes:?}"),
        Array::Transpose { perm } => format!("perm {perm:?}"),
        Array::Slice(spec) | Array::SliceGrad(spec) => bounds(spec),
        Array::Unstack { axis, count } => format!("axis {axis} count {count}"),
        Array::Split { axis, count, sizes } => match sizes {
            Some(sizes) => format!("axis {axis} sizes {sizes:?}"),
            None => format!("axis {axis} count {count}"),
        },
        Array::PlaceholderWithDefault { shape } | Array::EnsureShape { shape } => {
            format!("{shape}")
        }
        Array::Placeholder { .. }
        | Array::Identity
        | Array::StopGradient
        | Array::Reshape
        | Array::Fill
        | Array::BroadcastTo
        | Array::GatherNd
        | Array::ScatterNd
        | Array::TensorScatterUpdate
        | Array::TopK { .. }
        | Array::Segment { .. }
        | Array::Tile
        | Array::Where
        | Array::FirstOccurrence => String::new(),
    }
}

/// How a window slides; dilations of 1 go without saying.
fn sliding_words(sliding: &Sliding) -> String {
    let Sliding {
        strides,
        dilations,
        padding,
    } = sliding;
    let dilated = match dilations {
        [1, 1] => String::new(),
        [height, width] => format!(" dilations {height}x{width}"),
    };
    let padding = match padding {
        Padding::Same => "same".to_owned(),
        Padding::Valid => "valid".to_owned(),
        Padding::Explicit(around) => format!("padding {around:?}"),
    };
    format!("strides {}x{}{dilated} {padding}", strides[0], strides[1])
}

/// A constant's elements, if they are few.
fn short(value: &Value) -> String {
    const FEW: usize = 8;
    if value.data().len() > FEW {
        "…".to_owned()
    } else {
        value.to_string().replace('\n', "")
    }
}

/// A slice as Python writes it: `[:, 3, 1:4]`.
fn bounds(spec: &SliceSpec) -> String {
    let words: Vec<String> = spec.bounds.iter().map(bound).collect();
    format!("[{}]", words.join(", "))
}

fn bound(bound: &Bound) -> String {
    let position = |position: Option<i64>| position.map_or(String::new(), |p| p.to_string());
    match *bound {
        Bound::At(position) => position.to_string(),
        Bound::NewAxis => "new".to_owned(),
        Bound::Ellipsis => "...".to_owned(),
        Bound::Range {
            start,
            end,
            step: 1,
        } => format!("{}:{}", position(start), position(end)),
        Bound::Range { start, end, step } => {
            format!("{}:{}:{step}", position(start), position(end))
        }
    }
}
