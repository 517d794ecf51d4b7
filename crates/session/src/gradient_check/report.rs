//! What a check of gradients has found.

use std::fmt;

use thiserror::Error;

use crate::error::{Error, Result};

/// How far gradients are from finite differences, for each tensor that was moved.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GradientReport {
    /// In the order in which they were given.
    pub points: Vec<PointReport>,
}

/// How far the gradient of one tensor is from finite differences.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PointReport {
    /// The tensor's name.
    pub name: String,
    /// How many elements it has.
    pub elements: usize,
    /// How many were compared.
    pub compared: usize,
    /// The largest difference; infinite if a slope is NaN or infinite.
    pub max_absolute: f64,
    /// The largest slope among both, by its absolute value.
    pub scale: f64,
    /// The element with the largest difference; `None` if there are no elements.
    pub worst: Option<WorstElement>,
}

/// The element whose gradient is the farthest from finite differences.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorstElement {
    /// Where it is.
    pub index: Vec<usize>,
    /// The slope by finite differences.
    pub numeric: f64,
    /// The gradient.
    pub symbolic: f64,
    /// Whether the finite differences change with half the step by more than a tenth of the error, and
    /// by more than rounding would have it: then a kink may be near.
    pub is_rough: bool,
}

impl GradientReport {
    /// The largest difference of all.
    pub fn max_absolute(&self) -> f64 {
        let errors = self.points.iter().map(|point| point.max_absolute);
        errors.fold(0.0, f64::max)
    }

    /// The largest [relative](PointReport::max_relative) difference of all.
    pub fn max_relative(&self) -> f64 {
        let errors = self.points.iter().map(PointReport::max_relative);
        errors.fold(0.0, f64::max)
    }

    /// The report, if no relative difference is greater than this.
    ///
    /// # Errors
    /// [`GradientCheckError::Mismatch`]: one is.
    pub fn within(self, tolerance: f64) -> Result<GradientReport> {
        if self.max_relative() <= tolerance {
            return Ok(self);
        }
        let report = self;
        Err(GradientCheckError::Mismatch { tolerance, report }.into())
    }
}

impl PointReport {
    pub(super) fn new(name: String, elements: usize) -> PointReport {
        PointReport {
            name,
            elements,
            compared: 0,
            max_absolute: 0.0,
            scale: 0.0,
            worst: None,
        }
    }

    /// Counts one more element; tells whether it is the worst so far.
    pub(super) fn add(&mut self, numeric: f64, symbolic: f64) -> bool {
        let difference = (numeric - symbolic).abs();
        let difference = if difference.is_nan() {
            f64::INFINITY
        } else {
            difference
        };
        let is_worst = self.compared == 0 || difference > self.max_absolute;
        self.compared += 1;
        self.max_absolute = self.max_absolute.max(difference);
        self.scale = self.scale.max(numeric.abs()).max(symbolic.abs());
        is_worst
    }

    /// The largest difference in proportion to the largest slope: single slopes near zero would tell
    /// of rounding alone.
    pub fn max_relative(&self) -> f64 {
        if self.max_absolute == 0.0 || self.max_absolute.is_infinite() {
            self.max_absolute
        } else {
            self.max_absolute / self.scale
        }
    }
}

impl fmt::Display for PointReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, compared, elements) = (&self.name, self.compared, self.elements);
        let (relative, absolute) = (self.max_relative(), self.max_absolute);
        write!(
            f,
            "`{name}`, {compared} of {elements} elements: relative error {relative:.1e}, absolute \
             {absolute:.1e}"
        )?;
        let Some(worst) = &self.worst else {
            return Ok(());
        };
        let (index, numeric, symbolic) = (&worst.index, worst.numeric, worst.symbolic);
        write!(
            f,
            "; the worst is {index:?}: {numeric} by differences, {symbolic} by the gradient"
        )?;
        if worst.is_rough {
            f.write_str(" (with half the step the differences change: is there a kink?)")?;
        }
        Ok(())
    }
}

/// A line for each tensor.
impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.points.iter().map(PointReport::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Why a gradient was not found to be right.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum GradientCheckError {
    /// Gradients differ from finite differences by more than was asked for.
    #[error("gradients differ from finite differences by more than {tolerance:e}\n{report}")]
    Mismatch {
        /// What was asked for.
        tolerance: f64,
        /// What was found.
        report: GradientReport,
    },
    /// The loss is no scalar of floats.
    #[error("`{name}` is {found}: the loss whose gradients are checked is a scalar of floats")]
    NoLoss {
        /// The tensor.
        name: String,
        /// Its type and shape.
        found: String,
    },
    /// The loss is another number each time.
    #[error(
        "the loss `{loss}` was {} and then {} of the same values: it draws random numbers, or a run \
         changes a variable that it depends on",
        .values[0], .values[1]
    )]
    Unsteady {
        /// The loss.
        loss: String,
        /// Its values in two runs.
        values: [f64; 2],
    },
    /// A gradient is not of floats, or not of its tensor's type and shape.
    #[error(
        "`{name}` is {x} and its gradient is {gradient}: both are floats of one type and shape"
    )]
    Unfit {
        /// The tensor.
        name: String,
        /// Its type and shape.
        x: String,
        /// The type and shape of the gradient.
        gradient: String,
    },
    /// The loss has no gradient at this tensor.
    #[error("there is no gradient with respect to `{name}`: {reason}")]
    NoGradient {
        /// The tensor.
        name: String,
        /// Why not.
        reason: String,
    },
}

impl From<GradientCheckError> for Error {
    fn from(error: GradientCheckError) -> Error {
        Error::GradientCheck(Box::new(error))
    }
}
