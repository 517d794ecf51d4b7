//! Builders of family `debug`: looking at values, and checking them, while a graph runs.

use crate::element::{Element, Float, Number};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Operation, Tensor};
use crate::op::{Compare, Debug, PrintTo};

/// How many elements of each datum are shown where nothing else is said, as in TensorFlow.
const SUMMARIZE: usize = 3;

/// Settings of a print, for [`Tensor::print_with`].
#[derive(Clone, Debug)]
pub struct PrintOptions<'g> {
    data: Option<Vec<AnyTensor<'g>>>,
    summarize: usize,
    to: PrintTo,
}

impl Default for PrintOptions<'_> {
    fn default() -> Self {
        PrintOptions {
            data: None,
            summarize: SUMMARIZE,
            to: PrintTo::Stderr,
        }
    }
}

impl<'g> PrintOptions<'g> {
    /// The first 3 elements of the tensor itself, to the standard error.
    pub fn new() -> PrintOptions<'g> {
        PrintOptions::default()
    }

    /// Prints these tensors rather than the one that is passed on.
    #[must_use]
    pub fn data(mut self, data: &[AnyTensor<'g>]) -> PrintOptions<'g> {
        self.data = Some(data.to_vec());
        self
    }

    /// How many elements of each tensor are printed; `usize::MAX` prints all.
    #[must_use]
    pub fn summarize(mut self, elements: usize) -> PrintOptions<'g> {
        self.summarize = elements;
        self
    }

    /// Where the line goes.
    #[must_use]
    pub fn to(mut self, to: PrintTo) -> PrintOptions<'g> {
        self.to = to;
        self
    }
}

impl Graph {
    /// An operation that fails the run if any element of the condition is false. The error has the
    /// message and the first 3 elements of each of `data`. TensorFlow's `Assert`.
    ///
    /// As in TensorFlow 1 it acts only where it runs: fetch it, or let what relies on the condition
    /// be ordered after it.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let positive = g.assert(x.greater(0.0), &[x.any()], "x must be positive");
    /// let root = g.control_dependencies([positive], || x.sqrt());
    /// # let _ = root;
    /// ```
    #[track_caller]
    pub fn assert<'g>(
        &'g self,
        condition: impl Operand<'g, bool>,
        data: &[AnyTensor<'g>],
        message: &str,
    ) -> Operation<'g> {
        self.assert_with(condition, data, message, SUMMARIZE)
    }

    /// [`Graph::assert`] whose error has so many elements of each of `data`.
    #[track_caller]
    pub fn assert_with<'g>(
        &'g self,
        condition: impl Operand<'g, bool>,
        data: &[AnyTensor<'g>],
        message: &str,
        summarize: usize,
    ) -> Operation<'g> {
        let _here = self.here();
        let condition = condition.into_tensor(self).any();
        self.add_assert(condition, data, message, summarize)
    }

    #[track_caller]
    fn add_assert<'g>(
        &'g self,
        condition: AnyTensor<'g>,
        data: &[AnyTensor<'g>],
        message: &str,
        summarize: usize,
    ) -> Operation<'g> {
        let op = Debug::Assert {
            message: message.to_owned(),
            summarize,
        };
        let inputs: Vec<AnyTensor<'g>> = [condition].iter().chain(data).copied().collect();
        Operation::new(self, self.add(op, &inputs, "Assert"))
    }

    /// Fails the run where an element of `x` is not equal to that of `y`; the two broadcast. An
    /// empty message leaves the relation alone. TensorFlow's `assert_equal`; acts as
    /// [`Graph::assert`] does.
    #[track_caller]
    pub fn assert_equal<'g, T: Element>(
        &'g self,
        x: impl Operand<'g, T>,
        y: impl Operand<'g, T>,
        message: &str,
    ) -> Operation<'g> {
        self.assert_relation((x, Compare::Equal, y), ("assert_equal", "=="), message)
    }

    /// Fails the run unless `x < y` everywhere. TensorFlow's `assert_less`; see
    /// [`Graph::assert_equal`].
    #[track_caller]
    pub fn assert_less<'g, T: Number>(
        &'g self,
        x: impl Operand<'g, T>,
        y: impl Operand<'g, T>,
        message: &str,
    ) -> Operation<'g> {
        self.assert_relation((x, Compare::Less, y), ("assert_less", "<"), message)
    }

    /// Fails the run unless `x <= y` everywhere. TensorFlow's `assert_less_equal`; see
    /// [`Graph::assert_equal`].
    #[track_caller]
    pub fn assert_less_equal<'g, T: Number>(
        &'g self,
        x: impl Operand<'g, T>,
        y: impl Operand<'g, T>,
        message: &str,
    ) -> Operation<'g> {
        let relation = (x, Compare::LessEqual, y);
        self.assert_relation(relation, ("assert_less_equal", "<="), message)
    }

    /// Fails the run unless `x > y` everywhere. TensorFlow's `assert_greater`; see
    /// [`Graph::assert_equal`].
    #[track_caller]
    pub fn assert_greater<'g, T: Number>(
        &'g self,
        x: impl Operand<'g, T>,
        y: impl Operand<'g, T>,
        message: &str,
    ) -> Operation<'g> {
        self.assert_relation((x, Compare::Greater, y), ("assert_greater", ">"), message)
    }

    /// Fails the run unless `x >= y` everywhere. TensorFlow's `assert_greater_equal`; see
    /// [`Graph::assert_equal`].
    #[track_caller]
    pub fn assert_greater_equal<'g, T: Number>(
        &'g self,
        x: impl Operand<'g, T>,
        y: impl Operand<'g, T>,
        message: &str,
    ) -> Operation<'g> {
        let relation = (x, Compare::GreaterEqual, y);
        self.assert_relation(relation, ("assert_greater_equal", ">="), message)
    }

    #[track_caller]
    fn assert_relation<'g, T: Element>(
        &'g self,
        (x, relation, y): (impl Operand<'g, T>, Compare, impl Operand<'g, T>),
        (name, sign): (&str, &str),
        message: &str,
    ) -> Operation<'g> {
        let _here = self.here();
        let _scope = self.open_scope(name);
        let (x, y) = (x.into_tensor(self).any(), y.into_tensor(self).any());
        let relation_fails = format!("x {sign} y does not hold everywhere");
        let message = if message.is_empty() {
            relation_fails
        } else {
            format!("{message}: {relation_fails}")
        };
        self.add_assert(x.compare(relation, y), &[x, y], &message, SUMMARIZE)
    }
}

