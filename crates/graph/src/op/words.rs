//! How ops and their operands are called in reports.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::op::{Array, Binary, Control, Debug, Distribution, Math, Nn, Op, Reduce, State};

/// The role of an operand in a report: the one that the shape rules call it by.
pub(crate) fn operand_label(op: &Op, slot: usize, count: usize) -> String {
    let roles: &[&str] = match op {
        Op::Math(op) => math_roles(*op),
        Op::Array(Array::EnsureSize { reason, .. }) if slot == 0 => return reason.role.clone(),
        Op::Array(op) => array_roles(op),
        Op::Reduce(op) => match op {
            Reduce::Over { .. } | Reduce::Arg { .. } | Reduce::Cumulative { .. } => &["x"],
            Reduce::Recurrence { .. } => &["factors", "terms"],
            Reduce::SumTo => &["x", "shape"],
        },
        Op::Nn(op) => match op {
            Nn::Activation(_) => &["x"],
            Nn::BiasAdd => &["x", "bias"],
            Nn::Softmax | Nn::LogSoftmax => &["logits"],
            Nn::SoftmaxCrossEntropy | Nn::SparseSoftmaxCrossEntropy => &["logits", "labels"],
            Nn::Convolution(op, _) => op.roles(),
            Nn::Pooling(op, _) => op.roles(),
        },
        Op::Random(random) => match random.distribution {
            Distribution::Shuffle => &["x"],
            Distribution::Uniform { .. }
            | Distribution::StandardNormal { .. }
            | Distribution::TruncatedNormal { .. }
            | Distribution::UniformInt { .. } => &["shape", "low", "high"],
        },
        Op::State(op) => match op {
            State::Assign(..) => &["value"],
            State::Scatter(..) | State::ScatterNd(..) => &["indices", "updates"],
            State::Read(_) | State::ReadValue(_) | State::IsInitialized(_) => &[],
        },
        Op::Control(op) => match op {
            Control::Cond { .. } => &["predicate"],
            Control::Scan {
                states, sequences, ..
            } => return scan_label(op, *states, *sequences, slot),
            Control::While { .. } => return format!("state {slot}"),
            Control::NoOp | Control::Parameter { .. } => &[],
        },
        Op::Debug(op) => match op {
            Debug::Assert { .. } => return datum_label("condition", slot),
            Debug::Print { .. } => return datum_label("x", slot),
            Debug::CheckNumerics { .. } => &["x"],
        },
        Op::Custom(_) => &[],
    };
    match roles.get(slot) {
        Some(role) => (*role).to_owned(),
        None if count == 1 => "input".to_owned(),
        None => format!("input {slot}"),
    }
}

fn math_roles(op: Math) -> &'static [&'static str] {
    match op {
        Math::Unary(_) | Math::Test(_) | Math::Not | Math::Cast { .. } => &["x"],
        Math::Binary(_) | Math::Compare(_) | Math::Logical(_) | Math::MatMul { .. } => {
            &["lhs", "rhs"]
        }
        Math::Select => &["condition", "lhs", "rhs"],
        Math::AddN => &[],
    }
}

fn array_roles(op: &Array) -> &'static [&'static str] {
    match op {
        Array::PlaceholderWithDefault { .. } => &["default"],
        Array::Identity
        | Array::StopGradient
        | Array::EnsureShape { .. }
        | Array::Shape { .. }
        | Array::Size { .. }
        | Array::ExpandDims { .. }
        | Array::Squeeze { .. }
        | Array::Transpose { .. }
        | Array::FirstOccurrence
        | Array::Slice(_)
        | Array::Unstack { .. }
        | Array::Split { .. } => &["x"],
        Array::Reshape | Array::BroadcastTo => &["x", "shape"],
        Array::EnsureSize { .. } => &["x", "size"],
        Array::Fill => &["sizes", "value"],
        Array::SliceGrad(_) => &["dy", "shape"],
        Array::Gather { .. } | Array::GatherNd => &["x", "indices"],
        Array::ScatterNd => &["indices", "updates", "shape"],
        Array::TensorScatterUpdate => &["x", "indices", "updates"],
        Array::TopK { .. } => &["x", "k"],
        Array::Segment { .. } => &["x", "ids", "num_segments"],
        Array::Range { .. } => &["start", "limit", "delta"],
        Array::Tile => &["x", "multiples"],
        Array::Pad { .. } => &["x", "paddings"],
        Array::PadGrad { .. } => &["dy", "paddings"],
        Array::ReverseSequence { .. } => &["x", "lengths"],
        Array::OneHot { .. } => &["indices", "depth", "on", "off"],
        Array::Where => &["condition"],
        Array::Placeholder { .. }
        | Array::Constant(_)
        | Array::Stack { .. }
        | Array::Concat { .. } => &[],
    }
}

/// Of an operand and the data after it.
fn datum_label(first: &str, slot: usize) -> String {
    match slot.checked_sub(1) {
        None => first.to_owned(),
        Some(datum) => format!("data {datum}"),
    }
}

fn scan_label(op: &Control, states: usize, sequences: usize, slot: usize) -> String {
    if slot < states {
        format!("state {slot}")
    } else if slot < states.saturating_add(sequences) {
        format!("sequence {}", slot - states)
    } else if op.limit_slot() == Some(slot) {
        "limit".to_owned()
    } else {
        "length".to_owned()
    }
}

impl Op {
    /// The op's name in reports: the public function that builds it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few builders are called otherwise than TensorFlow's op type"
    )]
    pub fn word(&self) -> String {
        match self {
            Op::Math(Math::MatMul { .. }) => "matmul".to_owned(),
            Op::Math(Math::Binary(Binary::Div)) => "div".to_owned(),
            Op::Math(Math::Binary(Binary::FloorDiv)) => "floordiv".to_owned(),
            Op::Math(Math::Binary(Binary::FloorMod)) => "floormod".to_owned(),
            Op::Math(Math::Binary(Binary::TruncateMod)) => "truncatemod".to_owned(),
            Op::Array(Array::Slice(_)) => "slice".to_owned(),
            Op::Array(Array::Stack { .. }) => "stack".to_owned(),
            Op::Array(Array::Unstack { .. }) => "unstack".to_owned(),
            Op::Array(Array::Concat { .. }) => "concat".to_owned(),
            Op::Array(Array::Gather { .. }) => "gather".to_owned(),
            Op::Array(Array::Pad { .. }) => "pad".to_owned(),
            Op::Array(Array::TopK { .. }) => "top_k".to_owned(),
            Op::Array(Array::EnsureSize { reason, .. }) => reason.function.clone(),
            Op::Reduce(Reduce::Arg { .. }) => self.type_name().to_lowercase(),
            Op::Nn(Nn::SoftmaxCrossEntropy) => "softmax_cross_entropy_with_logits".to_owned(),
            Op::Nn(Nn::SparseSoftmaxCrossEntropy) => {
                "sparse_softmax_cross_entropy_with_logits".to_owned()
            }
            Op::Nn(Nn::Convolution(op, _)) => op.word().to_owned(),
            Op::Reduce(Reduce::Over { .. }) => {
                format!("reduce_{}", self.type_name().to_lowercase())
            }
            Op::Control(Control::While { .. }) => "while_loop".to_owned(),
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
