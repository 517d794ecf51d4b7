//! Settings of an optimizer that may be numbers or tensors.

use aqueduct_graph::ir::Problem;
use aqueduct_graph::{AnyTensor, DType, Float, Graph, Tensor, Variable};

/// A number, or a scalar tensor of floats: a learning rate that follows a schedule, say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hyper<'g> {
    /// A number; it is rounded to the type of what it is used with.
    Number(f64),
    /// A scalar; it is cast to the type of what it is used with.
    Tensor(AnyTensor<'g>),
}

impl<'g> Hyper<'g> {
    /// The setting as a scalar of this type.
    ///
    /// A tensor that is no scalar of floats is a mistake, which is taken down; the result is
    /// poisoned then.
    #[track_caller]
    pub fn tensor(self, graph: &'g Graph, dtype: DType, name: &str) -> AnyTensor<'g> {
        match self.checked(graph, name) {
            Hyper::Number(number) => graph.number(dtype, number, name),
            Hyper::Tensor(tensor) => tensor.cast(dtype),
        }
    }

    /// Whether the setting, if it is a number, is one of these.
    pub(crate) fn check(self, name: &str, allowed: Allowed) -> Result<(), Problem> {
        match self {
            Hyper::Number(number) if !allowed.holds(number) => {
                let message = format!("{name} is {number} but must be {}", allowed.words());
                Err(Problem::argument(message))
            }
            Hyper::Number(_) | Hyper::Tensor(_) => Ok(()),
        }
    }

    /// The setting, with a tensor that does not fit poisoned: checked before it is used for many
    /// variables, it is one mistake.
    #[track_caller]
    pub(crate) fn checked(self, graph: &'g Graph, name: &str) -> Hyper<'g> {
        match self {
            Hyper::Number(_) => self,
            Hyper::Tensor(tensor) => {
                let tensor = graph.own(tensor, name);
                let misfit = misfit(tensor, name).filter(|_| !tensor.is_poisoned());
                let poisoned = |problem| graph.poisoned_like(tensor, name, name, problem);
                Hyper::Tensor(misfit.map_or(tensor, poisoned))
            }
        }
    }
}

/// Which numbers a setting may be. All are finite.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allowed {
    Finite,
    Positive,
    NotNegative,
    NotPositive,
    /// From 0 to 1.
    UpToOne,
    /// From 0 to below 1.
    BelowOne,
}

impl Allowed {
    fn holds(self, number: f64) -> bool {
        number.is_finite()
            && match self {
                Allowed::Finite => true,
                Allowed::Positive => number > 0.0,
                Allowed::NotNegative => number >= 0.0,
                Allowed::NotPositive => number <= 0.0,
                Allowed::UpToOne => (0.0..=1.0).contains(&number),
                Allowed::BelowOne => (0.0..1.0).contains(&number),
            }
    }

    fn words(self) -> &'static str {
        match self {
            Allowed::Finite => "a finite number",
            Allowed::Positive => "more than 0",
            Allowed::NotNegative => "0 or more",
            Allowed::NotPositive => "0 or less",
            Allowed::UpToOne => "between 0 and 1",
            Allowed::BelowOne => "0 or more and less than 1",
        }
    }
}

/// Why the tensor cannot be a setting.
fn misfit(tensor: AnyTensor<'_>, name: &str) -> Option<Problem> {
    let (dtype, shape) = (tensor.dtype(), tensor.shape());
    let found = format!("`{}` is {dtype}{shape}", tensor.name());
    if !dtype.is_float() {
        let problem = Problem::dtype(format!("{found}, and {name} is a float"));
        return Some(problem.help("give a number, or cast the tensor to f32"));
    }
    (shape.rank() != 0).then(|| {
        Problem::shape(format!("{found}, and {name} is a scalar"))
            .help("give a number or a tensor of shape []")
    })
}

/// A count of steps, poisoned if it is not one number.
#[track_caller]
pub(crate) fn checked_count<'g>(count: AnyTensor<'g>, name: &str) -> AnyTensor<'g> {
    let (dtype, shape) = (count.dtype(), count.shape());
    if count.is_poisoned() || (dtype.is_number() && shape.rank() == 0) {
        return count;
    }
    let message = format!(
        "`{}` is {dtype}{shape}, and {name} is one number",
        count.name()
    );
    let problem = if dtype.is_number() {
        Problem::shape(message)
    } else {
        Problem::dtype(message)
    };
    let problem = problem.help("give the variable that counts the steps");
    count.graph().poisoned_like(count, name, name, problem)
}

impl From<f64> for Hyper<'_> {
    fn from(number: f64) -> Self {
        Hyper::Number(number)
    }
}

impl From<f32> for Hyper<'_> {
    fn from(number: f32) -> Self {
        Hyper::Number(f64::from(number))
    }
}

impl From<i32> for Hyper<'_> {
    fn from(number: i32) -> Self {
        Hyper::Number(f64::from(number))
    }
}

impl<'g> From<AnyTensor<'g>> for Hyper<'g> {
    fn from(tensor: AnyTensor<'g>) -> Hyper<'g> {
        Hyper::Tensor(tensor)
    }
}

impl<'g, T: Float> From<Tensor<'g, T>> for Hyper<'g> {
    fn from(tensor: Tensor<'g, T>) -> Hyper<'g> {
        Hyper::Tensor(tensor.any())
    }
}

impl<'g, T: Float> From<Variable<'g, T>> for Hyper<'g> {
    fn from(variable: Variable<'g, T>) -> Hyper<'g> {
        Hyper::Tensor(variable.value().any())
    }
}
