//! Requests: fetches and feeds checked, and turned into the goal of a plan.

use std::collections::{HashMap, HashSet};
use std::fmt;

use aqueduct_graph::ir::{Int, NodeId, RegionId, Store, TensorId};
use aqueduct_graph::{AnyTensor, Dim, Graph, Symbol};

use crate::compile::{self, Goal};
use crate::error::{Error, FeedProblem, Result};
use crate::feed::{Entry, FeedTensor, FeedValue, Feeds, Few, Sizes, short_name};
use crate::fetch::{Request, Requests};
use crate::kernels::Slice;

/// A goal, and the values of its feeds in the goal's order.
pub(crate) struct Resolved<'f> {
    pub(crate) goal: Goal,
    values: Few<FeedValue<'f>>,
}

impl Resolved<'_> {
    /// The elements of the feeds, as the plan takes them.
    pub(crate) fn inputs(&self) -> Few<Option<Slice<'_>>> {
        self.values.iter().map(FeedValue::slice).collect()
    }
}

/// Checks fetches and feeds.
///
/// # Errors
/// A fetch that is not of this graph's root, or all feeds that are wrong, together with the
/// placeholders that are not fed at all.
pub(crate) fn resolve<'f>(
    graph: &Graph,
    requests: &Requests,
    feeds: Feeds<'f>,
) -> Result<Resolved<'f>> {
    let (results, targets) = resolve_fetches(graph, requests)?;
    resolve_feeds(graph, results, targets, feeds)
}

/// Checks feeds.
///
/// # Errors
/// All feeds that are wrong.
pub(crate) fn resolve_feeds<'f>(
    graph: &Graph,
    results: Few<TensorId>,
    targets: Few<NodeId>,
    feeds: Feeds<'f>,
) -> Result<Resolved<'f>> {
    let (mut problems, mut refused) = (feeds.problems, feeds.refused);
    let (own, foreign): (Few<_>, Few<_>) = feeds
        .entries
        .into_iter()
        .partition(|entry: &Entry<'f>| entry.key.graph.is_same(graph));
    problems.extend(foreign.iter().map(|entry| of_another_graph(&entry.key)));
    let view = graph.view();
    let again = Again::new(own.iter().map(|entry| &entry.key));
    let mut sizes = Sizing::default();
    let mut entries: Few<Entry<'f>> = Few::new();
    for (place, entry) in own.into_iter().enumerate() {
        let is_again = again.is(&entry.key, place);
        match check_feed(&view, &entry, &mut sizes, is_again) {
            Some(problem) => {
                problems.push(problem);
                refused.push(entry.key);
            }
            None => entries.push(entry),
        }
    }
    if !problems.is_empty() {
        let keys = entries.iter().map(|entry| &entry.key).chain(&refused);
        let own = keys.filter(|key| key.graph.is_same(graph));
        let given: HashSet<TensorId> = own.map(|key| key.tensor).collect();
        // Who mends these should hear of those that are missing in the same breath.
        problems.extend(compile::missing_feeds(&view, &results, &targets, &given));
        return Err(Error::Feeds(problems));
    }
    entries.sort_unstable_by_key(|entry| entry.key.tensor);
    let feeds = entries
        .iter()
        .map(|entry| (entry.key.tensor, entry.value.sizes.clone()))
        .collect();
    Ok(Resolved {
        goal: Goal {
            results,
            targets,
            feeds,
        },
        values: entries.into_iter().map(|entry| entry.value).collect(),
    })
}

/// Checks fetches, and the shapes of feeds.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn resolve_shapes(
    graph: &Graph,
    requests: &Requests,
    shapes: &[(AnyTensor<'_>, &[usize])],
) -> Result<Goal> {
    let (results, targets) = resolve_fetches(graph, requests)?;
    let keys: Vec<FeedTensor> = shapes
        .iter()
        .map(|(tensor, _)| FeedTensor::new(*tensor))
        .collect();
    check_keys(graph, &keys)?;
    let view = graph.view();
    let mut known = Sizing::default();
    let mut problems = Vec::new();
    for (key, (_, sizes)) in keys.iter().zip(shapes) {
        problems.extend(check_shape(&view, key, sizes, None, &mut known));
    }
    if !problems.is_empty() {
        return Err(Error::Feeds(problems));
    }
    let feeds = keys.iter().zip(shapes);
    let mut feeds: Few<_> = feeds
        .map(|(key, (_, sizes))| (key.tensor, Sizes::from_slice(sizes)))
        .collect();
    feeds.sort_unstable();
    Ok(Goal {
        results,
        targets,
        feeds,
    })
}

/// Checks the tensors that are to be fed.
///
/// # Errors
/// All that cannot be fed, or are named twice.
pub(crate) fn check_keys(graph: &Graph, keys: &[FeedTensor]) -> Result<()> {
    let foreign = keys.iter().filter(|key| !key.graph.is_same(graph));
    let mut problems: Vec<FeedProblem> = foreign.map(of_another_graph).collect();
    let view = graph.view();
    let own = || keys.iter().filter(|key| key.graph.is_same(graph));
    let again = Again::new(own());
    problems.extend(
        own()
            .enumerate()
            .filter_map(|(place, key)| check_key(&view, key, again.is(key, place))),
    );
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Feeds(problems))
}

