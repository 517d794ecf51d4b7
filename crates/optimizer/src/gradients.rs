//! Gradients: one walk from `ys` back to `xs` that adds operations.

use std::collections::{HashMap, HashSet};

use aqueduct_graph::ir::{Body, NodeId, Problem, TensorId};
use aqueduct_graph::{AnyTensor, Element, Float, Graph, MistakeKind, Tensor};

use crate::flow::{Flow, Obstacle, Reach, Reads};
use crate::gradient::{Gradient, Slope};
use crate::points::{Point, Points};
use crate::walk::Walk;

/// How the sum of all elements of `ys` changes with each of `xs`, in the order of `xs`.
/// TensorFlow's `gradients`.
///
/// The operations are added under the name scope `gradients`. For weights of the sum, or tensors to
/// be taken as constants, see [`Gradients`].
///
/// ```
/// use aqueduct_graph::{Graph, shape, zeros};
/// use aqueduct_optimizer::{Gradient, gradients};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 3]);
/// let w = g.variable::<f32>("w", zeros([3, 4]));
/// let unused = g.variable::<f32>("unused", zeros([4]));
/// let found = gradients(x.matmul(w).tanh(), (x, w, unused));
/// assert_eq!(found[0].dense().unwrap().shape().to_string(), "[?, 3]");
/// assert_eq!(found[1].dense().unwrap().shape().to_string(), "[3, 4]");
/// assert_eq!(found[2], Gradient::NotConnected);
/// ```
#[track_caller]
pub fn gradients<'g>(ys: impl Points<'g>, xs: impl Points<'g>) -> Vec<Gradient<'g>> {
    Gradients::of(ys).wrt(xs).build()
}

/// How the sum of all elements of `y` changes with `x`. That there is no gradient is a mistake,
/// which is taken down; the result is poisoned then.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_optimizer::gradient;
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?]);
/// let slope = gradient(x.tanh(), x);
/// let curvature = gradient(slope, x);
/// assert!(curvature.shape().same(&x.shape()));
/// ```
#[track_caller]
pub fn gradient<'g, T: Float>(y: Tensor<'g, T>, x: impl Into<Point<'g>>) -> Tensor<'g, T> {
    let _here = y.graph().here();
    let x = x.into();
    let found = Gradients::of(y).wrt(x).build();
    let found = found.first().unwrap_or(&Gradient::NotConnected);
    let dense = match (found.dense(), found.why_not()) {
        (Some(dense), _) => dense,
        (None, why) => no_gradient(y, x, why.unwrap_or_default()),
    };
    dense.typed()
}

#[track_caller]
fn no_gradient<'g, T: Element>(y: Tensor<'g, T>, x: Point<'g>, why: &str) -> AnyTensor<'g> {
    let message = format!(
        "`{}` has no gradient with respect to `{}`: {why}",
        y.name(),
        x.name()
    );
    let problem = Problem::new(MistakeKind::Gradient, message);
    y.graph()
        .poisoned_like(y.any(), "gradient", "gradient", problem)
}

/// A request for gradients, with all its settings.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_optimizer::Gradients;
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?]);
/// let target = x * 0.5;
/// let error = (x - target).square();
/// let weights = g.placeholder::<f32>("weights", shape![?]);
/// let found = Gradients::of(error)
///     .wrt(x)
///     .grad_ys(weights)
///     .stop_gradients(target)
///     .build();
/// assert!(found[0].dense().is_some());
/// ```
#[derive(Clone, Debug)]
#[must_use = "`build` adds the operations"]
pub struct Gradients<'g> {
    ys: Vec<AnyTensor<'g>>,
    xs: Vec<Point<'g>>,
    grad_ys: Option<Vec<AnyTensor<'g>>>,
    stops: Vec<AnyTensor<'g>>,
}

