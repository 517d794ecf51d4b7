//! Gradients against finite differences: tests for ops and cells of the user's own.

mod fed;
mod report;

use aqueduct_graph::{AnyTensor, DType, Value};
use rand::{RngExt as _, SeedableRng as _};

pub use report::{GradientCheckError, GradientReport, PointReport, WorstElement};

use crate::error::{Error, Result};
use crate::feed::{FeedKey, FeedTensor, Feeds};
use crate::kernels::unravel;
use crate::philox::Philox;
use crate::session::Session;
use fed::{Fed, number};

/// Holds gradients against finite differences of a loss.
///
/// For a result of any shape, and gradients that are not built yet, there is
/// `aqueduct::check_gradient`.
///
/// Each element that is looked at is moved by one and two steps to both sides, which gives a slope
/// with an error of the fourth order. Unless [set](GradientCheck::step) the step is 2⁻⁶ for `f32` and
/// 2⁻¹⁰ for `f64`, and grows with elements beyond 1: a smaller one would drown in rounding, a larger
/// one would leave the neighbourhood. Prefer `f64` where the ops have it.
///
/// At a kink (of `relu` at 0, of a maximum where elements are equal) there are two slopes, and within
/// two steps of one the differences tell neither. Keep away from kinks, or make the step smaller; the
/// report says of the worst element whether its differences change with the step.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_session::{GradientCheck, Session, feed};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f64>("x", shape![?]);
/// let loss = x.square().reduce_sum(..);
/// let slope = x * 2.0; // as `gradient(loss, x)` would have it
///
/// let sess = Session::new(&g);
/// let check = GradientCheck::new(&sess, loss, feed![x => [0.5, -3.0]]).wrt(x, slope);
/// check.run()?.within(1e-9)?;
///
/// let wrong = GradientCheck::new(&sess, loss, feed![x => [0.5, -3.0]]).wrt(x, slope * 3.0);
/// assert!(wrong.run()?.within(1e-9).is_err());
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "`run` compares"]
pub struct GradientCheck<'s, 'g, 'f> {
    session: &'s Session,
    loss: AnyTensor<'g>,
    feeds: Feeds<'f>,
    points: Vec<Point<'g>>,
    samples: usize,
    seed: u64,
    step: Option<f64>,
}

/// A tensor that is moved, and what is said to be the gradient of it.
#[derive(Clone, Copy, Debug)]
struct Point<'g> {
    x: AnyTensor<'g>,
    gradient: AnyTensor<'g>,
}

impl<'s, 'g, 'f> GradientCheck<'s, 'g, 'f> {
    /// How many elements of each tensor are looked at unless set otherwise.
    const SAMPLES: usize = 100;