/// The ids of what is fetched.
///
/// # Errors
/// A fetch belongs to another graph or to a body.
pub(crate) fn resolve_fetches(
    graph: &Graph,
    requests: &Requests,
) -> Result<(Few<TensorId>, Few<NodeId>)> {
    let tensor = |request: &Request<TensorId>| {
        let name = |store: &Store| store.tensor_name(request.id);
        check_fetch(graph, &request.graph, request.id.node, name)?;
        Ok(request.id)
    };
    let operation = |request: &Request<NodeId>| {
        let name = |store: &Store| store.node(request.id).name.clone();
        check_fetch(graph, &request.graph, request.id, name)?;
        Ok(request.id)
    };
    let results = requests.tensors.iter().map(tensor);
    let targets = requests.operations.iter().map(operation);
    Ok((
        results.collect::<Result<Few<_>>>()?,
        targets.collect::<Result<Few<_>>>()?,
    ))
}

fn check_fetch(
    graph: &Graph,
    of: &Graph,
    node: NodeId,
    name: impl FnOnce(&Store) -> String,
) -> Result<()> {
    let view = of.view();
    let reason = if !of.is_same(graph) {
        let site = view.trace_of(node);
        format!("it belongs to another graph than the session, where it was made at {site}")
    } else {
        match body_of(&view, node) {
            Some(body) => format!("{body}; return it from the body and fetch what that gives"),
            None => return Ok(()),
        }
    };
    let name = name(&view);
    Err(Error::Fetch { name, reason })
}

/// Of a node in a body: which body.
fn body_of(store: &Store, node: NodeId) -> Option<String> {
    let region = store.node(node).region;
    (region != RegionId::ROOT).then(|| {
        let region = store.region(region);
        format!(
            "it belongs to the body of the {} called at {}",
            region.kind,
            store.trace(region.site)
        )
    })
}

/// Found before the session's graph is read: the name is in the other graph, and who reads two graphs
/// at once can wait for ever.
fn of_another_graph(key: &FeedTensor) -> FeedProblem {
    FeedProblem {
        name: key.name(),
        message: "it belongs to another graph than the session".to_owned(),
        at: None,
    }
}

/// Which of the tensors of one graph that are to be fed were named before.
struct Again(Few<(TensorId, usize)>);

impl Again {
    fn new<'k>(keys: impl Iterator<Item = &'k FeedTensor>) -> Again {
        let keys = keys.enumerate();
        let mut places: Few<_> = keys.map(|(place, key)| (key.tensor, place)).collect();
        places.sort_unstable();
        Again(places)
    }

    /// Whether the one at this place was.
    fn is(&self, key: &FeedTensor, place: usize) -> bool {
        let first = self.0.partition_point(|(tensor, _)| *tensor < key.tensor);
        self.0.get(first).is_some_and(|(_, first)| *first < place)
    }
}

/// What is wrong with a tensor of this graph that is to be fed, if anything.
fn check_key(store: &Store, key: &FeedTensor, is_again: bool) -> Option<FeedProblem> {
    if let Some(body) = body_of(store, key.tensor.node) {
        return Some(key.problem(store, format!("{body} and cannot be fed")));
    }
    is_again.then(|| key.problem(store, "it is fed twice"))
}

