//! Builders of family `control`: loops and branches.

use std::panic::Location as Caller;

use crate::context::ContextGuard;
use crate::element::Index;
use crate::fact::Fact;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Operation, Tensor};
use crate::ids::{NodeId, RegionId};
use crate::infer::plural;
use crate::mistake::Problem;
use crate::nest::Nest;
use crate::op::{Control, Op};
use crate::store::{NewName, Region};

/// Settings of a scan, for [`Graph::scan_with`].
#[derive(Clone, Debug, Default)]
pub struct ScanOptions<'g> {
    length: Option<AnyTensor<'g>>,
    limit: Option<AnyTensor<'g>>,
    reverse: bool,
}

impl<'g> ScanOptions<'g> {
    /// As many steps as the sequences have elements, from the first to the last.
    pub fn new() -> ScanOptions<'g> {
        ScanOptions::default()
    }

    /// The number of steps: a scalar, which may be known only in a run. Sequences must have as many
    /// elements; without sequences this is required.
    #[must_use]
    pub fn length<T: Index>(mut self, length: Tensor<'g, T>) -> ScanOptions<'g> {
        self.length = Some(length.any());
        self
    }

    /// Only the first so many elements are run over: a scalar from 0 to the number of steps, else
    /// the run fails. Stacked outputs keep their size and are zeros beyond; the last state is that
    /// after the last step run. For sequences that are padded to one length: steps that are not run
    /// cost nothing.
    #[must_use]
    pub fn limit<T: Index>(mut self, limit: Tensor<'g, T>) -> ScanOptions<'g> {
        self.limit = Some(limit.any());
        self
    }

    /// From the last element to the first; with a limit, from the last of these. Stacked outputs keep
    /// the order of the sequences.
    #[must_use]
    pub fn reverse(mut self) -> ScanOptions<'g> {
        self.reverse = true;
        self
    }
}

/// Settings of a while loop, for [`Graph::while_loop_with`].
#[derive(Clone, Debug, Default)]
pub struct WhileOptions {
    maximum: Option<u64>,
}

impl WhileOptions {
    /// As many iterations as the condition asks for.
    pub fn new() -> WhileOptions {
        WhileOptions::default()
    }

    /// The loop ends after so many iterations even if its condition still holds. Gradients need this:
    /// what they use of each iteration is kept in tensors of so many rows. TensorFlow's
    /// `maximum_iterations`.
    #[must_use]
    pub fn maximum_iterations(mut self, maximum: u64) -> WhileOptions {
        self.maximum = Some(maximum);
        self
    }
}