impl<'g> Gradients<'g> {
    /// Gradients of the sum of all elements of `ys`.
    pub fn of(ys: impl Points<'g>) -> Gradients<'g> {
        Gradients {
            ys: tensors(ys),
            xs: Vec::new(),
            grad_ys: None,
            stops: Vec::new(),
        }
    }

    /// With respect to these tensors and variables. A variable stands for all its reads.
    pub fn wrt(mut self, xs: impl Points<'g>) -> Gradients<'g> {
        xs.append_to(&mut self.xs);
        self
    }

    /// The gradients to start from, one for each of `ys`, of its shape and type: the weights of the
    /// elements in the sum. Ones unless given.
    pub fn grad_ys(mut self, grad_ys: impl Points<'g>) -> Gradients<'g> {
        self.grad_ys = Some(tensors(grad_ys));
        self
    }

    /// Takes these tensors as constants: nothing flows through them. One that is also among `xs`
    /// has a gradient, but lets none through.
    pub fn stop_gradients(mut self, stops: impl Points<'g>) -> Gradients<'g> {
        self.stops.extend(tensors(stops));
        self
    }

    /// Adds the operations; gives the gradients in the order of `xs`.
    ///
    /// If one of `ys` is poisoned, the gradients are poisoned too, without a new mistake.
    #[track_caller]
    pub fn build(self) -> Vec<Gradient<'g>> {
        let Some(graph) = self.ys.first().map(|y| y.graph()) else {
            return vec![Gradient::NotConnected; self.xs.len()];
        };
        let _here = graph.here();
        if let Some(refusal) = self.refusal(graph) {
            return vec![refusal; self.xs.len()];
        }
        let _scope = graph.open_name_scope("gradients");
        if let Some(wrong) = self.ys.iter().find(|y| y.is_poisoned()) {
            return self.poisoned(graph, *wrong);
        }
        Search::new(graph, &self).run()
    }

    /// What stands for every gradient if the request mixes graphs.
    #[track_caller]
    fn refusal(&self, graph: &Graph) -> Option<Gradient<'g>> {
        let mut points = self.xs.clone();
        let tensors = self.ys.iter().chain(&self.stops);
        let tensors = tensors.chain(self.grad_ys.iter().flatten());
        points.extend(tensors.map(|tensor| Point::Tensor(*tensor)));
        let foreign = points.iter().find(|point| !point.graph().is_same(graph))?;
        let reason = format!("`{}` belongs to another graph", foreign.name());
        let problem = Problem::new(MistakeKind::Foreign, reason.clone())
            .help("take gradients within one graph");
        graph.report("gradients", "gradients", problem);
        Some(Gradient::NotDifferentiable { reason })
    }

    /// Gradients that mean as little as a poisoned `y`.
    #[track_caller]
    fn poisoned(&self, graph: &'g Graph, y: AnyTensor<'g>) -> Vec<Gradient<'g>> {
        // What is ordered after a poisoned operation is poisoned by the same mistake.
        let _after = graph.order_after([y]);
        let mut found = Vec::with_capacity(self.xs.len());
        for x in &self.xs {
            found.push(Gradient::Dense(x.tensor().identity()));
        }
        found
    }

    /// The gradient to start from at one of `ys`.
    #[track_caller]
    fn start(&self, place: usize, y: AnyTensor<'g>) -> AnyTensor<'g> {
        let Some(given) = &self.grad_ys else {
            return y.ones_like().named(&format!("grad_ys_{place}"));
        };
        let problem = match given.get(place) {
            Some(grad_y) => match mismatch(*grad_y, y) {
                Some(problem) => problem.help("each of grad_ys has the shape and type of its y"),
                None => return *grad_y,
            },
            None => Problem::argument(format!(
                "grad_ys has {} tensors for {} ys",
                given.len(),
                self.ys.len()
            ))
            .help("give one for each of ys"),
        };
        y.graph().poisoned_like(y, "gradients", "grad_ys", problem)
    }
}

fn tensors<'g>(points: impl Points<'g>) -> Vec<AnyTensor<'g>> {
    points
        .into_points()
        .into_iter()
        .map(Point::tensor)
        .collect()
}

