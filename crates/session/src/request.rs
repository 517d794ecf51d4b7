//! Requests: fetches and feeds checked, and turned into the goal of a plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aqueduct_graph::ir::{Int, NodeId, RegionId, Store, TensorId};
use aqueduct_graph::{AnyTensor, Dim, Graph, Symbol};

use crate::compile::{self, Goal};
use crate::error::{Error, FeedProblem, Result};
use crate::feed::{Entry, FeedTensor, FeedValue, Feeds};
use crate::fetch::{Request, Requests};
use crate::kernels::Slice;

/// A goal, and the values of its feeds in the goal's order.
pub(crate) struct Resolved<'f> {
    pub(crate) goal: Arc<Goal>,
    values: Vec<FeedValue<'f>>,
}

impl Resolved<'_> {
    /// The elements of the feeds, as the plan takes them.
    pub(crate) fn inputs(&self) -> Vec<Option<Slice<'_>>> {
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
    let (results, targets) = resolve_fetches(graph, &graph.view(), requests)?;
    resolve_feeds(graph, results, targets, feeds)
}

/// Checks feeds.
///
/// # Errors
/// All feeds that are wrong.
pub(crate) fn resolve_feeds<'f>(
    graph: &Graph,
    results: Vec<TensorId>,
    targets: Vec<NodeId>,
    feeds: Feeds<'f>,
) -> Result<Resolved<'f>> {
    let view = graph.view();
    let (mut problems, mut refused) = (feeds.problems, feeds.refused);
    let mut sizes = HashMap::new();
    let mut entries: Vec<Entry<'f>> = Vec::new();
    for entry in feeds.entries {
        match check_feed(graph, &view, &entry, &mut sizes, &entries) {
            Some(problem) => {
                problems.push(problem);
                refused.push(entry.key);
            }
            None => entries.push(entry),
        }
    }
    if !problems.is_empty() {
        let keys = entries.iter().map(|entry| &entry.key).chain(&refused);
        let own = keys.filter(|key| key.graph == graph.id());
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
        goal: Arc::new(Goal {
            results,
            targets,
            feeds,
        }),
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
    let (results, targets) = resolve_fetches(graph, &graph.view(), requests)?;
    let keys: Vec<FeedTensor> = shapes
        .iter()
        .map(|(tensor, _)| FeedTensor::new(*tensor))
        .collect();
    check_keys(graph, &keys)?;
    let view = graph.view();
    let mut known = HashMap::new();
    let mut problems = Vec::new();
    for (key, (_, sizes)) in keys.iter().zip(shapes) {
        problems.extend(check_shape(&view, key, sizes, None, &mut known));
    }
    if !problems.is_empty() {
        return Err(Error::Feeds(problems));
    }
    let feeds = keys.iter().zip(shapes);
    let mut feeds: Vec<_> = feeds
        .map(|(key, (_, sizes))| (key.tensor, sizes.to_vec()))
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
    let view = graph.view();
    let problems: Vec<FeedProblem> = keys
        .iter()
        .enumerate()
        .filter_map(|(place, key)| check_key(graph, &view, key, keys.iter().take(place)))
        .collect();
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
    store: &Store,
    requests: &Requests,
) -> Result<(Vec<TensorId>, Vec<NodeId>)> {
    let tensor = |request: &Request<TensorId>| {
        check_fetch(graph, store, request.graph, request.id.node, &request.name)?;
        Ok(request.id)
    };
    let operation = |request: &Request<NodeId>| {
        check_fetch(graph, store, request.graph, request.id, &request.name)?;
        Ok(request.id)
    };
    let results = requests
        .tensors
        .iter()
        .map(tensor)
        .collect::<Result<Vec<_>>>()?;
    let targets = requests
        .operations
        .iter()
        .map(operation)
        .collect::<Result<Vec<_>>>()?;
    Ok((results, targets))
}

fn check_fetch(graph: &Graph, store: &Store, of: u64, node: NodeId, name: &str) -> Result<()> {
    let reason = if of != graph.id() {
        "it belongs to another graph than the session".to_owned()
    } else {
        match body_of(store, node) {
            Some(body) => format!("{body}; return it from the body and fetch what that gives"),
            None => return Ok(()),
        }
    };
    Err(Error::Fetch {
        name: name.to_owned(),
        reason,
    })
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

/// What is wrong with a tensor that is to be fed, if anything.
fn check_key<'k>(
    graph: &Graph,
    store: &Store,
    key: &FeedTensor,
    mut before: impl Iterator<Item = &'k FeedTensor>,
) -> Option<FeedProblem> {
    if key.graph != graph.id() {
        let message = "it belongs to another graph than the session";
        return Some(key.problem(message, None));
    }
    let at = || Some(store.trace_of(key.tensor.node));
    if let Some(body) = body_of(store, key.tensor.node) {
        return Some(key.problem(format!("{body} and cannot be fed"), at()));
    }
    let again = before.any(|other| other.graph == key.graph && other.tensor == key.tensor);
    again.then(|| key.problem("it is fed twice", at()))
}

/// What is wrong with a feed, if anything.
fn check_feed(
    graph: &Graph,
    store: &Store,
    entry: &Entry<'_>,
    sizes: &mut HashMap<Symbol, (i64, String)>,
    before: &[Entry<'_>],
) -> Option<FeedProblem> {
    let key = &entry.key;
    if let Some(problem) = check_key(graph, store, key, before.iter().map(|other| &other.key)) {
        return Some(problem);
    }
    let problem =
        |message: String| Some(key.problem(message, Some(store.trace_of(key.tensor.node))));
    let fact = store.fact(key.tensor);
    let Some(elements) = entry.value.slice() else {
        return problem("the rows have different lengths".to_owned());
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
    sizes: &mut HashMap<Symbol, (i64, String)>,
) -> Option<FeedProblem> {
    let problem =
        |message: String| Some(key.problem(message, Some(store.trace_of(key.tensor.node))));
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
    let sizes_given = dims.iter().zip(given).map(|(dim, size)| {
        let size = i64::try_from(*size).unwrap_or(i64::MAX);
        (Int::from(*dim), size)
    });
    // The elements of a small integer tensor may be sizes of other tensors.
    let elements_given = fact.ints.iter().flat_map(|ints| {
        ints.iter()
            .copied()
            .zip(elements.map(|elements| elements.ints()).unwrap_or_default())
    });
    for (promised, value) in sizes_given.chain(elements_given) {
        if let Some(message) = contradiction(promised, value, &key.name, sizes) {
            return problem(message);
        }
    }
    None
}

/// What is wrong with a number that was fed where the graph promises a certain one, or the same one
/// as elsewhere.
fn contradiction(
    promised: Int,
    value: i64,
    name: &str,
    known: &mut HashMap<Symbol, (i64, String)>,
) -> Option<String> {
    match promised {
        Int::Known(number) => (number != value).then(|| {
            format!("the graph was built for the number {number} here, and was given {value}")
        }),
        Int::Unknown(symbol) => {
            let (before, by) = known
                .entry(symbol)
                .or_insert_with(|| (value, name.to_owned()));
            (*before != value).then(|| {
                format!("it shares an unknown size with `{by}`, which has {before} and not {value}")
            })
        }
    }
}
