//! Regularizers: penalties for the values of variables.

use std::fmt;
use std::panic::Location as Caller;
use std::sync::Arc;

use crate::build::{Keys, l2_loss_of};
use crate::graph::Graph;
use crate::handle::{AnyTensor, AnyVariable};
use crate::mistake::Problem;
use crate::op::{Binary, Reduction, Unary};

/// A penalty for the values of a variable, which training makes small beside the loss. What
/// `get_variable` takes, from its options
/// ([`VariableOptions::regularizer`](crate::VariableOptions::regularizer)) or from the scope
/// ([`VariableScope::regularizer`](crate::VariableScope::regularizer)).
///
/// The penalty is made with the variable, outside of every loop and branch, so that a variable that
/// is shared has one. It joins the collection [`Keys::REGULARIZATION_LOSSES`]:
/// [`losses::get_total_loss`](crate::losses::get_total_loss) adds it to the losses.
///
/// ```
/// use aqueduct_graph::{Graph, VariableOptions, l2_regularizer, losses};
///
/// let g = Graph::new();
/// let options = VariableOptions::new().regularizer(l2_regularizer(1e-4));
/// let w = g.get_variable_with::<f32>("w", [784, 10], options);
/// let penalties = losses::get_regularization_losses(&g);
/// assert_eq!(penalties[0].name(), "w/Regularizer/l2_regularizer:0");
/// # let _ = w;
/// ```
#[derive(Clone)]
pub struct Regularizer(Penalty);

#[derive(Clone)]
enum Penalty {
    /// The weighted sum of two norms; `scope` is TensorFlow's name of the function.
    Norms {
        scope: &'static str,
        l1: f64,
        l2: f64,
    },
    Function(Arc<PenaltyFunction>),
}

type PenaltyFunction = dyn for<'g> Fn(AnyTensor<'g>) -> AnyTensor<'g> + Send + Sync;

impl Regularizer {
    /// The penalty that a function gives of the variable's value: a scalar of the variable's type.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Regularizer, VariableOptions};
    ///
    /// let g = Graph::new();
    /// let near_one = Regularizer::new(|weights| {
    ///     let weights = weights.typed::<f32>();
    ///     (0.1 * (weights - 1.0).square().reduce_sum(..)).any()
    /// });
    /// let options = VariableOptions::new().regularizer(near_one);
    /// let scale = g.get_variable_with::<f32>("scale", [10], options);
    /// # let _ = scale;
    /// # assert!(g.check().is_ok());
    /// ```
    pub fn new(
        penalty: impl for<'g> Fn(AnyTensor<'g>) -> AnyTensor<'g> + Send + Sync + 'static,
    ) -> Regularizer {
        Regularizer(Penalty::Function(Arc::new(penalty)))
    }

    const fn norms(scope: &'static str, l1: f64, l2: f64) -> Regularizer {
        Regularizer(Penalty::Norms { scope, l1, l2 })
    }
}

/// `scale` times the sum of the magnitudes. TensorFlow's `contrib.layers.l1_regularizer`.
///
/// A scale of 0 gives no penalty. One that is negative or not finite is a mistake of the call that
/// makes a variable with it.
pub fn l1_regularizer(scale: f64) -> Regularizer {
    Regularizer::norms("l1_regularizer", scale, 0.0)
}

/// `scale` times half the sum of the squares. TensorFlow's `contrib.layers.l2_regularizer`; that of
/// Keras has no half. For the scale see [`l1_regularizer`].
pub fn l2_regularizer(scale: f64) -> Regularizer {
    Regularizer::norms("l2_regularizer", 0.0, scale)
}

/// The sum of [`l1_regularizer`] and [`l2_regularizer`]. TensorFlow's
/// `contrib.layers.l1_l2_regularizer`.
pub fn l1_l2_regularizer(scale_l1: f64, scale_l2: f64) -> Regularizer {
    Regularizer::norms("l1_l2_regularizer", scale_l1, scale_l2)
}

/// No penalty, whatever the scope has for its variables. TensorFlow's `no_regularizer`.
pub fn no_regularizer() -> Regularizer {
    Regularizer::norms("no_regularizer", 0.0, 0.0)
}