impl Graph {
    /// Runs `body` once for each element of the sequences, along their axis 0, carrying a state.
    ///
    /// `body` is called once, while building, with the state and one element of each sequence; it
    /// returns the next state, of the same shapes, and the outputs of the step. The scan gives the
    /// last state, and the outputs of all steps stacked along a new axis 0. The body may use tensors
    /// and variables from outside. Any number of steps is allowed, none included, unless an output has a
    /// shape that only a step can tell.
    ///
    /// Gradients flow to the initial state, the sequences and everything that the body uses from
    /// outside. What they need of each step is kept when they are fetched, else nothing.
    ///
    /// JAX's `lax.scan`, TensorFlow's `scan`; here what every recurrent network is made of.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    /// let start = g.zeros::<f32>([3]);
    /// let (last, sums) = g.scan(start, xs, |sum, x| (sum + x, sum + x));
    /// assert_eq!(last.shape().to_string(), "[3]");
    /// assert_eq!(sums.shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn scan<'g, S: Nest<'g>, X: Nest<'g>, Y: Nest<'g>>(
        &'g self,
        state: S,
        sequences: X,
        body: impl FnOnce(S, X) -> (S, Y),
    ) -> (S, Y) {
        self.scan_with(ScanOptions::new(), state, sequences, body)
    }

    /// [`Graph::scan`] with a number of steps, with a limit, or in reverse.
    #[track_caller]
    pub fn scan_with<'g, S: Nest<'g>, X: Nest<'g>, Y: Nest<'g>>(
        &'g self,
        options: ScanOptions<'g>,
        state: S,
        sequences: X,
        body: impl FnOnce(S, X) -> (S, Y),
    ) -> (S, Y) {
        let caller = Caller::caller();
        let _here = self.here();
        let scope = self.open_scope("scan");
        let states = state.parts();
        let elements = sequences.parts();
        let _poison = self.refuse_scalars(caller, scope.path(), &elements);
        let _depth = self.refuse_depth(caller, "scan", scope.path());
        let region = self.open_region("scan", caller);
        let parameters = self.parameters(region, &states, Fact::without_ints);
        let element_parameters = self.parameters(region, &elements, Fact::element);
        let state_inside = self.rebuilt_in(region, &state, &parameters);
        let element_inside = self.rebuilt_in(region, &sequences, &element_parameters);
        let (next, outputs) =
            self.user_code_in(region, caller, || body(state_inside, element_inside));
        let stacked = outputs.parts();
        let problem = self.close_loop(region, &parameters, &next.parts(), &stacked);
        let op = Control::Scan {
            body: region,
            states: states.len(),
            sequences: elements.len(),
            length: options.length.is_some(),
            limit: options.limit.is_some(),
            reverse: options.reverse,
        };
        let inputs: Vec<AnyTensor<'g>> = states
            .iter()
            .chain(&elements)
            .chain(&options.length)
            .chain(&options.limit)
            .copied()
            .collect();
        let id = self.add_structured(op, &inputs, scope.path(), problem);
        let mut results = Operation::new(self, id).outputs().into_iter();
        let last = state.rebuild(&mut results);
        (last, outputs.rebuild(&mut results))
    }

    /// Runs `body` on a state as long as `condition` holds of it, and gives the last state.
    ///
    /// Both are called once, while building. `condition` gives a bool scalar; `body` gives the next
    /// state, of the same shapes. Both may use tensors and variables from outside, and run as often as
    /// they need to: an assignment or a random operation in the body happens once an iteration. If the
    /// condition does not hold at the start, the last state is the one given.
    ///
    /// A run of a loop whose condition never ceases to hold does not end either, as in TensorFlow.
    ///
    /// Gradients flow through the loop if it has a maximum number of iterations; see
    /// [`Graph::while_loop_with`]. TensorFlow's `while_loop`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let halved = g.while_loop(x, |x| x.reduce_max(..).greater(1.0), |x| x * 0.5);
    /// assert_eq!(halved.shape(), x.shape());
    /// ```
    #[track_caller]
    pub fn while_loop<'g, S: Nest<'g>, C: Operand<'g, bool>>(
        &'g self,
        state: S,
        condition: impl FnOnce(S) -> C,
        body: impl FnOnce(S) -> S,
    ) -> S {
        self.while_loop_with(WhileOptions::new(), state, condition, body)
    }

    /// [`Graph::while_loop`] with a maximum number of iterations, through which gradients flow: to the
    /// initial state and everything that the body uses from outside. They cost what the iterations
    /// that were run do; memory is taken for the maximum. A sparse gradient has as many rows too: those
    /// beyond the iterations are zeros, with the indices of the first iteration, or 0 if there was none.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, WhileOptions, shape};
    ///
    /// let g = Graph::new();
    /// let a = g.placeholder::<f64>("a", shape![]);
    /// let root = g.while_loop_with(
    ///     WhileOptions::new().maximum_iterations(50),
    ///     a,
    ///     |x| (x * x - a).abs().greater(1e-12),
    ///     |x| (x + a / x) * 0.5,
    /// );
    /// assert_eq!(root.shape().to_string(), "[]");
    /// ```
    #[track_caller]
    pub fn while_loop_with<'g, S: Nest<'g>, C: Operand<'g, bool>>(
        &'g self,
        options: WhileOptions,
        state: S,
        condition: impl FnOnce(S) -> C,
        body: impl FnOnce(S) -> S,
    ) -> S {
        let caller = Caller::caller();
        let _here = self.here();
        let scope = self.open_scope("while");
        let states = state.parts();
        let _depth = self.refuse_depth(caller, "while_loop", scope.path());
        let condition_region = self.open_region("while", caller);
        let parameters = self.parameters(condition_region, &states, Fact::without_ints);
        let inside = self.rebuilt_in(condition_region, &state, &parameters);
        let goes_on = self.user_code_in(condition_region, caller, || {
            condition(inside).into_tensor(self).any()
        });
        self.close_region(condition_region, &[goes_on]);
        let region = self.open_region("while", caller);
        let parameters = self.parameters(region, &states, Fact::without_ints);
        let inside = self.rebuilt_in(region, &state, &parameters);
        let next = self.user_code_in(region, caller, || body(inside));
        let problem = self.close_loop(region, &parameters, &next.parts(), &[]);
        let op = Control::While {
            condition: condition_region,
            body: region,
            states: states.len(),
            maximum: options.maximum,
        };
        let id = self.add_structured(op, &states, scope.path(), problem);
        state.rebuild(&mut Operation::new(self, id).outputs().into_iter())
    }

    /// Runs one of two bodies, chosen in the run by a scalar. Both give the same structure, of the
    /// same dtypes and ranks. TensorFlow's `cond`.
    ///
    /// What a body makes runs only if the body does; what it uses from outside is computed in any
    /// case. An assignment made in a body runs whenever the body does, as it cannot be fetched.
    ///
    /// Gradients flow into both bodies: what only the body not taken uses has a gradient of zeros.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let training = g.placeholder::<bool>("training", shape![]);
    /// let y = g.cond(training, || x * 0.5, || x.identity());
    /// assert_eq!(y.shape(), x.shape());
    /// ```
    #[track_caller]
    pub fn cond<'g, R: Nest<'g>>(
        &'g self,
        predicate: impl Operand<'g, bool>,
        then: impl FnOnce() -> R,
        otherwise: impl FnOnce() -> R,
    ) -> R {
        let caller = Caller::caller();
        let _here = self.here();
        let predicate = predicate.into_tensor(self).any();
        let scope = self.open_scope("cond");
        let _depth = self.refuse_depth(caller, "cond", scope.path());
        let (then_region, on_true) = self.branch(caller, then);
        let (otherwise_region, _) = self.branch(caller, otherwise);
        let op = Control::Cond {
            then: then_region,
            otherwise: otherwise_region,
        };
        let id = self.add_structured(op, &[predicate], scope.path(), None);
        on_true.rebuild(&mut Operation::new(self, id).outputs().into_iter())
    }

    /// [`Graph::cond`] of bodies that are code of ours: what they make carries the caller's line too.
    #[track_caller]
    pub(crate) fn cond_here<'g, R: Nest<'g>>(
        &'g self,
        predicate: Tensor<'g, bool>,
        then: impl FnOnce() -> R,
        otherwise: impl FnOnce() -> R,
    ) -> R {
        let _here = self.here();
        let site = self.context().site;
        let here = || self.enter(|context| context.site = site.clone());
        let then = || {
            let _here = here();
            then()
        };
        let otherwise = || {
            let _here = here();
            otherwise()
        };
        self.cond(predicate, then, otherwise)
    }

    /// Poisons what is built until the guard is dropped, if one of the sequences is a scalar. The
    /// mistake is taken down before the body is run, which would only find more.
    pub(super) fn refuse_scalars(
        &self,
        caller: &Caller<'_>,
        path: &str,
        sequences: &[AnyTensor<'_>],
    ) -> ContextGuard {
        let scalar = sequences
            .iter()
            .enumerate()
            .find(|(_, sequence)| !sequence.is_poisoned() && sequence.shape().rank() == 0);
        let mistake = scalar.map(|(place, sequence)| {
            let name = sequence.name();
            let message = format!("sequence {place}, `{name}`, is a scalar but must have an axis");
            let problem =
                Problem::shape(message).help("the loop runs over axis 0 of its sequences");
            self.record(
                caller,
                "scan",
                path,
                problem.operand(format!("sequence {place}"), *sequence),
            )
        });
        self.enter(|context| context.poison = context.poison.or(mistake))
    }

    /// Poisons what is built until the guard is dropped, if it would be nested too deep.
    fn refuse_depth(&self, caller: &Caller<'_>, kind: &str, path: &str) -> ContextGuard {
        const DEEPEST: usize = Region::DEEPEST;
        let context = self.context();
        let too_deep = self.view().region(context.region).depth >= DEEPEST;
        let mistake = (too_deep && context.poison.is_none()).then(|| {
            let message = format!("more than {DEEPEST} loops and branches are nested");
            let problem = Problem::argument(message)
                .help("carry a state in one loop instead of nesting a body for each step");
            self.record(caller, kind, path, problem)
        });
        self.enter(|context| context.poison = context.poison.or(mistake))
    }

    #[track_caller]
    fn branch<'g, R: Nest<'g>>(
        &'g self,
        caller: &Caller<'_>,
        body: impl FnOnce() -> R,
    ) -> (RegionId, R) {
        let region = self.open_region("cond", caller);
        let result = self.user_code_in(region, caller, body);
        self.close_region(region, &result.parts());
        (region, result)
    }

    /// A structure of the same form, of tensors in this region.
    #[track_caller]
    fn rebuilt_in<'g, N: Nest<'g>>(
        &self,
        region: RegionId,
        like: &N,
        parts: &[AnyTensor<'g>],
    ) -> N {
        let _inside = self.enter_region(region);
        like.rebuild(&mut parts.iter().copied())
    }

    /// What a closure of the user gives, whose operations go into this region.
    fn user_code_in<R>(
        &self,
        region: RegionId,
        caller: &Caller<'_>,
        closure: impl FnOnce() -> R,
    ) -> R {
        let _inside = self.enter_region(region);
        let _user_code = self.called_from(caller);
        closure()
    }

    /// Ends the body of a loop. Says what is wrong if the states that it gives are not as many as the
    /// parameters that it takes; these then stand for them, so that there is an output for each
    /// tensor of what the loop gives.
    #[track_caller]
    fn close_loop<'g>(
        &'g self,
        region: RegionId,
        parameters: &[AnyTensor<'g>],
        next: &[AnyTensor<'g>],
        stacked: &[AnyTensor<'g>],
    ) -> Option<Problem> {
        let problem = another_form(parameters.len(), next.len());
        let last = if problem.is_some() { parameters } else { next };
        self.close_region(region, last.iter().chain(stacked));
        problem
    }

    /// Adds the op that owns bodies, named as the scope that they were built in.
    #[track_caller]
    fn add_structured(
        &self,
        op: Control,
        inputs: &[AnyTensor<'_>],
        path: &str,
        problem: Option<Problem>,
    ) -> NodeId {
        let name = NewName::Exact(path.to_owned());
        self.add_named(Op::from(op), inputs, name, problem)
    }
}

/// What is wrong with a body that takes and gives states of so many tensors.
fn another_form(taken: usize, given: usize) -> Option<Problem> {
    (taken != given).then(|| {
        Problem::argument(format!(
            "the body takes a state of {} and gives one of {}",
            plural(taken, "tensor"),
            plural(given, "tensor")
        ))
        .help("return a state of the form that came in")
    })
}