/// What is wrong with a gradient that the user gives for `y`: it must be of its type and shape.
pub(crate) fn mismatch(grad_y: AnyTensor<'_>, y: AnyTensor<'_>) -> Option<Problem> {
    let (given, wanted) = (grad_y.fact(), y.fact());
    if grad_y.is_poisoned()
        || (given.dtype == wanted.dtype && given.shape.compatible(&wanted.shape))
    {
        return None;
    }
    let message = format!(
        "`{}` is {}{} but `{}` is {}{}",
        grad_y.name(),
        given.dtype,
        given.shape,
        y.name(),
        wanted.dtype,
        wanted.shape
    );
    let kind = if given.dtype == wanted.dtype {
        MistakeKind::Shape
    } else {
        MistakeKind::DType
    };
    Some(Problem::new(kind, message))
}

/// What is asked for, and what stands between.
struct Search<'g, 'r> {
    graph: &'g Graph,
    request: &'r Gradients<'g>,
    stops: HashSet<TensorId>,
    /// The last operation that counts.
    last: NodeId,
    reads: Reads,
}

impl<'g, 'r> Search<'g, 'r> {
    fn new(graph: &'g Graph, request: &'r Gradients<'g>) -> Search<'g, 'r> {
        let last = request.ys.iter().map(|y| y.id().node).max();
        let last = last.unwrap_or(NodeId::from_index(0));
        Search {
            graph,
            request,
            stops: request.stops.iter().map(|stop| stop.id()).collect(),
            last,
            reads: Reads::new(&graph.view(), last),
        }
    }