impl Graph {
    /// Adds the penalty of a variable that has just been made to those of the graph.
    #[track_caller]
    pub(crate) fn penalize(&self, variable: AnyVariable<'_>, regularizer: &Regularizer) {
        if variable.is_poisoned() {
            return;
        }
        let caller = Caller::caller();
        let name = variable.name();
        // As the initializer's, its name is the variable's, whatever name scope is open.
        let _scope = self.enter(|context| context.name_scope = format!("{name}/Regularizer"));
        let weights = variable.value();
        let penalty = match &regularizer.0 {
            Penalty::Norms { scope, l1, l2 } => norms(weights, scope, *l1, *l2),
            Penalty::Function(function) => {
                let penalty = {
                    let _user_code = self.called_from(caller);
                    function(weights)
                };
                Some(checked(penalty, variable.value(), &name))
            }
        };
        if let Some(penalty) = penalty {
            self.add_to_collection(Keys::REGULARIZATION_LOSSES, penalty);
        }
    }
}

/// Adds the penalty that a user's function gave of a layer's results, divided by the number of
/// examples, to those of the graph.
#[track_caller]
pub(crate) fn penalize_activity<'g>(results: AnyTensor<'g>, penalty: AnyTensor<'g>) {
    let penalty = checked(penalty, results, &results.name());
    let examples = results.size_of(0).cast(results.dtype());
    let mean = penalty.binary(Binary::Div, examples, "truediv");
    let graph = results.graph();
    graph.add_to_collection(Keys::REGULARIZATION_LOSSES, mean);
}

/// What a user's function gave of `x`, poisoned if it cannot be added to losses.
#[track_caller]
fn checked<'g>(penalty: AnyTensor<'g>, x: AnyTensor<'g>, name: &str) -> AnyTensor<'g> {
    let (dtype, shape) = (penalty.dtype(), penalty.shape());
    if penalty.is_poisoned() || (dtype == x.dtype() && shape.rank() == 0) {
        return penalty;
    }
    let wanted = x.dtype();
    let message = format!("the penalty of `{name}` is {dtype}{shape} but must be {wanted}[]");
    let problem = Problem::shape(message)
        .help("reduce the penalty to a scalar: `reduce_sum(..)`")
        .operand("penalty", penalty)
        .operand("of", x);
    x.graph().poisoned_like(x, SUBJECT, SUBJECT, problem)
}

/// What reports call this.
const SUBJECT: &str = "regularizer";

/// `l1 * sum(|weights|) + l2 * sum(weights²) / 2`, without the parts that are 0.
#[track_caller]
fn norms<'g>(weights: AnyTensor<'g>, scope: &str, l1: f64, l2: f64) -> Option<AnyTensor<'g>> {
    let graph = weights.graph();
    if let Some(problem) = misfit(weights, scope, [l1, l2]) {
        return Some(graph.poisoned_like(
            weights,
            SUBJECT,
            scope,
            problem.operand("weights", weights),
        ));
    }
    let magnitudes = || {
        let scope = graph.open_scope("l1_regularizer");
        let sum = weights.unary(Unary::Abs).reduce(Reduction::Sum, .., false);
        scaled(sum, l1, scope.path())
    };
    let squares = || {
        let scope = graph.open_scope("l2_regularizer");
        scaled(l2_loss_of(weights), l2, scope.path())
    };
    match (l1 == 0.0, l2 == 0.0) {
        (true, true) => None,
        (false, true) => Some(magnitudes()),
        (true, false) => Some(squares()),
        (false, false) => {
            let scope = graph.open_scope(scope);
            let parts = [magnitudes(), squares()];
            let [magnitudes, squares] = parts;
            Some(magnitudes.binary_exact(Binary::Add, squares, scope.path()))
        }
    }
}

#[track_caller]
fn scaled<'g>(norm: AnyTensor<'g>, scale: f64, path: &str) -> AnyTensor<'g> {
    let scale = norm.graph().number(norm.dtype(), scale, "scale");
    scale.binary_exact(Binary::Mul, norm, path)
}

/// Why there can be no such penalty.
fn misfit(weights: AnyTensor<'_>, scope: &str, scales: [f64; 2]) -> Option<Problem> {
    let mut scales = scales.into_iter();
    if let Some(wrong) = scales.find(|scale| !(scale.is_finite() && *scale >= 0.0)) {
        let message = format!("the scale of {scope} is {wrong} but must be 0 or more");
        return Some(Problem::argument(message));
    }
    let dtype = weights.dtype();
    (!dtype.is_float()).then(|| {
        Problem::dtype(format!(
            "the variable is {dtype}, and {scope} is for floats"
        ))
        .help("give it `no_regularizer()` in this scope")
    })
}

impl fmt::Debug for Regularizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Penalty::Norms { scope, l1, l2 } => {
                let mut fields = f.debug_struct("Regularizer");
                fields.field("scope", scope).field("l1", l1);
                fields.field("l2", l2).finish()
            }
            Penalty::Function(_) => f.debug_tuple("Regularizer").finish_non_exhaustive(),
        }
    }
}
