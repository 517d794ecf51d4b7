//! NaN and infinities: whether a session looks for them, and the report of the first.

use std::fmt;

use aqueduct_graph::Trace;
use aqueduct_graph::ir::{OperandNote, Report};

use crate::kernels::Slice;

/// Whether each run stops at the first operation that makes a NaN or an infinity of elements that
/// were none; see [`SessionOptions::check_numerics`](crate::SessionOptions::check_numerics).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumericsCheck {
    /// Nobody looks, and it costs nothing.
    #[default]
    Off,
    /// Stops at a NaN. Infinities are let through, as the logarithm of a mask makes them.
    Nan,
    /// Stops at a NaN, and at an infinity that was made of finite elements. One that comes from a
    /// constant, a variable or a feed was meant, and so was what becomes of it.
    NanAndInfinities,
}

impl NumericsCheck {
    /// Whether anybody looks.
    pub fn is_on(self) -> bool {
        self != NumericsCheck::Off
    }
}

/// What there is among the elements of a tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ElementSummary {
    /// How many elements there are.
    pub count: usize,
    /// How many are NaN.
    pub nans: usize,
    /// How many are infinite.
    pub infinities: usize,
    /// The least and the greatest of the finite ones; `None` if there are none.
    pub range: Option<(f64, f64)>,
}

impl ElementSummary {
    /// Of elements of whatever type; `None` for truth values.
    pub(crate) fn of(elements: Slice<'_>) -> Option<ElementSummary> {
        Some(match elements {
            Slice::F32(values) => ElementSummary::of_all(values.iter().map(|x| f64::from(*x))),
            Slice::F64(values) => ElementSummary::of_all(values.iter().copied()),
            Slice::I32(_) | Slice::I64(_) | Slice::U8(_) => {
                #[expect(clippy::cast_precision_loss, reason = "a range to be looked at")]
                let all = elements.ints().into_iter().map(|x| x as f64);
                ElementSummary::of_all(all)
            }
            Slice::Bool(_) => return None,
        })
    }

    fn of_all(elements: impl Iterator<Item = f64>) -> ElementSummary {
        let mut summary = ElementSummary::default();
        for x in elements {
            summary.count += 1;
            summary.nans += usize::from(x.is_nan());
            summary.infinities += usize::from(x.is_infinite());
            if x.is_finite() {
                let (least, greatest) = summary.range.unwrap_or((x, x));
                summary.range = Some((least.min(x), greatest.max(x)));
            }
        }
        summary
    }

    /// `2 NaN and 1 infinity`; empty if all are finite.
    fn counts(&self) -> String {
        let infinities = if self.infinities == 1 {
            "infinity"
        } else {
            "infinities"
        };
        match (self.nans, self.infinities) {
            (0, 0) => String::new(),
            (nans, 0) => format!("{nans} NaN"),
            (0, count) => format!("{count} {infinities}"),
            (nans, count) => format!("{nans} NaN and {count} {infinities}"),
        }
    }
}

/// `from -1 to 2.5, 1 NaN`.
impl fmt::Display for ElementSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        match self.range {
            Some((least, greatest)) if least == greatest => write!(f, "{least}")?,
            Some((least, greatest)) => write!(f, "from {least} to {greatest}")?,
            None if counts.is_empty() => f.write_str("no elements")?,
            None => f.write_str("nothing finite")?,
        }
        if !counts.is_empty() {
            write!(f, ", {counts}")?;
        }
        Ok(())
    }
}

/// An operand of the operation that a run stopped at.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OperandSummary {
    /// Its role, name, type and shape, and where it was made.
    pub note: OperandNote,
    /// What there is among its elements; `None` if the operation does not use them, or they are
    /// truth values.
    pub elements: Option<ElementSummary>,
}

/// The first NaN or infinity of a run that looks for them.
///
/// Its `Display` is the report:
///
/// ```text
/// log gives 1 NaN among 2 elements of `Log:0`, f32[2]; the first is nan at [1]
///   --> examples/mnist.rs:31:17        name `Log`
///   x  probabilities  f32[2], from -0.5 to 0.5  from examples/mnist.rs:22:18
///   in step 17 of `rnn/while`, built at examples/mnist.rs:25:9
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumericsFailure {
    /// What has made it, or holds it from before the run: `log`, `variable`.
    pub subject: String,
    /// The name of the operation, or of the variable, constant or tensor that was fed.
    pub name: String,
    /// The tensor: `Log:0`.
    pub tensor: String,
    /// Its type and shape in this run: `f32[2, 3]`.
    pub fact: String,
    /// What there is among its elements.
    pub elements: ElementSummary,
    /// Where the first NaN is, or the first infinity if there is no NaN: `[0, 1]`.
    pub place: String,
    /// What it is: `nan`, `inf` or `-inf`.
    pub value: String,
    /// Where the operation, variable, constant or tensor was built.
    pub at: Trace,
    /// The operands; none of what holds it from before the run.
    pub operands: Vec<OperandSummary>,
    /// Of what holds it from before the run: the operation that could make nothing better of it, and
    /// where that was built.
    pub reader: Option<(String, Trace)>,
    /// The loops and branches around it, from the innermost: `step 17 of `rnn/while`, built at …`.
    pub within: Vec<String>,
    /// For an operation added on behalf of another (a gradient): that one's name and location.
    pub on_behalf_of: Option<(String, Trace)>,
}

impl NumericsFailure {
    fn headline(&self) -> String {
        let counts = self.elements.counts();
        let count = self.elements.count;
        let (subject, name) = (&self.subject, &self.name);
        let (tensor, fact) = (&self.tensor, &self.fact);
        let (place, value) = (&self.place, &self.value);
        match (&self.reader, count) {
            (None, 1) => format!("{subject} gives {value} as `{tensor}`, {fact}"),
            (Some(_), 1) => format!("{subject} `{name}`, {fact}, is {value}"),
            (None, _) => format!(
                "{subject} gives {counts} among {count} elements of `{tensor}`, {fact}; \
                 the first is {value} at {place}"
            ),
            (Some(_), _) => format!(
                "{subject} `{name}`, {fact}, holds {counts} among {count} elements; \
                 the first is {value} at {place}"
            ),
        }
    }

    /// The operands, their elements told with their shapes.
    fn notes(&self) -> Vec<OperandNote> {
        let operands = self.operands.iter();
        operands
            .map(|operand| {
                let mut note = operand.note.clone();
                if let Some(elements) = &operand.elements {
                    note.fact = format!("{}, {elements}", note.fact);
                }
                note
            })
            .collect()
    }
}

impl fmt::Display for NumericsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = Report {
            headline: &self.headline(),
            at: &self.at,
            scope: "",
            name: &self.name,
            operands: &self.notes(),
            on_behalf_of: self.on_behalf_of.as_ref(),
            help: None,
        };
        report.fmt(f)?;
        if let Some((reader, at)) = &self.reader {
            write!(f, "\n  used by `{reader}`, built at {at}")?;
        }
        for within in &self.within {
            write!(f, "\n  in {within}")?;
        }
        Ok(())
    }
}
