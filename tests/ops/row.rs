//! One row of the table: built for every element type it takes.

use aqueduct::ir::Op;
use aqueduct::prelude::*;

/// An operation, or what is composed of some.
pub(crate) struct Row {
    /// How it is called.
    pub(crate) call: &'static str,
    /// From which shapes it makes which.
    pub(crate) shapes: &'static str,
    /// What TensorFlow calls it, if it has it.
    pub(crate) tensorflow: &'static str,
    /// The code that builds it.
    pub(crate) source: &'static str,
    /// What that code has built, for each element type.
    pub(crate) samples: Vec<Sample>,
}

/// The operand and the result of a row, in a graph of their own.
pub(crate) struct Sample {
    pub(crate) x: Source,
    pub(crate) made: Option<AnyTensor<'static>>,
}

/// What a row is called on.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Tensor(AnyTensor<'static>),
    Variable(AnyVariable<'static>),
}

impl Source {
    pub(crate) fn graph(self) -> &'static Graph {
        match self {
            Source::Tensor(tensor) => tensor.graph(),
            Source::Variable(variable) => variable.graph(),
        }
    }

    fn dtype(self) -> DType {
        match self {
            Source::Tensor(tensor) => tensor.dtype(),
            Source::Variable(variable) => variable.dtype(),
        }
    }
}

impl<T: aqueduct::Element> From<Tensor<'static, T>> for Source {
    fn from(tensor: Tensor<'static, T>) -> Source {
        Source::Tensor(tensor.any())
    }
}

impl<T: aqueduct::Element> From<Variable<'static, T>> for Source {
    fn from(variable: Variable<'static, T>) -> Source {
        Source::Variable(variable.any())
    }
}

/// `row!(Float "x.exp()", "[…]", "tf.exp", |x: [2, 3]| x.exp())`: a row whose operand may be of any
/// element type of a class. `|v: variable [3]|` has a variable for its operand.
macro_rules! row {
    ($class:ident $call:literal, $shapes:literal, $tensorflow:literal, |$x:ident: variable $sizes:tt| $build:expr) => {
        row!($class $call, $shapes, $tensorflow, variable, $x, $sizes, $build)
    };
    ($class:ident $call:literal, $shapes:literal, $tensorflow:literal, |$x:ident: $sizes:tt| $build:expr) => {
        row!($class $call, $shapes, $tensorflow, placeholder, $x, $sizes, $build)
    };
    ($class:ident $call:literal, $shapes:literal, $tensorflow:literal, $kind:ident, $x:ident, $sizes:tt, $build:expr) => {
        $crate::row::Row {
            call: $call,
            shapes: $shapes,
            tensorflow: $tensorflow,
            source: stringify!($build),
            samples: samples!($class, $kind, $x, $sizes, $build),
        }
    };
}

macro_rules! samples {
    (Float, $($row:tt)*) => { samples!(@ f32 f64; $($row)*) };
    (Signed, $($row:tt)*) => { samples!(@ f32 f64 i32 i64; $($row)*) };
    (Number, $($row:tt)*) => { samples!(@ f32 f64 i32 i64 u8; $($row)*) };
    (Index, $($row:tt)*) => { samples!(@ i32 i64; $($row)*) };
    (Element, $($row:tt)*) => { samples!(@ f32 f64 i32 i64 u8 bool; $($row)*) };
    (Bool, $($row:tt)*) => { samples!(@ bool; $($row)*) };
    (@ $($element:ty)*; $kind:ident, $x:ident, $sizes:tt, $build:expr) => {
        vec![$({
            #[allow(dead_code, reason = "few rows name the element type")]
            type T = $element;
            let $x = $crate::row::$kind::<$element>(&$sizes);
            let made = $crate::row::Made::tensor($build);
            $crate::row::Sample { x: $x.into(), made }
        }),*]
    };
}

/// The operand of a row, in a graph of its own.
pub(crate) fn placeholder<T: aqueduct::Element>(sizes: &[usize]) -> Tensor<'static, T> {
    Graph::new().leak().placeholder("x", sizes)
}

/// A variable as the operand of a row, in a graph of its own.
pub(crate) fn variable<T: aqueduct::Element>(sizes: &[usize]) -> Variable<'static, T> {
    Graph::new().leak().variable("v", zeros(sizes))
}

