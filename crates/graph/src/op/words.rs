//! How ops and their operands are called in reports.

use crate::op::{Array, Binary, Control, Debug, Distribution, Math, Nn, Op, Reduce, State};

/// The role of an operand in a report: the one that the shape rules call it by.
pub(crate) fn operand_label(op: &Op, slot: usize, count: usize) -> String {
    let roles: &[&str] = match op {
        Op::Math(Math::Binary(_) | Math::Compare(_) | Math::Logical(_) | Math::MatMul { .. }) => {
            &["lhs", "rhs"]
        }
        Op::Math(Math::Select) => &["condition", "lhs", "rhs"],
        Op::Math(Math::Unary(_) | Math::Test(_) | Math::Not | Math::Cast { .. }) => &["x"],
        Op::Array(Array::Gather { .. } | Array::GatherNd) => &["x", "indices"],
        Op::Array(Array::ScatterNd) => &["indices", "updates", "shape"],
        Op::Array(Array::Range { .. }) => &["start", "limit", "delta"],
        Op::Array(Array::Tile) => &["x", "multiples"],
        Op::Array(Array::Pad { .. }) => &["x", "paddings"],
        Op::Array(Array::PadGrad { .. }) => &["dy", "paddings"],
        Op::Array(Array::ReverseSequence { .. }) => &["x", "lengths"],
        Op::Array(Array::OneHot { .. }) => &["indices", "depth", "on", "off"],
        Op::Array(Array::Where) => &["condition"],
        Op::Array(Array::SegmentSum) => &["values", "indices", "rows"],
        Op::Array(Array::Fill) => &["sizes", "value"],
        Op::Array(Array::SliceGrad(_)) => &["dy", "shape"],
        Op::Math(Math::AddN) | Op::Array(Array::Stack { .. } | Array::Concat { .. }) => &[],
        Op::Reduce(Reduce::Recurrence { .. }) => &["factors", "terms"],
        Op::Array(_) | Op::Reduce(_) => &["x", "shape"],
        Op::Nn(Nn::Activation(_) | Nn::BiasAdd) => &["x", "bias"],
        Op::Nn(_) => &["logits", "labels"],
        Op::Random(random) => match random.distribution {
            Distribution::Shuffle => &["x"],
            Distribution::Uniform { .. }
            | Distribution::StandardNormal { .. }
            | Distribution::TruncatedNormal { .. }
            | Distribution::UniformInt { .. } => &["shape", "low", "high"],
        },
        Op::State(State::Scatter(..)) => &["indices", "updates"],
        Op::State(_) => &["value"],
        Op::Control(Control::Cond { .. }) => &["predicate"],
        Op::Control(Control::Scan {
            states, sequences, ..
        }) => return scan_label(*states, *sequences, slot),
        Op::Control(Control::NoOp | Control::Parameter { .. }) => &[],
        Op::Debug(Debug::Assert { .. }) => return datum_label("condition", slot),
        Op::Debug(Debug::Print { .. }) => return datum_label("x", slot),
        Op::Debug(Debug::CheckNumerics { .. }) => &["x"],
        Op::Custom(_) => &[],
    };
    match roles.get(slot) {
        Some(role) => (*role).to_owned(),
        None if count == 1 => "input".to_owned(),
        None => format!("input {slot}"),
    }
}

/// Of an operand and the data after it.
fn datum_label(first: &str, slot: usize) -> String {
    match slot.checked_sub(1) {
        None => first.to_owned(),
        Some(datum) => format!("data {datum}"),
    }
}

fn scan_label(states: usize, sequences: usize, slot: usize) -> String {
    if slot < states {
        format!("state {slot}")
    } else if slot < states + sequences {
        format!("sequence {}", slot - states)
    } else {
        "length".to_owned()
    }
}

impl Op {
    /// The op's name in reports: the public function that builds it.
    pub fn word(&self) -> String {
        match self {
            Op::Math(Math::MatMul { .. }) => "matmul".to_owned(),
            Op::Math(Math::Binary(Binary::Div)) => "div".to_owned(),
            Op::Math(Math::Binary(Binary::FloorDiv)) => "floordiv".to_owned(),
            Op::Math(Math::Binary(Binary::FloorMod)) => "floormod".to_owned(),
            Op::Array(Array::Slice(_)) => "slice".to_owned(),
            Op::Array(Array::Stack { .. }) => "stack".to_owned(),
            Op::Array(Array::Unstack { .. }) => "unstack".to_owned(),
            Op::Array(Array::Concat { .. }) => "concat".to_owned(),
            Op::Array(Array::Gather { .. }) => "gather".to_owned(),
            Op::Array(Array::Pad { .. }) => "pad".to_owned(),
            Op::Reduce(Reduce::Arg { .. }) => self.type_name().to_lowercase(),
            Op::Nn(Nn::SoftmaxCrossEntropy) => "softmax_cross_entropy_with_logits".to_owned(),
            Op::Nn(Nn::SparseSoftmaxCrossEntropy) => {
                "sparse_softmax_cross_entropy_with_logits".to_owned()
            }
            Op::Reduce(Reduce::Over { .. }) => {
                format!("reduce_{}", self.type_name().to_lowercase())
            }
            Op::Custom(op) => op.name().to_owned(),
            op => snake_case(op.type_name()),
        }
    }
}

/// `BroadcastTo` as `broadcast_to`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
