//! What a file has and what the variables need.

use std::collections::{HashMap, HashSet};
use std::fmt;

use aqueduct_graph::ir::shown;
use aqueduct_graph::{DType, Trace};

use super::format::StoredTensor;

/// A tensor of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl TensorInfo {
    fn fact(&self) -> String {
        format!("{}{}", self.dtype, shown::shape(&self.shape))
    }
}

/// Prints `layer/w f32[2, 3]`.
impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", shown::name(&self.name), self.fact())
    }
}

/// What a variable needs of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedTensor {
    /// The tensor that it needs.
    pub tensor: TensorInfo,
    /// The variable's own name.
    pub variable: String,
    /// Where the variable was made.
    pub at: Trace,
}

/// A tensor of a checkpoint that has the name which a variable needs, and another shape or element
/// type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What the variable needs.
    pub wanted: WantedTensor,
    /// What the file has.
    pub found: TensorInfo,
}

/// How the tensors of a checkpoint fit the variables of a saver.
///
/// Its `Display` is a report with a line for each tensor that does not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Tensors that fit a variable.
    pub matching: Vec<TensorInfo>,
    /// What the file has not.
    pub missing: Vec<WantedTensor>,
    /// What the file has with another shape or element type.
    pub different: Vec<Difference>,
    /// What the file has and no variable needs.
    pub extra: Vec<TensorInfo>,
}

impl Comparison {
    /// Whether every variable has its tensor. There may be extra ones.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.different.is_empty()
    }

    /// Whether every variable has its tensor, and every tensor its variable.
    pub fn is_exact(&self) -> bool {
        self.is_complete() && self.extra.is_empty()
    }

    pub(super) fn new(wanted: &[&WantedTensor], stored: &[StoredTensor]) -> Comparison {
        let mut comparison = Comparison::default();
        let by_name: HashMap<&str, &TensorInfo> = stored
            .iter()
            .map(|tensor| (tensor.info.name.as_str(), &tensor.info))
            .collect();
        for wanted in wanted {
            match by_name.get(wanted.tensor.name.as_str()) {
                None => comparison.missing.push((*wanted).clone()),
                Some(found) if **found == wanted.tensor => {
                    comparison.matching.push(wanted.tensor.clone());
                }
                Some(found) => comparison.different.push(Difference {
                    wanted: (*wanted).clone(),
                    found: (*found).clone(),
                }),
            }
        }
        let needed: HashSet<&str> = wanted
            .iter()
            .map(|wanted| wanted.tensor.name.as_str())
            .collect();
        let infos = stored.iter().map(|tensor| &tensor.info);
        comparison.extra = infos
            .filter(|info| !needed.contains(info.name.as_str()))
            .cloned()
            .collect();
        comparison
    }

    /// The lines of the report: what is the matter, the tensor's name, its shape, the variable.
    fn lines(&self) -> Vec<[String; 4]> {
        let variable = |wanted: &WantedTensor| {
            format!("for variable `{}`, made at {}", wanted.variable, wanted.at)
        };
        let missing = self.missing.iter().map(|wanted| {
            let TensorInfo { name, .. } = &wanted.tensor;
            let fact = wanted.tensor.fact();
            let name = shown::name(name).to_string();
            ["missing".to_owned(), name, fact, variable(wanted)]
        });
        let different = self.different.iter().map(|Difference { wanted, found }| {
            let fact = format!("{}, not {}", found.fact(), wanted.tensor.fact());
            [
                "different".to_owned(),
                shown::name(&found.name).to_string(),
                fact,
                variable(wanted),
            ]
        });
        let extra = self.extra.iter().take(MOST_EXTRA).map(|info| {
            [
                "extra".to_owned(),
                shown::name(&info.name).to_string(),
                info.fact(),
                String::new(),
            ]
        });
        missing.chain(different).chain(extra).collect()
    }
}

/// Extra tensors that have a line in a report: a file of a stranger may have a million.
const MOST_EXTRA: usize = 100;

/// The widest column of a report. A name that is longer takes its line out of the columns, and does
/// not widen those of the others.
const MOST_WIDTH: usize = 100;

/// Prints a line for each tensor that does not fit, in columns, and how many do.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let widths: [usize; 3] = std::array::from_fn(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            let widths = cells.map(|cell| cell.chars().count());
            widths
                .filter(|width| *width <= MOST_WIDTH)
                .max()
                .unwrap_or(0)
        });
        for [matter, name, fact, variable] in &lines {
            let [first, second, third] = widths;
            let line = format!("  {matter:first$}  {name:second$}  {fact:third$}  {variable}");
            writeln!(f, "{}", line.trim_end())?;
        }
        let more = self.extra.len().saturating_sub(MOST_EXTRA);
        if more > 0 {
            writeln!(f, "  and {more} more that are extra")?;
        }
        write!(f, "  {} matching", self.matching.len())
    }
}