/// What a call may give.
pub(crate) trait Made {
    /// The result that a gradient would come from.
    fn tensor(self) -> Option<AnyTensor<'static>>;
}

impl<T: aqueduct::Element> Made for Tensor<'static, T> {
    fn tensor(self) -> Option<AnyTensor<'static>> {
        Some(self.any())
    }
}

impl Made for AnyTensor<'static> {
    fn tensor(self) -> Option<AnyTensor<'static>> {
        Some(self)
    }
}

impl<A: Made, B> Made for (A, B) {
    fn tensor(self) -> Option<AnyTensor<'static>> {
        self.0.tensor()
    }
}

impl<M: Made> Made for Vec<M> {
    fn tensor(self) -> Option<AnyTensor<'static>> {
        self.into_iter().next().and_then(Made::tensor)
    }
}

impl Made for Operation<'static> {
    fn tensor(self) -> Option<AnyTensor<'static>> {
        None
    }
}

impl Row {
    fn tensorflow_name(&self) -> String {
        match self.tensorflow {
            "" => String::new(),
            name => format!("`{name}`"),
        }
    }

    /// The row in Markdown.
    pub(crate) fn line(&self) -> String {
        self.check();
        let cells = [
            format!("`{}`", self.call),
            self.shapes.to_owned(),
            self.dtypes(),
            self.gradient(),
            self.tensorflow_name(),
        ];
        format!(
            "| {} |\n",
            cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
        )
    }

    /// The ops that the row has made.
    pub(crate) fn ops(&self) -> Vec<Op> {
        let all = self.samples.iter().flat_map(|sample| {
            let view = sample.x.graph().view();
            let ops: Vec<Op> = view.node_ids().map(|id| view.node(id).op.clone()).collect();
            ops
        });
        all.collect()
    }

    /// Fails if the row could not be built, or calls something else than it says.
    fn check(&self) {
        for sample in &self.samples {
            if let Err(mistakes) = sample.x.graph().check() {
                panic!("{} of {}: {mistakes}", self.call, sample.x.dtype());
            }
        }
        // An operator has no name to compare.
        let Some((head, _)) = self.call.split_once('(') else {
            return;
        };
        let method = head.rsplit(['.', ':']).next().unwrap_or_default();
        let without_types = method.split('<').next().unwrap_or_default();
        assert!(
            self.source.contains(without_types),
            "{} is not what {} calls",
            self.call,
            self.source
        );
    }

    fn dtypes(&self) -> String {
        let all: Vec<String> = self
            .samples
            .iter()
            .map(|s| s.x.dtype().to_string())
            .collect();
        if all.len() == DType::ALL.len() {
            return "all".to_owned();
        }
        all.join(", ")
    }

    /// Whether a gradient of the result comes to `x`, or why none does.
    fn gradient(&self) -> String {
        let float = self.samples.iter().find(|s| s.x.dtype().is_float());
        let Some(Sample { x, made }) = float else {
            return "no: not of floats".to_owned();
        };
        let Some(made) = made else {
            return "no: no result".to_owned();
        };
        let y = made.cast(x.dtype());
        let mut found = match *x {
            Source::Tensor(x) => gradients(y, x),
            Source::Variable(x) => gradients(y, x),
        };
        match found.remove(0) {
            Gradient::Dense(_) => "yes".to_owned(),
            Gradient::Sparse(_) => "yes, sparse".to_owned(),
            Gradient::NotConnected => "no: not made of its elements".to_owned(),
            Gradient::NotDifferentiable { reason } => format!("no: {}", without_place(&reason)),
            Gradient::NotDerived { reason } => format!("no: {}", without_place(&reason)),
        }
    }
}

/// A reason without the operation and its line.
fn without_place(reason: &str) -> String {
    match (reason.split_once(" `"), reason.rsplit_once(") ")) {
        (Some((subject, _)), Some((_, rest))) if rest == "stands between" => {
            format!("{subject} {rest}")
        }
        _ => {
            let why = reason.rsplit(": ").next().unwrap_or(reason);
            match (why.split_once(" ("), why.split_once(") ")) {
                (Some((subject, place)), Some((_, rest))) if place.contains(".rs:") => {
                    format!("{subject} {rest}")
                }
                _ => why.to_owned(),
            }
        }
    }
}