    #[track_caller]
    fn run(&self) -> Vec<Gradient<'g>> {
        let xs = self.request.xs.iter().copied();
        let reachable: Vec<Point<'g>> = xs.filter(|x| self.inside(*x).is_none()).collect();
        let flow = self.flow(&reachable);
        let mut parts = Vec::new();
        for (place, y) in self.request.ys.iter().enumerate() {
            let reach = flow.of(&self.graph.view(), y.id());
            if reach.flows() {
                let start = self.request.start(place, *y);
                parts.push((y.id(), Slope::Dense(start)));
            }
        }
        let sums = Walk::run(self.graph, &flow, &self.stops, parts);
        let xs = self.request.xs.iter();
        let mut found: Vec<Option<Gradient<'g>>> = xs.map(|x| self.without_walk(*x)).collect();
        self.find_lost(&mut found, &flow);
        for (x, found) in self.request.xs.iter().zip(&mut found) {
            if found.is_none() {
                *found = self.sum_at(*x, &sums);
            }
        }
        self.find_blocked(&mut found);
        let found = found.into_iter();
        found
            .map(|found| found.unwrap_or(Gradient::NotConnected))
            .collect()
    }

    fn flow(&self, points: &[Point<'g>]) -> Flow<'_> {
        let view = self.graph.view();
        Flow::new(&view, points, &self.reads, &self.stops, self.last)
    }

    /// Why a tensor of a finished body has no gradient: it has another value in each step.
    fn inside(&self, x: Point<'g>) -> Option<Gradient<'g>> {
        let Point::Tensor(tensor) = x else {
            return None;
        };
        let here = Body::current(self.graph).region();
        let view = self.graph.view();
        let home = view.node(tensor.id().node).region;
        if view.is_within(here, home) {
            return None;
        }
        let body = view.region(home);
        let reason = format!(
            "`{}` belongs to the body of the {} called at {}",
            view.tensor_name(tensor.id()),
            body.kind,
            view.trace(body.site)
        );
        Some(Gradient::NotDifferentiable { reason })
    }

    /// What stands for the gradient at one of `xs` whatever the walk finds.
    fn without_walk(&self, x: Point<'g>) -> Option<Gradient<'g>> {
        if x.tensor().is_poisoned() {
            return Some(Gradient::Dense(x.tensor()));
        }
        self.inside(x)
    }

    /// The gradient that the walk has found at one of `xs`.
    #[track_caller]
    fn sum_at(&self, x: Point<'g>, sums: &HashMap<TensorId, Slope<'g>>) -> Option<Gradient<'g>> {
        let sources = self.reads.sources_of(x);
        let parts: Vec<Slope<'g>> = sources
            .iter()
            .filter_map(|source| sums.get(source).copied())
            .collect();
        Slope::sum(self.graph, &parts).map(Gradient::from)
    }

    /// Answers for those of `xs` of whose gradients only a part could be found.
    fn find_lost(&self, found: &mut [Option<Gradient<'g>>], flow: &Flow<'_>) {
        let is_whole = |reach: &Reach| !matches!(reach, Reach::Lost(_));
        if self.reaches(flow).iter().all(is_whole) {
            return;
        }
        let obstacle = |reach: Reach| match reach {
            Reach::Lost(id) => Some(Obstacle::Rule(id)),
            Reach::No | Reach::Blocked(_) | Reach::Flows => None,
        };
        self.find_obstacles(found, &is_whole, &obstacle, |reason| Gradient::NotDerived {
            reason,
        });
    }

    /// Answers for those of `xs` that `ys` depend on, though no gradient comes to them.
    fn find_blocked(&self, found: &mut [Option<Gradient<'g>>]) {
        let is_apart = |reach: &Reach| *reach == Reach::No;
        let obstacle = |reach: Reach| match reach {
            Reach::Blocked(obstacle) => Some(obstacle),
            Reach::No | Reach::Flows | Reach::Lost(_) => None,
        };
        self.find_obstacles(found, &is_apart, &obstacle, |reason| {
            Gradient::NotDifferentiable { reason }
        });
    }

    /// Answers for those of `xs` that have no answer yet, and that an obstacle stands before.
    fn find_obstacles(
        &self,
        found: &mut [Option<Gradient<'g>>],
        is_clear: &impl Fn(&Reach) -> bool,
        obstacle: &impl Fn(Reach) -> Option<Obstacle>,
        answer: impl Fn(String) -> Gradient<'g>,
    ) {
        let places: Vec<usize> = (0..found.len())
            .filter(|place| found[*place].is_none())
            .collect();
        let points: Vec<Point<'g>> = places.iter().map(|place| self.request.xs[*place]).collect();
        let obstacles = self.obstacles(&points, is_clear, obstacle);
        for (place, obstacle) in places.into_iter().zip(obstacles) {
            let reason = obstacle.map(|obstacle| obstacle.reason(&self.graph.view()));
            found[place] = reason.map(&answer);
        }
    }

    /// For each point: what stands between it and the first of `ys` that tells an obstacle. Many points
    /// are asked about together as long as the way from all of them is clear.
    fn obstacles(
        &self,
        points: &[Point<'g>],
        is_clear: &impl Fn(&Reach) -> bool,
        obstacle: &impl Fn(Reach) -> Option<Obstacle>,
    ) -> Vec<Option<Obstacle>> {
        if points.is_empty() {
            return Vec::new();
        }
        let reaches = self.reaches(&self.flow(points));
        if reaches.iter().all(is_clear) {
            return vec![None; points.len()];
        }
        if points.len() == 1 {
            return vec![reaches.into_iter().find_map(obstacle)];
        }
        let (first, second) = points.split_at(points.len() / 2);
        let mut found = self.obstacles(first, is_clear, obstacle);
        found.extend(self.obstacles(second, is_clear, obstacle));
        found
    }

    /// How each of `ys` depends on the sources of a flow.
    fn reaches(&self, flow: &Flow<'_>) -> Vec<Reach> {
        let view = self.graph.view();
        let ys = self.request.ys.iter();
        ys.map(|y| flow.of(&view, y.id())).collect()
    }
}