    /// Of this loss, a scalar of floats, with these values fed.
    pub fn new(
        session: &'s Session,
        loss: impl Into<AnyTensor<'g>>,
        feeds: Feeds<'f>,
    ) -> GradientCheck<'s, 'g, 'f> {
        GradientCheck {
            session,
            loss: loss.into(),
            feeds,
            points: Vec::new(),
            samples: Self::SAMPLES,
            seed: 0,
            step: None,
        }
    }

    /// Compares `gradient` with how the loss changes with `x`, which has its type and shape.
    ///
    /// What is fed is moved from there; another tensor, and a variable, from its value: it is fed the
    /// moved one, so the session stays as it is. A variable is moved as it is read at the start of a
    /// run; what `read_value` sees is not.
    pub fn wrt<T>(mut self, x: impl FeedKey<'g, T>, gradient: impl Into<AnyTensor<'g>>) -> Self {
        self.points.push(Point {
            x: x.tensor(),
            gradient: gradient.into(),
        });
        self
    }

    /// Looks at so many elements of each tensor at the most, 100 unless set. Each takes four runs.
    pub fn samples(mut self, count: usize) -> Self {
        self.samples = count;
        self
    }

    /// Chooses other elements, where not all are looked at.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Moves each element by this step.
    pub fn step(mut self, step: f64) -> Self {
        self.step = Some(step);
        self
    }

    /// Compares.
    ///
    /// # Errors
    /// Those of [`Session::run`], and [`Error::GradientCheck`] if the loss is no scalar of floats or
    /// changes from run to run, or a gradient is not of floats, or not of its tensor's type and shape.
    pub fn run(mut self) -> Result<GradientReport> {
        let fed = Fed::new(std::mem::take(&mut self.feeds))?;
        let pairs = self
            .points
            .iter()
            .flat_map(|point| [point.x, point.gradient]);
        let fetches: Vec<AnyTensor<'g>> = std::iter::once(self.loss).chain(pairs).collect();
        let mut found = self.session.run(fetches, fed.feeds())?.into_iter();
        let first = found
            .next()
            .ok_or_else(|| Error::internal("a run gave nothing"))?;
        let values = [self.number(&first)?, self.loss_at(&fed)?];
        if values[0].to_bits() != values[1].to_bits() {
            let loss = self.loss.name();
            return Err(GradientCheckError::Unsteady { loss, values }.into());
        }
        let mut points = Vec::with_capacity(self.points.len());
        for point in &self.points {
            let (Some(x), Some(gradient)) = (found.next(), found.next()) else {
                return Err(Error::internal("a run gave less than was fetched"));
            };
            points.push(self.compare(*point, x, &gradient, fed.clone())?);
        }
        Ok(GradientReport { points })
    }

    fn compare(
        &self,
        point: Point<'g>,
        x: Value,
        gradient: &Value,
        fed: Fed,
    ) -> Result<PointReport> {
        let fits = x.shape() == gradient.shape() && x.dtype() == gradient.dtype();
        if !fits || !x.dtype().is_float() {
            let words = |value: &Value| format!("{}{:?}", value.dtype(), value.shape());
            return Err(GradientCheckError::Unfit {
                name: point.x.name(),
                x: words(&x),
                gradient: words(gradient),
            }
            .into());
        }
        let sizes = x.shape().to_vec();
        let count = x.data().len();
        let mut moved = Moved {
            check: self,
            step: self.step,
            base: if x.dtype() == DType::F32 { -6 } else { -10 },
            fed: fed.with(FeedTensor::new(point.x), x),
        };
        let mut report = PointReport::new(point.x.name(), count);
        let mut worst = None;
        for place in self.places(count) {
            let symbolic = number(gradient.data(), place).unwrap_or(f64::NAN);
            let numeric = moved.slope(place, 1.0)?;
            if report.add(numeric, symbolic) {
                worst = Some((place, numeric, symbolic));
            }
        }
        if let Some((place, numeric, symbolic)) = worst {
            let changes = (moved.slope(place, 0.5)? - numeric).abs();
            report.worst = Some(WorstElement {
                index: unravel(place, &sizes).collect(),
                numeric,
                symbolic,
                is_rough: is_rough(changes, numeric, symbolic),
            });
        }
        Ok(report)
    }

    /// The elements that are looked at, of so many.
    fn places(&self, count: usize) -> Vec<usize> {
        if count <= self.samples {
            return (0..count).collect();
        }
        let mut rng = Philox::seed_from_u64(self.seed);
        // One of each part; the first ones have one more, as far as there are.
        let (width, wide) = (count / self.samples.max(1), count % self.samples.max(1));
        let start = |part: usize| part * width + part.min(wide);
        let parts = (0..self.samples).map(|part| start(part)..start(part + 1));
        parts.map(|part| rng.random_range(part)).collect()
    }

    fn loss_at(&self, fed: &Fed) -> Result<f64> {
        let value = self.session.run(self.loss, fed.feeds())?;
        self.number(&value)
    }

    fn number(&self, loss: &Value) -> Result<f64> {
        let number = number(loss.data(), 0).filter(|_| loss.shape().is_empty());
        number.ok_or_else(|| {
            GradientCheckError::NoLoss {
                name: self.loss.name(),
                found: format!("{}{:?}", loss.dtype(), loss.shape()),
            }
            .into()
        })
    }
}

/// A loss of which the last tensor that is fed is moved.
struct Moved<'c, 's, 'g, 'f> {
    check: &'c GradientCheck<'s, 'g, 'f>,
    step: Option<f64>,
    /// The power of two that is the step where none was set.
    base: i32,
    fed: Fed,
}

impl Moved<'_, '_, '_, '_> {
    /// How the loss changes with an element, by differences of the fourth order, with a part of the
    /// step.
    fn slope(&mut self, place: usize, part: f64) -> Result<f64> {
        let center = self.fed.element(place).unwrap_or(f64::NAN);
        let step = part * self.step.unwrap_or_else(|| default_step(self.base, center));
        let near = self.at(place, center + step)? - self.at(place, center - step)?;
        let far = self.at(place, center + 2.0 * step)? - self.at(place, center - 2.0 * step)?;
        self.fed.set_element(place, center);
        Ok((8.0 * near - far) / (12.0 * step))
    }

    fn at(&mut self, place: usize, element: f64) -> Result<f64> {
        self.fed.set_element(place, element);
        self.check.loss_at(&self.fed)
    }
}

/// A power of two, so that a moved element is exact but for the last bit.
fn default_step(base: i32, element: f64) -> f64 {
    let size = element.abs().max(1.0);
    let size = if size.is_finite() { size } else { 1.0 };
    2.0_f64.powi(base) * size.log2().ceil().exp2()
}

/// Whether slopes that change so much with half the step say little of an error: they change by a tenth
/// of it, and by more than rounding would have it.
fn is_rough(changes: f64, numeric: f64, symbolic: f64) -> bool {
    let error = (numeric - symbolic).abs();
    changes > 0.1 * error && changes > 1e-3 * numeric.abs().max(symbolic.abs())
}
