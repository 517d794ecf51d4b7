//! Checks that need both gradients and runs.

use aqueduct_graph::{Float, Tensor};
use aqueduct_optimizer::{Gradient, Gradients, Points, weighted_sum};
use aqueduct_session::{Feeds, GradientCheck, GradientCheckError, GradientReport, Result, Session};

/// Holds the gradients of `y`, of any shape, with respect to `xs` against finite differences: for
/// tests of an op or cell of your own. TensorFlow's `compute_gradient_error`.
///
/// It adds a [weighted sum](weighted_sum) of `y` and its gradients to the graph, and runs them in the
/// session with these values fed. `xs` are tensors that are fed, variables, or any others. How the
/// differences are taken, and what becomes of them at kinks, [`GradientCheck`] says; use that for
/// other settings.
///
/// ```
/// use aqueduct::check_gradient;
/// use aqueduct::prelude::*;
///
/// let g = Graph::new();
/// let x = g.placeholder::<f64>("x", shape![?, 3]);
/// let w = g.variable("w", [0.5_f64, -1.0, 2.0]);
/// let sess = Session::new(&g);
/// sess.run(g.global_variables_initializer(), feed![])?;
///
/// let report = check_gradient(&sess, (x * w).softmax(), (x, w), feed![x => [[1.0, 2.0, 3.0]]])?;
/// println!("{report}");
/// report.within(1e-8)?;
/// # Ok::<(), aqueduct::Error>(())
/// ```
///
/// # Errors
/// Those of [`GradientCheck::run`], and [`Error::GradientCheck`](crate::Error::GradientCheck) if a
/// gradient stops on its way or cannot be derived. Where `x` and `y` are not connected the gradient is
/// taken as zeros.
#[track_caller]
pub fn check_gradient<'g, T: Float>(
    session: &Session,
    y: Tensor<'g, T>,
    xs: impl Points<'g>,
    feeds: Feeds<'_>,
) -> Result<GradientReport> {
    let _here = y.graph().here();
    let loss = weighted_sum(y);
    let points = xs.into_points();
    let found = Gradients::of(loss).wrt(points.clone()).build();
    let mut check = GradientCheck::new(session, loss, feeds);
    for (point, gradient) in points.into_iter().zip(found) {
        let x = point.tensor();
        let slope = match (gradient.dense(), &gradient) {
            (Some(slope), _) => slope,
            (None, Gradient::NotConnected) => x.zeros_like(),
            (None, other) => {
                let reason = other.why_not().unwrap_or_default().to_owned();
                let name = x.name();
                return Err(GradientCheckError::NoGradient { name, reason }.into());
            }
        };
        check = check.wrt::<T>(x, slope);
    }
    check.run()
}