/// What is wrong with a feed, if anything.
fn check_feed(
    store: &Store,
    entry: &Entry<'_>,
    sizes: &mut Sizing,
    is_again: bool,
) -> Option<FeedProblem> {
    let key = &entry.key;
    if let Some(problem) = check_key(store, key, is_again) {
        return Some(problem);
    }
    let problem = |message: String| Some(key.problem(store, message));
    let fact = store.fact(key.tensor);
    let Some(elements) = entry.value.slice() else {
        return problem(entry.value.refusal().to_owned());
    };
    if elements.dtype() != fact.dtype {
        return problem(format!("it needs {}, not {}", fact.dtype, elements.dtype()));
    }
    check_shape(store, key, &entry.value.sizes, Some(elements), sizes)
}

/// What is wrong with the shape of a feed, or with the elements of a small tensor of integers.
fn check_shape(
    store: &Store,
    key: &FeedTensor,
    given: &[usize],
    elements: Option<Slice<'_>>,
    sizes: &mut Sizing,
) -> Option<FeedProblem> {
    let problem = |message: String| Some(key.problem(store, message));
    let fact = store.fact(key.tensor);
    let poisoned = store.node(key.tensor.node).poison.is_some();
    let dims = fact.shape.dims();
    let fits = dims.len() == given.len()
        && dims
            .iter()
            .zip(given)
            .all(|(dim, size)| dim.compatible(Dim::Known(*size)));
    if !fits && !poisoned {
        let message = format!(
            "it needs {}{}, and was given {}{given:?}",
            fact.dtype, fact.shape, fact.dtype
        );
        return problem(message);
    }
    if !compile::can_be_addressed(fact.dtype, given.iter().copied()) {
        return problem(format!(
            "no process has addresses for an array of shape {given:?}"
        ));
    }
    let sizes_given = dims.iter().zip(given).enumerate();
    let sizes_given = sizes_given.map(|(axis, (dim, size))| {
        let size = i64::try_from(*size).unwrap_or(i64::MAX);
        (Int::from(*dim), size, Place::Axis(axis))
    });
    // The elements of a small integer tensor may be sizes of other tensors.
    let tracked = fact.ints.iter().flat_map(|ints| ints.iter().enumerate());
    let elements_given = tracked.filter_map(|(index, promised)| {
        Some((*promised, elements?.int(index)?, Place::Element(index)))
    });
    for (promised, value, place) in sizes_given.chain(elements_given) {
        if let Some(message) = contradiction(store, promised, value, (key.tensor, place), sizes) {
            return problem(message);
        }
    }
    None
}

/// What unknown sizes turned out to be, and where.
#[derive(Default)]
struct Sizing {
    known: Few<(Symbol, i64, (TensorId, Place))>,
    /// Where among these each size is, once there are many.
    places: HashMap<Symbol, usize>,
}

impl Sizing {
    /// More are not looked through one by one.
    const MANY: usize = 32;

    fn find(&self, symbol: Symbol) -> Option<&(Symbol, i64, (TensorId, Place))> {
        if self.places.is_empty() {
            return self.known.iter().find(|(known, ..)| *known == symbol);
        }
        self.known.get(*self.places.get(&symbol)?)
    }

    fn add(&mut self, symbol: Symbol, value: i64, at: (TensorId, Place)) {
        self.known.push((symbol, value, at));
        if self.known.len() > Sizing::MANY {
            let noted = self.places.len();
            let others = self.known.iter().enumerate().skip(noted);
            self.places
                .extend(others.map(|(place, (symbol, ..))| (*symbol, place)));
        }
    }
}

/// Where in a tensor a size is told.
#[derive(Clone, Copy)]
enum Place {
    /// It is the size of this axis.
    Axis(usize),
    /// It is this element.
    Element(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Axis(axis) => write!(f, "axis {axis}"),
            Place::Element(index) => write!(f, "element {index}"),
        }
    }
}

/// What is wrong with a number that was fed where the graph promises a certain one, or the same one
/// as elsewhere.
fn contradiction(
    store: &Store,
    promised: Int,
    value: i64,
    at: (TensorId, Place),
    known: &mut Sizing,
) -> Option<String> {
    match promised {
        Int::Known(number) => (number != value).then(|| {
            format!("the graph was built for the number {number} here, and was given {value}")
        }),
        Int::Unknown(symbol) => {
            let Some((_, before, by)) = known.find(symbol) else {
                known.add(symbol, value, at);
                return None;
            };
            (*before != value).then(|| {
                let (other, place) = (short_name(store, by.0), by.1);
                format!(
                    "its {} shares an unknown size with {place} of `{other}`, which has {before} and \
                     not {value}",
                    at.1
                )
            })
        }
    }
}