impl<'g> AnyTensor<'g> {
    /// The tensor as it is; whenever it is computed, the message and its first elements are written
    /// to the standard error. TensorFlow's `Print`.
    #[track_caller]
    pub fn print(self, message: &str) -> AnyTensor<'g> {
        self.print_with(message, PrintOptions::new())
    }

    /// [`AnyTensor::print`] of other tensors, of more elements, or elsewhere.
    #[track_caller]
    pub fn print_with(self, message: &str, options: PrintOptions<'g>) -> AnyTensor<'g> {
        let op = Debug::Print {
            message: message.to_owned(),
            summarize: options.summarize,
            to: options.to,
        };
        let data = options.data.unwrap_or_else(|| vec![self]);
        let inputs: Vec<AnyTensor<'g>> = [self].into_iter().chain(data).collect();
        self.graph().add_tensor(op, &inputs, "Print")
    }

    /// The tensor as it is; the run fails if an element is NaN or infinite, with the message, the
    /// first such element and their number. Its gradient is checked too. TensorFlow's
    /// `check_numerics`.
    #[track_caller]
    pub fn check_numerics(self, message: &str) -> AnyTensor<'g> {
        let message = message.to_owned();
        self.graph()
            .add_tensor(Debug::CheckNumerics { message }, &[self], "CheckNumerics")
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The tensor as it is; whenever it is computed, `message[element element element...]` is written
    /// to the standard error, in TensorFlow 1's form. TensorFlow's `Print` of the tensor itself.
    ///
    /// Only what is built of the result prints. Using the result's shape alone computes nothing, and
    /// so prints nothing.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// let y = x.print("x is ") * 2.0;
    /// assert_eq!(y.shape(), x.shape());
    /// ```
    #[track_caller]
    pub fn print(self, message: &str) -> Tensor<'g, T> {
        Tensor::assume(self.any().print(message))
    }

    /// [`Tensor::print`] of other tensors, of more elements, or elsewhere.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, PrintOptions, PrintTo, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let mean = x.reduce_mean(..);
    /// let options = PrintOptions::new().data(&[x.any(), mean.any()]).summarize(10);
    /// let y = mean.print_with("x and its mean ", options.to(PrintTo::Log));
    /// assert_eq!(y.name(), "Print:0");
    /// ```
    #[track_caller]
    pub fn print_with(self, message: &str, options: PrintOptions<'g>) -> Tensor<'g, T> {
        Tensor::assume(self.any().print_with(message, options))
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// The tensor as it is; the run fails if an element is NaN or infinite, with the message, the
    /// first such element and their number. Its gradient is checked too. TensorFlow's
    /// `check_numerics`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let logs = x.log().check_numerics("x has a logarithm");
    /// assert_eq!(logs.name(), "CheckNumerics:0");
    /// ```
    #[track_caller]
    pub fn check_numerics(self, message: &str) -> Tensor<'g, T> {
        Tensor::assume(self.any().check_numerics(message))
    }
}
